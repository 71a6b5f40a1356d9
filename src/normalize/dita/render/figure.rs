//! Renders figures, images, media, and text from other files.

use super::super::dom::{Element, Node, collapse};
use super::super::href;
use super::super::include;
use super::super::vocabulary::Kind;
use super::link::is_blank;
use super::plain::{plain_text, push_element};
use super::{Renderer, flush, list, without};
use crate::normalize::document::{Link, NOT_IN_INPUT};
use crate::normalize::text::count;
use crate::normalize::tree::{Block, Inline, ListItem};

impl Renderer<'_, '_> {
    /// Renders a figure. The title is above the figure, or below it if the figure is only an image.
    pub(super) fn figure(&mut self, figure: &Element, out: &mut Vec<Block>) {
        let title = figure.elements().find(|child| Kind::of(child) == Kind::Title);
        let caption = title.map(|title| self.inlines(&title.children)).unwrap_or_default();
        let mut blocks = self.blocks(&without(figure, title));
        let is_image = |block: &Block| matches!(block, Block::Paragraph(content) if is_only_image(content));
        if is_blank(&caption) {
            out.append(&mut blocks);
        } else if blocks.iter().all(is_image) && !blocks.is_empty() {
            out.append(&mut blocks);
            out.push(Block::Paragraph(vec![Inline::Emphasis(caption)]));
        } else {
            out.push(Block::Paragraph(vec![Inline::Strong(caption)]));
            out.append(&mut blocks);
        }
    }

    pub(super) fn image(&mut self, image: &Element, run: &mut Vec<Inline>) {
        let alternative = image.child("alt").map(|alt| collapse(&plain_text(alt))).filter(|text| !text.is_empty());
        let own = || {
            let children = without(image, image.child("longdescref"));
            Some(collapse(&plain_text(&Element { children, ..image.clone() }))).filter(|text| !text.is_empty())
        };
        let alternative = alternative.or_else(own).or_else(|| image.attr("alt").map(collapse));
        let source = self.source(image, "href");
        let Some(source) = source else {
            count(&mut self.losses, "image:without-address");
            run.extend(alternative.map(Inline::Text));
            return;
        };
        // The file name of an image is not used as its text.
        run.push(Inline::Image { alt: alternative.unwrap_or_default(), source });
        if let Some(long) = image.child("longdescref").filter(|long| long.attr("href").is_some()) {
            self.long_description(long, run);
        }
    }

    /// Adds a link to the description of an image. If the link has no text, the title of the target topic is used. If there is
    /// no title either, the link is omitted and counted.
    fn long_description(&mut self, long: &Element, run: &mut Vec<Inline>) {
        if long.is_blank() && self.target(long).is_none_or(|target| target.link.target_id.is_none()) {
            count(&mut self.losses, "image:description");
            return;
        }
        run.push(Inline::Text(" ".to_owned()));
        self.cross_reference(long, run);
    }

    /// Renders an image map as an image and a list of links.
    pub(super) fn image_map(&mut self, map: &Element, out: &mut Vec<Block>) {
        let mut items = Vec::new();
        let mut run = Vec::new();
        for child in map.elements() {
            if child.is("area") {
                let mut link = Vec::new();
                if let Some(xref) = child.child("xref") {
                    self.cross_reference(xref, &mut link);
                }
                if !is_blank(&link) {
                    items.push(ListItem { checked: None, content: vec![Block::Paragraph(link)] });
                }
            } else {
                self.inline(child, Kind::of(child), &mut run);
            }
        }
        flush(&mut run, out);
        if !items.is_empty() {
            out.push(list::bullets(items));
        }
    }

    /// Renders audio, video and other objects: a link to the file, and then the description in the topic or the fallback.
    pub(super) fn media(&mut self, media: &Element, out: &mut Vec<Block>) {
        let before = out.len();
        let mut run = Vec::new();
        let title = media.elements().find(|child| Kind::of(child) == Kind::Title);
        self.media_link(media, title, &mut run);
        flush(&mut run, out);
        out.append(&mut self.blocks(&without(media, title)));
        if out.len() == before {
            for fallback in media.children_of("fallback") {
                out.append(&mut self.blocks(&fallback.children));
            }
        }
    }

    /// Adds a link to an audio or video file. The text is the title, the file name or the kind of media, in order of preference.
    /// Returns false if there is no address.
    pub(super) fn media_link(&mut self, media: &Element, title: Option<&Element>, run: &mut Vec<Inline>) -> bool {
        let attributes = ["href", "data", "src"];
        let own = attributes.iter().find_map(|name| self.source(media, name));
        let inner = |this: &mut Self| {
            let source =
                media.find(&|e| e.is("media-source") || e.name == "source" || e.attr("name") == Some("movie"))?;
            attributes.iter().chain(&["value"]).find_map(|name| this.source(source, name))
        };
        let Some(target) = own.or_else(|| inner(self)) else {
            count(&mut self.losses, "object:without-address");
            return false;
        };
        let mut content = title.map(|title| self.inlines(&title.children)).unwrap_or_default();
        if is_blank(&content) {
            let name = target.rsplit('/').next().unwrap_or(&target);
            let name = name.split(['?', '#']).next().unwrap_or(name);
            let is_video = media.is("video") || media.attr("outputclass").is_some_and(|class| class.contains("video"));
            // The last part of a web address is often an id.
            let name = match name.rsplit_once('.') {
                Some((stem, _)) if !stem.is_empty() => name,
                _ if is_video => "Video",
                _ if media.is("audio") => "Audio",
                _ => "Object",
            };
            content = vec![Inline::Text(name.to_owned())];
        }
        run.push(Inline::Link { target, content });
        true
    }

    /// Returns the text of a code block without markup. Included files are inserted.
    pub(super) fn code_text(&mut self, code: &Element) -> String {
        let mut text = String::new();
        for child in &code.children {
            match child {
                Node::Text(written) => text.push_str(written),
                Node::Element(child) if Kind::of(child) == Kind::Include => text.push_str(&self.included(child)),
                Node::Element(child) if child.find(&|e| Kind::of(e) == Kind::Include).is_some() => {
                    text.push_str(&self.code_text(child));
                }
                Node::Element(child) => push_element(child, &mut text),
            }
        }
        text
    }

    /// Returns the text of another file. For a file in XML, it is the text of its elements.
    /// If the file is missing, returns the fallback of the reference or a stub.
    pub(super) fn included(&mut self, reference: &Element) -> String {
        let Some(address) = reference.attr("href") else { return plain_text(reference) };
        let library = self.resolver.library;
        let (path, fragment) = address.split_once('#').unwrap_or((address, ""));
        let parse = reference.attr("parse").filter(|_| !reference.is("coderef")).unwrap_or("text");
        let file = library.local_file(reference, &href::split(path).path);
        let file = file.filter(|_| !href::is_absolute(address));
        let text = file.and_then(|file| match parse {
            "text" => {
                let bytes = library.inputs.bytes(file).ok()?;
                let text = include::decode(&bytes, reference.attr("encoding"), reference.attr("format"));
                include::lines(&text, fragment)
            }
            "xml" => {
                let tree = self.resolver.tree(file)?;
                let has_id = |element: &Element| fragment.is_empty() || element.attr("id") == Some(fragment);
                tree.find(&has_id).map(plain_text)
            }
            _ => None,
        });
        text.unwrap_or_else(|| {
            count(&mut self.losses, if parse == "text" { "coderef:missing" } else { "include:missing" });
            self.links.push(Link::to_nothing(address, NOT_IN_INPUT));
            match reference.child("fallback") {
                Some(fallback) => plain_text(fallback),
                None if !reference.is_blank() => plain_text(reference),
                None => format!("[missing: {address}]"),
            }
        })
    }
}

fn is_only_image(content: &[Inline]) -> bool {
    content.iter().any(|inline| matches!(inline, Inline::Image { .. }))
        && content.iter().all(|inline| matches!(inline, Inline::Image { .. }) || is_blank(std::slice::from_ref(inline)))
}
