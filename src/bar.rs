//! Draws progress bars as one line that fits the width of the terminal.

use std::io::{self, IsTerminal};

use unicode_width::UnicodeWidthStr;

/// Width of the bar in columns.
const BAR: usize = 20;
/// Width of a terminal if it is unknown.
const USUAL_WIDTH: u16 = 80;

/// Returns whether standard error is a terminal on which a program can move the cursor. `TERM=dumb` names a terminal that only
/// prints lines.
#[must_use]
pub fn is_on_terminal() -> bool {
    io::stderr().is_terminal() && !is_dumb()
}

/// Returns whether the terminal has no colors and no cursor movement.
#[must_use]
pub fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Returns the number of columns that a line on standard error may use. A terminal may wrap a line that fills the whole width.
#[must_use]
pub fn width() -> usize {
    let width = terminal_size::terminal_size_of(io::stderr()).map_or(USUAL_WIDTH, |(width, _)| width.0);
    usize::from(width).saturating_sub(1)
}

/// Returns the first line that fits into `width` columns. Each form is the list of the parts of a line, and omits more parts than
/// the previous one.
#[must_use]
pub fn fitting(forms: &[&[&str]], width: usize) -> String {
    let joined = |parts: &[&str]| parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join("  ");
    forms.iter().map(|form| joined(form)).find(|line| line.width() <= width).unwrap_or_default()
}

/// Returns the line for a count: the bar, the done and total amounts, the rate and the estimated time left. If `width` is
/// small, parts are omitted. Without a total, the line contains only the done amount and the rate.
#[must_use]
pub fn line(progress: &Progress<'_>, width: usize) -> String {
    let Progress { done, total, noun, seconds, .. } = *progress;
    let amount = |count: u64| (progress.amount)(count);
    let rate = per_second(done, seconds);
    let speed = rate.map(|rate| format!("{}/s", (progress.speed)(rate))).unwrap_or_default();
    let noun = |count: u64| match noun {
        "" => String::new(),
        noun => format!(" {noun}{}", crate::wording::plural_end(&count.to_string())),
    };
    let Some(total) = total else {
        let counted = format!("{}{}", amount(done), noun(done));
        return fitting(&[&[&counted, &speed], &[&counted], &[&amount(done)]], width);
    };
    let left = rate.map(|rate| format!("eta {}", short(seconds_left(done, total, rate)))).unwrap_or_default();
    let bar = drawn(done, total);
    let count = format!("{}/{}", amount(done), amount(total));
    let counted = format!("{count}{}", noun(total));
    let percent = format!("{}%", percent(done, total));
    let forms: [&[&str]; 7] = [
        &[&bar, &counted, &speed, &left],
        &[&counted, &speed, &left],
        &[&counted, &left],
        &[&count, &left],
        &[&count],
        &[&percent, &left],
        &[&percent],
    ];
    fitting(&forms, width)
}

/// The progress in a line.
#[derive(Clone, Copy)]
pub struct Progress<'a> {
    /// The amount that is done.
    pub done: u64,
    /// The whole amount, if it is known.
    pub total: Option<u64>,
    /// The name of one counted thing. It is empty if the amount contains a unit.
    pub noun: &'a str,
    /// The time since the beginning, in seconds.
    pub seconds: f64,
    /// Formats an amount.
    pub amount: fn(u64) -> String,
    /// Formats an amount per second.
    pub speed: fn(f64) -> String,
}

/// Returns the average rate, once there is enough progress to measure it.
fn per_second(done: u64, seconds: f64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    (done > 0 && seconds >= 0.5).then(|| done as f64 / seconds)
}

/// Returns the estimated time left at this rate, in seconds.
#[must_use]
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
pub fn seconds_left(done: u64, total: u64, per_second: f64) -> u64 {
    (total.saturating_sub(done) as f64 / per_second).ceil() as u64
}

/// Returns the progress in percent.
#[must_use]
pub fn percent(done: u64, total: u64) -> u64 {
    (done * 100).checked_div(total).unwrap_or(0)
}

/// Returns the bar itself.
#[must_use]
pub fn drawn(done: u64, total: u64) -> String {
    let filled = usize::try_from(done * BAR as u64 / total.max(1)).unwrap_or(BAR).min(BAR);
    format!("{}{}", "█".repeat(filled), "░".repeat(BAR - filled))
}

/// Formats seconds in few columns.
#[must_use]
pub fn short(seconds: u64) -> String {
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds}s"),
        (0, 0, minutes, seconds) => format!("{minutes}m{seconds:02}s"),
        (0, hours, minutes, _) => format!("{hours}h{minutes:02}m"),
        (days, hours, ..) => format!("{days}d{hours:02}h"),
    }
}

/// Formats a number with as many decimals as are significant, so that a slow rate is not shown as 0.
#[must_use]
pub fn rounded(number: f64) -> String {
    match number {
        10.0.. => format!("{number:.0}"),
        0.095.. => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(done: u64, total: Option<u64>, seconds: f64) -> Progress<'static> {
        Progress { done, total, noun: "run", seconds, amount: |count| count.to_string(), speed: rounded }
    }

    #[test]
    fn a_line_fits_every_width() {
        for progress in [runs(0, Some(1), 0.0), runs(500, Some(1_000_000), 4.0), runs(123_456, None, 60.0)] {
            for width in 0..120 {
                let line = line(&progress, width);
                assert!(line.width() <= width, "{width}: {line}");
                assert!(width < 8 || !line.is_empty(), "{width}");
            }
        }
    }

    #[test]
    fn a_wider_terminal_shows_more() {
        let shown: Vec<String> = [6, 14, 24, 34, 60].map(|width| line(&runs(500, Some(2000), 2.0), width)).into();
        insta::assert_snapshot!(shown.join("\n"), @"
        25%
        500/2000
        500/2000 runs  eta 6s
        500/2000 runs  250/s  eta 6s
        █████░░░░░░░░░░░░░░░  500/2000 runs  250/s  eta 6s
        ");
        assert_eq!(line(&runs(1, Some(1), 0.1), 60), "████████████████████  1/1 run");
        assert_eq!(line(&runs(1, None, 2.0), 60), "1 run  0.5/s");
    }

    #[test]
    fn a_slow_rate_is_not_zero() {
        assert_eq!([1234.0, 10.0, 9.96, 0.44, 0.095, 0.04].map(rounded), ["1234", "10", "10.0", "0.4", "0.1", "0.04"]);
    }
}
