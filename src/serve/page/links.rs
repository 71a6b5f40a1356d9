//! Paths of pages.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to encode in a path segment, a query or a fragment: all of ASCII except letters, digits, `-`, `.`, `_` and `~`.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Encodes `text` for a URL.
#[must_use]
pub fn encoded(text: &str) -> String {
    // Browsers interpret a segment of dots as a parent folder.
    if text == "." || text == ".." {
        return text.replace('.', "%2E");
    }
    utf8_percent_encode(text, PLAIN).to_string()
}

/// Returns the path of a document.
#[must_use]
pub fn document(run_id: &str, doc_id: &str) -> String {
    format!("/d/{}/{}", encoded(run_id), encoded(doc_id))
}

/// Returns the path of a document at a section.
#[must_use]
pub fn section(run_id: &str, doc_id: &str, anchor: &str) -> String {
    format!("{}#{}", document(run_id, doc_id), encoded(anchor))
}

/// Returns the path of a document at the section of a chunk.
#[must_use]
pub fn chunk(run_id: &str, doc_id: &str, ord: i32) -> String {
    format!("{}?chunk={ord}", document(run_id, doc_id))
}

/// Returns the path of a run.
#[must_use]
pub fn run(run_id: &str) -> String {
    format!("/runs/{}", encoded(run_id))
}

/// Returns `url` if it is a web address. Scripts and files are rejected.
#[must_use]
pub fn outside(url: &str) -> Option<&str> {
    let scheme = url.split(':').next().unwrap_or_default().to_ascii_lowercase();
    matches!(scheme.as_str(), "http" | "https").then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_an_id_gets_out_of_its_segment() {
        assert_eq!(document("r1", "topic:a b/c?d#e"), "/d/r1/topic%3Aa%20b%2Fc%3Fd%23e");
        assert_eq!(document("..", ".."), "/d/%2E%2E/%2E%2E");
    }

    #[test]
    fn only_web_addresses_are_links() {
        assert_eq!(outside("https://a.example"), Some("https://a.example"));
        for bad in ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "file:///etc", "/x", ""] {
            assert_eq!(outside(bad), None, "{bad}");
        }
    }
}
