//! # Networks over time
//!
//! A series of `STEPS` frames with `FEATURES` numbers each, such as the samples of a sensor, is the array
//! `[[f32; FEATURES]; STEPS]`. A network that takes one is trained with whole series, and can then be given one frame at a
//! time, with the same type, the same weights and the same bits.
//!
//! ## Which layer
//!
//! | to | use | multiply-adds of a frame |
//! |---|---|---|
//! | find short patterns: an edge, a click, a beat | [`Conv1d`](crate::layers::Conv1d) | `K·CHANNELS·FILTERS` |
//! | the same in each channel by itself, and combine the channels with a `Conv1d<_, F, 1>` | [`DepthwiseConv1d`](crate::layers::DepthwiseConv1d) | `K·CHANNELS` |
//! | see far back with few weights | several `Conv1d<_, F, K, Relu, Causal<1, D>>` whose dilation `D` doubles | as above, for each |
//! | remember for a time that the data decide | [`Gru`](crate::layers::Gru) | `3·UNITS·(FEATURES + UNITS)` |
//! | the same, with a memory that forgets more slowly | [`Lstm`](crate::layers::Lstm) | `4·UNITS·(FEATURES + UNITS)` |
//! | use what comes later, too, when the whole series is known | [`Bidirectional`](crate::layers::Bidirectional) | twice that of its layer |
//! | compare each step with all steps, or with `Causal` with those before it | [`MultiHeadAttention`](crate::layers::MultiHeadAttention) | `4·WIDTH² + 2·STEPS·WIDTH` |
//! | the same, and compute each step by itself | [`TransformerBlock`](crate::layers::TransformerBlock) | as above, and `2·WIDTH·HIDDEN` |
//! | tell attention the places of the steps | [`LearnedPositions`](crate::layers::LearnedPositions) or [`SinusoidalPositions`](crate::layers::SinusoidalPositions) before it, or [`Rotary`](crate::layers::Rotary) in it, for distances | none |
//! | look up numbers, characters or words | [`Embedding`](crate::layers::Embedding) | none |
//! | compute each step by itself | `Conv1d<_, UNITS, 1>`, or [`TimeDistributed`](crate::layers::TimeDistributed) for several layers | that of the layers |
//! | train on a series that is too long for a sample | any of the recurrent layers, [`Stateful`](crate::layers::Stateful) | as above |
//! | take series whose lengths vary | [`Masked`](crate::layers::Masked) around the layers | that of the layers |
//!
//! A convolution is the place to start: it trains in parallel over the steps, and its state is a few frames. A recurrent
//! layer after it then reads fewer and better frames. [`Causal`](crate::layers::Causal) windows end at their step, so that
//! no output depends on a later input; `Causal<2>` outputs every other step.
//!
//! A recurrent layer outputs its last state, `[f32; UNITS]`, or with [`AllStates`](crate::layers::AllStates) that of each
//! step.
//!
//! ## A whole series
//!
//! Is the beep in the first or the second half?
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[network(input = [[f32; 1]; 32])]
//! type Net = (Conv1d<_, 4, 5, Relu, Causal<2>>, Gru<_, 8>, Dense<_, 2, Softmax>);
//!
//! let mut rng = Rng::new(1);
//! let (mut x, mut y) = (Vec::new(), Vec::new());
//! for sample in 0..200 {
//!     let mut series: [[f32; 1]; 32] = std::array::from_fn(|_| [0.2 * rng.normal() as f32]);
//!     let start = 14 * (sample % 2) + (10.0 * rng.uniform()) as usize;
//!     for step in 0..5 {
//!         series[start + step][0] += if step % 2 == 0 { 1.0 } else { -1.0 };
//!     }
//!     x.push(series);
//!     y.push(sample % 2);
//! }
//! let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 20>::boxed(Adam::new(0.02), 1);
//! trainer.fit(&x[..150], &y[..150], Fit::epochs(30))?;
//! assert!(trainer.evaluate(&x[150..], &y[150..])?.metrics.value() > 0.9);
//!
//! // The same network, one frame at a time.
//! let network = trainer.network();
//! let mut stream = Stream::<Net>::new();
//! let mut last = None;
//! for frame in &x[150] {
//!     last = stream.push(network, frame).or(last);
//! }
//! assert_eq!(last, Some(network.predict(&x[150])));
//! # Ok::<(), TrainError>(())
//! ```
//!
//! ## A long series in pieces
//!
//! A series of hours does not fit into a sample. A [`Stateful`](crate::layers::Stateful) layer starts each batch with its
//! states after the one before, so that a network reads the series in pieces of `STEPS` frames (truncated backpropagation
//! through time), and [`Tbptt`](crate::data::Tbptt) makes the batches. The memory for training is that of the pieces.
//!
//! Is the light on? Someone turns it on or off every 20 to 60 steps, and the pieces have 10, most of which contain no switch:
//!
//! ```
//! use shiplap::{data::Tbptt, prelude::*};
//!
//! #[network(input = [[f32; 1]; 10])]
//! type Net = (Gru<_, 6, Stateful<AllStates>>, TimeDistributed<Dense<_, 2, Softmax>>);
//!
//! let mut rng = Rng::new(1);
//! let (mut frames, mut is_on) = (Vec::new(), Vec::new());
//! for switch in 0..100 {
//!     for step in 0..20 + (40.0 * rng.uniform()) as usize {
//!         frames.push(if step > 0 { [0.0f32] } else if switch % 2 == 0 { [1.0] } else { [-1.0] });
//!         is_on.push(1 - switch % 2);
//!     }
//! }
//! let (x, y) = (Tbptt::<10, 8>::pieces(&frames)?, Tbptt::<10, 8>::pieces(&is_on)?);
//! let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 8>::boxed(Adam::new(0.02), 1);
//! let last = trainer.fit(&x, &y, Fit::epochs(30).shuffle(false))?;
//! assert!(last.training.metrics.value() > 0.95);
//!
//! // Evaluation continues from batch to batch, too. A stream takes the frames one by one.
//! assert!(trainer.evaluate(&x, &y)?.metrics.value() > 0.95);
//! let (mut stream, network) = (Stream::<Net>::new(), trainer.network());
//! let mut outputs = frames.iter().filter_map(|frame| stream.push(network, frame));
//! let right = is_on.iter().zip(&mut outputs).filter(|(is_on, p)| (p[1] > 0.5) == (**is_on == 1)).count();
//! assert!(right as f32 > 0.95 * frames.len() as f32);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Lengths that vary
//!
//! [`pad`](crate::data::pad) makes a sample of a short series: its frames, zeros after them, and its length.
//! [`Masked`](crate::layers::Masked) applies layers to the frames up to the length. Its second parameter is the end, which
//! makes a vector of the steps: the last one by default, [`BothEnds`](crate::layers::BothEnds) of `Bidirectional` layers,
//! [`Average`](crate::layers::Average) or [`Max`](crate::layers::Max).
//!
//! ```
//! use shiplap::{data::pad, layers::Average, prelude::*};
//!
//! #[network(input = Pair<[[f32; 2]; 8], f32>)]
//! type Net = (Masked<Bidirectional<Gru<_, 6, AllStates>>, Average>, Dense<_, 2, Softmax>);
//!
//! let x: [Pair<[[f32; 2]; 8], f32>; 2] = [pad(&[[0.5, 1.0], [0.2, 0.3]])?, pad(&[[0.1, 0.4]; 5])?];
//! let mut trainer = Trainer::<Net, SparseCategoricalCrossentropy, Adam, 2>::boxed(Adam::new(0.01), 1);
//! trainer.fit(&x, &[0, 1], Fit::epochs(3))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! With a label for each step, the loss [`EachStep`](crate::loss::EachStep) counts the steps up to the length, which is part
//! of the label. No step may depend on later ones, which are padding: `Bidirectional`, attention without `Causal` and `Same`
//! windows over series are compile errors. `Bidirectional` and attention are not if they know the length, in
//! [`Masked<_, AllSteps>`](crate::layers::AllSteps), which outputs all steps.
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[network(input = [[f32; 2]; 8])]
//! type Net = (Gru<_, 6, AllStates>, Conv1d<_, 3, 1, Softmax>);
//!
//! let mut trainer = Trainer::<Net, EachStep<SparseCategoricalCrossentropy>, Adam, 1>::boxed(Adam::new(0.01), 1);
//! let labels = [2, 1, 0, 0, 0, 0, 0, 0];
//! trainer.fit(&[[[0.5f32, 1.0]; 8]], &[(labels, 3)], Fit::epochs(3))?;
//! # Ok::<(), TrainError>(())
//! ```
//!
//! ## Text
//!
//! A text is a series of whole numbers, `[f32; STEPS]`: [`Vocabulary`](crate::data::Vocabulary) numbers its characters, and
//! [`Embedding`](crate::layers::Embedding) looks up a vector for each number. A decoder predicts the next character at each
//! step, so its attention is `Causal`. To write, a stream takes one character after another. A frame is a bare `f32`.
//!
//! ```
//! use shiplap::{data::Vocabulary, prelude::*};
//!
//! const SYMBOLS: usize = 3;
//!
//! #[network(input = [f32; 8])]
//! type Decoder = (
//!     Embedding<_, SYMBOLS, 12>,
//!     LearnedPositions<_>,
//!     TransformerBlock<_, 2, 24, Causal>,
//!     Conv1d<_, SYMBOLS, 1, Softmax>,
//! );
//!
//! let text = "abcabcabcabcabcabcabc";
//! let vocabulary = Vocabulary::of_characters(text);
//! let numbers: Vec<f32> = vocabulary.encode(text)?;
//! let (x, y): (Vec<[f32; 8]>, Vec<[usize; 8]>) = numbers
//!     .windows(9)
//!     .map(|seen| (std::array::from_fn(|step| seen[step]), std::array::from_fn(|step| seen[step + 1] as usize)))
//!     .unzip();
//! let mut trainer = Trainer::<Decoder, SparseCategoricalCrossentropy, Adam, 13>::boxed(Adam::new(0.02), 1);
//! trainer.fit(&x, &y, Fit::epochs(100))?;
//!
//! let (network, mut stream) = (trainer.network(), Stream::<Decoder>::new());
//! let mut written = vec![0.0f32];
//! while let Some(next) = stream.push(network, written.last().unwrap()).filter(|_| written.len() < 8) {
//!     written.push((0..SYMBOLS).max_by(|&a, &b| next[a].total_cmp(&next[b])).unwrap() as f32);
//! }
//! assert_eq!(vocabulary.decode(&written)?, "abcabcab");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There are positions for `STEPS` characters only: a stream with [`LearnedPositions`](crate::layers::LearnedPositions) or
//! [`SinusoidalPositions`](crate::layers::SinusoidalPositions) ends after them. With [`Rotary`](crate::layers::Rotary)
//! instead, it goes on, and attends to the last `STEPS` characters. The example `characters` trains a larger decoder.
//!
//! ## Where a network looks
//!
//! [`Explainer`](crate::explain::Explainer) attributes an output to each number of each frame, and
//! [`weights`](crate::layers::MultiHeadAttention::weights) tells how much each step of a layer of attention attends to each.
//! `HeatMap` (feature `plot`) draws both, with a row for each step.
//!
//! ```
//! use shiplap::{explain::{Explainer, Target}, prelude::*};
//!
//! #[network(input = [[f32; 2]; 12])]
//! type Net = (Conv1d<_, 4, 3, Relu, Causal>, MultiHeadAttention<_, 2>, GlobalAveragePool<_>, Dense<_, 3, Softmax>);
//!
//! let network = Net::new(1);
//! let x = std::array::from_fn(|step| [(step as f32).sin(), 1.0]);
//! let saliency: [[f32; 2]; 12] = Explainer::<Net>::boxed().gradient(&network, &x, Target::Logit(0))?;
//! let weights: Box<[[[f32; 12]; 12]; 2]> = network.1.weights(&network.0.predict(&x));
//! # #[cfg(feature = "plot")]
//! # {
//! use shiplap::report::{Grid, HeatMap, Plot};
//!
//! let page = Grid::new(2)
//!     .with(HeatMap::attributions("evidence for class 0", 2, &saliency)?)
//!     .with(HeatMap::image("attention of the first head", 12, &weights[0])?);
//! page.save(std::env::temp_dir().join("explained.svg"))?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## One frame at a time
//!
//! [`Stream`](crate::stream::Stream) has the state of a network between two frames: the frames that its convolutions and
//! pools still need, and the states of its recurrent layers. Its size is a constant, and it is apart from the weights, so
//! that these can be in flash. `push` returns an output when one is due. A window that looks ahead (`Same`) is a compile
//! error.
//!
//! ```
//! use shiplap::prelude::*;
//!
//! #[network(input = [[f32; 3]; 64])]
//! type Net = (
//!     Conv1d<_, 8, 5, Relu, Causal<2>>,
//!     Conv1d<_, 8, 3, Relu, Causal<1, 2>>,
//!     Gru<_, 12>,
//!     Dense<_, 4, Softmax>,
//! );
//!
//! // Bytes of RAM between two frames, and multiply-adds of a frame: the whole series would take 32 times as many.
//! const_assert!(Stream::<Net>::BYTES <= 400);
//! const_assert!(Stream::<Net>::MACS == 5 * 3 * 8 + 3 * 8 * 8 + 3 * 12 * (8 + 12) + 12 * 4);
//! const_assert!(Net::MACS > 30 * (Stream::<Net>::MACS - 12 * 4));
//! ```
//!
//! After the frames of one series, the stream goes on: a convolution as if the series were longer, a recurrent layer with
//! its state, and a layer that reads all steps, such as a mean, with the last ones. `reset` starts over, and a copy of the
//! stream is a saved state.
//!
//! ## In int8
//!
//! `Stream<Quantized<Net>>` streams the int8 form of a network ([`Quantized`](crate::quantized::Quantized)), with the bits
//! of its own whole form. `Lstm` has the arithmetic of TensorFlow Lite, and keeps its cells in 16 bits; the other recurrent
//! layers keep their states in 16 bits. A frame passes through `input.quantize` first:
//!
//! ```
//! use shiplap::{prelude::*, quantized::Quantized};
//!
//! #[network(input = [[f32; 3]; 16])]
//! type Net = (Conv1d<_, 8, 3, Relu, Causal>, Gru<_, 6>, Dense<_, 2, Softmax>);
//!
//! let x: [[f32; 3]; 16] = std::array::from_fn(|step| [(step as f32).sin(), 0.5, -1.0]);
//! let int8 = Quantized::<Net>::calibrate(&Net::new(1), &[x])?;
//! let mut stream = Stream::<Quantized<Net>>::new();
//! let mut last = None;
//! for frame in x {
//!     last = stream.push(&*int8, &frame.map(|number| int8.input.quantize(number)));
//! }
//! assert_eq!(last.map(|output| output.map(|number| int8.output.real(number))), Some(int8.predict(&x)));
//! # Ok::<(), shiplap::quantized::QuantizeError>(())
//! ```
//!
//! The wake word of MLPerf Tiny is a network of 30 frames. For each new frame, the whole network takes 1 080 000
//! instructions on a Cortex-M4, and its stream 100 500, with 4 kB of state (`examples/firmware/src/bin/wake_word.rs`).
//!
//! ## Weights from PyTorch and Keras
//!
//! `Import` (feature `safetensors`) loads weights of recurrent layers, convolutions and attention from a safetensors file.
//! Pairs of a layer's place in the network and its name in the file tell which is which. `export_onnx` (feature `onnx`)
//! writes the network for other runtimes.
//!
//! ```
//! # #[cfg(all(feature = "safetensors", feature = "onnx"))]
//! # {
//! use shiplap::{io, io::Import, prelude::*};
//!
//! #[network(input = [[f32; 3]; 6])]
//! type Net = (SimpleRnn<_, 4, AllStates>, Gru<_, 5, AllStates>, Lstm<_, 4>, Dense<_, 3>);
//!
//! let mut network = Net::zeroed();
//! let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/exchange/torch_recurrent.safetensors");
//! let names = [("0", "rnn"), ("1", "gru"), ("2", "lstm"), ("3", "head")];
//! Import::pytorch().layers(&names).load(&mut network, file)?;
//! let path = std::env::temp_dir().join("shiplap.recurrent.onnx");
//! io::export_onnx(&network, &path)?;
//! # std::fs::remove_file(path)?;
//! # }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
