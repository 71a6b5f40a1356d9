//! Recognizes files that contain no text.

/// Number of bytes at the start of a file that are inspected.
pub const HEAD: usize = 4096;
/// Formats with a signature.
const FORMATS: [(&[u8], &str); 7] = [
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
];

/// Returns the kind of a file without text, such as `a zip archive`, or `None` if it may contain text.
pub fn kind(bytes: &[u8]) -> Option<&'static str> {
    if let Some((_, kind)) = FORMATS.iter().find(|(signature, _)| bytes.starts_with(signature)) {
        return Some(kind);
    }
    // Text in UTF-16 contains many bytes that are zero, but it begins with a mark or with markup.
    let is_markup =
        matches!(bytes, [b'<', ..] | [0, b'<', ..] | [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0xef, 0xbb, 0xbf, ..]);
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let is_control = |byte: &&u8| **byte < 0x20 && !matches!(**byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1b);
    let controls = head.iter().filter(is_control).count();
    // Random bytes have one control character in ten.
    (!is_markup && controls * 20 > head.len()).then_some("a binary file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_and_images_are_no_text() {
        assert_eq!(kind(b"PK\x03\x04\x14\0\0\0"), Some("a zip archive"));
        assert_eq!(kind(b"%PDF-1.7\n"), Some("a PDF file"));
        assert_eq!(kind(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"), Some("a binary file"));
        let random: Vec<u8> = (0..4096_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
        assert_eq!(kind(&random), Some("a binary file"));
    }

    #[test]
    fn markup_and_prose_in_any_encoding_are_text() {
        let utf16: Vec<u8> = "<topic/>".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [
            &utf16,
            b"".as_slice(),
            b"# Title\n\nText with a stray \x01 character.",
            b"<a>\0\0\0</a>",
            "\u{feff}Gr\u{f6}\u{df}e".as_bytes(),
        ] {
            assert_eq!(kind(text), None, "{text:?}");
        }
    }
}
