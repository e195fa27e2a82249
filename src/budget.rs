//! Budgets: limits on the flash, RAM and computation of a network, enforced at compile time.
//!
//! - [`Network::BYTES`](crate::network::Network::BYTES): the size of the weights and statistics, which are in flash for
//!   a [stored network](crate::flash) and in RAM otherwise.
//! - [`Network::ACTIVATIONS`](crate::network::Network::ACTIVATIONS): the size of the activations during a prediction,
//!   which are on the stack.
//! - [`Trainer::BYTES`](crate::train::Trainer::BYTES): the size of a trainer, including the network.
//! - [`Layer::MACS`]: the number of multiply-accumulates in a prediction.
//!
//! Each of these constants also checks the type, so that `cargo check` reports a layer without width or a trainer with a
//! batch of 0, which are otherwise errors only of `cargo build`.
//!
//! Stack frames are not included. The sizes are in bytes, for the target of the compilation. With `std`, the parts of a
//! trainer are aligned to cache lines, which makes it slightly larger than on a microcontroller.
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

use crate::{
    layer::{Layer, Leaf, Outline, Path, assert_sound},
    message::Message,
};

/// Limits the cost of a network or a trainer. If a limit is exceeded, the program does not compile, and the error lists
/// the cost of each layer.
///
/// Any of these limits can be combined:
/// - `flash`: read-only memory in bytes. For a network, this is its weights; for a trainer, the weights of the layers
///   that are [in flash](crate::layers::InFlash).
/// - `ram`: writable memory in bytes. For a network, this is its [activations](crate::network::Network::ACTIVATIONS);
///   for a trainer, the trainer itself.
/// - `macs`: the multiply-accumulates of a prediction.
///
/// ```
/// use shiplap::prelude::*;
///
/// type Net = (Dense<10, 10, Relu>, Dense<10, 1, Sigmoid>);
/// budget!(Net: flash <= 512, ram <= 64, macs <= 110);
/// budget!(Trainer<Net, BinaryCrossentropy, Adam, 1>: ram <= 4 * 1024);
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

/// A type with a budget: a network or a trainer.
#[diagnostic::on_unimplemented(message = "`{Self}` has no budget", label = "networks and trainers have a budget")]
pub trait Budgeted {
    /// The costs of the type.
    const COSTS: Costs;
}

/// The costs of a network or a trainer.
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
}

impl Costs {
    /// The costs of a trainer of `ram` bytes, which contains `parts`.
    pub(crate) const fn of_training(
        outline: &'static Outline,
        ram: usize,
        macs: usize,
        parts: &'static [(&'static str, usize)],
    ) -> Self {
        Self { flash: outline.bytes_in_flash(), ram, macs, outline: *outline, training: Some(parts) }
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

/// A row of the table: layer, type, and the amount of each resource.
#[derive(Clone, Copy)]
struct Row<'a> {
    layer: &'a str,
    kind: &'a str,
    numbers: [Option<usize>; 3],
}

const HEADS: [&str; 5] = ["layer", "type", RESOURCES[0], RESOURCES[1], RESOURCES[2]];

/// The table of costs. A first pass over the rows computes the widths of the columns, a second one writes the rows.
#[derive(Clone, Copy)]
struct Table {
    widths: [usize; 5],
    message: Message<8192>,
    measured: bool,
}

const fn table(message: Message<8192>, costs: &Costs, totals: [usize; 3], limits: [Option<usize>; 3]) -> Message<8192> {
    let mut widths = [0; 5];
    let mut index = 0;
    while index < HEADS.len() {
        widths[index] = HEADS[index].len();
        index += 1;
    }
    let table = Table { widths, message, measured: false }.with_all(costs, totals, limits);
    let table = Table { measured: true, ..table };
    table.line(HEADS).with_all(costs, totals, limits).message
}

impl Table {
    const fn with_all(self, costs: &Costs, totals: [usize; 3], limits: [Option<usize>; 3]) -> Self {
        let mut table = self.with_layers(&costs.outline, &Path::ROOT, costs.training.is_some(), false);
        if let Some(parts) = costs.training {
            let mut index = 0;
            let mut rest = costs.ram.saturating_sub(costs.outline.bytes() - costs.outline.bytes_in_flash());
            while index < parts.len() {
                table = table.part(parts[index].0, parts[index].1);
                rest = rest.saturating_sub(parts[index].1);
                index += 1;
            }
            table = table.part("rest", rest);
        } else {
            let again = costs.outline.outputs().saturating_sub(costs.ram);
            if again > 0 {
                let again: Message<20> = Message::new().text("-").number(again as u128);
                table = table.line(["used again", "", "", again.as_str(), ""]);
            }
        }
        let [flash, ram, macs] = totals;
        table.row(Row { layer: "total", kind: "", numbers: [Some(flash), Some(ram), Some(macs)] }).row(Row {
            layer: "limit",
            kind: "",
            numbers: limits,
        })
    }

    const fn with_layers(self, outline: &Outline, path: &Path<'_>, training: bool, elsewhere: bool) -> Self {
        let elsewhere = elsewhere || outline.in_flash;
        let mut table = match &outline.layer {
            Some(layer) => self.with_layer(layer, path, training, elsewhere),
            None => self,
        };
        let mut index = 0;
        while index < outline.children.len() {
            let (name, layer) = &outline.children[index];
            table = table.with_layers(layer, &path.join(name), training, elsewhere);
            index += 1;
        }
        table
    }

    const fn with_layer(self, leaf: &Leaf, path: &Path<'_>, training: bool, elsewhere: bool) -> Self {
        let path: Message = path.written(Message::new());
        let layer = if path.is_empty() { "network" } else { path.as_str() };
        let (flash, ram) = match (training, elsewhere) {
            (false, _) => (leaf.bytes, leaf.output),
            (true, false) => (0, leaf.bytes),
            (true, true) => (leaf.bytes, 0),
        };
        self.row(Row { layer, kind: leaf.kind.as_str(), numbers: [Some(flash), Some(ram), Some(leaf.macs)] })
    }

    const fn part(self, name: &str, bytes: usize) -> Self {
        self.row(Row { layer: name, kind: "", numbers: [None, Some(bytes), None] })
    }

    const fn row(self, row: Row<'_>) -> Self {
        let [flash, ram, macs] = [digits(row.numbers[0]), digits(row.numbers[1]), digits(row.numbers[2])];
        self.line([row.layer, row.kind, flash.as_str(), ram.as_str(), macs.as_str()])
    }

    /// Adds a line. Text is aligned to the left, numbers to the right.
    const fn line(mut self, entries: [&str; 5]) -> Self {
        let mut index = 0;
        let mut line = Message::<512>::new();
        while index < entries.len() {
            let (entry, width) = (entries[index], self.widths[index]);
            if !self.measured {
                self.widths[index] = if entry.len() > width { entry.len() } else { width };
            } else {
                let start = if index == 0 { 0 } else { line.len() + 2 };
                line = if index < 2 {
                    line.pad(start).text(entry).pad(start + width)
                } else {
                    line.pad(start + width - entry.len()).text(entry)
                };
            }
            index += 1;
        }
        if self.measured {
            self.message = self.message.text("\n").text(trimmed(line.as_str()));
        }
        self
    }
}

const fn digits(number: Option<usize>) -> Message<20> {
    match number {
        Some(number) => Message::new().number(number as u128),
        None => Message::new(),
    }
}

const fn trimmed(line: &str) -> &str {
    match core::str::from_utf8(line.as_bytes().trim_ascii_end()) {
        Ok(line) => line,
        Err(_) => line,
    }
}

#[cfg(test)]
mod tests {
    use std::{panic::catch_unwind, string::String};

    use super::*;
    use crate::prelude::*;

    type Net = ((Standardize<3>, Dense<3, 16, Relu>), Dropout<16, 20>, Dense<16, 1, Linear>);

    #[test]
    fn totals_agree_with_the_constants_of_the_types() {
        let costs = Net::COSTS;
        assert_eq!((costs.flash, costs.macs), (Net::BYTES, Net::MACS));
        assert_eq!(costs.ram, 4 * (3 + 16 + 16 + 1));
        Limits::new("Net").flash(costs.flash).ram(costs.ram).macs(costs.macs).assert::<Net>();
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
