//! The table that `make conformance` prints.

/// Prints a row, and fails below the mark. `make conformance` picks these lines out of everything that tests print.
pub fn row(corpus: &str, measure: &str, figure: &str, mark: &str, holds: bool) {
    println!("| {corpus} | {measure} | {figure} | {mark} | {} |", if holds { "ok" } else { "BELOW" });
    assert!(holds, "{corpus}: {measure} is {figure}, the mark is {mark}");
}

/// Prints that nothing of a corpus was compared, because it is not there.
pub fn skipped(corpus: &str) {
    println!("| {corpus} | not compared: the corpus is not there | | | skipped |");
}

/// A share in percent, rounded down to a tenth: 99.99 % is not 100 %.
pub fn percent(part: usize, whole: usize) -> String {
    let tenths = (part * 1_000).checked_div(whole).unwrap_or(1_000);
    format!("{part} of {whole} ({}.{} %)", tenths / 10, tenths % 10)
}

/// Whether at least `tenths` of a percent are reached; never of nothing.
pub fn reaches(part: usize, whole: usize, tenths: usize) -> bool {
    whole > 0 && part * 1_000 >= whole * tenths
}
