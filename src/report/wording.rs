//! Names the kinds and values in the report.

/// A section of the report.
pub struct Part {
    /// The kind of the groups in the section.
    pub kind: &'static str,
    pub heading: &'static str,
    pub explanation: &'static str,
    /// Unit of the weight of a page. Empty if the weight is not shown.
    pub unit: &'static str,
    /// Whether groups are sorted by their value instead of the number of documents.
    pub is_scale: bool,
}

const fn part(kind: &'static str, heading: &'static str, unit: &'static str, explanation: &'static str) -> Part {
    Part { kind, heading, explanation, unit, is_scale: false }
}

const fn scale(kind: &'static str, heading: &'static str, unit: &'static str, explanation: &'static str) -> Part {
    Part { is_scale: true, ..part(kind, heading, unit, explanation) }
}

/// The sections about documents, in the order of the page.
pub const CONTENT: &[Part] = &[
    part("source", "Documents by source", "bytes", "The largest pages come first."),
    part("search", "Shown by search", "bytes", "A page appears in search results after its run has been processed."),
    part(
        "language",
        "Languages",
        "bytes",
        "Search uses the language of a page to match forms of words. If it is unknown, search assumes English.",
    ),
    part("label", "Labels", "", "The most frequent labels."),
    scale("age", "Age of pages", "days", "Time since the source changed the page. The oldest pages come first."),
    part("access", "Who may read", "", "Restrictions in the source."),
    part("reader", "Readers of restricted pages", "", "Groups and users that are named in the restrictions of pages."),
];

/// The sections about problems.
pub const ATTENTION: &[Part] = &[
    part(
        "flag",
        "Quality flags",
        "bytes",
        "Pages that may need work. Flagged pages still appear in search results. To search only them: trailblazer ask WORDS --where flag=NAME.",
    ),
    part("loss", "Constructs that were dropped or not resolved", "times", "The pages with the most losses come first."),
    part("broken_link", "Broken links", "links", "Links to pages, files or keys that are not part of the input."),
    scale("size", "Size of pages", "bytes", "Size of the Markdown text."),
];

/// The sections about chunks.
pub const CHUNKS: &[Part] = &[
    part("chunk_kind", "Text, tables and code", "chunks", "Chunks by what they contain."),
    part("coverage", "Coverage", "bytes", "Share of each page that its chunks contain."),
    scale("chunk_size", "Size of chunks in tokens", "chunks", "The pages with the most chunks of a size come first."),
];

const BYTES: &[i64] = &[0, 1, 200, 1_000, 5_000, 20_000, 100_000];
const DAYS: &[(i64, &str)] = &[
    (0, "less than 30 days"),
    (30, "30 to 89 days"),
    (90, "90 days to 1 year"),
    (365, "1 to 2 years"),
    (730, "2 to 5 years"),
    (1825, "5 years or more"),
];
/// Number of tokens in each group of chunk sizes: the default of `graphdb.report_chunks`.
const STEP: i64 = 32;

/// Returns the name of a value in the report.
pub fn value(kind: &str, value: &str) -> String {
    let number = value.parse::<i64>().ok();
    let named = match (kind, value) {
        ("search", "shown") => "shown",
        ("search", "waiting") => "not processed yet",
        ("search", "hidden") => "only content for other pages",
        ("coverage", "whole") => "whole page",
        ("coverage", "partly") => "part of the page",
        ("coverage", "none") => "no chunks",
        ("chunk_kind", "table") => "tables",
        ("flag", "empty_body") => "empty_body: a title without text",
        ("flag", "placeholder_only") => "placeholder_only: contains only a note that text will follow",
        ("flag", "boilerplate") => "boilerplate: only headings or the sentences of a template",
        ("flag", "image_only") => "image_only: images without text",
        ("flag", "too_short") => "too_short: less than 80 bytes of text",
        ("flag", "too_long") => "too_long: more than 100,000 bytes",
        ("flag", "no_structure") => "no_structure: long, without a heading",
        ("flag", "broken_links") => "broken_links: links that lead nowhere",
        ("size", "0") => "empty",
        ("age", _) => DAYS.iter().find(|(days, _)| Some(*days) == number).map_or("unknown", |(_, text)| *text),
        _ => "",
    };
    match (kind, number) {
        _ if !named.is_empty() => named.to_owned(),
        ("size", Some(least)) => match BYTES.iter().find(|next| **next > least) {
            Some(next) => format!("{} to {} bytes", grouped(least), grouped(next - 1)),
            None => format!("{} bytes or more", grouped(least)),
        },
        ("chunk_size", Some(least)) => format!("{least} to {}", least + STEP - 1),
        _ => value.to_owned(),
    }
}

/// Returns a weight with its unit.
pub fn weight(weight: i64, unit: &str) -> String {
    let unit = if weight == 1 { unit.trim_end_matches('s') } else { unit };
    format!("{} {unit}", grouped(weight))
}

/// Returns a number with commas between thousands.
pub fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::from(if number < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_say_where_they_end() {
        assert_eq!(value("size", "0"), "empty");
        assert_eq!(value("size", "200"), "200 to 999 bytes");
        assert_eq!(value("size", "100000"), "100,000 bytes or more");
        assert_eq!(value("age", "1825"), "5 years or more");
        assert_eq!(value("age", "unknown"), "unknown");
        assert_eq!(value("chunk_size", "32"), "32 to 63");
        assert_eq!(value("loss", "macro:toc"), "macro:toc");
    }

    #[test]
    fn numbers_have_commas_and_weights_agree_with_their_units() {
        assert_eq!([0, 999, 1000, -1_234_567].map(grouped), ["0", "999", "1,000", "-1,234,567"]);
        assert_eq!(weight(1, "links"), "1 link");
        assert_eq!(weight(2000, "links"), "2,000 links");
    }
}
