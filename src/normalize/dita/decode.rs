//! Bytes to text: byte order marks and declared encodings.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// A file's text, and what had to be repaired to get it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub text: String,
    /// Byte sequences that the encoding does not have, each replaced by U+FFFD, were found.
    pub invalid_bytes: bool,
}

/// Decodes a file by its byte order mark, else its XML declaration, else as UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Decoded {
    let (text, _, invalid_bytes) = encoding_of(bytes).decode(bytes);
    Decoded { text: text.into_owned(), invalid_bytes }
}

fn encoding_of(bytes: &[u8]) -> &'static Encoding {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding;
    }
    match bytes {
        [b'<', 0, ..] => UTF_16LE,
        [0, b'<', ..] => UTF_16BE,
        _ => declared(bytes).unwrap_or(UTF_8),
    }
}

/// The encoding that `<?xml … encoding="…"?>` names. UTF-16 cannot be true there: the declaration was read as bytes.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = bytes.get(..bytes.len().min(200))?;
    let end = head.windows(2).position(|pair| pair == b"?>")?;
    let declaration = std::str::from_utf8(head.get(..end)?).ok()?;
    let declaration = declaration.trim_start().strip_prefix("<?xml")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let label = value.get(1..)?.split(quote).next()?;
    Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_a_byte_order_mark() {
        for big in [false, true] {
            assert_eq!(decode(&utf16("<p>ä€</p>", big)).text, "<p>ä€</p>");
            assert_eq!(decode(&utf16("\u{feff}<p>ä€</p>", big)).text, "<p>ä€</p>");
        }
    }

    #[test]
    fn declared_encodings_are_followed() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><p>\xe4</p>";
        assert!(decode(latin).text.ends_with("<p>\u{e4}</p>"));
        let windows = b"<?xml version=\"1.0\" encoding = \"windows-1252\"?><p>\x80</p>";
        assert!(decode(windows).text.ends_with("<p>\u{20ac}</p>"));
    }

    #[test]
    fn a_utf_8_byte_order_mark_is_dropped() {
        assert_eq!(decode(b"\xef\xbb\xbf<p/>").text, "<p/>");
    }

    #[test]
    fn invalid_bytes_are_replaced_and_reported() {
        assert!(decode(b"<p>\xff</p>").invalid_bytes);
    }
}
