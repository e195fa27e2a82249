//! Series whose lengths vary, as nodes of the graph.

use std::{
    string::{String, ToString},
    vec,
    vec::Vec,
};

use super::{
    Exporter, Layout,
    message::{Attribute, FLOAT, INT64},
};
use crate::layer::{Path, Pool, SeriesEnd};

/// The names of the lengths of the series of a batch: `[batch, 1]` integers, and a mask `[batch, STEPS]` of the steps up to
/// them.
#[derive(Clone)]
pub(super) struct Lengths {
    pub integers: String,
    pub mask: String,
}

impl Exporter<'_> {
    /// Continues with the series, whose first axis is that of the steps, and sets the numbers after its length to 0.
    pub(super) fn begin_series(
        &mut self,
        path: Path<'_>,
        [(series, layout), (length, _)]: [(String, Layout); 2],
        steps: usize,
    ) {
        let place = path.to_string();
        self.current = length;
        self.unary(path, "Cast", vec![Attribute::of_integer("to", INT64.into())]);
        self.with_integers("Unsqueeze", path, &[1]);
        let integers = self.current.clone();
        let mask = self.mask(path, &integers, steps);
        (self.current, self.layout) = (series, layout);
        self.lay_out(&place, Layout::Pixels);
        self.keep(path, &mask, 0.0);
        self.lengths = Some(Lengths { integers, mask });
    }

    /// The output for the steps of the current value, `[batch, STEPS, CHANNELS]`, up to the length.
    pub(super) fn end_series(&mut self, path: Path<'_>, shape: &[usize], end: SeriesEnd, [delay, period]: [i64; 2]) {
        let (Some(Lengths { integers, .. }), &[steps, channels]) = (self.lengths.take(), shape) else { return };
        let place = path.to_string();
        self.lay_out(&place, Layout::Pixels);
        let states = core::mem::replace(&mut self.current, integers);
        for (operator, number) in [("Sub", delay + 1), ("Div", period), ("Add", 1)] {
            self.with_integers(operator, path, &[number]);
        }
        let count = core::mem::replace(&mut self.current, states.clone());
        match end {
            SeriesEnd::LastStep => self.last_step(path, &count),
            SeriesEnd::BothEnds => {
                self.last_step(path, &count);
                let half = channels as i64 / 2;
                let last = self.part(path, [0, half], 1);
                self.current = states;
                self.current = self.part(path, [0, 1], 1);
                self.with_integers("Squeeze", path, &[1]);
                let first = self.part(path, [half, channels as i64], 1);
                self.current = last;
                self.with_inputs(path, "Concat", vec![first], vec![Attribute::of_integer("axis", 1)]);
            }
            SeriesEnd::AllSteps => {
                let mask = self.mask(path, &count, steps);
                self.keep(path, &mask, 0.0);
            }
            SeriesEnd::Pool(pool) => {
                let mask = self.mask(path, &count, steps);
                let is_max = pool == Pool::Max;
                self.keep(path, &mask, if is_max { f32::MIN } else { 0.0 });
                let keep_dimensions = Attribute::of_integer("keepdims", 0);
                if is_max {
                    self.unary(path, "ReduceMax", vec![Attribute::of_integers("axes", &[1]), keep_dimensions]);
                } else {
                    let axis = self.integers(path, &[1]);
                    self.with_inputs(path, "ReduceSum", vec![axis], vec![keep_dimensions]);
                    let sum = core::mem::replace(&mut self.current, count);
                    self.unary(path, "Cast", vec![Attribute::of_integer("to", FLOAT.into())]);
                    let count = core::mem::replace(&mut self.current, sum);
                    self.with_inputs(path, "Div", vec![count], Vec::new());
                }
            }
        }
    }

    /// The steps up to the length in the opposite order.
    pub(super) fn reverse_series(&mut self, path: Path<'_>, Lengths { integers, .. }: &Lengths) {
        let series = core::mem::replace(&mut self.current, integers.clone());
        self.with_integers("Squeeze", path, &[1]);
        let lengths = core::mem::replace(&mut self.current, series);
        let axes = [("batch_axis", 0), ("time_axis", 1)].map(|(name, axis)| Attribute::of_integer(name, axis));
        self.with_inputs(path, "ReverseSequence", vec![lengths], axes.into());
    }

    /// Keeps the scores `[batch, heads, STEPS, STEPS]` of the steps up to the length, to each of which a step attends.
    pub(super) fn hide_padding(&mut self, path: Path<'_>, hidden: f32) {
        let Some(Lengths { mask, .. }) = self.lengths.clone() else { return };
        let scores = core::mem::replace(&mut self.current, mask);
        self.with_integers("Unsqueeze", path, &[1, 2]);
        let inputs = vec![self.current.clone(), scores, self.constant(hidden)];
        self.current = self.node(&path.to_string(), "Where", inputs);
    }

    /// A mask `[batch, STEPS]` of as many steps as the integers `[batch, 1]` say.
    fn mask(&mut self, path: Path<'_>, integers: &str, steps: usize) -> String {
        let numbers: Vec<i64> = (0..steps as i64).collect();
        let inputs = vec![self.integers(path, &numbers), integers.into()];
        self.node(&path.to_string(), "Less", inputs)
    }

    /// Replaces the numbers of the steps that are not in the mask.
    fn keep(&mut self, path: Path<'_>, mask: &str, other: f32) {
        let series = core::mem::replace(&mut self.current, mask.into());
        self.with_integers("Unsqueeze", path, &[2]);
        let inputs = vec![self.current.clone(), series, self.constant(other)];
        self.current = self.node(&path.to_string(), "Where", inputs);
    }

    fn last_step(&mut self, path: Path<'_>, count: &str) {
        let states = core::mem::replace(&mut self.current, count.into());
        self.with_integers("Sub", path, &[1]);
        let index = core::mem::replace(&mut self.current, states);
        self.with_inputs(path, "GatherND", vec![index], vec![Attribute::of_integer("batch_dims", 1)]);
    }

    /// A part of the current value along an axis.
    fn part(&mut self, path: Path<'_>, [start, end]: [i64; 2], axis: i64) -> String {
        let range = [start, end, axis].map(|integer| self.integers(path, &[integer]));
        let inputs = [vec![self.current.clone()], range.into()].concat();
        self.node(&path.to_string(), "Slice", inputs)
    }
}
