//! Extracts the text of word processor documents.

use std::collections::HashMap;

use super::super::tree::Block;
use super::office::{Package, Style, attribute, each_tag, local, read};

/// Returns the text of a `.docx` with its footnotes and endnotes at the end.
pub(super) fn blocks(bytes: Vec<u8>) -> Result<Vec<Block>, String> {
    let mut package = Package::open(bytes)?;
    let Some(body) = package.part("word/document.xml")? else {
        return Err("it does not contain word/document.xml".to_owned());
    };
    let styles = package.part("word/styles.xml")?.map(|source| styles(&source)).transpose()?.unwrap_or_default();
    let styles = if styles.is_empty() { usual_styles() } else { styles };
    let mut blocks = read(&body, &styles)?;
    for notes in ["word/footnotes.xml", "word/endnotes.xml"] {
        if let Some(part) = package.part(notes)? {
            blocks.extend(read(&part, &styles)?);
        }
    }
    Ok(blocks)
}

/// Reads which styles are headings or list items. The ids of styles depend on the author's language, but their names do not.
fn styles(source: &str) -> Result<HashMap<String, Style>, String> {
    let mut styles = HashMap::new();
    let mut id = String::new();
    each_tag(source, |tag| match local(tag.name().as_ref()) {
        "style" => id = attribute(tag, "styleId").unwrap_or_default(),
        "name" => {
            let name = attribute(tag, "val").unwrap_or_default().to_lowercase();
            let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
            let entry: &mut Style = styles.entry(id.clone()).or_default();
            entry.heading = if name == "title" { Some(1) } else { level };
            entry.is_item = name.starts_with("list ") && name != "list paragraph";
        }
        "outlineLvl" => {
            let level = attribute(tag, "val").and_then(|level| level.parse::<u8>().ok()).filter(|level| *level < 9);
            let entry: &mut Style = styles.entry(id.clone()).or_default();
            entry.heading = entry.heading.or(level.map(|level| level + 1));
        }
        _ => {}
    })?;
    Ok(styles)
}

/// The ids in English documents.
fn usual_styles() -> HashMap<String, Style> {
    let heading = |level| Style { heading: Some(level), is_item: false };
    let headings = (1..=9).map(|level| (format!("Heading{level}"), heading(level)));
    headings.chain([("Title".to_owned(), heading(1))]).collect()
}
