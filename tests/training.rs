//! Training from the user's point of view: memory, errors, reproducibility, size.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use common::{at_every_level, bits};
use shiplap::{
    data::augment::{Augment, Augmentation, Brightness, Crop, CutOut, Flip, Noise, Rotate, Shift},
    kernel::Real,
    metric::{ConfusionMatrix, F1, Precision, Recall},
    optim::{Accumulate, AmsGrad, Averaged, Clip, Nadam, Settings},
    prelude::*,
    regularize::Penalty,
    train::Data,
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the allocations and frees of this thread.
struct Counting;

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        CALLS.set(CALLS.get() + 1);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Net = (Dense<4, 16, Gelu>, Dropout<16, 20>, Dense<16, 3, Softmax>);
type Classifier = Trainer<Net, SparseCategoricalCrossentropy, AdamW, 16>;

fn data() -> (Vec<[f32; 4]>, Vec<usize>) {
    let mut rng = Rng::new(8);
    let x: Vec<[f32; 4]> = (0..100).map(|_| std::array::from_fn(|_| rng.normal() as f32)).collect();
    let y = x.iter().map(|row| if row[0] > 0.5 { 2 } else { usize::from(row[1] > row[2]) }).collect();
    (x, y)
}

#[test]
fn nothing_is_allocated() {
    let (x, y) = data();
    let mut trainer = Classifier::new(AdamW::default(), 1);
    let before = CALLS.get();
    for _ in 0..3 {
        trainer.step(&x[..16], &y[..16]).unwrap();
    }
    trainer.fit(&x, &y, Fit::epochs(2).validation(&x, &y)).unwrap();
    let mut best = Net::zeroed();
    trainer.fit_with(&x, &y, Fit::epochs(2), EarlyStopping::new(1, &mut best)).unwrap();
    let mut predictions = [[0.0; 3]; 20];
    trainer.network().predict_batch(&x[..20], &mut predictions).unwrap();
    let report = trainer.evaluate(&x, &y).unwrap();
    let prediction = trainer.predict(&x[0]);
    assert_eq!(CALLS.get() - before, 0);
    assert!(report.loss.is_finite() && (prediction.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    drop(vec![1]);
    assert_eq!(CALLS.get() - before, 2, "the counter counts");
}

#[test]
fn streams_do_not_allocate() {
    #[network(input = [[f32; 4]; 20])]
    type Net = (Conv1d<_, 8, 3, Relu, Causal<2>>, Lstm<_, 9, AllStates>, MaxPool1d<_, 2>, Flatten<_>, Dense<_, 2>);
    let (network, mut stream) = (Net::new(1), Stream::<Net>::new());
    let before = CALLS.get();
    let outputs = (0..40).filter(|step| stream.push(&network, &[*step as f32; 4]).is_some()).count();
    stream.reset();
    assert_eq!(CALLS.get() - before, 0);
    assert_eq!(outputs, 6);
}

#[test]
fn states_are_kept_without_allocation() {
    #[network(input = [[f32; 4]; 5])]
    type Net = (Lstm<_, 9, Stateful<AllStates>>, Gru<_, 3, Stateful>, Dense<_, 2>);
    let x = [[[0.5f32; 4]; 5]; 6];
    let y = [[1.0f32, 0.0]; 6];
    let mut trainer = Trainer::<Net, MeanSquaredError, Adam, 2>::boxed(Adam::new(0.01), 1);
    let before = CALLS.get();
    trainer.fit(&x, &y, Fit::epochs(3).shuffle(false)).unwrap();
    trainer.step(&x[..2], &y[..2]).unwrap();
    trainer.reset_states();
    assert_eq!(CALLS.get() - before, 0);
}

#[test]
fn attention_does_not_allocate() {
    #[network(input = [f32; 8])]
    type Decoder = (
        (Embedding<_, 9, 8>, LearnedPositions<_>, SinusoidalPositions<_>),
        TransformerBlock<_, 2, 12, Causal, Rotary>,
        (RmsNorm<_>, Conv1d<_, 9, 1, Softmax>),
    );
    let x: [[f32; 8]; 6] = std::array::from_fn(|row| std::array::from_fn(|step| ((row + step) % 9) as f32));
    let y = x.map(|row| row.map(|number| (number as usize + 1) % 9));
    let mut trainer = Trainer::<Decoder, SparseCategoricalCrossentropy, Adam, 4>::boxed(Adam::new(0.01), 1);
    let before = CALLS.get();
    trainer.fit(&x, &y, Fit::epochs(50).validation(&x, &y)).unwrap();
    let report = trainer.evaluate(&x, &y).unwrap();
    let prediction = trainer.predict(&x[0]);
    assert_eq!(CALLS.get() - before, 0);
    assert!(report.metrics.value() > 0.95 && prediction[7][(x[0][7] as usize + 1) % 9] > 0.5, "{report:?}");
}

#[test]
fn augmentation_does_not_allocate() {
    let mut images = [[[[0.5f32; 3]; 16]; 16]; 8];
    let all = (Flip::BOTH, Shift::by(2), Crop(0.8), Rotate(15.0), CutOut::square(4), Brightness(0.1), Noise(0.1));
    let mut rng = Rng::new(1);
    let before = CALLS.get();
    all.augment(&mut images, &mut rng).unwrap();
    assert_eq!(CALLS.get() - before, 0);

    let (x, y) = data();
    let mut trainer = Classifier::new(AdamW::default(), 1);
    let before = CALLS.get();
    trainer.fit_with(&x, &y, Fit::epochs(2), Augment(Noise(0.1))).unwrap();
    assert_eq!(CALLS.get() - before, 0);
}

#[test]
fn training_converges_and_is_reproducible_bit_for_bit() {
    let (x, y) = data();
    let run = |seed| {
        let mut trainer = Classifier::new(AdamW::new(0.02), seed);
        let epoch = trainer.fit(&x, &y, Fit::epochs(60)).unwrap();
        assert_eq!(epoch.epoch, 60);
        let report = trainer.evaluate(&x, &y).unwrap();
        assert!(report.metrics.value() > 0.9, "{report:?}");
        (bits(trainer.network()), report.loss.to_bits())
    };
    at_every_level(|_| {
        assert_eq!(run(3), run(3));
        assert_ne!(run(3), run(4));
    });
}

#[test]
fn twelve_megabytes_in_a_test_thread() {
    type Large = (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10, Softmax>);
    type LargeTrainer = Trainer<Large, SparseCategoricalCrossentropy, Adam, 128>;
    let mut trainer = LargeTrainer::boxed(Adam::new(1e-5), 1);
    assert_eq!(bits(trainer.network()), bits(&*Large::boxed(1)));
    let x = vec![[0.5f32; 784]; 128];
    let y: Vec<usize> = (0..128).map(|row| row % 10).collect();
    let first = trainer.step(&x, &y).unwrap();
    assert!(trainer.step(&x, &y).unwrap() < first);
    assert!(trainer.evaluate(&x[..20], &y[..20]).unwrap().loss.is_finite());
    let mut best = Large::zeroed_box();
    trainer.fit_with(&x, &y, Fit::epochs(1), EarlyStopping::new(1, &mut *best)).unwrap();
    assert_eq!(bits(trainer.network()), bits(&*best));
}

#[test]
fn invalid_data_are_errors_and_leave_the_network_unchanged() {
    let (mut x, y) = data();
    let mut trainer = Classifier::new(AdamW::default(), 1);
    let before = trainer.network().0.kernel;
    let empty = TrainError::Empty { data: Data::Given };
    assert_eq!(trainer.fit(&[] as &[[f32; 4]], &[] as &[usize], Fit::epochs(1)).unwrap_err(), empty);
    assert_eq!(trainer.step(&[] as &[[f32; 4]], &[] as &[usize]).unwrap_err(), empty);
    let lengths = TrainError::Lengths { data: Data::Given, inputs: 100, labels: 99 };
    assert_eq!(trainer.fit(&x, &y[1..], Fit::epochs(1)).unwrap_err(), lengths);
    assert_eq!(trainer.step(&x[..17], &y[..17]).unwrap_err(), TrainError::BatchTooLarge { rows: 17, batch: 16 });
    let error = trainer.step(&x[..2], &[0, 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the label of sample 1 is 3: this loss takes class numbers from 0 to 2, as the network has 3 outputs"
    );
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        x[7][2] = bad;
        let error = TrainError::Input { data: Data::Given, sample: 7 };
        assert_eq!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err(), error);
        assert_eq!(trainer.step(&x[..16], &y[..16]).unwrap_err(), error);
        assert_eq!(trainer.evaluate(&x, &y).unwrap_err(), error);
    }
    assert_eq!(trainer.network().0.kernel, before);
}

#[test]
fn divergence_is_an_error_and_leaves_the_network_unchanged() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(1e30), 1);
    let (x, y) = ([[1.0f32], [3.0]], [[2.0f32], [-4.0]]);
    let mut before = trainer.network().clone();
    for step in 0.. {
        match trainer.step(&x, &y) {
            Ok(_) => before = trainer.network().clone(),
            Err(error) => {
                assert_eq!(error, TrainError::Diverged { epoch: None, step });
                break;
            }
        }
    }
    assert_eq!((trainer.network().kernel, trainer.network().bias), (before.kernel, before.bias));
}

type Line = Dense<1, 1, Linear>;

#[test]
fn a_step_that_would_overflow_is_an_error_and_leaves_the_network_unchanged() {
    fn overflows<O: Optimizer>(optimizer: O) {
        let mut trainer = Trainer::<Line, MeanSquaredError, O, 2>::new(optimizer, 1);
        let before = bits(trainer.network());
        let error = trainer.step(&[[1.0f32], [3.0]], &[[2.0], [-4.0]]).unwrap_err();
        assert_eq!(error, TrainError::Diverged { epoch: None, step: 0 });
        let text = "training diverged in step 0: the loss, the gradient or a weight is no longer finite, and the network was \
                    left unchanged: lower the learning rate, or clip gradients";
        assert_eq!(error.to_string(), text);
        assert_eq!(bits(trainer.network()), before);
    }
    for rate in [1e38, 3e38, f64::from(f32::MAX)] {
        overflows(Sgd::new(rate));
        overflows(Momentum::new(rate).nesterov());
        overflows(Adam::new(rate));
        overflows(AdamW::new(rate));
        overflows(RmsProp::new(rate));
        overflows(Adagrad::new(rate));
    }
    overflows(Sgd::new(1e3).weight_decay(3e38));
    overflows(InPlace(Sgd::new(1e38)));
    overflows(InPlace(Adam::new(1e38)));
    // The same numbers are well within the range of `f64`.
    type Double = Dense<1, 1, Linear, f64>;
    let mut trainer = Trainer::<Double, MeanSquaredError, Sgd, 1>::new(Sgd::new(1e38), 1);
    trainer.step(&[[1.0]], &[[2.0]]).unwrap();
    assert!(trainer.network().kernel[0][0].abs() > 1e37);
}

#[test]
fn weights_changed_between_steps_are_measured_again() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Momentum, 1>::new(Momentum::new(1e-3), 1);
    trainer.step(&[[0.0f32]], &[[1.0]]).unwrap();
    let diverged = |step| Err(TrainError::Diverged { epoch: None, step });
    for bad in [f32::INFINITY, f32::NAN, f32::MAX] {
        trainer.network_mut().kernel = [[bad]];
        assert_eq!(trainer.step(&[[0.0]], &[[1.0]]), diverged(1));
    }
    trainer.network_mut().kernel = [[0.5]];
    trainer.step(&[[0.0]], &[[1.0]]).unwrap();
    trainer.state_mut().optimizer_state[0].bias = [f32::NAN];
    assert_eq!(trainer.step(&[[0.0]], &[[1.0]]), diverged(2));
}

/// A step function, behind which neither NaN nor infinity shows.
#[derive(Clone, Copy, Debug)]
struct Step;

impl Elementwise for Step {
    type Saves = SaveNothing;
    const NAME: &'static str = "Step";

    fn value<V: Real>(x: V) -> V {
        x.if_gt(V::splat(0.0), V::splat(1.0), V::splat(0.0))
    }

    fn derivative<V: Real>(_: V, _: V) -> V {
        V::splat(0.0)
    }
}

#[test]
fn a_step_refuses_inputs_that_a_fit_refuses() {
    fn refused<N: Network<Input = [f32; 1], Output = [f32; 1], Element = f32, Head = Linear>>() {
        let mut trainer = Trainer::<N, MeanSquaredError, Momentum, 2>::new(Momentum::default(), 1);
        let before = (bits(trainer.network()), trainer.state().steps);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (x, y) = ([[1.0], [bad]], [[2.0]; 2]);
            let error = trainer.step(&x, &y).unwrap_err();
            assert_eq!(error, TrainError::Input { data: Data::Given, sample: 1 });
            assert_eq!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err(), error);
            assert_eq!((bits(trainer.network()), trainer.state().steps), before);
        }
        trainer.step(&[[1.0]], &[[2.0]]).unwrap();
    }
    refused::<(Frozen<Dense<1, 3, Step>>, Dense<3, 1, Linear>)>();
    refused::<(OneHot<1, 0, 3, 3>, Dense<3, 1, Linear>)>();
    refused::<(Dense<1, 3, Step>, Dense<3, 1, Linear>)>();
    refused::<(Dense<1, 3, Relu>, Dense<3, 1, Linear>)>();
    // A missing value is not NaN, but infinity is infinity.
    type Filled = (Impute<1>, Dense<1, 3, Step>, Dense<3, 1, Linear>);
    let mut trainer = Trainer::<Filled, MeanSquaredError, Sgd, 1>::new(Sgd::default(), 1);
    trainer.step(&[[f32::NAN]], &[[2.0]]).unwrap();
    let error = trainer.step(&[[f32::INFINITY]], &[[2.0]]);
    assert_eq!(error, Err(TrainError::Input { data: Data::Given, sample: 0 }));
}

/// Without an error or NaN, and without a panic where overflow is checked.
#[test]
fn the_number_of_steps_does_not_overflow() {
    fn far<O: Optimizer>(optimizer: O) {
        let mut trainer = Trainer::<Line, MeanSquaredError, O, 1>::new(optimizer, 1);
        *trainer.state_mut().steps = u64::MAX;
        for _ in 0..3 {
            trainer.step(&[[1.0f32]], &[[2.0]]).unwrap();
        }
        assert!(trainer.network().kernel[0][0].is_finite());
        assert_eq!(trainer.state().steps, u64::MAX);
    }
    far(Adam::default());
    far(Nadam::default());
    far(AmsGrad::default());
    far(Averaged::new(Sgd::default(), 0.9).overwrite_every(3));
    far(Accumulate::new(Sgd::default(), 2));
    far(Sgd::default().schedule(Schedule::Cosine { peak: 0.1, warm_up: u64::MAX, steps: u64::MAX }));
    far(Sgd::default().schedule(Schedule::Step { initial: 0.1, every: 1, factor: 0.9 }));
}

#[test]
fn settings_out_of_range_are_errors_that_name_them() {
    fn refused<O: Optimizer>(name: &str, optimizer: O) {
        let mut trainer = Trainer::<Line, MeanSquaredError, O, 1>::new(optimizer, 1);
        let before = bits(trainer.network());
        let (x, y) = ([[1.0f32]], [[2.0f32]]);
        let error = trainer.step(&x, &y).unwrap_err();
        assert!(matches!(error, TrainError::Settings(_)) && error.to_string().contains(name), "{name}: {error}");
        assert_eq!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err(), error);
        assert_eq!(bits(trainer.network()), before);
    }
    // A schedule of no steps.
    let sgd = Sgd::default();
    refused("`every`", sgd.schedule(Schedule::Step { initial: 0.1, every: 0, factor: 0.5 }));
    refused("`every`", sgd.schedule(Schedule::Exponential { initial: 0.1, every: 0, factor: 0.5 }));
    refused("`steps`", sgd.schedule(Schedule::Cosine { peak: 0.1, warm_up: 10, steps: 0 }));
    refused("`steps`", InPlace(Accumulate::new(sgd, 1).schedule(Schedule::Cosine { peak: 0.1, warm_up: 0, steps: 0 })));
    for bad in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e39] {
        refused("learning rate", Sgd::new(bad));
        refused("learning rate", Momentum::new(bad));
        refused("learning rate", Adam::new(bad));
        refused("learning rate", AdamW::new(bad));
        refused("learning rate", RmsProp::new(bad));
        refused("learning rate", Adagrad::new(bad));
        refused("learning rate", Sgd::default().schedule(Schedule::Cosine { peak: bad, warm_up: 1, steps: 9 }));
        refused("learning rate", Sgd::default().schedule(Schedule::Step { initial: bad, every: 1, factor: 1.0 }));
        refused("clipped", Sgd::default().clip(Clip::Norm(bad)));
        refused("clipped", Sgd::default().clip(Clip::Value(bad)));
        refused("weight decay", Adam::default().weight_decay(bad));
        refused("penalties", Sgd::default().penalty(Penalty::l1(bad)));
        refused("penalties", Sgd::default().penalty(Penalty::l2(bad)));
        refused("`momentum`", Momentum { momentum: bad, ..Momentum::default() });
        refused("`beta1`", Adam { beta1: bad, ..Adam::default() });
        refused("`beta2`", AdamW(Adam { beta2: bad, ..Adam::default() }));
        refused("`rho`", RmsProp { rho: bad, ..RmsProp::default() });
        refused("`initial`", Adagrad { initial: bad, ..Adagrad::default() });
        refused("`epsilon`", Adam { epsilon: bad, ..Adam::default() });
        refused("`epsilon`", RmsProp { epsilon: bad, ..RmsProp::default() });
        refused("`epsilon`", Adagrad { epsilon: bad, ..Adagrad::default() });
        let mut settings = Settings::new(0.1);
        settings.weight_decay = bad;
        assert!(settings.check().is_err());
    }
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        refused("factor", Sgd::default().schedule(Schedule::Step { initial: 1.0, every: 1, factor: bad }));
        refused("factor", Sgd::default().schedule(Schedule::Exponential { initial: 1.0, every: 1, factor: bad }));
    }
    for share in [1.0, 1.5] {
        refused("`momentum`", Momentum { momentum: share, ..Momentum::default() });
        refused("`beta1`", Adam { beta1: share, ..Adam::default() });
        refused("`rho`", RmsProp { rho: share, ..RmsProp::default() });
    }
    refused("clipped", Sgd::default().clip(Clip::Norm(0.0)));
    refused("clipped", Sgd::default().clip(Clip::Value(1e-46)));
    refused("by value", InPlace(Sgd::default()).clip(Clip::Norm(1.0)));
    refused("`epsilon`", Adam { epsilon: 0.0, ..Adam::default() });
    let error =
        Trainer::<Line, MeanSquaredError, Sgd, 1>::new(Sgd::new(-0.1), 1).step(&[[1.0f32]], &[[1.0]]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the learning rate must be finite and at least 0 as `f32`: change it before training"
    );
}

#[test]
fn divergence_in_a_fit_names_the_epoch() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(1e12), 1);
    let (x, y) = ([[1.0f32], [3.0]], [[2.0f32], [-4.0]]);
    let error = trainer.fit(&x, &y, Fit::epochs(9)).unwrap_err();
    let TrainError::Diverged { epoch: Some(epoch), step } = error else { panic!("{error}") };
    assert_eq!(epoch as u64, step + 1, "one step an epoch");
    assert!(epoch > 1 && error.to_string().contains(&format!("in epoch {epoch}, step {step}:")), "{error}");
    assert!(trainer.network().kernel[0][0].is_finite());
}

#[test]
fn evaluation_names_the_sample_whose_output_is_not_finite() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
    (trainer.network_mut().kernel, trainer.network_mut().bias) = ([[1e30]], [0.0]);
    let (mut x, y) = ([[0.0f32]; 70], [[0.0f32]; 70]);
    (x[66], x[68]) = ([1e20], [1e20]);
    let error = trainer.evaluate(&x, &y).unwrap_err();
    assert_eq!(error, TrainError::Output { data: Data::Given, sample: 66 });
    let text = "the network's output for sample 66, or its loss, is NaN or infinite: check the network's weights and the \
                scale of that sample";
    assert_eq!(error.to_string(), text);
    // A loss that `f32` cannot represent, but `f64` can.
    (trainer.network_mut().kernel, x) = ([[1.0]], [[1e30]; 70]);
    assert!((trainer.evaluate(&x, &y).unwrap().loss / 1e60 - 1.0).abs() < 1e-6);
    // Each loss is finite, but their sum in `f64` is not: the error names the largest.
    let mut trainer = Trainer::<Dense<1, 1, Linear, f64>, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
    trainer.network_mut().kernel = [[1.0]];
    let (mut x, y) = ([[1.2e154]; 70], [[0.0]; 70]);
    x[31] = [1.3e154];
    assert_eq!(trainer.evaluate(&x, &y).unwrap_err(), TrainError::Output { data: Data::Given, sample: 31 });
}

#[test]
fn errors_in_validation_data_say_so() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(1e-3), 1);
    trainer.network_mut().kernel = [[2.0]];
    let (x, y) = ([[1.0f32], [3.0]], [[2.0f32], [-4.0]]);
    let mut text = |x_val: &[[f32; 1]], y_val: &[[f32; 1]]| {
        trainer.fit(&x, &y, Fit::epochs(1).validation(x_val, y_val)).unwrap_err().to_string()
    };
    assert_eq!(text(&[], &[]), "there are no validation samples: pass at least one");
    assert_eq!(text(&x, &y[1..]), "2 validation inputs, but 1 labels: pass one label for each input");
    assert!(text(&[[0.0], [f32::NAN]], &y).starts_with("the input of validation sample 1 is NaN or infinite"));
    let nan = "the label of validation sample 1 holds NaN: this loss takes finite numbers";
    assert_eq!(text(&x, &[[0.0], [f32::NAN]]), nan);
    assert!(text(&[[0.0], [3e38]], &y).starts_with("the network's output for validation sample 1, or its loss"));
}

#[test]
fn invalid_labels_are_shown() {
    type Two = Dense<1, 2, Softmax>;
    let mut trainer = Trainer::<Two, CategoricalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
    let mut text = |label| trainer.step(&[[1.0f32]], &[label]).unwrap_err().to_string();
    let expected = "this loss takes probabilities from 0 to 1 that add up to 1";
    assert_eq!(text([0.5, 0.25]), format!("the label of sample 0 adds up to 0.75: {expected}"));
    assert_eq!(text([1.5, -0.5]), format!("the label of sample 0 holds 1.5: {expected}"));
    let mut trainer = Trainer::<Dense<1, 10, Softmax>, SparseCategoricalCrossentropy, Sgd, 1>::new(Sgd::default(), 1);
    let error = trainer.step(&[[1.0f32]], &[10]).unwrap_err();
    let text = "the label of sample 0 is 10: this loss takes class numbers from 0 to 9, as the network has 10 outputs";
    assert_eq!(error.to_string(), text);
}

#[test]
fn no_epoch_to_train_is_an_error() {
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(0.1), 1);
    let mut fit = |fit| trainer.fit(&[[1.0f32]], &[[2.0f32]], fit).unwrap_err();
    assert_eq!(fit(Fit::epochs(0)), TrainError::NoEpochs { epochs: 0, done: 0 });
    let error = fit(Fit::epochs(5).from_epoch(5));
    assert_eq!(error.to_string(), "there are no epochs to train: 5 of 5 are done: request more");
}

#[test]
fn cross_entropies_are_finite_at_huge_logits() {
    let mut trainer = Trainer::<Dense<1, 1, Sigmoid>, BinaryCrossentropy, Sgd, 2>::new(Sgd::new(0.0), 1);
    trainer.network_mut().kernel = [[1.0]];
    let loss = trainer.step(&[[1e4f32], [-1e4]], &[[0.0], [1.0]]).unwrap();
    assert!((loss - 1e4).abs() < 1.0, "{loss}");
    let mut trainer = Trainer::<Dense<1, 2, Softmax>, SparseCategoricalCrossentropy, Sgd, 1>::new(Sgd::new(0.0), 1);
    trainer.network_mut().kernel = [[1.0, -1.0]];
    assert!((trainer.step(&[[1e4f32]], &[1]).unwrap() - 2e4).abs() < 2.0);
}

#[test]
fn metrics_can_be_chosen() {
    type Metrics = (Accuracy, Precision, Recall, F1, ConfusionMatrix<2>);
    type Unit = Trainer<Dense<1, 1, Sigmoid>, BinaryCrossentropy, Sgd, 4, Metrics>;
    let mut unit = Unit::new(Sgd::default(), 1);
    unit.network_mut().kernel = [[1.0]];
    let report = unit.evaluate(&[[1.0f32], [2.0], [-1.0], [3.0]], &[[1.0], [0.0], [1.0], [1.0]]).unwrap();
    let (accuracy, precision, recall, f1, confusion) = report.metrics;
    assert_eq!((accuracy.value(), precision.value(), recall.value()), (0.5, 2.0 / 3.0, 2.0 / 3.0));
    assert!((f1.value() - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!(confusion.counts, [[0, 1], [1, 2]]);
}

/// With batches, penalties, decay and clipping, steps in place are the same except for rounding.
#[test]
fn steps_in_place_equal_those_of_the_optimizer() {
    type Net = (Regularized<Dense<3, 70, Tanh>, L1<1, -2>>, Dropout<70, 30>, Dense<70, 1, Linear>);
    fn compare<O: Optimizer>(optimizer: O) {
        let mut rng = Rng::new(4);
        let x: [[f32; 3]; 21] = std::array::from_fn(|_| std::array::from_fn(|_| rng.normal() as f32));
        let y = x.map(|[a, b, c]| [a * b - c]);
        let mut usual = Trainer::<Net, MeanSquaredError, O, 8>::new(optimizer, 1);
        let mut in_place = Trainer::<Net, MeanSquaredError, InPlace<O>, 8>::new(InPlace(optimizer), 1);
        let usual_loss = usual.fit(&x, &y, Fit::epochs(4)).unwrap().training.loss;
        let loss = in_place.fit(&x, &y, Fit::epochs(4)).unwrap().training.loss;
        assert!((loss - usual_loss).abs() < 1e-5 * usual_loss, "{loss} {usual_loss}");
        let pairs =
            usual.network().0.layer.kernel.as_flattened().iter().zip(in_place.network().0.layer.kernel.as_flattened());
        pairs.for_each(|(a, b)| assert!((a - b).abs() < 1e-5, "{a} {b}"));
    }
    let penalty = Penalty { l1: 1e-3, l2: 1e-2 };
    compare(Sgd::new(0.05).penalty(penalty).clip(Clip::Value(0.02)));
    compare(Momentum::new(0.01).nesterov().weight_decay(1e-2));
    compare(Adam::new(0.01).penalty(penalty));
    compare(Adagrad::new(0.01));
    compare(RmsProp::new(0.001));
}

type Features = (Dense<3, 6, Gelu>, Dropout<6, 50>, Dense<6, 4, Tanh>);
type Tuned = (Standardize<3>, Frozen<Features>, Dense<4, 1, Linear>);
type Head = Dense<4, 1, Linear>;

// A frozen layer has no gradient, no optimizer state and no tape.
const_assert!(
    size_of::<<Tuned as Parameters>::Trainable>() == size_of::<Head>()
        && size_of::<<Frozen<Features> as Layer>::Tape<8>>() == 0
        && Tuned::PARAMS == Head::PARAMS
);

#[test]
fn frozen_layers_do_not_change() {
    let x = [[1.0f32, 2.0, 3.0], [2.0, 3.0, 1.0], [0.5, 1.0, -2.0]];
    let y = [[1.0f32], [2.0], [0.0]];
    let mut trainer = Trainer::<Tuned, MeanSquaredError, Adam, 8>::new(Adam::new(0.05).weight_decay(0.1), 1);
    let features = trainer.network().1.clone();
    trainer.fit(&x, &y, Fit::epochs(300)).unwrap();
    assert!(trainer.evaluate(&x, &y).unwrap().loss < 0.05);
    assert_eq!(bits(&trainer.network().1), bits(&features));
    // The last layer is trained as if it were a network on the features: dropout in the features is inactive.
    let outputs = x.map(|x| features.predict(&trainer.network().0.predict(&x)));
    let mut alone = Trainer::<Head, MeanSquaredError, Adam, 8>::new(Adam::new(0.05).weight_decay(0.1), 1);
    let mut fresh = Trainer::<Tuned, MeanSquaredError, Adam, 8>::new(Adam::new(0.05).weight_decay(0.1), 1);
    fresh.network_mut().1 = features;
    *alone.network_mut() = fresh.network().2.clone();
    for _ in 0..20 {
        let (a, b) = (alone.step(&outputs, &y).unwrap(), fresh.step(&x, &y).unwrap());
        assert!((a - b).abs() < 1e-5 * a, "{a} {b}");
    }
}
