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

/// Numbers that come in from one neighbor, are combined with those of this member, and go on to the other neighbor, packet
/// by packet. All members pass as many numbers.
pub(crate) struct Relay<'a> {
    from: Option<&'a Neighbor>,
    to: Option<&'a Neighbor>,
    packet: Packet,
    /// The bytes that are done.
    done: usize,
}

impl<'a> Relay<'a> {
    pub fn new(from: Option<&'a Neighbor>, to: Option<&'a Neighbor>) -> Self {
        Self { from, to, packet: Packet::EMPTY, done: 0 }
    }

    /// From the first member to the last.
    pub fn forward(chain: &'a impl Chain) -> Self {
        Self::new(chain.previous(), chain.next())
    }

    /// From the last member to the first.
    pub fn back(chain: &'a impl Chain) -> Self {
        Self::new(chain.next(), chain.previous())
    }

    /// Calls `combine` with each number and the one that came in, and passes the numbers on.
    pub fn pass<X: Pod>(&mut self, mut numbers: &mut [X], combine: impl Fn(&mut X, X)) {
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
                "the ranks have sent different amounts of numbers: all run the same program with the same settings",
            );
        }
        self.packet.used = self.done;
        if let Some(to) = self.to {
            to.send(&self.packet);
        }
        self.done = 0;
    }
}

/// Passes the parameters that are visited on.
pub(crate) struct Passing<'a, 'b> {
    relay: &'b mut Relay<'a>,
    rule: Rule,
}

/// What becomes of a parameter when a number comes in.
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
            Rule::Average(others) => {
                let count = T::from_f64(others + 1.0);
                self.relay.pass(values, |own, incoming| *own = incoming + (*own - incoming) / count);
            }
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
