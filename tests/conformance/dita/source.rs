//! An independent parser of DITA sources for counting words. It shares no code with the converter.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// An element with its text in document order.
#[derive(Debug, Clone, Default)]
pub struct Element {
    pub name: String,
    pub attributes: HashMap<String, String>,
    pub children: Vec<Child>,
}

#[derive(Debug, Clone)]
pub enum Child {
    Element(Element),
    Text(String),
    /// A processing instruction.
    Instruction(String),
}

/// Element types whose text is invisible in the published topic.
const HIDDEN: [&str; 30] = [
    "prolog",
    "titlealts",
    "titlealt",
    "navtitle",
    "searchtitle",
    "linktitle",
    "data",
    "data-about",
    "sort-as",
    "indexterm",
    "index-base",
    "index-see",
    "index-see-also",
    "index-sort-as",
    "draft-comment",
    "required-cleanup",
    "foreign",
    "unknown",
    "param",
    "topicmeta",
    "glossPartOfSpeech",
    "glossStatus",
    "mathmlref",
    "svgref",
    "glossProperty",
    "synnote",
    "coords",
    "shape",
    "glossAlternateFor",
    "change-historylist",
];

/// Element types that may be inside a word.
const INLINE: [&str; 41] = [
    "rb",
    "rt",
    "rp",
    "rtc",
    "ph",
    "b",
    "i",
    "u",
    "tt",
    "sup",
    "sub",
    "em",
    "strong",
    "line-through",
    "overline",
    "codeph",
    "keyword",
    "term",
    "tm",
    "xref",
    "cite",
    "q",
    "text",
    "uicontrol",
    "wintitle",
    "cmdname",
    "varname",
    "filepath",
    "userinput",
    "systemoutput",
    "option",
    "parmname",
    "apiname",
    "msgph",
    "msgnum",
    "xmlelement",
    "xmlatt",
    "xmlnsname",
    "synph",
    "markupname",
    "abbreviated-form",
];

/// A letter that does not occur in any corpus. It replaces unknown words.
const UNKNOWN: char = '\u{a66e}';

impl Element {
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Returns the element types. Without a class, it is the name of the element.
    fn types(&self) -> Vec<&str> {
        let class = self.attr("class").unwrap_or_default();
        let mut types: Vec<&str> = class.split_whitespace().filter_map(|part| Some(part.split_once('/')?.1)).collect();
        if types.is_empty() {
            types.push(&self.name);
        }
        types
    }

    pub fn is(&self, name: &str) -> bool {
        self.types().contains(&name)
    }

    /// Returns whether the element is the root of a map.
    pub fn is_map(&self) -> bool {
        self.name.ends_with("map") || self.name == "subjectScheme"
    }

    /// Returns whether the element is the root of a file with topics.
    pub fn is_topic(&self) -> bool {
        self.name == "dita" || (self.attr("id").is_some() && self.child("title").or(self.child("glossterm")).is_some())
    }

    /// Returns the first child with this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|child| child.name == name)
    }

    pub fn is_hidden(&self) -> bool {
        HIDDEN.iter().any(|hidden| self.is(hidden))
    }

    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|child| match child {
            Child::Element(element) => Some(element),
            Child::Text(_) | Child::Instruction(_) => None,
        })
    }

    pub fn find(&self, test: &dyn Fn(&Element) -> bool) -> Option<&Element> {
        if test(self) { Some(self) } else { self.elements().find_map(|child| child.find(test)) }
    }

    /// Returns whether the element may be inside a word.
    pub fn is_inline(&self) -> bool {
        INLINE.contains(&self.name.as_str())
    }

    /// Whether it is a figure that contains only images and a title.
    fn is_image_figure(&self) -> bool {
        let mut inside = self.elements().filter(|child| child.name != "title").peekable();
        self.name == "fig" && inside.peek().is_some() && inside.all(|child| child.name == "image")
    }

    pub fn is_blank(&self) -> bool {
        self.children.iter().all(|child| match child {
            Child::Text(text) => text.trim().is_empty(),
            Child::Element(_) => false,
            Child::Instruction(_) => true,
        })
    }
}

/// Parses a file. Returns `None` if it is not XML.
pub fn parse(path: &Path) -> Option<Element> {
    let text = std::fs::read_to_string(path).ok()?;
    let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) => open.push(element(&tag)),
            Event::Empty(tag) => open.last_mut()?.children.push(Child::Element(element(&tag))),
            Event::End(_) => {
                let closed = open.pop()?;
                open.last_mut()?.children.push(Child::Element(closed));
            }
            Event::Text(text) => open.last_mut()?.children.push(Child::Text(text.xml10_content().into_owned())),
            Event::CData(text) => open.last_mut()?.children.push(Child::Text(text.xml10_content().into_owned())),
            Event::GeneralRef(name) => {
                let text = match name.resolve_char_ref() {
                    Ok(Some(character)) => character.to_string(),
                    _ => quick_xml::escape::resolve_html5_entity(&name).unwrap_or(" ").to_owned(),
                };
                open.last_mut()?.children.push(Child::Text(text));
            }
            Event::PI(text) => open.last_mut()?.children.push(Child::Instruction(text.trim().to_owned())),
            Event::Eof => break,
            _ => {}
        }
    }
    open.pop()?.elements().next().cloned()
}

fn element(tag: &BytesStart<'_>) -> Element {
    let attributes = tag.attributes().flatten();
    let attributes = attributes.map(|attribute| {
        let value = quick_xml::escape::unescape(&attribute.value).map(std::borrow::Cow::into_owned).unwrap_or_default();
        (attribute.key.into_inner().to_owned(), value)
    });
    Element { name: tag.name().into_inner().to_owned(), attributes: attributes.collect(), children: Vec::new() }
}

/// Returns the words, which are sequences of letters and digits.
pub fn words(text: &str) -> Vec<String> {
    let invisible = |c: char| matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}');
    let text: String = text.chars().filter(|c| !invisible(*c)).collect();
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(ToOwned::to_owned).collect()
}

/// The topics and keys of a corpus, with a simple resolution of references.
pub struct Sources {
    pub files: HashMap<PathBuf, Element>,
    /// The first definition of each key, for each folder with a set of maps.
    keys: HashMap<(PathBuf, String), (PathBuf, Element)>,
    sets: Vec<PathBuf>,
}

impl Sources {
    /// Reads all files in `sets`. Each set has its own keys.
    pub fn read(sets: &[PathBuf]) -> Self {
        let mut sources = Self { files: HashMap::new(), keys: HashMap::new(), sets: sets.to_vec() };
        for set in sets {
            let mut paths = Vec::new();
            super::files_below(set, &mut paths);
            paths.sort();
            for path in paths {
                let Some(root) = parse(&path) else { continue };
                if root.is_map() {
                    sources.define(set, &path, &root);
                }
                sources.files.insert(path, root);
            }
        }
        sources
    }

    fn define(&mut self, set: &Path, path: &Path, element: &Element) {
        for key in element.attr("keys").unwrap_or_default().split_whitespace() {
            let definition = (path.to_owned(), element.clone());
            self.keys.entry((set.to_owned(), key.to_owned())).or_insert(definition);
        }
        for child in element.elements() {
            self.define(set, path, child);
        }
    }

    fn key(&self, from: &Path, key: &str) -> Option<&(PathBuf, Element)> {
        let set = self.sets.iter().find(|set| from.starts_with(set))?;
        self.keys.get(&(set.clone(), key.to_owned()))
    }

    /// The words that a reader of the topic sees, as far as the sources themselves say, in the order of the published page: footnotes
    /// come last.
    pub fn words(&self, path: &Path, element: &Element) -> Vec<String> {
        let mut text = String::new();
        self.text(path, element, &mut text);
        words(&text).into_iter().filter(|word| !word.contains(UNKNOWN)).collect()
    }

    /// The text that [`Sources::words`] counts the words of.
    pub fn text(&self, path: &Path, element: &Element, into: &mut String) {
        let mut footnotes = String::new();
        self.visible(path, element, 0, into, &mut footnotes);
        into.push(' ');
        into.push_str(&footnotes);
    }

    fn visible(&self, path: &Path, element: &Element, depth: usize, into: &mut String, footnotes: &mut String) {
        if element.is_hidden() || element.attr("conaction").is_some() || depth > 100 {
            return;
        }
        let reference = element.attr("conref").map(|conref| (path.to_owned(), conref.to_owned()));
        let by_key = element.attr("conkeyref").and_then(|conkeyref| {
            let (key, id) = conkeyref.split_once('/')?;
            let (map, definition) = self.key(path, key)?;
            let href = definition.attr("href")?.split('#').next()?.to_owned();
            Some((map.clone(), format!("{href}#/{id}")))
        });
        if let Some((base, reference)) = by_key.or(reference) {
            if let Some((path, target)) = self.target(&base, &reference) {
                self.visible(&path, target, depth + 1, into, footnotes);
                for sibling in self.range(&path, target, element.attr("conrefend")) {
                    self.visible(&path, sibling, depth + 1, into, footnotes);
                }
            }
            return;
        }
        // The maps that define its key are not part of the set: a word that it begins or ends is not known.
        if element.attr("conkeyref").is_some() && element.is_inline() {
            into.push(UNKNOWN);
            return;
        }
        if element.is_blank() {
            if let Some(key) = element.attr("keyref") {
                self.key_words(path, key, into, footnotes);
            }
            return;
        }
        if element.name == "fn" {
            for child in &element.children {
                match child {
                    Child::Text(text) => footnotes.push_str(text),
                    Child::Element(child) => self.visible(path, child, depth + 1, footnotes, &mut String::new()),
                    Child::Instruction(_) => {}
                }
            }
            footnotes.push(' ');
            return;
        }
        let inline = element.is_inline();
        if !inline {
            into.push(' ');
        }
        let mut children: Vec<&Child> = element.children.iter().collect();
        if element.is_image_figure() {
            // Its title is a caption below the image.
            let is_title = |child: &&Child| matches!(child, Child::Element(child) if child.name == "title");
            children.sort_by_key(is_title);
        }
        if let Some(order) = record_order(element) {
            for cell in order {
                self.visible(path, cell, depth + 1, into, footnotes);
            }
            return;
        }
        for child in children {
            match child {
                Child::Text(text) => into.push_str(text),
                Child::Element(child) => self.visible(path, child, depth + 1, into, footnotes),
                Child::Instruction(_) => {}
            }
        }
        if !inline {
            into.push(' ');
        }
    }

    fn target(&self, base: &Path, reference: &str) -> Option<(PathBuf, &Element)> {
        let (file, fragment) = reference.split_once('#')?;
        let path = if file.is_empty() { base.to_owned() } else { normal(&base.parent()?.join(file)) };
        let id = fragment.rsplit('/').next()?.to_owned();
        let target = self.files.get(&path)?.find(&|element| element.attr("id") == Some(id.as_str()))?;
        Some((path, target))
    }

    /// Returns the siblings after an element, up to the element in `conrefend`.
    fn range(&self, path: &Path, first: &Element, end: Option<&str>) -> Vec<&Element> {
        let Some(end) = end.and_then(|end| end.rsplit(['/', '#']).next()) else { return Vec::new() };
        let is_parent = |parent: &Element| parent.elements().any(|child| std::ptr::eq(child, first));
        let parent = self.files.get(path).and_then(|root| root.find(&is_parent));
        let after = parent.into_iter().flat_map(Element::elements).skip_while(|child| !std::ptr::eq(*child, first));
        let siblings: Vec<&Element> = after.skip(1).collect();
        let last = siblings.iter().position(|sibling| sibling.attr("id") == Some(end));
        siblings.into_iter().take(last.map_or(0, |last| last + 1)).collect()
    }

    fn key_words(&self, from: &Path, key: &str, into: &mut String, footnotes: &mut String) {
        let Some((map, definition)) = self.key(from, key) else { return };
        let Some(meta) = definition.elements().find(|child| child.is("topicmeta")) else { return };
        let keywords = meta.elements().find(|child| child.is("keywords"));
        let text = keywords.and_then(|keywords| keywords.elements().next());
        if let Some(text) = text.or_else(|| meta.elements().find(|child| child.is("linktext"))) {
            self.visible(map, text, 1, into, footnotes);
        }
    }
}

/// Returns a path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                parts.pop();
            }
            std::path::Component::CurDir => {}
            part => parts.push(part),
        }
    }
    parts
}

/// Returns the cells of a table whose rows become records, in which each column is named before its value. This happens if a cell
/// contains a table, or two kinds of blocks other than text, because such a table has no form in Markdown.
fn record_order(group: &Element) -> Option<Vec<&Element>> {
    if group.name != "tgroup" {
        return None;
    }
    let rows = |part: &str| -> Vec<&Element> {
        group.child(part).into_iter().flat_map(Element::elements).filter(|row| row.name == "row").collect()
    };
    let (head, body) = (rows("thead"), rows("tbody"));
    let [header] = head.as_slice() else { return None };
    let needs_records = body.iter().flat_map(|row| row.elements()).any(|cell| {
        let mut kinds = std::collections::BTreeSet::new();
        add_kinds(cell, &mut kinds);
        kinds.len() > 1 || kinds.contains("table")
    });
    let first = body.first().filter(|_| needs_records)?;
    let (names, values): (Vec<&Element>, Vec<&Element>) = (header.elements().collect(), first.elements().collect());
    let cells = (0..names.len().max(values.len())).flat_map(|at| [names.get(at), values.get(at)]);
    Some(cells.flatten().copied().chain(body.iter().skip(1).copied()).collect())
}

fn add_kinds(element: &Element, kinds: &mut std::collections::BTreeSet<&'static str>) {
    for child in element.elements() {
        match child.name.as_str() {
            "ul" | "ol" | "sl" | "dl" | "parml" => kinds.insert("list"),
            "codeblock" | "pre" | "screen" | "msgblock" => kinds.insert("code"),
            "note" | "hazardstatement" => kinds.insert("note"),
            "lq" => kinds.insert("quote"),
            "table" | "simpletable" => kinds.insert("table"),
            _ => {
                add_kinds(child, kinds);
                continue;
            }
        };
    }
}
