//! Formats answers for models: title, section and URL, and then the passage.

use std::fmt::Write as _;

use crate::serve::api::types::{Document, FacetValue, Facets, Hit, SearchAnswer};

/// Number of bytes per token. It is a safe estimate for English text and code.
const TOKEN_BYTES: usize = 3;
/// Maximum number of sections in an answer.
const SECTIONS: usize = 60;

/// Returns the hits that fit into `budget` tokens. Removes the others from the answer.
/// Always includes the first hit, whose passage is cut off if necessary.
pub fn search(answer: &mut SearchAnswer, budget: usize) -> String {
    if answer.hits.is_empty() {
        let notice = answer.notice.as_ref().map(|notice| format!(" {notice}")).unwrap_or_default();
        return format!("Nothing relevant found. Try other words, or fewer filters.{notice}");
    }
    let mut text = String::new();
    if let Some(notice) = &answer.notice {
        let _ = writeln!(text, "Note: {notice}\n");
    }
    let mut shown = 0;
    for hit in &mut answer.hits {
        let mut one = entry(hit);
        let left = (budget * TOKEN_BYTES).saturating_sub(text.len());
        if one.len() > left {
            if shown > 0 {
                break;
            }
            let others = one.len() - hit.text.trim().len();
            cut(&mut hit.text, left.saturating_sub(others) / TOKEN_BYTES);
            one = entry(hit);
            one.push_str(
                "(Cut off to stay within max_tokens. Read the rest with get_document, or raise max_tokens.)\n",
            );
        }
        text.push_str(&one);
        shown += 1;
    }
    let left_out = answer.hits.len() - shown;
    answer.hits.truncate(shown);
    if left_out > 0 {
        let _ = writeln!(text, "({left_out} more found. Raise max_tokens to see them.)");
    }
    text
}

fn entry(hit: &Hit) -> String {
    let mut entry = format!("## {}. {}\n", hit.place, hit.title);
    if !hit.section.is_empty() {
        let _ = writeln!(entry, "Section: {}", hit.section.join(" > "));
    }
    if !hit.breadcrumbs.is_empty() {
        let _ = writeln!(entry, "In: {}", hit.breadcrumbs.join(" > "));
    }
    if let Some(url) = &hit.url {
        let _ = writeln!(entry, "URL: {url}");
    }
    if let Some(updated) = hit.updated_at {
        let _ = writeln!(entry, "Changed: {}", updated.format("%Y-%m-%d"));
    }
    let _ = writeln!(entry, "Document: {} (run {})\n\n{}\n", hit.doc_id, hit.run_id, hit.text.trim());
    entry
}

/// Cuts `text` at a line end or a character so that it fits into `budget` tokens. Returns whether something was cut off.
pub fn cut(text: &mut String, budget: usize) -> bool {
    let most = budget * TOKEN_BYTES;
    if text.len() <= most {
        return false;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    // Cut at a line end, unless this would remove most of the text.
    if let Some(line_end) = text[..end].rfind('\n').filter(|&at| at > end / 2) {
        end = line_end;
    }
    text.truncate(end);
    true
}

/// Returns a document with its metadata and the list of its sections.
pub fn document(document: &Document, is_cut: bool) -> String {
    let mut text = format!("# {}\n", document.title);
    if !document.breadcrumbs.is_empty() {
        let _ = writeln!(text, "In: {}", document.breadcrumbs.join(" > "));
    }
    if let Some(url) = &document.url {
        let _ = writeln!(text, "URL: {url}");
    }
    let _ = writeln!(text, "Document: {} (run {})", document.doc_id, document.run_id);
    let _ = writeln!(text, "\n{}", document.markdown.trim());
    if is_cut {
        text.push_str("\n(Cut off to stay within max_tokens. Ask for a section, or raise max_tokens.)\n");
        text.push_str("Sections:\n");
        for section in document.sections.iter().take(SECTIONS) {
            let indent = "  ".repeat(usize::from(section.level.saturating_sub(1)));
            let _ = writeln!(text, "{indent}- {} ({})", section.title, section.anchor);
        }
    }
    text
}

/// Returns the values that a search can be filtered by.
pub fn sources(facets: &Facets) -> String {
    let mut text = format!("{} documents.\n", facets.documents);
    for (name, values) in [
        ("Sources", &facets.sources),
        ("Labels", &facets.labels),
        ("Languages", &facets.languages),
        ("Changed in", &facets.updated),
        ("Quality flags", &facets.flags),
    ] {
        if !values.is_empty() {
            let named = |known: &FacetValue| format!("{} ({})", known.value, known.documents);
            let _ = writeln!(text, "{name}: {}", values.iter().map(named).collect::<Vec<_>>().join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_is_within_the_budget_and_between_characters() {
        for budget in 0..40 {
            let mut text = "Zeile eins\nZweite Zeile mit Ümläuten und 日本語\nDrei\n".to_owned();
            let whole = text.clone();
            let was_cut = cut(&mut text, budget);
            assert!(text.len() <= budget * TOKEN_BYTES || !was_cut);
            assert!(whole.starts_with(&text));
            assert_eq!(was_cut, text != whole);
        }
    }
}
