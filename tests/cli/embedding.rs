//! The embed phase against a server that counts its requests.

use std::collections::HashSet;

use crate::support::embedding_server::{error, good};
use crate::support::{EmbeddingServer, Run, Sandbox};

/// Runs the workers with vectors of this server.
fn run(sandbox: &Sandbox, server: &EmbeddingServer) -> Run {
    let mut command = sandbox.command(&["run", "--workers", "1"]);
    command.env("TRAILBLAZER_EMBED_PROVIDER", "openai").env("TRAILBLAZER_EMBED_MODEL", "small");
    command.env("TRAILBLAZER_EMBED_BASE_URL", &server.url).env("TRAILBLAZER_EMBED_DIMENSIONS", "3");
    Run::of(command.output().unwrap())
}

/// Returns `embedded` and `reused` of every `embed.complete`.
fn counts(run: &Run) -> Vec<(u64, u64)> {
    let count = |event: &serde_json::Value, name: &str| event[name].as_u64().unwrap();
    run.events_named("embed.complete").iter().map(|event| (count(event, "embedded"), count(event, "reused"))).collect()
}

#[test]
fn a_text_is_sent_once_and_nothing_is_when_nothing_changed() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    let document = |number: usize| {
        let words = (0..200).map(|i| format!("Sentence {i} is in every run.")).collect::<Vec<_>>().join(" ");
        format!(r##"{{"id": "{number}", "title": "Same", "text_md": "# One\n\n{words}", "source_system": "dita"}}"##)
    };
    for number in 1..=2 {
        sandbox.write(&format!("var/runs/r{number}/normalize/normalized.ndjson"), document(number));
    }
    sandbox.run(&["runs", "backfill"]).success();
    let first = run(&sandbox, &server).success();
    let sent = server.requests();
    let texts: Vec<&str> =
        sent.iter().flat_map(|request| request["input"].as_array().unwrap()).filter_map(|text| text.as_str()).collect();
    let distinct: HashSet<&str> = texts.iter().copied().collect();
    assert!(texts.len() > 2);
    assert_eq!(texts.len(), distinct.len(), "a text was sent twice");
    let counted = counts(&first);
    assert_eq!(counted.iter().map(|(embedded, _)| embedded).sum::<u64>(), texts.len() as u64);
    assert_eq!(counted.iter().map(|(_, reused)| reused).sum::<u64>(), texts.len() as u64);

    let asked = server.requests().len();
    sandbox.run(&["runs", "reset", "--yes"]).success();
    let again = run(&sandbox, &server).success();
    assert_eq!(server.requests().len(), asked, "an unchanged run asked for vectors");
    assert_eq!(counts(&again), [(0, texts.len() as u64); 2]);
}

#[test]
fn a_refused_text_is_named_and_the_others_are_embedded() {
    let is_poisoned = |text: &serde_json::Value| text.as_str().unwrap().contains("poison");
    let server = EmbeddingServer::start(move |_, request| {
        let refuses = request["input"].as_array().unwrap().iter().any(is_poisoned);
        if refuses { error(400, "", "input is not valid") } else { good(request) }
    });
    let sandbox = Sandbox::new();
    let line = |number: usize| {
        let word = if number == 3 { "poison" } else { "fine" };
        format!(r#"{{"id": "{number}", "title": "T{number}", "text_md": "A {word} text.", "source_system": "dita"}}"#)
    };
    let lines: Vec<String> = (0..9).map(line).collect();
    sandbox.write("var/runs/r1/normalize/normalized.ndjson", lines.join("\n"));
    sandbox.run(&["runs", "backfill"]).success();
    let failed = run(&sandbox, &server).exits(1).events_named("runs.fail").remove(0);
    let message = failed["error"].as_str().unwrap();
    assert!(message.contains("input is not valid") && message.contains("A poison text."), "{message}");
    assert_eq!(failed["status"], "failed");
    assert_eq!(sandbox.database.value("select count(*) from graphdb.embeddings"), "8");
}
