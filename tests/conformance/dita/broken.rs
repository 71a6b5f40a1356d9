//! Broken files: real topics that are cut off or lack an end tag. Their readable part is kept, and the position is reported.

use std::path::Path;

use trailblazer::normalize::{Document, FileError, Options, Source};

use super::{lacking, words_of};
use crate::conformance::corpora::{corpus, files_ending, read};

fn converted(folder: &Path, xml: &str) -> (Option<Document>, Vec<FileError>) {
    std::fs::write(folder.join("t.dita"), xml).unwrap();
    let mut read = read(folder, Source::Dita, &Options::default());
    (read.documents.pop(), read.failures)
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn broken_topics_keep_what_can_be_read() {
    let root = corpus("dita-ot-docs");
    let folder = tempfile::tempdir().unwrap();
    let (mut cut_topics, mut unclosed) = (0, 0);
    for path in files_ending(&root.join("topics"), &[".dita"]).iter().take(60) {
        let xml = std::fs::read_to_string(path).unwrap();
        let Some(body) = xml.find("body>") else { continue };
        let whole = words_of(&converted(folder.path(), &xml).0.expect("a document"));
        for part in 1..6 {
            let cut = (body + (xml.len() - body) * part / 6..xml.len()).find(|at| xml.is_char_boundary(*at)).unwrap();
            let (document, failures) = converted(folder.path(), &xml[..cut]);
            let document = document.unwrap_or_else(|| panic!("{} cut at {cut}: {failures:?}", path.display()));
            assert!(failures[0].line.is_some(), "{failures:?}");
            // The last word may be incomplete, or part of an address that is its own text.
            let extra = lacking(&words_of(&document), &whole);
            assert!(extra.len() <= 4, "{} cut at {cut}: {extra:?}", path.display());
            cut_topics += 1;
        }
        if let Some(end) = xml.get(body..).and_then(|rest| rest.find("</p>")) {
            let open = format!("{}{}", &xml[..body + end], &xml[body + end + 4..]);
            let (document, failures) = converted(folder.path(), &open);
            let lost = lacking(&whole, &words_of(&document.expect("a document")));
            assert!(lost.is_empty() && failures.len() == 1, "{}: {lost:?} {failures:?}", path.display());
            unclosed += 1;
        }
    }
    assert!(cut_topics > 200 && unclosed > 30, "{cut_topics} cut, {unclosed} unclosed");
}
