//! The document tree between the readers (DITA, Confluence storage, ADF, wiki markup) and the one Markdown writer.
//!
//! Readers build it, the writer prints it; neither knows the other.

/// A block of a document.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "a variant's line explains its fields")]
pub enum Block {
    /// Heading; `level` is clamped to 1..=6 by the writer.
    Heading { level: u8, content: Vec<Inline> },
    /// Paragraph.
    Paragraph(Vec<Inline>),
    /// Bulleted, numbered or task list.
    List(List),
    /// Code, kept verbatim; `language` is empty when unknown.
    Code { language: String, text: String },
    /// Block quotation.
    Quote(Vec<Block>),
    /// Labeled block quotation: `> **Note:** …`.
    Admonition { label: String, content: Vec<Block> },
    /// Table.
    Table(Table),
    /// Thematic break.
    Rule,
    /// A footnote's definition, printed at the end of the document.
    Footnote { label: String, content: Vec<Block> },
    /// Text that is Markdown already, such as the body of a Markdown macro.
    Markdown(String),
    /// Blocks side by side without a wrapper of their own.
    Group(Vec<Block>),
}

/// A list. `start` is the first number when `ordered`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct List {
    /// Numbered.
    pub ordered: bool,
    /// Number of the first item of an ordered list.
    pub start: u64,
    /// In order.
    pub items: Vec<ListItem>,
}

/// An item of a list. `checked` is set for tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListItem {
    /// `Some(true)` for `- [x]`, `Some(false)` for `- [ ]`.
    pub checked: Option<bool>,
    /// In order.
    pub content: Vec<Block>,
}

/// A table as the source has it, spans not yet expanded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Printed in bold before the table.
    pub caption: Vec<Inline>,
    /// How many leading rows are header rows.
    pub header_rows: usize,
    /// In order.
    pub rows: Vec<Vec<Cell>>,
}

/// A table cell. Spans of 1 are plain cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Columns covered, at least 1.
    pub colspan: usize,
    /// Rows covered, at least 1.
    pub rowspan: usize,
    /// Heads its row or column: printed in bold outside header rows.
    pub header: bool,
    /// In order.
    pub content: Vec<Block>,
}

impl Default for Cell {
    fn default() -> Self {
        Self { colspan: 1, rowspan: 1, header: false, content: Vec::new() }
    }
}

/// Running text.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "a variant's line explains its fields")]
pub enum Inline {
    /// Text, unescaped.
    Text(String),
    /// `**…**`
    Strong(Vec<Inline>),
    /// `*…*`
    Emphasis(Vec<Inline>),
    /// `~~…~~`
    Strike(Vec<Inline>),
    /// Subscript, `<sub>…</sub>`.
    Subscript(Vec<Inline>),
    /// Superscript, `<sup>…</sup>`.
    Superscript(Vec<Inline>),
    /// Code span.
    Code(String),
    /// Link. Without content its target is shown.
    Link { target: String, content: Vec<Inline> },
    /// Image.
    Image { source: String, alt: String },
    /// Reference to a [`Block::Footnote`].
    FootnoteReference(String),
    /// Mathematics in TeX notation; `display` for a formula on its own line.
    Math { tex: String, display: bool },
    /// Forced line break.
    Break,
}
