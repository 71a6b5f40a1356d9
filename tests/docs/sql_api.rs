//! Generates `docs/sql-api.md` from the comments in the database.

use std::fmt::Write as _;
use std::path::Path;

use postgres::Client;

use crate::support::TestDatabase;

/// To update the document, run `UPDATE_DOCS=1 make test FILTER=sql_api`.
#[test]
fn sql_api_document_is_what_the_comments_say() {
    let database = TestDatabase::new();
    let described = describe(&mut database.connect());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/sql-api.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &described).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == described, "docs/sql-api.md is out of date: UPDATE_DOCS=1 make test FILTER=sql_api");
}

fn describe(client: &mut Client) -> String {
    let mut text = String::from(
        "# SQL API\n\n\
         This page is generated from the comments in `sql/`. In psql, `\\df+ graphdb.*` and `\\d+ graphdb.*` show the same. Functions that begin with `_`\n\
         are private and not listed. No function is executable by PUBLIC: `trailblazer db grant worker|admin|reader ROLE` grants rights.\n\n\
         | SQLSTATE | means |\n|---|---|\n\
         | `TB001` | invalid argument: the message contains the argument, and the hint what to pass instead |\n\
         | `TB002` | claim lost: stop work on the run, claim again |\n\
         | `TB003` | work incomplete: the phase cannot be completed yet |\n\
         | `TB004` | no such run |\n\
         | `TB005` | the schema is newer than the caller |\n",
    );
    filters(client, &mut text);
    text.push_str("\n## Functions\n");
    let functions = client
        .query(
            "select p.proname::text, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), obj_description(p.oid, 'pg_proc') \
             from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace and p.proname not like '\\_%' order by 1",
            &[],
        )
        .unwrap();
    for row in functions {
        let (name, arguments, result, comment): (String, String, String, String) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        let call = shortened(&format!("graphdb.{name}({})\nreturns {result}", arguments.replace(", ", ",\n  ")));
        let _ = write!(text, "\n### {name}\n\n```sql\n{call}\n```\n\n{comment}\n");
    }
    staging(client, &mut text);
    text.push_str("\n## Tables and views\n");
    let relations = client
        .query(
            "select c.oid, c.relname::text, obj_description(c.oid, 'pg_class') from pg_class as c \
             where c.relnamespace = 'graphdb'::regnamespace and c.relkind in ('r', 'v') order by c.relkind, c.relname",
            &[],
        )
        .unwrap();
    for relation in relations {
        let (oid, name, comment): (u32, String, String) = (relation.get(0), relation.get(1), relation.get(2));
        let _ = write!(text, "\n### {name}\n\n{comment}\n\n| column | type | meaning |\n|---|---|---|\n");
        for (column, kind, meaning) in columns(client, oid) {
            let _ = writeln!(text, "| `{column}` | {kind} | {meaning} |");
        }
    }
    text
}

/// Returns name, type and comment of each column.
fn columns(client: &mut Client, table: u32) -> Vec<(String, String, String)> {
    let rows = client
        .query(
            "select a.attname::text, format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end, \
                    coalesce(col_description(a.attrelid, a.attnum), '') \
             from pg_attribute as a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum",
            &[&table],
        )
        .unwrap();
    rows.iter().map(|row| (row.get(0), shortened(row.get(1)), row.get(2))).collect()
}

const FILTERS: &str = "
## Filters

`p_filter` is a JSON object. A row must match all keys. Null or `{}` selects everything. An unknown key, a wrong type or a date that
does not exist is `TB001`. `run_ids`, `source`, `status`, `embedding_model`, `label` and `flag` accept a string or a list of strings.

| key | runs | search | selects |
|---|---|---|---|
| `run_ids` | yes | yes | runs with these ids |
| `run_id_glob` | yes | yes | runs whose id matches: `*` is any text, and `?` is one character |
| `source` | yes | yes | runs of these sources |
| `status` | yes | | runs with these statuses |
| `normalized_from` | yes | | runs normalized at this date or time, or later |
| `normalized_to` | yes | | runs normalized at this time or earlier; a date means the end of the day |
| `embedding_model` | yes | | runs last embedded with these models |
| `paused` | yes | | runs that are paused (`true`), or that are not (`false`) |
| `limit` | yes | | at most this number of runs |
| `label` | | yes | documents with one of these labels |
| `path` | | yes | documents with one of these paths or below these folders; `*` and `?` as above |
| `ancestor` | | yes | documents below one of these titles |
| `language` | | yes | documents in one of these languages: `de` or `german` |
| `flag` | | yes | documents with one of these quality flags |
| `without_flag` | | yes | documents with none of these quality flags |
| `updated` | | yes | documents that the source changed between the dates `from` and `to` of an object |
| `meta` | | yes | documents with these values in their metadata: a value, a list of alternatives, or a range of dates |
| `without` | | yes | chunks without these words or phrases |
| `as` | | yes | documents that these principals may read, as far as the caller has them: `user:ann`, `group:hr`; without it, those that the role was granted |
";

/// Adds the filter keys, and checks that the functions support the same keys.
fn filters(client: &mut Client, text: &mut String) {
    for (place, call) in [(2, "list_runs"), (3, "searched_documents")] {
        let refused = client.execute(&format!("select graphdb.{call}('{{\"unknown\": 1}}')"), &[]).unwrap_err();
        let hint = refused.as_db_error().unwrap().hint().unwrap();
        let mut known: Vec<&str> = hint.trim_start_matches("Known keys: ").trim_end_matches('.').split(", ").collect();
        let rows =
            FILTERS.lines().filter_map(|row| row.strip_prefix("| `")).map(|row| row.split('|').collect::<Vec<_>>());
        let mut told: Vec<&str> = rows
            .filter(|cells| cells[place - 1].trim() == "yes")
            .map(|cells| cells[0].trim_matches(['`', ' ']))
            .collect();
        known.sort_unstable();
        told.sort_unstable();
        assert_eq!(known, told, "{call}");
    }
    text.push_str(FILTERS);
}

/// Adds the tables that `create_staging` creates.
fn staging(client: &mut Client, text: &mut String) {
    client.execute("select graphdb.create_staging()", &[]).unwrap();
    text.push_str(
        "\n## Staging tables\n\nThe function `create_staging` creates these tables for COPY in a session. Each column has the same meaning as in the table of that name.\n",
    );
    for table in ["staged_documents", "staged_chunks", "staged_embeddings"] {
        let oid = client.query_one("select ('pg_temp.' || $1)::regclass::oid", &[&table]).unwrap().get(0);
        let _ = write!(text, "\n### {table}\n\n| column | type |\n|---|---|\n");
        for (column, kind, _) in columns(client, oid) {
            let _ = writeln!(text, "| `{column}` | {kind} |");
        }
    }
}

/// Shortens the names of types.
fn shortened(types: &str) -> String {
    types
        .replace("timestamp with time zone", "timestamptz")
        .replace("public.", "")
        .replace("::text[]", "")
        .replace("::text", "")
        .replace("::interval", "")
}
