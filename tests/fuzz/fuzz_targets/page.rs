//! What must hold for a page, whatever its bytes.

use trailblazer::normalize::{self, Options, Outcome};

/// Reads a page file twice: one outcome, always the same, without what Postgres cannot store.
pub fn check(name: &str, bytes: &[u8]) {
    let (first, second) = (read(name, bytes), read(name, bytes));
    assert_eq!(first, second, "the same bytes give the same document");
    for outcome in first {
        match outcome {
            Outcome::Document(document) => {
                assert!(!document.text_md.contains('\0') && !document.title.contains('\0'));
                assert!(document.content_sha256.is_some());
            }
            Outcome::Failure(failure) => assert!(!failure.message.is_empty()),
        }
    }
}

fn read(name: &str, bytes: &[u8]) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    let options = Options { site_url: Some("https://example.atlassian.net/wiki".to_owned()), ..Options::default() };
    let result = normalize::read_page(name, bytes, &options, &mut |outcome| {
        outcomes.push(outcome);
        Ok(())
    });
    assert!(result.is_ok(), "one bad file never stops a run: {result:?}");
    outcomes
}
