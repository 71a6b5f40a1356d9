//! Cleans Markdown that a page or an attached file contains. Comments are invisible, and links must not run scripts.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::super::text::{Losses, PROGRAMS, count, is_program};

/// Returns the Markdown without comments and without links that run a script. The text of the links is kept.
pub(super) fn cleaned(source: &str, losses: &mut Losses) -> String {
    let source = source.replace("\r\n", "\n");
    let parser =
        Parser::new_ext(&source, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES | Options::ENABLE_TASKLISTS);
    let definitions = parser.reference_definitions().iter().filter(|(_, target)| is_program(&target.dest));
    let mut edits: Vec<(Range<usize>, String)> =
        definitions.map(|(_, target)| (target.span.clone(), String::new())).collect();
    let mut html: Vec<Range<usize>> = Vec::new();
    // The start of each open link that runs a script, and the range of its text.
    let mut open: Vec<(usize, Option<Range<usize>>)> = Vec::new();
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) if is_program(&dest_url) => {
                open.push((range.start, None));
                continue;
            }
            Event::End(TagEnd::Link | TagEnd::Image) if open.last().is_some_and(|(start, _)| *start == range.start) => {
                let Some((start, text)) = open.pop() else { continue };
                count(losses, "link:program");
                // The text of an address in angle brackets is the address.
                let text = text.filter(|_| source.get(start..).is_some_and(|link| !link.starts_with('<')));
                let text = text.unwrap_or(range.end..range.end);
                edits.extend([(start..text.start, String::new()), (text.end..range.end, String::new())]);
            }
            // Merge the lines of an HTML block.
            Event::Html(_) => match html.last_mut().filter(|last| last.end == range.start) {
                Some(last) => last.end = range.end,
                None => html.push(range.clone()),
            },
            Event::InlineHtml(_) => html.push(range.clone()),
            _ => {}
        }
        for (_, text) in &mut open {
            let start = text.as_ref().map_or(range.start, |text| text.start);
            *text = Some(start..range.end);
        }
    }
    for mut range in html {
        let raw = source.get(range.clone()).unwrap_or_default();
        let shown = harmless(&without_comments(raw, losses), losses);
        if shown == raw {
            continue;
        }
        let is_gone = shown.trim().is_empty();
        if is_gone && raw.ends_with('\n') {
            let after = source.get(range.end..).unwrap_or_default();
            range.end += after.len() - after.trim_start_matches('\n').len();
        }
        edits.push((range, if is_gone { String::new() } else { shown }));
    }
    apply(&source, edits)
}

/// Removes the front matter of a file.
pub(super) fn without_front_matter<'s>(source: &'s str, losses: &mut Losses) -> &'s str {
    let Some(rest) = source.trim_start_matches('\u{feff}').strip_prefix("---").and_then(after_line) else {
        return source;
    };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        at += line.len();
        if matches!(line.trim_end(), "---" | "...") {
            count(losses, "markdown:front-matter");
            return rest.get(at..).unwrap_or_default();
        }
    }
    source
}

/// Returns the text after the end of a line that is blank from here.
fn after_line(rest: &str) -> Option<&str> {
    let (line, rest) = rest.split_once('\n')?;
    line.trim().is_empty().then_some(rest)
}

fn without_comments(html: &str, losses: &mut Losses) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        count(losses, "markdown:comment");
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// Replaces the scheme of addresses that run a script.
fn harmless(html: &str, losses: &mut Losses) -> String {
    let mut out = html.to_owned();
    for program in PROGRAMS {
        let mut from = 0;
        while let Some(at) = out.to_ascii_lowercase().get(from..).and_then(|rest| rest.find(program)) {
            let at = from + at;
            from = at + 1;
            let is_address = out.get(..at).is_some_and(|before| before.trim_end().ends_with(['"', '\'', '=']));
            if is_address {
                count(losses, "link:program");
                out.replace_range(at..at + program.len(), "#");
            }
        }
    }
    out
}

fn apply(source: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| (range.start, range.end));
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    for (range, text) in edits {
        if range.start >= at {
            out.push_str(source.get(at..range.start).unwrap_or_default());
            out.push_str(&text);
            at = range.end;
        }
    }
    out.push_str(source.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(source: &str) -> (String, Losses) {
        let mut losses = Losses::new();
        let text = cleaned(source, &mut losses);
        (text, losses)
    }

    #[test]
    fn links_that_run_a_script_keep_only_their_text() {
        for (source, expected) in [
            ("a [run **it**](javascript:alert(1)) b", "a run **it** b"),
            ("[run](<JavaScript:alert(1)> \"tip\")", "run"),
            ("[run](java&#115;cript:alert(1))", "run"),
            ("![img](data:text/html,x)", "img"),
            ("<javascript:alert(1)> b", " b"),
            ("[run][x]\n\n[x]: vbscript:x", "run\n\n"),
            ("a <a href=\"JavaScript:alert(1)\">run</a>", "a <a href=\"#alert(1)\">run</a>"),
        ] {
            let (text, losses) = clean(source);
            assert_eq!(text, expected, "{source}");
            assert_eq!(losses["link:program"], 1, "{source}");
        }
        let harmless = "[a](https://x.example) `[b](javascript:x)`\n\n    [c](javascript:y)\n";
        assert_eq!(clean(harmless), (harmless.to_owned(), Losses::new()));
    }

    #[test]
    fn comments_are_removed_outside_code() {
        assert_eq!(clean("a <!-- x --> b\n\n<!-- y\n\nz -->\n\nc `<!-- d -->`").0, "a  b\n\nc `<!-- d -->`");
        assert_eq!(clean("```\n<!-- kept -->\n```").0, "```\n<!-- kept -->\n```");
        assert_eq!(clean("<div><!-- x -->\nshown</div>").0, "<div>\nshown</div>");
    }

    #[test]
    fn front_matter_is_removed_only_at_the_start() {
        let mut losses = Losses::new();
        let mut body = |source: &'static str| without_front_matter(source, &mut losses);
        assert_eq!(body("---\ntitle: T\n---\n# A\n"), "# A\n");
        assert_eq!(body("---\r\ntitle: T\r\n...\r\n# A"), "# A");
        assert_eq!(body("# A\n\n---\n\nb\n\n---\n"), "# A\n\n---\n\nb\n\n---\n");
        assert_eq!(body("---\n\nonly a rule"), "---\n\nonly a rule");
    }
}
