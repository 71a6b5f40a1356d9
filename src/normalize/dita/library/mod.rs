//! Holds the data about the input that all documents need: files, maps, keys, pushes and names.

mod addresses;
mod connect;
#[cfg(test)]
pub(super) mod tests;
mod uses;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::branches::Branch;
use super::document_ids::DocumentIds;
use super::dom::{Element, FileId};
use super::filter::Ditaval;
use super::input_files::InputFiles;
use super::lightweight::Notation;
use super::map_document;
use super::maps::{RootMap, Use};
use super::push::Pushes;
use super::resolve::{Context, Resolver};
use super::vocabulary::{Kind, is_map};
use crate::config::{Dita, Searched};
use crate::lock::locked;

pub(super) use addresses::address_of;

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
    /// For each file, the places where root maps use it: the index of the root map, and the index of the use in that map. Uses as
    /// part of the text come before uses as a resource only.
    uses: HashMap<FileId, Vec<(usize, usize)>>,
    /// The copies that `copy-to` creates, by path: the file, and the branches of the copy.
    aliases: HashMap<String, Vec<(FileId, Vec<usize>)>>,
    /// The branches of the copies of each file that maps use.
    copies: HashMap<FileId, Vec<Vec<usize>>>,
    pub(super) document_ids: DocumentIds,
    /// The titles of root maps, because each document below a map needs them, and a map can be large.
    map_titles: Mutex<HashMap<(FileId, Context), Option<String>>>,
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
            copies: HashMap::new(),
            document_ids: DocumentIds::default(),
            map_titles: Mutex::default(),
        }
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

    /// Returns the tree of a file after conditions and pushes are applied. Branches filter only their own content.
    /// Content from other files is filtered after it has been included.
    pub fn prepare(&self, file: FileId, context: &Context) -> Option<Arc<Element>> {
        let parsed = self.inputs.load(file).ok()?;
        let branches = self.branches_inside(file, context);
        if self.is_unchanged(file, branches) {
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

    /// Returns the branches of a context if the file has a copy in them.
    fn branches_inside<'c>(&self, file: FileId, context: &'c Context) -> &'c [usize] {
        let is_inside = self.copy_in(file, &context.branches) == context.branches;
        if is_inside { &context.branches } else { &[] }
    }

    /// Returns whether neither conditions nor pushes change a file.
    fn is_unchanged(&self, file: FileId, branches: &[usize]) -> bool {
        let filters = |branch: &usize| self.branches.get(*branch).is_some_and(|branch| !branch.ditaval.keeps_all());
        self.ditaval.is_none() && !branches.iter().any(filters) && !self.pushes.reach(file)
    }

    /// Returns the title of a topic if it can be read without parsing the file. Otherwise, the list of links in a large map would
    /// parse each topic once more.
    pub fn leading_title(&self, file: FileId, context: &Context) -> Option<Element> {
        let notation = Notation::of(&self.inputs.path(file))?;
        let is_topic = self.documents.get(&file) == Some(&Form::Topic) && !self.inputs.is_cached(file);
        if !is_topic || !self.is_unchanged(file, self.branches_inside(file, context)) {
            return None;
        }
        notation.leading_title(&self.inputs.bytes(file).ok()?, file)
    }

    /// Returns the title of a map, as the documents in the resolver's context show it.
    pub fn title_of_map(&self, map: FileId, resolver: &mut Resolver<'_>) -> Option<String> {
        let key = (map, resolver.context.clone());
        if let Some(title) = locked(&self.map_titles).get(&key) {
            return title.clone();
        }
        let tree = resolver.tree(map)?;
        let title = map_document::title_of(&tree, resolver);
        locked(&self.map_titles).insert(key, title.clone());
        title
    }

    /// Removes the content of `element` that branches exclude. Returns false if the element itself is excluded.
    pub fn filter(&self, element: &mut Element, branches: &[usize]) -> bool {
        let mut branches = branches.iter().filter_map(|&branch| self.branches.get(branch));
        branches.all(|branch| branch.ditaval.apply(element))
    }
}
