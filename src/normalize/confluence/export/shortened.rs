//! Reads `entities.xml` and skips the ends of long values. The first pass needs only the location of a body, not the body.

use std::io::{BufRead, Error, ErrorKind, Read, Result};

use memchr::memchr;

const OPEN: &[u8] = b"<![CDATA[";
const CLOSE: &[u8] = b"]]>";
/// Maximum number of bytes of a CDATA section that are passed on.
pub(super) const MAX_SECTION: usize = 8 * 1024;
/// Maximum number of bytes between two tags, without CDATA sections.
const MAX_RUN: usize = 16 * 1024 * 1024;

/// A reader that passes on at most [`MAX_SECTION`] bytes of each CDATA section.
#[derive(Debug)]
pub(super) struct Shortened<R> {
    inner: R,
    place: Place,
    /// The number of bytes in the inner reader that can be passed on.
    ahead: usize,
    /// Whether to skip the rest of the section after these bytes.
    leave_out: bool,
    /// The end of a shortened section, which must still be passed on.
    close: &'static [u8],
    /// The number of bytes that were skipped.
    pub left_out: u64,
    /// The number of line ends that were skipped.
    pub lines: u64,
}

/// The state of the scanner.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Outside a section: matched bytes of its opening mark, and the number of bytes since the last tag began.
    Outside { open: usize, run: usize },
    /// Inside a section: matched bytes of its closing mark, and the number of bytes so far.
    Section { close: usize, length: usize },
}

const OUTSIDE: Place = Place::Outside { open: 0, run: 0 };

impl<R: BufRead> Shortened<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner, place: OUTSIDE, ahead: 0, leave_out: false, close: &[], left_out: 0, lines: 0 }
    }

    /// Skips the rest of the section except its end.
    fn skip(&mut self) -> Result<()> {
        let mut close = match self.place {
            Place::Section { close, .. } => close,
            Place::Outside { .. } => 0,
        };
        while close < CLOSE.len() {
            let bytes = self.inner.fill_buf()?;
            if bytes.is_empty() {
                return Ok(());
            }
            let mut at = 0;
            while at < bytes.len() && close < CLOSE.len() {
                (at, close) = step_to_close(bytes, at, close);
            }
            let skipped = bytes.get(..at).unwrap_or_default();
            self.lines += memchr::memchr_iter(b'\n', skipped).count() as u64;
            self.left_out += skipped.len() as u64;
            self.inner.consume(at);
        }
        self.leave_out = false;
        self.place = OUTSIDE;
        self.close = CLOSE;
        // The closing mark is passed on. If the section ends right here, the mark is longer than the skipped part.
        self.left_out = self.left_out.wrapping_sub(CLOSE.len() as u64);
        Ok(())
    }
}

impl<R: BufRead> BufRead for Shortened<R> {
    fn fill_buf(&mut self) -> Result<&[u8]> {
        while self.close.is_empty() && self.ahead == 0 {
            if self.leave_out {
                self.skip()?;
                if self.close.is_empty() {
                    return Ok(&[]);
                }
            } else {
                let bytes = self.inner.fill_buf()?;
                if bytes.is_empty() {
                    return Ok(&[]);
                }
                (self.ahead, self.leave_out) = scan(&mut self.place, bytes)?;
            }
        }
        if !self.close.is_empty() {
            return Ok(self.close);
        }
        Ok(self.inner.fill_buf()?.get(..self.ahead).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        if self.close.is_empty() {
            self.ahead = self.ahead.saturating_sub(amount);
            self.inner.consume(amount);
        } else {
            self.close = self.close.get(amount..).unwrap_or_default();
        }
    }
}

impl<R: BufRead> Read for Shortened<R> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

/// Returns how many of `bytes` can be passed on, and whether to skip the bytes after them.
fn scan(place: &mut Place, bytes: &[u8]) -> Result<(usize, bool)> {
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match place {
            Place::Outside { open: 0, run } => {
                let found = memchr(b'<', bytes.get(at..).unwrap_or_default());
                let passed = found.unwrap_or(bytes.len() - at);
                *run += passed;
                if *run > MAX_RUN {
                    let message = format!("there is no tag within {MAX_RUN} bytes");
                    return Err(Error::new(ErrorKind::InvalidData, message));
                }
                at += passed + usize::from(found.is_some());
                if found.is_some() {
                    *place = Place::Outside { open: 1, run: 0 };
                }
            }
            Place::Outside { open, run } => {
                let next = if Some(byte) == OPEN.get(*open) { *open + 1 } else { usize::from(*byte == b'<') };
                at += 1;
                *place = if next == OPEN.len() {
                    Place::Section { close: 0, length: 0 }
                } else {
                    Place::Outside { open: next, run: *run + 1 }
                };
            }
            Place::Section { length, .. } if *length >= MAX_SECTION => return Ok((at, true)),
            Place::Section { close, length } => {
                let end = bytes.len().min(at + MAX_SECTION - *length);
                let (next, closed) = step_to_close(bytes.get(..end).unwrap_or_default(), at, *close);
                *length += next - at;
                *close = closed;
                at = next;
                if *close == CLOSE.len() {
                    *place = OUTSIDE;
                }
            }
        }
    }
    Ok((at, false))
}

/// Advances from `at` by one byte of a closing mark, or to the next position where a closing mark may begin.
fn step_to_close(bytes: &[u8], at: usize, close: usize) -> (usize, usize) {
    let rest = bytes.get(at..).unwrap_or_default();
    match (close, rest.first()) {
        (0, _) => memchr(b']', rest).map_or((bytes.len(), 0), |found| (at + found + 1, 1)),
        (_, Some(b']')) => (at + 1, 2),
        (2, Some(b'>')) => (at + 1, 3),
        _ => (at + 1, 0),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use super::{MAX_RUN, MAX_SECTION, Shortened};

    /// Returns the output if the inner reader returns `step` bytes at a time.
    fn shortened(source: &str, step: usize) -> (String, u64, u64) {
        let mut reader = Shortened::new(BufReader::with_capacity(step, source.as_bytes()));
        let mut out = String::new();
        reader.read_to_string(&mut out).expect("readable");
        (out, reader.left_out, reader.lines)
    }

    #[test]
    fn short_sections_are_passed_on_whatever_stands_around_them() {
        let source = "<a>1 <b>]]></b><![CDATA[]]]]><c/><![CDA<![CDATA[x]]></c>";
        for step in 1..source.len() {
            assert_eq!(shortened(source, step), (source.to_owned(), 0, 0), "{step}");
        }
    }

    #[test]
    fn a_long_section_loses_its_end_but_not_its_closing_mark() {
        let long = format!("{}\n]] ]>\n", "x".repeat(MAX_SECTION));
        let source = format!("<p><![CDATA[{long}]]></p><![CDATA[y]]>");
        for step in [1, 2, 3, 7, 4096, source.len()] {
            let (out, left_out, lines) = shortened(&source, step);
            assert_eq!(out, format!("<p><![CDATA[{}]]></p><![CDATA[y]]>", &long[..MAX_SECTION]), "{step}");
            assert_eq!((left_out, lines), ((long.len() - MAX_SECTION) as u64, 2), "{step}");
        }
    }

    #[test]
    fn a_closing_mark_across_the_limit_is_found() {
        for length in MAX_SECTION - 4..MAX_SECTION + 4 {
            let source = format!("<![CDATA[{}]]><z/>", "x".repeat(length));
            let mut reader = Shortened::new(source.as_bytes());
            let mut out = String::new();
            reader.read_to_string(&mut out).expect("readable");
            assert!(out.ends_with("]]><z/>"), "{length}");
            let counted = (out.len() as u64).wrapping_add(reader.left_out);
            assert_eq!(counted, source.len() as u64, "{length}");
        }
    }

    #[test]
    fn bytes_without_an_end_of_tags_are_refused() {
        let source = format!("<a>{}", " ".repeat(MAX_RUN + 1));
        let error = Shortened::new(source.as_bytes()).read_to_string(&mut String::new()).expect_err("refused");
        assert!(error.to_string().contains("no tag"));
    }
}
