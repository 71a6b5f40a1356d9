//! Counts the words of a source that its Markdown contains in the same order, including repetitions.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::table::{percent, share};

/// The words of a corpus.
#[derive(Default)]
pub struct WordOrder {
    total: usize,
    kept: usize,
    lost: Vec<String>,
}

impl WordOrder {
    /// Counts the words of a document. If a document is missing, none of its words are kept.
    pub fn take(&mut self, document: &str, source: &[String], markdown: &[String]) {
        let operations = capture_diff_slices(Algorithm::Myers, source, markdown);
        self.total += source.len();
        for operation in operations {
            if let DiffOp::Equal { len, .. } = operation {
                self.kept += len;
            } else {
                let lost = source.get(operation.old_range()).unwrap_or_default();
                self.lost.extend(lost.iter().map(|word| format!("{document}: {word}")));
            }
        }
    }

    /// Returns whether every word is kept in order.
    pub fn is_whole(&self) -> bool {
        self.kept == self.total
    }

    /// Prints the row of a corpus. Fails if fewer than 99.9 % of its words are kept.
    pub fn report(&self, corpus: &str) {
        eprintln!("{corpus}: {:#?}", self.lost.iter().take(60).collect::<Vec<_>>());
        let figure = percent(self.kept, self.total);
        share(corpus, "words kept, in order", (self.kept, self.total), &figure, 99_900);
    }
}

#[cfg(test)]
mod tests {
    use super::WordOrder;

    fn kept(source: &str, markdown: &str) -> usize {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let mut order = WordOrder::default();
        order.take("d", &words(source), &words(markdown));
        order.kept
    }

    #[test]
    fn repetitions_and_order_count() {
        assert_eq!(kept("a b a c", "a b a c"), 4);
        assert_eq!(kept("a b a c", "a b c"), 3);
        assert_eq!(kept("a b c d", "d c b a"), 1);
        assert_eq!(kept("a b c", "a x b c"), 3);
    }
}
