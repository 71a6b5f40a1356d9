//! Finds and classifies the files of an input.

use std::ffi::OsStr;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::crawl::reachable;
use super::ditaval;
use super::dom::{Element, FileId};
use super::filter::Ditaval;
use super::input_files::{InputFiles, LoadError};
use super::library::{Library, form_of};
use super::specializations::Specializations;
use crate::normalize::{FileError, Notice, Options, ReadError, binary, files};

/// Extensions of files that may contain DITA. The root element decides.
const EXTENSIONS: [&str; 10] =
    ["dita", "xml", "ditamap", "bookmap", "ditabase", "xdita", "mdita", "hdita", "mditamap", "hditamap"];
/// Maximum number of ditaval files or rules that a notice names.
const NAMED: usize = 5;

/// The files that were found.
pub(super) struct Scan {
    pub library: Library,
    pub failures: Vec<(FileId, FileError)>,
    /// XML files that are not DITA.
    pub skipped: Vec<FileError>,
    /// Ditaval files below the folder.
    ditavals: Vec<String>,
}

/// The files of an input.
pub(super) struct Found {
    pub inputs: InputFiles,
    /// Files that may contain DITA, ordered by path.
    pub files: Vec<FileId>,
    /// The errors for files and folders that could not be read.
    pub unread: Vec<FileError>,
    pub ditavals: Vec<String>,
}

/// Finds the files of `input`: all files below a folder, all files that a map references, or one topic.
pub(super) fn scan(input: &Path, options: &Options) -> Result<Scan, ReadError> {
    let io = |source| ReadError::Io { path: input.to_owned(), source };
    let input = std::path::absolute(input).map_err(io)?;
    let kinds = Specializations::new(&options.dita.specializations);
    if let Some((name, base)) = kinds.unknown_base() {
        let message =
            format!("dita.specializations: {base} is not an element of DITA; name the base of {name}, such as topic");
        return Err(ReadError::Input { message });
    }
    let is_folder = std::fs::metadata(&input).map_err(io)?.is_dir();
    if !is_folder {
        refuse_binary(&input)?;
    }
    let found = if is_folder { folder(&input, &kinds).map_err(io)? } else { reachable(&input, &kinds)? };
    let Found { inputs, files, unread, ditavals } = found;
    let name = if is_folder { input.file_name() } else { input.file_stem() };
    let mut scan = Scan::of(inputs, files, name.unwrap_or_default(), options)?;
    scan.ditavals = ditavals;
    scan.failures.extend(unread.into_iter().map(|failure| (FileId::MAX, failure)));
    scan.failures.sort_by(|(_, one), (_, other)| one.path.cmp(&other.path));
    Ok(scan)
}

/// Rejects a file that contains no text, such as an archive.
fn refuse_binary(input: &Path) -> Result<(), ReadError> {
    let io = |source| ReadError::Io { path: input.to_owned(), source };
    let mut head = Vec::new();
    files::open(input).map_err(io)?.take(binary::HEAD as u64).read_to_end(&mut head).map_err(io)?;
    let Some(kind) = binary::kind(&head) else { return Ok(()) };
    let advice = if kind.ends_with("archive") {
        "unpack it and give the folder"
    } else {
        "give a topic, a map, or a folder of them"
    };
    Err(ReadError::Input { message: format!("{} is {kind}; {advice}", input.display()) })
}

impl Scan {
    /// Classifies files and connects them. `name` is the default collection.
    pub fn of(inputs: InputFiles, files: Vec<FileId>, name: &OsStr, options: &Options) -> Result<Self, ReadError> {
        let name = || if name.is_empty() { "dita".to_owned() } else { name.to_string_lossy().into_owned() };
        let collection = options.collection.clone().unwrap_or_else(name);
        let ditaval = read_ditavals(&options.ditaval)?;
        let mut scan = Self {
            library: Library::new(inputs, collection, ditaval),
            failures: Vec::new(),
            skipped: Vec::new(),
            ditavals: Vec::new(),
        };
        scan.library.settings = options.dita.clone();
        scan.library.site_url.clone_from(&options.site_url);
        let mut pushing = Vec::new();
        for file in files {
            if scan.classify(file) {
                pushing.push(file);
            }
        }
        scan.drop_entities();
        let unfiltered = scan.library.connect(&pushing);
        scan.failures.extend(unfiltered.into_iter().map(|failure| (FileId::MAX, failure)));
        Ok(scan)
    }

    /// Returns notices for the owner of the input: content that conditions excluded, and unused filters.
    pub fn notices(&self) -> Vec<Notice> {
        let note = |message| Notice { is_warning: false, message };
        let mut notices = Vec::new();
        let excluded = self.library.excluded();
        if excluded > 0 {
            let plural = if excluded == 1 { "topic or map" } else { "topics and maps" };
            notices.push(note(format!("conditions exclude {excluded} {plural}")));
        }
        let unmatched = &self.library.unmatched_rules;
        if !unmatched.is_empty() {
            let rules = if unmatched.len() == 1 { "1 rule".to_owned() } else { format!("{} rules", unmatched.len()) };
            let verb = if unmatched.len() == 1 { "matches" } else { "match" };
            notices.push(note(format!("{rules} of the ditaval {verb} nothing in the input: {}", named(unmatched))));
        }
        let used = self.library.branch_filters();
        let unused: Vec<&str> = self.ditavals.iter().filter(|path| !used.contains(*path)).map(String::as_str).collect();
        if self.library.ditaval.is_none() && !unused.is_empty() {
            let files = match unused.len() {
                1 => "1 ditaval file is".to_owned(),
                many => format!("{many} ditaval files are"),
            };
            notices.push(note(format!(
                "{files} not used: {}; to filter the documents, pass --ditaval FILE",
                named(&unused)
            )));
        }
        notices
    }

    /// Records the kind of a file. Returns true if the file pushes content into other files.
    fn classify(&mut self, file: FileId) -> bool {
        let tree = match self.library.inputs.load(file) {
            Ok(tree) => tree,
            Err(error) => {
                self.fail(file, &error);
                return false;
            }
        };
        let form = form_of(&tree.root);
        if let Some(fault) = tree.fault.as_ref().filter(|_| form.is_some() || self.is_dita(file)) {
            let path = self.library.inputs.path(file).to_string();
            let message = format!("{fault}; only the readable part of the file was converted");
            self.failures.push((file, FileError { path, line: Some(fault.line), message }));
        }
        if let Some(form) = form {
            self.library.documents.insert(file, form);
            return tree.root.find(&|element| element.attr("conaction").is_some()).is_some();
        }
        let is_dita = self.is_dita(file);
        if !is_side_file(&tree.root) && (tree.fault.is_none() || !is_dita) {
            let path = self.library.inputs.path(file).to_string();
            let mut message =
                format!("the file is not DITA, because <{}> is neither a topic nor a map", tree.root.name);
            if is_dita {
                let missing = tree.undeclared.first().map(|dtd| format!(", and {dtd} is not in the input"));
                message.push_str(&missing.unwrap_or_default());
                message.push_str("; if it is a specialization, add it to dita.specializations");
            }
            let error = FileError { path, line: Some(tree.root.line), message };
            self.reject(file, error);
        }
        false
    }

    /// Returns whether the name of a file promises a topic or a map.
    fn is_dita(&self, file: FileId) -> bool {
        matches!(extension(&self.library.inputs.path(file)).as_str(), "dita" | "ditamap" | "bookmap")
    }

    /// Reports a file that is not DITA. Most repositories also contain other XML files, which are skipped.
    fn reject(&mut self, file: FileId, error: FileError) {
        if self.is_dita(file) {
            self.failures.push((file, error));
        } else {
            self.skipped.push(error);
        }
    }

    /// Removes the files whose text other files include as an entity. Several elements may follow each other in them.
    fn drop_entities(&mut self) {
        let inputs = &self.library.inputs;
        let is_entity = |file: FileId| inputs.is_declaration(&inputs.path(file));
        let broken: Vec<FileId> = self.failures.iter().map(|(file, _)| *file).filter(|&file| is_entity(file)).collect();
        self.failures.retain(|(file, _)| !broken.contains(file));
        self.skipped.retain(|skipped| !inputs.is_declaration(&skipped.path));
        for file in broken {
            self.library.documents.remove(&file);
        }
    }

    fn fail(&mut self, file: FileId, error: &LoadError) {
        let path = self.library.inputs.path(file).to_string();
        if error.is_empty_file() {
            let message = "the file contains no XML elements".to_owned();
            self.reject(file, FileError { path, line: error.line(), message });
        } else {
            self.failures.push((file, FileError { path, line: error.line(), message: error.to_string() }));
        }
    }
}

/// Returns the first names of a list.
fn named(names: &[impl AsRef<str>]) -> String {
    let first = names.iter().take(NAMED).map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    if names.len() > NAMED { format!("{first}, …") } else { first }
}

/// Returns whether the file is not documentation: conditions, catalogs, drawings, build files and style files.
fn is_side_file(root: &Element) -> bool {
    let name = root.name.rsplit(':').next().unwrap_or(&root.name);
    matches!(name, "val" | "catalog" | "svg" | "stylesheet" | "transform" | "schema" | "grammar" | "project" | "plugin")
}

/// Returns the rules of several ditaval files. If two files have a rule for the same value, the first has priority.
fn read_ditavals(paths: &[PathBuf]) -> Result<Option<Ditaval>, ReadError> {
    let mut all: Option<Ditaval> = None;
    for path in paths {
        let bytes = std::fs::read(path).map_err(|error| ReadError::Input {
            message: format!("{}: {error}; pass a ditaval file", path.display()),
        })?;
        let read = ditaval::read(&bytes).map_err(|fault| {
            let line = fault.line.map(|line| format!(":{line}")).unwrap_or_default();
            ReadError::Input {
                message: format!("{}{line}: {}; pass a valid ditaval file", path.display(), fault.message),
            }
        })?;
        match &mut all {
            Some(all) => all.add(read),
            None => all = Some(read),
        }
    }
    Ok(all)
}

/// Finds the files below a folder.
fn folder(root: &Path, kinds: &Specializations) -> std::io::Result<Found> {
    let inputs = InputFiles::new(root, kinds);
    let (mut paths, mut ditavals, mut unread) = (Vec::new(), Vec::new(), Vec::new());
    let mut waiting = vec![(root.to_owned(), String::new())];
    while let Some((folder, prefix)) = waiting.pop() {
        let mut fail = |path: String, message: String| unread.push(FileError { path, line: None, message });
        let entries = match std::fs::read_dir(&folder).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) if prefix.is_empty() => return Err(error),
            Err(error) => {
                fail(prefix, format!("cannot read the folder: {error}"));
                continue;
            }
        };
        for entry in entries {
            let name = match entry.file_name().into_string() {
                Ok(name) => name,
                Err(name) => {
                    fail(format!("{prefix}{}", name.to_string_lossy()), "its name is not UTF-8; rename it".to_owned());
                    continue;
                }
            };
            let path = format!("{prefix}{name}");
            // Hidden files belong to tools. Links to folders are not followed, because they may form a cycle.
            match entry.file_type() {
                _ if name.starts_with('.') => {}
                Ok(kind) if kind.is_dir() => waiting.push((entry.path(), format!("{path}/"))),
                Ok(_) if is_candidate(&name) => paths.push(path),
                Ok(_) if extension(&name) == "ditaval" => ditavals.push(path),
                Ok(_) => {}
                Err(error) => fail(path, error.to_string()),
            }
        }
    }
    paths.sort();
    ditavals.sort();
    let files = paths.iter().map(|path| inputs.intern(path)).collect();
    Ok(Found { inputs, files, unread, ditavals })
}

pub(super) fn extension(name: &str) -> String {
    name.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default()
}

pub(super) fn is_candidate(name: &str) -> bool {
    EXTENSIONS.contains(&extension(name).as_str())
}
