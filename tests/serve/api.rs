//! The JSON API.

use std::path::Path;

use serde_json::{Value, json};

use super::Server;
use super::server::manual;

#[test]
fn search_finds_documents_with_all_that_a_page_shows() {
    let server = Server::new();
    let answer = server.get("/api/search?q=when+does+a+lease+expire&limit=1").status(200).json();
    let hit = &answer["hits"][0];
    assert_eq!(answer["model"], "hash-384");
    assert_eq!(answer["hits"].as_array().unwrap().len(), 1);
    assert_eq!(hit["doc_id"], "topic:g/lease.dita");
    assert_eq!(hit["title"], "Leases");
    assert_eq!(hit["breadcrumbs"], json!(["Handbook"]));
    assert_eq!(hit["url"], "https://docs.example/topic:g/lease.dita#expiry");
    assert_eq!(hit["path"], "guide/topic:g/lease.dita.dita");
    assert_eq!(hit["source"], "dita");
    assert_eq!(hit["language"], "en");
    assert_eq!(hit["place"], 1);
    assert_eq!(hit["updated_at"], "2026-02-03T04:05:06Z");
    assert!((0.0..=1.0).contains(&hit["similarity"].as_f64().unwrap()), "{hit}");
    assert!(hit["matched_words"].as_array().unwrap().contains(&json!("lease")), "{hit}");
    let snippet: Vec<char> = hit["snippet"].as_str().unwrap().chars().collect();
    let marked = |range: &Value| {
        let at = |place: usize| usize::try_from(range[place].as_u64().unwrap()).unwrap();
        snippet[at(0)..at(1)].iter().collect::<String>().to_lowercase()
    };
    let marked: Vec<String> = hit["highlights"].as_array().unwrap().iter().map(marked).collect();
    assert!(marked.contains(&"lease".to_owned()), "{marked:?}");
}

#[test]
fn search_keeps_to_its_filters_and_says_when_only_words_were_compared() {
    let server = Server::new();
    let found = |query: &str| server.get(&format!("/api/search?q=a+lease+vector{query}")).status(200).json();
    assert!(!found("&source=dita&source=confluence&label=guide&run_id=o*")["hits"].as_array().unwrap().is_empty());
    assert_eq!(found("&source=confluence")["hits"], json!([]));
    assert_eq!(found("&label=none")["hits"], json!([]));
    let by_words = found("&text_only=true");
    assert_eq!((&by_words["model"], &by_words["hits"][0]["similarity"]), (&Value::Null, &Value::Null));
    assert_eq!(found("&min_score=1")["hits"], json!([]));
    assert!(!found("%00")["hits"].as_array().unwrap().is_empty());
    let wordless = server.get("/api/search?q=%21%3F").status(200).json();
    assert_eq!(wordless["hits"], json!([]));
    assert_eq!(wordless["notice"], "The question contains no words.");
}

#[test]
fn a_hit_is_returned_with_the_requested_context() {
    let server = Server::start(manual(), &[], &[]);
    let text = |context: &str| {
        let path = format!("/api/search?q=deep+burrow&limit=1{context}");
        server.get(&path).status(200).json()["hits"][0]["text"].as_str().unwrap().to_owned()
    };
    let sentences = ["numbat sleeps", "wombat sleeps", "burrow is", "dingo sleeps"];
    let counts = |context: &str| sentences.map(|sentence| text(context).matches(sentence).count());
    let passage = counts("");
    assert!(passage[1] < 30 && (passage[0], passage[2], passage[3]) == (0, 30, 0), "{passage:?}");
    let section = counts("&context=section");
    assert_eq!((section[0], section[2], section[3]), (0, 30, 0));
    assert_eq!(counts("&context=1"), [0, 30, 30, 30]);
    assert_eq!(counts("&context=document"), [30, 30, 30, 30]);
    assert!(counts("&context=document&context_tokens=1")[1] < 30);
}

#[test]
fn what_is_wrong_with_a_request_is_told_as_problem_details() {
    let server = Server::new();
    for (path, status, detail) in [
        ("/api/search", 400, "missing field `q`"),
        ("/api/search?q=", 400, "q is empty"),
        ("/api/search?q=a&label=", 400, "empty"),
        ("/api/search?q=a&updated_to=", 400, "empty"),
        ("/api/search?q=a&limit=0", 400, "limit must be from 1 to 100"),
        ("/api/search?q=a&limit=x", 400, "query: limit: invalid digit"),
        ("/api/search?q=a&limit=1&limit=2", 400, "query: limit: "),
        ("/api/search?q=a&updated_to=2026-01-01&updated_to=2026-01-01", 400, "query: updated_to: "),
        ("/api/search?q=a&soruce=x", 400, "unknown field `soruce`"),
        ("/api/search?q=a&updated_from=2026-02-30", 400, "a time that does not exist"),
        ("/api/search?q=a&where=status", 400, "the key or the value is missing"),
        ("/api/search?q=a&run_ids=../x", 400, "invalid run id"),
        ("/api/search?q=a&context=page", 400, "a context must be section, document or a number"),
        ("/api/search?q=a&context=section&context_tokens=0", 400, "at least 1 token"),
        ("/api/search?q=a&min_score=x", 400, "query: min_score: "),
        ("/api/search?q=a&min_score=nan", 400, "a score is a number from 0 to 1, not NaN"),
        ("/api/search?q=a&min_score=2", 400, "a score is a number from 0 to 1, not 2"),
        ("/api/facets?q=a", 400, "unknown field `q`"),
        ("/api/search?q=%ff", 400, "UTF-8"),
        ("/api/documents/one/none", 404, "no document"),
        ("/api/documents/one/none%00", 404, "no document"),
        ("/api/documents/a%20b/x", 404, "no such run"),
        ("/api/documents/~/topic%3Ag%2Flease.dita?section=none", 404, "no section"),
        ("/api/runs/none", 404, "no run"),
        ("/api/runs/one%2F", 404, "no such run"),
        ("/api/none", 404, "this path does not exist"),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{path}");
        assert_eq!(problem["type"], "about:blank");
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{path}: {problem}");
    }
}

#[test]
fn a_method_that_a_path_does_not_know_is_named_with_those_it_does() {
    let server = Server::new();
    let answer = server.send("DELETE", "/api/search", &[], "").status(405);
    assert_eq!(answer.header("allow"), "GET,HEAD");
    assert_eq!(answer.json()["detail"], "this path does not support DELETE");
}

#[test]
fn documents_are_read_whole_or_by_section_under_any_of_their_names() {
    let server = Server::new();
    let whole = server.get("/api/documents/one/topic%3Ag%2Flease.dita").status(200).json();
    assert_eq!(whole["title"], "Leases");
    assert_eq!(whole["section"], Value::Null);
    let anchors: Vec<&Value> = whole["sections"].as_array().unwrap().iter().map(|section| &section["anchor"]).collect();
    assert_eq!(anchors, ["expiry", "renewal", "by-a-worker"]);
    // Find the same document by id with unencoded slashes, by URL and by path.
    for name in
        ["topic:g/lease.dita", "https%3A%2F%2Fdocs.example%2Ftopic%3Ag%2Flease.dita", "guide/topic:g/lease.dita.dita"]
    {
        let section = server.get(&format!("/api/documents/~/{name}?section=By+a+worker")).status(200).json();
        assert_eq!(section["section"], "by-a-worker", "{name}");
        assert!(section["markdown"].as_str().unwrap().starts_with("## By a worker\n"), "{name}");
    }
}

#[test]
fn facets_count_documents() {
    let facets = Server::new().get("/api/facets").status(200).json();
    assert_eq!(facets["documents"], 3);
    assert_eq!(facets["sources"], json!([{"value": "dita", "documents": 3}]));
    assert_eq!(facets["labels"], json!([{"value": "guide", "documents": 3}]));
    assert_eq!(facets["languages"], json!([{"value": "english", "documents": 3}]));
    assert_eq!(facets["updated"], json!([{"value": "2026", "documents": 3}]));
    assert_eq!(facets["flags"], json!([{"value": "too_short", "documents": 2}]));
}

#[test]
fn the_backlog_and_its_runs_are_there() {
    let server = Server::new();
    let backlog = server.get("/api/backlog").status(200).json();
    assert_eq!(backlog["by_status"], json!({"embedded": 1}));
    assert_eq!(backlog["last_hour"].as_array().unwrap().len(), 60);
    let sum =
        |key: &str| backlog[key].as_array().unwrap().iter().map(|at| at["embedded"].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("last_hour"), sum("last_day")), (1, 1));
    let run = server.get("/api/runs/one").status(200).json();
    assert_eq!(run["run"]["status"], "embedded");
    assert_eq!(run["losses"], json!([{"loss": "macro:toc", "documents": 3, "occurrences": 6}]));
    assert_eq!(run["attempts"].as_array().unwrap().len(), 2);
    let sized: i64 = run["chunk_sizes"].as_array().unwrap().iter().map(|size| size["chunks"].as_i64().unwrap()).sum();
    assert_eq!(sized, run["run"]["total_chunks"]);
    assert_eq!(run["documents"].as_array().unwrap().len(), 3);
    let rest = server.get("/api/runs/one?after=topic:g/lease.dita").status(200).json();
    assert_eq!(rest["documents"][0]["doc_id"], "topic:g/vector.dita");
}

#[test]
fn embed_returns_the_vectors_that_search_compares() {
    let server = Server::new();
    let answer = server.post("/api/embed", &json!({"texts": ["one", "two"], "kind": "document"})).status(200).json();
    assert_eq!(answer["model"], "hash-384");
    assert_eq!(answer["vectors"].as_array().unwrap().len(), 2);
    assert_eq!(answer["vectors"][0].as_array().unwrap().len(), 384);
    for (body, status) in [
        (json!({"texts": []}), 400),
        (json!({"texts": vec!["x"; 257]}), 400),
        (json!({"texts": [" "]}), 400),
        (json!({"texts": ["a"], "kind": "poem"}), 422),
        (json!({"texts": "a"}), 422),
        (json!({"texts": ["a"], "more": 1}), 422),
    ] {
        server.post("/api/embed", &body).status(status);
    }
    server.send("POST", "/api/embed", &[("content-type", "text/plain")], "{}").status(415);
    server.send("POST", "/api/embed", &[("content-type", "application/json")], "{").status(400);
    let large = json!({"texts": ["x".repeat(3 * 1024 * 1024)]});
    // With this header, the client waits for the answer before it sends the body.
    let headers = [("content-type", "application/json"), ("expect", "100-continue")];
    server.send("POST", "/api/embed", &headers, &large.to_string()).status(413);
}

/// To update the document, run `UPDATE_DOCS=1 make test FILTER=openapi`.
#[test]
fn openapi_document_is_what_the_types_say() {
    let served = Server::new().get("/api/openapi.json").status(200).json();
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"), "{}", served["openapi"]);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let described = serde_json::to_string_pretty(&served).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &described).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == described, "docs/openapi.json is out of date: UPDATE_DOCS=1 make test FILTER=openapi");
}

#[test]
fn answers_have_the_shape_that_the_openapi_document_describes() {
    let server = Server::new();
    let description = server.get("/api/openapi.json").status(200).json();
    for (path, described) in [
        ("/api/search?q=lease", "SearchAnswer"),
        ("/api/facets", "Facets"),
        ("/api/documents/one/topic%3Ag%2Flease.dita", "Document"),
        ("/api/backlog", "Backlog"),
        ("/api/runs/one", "RunDetails"),
    ] {
        let mut schema = description.clone();
        schema["$ref"] = format!("#/components/schemas/{described}").into();
        let schema = jsonschema::validator_for(&schema).unwrap();
        let answer = server.get(path).status(200).json();
        let faults: Vec<String> = schema.iter_errors(&answer).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{path}: {faults:?}");
    }
}
