//! Parses Markdown with an independent parser.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

fn parser(markdown: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH;
    Parser::new_ext(markdown, options)
}

/// Returns the texts of all code blocks in order, without their last line break.
pub fn code_blocks(markdown: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for event in parser(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => open = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => {
                blocks.extend(open.take().map(|text| text.trim_end_matches('\n').to_owned()));
            }
            Event::Text(text) => {
                if let Some(open) = open.as_mut() {
                    open.push_str(&text);
                }
            }
            _ => {}
        }
    }
    blocks
}

/// Returns all visible text, and the targets of links and images. Blocks are separated, and spaces are unchanged.
pub fn visible_text(markdown: &str) -> String {
    let mut out = String::new();
    for event in parser(markdown) {
        match event {
            Event::Text(text) | Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                out.push_str(&text);
            }
            Event::SoftBreak | Event::HardBreak | Event::Rule | Event::InlineHtml(_) => {
                // `<sub>` and similar tags may be inside a word. `<br>` separates words.
                let inside = matches!(&event, Event::InlineHtml(html) if !html.starts_with("<br"));
                if !inside {
                    out.push(' ');
                }
            }
            Event::Html(html) => out.push_str(&html),
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough | TagEnd::Link) => {}
            Event::Start(Tag::Item | Tag::List(_)) | Event::End(_) => out.push('\n'),
            _ => {}
        }
    }
    out
}

/// Returns errors in the structure: HTML blocks, and tables whose rows have different numbers of cells.
pub fn faults(markdown: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let mut table_at = None;
    for (event, range) in parser(markdown).into_offset_iter() {
        match event {
            Event::Html(html) => faults.push(format!("an HTML block: {html}")),
            Event::Start(Tag::Table(columns)) => table_at = Some((columns.len(), range)),
            Event::End(TagEnd::Table) => {
                if let Some((columns, range)) = table_at.take() {
                    let rows = markdown.get(range).unwrap_or_default().lines();
                    // In a quotation or a list, lines begin with its markers.
                    let rows = rows.filter_map(|row| row.find('|').and_then(|at| row.get(at..)));
                    faults.extend(
                        rows.filter(|row| cells(row) != columns).map(|row| format!("{columns} columns: {row}")),
                    );
                }
            }
            _ => {}
        }
    }
    faults
}

/// Returns the number of cells in a row of a pipe table.
fn cells(row: &str) -> usize {
    row.trim_end().replace("\\|", "").matches('|').count().saturating_sub(1)
}

/// Returns the events without differences in style. Two texts with the same events have the same meaning.
pub fn structure(markdown: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for event in parser(markdown) {
        let text = match event {
            Event::Text(text) => text.to_string(),
            Event::InlineHtml(html) => format!("<{}>", html.replace([' ', '/', '<', '>'], "")),
            Event::Start(Tag::List(start)) => format!("<list {start:?}>"),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                let language = info.split_whitespace().next().unwrap_or_default().to_lowercase();
                format!("<code {}>", if language == "sh" { "bash" } else { &language })
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => "<code >".to_owned(),
            // Alignment affects only the appearance, and a link in angle brackets is a link.
            Event::Start(Tag::Table(columns)) => format!("<table {}>", columns.len()),
            Event::Start(Tag::Link { dest_url, .. }) => format!("<link {dest_url}>"),
            Event::Start(Tag::Image { dest_url, .. }) => format!("<image {dest_url}>"),
            // Tight and loose lists differ only in paragraphs.
            Event::SoftBreak | Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph) => " ".to_owned(),
            other => format!("<{other:?}>"),
        };
        match out.last_mut() {
            Some(last) if !last.starts_with('<') && !text.starts_with('<') => last.push_str(&text),
            _ => out.push(text),
        }
    }
    out.iter()
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|text| !text.is_empty())
        .collect()
}
