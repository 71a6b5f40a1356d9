//! Converts bytes to text. The encoding comes from the byte order mark or the declaration. Without them, it is UTF-8 if
//! most bytes are valid UTF-8.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::text::{Losses, count, count_many};

/// Number of bytes at the start of a file in which an encoding may be declared. Browsers use the same limit.
const HEAD: usize = 1024;

/// Decodes a file, and counts repairs in the losses: `invalid-bytes`, which become U+FFFD, and `encoding:guessed`.
pub(super) fn decode(bytes: &[u8], losses: &mut Losses) -> String {
    let encoding = encoding_of(bytes).unwrap_or_else(|| {
        count(losses, "encoding:guessed");
        WINDOWS_1252
    });
    let (text, _, has_invalid) = encoding.decode(bytes);
    if has_invalid {
        count_many(losses, "invalid-bytes", text.matches(char::REPLACEMENT_CHARACTER).count() as u64);
    }
    text.into_owned()
}

/// Returns the encoding of a file, or `None` if it declares none and is mostly not UTF-8.
fn encoding_of(bytes: &[u8]) -> Option<&'static Encoding> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(encoding);
    }
    match (bytes, declared(bytes)) {
        ([b'<' | b'{', 0, ..], _) => Some(UTF_16LE),
        ([0, b'<' | b'{', ..], _) => Some(UTF_16BE),
        // A file that was converted to UTF-8 may still declare its old encoding. Text in a different encoding is rarely
        // valid UTF-8 by accident.
        (_, Some(declared)) if declared.is_single_byte() && std::str::from_utf8(bytes).is_ok() => Some(UTF_8),
        (_, Some(declared)) => Some(declared),
        (_, None) => is_mostly_utf_8(bytes).then_some(UTF_8),
    }
}

/// Returns the encoding in `<?xml … encoding="…"?>`. Otherwise, returns the encoding in `<meta charset="…">` or `<meta
/// … content="…charset=…">` in the head of HTML. It cannot be UTF-16, because the declaration was read as single bytes.
fn declared(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(HEAD))?).to_ascii_lowercase();
    let xml = head.trim_start().strip_prefix("<?xml").and_then(|rest| rest.split_once("?>"));
    let label = xml.and_then(|(declaration, _)| assigned(declaration, "encoding")).or_else(|| meta_charset(&head))?;
    Encoding::for_label_no_replacement(label.as_bytes()).filter(|named| ![UTF_16LE, UTF_16BE].contains(named))
}

/// Returns the value after `name=`, with or without quotes.
fn assigned<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = tag.split_once(name)?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let value = value.strip_prefix(['"', '\'']).unwrap_or(value);
    value.trim_start().split(['"', '\'', ';', '/', ' ', '\t', '\n']).next()
}

/// Returns the encoding that a `<meta>` in the head declares.
/// Elements after the head are ignored, because they may be examples in the text.
fn meta_charset(head: &str) -> Option<&str> {
    let mut rest = head;
    loop {
        let (_, markup) = rest.split_once('<')?;
        let end = if markup.starts_with("!--") { "-->" } else { ">" };
        let (tag, after) = markup.split_once(end)?;
        rest = after;
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next()?;
        match name {
            "meta" if tag.contains("charset") => return assigned(tag, "charset"),
            // The name is empty after `!` and `?`.
            "" | "html" | "head" | "title" | "base" | "link" | "meta" => {}
            _ => return None,
        }
    }
}

/// Returns whether most bytes outside ASCII belong to valid UTF-8 characters.
fn is_mostly_utf_8(bytes: &[u8]) -> bool {
    let (mut valid, mut invalid) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        valid += chunk.valid().bytes().filter(|byte| !byte.is_ascii()).count();
        invalid += chunk.invalid().len();
    }
    invalid == 0 || valid > invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text, and how often each repair is counted.
    fn decoded(bytes: &[u8]) -> (String, Vec<(String, u64)>) {
        let mut losses = Losses::new();
        let text = decode(bytes, &mut losses);
        (text, losses.into_iter().collect())
    }

    fn text(bytes: &[u8]) -> String {
        let (text, repairs) = decoded(bytes);
        assert_eq!(repairs, []);
        text
    }

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    #[test]
    fn utf_16_is_recognized_with_and_without_a_byte_order_mark() {
        for big in [false, true] {
            let page = "<?xml version='1.0' encoding='UTF-16'?><p>ä€</p>";
            assert_eq!(text(&utf16(page, big)), page);
            assert_eq!(text(&utf16(&format!("\u{feff}{page}"), big)), page);
        }
    }

    #[test]
    fn declared_encodings_are_followed() {
        let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><p>\xe4</p>";
        assert!(text(latin).ends_with("<p>\u{e4}</p>"));
        let windows = b"<?xml version=\"1.0\" encoding = \"windows-1252\"?><p>\x80</p>";
        assert!(text(windows).ends_with("<p>\u{20ac}</p>"));
    }

    #[test]
    fn the_head_of_html_declares_an_encoding() {
        let polish = |meta: &str| {
            let head = format!("<!DOCTYPE html>\n<!-- <p> -->\n<html lang='pl'><head><title>A</title>\n{meta}</head>");
            text(&[head.as_bytes(), b"<p>Za\xbf\xf3\xb3\xe6</p>"].concat())
        };
        for meta in [
            "<meta charset=\"iso-8859-2\">",
            "<META CHARSET=ISO-8859-2 id=e />",
            "<meta name='a' content='b'/><meta http-equiv='Content-Type' content='text/html; charset=iso-8859-2'/>",
        ] {
            assert!(polish(meta).ends_with("<p>Zażółć</p>"), "{meta}");
        }
        let japanese = [b"<html><meta charset=Shift_JIS><p>".as_slice(), b"\x93\xfa\x96\x7b</p>"].concat();
        assert!(text(&japanese).ends_with("<p>日本</p>"));
    }

    #[test]
    fn an_encoding_that_the_text_of_a_page_names_is_not_its_own() {
        for page in ["<p>ü <meta charset='shift_jis'></p>", "<pre><![CDATA[<meta charset=shift_jis>]]></pre>ü"] {
            assert_eq!(text(page.as_bytes()), page);
        }
    }

    #[test]
    fn utf_8_that_is_declared_to_be_of_single_bytes_is_utf_8() {
        let page = "<?xml version='1.0' encoding='ISO-8859-1'?><p>Größe</p>";
        assert_eq!(text(page.as_bytes()), page);
    }

    #[test]
    fn a_utf_8_byte_order_mark_is_dropped() {
        assert_eq!(text(b"\xef\xbb\xbf<p/>"), "<p/>");
    }

    #[test]
    fn a_stray_byte_is_replaced_and_counted_and_the_rest_stays() {
        let stray = |head: &str| [head.as_bytes(), b"<p>\xfc and \xff</p>"].concat();
        for head in ["<h1>Größe</h1>", "<?xml version='1.0' encoding='UTF-8'?>", "\u{feff}"] {
            let (text, repairs) = decoded(&stray(head));
            assert_eq!(text, format!("{}<p>\u{fffd} and \u{fffd}</p>", head.trim_start_matches('\u{feff}')));
            assert_eq!(repairs, [("invalid-bytes".to_owned(), 2)]);
        }
    }

    #[test]
    fn what_declares_nothing_and_is_no_utf_8_is_taken_for_windows_1252() {
        let (text, repairs) = decoded(b"<p>Gr\xf6\xdfe \x80</p>");
        assert_eq!((text.as_str(), repairs), ("<p>Größe €</p>", vec![("encoding:guessed".to_owned(), 1)]));
    }
}
