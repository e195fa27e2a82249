//! The header of an NPY file: a Python dictionary with the type of the elements, their order and the shape.

use std::{format, io::Read, string::String, vec, vec::Vec};

use super::element::Element;
use crate::{
    data::DataError,
    kind::{START, kind},
    short::short,
};

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// NumPy reads no longer headers, either.
const LONGEST: u32 = 10_000;

#[derive(Debug)]
pub(super) struct Header {
    /// The type as in the file: `<f4`.
    pub descr: String,
    pub element: Element,
    /// Whether the first axis varies fastest (Fortran's order), instead of the last.
    pub columns_first: bool,
    pub shape: Vec<usize>,
    /// The size of the elements in bytes.
    pub length: usize,
}

impl Header {
    /// Reads the header, and no more.
    pub fn read(mut reader: impl Read, name: &str) -> Result<Self, DataError> {
        let mut start = Vec::new();
        let mut next = |length: u32| {
            let from = start.len();
            reader.by_ref().take(length.into()).read_to_end(&mut start).map_err(DataError::io(name))?;
            Ok((start[from..].to_vec(), start.len() - from == length as usize))
        };
        let (magic, _) = next(MAGIC.len() as u32)?;
        if magic != MAGIC {
            let _ = next(START as u32 - MAGIC.len() as u32)?;
            return Err(Self::other(&start, name));
        }
        let truncated = || DataError::format(name, "the end of the file", "the rest of an NPY header");
        let (version, _) = next(2)?;
        let digits = match version[..] {
            [1, _] => 2,
            [2 | 3, _] => 4,
            [] | [1..=3] => return Err(truncated()),
            [version, ..] => {
                let found = format!("version {version}");
                return Err(DataError::format(name, found, "an NPY file of version 1 to 3"));
            }
        };
        let (length, is_whole) = next(digits)?;
        if !is_whole {
            return Err(truncated());
        }
        let length = length.iter().rev().fold(0, |length, &byte| length << 8 | u32::from(byte));
        if length > LONGEST {
            let found = format!("one of {length} bytes");
            return Err(DataError::format(name, found, format!("a header of at most {LONGEST} bytes")));
        }
        let (text, is_whole) = next(length)?;
        if !is_whole {
            return Err(truncated());
        }
        Self::parse(&String::from_utf8_lossy(&text), name)
    }

    fn other(start: &[u8], name: &str) -> DataError {
        let found = match kind(start) {
            Some(kind) => format!("{kind}"),
            None => format!("a file that starts with {:02x?}", &start[..start.len().min(MAGIC.len())]),
        };
        DataError::format(name, found, format!("an NPY file, which starts with {MAGIC:02x?}"))
    }

    fn parse(text: &str, name: &str) -> Result<Self, DataError> {
        let malformed = || {
            let found = format!("the header {}", short(text.trim()));
            DataError::format(name, found, "the header of an array of numbers that fits into memory")
        };
        let Dictionary { descr, columns_first, shape } = dictionary(text).ok_or_else(malformed)?;
        let element = Element::new(descr).map_err(|remedy| {
            let found = format!("elements of type `{}`, {remedy}", short(descr));
            DataError::format(name, found, "`f4`, `f8`, integers or booleans")
        })?;
        // Lengths of zero count as one: the product of the others does not overflow, either.
        let product = |length: usize, &axis: &usize| length.checked_mul(axis.max(1));
        match shape.iter().try_fold(size_of::<f64>(), product) {
            Some(0..=LARGEST) => {}
            _ => return Err(malformed()),
        }
        let length = element.size * shape.iter().product::<usize>();
        Ok(Self { descr: descr.into(), element, columns_first, shape, length })
    }
}

const LARGEST: usize = isize::MAX as usize;

struct Dictionary<'a> {
    descr: &'a str,
    columns_first: bool,
    shape: Vec<usize>,
}

/// Parses `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
fn dictionary(text: &str) -> Option<Dictionary<'_>> {
    let mut rest = Literal(text);
    let (mut descr, mut columns_first, mut shape) = (None, None, None);
    rest.token("{")?;
    while rest.token("}").is_none() {
        let key = rest.text()?;
        rest.token(":")?;
        match key {
            "descr" => descr = Some(rest.descr()?),
            "fortran_order" => columns_first = Some(rest.truth()?),
            "shape" => shape = Some(rest.lengths()?),
            _ => return None,
        }
        if rest.token(",").is_none() {
            rest.token("}")?;
            break;
        }
    }
    let is_all = rest.0.trim().is_empty();
    Some(Dictionary { descr: descr?, columns_first: columns_first?, shape: shape? }).filter(|_| is_all)
}

/// The rest of a Python literal.
struct Literal<'a>(&'a str);

impl<'a> Literal<'a> {
    fn token(&mut self, token: &str) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(token)?;
        Some(())
    }

    /// A string without escapes.
    fn text(&mut self) -> Option<&'a str> {
        let quote = if self.token("'").is_some() { '\'' } else { self.token("\"").map(|()| '"')? };
        let (text, rest) = self.0.split_once(quote)?;
        self.0 = rest;
        Some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        if self.token("True").is_some() { Some(true) } else { self.token("False").map(|()| false) }
    }

    /// The type of the elements. That of a record is a list, and is returned as it is.
    fn descr(&mut self) -> Option<&'a str> {
        let list = self.0.trim_start();
        if !list.starts_with(['[', '(']) {
            return self.text();
        }
        let mut depth = 0;
        let end = list.find(|letter| {
            depth += i32::from(matches!(letter, '[' | '(')) - i32::from(matches!(letter, ']' | ')'));
            depth == 0
        })?;
        let (list, rest) = list.split_at(end + 1);
        self.0 = rest;
        Some(list)
    }

    /// A tuple of lengths. Python 2 wrote them as `3L`.
    fn lengths(&mut self) -> Option<Vec<usize>> {
        let mut lengths = vec![];
        self.token("(")?;
        while self.token(")").is_none() {
            self.0 = self.0.trim_start();
            let digits = self.0.find(|letter: char| !letter.is_ascii_digit())?;
            let (length, rest) = self.0.split_at(digits);
            lengths.push(length.parse().ok()?);
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if self.token(",").is_none() {
                self.token(")")?;
                break;
            }
        }
        Some(lengths)
    }
}

/// The start of a file with an array of this type and shape, as NumPy writes it.
pub(super) fn encode(descr: &str, shape: &[usize]) -> Vec<u8> {
    const ALIGNMENT: usize = 64;
    let lengths: String = match shape {
        [length] => format!("{length},"),
        _ => shape.iter().map(|length| format!("{length}")).collect::<Vec<_>>().join(", "),
    };
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
    let before = MAGIC.len() + 4;
    let length = (before + text.len() + 1).next_multiple_of(ALIGNMENT) - before;
    text.extend(core::iter::repeat_n(' ', length - 1 - text.len()));
    text.push('\n');
    // The shape of an array of at most six axes takes less than the 65535 bytes of version 1.
    [&MAGIC[..], &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_python_literals() {
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n",
            "{\"shape\":(3L,2L,),\"fortran_order\":False,\"descr\":\"<f4\"}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3L, 2L), }\n",
        ] {
            let header = Header::parse(text, "f").unwrap();
            assert_eq!((&header.shape[..], header.columns_first, header.length), (&[3, 2][..], false, 24), "{text}");
        }
        assert!(dictionary("{'descr': '|b1', 'fortran_order': True, 'shape': ()}").unwrap().shape.is_empty());
        for text in [
            "",
            "{}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2)",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3 2)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} 1",
            "{'descr': [('a', '<f4', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'shape': (3,)}",
        ] {
            assert!(dictionary(text).is_none(), "{text}");
        }
    }
}
