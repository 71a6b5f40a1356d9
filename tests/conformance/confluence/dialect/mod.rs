//! Converts the notations of other converters to the Markdown that our specification defines.
//!
//! [`translate`] is applied to both sides of every pair before they are compared. Each rule contains its notation and
//! the section of the specification that defines the result. No rule depends on our reader. If no rule applies and the
//! texts differ, the pair is listed with its reason.

mod blocks;
mod events;
mod inline;
mod placeholders;

pub use events::{SITE, SPACE, events};
pub use placeholders::placeholders;

/// A notation and its result.
struct Rule {
    /// The notation.
    #[allow(dead_code, reason = "the list is for readers")]
    notation: &'static str,
    /// The section of the specification that defines the result.
    #[allow(dead_code, reason = "the list is for readers")]
    decides: &'static str,
    apply: fn(&str) -> String,
}

/// The rules in order: first blocks, and then inline notations.
const RULES: &[Rule] = &[
    rule("front matter, `<!-- comments -->`", "A0: not text", blocks::comments),
    rule("`[[_TOC_]]`", "A1 macros: toc, children dropped", blocks::navigation),
    rule("`{#id}` behind a heading", "A1 macros: anchor dropped", blocks::heading_ids),
    rule("`~~~panel`, `~~~expand`", "A2: panel a labeled quotation, expand its title in bold", blocks::tildes),
    rule("`<details>`, `> [!note]- title`", "A1 macros: expand its title in bold", blocks::details),
    rule("`!!! note \"title\"`", "A1 macros: info, note … a labeled quotation", blocks::admonitions),
    rule("`> [!NOTE]`, `> ℹ️ **Info**`", "A1 macros: info, note … a labeled quotation", blocks::alerts),
    rule("```` ```sh title A ````", "A1 macros: code, title in bold before the block", blocks::code_titles),
    rule("```` ```math ````, `\\(…\\)`", "A1 macros: mathblock `$$`, mathinline `$`", blocks::math),
    rule("`<table>`", "A0: every table a pipe table, spans repeated", blocks::html_tables),
    rule("`<u>`, `<ins>`, `<span>`, `==mark==`", "A1: plain text", inline::plain_tags),
    rule("`<b>`, `<i>`, `<s>`, `~sub~`, `^sup^`", "A1: one notation for each", inline::marks),
    rule("`<a href>`", "A0: links", inline::anchors),
    rule("`<img src>`", "A1: images", inline::html_images),
    rule("`![|16](url)`", "A0: an image has a text, its size is not one", inline::image_sizes),
    rule("`{user:x}`, `{date:x}`, `{status:x}`, `@{x}`", "A2: mention, date, status", inline::braces),
    rule("`![red][STATUS-RED]`", "A1 macros: status in bold", inline::status_images),
    rule("`![text](file \"title\")`", "A0: a caption stands in italics after its image", inline::image_titles),
    rule("blocks in a cell", "A0: `• a<br>• b`, code spans joined with `<br>`", inline::cell_blocks),
    rule("zero-width space", "A0: dropped", inline::invisible),
];

const fn rule(notation: &'static str, decides: &'static str, apply: fn(&str) -> String) -> Rule {
    Rule { notation, decides, apply }
}

/// Applies every rule.
pub fn translate(markdown: &str) -> String {
    RULES.iter().fold(markdown.replace("\r\n", "\n"), |text, rule| (rule.apply)(&text))
}

/// Applies `change` to the lines outside code blocks.
fn outside_fences(text: &str, mut change: impl FnMut(&str) -> String) -> String {
    let mut fence: Option<String> = None;
    let mut out = Vec::new();
    for line in text.split('\n') {
        let bare = line.trim_start_matches([' ', '>']);
        let marks: String = bare.chars().take_while(|c| *c == '`' || *c == '~').collect();
        match &fence {
            Some(open) if bare.trim_end() == open.as_str() => fence = None,
            None if marks.len() >= 3 => fence = Some(marks),
            None => {
                out.push(change(line));
                continue;
            }
            Some(_) => {}
        }
        out.push(line.to_owned());
    }
    out.join("\n")
}

/// Applies `change` to the parts of a line outside code spans.
fn outside_spans(line: &str, change: impl Fn(&str) -> String) -> String {
    let parts = line.split('`').enumerate();
    parts.map(|(at, part)| if at % 2 == 0 { change(part) } else { part.to_owned() }).collect::<Vec<_>>().join("`")
}

/// Applies `change` to running text.
fn running_text(text: &str, change: impl Fn(&str) -> String) -> String {
    outside_fences(text, |line| outside_spans(line, &change))
}

/// Replaces every `open … close` with the result of `change` for the part between them.
fn between(text: &str, open: &str, close: &str, change: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let changed = after.split_once(close).and_then(|(inner, tail)| Some((change(inner)?, tail)));
        out.push_str(before);
        if let Some((new, tail)) = changed {
            out.push_str(&new);
            rest = tail;
        } else {
            out.push_str(open);
            rest = after;
        }
    }
    out + rest
}
