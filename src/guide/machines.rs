//! # Several machines
//!
//! With the feature `mpi`, a program runs on several [ranks](crate::ranks): processes that MPI starts, on one machine or on
//! many. This guide says which way of sharing the work pays, and when.
//!
//! | | use | a rank sends |
//! |---|---|---|
//! | many networks or settings | [`Search::run_on`](../../search/struct.Search.html#method.run_on) | a few bytes for each trial |
//! | one network, slow samples | [`AllRanks`](crate::optim::AllRanks) | its gradient in each step |
//! | one network, fast samples | [`LocalSgd`](crate::train::LocalSgd) | weights and optimizer state every few steps |
//!
//! A search nearly always pays. Threads come first for one network: [`AllCores`](crate::optim::AllCores) sends nothing.
//!
//! ## The time of a step
//!
//! `AllRanks` passes the outputs of the batch, and then the sum of the gradients, from the first of `P` ranks to the last
//! and back, in packets of 16 KiB. If a rank has one shard, it sends a packet on as soon as it has added its own numbers. So
//! the time that a step takes beside its work is about
//!
//! `4·(P − 1)·latency + 2·(P − 1)·16 KiB/bandwidth + 2·bytes/bandwidth`,
//!
//! where `bytes` are those of the trainable parameters. The outputs take time, too, if they are many. Running statistics,
//! as those of batch norm, also go to the last rank and back, and take another `2·(P − 1)·latency`. `LocalSgd` takes half of
//! the first term and the other two, with the bytes of the parameters and of the optimizer state: with Adam, three times as
//! many. Ranks with several shards receive the sum of a whole gradient before they send it on, which takes
//! `bytes/bandwidth` for each rank.
//!
//! Each rank evaluates all validation data by itself, and this time does not shrink.
//!
//! Between two processes of one machine (two cores of an Intel Xeon at 2.5 GHz, Open MPI 4.1),
//! `benches/ranks/run` has measured 0.4 microseconds and 7.5 GB/s through shared memory, and 4.8 microseconds and
//! 5.8 GB/s through TCP, whose software takes that long even without a network. The tables below are on paper: they assume
//! 20 microseconds and 1.1 GB/s for Ethernet at 10 Gbit/s, and 1.5 microseconds and 12 GB/s for InfiniBand at 100 Gbit/s.
//!
//! ```
//! /// Microseconds for one way, and bytes in a microsecond.
//! struct Wire(f64, f64);
//! const ETHERNET: Wire = Wire(20.0, 1100.0);
//! const INFINIBAND: Wire = Wire(1.5, 12_000.0);
//!
//! /// The microseconds that `ranks` take to add up gradients of so many `f32`, with 4 latencies, or 6 for batch norm.
//! fn sum(Wire(latency, bandwidth): &Wire, ranks: f64, numbers: f64, latencies: f64) -> f64 {
//!     (ranks - 1.0) * (latencies * latency + 2.0 * 16_384.0 / bandwidth) + 2.0 * 4.0 * numbers / bandwidth
//! }
//!
//! /// The microseconds that they take to average weights and Adam's state.
//! fn average(Wire(latency, bandwidth): &Wire, ranks: f64, numbers: f64) -> f64 {
//!     (ranks - 1.0) * (2.0 * latency + 2.0 * 16_384.0 / bandwidth) + 2.0 * 3.0 * 4.0 * numbers / bandwidth
//! }
//!
//! // 784-512-512-10 has 670 000 parameters, and a sample takes 42 microseconds of a core; ResNet-8 has 78 000, and 1160.
//! let (dense, resnet) = ((670e3, 42.0, 4.0), (78e3, 1160.0, 6.0));
//! // The rows that a rank needs in a step, so that it spends nine tenths of its time on them.
//! let rows = |wire: &Wire, ranks: f64, (numbers, sample, latencies): (f64, f64, f64)| {
//!     (9.0 * sum(wire, ranks, numbers, latencies) / sample).ceil()
//! };
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| rows(&ETHERNET, ranks, dense)), [1068.0, 1398.0, 7044.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| rows(&INFINIBAND, ranks, dense)), [98.0, 124.0, 573.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| rows(&ETHERNET, ranks, resnet)), [6.0, 22.0, 301.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| rows(&INFINIBAND, ranks, resnet)), [1.0, 2.0, 24.0]);
//!
//! // The steps of 32 rows between two averages, for the same share.
//! let steps = |wire: &Wire, ranks: f64, (numbers, sample, _): (f64, f64, f64)| {
//!     (9.0 * average(wire, ranks, numbers) / (32.0 * sample)).ceil()
//! };
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| steps(&ETHERNET, ranks, dense)), [99.0, 105.0, 218.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| steps(&INFINIBAND, ranks, dense)), [10.0, 10.0, 19.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| steps(&ETHERNET, ranks, resnet)), [1.0, 1.0, 5.0]);
//! assert_eq!([2.0, 16.0, 256.0].map(|ranks| steps(&INFINIBAND, ranks, resnet)), [1.0, 1.0, 1.0]);
//! ```
//!
//! The rows of each rank in a step of `AllRanks`:
//!
//! | | 2 ranks | 16 | 256 |
//! |---|--:|--:|--:|
//! | dense, Ethernet | 1068 | 1398 | 7044 |
//! | dense, InfiniBand | 98 | 124 | 573 |
//! | ResNet-8, Ethernet | 6 | 22 | 301 |
//! | ResNet-8, InfiniBand | 1 | 2 | 24 |
//!
//! The steps of 32 rows between two averages of `LocalSgd`:
//!
//! | | 2 ranks | 16 | 256 |
//! |---|--:|--:|--:|
//! | dense, Ethernet | 99 | 105 | 218 |
//! | dense, InfiniBand | 10 | 10 | 19 |
//! | ResNet-8, Ethernet | 1 | 1 | 5 |
//! | ResNet-8, InfiniBand | 1 | 1 | 1 |
//!
//! The size of a network hardly matters by itself: a dense network with twice the parameters computes and sends twice as
//! much. What matters is how often a sample uses each weight: once in a dense layer, hundreds of times in a convolution.
//! Below some thousand parameters, the latency decides: for 1000 dense parameters, a sample takes 0.1 microseconds, and two
//! ranks exchange numbers for 87 on Ethernet. There, one core is faster than any number of machines, and a search is what to spread.
//!
//! ## A cluster
//!
//! `examples/cluster` is a search as an array of jobs, each on several ranks, with a job script for SLURM. Start one rank
//! for each core, or one for each machine with `RAYON_NUM_THREADS` set to its cores.
