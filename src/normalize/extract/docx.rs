//! Extracts the text of word processor documents.

use std::collections::HashMap;

use super::super::text::Losses;
use super::super::tree::Block;
use super::body::{self, Style};
use super::office::{Package, attribute, each_tag, is_on, local};

/// Returns the text of a `.docx` with its footnotes and endnotes at the end.
pub(super) fn blocks(bytes: Vec<u8>, losses: &mut Losses) -> Result<Vec<Block>, String> {
    let mut package = Package::open(bytes)?;
    let main = package.main("word/document.xml")?;
    let relations = package.relations(&main)?;
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let part = |kind: &str| {
        let related = relations.of_kind(kind).next().map(|(_, target)| target.to_owned());
        related.unwrap_or_else(|| format!("{folder}/{kind}.xml"))
    };
    let styles = package.part(&part("styles"))?.map(|source| styles(&source)).transpose()?.unwrap_or_default();
    let styles = if styles.is_empty() { usual_styles() } else { styles };
    let blocks = body::part(&mut package, &main, &styles, losses)?;
    let mut blocks = blocks.ok_or_else(|| format!("it does not contain {main}"))?;
    for notes in ["footnotes", "endnotes"] {
        blocks.extend(body::part(&mut package, &part(notes), &styles, losses)?.unwrap_or_default());
    }
    Ok(blocks)
}

/// Reads which styles are headings or list items, or hide their text. The ids of styles depend on the author's language, but
/// their names do not.
fn styles(source: &str) -> Result<HashMap<String, Style>, String> {
    let mut styles = HashMap::new();
    let mut id = String::new();
    each_tag(source, |tag| {
        let value = || attribute(tag, "val");
        let entry: &mut Style = styles.entry(id.clone()).or_default();
        match local(tag.name().as_ref()) {
            "style" => id = attribute(tag, "styleId").unwrap_or_default(),
            "name" => {
                let name = value().unwrap_or_default().to_lowercase();
                let level = name.strip_prefix("heading ").and_then(|level| level.parse().ok());
                entry.heading = if name == "title" { Some(1) } else { level };
                entry.is_item = name.starts_with("list ") && name != "list paragraph";
            }
            "outlineLvl" => {
                let level = value().and_then(|level| level.parse::<u8>().ok()).filter(|level| *level < 9);
                entry.heading = entry.heading.or(level.map(|level| level + 1));
            }
            "vanish" => entry.is_hidden = is_on(value().as_deref()),
            _ => {}
        }
    })?;
    styles.remove("");
    Ok(styles)
}

/// The ids in English documents.
fn usual_styles() -> HashMap<String, Style> {
    let heading = |level| Style { heading: Some(level), ..Style::default() };
    let headings = (1..=9).map(|level| (format!("Heading{level}"), heading(level)));
    headings.chain([("Title".to_owned(), heading(1))]).collect()
}
