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

/// Corpora that do not reach the goal, with their minimum in thousandths of a percent. A table whose cells contain tables
/// becomes a list of records, which names each column before its value. So its column names are not in the source's order.
const SHORT_OF_GOAL: [(&str, &str, usize); 1] = [("adf-atlas-doc-parser", "words kept, in order", 99_700)];

/// Prints the share of a corpus. Fails if it is below the goal, which is given in thousandths of a percent, or below the current
/// minimum of the corpus.
pub fn share(corpus: &str, measure: &str, (part, whole): (usize, usize), figure: &str, goal: usize) {
    let short = SHORT_OF_GOAL.iter().find(|(name, what, _)| (*name, *what) == (corpus, measure));
    let least = short.map_or(goal, |(.., least)| *least);
    let shown = |share: usize| {
        let digits = format!("{:03}", share % 1_000);
        let digits = digits.trim_end_matches('0');
        format!("{}.{} %", share / 1_000, if digits.is_empty() { "0" } else { digits })
    };
    let of_goal = if short.is_some() { format!(", goal {}", shown(goal)) } else { String::new() };
    row(corpus, measure, figure, &format!("{}{of_goal}", shown(least)), whole > 0 && part * 100_000 >= whole * least);
}
