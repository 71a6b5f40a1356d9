//! MCP over HTTP and over standard input and output, message by message.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use super::Server;
use super::server::{library, manual};
use crate::support::Run;

fn call(server: &Server, method: &str, params: &Value) -> Value {
    let message = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
    let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let answer = server.send("POST", "/mcp", &headers, &message).status(200).json();
    assert_eq!(answer["id"], 1, "{answer}");
    answer
}

fn tool(server: &Server, name: &str, arguments: &Value) -> Value {
    call(server, "tools/call", &json!({"name": name, "arguments": arguments}))["result"].clone()
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap()
}

#[test]
fn a_client_learns_what_the_server_is_for() {
    let server = Server::new();
    let params =
        json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}});
    let answer = call(&server, "initialize", &params);
    assert_eq!(answer["result"]["serverInfo"]["name"], "trailblazer");
    assert_eq!(answer["result"]["protocolVersion"], "2025-06-18");
    assert!(answer["result"]["instructions"].as_str().unwrap().contains("`search`"));
    let tools = call(&server, "tools/list", &json!({}))["result"]["tools"].clone();
    let names: Vec<&Value> = tools.as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["search", "get_document", "list_sources"]);
    for tool in tools.as_array().unwrap() {
        assert_eq!(tool["annotations"]["readOnlyHint"], true);
        assert_eq!(tool["inputSchema"]["type"], "object");
        assert_eq!(tool["outputSchema"]["type"], "object");
    }
}

#[test]
fn search_answers_in_text_and_in_structure_within_its_budget() {
    let server = Server::new();
    let result = tool(&server, "search", &json!({"query": "when does a lease expire", "limit": 2}));
    assert_eq!(result["isError"], false);
    let answer = text(&result);
    assert!(answer.starts_with("## 1. Leases\n"), "{answer}");
    assert!(answer.contains("\nIn: Handbook\nURL: https://docs.example/"), "{answer}");
    assert!(answer.contains("expires after 45 minutes"), "{answer}");
    assert_eq!(result["structuredContent"]["hits"][0]["doc_id"], "topic:g/lease.dita");
    // The structured content matches the declared schema.
    let tools = call(&server, "tools/list", &json!({}))["result"]["tools"].clone();
    let schema = jsonschema::validator_for(&tools[0]["outputSchema"]).unwrap();
    assert!(schema.is_valid(&result["structuredContent"]));

    let narrow = tool(&server, "search", &json!({"query": "zebra lease vector", "limit": 3, "max_tokens": 200}));
    assert!(text(&narrow).len() <= 200 * 3 + 100, "{}", text(&narrow).len());
    let shown = narrow["structuredContent"]["hits"].as_array().unwrap().len();
    assert!(shown >= 1 && narrow["structuredContent"]["left_out"].as_u64().unwrap() >= 1, "{narrow}");
    assert!(
        text(&tool(&server, "search", &json!({"query": "lease", "source": ["none"]})))
            .starts_with("Nothing relevant found.")
    );
}

#[test]
fn search_returns_as_much_of_a_document_as_the_assistant_asks_for() {
    let server = Server::start(manual(), &[], &[]);
    let counts = |arguments: Value| {
        let mut asked = json!({"query": "deep burrow", "limit": 1});
        asked.as_object_mut().unwrap().extend(arguments.as_object().unwrap().clone());
        let found = tool(&server, "search", &asked);
        ["numbat sleeps", "wombat sleeps", "burrow is", "dingo sleeps"]
            .map(|sentence| text(&found).matches(sentence).count())
    };
    let passage = counts(json!({}));
    assert!(passage[1] < 30 && (passage[0], passage[2], passage[3]) == (0, 30, 0), "{passage:?}");
    let section = counts(json!({"context": "section"}));
    assert_eq!((section[0], section[2], section[3]), (0, 30, 0));
    assert_eq!(counts(json!({"context": "document"})), [30, 30, 30, 30]);
    // A smaller budget leaves less room for the context.
    assert_eq!(counts(json!({"context": "document", "max_tokens": 300}))[0], 0);
}

#[test]
fn documents_are_read_whole_by_section_and_as_resources() {
    let server = Server::new();
    let whole = tool(&server, "get_document", &json!({"document": "topic:g/lease.dita"}));
    assert!(text(&whole).starts_with("# Leases\nIn: Handbook\nURL: "), "{}", text(&whole));
    let section = tool(
        &server,
        "get_document",
        &json!({"document": "topic:g/lease.dita", "section": "by a worker", "run_id": "one"}),
    );
    assert_eq!(section["structuredContent"]["section"], "by-a-worker");
    assert!(!text(&section).contains("45 minutes"));
    let list = call(&server, "resources/list", &json!({}))["result"]["resources"].clone();
    assert_eq!(list.as_array().unwrap().len(), 3);
    for resource in list.as_array().unwrap() {
        let read = call(&server, "resources/read", &json!({"uri": resource["uri"]}))["result"].clone();
        let shown = read["contents"][0]["text"].as_str().unwrap();
        assert!(shown.starts_with(&format!("# {}\n", resource["title"].as_str().unwrap())), "{shown}");
    }
    let templates = call(&server, "resources/templates/list", &json!({}))["result"]["resourceTemplates"].clone();
    assert_eq!(templates[0]["uriTemplate"], "trailblazer://document/{doc_id}");
}

#[test]
fn sources_are_listed() {
    let result = tool(&Server::new(), "list_sources", &json!({}));
    assert_eq!(
        text(&result),
        "3 documents.\nSources: dita (3)\nLabels: guide (3)\nLanguages: english (3)\nChanged in: 2026 (3)\nQuality flags: too_short (2)\n"
    );
}

#[test]
fn what_is_wrong_is_told_to_the_model_or_to_the_client() {
    let server = Server::new();
    for (name, arguments, message) in [
        ("search", json!({}), "missing field `query`"),
        ("search", json!({"query": "a", "limit": 0}), "limit must be from 1 to 100"),
        ("search", json!({"query": "a", "max_tokens": 1}), "max_tokens must be from 200"),
        ("search", json!({"query": "a\u{0}"}), "NUL"),
        ("search", json!({"query": "a", "more": 1}), "unknown field"),
        ("get_document", json!({"document": "none"}), "no document \"none\""),
        ("get_document", json!({"document": "topic:g/lease.dita", "section": "x"}), "Sections: expiry, renewal"),
        ("get_document", json!({"document": "x", "run_id": "../x"}), "invalid run id"),
    ] {
        let result = tool(&server, name, &arguments);
        assert_eq!(result["isError"], true, "{arguments}");
        assert!(text(&result).contains(message), "{arguments}: {}", text(&result));
    }
    assert!(
        call(&server, "tools/call", &json!({"name": "drop"}))["error"]["message"].as_str().unwrap().contains("no tool")
    );
    assert!(call(&server, "resources/read", &json!({"uri": "file:///etc/passwd"}))["error"].is_object());
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("origin", "https://evil.example"),
    ];
    server.send("POST", "/mcp", &headers, "{}").status(403);
}

#[test]
fn an_assistant_speaks_over_standard_input_and_output() {
    let sandbox = library();
    let mut child =
        sandbox.command(&["mcp"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params":
            {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "search", "arguments": {"query": "lease"}}}),
    ];
    let mut stdin = child.stdin.take().unwrap();
    for message in messages {
        writeln!(stdin, "{message}").unwrap();
    }
    // All answers are sent before the server handles the end of the input.
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    let answers: Vec<Value> = (0..2).map(|_| serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap()).collect();
    drop(stdin);
    assert_eq!(answers[0]["result"]["serverInfo"]["name"], "trailblazer");
    assert!(text(&answers[1]["result"]).contains("Leases"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn an_error_never_gets_between_the_messages() {
    let sandbox = library();
    let mut command = sandbox.command(&["mcp"]);
    let run = Run::of(command.env("TRAILBLAZER_DB_URL", "postgresql://nobody@127.0.0.1:1/none").output().unwrap());
    assert_eq!(run.code, Some(4));
    assert_eq!(run.stdout, "");
    assert!(run.stderr.starts_with("error: "), "{}", run.stderr);
}
