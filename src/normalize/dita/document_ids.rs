//! Creates unique ids for documents.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use super::dom::FileId;
use super::library::{Form, Library};
use super::maps::Alias;
use super::output;
use crate::normalize::{Document, Options, parallel};

/// Creates the unique ids.
#[derive(Default)]
pub(super) struct DocumentIds {
    /// Documents whose paths differ only in the extension. Their ids include the extension.
    namesakes: HashSet<FileId>,
    /// Ids by file and branches, if they differ from the default.
    ids: HashMap<(FileId, Vec<usize>), String>,
}

/// A copy of a file whose branches have no names that distinguish it from other copies.
type Nameless = (FileId, Vec<usize>);

impl Library {
    /// Returns the id of the document for a file in `branches`.
    pub fn id(&self, file: FileId, branches: &[usize]) -> Option<String> {
        if let Some(id) = self.document_ids.ids.get(&(file, branches.to_owned())) {
            return Some(id.clone());
        }
        let kind = match self.documents.get(&file)? {
            Form::Topic => "topic",
            Form::Map => "map",
        };
        Some(format!(
            "{kind}:{}",
            self.path_in(&self.inputs.path(file), self.document_ids.namesakes.contains(&file), branches)
        ))
    }

    /// Returns the id of the copy of a topic that `copy-to` creates.
    pub fn alias_id(&self, alias: &Alias) -> String {
        format!("topic:{}", self.path_in(&alias.path, false, &alias.branches))
    }

    /// Returns collection and path for an id. Branches may change the name in the path.
    fn path_in(&self, path: &str, keep_extension: bool, branches: &[usize]) -> String {
        format!("{}/{}", self.collection, self.named(path, keep_extension, branches))
    }

    /// Returns the path of a published document, without its extension.
    pub fn published_path(&self, file: FileId, branches: &[usize]) -> String {
        self.named(&self.inputs.path(file), false, branches)
    }

    fn named(&self, path: &str, keep_extension: bool, branches: &[usize]) -> String {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let mut stem = if keep_extension { name.to_owned() } else { stem.to_owned() };
        for branch in branches.iter().rev().filter_map(|&branch| self.branches.get(branch)) {
            stem = format!("{}{stem}{}", branch.prefix, branch.suffix);
        }
        let slash = if folder.is_empty() { "" } else { "/" };
        format!("{folder}{slash}{stem}")
    }

    /// Finds the documents whose ids include the extension.
    pub fn find_namesakes(&mut self) {
        let mut seen = HashSet::new();
        let mut files: Vec<FileId> = self.documents.keys().copied().collect();
        files.sort_by_cached_key(|&file| self.inputs.path(file));
        for file in files {
            if self.id(file, &[]).is_some_and(|id| !seen.insert(id)) {
                self.document_ids.namesakes.insert(file);
            }
        }
    }

    /// Makes the ids unique, because branches may give the same name to different documents.
    pub fn number_ids(&mut self, options: &Options) {
        let mut files: Vec<FileId> = self.documents.keys().copied().collect();
        files.sort_by_cached_key(|&file| self.inputs.path(file));
        let same = self.same_copies(&files, options);
        let (mut taken, mut ids) = (HashSet::new(), HashMap::new());
        for file in files {
            for (_, branches) in self.copies(file) {
                let Some(id) = self.id(file, branches) else { continue };
                let copy = (file, branches.to_owned());
                if same.contains_key(&copy) {
                    continue;
                }
                let unique = number(&id, &mut taken);
                if unique != id {
                    ids.insert(copy, unique);
                }
            }
        }
        for ((file, branches), other) in same {
            if let Some(id) = other.and_then(|other| ids.get(&(file, other))) {
                ids.insert((file, branches), id.clone());
            }
        }
        self.document_ids.ids = ids;
    }

    /// Returns the copies that do not need their own id. The value is an earlier copy with the same content, or `None` if the
    /// conditions exclude the whole copy.
    fn same_copies(&self, files: &[FileId], options: &Options) -> HashMap<Nameless, Option<Vec<usize>>> {
        let nameless: Vec<Nameless> = files.iter().flat_map(|&file| self.nameless(file)).collect();
        let convert = |place: usize| {
            let (file, branches) = nameless.get(place)?;
            Some((*file, branches.clone(), output::document_in(self, *file, branches)))
        };
        let mut seen: Vec<(FileId, Vec<usize>, Document)> = Vec::new();
        let mut same = HashMap::new();
        let Ok(()) = parallel::in_order(options.threads, nameless.len(), convert, |copy| {
            let Some((file, branches, document)) = copy else { return Ok(()) };
            seen.retain(|(other, ..)| *other == file);
            let Some(document) = document else {
                same.insert((file, branches), None);
                return Ok(());
            };
            let says = |document: &Document| (document.id.clone(), document.title.clone(), document.text_md.clone());
            match seen.iter().find(|(.., other)| says(other) == says(&document)) {
                Some((_, other, _)) => drop(same.insert((file, branches), Some(other.clone()))),
                None => seen.push((file, branches, document)),
            }
            Ok::<(), Infallible>(())
        });
        same
    }

    fn nameless(&self, file: FileId) -> Vec<Nameless> {
        let copies = self.copies(file);
        let ids: Vec<Option<String>> = copies.iter().map(|(_, branches)| self.id(file, branches)).collect();
        let is_shared = |id: &Option<String>| ids.iter().filter(|other| *other == id).count() > 1;
        let shared = copies.iter().zip(&ids).filter(|(_, id)| copies.len() > 1 && is_shared(id));
        shared.map(|((_, branches), _)| (file, branches.to_vec())).collect()
    }
}

/// Returns the id. Appends a number if the id is already used.
fn number(id: &str, taken: &mut HashSet<String>) -> String {
    let mut unique = id.to_owned();
    let mut number = 1;
    while !taken.insert(unique.clone()) {
        number += 1;
        unique = format!("{id}~{number}");
    }
    unique
}

#[cfg(test)]
mod tests {
    use super::super::library::tests::library;

    #[test]
    fn ids_hold_collection_and_path_without_extension() {
        let library = library(&[("d/a.b.dita", "<topic id='t'><title>T</title></topic>"), ("m.ditamap", "<map/>")]);
        let file = library.inputs.file("d/a.b.dita").unwrap();
        assert_eq!(library.id(file, &[]).as_deref(), Some("topic:c/d/a.b"));
        let map = library.inputs.file("m.ditamap").unwrap();
        assert_eq!(library.id(map, &[]).as_deref(), Some("map:c/m"));
    }
}
