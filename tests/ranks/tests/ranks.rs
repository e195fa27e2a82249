//! Runs the programs with `mpirun`.

use std::{
    fs,
    io::Read as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use shiplap::prelude::*;

/// `mpirun` with a program on this number of ranks.
fn mpirun(ranks: usize, arguments: &[&str]) -> Command {
    let mut command = Command::new("mpirun");
    command
        .args(["--oversubscribe", "-n", &ranks.to_string(), env!("CARGO_BIN_EXE_ranks")])
        .args(arguments)
        .env("OMPI_ALLOW_RUN_AS_ROOT", "1")
        .env("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")
        .env("RAYON_NUM_THREADS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

struct Ended {
    status: ExitStatus,
    output: String,
    errors: String,
}

/// Ranks that take longer wait for each other.
const LONGEST: Duration = Duration::from_secs(300);

/// Waits for the end of a child. Ranks that wait for each other forever are a failure of the test.
fn wait(mut child: Child) -> Ended {
    let start = Instant::now();
    let (mut output, mut errors) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let output = thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).map(|_| text)
    });
    let errors = thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).map(|_| text)
    });
    let mut last_rank = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        // After an error, `mpirun` sometimes waits for a lock of its own, although all ranks have ended.
        if start.elapsed() < Duration::from_secs(10) || has_children(child.id()) {
            last_rank = Instant::now();
        } else if last_rank.elapsed() > Duration::from_secs(10) {
            child.kill().unwrap();
            break child.wait().unwrap();
        }
        if start.elapsed() > LONGEST {
            child.kill().unwrap();
            panic!("the ranks do not end");
        }
        thread::sleep(Duration::from_millis(if start.elapsed() < Duration::from_secs(10) { 5 } else { 100 }));
    };
    Ended { status, output: output.join().unwrap().unwrap(), errors: errors.join().unwrap().unwrap() }
}

/// Whether a process has children.
fn has_children(process: u32) -> bool {
    fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        // `number (name) state parent ...`, where the name may contain spaces.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        parent == Some(process)
    })
}

fn run(ranks: usize, arguments: &[&str]) -> Ended {
    wait(mpirun(ranks, arguments).spawn().unwrap())
}

/// The output of a program that succeeds.
fn output(ranks: usize, arguments: &[&str]) -> String {
    let ended = run(ranks, arguments);
    assert!(ended.status.success(), "{arguments:?} on {ranks} ranks: {}\n{}", ended.output, ended.errors);
    ended.output
}

#[test]
fn results_do_not_depend_on_the_number_of_ranks() {
    for program in ["train", "local", "search", "early-stopping"] {
        let expected = output(1, &[program]);
        assert!(!expected.is_empty());
        for ranks in [2, 3, 4] {
            assert_eq!(output(ranks, &[program]), expected, "{program} on {ranks} ranks");
        }
    }
}

#[test]
fn each_rank_may_have_several_threads() {
    let expected = output(1, &["train"]);
    let ended = wait(mpirun(2, &["train"]).env("RAYON_NUM_THREADS", "2").spawn().unwrap());
    assert_eq!(ended.output, expected, "{}", ended.errors);
    let expected = output(1, &["search"]);
    let ended = wait(mpirun(2, &["search"]).env("RAYON_NUM_THREADS", "2").spawn().unwrap());
    assert_eq!(ended.output, expected, "{}", ended.errors);
}

#[test]
fn steps_do_not_allocate() {
    for ranks in [1, 3] {
        assert_eq!(output(ranks, &["allocations"]), "nothing was allocated\n");
    }
}

/// The program ends on all ranks, with this error.
#[track_caller]
fn fails(ranks: usize, arguments: &[&str], error: &str) {
    let ended = run(ranks, arguments);
    assert!(!ended.status.success(), "{arguments:?} succeeded");
    assert!(ended.errors.contains(error), "{arguments:?}: {}", ended.errors);
}

#[test]
fn an_error_on_one_rank_ends_all() {
    for rank in ["0", "1", "2"] {
        fails(3, &["error", rank], &format!("rank {rank} of 3: it does not work"));
        fails(3, &["panic", rank], &format!("rank {rank} of 3: panicked"));
    }
    fails(3, &["seeds"], "other weights, another seed");
    for ranks in [2, 3] {
        fails(ranks, &["early-end"], "has ended");
        fails(ranks, &["shard-ends"], "has ended");
    }
    fails(2, &["both"], "not inside of `Ranks::shards`");
    fails(3, &["weights"], "other weights");
    fails(2, &["parts"], "other steps than the one before");
    fails(3, &["misplaced"], "a callback in `OnFirst` changes settings");
    fails(3, &["other-data"], "are not those of the first rank");
    for _ in 0..3 {
        fails(3, &["watch"], "this is a panic");
    }
    assert!(output(2, &["wrong-settings"]).contains("no epochs"));
    fails(2, &["shards"], "there are more ranks than shards");
    assert!(output(3, &["wrong-ranking"]).contains("ranked by `gain`"));
}

/// The least numbers of kills, and of those after progress.
const INTERRUPTED: usize = 17;
const ADVANCED: usize = 3;

/// Kills of ranks, in any number of runs of a program from its beginning to its end.
struct Kills {
    rng: Rng,
    attempts: usize,
    /// Kills that ended a program before its end.
    interrupted: usize,
    /// Kills after progress.
    advanced: usize,
}

impl Kills {
    fn new() -> Self {
        Kills { rng: Rng::new(5), attempts: 0, interrupted: 0, advanced: 0 }
    }

    fn are_enough(&self) -> bool {
        self.interrupted >= INTERRUPTED && self.advanced >= ADVANCED
    }

    /// Starts a program again and again, until it ends by itself, and returns its output. One of its ranks is killed
    /// shortly after its start or after the next change of `state`. `check` looks at the files after each kill, and
    /// returns whether there was progress.
    fn run<S: PartialEq>(
        &mut self,
        program: &str,
        path: &Path,
        state: &dyn Fn() -> S,
        check: &mut dyn FnMut() -> bool,
    ) -> String {
        let pids = tempfile::tempdir().unwrap();
        loop {
            let (attempt, ranks) = (self.attempts, 2 + self.attempts % 3);
            self.attempts += 1;
            fs::remove_dir_all(pids.path()).unwrap();
            fs::create_dir(pids.path()).unwrap();
            let before = state();
            let mut child = mpirun(ranks, &[program, path.to_str().unwrap()]).env("PIDS", pids.path()).spawn().unwrap();
            let mut killed = false;
            if !self.are_enough() {
                assert!(
                    attempt < 200,
                    "{program}: {} kills, {} of them after progress",
                    self.interrupted,
                    self.advanced
                );
                let victim = pids.path().join((attempt % ranks).to_string());
                let pid = || fs::read_to_string(&victim).unwrap_or_default();
                let mut wait_for = |condition: &dyn Fn() -> bool, random: f64| {
                    let start = Instant::now();
                    while !condition() && child.try_wait().unwrap().is_none() && start.elapsed() < LONGEST {
                        thread::sleep(Duration::from_micros(200));
                    }
                    thread::sleep(Duration::from_micros((self.rng.uniform() * random) as u64));
                };
                wait_for(&|| !pid().is_empty(), 10_000.0);
                if attempt % 2 == 1 {
                    wait_for(&|| state() != before, 3_000.0);
                }
                // The rank may have ended.
                killed = Command::new("kill").args(["-9", &pid()]).stderr(Stdio::null()).status().unwrap().success();
            }
            let ended = wait(child);
            if ended.status.success() {
                println!("{program}: {} kills, {} of them after progress", self.interrupted, self.advanced);
                return ended.output;
            }
            assert!(killed, "{program}: {}", ended.errors);
            self.interrupted += 1;
            self.advanced += usize::from(check());
        }
    }
}

#[test]
fn training_resumes_from_its_last_checkpoint_after_a_rank_was_killed() {
    for program in ["checkpoint", "local-checkpoint"] {
        let folder = tempfile::tempdir().unwrap();
        let expected = output(2, &[program, folder.path().join("undisturbed").to_str().unwrap()]);
        let mut kills = Kills::new();
        while !kills.are_enough() {
            let path = folder.path().join(format!("killed-{}", kills.attempts));
            let mut last = 0;
            let result = kills.run(program, &path, &|| fs::read(&path).ok(), &mut || {
                let Ok(bytes) = fs::read(&path) else { return false };
                let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 4>::boxed(Adam::new(0.01), 1);
                let done =
                    shiplap::io::checkpoint_from_bytes(trainer.state_mut(), &bytes).expect("a checkpoint is torn");
                assert!(done >= last, "{last} epochs were done, and now {done}");
                let advances = done > last;
                last = done;
                advances
            });
            assert_eq!(result, expected, "{program}");
        }
    }
}

type Net =
    (Dense<6, 20, Linear>, BatchNorm<[f32; 20]>, Activate<Tanh, [f32; 20]>, Dropout<20, 20>, Dense<20, 2, Linear>);

#[test]
fn a_search_loses_no_finished_trial_if_a_rank_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let expected = output(2, &["search", folder.path().join("undisturbed").to_str().unwrap()]);
    let mut kills = Kills::new();
    while !kills.are_enough() {
        let path = folder.path().join(format!("killed-{}", kills.attempts));
        let whole_lines = || {
            let mut journal = fs::read_to_string(path.join("journal.jsonl")).unwrap_or_default();
            journal.truncate(journal.rfind('\n').map_or(0, |end| end + 1));
            journal
        };
        // The first line describes the search.
        let trials = |lines: &str| lines.lines().skip(1).count();
        let mut finished = String::new();
        let result = kills.run("search", &path, &|| trials(&whole_lines()), &mut || {
            let lines = whole_lines();
            assert!(lines.starts_with(&finished), "a finished trial is lost");
            let advances = trials(&lines) > trials(&finished);
            finished = lines;
            let best = path.join("best.safetensors");
            if best.exists() {
                let bytes = fs::read(best).unwrap();
                let small = shiplap::io::from_bytes(&mut <(Dense<6, 4, Tanh>, Dense<4, 2, Linear>)>::zeroed(), &bytes);
                type Deep = (Dense<6, 16, Tanh>, Dense<16, 16, Tanh>, Dense<16, 2, Linear>);
                let deep = shiplap::io::from_bytes(&mut Deep::zeroed(), &bytes);
                assert!(small.is_ok() || deep.is_ok(), "the best weights are torn");
            }
            advances
        });
        assert_eq!(result, expected);
    }
}
