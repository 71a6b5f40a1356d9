//! Distinguishes wiki markup from storage format if an export does not declare the format of a body.

/// The last build before Confluence 4, which introduced storage format.
const LAST_WIKI_BUILD: u32 = 2_400;
/// The first build whose bodies are always in storage format.
const FIRST_STORAGE_BUILD: u32 = 3_000;

/// Returns whether a body without a type is wiki markup, according to the build that wrote it or otherwise to its content.
pub(super) fn is_wiki(body: &str, build: Option<u32>) -> bool {
    match build {
        Some(build) if build <= LAST_WIKI_BUILD => true,
        Some(build) if build >= FIRST_STORAGE_BUILD => false,
        _ => !is_markup(body),
    }
}

/// Returns whether a body contains elements outside of code.
fn is_markup(body: &str) -> bool {
    const ELEMENTS: [&str; 14] = [
        "</p>",
        "<p/>",
        "<p />",
        "<ac:",
        "</ul>",
        "</ol>",
        "</table>",
        "</h1>",
        "</h2>",
        "</h3>",
        "<br/>",
        "<br />",
        "</strong>",
        "</em>",
    ];
    if body.trim_start().starts_with(['<', '&']) {
        return true;
    }
    let mut rest = body;
    // Code in wiki markup may contain any tag.
    for macro_name in ["code", "noformat", "html"] {
        let (open, close) = (format!("{{{macro_name}"), format!("{{{macro_name}}}"));
        if let Some(at) = rest.find(&open) {
            if rest.get(at..).is_some_and(|rest| rest.contains(&close)) {
                return false;
            }
            rest = rest.get(..at).unwrap_or_default();
        }
    }
    ELEMENTS.iter().any(|element| rest.contains(element))
}

#[cfg(test)]
mod tests {
    use super::is_wiki;

    #[test]
    fn the_build_decides_before_the_body() {
        assert!(is_wiki("<p>x</p>", Some(2_037)));
        assert!(!is_wiki("h1. x", Some(8_804)));
        assert!(is_wiki("h1. x", Some(2_700)));
    }

    #[test]
    fn without_a_build_the_body_decides() {
        for wiki in ["h2. Steps\n# one", "{code:xml}\n<p>x</p>\n{code}", "*bold* text", ""] {
            assert!(is_wiki(wiki, None), "{wiki}");
        }
        for storage in ["<p>x</p>", "Text <strong>b</strong>", "\n <ac:layout/>", "One<br/>two"] {
            assert!(!is_wiki(storage, None), "{storage}");
        }
    }
}
