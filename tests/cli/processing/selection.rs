//! Which runs `run` processes: selection, limits and dry runs.

use super::{STATUSES, break_connections, normalized, talk};

#[test]
fn run_without_scope_takes_every_run_that_is_due_and_no_other() {
    let sandbox = normalized(5);
    sandbox.run(&["run", "--run-id", "r1"]).success();
    sandbox.run(&["runs", "reset", "--run-id", "r1"]).success();
    sandbox.run(&["run", "--run-id", "r2", "--phases", "chunk"]).success();
    // Another worker holds r3, r4 is in back-off, and r5 is still normalized.
    let mut client = sandbox.database.connect();
    let held = "select graphdb.claim_runs('chunk', 'other', '1 hour', 1, '{\"run_ids\": [\"r3\"]}')";
    client.execute(held, &[]).unwrap();
    let failed = "select graphdb.fail_run(c.run_id, c.claim_token, 'no', '1 hour') \
                  from graphdb.claim_runs('chunk', 'other', '1 hour', 1, '{\"run_ids\": [\"r4\"]}') as c";
    client.execute(failed, &[]).unwrap();

    let run = sandbox.run(&["run"]).success();
    let wait =
        "waiting for a retry: 1 run; `trailblazer status` shows until when, `trailblazer runs show ID` shows why";
    assert!(run.stderr.contains(wait), "{}", run.stderr);
    assert_eq!(
        sandbox.database.column(STATUSES),
        ["r1 embedded", "r2 embedded", "r3 chunking", "r4 normalized", "r5 embedded"]
    );
}

#[test]
fn run_with_explicit_scope_mode_refuses_to_take_everything() {
    let sandbox = normalized(1);
    sandbox.configure("backlog: { mode: explicit_scope }\n");
    let run = sandbox.run(&["run"]).exits(2);
    assert!(run.stderr.contains("a selection of runs is required"), "{}", run.stderr);
    sandbox.run(&["run", "--source", "dita"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded"]);
}

#[test]
fn limit_takes_the_oldest_runs() {
    let sandbox = normalized(4);
    sandbox.run(&["run", "--limit", "2", "--workers", "4"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded", "r2 embedded", "r3 normalized", "r4 normalized"]);
}

#[test]
fn limit_counts_a_run_once_when_two_workers_share_its_phases() {
    let sandbox = normalized(40);
    sandbox.run(&["run", "--limit", "25", "--workers", "8"]).success();
    let embedded =
        sandbox.database.value("select count(*)::text from graphdb.processed_runs where status = 'embedded'");
    assert_eq!(embedded, "25");
}

#[test]
fn limit_counts_a_run_once_whose_connection_was_lost() {
    for times in [1, 2] {
        let sandbox = normalized(3);
        break_connections(&sandbox, times);
        sandbox.run(&["run", "--limit", "1", "--workers", "1"]).success();
        assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded", "r2 normalized", "r3 normalized"], "{times}");
    }
}

#[test]
fn phases_are_worked_on_one_by_one() {
    let sandbox = normalized(2);
    let run = sandbox.run(&["run", "--phases", "chunk"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 chunked", "r2 chunked"]);
    assert!(run.events().iter().all(|event| event["phase"] != "embed"));
    sandbox.run(&["run", "--phases", "embed"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded", "r2 embedded"]);
}

#[test]
fn run_id_and_source_select_runs() {
    let sandbox = normalized(3);
    sandbox.write(
        "var/runs/wiki/normalize/normalized.ndjson",
        r#"{"id": "1", "title": "Page", "text_md": "Text.", "source_system": "confluence"}"#,
    );
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--run-id", "r[12]"]).success();
    sandbox.run(&["run", "--source", "confluence"]).success();
    sandbox.run(&["run", "--run-id", "?3", "--source", "dita"]).success();
    assert_eq!(
        sandbox.database.column(STATUSES),
        ["r1 normalized", "r2 normalized", "r3 embedded", "wiki embedded"],
        "a bracket is no wildcard"
    );
}

#[test]
fn dry_run_says_what_is_due_and_changes_nothing() {
    let sandbox = normalized(12);
    let everything =
        "select r::text from graphdb.processed_runs as r union all select m::text from graphdb.embedding_models as m";
    let before = sandbox.database.column(everything);
    let run = sandbox.run(&["run", "--dry-run", "--events", "never"]).success();
    assert_eq!(sandbox.database.column(everything), before);
    insta::assert_snapshot!(run.stdout, @"
    chunk  r1
    chunk  r2
    chunk  r3
    chunk  r4
    chunk  r5
    chunk  r6
    chunk  r7
    chunk  r8
    chunk  r9
    chunk  r10
    ");
    insta::assert_snapshot!(talk(&run), @"
    chunk: backlog_total=12 first_normalized_at=2026-01-01T12:00:00Z last_normalized_at=2026-01-12T12:00:00Z sample=r1,r2,r3
    embed: backlog_total=0 first_normalized_at=- last_normalized_at=- sample=-
    due but not listed: 2 runs; --limit N lists the first N
    ");
    let run = sandbox.run(&["run", "--dry-run", "--events", "never", "--limit", "1"]).success();
    assert_eq!(run.stdout, "chunk  r1\n");
}

#[test]
fn dry_run_lists_as_many_as_the_limit_lets_through_and_says_how_many_more_are_due() {
    let sandbox = normalized(14);
    sandbox.run(&["run", "--phases", "chunk", "--run-id", "r14"]).success();
    for (limit, left) in [("12", "2 runs"), ("13", "1 run"), ("20", "")] {
        let run = sandbox.run(&["run", "--dry-run", "--limit", limit]).success();
        let due: Vec<_> = run.events_named("runs.due").iter().map(|due| due["run_id"].clone()).collect();
        let most = limit.parse::<usize>().unwrap().min(14);
        let expected: Vec<_> = (1..most).chain([14]).map(|number| format!("r{number}")).collect();
        assert_eq!(due, expected, "{limit}");
        let told = run.stderr.split_once("due but not listed: ").map_or("", |(_, told)| told.trim_end());
        assert_eq!(told, left, "{limit}: {}", run.stderr);
    }
}

#[test]
fn dry_run_with_a_limit_lists_what_would_be_taken_up_first() {
    let sandbox = normalized(4);
    sandbox.run(&["run", "--phases", "chunk", "--limit", "2"]).success();
    let listed = |limit: &str| {
        let args = ["run", "--dry-run", "--events", "never", "--limit", limit];
        sandbox.run(&args).success().stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(listed("1"), ["embed  r1"]);
    assert_eq!(listed("3"), ["chunk  r3", "embed  r1", "embed  r2"]);
    sandbox.run(&["run", "--limit", "3"]).success();
    assert_eq!(sandbox.database.column(STATUSES), ["r1 embedded", "r2 embedded", "r3 embedded", "r4 normalized"]);
}

#[test]
fn dry_run_lists_the_same_for_people_and_for_programs() {
    let sandbox = normalized(4);
    sandbox.run(&["run", "--phases", "chunk", "--limit", "2"]).success();
    let run = sandbox.run(&["run", "--dry-run", "--limit", "3"]).success();
    let due: Vec<String> = run
        .events_named("runs.due")
        .iter()
        .map(|due| format!("{} {}", due["phase"].as_str().unwrap(), due["run_id"].as_str().unwrap()))
        .collect();
    assert_eq!(due, ["chunk r3", "embed r1", "embed r2"]);
    assert!(sandbox.run(&["run", "--limit", "1"]).success().events_named("runs.due").is_empty());
}

#[test]
fn dry_run_leaves_out_what_is_in_back_off() {
    let sandbox = normalized(3);
    let fail = "with c as (select * from graphdb.claim_run('chunk', 'w', '1 hour')) \
                select graphdb.fail_run(c.run_id, c.claim_token, 'no room', interval '1 hour') from c";
    sandbox.database.connect().execute(fail, &[]).unwrap();
    let listed =
        |args: &[&str]| sandbox.run(&[&["run", "--dry-run", "--events", "never"], args].concat()).success().stdout;
    assert_eq!(listed(&[]), "chunk  r2\nchunk  r3\n");
    assert_eq!(listed(&["--limit", "1"]), "chunk  r2\n");
    assert_eq!(listed(&["--run-id", "r1"]), "");
    let run = sandbox.run(&["run", "--limit", "2", "--workers", "1"]).success();
    let claimed: Vec<_> = run.events_named("runs.claim").iter().map(|claim| claim["run_id"].clone()).collect();
    assert_eq!(claimed, ["r2", "r2", "r3", "r3"]);
}
