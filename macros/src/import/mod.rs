//! Models of other libraries as networks of this crate.
//!
//! [`Model::parse`] reads a file; [`source`] writes its layers as types and constants. `tflite` and
//! `onnx` read operators; `graph` puts them in sequence and in branches, and `ends` from the inputs to the outputs;
//! `operator` makes each a [`Layer`]; `merge` joins those that are one layer here.
//!
//! The macro `include_model!` parses the source, and the example `import` prints it. The example includes this folder by
//! its path: a library of its own would be a third package to publish, for a tool that is run in the repository.

mod constants;
mod elementwise;
mod ends;
mod expand;
mod fill;
mod gather;
mod graph;
mod kind;
mod layer;
mod lstm;
mod mat_mul;
mod merge;
mod numbers;
mod onnx;
mod operator;
mod pad;
mod reduce;
mod repeat;
mod select;
mod share;
mod slice;
pub mod source;
mod tables;
mod tensor;
mod tflite;
mod transpose;
mod values;
mod window;

pub use layer::{Affine, Join, Layer, LstmConstants, Model, Scale};
pub use window::{Padding, Window};

/// A value, or the reason to refuse the file. The reason follows its name: `has operator 3, ..`.
pub type Parsed<T> = Result<T, String>;

/// The most layers of a sequence: longer ones are nested.
const MOST: usize = 16;

impl Model {
    /// Reads a model. The error says what is wrong with it.
    pub fn parse(file: &[u8]) -> Parsed<Self> {
        match file.get(4..8) {
            Some(b"TFL3") => tflite::read(file)?.model(),
            _ if file.first() == Some(&8) => onnx::read(file)?.model(),
            _ => Err("is neither a TensorFlow Lite model nor an ONNX model".into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    const KWS: &[u8] = include_bytes!("../../../data/mlperf_tiny/kws_int8.tflite");
    const RESNET8: &[u8] = include_bytes!("../../../data/mlperf_tiny/resnet8_int8.tflite");

    #[test]
    fn layers_are_written_as_types() {
        let model = Model::parse(KWS).unwrap();
        let types = source::sequence(&model.layers, &|_, name| name.to_string(), 0);
        assert!(
            types.starts_with("(\n    Conv2d<Image<49, 10, 1>, 64, 10, Relu, Same<2>, Bias, 4, Image<25, 5, 64>>,\n")
        );
        assert!(types.ends_with("    GlobalAveragePool<Image<25, 5, 64>>,\n    Dense<64, 12, Softmax>,\n)"), "{types}");
        let types = source::sequence(&Model::parse(RESNET8).unwrap().layers, &|_, name| name.to_string(), 0);
        assert_eq!(types.matches("Branches<").count(), 3);
        assert!(types.contains("        Identity<Image<32, 32, 16>>,\n        Add<Relu>,\n    >"), "{types}");
    }

    /// Each of seven convolutions, though both outputs need most of them.
    #[test]
    fn shared_operators_are_layers_once() {
        let model = Model::parse(include_bytes!("../../../tests/models/shared.tflite")).unwrap();
        let types = source::sequence(&model.layers, &|_, name| name.to_string(), 0);
        assert_eq!(types.matches("Conv2d<").count(), 7, "{types}");
    }

    /// A test of the library compiles this source and runs its network.
    #[test]
    fn programs_are_printed() {
        const MODEL: &[u8] = include_bytes!("../../../tests/models/keep_dims.tflite");
        const PRINTED: &str = include_str!("../../../tests/models/printed.rs");
        assert_eq!(Model::parse(MODEL).unwrap().program("keep_dims.tflite"), PRINTED);
    }

    #[test]
    fn truncated_files_are_refused() {
        for length in (0..2000).chain((2000..KWS.len()).step_by(97)) {
            assert!(Model::parse(&KWS[..length]).is_err(), "{length} bytes");
        }
    }

    /// A damaged file is refused or read, but causes no panic and no endless loop.
    #[test]
    fn damaged_files_are_read_or_refused() {
        let mut state = 1u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 4) as usize % below
        };
        let (mut refused, mut all) = (0, 0);
        let is_model = |path: &Path| path.extension().is_some_and(|kind| kind == "tflite" || kind == "onnx");
        for folder in ["tests/models", "data/mlperf_tiny"] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
            let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            paths.retain(|path| is_model(path));
            paths.sort();
            for whole in paths.iter().map(|path| fs::read(path).unwrap()) {
                for _ in 0..if whole.len() < 20_000 { 200 } else { 20 } {
                    let mut file = whole.clone();
                    for _ in 0..=random(3) {
                        // The tables are at both ends, and the weights in between.
                        let place = random(file.len().min(8000));
                        let place = if random(2) == 0 { place } else { file.len() - 1 - place };
                        file[place] = [0, 1, 0x7f, 0xff, random(256) as u8][random(5)];
                    }
                    if random(4) == 0 {
                        file.truncate(random(whole.len()));
                    }
                    all += 1;
                    match Model::parse(&file) {
                        Ok(model) => assert!(model.program("model").contains("pub static NET")),
                        Err(_) => refused += 1,
                    }
                }
            }
        }
        assert!((all / 4..all).contains(&refused), "{refused} of {all}");
    }

    /// The options of an operator are damaged, so that branches share operators however they are parted.
    #[test]
    fn operators_that_are_shared_without_end_are_refused() {
        let mut file = include_bytes!("../../../tests/models/unrolled_real.tflite").to_vec();
        file[5092..5095].fill(0xff);
        let refusal = Model::parse(&file).err().unwrap();
        assert!(
            refusal.ends_with("CONCATENATION, that is not supported: its branches share too many operators"),
            "{refusal}"
        );
    }

    /// Of the inputs of the operator, one is removed, or added.
    #[test]
    fn lstms_of_other_kinds_are_refused_with_the_reason() {
        const LSTM: &[u8] = include_bytes!("../../../tests/models/lstm_states.tflite");
        const INPUTS: [i32; 24] =
            [0, 12, 11, 10, 9, 8, 7, 6, 5, -1, -1, -1, 4, 3, 2, 1, -1, -1, 13, 14, -1, -1, -1, -1];
        let bytes = |inputs: [i32; 24]| inputs.map(i32::to_le_bytes).as_flattened().to_vec();
        let place = LSTM.windows(96).position(|window| window == bytes(INPUTS)).unwrap();
        for (index, tensor, reason) in [
            (1, -1, "it has no input gate (CIFG)"),
            (10, 4, "its gates read the cell (peephole)"),
            (16, 5, "its output is a projection of its state"),
            (21, 4, "its gates are normalized (layer norm)"),
            (18, 0, "not that of one series, [1, 11]"),
            (19, -1, "it has no states"),
            (19, 13, "has no valid scale"),
            (7, 12, "its weights have the shape [11, 3], not [11, 11]"),
            (13, -1, "input 13 is missing"),
        ] {
            let (mut file, mut inputs) = (LSTM.to_vec(), INPUTS);
            inputs[index] = tensor;
            file[place..place + 96].copy_from_slice(&bytes(inputs));
            let refusal = Model::parse(&file).err().unwrap();
            assert!(refusal.contains("operator 0, UNIDIRECTIONAL_SEQUENCE_LSTM, that is not supported"), "{refusal}");
            assert!(refusal.contains(reason), "{refusal}");
        }
        let hybrid = Model::parse(include_bytes!("../../../tests/models/hybrid.tflite")).err().unwrap();
        assert!(hybrid.contains("its weights are int8 and its input float32 (dynamic range quantization)"), "{hybrid}");
        let mut file = LSTM.to_vec();
        let clip = file.windows(4).position(|bytes| bytes == 10f32.to_le_bytes()).unwrap();
        file[clip..clip + 4].copy_from_slice(&f32::INFINITY.to_le_bytes());
        assert!(Model::parse(&file).err().unwrap().ends_with("its cells are limited to inf"));
    }

    /// The number around the image is that of an int8 of another scale, or none.
    #[test]
    fn padding_by_numbers_of_other_scales_is_refused() {
        const PADDED: &[u8] = include_bytes!("../../../tests/models/padded.tflite");
        const REAL: &[u8] = include_bytes!("../../../tests/models/padded_real.tflite");
        let refusal = |file: &[u8]| Model::parse(file).err().unwrap();
        let number = REAL.windows(4).position(|bytes| bytes == (-0.7f32).to_le_bytes()).unwrap();
        let mut file = REAL.to_vec();
        file[number..number + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(refusal(&file), "has operator 0, PADV2, that is not supported: it pads with NaN");
        // The first operator has this scale three times: that of its input, of its number and of its output.
        let scale = PADDED.windows(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()));
        let scale = scale.enumerate().find(|(_, number)| (0.029..0.03).contains(number)).unwrap().1.to_le_bytes();
        let places = (0..PADDED.len() - 3).filter(|place| PADDED[*place..][..4] == scale);
        let refusals = places.map(|place| {
            let mut file = PADDED.to_vec();
            file[place..place + 4].copy_from_slice(&0.1f32.to_le_bytes());
            refusal(&file)
        });
        let reason =
            "PADV2, that is not supported: it pads with a number that is not a constant of the scale of its input";
        assert!(refusals.filter(|refusal| refusal.ends_with(reason)).count() == 1);
    }

    /// An image is split into parts of 5, 11 and 16 channels.
    #[test]
    fn parts_without_numbers_are_refused() {
        let mut file = include_bytes!("../../../tests/models/shuffled.tflite").to_vec();
        let bytes = |lengths: [i32; 3]| lengths.map(i32::to_le_bytes).as_flattened().to_vec();
        let place = file.windows(12).position(|window| window == bytes([5, 11, 16])).unwrap();
        file[place..place + 12].copy_from_slice(&bytes([5, 0, 27]));
        let refusal = Model::parse(&file).err().unwrap();
        assert!(refusal.ends_with("SPLIT_V, that is not supported: one of its parts has no numbers"), "{refusal}");
    }

    /// The channels 6, 7, 0, 2 and 3 of 8 are taken.
    #[test]
    fn numbers_beyond_the_axis_are_refused() {
        let mut file = include_bytes!("../../../tests/models/masked.tflite").to_vec();
        let bytes = |places: [i32; 5]| places.map(i32::to_le_bytes).as_flattened().to_vec();
        let place = file.windows(20).position(|window| window == bytes([6, 7, 0, 2, 3])).unwrap();
        for index in [8, -1] {
            file[place..place + 20].copy_from_slice(&bytes([6, 7, index, 2, 3]));
            let refusal = Model::parse(&file).err().unwrap();
            let reason = format!("GATHER, that is not supported: it takes number {index} of axis 2 of [1, 6, 8]");
            assert!(refusal.ends_with(&reason), "{refusal}");
        }
    }

    /// The paddings of the first operator are 1 before and after the rows, and before and after the columns.
    #[test]
    fn mirrored_padding_is_at_most_the_image() {
        const MIRRORED: &[u8] = include_bytes!("../../../tests/models/mirrored.tflite");
        let bytes = |paddings: [i32; 8]| paddings.map(i32::to_le_bytes).as_flattened().to_vec();
        let place = MIRRORED.windows(32).position(|window| window == bytes([0, 0, 1, 1, 1, 1, 0, 0])).unwrap();
        for (paddings, reason) in [
            ([0, 0, 5, 1, 1, 1, 0, 0], "it pads axis 1 of [1, 5, 4, 3] by 5 and 1"),
            ([0, 0, 1, -1, 1, 1, 0, 0], "it pads axis 1 of [1, 5, 4, 3] by 1 and -1"),
            ([0, 1, 1, 1, 1, 1, 0, 0], "its padding is [[0, 1], [1, 1], [1, 1], [0, 0]], of the shape [1, 5, 4, 3]"),
        ] {
            let mut file = MIRRORED.to_vec();
            file[place..place + 32].copy_from_slice(&bytes(paddings));
            let refusal = Model::parse(&file).err().unwrap();
            assert_eq!(refusal, format!("has operator 0, MIRROR_PAD, that is not supported: {reason}"));
        }
    }

    #[test]
    fn operators_without_a_layer_are_named_with_their_place() {
        let refusal = |file: &[u8]| Model::parse(file).err().unwrap();
        assert_eq!(
            refusal(include_bytes!("../../../tests/models/unsupported.tflite")),
            "has operator 2, SIN, that is not supported: no layer computes it"
        );
        // The number of the operator, in both places where old and new files have it.
        for (code, reason) in [
            (
                48,
                "TOPK_V2, that is not supported: no layer computes it: end the model before it, and compare the outputs",
            ),
            (
                56,
                "ARG_MAX, that is not supported: no layer computes it: end the model before it, and compare the outputs",
            ),
            (61, "GREATER, that is not supported: no layer computes truth values: compare in Rust"),
            (107, "GATHER_ND, that is not supported: no layer takes numbers by their places: slice the tensor"),
            (119, "WHILE, that is not supported: no layer computes loops or has variables: unroll a recurrent layer"),
            (64, "SELECT, that is not supported: no layer chooses between numbers: multiply both tensors by zeros"),
        ] {
            let file = include_bytes!("../../../tests/models/unsupported.tflite");
            let file = file.map(|byte| if byte == 66 { code } else { byte });
            assert!(refusal(&file).starts_with(&format!("has operator 2, {reason}")), "{}", refusal(&file));
        }
        assert!(refusal(include_bytes!("../../../tests/models/unsupported.onnx")).contains(", Softplus, that is not"));
        assert_eq!(refusal(b"\x08\x07"), "has no graph");
        assert_eq!(refusal(b"no model"), "is neither a TensorFlow Lite model nor an ONNX model");
    }
}
