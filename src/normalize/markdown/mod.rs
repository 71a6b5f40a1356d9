//! Converts a document tree to GitHub-flavored Markdown. All readers use this writer.
//!
//! The output is deterministic: LF line ends, one blank line between blocks, `-` bullets, `#` headings, no hard wrapping,
//! and no line end after the last line. Every table row has as many cells as the header. Every fence is longer than the
//! runs of backticks inside it. Text is escaped only if a parser would otherwise read it as markup.

mod delimiters;
mod escape;
mod inline;
mod language;
mod list;
mod table;

use super::tree::{Block, Inline};

/// Writes `blocks` as Markdown. Returns an empty string for an empty document.
#[must_use]
pub fn write(blocks: &[Block]) -> String {
    let mut writer = Writer::default();
    for block in blocks {
        writer.push(block);
    }
    writer.finish()
}

/// Writes a document block by block, so that its blocks need not be in memory at the same time.
#[derive(Debug, Default)]
pub struct Writer {
    text: String,
    markers: list::Markers,
    footnotes: Vec<(String, Vec<Block>)>,
}

impl Writer {
    /// Appends a block.
    pub fn push(&mut self, block: &Block) {
        let mut footnotes = Vec::new();
        append(&mut self.text, &mut self.markers, std::slice::from_ref(block), &mut footnotes);
        self.add_footnotes(&footnotes);
    }

    /// Returns the document with the definitions of its footnotes at the end.
    #[must_use]
    pub fn finish(mut self) -> String {
        let mut written = 0;
        // A definition may refer to other footnotes, whose definitions then follow.
        while let Some((label, content)) = self.footnotes.get(written).cloned() {
            written += 1;
            let mut footnotes = Vec::new();
            let body = block_sequence(&content, &mut footnotes);
            self.add_footnotes(&footnotes);
            let definition = format!("[^{}]: {}", inline::footnote_label(&label), indent_rest(&body, 4));
            push_block(&mut self.text, &definition);
        }
        self.text
    }

    fn add_footnotes(&mut self, footnotes: &Footnotes<'_>) {
        let owned = footnotes.iter().map(|(label, content)| ((*label).to_owned(), content.to_vec()));
        self.footnotes.extend(owned);
    }
}

/// The footnotes so far. Their definitions are printed at the end.
type Footnotes<'a> = Vec<(&'a str, &'a [Block])>;

/// Writes blocks with a blank line between them.
fn block_sequence<'a>(blocks: &'a [Block], footnotes: &mut Footnotes<'a>) -> String {
    let mut text = String::new();
    append(&mut text, &mut list::Markers::default(), blocks, footnotes);
    text
}

/// Appends blocks to a text. `markers` depends on the last block in the text.
fn append<'a>(text: &mut String, markers: &mut list::Markers, blocks: &'a [Block], footnotes: &mut Footnotes<'a>) {
    for block in Flat::new(blocks) {
        let written = match block {
            Block::List(list) => list::write(list, markers.next(list), footnotes),
            other => single(other, footnotes),
        };
        if written.is_empty() {
            continue;
        }
        if !matches!(block, Block::List(_)) {
            *markers = list::Markers::default();
        }
        push_block(text, &written);
    }
}

/// Writes any block except a list. The marker of a list depends on its neighbor.
fn single<'a>(block: &'a Block, footnotes: &mut Footnotes<'a>) -> String {
    match block {
        Block::Heading { level, content } => heading(*level, content),
        Block::Paragraph(content) => inline::paragraph(content),
        Block::List(list) => list::write(list, list::Marker::Usual, footnotes),
        Block::Code { language, text } => fence(language, text),
        Block::Quote(content) => quote(&block_sequence(content, footnotes)),
        Block::Admonition { label, content } => admonition(label, content, footnotes),
        Block::Table(table) => table::write(table, footnotes),
        Block::Rule => "---".to_owned(),
        Block::Footnote { label, content } => {
            footnotes.push((label, content));
            String::new()
        }
        Block::Markdown(text) => text.replace("\r\n", "\n").trim_matches('\n').trim_end().to_owned(),
        Block::Group(content) => block_sequence(content, footnotes),
    }
}

fn heading(level: u8, content: &[Inline]) -> String {
    let text = inline::single_line(content);
    if text.is_empty() {
        return text;
    }
    format!("{} {}", "#".repeat(usize::from(level.clamp(1, 6))), escape::closing_hashes(&text))
}

/// Writes a fenced code block. The fence is longer than any run of backticks inside it.
fn fence(language: &str, text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let body = text.strip_prefix('\n').unwrap_or(&text);
    let body = body.strip_suffix('\n').unwrap_or(body);
    if body.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat((escape::longest_run(body, '`') + 1).max(3));
    format!("{fence}{}\n{body}\n{fence}", language::info_string(language))
}

fn quote(body: &str) -> String {
    let mut out = String::with_capacity(body.len() + 16);
    if body.is_empty() {
        return out;
    }
    for (index, line) in body.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
        }
        out.push('>');
        if !line.is_empty() {
            out.push(' ');
            out.push_str(line);
        }
    }
    out
}

/// Writes `> **Label:** …`. If the content begins with a paragraph, it begins on the line of the label.
fn admonition<'a>(label: &str, content: &'a [Block], footnotes: &mut Footnotes<'a>) -> String {
    let label = label_text(label);
    let body = block_sequence(content, footnotes);
    if label.is_empty() {
        return quote(&body);
    }
    let starts_with_text = matches!(Flat::new(content).find(|block| !is_blank(block)), Some(Block::Paragraph(_)));
    let gap = match (body.is_empty(), starts_with_text) {
        (true, _) => "",
        (false, true) => " ",
        (false, false) => "\n\n",
    };
    quote(&format!("{label}{gap}{body}"))
}

/// Returns the label in bold, followed by a colon unless it already ends with punctuation.
fn label_text(label: &str) -> String {
    let label = label.trim();
    if label.is_empty() {
        return String::new();
    }
    let colon = if label.ends_with([':', '?', '!']) { "" } else { ":" };
    inline::single_line(&[Inline::Strong(vec![Inline::Text(format!("{label}{colon}"))])])
}

/// Returns whether `block` produces no output. Footnotes are printed elsewhere.
fn is_blank(block: &Block) -> bool {
    match block {
        Block::Heading { content, .. } | Block::Paragraph(content) => inline::is_blank(content),
        Block::List(list) => list.items.is_empty(),
        Block::Code { text, .. } | Block::Markdown(text) => text.trim().is_empty(),
        Block::Quote(content) | Block::Group(content) => content.iter().all(is_blank),
        Block::Table(table) => {
            inline::is_blank(&table.caption)
                && table.rows.iter().flatten().all(|cell| cell.content.iter().all(is_blank))
        }
        Block::Admonition { label, content } => label.trim().is_empty() && content.iter().all(is_blank),
        Block::Rule => false,
        Block::Footnote { .. } => true,
    }
}

fn push_block(text: &mut String, block: &str) {
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(block);
}

/// Indents every non-empty line except the first.
fn indent_rest(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, line) in text.split('\n').enumerate() {
        if index > 0 {
            out.push('\n');
            if !line.is_empty() {
                out.extend(std::iter::repeat_n(' ', width));
            }
        }
        out.push_str(line);
    }
    out
}

/// Iterates over blocks in order, including the blocks in groups.
struct Flat<'a> {
    stack: Vec<std::slice::Iter<'a, Block>>,
}

impl<'a> Flat<'a> {
    fn new(blocks: &'a [Block]) -> Self {
        Self { stack: vec![blocks.iter()] }
    }
}

impl<'a> Iterator for Flat<'a> {
    type Item = &'a Block;

    fn next(&mut self) -> Option<&'a Block> {
        while let Some(blocks) = self.stack.last_mut() {
            match blocks.next() {
                Some(Block::Group(inner)) => self.stack.push(inner.iter()),
                Some(block) => return Some(block),
                None => {
                    self.stack.pop();
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod property;
#[cfg(test)]
mod tests;
