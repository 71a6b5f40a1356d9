//! Cleans text. Both readers share these functions.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// Counts of content that was dropped, unresolved or cleaned, by name. See [`super::Document::losses`].
pub type Losses = BTreeMap<String, u64>;

/// Adds one to the count of `name`.
pub fn count(losses: &mut Losses, name: impl Into<String>) {
    count_many(losses, name, 1);
}

/// Adds `amount` to the count of `name`.
pub fn count_many(losses: &mut Losses, name: impl Into<String>, amount: u64) {
    if amount > 0 {
        *losses.entry(name.into()).or_default() += amount;
    }
}

/// Removes characters that PostgreSQL cannot store or readers cannot see, and counts them.
///
/// Control characters except tab, line feed and carriage return count as `control-characters`.
/// Zero-width spaces, byte order marks, word joiners and soft hyphens count as `zero-width-characters`.
#[must_use]
pub fn clean<'a>(text: &'a str, losses: &mut Losses) -> Cow<'a, str> {
    let is_plain = |byte| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r');
    if text.bytes().all(is_plain) || !text.contains(|c| is_control(c) || is_invisible(c)) {
        return Cow::Borrowed(text);
    }
    let (mut control, mut invisible) = (0, 0);
    let kept = text
        .chars()
        .filter(|c| {
            control += u64::from(is_control(*c));
            invisible += u64::from(is_invisible(*c));
            !is_control(*c) && !is_invisible(*c)
        })
        .collect();
    count_many(losses, "control-characters", control);
    count_many(losses, "zero-width-characters", invisible);
    Cow::Owned(kept)
}

/// Replaces all whitespace with single spaces and trims. Use it for titles, labels and other values on one line.
#[must_use]
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The schemes of addresses that run a script.
pub const PROGRAMS: [&str; 3] = ["javascript:", "vbscript:", "data:text"];

/// Returns whether an address runs a script instead of opening a page.
#[must_use]
pub fn is_program(href: &str) -> bool {
    let scheme: String = href.chars().filter(|c| !c.is_whitespace() && !c.is_control()).take(12).collect();
    let scheme = scheme.to_ascii_lowercase();
    PROGRAMS.iter().any(|program| scheme.starts_with(program))
}

fn is_control(c: char) -> bool {
    (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}

/// Returns whether a character is invisible and would split a word. Joiners that shape letters and emoji are not included.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests {
    use super::{Losses, clean, one_line};

    #[test]
    fn clean_drops_and_counts_what_postgres_refuses() {
        let mut losses = Losses::new();
        assert_eq!(clean("a\0b\u{1c}c\td\u{200b}e\u{ad}", &mut losses), "abc\tde");
        assert_eq!(losses["control-characters"], 2);
        assert_eq!(losses["zero-width-characters"], 2);
    }

    #[test]
    fn clean_keeps_joiners() {
        let mut losses = Losses::new();
        assert_eq!(clean("👨\u{200d}👩", &mut losses), "👨\u{200d}👩");
        assert!(losses.is_empty());
    }

    #[test]
    fn one_line_collapses_blank_space() {
        assert_eq!(one_line(" a\u{a0}\n b "), "a b");
    }
}
