//! No statement of trailblazer looks up a name where another role may have created one, neither as the owner nor as a
//! superuser.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use clap::CommandFactory;
use postgres::Client;

use crate::support::confluence::{Confluence, TOKEN};
use crate::support::{Run, Sandbox, TestDatabase, cluster};

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
    /// The commands that were run.
    ran: RefCell<BTreeSet<String>>,
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
        Self { sandbox, user, url, ran: RefCell::default() }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_with_input(args, "")
    }

    fn run_with_input(&self, args: &[&str], input: &str) -> Run {
        self.ran.borrow_mut().insert(command_of(args));
        let mut command = self.sandbox.command(args);
        command.env("TRAILBLAZER_DB_URL", &self.url).env("TRAILBLAZER_CONFLUENCE_TOKEN", TOKEN);
        command.env("TRAILBLAZER_DATABASE_BIN_DIR", &cluster().bin);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let run = Sandbox::wait(child);
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

/// The commands that do not use the database of `database.url`.
const WITHOUT_DATABASE: [(&str, &str); 8] = [
    ("completions", "prints a script"),
    ("db down", "only for the private server"),
    ("db up", "only for the private server"),
    ("embed", "uses only the model"),
    ("extract", "reads one file"),
    ("fetch", "writes only files"),
    ("man", "writes only files"),
    ("setup", "downloads only"),
];

/// Returns the name of the command with these arguments.
fn command_of(args: &[&str]) -> String {
    let cli = trailblazer::cli::Cli::command();
    let group = cli.find_subcommand(args[0]).unwrap();
    let count = if group.has_subcommands() { 2 } else { 1 };
    args[..count].join(" ")
}

/// Returns the names of all commands.
fn all_commands() -> BTreeSet<String> {
    let names = |group: &clap::Command| -> Vec<String> {
        if !group.has_subcommands() {
            return vec![group.get_name().to_owned()];
        }
        group.get_subcommands().map(|command| format!("{} {}", group.get_name(), command.get_name())).collect()
    };
    trailblazer::cli::Cli::command().get_subcommands().flat_map(names).collect()
}

/// Runs every command that uses the database.
fn commands(trapped: &Trapped) {
    let reader = format!("tb_path_reader_{}", trapped.user);
    let _ = trapped.sandbox.database.connect().batch_execute(&format!("create role {reader}"));
    trapped.sandbox.write("docs/a.dita", TOPIC);
    trapped.sandbox.write("questions.ndjson", "{\"question\": \"words\", \"documents\": [\"topic:docs/a.dita\"]}\n");
    trapped.sandbox.write_run("stored", 2);
    trapped.sandbox.configure(&Confluence::start(3).source("site"));
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
        &["models", "drop", "other", "--yes"],
        &["sync", "--dry-run"],
        &["sync"],
        &["sync"],
        &["db", "doctor"],
        &["doctor"],
        &["db", "dump", "all.dump"],
        &["db", "restore", "all.dump", "--yes"],
        &["ask", "words of the 1st page"],
    ] {
        if args.starts_with(&["models", "drop"]) {
            let register = "select graphdb.register_model('other', 'hash', 3, false)";
            ask(&mut trapped.sandbox.database.connect(), &format!("set search_path = pg_catalog; {register}"));
        }
        let run = trapped.run(args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
    }
    // Rejected, because the run did not fail.
    trapped.run(&["runs", "retry", "pages"]).exits(2);

    #[cfg(feature = "serve")]
    servers(trapped);

    let known: BTreeSet<String> = WITHOUT_DATABASE.iter().map(|(name, _)| (*name).to_owned()).collect();
    let ran = trapped.ran.borrow();
    assert!(ran.is_disjoint(&known));
    assert_eq!(ran.union(&known).cloned().collect::<BTreeSet<_>>(), all_commands());
}

/// Sends a request of each kind to `serve` and `mcp`.
#[cfg(feature = "serve")]
fn servers(trapped: &Trapped) {
    use serde_json::json;

    use crate::serve::Server;

    let elsewhere = Sandbox::with(TestDatabase::empty());
    let env = [("TRAILBLAZER_DB_URL", trapped.url.as_str())];
    let server = Server::start(elsewhere, &["--listen", "127.0.0.1:0", "--allow-changes"], &env);
    let document = "topic%3Adocs%2Fa";
    for (path, status) in [
        ("/", 200),
        ("/?q=words+of+the+1st+page", 200),
        (&format!("/d/pages/{document}"), 200),
        (&format!("/d/~/{document}"), 200),
        ("/backlog", 200),
        ("/runs/pages", 200),
        ("/api/search?q=%22more%22+-nothing&source=dita", 200),
        ("/api/search?q=wrods", 200),
        ("/api/facets", 200),
        (&format!("/api/documents/pages/{document}"), 200),
        ("/api/backlog", 200),
        ("/api/runs/pages", 200),
        ("/metrics", 200),
        ("/healthz", 200),
        ("/readyz", 200),
    ] {
        let answer = server.get(path).status(status);
        assert_eq!(trapped.recorded(), "", "{path}: {answer:?}");
    }
    let origin = server.url.clone();
    let form = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin.as_str())];
    for (action, status) in [("priority&priority=7", 303), ("reset", 303), ("retry", 409), ("release", 409)] {
        let form_body = format!("action={action}&confirmed=yes");
        let answer = server.send("POST", "/runs/pages", &form, &form_body).status(status);
        assert_eq!(trapped.recorded(), "", "{action}: {answer:?}");
    }
    server.post("/api/embed", &json!({"texts": ["words"]}));
    assert_eq!(trapped.recorded(), "");
    trapped.ran.borrow_mut().insert("serve".into());

    let call = |id: u32, method: &str, params: serde_json::Value| {
        format!("{}\n", json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
    };
    let client =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let input = [
        call(1, "initialize", client),
        call(2, "tools/list", json!({})),
        call(
            3,
            "tools/call",
            json!({"name": "search", "arguments": {"query": "words of the 1st page", "context": "document"}}),
        ),
        call(4, "tools/call", json!({"name": "get_document", "arguments": {"document": "topic:docs/a"}})),
        call(5, "tools/call", json!({"name": "list_sources", "arguments": {}})),
    ];
    let run = trapped.run_with_input(&["mcp"], &input.concat()).success();
    assert!(run.stdout.contains("\"id\":5") && !run.stdout.contains("\"isError\":true"), "{}", run.stdout);
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
