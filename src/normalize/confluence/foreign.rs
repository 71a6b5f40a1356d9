//! Detects files that look like page bodies but are not: DITA files, and pages of an HTML export of a space.

/// The root elements of topics and maps. `map` is not included, because it is also an image map in HTML.
const ROOTS: [&str; 11] = [
    "bookmap",
    "concept",
    "dita",
    "glossentry",
    "glossgroup",
    "map",
    "reference",
    "subjectScheme",
    "task",
    "topic",
    "troubleshooting",
];

/// Returns whether the markup is DITA, according to its document type or its root element.
pub(super) fn is_dita(source: &str) -> bool {
    let (prolog, root) = split_at_root(source);
    let name = root.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    prolog.contains("//DTD DITA ") || ROOTS.contains(&name) && (name != "map" || root.contains("<topicref"))
}

/// Returns whether the markup is a page or the index of an HTML export.
/// Such a page contains the output of macros instead of the macros.
pub(super) fn is_html_export(source: &str) -> bool {
    let has = |mark: &str| source.contains(mark);
    let (_, root) = split_at_root(source);
    root.get(..4).is_some_and(|name| name.eq_ignore_ascii_case("html"))
        && has(r#"id="main-content""#)
        && (has(r#"id="title-text""#) || has(r#"class="page-metadata""#))
        // A page about HTML exports would contain the markup in a macro.
        && !has("<ac:")
}

/// Splits before the name of the first element, after the declaration, comments and the document type.
fn split_at_root(source: &str) -> (&str, &str) {
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|rest| rest.find('<')).map(|at| from + at) {
        let rest = source.get(at + 1..).unwrap_or_default();
        let end = match rest {
            _ if rest.starts_with("!--") => rest.find("-->"),
            // An internal subset ends before the bracket that closes the document type.
            _ if rest.starts_with('!') => match (rest.find('['), rest.find('>')) {
                (Some(subset), Some(end)) if subset < end => rest.find("]>").or(Some(end)),
                (_, end) => end,
            },
            _ if rest.starts_with('?') => rest.find("?>"),
            _ => return source.split_at(at + 1),
        };
        match end {
            Some(end) => from = at + 1 + end,
            None => break,
        }
    }
    (source, "")
}

#[cfg(test)]
mod tests {
    use super::{is_dita, is_html_export};

    #[test]
    fn dita_is_told_by_document_type_or_root() {
        for dita in [
            "<topic id='t'/>",
            "\u{feff}<?xml version=\"1.0\"?>\n<!-- <p> --><concept id='c'>",
            "<!DOCTYPE special PUBLIC \"-//OASIS//DTD DITA Concept//EN\" \"c.dtd\"><special/>",
            "<!DOCTYPE task [<!ENTITY a \"<b>\">]>\n<task>",
            "<map><title>M</title><topicref href='a.dita'/></map>",
        ] {
            assert!(is_dita(dita), "{dita}");
        }
        for page in [
            "<p>A <task> of DITA.</p>",
            "<map name='m'><area/></map>",
            "<!DOCTYPE html><html><body/></html>",
            "<ac:task-list/>",
            "Text & a < b",
            "<!-- open",
            "",
        ] {
            assert!(!is_dita(page), "{page}");
        }
    }

    #[test]
    fn an_html_export_is_told_by_what_stands_around_its_pages() {
        let content = r#"<div id="main-content" class="wiki-content group"><p>Text.</p></div>"#;
        let page = format!(r#"<div class="page-metadata">Created by Ada</div>{content}"#);
        let index = format!(r#"<h1><span id="title-text">Space Details:</span></h1>{content}"#);
        for exported in [&page, &index] {
            assert!(is_html_export(&format!("<!DOCTYPE html>\n<html><body>{exported}</body></html>")), "{exported}");
        }
        for other in [
            format!("<html><body>{content}</body></html>"),
            format!("<html><body>{}</body></html>", page.replace("main-content", "text")),
            format!("<html><ac:plain-text-body><![CDATA[{page}]]></ac:plain-text-body></html>"),
            page,
        ] {
            assert!(!is_html_export(&other), "{other}");
        }
    }
}
