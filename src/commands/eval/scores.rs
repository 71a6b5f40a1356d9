//! The scores of an evaluation, and the comparison with an earlier one.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::questions::read_file;
use crate::error::{Error, Result};
use crate::terminal::{counted, print_line, print_table};

/// The scores of one search method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Scores {
    recall_at_1: f64,
    recall_at_10: f64,
    mrr: f64,
    ndcg_at_10: f64,
}

impl Scores {
    /// Adds a question whose answer has the rank `rank`, counted from 1. `share` is 1 divided by the number of questions.
    pub(super) fn add(&mut self, rank: Option<u32>, share: f64) {
        let Some(rank) = rank else { return };
        self.mrr += share / f64::from(rank);
        if rank == 1 {
            self.recall_at_1 += share;
        }
        if rank <= 10 {
            self.recall_at_10 += share;
            // There is only one relevant document, so the ideal gain is 1.
            self.ndcg_at_10 += share / (1.0 + f64::from(rank)).log2();
        }
    }

    fn measures(&self) -> [(&'static str, f64); 4] {
        [
            ("recall@1", self.recall_at_1),
            ("recall@10", self.recall_at_10),
            ("MRR", self.mrr),
            ("nDCG@10", self.ndcg_at_10),
        ]
    }
}

/// A question whose answer is not the first hit.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Miss {
    pub(super) by: String,
    pub(super) question: String,
    /// The rank of the answer, or `None` if it is not among the evaluated documents.
    pub(super) rank: Option<u32>,
    /// The documents with a higher rank.
    pub(super) above: Vec<String>,
}

/// The result of the evaluation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) questions: usize,
    /// A hash of the questions and their answers. Results of earlier versions have none.
    #[serde(default)]
    pub(super) questions_sha256: Option<String>,
    pub(super) by: Vec<(String, Scores)>,
    pub(super) misses: Vec<Miss>,
}

pub(super) fn read_baseline(path: &Path) -> Result<Outcome> {
    let text = read_file(path)?;
    serde_json::from_str::<Value>(&text).and_then(serde_json::from_value).map_err(|error| Error::Usage {
        message: format!("{} is not a result of `trailblazer eval --json`: {error}", path.display()),
        hint: Some("Create it with `trailblazer eval … --json > FILE`".into()),
    })
}

/// Returns whether any score is below the baseline by more than the margin, and prints these scores.
pub(super) fn has_lost(baseline: &Outcome, outcome: &Outcome, margin: f64) -> bool {
    let mut lost = false;
    for (by, before) in &baseline.by {
        let now = outcome.by.iter().find(|(way, _)| way == by).map(|(_, scores)| scores.clone()).unwrap_or_default();
        for ((measure, before), (_, now)) in before.measures().into_iter().zip(now.measures()) {
            if now < before - margin {
                log::warn!("{measure} by {by} fell from {before:.3} to {now:.3}");
                lost = true;
            }
        }
    }
    lost
}

pub(super) fn print(outcome: &Outcome) -> Result<()> {
    print_line(&counted(outcome.questions, "question"))?;
    let heading = std::iter::once("by".to_owned());
    let mut rows =
        vec![heading.chain(Scores::default().measures().iter().map(|(name, _)| (*name).to_owned())).collect()];
    for (by, scores) in &outcome.by {
        let values = scores.measures().map(|(_, value)| format!("{value:.3}"));
        rows.push(std::iter::once(by.clone()).chain(values).collect::<Vec<String>>());
    }
    print_table(&rows)?;
    for miss in &outcome.misses {
        let rank = miss.rank.map_or_else(|| "not found".to_owned(), |rank| format!("place {rank}"));
        print_line(&format!("\n{} by {}: {}", rank, miss.by, miss.question))?;
        for document in &miss.above {
            print_line(&format!("  above it: {document}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_means_over_the_questions() {
        let mut scores = Scores::default();
        for rank in [Some(1), Some(3), Some(20), None] {
            scores.add(rank, 0.25);
        }
        let expected = [0.25, 0.5, (1.0 + 1.0 / 3.0 + 0.05) / 4.0, (1.0 + 0.5) / 4.0];
        for ((name, value), expected) in scores.measures().into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-9, "{name} {value}");
        }
    }

    #[test]
    fn a_loss_beyond_the_margin_is_found() {
        let of = |ndcg_at_10| Outcome {
            by: vec![("both".into(), Scores { ndcg_at_10, ..Scores::default() })],
            ..Outcome::default()
        };
        assert!(has_lost(&of(0.8), &of(0.7), 0.01));
        assert!(!has_lost(&of(0.8), &of(0.795), 0.01));
        assert!(!has_lost(&of(0.8), &of(0.9), 0.01));
        assert!(has_lost(&of(0.8), &Outcome::default(), 0.01));
    }
}
