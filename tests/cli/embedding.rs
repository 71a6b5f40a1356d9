//! The embed phase with a server that counts its requests.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::embedding_server::{error, good, truncated};
use crate::support::held::send;
use crate::support::{EmbeddingServer, Run, Sandbox, http};

/// Runs one worker with vectors from this server.
fn run(sandbox: &Sandbox, server: &EmbeddingServer) -> Run {
    Run::of(sandbox.command_with_vectors_of(&server.url, &["run", "--workers", "1"]).output().unwrap())
}

/// A server that answers after two requests have arrived. If the second one does not arrive for a long time, they are
/// not concurrent.
#[derive(Clone, Default)]
struct Meeting(Arc<(Mutex<Came>, Condvar)>);

#[derive(Default)]
struct Came {
    /// The texts of each request.
    requests: Vec<Vec<String>>,
    missed: bool,
}

impl Meeting {
    /// Starts the server and returns its URL.
    fn start(&self) -> String {
        let meeting = self.clone();
        http::serve(move |_, request| {
            meeting.join(request);
            let (status, _, body) = good(request);
            Some((status, body))
        })
    }

    fn join(&self, request: &Value) {
        let (came, more) = &*self.0;
        let mut came = came.lock().unwrap();
        came.requests.push(texts(request));
        more.notify_all();
        let waited = more.wait_timeout_while(came, Duration::from_secs(20), |came| came.requests.len() < 2);
        let (mut came, timeout) = waited.unwrap();
        came.missed |= timeout.timed_out();
    }

    /// Returns the texts of each request. The first two requests were concurrent.
    fn requests(&self) -> Vec<Vec<String>> {
        let came = self.0.0.lock().unwrap();
        assert!(!came.missed, "one request waited alone");
        came.requests.clone()
    }
}

fn texts(request: &Value) -> Vec<String> {
    request["input"].as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Registers the model of the embedding servers with a limit, so that no request measures it.
fn know_limit(sandbox: &Sandbox) {
    let register =
        "select graphdb.register_model('small', 'openai', 3, false); select graphdb.set_model_limit('small', 512)";
    sandbox.database.connect().batch_execute(register).unwrap();
}

/// Writes runs with the same documents. Each document has its own text.
fn write_alike(sandbox: &Sandbox, runs: usize, documents: usize) {
    know_limit(sandbox);
    let line = |number: usize| {
        format!(r#"{{"id": "{number}", "title": "T", "text_md": "Text number {number}.", "source_system": "dita"}}"#)
    };
    let lines: Vec<String> = (0..documents).map(line).collect();
    for number in 1..=runs {
        sandbox.write(&format!("var/runs/r{number}/normalize/normalized.ndjson"), lines.join("\n"));
    }
    sandbox.run(&["runs", "backfill"]).success();
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
    know_limit(&sandbox);
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
fn a_worker_whose_run_is_deleted_goes_on_with_the_next() {
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 2, 1);
    let (url, deleted) = (sandbox.database.url.clone(), std::sync::atomic::AtomicI64::new(0));
    let server = EmbeddingServer::start(move |_, request| {
        let delete = "select deleted from graphdb.delete_runs('{\"status\": \"embedding\"}', p_force => true)";
        if deleted.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
            deleted.store(client.query_one(delete, &[]).unwrap().get(0), std::sync::atomic::Ordering::SeqCst);
        }
        good(request)
    });
    let run = run(&sandbox, &server).success();
    assert_eq!(run.events_named("runs.lost").len(), 1, "{}", run.stdout);
    assert!(run.events_named("runs.fail").is_empty(), "{}", run.stdout);
    assert_eq!(sandbox.database.column("select status from graphdb.processed_runs"), ["embedded"]);
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

/// Returns the command with prefixes for questions and documents.
fn with_prefixes(sandbox: &Sandbox, server: &EmbeddingServer, prefixes: [&str; 2], args: &[&str]) -> Run {
    let mut command = sandbox.command_with_vectors_of(&server.url, args);
    command.env("TRAILBLAZER_EMBED_QUERY_PREFIX", prefixes[0]).env("TRAILBLAZER_EMBED_DOCUMENT_PREFIX", prefixes[1]);
    Run::of(command.output().unwrap())
}

#[test]
fn every_document_and_every_question_is_sent_with_its_prefix() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 3);
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["run"]).success();
    let sent: Vec<String> = server.requests().iter().flat_map(texts).filter(|text| text.contains("number")).collect();
    assert_eq!(sent.len(), 3);
    assert!(sent.iter().all(|text| text.starts_with("say: T\n\nText number ")), "{sent:?}");
    // The prefix belongs to the model, not to the text.
    assert_eq!(sandbox.database.value("select count(*) from graphdb.chunks where text like '%say: %'"), "0");
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["ask", "which number"]).success();
    assert_eq!(texts(server.requests().last().unwrap()), ["ask: which number"]);
}

#[test]
fn prefixes_are_a_part_of_the_model() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 3);
    run(&sandbox, &server).success();
    let asked = with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["ask", "number"]).success();
    // Until the model with these prefixes is served, a question is embedded without them.
    assert!(!asked.stderr.contains("full-text"), "{}", asked.stderr);
    assert_eq!(server.requests().last().unwrap()["input"], serde_json::json!(["number"]));
    with_prefixes(&sandbox, &server, ["ask: ", "say: "], &["run"]).success();
    let models = "select concat_ws('|', model, query_prefix, document_prefix, (select count(*) from graphdb.embeddings as e \
                  where e.model_id = m.model_id)) from graphdb.embedding_models as m order by 1";
    assert_eq!(sandbox.database.column(models), ["small+ask+say|ask: |say: |3", "small|||3"]);
    assert!(server.requests().iter().all(|request| request["model"] == "small"));
}

#[test]
fn a_well_known_model_without_its_prefixes_is_pointed_out() {
    let server = EmbeddingServer::start(|_, request| good(request));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    let advice = "nomic-embed-text finds more with its prefixes: set embed.query_prefix to \"search_query: \" and \
                  embed.document_prefix to \"search_document: \"";
    for (args, prefix, is_told) in
        [(&["run"][..], None, true), (&["db", "doctor"], None, true), (&["db", "doctor"], Some("x: "), false)]
    {
        let mut command = sandbox.command_with_vectors_of(&server.url, args);
        command.env("TRAILBLAZER_EMBED_MODEL", "nomic-embed-text");
        if let Some(prefix) = prefix {
            command.env("TRAILBLAZER_EMBED_QUERY_PREFIX", prefix);
        }
        let run = Run::of(command.args(["--events", "never"]).output().unwrap()).success();
        assert_eq!(format!("{}{}", run.stdout, run.stderr).contains(advice), is_told, "{run:?}");
    }
}

#[test]
fn page_that_has_only_a_title_is_found_by_its_title() {
    let sandbox = Sandbox::new();
    let lines =
        [("1", "Quorum settings", ""), ("2", "Other page", "Some text."), ("3", "", " ")].map(|(id, title, body)| {
            serde_json::json!({ "id": id, "title": title, "text_md": body, "source_system": "dita" }).to_string()
        });
    sandbox.write("var/runs/r1/normalize/normalized.ndjson", lines.join("\n"));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.column("select status || total_chunks from graphdb.processed_runs"), ["embedded2"]);
    for flag in [&["ask", "quorum settings", "--json"][..], &["ask", "quorum settings", "--json", "--text-only"]] {
        let first = sandbox.run(flag).success().events_named("ask.result").remove(0);
        assert_eq!(first["doc_id"], "1", "{first}");
    }
}

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
fn runs_that_hold_the_same_texts_send_each_once_when_worked_on_at_the_same_time() {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&sent);
    let url = http::serve(move |_, request| {
        seen.lock().unwrap().extend(texts(request));
        // Enough time for the other workers to request the same texts.
        std::thread::sleep(Duration::from_millis(30));
        let (status, _, body) = good(request);
        Some((status, body))
    });
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 4, 60);
    let mut run = sandbox.command_with_vectors_of(&url, &["run", "--workers", "4"]);
    Run::of(run.env("TRAILBLAZER_EMBED_BATCH_TOKENS", "100").output().unwrap()).success();
    let sent = sent.lock().unwrap();
    assert_eq!(sent.iter().collect::<HashSet<_>>().len(), 60);
    assert_eq!(sent.len(), 60, "texts were sent twice");
    let embedded = "select count(*) from graphdb.processed_runs where status = 'embedded'";
    assert_eq!(sandbox.database.value(embedded), "4");
}

#[test]
fn batches_of_one_run_are_with_the_provider_at_the_same_time() {
    let meeting = Meeting::default();
    let url = meeting.start();
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 60);
    let mut run = sandbox.command_with_vectors_of(&url, &["run", "--workers", "2"]);
    Run::of(run.env("TRAILBLAZER_EMBED_BATCH_TOKENS", "300").output().unwrap()).success();
    assert!(meeting.requests().len() >= 2);
}

#[test]
fn processes_that_embed_the_same_texts_begin_at_different_ones() {
    let meeting = Meeting::default();
    let url = meeting.start();
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 2, 3000);
    sandbox.command_with_vectors_of(&url, &["run", "--phases", "chunk"]).output().unwrap();
    let embed = || {
        let mut embed = sandbox.command_with_vectors_of(&url, &["run", "--phases", "embed", "--workers", "1"]);
        embed.output().unwrap()
    };
    std::thread::scope(|scope| {
        let others = scope.spawn(embed);
        Run::of(embed()).success();
        Run::of(others.join().unwrap()).success();
    });
    let requests = meeting.requests();
    let first: HashSet<&String> = requests[0].iter().collect();
    assert!(requests[1].iter().all(|text| !first.contains(text)), "both began with the same texts");
    let sent = requests.iter().map(Vec::len).sum::<usize>();
    // Where the two processes meet, both may send the same page.
    assert!(sent < 5500, "{sent} texts were sent, of 3000 that both runs hold");
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
fn chunking_asks_the_embedding_server_nothing() {
    let server = EmbeddingServer::start(|_, _| error(503, "", "loading"));
    let sandbox = Sandbox::new();
    write_alike(&sandbox, 1, 1);
    Run::of(asking_first(&sandbox, &server.url, &["run", "--phases", "chunk"]).output().unwrap()).success();
    assert!(server.requests().is_empty());
    assert_eq!(sandbox.database.column("select status from graphdb.processed_runs"), ["chunked"]);
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
