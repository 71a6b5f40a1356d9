//! Extracts the text of slides.

use std::collections::HashMap;

use super::super::tree::{Block, Inline};
use super::office::{Package, each_tag, local, read};

const PRESENTATION: &str = "ppt/presentation.xml";

/// Returns the slides of a `.pptx` in order. Each has a heading, paragraphs, tables, and the speaker notes.
pub(super) fn blocks(bytes: Vec<u8>) -> Result<Vec<Block>, String> {
    let mut package = Package::open(bytes)?;
    let slides = slides(&mut package)?;
    if slides.is_empty() {
        return Err("it has no slides".to_owned());
    }
    let mut blocks = Vec::new();
    for (number, name) in slides.iter().enumerate() {
        let Some(source) = package.part(name)? else { continue };
        let mut slide = read(&source, &HashMap::new())?;
        let title = slide.iter().position(|block| matches!(block, Block::Heading { .. }));
        let title = title.map(|at| slide.remove(at));
        blocks.push(title.unwrap_or_else(|| {
            let content = vec![Inline::Text(format!("Slide {}", number + 1))];
            Block::Heading { level: 2, content }
        }));
        blocks.append(&mut slide);
        let notes = package.relations(name)?.into_values().find(|target| target.contains("/notesSlides/"));
        if let Some(source) = notes.map(|notes| package.part(&notes)).transpose()?.flatten() {
            blocks.extend(read(&source, &HashMap::new())?);
        }
    }
    Ok(blocks)
}

/// Returns the slide parts in presentation order. If the presentation does not define an order, sorts them by name.
fn slides(package: &mut Package) -> Result<Vec<String>, String> {
    let relations = package.relations(PRESENTATION)?;
    let mut ordered = Vec::new();
    if let Some(source) = package.part(PRESENTATION)? {
        each_tag(&source, |tag| {
            if local(tag.name().as_ref()) == "sldId" {
                let mut attributes = tag.attributes().flatten();
                let relation = attributes.find(|attribute| attribute.key.as_ref().ends_with(":id"));
                ordered.extend(relation.and_then(|id| relations.get(&*id.value).cloned()));
            }
        })?;
    }
    let named = package.names("ppt/slides/slide", ".xml");
    ordered.retain(|name| named.contains(name));
    Ok(if ordered.is_empty() { named } else { ordered })
}
