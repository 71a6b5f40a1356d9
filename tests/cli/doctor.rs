//! `trailblazer db doctor`

use serde_json::Value;

use crate::support::embedding_server::good;
use crate::support::{EmbeddingServer, Run, Sandbox, TestDatabase};

/// Returns each check on a line, without values that depend on the machine.
fn checks(run: &Run) -> String {
    let lines = run.events_named("doctor.check").into_iter().map(|check| {
        let detail = match check["check"].as_str().unwrap() {
            "connection" | "server" | "pgvector" | "clock" | "rights" => "[detail]",
            _ => check["detail"].as_str().unwrap(),
        };
        let repair = check["repair"].as_str().map(|repair| format!(" -> {repair}")).unwrap_or_default();
        format!("{} {} {detail}{repair}\n", check["ok"], check["check"].as_str().unwrap())
    });
    lines.collect::<String>().replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// Returns the check with this name.
fn check(run: &Run, name: &str) -> Value {
    run.events_named("doctor.check").into_iter().find(|check| check["check"] == name).unwrap()
}

#[test]
fn doctor_says_that_all_is_well() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    insta::assert_snapshot!(checks(&sandbox.run(&["db", "doctor", "--json"]).success()), @"
    true connection [detail]
    true server [detail]
    true pgvector [detail]
    true clock [detail]
    true schema as version [version] installs it
    true rights [detail]
    true model hash-384 of provider hash, 384 dimensions, reads 256 tokens of a text
    true model searches use hash-384
    true chunks at most 256 tokens
    true vectors hash-384: 4 vectors of 384 dimensions, 1 run
    ");
    let shown = sandbox.run(&["db", "doctor", "--events", "never"]).success().stdout;
    assert!(shown.lines().all(|line| line.starts_with("ok   ")), "{shown}");
}

#[test]
fn doctor_names_the_repair_for_a_missing_schema() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    insta::assert_snapshot!(checks(&sandbox.run(&["db", "doctor", "--json"]).exits(4)), @"
    true connection [detail]
    true server [detail]
    false pgvector [detail] -> Run `trailblazer db migrate`.
    true clock [detail]
    false schema not installed -> Run `trailblazer db migrate`.
    ");
    sandbox.run(&["db", "migrate"]).success();
    sandbox.run(&["db", "doctor", "--json"]).success();
}

#[test]
fn doctor_notices_functions_that_differ_from_this_version() {
    let sandbox = Sandbox::new();
    let change = "update graphdb.schema_functions set sha256 = repeat('0', 64) where name = 'claim_run'";
    sandbox.database.connect().batch_execute(change).unwrap();
    let run = sandbox.run(&["db", "doctor", "--json"]).exits(4);
    let schema = check(&run, "schema");
    assert_eq!(schema["detail"], "1 file not as in this version: claim_run");
}

#[test]
fn doctor_names_functions_that_somebody_replaced() {
    let sandbox = Sandbox::new();
    sandbox.database.take_over_clock();
    let run = sandbox.run(&["db", "doctor", "--json"]).exits(4);
    let schema = check(&run, "schema");
    assert_eq!(schema["detail"], "replaced or dropped by hand: _server_started_at, clock");
    sandbox.run(&["db", "migrate"]).success();
    sandbox.run(&["db", "doctor", "--json"]).success();
}

#[test]
fn dropped_tables_are_named_and_restored_if_their_content_is_computed() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let described = "select string_agg(concat_ws(' ', t.relname, pg_get_indexdef(i.indexrelid), c.consrc), E'\n' order by 1) \
                     from pg_class as t left join pg_index as i on i.indrelid = t.oid \
                     left join lateral (select string_agg(pg_get_constraintdef(c.oid), ', ' order by c.conname) as consrc \
                                        from pg_constraint as c where c.conrelid = t.oid) as c on true \
                     where t.relnamespace = 'graphdb'::regnamespace and t.relkind = 'r'";
    let before = sandbox.database.value(described);
    let drop =
        "drop table graphdb.vocabulary, graphdb.vocabulary_pending, graphdb.document_vectors, graphdb.stale_embeddings";
    sandbox.database.connect().batch_execute(drop).unwrap();
    let run = sandbox.run(&["doctor", "--json"]).exits(4);
    let schema = check(&run, "schema");
    assert_eq!(schema["detail"], "dropped by hand: document_vectors, stale_embeddings, vocabulary, vocabulary_pending");
    assert_eq!(schema["repair"], "Run `trailblazer db migrate`.");
    sandbox.run(&["ask", "what"]).exits(4);
    sandbox.run(&["db", "migrate"]).success();
    sandbox.run(&["doctor"]).success();
    assert_eq!(sandbox.database.value(described), before);
    sandbox.run(&["ask", "what"]).success();

    sandbox.database.connect().batch_execute("drop table graphdb.documents cascade").unwrap();
    for args in [&["doctor"][..], &["db", "migrate"]] {
        let lost = sandbox.run(args).exits(4);
        let said = lost.stdout + &lost.stderr;
        assert!(said.contains("somebody dropped tables of schema graphdb: documents"), "{said}");
        assert!(said.contains("trailblazer db restore FILE"), "{said}");
    }
}

#[test]
fn a_migration_that_ran_with_another_text_is_told_by_doctor_as_by_migrate() {
    let sandbox = Sandbox::new();
    let change = "update graphdb.schema_migrations set sha256 = repeat('0', 64) where version = 2";
    sandbox.database.connect().batch_execute(change).unwrap();
    let run = sandbox.run(&["db", "doctor", "--json"]).exits(4);
    let schema = check(&run, "schema");
    assert_eq!(schema["detail"], "the text of migration 0002_knowledge differs between this database and this binary");
    assert_eq!(schema["repair"], "Another build of trailblazer migrated this database. Use that build.");
    let refused = sandbox.run(&["db", "migrate"]).exits(4);
    assert!(refused.stderr.contains("differs between this database and this binary"), "{}", refused.stderr);
}

#[test]
fn doctor_names_the_served_model_and_vectors_of_other_models() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run"]).success();
    let rename =
        "update graphdb.embedding_models set model = 'old'; update graphdb.processed_runs set embedding_model = 'old'";
    sandbox.database.connect().batch_execute(rename).unwrap();
    let run = sandbox.run(&["db", "doctor", "--json"]).success();
    let vectors = check(&run, "vectors");
    assert_eq!(vectors["detail"], "old: 4 vectors of 384 dimensions, 1 run");
    let told = "searches use old, and the configuration names hash-384: to prepare hash-384 and switch: trailblazer run; to keep old, set \
                embed.model back";
    let models = run.events_named("doctor.check").into_iter().filter(|check| check["check"] == "model");
    assert!(models.map(|check| check["detail"].clone()).any(|detail| detail == told), "{}", run.stdout);
    sandbox.run(&["run"]).success();
    let run = sandbox.run(&["db", "doctor", "--events", "never"]).success();
    assert!(run.stdout.contains("ok   model       searches use hash-384\n"), "{}", run.stdout);
    let told = "note vectors     old: 4 vectors of 384 dimensions, 0 runs; searches do not use them; to go back to them: trailblazer models \
                switch old; to delete them: trailblazer models drop old\n";
    assert!(run.stdout.contains(told), "{}", run.stdout);
}

#[test]
fn doctor_exits_4_when_the_server_is_not_reachable() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["db", "doctor", "--events", "never"]);
    let run = Run::of(command.env("TRAILBLAZER_DB_URL", "postgresql://me@127.0.0.1:1/docs").output().unwrap()).exits(4);
    assert!(run.stdout.starts_with("BAD  connection"), "{}", run.stdout);
}

#[test]
fn doctor_exits_3_when_only_the_configuration_of_the_model_is_wrong() {
    let sandbox = Sandbox::new();
    let doctor = |url: &str| {
        let mut command = sandbox.command(&["db", "doctor", "--json"]);
        command.env("TRAILBLAZER_EMBED_PROVIDER", "local").env("TRAILBLAZER_EMBED_MODEL", "no-such-model");
        Run::of(command.env("TRAILBLAZER_DB_URL", url).output().unwrap())
    };
    let run = doctor(&sandbox.database.url).exits(3);
    assert!(checks(&run).contains("false model "), "{}", checks(&run));
    doctor("postgresql://me@127.0.0.1:1/docs").exits(4);
}

#[test]
fn doctor_refuses_the_sizes_of_chunks_that_a_run_would_refuse() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    for (chunk, refused) in [
        (
            "max_tokens: 257",
            "chunk.max_tokens: 257 is more than 256, the limit of hash-384; lower it or set it to auto",
        ),
        ("min_tokens: 300", "chunk.min_tokens: 300 is more than 256, the maximum size of a chunk; lower it"),
        (
            "overlap_tokens: 200",
            "chunk.overlap_tokens: 200 is more than half of 256, the maximum size of a chunk; lower it",
        ),
    ] {
        sandbox.configure(&format!("chunk: {{ {chunk} }}\n"));
        let run = sandbox.run(&["db", "doctor", "--json"]).exits(3);
        assert!(checks(&run).contains(&format!("false chunks {refused}")), "{}", checks(&run));
        assert!(sandbox.run(&["run"]).exits(3).stderr.contains(refused));
    }
}

#[test]
fn doctor_run_and_ask_refuse_vectors_of_another_dimension_with_the_same_code() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.write_run("r2", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let server = EmbeddingServer::start(|_, request| good(request));
    let run = |args: &[&str], dimensions: &str| {
        let mut command = sandbox.command_with_vectors_of(&server.url, args);
        command.env("TRAILBLAZER_EMBED_DIMENSIONS", dimensions);
        Run::of(command.output().unwrap())
    };
    run(&["run", "--limit", "1"], "3").success();
    sandbox.database.connect().batch_execute("update graphdb.embedding_models set dimension = 4").unwrap();
    for args in [&["db", "doctor", "--json"][..], &["run"], &["ask", "--json", "document"]] {
        let refused = run(args, "3").exits(3);
        let told = format!("{}{}", refused.stdout, refused.stderr);
        let names_the_way = told.contains("different name") || told.contains("different model name");
        assert!(names_the_way && !told.contains("batch"), "{told}");
    }
}
