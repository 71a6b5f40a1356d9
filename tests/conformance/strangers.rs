//! Nothing extra: words of a Markdown that its source does not show.

use std::collections::BTreeMap;

use super::table::{percent, reaches, row};

/// Words of the documents of one corpus.
#[derive(Default)]
pub struct Census {
    total: usize,
    strangers: BTreeMap<String, usize>,
}

impl Census {
    /// Counts the words of one document; `is_known` says whether its source shows a word. Numbers are not at issue:
    /// writers count lists and notes.
    pub fn take(&mut self, document: &str, words: Vec<String>, is_known: impl Fn(&str) -> bool) {
        self.total += words.len();
        for word in words {
            if !is_known(&word) && word.parse::<u64>().is_err() {
                *self.strangers.entry(format!("{document}: {word}")).or_default() += 1;
            }
        }
    }

    /// Prints the row of a corpus; fails when there is any stranger.
    pub fn report(&self, corpus: &str) {
        let strangers = self.strangers.values().sum::<usize>();
        eprintln!("{:#?}", self.strangers.keys().take(40).collect::<Vec<_>>());
        let own = self.total - strangers;
        row(corpus, "words that the source shows", &percent(own, self.total), "100 %", reaches(own, self.total, 1_000));
    }
}
