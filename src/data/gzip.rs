//! Gzip-compressed files.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// Decompresses all members of a file. As in Python, zero bytes between and after them are skipped, with which some
/// media fill a block; other bytes are an error.
pub(super) struct Gunzip<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Gunzip<R> {
    pub fn new(reader: R) -> Self {
        Self(Some(GzDecoder::new(reader)))
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let length = member.read(buffer)?;
            if length > 0 || buffer.is_empty() {
                return Ok(length);
            }
            let Some(mut rest) = self.0.take().map(GzDecoder::into_inner) else { break };
            if let Some(byte) = next_byte_except_zero(&mut rest)? {
                if byte != MAGIC {
                    let message = "the compressed data are followed by other data: compress the file again";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                self.0 = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// The first byte of a member.
const MAGIC: u8 = 0x1f;

/// Skips zeros. Does not skip the byte after them.
fn next_byte_except_zero(reader: &mut impl BufRead) -> io::Result<Option<u8>> {
    loop {
        let bytes = reader.fill_buf()?;
        let (length, zeros) = (bytes.len(), bytes.iter().take_while(|&&byte| byte == 0).count());
        let next = bytes.get(zeros).copied();
        reader.consume(zeros);
        if length == 0 || next.is_some() {
            return Ok(next);
        }
    }
}
