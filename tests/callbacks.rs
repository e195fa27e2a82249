//! Callbacks: history, early stopping, validation data, learning rates, callbacks written outside the crate.

mod common;

use std::ops::{ControlFlow, RangeInclusive};

use common::bits;
use shiplap::{
    data::augment::{Augment, Augmentation, Noise},
    metric::MeanAbsolute,
    optim::Settings,
    prelude::*,
    train::{Callback, LearningRateScheduler, ReduceLrOnPlateau, Report, TrainingState},
};

type Line = Dense<1, 1, Linear>;
type LineTrainer = Trainer<Line, MeanSquaredError, Sgd, 4>;
type LineEpoch = Epoch<MeanAbsolute>;

fn trainer() -> LineTrainer {
    LineTrainer::new(Sgd::new(0.05), 1)
}

fn line(samples: usize) -> (Vec<[f32; 1]>, Vec<[f32; 1]>) {
    let x: Vec<[f32; 1]> = (0..samples).map(|sample| [(sample as f32 * 0.7).sin()]).collect();
    let y = x.iter().map(|[x]| [3.0 * x + 2.0]).collect();
    (x, y)
}

/// Records every call.
#[derive(Default)]
struct Diary {
    calls: Vec<String>,
    weights: Vec<Vec<u64>>,
    losses: Vec<f64>,
    reports: Vec<Report<MeanAbsolute>>,
}

impl Callback<Line, MeanAbsolute> for &mut Diary {
    fn before_fit(&mut self, epochs: RangeInclusive<usize>) {
        self.calls.push(format!("before {epochs:?}"));
    }

    fn after_step(&mut self, seen: usize, samples: usize, report: &Report<MeanAbsolute>) {
        self.reports.push(*report);
        self.calls.push(format!("{seen} of {samples}"));
    }

    fn after_epoch(&mut self, epoch: &LineEpoch, network: &mut Line) -> ControlFlow<()> {
        self.calls.push(format!("epoch {}", epoch.epoch));
        self.weights.push(bits(network));
        self.losses.push(epoch.loss());
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut Line) -> Result<(), &'static str> {
        self.calls.push("after".into());
        Ok(())
    }
}

#[test]
fn epochs_already_done_are_skipped_and_the_others_keep_their_numbers() {
    let (x, y) = line(9);
    let mut whole = trainer();
    let last = whole.fit(&x, &y, Fit::epochs(5)).unwrap();
    let mut parts = trainer();
    parts.fit(&x, &y, Fit::epochs(3)).unwrap();
    let mut diary = Diary::default();
    assert_eq!(parts.fit_with(&x, &y, Fit::epochs(5).from_epoch(3), &mut diary).unwrap(), last);
    assert_eq!(bits(parts.network()), bits(whole.network()));
    assert_eq!(diary.calls[0], "before 4..=5");
    assert_eq!(diary.calls.iter().filter(|call| call.starts_with("epoch")).collect::<Vec<_>>(), ["epoch 4", "epoch 5"]);
}

#[test]
fn a_second_fit_counts_from_1_again() {
    let (x, y) = line(9);
    let mut trainer = trainer();
    assert_eq!([3, 2].map(|epochs| trainer.fit(&x, &y, Fit::epochs(epochs)).unwrap().epoch), [3, 2]);
}

#[test]
fn steps_report_loss_and_metrics_so_far() {
    let (x, y) = line(9);
    let (mut trainer, mut diary) = (trainer(), Diary::default());
    let untrained = trainer.evaluate(&x[..4], &y[..4]).unwrap();
    let epoch = trainer.fit_with(&x, &y, Fit::epochs(1).shuffle(false), &mut diary).unwrap();
    assert_eq!(diary.reports.len(), 3);
    assert!((diary.reports[0].loss - untrained.loss).abs() < 1e-6, "{:?} {untrained:?}", diary.reports[0]);
    assert!((diary.reports[0].metrics.value() - untrained.metrics.value()).abs() < 1e-6);
    assert_eq!(diary.reports[2], epoch.training);
}

/// Stops training at a checkpoint; the other callbacks are still called.
struct Full<'a>(&'a mut Vec<(usize, u64)>);

impl Callback<Line, MeanAbsolute> for Full<'_> {
    fn after_epoch(&mut self, _: &LineEpoch, _: &mut Line) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn checkpoint(&mut self, epoch: usize, state: &TrainingState<'_, Line>) -> ControlFlow<()> {
        self.0.push((epoch, state.steps));
        if epoch == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn a_checkpoint_can_stop_training() {
    let (x, y) = line(9);
    let (mut first, mut second) = (Vec::new(), Vec::new());
    let both = (Full(&mut first), Full(&mut second));
    assert_eq!(trainer().fit_with(&x, &y, Fit::epochs(9), both).unwrap().epoch, 2);
    assert_eq!((&first, &second), (&vec![(1, 3), (2, 6)], &vec![(1, 3), (2, 6)]));
}

#[test]
fn callbacks_are_called_for_every_step_and_epoch_in_order() {
    let (x, y) = line(9);
    let mut diary = Diary::default();
    trainer().fit_with(&x, &y, Fit::epochs(2), &mut diary).unwrap();
    let epoch = |number| ["4 of 9".into(), "8 of 9".into(), "9 of 9".into(), format!("epoch {number}")];
    let expected = [&["before 1..=2".into()][..], &epoch(1), &epoch(2), &["after".into()]].concat();
    assert_eq!(diary.calls, expected);
}

#[test]
fn passive_callbacks_do_not_affect_training() {
    let (x, y) = line(9);
    let (mut alone, mut followed) = (trainer(), trainer());
    let (mut diary, mut history) = (Diary::default(), History::default());
    let last = alone.fit(&x, &y, Fit::epochs(5)).unwrap();
    let followed_last = followed.fit_with(&x, &y, Fit::epochs(5), (&mut diary, &mut history)).unwrap();
    assert_eq!(last, followed_last);
    assert_eq!(bits(alone.network()), bits(followed.network()));
}

#[test]
fn a_history_has_an_entry_for_each_epoch() {
    let (x, y) = line(20);
    let (mut trainer, mut history) = (trainer(), History::default());
    let fit = Fit::epochs(7).validation_split(0.25);
    let last = trainer.fit_with(&x, &y, fit, &mut history).unwrap();
    assert_eq!(history.epochs.iter().map(|epoch| epoch.epoch).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(history.epochs.last(), Some(&last));
    assert_eq!(last.validation, Some(trainer.evaluate(&x[15..], &y[15..]).unwrap()));
    let least = history.epochs.iter().map(Epoch::loss).fold(f64::INFINITY, f64::min);
    assert_eq!(history.best().map(Epoch::loss), Some(least));
}

/// Training pulls the bias to 1, validation wants ½: its loss falls, then rises.
fn overfits(stop: EarlyStopping<'_, Line>) -> (LineEpoch, Vec<u64>, Diary) {
    let (x, y) = ([[0.0f32]; 4], [[1.0f32]; 4]);
    let fit = Fit::epochs(100).validation(&x, &[[0.5f32]; 4]);
    let (mut trainer, mut diary) = (trainer(), Diary::default());
    let last = trainer.fit_with(&x, &y, fit, (&mut diary, stop)).unwrap();
    (last, bits(trainer.network()), diary)
}

#[test]
fn early_stopping_restores_exactly_the_weights_of_the_best_epoch() {
    let mut memory = Line::zeroed();
    let (last, weights, diary) = overfits(EarlyStopping::new(5, &mut memory));
    let best = (0..diary.losses.len()).min_by(|&a, &b| diary.losses[a].total_cmp(&diary.losses[b])).unwrap();
    assert!(0 < best && best + 1 < last.epoch, "epoch {best} of {}: nothing to put back", last.epoch);
    assert_eq!(weights, diary.weights[best]);
    assert_eq!(bits(&memory), diary.weights[best]);
    assert_ne!(Some(&weights), diary.weights.last());
}

#[test]
fn patience_counts_epochs_without_improvement() {
    let (x, y) = line(4);
    // At a rate of 0, no epoch is better than the first.
    let stopped_after = |patience| {
        let mut still = LineTrainer::new(Sgd::new(0.0), 1);
        let mut memory = Line::zeroed();
        let stop = EarlyStopping::new(patience, &mut memory);
        still.fit_with(&x, &y, Fit::epochs(50).shuffle(false), stop).unwrap().epoch
    };
    assert_eq!([0, 1, 2, 7].map(stopped_after), [2, 2, 3, 8]);
}

#[test]
fn more_patience_waits_for_more_epochs() {
    let stopped_after = |patience| overfits(EarlyStopping::new(patience, &mut Line::zeroed())).0.epoch;
    let first = stopped_after(1);
    assert!(first < 90, "{first}");
    for patience in 2..10 {
        assert_eq!(stopped_after(patience), first + patience - 1);
    }
}

#[test]
fn a_run_that_ends_before_its_patience_restores_the_best_weights() {
    let (_, weights, diary) = overfits(EarlyStopping::new(1000, &mut Line::zeroed()));
    assert_eq!(diary.losses.len(), 100);
    let best = (0..100).min_by(|&a, &b| diary.losses[a].total_cmp(&diary.losses[b])).unwrap();
    assert_eq!(weights, diary.weights[best]);
}

#[test]
fn the_held_out_share_is_the_last_and_never_trained_on() {
    let (x, mut y) = line(20);
    // A single step on these samples would change the result.
    y[15..].fill([1000.0]);
    let (mut split, mut apart) = (trainer(), trainer());
    let (mut of_split, mut of_apart) = (History::default(), History::default());
    split.fit_with(&x, &y, Fit::epochs(5).validation_split(0.25), &mut of_split).unwrap();
    let fit = Fit::epochs(5).validation(&x[15..], &y[15..]);
    apart.fit_with(&x[..15], &y[..15], fit, &mut of_apart).unwrap();
    assert_eq!(of_split.epochs, of_apart.epochs);
    assert_eq!(bits(split.network()), bits(apart.network()));
    assert!(of_split.epochs.iter().all(|epoch| epoch.validation.unwrap().loss > 1e5));
}

#[test]
fn a_share_in_decimal_holds_out_as_many_samples_as_it_says() {
    let (x, y) = line(100);
    let held_out = |samples: usize, share: f64| {
        // Each validation sample has another label, so that the loss on them counts them.
        let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 4>::new(Sgd::new(0.0), 1);
        let mut counted = (0..=samples).filter(|held| {
            let fit = Fit::epochs(1).validation(&x[samples - held..samples], &y[samples - held..samples]);
            let apart = trainer.fit(&x[..samples - held], &y[..samples - held], fit);
            let split = trainer.fit(&x[..samples], &y[..samples], Fit::epochs(1).validation_split(share));
            apart.is_ok_and(|apart| split.is_ok_and(|split| split.validation == apart.validation))
        });
        let count = counted.next();
        assert_eq!(counted.next(), None);
        count
    };
    for (samples, share, expected) in [(100, 0.29, 29), (50, 0.58, 29), (100, 0.57, 57), (50, 0.14, 7), (10, 0.99, 9)] {
        assert_eq!(held_out(samples, share), Some(expected), "{share} of {samples}");
    }
    // All but a rounding error is all.
    let mut trainer = trainer();
    let error = trainer.fit(&x, &y, Fit::epochs(1).validation_split(1.0 - f64::EPSILON / 2.0)).unwrap_err();
    assert_eq!(error, TrainError::Split { samples: 100 });
}

#[test]
fn settings_of_callbacks_are_checked() {
    let (x, y) = line(20);
    let plateau = ReduceLrOnPlateau::new(0.5, 1);
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        for (name, plateau) in [
            ("factor", ReduceLrOnPlateau::new(bad, 1)),
            ("`min_delta`", plateau.min_delta(bad)),
            ("`min_rate`", plateau.min_rate(bad)),
        ] {
            let error = trainer().fit_with(&x, &y, Fit::epochs(1), plateau).unwrap_err();
            assert!(matches!(error, TrainError::Settings(what) if what.contains(name)), "{name}: {error}");
        }
    }
}

#[test]
fn an_invalid_share_is_an_error_and_leaves_the_network_unchanged() {
    let (x, y) = line(20);
    let mut trainer = trainer();
    let before = bits(trainer.network());
    for share in [-0.1, 1.0, 1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = trainer.fit(&x, &y, Fit::epochs(1).validation_split(share)).unwrap_err();
        assert_eq!(error, TrainError::Split { samples: 20 }, "{share}");
    }
    assert_eq!(bits(trainer.network()), before);
    let error = trainer.fit(&x[..2], &y[..2], Fit::epochs(1).validation_split(0.2)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the validation split must be in [0, 1) and hold out at least one of the 2 samples: pass a \
         share such as 0.5, or 0.0 for none"
    );
    assert_eq!(trainer.fit(&x, &y, Fit::epochs(1).validation_split(0.0)).unwrap().validation, None);
}

#[test]
fn the_last_of_validation_and_validation_split_applies() {
    let (x, y) = line(20);
    let losses = |fit| trainer().fit(&x, &y, fit).unwrap().validation.unwrap().loss;
    let (of, share) =
        (losses(Fit::epochs(1).validation(&x[..5], &y[..5])), losses(Fit::epochs(1).validation_split(0.5)));
    assert_ne!(of, share);
    assert_eq!(losses(Fit::epochs(1).validation_split(0.5).validation(&x[..5], &y[..5])), of);
    assert_eq!(losses(Fit::epochs(1).validation(&x[..5], &y[..5]).validation_split(0.5)), share);
}

/// The first three steps converge; the fourth overflows.
fn diverges(callback: impl Callback<Line, MeanAbsolute>) -> (LineTrainer, TrainError) {
    let (x, y) = line(4);
    let schedule = Schedule::Step { initial: 0.05, every: 3, factor: 1e45 };
    let mut trainer = LineTrainer::new(Sgd::default().schedule(schedule), 1);
    let error = trainer.fit_with(&x, &y, Fit::epochs(9), callback).unwrap_err();
    (trainer, error)
}

#[test]
fn a_run_that_diverges_restores_the_best_weights() {
    let (mut diary, mut memory) = (Diary::default(), Line::zeroed());
    let (trainer, error) = diverges((&mut diary, EarlyStopping::new(5, &mut memory)));
    assert_eq!(error, TrainError::Diverged { epoch: Some(4), step: 3 });
    assert_eq!(diary.calls.last().map(String::as_str), Some("after"));
    assert_eq!(bits(trainer.network()), diary.weights[2]);
    assert_eq!(bits(&memory), diary.weights[2]);
}

#[test]
fn callbacks_can_be_borrowed() {
    let (x, y) = line(9);
    let mut memory = Line::zeroed();
    let (mut stop, mut progress) = (EarlyStopping::new(2, &mut memory), Progress::new());
    let mut still = LineTrainer::new(Sgd::new(0.0), 1);
    for _ in 0..2 {
        // Each fit starts with full patience.
        let last = still.fit_with(&x, &y, Fit::epochs(20).shuffle(false), (&mut stop, &mut progress)).unwrap();
        assert_eq!(last.epoch, 3);
    }
}

#[test]
fn a_closure_may_return_nothing() {
    let (x, y) = line(9);
    let mut shown = Vec::new();
    let show = |epoch: &LineEpoch| shown.push(epoch.to_string());
    trainer().fit_with(&x, &y, Fit::epochs(3), show).unwrap();
    assert!(shown.len() == 3 && shown[2].starts_with("epoch 3: loss "), "{shown:?}");
}

#[test]
fn tuples_contain_up_to_eight_callbacks() {
    let (x, y) = line(9);
    let mut diaries = <[Diary; 8]>::default();
    let [a, b, c, d, e, f, g, h] = &mut diaries;
    trainer().fit_with(&x, &y, Fit::epochs(2), (a, b, c, d, e, f, g, h)).unwrap();
    assert!(diaries.iter().all(|diary| diary.calls == diaries[0].calls && diary.calls.len() == 10));
}

#[test]
fn a_closure_stops_training_by_break() {
    let (x, y) = line(9);
    let mut calls = 0;
    let third = |epoch: &LineEpoch| {
        calls += 1;
        if epoch.epoch == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let last = trainer().fit_with(&x, &y, Fit::epochs(10), third).unwrap();
    assert_eq!((last.epoch, calls), (3, 3));
}

#[test]
fn each_callback_of_a_tuple_is_called_even_if_another_breaks() {
    let (x, y) = line(9);
    let stop = |_: &LineEpoch| ControlFlow::Break(());
    let expected = ["before 1..=5", "4 of 9", "8 of 9", "9 of 9", "epoch 1", "after"];
    let [mut a, mut b, mut c] = <[Diary; 3]>::default();
    let fit = Fit::epochs(5);
    trainer().fit_with(&x, &y, fit, (stop, &mut a)).unwrap();
    assert_eq!(a.calls, expected);
    trainer().fit_with(&x, &y, fit, (&mut b, stop, &mut c)).unwrap();
    assert_eq!([&b.calls[..], &c.calls[..]], [&expected; 2]);
    let [mut a, mut b, mut c] = <[Diary; 3]>::default();
    trainer().fit_with(&x, &y, fit, (&mut a, &mut b, stop, &mut c)).unwrap();
    assert_eq!([&a.calls[..], &b.calls[..], &c.calls[..]], [&expected; 3]);
}

/// Fails, as if it could not write a file.
struct Fails(&'static str);

impl Callback<Line, MeanAbsolute> for Fails {
    fn after_epoch(&mut self, _: &LineEpoch, _: &mut Line) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn after_fit(&mut self, _: &mut Line) -> Result<(), &'static str> {
        Err(self.0)
    }
}

#[test]
fn a_callback_that_failed_makes_the_fit_an_error() {
    let (x, y) = line(9);
    let mut diary = Diary::default();
    let callbacks = (Fails("the log could not be written"), &mut diary, Fails("another"));
    let result = trainer().fit_with(&x, &y, Fit::epochs(3), callbacks);
    assert_eq!(result, Err(TrainError::CallbackFailed("the log could not be written")));
    assert_eq!(result.unwrap_err().to_string(), "the log could not be written");
    assert_eq!(diary.calls.last().unwrap(), "after", "the other callbacks are called");
    // An error of the training itself comes first.
    let (_, error) = diverges(Fails("the log could not be written"));
    assert!(matches!(error, TrainError::Diverged { .. }), "{error:?}");
}

#[derive(serde::Deserialize)]
struct Plateau {
    losses: Vec<f64>,
    cases: Vec<PlateauCase>,
}

#[derive(serde::Deserialize)]
struct PlateauCase {
    settings: PlateauSettings,
    rates: Vec<f64>,
}

#[derive(serde::Deserialize)]
struct PlateauSettings {
    factor: f64,
    patience: usize,
    cooldown: Option<usize>,
    min_delta: Option<f64>,
    min_lr: Option<f64>,
}

#[test]
fn rates_are_reduced_on_a_plateau_as_keras_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/reference/plateau.json");
    let Plateau { losses, cases } = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for PlateauCase { settings: given, rates } in cases {
        let mut plateau = ReduceLrOnPlateau::new(given.factor, given.patience).cooldown(given.cooldown.unwrap_or(0));
        plateau = plateau.min_delta(given.min_delta.unwrap_or(1e-4)).min_rate(given.min_lr.unwrap_or(0.0));
        let mut settings = Settings::new(0.1);
        Callback::<Line, MeanAbsolute>::before_fit(&mut plateau, 1..=losses.len());
        for (index, (&loss, expected)) in losses.iter().zip(rates).enumerate() {
            let epoch = LineEpoch::new(index + 1, Report::new(loss, MeanAbsolute::default()), None);
            Callback::<Line, MeanAbsolute>::adjust(&mut plateau, &epoch, &mut settings);
            let rate = settings.learning_rate.at(0);
            // Keras keeps rates as `f32`.
            assert!((rate - expected).abs() < 1e-6 * expected, "epoch {}: {rate}, not {expected}", index + 1);
        }
    }
}

#[test]
fn a_reduced_rate_scales_a_schedule() {
    let schedule = Schedule::Cosine { peak: 0.1, warm_up: 2, steps: 8 };
    let mut trainer = LineTrainer::new(Sgd::default().schedule(schedule), 1);
    let (x, y) = line(4);
    // No epoch improves by 1000.
    let mut plateau = ReduceLrOnPlateau::new(0.5, 2).min_delta(1000.0);
    trainer.fit_with(&x, &y, Fit::epochs(3), &mut plateau).unwrap();
    assert_eq!(trainer.optimizer().settings.learning_rate, Schedule::Cosine { peak: 0.05, warm_up: 2, steps: 8 });
}

#[test]
fn a_closure_sets_the_rate_of_each_epoch() {
    let (x, y) = line(9);
    let (mut scheduled, mut by_hand) = (trainer(), trainer());
    let mut seen = Vec::new();
    let schedule = LearningRateScheduler(|epoch, rate| {
        seen.push((epoch, rate));
        rate * 0.5
    });
    scheduled.fit_with(&x, &y, Fit::epochs(3), schedule).unwrap();
    assert_eq!(seen, [(1, 0.05), (2, 0.025), (3, 0.0125)]);
    for (epoch, rate) in [0.025, 0.0125, 0.00625].into_iter().enumerate() {
        by_hand.optimizer_mut().settings.learning_rate = Schedule::Constant(rate);
        by_hand.fit(&x, &y, Fit::epochs(epoch + 1).from_epoch(epoch)).unwrap();
    }
    assert_eq!(bits(scheduled.network()), bits(by_hand.network()));
}

#[test]
fn invalid_settings_from_a_callback_are_errors() {
    let (x, y) = line(4);
    let mut trainer = trainer();
    let error =
        trainer.fit_with(&x, &y, Fit::epochs(3), LearningRateScheduler(|epoch, rate| rate - epoch as f64 * 0.02));
    assert!(matches!(error, Err(TrainError::Settings(what)) if what.contains("learning rate")), "{error:?}");
    // 0.03, then −0.01: one epoch was trained.
    assert_eq!(trainer.state().steps, 1);
    // The last valid rate stays.
    assert!((trainer.optimizer().settings.learning_rate.peak() - 0.03).abs() < 1e-12);
    trainer.step(&x, &y).unwrap();
    for bad in [f64::NAN, f64::INFINITY, 1e39] {
        let error = trainer.fit_with(&x, &y, Fit::epochs(1), LearningRateScheduler(|_, _| bad)).unwrap_err();
        assert!(matches!(error, TrainError::Settings(what) if what.contains("learning rate")), "{error}");
        trainer.step(&x, &y).unwrap();
    }
}

/// Sets an invalid rate after the last epoch.
struct Adjusts;

impl<N: Layer, M> Callback<N, M> for Adjusts {
    fn after_epoch(&mut self, _: &Epoch<M>, _: &mut N) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn adjust(&mut self, _: &Epoch<M>, settings: &mut Settings) {
        settings.learning_rate = Schedule::Constant(f64::NAN);
    }
}

#[test]
fn invalid_settings_after_the_last_epoch_are_errors() {
    let ((x, y), mut trainer) = (line(4), trainer());
    let error = trainer.fit_with(&x, &y, Fit::epochs(1), Adjusts).unwrap_err();
    assert!(matches!(error, TrainError::Settings(what) if what.contains("learning rate")), "{error}");
    trainer.step(&x, &y).unwrap();
}

#[test]
fn an_optimizer_can_be_changed_between_steps() {
    let (x, y) = line(4);
    let mut changed = LineTrainer::new(Sgd::new(0.0), 1);
    changed.step(&x, &y).unwrap();
    *changed.optimizer_mut() = Sgd::new(0.05).clip(Clip::Value(0.01));
    let mut other = LineTrainer::new(Sgd::new(0.05).clip(Clip::Value(0.01)), 1);
    assert_eq!(changed.step(&x, &y), other.step(&x, &y));
    assert_eq!(bits(changed.network()), bits(other.network()));
    changed.optimizer_mut().settings.learning_rate = Schedule::Constant(3e38);
    assert!(matches!(changed.step(&x, &y), Err(TrainError::Diverged { .. })));
    changed.optimizer_mut().settings.weight_decay = f64::NAN;
    assert!(matches!(changed.step(&x, &y), Err(TrainError::Settings(_))));
}

/// Sets the inputs to 0, so that the kernel has no gradient.
struct Nothing;

impl Augmentation<[f32; 1]> for Nothing {
    fn apply(&self, sample: &mut [f32; 1], _: &mut Rng) {
        *sample = [0.0];
    }
}

#[test]
fn augmentation_changes_the_samples_of_training_and_no_others() {
    let (x, y) = line(10);
    for shuffle in [true, false] {
        let mut trainer = trainer();
        let before = trainer.network().clone();
        let fit = Fit::epochs(2).shuffle(shuffle).validation(&x, &y);
        let mut history = History::default();
        let last = trainer.fit_with(&x, &y, fit, (&mut history, Augment((Nothing, Nothing)))).unwrap();
        assert_eq!(trainer.network().kernel, before.kernel);
        assert_ne!(trainer.network().bias, before.bias);
        assert_eq!(last.validation.unwrap(), trainer.evaluate(&x, &y).unwrap());
        let zeros = trainer.evaluate(&[[0.0]; 10], &y[..]).unwrap();
        assert_ne!(last.validation.unwrap().loss, zeros.loss);
        // Noise of deviation 0 changes no sample.
        let (mut same, mut plain) = (self::trainer(), self::trainer());
        let first = same.fit_with(&x, &y, Fit::epochs(1).shuffle(shuffle), Augment(Noise(0.0))).unwrap();
        assert_eq!(first, plain.fit(&x, &y, Fit::epochs(1).shuffle(shuffle)).unwrap());
        // The training set stays as it is: without augmentation, the kernel is trained.
        trainer.fit(&x, &y, Fit::epochs(1).shuffle(shuffle)).unwrap();
        assert_ne!(trainer.network().kernel, before.kernel);
    }
}

#[test]
fn the_seed_of_the_trainer_determines_the_augmentation_of_resumed_runs_too() {
    let (x, y) = line(10);
    let augment = Augment(Noise(0.1));
    let run = |seed| {
        let mut trainer = LineTrainer::new(Sgd::new(0.05), seed);
        *trainer.network_mut() = Line::zeroed();
        let last = trainer.fit_with(&x, &y, Fit::epochs(4).shuffle(false), augment).unwrap();
        (bits(trainer.network()), last.training.loss)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));

    let mut whole = trainer();
    whole.fit_with(&x, &y, Fit::epochs(4), augment).unwrap();
    let (mut first, mut second) = (trainer(), LineTrainer::new(Sgd::new(0.05), 7));
    first.fit_with(&x, &y, Fit::epochs(2), augment).unwrap();
    let (from, to) = (first.state(), second.state_mut());
    *to.network = from.network.clone();
    (*to.rng, *to.steps) = (from.rng.clone(), from.steps);
    second.fit_with(&x, &y, Fit::epochs(4).from_epoch(2), augment).unwrap();
    assert_eq!(bits(second.network()), bits(whole.network()));
}
