//! Collects running text and blocks in reading order.

use super::super::tree::{Block, Inline};

/// Collects the content of an element that may contain both text and blocks.
///
/// Text is collected until a block follows, and then becomes a paragraph before the block.
#[derive(Debug, Default)]
pub(super) struct Flow {
    blocks: Vec<Block>,
    inline: Vec<Inline>,
    /// Whether the last text is displayed in its own box.
    boxed: bool,
    /// Whether the first text is displayed in its own box.
    begins_boxed: bool,
}

impl Flow {
    pub(super) fn text(&mut self, text: &str) {
        self.keep_apart(text);
        match self.inline.last_mut() {
            Some(Inline::Text(last)) => last.push_str(text),
            _ => self.inline.push(Inline::Text(text.to_owned())),
        }
    }

    /// Adds text that is displayed in its own box, such as a status. It is separated from the words around it.
    pub(super) fn boxed(&mut self, inline: Inline) {
        self.boxed = true;
        self.inline(inline);
        self.boxed = true;
    }

    /// Marks the start or the end of text that is separated from the words around it.
    pub(super) fn apart(&mut self) {
        self.boxed = true;
    }

    /// Adds a space if a word and the text of a box would otherwise become one word.
    fn keep_apart(&mut self, next: &str) {
        if !std::mem::take(&mut self.boxed) {
            return;
        }
        let joins = next.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '@' | '#'))
            && self.inline.last().is_some_and(ends_word);
        if joins {
            self.text(" ");
        } else if next.is_empty() {
            self.boxed = true;
        }
    }

    pub(super) fn inline(&mut self, inline: Inline) {
        self.begins_boxed |= self.boxed && self.inline.is_empty() && self.blocks.is_empty();
        if self.boxed {
            self.keep_apart(&shown(&inline));
        }
        match inline {
            Inline::Text(text) => self.text(&text),
            Inline::Link { target, content } if !content.is_empty() => match self.inline.last_mut() {
                // The text of one link may consist of parts with different formatting.
                Some(Inline::Link { target: last, content: words }) if *last == target && !words.is_empty() => {
                    words.extend(content);
                }
                _ => self.inline.push(Inline::Link { target, content }),
            },
            inline => self.inline.push(inline),
        }
    }

    /// Returns whether the current line ends with an image.
    pub(super) fn ends_with_image(&self) -> bool {
        matches!(self.inline.last(), Some(Inline::Image { .. }))
    }

    pub(super) fn inlines(&mut self, content: Vec<Inline>) {
        for inline in content {
            self.inline(inline);
        }
    }

    pub(super) fn block(&mut self, block: Block) {
        self.flush();
        self.blocks.push(block);
    }

    /// Adds blocks. A single paragraph becomes a part of the current line.
    pub(super) fn in_line(&mut self, mut blocks: Vec<Block>) {
        match (blocks.pop(), blocks.is_empty()) {
            (Some(Block::Paragraph(content)), true) => {
                self.apart();
                self.inlines(content);
                self.apart();
            }
            (None, _) => {}
            (last, _) => {
                blocks.extend(last);
                self.block(Block::Group(blocks));
            }
        }
    }

    /// Ends the current paragraph. Two consecutive line breaks also end a paragraph.
    pub(super) fn flush(&mut self) {
        let mut breaks = 0;
        let mut paragraph = Vec::new();
        for inline in std::mem::take(&mut self.inline) {
            if matches!(inline, Inline::Break) {
                breaks += 1;
            } else if !is_blank(&inline) {
                if breaks > 1 {
                    self.paragraph(std::mem::take(&mut paragraph));
                }
                breaks = 0;
            }
            paragraph.push(inline);
        }
        self.paragraph(paragraph);
    }

    fn paragraph(&mut self, mut content: Vec<Inline>) {
        if !content.iter().all(is_blank) {
            content.shrink_to_fit();
            self.blocks.push(Block::Paragraph(content));
        }
    }

    /// Passes on the complete blocks.
    pub(super) fn pass_on(&mut self, take: &mut dyn FnMut(Block)) {
        self.blocks.drain(..).for_each(take);
    }

    pub(super) fn finish(mut self) -> Vec<Block> {
        self.flush();
        // Pages have many elements that contain only one block, so the allocation should be small.
        self.blocks.shrink_to_fit();
        self.blocks
    }

    /// Appends another flow, and applies `mark` to its text.
    pub(super) fn append(&mut self, mut other: Self, mark: impl Fn(Vec<Inline>) -> Inline) {
        self.boxed |= other.begins_boxed;
        for block in other.blocks {
            match block {
                Block::Paragraph(content) => self.block(Block::Paragraph(vec![mark(content)])),
                block => self.block(block),
            }
        }
        if !other.inline.is_empty() {
            other.inline.shrink_to_fit();
            self.inline(mark(other.inline));
        }
        self.boxed |= other.boxed;
    }

    /// Splits the flow into text and the blocks that cannot become text.
    pub(super) fn split(self) -> (Vec<Inline>, Vec<Block>) {
        let (mut inline, mut blocks) = (Vec::new(), Vec::new());
        for block in self.finish() {
            match block {
                Block::Paragraph(content) => {
                    if !inline.is_empty() {
                        inline.push(Inline::Break);
                    }
                    inline.extend(content);
                }
                block => blocks.push(block),
            }
        }
        (inline, blocks)
    }
}

/// Returns the text that a reader sees. A link without text shows its address.
fn shown(inline: &Inline) -> String {
    match inline {
        Inline::Link { target, content } if content.is_empty() => target.clone(),
        inline => plain(std::slice::from_ref(inline)),
    }
}

/// Returns whether a word directly after `inline` would look like a part of it.
fn ends_word(inline: &Inline) -> bool {
    matches!(inline, Inline::Link { .. }) || shown(inline).ends_with(char::is_alphanumeric)
}

/// Returns whether `inline` contains only whitespace.
fn is_blank(inline: &Inline) -> bool {
    match inline {
        Inline::Text(text) => text.trim().is_empty(),
        Inline::Strong(inner)
        | Inline::Emphasis(inner)
        | Inline::Strike(inner)
        | Inline::Subscript(inner)
        | Inline::Superscript(inner) => inner.iter().all(is_blank),
        Inline::Break => true,
        _ => false,
    }
}

/// Returns the text without formatting.
pub(super) fn plain(content: &[Inline]) -> String {
    let mut out = String::new();
    push_plain(content, &mut out);
    out
}

fn push_plain(content: &[Inline], out: &mut String) {
    for inline in content {
        match inline {
            Inline::Text(text) | Inline::Code(text) | Inline::Math { tex: text, .. } => out.push_str(text),
            Inline::Strong(inner)
            | Inline::Emphasis(inner)
            | Inline::Strike(inner)
            | Inline::Subscript(inner)
            | Inline::Superscript(inner)
            | Inline::Link { content: inner, .. } => push_plain(inner, out),
            Inline::Image { alt, .. } => out.push_str(alt),
            Inline::FootnoteReference(_) => {}
            Inline::Break => out.push(' '),
        }
    }
}
