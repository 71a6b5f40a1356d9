//! Tells DITA files, whose names may end as those of pages do, from pages.

/// Root elements of topics and maps. No page begins with one, but an image map of HTML.
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

/// Whether markup is DITA: by its document type, or by its root element.
pub(super) fn is_dita(source: &str) -> bool {
    let (prolog, root) = split_at_root(source);
    let name = root.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    prolog.contains("//DTD DITA ") || ROOTS.contains(&name) && (name != "map" || root.contains("<topicref"))
}

/// Splits before the name of the first element: past the declaration, comments and the document type.
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
    use super::is_dita;

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
}
