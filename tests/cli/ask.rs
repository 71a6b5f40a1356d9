//! `trailblazer ask`

use crate::support::Sandbox;

/// Returns a sandbox with one embedded run of four documents.
fn library() -> Sandbox {
    let sandbox = Sandbox::new();
    let document = |id: &str, title: &str, body: &str| {
        let url = format!("https://docs.example/{id}");
        serde_json::json!({"id": id, "title": title, "text_md": body, "url": url, "labels": [format!("{id}-label")], "source_system": "dita"})
            .to_string()
    };
    let lines = [
        document("lease", "Leases", "# Leases\n\n## Expiry\n\nA lease that is not renewed expires after 45 minutes.\n"),
        document("vector", "Vectors", "# Vectors\n\nA vector belongs to a text and a model.\n"),
        document(
            "codes",
            "Codes",
            "# Codes\n\n| Code | Meaning |\n|---|---|\n| **3** | See [faults](topic:faults) of a `<plugin>` file |\n",
        ),
        document("escape", "Escapes", "# Escapes\n\nA terminal obeys \u{1b}[31m escape codes.\n"),
    ];
    sandbox.write("var/runs/one/normalize/normalized.ndjson", lines.join("\n") + "\n");
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--quiet"]).success();
    sandbox
}

#[test]
fn ask_prints_title_headings_address_and_a_snippet() {
    let asked = library().run(&["ask", "when does a lease expire", "--text-only", "--limit", "1"]).success();
    insta::assert_snapshot!(asked.stdout, @"
    1. Leases
       https://docs.example/lease
       Expiry
       A lease that is not renewed expires after 45 minutes.
    ");
}

#[test]
fn ask_shows_tables_and_links_as_text() {
    let asked = library().run(&["ask", "code faults", "--text-only", "--limit", "1"]).success();
    insta::assert_snapshot!(asked.stdout, @"
    1. Codes
       https://docs.example/codes
       Code | Meaning
       3 | See faults of a <plugin> file
    ");
}

#[test]
fn ask_shows_ranks_to_those_who_want_details() {
    let asked = library().run(&["ask", "renewed lease", "--limit", "1", "-v"]).success();
    let details = "rank by words 1, by vector 1, words lease renewed, run one document lease chunk 0";
    assert!(asked.stdout.contains(details), "{}", asked.stdout);
}

#[test]
fn ask_prints_json_when_it_is_told_to() {
    let asked = library().run(&["ask", "lease", "--json"]).success();
    let results = asked.events_named("ask.result");
    assert_eq!(results[0]["doc_id"], "lease");
    assert_eq!(results[0]["url"], "https://docs.example/lease");
    assert_eq!(results[0]["place"], 1);
    let complete = &asked.events_named("ask.complete")[0];
    assert_eq!(complete["found"], results.len());
    assert_eq!(complete["question"], "lease");
}

#[test]
fn ask_keeps_to_label_source_and_run() {
    let sandbox = library();
    let found = |filter: &[&str]| {
        let args = [&["ask", "a", "--json"], filter].concat();
        sandbox
            .run(&args)
            .success()
            .events_named("ask.result")
            .iter()
            .map(|hit| hit["doc_id"].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(&["--label", "vector-label"]), ["\"vector\""]);
    assert_eq!(found(&["--source", "dita", "--run-id", "on*"]).len(), 4);
    assert!(found(&["--source", "confluence"]).is_empty());
    assert!(found(&["--run-id", "two"]).is_empty());
}

#[test]
fn ask_says_when_nothing_is_found() {
    let asked = library().run(&["ask", "zebra", "--text-only"]).success();
    assert_eq!(asked.stdout, "nothing found: try fewer or different words, or remove filters\n");
}

#[test]
fn ask_before_anything_is_embedded_goes_by_words_alone() {
    let asked = Sandbox::new().run(&["ask", "lease", "--json"]).success();
    assert!(asked.stderr.contains("no run is embedded with hash-384: using"), "{}", asked.stderr);
    assert_eq!(asked.events_named("ask.complete")[0]["found"], 0);
}

#[test]
fn ask_lets_no_escape_code_of_a_document_through() {
    let asked = library().run(&["ask", "escape"]).success();
    assert!(!asked.stdout.contains('\u{1b}'), "{:?}", asked.stdout);
}

#[test]
fn ask_refuses_an_empty_question() {
    let sandbox = Sandbox::new();
    for question in [" ", "\"\"", "*"] {
        let run = sandbox.run(&["ask", "--json", question]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.starts_with("error: the question contains no words\n  hint: "), "{}", run.stderr);
    }
}

#[test]
fn ask_says_which_run_took_the_place_of_the_one_asked() {
    let sandbox = Sandbox::new();
    sandbox.write("docs/t.dita", "<topic id='t'><title>Racks</title><body><p>How to mount a rack.</p></body></topic>");
    for run_id in ["novice", "expert"] {
        sandbox.run(&["normalize", "docs", "--source", "dita", "--run-id", run_id]).success();
        sandbox.run(&["run"]).success();
    }
    let asked = sandbox.run(&["ask", "rack", "--run-id", "novice"]).success();
    insta::assert_snapshot!(asked.stderr, @"warn: search finds no document of run novice, because newer runs such as expert contain them too; to find both, normalize the input of expert with another --collection");
    assert_eq!(asked.stdout, "nothing found\n");
    let searched = |run_id| {
        let shown = sandbox.run(&["runs", "show", run_id]).success().stdout;
        shown.lines().find(|line| line.starts_with("searched")).map(str::to_owned)
    };
    assert_eq!(
        searched("novice").unwrap(),
        "searched    0, the others are excluded from search, or versions in other runs are shown"
    );
    assert_eq!(searched("expert").unwrap(), "searched    1");
}

#[test]
fn ask_names_the_sources_and_labels_there_are_when_a_filter_knows_another() {
    let sandbox = library();
    let asked =
        |filter: &[&str]| sandbox.run(&[&["ask", "--json", "lease", "--text-only"], filter].concat()).success().stderr;
    insta::assert_snapshot!(asked(&["--source", "nosuch"]), @"warn: no run has the source nosuch; found dita");
    insta::assert_snapshot!(asked(&["--label", "nosuch", "--label", "lease-label", "--run-id", "no"]), @"
    warn: no document has the label nosuch; found codes-label, escape-label, lease-label, vector-label
    warn: no run id matches no; `trailblazer runs list` lists them
    ");
    for known in [&["--source", "dita"][..], &["--label", "vector-label"], &["--run-id", "*"]] {
        assert_eq!(asked(known), "", "{known:?}");
    }
}

#[test]
fn ask_gives_the_best_chunk_of_each_document_or_every_chunk() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 3);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let answers = |args: &[&str]| {
        let asked = sandbox.run(&[&["ask", "words of document 1", "--limit", "4", "--json"], args].concat()).success();
        let place = |hit: serde_json::Value| (hit["doc_id"].as_str().unwrap().to_owned(), hit["ord"].as_u64().unwrap());
        asked.events_named("ask.result").into_iter().map(place).collect::<Vec<_>>()
    };
    let (each, every) = (answers(&[]), answers(&["--every-chunk"]));
    assert_eq!(every.len(), 4);
    assert_eq!(each[0], every[0], "the best comes first");
    let mut documents: Vec<&str> = each.iter().map(|(document, _)| document.as_str()).collect();
    documents.sort_unstable();
    assert_eq!(documents, ["r1-0", "r1-1", "r1-2"]);
}

#[test]
fn ask_uses_the_vectors_that_a_reset_gave_up_until_others_replace_them() {
    let sandbox = library();
    sandbox.run(&["runs", "reset", "--scope", "embeddings", "--yes"]).success();
    let run = sandbox.run(&["ask", "lease", "--json"]).success();
    assert!(!run.stderr.contains("no run is embedded"), "{}", run.stderr);
    assert_eq!(run.events_named("ask.complete")[0]["model"], "hash-384");
    // No second confirmation is needed.
    sandbox.run(&["runs", "reset", "--scope", "embeddings"]).success();
}

#[test]
fn ask_says_that_the_run_it_was_asked_about_is_not_embedded_yet() {
    let sandbox = library();
    sandbox.write_run("late", 1);
    sandbox.write_run("later", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let asked = |run_id: &str| sandbox.run(&["ask", "document", "--run-id", run_id]).success();
    let late = asked("late");
    assert_eq!(late.stdout, "nothing found\n");
    let told = "warn: run late is normalized, not embedded yet: `trailblazer run` processes what is due\n";
    assert_eq!(late.stderr, told);
    let both = asked("late*");
    assert!(
        both.stderr.contains("warn: none of the selected runs is embedded yet: `trailblazer run` processes"),
        "{}",
        both.stderr
    );
    assert!(asked("nosuch").stderr.contains("no run id matches nosuch"));
    let other = sandbox.run(&["ask", "zebra", "--text-only"]).success();
    assert_eq!(other.stdout, "nothing found: try fewer or different words, or remove filters\n");
    sandbox.run(&["run"]).success();
    assert_eq!(asked("late").stderr, "");
}

#[test]
fn a_mistyped_condition_is_named_with_the_nearest_key() {
    let sandbox = Sandbox::new();
    let line = serde_json::json!({
        "id": "a", "title": "Leases", "text_md": "Words about leases.", "source_system": "dita", "meta": {"status": "draft"}
    });
    sandbox.write("var/runs/handbook/normalize/normalized.ndjson", format!("{line}\n"));
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let asked = |args: &[&str]| sandbox.run(&[&["ask", "leases"], args].concat()).success().stderr;
    for (condition, nearest) in [
        ("lnguage=en", "no document has the key lnguage; did you mean language?"),
        ("updatd>=2026-01-01", "no document has the key updatd; did you mean updated?"),
        ("run_id=handbook", "no document has the key run_id; did you mean run?"),
        ("statos=draft", "no document has the key statos; did you mean status?"),
        ("something=else", "no document has the key something; found "),
        ("run=hanbook", "no run id matches hanbook"),
        ("source=ditta", "no run has the source ditta; found dita"),
        ("label=x", "no document has the label x; found none"),
    ] {
        let stderr = asked(&["--where", condition]);
        assert!(stderr.contains(nearest), "{condition}: {stderr}");
    }
    assert_eq!(asked(&["--where", "status=draft"]), "");
    // One of the sources is known, so there is a result.
    let sources = ["--source", "dita", "--source", "ditta"];
    for command in [&["ask", "leases"][..], &["runs", "list"], &["runs", "reset", "--dry-run"], &["run"]] {
        let stderr = sandbox.run(&[command, &sources].concat()).success().stderr;
        assert_eq!(stderr.matches("no run has the source ditta; found dita").count(), 1, "{command:?}: {stderr}");
    }
    let refused = sandbox.run(&["ask", "leases", "--where", "updated>"]).exits(2);
    assert!(refused.stderr.contains("--where 'updated>=2026-01-31', with quotes"), "{}", refused.stderr);
}
