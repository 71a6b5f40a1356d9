//! Finds the uses of a file in maps. A use determines the keys and the branches of a document.

use super::super::branches::nearest;
use super::super::dom::FileId;
use super::super::maps::Use;
use super::super::resolve::{Context, Resolver};
use super::{Library, Place};

impl Library {
    /// Returns the uses of a file in maps. The first use determines its keys and its breadcrumbs.
    pub fn uses_of(&self, file: FileId) -> impl Iterator<Item = (usize, &Use)> {
        let uses = self.uses.get(&file).into_iter().flatten();
        uses.filter_map(|&(root, number)| Some((root, self.roots.get(root)?.used(number)?)))
    }

    /// Returns where the keys of a file are looked up: at its use in a map or, if no map uses it, in the nearest maps.
    pub fn context(&self, file: FileId, used: Option<(usize, &Use)>) -> Context {
        let mut scopes: Vec<(usize, usize)> = used.iter().map(|(root, used)| (*root, used.scope)).collect();
        let path = self.inputs.path(file);
        let has_keys = |root: &usize| self.roots.get(*root).is_some_and(|root| root.keys.len() > 0);
        let mut others: Vec<usize> = (0..self.roots.len()).filter(has_keys).collect();
        others.sort_by_cached_key(|&root| {
            let map = self.roots.get(root).map(|root| self.inputs.path(root.file)).unwrap_or_default();
            let shared = map.split('/').zip(path.split('/')).take_while(|(a, b)| a == b).count();
            std::cmp::Reverse(shared)
        });
        scopes.extend(others.into_iter().map(|root| (root, 0)));
        let branches = used.map(|(_, used)| used.branches.clone()).unwrap_or_default();
        Context { scopes, branches }
    }

    /// Returns the scopes in which an element of a map looks up its keys.
    pub fn scopes_in(&self, map: FileId, branches: &[usize]) -> Vec<(usize, usize)> {
        let mut scopes = Vec::new();
        for (index, root) in self.roots.iter().enumerate().filter(|(_, root)| root.maps.contains(&map)) {
            let used = root.uses.iter().chain(&root.places).find(|used| used.branches == branches);
            scopes.extend(used.map(|used| (index, used.scope)));
        }
        scopes.extend(self.context(map, None).scopes);
        scopes
    }

    /// Returns the branches of each document for a file, and the use that determines its keys.
    /// If the file is part of the text, its uses as a resource do not create copies.
    pub fn copies(&self, file: FileId) -> Vec<(Option<Place<'_>>, &[usize])> {
        let mut copies: Vec<(Option<Place<'_>>, &[usize])> = Vec::new();
        let is_resource = self.uses_of(file).next().is_some_and(|(_, used)| used.resource_only);
        for (root, used) in self.uses_of(file).take_while(|(_, used)| used.resource_only == is_resource) {
            if !copies.iter().any(|(_, seen)| *seen == used.branches) {
                copies.push((Some((root, used)), &used.branches));
            }
        }
        if copies.is_empty() {
            copies.push((None, &[]));
        }
        copies
    }

    /// Returns the branches of the copy that `branches` select.
    pub fn copy_in(&self, file: FileId, branches: &[usize]) -> &[usize] {
        let copies = self.copies.get(&file).into_iter().flatten();
        nearest(copies.map(Vec::as_slice), branches).unwrap_or_default()
    }

    /// Returns a resolver for parts of a file outside of a document, such as titles in breadcrumbs.
    pub fn resolver(&self, file: FileId) -> Resolver<'_> {
        Resolver::new(self, self.context(file, self.uses_of(file).next()))
    }

    /// Returns a resolver for the copy of a file in `branches`.
    pub fn resolver_in(&self, file: FileId, branches: &[usize]) -> Resolver<'_> {
        let used = self.uses_of(file).find(|(_, used)| used.branches == branches);
        Resolver::new(self, self.context(file, used))
    }
}
