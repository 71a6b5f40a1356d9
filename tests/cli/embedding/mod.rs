//! The embed phase with a server that counts its requests.

mod limits;
mod outages;
mod prefixes;

use std::collections::HashSet;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use serde_json::Value;

use crate::support::embedding_server::good;
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
