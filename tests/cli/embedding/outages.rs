//! Servers that fail, refuse texts, or are unreachable.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use serde_json::Value;

use super::{know_limit, run, texts, write_alike};
use crate::support::embedding_server::{error, good};
use crate::support::held::send;
use crate::support::{EmbeddingServer, Run, Sandbox, http};

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

/// Returns whether one of the texts of a request contains `word`.
fn contains(request: &Value, word: &str) -> bool {
    texts(request).iter().any(|text| text.contains(word))
}

#[test]
fn a_text_that_the_server_fails_on_is_named_by_its_document_and_the_others_are_embedded() {
    let server = EmbeddingServer::start(|_, request| {
        if contains(request, "number 4.") { error(500, "", "CUDA error") } else { good(request) }
    });
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 60);
    let failed = run(&sandbox, &server).exits(1).events_named("runs.fail").remove(0);
    let message = failed["error"].as_str().unwrap();
    assert!(message.contains("CUDA error: document 4 (\"T\"), chunk 0 ("), "{message}");
    assert!(message.contains("Text number 4."), "{message}");
    assert_eq!(failed["status"], "failed");
    assert_eq!(sandbox.database.value("select count(*) from graphdb.embeddings"), "59");
}

#[test]
fn server_that_fails_every_request_is_waited_for_and_no_run_is_charged() {
    let server = EmbeddingServer::start(
        |number, request| {
            if number < 6 { error(500, "", "model is loading") } else { good(request) }
        },
    );
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 3);
    let run = run(&sandbox, &server).success();
    assert!(
        run.stderr.contains("model is loading; the server fails every request, and its log may contain the reason"),
        "{}",
        run.stderr
    );
    assert_eq!(run.events_named("embed.wait").len(), 1, "{}", run.stdout);
    assert!(run.events_named("runs.fail").is_empty(), "{}", run.stdout);
    assert_eq!(sandbox.database.column("select status || attempts from graphdb.processed_runs"), ["embedded0"]);
}

#[test]
fn server_that_refuses_every_text_ends_the_command_and_charges_no_run() {
    let server = EmbeddingServer::start(|_, _| error(400, "", "dimensions is not supported"));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 2, 200);
    let run = run(&sandbox, &server).exits(3);
    assert!(run.stderr.contains("dimensions is not supported; the server refuses every text; check"), "{}", run.stderr);
    assert!(server.requests().len() < 100, "{} requests", server.requests().len());
    assert_eq!(
        sandbox
            .database
            .column("select distinct status || attempts from graphdb.processed_runs where status <> 'normalized'"),
        ["chunked0"]
    );
}

#[test]
fn run_of_which_many_texts_are_refused_fails_and_the_others_go_on() {
    let server = EmbeddingServer::start(|_, request| {
        let refuses = texts(request).iter().any(|text| text.contains("number 1") || text.contains("number 2"));
        if refuses { error(400, "", "too long") } else { good(request) }
    });
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 40);
    let failed = run(&sandbox, &server).exits(1).events_named("runs.fail").remove(0);
    assert_eq!(failed["status"], "failed");
    assert!(failed["error"].as_str().unwrap().contains("too long"), "{failed}");
}

#[test]
fn no_further_text_of_a_run_is_sent_after_too_many_were_refused() {
    let server = EmbeddingServer::start(|_, request| {
        let refuses = texts(request).iter().any(|text| text.contains("number"));
        if refuses { error(400, "", "too long") } else { good(request) }
    });
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 200);
    let mut run = sandbox.command_with_vectors_of(&server.url, &["run", "--workers", "1"]);
    Run::of(run.env("TRAILBLAZER_EMBED_BATCH_TOKENS", "100").output().unwrap()).exits(1);
    let requests = server.requests();
    let sent: HashSet<String> = requests.iter().flat_map(texts).filter(|text| text.contains("number")).collect();
    assert!(sent.len() < 60, "{} texts were sent", sent.len());
}

/// Returns the command for an unknown model, whose dimension must be requested from the server.
fn asking_first(sandbox: &Sandbox, url: &str, args: &[&str]) -> Command {
    let mut command = sandbox.command_with_vectors_of(url, args);
    command.env_remove("TRAILBLAZER_EMBED_DIMENSIONS");
    command
}

#[test]
fn ask_and_doctor_do_not_wait_for_the_embedding_server() {
    let sandbox = Sandbox::new();
    let busy = EmbeddingServer::start(|_, _| error(429, "retry-after: 77\r\n", "slow down"));
    let away = ("http://127.0.0.1:1/v1", "Check that the embedding server is running");
    for (url, hint) in [away, (&busy.url, "The embedding server is busy or still starting. Try again later.")] {
        for args in [&["ask", "--json", "lease"][..], &["db", "doctor", "--json"]] {
            let run = Run::of(asking_first(&sandbox, url, args).output().unwrap()).exits(4);
            assert!(format!("{}{}", run.stdout, run.stderr).contains(hint), "{run:?}");
        }
    }
}

#[test]
fn embedding_server_that_is_still_starting_is_waited_for() {
    let server = EmbeddingServer::start(|number, request| match number {
        0 => error(503, "retry-after: 3\r\n", "loading"),
        1 => error(429, "retry-after: 3\r\n", "slow down"),
        _ => good(request),
    });
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    let run = Run::of(asking_first(&sandbox, &server.url, &["run"]).output().unwrap()).success();
    let told = run.stderr.lines().filter(|line| line.starts_with("warn: waiting for the provider: "));
    assert_eq!(told.count(), 1, "{}", run.stderr);
    let waits = run.events_named("embed.wait");
    assert_eq!(waits.len(), 1, "{}", run.stdout);
    assert!(waits[0]["message"].as_str().unwrap().contains("loading"), "{}", waits[0]);
    assert_eq!(sandbox.database.column("select status from graphdb.processed_runs"), ["embedded"]);
}

#[test]
fn stop_ends_the_wait_for_an_embedding_server_that_is_not_there_yet() {
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    let mut waiting = asking_first(&sandbox, "http://127.0.0.1:1/v1", &["run", "--watch"]);
    let mut child = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    read_until(&mut talk, "warn: waiting for the provider: http://127.0.0.1:1/v1/embeddings: io: ");
    send(&child, Signal::SIGTERM);
    let run = Sandbox::wait(child).success();
    assert!(run.events_named("runs.claim").is_empty(), "{}", run.stdout);
}

#[test]
fn embedding_server_that_was_never_reached_exits_4_and_is_no_failed_run() {
    let sandbox = Sandbox::new();
    know_limit(&sandbox);
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    for mut run in [
        sandbox.command_with_vectors_of("http://127.0.0.1:1/v1", &["run"]),
        asking_first(&sandbox, "http://127.0.0.1:1/v1", &["run"]),
    ] {
        let run = Run::of(run.output().unwrap()).exits(4);
        assert!(run.stderr.contains("Check that the embedding server is running"), "{}", run.stderr);
        assert!(run.events_named("runs.fail").is_empty(), "{}", run.stdout);
        assert_eq!(sandbox.database.column("select status || attempts from graphdb.processed_runs"), ["chunked0"]);
    }
}

#[test]
fn embedding_server_that_is_away_is_waited_for_and_no_run_is_charged() {
    let sandbox = Sandbox::new();
    know_limit(&sandbox);
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let mut waiting = sandbox.command_with_vectors_of("http://127.0.0.1:1/v1", &["run", "--watch", "--workers", "4"]);
    let mut child = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut talk = BufReader::new(child.stderr.take().unwrap());
    read_until(&mut talk, "warn: waiting for the provider: http://127.0.0.1:1/v1/embeddings: io: ");
    send(&child, Signal::SIGINT);
    let run = Sandbox::wait(child).success();
    assert_eq!(run.events_named("runs.release").len(), 1, "{}", run.stdout);
    assert!(run.events_named("runs.fail").is_empty(), "{}", run.stdout);
    assert_eq!(sandbox.database.column("select status || attempts from graphdb.processed_runs"), ["chunked0"]);
}

/// Reads lines until a line begins with `start`.
#[track_caller]
fn read_until(talk: &mut impl BufRead, start: &str) {
    let mut lines = talk.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with(start)), "it ended without a word of: {start}");
}

#[test]
fn server_that_sends_no_json_ends_the_command_and_charges_no_run() {
    for (page, expected) in [
        ("<html><body>Welcome</body></html>", "the answer is not JSON; check embed.base_url"),
        ("{\"status\": \"ok\"}", "the answer has no embeddings"),
    ] {
        let url = http::serve(move |_, _| Some((200, page.to_owned())));
        let sandbox = Sandbox::new();
        write_alike(&sandbox, 1, 3);
        let run = Run::of(sandbox.command_with_vectors_of(&url, &["run"]).output().unwrap()).exits(3);
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert_eq!(sandbox.database.value("select sum(attempts) from graphdb.processed_runs"), "0");
    }
}

#[test]
fn chunking_asks_the_embedding_server_nothing() {
    let server = EmbeddingServer::start(|_, _| error(503, "", "loading"));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    Run::of(asking_first(&sandbox, &server.url, &["run", "--phases", "chunk"]).output().unwrap()).success();
    assert!(server.requests().is_empty());
    assert_eq!(sandbox.database.column("select status from graphdb.processed_runs"), ["chunked"]);
}
