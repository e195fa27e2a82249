//! Texts from files in error messages.

use core::fmt::{self, Write};

/// The first characters of a text. A file may contain a field or a name of any length.
pub(crate) struct Short<T> {
    text: T,
    most: usize,
}

/// Shortens a name or a value.
pub(crate) const fn short<T>(text: T) -> Short<T> {
    Short { text, most: 200 }
}

/// Shortens a list or a sentence.
pub(crate) const fn paragraph<T>(text: T) -> Short<T> {
    Short { text, most: 1000 }
}

impl<T: fmt::Display> fmt::Display for Short<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut start = Start { to: formatter, left: self.most, cut: false };
        match write!(start, "{}", self.text) {
            Err(fmt::Error) if start.cut => formatter.write_str("…"),
            result => result,
        }
    }
}

struct Start<'a, 'b> {
    to: &'a mut fmt::Formatter<'b>,
    left: usize,
    cut: bool,
}

impl Write for Start<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        match text.char_indices().nth(self.left) {
            // The error ends the formatting of a text that may be long.
            Some((end, _)) => {
                self.to.write_str(&text[..end])?;
                self.cut = true;
                Err(fmt::Error)
            }
            None => {
                self.left -= text.chars().count();
                self.to.write_str(text)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        let short = |text: &str| Short { text, most: 3 }.to_string();
        assert_eq!([short(""), short("éé"), short("ééé"), short("éééé")], ["", "éé", "ééé", "ééé…"]);
        assert_eq!(Short { text: format_args!("{}{}", "ab", "cd"), most: 3 }.to_string(), "abc…");
        assert_eq!(Short { text: format_args!("{}{}", "abc", "d"), most: 3 }.to_string(), "abc…");
    }
}
