//! Reads the maps of the input, and the content that files push into others.

use std::collections::{HashMap, HashSet};

use super::super::branches::{Copier, branches_of, set_branches};
use super::super::dom::{Element, FileId};
use super::super::lightweight;
use super::super::maps::{Expander, RootMap, meta_of, read};
use super::super::push::Push;
use super::super::subjects;
use super::super::vocabulary::is_topicref;
use super::addresses::local_address;
use super::{Form, Library, form_of};
use crate::normalize::FileError;

impl Library {
    /// Reads the maps, and then the content that files push into other files.
    /// Returns the ditaval files in maps that cannot be read.
    pub fn connect(&mut self, pushing: &[FileId]) -> Vec<FileError> {
        self.inherit_conditions();
        self.add_lightweight();
        self.find_namesakes();
        let mut expander = Expander::new(self);
        let mut trees: Vec<(FileId, Vec<Element>)> = Vec::new();
        for file in self.root_files() {
            trees.push((file, expander.expand(file)));
        }
        mark_roots(&mut expander.copier, &mut trees);
        let (branches, excluded) = (expander.copier.branches, expander.copier.excluded);
        let failures = expander.copier.failures;
        let roots: Vec<RootMap> = trees.iter().map(|(file, maps)| read(self, *file, maps)).collect();
        self.branches = branches;
        for (index, root) in roots.iter().enumerate() {
            for (number, used) in root.uses.iter().chain(&root.places).enumerate() {
                if let Some((file, _)) = &used.target {
                    self.uses.entry(*file).or_default().push((index, number));
                }
            }
            for alias in &root.aliases {
                self.aliases.entry(alias.path.clone()).or_default().push((alias.file, alias.branches.clone()));
            }
        }
        for uses in self.uses.values_mut() {
            uses.sort_by_key(|&(root, number)| {
                roots.get(root).and_then(|root| root.used(number)).is_none_or(|used| used.resource_only)
            });
        }
        self.roots = roots;
        let copies = |&file| (file, self.copies(file).into_iter().map(|(_, branches)| branches.to_vec()).collect());
        self.copies = self.uses.keys().map(copies).collect();
        let mut kept: HashSet<FileId> = HashSet::new();
        for map in trees.iter().flat_map(|(_, maps)| maps) {
            self.referred(map, &mut kept);
        }
        self.drop_excluded(excluded, kept);
        self.pushes = Push::collect(self, pushing);
        failures
    }

    /// Removes everything that the conditions exclude: topics and maps with excluded root elements, and files whose
    /// references are all excluded. `referred` are the files that branches exclude, and `kept` are the targets of the
    /// references that no condition excludes.
    fn drop_excluded(&mut self, mut referred: HashSet<FileId>, mut kept: HashSet<FileId>) {
        let mut excluded: HashSet<FileId> = HashSet::new();
        if let Some(ditaval) = &self.ditaval {
            let mut found = HashSet::new();
            let maps: HashSet<FileId> = self.roots.iter().flat_map(|root| root.maps.iter().copied()).collect();
            for (&file, &form) in &self.documents {
                let Ok(tree) = self.inputs.load(file) else { continue };
                ditaval.collect(&tree.root, &mut found);
                if ditaval.excludes(&tree.root) || (form == Form::Map && !maps.contains(&file)) {
                    excluded.insert(file);
                }
                if form == Form::Map {
                    self.referred_with_reused(&tree.root, &mut referred);
                }
            }
            self.unmatched_rules = ditaval.unmatched(found);
        }
        kept.extend(self.uses.keys());
        excluded.extend(referred.difference(&kept));
        for file in &excluded {
            self.documents.remove(file);
        }
        self.excluded = excluded;
    }

    /// Returns the maps that no other map includes. If maps include each other in a cycle, returns the first one.
    fn root_files(&self) -> Vec<FileId> {
        let maps: Vec<FileId> =
            self.documents.iter().filter(|(_, form)| **form == Form::Map).map(|(file, _)| *file).collect();
        let included: HashMap<FileId, Vec<FileId>> = maps.iter().map(|&map| (map, self.submaps(map))).collect();
        let mut reached: HashSet<FileId> = HashSet::new();
        let mut roots = Vec::new();
        let is_included = |map: &FileId| included.iter().any(|(from, to)| from != map && to.contains(map));
        let (free, bound): (Vec<FileId>, Vec<FileId>) = maps.iter().partition(|map| !is_included(map));
        for map in free.into_iter().chain(bound) {
            if !reached.contains(&map) {
                roots.push(map);
            }
            let mut waiting = vec![map];
            while let Some(map) = waiting.pop() {
                if reached.insert(map) {
                    waiting.extend(included.get(&map).into_iter().flatten());
                }
            }
        }
        roots.sort_by_key(|&file| self.inputs.path(file));
        roots
    }

    /// Adds rules for the values that a subject scheme defines below a value with a rule.
    fn inherit_conditions(&mut self) {
        let Some(mut ditaval) = self.ditaval.take() else { return };
        for (&file, _) in self.documents.iter().filter(|(_, form)| **form == Form::Map) {
            let Ok(tree) = self.inputs.load(file) else { continue };
            if tree.root.is("subjectScheme") {
                subjects::inherit(&tree.root, &mut ditaval);
            }
        }
        self.ditaval = Some(ditaval);
    }

    /// Adds the Markdown and HTML files that maps use as topics or as maps.
    fn add_lightweight(&mut self) {
        let is_map = |(file, form): (&FileId, &Form)| (*form == Form::Map).then_some(*file);
        let mut waiting: Vec<FileId> = self.documents.iter().filter_map(is_map).collect();
        while let Some(map) = waiting.pop() {
            let Ok(tree) = self.inputs.load(map) else { continue };
            let mut found = Vec::new();
            tree.root.walk(&mut |element| {
                let format = element.attr("format").filter(|format| lightweight::is_format(format));
                if let Some(format) = format.filter(|_| is_topicref(element))
                    && let Some(address) = local_address(element)
                {
                    let file = self.local_file(element, &address.path);
                    found.extend(file.map(|file| (file, lightweight::is_map_format(format))));
                }
            });
            for (file, is_map) in found {
                let Some(notation) = lightweight::Notation::of(&self.inputs.path(file)) else { continue };
                if is_map {
                    self.inputs.read_as_map(file);
                }
                let form = self.form_of_lightweight(file, notation);
                if self.documents.insert(file, form).is_none() && form == Form::Map {
                    waiting.push(file);
                }
            }
        }
    }

    /// Returns whether a Markdown or HTML file is a topic or a map. Most files need not be parsed for this.
    fn form_of_lightweight(&self, file: FileId, notation: lightweight::Notation) -> Form {
        let said = if self.inputs.is_map(file) {
            None
        } else {
            self.inputs.bytes(file).ok().and_then(|bytes| notation.is_map(&bytes))
        };
        let parsed = || self.inputs.load(file).is_ok_and(|tree| form_of(&tree.root) == Some(Form::Map));
        if said.unwrap_or_else(parsed) { Form::Map } else { Form::Topic }
    }
}

/// Marks root maps whose keys differ, because a topic may have different content in each of them.
fn mark_roots(copier: &mut Copier<'_>, trees: &mut [(FileId, Vec<Element>)]) {
    if trees.len() < 2 {
        return;
    }
    for map in trees.iter_mut().flat_map(|(_, maps)| maps) {
        let mut keys = Vec::new();
        map.walk(&mut |element| {
            if let Some(names) = element.attr("keys") {
                let mut definition = vec![element.file.to_string(), names.to_owned()];
                let says = ["href", "keyref", "navtitle", "format", "scope"];
                definition.extend(says.iter().map(|name| element.attr(name).unwrap_or_default().to_owned()));
                definition.extend(meta_of(element).map(Element::text));
                keys.push(definition.join("\u{1f}"));
            }
        });
        if keys.is_empty() {
            continue;
        }
        let mut branches = vec![copier.root(keys.join("\u{1e}"))];
        branches.extend(branches_of(map).into_iter().flatten());
        set_branches(map, &branches);
    }
}
