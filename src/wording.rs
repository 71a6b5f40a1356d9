//! Formats counts, times and foreign text for people.

use std::fmt::Display;

/// Formats a number of seconds for people.
#[must_use]
pub fn duration(seconds: i64) -> String {
    let total = u64::try_from(seconds).unwrap_or(0);
    match (total / 86_400, total / 3600 % 24, total / 60 % 60, total % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (1, hours, ..) => format!("1 day {hours} h"),
        (days, hours, ..) => format!("{days} days {hours} h"),
    }
}

/// Replaces control characters in `text`, which may come from a document.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect()
}

/// Returns whether the terminal would execute `c`, or show the text after it in another direction than it is written.
fn is_unsafe(c: char) -> bool {
    let is_direction = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    is_direction || c.is_control() && !matches!(c, '\n' | '\t')
}

/// Formats foreign text for one line: also replaces line breaks and tabs.
#[must_use]
pub fn one_line(text: &str) -> String {
    printable(&text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " "))
}

/// Formats a count with its noun: `1 run`, `2 runs`.
#[must_use]
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    format!("{count} {noun}{}", plural_end(&count))
}

/// Returns the ending of a noun after `count`.
pub(crate) fn plural_end(count: &str) -> &'static str {
    if count == "1" { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_one_line_has_no_control_character() {
        assert_eq!(one_line("a\nb\r\nc\rd\te\u{1b}[31mf\u{202e}g"), "a b c d e\u{fffd}[31mf\u{fffd}g");
    }
}
