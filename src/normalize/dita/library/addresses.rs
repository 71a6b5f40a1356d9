//! Finds the files, maps and topics at addresses in the input.

use std::collections::HashSet;

use super::super::branches::nearest;
use super::super::dom::{Element, FileId};
use super::super::filter::Ditaval;
use super::super::lightweight::is_map_format;
use super::super::resolve::Part;
use super::super::vocabulary::{is_map, is_topicref};
use super::super::{ditaval, href};
use super::{Form, Library};

impl Library {
    /// Returns the file at an address in `element`, if it exists in the input.
    pub fn local_file(&self, element: &Element, path: &str) -> Option<FileId> {
        if path.is_empty() {
            return Some(element.file);
        }
        let path = href::join(&self.inputs.path(element.file), path)?;
        self.inputs.file(&path).or_else(|| Some(self.aliases.get(&path)?.first()?.0))
    }

    /// Returns the branches of the copy of `file` that `copy-to` creates at an address in `element`, as seen from `here`.
    pub fn branches_of_copy(&self, element: &Element, path: &str, file: FileId, here: &[usize]) -> Option<&[usize]> {
        let path = href::join(&self.inputs.path(element.file), path)?;
        let copies = self.aliases.get(&path).filter(|_| self.inputs.file(&path).is_none())?;
        nearest(copies.iter().filter(|(of, _)| *of == file).map(|(_, branches)| branches.as_slice()), here)
    }

    /// Returns the map that a reference includes, and the id if the reference selects an element of the map.
    pub fn map_target(&self, topicref: &Element) -> Option<(FileId, Option<String>)> {
        let address = local_address(topicref)?;
        let extension = address.path.rsplit('.').next().unwrap_or_default();
        // An `anchorref` adds its content to an anchor in another map, and includes nothing from there.
        if topicref.is("anchorref") {
            return None;
        }
        let format = topicref.attr("format");
        let expected = format.is_some_and(|format| format == "ditamap" || is_map_format(format))
            || ["mapref", "navref", "topicsetref"].iter().any(|name| topicref.is(name))
            || (format.is_none() && (matches!(extension, "ditamap" | "bookmap") || is_map_format(extension)));
        if !expected {
            return None;
        }
        let file = self.local_file(topicref, &address.path)?;
        self.inputs.load(file).is_ok_and(|tree| is_map(&tree.root)).then_some((file, address.topic))
    }

    /// Returns the file of the topic that a reference leads to, and the id of the topic if the address contains it.
    pub fn topic_target(&self, topicref: &Element) -> Option<(FileId, Option<String>)> {
        let address = local_address(topicref)?;
        let file = self.local_file(topicref, &address.path)?;
        (self.documents.get(&file) == Some(&Form::Topic)).then_some((file, address.topic))
    }

    /// Adds the topics to which an element and everything inside it refer, also in relationship tables.
    pub fn referred(&self, element: &Element, into: &mut HashSet<FileId>) {
        element.walk(&mut |element| {
            if is_topicref(element) {
                into.extend(self.topic_target(element).map(|(file, _)| file));
            }
        });
    }

    /// Like [`Self::referred`], but also adds the topics of the elements in other maps that the element reuses.
    pub fn referred_with_reused(&self, element: &Element, into: &mut HashSet<FileId>) {
        self.referred(element, into);
        let mut seen: HashSet<(FileId, Part)> = HashSet::new();
        let mut waiting = self.reused_in(element);
        while let Some((file, part)) = waiting.pop() {
            let Some(tree) = self.inputs.load(file).ok().filter(|tree| is_map(&tree.root)) else { continue };
            if !seen.insert((file, part.clone())) {
                continue;
            }
            for reused in part.elements(&tree) {
                self.referred(reused, into);
                waiting.extend(self.reused_in(reused));
            }
        }
    }

    /// Returns the parts of other files that elements inside an element reuse.
    fn reused_in(&self, element: &Element) -> Vec<(FileId, Part)> {
        let mut parts = Vec::new();
        element.walk(&mut |element| {
            let reference = element.attr("conref").filter(|reference| !href::is_absolute(reference)).map(href::split);
            let file = reference.and_then(|address| Some((self.local_file(element, &address.path)?, address)));
            parts.extend(file.map(|(file, address)| (file, Part::of(element, address))));
        });
        parts
    }

    /// Returns the maps that a map includes directly.
    pub fn submaps(&self, map: FileId) -> Vec<FileId> {
        let Ok(tree) = self.inputs.load(map) else { return Vec::new() };
        let mut submaps = Vec::new();
        tree.root.walk(&mut |element| {
            if is_topicref(element) {
                submaps.extend(self.map_target(element).map(|(file, _)| file));
            }
        });
        submaps
    }

    /// Returns the rules of a `<ditavalref>`. There are no rules if it names no file.
    pub fn ditaval(&self, reference: &Element) -> Result<Ditaval, String> {
        let Some(href) = reference.attr("href") else { return Ok(Ditaval::default()) };
        let file = self.local_file(reference, &href::split(href).path).ok_or("not in the input")?;
        let bytes = self.inputs.bytes(file).map_err(|error| error.to_string())?;
        ditaval::read(&bytes).map_err(|fault| match fault.line {
            Some(line) => format!("line {line}: {}", fault.message),
            None => fault.message,
        })
    }
}

/// Returns the address of a reference, unchanged.
pub fn address_of(topicref: &Element) -> Option<&str> {
    topicref.attr("href").or_else(|| topicref.attr("mapref").filter(|_| topicref.is("navref")))
}

/// Returns the address of a reference if it leads to a place inside the documentation.
pub(super) fn local_address(topicref: &Element) -> Option<href::Address> {
    let href = address_of(topicref)?;
    let outside = matches!(topicref.attr("scope"), Some("external" | "peer")) || href::is_absolute(href);
    (!outside).then(|| href::split(href))
}
