//! No statement of trailblazer looks up a name where another role may have created one, neither as the owner nor as a
//! superuser.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use postgres::Client;

use crate::support::{Run, Sandbox, TestDatabase};

const OPERATORS: &str = "=,<>,<,<=,>,>=,+,-,*,/,%,^,||,->,->>,#>>,~,!~,~~,!~~,@@,&&,@>,<=>,<->,<#>";

/// The input of the commands. See [`commands`].
const TOPIC: &str =
    "<topic id='t'><title>Trap</title><body><p>Words of the 1st page.</p><p>And more.</p></body></topic>";

/// Returns the answer as lines.
fn ask(client: &mut Client, query: &str) -> Vec<String> {
    let messages = client.simple_query(query).unwrap_or_else(|error| panic!("{error:?}\n{query}"));
    let rows = messages.into_iter().filter_map(|message| match message {
        postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    rows.collect()
}

/// Returns all words in the SQL files and in the sources with SQL as an array.
fn words() -> String {
    fn collect(folder: &Path, words: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, words);
            } else if path.extension().is_some_and(|extension| extension == "sql" || extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let found = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                words.extend(found.filter(|word| !word.is_empty()).map(str::to_lowercase));
            }
        }
    }
    let mut words = BTreeSet::new();
    for folder in ["sql", "src"] {
        collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut words);
    }
    format!("'{{{}}}'", words.into_iter().collect::<Vec<_>>().join(","))
}

/// A database where every name in the SQL also exists in hostile schemas: at the front of the path, in a schema with
/// the name of the user, and in a `public` where everybody may create objects.
struct Trapped {
    sandbox: Sandbox,
    user: String,
    url: String,
}

impl Trapped {
    /// Creates the traps. Commands run as a superuser, or as an owner who is not a superuser.
    fn new(as_superuser: bool) -> Self {
        let sandbox = Sandbox::with(TestDatabase::empty());
        let mut client = sandbox.database.connect();
        let name = &ask(&mut client, "select current_database()")[0];
        let (user, url) = if as_superuser {
            (ask(&mut client, "select current_user").remove(0), sandbox.database.url.clone())
        } else {
            let user = format!("tb_path_owner_{}", std::process::id());
            ask(&mut client, &format!("create role {user} login; grant create on database {name} to {user}"));
            let url = sandbox.database.url_as(&user);
            (user, url)
        };
        client.batch_execute("create extension vector").unwrap();
        client.batch_execute(include_str!("../sql/traps.sql")).unwrap();
        let words = words();
        for (schema, beside) in [("traps", false), (user.as_str(), false), ("public", true)] {
            ask(&mut client, &format!("create schema if not exists {schema}; grant all on schema {schema} to public"));
            let made = format!("select trap.set_in('{schema}', {words}, '{{{OPERATORS}}}', {beside})");
            let made: u32 = ask(&mut client, &made)[0].parse().unwrap();
            assert!(made > 1000, "{schema}: {made}");
        }
        ask(&mut client, &format!("alter database {name} set search_path = traps, \"$user\", public, pg_catalog"));
        Self { sandbox, user, url }
    }

    fn run(&self, args: &[&str]) -> Run {
        let run = Run::of(self.sandbox.command(args).env("TRAILBLAZER_DB_URL", &self.url).output().unwrap());
        assert_eq!(self.recorded(), "", "{args:?}: {}", run.stderr);
        run
    }

    /// Opens a session of the user with the hostile path.
    fn connect(&self) -> Client {
        let mut client = self.sandbox.database.connect();
        ask(&mut client, &format!("set session authorization {}", self.user));
        client
    }

    /// Returns the names that were resolved in a hostile schema.
    fn recorded(&self) -> String {
        let mut client = self.sandbox.database.connect();
        ask(&mut client, "select trap.recorded()").join(" ")
    }
}

/// Runs every command that uses the database.
fn commands(trapped: &Trapped) {
    let reader = format!("tb_path_reader_{}", trapped.user);
    let _ = trapped.sandbox.database.connect().batch_execute(&format!("create role {reader}"));
    trapped.sandbox.write("docs/a.dita", TOPIC);
    trapped.sandbox.write_run("stored", 2);
    for args in [
        &["db", "migrate"][..],
        &["db", "migrate"],
        &["db", "doctor"],
        &["normalize", "docs", "--source", "dita", "--run-id", "pages"],
        &["runs", "backfill"],
        &["run", "--dry-run"],
        &["run"],
        &["status"],
        &["ask", "words of the 1st page"],
        &["ask", "\"more\" -nothing", "--source", "dita", "--limit", "3"],
        &["runs", "list"],
        &["runs", "list", "--status", "embedded", "--source", "dita"],
        &["runs", "show", "pages"],
        &["runs", "priority", "pages", "3"],
        &["runs", "pause", "--source", "dita", "--reason", "moving"],
        &["runs", "list", "--paused"],
        &["status", "--workers"],
        &["runs", "resume", "--run-id", "*"],
        &["runs", "release", "--run-id", "*"],
        &["runs", "reset", "--dry-run"],
        &["runs", "reset", "--scope", "embeddings", "--yes"],
        &["run", "--run-id", "p*", "--limit", "1"],
        &["run"],
        &["run", "--phases", "chunk"],
        &["runs", "delete", "--run-id", "stored", "--yes"],
        &["db", "prune"],
        &["db", "grant", "reader", &reader, "--as", "group:hr"],
        &["ask", "words", "--as", "group:hr"],
        &["show", "topic:docs/a"],
        &["report", "--out", "-"],
        &["eval", "--known-items"],
        &["models", "list"],
        &["models", "switch", "hash-384"],
        &["db", "doctor"],
    ] {
        let run = trapped.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
    }
    // Rejected, because the run did not fail.
    trapped.run(&["runs", "retry", "pages"]).exits(2);
}

/// Calls every function of the schema, including private ones, with nulls and with a value of each type, and writes to
/// the tables.
fn functions(trapped: &Trapped, client: &mut Client) {
    let mut calm = trapped.sandbox.database.connect();
    let calls = "set search_path = pg_catalog; \
        select format('%s(%s)', p.proname, string_agg(case when s.n = 0 or t.typtype = 'c' then 'null' else coalesce( \
            case when t.typcategory = 'A' then '''{}''' end, case t.typname \
              when 'text' then '''pages''' when 'jsonb' then '''{\"source\": \"dita\"}''' when 'bool' then '''false''' \
              when 'interval' then '''1 minute''' when 'timestamptz' then '''2026-01-01''' when 'bytea' then '''x''' \
              when 'vector' then '''[1,0,0]''' when 'tsquery' then '''words''' else '''1''' end) end, ', ' order by a.place)) \
        from pg_proc as p \
        cross join (values (0), (1)) as s (n) \
        left join lateral unnest(p.proargtypes::oid[]) with ordinality as a (type, place) on true \
        left join pg_type as t on t.oid = a.type \
        where p.pronamespace = 'graphdb'::regnamespace \
        group by p.oid, p.proname, s.n order by 1";
    let calls = ask(&mut calm, calls);
    assert!(calls.len() > 150, "{}", calls.len());
    for statement in [
        "update graphdb.processed_runs set priority = default",
        "update graphdb.documents set labels = '{x}'",
        "update graphdb.chunks set heading_path = '{x}'",
        "reindex table graphdb.chunks",
    ] {
        client.batch_execute(statement).unwrap_or_else(|error| panic!("{statement}: {error:?}"));
        assert_eq!(trapped.recorded(), "", "{statement}");
    }
    for call in
        calls.iter().map(String::as_str).chain(["backlog_status", "search('words')", "snippet('words', 'Some words')"])
    {
        // Most functions reject the arguments. Only the name resolution matters.
        let _ = client.simple_query(&format!("select * from graphdb.{call}"));
        assert_eq!(trapped.recorded(), "", "{call}");
    }
}

fn nothing_is_looked_up_elsewhere(as_superuser: bool) {
    let trapped = Trapped::new(as_superuser);
    commands(&trapped);
    functions(&trapped, &mut trapped.connect());

    // Repeat this in a session with traps in its temporary schema.
    let mut client = trapped.connect();
    ask(&mut client, "set search_path = pg_catalog; create temporary table t ()");
    let made = format!("select trap.set_in('pg_temp', {}, '{{{OPERATORS}}}', false)", words());
    assert!(ask(&mut client, &made)[0].parse::<u32>().unwrap() > 1000);
    ask(&mut client, "set search_path = pg_temp, traps, pg_catalog");
    functions(&trapped, &mut client);

    // The traps work: a statement with unqualified names is caught.
    assert_eq!(ask(&mut trapped.connect(), "select left('abc', 1) = 'a'::text"), ["t"]);
    assert_eq!(trapped.recorded(), "= left text");
}

#[test]
fn an_owner_runs_nothing_that_another_role_put_into_the_path() {
    nothing_is_looked_up_elsewhere(false);
}

#[test]
fn a_superuser_runs_nothing_that_another_role_put_into_the_path() {
    nothing_is_looked_up_elsewhere(true);
}
