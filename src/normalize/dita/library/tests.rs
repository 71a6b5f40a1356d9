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
