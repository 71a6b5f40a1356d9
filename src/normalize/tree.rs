//! The document tree.
//! All readers (DITA, Confluence storage, ADF, wiki markup) build it, and one writer converts it to Markdown.

/// A block of a document.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "a variant's line explains its fields")]
pub enum Block {
    /// Heading. The writer limits `level` to 1..=6.
    Heading { level: u8, content: Vec<Inline> },
    /// Paragraph.
    Paragraph(Vec<Inline>),
    /// Bulleted, numbered or task list.
    List(List),
    /// Code block. The text is unchanged, and `language` is empty if it is unknown.
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
    /// Text that is already Markdown, such as the body of a Markdown macro.
    Markdown(String),
    /// Consecutive blocks without a container.
    Group(Vec<Block>),
}

/// A list. `start` is the first number if the list is `ordered`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct List {
    /// Whether the items are numbered.
    pub ordered: bool,
    /// The number of the first item in an ordered list.
    pub start: u64,
    /// The items, in order.
    pub items: Vec<ListItem>,
}

/// An item of a list. `checked` is set for tasks.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ListItem {
    /// `Some(true)` for `- [x]`, `Some(false)` for `- [ ]`.
    pub checked: Option<bool>,
    /// The content, in order.
    pub content: Vec<Block>,
}

/// A table from the source. Its spans are not expanded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The caption. It is printed in bold before the table.
    pub caption: Vec<Inline>,
    /// The number of header rows at the top.
    pub header_rows: usize,
    /// The rows, in order.
    pub rows: Vec<Vec<Cell>>,
}

/// A table cell. A plain cell has spans of 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// The number of columns that the cell spans, at least 1.
    pub colspan: usize,
    /// The number of rows that the cell spans, at least 1.
    pub rowspan: usize,
    /// Whether the cell is the heading of a row or column. Outside header rows, it is printed in bold.
    pub header: bool,
    /// The content, in order.
    pub content: Vec<Block>,
}

impl Default for Cell {
    fn default() -> Self {
        Self { colspan: 1, rowspan: 1, header: false, content: Vec::new() }
    }
}

/// Inline content.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs, reason = "a variant's line explains its fields")]
pub enum Inline {
    /// Plain text. The writer escapes it.
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
    /// Link. Without content, its target is the text.
    Link { target: String, content: Vec<Inline> },
    /// Image.
    Image { source: String, alt: String },
    /// Reference to a [`Block::Footnote`].
    FootnoteReference(String),
    /// Formula in TeX notation. `display` is true for a formula on its own line.
    Math { tex: String, display: bool },
    /// Forced line break.
    Break,
}
