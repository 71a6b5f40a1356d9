//! Finds tables that somebody dropped, and restores those whose content is computed from other tables.

use postgres::{GenericClient, Transaction};

use super::install::{migrations, tables};
use crate::error::{Error, Result};

/// The tables whose content is computed again. After a reset, searches lack the vectors in `stale_embeddings` until the runs are
/// embedded again.
const COMPUTED: [&str; 4] = ["document_vectors", "stale_embeddings", "vocabulary", "vocabulary_pending"];

/// Returns the names of the dropped tables. The schema must be installed.
pub fn find(client: &mut impl GenericClient) -> Result<Vec<String>> {
    let rows = client.query(
        "select t.name from unnest($1::text[]) as t (name) where to_regclass(format('graphdb.%I', t.name)) is null order by t.name",
        &[&tables()],
    )?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Returns the error if a dropped table contained data that only a backup has.
pub fn refuse_lost_data(lost: &[String]) -> Result<()> {
    let names: Vec<&str> = lost.iter().map(String::as_str).filter(|name| !COMPUTED.contains(name)).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(Error::NotReady {
        message: format!("somebody dropped tables of schema graphdb: {}", names.join(", ")),
        hint: "Restore a backup with `trailblazer db restore FILE`. Without a backup, drop schema graphdb, run `trailblazer db migrate`, \
               and normalize the sources again."
            .into(),
    })
}

/// Creates the dropped tables again with the statements of the migrations. Returns their names.
pub(super) fn restore(tx: &mut Transaction<'_>, vector_schema: &str) -> Result<Vec<String>> {
    let lost = find(tx)?;
    refuse_lost_data(&lost)?;
    for table in &lost {
        for statement in statements(table, vector_schema) {
            tx.batch_execute(&statement)?;
        }
    }
    Ok(lost)
}

/// Returns the statements of all migrations that define a table, its indexes and its comments, in order.
fn statements(table: &str, vector_schema: &str) -> Vec<String> {
    let beginnings = [
        format!("create table if not exists graphdb.{table} "),
        format!("alter table graphdb.{table} "),
        format!("alter table if exists graphdb.{table} "),
        format!("comment on table graphdb.{table} "),
        format!("comment on column graphdb.{table}."),
    ];
    let is_index = |statement: &str| {
        (statement.starts_with("create index ") || statement.starts_with("create unique index "))
            && statement.contains(&format!(" on graphdb.{table} "))
    };
    let is_meant =
        |statement: &&str| is_index(statement) || beginnings.iter().any(|beginning| statement.starts_with(beginning));
    let texts: Vec<String> = migrations().map(|(_, file)| file.with_vector_in(vector_schema)).collect();
    let all = texts.iter().flat_map(|text| text.split(";\n")).map(without_comments);
    all.filter(is_meant).map(str::to_owned).collect()
}

/// Returns the statement without the comment lines before it.
fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    while let Some((_, after)) = rest.strip_prefix("--").and_then(|comment| comment.split_once('\n')) {
        rest = after.trim_start();
    }
    rest
}
