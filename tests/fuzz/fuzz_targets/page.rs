//! Checks conditions that must be true for every page.

use std::num::NonZeroUsize;

use trailblazer::normalize::{self, Options, Outcome};

/// Reads a page file. There must be one outcome without characters that PostgreSQL cannot store. One in sixteen pages
/// is read twice, and the result must be the same.
pub fn check(name: &str, bytes: &[u8]) {
    let outcomes = read(name, bytes);
    if bytes.len() % 16 == 0 {
        assert_eq!(outcomes, read(name, bytes), "the same bytes give the same document");
    }
    for outcome in outcomes {
        match outcome {
            Outcome::Document(document) => {
                assert!(!document.text_md.contains('\0') && !document.title.contains('\0'));
                assert!(document.content_sha256.is_some());
            }
            Outcome::Failure(failure) | Outcome::Skipped(failure) => assert!(!failure.message.is_empty()),
            Outcome::Notice(notice) => assert!(!notice.message.is_empty()),
        }
    }
}

fn read(name: &str, bytes: &[u8]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let site_url = Some("https://example.atlassian.net/wiki".to_owned());
    let options = Options { site_url, threads: NonZeroUsize::new(1), ..Options::default() };
    let result = normalize::read_page(name, bytes, &options, &mut |outcome| {
        outcomes.push(outcome);
        Ok(())
    });
    assert!(result.is_ok(), "one bad file never stops a run: {result:?}");
    outcomes
}
