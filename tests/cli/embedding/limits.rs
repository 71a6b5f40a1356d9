//! The maximum number of tokens that the server reads from a text.

use super::{run, texts};
use crate::support::embedding_server::truncated;
use crate::support::{EmbeddingServer, Run, Sandbox};

/// Writes a run with one long document.
fn write_long(sandbox: &Sandbox, run_id: &str) {
    let words = (0..900).map(|i| format!("word{i}")).collect::<Vec<_>>().join(" ");
    let line = serde_json::json!({ "id": "long", "title": "Long", "text_md": words, "source_system": "dita" });
    sandbox.write(&format!("var/runs/{run_id}/normalize/normalized.ndjson"), line.to_string());
    sandbox.run(&["runs", "backfill"]).success();
}

#[test]
fn chunks_keep_within_what_a_server_reads_that_truncates_silently() {
    let server = EmbeddingServer::start(|_, request| truncated(request, 100));
    let sandbox = Sandbox::new();
    write_long(&sandbox, "r1");
    let first = run(&sandbox, &server).success();
    assert!(first.stderr.contains("small reads only the first 102 tokens of a text"), "{}", first.stderr);
    assert_eq!(sandbox.database.value("select max_tokens from graphdb.embedding_models"), "102");
    assert!(server.requests().len() <= 12, "{} requests", server.requests().len());
    let sent: Vec<String> = server.requests().iter().flat_map(texts).filter(|text| text.contains("word")).collect();
    assert!(sent.len() > 9 && sent.iter().all(|text| text.split_whitespace().count() <= 100), "{sent:?}");

    // The limit is known from now on.
    let asked = server.requests().len();
    write_long(&sandbox, "r2");
    let doctor = |chunk: &str| {
        let mut command = sandbox.command_with_vectors_of(&server.url, &["db", "doctor", "--events", "never"]);
        if !chunk.is_empty() {
            command.env("TRAILBLAZER_CHUNK_MAX_TOKENS", chunk);
        }
        Run::of(command.output().unwrap())
    };
    run(&sandbox, &server).success();
    assert_eq!(server.requests().len(), asked, "the same texts were sent, or the limit was asked for again");
    let told = doctor("").success().stdout;
    assert!(told.contains("reads 102 tokens of a text"), "{told}");
    assert!(told.contains("at most 102 tokens"), "{told}");
    let told = doctor("200").exits(3).stdout;
    assert!(
        told.contains("chunk.max_tokens: 200 is more than 102, the limit of small; lower it or set it to auto"),
        "{told}"
    );
    write_long(&sandbox, "r3");
    let mut larger = sandbox.command_with_vectors_of(&server.url, &["run"]);
    let larger = Run::of(larger.env("TRAILBLAZER_CHUNK_MAX_TOKENS", "200").output().unwrap()).exits(3);
    assert!(larger.stderr.contains("200 is more than 102, the limit of small"), "{}", larger.stderr);
}

#[test]
fn chunks_that_were_made_before_the_limit_was_known_are_not_embedded_without_their_ends() {
    let server = EmbeddingServer::start(|_, request| truncated(request, 100));
    let sandbox = Sandbox::new();
    write_long(&sandbox, "r1");
    Run::of(sandbox.command_with_vectors_of(&server.url, &["run", "--phases", "chunk"]).output().unwrap()).success();
    let failed = run(&sandbox, &server).exits(1).events_named("runs.fail").remove(0);
    let message = failed["error"].as_str().unwrap();
    assert!(
        message.starts_with("document long (\"Long\"), chunk 0 has ") || message.starts_with("document long"),
        "{message}"
    );
    assert!(
        message.ends_with("small reads only 102; chunk the run again with `trailblazer runs reset --run-id r1`"),
        "{message}"
    );
    sandbox.run(&["runs", "reset", "--run-id", "r1", "--yes"]).success();
    run(&sandbox, &server).success();
}
