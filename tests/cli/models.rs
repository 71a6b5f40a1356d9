//! Several models: `models switch`, a changed configuration, the way back, and which model answers.

use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::support::embedding_server::good;
use crate::support::held::send;
use crate::support::{EmbeddingServer, Run, Sandbox};

/// A library of two runs that is embedded with `small`. `large` reads shorter texts, so its chunks are smaller.
struct Library {
    sandbox: Sandbox,
    server: EmbeddingServer,
}

impl Library {
    fn new() -> Self {
        let library = Self { sandbox: Sandbox::new(), server: EmbeddingServer::start(|_, request| good(request)) };
        library.write("first");
        for (model, tokens) in [("small", 512), ("large", 64)] {
            library.sandbox.know_model_limit(model);
            library.ask(&format!("select graphdb.set_model_limit('{model}', {tokens})"));
        }
        library.run("small", &["run"]).success();
        library
    }

    /// Writes two documents of several sections, of which the second contains `word`.
    fn write(&self, word: &str) {
        for (name, word) in [("a", "same"), ("b", word)] {
            let part = |number: usize| {
                let words = format!("Words of part {number} about claims. ").repeat(12);
                format!("<section><title>Part {number} {word}</title><p>{words}</p></section>")
            };
            let parts: String = (0..3).map(part).collect();
            let topic = format!("<topic id='t'><title>Document {name}</title><body>{parts}</body></topic>");
            self.sandbox.write(&format!("docs/{name}.dita"), topic);
        }
        self.sandbox.run(&["normalize", "docs", "--source", "dita"]).success();
    }

    /// Returns a command with this model in the configuration.
    fn command(&self, model: &str, args: &[&str]) -> Command {
        let mut command = self.sandbox.command_with_vectors_of(&self.server.url, args);
        command.env("TRAILBLAZER_EMBED_MODEL", model);
        command
    }

    #[track_caller]
    fn run(&self, model: &str, args: &[&str]) -> Run {
        Run::of(self.command(model, args).output().unwrap())
    }

    fn ask(&self, query: &str) -> String {
        self.sandbox.database.column(query).join(" ")
    }

    fn served(&self) -> String {
        self.ask("select graphdb.served_model()")
    }

    /// Returns the texts that the server embedded with this model.
    fn embedded(&self, model: &str) -> usize {
        let of_model = |request: &&Value| request["model"] == model;
        self.server.requests().iter().filter(of_model).map(|request| request["input"].as_array().unwrap().len()).sum()
    }

    /// Returns the model that `ask` uses and the texts of its hits, with this model in the configuration.
    #[track_caller]
    fn answer(&self, model: &str) -> (String, Vec<String>) {
        let run = self.run(model, &["ask", "--json", "--every-chunk", "--min-score", "0", "claims"]).success();
        let asked = run.events_named("ask.complete").remove(0);
        let hits = run.events_named("ask.result");
        let texts = hits.iter().map(|hit| hit["text"].as_str().unwrap().to_owned()).collect();
        (asked["model"].as_str().unwrap_or_default().to_owned(), texts)
    }

    /// The tables of the library, apart from times and numbers of revisions.
    fn tables(&self) -> String {
        self.ask(
            "select coalesce(string_agg(t.row, '; ' order by t.row), '') from ( \
               select concat_ws(' ', d.doc_id, c.ord, c.text, m.model, d.is_current, d.is_searched, k.model) as row \
               from graphdb.documents as d \
               join graphdb.chunks as c on (c.run_id, c.doc_id, c.revision) = (d.run_id, d.doc_id, d.revision) \
               left join graphdb.embeddings as e on e.input_sha256 = c.input_sha256 \
               left join graphdb.embedding_models as m on m.model_id = e.model_id \
               left join graphdb.embedding_models as k on k.model_id = d.kept_for \
               union all \
               select concat_ws(' ', r.run_id, r.status, r.embedding_model, r.chunking, r.total_chunks, r.embedded_chunks) \
               from graphdb.processed_runs as r) as t",
        )
    }
}

#[test]
fn a_switch_says_what_it_costs_and_prepares_the_model_beside_the_served_one() {
    let library = Library::new();
    let switch =
        |args: &[&str]| library.run("small", &[&["models", "switch", "large"], args].concat()).success().stderr;
    let before = library.tables();
    assert_eq!(
        switch(&["--dry-run"]),
        "would switch to large: 2 texts of 1 run to embed, about 1 minute with one worker\n"
    );
    assert_eq!((library.tables(), library.embedded("large")), (before, 0));
    let told = switch(&[]);
    let preparing = "preparing large alongside small, which searches use until all texts are ready: 2 texts of 1 run to embed, about 1 minute \
                     with one worker\n";
    assert!(told.starts_with(preparing), "{told}");
    let end = "searches use large now; `trailblazer models switch small` goes back, `trailblazer models drop small` deletes its vectors\n\
               warn: embed.model is small: set it to large, or the next `trailblazer run` switches back\n";
    assert!(told.ends_with(end), "{told}");
    assert_eq!(library.served(), "large");
    // A client without a model, and a client with another model in its configuration, use the served one.
    for configured in ["small", "large"] {
        let (model, texts) = library.answer(configured);
        assert!(model == "large" && texts.len() > 2, "{configured}: {model} {texts:?}");
    }
    assert_eq!(switch(&[]), "large is served already\n");
    library.run("large", &["models", "drop", "large", "--yes"]).exits(5);
    library.run("large", &["models", "drop", "small", "--yes"]).success();
    assert_eq!(library.ask("select count(*) from graphdb.documents where not is_current"), "0");
}

#[test]
fn a_switch_that_a_paused_run_holds_up_names_the_run() {
    let library = Library::new();
    let run_id = library.ask("select run_id from graphdb.processed_runs");
    library.run("small", &["runs", "pause", &run_id]).success();
    let told = library.run("small", &["models", "switch", "large"]).exits(1).stderr;
    let cause =
        format!("have no vector under it: run {run_id} is paused; `trailblazer runs resume {run_id}` resumes it");
    assert!(told.contains(&cause), "{told}");
    library.run("small", &["runs", "resume", &run_id]).success();
    library.run("small", &["models", "switch", "large"]).success();
    assert_eq!(library.served(), "large");
}

#[test]
fn the_way_back_needs_no_embedding_until_the_drop_except_for_what_has_changed() {
    let library = Library::new();
    let first = library.tables();
    let texts = library.embedded("small");
    library.run("large", &["models", "switch", "large"]).success();
    let second = library.tables();
    for _ in 0..2 {
        let back = library.run("large", &["models", "switch", "small"]).success().stderr;
        assert!(back.starts_with("searches use small now;"), "{back}");
        let again = library.run("large", &["models", "switch", "large"]).success().stderr;
        assert!(again.starts_with("searches use large now;"), "{again}");
    }
    assert_eq!(library.tables(), second);
    assert_eq!(library.embedded("small"), texts);
    // One of two documents changes while `large` is served.
    library.write("second");
    library.run("large", &["run"]).success();
    let dry = library.run("small", &["models", "switch", "small", "--dry-run"]).success().stderr;
    assert!(dry.starts_with("would switch to small: 6 texts of 1 run to embed"), "{dry}");
    library.run("small", &["models", "switch", "small"]).success();
    assert_eq!((library.embedded("small"), library.served().as_str()), (texts + 1, "small"));
    assert_eq!(library.answer("small").1.len(), 2);
    // Without the other model, the library is as if there never had been one.
    library.write("first");
    library.run("small", &["run"]).success();
    library.run("small", &["models", "drop", "large", "--yes"]).success();
    library.ask("select deleted from graphdb.prune_embeddings()");
    assert_eq!(library.tables(), first);
}

#[test]
fn a_changed_model_in_the_configuration_is_prepared_and_served_by_run() {
    let library = Library::new();
    // Until the new model is prepared, every client uses the served model.
    assert_eq!(library.answer("large").0, "small");
    let dry = library.run("large", &["run", "--dry-run"]).success().stderr;
    let told = "large alongside small, which searches use until all texts are ready: 2 texts of 1 run to embed";
    assert!(dry.starts_with(&format!("would prepare {told}")), "{dry}");
    // A selection changes nothing.
    let selected = library.run("large", &["run", "--run-id", "docs-dita"]).success().stderr;
    let way_on = "1 run is embedded with small, not with large: `trailblazer run` without a selection prepares large for all runs\n";
    assert!(selected.ends_with(way_on), "{selected}");
    assert_eq!(library.served(), "small");
    let run = library.run("large", &["run"]).success().stderr;
    assert!(run.starts_with(&format!("preparing {told}")) && run.contains("searches use large now"), "{run}");
    assert_eq!(library.answer("small").0, "large");
    // Back again, without a text to embed.
    let texts = library.embedded("small");
    let run = library.run("small", &["run"]).success().stderr;
    assert!(run.starts_with("preparing small alongside large") && run.contains("every text has its vector"), "{run}");
    assert_eq!((library.embedded("small"), library.served().as_str()), (texts, "small"));
    assert!(!library.run("small", &["run"]).success().stderr.contains("large"));
}

#[test]
fn other_sizes_of_chunks_in_the_configuration_are_prepared_by_run() {
    let library = Library::new();
    library.sandbox.configure("chunk: { max_tokens: 100 }");
    let dry = library.run("small", &["run", "--dry-run"]).success().stderr;
    assert!(dry.starts_with("would chunk 1 run again, because the sizes of chunks have changed"), "{dry}");
    let run = library.run("small", &["run"]).success().stderr;
    assert!(
        run.starts_with("chunking 1 run again, because the sizes of chunks have changed; searches show the old"),
        "{run}"
    );
    assert!(library.answer("small").1.len() > 2);
    assert!(library.run("small", &["run"]).success().stderr.contains("nothing to do"));
    library.sandbox.configure("");
    library.run("small", &["run"]).success();
    assert_eq!(library.answer("small").1.len(), 2);
    assert_eq!(library.ask("select count(*) from graphdb.documents"), "2");
}

#[test]
fn an_interrupted_switch_continues_and_search_has_no_gap() {
    let undisturbed = Library::new();
    undisturbed.run("small", &["models", "switch", "large"]).success();
    // The command is killed while it waits for this table.
    for (table, mode) in [("chunks", "exclusive"), ("embeddings", "exclusive"), ("embedding_models", "exclusive")] {
        let library = Library::new();
        let held = library.sandbox.database.hold(table, mode);
        let mut child = library.command("small", &["models", "switch", "large"]).spawn().unwrap();
        library.sandbox.database.wait_until_blocked(1);
        assert_eq!(library.answer("large"), undisturbed_small(&library), "{table}");
        send(&child, Signal::SIGKILL);
        child.wait().unwrap();
        drop(held);
        library.sandbox.database.wait_until_alone();
        assert_eq!(library.answer("large"), undisturbed_small(&library), "{table}");
        library.run("small", &["models", "switch", "large"]).success();
        assert_eq!(library.served(), "large", "{table}");
        assert_eq!(library.tables(), undisturbed.tables(), "{table}");
    }
}

/// Returns the answer of the served model: both documents, each in one chunk.
fn undisturbed_small(library: &Library) -> (String, Vec<String>) {
    let answer = library.answer("small");
    assert_eq!((answer.0.as_str(), answer.1.len()), ("small", 2));
    answer
}

#[test]
fn a_switch_to_a_model_that_nobody_has_changes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let run = sandbox.run(&["models", "switch", "no-such-model"]).exits(2);
    assert!(run.stderr.contains("the provider `hash` has one model, `hash-384`"), "{}", run.stderr);
    for args in [&["models", "switch", "no-such-model"][..], &["models", "switch", "no-such-model", "--dry-run"]] {
        let mut command = sandbox.command(args);
        let run = Run::of(command.env("TRAILBLAZER_EMBED_PROVIDER", "local").output().unwrap()).exits(3);
        assert!(run.stderr.contains("no-such-model"), "{}", run.stderr);
    }
    assert_eq!(sandbox.database.column("select status from graphdb.processed_runs").join(" "), "embedded");
}

#[test]
#[cfg(feature = "serve")]
fn a_server_follows_a_switch_without_a_restart() {
    use crate::serve::Server;
    use crate::support::TestDatabase;

    let library = Library::new();
    let env = [
        ("TRAILBLAZER_DB_URL", library.sandbox.database.url.as_str()),
        ("TRAILBLAZER_EMBED_PROVIDER", "openai"),
        ("TRAILBLAZER_EMBED_MODEL", "small"),
        ("TRAILBLAZER_EMBED_BASE_URL", library.server.url.as_str()),
        ("TRAILBLAZER_EMBED_DIMENSIONS", "3"),
    ];
    let server = Server::start(Sandbox::with(TestDatabase::empty()), &[], &env);
    let answer = || {
        let answer = server.get("/api/search?q=claims").status(200).json();
        assert!(answer["hits"][0]["similarity"].is_number(), "{answer}");
        answer["model"].as_str().unwrap().to_owned()
    };
    assert_eq!(answer(), "small");
    library.run("small", &["models", "switch", "large"]).success();
    // The question is embedded with the new model.
    let before = library.embedded("large");
    assert_eq!(answer(), "large");
    assert_eq!(library.embedded("large"), before + 1);
    library.run("small", &["models", "switch", "small"]).success();
    assert_eq!(answer(), "small");
}
