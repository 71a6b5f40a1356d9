//! Formats the progress as one line that fits the width of the terminal.

use unicode_width::UnicodeWidthStr;

use crate::bar::{self, drawn, percent, rounded, seconds_left, short};
use crate::table::without_middle;
use crate::terminal::{counted, duration};

/// The numbers in a progress line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// Texts of the chunked runs.
    pub texts: u64,
    /// Number of these texts that have a vector.
    pub embedded: u64,
    /// Documents that are not chunked yet.
    pub documents_left: u64,
    /// Documents that were due at the start or became due later, including those that this process has chunked.
    pub documents: u64,
    /// Texts embedded per second by this process.
    pub per_second: Option<f64>,
    /// Runs that are done.
    pub runs_done: u64,
    /// Number of all runs.
    pub runs: u64,
    /// Phase and run with the latest progress.
    pub current: String,
}

impl Figures {
    /// Returns the estimated time left in seconds. The documents that are not chunked yet count as many texts as the chunked ones.
    #[must_use]
    pub fn seconds_left(&self) -> Option<u64> {
        let rate = self.per_second.filter(|rate| *rate > 0.0)?;
        let later = match (self.documents_left, self.documents.saturating_sub(self.documents_left)) {
            (0, _) => 0,
            (left, chunked) => self.texts.saturating_mul(left).checked_div(chunked)?,
        };
        Some(seconds_left(self.embedded, self.texts.saturating_add(later), rate))
    }

    /// Returns the numbers of texts or, if no run is chunked yet, of documents.
    fn count(&self) -> (u64, u64, &'static str) {
        if self.texts > 0 {
            (self.embedded, self.texts, "text")
        } else {
            (self.documents.saturating_sub(self.documents_left), self.documents, "document")
        }
    }
}

/// Returns the line for a log.
#[must_use]
pub fn sentence(figures: &Figures) -> String {
    let (done, total, noun) = figures.count();
    let verb = if noun == "text" { "embedded" } else { "chunked" };
    let mut parts = vec![format!("{verb} {done} of {} ({} %)", counted(total, noun), percent(done, total))];
    if let Some(rate) = figures.per_second {
        parts.push(format!("{} per second", rounded(rate)));
    }
    if let Some(seconds) = figures.seconds_left() {
        parts.push(format!("estimated time left {}", duration(i64::try_from(seconds).unwrap_or(i64::MAX))));
    }
    if noun == "text" && figures.documents_left > 0 {
        parts.push(format!("{} not yet chunked", counted(figures.documents_left, "document")));
    }
    if figures.runs > 1 {
        parts.push(format!("{} of {} done", figures.runs_done, counted(figures.runs, "run")));
    }
    parts.join(", ")
}

/// Returns the line for a terminal with this number of columns. If space is short, the least important parts are omitted.
#[must_use]
pub fn fitting(figures: &Figures, width: usize) -> String {
    let (done, total, noun) = figures.count();
    let noun = if total == 1 { noun.to_owned() } else { format!("{noun}s") };
    let percent = percent(done, total);
    let whole_bar = drawn(done, total);
    let count = format!("{done}/{total}");
    let rate = figures.per_second.map(|rate| format!("{}/s", rounded(rate))).unwrap_or_default();
    let left = figures.seconds_left().map(|seconds| format!("eta {}", short(seconds))).unwrap_or_default();
    let documents = match figures.documents_left {
        left @ 1.. if figures.texts > 0 => format!("{} to chunk", counted(left, "document")),
        _ => String::new(),
    };
    let runs = if figures.runs > 1 { format!("{}/{} runs", figures.runs_done, figures.runs) } else { String::new() };
    let counted = format!("{count} {noun}");
    let percent = format!("{percent}%");

    let forms: [&[&str]; 8] = [
        &[&whole_bar, &counted, &rate, &left, &documents, &runs],
        &[&whole_bar, &counted, &rate, &left, &documents],
        &[&whole_bar, &counted, &rate, &left],
        &[&counted, &rate, &left],
        &[&counted, &left],
        &[&count, &left],
        &[&percent, &left],
        &[&percent],
    ];
    let line = bar::fitting(&forms, width);
    let whole = bar::fitting(&forms[..1], usize::MAX);
    // The remaining space shows the run with the latest progress, if there is room for more than a few letters.
    let room = width.saturating_sub(line.width() + 2);
    if line == whole && room >= 12 && !figures.current.is_empty() {
        return format!("{line}  {}", without_middle(&figures.current, room));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        Figures {
            texts: 5678,
            embedded: 1234,
            documents_left: 12,
            documents: 40,
            per_second: Some(210.4),
            runs_done: 1,
            runs: 3,
            current: "embed 2026-01-31_120000_ab12".into(),
        }
    }

    #[test]
    fn the_line_fits_every_width() {
        let large = Figures { texts: 123_456_789, embedded: 45_678_901, per_second: Some(0.5), ..figures() };
        let chunking = Figures { texts: 0, embedded: 0, per_second: None, ..figures() };
        for figures in [figures(), large, chunking, Figures::default()] {
            for width in 0..200 {
                let line = fitting(&figures, width);
                assert!(line.width() <= width, "{width}: {line}");
                assert!(width < 19 || line.contains('%') || line.contains('/'), "{width}: {line}");
            }
        }
    }

    #[test]
    fn a_wider_terminal_shows_more() {
        let shown: Vec<String> = [19, 30, 40, 80, 120].map(|width| fitting(&figures(), width)).into();
        insta::assert_snapshot!(shown.join("\n"), @"
        1234/5678  eta 33s
        1234/5678 texts  eta 33s
        1234/5678 texts  210/s  eta 33s
        ████░░░░░░░░░░░░░░░░  1234/5678 texts  210/s  eta 33s  12 documents to chunk
        ████░░░░░░░░░░░░░░░░  1234/5678 texts  210/s  eta 33s  12 documents to chunk  1/3 runs  embed 2026-01-31_120000_ab12
        ");
    }

    #[test]
    fn documents_are_counted_until_there_are_texts() {
        let chunking = Figures { texts: 0, embedded: 0, per_second: None, runs: 1, ..figures() };
        assert_eq!(fitting(&chunking, 30), "28/40 documents");
        assert_eq!(sentence(&chunking), "chunked 28 of 40 documents (70 %)");
    }

    #[test]
    fn a_slow_rate_is_not_zero() {
        let slow = Figures { per_second: Some(0.3), ..figures() };
        assert!(fitting(&slow, 120).contains(" 0.3/s "), "{}", fitting(&slow, 120));
        assert!(sentence(&slow).contains(" 0.3 per second,"), "{}", sentence(&slow));
    }

    #[test]
    fn a_log_has_a_sentence() {
        assert_eq!(
            sentence(&figures()),
            "embedded 1234 of 5678 texts (21 %), 210 per second, estimated time left 33 s, 12 documents not yet chunked, \
             1 of 3 runs done"
        );
    }
}
