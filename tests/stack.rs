//! Memory of networks of any size: the stack that each call takes, and the heap.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    env,
    process::Command,
    thread,
};

use shiplap::{
    explain::{Target, partial_dependence},
    layers::{AllStates, Causal, Rotary},
    network::STACK,
    prelude::*,
};

thread_local! {
    static CALLS: Cell<usize> = const { Cell::new(0) };
}

/// Counts the allocations of this thread, and has less than a terabyte.
struct Limited;

// SAFETY: each call is passed on unchanged to the system allocator, or fails.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        if layout.size() >= 1 << 40 { std::ptr::null_mut() } else { unsafe { System.alloc(layout) } }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        CALLS.set(CALLS.get() + 1);
        if layout.size() >= 1 << 40 { std::ptr::null_mut() } else { unsafe { System.alloc_zeroed(layout) } }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

fn on_a_thread_of_the_documented_stack<T: Send>(call: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, call).unwrap().join().unwrap())
}

/// Makes each call on a thread whose stack is as large as documented.
macro_rules! calls {
    ($name:ident, $net:ty, $optimizer:expr, $optimizers:ty, $samples:literal) => {
        #[test]
        fn $name() {
            type Net = $net;
            on_a_thread_of_the_documented_stack(|| {
                let mut trainer = Trainer::<Net, MeanSquaredError, $optimizers, 2>::boxed($optimizer, 1);
                let x = vec![<<Net as Layer>::Input as Zeroed>::zeroed(); $samples];
                let y = vec![<<Net as Layer>::Output as Zeroed>::zeroed(); $samples];
                trainer.step(&x[..2], &y[..2]).unwrap();
                trainer.fit(&x, &y, Fit::epochs(1).validation(&x, &y)).unwrap();
                assert!(trainer.evaluate(&x, &y).unwrap().loss < 1e-3);
                let mut predictions = y.clone();
                trainer.network().predict_batch(&x, &mut predictions).unwrap();
                let prediction = trainer.predict(&x[0]);
                let differences = prediction.iter().zip(&predictions[0]).map(|(one, many)| (one - many).abs());
                assert!(differences.fold(0.0, f32::max) < 1e-5);
                assert_eq!(
                    partial_dependence(trainer.network(), &x, 0, &[0.0], Target::Prediction(0)).unwrap().len(),
                    1
                );
            });
        }
    };
}

calls!(hidden_layers_of_any_width, (Dense<4, 600_000, Relu>, Dense<600_000, 2>), Sgd::new(1e-9), Sgd, 3);
calls!(the_widest_blocks_of_64_rows, (Dense<4, 1000, Relu>, Dense<1000, 4>), Sgd::new(1e-3), Sgd, 70);
calls!(the_widest_single_rows, (Dense<1, 98_000, Relu>, Dense<98_000, 1>), Sgd::new(1e-9), Sgd, 2);
calls!(layers_for_images, (Dense<784, 512, Relu>, Dense<512, 512, Relu>, Dense<512, 10>), Adam::default(), Adam, 3);
calls!(
    frozen_layers_of_any_width,
    (Dense<1, 1>, Frozen<(Dense<1, 300_000, Relu>, Dense<300_000, 1>)>, Dense<1, 1>),
    Sgd::new(1e-9),
    Sgd,
    3
);
calls!(training_in_place, (Dense<1, 300_000, Relu>, Dense<300_000, 1>), InPlace(Sgd::new(1e-9)), InPlace<Sgd>, 3);
calls!(
    nested_layers,
    (Dense<1, 48_000, Relu>, (Dense<48_000, 1>, (Dense<1, 48_000, Relu>, Dense<48_000, 1>)), Dense<1, 1>),
    Sgd::new(1e-9),
    Sgd,
    2
);

/// The keys of attention are more than the stack, and so are its values.
#[test]
fn streams_of_any_length() {
    #[network(input = [[f32; 256]; 1024])]
    type Net = (MultiHeadAttention<_, 128, Causal, Rotary>, Gru<_, 100, AllStates>);
    const { assert!(Stream::<Net>::BYTES > 3 * STACK) };
    on_a_thread_of_the_documented_stack(|| {
        let (network, mut stream) = (Net::boxed(1), Stream::<Net>::zeroed_box());
        for _ in 0..10 {
            let y = stream.push(&network, &[0.5; 256]).unwrap();
            assert!(y.iter().all(|state| state.is_finite()));
        }
    });
}

#[test]
fn inputs_of_any_width() {
    on_a_thread_of_the_documented_stack(|| {
        let (x, y) = (<[[f32; 200_000]; 3]>::zeroed_box(), [[0.0]; 3]);
        type Net = Dense<200_000, 1>;
        let mut trainer = Trainer::<Net, MeanSquaredError, Sgd, 2>::boxed(Sgd::new(1e-9), 1);
        trainer.step(&x[..2], &y[..2]).unwrap();
        trainer.fit(&x[..], &y, Fit::epochs(1).validation(&x[..], &y)).unwrap();
        assert!(trainer.evaluate(&x[..], &y).unwrap().loss < 1e-3);
        assert_eq!(trainer.predict(&x[0]), trainer.network().predict(&x[1]));
    });
}

/// One row of 260 KB fits on the stack, one of 400 KB does not.
#[test]
fn only_activations_above_the_stack_are_on_the_heap() {
    fn allocations<const HIDDEN: usize>() -> usize {
        let trainer =
            Trainer::<(Dense<1, HIDDEN, Relu>, Dense<HIDDEN, 1>), MeanSquaredError, Sgd, 1>::boxed(Sgd::default(), 1);
        let before = CALLS.get();
        trainer.predict(&[0.5]);
        trainer.evaluate(&[[0.5]], &[[0.5]]).unwrap();
        CALLS.get() - before
    }
    assert_eq!(allocations::<16_000>(), 0);
    assert_eq!(allocations::<65_000>(), 0);
    // One for the prediction, two for the outputs and activations of the evaluation.
    assert_eq!(allocations::<100_000>(), 3);
}

/// The program ends with the error of the standard library, not with a panic in a dependency.
#[test]
fn too_little_memory_is_an_allocation_error() {
    type Net = Dense<1_000_000, 1_000_000>;
    match env::var("SHIPLAP_ALLOCATE").as_deref() {
        Ok("network") => drop(Net::boxed(1)),
        Ok("trainer") => drop(Trainer::<Net, MeanSquaredError, Sgd, 1>::boxed(Sgd::default(), 1)),
        Ok("zeroed") => drop(Net::zeroed_box()),
        _ => {
            for what in ["network", "trainer", "zeroed"] {
                let test = ["--exact", "too_little_memory_is_an_allocation_error", "--nocapture"];
                let output = Command::new(env::current_exe().unwrap())
                    .args(test)
                    .env("SHIPLAP_ALLOCATE", what)
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stderr);
                assert!(!output.status.success() && said.contains("memory allocation of "), "{what}: {said}");
                assert!(!said.contains("panicked"), "{what}: {said}");
            }
        }
    }
}
