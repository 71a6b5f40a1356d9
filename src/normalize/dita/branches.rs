//! Branches: parts of a map that a `<ditavalref>` filters, copies and names.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use super::dom::{Element, FileId};
use super::filter::Ditaval;
use super::href;
use super::library::Library;
use super::vocabulary::is_topicref;
use crate::normalize::text::{Losses, count};

/// Marks the copy that is a branch, and what is written elsewhere of it, with the branches around, outermost first.
const BRANCHES: &str = "trailblazer:branches";

/// What a `<ditavalref>` does to the part of a map around it. The same in two places is one branch.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    file: Option<FileId>,
    pub ditaval: Arc<Ditaval>,
    pub prefix: String,
    pub suffix: String,
    scopes: (String, String),
}

impl Branch {
    fn is_same(&self, other: &Self) -> bool {
        let name = |branch: &Self| (branch.prefix.clone(), branch.suffix.clone(), branch.scopes.clone());
        self.file == other.file && name(self) == name(other)
    }
}

/// The branches that an element is marked with.
pub(super) fn branches_of(element: &Element) -> Option<Vec<usize>> {
    Some(element.attr(BRANCHES)?.split_whitespace().filter_map(|branch| branch.parse().ok()).collect())
}

/// Marks an element with branches; without any, takes the mark off.
pub(super) fn set_branches(element: &mut Element, branches: &[usize]) {
    let names: Vec<String> = branches.iter().map(ToString::to_string).collect();
    match names.as_slice() {
        [] => element.remove_attr(BRANCHES),
        names => element.set_attr(BRANCHES, &names.join(" ")),
    }
}

/// The branches in which `element` looks for its target when it is read in `here`: those of its key, unless `here`
/// lies in them.
pub(super) fn branches_meant(element: &Element, here: &[usize]) -> Vec<usize> {
    let of_key = branches_of(element).filter(|branches| !here.starts_with(branches));
    of_key.unwrap_or_else(|| here.to_owned())
}

/// Of the copies of a topic, the one that is meant in `here`: that of the same branches, as the map at hand or the one
/// around it counts them, else the one that shares most of them.
pub(super) fn nearest<'b>(copies: impl Iterator<Item = &'b [usize]>, here: &[usize]) -> Option<&'b [usize]> {
    copies.min_by_key(|copy| {
        let shared = copy.iter().zip(here).take_while(|(one, other)| one == other).count();
        let is_part = !here.is_empty() && copy.ends_with(here);
        (*copy != here, !is_part, Reverse(shared), copy.len())
    })
}

/// Copies what branches copy.
pub(super) struct Copier<'l> {
    library: &'l Library,
    /// All that were met; the marks are their numbers.
    pub branches: Vec<Branch>,
    /// Topics that some branch leaves out.
    pub excluded: HashSet<FileId>,
    pub losses: Losses,
}

impl<'l> Copier<'l> {
    pub fn new(library: &'l Library) -> Self {
        let branches = library.branches.clone();
        Self { library, branches, excluded: HashSet::new(), losses: Losses::new() }
    }

    /// One filtered copy for each `<ditavalref>` inside, or the element itself when there is none.
    pub fn copies(&mut self, mut element: Element) -> Vec<Element> {
        let references: Vec<Element> = element.children_of("ditavalref").cloned().collect();
        if references.is_empty() {
            return vec![element];
        }
        element.children.retain(|child| !child.element().is_some_and(|child| child.is("ditavalref")));
        let mut copies = Vec::new();
        for reference in references {
            let branch = self.branch(&reference);
            let mut copy = element.clone();
            if !branch.ditaval.apply(&mut copy) {
                continue;
            }
            let (prefix, suffix) = &branch.scopes;
            rename_scopes(&mut copy, prefix, suffix);
            let number = self.branches.iter().position(|known| known.is_same(&branch));
            let number = number.unwrap_or_else(|| {
                self.branches.push(branch);
                self.branches.len() - 1
            });
            set_branches(&mut copy, &[number]);
            copies.push(copy);
        }
        let mut left_out = HashSet::new();
        self.topics(&element, &mut left_out);
        let mut kept = HashSet::new();
        for copy in &copies {
            self.topics(copy, &mut kept);
        }
        self.excluded.extend(left_out.difference(&kept));
        copies
    }

    fn branch(&mut self, reference: &Element) -> Branch {
        let ditaval = self.library.ditaval(reference).unwrap_or_else(|| {
            count(&mut self.losses, "ditavalref:missing");
            Ditaval::default()
        });
        let file = reference.attr("href").map(|href| href::split(href).path);
        let meta = |name: &str| {
            let value = reference.find(&|element| element.is(name)).map(Element::text).unwrap_or_default();
            value.trim().to_owned()
        };
        Branch {
            file: file.and_then(|path| self.library.local_file(reference, &path)),
            ditaval: Arc::new(ditaval),
            prefix: meta("dvrResourcePrefix"),
            suffix: meta("dvrResourceSuffix"),
            scopes: (meta("dvrKeyscopePrefix"), meta("dvrKeyscopeSuffix")),
        }
    }

    fn topics(&self, map: &Element, into: &mut HashSet<FileId>) {
        if is_topicref(map) {
            into.extend(self.library.topic_target(map).map(|(file, _)| file));
        }
        self.library.referred(map, into);
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
