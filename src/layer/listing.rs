//! The list of a network's layers in the metadata of a file: `0: Conv2d<8, 3, Relu>, 1: MaxPool2d<2>`.

/// Whether two layers of these types compute the same function of their inputs and weights at inference. Dropout of
/// any rate does nothing then; [`next`] leaves it out.
pub(crate) const fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    one.len() == other.len() && starts_with(one, other)
}

/// Whether a layer of this type is left out of comparisons: it does nothing at inference, and has no weights.
pub(crate) const fn is_left_out(kind: &str) -> bool {
    starts_with(kind.as_bytes(), b"Dropout<") || starts_with(kind.as_bytes(), b"SpatialDropout<")
}

/// A layer of a list.
#[derive(Clone, Copy)]
pub(crate) struct Listed<'a> {
    /// Its path in the network; empty if it is the whole network.
    pub path: &'a str,
    /// Its type, without the wrappers that older files name after it: ` + Frozen`.
    pub kind: &'a str,
    /// The layers after it.
    pub rest: &'a str,
}

/// The first layer of a list that is compared, or `None` if there is none.
pub(crate) const fn next(mut list: &str) -> Option<Listed<'_>> {
    while !list.is_empty() {
        let listed = first(list);
        if !is_left_out(listed.kind) {
            return Some(listed);
        }
        list = listed.rest;
    }
    None
}

const fn first(list: &str) -> Listed<'_> {
    let bytes = list.as_bytes();
    let path = path_length(bytes, 0);
    let start = if path > 0 { path + 2 } else { 0 };
    let (mut end, mut kind) = (start, None);
    // A type contains commas, too: only a path begins another layer.
    while end < bytes.len() && !(has_at(bytes, end, b", ") && path_length(bytes, end + 2) > 0) {
        if kind.is_none() && has_at(bytes, end, b" + ") {
            kind = Some(end);
        }
        end += 1;
    }
    let kind = match kind {
        Some(kind) => kind,
        None => end,
    };
    let rest = if end < bytes.len() { end + 2 } else { end };
    Listed { path: part(list, 0, path), kind: part(list, start, kind), rest: part(list, rest, bytes.len()) }
}

/// The length of the path at `start`, such as `encoder.0`, which a colon follows; 0 if there is none.
const fn path_length(bytes: &[u8], start: usize) -> usize {
    let mut end = start;
    while end < bytes.len() && (bytes[end].is_ascii_alphanumeric() || matches!(bytes[end], b'_' | b'.' | 0x80..)) {
        end += 1;
    }
    if has_at(bytes, end, b": ") { end - start } else { 0 }
}

const fn has_at(bytes: &[u8], start: usize, part: &[u8]) -> bool {
    start <= bytes.len() && starts_with(bytes.split_at(start).1, part)
}

const fn starts_with(bytes: &[u8], start: &[u8]) -> bool {
    let mut index = 0;
    while index < bytes.len() && index < start.len() && bytes[index] == start[index] {
        index += 1;
    }
    index == start.len()
}

const fn part(text: &str, start: usize, end: usize) -> &str {
    text.split_at(end).0.split_at(start).1
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    fn listed(list: &str) -> Vec<(&str, &str)> {
        let mut rest = list;
        core::iter::from_fn(|| {
            let listed = next(rest)?;
            rest = listed.rest;
            Some((listed.path, listed.kind))
        })
        .collect()
    }

    #[test]
    fn layers_begin_with_their_paths() {
        let list =
            "0: Conv2d<8, 3, Relu, Padded<1, 2, 1, 2>>, 1: Dropout<4, 50>, head.0: Dense<8, 3, Elu> + A, B, é: Own";
        let expected = [("0", "Conv2d<8, 3, Relu, Padded<1, 2, 1, 2>>"), ("head.0", "Dense<8, 3, Elu>"), ("é", "Own")];
        assert_eq!(listed(list), expected);
        assert_eq!(listed("Dense<8, 3, Elu> + Frozen"), [("", "Dense<8, 3, Elu>")]);
        assert_eq!(listed("Dropout<4, 50>"), []);
        assert_eq!(listed(""), []);
    }

    #[test]
    fn any_text_is_a_list() {
        for text in [", ", ": ", "0: ", ", 0: ", "0: , 1: ", " + ", "0: + , 1: é + é", "é", "0", ", 1"] {
            assert!(listed(text).len() <= 2, "{text}");
        }
    }
}
