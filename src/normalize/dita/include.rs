//! Selects the part of a text file for a `coderef` or an `include`.

use encoding_rs::Encoding;

/// Decodes a text file. The encoding comes from the reference or the byte order mark. The default is UTF-8.
pub(super) fn decode(bytes: &[u8], encoding: Option<&str>, format: Option<&str>) -> String {
    let from_format = || {
        let (_, charset) = format?.split_once("charset=")?;
        Encoding::for_label(charset.trim().as_bytes())
    };
    let named = encoding.and_then(|label| Encoding::for_label(label.as_bytes())).or_else(from_format);
    let (text, _, _) = named.unwrap_or(encoding_rs::UTF_8).decode(bytes);
    text.replace("\r\n", "\n")
}

/// Returns the lines that a fragment selects. The forms are `line=2,5` (RFC 5147: positions between lines, and `line=2`
/// is the line that starts there), `line-range(3, 5)`, and `token=start,end` (the lines between the lines that contain
/// `start` and `end`). Returns `None` if a token is missing.
pub(super) fn lines(text: &str, fragment: &str) -> Option<String> {
    let all: Vec<&str> = text.split('\n').collect();
    let fragment = fragment.split(';').next().unwrap_or_default();
    let (first, last) = if let Some(range) = fragment.strip_prefix("line=") {
        let first = range.split(',').next().unwrap_or_default().trim().parse().unwrap_or(0_usize);
        let last = match range.split_once(',') {
            Some((_, to)) => to.trim().parse().unwrap_or(all.len()),
            None => first.saturating_add(1),
        };
        (first, last)
    } else if let Some(range) = fragment.strip_prefix("line-range(") {
        let (from, to) = range.trim_end_matches(')').split_once(',').unwrap_or((range.trim_end_matches(')'), ""));
        let from: usize = from.trim().parse().unwrap_or(1);
        (from.saturating_sub(1), to.trim().parse().unwrap_or(all.len()))
    } else if let Some(range) = fragment.strip_prefix("token=") {
        let (from, to) = range.split_once(',').unwrap_or((range, ""));
        let start = if from.is_empty() { 0 } else { all.iter().position(|line| line.contains(from))? + 1 };
        let rest = all.get(start..).unwrap_or_default();
        let length = if to.is_empty() { None } else { rest.iter().position(|line| line.contains(to)) };
        (start, length.map_or(all.len(), |length| start + length))
    } else {
        (0, all.len())
    };
    let last = last.min(all.len());
    Some(all.get(first.min(last)..last).unwrap_or_default().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_select_lines() {
        let text = "a\nb\nc\nd";
        assert_eq!(lines(text, "").as_deref(), Some(text));
        assert_eq!(lines(text, "line=1,3").as_deref(), Some("b\nc"));
        assert_eq!(lines(text, "line=2,").as_deref(), Some("c\nd"));
        assert_eq!(lines(text, "line=2").as_deref(), Some("c"));
        assert_eq!(lines(text, "line-range(2, 3)").as_deref(), Some("b\nc"));
        assert_eq!(lines(text, "line-range(3)").as_deref(), Some("c\nd"));
        assert_eq!(lines(text, "line=9,99").as_deref(), Some(""));
    }

    #[test]
    fn tokens_select_what_lies_between() {
        let text = "x\n# begin\na\nb\n# end\ny";
        assert_eq!(lines(text, "token=begin,end").as_deref(), Some("a\nb"));
        assert_eq!(lines(text, "token=begin").as_deref(), Some("a\nb\n# end\ny"));
        assert_eq!(lines(text, "token=nowhere"), None);
    }

    #[test]
    fn the_named_encoding_is_used() {
        assert_eq!(decode(b"\xe4", Some("iso-8859-1"), None), "ä");
        assert_eq!(decode(b"\xe4", None, Some("txt; charset=windows-1252")), "ä");
        assert_eq!(decode("ä\r\n".as_bytes(), None, None), "ä\n");
    }
}
