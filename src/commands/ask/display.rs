//! Displays hits. Wraps text to the width of the terminal, except table rows and lines of code.

use std::io::IsTerminal;

use unicode_width::UnicodeWidthStr;

use crate::db::search::Hit;
use crate::error::Result;
use crate::terminal::{print_line, print_marked, print_text, printable};

const INDENT: &str = "   ";

/// How hits are displayed.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The width in columns. `None` disables wrapping.
    width: Option<usize>,
    bold: bool,
    links: bool,
    verbose: bool,
}

impl Style {
    /// Returns the style for standard output.
    pub fn of_stdout(bold: bool, verbose: bool) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let width = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0).clamp(40, 100));
        Self {
            width: width.filter(|_| is_terminal),
            bold,
            links: bold && supports_hyperlinks::on(supports_hyperlinks::Stream::Stdout),
            verbose,
        }
    }
}

/// Prints hits, the best one first. `texts` contains the text of each hit.
pub fn print(hits: &[Hit], texts: &[String], style: Style) -> Result<()> {
    for (place, (hit, text)) in hits.iter().zip(texts).enumerate() {
        if place > 0 {
            print_line("")?;
        }
        print_title(place + 1, hit, style)?;
        // The path begins with the title of the document.
        if let Some(headings) = hit.heading_path.get(1..).filter(|headings| !headings.is_empty()) {
            print_line(&format!("{INDENT}{}", headings.join(" > ")))?;
        }
        let address = hit.url.as_deref().unwrap_or(&hit.doc_id);
        match hit.updated_at {
            Some(at) => print_line(&format!("{INDENT}{address} ({})", at.format("%Y-%m-%d")))?,
            None => print_line(&format!("{INDENT}{address}"))?,
        }
        for line in text.lines() {
            for line in wrapped(line, style.width.map(|width| width - INDENT.len())) {
                print_marked(format!("{INDENT}{line}").trim_end(), style.bold)?;
            }
        }
        if style.verbose {
            let rank = |rank: Option<i32>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            let similarity = hit.similarity.map_or_else(|| "-".to_owned(), |similarity| format!("{similarity:.2}"));
            print_line(&format!(
                "{INDENT}score {:.2}, similarity {similarity}, rank by words {}, by vector {}, words {}, run {} document {} chunk {}",
                hit.score,
                rank(hit.text_rank),
                rank(hit.vector_rank),
                if hit.matched_words.is_empty() { "-".to_owned() } else { hit.matched_words.join(" ") },
                hit.run_id,
                hit.doc_id,
                hit.ord
            ))?;
        }
    }
    Ok(())
}

/// Prints the title. If the terminal supports hyperlinks, the title is a link.
fn print_title(place: usize, hit: &Hit, style: Style) -> Result<()> {
    let title = hit.title.replace(['\u{1}', '\u{2}'], "");
    let address = hit.url.as_deref().filter(|url| url.starts_with("http") && !url.contains(char::is_control));
    match address.filter(|_| style.links) {
        Some(url) => {
            let title = printable(&title);
            print_text(
                format!("{place}. \u{1b}]8;;{url}\u{1b}\\\u{1b}[1m{title}\u{1b}[0m\u{1b}]8;;\u{1b}\\\n").as_bytes(),
            )
        }
        None => print_marked(&format!("{place}. \u{1}{title}\u{2}"), style.bold),
    }
}

/// Breaks a line of prose between words. Table rows and lines of code are not broken, to keep their columns.
fn wrapped(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width else { return vec![line.to_owned()] };
    if columns(line) <= width || line.contains(" | ") || line.starts_with("  ") || line.starts_with('\t') {
        return vec![line.to_owned()];
    }
    let mut lines = Vec::new();
    let mut current = String::new();
    for word in line.split(' ') {
        if !current.is_empty() && columns(&current) + 1 + columns(word) > width {
            lines.push(std::mem::take(&mut current));
        }
        if !current.is_empty() {
            current.push(' ');
        }
        current.push_str(word);
    }
    lines.push(current);
    // If a mark spans several lines, it is repeated on each line.
    let mut is_marked = false;
    for line in &mut lines {
        let begins_marked = is_marked;
        is_marked = match (line.rfind('\u{1}'), line.rfind('\u{2}')) {
            (Some(begin), Some(end)) => begin > end,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => is_marked,
        };
        if begins_marked {
            line.insert(0, '\u{1}');
        }
        if is_marked {
            line.push('\u{2}');
        }
    }
    lines
}

/// Returns the width of a text in columns. Marks have no width.
fn columns(text: &str) -> usize {
    text.split(['\u{1}', '\u{2}']).map(UnicodeWidthStr::width).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_and_marks_take_no_room() {
        assert_eq!(wrapped("one two three", Some(7)), ["one two", "three"]);
        assert_eq!(wrapped("one \u{1}two\u{2} three", Some(7)), ["one \u{1}two\u{2}", "three"]);
        assert_eq!(wrapped("a \u{1}two words\u{2} b", Some(5)), ["a \u{1}two\u{2}", "\u{1}words\u{2}", "b"]);
        assert_eq!(wrapped("データ ベース", Some(8)), ["データ", "ベース"]);
        assert_eq!(wrapped("one two three", None), ["one two three"]);
    }

    #[test]
    fn rows_of_tables_and_lines_of_code_stay_whole() {
        for line in ["timeout | 30 s | seconds", "  indented code of a block", "unbreakable-and-longer"] {
            assert_eq!(wrapped(line, Some(10)), [line]);
        }
    }
}
