//! Creates the report for the owners of the content: one HTML file that runs no script and loads nothing.

mod page;
mod runs;
mod wording;

use chrono::{DateTime, Utc};

use crate::db::calls::Run;
use crate::db::report::{Day, Duplicates, Group};
use crate::ids::RunId;

pub use page::render;

/// The largest number of pages in each list.
pub const MOST_PAGES: i32 = 1_000_000;
/// Maximum number of groups with the same text, and of pairs of similar documents.
pub const DUPLICATES: u8 = 100;

/// The data of the report.
#[derive(Debug, Clone)]
pub struct Report {
    /// The creation time by the clock of the database.
    pub created_at: DateTime<Utc>,
    /// The run to report on. `None` means the newest version of every document.
    pub run_id: Option<RunId>,
    /// Maximum number of pages in each list.
    pub pages: i32,
    /// Counts of documents.
    pub documents: Vec<Group>,
    /// Counts of documents by their chunks.
    pub chunks: Vec<Group>,
    /// Identical and similar documents: at most [`DUPLICATES`] and one more of each kind.
    pub duplicates: Vec<Duplicates>,
    /// The claims that ended on each of the last days, oldest first.
    pub attempts: Vec<Day>,
    /// The runs, newest first.
    pub runs: Vec<Run>,
}

impl Report {
    /// Returns the groups of `kind`.
    fn groups(&self, kind: &str) -> impl Iterator<Item = &Group> {
        self.documents.iter().chain(&self.chunks).filter(move |group| group.kind == kind)
    }

    /// Returns how many documents the groups of `kind` have in total. Use it only for kinds with one value for each document.
    fn total(&self, kind: &str) -> i64 {
        self.groups(kind).map(|group| group.documents).sum()
    }

    /// Returns how many documents the report covers.
    #[must_use]
    pub fn total_documents(&self) -> i64 {
        self.total("source")
    }
}
