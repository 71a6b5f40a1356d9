//! The table that `make conformance` prints.

/// Prints a row. Fails if the figure is below the mark. `make conformance` selects these lines from the output of all tests.
pub fn row(corpus: &str, measure: &str, figure: &str, mark: &str, holds: bool) {
    println!("| {corpus} | {measure} | {figure} | {mark} | {} |", if holds { "ok" } else { "BELOW" });
    assert!(holds, "{corpus}: {measure} is {figure}, the mark is {mark}");
}

/// Returns a share in percent, rounded down to a tenth, so that 99.99 % is not 100 %.
pub fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1_000).checked_div(whole).unwrap_or(1_000);
    format!("{part} of {whole} ({}.{} %)", tenths / 10, tenths % 10)
}

/// Returns whether the share is at least `tenths` tenths of a percent. False if `whole` is 0.
pub fn reaches(part: usize, whole: usize, tenths: usize) -> bool {
    whole > 0 && part * 1_000 >= whole * tenths
}

/// Prints the share of a corpus. Fails if it is below the goal, which is given in thousandths of a percent.
pub fn share(corpus: &str, measure: &str, (part, whole): (usize, usize), figure: &str, goal: usize) {
    let digits = format!("{:03}", goal % 1_000);
    let digits = digits.trim_end_matches('0');
    let shown = format!("{}.{} %", goal / 1_000, if digits.is_empty() { "0" } else { digits });
    row(corpus, measure, figure, &shown, whole > 0 && part * 100_000 >= whole * goal);
}
