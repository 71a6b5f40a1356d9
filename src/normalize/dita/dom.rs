//! The XML tree of the DITA reader.

/// The index of a file in the inputs. Relative addresses in an element are relative to the file that contains it.
pub(super) type FileId = u32;

/// A child of an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

/// An element. Its attributes are in document order.
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

    /// Returns the value of an attribute unless it is missing or empty.
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

    pub fn elements_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().filter_map(|child| match child {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// Returns the child elements of a type and its specializations.
    pub fn children_of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.elements().filter(move |child| child.is(name))
    }

    pub fn child(&self, name: &str) -> Option<&Element> {
        self.elements().find(|child| child.is(name))
    }

    /// Returns the first element in document order for which `test` holds. It may be this element.
    pub fn find(&self, test: &impl Fn(&Element) -> bool) -> Option<&Element> {
        if test(self) {
            return Some(self);
        }
        self.elements().find_map(|child| child.find(test))
    }

    /// Calls `visit` for this element and all its descendants in document order.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Element)) {
        visit(self);
        for child in self.elements() {
            child.walk(visit);
        }
    }

    /// Returns whether the element is a `name` or a specialization of it, according to `@class` or otherwise to its name.
    pub fn is(&self, name: &str) -> bool {
        self.name == name || self.types().any(|part| part == name)
    }

    /// Returns the element types in `@class`, the most specialized type first.
    pub fn types(&self) -> impl Iterator<Item = &str> {
        self.classes().map(|(_, name)| name)
    }

    /// Returns the modules and element types in `@class`, the most specialized type first.
    pub fn classes(&self) -> impl Iterator<Item = (&str, &str)> {
        let class = self.attr("class").filter(|class| class.starts_with(['-', '+'])).unwrap_or_default();
        class.split_ascii_whitespace().rev().filter_map(|token| token.split_once('/'))
    }

    /// Returns all text in the element, unchanged.
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

    /// Returns whether the element contains only whitespace.
    pub fn is_blank(&self) -> bool {
        self.children.iter().all(|child| matches!(child, Node::Text(text) if text.trim().is_empty()))
    }

    /// Releases unused memory, and returns the number of bytes that the element and its content occupy.
    pub fn shrink(&mut self) -> usize {
        self.attributes.shrink_to_fit();
        self.children.shrink_to_fit();
        let attributes = self.attributes.iter().map(|(name, value)| name.capacity() + value.capacity());
        let own = self.name.capacity() + self.attributes.capacity() * size_of::<(String, String)>();
        let children = self.children.iter_mut().map(|child| match child {
            Node::Element(child) => child.shrink(),
            Node::Text(text) => {
                text.shrink_to_fit();
                text.capacity()
            }
        });
        own + attributes.sum::<usize>() + children.sum::<usize>() + self.children.capacity() * size_of::<Node>()
    }

    /// Returns the number of elements, including this element.
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

/// Replaces all whitespace with single spaces and trims the text.
pub(super) fn collapse(text: &str) -> String {
    text.split([' ', '\t', '\n', '\r', '\u{a0}']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}
