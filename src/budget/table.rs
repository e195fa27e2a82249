//! The table of costs in the error of a budget.

use super::{Costs, PartCosts, RESOURCES};
use crate::{
    layer::{Leaf, Outline, Path},
    message::Message,
};

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

pub(super) const fn table(
    message: Message<8192>,
    costs: &Costs,
    totals: [usize; 3],
    limits: [Option<usize>; 3],
) -> Message<8192> {
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
        let mut table = match &costs.form {
            Some(form) => self.with_parts(&costs.outline, &Path::ROOT, form),
            None => self.with_layers(&costs.outline, &Path::ROOT, costs.training.is_some(), false),
        };
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
            let apart = match &costs.form {
                Some(form) => form.ram_of_each(),
                None => costs.outline.outputs(),
            };
            let again = apart.saturating_sub(costs.ram);
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

    /// The rows of a stream or of an int8 network. Branches are one row.
    const fn with_parts(self, outline: &Outline, path: &Path<'_>, part: &PartCosts) -> Self {
        if part.parts.is_empty() {
            let kind = match &outline.layer {
                Some(layer) => layer.kind,
                None => Message::new(),
            };
            let macs = match part.macs {
                Some(macs) => macs,
                None => outline.macs(),
            };
            let numbers = [Some(part.flash + outline.bytes_in_flash()), Some(part.ram), Some(macs)];
            return self.layer(path, kind, numbers);
        }
        let (mut table, mut index) = (self, 0);
        while index < part.parts.len() && index < outline.children.len() {
            let ((name, part), (_, layer)) = (&part.parts[index], &outline.children[index]);
            table = table.with_parts(layer, &path.join(name), part);
            index += 1;
        }
        table
    }

    const fn with_layer(self, leaf: &Leaf, path: &Path<'_>, training: bool, elsewhere: bool) -> Self {
        let (flash, ram) = match (training, elsewhere) {
            (false, _) => (leaf.bytes, leaf.output + leaf.inside),
            (true, false) => (0, leaf.bytes),
            (true, true) => (leaf.bytes, 0),
        };
        self.layer(path, leaf.kind, [Some(flash), Some(ram), Some(leaf.macs)])
    }

    const fn layer(self, path: &Path<'_>, kind: Message<64>, numbers: [Option<usize>; 3]) -> Self {
        let path: Message = path.written(Message::new());
        let layer = if path.is_empty() { "network" } else { path.as_str() };
        self.row(Row { layer, kind: kind.as_str(), numbers })
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
