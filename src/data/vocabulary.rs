//! Texts as whole numbers.

use std::{format, string::String, vec::Vec};

use super::DataError;
use crate::{kernel::Element, tensor::class_number};

/// A tokenizer: the characters (`char`) or bytes (`u8`) of a text, each with a number from 0.
///
/// The numbers are those of the symbols in ascending order. They do not depend on the order of the text.
///
/// ```
/// use shiplap::data::Vocabulary;
///
/// let vocabulary = Vocabulary::of_characters("hello world");
/// assert_eq!(vocabulary.len(), 8);
/// let tokens: Vec<f32> = vocabulary.encode("hold")?;
/// assert_eq!(tokens, [3.0, 5.0, 4.0, 1.0]);
/// assert_eq!(vocabulary.decode(&tokens)?, "hold");
///
/// let error = vocabulary.encode::<f32>("who\nis").unwrap_err();
/// assert!(error.to_string().starts_with("line 1, column 4: the character '\\n' is not in the vocabulary"));
/// # Ok::<(), shiplap::data::DataError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary<S> {
    symbols: Vec<S>,
}

impl<S: Copy + Ord> Vocabulary<S> {
    /// The vocabulary of these symbols, each of which may occur more than once: the same as that of a text with them.
    pub fn new(symbols: impl IntoIterator<Item = S>) -> Self {
        let mut symbols: Vec<S> = symbols.into_iter().collect();
        symbols.sort_unstable();
        symbols.dedup();
        Self { symbols }
    }

    /// The symbols, of which the index is the number.
    pub fn symbols(&self) -> &[S] {
        &self.symbols
    }

    /// The number of symbols.
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there are no symbols.
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The number of a symbol, or `None` if it is not in the vocabulary.
    pub fn number(&self, symbol: S) -> Option<usize> {
        self.symbols.binary_search(&symbol).ok()
    }

    /// The symbol of each token.
    fn each<T: Element, C: FromIterator<S>>(&self, tokens: &[T]) -> Result<C, DataError> {
        let symbol = |(place, token): (usize, &T)| {
            let tokens = self.symbols.len();
            let symbol = class_number(*token, tokens).and_then(|number| self.symbols.get(number).copied());
            symbol.ok_or(DataError::Token { place, token: token.to_f64(), tokens })
        };
        tokens.iter().enumerate().map(symbol).collect()
    }
}

impl Vocabulary<char> {
    /// The vocabulary of the characters of a text.
    pub fn of_characters(text: &str) -> Self {
        Self::new(text.chars())
    }

    /// The number of each character, as the input of an embedding.
    ///
    /// # Errors
    ///
    /// Returns an error if a character is not in the vocabulary, with its line and column.
    pub fn encode<T: Element>(&self, text: &str) -> Result<Vec<T>, DataError> {
        let token = |(place, symbol): (usize, char)| match self.number(symbol) {
            Some(number) => Ok(T::from_f64(number as f64)),
            None => {
                let before = text.get(..place).unwrap_or("");
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
                let (place, symbol) = (format!("line {line}, column {column}"), format!("character {symbol:?}"));
                Err(DataError::Symbol { place, symbol })
            }
        };
        text.char_indices().map(token).collect()
    }

    /// The text of these tokens.
    ///
    /// # Errors
    ///
    /// Returns an error if a token is not the number of a character.
    pub fn decode<T: Element>(&self, tokens: &[T]) -> Result<String, DataError> {
        self.each(tokens)
    }
}

impl Vocabulary<u8> {
    /// The vocabulary of the bytes of a text, which may have any encoding.
    ///
    /// ```
    /// use shiplap::data::Vocabulary;
    ///
    /// let vocabulary = Vocabulary::of_bytes("naïve".as_bytes());
    /// assert_eq!(vocabulary.len(), 6); // ï is two bytes in UTF-8.
    /// # Ok::<(), shiplap::data::DataError>(())
    /// ```
    pub fn of_bytes(text: &[u8]) -> Self {
        Self::new(text.iter().copied())
    }

    /// The number of each byte, as the input of an embedding.
    ///
    /// # Errors
    ///
    /// Returns an error if a byte is not in the vocabulary, with its index. The vocabulary of all bytes, `new(0..=255)`,
    /// encodes any text.
    pub fn encode<T: Element>(&self, text: &[u8]) -> Result<Vec<T>, DataError> {
        let token = |(place, &symbol): (usize, &u8)| match self.number(symbol) {
            Some(number) => Ok(T::from_f64(number as f64)),
            None => {
                let (place, symbol) = (format!("byte {place}"), format!("byte 0x{symbol:02x}"));
                Err(DataError::Symbol { place, symbol })
            }
        };
        text.iter().enumerate().map(token).collect()
    }

    /// The text of these tokens.
    ///
    /// # Errors
    ///
    /// Returns an error if a token is not the number of a byte.
    pub fn decode<T: Element>(&self, tokens: &[T]) -> Result<Vec<u8>, DataError> {
        self.each(tokens)
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn unknown_symbols_are_errors_with_their_place() {
        let vocabulary = Vocabulary::of_characters("abc\né");
        for (text, place) in [
            ("x", "line 1, column 1"),
            ("abx", "line 1, column 3"),
            ("éx", "line 1, column 2"),
            ("a\nx", "line 2, column 1"),
            ("\n\nbax", "line 3, column 3"),
        ] {
            let error = vocabulary.encode::<f32>(text).unwrap_err().to_string();
            assert!(error.starts_with(place) && error.contains("'x'"), "{error}");
        }
        let error = Vocabulary::of_bytes(b"abc").encode::<f64>(b"cab\xff").unwrap_err().to_string();
        assert!(error.starts_with("byte 3: the byte 0xff"), "{error}");
    }

    #[test]
    fn numbers_that_are_no_tokens_are_errors_with_their_place() {
        let vocabulary = Vocabulary::of_characters("abc");
        for token in [3.0, -1.0, 0.5, f64::NAN, f64::INFINITY, 1e300] {
            let error = vocabulary.decode(&[0.0, token]).unwrap_err();
            assert!(matches!(error, DataError::Token { place: 1, tokens: 3, .. }), "{error}");
        }
        assert_eq!(vocabulary.decode::<f32>(&[]).unwrap(), "");
    }
}
