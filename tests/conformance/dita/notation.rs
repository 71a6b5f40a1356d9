//! Extracts the content of Markdown without its notation, so that the output of two writers can be compared.
//!
//! A shape is the words and marks of a text in order: headings, items, cells, code, emphasis. These notations are
//! brought to one form, and nothing else:
//!
//! | notation | form |
//! |---|---|
//! | label of a callout: `**Danger**`, `**Danger:**`, in a quote or not | `!` |
//! | definition list of pandoc (`term`, `: definition`) | item with the term in bold, a colon after it |
//! | title of an image | emphasized paragraph after it |
//! | link to a file that is not in the corpus | its text |
//! | several headings of level 1 | the first is the title, topics after it stand one level deeper |
//! | HTML table | cells, repeated where they span; code and items in them as running text |
//! | `![key]` of a key that is not defined | the key |
//! | `![]()` | [`ANY`] |
//! | code spans with backticks inside, which theirs does not fence | no marks of code on that line |
//! | `\[missing: …]` of ours | nothing |
//! | `[/topic/… {"- topic/… "})` that theirs writes for elements it does not know | [`ANY`] |

use pulldown_cmark::{Event, HeadingLevel, Options as Dialect, Parser, Tag, TagEnd};

use super::dialect;

/// Stands for up to [`MAX_ANY`] parts of the other shape.
const ANY: &str = "\u{2026}any";
const MAX_ANY: usize = 2;

const LABELS: [&str; 12] = [
    "Note",
    "Tip",
    "Fastpath",
    "Restriction",
    "Important",
    "Remember",
    "Attention",
    "Caution",
    "Notice",
    "Danger",
    "Warning",
    "Trouble",
];

/// Returns the shape of a text.
pub fn shape(markdown: &str) -> Vec<String> {
    let markdown = without_marks_of_writers(markdown);
    let mut shape = Shape::default();
    let options = dialect() | Dialect::ENABLE_HEADING_ATTRIBUTES | Dialect::ENABLE_DEFINITION_LIST;
    for event in Parser::new_ext(&markdown, options) {
        shape.take(event);
    }
    shape.end_word();
    shape.parts.into_iter().map(|part| if is_label(&part) { "!".to_owned() } else { part }).collect()
}

/// Returns whether two shapes have the same meaning. The first may contain the additional words `hidden`.
pub fn equal(ours: &[String], theirs: &[String], hidden: &[String]) -> bool {
    match (ours, theirs) {
        ([], []) => true,
        (_, [any, rest @ ..]) if any == ANY => {
            (0..=MAX_ANY.min(ours.len())).any(|skipped| equal(&ours[skipped..], rest, hidden))
        }
        ([first, ours @ ..], [other, theirs @ ..]) if first == other => equal(ours, theirs, hidden),
        ([first, ours @ ..], theirs) if hidden.contains(first) => equal(ours, theirs, hidden),
        _ => false,
    }
}

fn is_label(part: &str) -> bool {
    let word = part.strip_prefix("**").and_then(|part| part.strip_suffix("**"));
    word.is_some_and(|word| LABELS.contains(&word.trim_end_matches(':')))
}

/// Removes marks of the writers that are not text.
fn without_marks_of_writers(markdown: &str) -> String {
    let mut text = String::new();
    for line in markdown.lines() {
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("\\[missing: ") {
            text.push_str(before);
            rest = after.split_once(']').map_or("", |(_, rest)| rest);
        }
        let mut line = rest.to_owned();
        while let Some((before, after)) = line.split_once("\\[/topic/")
            && let Some((_, after)) = after.split_once("\\}\\)")
        {
            let (inside, after) = after.split_once("\\(").unwrap_or((after, ""));
            let after = after.split_once("\\]").map_or("", |(_, after)| after);
            line = format!("{before} {ANY} {inside} {ANY} {after}");
        }
        line = line.replace("![]()", ANY);
        if line.contains("``") && !line.trim_start().starts_with("```") {
            line = line.replace('`', "");
        }
        let image = line.strip_prefix("![").and_then(|line| line.strip_suffix(']'));
        text.push_str(image.filter(|key| !key.contains(']')).unwrap_or(&line));
        text.push('\n');
    }
    text
}

#[derive(Default)]
struct Shape {
    parts: Vec<String>,
    word: String,
    /// The number of headings of level 1 so far.
    titles: usize,
    /// The title of the current image.
    image: String,
    link_is_shown: Vec<bool>,
    table: Option<HtmlTable>,
}

impl Shape {
    fn end_word(&mut self) {
        let parts = match self.table.as_mut() {
            Some(table) => table.cell(),
            None => &mut self.parts,
        };
        parts.extend(self.word.split_whitespace().map(ToOwned::to_owned));
        self.word.clear();
    }

    fn mark(&mut self, mark: &str) {
        self.end_word();
        // Items in a cell are inline content.
        if self.table.is_none() {
            self.parts.push(mark.to_owned());
        }
    }

    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Text(text) => self.word.push_str(&text),
            Event::Code(text) => self.word.extend(["`", &*text, "`"]),
            Event::Start(Tag::Strong) | Event::End(TagEnd::Strong) => self.word.push_str("**"),
            Event::Start(Tag::Emphasis) | Event::End(TagEnd::Emphasis) => self.word.push('*'),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let shown = dest_url.contains("://") || dest_url.starts_with("mailto:");
                self.link_is_shown.push(shown);
                self.word.push_str(if shown { "[" } else { "" });
            }
            Event::End(TagEnd::Link) => {
                let shown = self.link_is_shown.pop().unwrap_or_default();
                self.word.push_str(if shown { "]" } else { "" });
            }
            Event::Start(Tag::Image { title, .. }) => {
                self.image = title.into_string();
                self.word.push_str("![");
            }
            Event::End(TagEnd::Image) => {
                self.word.push(']');
                if !self.image.is_empty() {
                    let title = std::mem::take(&mut self.image);
                    self.word.extend([" *", &title, "*"]);
                }
            }
            Event::FootnoteReference(label) => self.word.extend(["[^", &*label, "]"]),
            Event::InlineHtml(html) if html.starts_with("<br") => self.end_word(),
            // Only our writer uses formatting such as subscripts.
            Event::Start(Tag::Strikethrough) | Event::End(TagEnd::Strikethrough) | Event::InlineHtml(_) => {}
            Event::Html(html) => self.html(&html),
            Event::Start(Tag::DefinitionListTitle) => {
                self.mark("-");
                self.word.push_str("**");
            }
            Event::End(TagEnd::DefinitionListTitle) => self.word.push_str("**:"),
            Event::Start(tag) => self.start(&tag),
            Event::End(TagEnd::CodeBlock) if self.table.is_some() => {
                self.word = format!("`{}`", self.word.trim());
                self.end_word();
            }
            _ => self.end_word(),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        self.end_word();
        match tag {
            Tag::Heading { level, .. } => {
                self.titles += usize::from(*level == HeadingLevel::H1);
                let deeper = usize::from(self.titles > 1);
                self.mark(&"#".repeat(*level as usize + deeper));
            }
            Tag::Item => self.mark("-"),
            Tag::List(Some(_)) if self.table.is_some() => self.word.push_str("1. "),
            Tag::List(Some(_)) => self.mark("1."),
            Tag::CodeBlock(_) => self.mark("```"),
            Tag::TableCell => self.mark("|"),
            Tag::TableRow | Tag::TableHead => self.mark("||"),
            _ => {}
        }
    }

    /// Processes the tags of an HTML table.
    fn html(&mut self, html: &str) {
        for tag in html.split('<').skip(1) {
            let (tag, text) = tag.split_once('>').unwrap_or((tag, ""));
            self.end_word();
            match tag.split_whitespace().next().unwrap_or_default() {
                "table" => self.table = Some(HtmlTable::default()),
                "/table" => self.parts.extend(self.table.take().unwrap_or_default().shape()),
                "tr" => self.table.get_or_insert_default().rows.push(Vec::new()),
                "td" | "th" => self.table.get_or_insert_default().open(tag),
                _ => {}
            }
            self.word.push_str(text);
        }
    }
}

/// The rows of a table. Each cell has the columns and rows that it spans, and its content.
#[derive(Default)]
struct HtmlTable {
    rows: Vec<Vec<(usize, usize, Vec<String>)>>,
    before: Vec<String>,
}

impl HtmlTable {
    fn open(&mut self, tag: &str) {
        let span = |name: &str| {
            let (_, value) = tag.split_once(&format!("{name}=\""))?;
            value.split('"').next()?.parse().ok()
        };
        let cell = (span("colspan").unwrap_or(1), span("rowspan").unwrap_or(1), Vec::new());
        self.rows.last_mut().expect("a row around the cell").push(cell);
    }

    fn cell(&mut self) -> &mut Vec<String> {
        let cell = self.rows.last_mut().and_then(|row| row.last_mut());
        cell.map_or(&mut self.before, |(_, _, parts)| parts)
    }

    fn shape(self) -> Vec<String> {
        let mut shape = self.before;
        let mut above: Vec<(usize, Vec<String>)> = Vec::new();
        for row in self.rows {
            shape.push("||".to_owned());
            let (mut cells, mut line) = (row.into_iter(), Vec::new());
            while let Some((left, parts)) = above.get(line.len()).filter(|(left, _)| *left > 0).cloned().or_else(|| {
                let (columns, rows, parts) = cells.next()?;
                (1..columns).for_each(|_| line.push((rows - 1, parts.clone())));
                Some((rows, parts))
            }) {
                line.push((left - 1, parts));
            }
            for (_, parts) in &line {
                shape.push("|".to_owned());
                shape.extend(parts.iter().cloned());
            }
            above = line;
        }
        shape
    }
}
