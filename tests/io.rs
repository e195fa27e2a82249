//! Files: lossless round trips, errors and their messages, malformed files, checkpoints and resumed runs.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    env, fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use common::{bits, bits_of_trainable};
use proptest::prelude::*;
use shiplap::{
    Rng,
    activation::Activation,
    init::Initializer,
    io::{self, Checkpoints, Difference, FileError, Import},
    kernel::{Simd, Tensor},
    layer::{Parameter, VisitTrainable},
    optim::{PerWeight, Settings},
    prelude::*,
};

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Measures the memory that this thread has allocated.
struct Measuring;

fn held(change: isize) {
    HELD.set(HELD.get() + change);
    MOST.set(MOST.get().max(HELD.get()));
}

// SAFETY: each call is passed on unchanged to the system allocator.
unsafe impl GlobalAlloc for Measuring {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        held(layout.size() as isize);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        held(-(layout.size() as isize));
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Measuring = Measuring;

type Net = (Dense<3, 4, Relu>, Dropout<4, 50>, Dense<4, 2, Softmax>);

type Encoder<T> = (Dense<5, 4, Tanh, T>, Regularized<Dense<4, 2, Linear, T>, L2<1, -3>>);
type Autoencoder<T> = (Encoder<T>, Dense<2, 5, Sigmoid, T>);

#[derive(Network)]
struct Named {
    encoder: Encoder<f64>,
    decoder: Dense<2, 5, Sigmoid, f64>,
}

fn network() -> Net {
    let mut network = Net::new(3);
    network.0.bias = [0.25, -0.0, f32::MIN_POSITIVE / 4.0, f32::MAX];
    network
}

/// A file with this header and this many bytes of numbers.
fn raw(header: &str, numbers: usize) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; numbers]].concat()
}

/// The error of loading `bytes`, which must leave the network unchanged.
fn refused(bytes: &[u8]) -> FileError {
    let mut loaded = network();
    let error = io::from_bytes(&mut loaded, bytes).unwrap_err();
    assert_eq!(bits(&loaded), bits(&network()), "{error}");
    error
}

#[test]
fn a_network_survives_a_round_trip_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut loaded = Net::zeroed();
    io::save(&network(), &path).unwrap();
    io::load(&mut loaded, &path).unwrap();
    assert_eq!(bits(&loaded), bits(&network()));
    let bytes = io::to_bytes(&network()).unwrap();
    assert_eq!(bytes, fs::read(&path).unwrap(), "the same network results in the same bytes");
    let header = String::from_utf8_lossy(&bytes[8..]).into_owned();
    for part in [
        r#""activations":"Relu, Softmax""#,
        r#""network":"0: Dense<3, 4, Relu>, 1: Dropout<4, 50>, 2: Dense<4, 2, Softmax>""#,
        concat!(r#""shiplap":""#, env!("CARGO_PKG_VERSION"), '"'),
        r#""0.kernel":{"data_offsets":[0,48],"dtype":"F32","shape":[3,4]}"#,
        r#""2.bias":{"data_offsets":[96,104],"dtype":"F32","shape":[2]}"#,
    ] {
        assert!(header.contains(part), "{part} is not in {header}");
    }

    let autoencoder = Named::new(4);
    let mut loaded = Named::zeroed();
    let bytes = io::to_bytes(&autoencoder).unwrap();
    io::from_bytes(&mut loaded, &bytes).unwrap();
    assert_eq!(bits(&loaded), bits(&autoencoder));
    assert!(String::from_utf8_lossy(&bytes).contains(r#""encoder.1.kernel""#));
}

#[test]
fn numbers_of_the_other_width_are_converted() {
    let (wide, narrow) = (Autoencoder::<f64>::new(4), Autoencoder::<f32>::new(4));
    let mut loaded = Autoencoder::<f32>::zeroed();
    io::from_bytes(&mut loaded, &io::to_bytes(&wide).unwrap()).unwrap();
    assert_eq!(bits(&loaded), bits(&narrow), "the seed's draws, rounded to the nearest");
    let mut loaded = Autoencoder::<f64>::zeroed();
    io::from_bytes(&mut loaded, &io::to_bytes(&narrow).unwrap()).unwrap();
    assert_eq!(bits(&loaded), bits(&narrow));

    let mut huge = Dense::<1, 1, Linear, f64>::zeroed();
    huge.bias = [1e39];
    let error = io::from_bytes(&mut Dense::<1, 1, Linear>::zeroed(), &io::to_bytes(&huge).unwrap()).unwrap_err();
    let expected = "the data: element 0 of `bias` is NaN, infinite or too large for the element type";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn all_differences_are_reported() {
    let other = io::to_bytes(&<(Dense<3, 5, Relu>, Dense<5, 2, Softmax>)>::zeroed()).unwrap();
    let error = refused(&other);
    assert_eq!(
        error.to_string(),
        "the data does not fit the network: `0.kernel` has shape [3, 5], expected [3, 4]; \
         `0.bias` has shape [5], expected [4]; `2.kernel` [4, 2] is missing; `2.bias` [2] is missing; \
         `1.kernel` [5, 2] is not in the network; `1.bias` [2] is not in the network"
    );
    let FileError::Differs { differences, .. } = error else { panic!("{error}") };
    assert_eq!(differences[3], Difference::Missing { tensor: "2.bias".into(), shape: vec![2] });

    let integers = r#"{"kernel":{"dtype":"I32","shape":[1,1],"data_offsets":[0,4]},
                       "bias":{"dtype":"BF16","shape":[1],"data_offsets":[4,6]}}"#;
    let error = io::from_bytes(&mut Dense::<1, 1, Linear>::zeroed(), &raw(integers, 6)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the data does not fit the network: `kernel` has elements of type I32: save it as F32 or F64; \
         `bias` has elements of type BF16: save it as F32 or F64"
    );

    type Pair = (Dense<3, 3, Relu>, Dense<3, 3, Relu>);
    type Deep = (Pair, Pair, Pair);
    let error = io::from_bytes(&mut Deep::zeroed(), &io::to_bytes(&network()).unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("; and 8 more"), "{error}");
}

#[test]
fn other_activations_are_errors() {
    type Other = (Dense<3, 4, Tanh>, Dropout<4, 50>, Dense<4, 2, Softmax>);
    let error = refused(&io::to_bytes(&Other::new(1)).unwrap());
    assert_eq!(
        error.to_string(),
        "the data was trained with the activations Tanh, Softmax, but the network has Relu, Softmax: \
         use the activations of the file"
    );
    // Layers of another type that compute the same are accepted.
    type Same = (Regularized<Dense<3, 4, Relu>, L2<1, -2>>, Dropout<4, 10>, Dense<4, 2, Softmax>);
    io::from_bytes(&mut Net::zeroed(), &io::to_bytes(&Same::new(1)).unwrap()).unwrap();
}

/// Layers of an image whose weights fit each other.
type Strided<P, const K: usize, const H: usize> = Conv2d<Image<8, 8, 1>, 2, K, Relu, P, Bias, K, Image<H, H, 2>>;

#[test]
fn other_layers_without_weights_of_their_own_are_errors() {
    fn error<N: Network, M: Network>() -> String {
        let mut loaded = M::boxed(2);
        let before = bits(&*loaded);
        let bytes = io::to_bytes(&*N::boxed(1)).unwrap();
        let result = io::from_bytes(&mut *loaded, &bytes);
        assert_eq!(bits(&*loaded) == before, result.is_err());
        result.map_or_else(|error| error.to_string(), |()| String::new())
    }
    type Average<P, const K: usize, const H: usize, const O: usize> =
        AveragePool2d<Image<H, H, 2>, K, P, K, Image<O, O, 2>>;
    type Largest<P, const K: usize, const H: usize, const O: usize> =
        MaxPool2d<Image<H, H, 2>, K, P, K, Image<O, O, 2>>;
    type Mean<const H: usize> = GlobalAveragePool<Image<H, H, 2>>;
    let said = |layer: &str, saved: &str, own: &str| {
        let place = if layer.is_empty() { String::new() } else { format!(" `{layer}`") };
        format!(
            "the data: the layer{place} is {saved} in the file, but {own} in the network: use the layers of the file"
        )
    };
    // The kernel is of the same shape each time.
    type Plain = Strided<Valid, 3, 6>;
    assert_eq!(error::<Plain, Plain>(), "");
    for (error, own) in [
        (error::<Plain, Strided<Valid<2>, 3, 3>>(), "Conv2d<2, 3, Relu, Valid<2>>"),
        (error::<Plain, Strided<Valid<1, 2>, 3, 4>>(), "Conv2d<2, 3, Relu, Valid<1, 2>>"),
        (error::<Plain, Strided<Same, 3, 8>>(), "Conv2d<2, 3, Relu, Same>"),
        (error::<Plain, Strided<Padded<2>, 3, 10>>(), "Conv2d<2, 3, Relu, Padded<2>>"),
    ] {
        assert_eq!(error, said("", "Conv2d<2, 3, Relu>", own));
    }
    type Pooled = (Plain, Largest<Valid<2>, 2, 6, 3>, Mean<3>);
    for (error, own) in [
        (error::<Pooled, (Plain, Average<Valid<2>, 2, 6, 3>, Mean<3>)>(), "AveragePool2d<2>"),
        (error::<Pooled, (Plain, Largest<Valid<3>, 3, 6, 2>, Mean<2>)>(), "MaxPool2d<3>"),
        (error::<Pooled, (Plain, Largest<Valid<1>, 2, 6, 5>, Mean<5>)>(), "MaxPool2d<2, Valid>"),
        (error::<Pooled, (Plain, Mean<6>)>(), "GlobalAveragePool"),
    ] {
        assert_eq!(error, said("1", "MaxPool2d<2>", own));
    }
    assert_eq!(
        error::<Pooled, (Plain, Largest<Valid<2>, 2, 6, 3>)>(),
        "the data: the layer `2`, GlobalAveragePool, is not in the network: add it"
    );
    assert_eq!(
        error::<(Plain, Largest<Valid<2>, 2, 6, 3>), Pooled>(),
        "the data: the layer `2`, GlobalAveragePool, is not in the file: remove it"
    );
}

#[test]
fn nonfinite_weights_are_neither_written_nor_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.safetensors");
    let mut broken = network();
    broken.2.kernel[3][1] = f32::NAN;
    let expected = "element 7 of `2.kernel` is NaN, infinite or too large for the element type";
    assert_eq!(io::save(&broken, &path).unwrap_err().to_string(), format!("{}: {expected}", path.display()));
    assert!(!path.exists());
    let trainer = Trainer::<Net, CategoricalCrossentropy, Sgd, 4>::new(Sgd::default(), 1);
    let mut state = trainer.state();
    state.network = &broken;
    assert!(io::save_checkpoint(&state, 1, &path).unwrap_err().to_string().ends_with(expected));
    assert!(io::to_onnx(&broken).unwrap_err().to_string().ends_with(expected));

    let mut bytes = io::to_bytes(&network()).unwrap();
    let last = bytes.len() - 4;
    bytes[last..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let expected = "the data: element 1 of `2.bias` is NaN, infinite or too large for the element type";
    assert_eq!(refused(&bytes).to_string(), expected);
}

#[test]
fn incomplete_files_are_errors() {
    let bytes = io::to_bytes(&network()).unwrap();
    for length in 0..bytes.len() {
        let error = refused(&bytes[..length]);
        assert!(matches!(error, FileError::Malformed { .. }), "{length}: {error}");
    }
    let valid = "the data is not a valid safetensors file:";
    let said = |bytes: &[u8]| refused(bytes).to_string().replace(valid, "");
    assert_eq!(said(&bytes[..5]), " the file has 5 bytes, at least 8 are required");
    assert_eq!(said(&bytes[..bytes.len() - 1]), " expected 104 bytes of data after the header, found 103");
    assert_eq!(said(&[&bytes[..], &[0]].concat()), " expected 104 bytes of data after the header, found 105");
    let start = " it starts with [ff, ff, ff, ff, ff, ff, ff, ff, ff], \
                 but should start with the length of its header (8 bytes) and `{`";
    assert_eq!(said(&[0xff; 9]), start);
    assert_eq!(
        said(b"\0\0\0\0\0\0\0\x01{\"a\":"),
        " expected a header of 72057594037927936 bytes, but only 5 bytes follow"
    );
    assert!(said(&raw("{]", 0)).starts_with(" the header is invalid: "));
    // Eight tensors whose total size overflows.
    let size = (1u64 << 61) - 1;
    let huge = |at: u64| {
        format!(r#""{at}":{{"dtype":"U8","shape":[{size}],"data_offsets":[{},{}]}}"#, at * size, (at + 1) * size)
    };
    let header = format!("{{{}}}", (0..8).map(huge).collect::<Vec<_>>().join(","));
    assert!(said(&raw(&header, 0)).ends_with(" bytes of data after the header, found 0"));
}

#[test]
fn errors_of_the_operating_system_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none").join("net.safetensors");
    let error = io::load(&mut network(), &path).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read {}: ", path.display())), "{error}");
    let error = io::save(&network(), &path).unwrap_err().to_string();
    let none = folder.path().join("none");
    assert_eq!(error, format!("cannot write {}: the folder {} does not exist", path.display(), none.display()));
    let error = io::save(&network(), "/").unwrap_err().to_string();
    assert_eq!(error, "cannot write /: the path does not end in a file name");
    // A folder has the name of the file: no temporary file is left beside it.
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("inside"), "").unwrap();
    io::save(&network(), &path).unwrap_err();
    assert_eq!(fs::read_dir(folder.path().join("none")).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_is_as_readable_as_any_other() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let mode = |name: &str| fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
    io::save(&network(), folder.path().join("ours")).unwrap();
    fs::write(folder.path().join("plain"), "").unwrap();
    assert_eq!(mode("ours"), mode("plain"));
}

fn data() -> (Vec<[f32; 3]>, Vec<usize>) {
    let mut rng = Rng::new(8);
    let x: Vec<[f32; 3]> = (0..30).map(|_| std::array::from_fn(|_| rng.normal() as f32)).collect();
    let y = x.iter().map(|row| usize::from(row[0] > row[1])).collect();
    (x, y)
}

fn resumes<O: Optimizer>(optimizer: O) {
    type Classifier<O> = Trainer<Net, SparseCategoricalCrossentropy, O, 8>;
    let (x, y) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut unbroken = Classifier::<O>::new(optimizer, 1);
    let last = unbroken.fit(&x, &y, Fit::epochs(9)).unwrap();

    let mut first = Classifier::<O>::new(optimizer, 1);
    first.fit(&x, &y, Fit::epochs(4)).unwrap();
    io::save_checkpoint(&first.state(), 4, &path).unwrap();
    let mut second = Classifier::<O>::new(optimizer, 99);
    let done = io::load_checkpoint(second.state_mut(), &path).unwrap();
    assert_eq!(done, 4);
    assert_eq!(second.fit(&x, &y, Fit::epochs(9).from_epoch(done)).unwrap(), last);

    let (unbroken, second) = (unbroken.state(), second.state());
    assert_eq!(bits(second.network), bits(unbroken.network));
    for (a, b) in second.optimizer_state.iter().zip(unbroken.optimizer_state) {
        assert_eq!(bits_of_trainable::<Net>(a), bits_of_trainable::<Net>(b));
    }
    assert_eq!((second.rng, second.steps), (unbroken.rng, unbroken.steps));
    // Weights for inference can be loaded from a checkpoint.
    let mut deployed = Net::zeroed();
    io::load(&mut deployed, &path).unwrap();
    assert_eq!(bits(&deployed), bits(first.network()));
}

#[test]
fn a_resumed_run_equals_one_that_never_stopped() {
    resumes(Sgd::new(0.1));
    resumes(Momentum::new(0.1).nesterov());
    resumes(RmsProp::default());
    resumes(Adagrad::default());
    resumes(Adam::new(0.01).schedule(Schedule::Cosine { peak: 0.1, warm_up: 3, steps: 30 }));
    resumes(AdamW::new(0.01));
}

type AdamTrainer = Trainer<Net, SparseCategoricalCrossentropy, Adam, 8>;

#[test]
fn checkpoints_of_other_trainers_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut trainer = AdamTrainer::new(Adam::default(), 1);
    let before = bits(trainer.network());
    let mut said = || {
        let error = io::load_checkpoint(trainer.state_mut(), &path).unwrap_err().to_string();
        assert_eq!((bits(trainer.network()), trainer.state().steps), (before.clone(), 0));
        error.replace(&path.display().to_string(), "FILE")
    };
    io::save(&network(), &path).unwrap();
    assert_eq!(said(), "FILE is not a checkpoint of this trainer: the metadata have no entry `optimizer`");
    let other = Trainer::<Net, SparseCategoricalCrossentropy, RmsProp, 8>::new(RmsProp::default(), 1);
    io::save_checkpoint(&other.state(), 1, &path).unwrap();
    assert_eq!(said(), "FILE is not a checkpoint of this trainer: its optimizer is RmsProp, but the trainer's is Adam");
    type Wide = (Dense<3, 4, Relu, f64>, Dropout<4, 50, f64>, Dense<4, 2, Softmax, f64>);
    let other = Trainer::<Wide, SparseCategoricalCrossentropy, Adam, 8>::new(Adam::default(), 1);
    io::save_checkpoint(&other.state(), 1, &path).unwrap();
    assert_eq!(said(), "FILE is not a checkpoint of this trainer: its element is f64, but the trainer's is f32");
    let other = Trainer::<Dense<3, 2, Softmax>, SparseCategoricalCrossentropy, Adam, 8>::new(Adam::default(), 1);
    io::save_checkpoint(&other.state(), 1, &path).unwrap();
    let error = said();
    assert!(error.contains("`optimizer/1/2.bias` [2] is missing") || error.ends_with("more"), "{error}");
    assert!(error.starts_with("FILE does not fit the network: `0.kernel` [3, 4] is missing; "), "{error}");

    io::save_checkpoint(&AdamTrainer::new(Adam::default(), 2).state(), 7, &path).unwrap();
    let text = fs::read(&path).unwrap();
    let at = text.windows(11).position(|part| part == br#""epoch":"7""#).unwrap();
    let mut wrong = text.clone();
    wrong[at + 9] = b'x';
    fs::write(&path, wrong).unwrap();
    assert_eq!(said(), "FILE is not a checkpoint of this trainer: the metadata entry `epoch` is invalid: `x`");
    fs::write(&path, text).unwrap();
    assert_eq!(io::load_checkpoint(trainer.state_mut(), &path).unwrap(), 7);
}

/// The file with another entry of the metadata.
fn with_metadata(bytes: &[u8], key: &str, value: &str) -> Vec<u8> {
    let (length, rest) = bytes.split_first_chunk().unwrap();
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let mut header: serde_json::Value = serde_json::from_slice(header).unwrap();
    header["__metadata__"][key] = value.into();
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

#[test]
fn checkpoints_of_impossible_states_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut trainer = AdamTrainer::new(Adam::default(), 1);
    let (x, y) = data();
    trainer.fit(&x, &y, Fit::epochs(1)).unwrap();
    io::save_checkpoint(&trainer.state(), 1, &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    let state = |trainer: &AdamTrainer| {
        let state = trainer.state();
        let parts = state.optimizer_state.iter().map(bits_of_trainable::<Net>).collect::<Vec<_>>();
        (bits(state.network), parts, state.rng.clone(), state.steps)
    };
    let before = state(&trainer);
    for (key, value) in [
        ("steps", "18446744073709551615"),
        ("steps", "9007199254740993"),
        ("steps", "-1"),
        ("epoch", "18446744073709551615"),
        ("epoch", "9007199254740993"),
        ("rng", r#"{"s":[0,0,0,0]}"#),
        ("rng", r#"{"s":[1,2,3]}"#),
    ] {
        fs::write(&path, with_metadata(&bytes, key, value)).unwrap();
        let error = io::load_checkpoint(trainer.state_mut(), &path).unwrap_err().to_string();
        assert!(error.ends_with(&format!("the metadata entry `{key}` is invalid: `{value}`")), "{error}");
        assert_eq!(state(&trainer), before);
    }
    let error = io::save_checkpoint(&trainer.state(), usize::MAX, &path).unwrap_err().to_string();
    let expected = "no training run reaches this state: 18446744073709551615 epochs, more than 2^53";
    assert_eq!(error, format!("{}: {expected}", path.display()));
    fs::write(&path, with_metadata(&bytes, "steps", "9007199254740992")).unwrap();
    io::load_checkpoint(trainer.state_mut(), &path).unwrap();
    assert!(trainer.fit(&x, &y, Fit::epochs(1)).unwrap().training.loss.is_finite());
}

#[test]
fn checkpoints_after_every_0_epochs_are_an_error() {
    let (x, y) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut checkpoints = Checkpoints::every(0, &path);
    let error = AdamTrainer::new(Adam::default(), 1).fit_with(&x, &y, Fit::epochs(1), &mut checkpoints).unwrap_err();
    assert!(matches!(error, TrainError::Settings(what) if what.contains("`Checkpoints::every`")), "{error}");
    assert!(!path.exists());
}

/// Sets a part of the optimizer state.
struct Set(f32);

impl VisitTrainable<f32, 0> for Set {
    fn visit(&mut self, _: Parameter<'_>, _: &mut [f32], part: &mut [f32], []: [&mut [f32]; 0]) {
        part.fill(self.0);
    }
}

/// A checkpoint whose optimizer state is `state` for each weight is neither written nor loaded; the error contains
/// `reason`. Without a reason, it is.
fn state_of<O: Optimizer>(optimizer: O, state: &[f32], reason: Option<&str>) {
    type Of<O> = Trainer<Dense<1, 1, Linear>, MeanSquaredError, O, 1>;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (mut saved, mut trainer) = (Of::<O>::new(optimizer, 1), Of::<O>::new(optimizer, 2));
    assert_eq!(saved.state().optimizer_state.len(), state.len(), "{}", O::NAME);
    io::save_checkpoint(&saved.state(), 1, &path).unwrap();
    let before = fs::read(&path).unwrap();
    for (part, &value) in saved.state_mut().optimizer_state.iter_mut().zip(state) {
        Dense::trainable_mut(None, part, [], shiplap::layer::Path::ROOT, &mut Set(value));
    }
    let result = io::save_checkpoint(&saved.state(), 1, &path).map_err(|error| error.to_string());
    let Some(reason) = reason else {
        assert_eq!(result, Ok(()), "{}", O::NAME);
        assert_eq!(io::load_checkpoint(trainer.state_mut(), &path).unwrap(), 1);
        assert!(trainer.step(&[[1.0]], &[[1.0]]).unwrap().is_finite());
        return;
    };
    let expected = "no training run reaches this state: the optimizer state of element 0 of `kernel`: ";
    let expected = format!("{}: {expected}{reason}", path.display());
    assert_eq!(result, Err(expected.clone()), "{}", O::NAME);
    assert_eq!(fs::read(&path).unwrap(), before, "the file is unchanged");

    // The same state in a file: the parts are the last tensors, of two numbers each.
    let mut bytes = before;
    let start = bytes.len() - 8 * state.len() - size_of_val(saved.state().gradient_sum);
    for (number, value) in state.iter().flat_map(|value| [value; 2]).enumerate() {
        bytes[start + 4 * number..][..4].copy_from_slice(&value.to_le_bytes());
    }
    fs::write(&path, bytes).unwrap();
    let before = bits(trainer.network());
    let result = io::load_checkpoint(trainer.state_mut(), &path).map_err(|error| error.to_string());
    assert_eq!(result, Err(expected), "{}", O::NAME);
    assert_eq!(bits(trainer.network()), before);
}

#[test]
fn optimizer_states_that_no_training_run_reaches_are_neither_saved_nor_loaded() {
    let squares = Some("the mean or sum of squared gradients is negative");
    let (rms, averaged) = (RmsProp::default(), |decay| Averaged::new(Adam::default(), decay));
    state_of(Adam::default(), &[-0.25, 0.25], None);
    state_of(Adam::default(), &[0.25, -0.25], squares);
    state_of(AdamW::default(), &[0.0, -f32::MIN_POSITIVE], squares);
    state_of(Nadam::default(), &[0.25, -0.25], squares);
    state_of(Adagrad::default(), &[-0.25], squares);
    state_of(AmsGrad::default(), &[0.25, -0.25, 0.5], squares);
    state_of(AmsGrad::default(), &[-0.25, 0.5, 0.5], None);
    state_of(AmsGrad::default(), &[0.25, 0.5, 0.25], Some("the largest mean square is below the current one"));
    state_of(rms, &[-0.25], squares);
    state_of(rms.momentum(0.5), &[0.25, -0.25], None);
    state_of(rms.momentum(0.5), &[-0.25, 0.25], squares);
    let mean = Some("the square of the mean gradient is above the mean square");
    state_of(rms.centered(), &[0.25, -0.5], None);
    // A tiny square is flushed to 0.
    state_of(rms.centered(), &[0.0, 1e-20], None);
    state_of(rms.centered(), &[0.25, -0.75], mean);
    state_of(rms.centered(), &[0.25, f32::MAX], mean);
    state_of(rms.momentum(0.5).centered(), &[0.25, 0.75, 0.5], mean);
    state_of(rms.momentum(0.5).centered(), &[0.25, 0.5, -5.0], None);
    state_of(Momentum::default(), &[-0.25], None);
    state_of(Lion::default(), &[-0.25], None);
    state_of(InPlace(Adam::default()), &[0.25, -0.25], squares);
    state_of(averaged(0.9), &[0.25, -0.25, 0.25], squares);
    state_of(averaged(0.9), &[0.25, 0.25, -0.25], None);
    state_of(Accumulate::new(averaged(0.9), 2), &[0.25, -0.25, 0.25], squares);
}

#[test]
fn negative_deviations_are_neither_written_nor_read() {
    fn refused<L: Network<Element = f32>>(good: L, bad: &L, tensor: &str) {
        let expected = format!("element 1 of `{tensor}` is negative: it must be at least 0");
        assert!(io::to_bytes(bad).unwrap_err().to_string().ends_with(&expected));
        let mut bytes = io::to_bytes(&good).unwrap();
        let last = bytes.len() - 4;
        bytes[last..].copy_from_slice(&(-3.0f32).to_le_bytes());
        let mut loaded = L::zeroed();
        let error = io::from_bytes(&mut loaded, &bytes).unwrap_err();
        assert!(matches!(error, FileError::Negative { .. }) && error.to_string().ends_with(&expected), "{error}");
        assert_eq!(bits(&loaded), bits(&L::zeroed()));
    }
    let mut standardize = Standardize::<2>::zeroed();
    standardize.deviation = [1.0, -3.0];
    refused(Standardize::<2>::zeroed(), &standardize, "deviation");
    let mut scale = MinMax::<2>::zeroed();
    scale.range = [0.0, -1e-38];
    refused(MinMax::<2>::zeroed(), &scale, "range");
    // A mean and a minimum may be negative.
    (standardize.mean, standardize.deviation) = ([-1.0; 2], [-0.0, 1.0]);
    io::from_bytes(&mut Standardize::<2>::zeroed(), &io::to_bytes(&standardize).unwrap()).unwrap();
}

#[test]
fn checkpoints_name_the_optimizer_without_modules() {
    assert_eq!(<InPlace<Averaged<RmsProp<true, false>>>>::NAME, "InPlace<Averaged<RmsProp<true, false>>>");
    assert_eq!(RmsProp::<false, false>::NAME, "RmsProp");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    type Of = Trainer<Dense<1, 1, Linear>, MeanSquaredError, InPlace<RmsProp>, 1>;
    let mut trainer = Of::new(InPlace(RmsProp::default()), 1);
    io::save_checkpoint(&trainer.state(), 1, &path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains(r#""optimizer":"InPlace<RmsProp>""#));
    // The names of older files.
    for name in ["InPlace<shiplap::optim::rmsprop::RmsProp>", "InPlace<shiplap::optim::rmsprop::RmsProp<false, false>>"]
    {
        fs::write(&path, with_metadata(&bytes, "optimizer", name)).unwrap();
        assert_eq!(io::load_checkpoint(trainer.state_mut(), &path).unwrap(), 1, "{name}");
    }
}

/// Gradient descent with a name of its own.
#[derive(Clone, Copy, Debug)]
struct OwnName(Settings);

impl Optimizer for OwnName {
    type State = PerWeight<0>;
    type Step = f64;
    const NAME: &'static str = "mine::OwnName<false, false>";

    fn settings(&self) -> &Settings {
        &self.0
    }

    fn settings_mut(&mut self) -> &mut Settings {
        &mut self.0
    }

    fn largest_step(&self) -> f64 {
        1.0
    }

    fn step(&self, _: u64, rate: f64) -> f64 {
        rate
    }

    fn update<V: Real>(rate: f64, g: V, w: V, []: [V; 0]) -> (V, [V; 0]) {
        (w - V::splat(rate) * g, [])
    }
}

#[test]
fn checkpoints_of_own_optimizers_are_resumed_whatever_their_name() {
    type Of = Trainer<Dense<1, 1, Linear>, MeanSquaredError, OwnName, 1>;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut trainer = Of::new(OwnName(Settings::new(0.1)), 1);
    io::save_checkpoint(&trainer.state(), 3, &path).unwrap();
    assert_eq!(io::load_checkpoint(trainer.state_mut(), &path).unwrap(), 3);
}

#[test]
fn checkpoints_are_saved_during_training() {
    let (x, y) = data();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut unbroken = AdamTrainer::new(Adam::default(), 1);
    unbroken.fit(&x, &y, Fit::epochs(11)).unwrap();

    // It stops after epoch 8, and therefore resumes from 6.
    let mut trainer = AdamTrainer::new(Adam::default(), 1);
    let mut checkpoints = Checkpoints::every(3, &path);
    let stop = |epoch: &Epoch<_>| match epoch.epoch {
        8 => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    let last = trainer.fit_with(&x, &y, Fit::epochs(11), (&mut checkpoints, stop)).unwrap();
    checkpoints.finish().unwrap();
    assert_eq!(last.epoch, 8);
    let mut trainer = AdamTrainer::new(Adam::default(), 5);
    let done = io::load_checkpoint(trainer.state_mut(), &path).unwrap();
    assert_eq!(done, 6);
    let mut checkpoints = Checkpoints::every(3, &path);
    trainer.fit_with(&x, &y, Fit::epochs(11).from_epoch(done), &mut checkpoints).unwrap();
    checkpoints.finish().unwrap();
    assert_eq!(bits(trainer.network()), bits(unbroken.network()));
    assert_eq!(io::load_checkpoint(trainer.state_mut(), &path).unwrap(), 11, "the last epoch is written too");

    let mut checkpoints = Checkpoints::every(2, folder.path().join("none/run.safetensors"));
    let steps = trainer.state().steps;
    let failed = trainer.fit_with(&x, &y, Fit::epochs(9), &mut checkpoints);
    assert!(
        matches!(failed, Err(TrainError::CallbackFailed(what)) if what.contains("`Checkpoints::finish`")),
        "{failed:?}"
    );
    assert_eq!(trainer.state().steps - steps, 2 * 4, "training stops after epoch 2");
    assert!(matches!(checkpoints.finish(), Err(FileError::Write { .. })));
}

/// A softmax that does not list its operations.
struct Secret;

impl Activation for Secret {
    type Saves = <Softmax as Activation>::Saves;
    const NAME: &'static str = "Secret";
    const INITIALIZER: Initializer = Initializer::GlorotUniform;

    fn forward<S: Simd, X: Tensor>(simd: S, rows: &mut [X]) {
        Softmax::forward(simd, rows);
    }

    fn backward<S: Simd, X: Tensor>(simd: S, x: &[X], y: &[X], gradient: &mut [X]) {
        Softmax::backward(simd, x, y, gradient);
    }
}

#[test]
fn numbers_out_of_the_range_of_f32_are_not_exported() {
    fn error<N: Network>(network: &N) -> String {
        io::to_onnx(network).map_or_else(|error| error.to_string(), |_| String::new())
    }
    let said = |what: &str, number: &str| {
        let expected = "out of the range of `f32`, the type of ONNX models: \
                        use other units for the data, or another constant";
        format!("the data: {what} is {number}, {expected}")
    };
    for (deviation, number) in [(1e-50, "1e-50"), (1.1e-45, "1.1e-45"), (-1e-320, "-1e-320")] {
        let standardize = Standardize { mean: [0.0; 2], deviation: [1.0, deviation] };
        assert_eq!(error(&standardize), said("element 1 of `deviation`", number));
        let scale = (Standardize::<2, f64>::zeroed(), MinMax { min: [0.0; 2], range: [1.0, deviation] });
        assert_eq!(error(&scale), said("element 1 of `1.range`", number));
    }
    let large = Standardize { mean: [1e39, 0.0], deviation: [1.0, 1.0] };
    assert_eq!(error(&large), "the data: element 0 of `mean` is NaN, infinite or too large for the element type");
    assert_eq!(error(&Impute { value: [1e-60] }), said("element 0 of `value`", "1e-60"));
    // Numbers in the range, 0, and subnormal numbers of `f32` itself are exported.
    let fine = Standardize { mean: [0.1, -1e38], deviation: [0.0, 1e-37] };
    assert_eq!(error(&fine), "");
    assert_eq!(error(&Standardize { mean: [0.0f32], deviation: [1e-42f32] }), "");
    // A weight that is rounded to 0 changes the output by no more than rounding.
    assert_eq!(error(&Dense::<1, 1, Linear, f64>::from_parts([[1e-60]], [0.0])), "");

    #[derive(Clone, Copy)]
    struct Tiny;
    impl Elementwise for Tiny {
        type Saves = SaveNothing;
        const NAME: &'static str = "Tiny";

        fn value<V: Real>(x: V) -> V {
            x * V::splat(1e-40) / V::splat(1e-46)
        }

        fn derivative<V: Real>(_: V, _: V) -> V {
            V::splat(1e6)
        }
    }
    assert_eq!(error(&Dense::<1, 1, Tiny, f64>::new(1)), said("a constant of `Tiny`", "1e-40"));
    assert_eq!(error(&Dense::<1, 1, Tiny>::new(1)), "", "a network in f32 computes with the same constants");
}

#[test]
fn unknown_operations_are_not_exported() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let network: (Dense<2, 2, Relu>, Dense<2, 2, Secret>) = Network::new(1);
    assert_eq!(
        io::export_onnx(&network, &path).unwrap_err().to_string(),
        "cannot export the layer `1`: the operation `Secret` is unknown; \
         implement the method `operations` of its layer or activation"
    );
    assert!(!path.exists());
    type Dilated = AveragePool2d<Image<5, 5, 1>, 2, Valid<1, 2>, 2, Image<3, 3, 1>>;
    let network: (Dilated, Flatten<Image<3, 3, 1>, [f32; 9]>) = Network::new(1);
    assert_eq!(
        io::export_onnx(&network, &path).unwrap_err().to_string(),
        "cannot export the layer `0`: average pools have no dilation before operator set 19 of ONNX: use \
         `DepthwiseConv2d`, or a pool without dilation"
    );
    assert!(!path.exists());
    // Such networks can still be saved.
    let network: (Dense<2, 2, Relu>, Dense<2, 2, Secret>) = Network::new(1);
    let mut loaded = <(Dense<2, 2, Relu>, Dense<2, 2, Secret>)>::zeroed();
    io::from_bytes(&mut loaded, &io::to_bytes(&network).unwrap()).unwrap();
    assert_eq!(bits(&loaded), bits(&network));
}

#[test]
fn ambiguous_imports_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("theirs.safetensors");
    let said = |import: Import<'_>| {
        let mut loaded = network();
        let error = import.load(&mut loaded, &path).unwrap_err().to_string();
        assert_eq!(bits(&loaded), bits(&network()));
        error.replace(&path.display().to_string(), "FILE")
    };
    let tensor = |name: &str, shape: &str, from: usize, to: usize| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{from},{to}]}}"#)
    };
    let remedy = "specify the name in the file of each layer with `Import::layers`";
    let (hidden, head) = (tensor("hidden.weight", "[4,3]", 0, 48), tensor("head.weight", "[2,4]", 48, 80));
    fs::write(&path, raw(&format!("{{{hidden},{head}}}"), 80)).unwrap();
    assert_eq!(
        said(Import::pytorch()),
        format!(r#"FILE: the order of the layers ["head", "hidden"] is unknown; the network has ["0", "2"]: {remedy}"#)
    );
    assert_eq!(
        said(Import::pytorch().layers(&[("0", "hidden"), ("1", "head")])),
        r#"FILE: names are specified for ["0", "1"], but the layers with weights are ["0", "2"]: name each of them once"#
    );
    assert_eq!(
        said(Import::pytorch().layers(&[("0", "hidden"), ("2", "head"), ("0", "head")])),
        r#"FILE: names are specified for ["0", "2", "0"], but the layers with weights are ["0", "2"]: name each of them once"#
    );
    let named = Import::pytorch().layers(&[("0", "hidden"), ("2", "head")]);
    let missing = "`hidden.bias` [4] is missing; `head.bias` [2] is missing";
    assert_eq!(said(named), format!("FILE does not fit the network: {missing}"));
    fs::write(&path, raw(&format!("{{{hidden}}}"), 48)).unwrap();
    assert_eq!(
        said(Import::pytorch()),
        format!(
            r#"FILE: the file has 1 layers with weights, ["hidden"], but the network has 2, ["0", "2"]: if the file lacks weights of the model, write it as the documentation of `Import` shows; otherwise {remedy}"#
        )
    );
    // A file written by this crate contains kernels instead of PyTorch's weights.
    io::save(&network(), &path).unwrap();
    assert!(said(Import::pytorch()).contains("`0.weight` [4, 3] is missing"));
}

/// A valid file of the network with bytes changed, cut off and appended.
fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6);
    let insertion = prop::option::of((any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..20)));
    (changes, insertion, prop::option::of(any::<prop::sample::Index>())).prop_map(|(changes, insertion, cut)| {
        let mut bytes = io::to_bytes(&network()).unwrap();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some((index, new)) = insertion {
            let index = index.index(bytes.len());
            bytes.splice(index..index, new);
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        bytes
    })
}

/// A random JSON header of words that occur in headers, followed by arbitrary numbers.
fn plausible() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"0.kernel\"",
        "\"2.bias\"",
        "\"dtype\"",
        "\"F32\"",
        "\"F64\"",
        "\"U8\"",
        "\"F4\"",
        "\"shape\"",
        "\"data_offsets\"",
        "0",
        "1",
        "3",
        "4",
        "48",
        "104",
        "18446744073709551615",
        "1e9",
        "-1",
        "null",
        "\"__metadata__\"",
        "\"x\"",
        "{\"dtype\":\"F32\",\"shape\":[3,4],\"data_offsets\":[0,48]}",
        "{\"dtype\":\"U8\",\"shape\":[2305843009213693951],\"data_offsets\":[0,2305843009213693951]}",
    ]);
    (prop::collection::vec(word, 0..40), 0usize..120).prop_map(|(words, numbers)| raw(&words.concat(), numbers))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic_or_take_more_memory_than_they_are_worth(
        bytes in prop_oneof![mutated(), plausible(), prop::collection::vec(any::<u8>(), 0..300)],
    ) {
        let mut loaded = network();
        MOST.set(HELD.get());
        let before = HELD.get();
        let result = io::from_bytes(&mut loaded, &bytes);
        let most = MOST.get() - before;
        prop_assert!(most <= 16 * 1024 + 64 * bytes.len() as isize, "{most} bytes for {}", bytes.len());
        if result.is_err() {
            prop_assert_eq!(bits(&loaded), bits(&network()));
        }
    }
}

#[test]
fn long_headers_take_memory_in_proportion() {
    for count in [1_000usize, 100_000] {
        let ones = vec!["1"; count].join(",");
        let header = format!(r#"{{"x":{{"dtype":"U8","shape":[{ones}],"data_offsets":[0,1]}}}}"#);
        let bytes = raw(&header, 1);
        MOST.set(HELD.get());
        let before = HELD.get();
        io::from_bytes(&mut network(), &bytes).unwrap_err();
        let most = MOST.get() - before;
        assert!(most <= 64 * bytes.len() as isize, "{most} bytes for {}", bytes.len());
    }
}

const CHILD: &str = "SHIPLAP_TEST_CHECKPOINT";
type Killed = Trainer<(Dense<8, 400, Relu>, Dense<400, 8, Linear>), MeanSquaredError, Adam, 4>;

/// Trains and writes checkpoints until the process is killed.
#[test]
#[ignore = "the next test runs it in a process of its own"]
fn child() {
    let Ok(path) = env::var(CHILD) else { return };
    let (x, y) = ([[0.5f32; 8]; 4], [[1.0f32; 8]; 4]);
    let mut trainer = Killed::boxed(Adam::default(), 1);
    let from = if Path::new(&path).exists() { io::load_checkpoint(trainer.state_mut(), &path).unwrap() } else { 0 };
    for epoch in from + 1.. {
        trainer.fit(&x, &y, Fit::epochs(epoch).from_epoch(epoch - 1)).unwrap();
        io::save_checkpoint(&trainer.state(), epoch, &path).unwrap();
        println!("\nwritten {epoch}");
    }
}

#[test]
fn a_process_killed_at_any_moment_leaves_a_whole_checkpoint() {
    const KILLS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let mut rng = Rng::new(1);
    let mut trainer = Killed::boxed(Adam::default(), 2);
    let (mut last, mut halves) = (0, 0);
    for kill in 0..KILLS {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe stays open until the child is killed: the child would otherwise exit when it writes the next line.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let written = lines.find(|line| line.starts_with("written "));
        assert!(written.is_some(), "kill {kill}: the child ended by itself");
        thread::sleep(Duration::from_secs_f64(0.008 * rng.uniform()));
        child.kill().unwrap();
        child.wait().unwrap();
        drop(lines);
        let epoch = io::load_checkpoint(trainer.state_mut(), &path).unwrap();
        assert!(epoch > last, "kill {kill}: epoch {epoch} after {last}");
        assert_eq!(trainer.state().steps, epoch as u64);
        last = epoch;
        // The next write removes the left-over of this one.
        let left_overs = fs::read_dir(folder.path()).unwrap().count() - 1;
        assert!(left_overs <= 1, "kill {kill}: {left_overs} left-overs");
        halves += left_overs;
    }
    io::save_checkpoint(&trainer.state(), last, &path).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    println!("{KILLS} kills, {last} checkpoints, {halves} killed while one was written");
    assert!(halves > 0, "no kill met the writing of a file");
}

#[test]
fn files_list_the_layers_inside_others() {
    let bytes = io::to_bytes(&Residual::<OneHot<3, 0, 1, 3, f64>>::new(1)).unwrap();
    io::from_bytes(&mut Residual::<Frozen<OneHot<3, 0, 1, 3, f64>>>::zeroed(), &bytes).unwrap();
    let error = io::from_bytes(&mut Residual::<OneHot<3, 1, 1, 3, f64>>::zeroed(), &bytes).unwrap_err().to_string();
    assert!(
        error.starts_with("the data: the layer `first` is OneHot<3, 0, 1, 3> in the file, but OneHot<3, 1"),
        "{error}"
    );
}
