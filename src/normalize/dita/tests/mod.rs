//! Behavior of the reader as a whole, on small inputs.

mod blocks;
mod branches;
mod flow;
mod ingest;
mod lightweight;
mod maps;
mod references;
mod robustness;
mod scopes;
mod secrets;
mod specialized;

use crate::normalize::{Document, FileError, Options, Outcome};

/// Returns the documents and failures of a folder with these files. The collection is `c`.
fn read_folder(files: &[(&str, &str)], ditaval: Option<&str>) -> (Vec<Document>, Vec<FileError>) {
    let folder = write(files);
    let ditaval = ditaval.map(|name| folder.path().join(name)).into_iter().collect();
    read_input(folder.path(), &Options { collection: Some("c".to_owned()), ditaval, ..Options::default() })
}

fn read_input(input: &std::path::Path, options: &Options) -> (Vec<Document>, Vec<FileError>) {
    let (mut documents, mut failures) = (Vec::new(), Vec::new());
    for outcome in outcomes(input, options) {
        match outcome {
            Outcome::Document(document) => documents.push(*document),
            Outcome::Failure(failure) | Outcome::Skipped(failure) => failures.push(failure),
            Outcome::Notice(_) => {}
        }
    }
    (documents, failures)
}

fn outcomes(input: &std::path::Path, options: &Options) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    super::read(input, options, &mut |outcome| {
        outcomes.push(outcome);
        Ok(())
    })
    .unwrap();
    outcomes
}

/// Returns the notices for the owner of an input.
fn notices(input: &std::path::Path, options: &Options) -> Vec<String> {
    let notice = |outcome| match outcome {
        Outcome::Notice(notice) => Some(notice.message),
        _ => None,
    };
    outcomes(input, options).into_iter().filter_map(notice).collect()
}

/// Writes files to a folder.
fn write(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Returns the document with an id from a folder with these files.
fn document(files: &[(&str, &str)], id: &str) -> Document {
    let (documents, failures) = read_folder(files, None);
    assert_eq!(failures, []);
    documents.into_iter().find(|document| document.id == id).unwrap()
}

/// Returns the Markdown of a topic with this body.
fn body(xml: &str) -> String {
    topic(&format!("<topic id='t'><title>T</title><body>{xml}</body></topic>"))
}

/// Returns the Markdown of a topic.
fn topic(xml: &str) -> String {
    document(&[("t.dita", xml)], "topic:c/t").text_md
}
