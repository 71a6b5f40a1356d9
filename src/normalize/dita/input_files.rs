//! Finds and parses the files of the input. Parsed trees are cached as long as there is room.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};

use super::dom::{Element, FileId};
use super::dtd::Files;
use super::href;
use super::lightweight::{Notation, is_map_format};
use super::parse::{MAX_BYTES, Parsed, Problem, XmlError, parse_at};
use super::specializations::Specializations;
use crate::lock::locked;
use crate::normalize::FileError;
use crate::normalize::binary;
use crate::normalize::text::Losses;

/// Maximum size of the trees that are cached.
const CACHE_BYTES: usize = 64 << 20;
/// Maximum size of a file with declarations or with the text of an entity.
const MAX_DECLARATIONS: usize = 4 << 20;

/// The files in one folder, addressed by their relative path.
pub(super) struct InputFiles {
    root: PathBuf,
    /// The root after symbolic links are resolved, or `None` if it does not exist.
    actual_root: OnceLock<Option<PathBuf>>,
    state: Mutex<State>,
    specializations: Specializations,
}

#[derive(Default)]
struct State {
    paths: Vec<Arc<str>>,
    ids: HashMap<Arc<str>, FileId>,
    listings: HashMap<String, Arc<std::io::Result<Listing>>>,
    /// Folders in which a file was searched but that could not be read, with the reason.
    unread: BTreeMap<String, String>,
    /// Files that were searched but not read, because a symbolic link leads to them and out of the input.
    outside: BTreeSet<String>,
    /// The file that was given as input. It may be a symbolic link.
    given: Option<String>,
    trees: HashMap<FileId, Kept>,
    /// The texts of files with declarations. The value is `None` if a file cannot be read.
    declarations: HashMap<String, Option<Arc<str>>>,
    /// Markdown and HTML files that are maps.
    maps: HashSet<FileId>,
    /// The trees of files that are not on disk.
    held: HashMap<FileId, Arc<Parsed>>,
    kept_bytes: usize,
    clock: u64,
}

/// The names in a folder.
struct Listing {
    names: HashSet<String>,
    /// The first name for each name in lower case.
    by_lower_case: HashMap<String, String>,
}

impl Listing {
    fn of(folder: &Path) -> std::io::Result<Self> {
        let entries = std::fs::read_dir(folder)?.collect::<std::io::Result<Vec<_>>>()?;
        let mut names: Vec<String> =
            entries.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        let mut by_lower_case = HashMap::new();
        for name in &names {
            by_lower_case.entry(name.to_lowercase()).or_insert_with(|| name.clone());
        }
        Ok(Self { names: names.into_iter().collect(), by_lower_case })
    }

    /// Returns the actual name of a file. If there is no exact match, ignores case.
    fn find(&self, name: &str) -> Option<&str> {
        self.names.get(name).or_else(|| self.by_lower_case.get(&name.to_lowercase())).map(String::as_str)
    }
}

struct Kept {
    tree: Arc<Parsed>,
    bytes: usize,
    used: u64,
}

/// The reason why a file has no tree.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("cannot read the file: {0}")]
    Io(#[from] std::io::Error),
    #[error("the file has {0} bytes, more than the maximum of {MAX_BYTES}")]
    TooLarge(u64),
    #[error("it is a symbolic link that leads out of the input; copy the file into the input")]
    Outside,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it is {0}, not XML")]
    Binary(&'static str),
    #[error(transparent)]
    Xml(#[from] XmlError),
}

impl LoadError {
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Xml(error) => Some(error.line),
            Self::Io(_) | Self::TooLarge(_) | Self::Outside | Self::NotAFile | Self::Binary(_) => None,
        }
    }

    /// Returns whether the file contains no XML at all, rather than broken XML.
    pub fn is_empty_file(&self) -> bool {
        matches!(self, Self::Xml(XmlError { problem: Problem::Empty, .. }))
    }
}

impl InputFiles {
    pub fn new(root: &Path, specializations: &Specializations) -> Self {
        let (actual_root, state) = (OnceLock::new(), Mutex::default());
        Self { root: root.to_owned(), actual_root, state, specializations: specializations.clone() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Returns the file at `path`, if it exists. If there is no exact match, ignores case.
    pub fn file(&self, path: &str) -> Option<FileId> {
        if let Some(&id) = self.state().ids.get(path) {
            return Some(id);
        }
        let mut actual = String::new();
        for part in path.split('/') {
            let listing = self.listing(&actual);
            let name = match &*listing {
                Ok(listing) => listing.find(part)?,
                Err(_) if self.has_unlisted(&actual, part) => part,
                Err(_) => return None,
            };
            if !actual.is_empty() {
                actual.push('/');
            }
            actual.push_str(name);
        }
        if !self.root.join(&actual).is_file() {
            return None;
        }
        if !self.is_inside(&actual) {
            self.state().outside.insert(actual);
            return None;
        }
        Some(self.intern(&actual))
    }

    /// Returns the id of a file that exists.
    pub fn intern(&self, path: &str) -> FileId {
        let mut state = self.state();
        if let Some(&id) = state.ids.get(path) {
            return id;
        }
        let id = FileId::try_from(state.paths.len()).unwrap_or(FileId::MAX);
        let path: Arc<str> = path.into();
        state.paths.push(Arc::clone(&path));
        state.ids.insert(path, id);
        id
    }

    fn listing(&self, folder: &str) -> Arc<std::io::Result<Listing>> {
        if let Some(listing) = self.state().listings.get(folder) {
            return Arc::clone(listing);
        }
        let listing = Arc::new(Listing::of(&self.root.join(folder)));
        self.state().listings.insert(folder.to_owned(), Arc::clone(&listing));
        listing
    }

    /// Returns whether a file with exactly this name exists in a folder that cannot be listed.
    fn has_unlisted(&self, folder: &str, name: &str) -> bool {
        self.root.join(folder).join(name).try_exists().unwrap_or_else(|error| {
            if error.kind() != ErrorKind::NotADirectory {
                self.state().unread.insert(folder.to_owned(), error.to_string());
            }
            false
        })
    }

    /// Returns the folders in which a file was searched but that could not be read, and the files that were not read
    /// because they are outside of the input.
    pub fn unread(&self) -> Vec<FileError> {
        let told = |path: &String, message: String| FileError { path: path.clone(), line: None, message };
        let state = self.state();
        let folders = state.unread.iter().map(|(path, error)| told(path, format!("cannot read the folder: {error}")));
        folders.chain(state.outside.iter().map(|path| told(path, LoadError::Outside.to_string()))).collect()
    }

    /// Allows the file that was given as input to be a symbolic link.
    pub fn give(&self, path: &str) {
        self.state().given = Some(path.to_owned());
    }

    /// Returns the path of a file relative to the root, with `/` as separator.
    pub fn path(&self, id: FileId) -> Arc<str> {
        self.state().paths.get(id as usize).cloned().unwrap_or_default()
    }

    /// Returns the content of a file, up to the size limit.
    pub fn bytes(&self, id: FileId) -> Result<Vec<u8>, LoadError> {
        let inside = self.path(id);
        let path = self.root.join(&*inside);
        let metadata = std::fs::metadata(&path)?;
        // Reading a pipe would wait forever.
        if !metadata.is_file() {
            return Err(LoadError::NotAFile);
        }
        if !self.is_inside(&inside) {
            return Err(LoadError::Outside);
        }
        if metadata.len() > MAX_BYTES {
            return Err(LoadError::TooLarge(metadata.len()));
        }
        Ok(std::fs::read(path)?)
    }

    /// Adds a file that is not on disk. It replaces a file that was added before.
    pub fn hold(&self, path: &str, tree: impl FnOnce(FileId) -> Result<Parsed, XmlError>) -> Result<FileId, XmlError> {
        let id = self.intern(path);
        let tree = Arc::new(tree(id)?);
        self.state().held.insert(id, tree);
        Ok(id)
    }

    /// Reads a Markdown or HTML file as a map from now on.
    pub fn read_as_map(&self, id: FileId) {
        let mut state = self.state();
        if state.maps.insert(id) {
            state.kept_bytes -= state.trees.remove(&id).map_or(0, |kept| kept.bytes);
        }
    }

    /// Returns whether a Markdown or HTML file is read as a map.
    pub fn is_map(&self, id: FileId) -> bool {
        let path = self.path(id);
        self.state().maps.contains(&id) || path.rsplit_once('.').is_some_and(|(_, extension)| is_map_format(extension))
    }

    /// Returns whether the tree of a file is in memory.
    pub fn is_cached(&self, id: FileId) -> bool {
        let state = self.state();
        state.trees.contains_key(&id) || state.held.contains_key(&id)
    }

    /// Returns the tree of a file.
    pub fn load(&self, id: FileId) -> Result<Arc<Parsed>, LoadError> {
        {
            let mut state = self.state();
            if let Some(tree) = state.held.get(&id) {
                return Ok(Arc::clone(tree));
            }
            state.clock += 1;
            let clock = state.clock;
            if let Some(kept) = state.trees.get_mut(&id) {
                kept.used = clock;
                return Ok(Arc::clone(&kept.tree));
            }
        }
        let bytes = self.bytes(id)?;
        if let Some(kind) = binary::kind(&bytes) {
            return Err(LoadError::Binary(kind));
        }
        let path = self.path(id);
        let mut tree = match Notation::of(&path) {
            Some(notation) => notation.parse(&bytes, id, self.is_map(id))?,
            None => parse_at(&path, &bytes, id, self)?,
        };
        self.specializations.apply(&mut tree, &path);
        let occupied = Arc::get_mut(&mut tree.root).map_or(bytes.len(), Element::shrink);
        let tree = Arc::new(tree);
        self.state().keep(id, &tree, occupied);
        Ok(tree)
    }
}

/// Reads files with declarations if they are in the input.
impl Files for InputFiles {
    fn read(&self, base: &str, system: &str) -> Option<(String, Arc<str>)> {
        if href::is_absolute(system) || system.starts_with('/') {
            return None;
        }
        let path = href::join(base, &href::split(system).path)?;
        if let Some(known) = self.state().declarations.get(path.as_str()) {
            return known.clone().map(|text| (path, text));
        }
        let text = self.file(&path).and_then(|file| {
            let bytes = self.bytes(file).ok().filter(|bytes| bytes.len() <= MAX_DECLARATIONS)?;
            Some(Arc::from(crate::normalize::decode::decode(&bytes, &mut Losses::new())))
        });
        self.state().declarations.insert(path.clone(), text.clone());
        text.map(|text| (path, text))
    }
}

impl InputFiles {
    /// Returns whether other files use a file as declarations or as the text of an entity.
    pub fn is_declaration(&self, path: &str) -> bool {
        self.state().declarations.get(path).is_some_and(Option::is_some)
    }

    /// Returns whether a file is inside the input after symbolic links are resolved.
    fn is_inside(&self, path: &str) -> bool {
        let root = self.actual_root.get_or_init(|| self.root.canonicalize().ok());
        let is_below = |root: &PathBuf| self.root.join(path).canonicalize().is_ok_and(|path| path.starts_with(root));
        root.as_ref().is_some_and(is_below) || self.state().given.as_deref() == Some(path)
    }
}

impl State {
    /// Caches a tree. If there is no room, removes the trees that were not used for the longest time.
    fn keep(&mut self, id: FileId, tree: &Arc<Parsed>, bytes: usize) {
        if self.kept_bytes + bytes > CACHE_BYTES {
            let mut by_use: Vec<(u64, FileId)> = self.trees.iter().map(|(&id, kept)| (kept.used, id)).collect();
            by_use.sort_unstable();
            for (_, old) in by_use {
                if self.kept_bytes + bytes <= CACHE_BYTES / 2 {
                    break;
                }
                self.kept_bytes -= self.trees.remove(&old).map_or(0, |kept| kept.bytes);
            }
        }
        let kept = Kept { tree: Arc::clone(tree), bytes, used: self.clock };
        self.kept_bytes += bytes;
        self.kept_bytes -= self.trees.insert(id, kept).map_or(0, |before| before.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_the_wrong_case_is_found() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("Topics")).unwrap();
        std::fs::write(folder.path().join("Topics/Install.dita"), "<topic/>").unwrap();
        let inputs = InputFiles::new(folder.path(), &Specializations::default());
        let id = inputs.file("topics/install.DITA").unwrap();
        assert_eq!(&*inputs.path(id), "Topics/Install.dita");
        assert_eq!(inputs.file("topics/other.dita"), None);
        assert_eq!(inputs.file("Topics"), None);
    }

    #[test]
    fn trees_are_dropped_when_there_is_no_room() {
        let mut state = State::default();
        let tree = Arc::new(crate::normalize::dita::parse::parse(b"<a/>", 0).unwrap());
        for id in 0..10 {
            state.clock += 1;
            state.keep(id, &tree, CACHE_BYTES / 4);
        }
        assert!(state.kept_bytes <= CACHE_BYTES && state.trees.contains_key(&9) && !state.trees.contains_key(&0));
    }
}
