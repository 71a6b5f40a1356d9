//! Extracts the text of slides.

use std::collections::HashMap;

use super::super::text::{Losses, count};
use super::super::tree::{Block, Inline};
use super::body;
use super::office::{Package, attribute, each_tag, is_on, local};

/// Returns the slides of a `.pptx` in order. Each has a heading, paragraphs, tables, and the speaker notes. Omits hidden
/// slides.
pub(super) fn blocks(bytes: Vec<u8>, losses: &mut Losses) -> Result<Vec<Block>, String> {
    let mut package = Package::open(bytes)?;
    let slides = slides(&mut package)?;
    if slides.is_empty() {
        return Err("it has no slides".to_owned());
    }
    let mut blocks = Vec::new();
    for (number, name) in slides.iter().enumerate() {
        if is_hidden(&package.part(name)?.unwrap_or_default())? {
            count(losses, "slide:hidden");
            continue;
        }
        let Some(mut slide) = body::part(&mut package, name, &HashMap::new(), losses)? else { continue };
        let title = slide.iter().position(|block| matches!(block, Block::Heading { .. }));
        let title = title.map(|at| slide.remove(at));
        blocks.push(title.unwrap_or_else(|| {
            let content = vec![Inline::Text(format!("Slide {}", number + 1))];
            Block::Heading { level: 2, content }
        }));
        blocks.append(&mut slide);
        let relations = package.relations(name)?;
        if let Some((_, notes)) = relations.of_kind("notesSlide").next() {
            blocks.extend(body::part(&mut package, notes, &HashMap::new(), losses)?.unwrap_or_default());
        }
    }
    Ok(blocks)
}

/// Returns whether a slide is left out when the presentation is shown.
fn is_hidden(source: &str) -> Result<bool, String> {
    let mut is_hidden = false;
    each_tag(source, |tag| {
        if local(tag.name().as_ref()) == "sld" {
            is_hidden = !is_on(attribute(tag, "show").as_deref());
        }
    })?;
    Ok(is_hidden)
}

/// Returns the slide parts in presentation order. If the presentation does not define an order, sorts them by name.
fn slides(package: &mut Package) -> Result<Vec<String>, String> {
    let presentation = package.main("ppt/presentation.xml")?;
    let relations = package.relations(&presentation)?;
    let mut ordered = Vec::new();
    if let Some(source) = package.part(&presentation)? {
        each_tag(&source, |tag| {
            if local(tag.name().as_ref()) == "sldId" {
                let mut attributes = tag.attributes().flatten();
                let relation = attributes.find(|attribute| attribute.key.as_ref().ends_with(":id"));
                ordered.extend(relation.and_then(|id| relations.target(&id.value).map(str::to_owned)));
            }
        })?;
    }
    let named = package.names("ppt/slides/slide", ".xml");
    let all = package.names("", ".xml");
    ordered.retain(|name| all.contains(name));
    Ok(if ordered.is_empty() { named } else { ordered })
}
