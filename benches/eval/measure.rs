//! Computes the measures for questions with one relevant document.

use std::fmt;

/// Sums over all questions.
#[derive(Debug, Default)]
pub struct Scores {
    questions: f64,
    at_1: f64,
    at_10: f64,
    reciprocal: f64,
    gain: f64,
}

impl Scores {
    /// Adds a question whose answer has the rank `rank`, counted from 1.
    pub fn add(&mut self, rank: Option<usize>) {
        self.questions += 1.0;
        let Some(rank) = rank.and_then(|rank| u32::try_from(rank).ok()) else { return };
        self.reciprocal += 1.0 / f64::from(rank);
        if rank == 1 {
            self.at_1 += 1.0;
        }
        if rank <= 10 {
            self.at_10 += 1.0;
            // There is only one relevant document, so the ideal gain is 1.
            self.gain += 1.0 / (1.0 + f64::from(rank)).log2();
        }
    }

    /// Returns how many questions were added.
    pub fn questions(&self) -> f64 {
        self.questions
    }

    /// Returns the share of questions whose answer comes first.
    pub fn first(&self) -> f64 {
        self.at_1 / self.questions.max(1.0)
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let means = [self.at_1, self.at_10, self.reciprocal, self.gain]
            .map(|sum| format!("{:.3}", sum / self.questions.max(1.0)));
        f.write_str(&means.join(" | "))
    }
}

/// Returns the rank of the first of `answers` in `found`, counted from 1.
pub fn rank_of(found: &[String], answers: &[String]) -> Option<usize> {
    found.iter().position(|id| answers.contains(id)).map(|place| place + 1)
}
