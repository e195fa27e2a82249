//! Searching: every core, every strategy, and trials that fail.

use std::{ops::RangeInclusive, sync::Mutex};

use rayon::ThreadPoolBuilder;
use shiplap::{
    data::Folds,
    io,
    layer::Sample,
    layers::Standardize,
    prelude::*,
    search::{
        Axis, Failure, Next, Objective, Outcome, Results, Row, Run, Search, SearchError, Status, Training, Trial,
        candidates,
    },
};

type Small = (Dense<2, 4, Tanh>, Dense<4, 2, Softmax>);
type Wide = (Dense<2, 16, Tanh>, Dropout<16, 10>, Dense<16, 2, Softmax>);
type Deep = (Dense<2, 8, Tanh>, Dense<8, 8, Tanh>, Dense<8, 2, Softmax>);

/// Points inside and outside of a circle.
fn circle(samples: usize, seed: u64) -> (Vec<[f32; 2]>, Vec<usize>) {
    let mut rng = Rng::new(seed);
    let x: Vec<[f32; 2]> = (0..samples).map(|_| [rng.normal() as f32, rng.normal() as f32]).collect();
    let y = x.iter().map(|[a, b]| usize::from(a * a + b * b < 1.0)).collect();
    (x, y)
}

fn threads<R: Send>(threads: usize, run: impl FnOnce() -> R + Send) -> R {
    ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(run)
}

/// Searches on this number of threads, with the same data each time.
fn search(search: &Search, number: usize) -> Results {
    let ((x, y), (x_validation, y_validation)) = (circle(150, 1), circle(60, 2));
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y)
        .validation(&x_validation, &y_validation)
        .batch_size::<16>();
    let space = candidates![Small, Wide, Deep].learning_rates([1e-3, 1e-2, 0.1]).penalties([0.0, 1e-3]).seeds(1..=2);
    threads(number, || search.run(&space, &training)).unwrap()
}

fn histories(results: &Results) -> Vec<u64> {
    let columns = results.outcomes().iter().flat_map(|outcome| outcome.history.columns());
    columns.flat_map(|column| column.values.iter().map(|value| value.unwrap().to_bits())).collect()
}

#[test]
fn the_number_of_threads_does_not_affect_results() {
    for (strategy, trials) in [
        (Search::epochs(3), 36),
        (Search::epochs(3).random(10, 7), 10),
        (Search::epochs(8).halving(1, 2), 36),
        (Search::epochs(8).patience(1).highest("val_accuracy"), 36),
    ] {
        let one = search(&strategy, 1);
        assert_eq!(one.outcomes().len(), trials);
        for number in [2, 5] {
            let other = search(&strategy, number);
            assert_eq!(one.outcomes(), other.outcomes());
            assert_eq!(histories(&one), histories(&other));
            assert_eq!(one.weights(), other.weights());
            assert_eq!(one.to_string(), other.to_string());
        }
    }
}

/// The same trainer, without a search.
#[test]
fn a_trial_trains_as_its_trainer_does() {
    let ((x, y), (x_validation, y_validation)) = (circle(150, 1), circle(60, 2));
    let results = search(&Search::epochs(8).halving(1, 2), 2);
    let best = results.best().unwrap();
    assert_eq!((best.status.clone(), best.history.epochs().len()), (Status::Finished, 8));
    assert_eq!(best.trial.candidate, "Wide", "{results}");

    let adam = Adam::new(best.trial.learning_rate().unwrap()).penalty(Penalty::l2(best.trial.penalty().unwrap()));
    let mut trainer = Trainer::<Wide, SparseCategoricalCrossentropy, Adam, 16>::new(adam, best.trial.seed);
    let (mut history, mut weights) = (History::default(), Wide::zeroed());
    let fit = Fit::epochs(8).validation(&x_validation, &y_validation);
    trainer.fit_with(&x, &y, fit, (&mut history, EarlyStopping::new(100, &mut weights))).unwrap();
    let losses: Vec<_> = history.epochs.iter().map(|epoch| Some(epoch.loss())).collect();
    assert_eq!(best.history.column("val_loss").unwrap().values, losses);
    assert_eq!(results.weights().unwrap(), io::to_bytes(&weights).unwrap());
    assert_eq!(best.score, Some(trainer.evaluate(&x_validation, &y_validation).unwrap().loss));
}

#[test]
fn halving_saves_epochs_and_keeps_the_best() {
    let (full, halved) = (search(&Search::epochs(8), 2), search(&Search::epochs(8).halving(1, 2), 2));
    let lengths: Vec<_> = halved.outcomes().iter().map(|outcome| outcome.history.epochs().len()).collect();
    let count = |epochs| lengths.iter().filter(|length| **length == epochs).count();
    assert_eq!([1, 2, 4, 8].map(count), [18, 9, 5, 4]);
    // A trial that continues after each rung has the epochs of one that is trained at once.
    for (full, halved) in full.outcomes().iter().zip(halved.outcomes()) {
        for (full, halved) in full.history.columns().iter().zip(halved.history.columns()) {
            assert_eq!(full.values[..halved.values.len()], halved.values);
        }
        assert_eq!(halved.status == Status::Finished, halved.history.epochs().len() == 8);
    }
}

#[test]
fn patience_stops_trials_that_no_longer_improve() {
    let results = search(&Search::epochs(30).patience(2), 2);
    let mut stopped = 0;
    for outcome in results.outcomes() {
        let (epochs, best) = (outcome.history.epochs().len(), outcome.best_epoch.unwrap());
        assert!(epochs - best <= 2, "{outcome}");
        stopped += usize::from(outcome.status == Status::Stopped);
        assert_eq!(outcome.status == Status::Stopped, epochs - best == 2, "{outcome}");
    }
    assert!(stopped > 5);
}

#[test]
fn a_trial_that_diverges_is_an_outcome() {
    let (x, y) = ([[1.0f32], [2.0]], [[2.0f32], [4.0]]);
    let training = Training::new(MeanSquaredError, Sgd::new(0.1), &x, &y).batch_size::<2>();
    let space = candidates![Dense<1, 1, Linear>].learning_rates([1e-3, 1e30, -1.0, 0.1]);
    let results = Search::epochs(20).run(&space, &training).unwrap();
    let failed = |number: usize| match &results.outcomes()[number].status {
        Status::Failed(reason) => reason.clone(),
        status => format!("{status:?}"),
    };
    assert!(failed(1).contains("diverged in epoch") && failed(2).contains("learning rate"), "{results}");
    assert_eq!(results.best().unwrap().trial.learning_rate(), Some(0.1));
    assert_eq!(results.ranked().iter().map(|outcome| outcome.trial.number).collect::<Vec<_>>(), [3, 0, 1, 2]);
    assert!(results.to_string().contains("failed: training diverged in epoch"));
}

/// Panics or fails if told so; otherwise its loss is that of a list.
struct Scripted;

struct Script(Vec<f64>);

impl<N> Objective<N> for Scripted {
    fn start(&self, trial: &Trial) -> Result<Box<dyn Run + '_>, Failure> {
        match trial.get("kind") {
            Some(0.0) => panic!("the objective panics in trial {}", trial.number),
            Some(1.0) => Err("no such data")?,
            Some(2.0) => Ok(Box::new(Script(vec![3.0, f64::NAN, 2.0, 2.0, 5.0]))),
            _ => Ok(Box::new(Script(vec![f64::NAN; 5]))),
        }
    }
}

impl Run for Script {
    fn train(&mut self, epochs: RangeInclusive<usize>, after: &mut dyn FnMut(&Row) -> Next) -> Result<(), Failure> {
        for epoch in epochs {
            if after(&[("score".into(), self.0[epoch - 1])]) == Next::Stop {
                break;
            }
        }
        Ok(())
    }

    fn weights(&self) -> Result<Vec<u8>, Failure> {
        Ok(vec![1, 2, 3])
    }

    fn pause(&self) -> Result<Vec<u8>, Failure> {
        Ok(vec![])
    }

    fn resume(&mut self, _: &[u8]) -> Result<(), Failure> {
        Ok(())
    }
}

#[test]
fn a_trial_that_panics_is_an_outcome() {
    let space = candidates![Small].axis("kind", [0.0, 1.0, 2.0, 3.0]);
    let watched = Mutex::new(Vec::new());
    let watch = |outcome: &Outcome| watched.lock().unwrap().push(outcome.trial.number);
    let results = Search::epochs(5).lowest("score").run_with(&space, &Scripted, watch).unwrap();
    let [panicked, failed, trained, nan] = results.outcomes() else { panic!("{results}") };
    assert_eq!(panicked.status, Status::Failed("panicked: the objective panics in trial 0".into()));
    assert_eq!(failed.status, Status::Failed("no such data".into()));
    assert_eq!((trained.score, trained.best_epoch), (Some(2.0), Some(3)));
    assert_eq!((nan.score, nan.status.clone()), (None, Status::Finished));
    assert_eq!(results.best().unwrap().trial, trained.trial);
    assert_eq!(results.weights(), Some(&[1, 2, 3][..]));
    let mut watched = watched.into_inner().unwrap();
    watched.sort();
    assert_eq!(watched, [0, 1, 2, 3]);
    assert_eq!(
        results.to_string(),
        "\
trial  candidate  kind  seed  epochs  best   score
    2  Small         2     0       5     3  2.0000
    0  Small         0     0       0     -       -  failed: panicked: the objective panics in trial 0
    1  Small         1     0       0     -       -  failed: no such data
    3  Small         3     0       5     -       -"
    );
}

#[test]
fn errors_say_what_to_change() {
    let space = candidates![Small].axis("kind", [2.0]);
    let text = |search: Search| match search.run(&space, &Scripted) {
        Err(error @ (SearchError::Settings(_) | SearchError::Quantity { .. })) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(text(Search::epochs(0)).contains("no epochs"));
    assert!(text(Search::epochs(5)).contains("ranked by `loss`, but report `score`"));
    assert!(text(Search::epochs(5).highest("accuracy")).contains("ranked by `accuracy`, but report `score`"));
    assert!(text(Search::epochs(5).patience(0)).contains("patience"));
    assert!(text(Search::epochs(5).random(0, 1)).contains("no trials"));
    assert!(text(Search::epochs(5).halving(0, 2)).contains("halving"));
    assert!(text(Search::epochs(5).halving(1, 1)).contains("halving"));
    let space = candidates![Small].axis("kind", Axis::uniform(1.0..=0.0));
    assert!(Search::epochs(5).run(&space, &Scripted).unwrap_err().to_string().contains("`kind` is the range"));
}

/// The folder of one search is an error for another.
#[test]
fn a_folder_belongs_to_one_search() {
    let folder = tempfile::tempdir().unwrap();
    let ((x, y), (other_x, other_y)) = (circle(20, 1), circle(20, 2));
    let training = |x, y| Training::new(SparseCategoricalCrossentropy, Adam::default(), x, y);
    let space = candidates![Small, Wide].learning_rates([0.1, 0.2]);
    let search = Search::epochs(2).folder(folder.path());
    let results = search.run(&space, &training(&x, &y)).unwrap();

    let text = |error: Result<Results, SearchError>| match error {
        Err(error @ SearchError::OtherSearch { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let (adam, other_beta) = (Adam::new(0.5), Adam { beta1: 0.5, ..Adam::default() });
    let mut other_labels = y.clone();
    other_labels[3] = 1 - other_labels[3];
    for (error, setting) in [
        (search.run(&space, &training(&other_x, &other_y)), "objective of Small"),
        (search.run(&space, &Training::new(SparseCategoricalCrossentropy, adam, &x, &y)), "objective of Small"),
        (search.run(&space, &Training::new(SparseCategoricalCrossentropy, other_beta, &x, &y)), "objective of Small"),
        (search.run(&space, &training(&x, &other_labels)), "objective of Small"),
        (search.run(&space, &training(&x, &y).batch_size::<8>()), "objective of Small"),
        (search.run(&space, &training(&x, &y).configure(|_, adam| adam.beta1 = 0.5)), "objective of each trial"),
        (search.run(&space.clone().learning_rates([0.1, 0.3]), &training(&x, &y)), "axis learning rate"),
        (search.run(&space.clone().seeds([1]), &training(&x, &y)), "seeds"),
        (search.run(&space.clone().axis("seeds", [0.0]), &training(&x, &y)), "axis seeds"),
        (search.run(&space.clone().penalties([0.0]), &training(&x, &y)), "axis L2"),
        (search.run(&candidates![Small, Deep].learning_rates([0.1, 0.2]), &training(&x, &y)), "candidates"),
        (search.clone().halving(1, 2).run(&space, &training(&x, &y)), "halving"),
        (search.clone().patience(1).run(&space, &training(&x, &y)), "patience"),
        (search.clone().highest("accuracy").run(&space, &training(&x, &y)), "ranking"),
        (search.clone().random(2, 1).run(&space, &training(&x, &y)), "trials"),
    ] {
        let text = text(error);
        assert!(text.contains(&format!("its `{setting}` is")) && text.contains("choose another folder"), "{text}");
    }
    {
        type Wide = (Dense<2, 17, Tanh>, Dense<17, 2, Softmax>);
        let space = candidates![Small, Wide].learning_rates([0.1, 0.2]);
        assert!(text(search.run(&space, &training(&x, &y))).contains("`layers of Wide`"));
    }

    // Nothing was trained with a quantity that trials do not report: the folder takes other settings.
    let corrected = tempfile::tempdir().unwrap();
    let search_there = Search::epochs(2).folder(corrected.path());
    let error = search_there.clone().highest("acuracy").run(&space, &training(&x, &y)).unwrap_err();
    assert!(error.to_string().contains("acuracy"), "{error}");
    assert_eq!(search_there.run(&space, &training(&x, &y)).unwrap().outcomes(), results.outcomes());

    // The journal of the first search is as before.
    let again = search.run_with(&space, &training(&x, &y), |outcome| panic!("trained {outcome}")).unwrap();
    assert_eq!((again.outcomes(), again.weights()), (results.outcomes(), results.weights()));
}

/// The folder of a search that ends has the best weights, whatever a process that was killed has left of them.
#[test]
fn a_folder_has_the_weights_of_its_best_trial() {
    let folder = tempfile::tempdir().unwrap();
    let [best, next, journal] =
        ["best.safetensors", "next-best.safetensors", "journal.jsonl"].map(|name| folder.path().join(name));
    let (x, y) = circle(60, 1);
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y);
    let space = candidates![Small, Wide].learning_rates([0.01, 0.1]);
    let search = Search::epochs(4).halving(2, 2).folder(folder.path());
    let expected = search.run(&space, &training).unwrap();
    let weights = expected.weights().unwrap().to_vec();
    let other = io::to_bytes(&<Small as Network>::new(7)).unwrap();
    assert_eq!(std::fs::read(&best).unwrap(), weights);

    // The trials that run again.
    let rerun = || {
        let mut trained = Vec::new();
        let results = search.run_with(&space, &training, |outcome| trained.push(outcome.trial.number)).unwrap();
        assert_eq!((results.outcomes(), results.weights()), (expected.outcomes(), Some(&weights[..])));
        assert_eq!(std::fs::read(&best).unwrap(), weights);
        assert!(!next.exists());
        trained
    };
    // Killed before the part was in the journal, and after.
    std::fs::write(&next, &other).unwrap();
    assert_eq!(rerun(), [0; 0]);
    std::fs::rename(&best, &next).unwrap();
    assert_eq!(rerun(), [0; 0]);
    std::fs::write(&next, &weights).unwrap();
    std::fs::write(&best, &other).unwrap();
    assert_eq!(rerun(), [0; 0]);
    // The best weights are lost.
    let number = expected.best().unwrap().trial.number;
    std::fs::write(&best, &other).unwrap();
    assert_eq!(rerun(), [number; 2]);
    std::fs::remove_file(&best).unwrap();
    assert_eq!(rerun(), [number; 2]);
    // The user removed a line of the best trial.
    let text = std::fs::read_to_string(&journal).unwrap();
    let others = text.lines().filter(|line| !line.starts_with(&format!("{{\"trial\":{number},")));
    std::fs::write(&journal, others.map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    std::fs::write(&best, &other).unwrap();
    assert!(rerun().contains(&number));
}

/// A state that is gone or damaged costs time, but changes nothing.
#[test]
fn a_trial_without_its_state_is_trained_from_its_first_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = circle(60, 1);
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y);
    let space = candidates![Small, Wide].learning_rates([0.01, 0.1]);
    let search = Search::epochs(6).halving(2, 2);
    let expected = search.run(&space, &training).unwrap();
    let in_folder = search.folder(folder.path());
    // The states are damaged before the second rung reads them.
    let mut trained = 0;
    let watch = |_: &Outcome| {
        trained += 1;
        if trained == 4 {
            for (number, entry) in std::fs::read_dir(folder.path()).unwrap().enumerate() {
                let path = entry.unwrap().path();
                if path.to_string_lossy().contains("trial-") {
                    if number % 2 == 0 { std::fs::write(path, "torn") } else { std::fs::remove_file(path) }.unwrap();
                }
            }
        }
    };
    let results = in_folder.run_with(&space, &training, watch).unwrap();
    assert_eq!((results.outcomes(), results.weights()), (expected.outcomes(), expected.weights()));
}

/// Compiles for every network that takes the samples.
#[test]
fn objectives_are_generic_over_networks() {
    struct Count(Mutex<usize>);
    impl<N: Network<Output = [f32; 2]>> Objective<N> for Count
    where
        [f32; 2]: Sample<N>,
    {
        fn start(&self, _: &Trial) -> Result<Box<dyn Run + '_>, Failure> {
            *self.0.lock()? += N::PARAMS;
            Err("counted")?
        }
    }
    let count = Count(Mutex::new(0));
    Search::epochs(1).run(&candidates![Small, Wide], &count).unwrap();
    assert_eq!(count.0.into_inner().unwrap(), Small::PARAMS + Wide::PARAMS);
}

/// Also in a folder, whose journal compares the settings of all trials.
#[test]
fn settings_that_panic_are_an_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let (x, y) = circle(20, 1);
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y)
        .configure(|trial, _| assert!(trial.seed != 1, "no such seed"));
    let search = Search::epochs(1).folder(folder.path());
    let results = search.run(&candidates![Small].seeds([0, 1]), &training).unwrap();
    assert_eq!(results.outcomes()[0].status, Status::Finished);
    assert_eq!(results.outcomes()[1].status, Status::Failed("panicked: no such seed".into()));
}

/// Samples with their numbers as the first feature.
fn numbered() -> (Vec<[f32; 2]>, Vec<usize>) {
    let (mut x, y) = circle(53, 1);
    x.iter_mut().enumerate().for_each(|(number, row)| row[0] = number as f32);
    (x, y)
}

fn numbers(rows: &[[f32; 2]]) -> Vec<usize> {
    let mut numbers: Vec<_> = rows.iter().map(|row| row[0] as usize).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn preprocessing_sees_no_sample_that_rates() {
    let (x, y) = numbered();
    let seen = Mutex::new(Vec::new());
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y);
    let fit = |rows: &[[f32; 2]]| {
        seen.lock().unwrap().push(numbers(rows));
        Standardize::fit(rows)
    };
    let _ = training.stratified_folds(4, 3).unwrap().preprocess(fit).unwrap();

    let (mut shuffled_x, mut shuffled_y) = (x.clone(), y.clone());
    let mut folds = Folds::stratified(&mut shuffled_x, &mut shuffled_y, 4, 3).unwrap();
    let mut expected = Vec::new();
    while let Some((train, test)) = folds.next_fold() {
        assert!(numbers(train.x).iter().all(|number| !numbers(test.x).contains(number)));
        expected.push(numbers(train.x));
    }
    expected.push((0..53).collect());
    assert_eq!(seen.into_inner().unwrap(), expected);
}

/// Trained by hand, fold by fold, with layers fitted to the training samples of each.
#[test]
fn cross_validation_is_the_mean_over_folds() {
    const EPOCHS: usize = 8;
    let (x, y) = numbered();
    let objective = || {
        let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y).batch_size::<16>();
        training.folds(4, 3).unwrap().preprocess(Standardize::fit).unwrap()
    };
    let space = candidates![Small, Wide].learning_rates([0.01, 0.3]);
    let search = Search::epochs(EPOCHS).halving(2, 2);
    let results = threads(1, || search.run(&space, &objective())).unwrap();
    let best = results.best().unwrap();
    assert_eq!((results.quantity(), best.trial.candidate), ("val_loss", "Wide"), "{results}");

    let adam = Adam::new(best.trial.learning_rate().unwrap());
    let trainer = || Trainer::<Wide, SparseCategoricalCrossentropy, Adam, 16>::boxed(adam, 0);
    let scaled =
        |scaler: &Standardize<2>, rows: &[[f32; 2]]| -> Vec<_> { rows.iter().map(|row| scaler.predict(row)).collect() };
    let mut means = [0.0; EPOCHS];
    let (mut shuffled_x, mut shuffled_y) = (x.clone(), y.clone());
    let mut folds = Folds::new(&mut shuffled_x, &mut shuffled_y, 4, 3).unwrap();
    while let Some((train, test)) = folds.next_fold() {
        let scaler = Standardize::fit(train.x).unwrap();
        let (x_train, x_test) = (scaled(&scaler, train.x), scaled(&scaler, test.x));
        let (mut trainer, mut history) = (trainer(), History::default());
        trainer.fit_with(&x_train, train.y, Fit::epochs(EPOCHS).validation(&x_test, test.y), &mut history).unwrap();
        for (mean, epoch) in means.iter_mut().zip(&history.epochs) {
            *mean += 0.25 * epoch.validation.as_ref().unwrap().loss;
        }
    }
    let column = best.history.column("val_loss").unwrap();
    assert_eq!(column.values, means.map(Some));
    let all = scaled(&Standardize::fit(&x).unwrap(), &x);
    let mut trainer = trainer();
    trainer.fit(&all, &y, Fit::epochs(EPOCHS).from_epoch(EPOCHS - best.best_epoch.unwrap())).unwrap();
    assert_eq!(results.weights().unwrap(), io::to_bytes(trainer.network()).unwrap());

    // On more threads, and in a folder that is interrupted.
    let other = threads(3, || search.run(&space, &objective())).unwrap();
    assert_eq!((other.outcomes(), other.weights()), (results.outcomes(), results.weights()));
    let folder = tempfile::tempdir().unwrap();
    let search = search.folder(folder.path());
    // Seven parts, of which each process trains two.
    for part in 0..3 {
        let interrupted = std::panic::AssertUnwindSafe(|| {
            let mut trained = 0;
            let interrupt = |_: &Outcome| {
                trained += 1;
                assert!(trained < 2, "interrupted");
            };
            threads(1, || search.run_with(&space, &objective(), interrupt))
        });
        assert!(std::panic::catch_unwind(interrupted).is_err(), "{part}");
    }
    let resumed = threads(1, || search.run(&space, &objective())).unwrap();
    assert_eq!((resumed.outcomes(), resumed.weights()), (results.outcomes(), results.weights()));

    // Another preprocessing is another search.
    let training = Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y).batch_size::<16>();
    let error = search.run(&space, &training.folds(4, 3).unwrap()).unwrap_err();
    assert!(error.to_string().contains("its `objective of Small` is"), "{error}");
}

#[test]
fn folds_need_enough_samples() {
    let (x, y) = circle(3, 1);
    let training = || Training::new(SparseCategoricalCrossentropy, Adam::default(), &x, &y);
    assert!(training().folds(4, 1).is_err() && training().stratified_folds(1, 1).is_err());
    assert!(training().folds(3, 1).is_ok());
    assert!(training().folds(3, 1).unwrap().preprocess(|_| Err::<Standardize<2>, _>("no")).is_err());
}
