//! The small XML tree that the DITA steps read and rewrite.

/// Index of a file in the inputs: relative addresses in an element are relative to the file it was written in.
pub(super) type FileId = u32;

/// A child of an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// An element with its attributes in document order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Node>,
    pub file: FileId,
    pub line: u64,
}

impl Element {
    pub fn new(name: &str, file: FileId, line: u64) -> Self {
        Self { name: name.to_owned(), file, line, ..Self::default() }
    }

    /// Value of an attribute; an empty value counts as absent.
    pub fn attr(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    pub fn set_attr(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => value.clone_into(old),
            None => self.attributes.push((name.to_owned(), value.to_owned())),
        }
    }

    pub fn remove_attr(&mut self, name: &str) {
        self.attributes.retain(|(key, _)| key != name);
    }

    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(Node::element)
    }

    /// Child elements of one type, specializations included.
    pub fn children_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |child| child.is(name))
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|child| child.is(name))
    }

    /// The first element, itself included, for which `test` holds, in document order.
    pub fn find(&self, test: &impl Fn(&Element) -> bool) -> Option<&Element> {
        if test(self) {
            return Some(self);
        }
        self.elements().find_map(|child| child.find(test))
    }

    /// Calls `visit` for itself and every element below, in document order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Element)) {
        visit(self);
        for child in self.elements() {
            child.walk(visit);
        }
    }

    /// Whether it is a `name` or specialized from one: by `@class` where there is one, else by its own name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.types().any(|part| part == name)
    }

    /// Element types named in `@class`, most special first.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        let class = self.attr("class").filter(|class| class.starts_with(['-', '+'])).unwrap_or_default();
        class.split_ascii_whitespace().rev().filter_map(|token| token.split_once('/').map(|(_, name)| name))
    }

    /// All text below, as written.
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.push_text(&mut text);
        text
    }

    fn push_text(&self, into: &mut String) {
        for child in &self.children {
            match child {
                Node::Text(text) => into.push_str(text),
                Node::Element(element) => element.push_text(into),
            }
        }
    }

    /// Whether nothing but blank space is inside.
    pub fn is_blank(&self) -> bool {
        self.children.iter().all(|child| matches!(child, Node::Text(text) if text.trim().is_empty()))
    }

    /// Number of elements, itself included.
    pub fn size(&self) -> usize {
        1 + self.elements().map(Element::size).sum::<usize>()
    }
}

impl Node {
    pub fn element(&self) -> Option<&Element> {
        match self {
            Self::Element(element) => Some(element),
            Self::Text(_) => None,
        }
    }
}

/// Blank space collapsed to single spaces and trimmed.
pub(super) fn collapse(text: &str) -> String {
    text.split([' ', '\t', '\n', '\r', '\u{a0}']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
