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
//! of its own whole form. Recurrent layers keep their states in 16 bits.
//!
//! The wake word of MLPerf Tiny is a network of 30 frames. For each new frame, the whole network takes 1 080 000
//! instructions on a Cortex-M4, and its stream 100 500, with 4 kB of state (`examples/firmware/src/bin/wake_word.rs`).
