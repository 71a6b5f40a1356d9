//! The report for the people who own the content: one HTML file that loads nothing and runs nothing.

mod page;
mod wording;

use chrono::{DateTime, Utc};

use crate::db::calls::Run;
use crate::db::history::Interval;
use crate::db::report::{Duplicates, Group};
use crate::ids::RunId;

pub use page::render;

/// What the report is made of.
#[derive(Debug, Clone)]
pub struct Report {
    /// By the clock of the database.
    pub created_at: DateTime<Utc>,
    /// The run that the report is about. Without it: the newest version of every document.
    pub run_id: Option<RunId>,
    /// Counts of documents.
    pub documents: Vec<Group>,
    /// Counts of documents by their chunks.
    pub chunks: Vec<Group>,
    /// Documents that say the same.
    pub duplicates: Vec<Duplicates>,
    /// What ended on each of the last days, the oldest first.
    pub history: Vec<Interval>,
    /// The runs, the newest first.
    pub runs: Vec<Run>,
}

impl Report {
    /// Returns the groups of `kind`.
    fn groups(&self, kind: &str) -> impl Iterator<Item = &Group> {
        self.documents.iter().chain(&self.chunks).filter(move |group| group.kind == kind)
    }

    /// Returns how many documents the groups of `kind` have; only for kinds that give each document one value.
    fn total(&self, kind: &str) -> i64 {
        self.groups(kind).map(|group| group.documents).sum()
    }

    /// Returns how many documents are reported.
    #[must_use]
    pub fn total_documents(&self) -> i64 {
        self.total("source")
    }
}
