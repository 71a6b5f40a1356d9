//! Parses addresses in DITA, and finds the files that they refer to.

use std::borrow::Cow;

/// The parts of a local address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Address {
    /// The path, percent-decoded, with `/` as separator. It is empty if the address is only a fragment.
    pub path: String,
    /// The first part of the fragment: the id of a topic, `.` for the current topic, or the id of an element in a map.
    pub topic: Option<String>,
    /// The second part of the fragment.
    pub element: Option<String>,
}

/// Returns whether an address has a scheme or a host. Such an address leads outside of the documentation.
pub(super) fn is_absolute(href: &str) -> bool {
    let scheme = href.split_once(':').map(|(scheme, _)| scheme).unwrap_or_default();
    let is_scheme = scheme.len() > 1
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    is_scheme || href.starts_with("//")
}

/// Splits a local address.
pub(super) fn split(href: &str) -> Address {
    let (path, fragment) = href.split_once('#').unwrap_or((href, ""));
    let path = path.split_once('?').map_or(path, |(path, _)| path);
    let (topic, element) = fragment.split_once('/').unwrap_or((fragment, ""));
    let part = |text: &str| Some(percent_decode(text)).filter(|text| !text.is_empty());
    Address { path: percent_decode(path).replace('\\', "/"), topic: part(topic), element: part(element) }
}

/// Resolves the path `relative` that occurs in the file `base`. The result and `base` are relative to the root of the
/// input. Returns `None` if the path leads outside of the input.
pub(super) fn join(base: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Decodes an address. If the result is not valid UTF-8, the address is not changed.
fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8().map_or_else(|_| text.to_owned(), Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_name_a_topic_and_an_element() {
        let address = split("a%20b\\c.dita#t/e");
        assert_eq!((address.path.as_str(), address.topic.as_deref()), ("a b/c.dita", Some("t")));
        assert_eq!(address.element.as_deref(), Some("e"));
        assert_eq!(split("#./e").topic.as_deref(), Some("."));
        assert_eq!(split("a.dita#"), Address { path: "a.dita".to_owned(), ..Address::default() });
    }

    #[test]
    fn paths_are_relative_to_the_file_they_stand_in() {
        assert_eq!(join("a/b/c.dita", "../d.dita").as_deref(), Some("a/d.dita"));
        assert_eq!(join("c.dita", "./x/../d.dita").as_deref(), Some("d.dita"));
        assert_eq!(join("c.dita", "../d.dita"), None);
    }

    #[test]
    fn schemes_are_told_from_windows_drives_and_names() {
        assert!(is_absolute("https://example.com") && is_absolute("mailto:a@b") && is_absolute("//host/x"));
        assert!(!is_absolute("C:\\x.dita") && !is_absolute("a/b:c.dita") && !is_absolute("#t/e"));
    }

    #[test]
    fn broken_escapes_stay_as_written() {
        assert_eq!(percent_decode("100%.dita"), "100%.dita");
        assert_eq!(percent_decode("a%+5%-5%5.dita"), "a%+5%-5%5.dita");
        assert_eq!(percent_decode("%E3%81%82"), "あ");
        assert_eq!(percent_decode("%FF"), "%FF");
    }
}
