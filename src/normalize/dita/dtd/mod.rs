//! Reads document type declarations: entities, and the default values of attributes.
//!
//! Declarations are read from the document and from files inside the input that it references.
//! Size and depth are limited. Nothing is read over the network.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

/// Maximum depth of nested files and parameter entities.
const MAX_DEPTH: usize = 24;
/// Maximum size of all declarations for one document after the expansion of entities, in bytes.
const MAX_BYTES: usize = 8 << 20;

/// Reads files with declarations.
pub(super) trait Files {
    /// Returns the path and the text of a file. Returns `None` if the file is outside the input or cannot be read.
    fn read(&self, base: &str, system: &str) -> Option<(String, Arc<str>)>;
}

/// Reads no files.
pub(super) struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _base: &str, _system: &str) -> Option<(String, Arc<str>)> {
        None
    }
}

/// The value of a general entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entity {
    Text(Arc<str>),
    /// A file that is not in the input.
    Unread,
}

/// The declarations of a document.
#[derive(Debug, Default, Clone)]
pub(super) struct Declarations {
    pub entities: HashMap<String, Entity>,
    /// The attributes of elements, by the name of the element.
    attributes: HashMap<String, Vec<Attribute>>,
    /// Referenced files that are not in the input.
    pub unread: Vec<String>,
    /// Whether some declarations were omitted because of the size limit.
    pub is_cut: bool,
    parameters: HashMap<String, Parameter>,
}

/// The declaration of an attribute.
#[derive(Debug, Clone)]
struct Attribute {
    name: String,
    default: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
enum Parameter {
    Text(Arc<str>),
    File { base: String, system: String },
}

impl Declarations {
    /// Reads a `<!DOCTYPE …>`: first the declarations in the document at `path`, then the referenced file.
    pub fn read(doctype: &str, path: &str, files: &dyn Files) -> Self {
        let mut reader = Reader { declared: Self::default(), files, left: MAX_BYTES };
        let (head, subset) = doctype.split_once('[').unwrap_or((doctype, ""));
        let subset = subset.rsplit_once(']').map_or(subset, |(subset, _)| subset);
        reader.subset(subset, path, 0);
        if let Some(system) = external_id(head) {
            reader.file(path, system, 0);
        }
        reader.declared
    }

    /// Returns the attributes of an element that have a default value, with this value.
    pub fn defaults(&self, element: &str) -> impl Iterator<Item = (&str, &Arc<str>)> {
        let attributes = self.attributes.get(element).into_iter().flatten();
        attributes.filter_map(|attribute| Some((attribute.name.as_str(), attribute.default.as_ref()?)))
    }
}

struct Reader<'f> {
    declared: Declarations,
    files: &'f dyn Files,
    left: usize,
}

impl Reader<'_> {
    fn file(&mut self, base: &str, system: &str, depth: usize) {
        match self.files.read(base, system) {
            Some((path, text)) => self.subset(text_of_entity(&text), &path, depth + 1),
            None => self.note_unread(system),
        }
    }

    fn note_unread(&mut self, system: &str) {
        if !self.declared.unread.iter().any(|known| known == system) {
            self.declared.unread.push(system.to_owned());
        }
    }

    /// Reserves a part of the size limit. Returns false if the rest is too small.
    fn charge(&mut self, bytes: usize, depth: usize) -> bool {
        match self.left.checked_sub(bytes) {
            Some(left) if depth <= MAX_DEPTH => self.left = left,
            _ => {
                self.declared.is_cut = true;
                return false;
            }
        }
        true
    }

    /// Reads the declarations in a text.
    fn subset(&mut self, text: &str, path: &str, depth: usize) {
        if !self.charge(text.len(), depth) {
            return;
        }
        let mut rest = text;
        while let Some(at) = rest.find(['<', '%']) {
            rest = rest.get(at..).unwrap_or_default();
            if let Some(after) = rest.strip_prefix("<!--") {
                rest = after_text(after, "-->");
            } else if let Some(after) = rest.strip_prefix("<?") {
                rest = after_text(after, "?>");
            } else if let Some(after) = rest.strip_prefix("<![") {
                rest = self.section(after, path, depth);
            } else if let Some(after) = rest.strip_prefix("<!") {
                let end = declaration_end(after);
                self.declaration(after.get(..end).unwrap_or_default(), path, depth);
                rest = after.get(end..).unwrap_or_default();
            } else if let Some(after) = rest.strip_prefix('%') {
                rest = match reference(after) {
                    Some((name, after)) => {
                        self.parameter(name, depth);
                        after
                    }
                    None => after,
                };
            } else {
                rest = rest.get(1..).unwrap_or_default();
            }
        }
    }

    /// Reads a conditional section after `<![`. Returns the text after it.
    fn section<'t>(&mut self, text: &'t str, path: &str, depth: usize) -> &'t str {
        let Some((keyword, body)) = text.split_once('[') else { return "" };
        let mut nesting = 1_usize;
        let mut end = body.len();
        let mut at = 0;
        while let Some(found) = body.get(at..).and_then(|rest| rest.find(['<', ']'])) {
            at += found;
            let rest = body.get(at..).unwrap_or_default();
            if rest.starts_with("<![") {
                nesting += 1;
            } else if rest.starts_with("]]>") {
                nesting -= 1;
                if nesting == 0 {
                    end = at;
                    break;
                }
            }
            at += 1;
        }
        let keyword = self.expand(keyword, depth);
        if keyword.trim() == "INCLUDE" {
            self.subset(body.get(..end).unwrap_or_default(), path, depth + 1);
        }
        body.get(end..).and_then(|rest| rest.strip_prefix("]]>")).unwrap_or_default()
    }

    fn parameter(&mut self, name: &str, depth: usize) {
        match self.declared.parameters.get(name).cloned() {
            Some(Parameter::Text(text)) => self.subset(&text, "", depth + 1),
            Some(Parameter::File { base, system }) => self.file(&base, &system, depth),
            None => {}
        }
    }

    /// Reads one declaration, without `<!` and `>`.
    fn declaration(&mut self, text: &str, path: &str, depth: usize) {
        if let Some(entity) = text.strip_prefix("ENTITY") {
            self.entity(entity, path, depth);
        } else if let Some(list) = text.strip_prefix("ATTLIST") {
            let list = self.expand(list, depth);
            self.attributes(&list);
        }
    }

    fn entity(&mut self, text: &str, path: &str, depth: usize) {
        let text = text.trim_start();
        let (is_parameter, text) = match text.strip_prefix('%') {
            Some(text) if text.starts_with(char::is_whitespace) => (true, text.trim_start()),
            _ => (false, text),
        };
        let Some((name, value)) = text.split_once(char::is_whitespace) else { return };
        let value = value.trim();
        let literal = quoted(value).map(|(literal, _)| literal);
        // The first declaration of a name has priority.
        if is_parameter {
            if self.declared.parameters.contains_key(name) {
                return;
            }
            let parameter = match literal {
                Some(text) => Parameter::Text(self.expand(text, depth).into()),
                None => match external_id(value) {
                    Some(system) => Parameter::File { base: path.to_owned(), system: system.to_owned() },
                    None => return,
                },
            };
            self.declared.parameters.insert(name.to_owned(), parameter);
        } else if !self.declared.entities.contains_key(name) {
            let entity = match literal {
                Some(text) => Entity::Text(text.into()),
                None => self.external_entity(value, path, depth),
            };
            self.declared.entities.insert(name.to_owned(), entity);
        }
    }

    fn external_entity(&mut self, value: &str, path: &str, depth: usize) -> Entity {
        let system = external_id(value).filter(|_| !value.contains("NDATA"));
        let read = system.and_then(|system| self.files.read(path, system));
        match read {
            Some((_, text)) if self.charge(text.len(), depth) => Entity::Text(text_of_entity(&text).into()),
            _ => Entity::Unread,
        }
    }

    /// Reads an attribute list: the element, and then the name, the type and the default of each attribute.
    fn attributes(&mut self, list: &str) {
        let mut words = Words(list);
        let Some(element) = words.next() else { return };
        let attributes = self.declared.attributes.entry(element.to_owned()).or_default();
        while let (Some(name), Some(kind)) = (words.next(), words.next()) {
            if kind == "NOTATION" {
                words.next();
            }
            let default = match words.next() {
                Some("#FIXED") => words.next(),
                other => other,
            };
            let default = default.and_then(quoted).map(|(value, _)| value.into());
            // The first declaration of an attribute has priority, also if it has no default.
            if !attributes.iter().any(|known| known.name == name) {
                attributes.push(Attribute { name: name.to_owned(), default });
            }
        }
    }

    /// Replaces the parameter entities in a text.
    fn expand(&mut self, text: &str, depth: usize) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('%') {
            out.push_str(before);
            let Some((name, after_name)) = reference(after) else {
                out.push('%');
                rest = after;
                continue;
            };
            rest = after_name;
            let value = match self.declared.parameters.get(name).cloned() {
                Some(Parameter::Text(text)) => Some(text),
                Some(Parameter::File { base, system }) => {
                    self.files.read(&base, &system).map(|(_, text)| text_of_entity(&text).into())
                }
                None => None,
            };
            if let Some(value) = value.filter(|value| self.charge(value.len(), depth + 1)) {
                out.push_str(&self.expand(&value, depth + 1));
            }
        }
        out.push_str(rest);
        out
    }
}

/// The words of an attribute list. A literal is one word, including its quotes.
struct Words<'t>(&'t str);

impl<'t> Iterator for Words<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let text = self.0.trim_start();
        let end = match text.chars().next()? {
            '"' | '\'' => quoted(text).map_or(text.len(), |(literal, _)| literal.len() + 2),
            '(' => text.find(')').map_or(text.len(), |end| end + 1),
            _ => text.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(')).unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(end);
        self.0 = rest;
        Some(word)
    }
}

/// Returns the literal at the start of a text without its quotes, and the text after it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text.get(1..)?.split_once(quote)
}

/// Returns the system identifier of `SYSTEM "…"` or `PUBLIC "…" "…"`.
fn external_id(text: &str) -> Option<&str> {
    let at = text.find("SYSTEM").map(|at| (at + 6, 0)).or_else(|| text.find("PUBLIC").map(|at| (at + 6, 1)));
    let (at, skipped) = at?;
    let mut rest = text.get(at..)?.trim_start();
    for _ in 0..skipped {
        rest = quoted(rest)?.1.trim_start();
    }
    quoted(rest).map(|(system, _)| system).filter(|system| !system.is_empty())
}

/// Returns the name in a reference to a parameter entity after its `%`, and the text after the reference.
fn reference(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_once(';')?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    is_name.then_some((name, after))
}

/// Returns the end of a declaration: the first `>` outside of literals.
fn declaration_end(text: &str) -> usize {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return at,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn after_text<'t>(text: &'t str, end: &str) -> &'t str {
    text.split_once(end).map_or("", |(_, after)| after)
}

/// Returns the text of an external entity without the declaration of its encoding.
fn text_of_entity(text: &str) -> &str {
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with("<?xml ") { after_text(text, "?>") } else { text }
}
