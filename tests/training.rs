//! Training as a user meets it: memory, errors, repeatability, size.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

use common::{at_every_level, bits};
use shiplap::{
    metric::{ConfusionMatrix, F1, Precision, Recall},
    prelude::*,
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Counts what this thread allocates and frees.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged.
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
    let mut best = trainer.network().clone();
    let stopping = EarlyStopping::new(1, &mut best);
    trainer.fit_with(&x, &y, Fit::epochs(3).validation(&x, &y), stopping).unwrap();
    let report = trainer.evaluate(&x, &y).unwrap();
    let prediction = trainer.predict(&x[0]);
    let mut predictions = [[0.0; 3]; 20];
    trainer.network().predict_batch(&x[..20], &mut predictions);
    assert_eq!(CALLS.get() - before, 0);
    assert!(report.loss.is_finite() && (prediction.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    drop(vec![1]);
    assert_eq!(CALLS.get() - before, 2, "the counter counts");
}

#[test]
fn trainers_can_move_to_and_be_shared_with_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Classifier>();
    shared::<(Epoch<ConfusionMatrix<3>>, History<Accuracy>, EarlyStopping<'_, Net>)>();
}

#[test]
fn learns_and_repeats_itself_bit_by_bit() {
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
    let x = vec![[0.5f32; 784]; 128];
    let y: Vec<usize> = (0..128).map(|row| row % 10).collect();
    let first = trainer.step(&x, &y).unwrap();
    assert!(trainer.step(&x, &y).unwrap() < first);
    assert!(trainer.evaluate(&x[..20], &y[..20]).unwrap().loss.is_finite());
}

#[test]
fn bad_data_is_refused_and_the_network_left_alone() {
    let (mut x, y) = data();
    let mut trainer = Classifier::new(AdamW::default(), 1);
    let before = trainer.network().0.kernel;
    assert_eq!(trainer.fit(&[] as &[[f32; 4]], &[] as &[usize], Fit::epochs(1)).unwrap_err(), TrainError::Empty);
    assert_eq!(trainer.step(&[] as &[[f32; 4]], &[] as &[usize]).unwrap_err(), TrainError::Empty);
    let lengths = TrainError::Lengths { inputs: 100, labels: 99 };
    assert_eq!(trainer.fit(&x, &y[1..], Fit::epochs(1)).unwrap_err(), lengths);
    assert_eq!(trainer.step(&x[..17], &y[..17]).unwrap_err(), TrainError::BatchTooLarge { rows: 17, batch: 16 });
    let error = trainer.step(&x[..2], &[0, 3]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the label of sample 1 is out of range: this loss takes class numbers below the number of outputs"
    );
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        x[7][2] = bad;
        assert_eq!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap_err(), TrainError::Input { sample: 7 });
        assert_eq!(trainer.step(&x[..16], &y[..16]).unwrap_err(), TrainError::Input { sample: 7 });
        assert_eq!(trainer.evaluate(&x, &y).unwrap_err(), TrainError::Input { sample: 7 });
    }
    assert_eq!(trainer.network().0.kernel, before);
}

#[test]
fn divergence_is_an_error_and_the_network_left_alone() {
    type Line = Dense<1, 1, Linear>;
    let mut trainer = Trainer::<Line, MeanSquaredError, Sgd, 2>::new(Sgd::new(1e30), 1);
    let (x, y) = ([[1.0f32], [3.0]], [[2.0f32], [-4.0]]);
    let mut before = trainer.network().clone();
    for step in 0.. {
        match trainer.step(&x, &y) {
            Ok(_) => before = trainer.network().clone(),
            Err(error) => {
                assert_eq!(error, TrainError::Diverged { step });
                break;
            }
        }
    }
    assert_eq!((trainer.network().kernel, trainer.network().bias), (before.kernel, before.bias));
}

#[test]
fn cross_entropies_hold_at_huge_logits() {
    let mut trainer = Trainer::<Dense<1, 1, Sigmoid>, BinaryCrossentropy, Sgd, 2>::new(Sgd::new(0.0), 1);
    trainer.network_mut().kernel = [[1.0]];
    let loss = trainer.step(&[[1e4f32], [-1e4]], &[[0.0], [1.0]]).unwrap();
    assert!((loss - 1e4).abs() < 1.0, "{loss}");
    let mut trainer = Trainer::<Dense<1, 2, Softmax>, SparseCategoricalCrossentropy, Sgd, 1>::new(Sgd::new(0.0), 1);
    trainer.network_mut().kernel = [[1.0, -1.0]];
    assert!((trainer.step(&[[1e4f32]], &[1]).unwrap() - 2e4).abs() < 2.0);
}

#[test]
fn metrics_of_ones_own_choice() {
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
