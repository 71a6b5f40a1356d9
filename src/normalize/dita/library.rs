//! Holds the data about the input that all documents need: files, maps, keys, pushes and names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::branches::{Branch, Copier, branches_of, nearest, set_branches};
use super::document_ids::DocumentIds;
use super::dom::{Element, FileId};
use super::filter::Ditaval;
use super::href;
use super::input_files::InputFiles;
use super::lightweight;
use super::maps::{Expander, RootMap, Use, read};
use super::push::{Push, Pushes};
use super::resolve::{Context, Resolver};
use super::vocabulary::{Kind, is_map, is_topicref};
use crate::config::{Dita, Searched};
use crate::normalize::FileError;

/// The characters that must be encoded in the path of a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The whole input.
pub(super) struct Library {
    pub inputs: InputFiles,
    pub collection: String,
    /// The rules of `--ditaval`.
    pub ditaval: Option<Ditaval>,
    pub settings: Dita,
    /// The address below which the documents are published.
    pub site_url: Option<String>,
    /// The root maps, sorted by path.
    pub roots: Vec<RootMap>,
    pub branches: Vec<Branch>,
    pub pushes: Pushes,
    /// Files that become documents, and their type.
    pub documents: BTreeMap<FileId, Form>,
    /// The rules of `--ditaval` that match nothing in the input.
    pub unmatched_rules: Vec<String>,
    /// Files that conditions exclude. The output must not refer to them.
    excluded: HashSet<FileId>,
    /// The root maps that use each file, with the number of the use. Uses as part of the text come before uses as a resource.
    uses: HashMap<FileId, Vec<(usize, usize)>>,
    aliases: HashMap<String, FileId>,
    pub(super) document_ids: DocumentIds,
}

/// The number of a root map, and a use in it.
pub(super) type Place<'l> = (usize, &'l Use);

/// The type of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Topic,
    Map,
}

/// Returns the type of the file with this root element, or `None` if it is not DITA.
pub(super) fn form_of(root: &Element) -> Option<Form> {
    if is_map(root) {
        Some(Form::Map)
    } else if root.name == "dita" || Kind::of(root) == Kind::Topic {
        Some(Form::Topic)
    } else {
        None
    }
}

impl Library {
    pub fn new(inputs: InputFiles, collection: String, ditaval: Option<Ditaval>) -> Self {
        Self {
            inputs,
            collection,
            ditaval,
            settings: Dita::default(),
            site_url: None,
            roots: Vec::new(),
            branches: Vec::new(),
            pushes: Pushes::default(),
            documents: BTreeMap::new(),
            unmatched_rules: Vec::new(),
            excluded: HashSet::new(),
            uses: HashMap::new(),
            aliases: HashMap::new(),
            document_ids: DocumentIds::default(),
        }
    }

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
                self.aliases.entry(alias.path.clone()).or_insert(alias.file);
            }
        }
        for uses in self.uses.values_mut() {
            uses.sort_by_key(|&(root, number)| {
                roots.get(root).and_then(|root| root.used(number)).is_none_or(|used| used.resource_only)
            });
        }
        self.roots = roots;
        self.drop_excluded(excluded);
        self.pushes = Push::collect(self, pushing);
        failures
    }

    /// Removes everything that the conditions exclude: topics and maps with excluded root elements, and files whose
    /// references are all excluded. `referred` are the files that branches exclude.
    fn drop_excluded(&mut self, mut referred: HashSet<FileId>) {
        let mut excluded: HashSet<FileId> = HashSet::new();
        if let Some(ditaval) = &self.ditaval {
            let mut found = HashSet::new();
            let kept: HashSet<FileId> = self.roots.iter().flat_map(|root| root.maps.iter().copied()).collect();
            for (&file, &form) in &self.documents {
                let Ok(tree) = self.inputs.load(file) else { continue };
                ditaval.collect(&tree.root, &mut found);
                if ditaval.excludes(&tree.root) || (form == Form::Map && !kept.contains(&file)) {
                    excluded.insert(file);
                }
                if form == Form::Map {
                    self.referred(&tree.root, &mut referred);
                }
            }
            self.unmatched_rules = ditaval.unmatched(found);
        }
        excluded.extend(referred.into_iter().filter(|file| !self.uses.contains_key(file)));
        for file in &excluded {
            self.documents.remove(file);
        }
        self.excluded = excluded;
    }

    /// Returns whether conditions exclude a file.
    pub fn is_excluded(&self, file: FileId) -> bool {
        self.excluded.contains(&file)
    }

    /// Returns how many files conditions exclude.
    pub fn excluded(&self) -> usize {
        self.excluded.len()
    }

    /// Returns the paths of the ditaval files that filter branches of maps.
    pub fn branch_filters(&self) -> HashSet<String> {
        let files = self.branches.iter().filter_map(Branch::file);
        files.map(|file| self.inputs.path(file).to_string()).collect()
    }

    /// Returns whether a search should find the document with this resolved tree.
    /// It should not if the document exists only for reuse, or is a map without text.
    pub fn is_searched(&self, file: FileId, root: &Element) -> bool {
        if self.settings.search == Searched::All {
            return true;
        }
        match self.documents.get(&file) {
            Some(Form::Map) => super::map_document::description_of(root).is_some(),
            _ => self.uses_of(file).next().is_none_or(|(_, used)| !used.resource_only),
        }
    }

    /// Returns the address of a published document, if the site is known.
    pub fn url(&self, file: FileId, branches: &[usize]) -> Option<String> {
        let site = self.site_url.as_deref()?;
        if self.documents.get(&file) == Some(&Form::Map) {
            return None;
        }
        let path = self.published_path(file, branches);
        let encoded = path.split('/').map(|part| utf8_percent_encode(part, PATH).to_string()).collect::<Vec<_>>();
        let page = self.settings.page_url.replace("{path}", &encoded.join("/"));
        Some(format!("{}/{}", site.trim_end_matches('/'), page.trim_start_matches('/')))
    }

    /// Adds the topics that are referenced inside an element but outside of relationship tables.
    pub fn referred(&self, element: &Element, into: &mut HashSet<FileId>) {
        for child in element.elements().filter(|child| !child.is("reltable")) {
            if is_topicref(child) {
                into.extend(self.topic_target(child).map(|(file, _)| file));
            }
            self.referred(child, into);
        }
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

    /// Adds rules for the values that a subject scheme defines below a value with a rule.
    fn inherit_conditions(&mut self) {
        let Some(mut ditaval) = self.ditaval.take() else { return };
        for (&file, _) in self.documents.iter().filter(|(_, form)| **form == Form::Map) {
            let Ok(tree) = self.inputs.load(file) else { continue };
            if tree.root.is("subjectScheme") {
                super::subjects::inherit(&tree.root, &mut ditaval);
            }
        }
        self.ditaval = Some(ditaval);
    }

    /// Returns the file at an address in `element`, if it exists in the input.
    pub fn local_file(&self, element: &Element, path: &str) -> Option<FileId> {
        if path.is_empty() {
            return Some(element.file);
        }
        let path = href::join(&self.inputs.path(element.file), path)?;
        self.inputs.file(&path).or_else(|| self.aliases.get(&path).copied())
    }

    /// Returns the map that a reference includes, and the id if the reference selects an element of the map.
    pub fn map_target(&self, topicref: &Element) -> Option<(FileId, Option<String>)> {
        let address = local_address(topicref)?;
        let extension = address.path.rsplit('.').next().unwrap_or_default();
        // An `anchorref` adds its content to an anchor in another map, and includes nothing from there.
        if topicref.is("anchorref") {
            return None;
        }
        let expected = topicref.attr("format") == Some("ditamap")
            || ["mapref", "navref", "topicsetref"].iter().any(|name| topicref.is(name))
            || (topicref.attr("format").is_none() && matches!(extension, "ditamap" | "bookmap"));
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

    /// Adds the Markdown and HTML files that maps use as topics.
    fn add_lightweight(&mut self) {
        let mut found = Vec::new();
        for (&map, _) in self.documents.iter().filter(|(_, form)| **form == Form::Map) {
            let Ok(tree) = self.inputs.load(map) else { continue };
            tree.root.walk(&mut |element| {
                if is_topicref(element) && element.attr("format").is_some_and(lightweight::is_format) {
                    found.extend(local_address(element).and_then(|address| self.local_file(element, &address.path)));
                }
            });
        }
        found.retain(|&file| lightweight::Notation::of(&self.inputs.path(file)).is_some());
        self.documents.extend(found.into_iter().map(|file| (file, Form::Topic)));
    }

    /// Returns the rules of a `<ditavalref>`. There are no rules if it names no file.
    pub fn ditaval(&self, reference: &Element) -> Result<Ditaval, String> {
        let Some(href) = reference.attr("href") else { return Ok(Ditaval::default()) };
        let file = self.local_file(reference, &href::split(href).path).ok_or("not in the input")?;
        let bytes = self.inputs.bytes(file).map_err(|error| error.to_string())?;
        super::ditaval::read(&bytes).map_err(|fault| match fault.line {
            Some(line) => format!("line {line}: {}", fault.message),
            None => fault.message,
        })
    }

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
        nearest(self.copies(file).into_iter().map(|(_, copy)| copy), branches).unwrap_or_default()
    }

    /// Returns the tree of a file after conditions and pushes are applied. Branches filter only their own content.
    /// Content from other files is filtered after it has been included.
    pub fn prepare(&self, file: FileId, context: &Context) -> Option<Arc<Element>> {
        let parsed = self.inputs.load(file).ok()?;
        let is_inside = self.copy_in(file, &context.branches) == context.branches;
        let branches = if is_inside { context.branches.as_slice() } else { &[] };
        let filters = |branch: &usize| self.branches.get(*branch).is_some_and(|branch| !branch.ditaval.keeps_all());
        if self.ditaval.is_none() && !branches.iter().any(filters) && !self.pushes.reach(file) {
            return Some(Arc::clone(&parsed.root));
        }
        let mut root = Element::clone(&parsed.root);
        let is_kept = self.ditaval.as_ref().is_none_or(|ditaval| ditaval.apply(&mut root));
        if !is_kept {
            return None;
        }
        self.pushes.apply(file, &mut root);
        self.filter(&mut root, branches).then(|| Arc::new(root))
    }

    /// Removes the content of `element` that branches exclude. Returns false if the element itself is excluded.
    pub fn filter(&self, element: &mut Element, branches: &[usize]) -> bool {
        let mut branches = branches.iter().filter_map(|&branch| self.branches.get(branch));
        branches.all(|branch| branch.ditaval.apply(element))
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
                definition.extend(super::maps::meta_of(element).map(Element::text));
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

/// Returns the address of a reference, unchanged.
pub(super) fn address_of(topicref: &Element) -> Option<&str> {
    topicref.attr("href").or_else(|| topicref.attr("mapref").filter(|_| topicref.is("navref")))
}

/// Returns the address of a reference if it leads to a place inside the documentation.
fn local_address(topicref: &Element) -> Option<href::Address> {
    let href = address_of(topicref)?;
    let outside = matches!(topicref.attr("scope"), Some("external" | "peer")) || href::is_absolute(href);
    (!outside).then(|| href::split(href))
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::scan;
    use super::*;

    /// Creates a library from the paths and texts of files.
    pub fn library(files: &[(&str, &str)]) -> Library {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let options = crate::normalize::Options { collection: Some("c".to_owned()), ..Default::default() };
        let mut scanned = scan::scan(folder.path(), &options).unwrap();
        // All files must be in memory before the folder is deleted.
        for path in files.iter().map(|(path, _)| path) {
            if let Some(file) = scanned.library.inputs.file(path) {
                let _ = scanned.library.inputs.load(file);
            }
        }
        scanned.library.documents.retain(|file, _| scanned.failures.iter().all(|(failed, _)| failed != file));
        scanned.library
    }
}
