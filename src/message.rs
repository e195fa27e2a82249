//! Formatting in `const` context, for compile errors that contain numbers.

/// A string of at most `BYTES` bytes, built in `const` context.
///
/// ```
/// use shiplap::message::Message;
///
/// const TEXT: Message = Message::new().text("`Scale<").number(0).text(">` has no width");
/// assert_eq!(TEXT.as_str(), "`Scale<0>` has no width");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Message<const BYTES: usize = 256> {
    bytes: [u8; BYTES],
    length: usize,
    /// Whether it says that a layer takes a series, but is given something else.
    about_series: bool,
}

impl<const BYTES: usize> Message<BYTES> {
    /// Creates an empty message.
    pub const fn new() -> Self {
        Self { bytes: [0; BYTES], length: 0, about_series: false }
    }

    /// The beginning of a message about a layer or type: its name in backquotes, and a space.
    #[must_use]
    pub const fn naming(name: &str) -> Self {
        Self::new().text("`").text(name).text("` ")
    }

    /// Marks the fault of a layer that takes a series, but is given something else. The check of its network adds the cure,
    /// which depends on the layer before it.
    #[must_use]
    pub(crate) const fn about_a_series(self) -> Self {
        Self { about_series: true, ..self }
    }

    /// Whether it is marked by [`about_a_series`](Self::about_a_series).
    pub(crate) const fn is_about_a_series(&self) -> bool {
        self.about_series
    }

    /// Appends `text`, truncated to the bytes that fit.
    #[must_use]
    pub const fn text(mut self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut end = bytes.len();
        if end > BYTES - self.length {
            end = BYTES - self.length;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
        }
        let mut index = 0;
        while index < end {
            self.bytes[self.length] = bytes[index];
            self.length += 1;
            index += 1;
        }
        self
    }

    /// Appends `number` in decimal.
    #[must_use]
    pub const fn number(self, number: u128) -> Self {
        let mut digits = [0; 39];
        let mut start = digits.len();
        let mut rest = number;
        loop {
            start -= 1;
            digits[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        match core::str::from_utf8(digits.split_at(start).1) {
            Ok(text) => self.text(text),
            Err(_) => self,
        }
    }

    /// Appends `number` in decimal, with a sign if it is negative.
    #[must_use]
    pub const fn integer(self, number: i128) -> Self {
        let sign = if number < 0 { "-" } else { "" };
        self.text(sign).number(number.unsigned_abs())
    }

    /// Appends `numbers`, separated by commas: `28, 3`.
    #[must_use]
    pub const fn list(mut self, numbers: &[usize]) -> Self {
        let mut index = 0;
        while index < numbers.len() {
            self = self.text(if index == 0 { "" } else { ", " }).number(numbers[index] as u128);
            index += 1;
        }
        self
    }

    /// Appends spaces until the message has `length` bytes.
    #[must_use]
    pub const fn pad(mut self, length: usize) -> Self {
        while self.length < length && self.length < BYTES {
            self = self.text(" ");
        }
        self
    }

    /// The length in bytes.
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Whether the message is empty.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The message as a string slice.
    pub const fn as_str(&self) -> &str {
        match core::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "",
        }
    }
}

impl<const BYTES: usize> Default for Message<BYTES> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::prelude::v1::*;

    use super::*;

    #[test]
    fn joins_text_and_numbers() {
        const TEXT: Message = Message::new().text("Dense<").number(0).text(", ").number(1024).text(">");
        assert_eq!(TEXT.as_str(), "Dense<0, 1024>");
        assert_eq!(Message::<39>::new().number(u128::MAX).as_str(), u128::MAX.to_string());
        assert_eq!(Message::<9>::new().list(&[28, 3]).pad(7).as_str(), "28, 3  ");
        assert_eq!(Message::<8>::new().integer(-7).text(" < ").integer(7).as_str(), "-7 < 7");
    }

    #[test]
    fn truncates_text_that_does_not_fit() {
        let mut long: Message = Message::new();
        for _ in 0..100 {
            long = long.text("seven..");
        }
        assert_eq!(long.as_str().len(), 256);
        assert_eq!(Message::<4>::new().text("a−b−").as_str(), "a−");
    }
}
