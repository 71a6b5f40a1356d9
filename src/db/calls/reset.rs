//! Resets and deletions.

use postgres::GenericClient;

use super::Filter;
use crate::error::Result;
use crate::ids::Scope;

/// The counts of one step of a reset or its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.reset_runs")]
pub struct ResetStep {
    pub matched: i64,
    pub reset: i64,
    pub unchanged: i64,
    pub skipped: i64,
    pub fenced: i64,
    pub deleted_vectors: i64,
    pub deleted_chunks: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

/// A reset: the runs, and how they are reset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parameters of graphdb.reset_runs")]
pub struct Reset {
    pub filter: Filter,
    pub scope: Scope,
    pub dry_run: bool,
    pub force: bool,
    pub delete_chunks: bool,
}

/// Calls `graphdb.reset_runs` for at most `max_runs` runs after `after`.
pub fn reset_runs(
    client: &mut impl GenericClient,
    reset: &Reset,
    max_runs: Option<i32>,
    after: &str,
) -> Result<ResetStep> {
    let row = client.query_one(
        "select * from graphdb.reset_runs($1, $2, $3, $4, $5, $6, $7)",
        &[
            &reset.filter.to_json(),
            &reset.scope.as_str(),
            &reset.dry_run,
            &reset.force,
            &max_runs,
            &reset.delete_chunks,
            &after,
        ],
    )?;
    Ok(ResetStep {
        matched: row.get("matched"),
        reset: row.get("reset"),
        unchanged: row.get("unchanged"),
        skipped: row.get("skipped"),
        fenced: row.get("fenced"),
        deleted_vectors: row.get("deleted_vectors"),
        deleted_chunks: row.get("deleted_chunks"),
        last_run_id: row.get("last_run_id"),
    })
}

/// The counts of one step of a deletion or its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the columns of graphdb.delete_runs")]
pub struct DeleteStep {
    pub matched: i64,
    pub deleted: i64,
    pub skipped: i64,
    pub fenced: i64,
    pub deleted_documents: i64,
    pub deleted_chunks: i64,
    pub deleted_vectors: i64,
    /// The run after which the next step begins, or `None` after the last step.
    pub last_run_id: Option<String>,
}

/// A deletion: the runs, and how they are deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the parameters of graphdb.delete_runs")]
pub struct Delete {
    pub filter: Filter,
    pub dry_run: bool,
    pub force: bool,
}

/// Calls `graphdb.delete_runs` for at most `max_runs` runs after `after`.
pub fn delete_runs(
    client: &mut impl GenericClient,
    delete: &Delete,
    max_runs: Option<i32>,
    after: &str,
) -> Result<DeleteStep> {
    let row = client.query_one(
        "select * from graphdb.delete_runs($1, $2, $3, $4, $5)",
        &[&delete.filter.to_json(), &delete.dry_run, &delete.force, &max_runs, &after],
    )?;
    Ok(DeleteStep {
        matched: row.get("matched"),
        deleted: row.get("deleted"),
        skipped: row.get("skipped"),
        fenced: row.get("fenced"),
        deleted_documents: row.get("deleted_documents"),
        deleted_chunks: row.get("deleted_chunks"),
        deleted_vectors: row.get("deleted_vectors"),
        last_run_id: row.get("last_run_id"),
    })
}
