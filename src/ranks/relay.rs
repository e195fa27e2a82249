//! Numbers that go through all members of a chain.

use bytemuck::Pod;

use super::{
    neighbor::{Chain, Neighbor},
    packet::Packet,
    world,
};
use crate::{
    kernel::Element,
    layer::{Parameter, VisitMut, VisitTrainable},
};

/// The subject of a relay. All members of a chain go through the same phases in the same order.
#[derive(Clone, Copy)]
pub(crate) enum Phase {
    /// The outputs of a batch.
    Outputs,
    /// The sum of gradients.
    Gradient,
    /// Running statistics.
    Statistics,
    /// The mean of weights.
    Average,
    /// What a callback has changed after an epoch.
    Epoch,
    /// The beginning of a search.
    #[cfg(feature = "search")]
    Search,
    /// The end of the work.
    End,
}

impl Phase {
    const ALL: &[(Self, &str)] = &[
        (Self::Outputs, "begins a step"),
        (Self::Gradient, "adds up gradients"),
        (Self::Statistics, "updates running statistics"),
        (Self::Average, "averages weights"),
        (Self::Epoch, "has ended an epoch"),
        #[cfg(feature = "search")]
        (Self::Search, "begins a search"),
        (Self::End, "has ended"),
    ];

    /// The text for the number of a subject.
    fn text(number: u64) -> &'static str {
        Self::ALL.iter().find(|(phase, _)| *phase as u64 == number).map_or("does something else", |(_, text)| text)
    }
}

/// Numbers that come in from one neighbor, are combined with those of this member, and go on to the other neighbor, packet
/// by packet. All members pass as many numbers.
pub(crate) struct Relay<'a> {
    phase: Phase,
    /// Whether the subject was passed, before the first number.
    has_begun: bool,
    from: Option<Neighbor<'a>>,
    to: Option<Neighbor<'a>>,
    packet: Packet,
    /// The bytes that are done.
    done: usize,
}

impl<'a> Relay<'a> {
    pub fn new(phase: Phase, from: Option<Neighbor<'a>>, to: Option<Neighbor<'a>>) -> Self {
        Self { phase, has_begun: false, from, to, packet: Packet::EMPTY, done: 0 }
    }

    /// From the first member to the last.
    pub fn forward(phase: Phase, chain: &'a impl Chain) -> Self {
        Self::new(phase, chain.previous(), chain.next())
    }

    /// From the last member to the first.
    pub fn back(phase: Phase, chain: &'a impl Chain) -> Self {
        Self::new(phase, chain.next(), chain.previous())
    }

    /// Calls `combine` with each number and the one that came in, and passes the numbers on.
    pub fn pass<X: Pod>(&mut self, mut numbers: &mut [X], combine: impl Fn(&mut X, X)) {
        if !numbers.is_empty() && !core::mem::replace(&mut self.has_begun, true) {
            self.pass(&mut [self.phase as u64], check_phase);
        }
        while !numbers.is_empty() {
            if let (0, Some(from)) = (self.done, self.from) {
                from.receive(&mut self.packet);
            }
            let packet = self.packet.numbers_from::<X>(self.done);
            let now;
            (now, numbers) = numbers.split_at_mut(numbers.len().min(packet.len()));
            let packet = &mut packet[..now.len()];
            if self.from.is_some() {
                now.iter_mut().zip(&*packet).for_each(|(own, incoming)| combine(own, *incoming));
            }
            packet.copy_from_slice(now);
            self.done += size_of_val(now);
            self.flush_if(Packet::is_full_at(self.done));
        }
    }

    /// Passes the subject alone.
    pub fn tell(mut self) {
        self.pass(&mut [0u8], |_, _| {});
        self.end();
    }

    /// Sends the last packet.
    pub fn end(mut self) {
        self.flush_if(self.done > 0);
    }

    fn flush_if(&mut self, is_due: bool) {
        if !is_due {
            return;
        }
        if self.from.is_some() && self.packet.used != self.done {
            world::fail(
                "the rank or shard beside it has sent another amount of numbers: all have the same network and the same settings",
            );
        }
        self.packet.used = self.done;
        if let Some(to) = self.to {
            to.send(&self.packet);
        }
        self.done = 0;
    }
}

/// Ends the program if two members are in different phases.
fn check_phase(own: &mut u64, incoming: u64) {
    if *own != incoming {
        let [here, there] = [*own, incoming].map(Phase::text);
        world::fail(format_args!(
            "it {here}, but the rank or shard beside it {there}: all call the same methods in the same order"
        ));
    }
}

/// Passes the parameters that are visited on.
pub(crate) struct Passing<'a, 'b> {
    relay: &'b mut Relay<'a>,
    rule: Rule,
}

/// How an incoming number is combined with a parameter.
enum Rule {
    Add,
    Take,
    /// The number is the mean of as many others.
    Average(f64),
}

impl<'a, 'b> Passing<'a, 'b> {
    /// Adds the numbers that come in.
    pub fn adding(relay: &'b mut Relay<'a>) -> Self {
        Self { relay, rule: Rule::Add }
    }

    /// Takes the numbers that come in instead.
    pub fn taking(relay: &'b mut Relay<'a>) -> Self {
        Self { relay, rule: Rule::Take }
    }

    /// Averages each number with the mean of `others` numbers that comes in. The mean of equal numbers is exact.
    pub fn averaging(relay: &'b mut Relay<'a>, others: usize) -> Self {
        Self { relay, rule: Rule::Average(others as f64) }
    }

    fn pass<T: Element>(&mut self, values: &mut [T]) {
        match self.rule {
            Rule::Add => self.relay.pass(values, |own, incoming| *own += incoming),
            Rule::Take => self.relay.pass(values, |own, incoming| *own = incoming),
            Rule::Average(others) => self.relay.pass(values, |own, incoming| {
                let (value, mean) = (own.to_f64(), incoming.to_f64());
                *own = T::from_f64(mean + (value - mean) / (others + 1.0));
            }),
        }
    }
}

impl<T: Element> VisitMut<T, 1> for Passing<'_, '_> {
    fn visit(&mut self, _: Parameter<'_>, [values]: [&mut [T]; 1]) {
        self.pass(values);
    }
}

impl<T: Element> VisitTrainable<T, 0> for Passing<'_, '_> {
    fn visit(&mut self, _: Parameter<'_>, _: &mut [T], values: &mut [T], []: [&mut [T]; 0]) {
        self.pass(values);
    }
}
