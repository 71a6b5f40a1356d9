//! Finds the files to which a topic or a map refers.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::dom::{Element, FileId};
use super::href::{self, Address};
use super::input_files::InputFiles;
use super::library::{Form, Library, form_of};
use super::lightweight;
use super::resolve::Part;
use super::scan::{Found, extension, is_candidate};
use super::specializations::Specializations;
use super::vocabulary::is_topicref;
use crate::normalize::{FileError, ReadError};

/// The formats of references in maps to topics and maps in XML.
const FORMATS: [&str; 4] = ["dita", "ditamap", "xml", "xdita"];
/// Maximum number of levels that the common folder may be above the map or topic.
const MAX_CLIMB: usize = 4;

/// Returns a topic, or a map with the maps and topics to which it refers, and the files that could not be read. Paths are relative
/// to the common folder of all these files.
pub(super) fn reachable(input: &Path, kinds: &Specializations) -> Result<Found, ReadError> {
    let nothing = || ReadError::Input { message: format!("{} is not a file in a folder", input.display()) };
    let base: PathBuf = input.ancestors().skip(1).take(MAX_CLIMB + 1).last().ok_or_else(nothing)?.to_owned();
    let path = input.strip_prefix(&base).map_err(|_| nothing())?;
    let path = path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/");
    let wide = InputFiles::new(&base, kinds);
    let mut crawl =
        Crawl { library: Library::new(wide, String::new(), None), parts: BTreeSet::new(), needed: BTreeSet::new() };
    crawl.library.inputs.give(&path);
    let start = crawl.library.inputs.intern(&path);
    crawl.part(start);
    // Find the innermost folder that contains all files.
    let paths: Vec<String> = crawl.needed.iter().map(|&file| crawl.library.inputs.path(file).to_string()).collect();
    let mut shared: Vec<&str> = path.split('/').collect();
    shared.pop();
    for other in &paths {
        let same = shared.iter().zip(other.split('/')).take_while(|(a, b)| *a == b).count();
        shared.truncate(same);
    }
    let shared = shared.join("/");
    let prefix = if shared.is_empty() { String::new() } else { format!("{shared}/") };
    let in_corpus = |unread: FileError| match unread.path.strip_prefix(&prefix) {
        Some(path) => FileError { path: path.to_owned(), ..unread },
        None => FileError { path: base.join(&unread.path).display().to_string(), ..unread },
    };
    let unread = crawl.library.inputs.unread().into_iter().map(in_corpus).collect();
    let inputs = InputFiles::new(&base.join(shared), kinds);
    inputs.give(path.strip_prefix(&prefix).unwrap_or(&path));
    let mut parts: Vec<String> = crawl.parts.iter().map(|&file| crawl.library.inputs.path(file).to_string()).collect();
    parts.sort();
    let files = parts.iter().filter_map(|path| path.strip_prefix(&prefix)).map(|path| inputs.intern(path)).collect();
    for &file in crawl.parts.iter().filter(|&&file| crawl.library.inputs.is_map(file)) {
        if let Some(path) = crawl.library.inputs.path(file).strip_prefix(&prefix) {
            inputs.read_as_map(inputs.intern(path));
        }
    }
    let folder = path.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
    let folder = folder.strip_prefix(&prefix).unwrap_or_default();
    let ditavals = ditavals_beside(input).iter().map(|name| format!("{folder}{name}")).collect();
    Ok(Found { inputs, files, unread, ditavals })
}

/// Returns the names of the ditaval files in the folder of a map or topic.
fn ditavals_beside(input: &Path) -> Vec<String> {
    let entries = input.parent().and_then(|folder| std::fs::read_dir(folder).ok()).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut ditavals: Vec<String> = names.filter(|name| extension(name) == "ditaval").collect();
    ditavals.sort();
    ditavals
}

struct Crawl {
    library: Library,
    /// Files that become documents.
    parts: BTreeSet<FileId>,
    /// These files, and the files whose content they reuse.
    needed: BTreeSet<FileId>,
}

/// A file that becomes a document, or the part of a map that another map reuses.
type Visit = (FileId, Option<Part>);

impl Crawl {
    fn part(&mut self, start: FileId) {
        let mut waiting: Vec<Visit> = vec![(start, None)];
        let mut seen: HashSet<Visit> = HashSet::new();
        while let Some(visit) = waiting.pop() {
            if !seen.insert(visit.clone()) {
                continue;
            }
            let (file, reused) = visit;
            if reused.is_none() {
                self.parts.insert(file);
            }
            self.needed.insert(file);
            let Ok(tree) = self.library.inputs.load(file) else { continue };
            let is_map = form_of(&tree.root) == Some(Form::Map);
            let from = reused.as_ref().map_or_else(|| vec![&*tree.root], |part| part.elements(&tree));
            for from in from {
                from.walk(&mut |element| self.references(element, is_map, &mut waiting));
            }
        }
    }

    /// Adds the files to which an element refers.
    fn references(&mut self, element: &Element, is_in_map: bool, waiting: &mut Vec<Visit>) {
        for name in ["href", "mapref", "conref"] {
            let Some((found, address)) = self.referred(element, name) else { continue };
            self.needed.insert(found);
            if !is_in_map {
                continue;
            }
            if name == "conref" {
                waiting.push((found, Some(Part::of(element, address))));
            } else if is_topicref(element) && is_dita(element) {
                if element.attr("format").is_some_and(lightweight::is_map_format) {
                    self.library.inputs.read_as_map(found);
                }
                waiting.push((found, None));
            }
        }
    }

    fn referred(&self, element: &Element, attribute: &str) -> Option<(FileId, Address)> {
        let address = element.attr(attribute).filter(|address| !href::is_absolute(address))?;
        if matches!(element.attr("scope"), Some("external" | "peer")) {
            return None;
        }
        let address = href::split(address);
        Some((self.library.local_file(element, &address.path)?, address))
    }
}

/// Returns whether a reference probably leads to a topic or a map. The root element of the target decides later.
fn is_dita(topicref: &Element) -> bool {
    let Some(format) = topicref.attr("format") else { return true };
    let is_known = FORMATS.iter().any(|known| known.eq_ignore_ascii_case(format)) || lightweight::is_format(format);
    let path = topicref.attr("href").map(|href| href::split(href).path).unwrap_or_default();
    is_known || is_candidate(&path)
}
