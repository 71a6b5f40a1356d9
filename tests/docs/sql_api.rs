//! `docs/sql-api.md` is what the database says of itself.

use std::fmt::Write as _;
use std::path::Path;

use postgres::Client;

use crate::support::TestDatabase;

/// `UPDATE_DOCS=1 make test FILTER=sql_api` writes it anew.
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
         Made from the comments in `sql/`; `\\df+ graphdb.*` and `\\d+ graphdb.*` in psql show the same. Functions that begin with `_`\n\
         are private and left out here. No function is executable by PUBLIC: `trailblazer db grant worker|admin|reader ROLE` gives rights.\n\n\
         | SQLSTATE | means |\n|---|---|\n\
         | `TB001` | invalid argument: the message says which, the hint what to pass instead |\n\
         | `TB002` | claim lost: stop work on the run, claim again |\n\
         | `TB003` | work incomplete: the phase cannot be completed yet |\n\
         | `TB004` | no such run |\n\
         | `TB005` | the schema is newer than the caller |\n\n\
         ## Functions\n",
    );
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
        let columns = client
            .query(
                "select a.attname::text, format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end, \
                        coalesce(col_description(a.attrelid, a.attnum), '') \
                 from pg_attribute as a where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum",
                &[&oid],
            )
            .unwrap();
        for column in columns {
            let (column, kind, meaning): (String, String, String) = (column.get(0), column.get(1), column.get(2));
            let kind = shortened(&kind);
            let _ = writeln!(text, "| `{column}` | {kind} | {meaning} |");
        }
    }
    text
}

/// Types as people write them.
fn shortened(types: &str) -> String {
    types
        .replace("timestamp with time zone", "timestamptz")
        .replace("public.", "")
        .replace("::text", "")
        .replace("::interval", "")
}
