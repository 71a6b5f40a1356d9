//! Converts legacy wiki markup to the document tree, line by line.

mod inline;
mod table;

use super::super::tree::{Block, Inline, List, ListItem};
use super::convert::Converter;
use super::flow::Flow;
use super::macros::{self, Call, Content, Parameter};

/// Maximum depth of nested macros.
const MAX_DEPTH: usize = 32;

/// Converts wiki markup.
pub(super) fn document(cx: &mut Converter<'_>, source: &str, flow: &mut Flow) {
    if cx.wiki_depth >= MAX_DEPTH {
        cx.count("wiki:too-deep");
        flow.text(source);
        return;
    }
    cx.wiki_depth += 1;
    let source = super::super::text::clean(source, &mut cx.losses).replace("\r\n", "\n").replace('\r', "\n");
    flow.flush();
    let mut rest = source.as_str();
    let mut text = String::new();
    while let Some(found) = next_macro(rest) {
        text.push_str(found.before);
        rest = found.after;
        let held = Held { name: found.name, parameters: found.parameters, body: found.body.to_owned() };
        if is_in_row_or_item(&text) {
            // The macro must not end the table or the list.
            text.push(HELD);
            text.push_str(&cx.wiki_held.len().to_string());
            text.push(HELD);
            cx.wiki_held.push(held);
        } else {
            lines(cx, &std::mem::take(&mut text), flow);
            held.run(cx, flow);
        }
    }
    text.push_str(rest);
    lines(cx, &text, flow);
    flow.flush();
    cx.wiki_depth -= 1;
}

/// Marks the start and the end of the number that replaces a held macro. Cleaned text does not contain this character.
const HELD: char = '\u{1}';

/// A macro that is converted with the text around it.
#[derive(Debug, Clone)]
pub(super) struct Held {
    name: String,
    parameters: Vec<Parameter>,
    body: String,
}

impl Held {
    fn run(&self, cx: &mut Converter<'_>, flow: &mut Flow) {
        let body = if macros::is_verbatim(&self.name) {
            Content::Plain(self.body.trim_matches('\n').to_owned())
        } else {
            Content::Wiki(&self.body)
        };
        macros::run(cx, &Call { name: self.name.clone(), parameters: self.parameters.clone(), body }, flow);
    }
}

/// Returns whether `text` ends in a table row or a list item. Both can have several lines.
fn is_in_row_or_item(text: &str) -> bool {
    let mut lines = text.rsplit('\n').map(str::trim_start);
    let last = lines.next().unwrap_or_default();
    if last.starts_with('|') || bullet(&format!("{last}x")).is_some() {
        return true;
    }
    let mut before = lines.map(str::trim_end).take_while(|line| !line.is_empty());
    let mut is_row_complete = false;
    before.any(|line| {
        is_row_complete |= line.ends_with('|');
        bullet(line).is_some() || line.starts_with('|') && !is_row_complete
    })
}

/// A macro with a body.
struct Found<'s> {
    before: &'s str,
    name: String,
    parameters: Vec<Parameter>,
    body: &'s str,
    after: &'s str,
}

/// Finds the first macro that has a body: `{name:…}…{name}`.
fn next_macro(source: &str) -> Option<Found<'_>> {
    let mut from = 0;
    while let Some(at) = source.get(from..)?.find('{').map(|step| from + step) {
        from = at + 1;
        if is_escaped(source, at) {
            continue;
        }
        let Some((name, parameters, end)) = tag(source, at) else {
            // `{{code}}` is monospaced text, not a macro.
            from += usize::from(source.get(from..)?.starts_with('{'));
            continue;
        };
        if inline::is_inline(&name) || !macros::is_known(&name) && !has_line_of_its_own(source, at) {
            continue;
        }
        let close = format!("{{{name}}}");
        let rest = source.get(end..)?;
        let Some(length) = closing(rest, &name, &close) else { continue };
        return Some(Found {
            before: source.get(..at)?,
            name,
            parameters,
            body: rest.get(..length)?,
            after: rest.get(length + close.len()..)?,
        });
    }
    None
}

/// Returns the end of the body. A panel with parameters may be nested in another panel.
fn closing(rest: &str, name: &str, close: &str) -> Option<usize> {
    let nested = format!("{{{name}:");
    let (mut from, mut depth) = (0, 0_usize);
    loop {
        let end = from + rest.get(from..)?.find(close)?;
        depth += if macros::is_verbatim(name) { 0 } else { rest.get(from..end)?.matches(&nested).count() };
        if depth == 0 {
            return Some(end);
        }
        depth -= 1;
        from = end + close.len();
    }
}

/// Returns the names and parameters of all tags, such as `{name:parameters}`.
pub(super) fn tags(source: &str) -> impl Iterator<Item = (String, Vec<Parameter>)> {
    let places = source.match_indices('{').map(|(at, _)| at).filter(|at| !is_escaped(source, *at));
    places.filter_map(|at| tag(source, at)).map(|(name, parameters, _)| (name, parameters))
}

/// Returns the body of the first macro for whose name and parameters `is_wanted` is true.
pub(super) fn body(source: &str, is_wanted: impl Fn(&str, &[Parameter]) -> bool) -> Option<&str> {
    let mut places = source.match_indices('{').map(|(at, _)| at).filter(|at| !is_escaped(source, *at));
    places.find_map(|at| {
        let (name, _, end) = tag(source, at).filter(|(name, parameters, _)| is_wanted(name, parameters))?;
        let rest = source.get(end..)?;
        rest.get(..closing(rest, &name, &format!("{{{name}}}"))?)
    })
}

fn is_escaped(source: &str, at: usize) -> bool {
    source.get(..at).is_some_and(|before| before.ends_with('\\'))
}

fn has_line_of_its_own(source: &str, at: usize) -> bool {
    source.get(..at).is_some_and(|before| before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty()))
}

/// Parses `{name}` or `{name:parameters}` at `at`. Returns the name, the parameters and the end of the tag.
fn tag(source: &str, at: usize) -> Option<(String, Vec<Parameter>, usize)> {
    let rest = source.get(at + 1..)?;
    let end = rest.find(['}', '\n', '{'])?;
    if !rest.get(end..)?.starts_with('}') {
        return None;
    }
    let inner = rest.get(..end)?;
    let (name, parameters) = inner.split_once(':').unwrap_or((inner, ""));
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    is_name.then(|| (name.to_ascii_lowercase(), self::parameters(parameters), at + 1 + end + 1))
}

fn parameters(source: &str) -> Vec<Parameter> {
    let parts = source.split('|').filter(|part| !part.trim().is_empty());
    parts
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or(("", part));
            Parameter { name: name.trim().to_owned(), value: value.trim().to_owned(), resources: Vec::new() }
        })
        .collect()
}

/// Converts lines that contain no macro with a body.
fn lines(cx: &mut Converter<'_>, source: &str, flow: &mut Flow) {
    blocks(cx, source, true, flow);
}

/// Converts lines. Inside a list item, lines contain blocks of all kinds except lists.
fn blocks(cx: &mut Converter<'_>, source: &str, has_lists: bool, flow: &mut Flow) {
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            flow.flush();
        } else if let Some((level, text)) = heading(trimmed) {
            let content = inline::inlines(cx, text);
            flow.block(Block::Heading { level, content });
        } else if let Some(text) = trimmed.strip_prefix("bq. ") {
            let content = inline::inlines(cx, text);
            flow.block(Block::Quote(vec![Block::Paragraph(content)]));
        } else if trimmed.len() >= 4 && trimmed.bytes().all(|byte| byte == b'-') {
            flow.block(Block::Rule);
        } else if trimmed.starts_with('|') {
            let mut rows = vec![trimmed.to_owned()];
            while let Some(next) = lines.next_if(|next| continues_table(&rows, next.trim())) {
                extend(&mut rows, next.trim(), |line| line.starts_with('|'));
            }
            table::table(cx, &rows, flow);
        } else if has_lists && bullet(trimmed).is_some() {
            let mut items = vec![trimmed.to_owned()];
            while let Some(next) = lines.next_if(|next| !next.trim().is_empty()) {
                extend(&mut items, next.trim(), |line| bullet(line).is_some());
            }
            list(cx, &items, flow);
        } else {
            inline::line(cx, trimmed, flow);
            // Every line break in a paragraph is visible.
            if lines.peek().is_some_and(|next| !next.trim().is_empty()) {
                flow.inline(Inline::Break);
            }
        }
    }
    flow.flush();
}

/// Returns whether a line is the next row of a table, or belongs to the last row, which continues until a bar ends its line.
fn continues_table(rows: &[String], line: &str) -> bool {
    let is_open = rows.last().is_some_and(|row| !row.ends_with('|'));
    !line.is_empty() && (is_open || line.starts_with('|'))
}

/// Adds a line as a new row or item if `begins` is true for it. Otherwise, appends it to the last row or item.
fn extend(parts: &mut Vec<String>, line: &str, begins: impl Fn(&str) -> bool) {
    match parts.last_mut() {
        Some(last) if !begins(line) => {
            last.push('\n');
            last.push_str(line);
        }
        _ => parts.push(line.to_owned()),
    }
}

fn heading(line: &str) -> Option<(u8, &str)> {
    let rest = line.strip_prefix('h')?;
    let level = rest.bytes().next().filter(u8::is_ascii_digit)? - b'0';
    let text = rest.get(1..)?.strip_prefix('.')?;
    (1..=6).contains(&level).then_some((level, text.trim()))
}

/// Returns the marker and the text of a list item.
fn bullet(line: &str) -> Option<(&str, &str)> {
    let marks = line.len() - line.trim_start_matches(['*', '#', '-']).len();
    let (marks, text) = line.split_at(marks);
    let is_dash = marks.bytes().all(|byte| byte == b'-') && marks.len() > 1;
    (!marks.is_empty() && !is_dash && text.starts_with([' ', '\t'])).then(|| (marks, text.trim()))
}

/// Converts consecutive items to lists. The length of a marker determines the level.
fn list(cx: &mut Converter<'_>, items: &[String], flow: &mut Flow) {
    let items: Vec<(&str, &str)> = items.iter().filter_map(|item| bullet(item)).collect();
    for block in level(cx, &items, 1) {
        flow.block(block);
    }
}

fn level(cx: &mut Converter<'_>, items: &[(&str, &str)], depth: usize) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut rest = items;
    while let Some(((marks, text), after)) = rest.split_first() {
        if marks.len() > depth {
            let deeper = rest.iter().take_while(|(marks, _)| marks.len() > depth).count();
            let (inner, after) = rest.split_at(deeper);
            let nested = if depth < MAX_DEPTH { level(cx, inner, depth + 1) } else { level_flat(cx, inner) };
            match blocks.last_mut() {
                Some(Block::List(List { items, .. })) if !items.is_empty() => {
                    if let Some(item) = items.last_mut() {
                        item.content.extend(nested);
                    }
                }
                _ => blocks.extend(nested),
            }
            rest = after;
            continue;
        }
        let ordered = marks.ends_with('#');
        let item = ListItem { checked: None, content: item(cx, text) };
        match blocks.last_mut() {
            Some(Block::List(list)) if list.ordered == ordered => list.items.push(item),
            _ => blocks.push(Block::List(List { ordered, start: 1, items: vec![item] })),
        }
        rest = after;
    }
    blocks
}

/// Converts items that are nested too deeply, without further nesting.
fn level_flat(cx: &mut Converter<'_>, items: &[(&str, &str)]) -> Vec<Block> {
    items.iter().flat_map(|(_, text)| item(cx, text)).collect()
}

/// Converts the lines of a list item.
fn item(cx: &mut Converter<'_>, text: &str) -> Vec<Block> {
    let mut flow = Flow::default();
    blocks(cx, text, false, &mut flow);
    flow.finish()
}

#[cfg(test)]
mod tests;
