//! A search whose process is killed at any moment, and continues.

use std::{
    collections::BTreeSet,
    env, fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use shiplap::{
    io,
    prelude::*,
    search::{Results, Search, Training, candidates},
};

type Small = (Dense<2, 4, Tanh>, Dense<4, 1, Linear>);
type Wide = (Dense<2, 32, Tanh>, Dense<32, 1, Linear>);
type Deep = (Dense<2, 16, Tanh>, Dense<16, 16, Tanh>, Dense<16, 1, Linear>);

const FOLDER: &str = "SHIPLAP_SEARCH";
const KILLS: u64 = 50;

fn search(folder: &Path) -> Results {
    let mut rng = Rng::new(4);
    let x: Vec<[f32; 2]> = (0..200).map(|_| [rng.normal() as f32, rng.normal() as f32]).collect();
    let y: Vec<[f32; 1]> = x.iter().map(|[a, b]| [a * b]).collect();
    let training = Training::new(MeanSquaredError, Adam::default(), &x, &y).validation(&x[..50], &y[..50]);
    // One rate diverges.
    let space = candidates![Small, Wide, Deep].learning_rates([1e-3, 1e-2, 0.1, 1e30]).seeds(0..6);
    let search = Search::epochs(8).halving(1, 2).folder(folder);
    search.run_with(&space, &training, |outcome| println!("{outcome}")).unwrap()
}

/// Searches in the folder that the test below names.
#[test]
#[ignore = "it is the child of the other test"]
fn child() {
    if let Some(folder) = env::var_os(FOLDER) {
        search(Path::new(&folder));
    }
}

/// The lines of the journal that are whole, without the order in which threads finish.
fn whole_lines(folder: &Path) -> BTreeSet<String> {
    let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap_or_default();
    let whole = journal.rfind('\n').map_or("", |end| &journal[..end]);
    let lines: BTreeSet<String> = whole.lines().map(String::from).collect();
    assert_eq!(lines.len(), whole.lines().count(), "a part was recorded twice");
    lines
}

#[test]
fn a_search_that_is_killed_at_any_moment_loses_no_finished_trial() {
    let folder = tempfile::tempdir().unwrap();
    let (undisturbed, killed) = (folder.path().join("undisturbed"), folder.path().join("killed"));
    let expected = search(&undisturbed);

    let mut rng = Rng::new(1);
    let (mut finished, mut done, mut interrupted, mut ended) = (BTreeSet::new(), 0, 0, 0);
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "child"])
            .env(FOLDER, &killed)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Long enough to begin, too short to finish.
        thread::sleep(Duration::from_micros(10_000 + (rng.uniform() * 60_000.0) as u64));
        interrupted += u64::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();

        let lines = whole_lines(&killed);
        assert!(lines.is_superset(&finished), "kill {kill}: a finished part is lost");
        done += usize::from(lines.len() > finished.len());
        finished = lines;
        // No file is torn.
        for entry in fs::read_dir(&killed).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy();
            if name.ends_with(".safetensors") {
                let loads = io::load(&mut Small::zeroed(), &path).is_ok()
                    || io::load(&mut Wide::zeroed(), &path).is_ok()
                    || io::load(&mut Deep::zeroed(), &path).is_ok();
                assert!(loads, "kill {kill}: {name} is torn");
            }
        }
        // A search that is done is repeated.
        if finished == whole_lines(&undisturbed) {
            compare(&expected, &killed, &undisturbed);
            fs::remove_dir_all(&killed).unwrap();
            finished.clear();
            ended += 1;
        }
    }
    println!("{interrupted} kills, {done} after progress, {ended} searches that ended");
    assert!(interrupted * 10 >= KILLS * 9 && done > 10, "{interrupted} of {KILLS} kills, {done} with progress");
    compare(&expected, &killed, &undisturbed);
}

/// Ends the search, and compares it with the undisturbed one.
fn compare(expected: &Results, killed: &Path, undisturbed: &Path) {
    let results = search(killed);
    assert_eq!(results.outcomes(), expected.outcomes());
    assert_eq!(results.weights(), expected.weights());
    assert_eq!(whole_lines(killed), whole_lines(undisturbed));
    let names = |folder: &Path| -> BTreeSet<_> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    };
    assert_eq!(names(killed), names(undisturbed));
    assert_eq!(names(undisturbed).len(), 2);
}
