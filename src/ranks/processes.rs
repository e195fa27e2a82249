//! Shards on several ranks.

use core::ops::Range;

use super::{
    neighbor::Chain as _,
    relay::{Passing, Phase, Relay},
    run::Ranks,
    world,
};
use crate::{
    cores::Processes,
    kernel::{Element, Tensor},
    layer::{Layer, Parameter, Path, Role, VisitMut},
};

/// All ranks. Rank after rank adds its part, so that the order of a sum is that of the shards.
#[derive(Clone, Copy, Debug)]
pub struct OnRanks;

impl Processes for OnRanks {
    const SEVERAL: bool = true;

    fn own(shards: usize) -> Range<usize> {
        world::own(shards)
    }

    fn exchange_rows<X: Tensor>(mark: u64, rows: &mut [X], own: Range<usize>) {
        let ranks = Ranks::new();
        let mut relay = Relay::forward(Phase::Outputs, &ranks);
        relay.pass(&mut [rows.len() as u64, mark], |own, incoming| {
            if *own != incoming {
                world::fail(
                    "its step has other weights, another seed or another number of rows than that of the rank before: all ranks make the same changes, and read the same files",
                );
            }
        });
        let (before, from_own) = rows.split_at_mut(own.start);
        relay.pass(X::flat_mut(before), take);
        relay.pass(X::flat_mut(from_own), keep);
        relay.end();
        let mut relay = Relay::back(Phase::Outputs, &ranks);
        let (to_own, after) = rows.split_at_mut(own.end);
        relay.pass(X::flat_mut(to_own), keep);
        relay.pass(X::flat_mut(after), take);
        relay.end();
    }

    fn sum<N: Layer>(
        gradient: &mut N::Trainable,
        has_rows: bool,
        others: usize,
        add_others: impl FnOnce(&mut N::Trainable),
    ) {
        let ranks = Ranks::new();
        // With one shard, a packet goes on as soon as it has come in.
        let next = if others == 0 { ranks.next() } else { None };
        let mut relay = Relay::new(Phase::Gradient, ranks.previous(), next);
        let mut visitor = if has_rows { Passing::adding(&mut relay) } else { Passing::taking(&mut relay) };
        N::trainable_mut(None, gradient, [], Path::ROOT, &mut visitor);
        relay.end();
        if others > 0 {
            add_others(gradient);
            let mut relay = Relay::new(Phase::Gradient, None, ranks.next());
            N::trainable_mut(None, gradient, [], Path::ROOT, &mut Passing::taking(&mut relay));
            relay.end();
        }
        let mut back = Relay::back(Phase::Gradient, &ranks);
        N::trainable_mut(None, gradient, [], Path::ROOT, &mut Passing::taking(&mut back));
        back.end();
    }

    fn in_turn<N: Layer>(network: &mut N, update: impl FnOnce(&mut N)) {
        let ranks = Ranks::new();
        let pass = |network: &mut N, mut relay: Relay<'_>| {
            N::parameters_mut([network], Path::ROOT, &mut Running(Passing::taking(&mut relay)));
            relay.end();
        };
        pass(network, Relay::new(Phase::Statistics, ranks.previous(), None));
        update(network);
        pass(network, Relay::new(Phase::Statistics, None, ranks.next()));
        pass(network, Relay::back(Phase::Statistics, &ranks));
    }
}

fn keep<X>(_: &mut X, _: X) {}

fn take<X>(own: &mut X, incoming: X) {
    *own = incoming;
}

/// Passes the running statistics on. A network without them sends nothing.
struct Running<'a, 'b>(Passing<'a, 'b>);

impl<T: Element> VisitMut<T, 1> for Running<'_, '_> {
    fn visit(&mut self, parameter: Parameter<'_>, values: [&mut [T]; 1]) {
        if parameter.role == Role::Running {
            self.0.visit(parameter, values);
        }
    }
}
