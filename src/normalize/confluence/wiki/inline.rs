//! Converts inline wiki markup: formatting, links, images, emoticons and macros without a body.

use quick_xml::escape::resolve_html5_entity;

use super::super::super::tree::{Block, Inline};
use super::super::convert::Converter;
use super::super::flow::Flow;
use super::super::library::PageName;
use super::super::links::{self, Resource};
use super::super::macros::{self, Call, Content};
use super::super::{emoji, storage};

/// Maximum depth of nested formatting.
const MAX_DEPTH: usize = 16;

/// Returns whether a macro only colors or groups its content.
pub(super) fn is_inline(name: &str) -> bool {
    matches!(name, "color" | "span" | "bgcolor" | "highlight" | "style-text")
}

pub(super) fn inlines(cx: &mut Converter<'_>, text: &str) -> Vec<Inline> {
    let mut flow = Flow::default();
    line(cx, text, &mut flow);
    flow.split().0
}

/// Converts the text of one line.
pub(super) fn line(cx: &mut Converter<'_>, text: &str, flow: &mut Flow) {
    scan(cx, text, flow, 0);
}

fn scan(cx: &mut Converter<'_>, text: &str, flow: &mut Flow, depth: usize) {
    let mut at = 0;
    let mut before = None;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let taken = construct(cx, rest, before, flow, depth);
        let taken = taken.unwrap_or_else(|| {
            let end = rest.char_indices().nth(1).map_or(rest.len(), |(end, _)| end);
            flow.text(rest.get(..end).unwrap_or_default());
            end
        });
        before = rest.get(..taken).and_then(|taken| taken.chars().next_back());
        at += taken;
    }
}

/// Converts the construct at the start of `rest`. Returns its length.
fn construct(cx: &mut Converter<'_>, rest: &str, before: Option<char>, flow: &mut Flow, depth: usize) -> Option<usize> {
    let first = rest.chars().next()?;
    match first {
        '\\' if rest.starts_with("\\\\") => {
            flow.inline(Inline::Break);
            Some(2)
        }
        '\\' => {
            let next = rest.chars().nth(1).filter(char::is_ascii_punctuation)?;
            flow.text(&next.to_string());
            Some(1 + next.len_utf8())
        }
        '{' if rest.starts_with("{{") => {
            let end = rest.get(2..)?.find("}}")?;
            let mut inner = Flow::default();
            scan(cx, rest.get(2..2 + end)?, &mut inner, MAX_DEPTH);
            flow.inlines(storage::codes(inner.split().0));
            Some(end + 4)
        }
        '{' => grouped(cx, rest, flow, depth).or_else(|| macro_tag(cx, rest, before, flow, depth)),
        super::HELD => {
            let (number, _) = rest.strip_prefix(super::HELD)?.split_once(super::HELD)?;
            let held = cx.wiki_held.get(number.parse::<usize>().ok()?).cloned()?;
            held.run(cx, flow);
            Some(number.len() + 2)
        }
        '[' => link(cx, rest, flow),
        '!' => image(cx, rest, flow),
        '(' => {
            let end = rest.find(')').filter(|end| *end <= 4)? + 1;
            flow.text(emoji::wiki(rest.get(..end)?)?);
            Some(end)
        }
        '&' => {
            let end = rest.find(';').filter(|end| *end <= 32)?;
            flow.text(&entity(rest.get(1..end)?)?);
            Some(end + 1)
        }
        '-' if rest.starts_with("---") && !rest.starts_with("----") => Some(dash(flow, "—", 3)),
        '-' if rest.starts_with("--") => Some(dash(flow, "–", 2)),
        'h' | 'f' | 'm' if before.is_none_or(|c| !c.is_alphanumeric()) => address(cx, rest, flow),
        '*' | '_' | '-' | '+' | '^' | '~' | '?' if depth < MAX_DEPTH => mark(cx, rest, first, before, flow, depth),
        _ => None,
    }
}

fn dash(flow: &mut Flow, text: &str, length: usize) -> usize {
    flow.text(text);
    length
}

fn entity(name: &str) -> Option<String> {
    if let Some(number) = name.strip_prefix('#') {
        let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |hex| (hex, 16));
        // `from_str_radix` would accept a sign.
        let code = u32::from_str_radix(digits, radix).ok().filter(|_| !digits.starts_with('+'))?;
        return char::from_u32(code).filter(|c| !c.is_control()).map(String::from);
    }
    resolve_html5_entity(name).map(str::to_owned)
}

/// Converts formatting such as `*bold*`. No space may follow the opening delimiter, and no letter may touch a delimiter from outside.
fn mark(
    cx: &mut Converter<'_>,
    rest: &str,
    delimiter: char,
    before: Option<char>,
    flow: &mut Flow,
    depth: usize,
) -> Option<usize> {
    let delimiters = if delimiter == '?' { "??" } else { rest.get(..1)? };
    let inside = rest.strip_prefix(delimiters)?;
    // `:-(` is a smiley.
    let is_smiley = delimiter == '-' && matches!(before, Some(':' | ';'));
    if before.is_some_and(char::is_alphanumeric) || inside.starts_with(char::is_whitespace) || is_smiley {
        return None;
    }
    let mut from = 0;
    let end = loop {
        let end = from + inside.get(from..)?.find(delimiters)?;
        let touches = inside.get(..end).is_some_and(|text| !text.is_empty() && !text.ends_with([' ', '\\']));
        let after = inside.get(end + delimiters.len()..)?.chars().next();
        // Two hyphens are a dash.
        let is_dash =
            delimiter == '-' && (after == Some('-') || inside.get(..end).is_some_and(|text| text.ends_with('-')));
        if touches && !is_dash && after.is_none_or(|c| !c.is_alphanumeric()) {
            break end;
        }
        from = end + delimiters.len();
    };
    marked(cx, delimiter, inside.get(..end)?, flow, depth);
    Some(end + 2 * delimiters.len())
}

/// Converts formatting with braces, which may be inside a word: `{*}bold{*}`
fn grouped(cx: &mut Converter<'_>, rest: &str, flow: &mut Flow, depth: usize) -> Option<usize> {
    let delimiter = rest.chars().nth(1).filter(|c| matches!(c, '*' | '_' | '-' | '+' | '^' | '~'))?;
    let tag = format!("{{{delimiter}}}");
    let inside = rest.strip_prefix(&tag)?;
    let end = inside.find(&tag).filter(|end| *end > 0 && depth < MAX_DEPTH)?;
    marked(cx, delimiter, inside.get(..end)?, flow, depth);
    Some(end + 2 * tag.len())
}

/// Converts the text inside delimiters.
fn marked(cx: &mut Converter<'_>, delimiter: char, text: &str, flow: &mut Flow, depth: usize) {
    let mut inner = Flow::default();
    scan(cx, text, &mut inner, depth + 1);
    let (content, blocks) = inner.split();
    match delimiter {
        '*' => flow.inline(Inline::Strong(content)),
        '_' | '?' => flow.inline(Inline::Emphasis(content)),
        '-' => flow.inline(Inline::Strike(content)),
        '^' => flow.inline(Inline::Superscript(content)),
        '~' => flow.inline(Inline::Subscript(content)),
        _ => flow.inlines(content),
    }
    if !blocks.is_empty() {
        flow.block(Block::Group(blocks));
    }
}

/// Converts a macro without a body, or the tag of a macro that only colors its content.
/// Braces that belong to no macro are text: `${JAVA_HOME}`, `/users/{id}`.
fn macro_tag(cx: &mut Converter<'_>, rest: &str, before: Option<char>, flow: &mut Flow, depth: usize) -> Option<usize> {
    let (name, parameters, end) = super::tag(rest, 0)?;
    if before == Some('$') {
        return None;
    }
    let is_macro = macros::is_known(&name) || parameters.iter().any(|parameter| !parameter.name.is_empty());
    if is_macro && !is_inline(&name) {
        macros::run(cx, &Call { name, parameters, body: Content::None }, flow);
    } else if !is_macro {
        let close = format!("{{{}}}", rest.get(1..=name.len())?);
        let inside = rest.get(end..)?;
        let length = inside.find(&close).filter(|_| depth < MAX_DEPTH)?;
        cx.count(format!("macro:{name}"));
        scan(cx, inside.get(..length)?, flow, depth + 1);
        return Some(end + length + close.len());
    }
    Some(end)
}

/// Converts a link: `[text|target#anchor|tip]`
fn link(cx: &mut Converter<'_>, rest: &str, flow: &mut Flow) -> Option<usize> {
    let end = rest.find(']').filter(|end| *end > 1)?;
    let inner = rest.get(1..end)?;
    if inner.contains('\n') || inner.contains('[') {
        return None;
    }
    let mut parts = inner.split('|');
    let (first, second) = (parts.next()?.trim(), parts.next().map(str::trim));
    let (text, target) = second.map_or(("", first), |target| (first, target));
    let content = if text.is_empty() { Vec::new() } else { inlines(cx, text) };
    let plain = |text: &str| vec![Inline::Text(text.to_owned())];
    if let Some(name) = target.strip_prefix('^') {
        let resource = Resource::Attachment { filename: name.to_owned(), page: None };
        links::to_resource(cx, &resource, None, content, flow);
    } else if let Some(user) = target.strip_prefix('~') {
        links::to_resource(cx, &Resource::User(user.to_owned()), None, content, flow);
    } else if target.starts_with('#')
        || target.contains("://")
        || target.starts_with("mailto:")
        || target.starts_with('/') && !PageName::new(None, target).is_post
    {
        let named = target.trim_start_matches('#').trim_start_matches("mailto:");
        let content = if content.is_empty() && named != target { plain(named) } else { content };
        let link = cx.link(target, content);
        flow.inline(link);
    } else {
        let (page, anchor) = target.split_once('#').map_or((target, None), |(page, anchor)| (page, Some(anchor)));
        let resource = Resource::Page(cx.library.name_of(page, cx.page));
        links::to_resource(cx, &resource, anchor, content, flow);
    }
    Some(end + 1)
}

/// Returns the text inside the exclamation marks of an image at the start of `rest`.
pub(super) fn image_source(rest: &str) -> Option<&str> {
    let inner = rest.strip_prefix('!')?.split_once('!')?.0;
    let source = inner.split('|').next()?.trim();
    (source.contains('.') && !inner.contains('\n') && !inner.starts_with(char::is_whitespace)).then_some(inner)
}

/// Converts an image: `!file.png|alt=…!`
fn image(cx: &mut Converter<'_>, rest: &str, flow: &mut Flow) -> Option<usize> {
    let inner = image_source(rest)?;
    let end = inner.len();
    let mut parts = inner.split('|');
    let source = parts.next()?.trim();
    let options = parts.flat_map(|part| part.split(','));
    let named = |name: &str, option: &str| {
        let (key, value) = option.split_once('=')?;
        (key.trim() == name).then(|| value.trim().trim_matches('"').to_owned())
    };
    let options: Vec<&str> = options.collect();
    let alt = options.iter().find_map(|option| named("alt", option));
    let alt = alt.or_else(|| options.iter().find_map(|option| named("title", option)));
    let remote = source.contains("://") || source.starts_with('/');
    let target = if remote { cx.site().absolute(source) } else { links::attachment(cx, source, None) };
    let alt = alt.unwrap_or_else(|| source.rsplit('/').next().unwrap_or(source).to_owned());
    flow.inline(Inline::Image { source: target, alt });
    Some(end + 2)
}

/// Converts an address without brackets.
fn address(cx: &mut Converter<'_>, rest: &str, flow: &mut Flow) -> Option<usize> {
    let known = ["https://", "http://", "ftp://", "mailto:"].iter().any(|scheme| rest.starts_with(scheme));
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '|' | '}' | ']' | '"' | '<')).unwrap_or(rest.len());
    let target = rest.get(..end)?.trim_end_matches(['.', ',', ';', ':', ')', '!', '?', '*', '_']);
    if !known || target.len() < 8 {
        return None;
    }
    let link = cx.link(target, vec![Inline::Text(target.to_owned())]);
    flow.inline(link);
    Some(target.len())
}
