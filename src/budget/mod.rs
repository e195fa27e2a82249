//! Budgets: limits on the flash, RAM and computation of a network, enforced at compile time.
//!
//! - [`Network::BYTES`](crate::network::Network::BYTES): the size of the weights and statistics, which are in flash for
//!   a [stored network](crate::flash) and in RAM otherwise.
//! - [`Network::ACTIVATIONS`](crate::network::Network::ACTIVATIONS): the size of the activations during a prediction,
//!   which are on the stack.
//! - [`Trainer::BYTES`](crate::train::Trainer::BYTES): the size of a trainer, including the network.
//! - [`Layer::MACS`]: the number of multiply-accumulates in a prediction.
//! - [`Stream::BYTES`](crate::stream::Stream::BYTES) and [`Stream::MACS`](crate::stream::Stream::MACS): the size of the
//!   state of a network that takes one frame at a time, and the multiply-accumulates of a frame.
//!
//! Each of these constants also checks the type, so that `cargo check` reports a layer without width or a trainer with a
//! batch of 0, which are otherwise errors only of `cargo build`.
//!
//! Stack frames are not included, nor is the memory of a layer during a push of a [stream](crate::stream). The sizes are in
//! bytes, for the target of the compilation. With `std`, the parts of a trainer are aligned to cache lines, which makes it
//! slightly larger than on a microcontroller.
//!
//! [`budget!`](crate::budget!) enforces a limit, and lists the cost of each layer if it is exceeded.
//! [`const_assert!`](crate::const_assert) enforces any other condition, such as a limit for several networks on one
//! chip by their [`COSTS`](Budgeted::COSTS):
//!
//! ```
//! use shiplap::{budget::Budgeted, prelude::*};
//!
//! type Gate = (Dense<8, 4, Relu>, Dense<4, 1, Sigmoid>);
//! type Classes = (Dense<8, 16, Relu>, Dense<16, 3, Softmax>);
//! const_assert!(Gate::COSTS.flash + Classes::COSTS.flash <= 1024);
//! ```

mod part;
mod table;

#[doc(hidden)]
pub use part::PartCosts;
use table::table;

use crate::{
    layer::{Layer, Outline, assert_sound},
    message::Message,
};

/// Limits the cost of a network or a trainer. If a limit is exceeded, the program does not compile, and the error lists
/// the cost of each layer.
///
/// Any of these limits can be combined:
/// - `flash`: read-only memory in bytes. For a network, this is its weights; for a trainer, the weights of the layers
///   that are [in flash](crate::layers::InFlash).
/// - `ram`: writable memory in bytes. For a network, this is its [activations](crate::network::Network::ACTIVATIONS);
///   for a network [in int8](crate::quantized), its int8 activations; for a trainer, the trainer itself; for a
///   [stream](crate::stream), its state.
/// - `macs`: the multiply-accumulates of a prediction, or of a frame of a stream.
///
/// ```
/// use shiplap::{prelude::*, quantized::Quantized};
///
/// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
/// budget!(Net: flash <= 512, ram <= 64, macs <= 110);
/// budget!(Trainer<Net, BinaryCrossentropy, Adam, 1>: ram <= 4 * 1024);
///
/// #[network(input = [[f32; 3]; 32])]
/// type Gestures = (Gru<_, 8>, Dense<_, 4, Softmax>);
/// budget!(Stream<Gestures>: ram <= 64, macs <= 300);
/// budget!(Quantized<Net>: flash <= 1024, ram <= 11, macs <= 110);
/// ```
///
/// ```compile_fail
/// # use shiplap::prelude::*;
/// # type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
/// budget!(Net: flash <= 256);
/// ```
///
/// The second example fails with this error:
///
/// ```text
/// budget exceeded: `Net: flash <= 256` does not hold, because 484 is not <= 256
///
/// layer  type                   flash  ram  macs
/// 0      Dense<10, 10, Relu>      440   40   100
/// 1      Dense<10, 1, Sigmoid>     44    4    10
/// total                           484   44   110
/// limit                           256
/// ```
#[macro_export]
macro_rules! budget {
    ($costly:ty: $($resource:ident <= $limit:expr),+ $(,)?) => {
        const _: () = {
            // A fault of the type is an error here.
            let _ = <$costly as $crate::budget::Budgeted>::COSTS;
            $crate::budget::Limits::new(::core::stringify!($costly))$(.$resource($limit))+.assert::<$costly>()
        };
    };
}

/// A type with a budget: a network, also in int8, a trainer or a stream.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no budget",
    label = "networks, trainers and streams have a budget"
)]
pub trait Budgeted {
    /// The costs of the type.
    const COSTS: Costs;
}

/// The costs of a network, a trainer or a stream.
#[derive(Clone, Copy, Debug)]
pub struct Costs {
    /// Read-only memory in bytes.
    pub flash: usize,
    /// Writable memory in bytes.
    pub ram: usize,
    /// The number of multiply-accumulates in a prediction.
    pub macs: usize,
    pub(crate) outline: Outline,
    /// For a trainer, its parts in RAM other than the layers. For a network, `None`: its layers are in flash.
    pub(crate) training: Option<&'static [(&'static str, usize)]>,
    /// For a stream, the costs of a frame; for an int8 network, those of its layers.
    pub(crate) form: Option<PartCosts>,
}

impl Costs {
    /// The costs of a trainer of `ram` bytes, which contains `parts`.
    pub(crate) const fn of_training(
        outline: &'static Outline,
        ram: usize,
        macs: usize,
        parts: &'static [(&'static str, usize)],
    ) -> Self {
        Self { flash: outline.bytes_in_flash(), ram, macs, outline: *outline, training: Some(parts), form: None }
    }
}

impl<N: Layer> Budgeted for N {
    const COSTS: Costs = Costs {
        flash: {
            assert_sound(&N::FAULT);
            size_of::<N>() + N::OUTLINE.bytes_in_flash()
        },
        ram: N::OUTLINE.peak(),
        macs: N::MACS,
        outline: N::OUTLINE,
        training: None,
        form: None,
    };
}

/// The limits of a budget.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    name: &'static str,
    /// In the order of `RESOURCES`.
    limits: [Option<usize>; 3],
}

const RESOURCES: [&str; 3] = ["flash", "ram", "macs"];

impl Limits {
    /// Creates a budget without limits. Error messages refer to it as `name`.
    pub const fn new(name: &'static str) -> Self {
        Self { name, limits: [None; 3] }
    }

    /// Limits the read-only memory, in bytes.
    #[must_use]
    pub const fn flash(mut self, bytes: usize) -> Self {
        self.limits[0] = Some(bytes);
        self
    }

    /// Limits the writable memory, in bytes.
    #[must_use]
    pub const fn ram(mut self, bytes: usize) -> Self {
        self.limits[1] = Some(bytes);
        self
    }

    /// Limits the multiply-accumulates of a prediction.
    #[must_use]
    pub const fn macs(mut self, macs: usize) -> Self {
        self.limits[2] = Some(macs);
        self
    }

    /// Checks the costs of `B`.
    ///
    /// # Panics
    ///
    /// Panics if a limit is exceeded. In a `const` context, this is a compile error that lists the cost of each layer.
    #[track_caller]
    pub const fn assert<B: Budgeted>(self) {
        let costs = B::COSTS;
        let (totals, mut index) = ([costs.flash, costs.ram, costs.macs], 0);
        while index < totals.len() {
            if let Some(limit) = self.limits[index]
                && totals[index] > limit
            {
                let claim: Message = Message::new().text(self.name).text(": ").text(RESOURCES[index]).text(" <= ");
                let claim = claim.number(limit as u128);
                let (total, limit) = (Side::Unsigned(totals[index] as u128), Side::Unsigned(limit as u128));
                let message = exceeded(claim.as_str(), total, "<= ", limit);
                panic!("{}", table(message.text("\n"), &costs, totals, self.limits).as_str());
            }
            index += 1;
        }
    }
}

/// `budget exceeded: `claim` does not hold, because 2 is not <= 1`
#[doc(hidden)]
pub const fn exceeded(claim: &str, left: Side, relation: &str, right: Side) -> Message<8192> {
    let message = Message::new().text("budget exceeded: `").text(claim).text("` does not hold");
    if matches!((left, right), (Side::Unknown, _) | (_, Side::Unknown)) {
        return message;
    }
    right.written(left.written(message.text(", because ")).text(" is not ").text(relation))
}

/// The value of one side of a comparison, for the error.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// An integer, or a truth value as 0 or 1.
    Signed(i128),
    /// An integer that may be above the largest `i128`.
    Unsigned(u128),
    /// A number with a fraction, which is not shown.
    Unknown,
}

impl Side {
    /// The side `value`, of which `bits` is the value as an integer.
    pub const fn of<V: Compared>(_: &V, bits: i128) -> Self {
        match V::KIND {
            Self::Signed(_) => Self::Signed(bits),
            Self::Unsigned(_) => Self::Unsigned(bits as u128),
            Self::Unknown => Self::Unknown,
        }
    }

    const fn written(self, message: Message<8192>) -> Message<8192> {
        match self {
            Self::Signed(value) => message.integer(value),
            Self::Unsigned(value) => message.number(value),
            Self::Unknown => message,
        }
    }
}

/// A type whose values [`const_assert!`](crate::const_assert) compares.
#[doc(hidden)]
#[diagnostic::on_unimplemented(message = "`const_assert!` compares numbers, not `{Self}`")]
pub trait Compared {
    /// How values of this type are shown; the value in it has no meaning.
    const KIND: Side;
}

macro_rules! compared {
    ($($number:ty)* => $kind:expr) => {
        $(impl Compared for $number {
            const KIND: Side = $kind;
        })*
    };
}
compared!(u8 u16 u32 u64 u128 usize => Side::Unsigned(0));
compared!(bool i8 i16 i32 i64 i128 isize => Side::Signed(0));
compared!(f32 f64 => Side::Unknown);

#[cfg(test)]
mod tests {
    use std::{panic::catch_unwind, string::String};

    use super::*;
    use crate::{prelude::*, quantized::Quantized};

    type Net = ((Standardize<3>, Dense<3, 16, Relu>), Dropout<16, 20>, Dense<16, 1, Linear>);

    #[test]
    fn totals_agree_with_the_constants_of_the_types() {
        let costs = Net::COSTS;
        assert_eq!((costs.flash, costs.macs), (Net::BYTES, Net::MACS));
        assert_eq!(costs.ram, 4 * (3 + 16 + 16 + 1));
        Limits::new("Net").flash(costs.flash).ram(costs.ram).macs(costs.macs).assert::<Net>();
    }

    #[test]
    fn tables_of_streams_list_states() {
        #[network(input = [[f32; 3]; 32])]
        type Net = (Conv1d<_, 4, 3, Relu, Causal>, (Dropout<_, 20>, Gru<_, 8>), Residual<Dense<8, 8>>);
        let (counter, number) = (size_of::<usize>(), size_of::<f32>());
        let (first, second) = (2 * 3 * number + counter, 8 * number + counter);
        assert_eq!(<Stream<Net> as Budgeted>::COSTS.flash, Net::BYTES);
        Limits::new("Stream<Net>").ram(first + second).macs(36 + 288 + 64).assert::<Stream<Net>>();
        let error = catch_unwind(|| Limits::new("Stream<Net>").ram(8).assert::<Stream<Net>>()).unwrap_err();
        assert_eq!(
            *error.downcast::<String>().unwrap(),
            std::format!(
                "\
budget exceeded: `Stream<Net>: ram <= 8` does not hold, because {} is not <= 8

layer  type                        flash  ram  macs
0      Conv1d<4, 3, Relu, Causal>    160   {first}    36
1.0    Dropout<32, 20>                 0    0     0
1.1    Gru<8>                       1344   {second}   288
2      Add<Linear>                   288    0    64
total                               1792   {}   388
limit                                       8",
                first + second,
                first + second
            )
        );
    }

    #[test]
    fn tables_list_every_layer() {
        let error = catch_unwind(|| Limits::new("Net").macs(4096).ram(100).assert::<Net>()).unwrap_err();
        assert_eq!(
            *error.downcast::<String>().unwrap(),
            "\
budget exceeded: `Net: ram <= 100` does not hold, because 144 is not <= 100

layer  type                  flash  ram  macs
0.0    Standardize<3>           24   12     3
0.1    Dense<3, 16, Relu>      256   64    48
1      Dropout<16, 20>           0   64     0
2      Dense<16, 1, Linear>     68    4    16
total                          348  144    67
limit                               100  4096"
        );
    }

    #[test]
    fn tables_of_int8_networks_list_bytes_of_int8() {
        #[network(input = Image<8, 8, 1>)]
        type Net = (Conv2d<_, 4, 3, Relu, Same>, (MaxPool2d<_, 2>, Flatten<_>), Dense<_, 10, Softmax>);
        let error = catch_unwind(|| Limits::new("Net").ram(200).assert::<Quantized<Net>>()).unwrap_err();
        assert_eq!(
            *error.downcast::<String>().unwrap(),
            "\
budget exceeded: `Net: ram <= 200` does not hold, because 330 is not <= 200

layer  type                      flash  ram  macs
0      Conv2d<4, 3, Relu, Same>     76  256  2304
1.0    MaxPool2d<2>                  0   64     0
1.1    Flatten                       0    0     0
2      Dense<64, 10, Softmax>      748   10   640
total                              840  330  2944
limit                                   200"
        );
    }

    #[test]
    fn tables_of_int8_streams_list_states() {
        #[network(input = [[f32; 3]; 32])]
        type Net = (Conv1d<_, 4, 3, Relu, Causal>, Gru<_, 8>);
        let counter = size_of::<usize>();
        let (first, second) = ((2 * 3 + counter).next_multiple_of(counter), 2 * 8 + counter);
        let error = catch_unwind(|| Limits::new("Net").ram(8).assert::<Stream<Quantized<Net>>>()).unwrap_err();
        assert_eq!(
            *error.downcast::<String>().unwrap(),
            std::format!(
                "\
budget exceeded: `Net: ram <= 8` does not hold, because {0} is not <= 8

layer  type                        flash  ram  macs
0      Conv1d<4, 3, Relu, Causal>     76   {first}    36
1      Gru<8>                        532   {second}   288
total                                624   {0}   324
limit                                       8",
                first + second
            )
        );
    }

    #[test]
    fn memory_that_several_layers_use_is_counted_once() {
        type Deep = (Dense<1, 9>, Dense<9, 2>, Dense<2, 7>, Dense<7, 1>);
        let error = catch_unwind(|| Limits::new("Deep").ram(10).assert::<Deep>()).unwrap_err();
        assert_eq!(
            *error.downcast::<String>().unwrap(),
            "\
budget exceeded: `Deep: ram <= 10` does not hold, because 48 is not <= 10

layer       type                 flash  ram  macs
0           Dense<1, 9, Linear>     72   36     9
1           Dense<9, 2, Linear>     80    8    18
2           Dense<2, 7, Linear>     84   28    14
3           Dense<7, 1, Linear>     32    4     7
used again                              -28
total                              268   48    48
limit                                    10"
        );
    }
}
