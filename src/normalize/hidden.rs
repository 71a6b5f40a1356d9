//! Detects HTML elements that a browser does not show.

/// Returns whether an element with these attributes is invisible to readers.
pub(super) fn is_hidden(attributes: &[(String, String)]) -> bool {
    let style = attributes.iter().find(|(name, _)| name == "style").map(|(_, value)| value.to_ascii_lowercase());
    let hides = |rule: &str| {
        rule.split_once(':').is_some_and(|(key, value)| {
            let value = value.trim().split(|c: char| c.is_whitespace() || c == '!').next().unwrap_or_default();
            matches!((key.trim(), value), ("display", "none") | ("visibility", "hidden" | "collapse"))
        })
    };
    let is = |(name, value): &(String, String)| {
        // The attribute may have any value, or none.
        name.eq_ignore_ascii_case("hidden") && !value.trim().eq_ignore_ascii_case("false")
            || name.eq_ignore_ascii_case("aria-hidden") && value.trim().eq_ignore_ascii_case("true")
    };
    style.unwrap_or_default().split(';').any(hides) || attributes.iter().any(is)
}
