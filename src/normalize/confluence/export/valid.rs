//! Replaces bytes that are not UTF-8, because the XML reader rejects a text that contains any.

use std::io::{BufRead, Read, Result};

/// Replaces each byte that is not UTF-8. It has one byte, so that positions in the file stay the same. XML cannot contain it.
pub(super) const INVALID: char = '\0';

/// A reader whose bytes are UTF-8.
#[derive(Debug)]
pub(super) struct Valid<R> {
    inner: R,
    /// Bytes that were read from the inner reader and can be passed on, up to `end`. The start of a character may follow.
    buffer: Vec<u8>,
    at: usize,
    end: usize,
}

impl<R: BufRead> Valid<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, buffer: Vec::new(), at: 0, end: 0 }
    }

    pub(super) fn inner(&self) -> &R {
        &self.inner
    }

    /// Reads more bytes, and replaces the invalid ones.
    fn fill(&mut self) -> Result<()> {
        self.buffer.drain(..self.end);
        let bytes = self.inner.fill_buf()?;
        let length = bytes.len();
        self.buffer.extend_from_slice(bytes);
        self.inner.consume(length);
        self.at = 0;
        self.end = 0;
        while let Err(error) = std::str::from_utf8(self.buffer.get(self.end..).unwrap_or_default()) {
            self.end += error.valid_up_to();
            let invalid = match error.error_len() {
                // The rest of the character may still follow.
                None if length > 0 => return Ok(()),
                None => self.buffer.len() - self.end,
                Some(invalid) => invalid,
            };
            self.buffer.get_mut(self.end..self.end + invalid).unwrap_or_default().fill(INVALID as u8);
            self.end += invalid;
        }
        self.end = self.buffer.len();
        Ok(())
    }
}

impl<R: BufRead> BufRead for Valid<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.at == self.end {
            let before = self.buffer.len() - self.end;
            self.fill()?;
            if self.end == 0 && self.buffer.len() == before {
                break;
            }
        }
        Ok(self.buffer.get(self.at..self.end).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at = self.end.min(self.at + amount);
    }
}

impl<R: BufRead> Read for Valid<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use super::Valid;

    /// Returns the output if the inner reader returns `step` bytes at a time.
    fn read(source: &[u8], step: usize) -> String {
        let mut out = String::new();
        let mut reader = Valid::new(BufReader::with_capacity(step, source));
        reader.read_to_string(&mut out).expect("UTF-8");
        assert_eq!(reader.read(&mut [0]).expect("the end"), 0);
        out
    }

    #[test]
    fn invalid_bytes_are_replaced_and_characters_stay_whole() {
        let cases: [(&[u8], &str); 6] = [
            ("aä€😀z".as_bytes(), "aä€😀z"),
            (b"a\xff\xfeb", "a\0\0b"),
            (b"\xc3(\xe2\x82(\xf0\x9f\x98", "\0(\0\0(\0\0\0"),
            (b"\xe2\x82", "\0\0"),
            (b"\xed\xa0\x80\xc0\xaf", "\0\0\0\0\0"),
            (b"", ""),
        ];
        for (source, expected) in cases {
            for step in 1..=source.len().max(1) {
                assert_eq!(read(source, step), expected, "{step}");
            }
        }
    }
}
