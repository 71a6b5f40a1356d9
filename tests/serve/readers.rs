//! Restricted documents through the server: each caller sees what its principals may see, whatever role the server has.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde_json::{Value, json};

use super::Server;
use crate::support::handbook::handbook;
use crate::support::{Sandbox, TestDatabase};

/// Tokens of Bob in HR, and of Ann in HR.
const TOKENS: &str = "token-of-bob-in-hr=user:bob,group:hr;token-of-ann-in-hr=user:ann,group:hr";
/// What only readers of the restricted pages may learn.
const SECRETS: [(&str, &[&str]); 2] = [("salaries", &["salaries", "90000", "earn"]), ("bonus", &["bonus", "5000"])];

/// A caller: its token, and the pages that it may read.
const CALLERS: [(&str, &[&str]); 3] = [
    ("", &["holidays"]),
    ("token-of-bob-in-hr", &["holidays", "salaries"]),
    ("token-of-ann-in-hr", &["bonus", "holidays", "salaries"]),
];

/// Sends a request as a caller.
fn send(server: &Server, token: &str, method: &str, path: &str, body: &str) -> super::Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    if !token.is_empty() {
        headers.push(("authorization", &bearer));
    }
    server.send(method, path, &headers, body)
}

/// Asserts that an answer contains nothing of the pages that the caller may not read.
#[track_caller]
fn assert_tight(answer: &str, readable: &[&str], place: &str) {
    for (page, words) in SECRETS.iter().filter(|(page, _)| !readable.contains(page)) {
        // A figure among the metrics may contain the same digits.
        let is_telling = |word: &&&str| place != "/metrics" || word.chars().all(char::is_alphabetic);
        let leak = words.iter().filter(is_telling).find(|word| answer.to_lowercase().contains(**word));
        assert_eq!(leak, None, "{place} as a caller that may not read {page}: {answer}");
    }
}

/// Returns the sorted ids of the hits of an answer.
fn ids(answer: &Value) -> Vec<&str> {
    let mut ids: Vec<&str> =
        answer["hits"].as_array().unwrap().iter().map(|hit| hit["doc_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    ids
}

/// A tool call of MCP.
fn message(tool: &str, arguments: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
        .to_string()
}

/// The run fails again, so that it has an error that names a restricted page.
fn fail(database: &TestDatabase) {
    database
        .connect()
        .batch_execute(
            "select graphdb.reset_runs(); \
             select graphdb.fail_run('hr', c.claim_token, 'the salaries cannot be read', p_permanent => true) from graphdb.claim_run('chunk', 'w', '1 hour') as c",
        )
        .unwrap();
}

/// Asks in each way as each caller.
fn each_caller_sees_its_own(server: &Server) {
    let question = "/api/search?q=Bob+gets+spring";
    for (token, readable) in CALLERS {
        let get = |path: &str| send(server, token, "GET", path, "");
        let mut answers = vec![get(question).status(200)];
        assert_eq!(ids(&answers[0].json()), readable, "{token}");
        let facets = get("/api/facets").status(200);
        assert_eq!(facets.json()["documents"], readable.len(), "{token}");
        // The words of a restricted page correct no typo.
        answers.extend([get("/api/search?q=bonsu+ern"), get("/?q=Bob+gets+spring"), facets]);
        for page in ["holidays", "salaries", "bonus", "no-such-page"] {
            let status = if readable.contains(&page) { 200 } else { 404 };
            for path in [format!("/api/documents/~/{page}"), format!("/d/~/{page}"), format!("/d/hr/{page}")] {
                let answer = get(&path).status(status);
                let unknown = get(&path.replace(page, "no-such-page")).body;
                assert!(
                    status == 200 || answer.body.replace(page, "no-such-page") == unknown,
                    "{path}: {}",
                    answer.body
                );
            }
        }
        // MCP over HTTP.
        let call =
            |tool: &str, arguments: &Value| send(server, token, "POST", "/mcp", &message(tool, arguments)).status(200);
        let found = call("search", &json!({"query": "Bob gets spring", "context": "section"}));
        assert_eq!(ids(&found.json()["result"]["structuredContent"]), readable, "{token}");
        let refused = |page: &str| call("get_document", &json!({"document": page})).json()["result"]["isError"] == true;
        assert_eq!(refused("bonus"), !readable.contains(&"bonus"));
        assert_eq!(refused("salaries"), !readable.contains(&"salaries"));
        let list = json!({"jsonrpc": "2.0", "id": 1, "method": "resources/list", "params": {}}).to_string();
        answers.extend([found, call("list_sources", &json!({})), send(server, token, "POST", "/mcp", &list)]);
        for answer in &answers {
            assert_tight(&answer.body, readable, "an answer");
        }
    }
    // The backlog, runs and metrics need a known caller, and count what the caller may read.
    for (token, readable) in &CALLERS[1..] {
        let run = send(server, token, "GET", "/api/runs/hr", "").status(200);
        assert_eq!(run.json()["documents"].as_array().unwrap().len(), readable.len(), "{}", run.body);
        // Bob may not read all pages of the run, so no error is shown.
        assert_eq!(run.body.contains("cannot be read"), readable.len() == 3, "{}", run.body);
        for path in ["/runs/hr", "/backlog", "/api/backlog", "/metrics"] {
            let answer = send(server, token, "GET", path, "").status(200);
            assert_tight(&answer.body.replace("salaries cannot be read", ""), readable, path);
            assert!(
                !answer.body.contains("cannot be read") || path == "/runs/hr" && readable.len() == 3,
                "{path}: {}",
                answer.body
            );
        }
        let metrics = send(server, token, "GET", "/metrics", "").body;
        assert!(metrics.contains("trailblazer_documents 1.0\n"), "{metrics}");
    }
}

/// Returns a role of this database with a grant, and its URL.
fn role(sandbox: &Sandbox, name: &str, grant: &[&str]) -> String {
    let name = format!("{name}_{}", std::process::id());
    sandbox.database.connect().batch_execute(&format!("create role {name} login")).unwrap();
    sandbox.run(&[&["db", "grant", "reader", &name], grant].concat()).success();
    sandbox.database.url_as(&name)
}

#[test]
fn a_server_of_the_owner_shows_each_caller_its_own() {
    let sandbox = handbook();
    fail(&sandbox.database);
    each_caller_sees_its_own(&Server::start(sandbox, &[], &[("TRAILBLAZER_SERVE_TOKENS", TOKENS)]));
}

#[test]
fn a_server_of_a_reader_that_may_read_as_anybody_shows_each_caller_its_own() {
    let sandbox = handbook();
    fail(&sandbox.database);
    let url = role(&sandbox, "serve_all", &["--all"]);
    let env = [("TRAILBLAZER_SERVE_TOKENS", TOKENS), ("TRAILBLAZER_DB_URL", url.as_str())];
    each_caller_sees_its_own(&Server::start(sandbox, &[], &env));
}

#[test]
fn a_role_with_principals_limits_what_tokens_open() {
    let sandbox = handbook();
    let url = role(&sandbox, "serve_hr", &["--as", "group:hr"]);
    let env = [("TRAILBLAZER_SERVE_TOKENS", TOKENS), ("TRAILBLAZER_DB_URL", url.as_str())];
    let server = Server::start(sandbox, &[], &env);
    for (token, readable) in [("", 1), ("token-of-bob-in-hr", 2), ("token-of-ann-in-hr", 2)] {
        let found = send(&server, token, "GET", "/api/search?q=Bob+gets+spring", "").status(200).json();
        assert_eq!(ids(&found).len(), readable, "{token}");
    }
}

#[test]
fn an_assistant_on_standard_input_reads_as_it_was_started() {
    let sandbox = handbook();
    let hr = role(&sandbox, "mcp_hr", &["--as", "group:hr"]);
    let none = role(&sandbox, "mcp_none", &[]);
    let owner = sandbox.database.url.clone();
    for (url, principals, readable) in [
        (&owner, &[][..], &["holidays"][..]),
        (&owner, &["--as", "group:hr"], &["holidays", "salaries"]),
        (&hr, &[], &["holidays", "salaries"]),
        (&hr, &["--as", "user:ann"], &["holidays"]),
        (&none, &["--as", "group:hr", "--as", "user:ann"], &["holidays"]),
    ] {
        let mut command = sandbox.command(&[&["mcp"], principals].concat());
        let command = command.env("TRAILBLAZER_DB_URL", url).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let start = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
            {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}});
        writeln!(stdin, "{start}\n{}", json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).unwrap();
        let search = message("search", &json!({"query": "Bob gets spring", "context": "section"}));
        let sources = message("list_sources", &json!({}));
        for (number, message) in [(2, search), (3, sources)] {
            writeln!(stdin, "{}", message.replace("\"id\":1,", &format!("\"id\":{number},"))).unwrap();
        }
        let answers: Vec<String> = (0..3).map(|_| lines.next().unwrap().unwrap()).collect();
        drop(stdin);
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let structured =
            |line: &String| serde_json::from_str::<Value>(line).unwrap()["result"]["structuredContent"].clone();
        let found = answers.iter().map(structured).find(|found| found["hits"].is_array());
        let found = found.unwrap_or_else(|| panic!("{answers:?}"));
        assert_eq!(ids(&found), readable, "{principals:?}");
        for answer in &answers {
            assert_tight(answer, readable, "an answer on standard output");
        }
        assert!(answers.iter().any(|answer| answer.contains(&format!("{} document", readable.len()))), "{answers:?}");
    }
}
