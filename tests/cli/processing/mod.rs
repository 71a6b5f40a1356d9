//! `trailblazer run`: the runs that it processes, its messages, and the result.

mod selection;

use crate::support::{Run, Sandbox};

const STATUSES: &str = "select run_id || ' ' || status from graphdb.processed_runs order by run_id";

/// Returns a sandbox with `runs` runs of two documents, `r1` the oldest.
fn normalized(runs: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    for number in 1..=runs {
        let path = sandbox.write_run(&format!("r{number}"), 2);
        let manifest = format!(r#"{{"phase": "normalize", "completed_at": "2026-01-{number:02}T12:00:00Z"}}"#);
        std::fs::write(path.with_file_name("manifest.json"), manifest).unwrap();
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox
}

/// Returns standard error without durations.
fn talk(run: &Run) -> String {
    let lines = run.stderr.lines().map(|line| match line.rsplit_once(" in ") {
        Some((start, end)) if end.ends_with(" s") => format!("{start} in [seconds] s"),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn run_takes_three_runs_with_two_workers_to_embedded() {
    let sandbox = normalized(3);
    let run = sandbox.run(&["run", "--workers", "2"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded", "r2 embedded", "r3 embedded"]);
    let incomplete = "select count(*) from graphdb.chunks as c where not exists \
                      (select from graphdb.embeddings as e where e.input_sha256 = c.input_sha256)";
    assert_eq!(sandbox.database.value(incomplete), "0");
    let counts = "select bool_and(total_docs = 2 and total_chunks > 2 and embedded_chunks = total_chunks) from graphdb.processed_runs";
    assert_eq!(sandbox.database.value(counts), "true");
    assert_eq!(run.events_named("runs.claim").len(), 6);
    assert_eq!(run.events_named("runs.complete").len(), 6);
    let last = run.events_named("runs.progress").pop().unwrap();
    assert_eq!((&last["done"], &last["total"], &last["percent"]), (&3.into(), &3.into(), &100.0.into()));
}

#[test]
fn run_twice_does_nothing_the_second_time() {
    let sandbox = normalized(2);
    sandbox.run(&["run"]).success();
    let rows = "select r::text from graphdb.processed_runs as r order by r.run_id";
    let before = sandbox.database.column(rows);
    let run = sandbox.run(&["run"]).success();
    assert!(run.events_named("runs.claim").is_empty());
    assert_eq!(sandbox.database.column(rows), before);
}

/// Closes the connection that writes chunks of `r1`, for the first `times` times.
fn break_connections(sandbox: &Sandbox, times: u32) {
    let trigger = format!(
        "create sequence public.losses; \
         create function public.lose() returns trigger language plpgsql as $$ begin \
           if nextval('public.losses') <= {times} then perform pg_terminate_backend(pg_backend_pid()); end if; \
           return null; \
         end $$; \
         create trigger lose after insert on graphdb.chunks for each row \
         when (new.run_id = 'r1' and new.ord = 0 and new.doc_id like '%1') execute function public.lose()"
    );
    sandbox.database.connect().batch_execute(&trigger).unwrap();
}

#[test]
fn run_over_which_connections_are_lost_again_and_again_is_charged_and_the_others_go_on() {
    let sandbox = normalized(2);
    break_connections(&sandbox, 1000);
    let run = sandbox.run(&["run", "--workers", "1"]).exits(1);
    let message = "the connection was lost 3 times during this run; the server's log may contain the reason";
    assert_eq!(run.events_named("runs.fail")[0]["error"], message);
    assert_eq!(sandbox.database.column(STATUSES), ["r1 normalized", "r2 embedded"]);
    assert_eq!(sandbox.database.column("select attempts from graphdb.processed_runs order by run_id"), ["1", "0"]);
}

#[test]
fn missing_function_ends_the_command_and_charges_no_run() {
    let sandbox = normalized(3);
    let rename = "alter function graphdb.replace_chunks rename to gone";
    sandbox.database.connect().batch_execute(rename).unwrap();
    for args in [&["run", "--workers", "2"][..], &["run", "--workers", "2", "--watch"]] {
        let run = sandbox.run(args).exits(4);
        assert!(run.stderr.contains("replace_chunks"), "{}", run.stderr);
        let states = "select distinct status || attempts from graphdb.processed_runs";
        assert_eq!(sandbox.database.column(states), ["normalized0"]);
    }
}

#[test]
fn banner_says_what_is_due_for_each_phase() {
    let sandbox = normalized(3);
    sandbox.run(&["run", "--phases", "chunk", "--limit", "1"]).success();
    insta::assert_snapshot!(talk(&sandbox.run(&["run"]).success()), @"
    chunk: backlog_total=2 first_normalized_at=2026-01-02T12:00:00Z last_normalized_at=2026-01-03T12:00:00Z sample=r2,r3
    embed: backlog_total=1 first_normalized_at=2026-01-01T12:00:00Z last_normalized_at=2026-01-01T12:00:00Z sample=r1
    3 runs done in [seconds] s
    ");
    insta::assert_snapshot!(talk(&sandbox.run(&["run"]).success()), @"
    chunk: backlog_total=0 first_normalized_at=- last_normalized_at=- sample=-
    embed: backlog_total=0 first_normalized_at=- last_normalized_at=- sample=-
    nothing to do
    ");
}

#[test]
fn progress_is_reported_after_every_so_many_runs_and_at_the_end() {
    let sandbox = normalized(5);
    let run = sandbox.run(&["run", "--progress-every", "2", "--workers", "1"]).success();
    let done: Vec<_> = run.events_named("runs.progress").iter().map(|event| event["done"].clone()).collect();
    assert_eq!(done, [2, 4, 5]);
}

#[test]
fn run_that_fails_is_charged_and_named_and_the_others_go_on() {
    let sandbox = normalized(2);
    let broken = "create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no room'; end $$; \
                  create trigger refuse before insert on graphdb.chunks for each row when (new.run_id = 'r1') \
                  execute function public.refuse()";
    sandbox.database.connect().batch_execute(broken).unwrap();
    let run = sandbox.run(&["run"]).exits(1);
    let failed = run.events_named("runs.fail");
    assert_eq!((&failed[0]["run_id"], &failed[0]["error"]), (&"r1".into(), &"no room".into()));
    assert!(run.stderr.contains("warn: run r1 failed in chunk: no room"), "{}", run.stderr);
    assert_eq!(sandbox.database.column(STATUSES), ["r1 normalized", "r2 embedded"]);
    assert_eq!(sandbox.database.value("select attempts from graphdb.processed_runs where run_id = 'r1'"), "1");
}

#[test]
fn runs_that_stand_failed_are_named_with_the_way_on() {
    let sandbox = normalized(6);
    let fail = "select graphdb.fail_run(c.run_id, c.claim_token, 'it broke', null, true) \
                from graphdb.claim_runs('chunk', 'other', '1 hour', $1, '{\"run_id_glob\": \"r*\"}') as c";
    sandbox.database.connect().execute(fail, &[&1]).unwrap();
    let run = sandbox.run(&["run", "--limit", "1"]).success();
    let way_on = "failed: r1; `trailblazer runs show r1` shows the reason, `trailblazer runs retry r1` retries";
    assert!(run.stderr.contains(way_on), "{}", run.stderr);
    let run = sandbox.run(&["run", "--run-id", "r2"]).success();
    assert!(!run.stderr.contains("failed"), "{}", run.stderr);
    sandbox.database.connect().execute(fail, &[&4]).unwrap();
    assert!(sandbox.run(&["run"]).success().stderr.contains("\nfailed: r6, r5, r4, …; `trailblazer"));
}

#[test]
fn runs_that_others_hold_are_counted_within_the_scope() {
    let sandbox = normalized(3);
    let held = "select graphdb.claim_runs('chunk', 'other', '1 hour', 1, '{\"run_ids\": [\"r2\"]}')";
    sandbox.database.connect().execute(held, &[]).unwrap();
    for scope in [&["--run-id", "r1"][..], &["--source", "confluence"], &["--phases", "embed"]] {
        let run = sandbox.run(&[&["run"], scope].concat()).success();
        assert!(!run.stderr.contains("claimed by other workers"), "{scope:?}: {}", run.stderr);
    }
    for scope in [&["--run-id", "r*"][..], &["--source", "dita"], &["--phases", "chunk"], &[]] {
        let run = sandbox.run(&[&["run"], scope].concat()).success();
        assert!(run.stderr.contains("claimed by other workers: 1 run;"), "{scope:?}: {}", run.stderr);
    }
}

#[test]
fn watching_run_takes_up_what_comes() {
    let sandbox = Sandbox::new();
    let child = sandbox.spawn(&["run", "--watch", "--workers", "1"]);
    // The worker has queried the backlog and found no run.
    sandbox.database.wait_until(
        "exists (select from pg_stat_activity as a where a.datname = current_database() and a.state = 'idle' \
                 and a.query like '%graphdb.due_in()%')",
    );
    sandbox.write_run("late", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.database.wait_until("exists (select from graphdb.processed_runs where status = 'embedded')");
    // For systemd, a service that was stopped has not failed.
    crate::support::held::send(&child, nix::sys::signal::Signal::SIGTERM);
    Sandbox::wait(child).success();
}

#[test]
fn run_with_nothing_due_says_so_without_asking_for_the_model() {
    let sandbox = normalized(2);
    sandbox.run(&["run", "--run-id", "r1"]).success();
    let no_model = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("TRAILBLAZER_EMBED_PROVIDER", "local").env("TRAILBLAZER_EMBED_MODEL", "no-such-model");
        Run::of(command.output().unwrap())
    };
    let run = no_model(&["run", "--run-id", "r1"]).success();
    assert!(run.stderr.contains("\nnothing to do\n"), "{}", run.stderr);
    assert_eq!(run.events_named("runs.scan.complete").len(), 2);
    no_model(&["run", "--dry-run"]).success();
    no_model(&["run"]).exits(3);
    let server_away = [
        ("TRAILBLAZER_EMBED_PROVIDER", "openai"),
        ("TRAILBLAZER_EMBED_MODEL", "small"),
        ("TRAILBLAZER_EMBED_BASE_URL", "http://127.0.0.1:1"),
    ];
    let mut command = sandbox.command(&["run", "--run-id", "r1"]);
    Run::of(command.envs(server_away).output().unwrap()).success();
}

#[test]
fn a_run_whose_worker_was_killed_is_taken_up_by_the_next_command() {
    for phase in ["chunk", "embed"] {
        let sandbox = normalized(1);
        if phase == "embed" {
            sandbox.run(&["run", "--phases", "chunk"]).success();
        }
        let claim = format!("select run_id from graphdb.claim_run('{phase}', 'gone', interval '1 second')");
        assert_eq!(sandbox.database.value(&claim), "r1");
        sandbox.database.wait_until("(select claim_expires_at < graphdb.clock() from graphdb.processed_runs)");
        let listed = sandbox.run(&["run", "--dry-run", "--events", "never"]).success();
        assert_eq!(listed.stdout, format!("{phase}  r1\n"));
        sandbox.run(&["run"]).success();
        assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded"]);
    }
}

#[test]
fn every_message_of_a_run_that_is_held_names_the_way_to_take_it_away() {
    let sandbox = normalized(1);
    sandbox.database.value("select run_id from graphdb.claim_run('chunk', 'gone', interval '1 hour')");
    let take = "runs release r1";
    let reset = ["runs", "reset", "--run-id", "r1", "--events", "never"];
    for (command, code) in
        [(&["run", "--events", "never"][..], 0), (&["runs", "retry", "r1", "--events", "never"], 2), (&reset, 0)]
    {
        let stderr = sandbox.run(command).exits(code).stderr;
        assert!(stderr.contains(if command == reset { "--force" } else { take }), "{stderr}");
    }
    sandbox.run(&["runs", "release", "r1", "--force"]).success();
    sandbox.run(&["run"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded"]);
}

#[test]
fn run_says_which_runs_are_embedded_with_another_model_and_how_to_change_that() {
    let sandbox = normalized(3);
    sandbox.run(&["run", "--limit", "2"]).success();
    let with_model = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("TRAILBLAZER_EMBED_PROVIDER", "local").env("TRAILBLAZER_EMBED_MODEL", "folder/other");
        Run::of(command.output().unwrap())
    };
    let told = "2 runs are embedded with hash-384, not with other: `trailblazer run` without a selection prepares other for all runs\n";
    let stderr = with_model(&["run", "--run-id", "r1"]).success().stderr;
    assert!(stderr.ends_with(&format!("nothing to do\n{}", told.replace("2 runs are", "1 run is"))), "{stderr}");
    assert!(!with_model(&["run", "--phases", "chunk", "--run-id", "r1"]).success().stderr.contains("hash-384"));
    sandbox.run(&["run"]).success();
    // A model that does not exist changes nothing.
    assert!(with_model(&["run"]).exits(3).stderr.contains("cannot be loaded"));
    assert!(!sandbox.run(&["run"]).success().stderr.contains("hash-384"));
}

#[test]
fn only_a_question_is_told_that_words_alone_need_no_embedding_server() {
    let sandbox = normalized(2);
    sandbox.run(&["run", "--limit", "1"]).success();
    // The served model is the configured one.
    sandbox
        .database
        .connect()
        .batch_execute("update graphdb.embedding_models set model = 'small', provider = 'openai'")
        .unwrap();
    let away = |args: &[&str]| {
        let mut command = sandbox.command(args);
        command.env("TRAILBLAZER_EMBED_PROVIDER", "openai").env("TRAILBLAZER_EMBED_MODEL", "small");
        let command = command.env("TRAILBLAZER_EMBED_BASE_URL", "http://127.0.0.1:1/v1");
        Run::of(command.output().unwrap()).exits(4).stderr
    };
    let run = away(&["run"]);
    assert!(run.contains("embed.base_url is its address") && !run.contains("text-only"), "{run}");
    assert!(away(&["ask", "--json", "words"]).contains("--text-only"), "{}", away(&["ask", "--json", "words"]));
}

#[test]
fn a_function_that_somebody_dropped_is_told_with_its_repair() {
    let sandbox = Sandbox::new();
    sandbox.database.connect().batch_execute("drop function graphdb.backlog(text, jsonb)").unwrap();
    let run = sandbox.run(&["run"]).exits(4);
    assert!(run.stderr.contains("hint: As the owner, run `trailblazer db migrate`"), "{}", run.stderr);
    sandbox.run(&["run", "--dry-run", "--watch"]).exits(2);
}
