//! A reranker: what a model says that reads the best answers again.

use serde_json::{Value, json};

use crate::support::embedding_server::{EmbeddingServer, Reply};
use crate::support::{Run, Sandbox};

/// A sandbox with one embedded run of four documents about leases.
fn library() -> Sandbox {
    let sandbox = Sandbox::new();
    let lines: Vec<String> = ["one", "two", "three", "four"]
        .iter()
        .map(|id| {
            let body = format!("# Lease {id}\n\nA lease of kind {id} expires after a while.\n");
            json!({"id": id, "title": format!("Lease {id}"), "text_md": body, "source_system": "dita"}).to_string()
        })
        .collect();
    sandbox.write("var/runs/r/normalize/normalized.ndjson", lines.join("\n") + "\n");
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--quiet"]).success();
    sandbox
}

/// Scores each document by its length, as Cohere's interface has it, best first.
fn by_length(_: usize, request: &Value) -> Reply {
    let documents = request["documents"].as_array().unwrap();
    let mut results: Vec<Value> = documents
        .iter()
        .enumerate()
        .map(|(index, text)| json!({"index": index, "relevance_score": text.as_str().unwrap().len()}))
        .collect();
    results.reverse();
    (200, "", json!({"results": results}).to_string())
}

fn found(sandbox: &Sandbox, args: &[&str]) -> Vec<(String, bool)> {
    let asked = sandbox.run(&[&["ask", "lease", "--json"], args].concat()).success();
    let hit = |hit: &Value| (hit["doc_id"].as_str().unwrap().to_owned(), hit["rerank_score"].is_number());
    asked.events_named("ask.result").iter().map(hit).collect()
}

fn configure(sandbox: &Sandbox, url: &str, top: u32) {
    let reranker = format!("{{ provider: http, base_url: {url}, model: reranker-1, top: {top} }}");
    sandbox.configure(&format!("search:\n  reranker: {reranker}\n"));
}

#[test]
fn ask_shows_the_best_answers_in_the_order_of_the_reranker() {
    let sandbox = library();
    let server = EmbeddingServer::start(by_length);
    configure(&sandbox, &server.url, 20);
    // It reads more answers than are shown.
    assert_eq!(found(&sandbox, &["--limit", "1"]), [("three".to_owned(), true)]);
    let request = &server.requests()[0];
    assert_eq!(
        (&request["model"], &request["query"], &request["top_n"]),
        (&json!("reranker-1"), &json!("lease"), &json!(4))
    );
    assert!(request["documents"][0].as_str().unwrap().contains("expires after a while"), "{request}");

    // Only the best two are read again; the others follow as they were.
    configure(&sandbox, &server.url, 2);
    let order = found(&sandbox, &[]);
    assert_eq!(order.iter().map(|(_, is_read)| *is_read).collect::<Vec<_>>(), [true, true, false, false]);
    assert!(found(&sandbox, &["--text-only"]).iter().all(|(_, is_read)| !is_read));
}

#[test]
fn a_server_that_calls_the_documents_texts_is_understood() {
    let sandbox = library();
    let server = EmbeddingServer::start(|_, request| match request["texts"].as_array() {
        Some(texts) => {
            let score = |(index, text): (usize, &Value)| json!({"index": index, "score": text.as_str().unwrap().len()});
            (200, "", json!(texts.iter().enumerate().map(score).collect::<Vec<_>>()).to_string())
        }
        None => (422, "", "missing field `texts`".into()),
    });
    configure(&sandbox, &server.url, 20);
    assert_eq!(found(&sandbox, &["--limit", "1"]), [("three".to_owned(), true)]);
}

#[test]
fn ask_answers_without_a_reranker_that_is_away_and_refuses_one_that_is_wrong() {
    let sandbox = library();
    let plain: Vec<String> = found(&sandbox, &[]).into_iter().map(|(id, _)| id).collect();
    let server = EmbeddingServer::start(|number, _| match number {
        0 => (503, "", "busy".into()),
        1 => (200, "", r#"{"results": [{"index": 9, "relevance_score": 1}]}"#.into()),
        _ => (401, "", "no key sk-secret".into()),
    });
    configure(&sandbox, &server.url, 20);
    for _ in 0..2 {
        let asked = sandbox.run(&["ask", "lease", "--json"]).success();
        let ids: Vec<Value> = asked.events_named("ask.result").iter().map(|hit| hit["doc_id"].clone()).collect();
        assert_eq!(ids, plain);
        assert!(asked.stderr.contains("the hits stay in search order"), "{}", asked.stderr);
    }
    let mut command = sandbox.command(&["ask", "lease"]);
    let refused = Run::of(command.env("TRAILBLAZER_RERANK_API_KEY", "sk-secret").output().unwrap()).exits(3);
    assert!(refused.stderr.contains("check TRAILBLAZER_RERANK_API_KEY"), "{}", refused.stderr);
    assert!(!refused.stderr.contains("sk-secret"), "{}", refused.stderr);
    assert!(server.requests()[2]["headers"].as_str().unwrap().contains("authorization: bearer sk-secret"));
}

#[test]
fn a_cross_encoder_in_process_reranks_and_eval_measures_it() {
    let sandbox = library();
    let model = format!("{}/tests/fixtures/models/tiny-xlm-roberta-reranker", env!("CARGO_MANIFEST_DIR"));
    sandbox.configure(&format!("search: {{ reranker: {{ provider: local, model: '{model}' }} }}\n"));
    assert!(found(&sandbox, &[]).iter().all(|(_, is_read)| *is_read));
    sandbox.write("questions.tsv", "lease\tthree\n");
    let measured = sandbox.run(&["eval", "questions.tsv"]).success();
    assert!(measured.stdout.contains("reranked"), "{}", measured.stdout);

    sandbox.configure("search: { reranker: { provider: local, model: none/such } }\n");
    let refused = sandbox.run(&["ask", "lease"]).exits(3);
    assert!(refused.stderr.contains("the reranker cannot be loaded: none/such/config.json"), "{}", refused.stderr);
    assert!(refused.stderr.contains("check search.reranker.model"), "{}", refused.stderr);
}
