//! Finds words of a Markdown document that its source does not show.

use std::collections::BTreeMap;

use super::table::{percent, share};

/// The words of all documents in a corpus.
#[derive(Default)]
pub struct WordTally {
    total: usize,
    extra_words: BTreeMap<String, usize>,
}

impl WordTally {
    /// Counts the words of a document. `is_known` returns whether its source shows a word. Numbers are ignored, because
    /// writers number lists and notes.
    pub fn take(&mut self, document: &str, words: Vec<String>, is_known: impl Fn(&str) -> bool) {
        self.total += words.len();
        for word in words {
            if !is_known(&word) && word.parse::<u64>().is_err() {
                *self.extra_words.entry(format!("{document}: {word}")).or_default() += 1;
            }
        }
    }

    /// Prints the row of a corpus. Fails if there is an additional word.
    pub fn report(&self, corpus: &str) {
        let extra_words = self.extra_words.values().sum::<usize>();
        eprintln!("{:#?}", self.extra_words.keys().take(40).collect::<Vec<_>>());
        let own = self.total - extra_words;
        share(corpus, "words that the source shows", (own, self.total), &percent(own, self.total), 100_000);
    }
}
