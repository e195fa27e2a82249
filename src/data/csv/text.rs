//! The text of a CSV file, checked while it is read.

use std::{
    format,
    io::{self, Read},
    string::String,
};

use crate::data::DataError;

/// Passes the text of a file on to the parser, which accepts a quote that is never closed, and everything after it as
/// one field.
///
/// Line endings outside quotes become line feeds, and the last line gets one, so that the parser counts the lines of
/// the file.
pub(super) struct Text<'a, R> {
    inner: R,
    file: &'a str,
    delimiter: u8,
    place: Place,
    /// The number of the current line, from 1.
    line: u64,
    /// The number of bytes since the end of the last row.
    row: usize,
    /// Whether the last byte was a carriage return outside quotes.
    after_return: bool,
    is_done: bool,
}

/// The place of a byte in a row. The lines are those of the opening quote.
#[derive(Clone, Copy)]
enum Place {
    FieldStart,
    Unquoted,
    Quoted(u64),
    /// After a quote in a quoted field: the end of the field, or the first of two quotes that stand for one.
    AfterQuote(u64),
    /// In the white space after a quoted field.
    AfterField(u64),
}

/// A row takes no more memory than this, even if a file of a few bytes unpacks to gigabytes without a line ending.
const LONGEST_ROW: usize = 1 << 26;

impl<'a, R: Read> Text<'a, R> {
    pub fn new(inner: R, file: &'a str, delimiter: u8) -> Self {
        let (place, line, row) = (Place::FieldStart, 1, 0);
        Self { inner, file, delimiter, place, line, row, after_return: false, is_done: false }
    }

    /// Checks the bytes and replaces line endings. Returns the number of bytes that remain.
    fn check(&mut self, bytes: &mut [u8]) -> Result<usize, DataError> {
        let mut end = 0;
        for index in 0..bytes.len() {
            let mut byte = bytes[index];
            if byte == b'\n' && core::mem::take(&mut self.after_return) {
                continue;
            }
            self.after_return = byte == b'\r' && !matches!(self.place, Place::Quoted(_));
            if self.after_return {
                byte = b'\n';
            }
            self.step(byte)?;
            bytes[end] = byte;
            end += 1;
        }
        Ok(end)
    }

    fn step(&mut self, byte: u8) -> Result<(), DataError> {
        let line = self.line;
        self.line += u64::from(byte == b'\n');
        self.row += 1;
        self.place = match (self.place, byte) {
            (_, 0) => {
                let expected = "text in UTF-8 (save a file in UTF-16 or in a binary format as CSV in UTF-8)";
                return Err(self.error(line, "a zero byte", expected));
            }
            (Place::Quoted(opened), b'"') => Place::AfterQuote(opened),
            (Place::Quoted(opened), _) => Place::Quoted(opened),
            (Place::AfterQuote(opened), b'"') => Place::Quoted(opened),
            (_, b'\n') => {
                self.row = 0;
                Place::FieldStart
            }
            (_, byte) if byte == self.delimiter => Place::FieldStart,
            (Place::FieldStart, b'"') => Place::Quoted(line),
            (Place::AfterQuote(opened) | Place::AfterField(opened), b' ' | b'\t') => Place::AfterField(opened),
            // A quote that was never closed ends at the next one, which should open a field.
            (Place::AfterQuote(opened) | Place::AfterField(opened), _) if opened < line => {
                let found = format!("text after the next quote, in line {line}");
                return Err(self.error(opened, found, QUOTED));
            }
            _ => Place::Unquoted,
        };
        match self.place {
            Place::Quoted(opened) if self.row > LONGEST_ROW => {
                Err(self.error(opened, format!("none in {LONGEST_ROW} bytes"), QUOTED))
            }
            _ if self.row > LONGEST_ROW => {
                Err(self.error(line, "a longer one", format!("a row of at most {LONGEST_ROW} bytes")))
            }
            _ => Ok(()),
        }
    }

    fn error(&self, line: u64, found: impl Into<String>, expected: impl Into<String>) -> DataError {
        DataError::Line { file: self.file.into(), line, found: found.into(), expected: expected.into() }
    }
}

const QUOTED: &str = "the end of the quoted field that starts in this line (double a quote that is part of the text, \
                      and put the whole field in quotes)";

impl<R: Read> Read for Text<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.is_done && !buffer.is_empty() {
            let length = self.inner.read(buffer)?;
            if length > 0 {
                match self.check(&mut buffer[..length]).map_err(io::Error::other)? {
                    0 => continue,
                    remaining => return Ok(remaining),
                }
            }
            if let Place::Quoted(opened) = self.place {
                return Err(io::Error::other(self.error(opened, "the end of the file", QUOTED)));
            }
            self.is_done = true;
            buffer[0] = b'\n';
            return Ok(1);
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Cursor, string::ToString, vec::Vec};

    use super::*;

    /// Reads a text in pieces of `size` bytes.
    fn read(text: &str, size: usize) -> Result<String, String> {
        let mut reader = Text::new(Cursor::new(text), "t", b',');
        let (mut all, mut buffer) = (Vec::new(), [0; 64]);
        loop {
            match reader.read(&mut buffer[..size]) {
                Ok(0) => return Ok(String::from_utf8(all).unwrap()),
                Ok(length) => all.extend_from_slice(&buffer[..length]),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    #[test]
    fn line_endings_become_line_feeds_outside_quotes() {
        for size in [1, 2, 3, 64] {
            assert_eq!(read("a\rb\r\nc\n\r\r\n\"d\r\ne\"", size).unwrap(), "a\nb\nc\n\n\n\"d\r\ne\"\n");
            assert_eq!(read("", size).unwrap(), "\n");
        }
    }

    #[test]
    fn rows_without_end_are_errors() {
        for (start, expected) in [
            ("a\n", "t, line 2: expected a row of at most 67108864 bytes, found a longer one"),
            ("a\n\n1,\"", "t, line 3: expected the end of the quoted field that starts in this line"),
        ] {
            let mut reader = Text::new(start.as_bytes().chain(io::repeat(b'1')), "t", b',');
            let error = io::copy(&mut reader, &mut io::sink()).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn open_quotes_are_errors_that_name_their_line() {
        for size in [1, 2, 3, 64] {
            for (text, line, found) in [
                ("\"", 1, "the end of the file"),
                ("a\n1,\"5 inch\n2,b\n", 2, "the end of the file"),
                ("a\n\"x\ny\",\"5\"\"\n2,b\n", 3, "the end of the file"),
                ("a\r\"5 inch\r2,b\r", 2, "the end of the file"),
                ("a\n\"5 inch,1\nb,2\n\"6 inch,3\n", 2, "text after the next quote, in line 4"),
                ("a\n\"5 inch,1\nb,\"c\",2\n", 2, "text after the next quote, in line 3"),
            ] {
                let error = read(text, size).unwrap_err();
                assert!(error.starts_with(&format!("t, line {line}: expected the end of the quoted field")), "{error}");
                assert!(error.ends_with(&format!(", found {found}")), "{error}");
            }
            for text in
                ["\"\"\n", "\"a\nb\" ,1\n", "5\",1\n", "5 \"inch\n", "\"5\" inch\",1\n", "\"a\"\"\nb\"\n", " \"a\n"]
            {
                assert_eq!(read(text, size).unwrap().trim_end(), text.trim_end());
            }
        }
    }
}
