//! Handles branches, which are parts of a map where a topic may have different content because of a `<ditavalref>` or a
//! separate key scope. Each branch copies its topics. Copies with the same content become one document.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use super::dom::{Element, FileId};
use super::filter::Ditaval;
use super::href;
use super::library::Library;
use super::vocabulary::is_topicref;
use crate::normalize::FileError;
use crate::normalize::text::{Losses, count};

/// An attribute of a copy and of references to it. It contains the branches of the copy, outermost first.
const BRANCHES: &str = "trailblazer:branches";

/// The effect of a `<ditavalref>` or a separate key scope on a part of a map. Parts with the same effect are one branch.
#[derive(Debug, Clone, Default)]
pub(super) struct Branch {
    file: Option<FileId>,
    /// The source of separate keys: a key scope or a root map.
    keys: Option<String>,
    pub ditaval: Arc<Ditaval>,
    pub prefix: String,
    pub suffix: String,
    scopes: (String, String),
}

impl Branch {
    fn is_same(&self, other: &Self) -> bool {
        let name = |branch: &Self| (branch.prefix.clone(), branch.suffix.clone(), branch.scopes.clone());
        self.file == other.file && self.keys == other.keys && name(self) == name(other)
    }

    /// The ditaval file that filters the branch.
    pub fn file(&self) -> Option<FileId> {
        self.file
    }

    /// Returns the branch for a part of the input with separate keys.
    fn of_keys(name: String) -> Self {
        Self { keys: Some(name), ..Self::default() }
    }
}

/// Returns the branches in the mark of an element.
pub(super) fn branches_of(element: &Element) -> Option<Vec<usize>> {
    Some(element.attr(BRANCHES)?.split_whitespace().filter_map(|branch| branch.parse().ok()).collect())
}

/// Marks an element with branches. Removes the mark if there are none.
pub(super) fn set_branches(element: &mut Element, branches: &[usize]) {
    let names: Vec<String> = branches.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => element.remove_attr(BRANCHES),
        names => element.set_attr(BRANCHES, &names.join(" ")),
    }
}

/// Returns the branches in which to search the target of `element`: the branches of its key, unless `here` is inside them.
pub(super) fn branches_meant(element: &Element, here: &[usize]) -> Vec<usize> {
    let of_key = branches_of(element).filter(|branches| !here.starts_with(branches));
    of_key.unwrap_or_else(|| here.to_owned())
}

/// Chooses the copy of a topic to which a reference in `here` refers. It is the copy in the same branches, as seen from
/// this map or its parent, and otherwise the copy that shares the most branches.
pub(super) fn nearest<'b>(copies: impl Iterator<Item = &'b [usize]>, here: &[usize]) -> Option<&'b [usize]> {
    copies.min_by_key(|copy| {
        let shared = copy.iter().zip(here).take_while(|(one, other)| one == other).count();
        let is_part = !here.is_empty() && copy.ends_with(here);
        (*copy != here, !is_part, Reverse(shared), copy.len())
    })
}

/// Creates the copies for branches.
pub(super) struct Copier<'l> {
    library: &'l Library,
    /// All branches. The marks contain their numbers.
    pub branches: Vec<Branch>,
    /// Topics that at least one branch excludes.
    pub excluded: HashSet<FileId>,
    pub losses: Losses,
    /// Ditaval files that could not be read. The content that they would filter is omitted.
    pub failures: Vec<FileError>,
}

impl<'l> Copier<'l> {
    pub fn new(library: &'l Library) -> Self {
        let branches = library.branches.clone();
        Self { library, branches, excluded: HashSet::new(), losses: Losses::new(), failures: Vec::new() }
    }

    /// Returns a marked copy for each `<ditavalref>` in the element, or the marked element itself if there is none.
    pub fn copies(&mut self, element: Element) -> Vec<Element> {
        let mut copies = self.filtered(element);
        for copy in &mut copies {
            let Some(scope) = copy.attr("keyscope").filter(|_| is_topicref(copy)) else { continue };
            // A submap adds its own names after the first name.
            let name = scope.split_whitespace().next().unwrap_or_default();
            let href = copy.attr("href").unwrap_or_default();
            let scope = Branch::of_keys(format!("{}:{}:{href}:{name}", copy.file, copy.line));
            let mut branches = branches_of(copy).unwrap_or_default();
            branches.push(self.number(scope));
            set_branches(copy, &branches);
        }
        copies
    }

    /// Returns the number of the branch for the keys of a root map. Maps with the same keys share a branch.
    pub fn root(&mut self, keys: String) -> usize {
        self.number(Branch::of_keys(keys))
    }

    fn number(&mut self, branch: Branch) -> usize {
        let number = self.branches.iter().position(|known| known.is_same(&branch));
        number.unwrap_or_else(|| {
            self.branches.push(branch);
            self.branches.len() - 1
        })
    }

    fn filtered(&mut self, mut element: Element) -> Vec<Element> {
        let references: Vec<Element> = element.children_of("ditavalref").cloned().collect();
        if references.is_empty() {
            return vec![element];
        }
        element.children.retain(|child| !child.element().is_some_and(|child| child.is("ditavalref")));
        let mut copies = Vec::new();
        for reference in references {
            let Some(branch) = self.branch(&reference) else { continue };
            let mut copy = element.clone();
            if !branch.ditaval.apply(&mut copy) {
                continue;
            }
            let (prefix, suffix) = &branch.scopes;
            rename_scopes(&mut copy, prefix, suffix);
            let number = self.number(branch);
            set_branches(&mut copy, &[number]);
            copies.push(copy);
        }
        let mut left_out = HashSet::new();
        self.library.referred(&element, &mut left_out);
        let mut kept = HashSet::new();
        for copy in &copies {
            self.library.referred(copy, &mut kept);
        }
        self.excluded.extend(left_out.difference(&kept));
        copies
    }

    /// Returns the effect of a `<ditavalref>`, or `None` if its file cannot be read and the content must therefore be omitted.
    fn branch(&mut self, reference: &Element) -> Option<Branch> {
        let ditaval = match self.library.ditaval(reference) {
            Ok(ditaval) => ditaval,
            Err(fault) => {
                count(&mut self.losses, "ditavalref:unreadable");
                let path = self.library.inputs.path(reference.file).to_string();
                let href = reference.attr("href").unwrap_or_default();
                let message = format!("{href}: {fault}; the content that this file would filter is omitted");
                let failure = FileError { path, line: Some(reference.line), message };
                if !self.failures.contains(&failure) {
                    self.failures.push(failure);
                }
                return None;
            }
        };
        let file = reference.attr("href").map(|href| href::split(href).path);
        let meta = |name: &str| {
            let value = reference.find(&|element| element.is(name)).map(Element::text).unwrap_or_default();
            value.trim().to_owned()
        };
        Some(Branch {
            file: file.and_then(|path| self.library.local_file(reference, &path)),
            keys: None,
            ditaval: Arc::new(ditaval),
            prefix: meta("dvrResourcePrefix"),
            suffix: meta("dvrResourceSuffix"),
            scopes: (meta("dvrKeyscopePrefix"), meta("dvrKeyscopeSuffix")),
        })
    }
}

fn rename_scopes(element: &mut Element, prefix: &str, suffix: &str) {
    if prefix.is_empty() && suffix.is_empty() {
        return;
    }
    let names: Vec<String> = match element.attr("keyscope") {
        Some(names) => names.split_whitespace().map(|name| format!("{prefix}{name}{suffix}")).collect(),
        None => vec![format!("{prefix}{suffix}")],
    };
    element.set_attr("keyscope", &names.join(" "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_in_the_same_branches_is_meant_before_others() {
        let nearest = |copies: &[&[usize]], here: &[usize]| nearest(copies.iter().copied(), here).unwrap().to_owned();
        assert_eq!(nearest(&[&[], &[1], &[2]], &[2]), [2]);
        assert_eq!(nearest(&[&[], &[0, 1], &[1, 0]], &[1]), [0, 1]);
        assert_eq!(nearest(&[&[], &[0], &[2]], &[0, 1]), [0]);
        assert_eq!(nearest(&[&[1], &[]], &[2]), [0; 0]);
        assert_eq!(nearest(&[&[2], &[1]], &[]), [2]);
    }

    #[test]
    fn a_key_leads_into_its_branches_from_outside_them_only() {
        let mut element = Element::new("xref", 0, 1);
        assert_eq!(branches_meant(&element, &[1]), [1]);
        set_branches(&mut element, &[0]);
        assert_eq!(branches_meant(&element, &[1]), [0]);
        assert_eq!(branches_meant(&element, &[0, 1]), [0, 1]);
    }
}
