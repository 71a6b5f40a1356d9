//! Configuration, secrets and exit codes, through the command.

use std::os::unix::ffi::OsStrExt;

use crate::support::{Run, Sandbox, TestDatabase};

fn run_with(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Run {
    Run::of(sandbox.command(args).envs(variables.iter().copied()).output().unwrap())
}

/// Returns the number of threads, which `workers` determines.
fn workers(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> usize {
    sandbox.run(&["runs", "reset", "--yes"]).success();
    let held = sandbox.database.hold("documents", "access exclusive");
    let mut command = sandbox.command(&[&["run"], args].concat());
    command.envs(variables.iter().copied()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let threads = "select count(*) from graphdb.processed_runs where claimed_by is not null";
    let all_wait = "(select count(*) > 0 and count(*) = (select count(*) from pg_stat_activity as b where b.datname = current_database() \
                     and b.application_name = 'trailblazer' and b.wait_event_type = 'Lock') from graphdb.processed_runs where claimed_by is not null) \
                     and (select count(*) from pg_stat_activity as a where a.datname = current_database() and a.application_name = 'trailblazer') \
                       = 1 + (select count(*) from graphdb.processed_runs where claimed_by is not null)";
    sandbox.database.wait_until(all_wait);
    let found = sandbox.database.value(threads).parse().unwrap();
    drop(held);
    assert!(child.wait().unwrap().success());
    found
}

#[test]
fn flag_wins_over_environment_over_file_over_default() {
    let sandbox = Sandbox::new();
    for number in 1..=5 {
        sandbox.write_run(&format!("r{number}"), 1);
    }
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.configure("workers: 3\n");
    assert_eq!(workers(&sandbox, &["--workers", "1"], &[("TRAILBLAZER_WORKERS", "2")]), 1);
    assert_eq!(workers(&sandbox, &[], &[("TRAILBLAZER_WORKERS", "2")]), 2);
    assert_eq!(workers(&sandbox, &[], &[]), 3);
}

#[test]
fn configuration_is_found_upward_and_its_folders_are_relative_to_it() {
    let sandbox = Sandbox::new();
    sandbox.write(".trailblazer.yaml", "workspace: { dir: elsewhere }\n");
    sandbox.write(
        "elsewhere/runs/r1/normalize/normalized.ndjson",
        r#"{"id": "1", "title": "T", "text_md": "Text.", "source_system": "dita"}"#,
    );
    let below = sandbox.folder().join("a/b");
    std::fs::create_dir_all(&below).unwrap();
    Run::of(sandbox.command(&["runs", "backfill"]).current_dir(&below).output().unwrap()).success();
    assert_eq!(sandbox.database.column("select run_id from graphdb.processed_runs"), ["r1"]);
}

#[test]
fn a_file_that_cannot_be_read_is_not_passed_over_for_one_above_it() {
    let sandbox = Sandbox::new();
    sandbox.write(".trailblazer.yaml", "workers: 1\n");
    let below = sandbox.folder().join("below");
    std::fs::create_dir(&below).unwrap();
    std::os::unix::fs::symlink("/absent/config.yaml", below.join(".trailblazer.yaml")).unwrap();
    let run = Run::of(sandbox.command(&["status"]).current_dir(&below).output().unwrap()).exits(3);
    assert!(run.stderr.contains(".trailblazer.yaml: No such file"), "{}", run.stderr);
    std::fs::remove_file(below.join(".trailblazer.yaml")).unwrap();
    std::fs::create_dir(below.join(".trailblazer.yaml")).unwrap();
    let run = Run::of(sandbox.command(&["status"]).current_dir(&below).output().unwrap()).exits(3);
    assert!(run.stderr.contains(".trailblazer.yaml: Is a directory"), "{}", run.stderr);
}

#[test]
fn unknown_key_exits_3_and_names_line_and_nearest_key() {
    let sandbox = Sandbox::new();
    sandbox.write(".trailblazer.yaml", "workers: 1\nbacklog:\n  claim_ttl_minute: 5\n");
    let run = sandbox.run(&["status", "--json"]).exits(3);
    assert!(run.stderr.contains(".trailblazer.yaml:3: unknown key `backlog.claim_ttl_minute`"), "{}", run.stderr);
    assert!(run.stderr.contains("Did you mean `backlog.claim_ttl_minutes`?"), "{}", run.stderr);
    assert_eq!(run.events_named("error")[0]["exit_code"], 3);
}

#[test]
fn wrong_values_exit_3_and_name_their_place() {
    let sandbox = Sandbox::new();
    let run = run_with(&sandbox, &["status", "--json"], &[("TRAILBLAZER_BACKLOG_MAX_ATTEMPTS", "many")]).exits(3);
    assert!(run.stderr.contains("TRAILBLAZER_BACKLOG_MAX_ATTEMPTS"), "{}", run.stderr);
    let run = run_with(&sandbox, &["run"], &[("TRAILBLAZER_EMBED_PROVIDER", "nobody")]).exits(3);
    assert!(run.stderr.contains("nobody"), "{}", run.stderr);
    let run = sandbox.run(&["--config", "missing.yaml", "status"]).exits(3);
    assert!(run.stderr.contains("cannot read missing.yaml"), "{}", run.stderr);
}

#[test]
fn a_variable_that_is_not_utf_8_is_refused_by_name() {
    let sandbox = Sandbox::new();
    let value = std::ffi::OsStr::from_bytes(b"se\xffcret");
    for name in
        ["TRAILBLAZER_WORKSPACE_DIR", "TRAILBLAZER_DB_URL", "TRAILBLAZER_EMBED_API_KEY", "PGPASSWORD", "PGSERVICE"]
    {
        let run = Run::of(sandbox.command(&["status", "--json"]).env(name, value).output().unwrap()).exits(3);
        assert!(run.stderr.starts_with(&format!("error: {name}: the value is not UTF-8")), "{}", run.stderr);
    }
    Run::of(sandbox.command(&["status", "--json"]).env("PGDATA", value).output().unwrap()).success();
}

#[test]
fn unknown_provider_is_refused_by_every_command_with_its_line_and_the_nearest() {
    let sandbox = Sandbox::new();
    sandbox.write(".trailblazer.yaml", "workers: 1\nembed:\n  provider: lokal\n");
    for args in [
        &["status", "--json"][..],
        &["run"],
        &["runs", "list", "--json"],
        &["db", "doctor", "--json"],
        &["normalize", "x", "--source", "dita"],
    ] {
        let mut command = sandbox.command(args);
        let run = Run::of(command.env_remove("TRAILBLAZER_EMBED_PROVIDER").output().unwrap()).exits(3);
        let refused = ".trailblazer.yaml:3: embed.provider: unknown variant `lokal`, expected one of `local`, `openai`, `hash`\n  \
                       hint: Did you mean `local`?\n";
        assert!(run.stderr.contains(refused), "{}", run.stderr);
    }
}

#[test]
fn max_attempts_of_the_configuration_decides_when_a_run_is_failed() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let broken = "create function public.refuse() returns trigger language plpgsql as $$ begin raise 'no room'; end $$; \
                  create trigger refuse before insert on graphdb.chunks for each row execute function public.refuse()";
    sandbox.database.connect().batch_execute(broken).unwrap();
    run_with(&sandbox, &["run"], &[("TRAILBLAZER_BACKLOG_MAX_ATTEMPTS", "1")]).exits(1);
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "failed");
}

#[test]
fn database_that_is_not_reachable_exits_4() {
    let sandbox = Sandbox::new();
    for args in [
        &["status", "--json"][..],
        &["run"],
        &["runs", "list", "--json"],
        &["runs", "reset", "--yes"],
        &["db", "migrate"],
    ] {
        let run = run_with(&sandbox, args, &[("TRAILBLAZER_DB_URL", "postgresql://me@127.0.0.1:1/docs")]).exits(4);
        assert!(run.stderr.starts_with("error: cannot connect to 127.0.0.1:1: Connection refused"), "{}", run.stderr);
        assert_eq!(run.events_named("error")[0]["exit_code"], 4);
    }
}

#[test]
fn database_without_the_schema_exits_4_until_it_is_installed() {
    let sandbox = Sandbox::with(TestDatabase::empty());
    let run = sandbox.run(&["run"]).exits(4);
    assert!(run.stderr.contains("hint: Run `trailblazer db migrate` to install it."), "{}", run.stderr);
    sandbox.run(&["db", "migrate"]).success();
    sandbox.run(&["run"]).success();
    let run = sandbox.run(&["db", "migrate"]).success();
    assert_eq!(run.stderr, "schema: up to date\n");
}

#[test]
fn database_with_a_newer_schema_exits_4() {
    let sandbox = Sandbox::new();
    let newer = "insert into graphdb.schema_migrations (version, name, sha256, code_version) \
                 values (9999, 'later', repeat('0', 64), '9')";
    sandbox.database.connect().batch_execute(newer).unwrap();
    for args in [&["run"][..], &["status", "--json"], &["db", "migrate"], &["db", "doctor", "--json"]] {
        sandbox.run(args).exits(4);
    }
}

#[test]
fn wrong_usage_exits_2() {
    let sandbox = Sandbox::new();
    for (args, message) in [
        (&["runn"][..], "unrecognized subcommand 'runn'"),
        (&["run", "--limit", "0"], "invalid value '0' for '--limit <N>': expected a whole number of at least 1"),
        (&["run", "--phases", "chop"], "invalid value 'chop' for '--phases <PHASES>'"),
        (&["runs", "reset", "--scope", "half"], "invalid value 'half' for '--scope <SCOPE>'"),
        (&["normalize", "docs"], "the following required arguments were not provided:"),
        (&["--events", "always"], "'trailblazer' requires a subcommand"),
        (&[], "a command is missing"),
    ] {
        let run = sandbox.run(args).exits(2);
        let errors = run.events();
        assert_eq!(errors.len(), 1, "{}", run.stdout);
        assert_eq!((&errors[0]["event"], &errors[0]["exit_code"]), (&"error".into(), &2.into()));
        assert!(errors[0]["message"].as_str().unwrap().starts_with(message), "{}", errors[0]);
    }
    for args in [&["runn", "--events", "never"][..], &["--events=never", "runn"]] {
        assert_eq!(sandbox.run(args).exits(2).stdout, "", "{args:?}");
    }
    let run = sandbox.run(&["db", "down"]).exits(2);
    assert!(run.stderr.contains("there is no private server"), "{}", run.stderr);
}

#[test]
fn a_variable_that_sets_nothing_is_warned_of() {
    let run = run_with(&Sandbox::new(), &["status", "--json"], &[("TRAILBLAZER_WORKRES", "2")]).success();
    assert!(
        run.stderr.contains("warn: TRAILBLAZER_WORKRES sets nothing; did you mean TRAILBLAZER_WORKERS?"),
        "{}",
        run.stderr
    );
}

#[test]
fn an_overlap_of_more_than_half_a_chunk_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.configure("chunk: { overlap_tokens: 129 }\n");
    let run = sandbox.run(&["run"]).exits(3);
    let refused = "chunk.overlap_tokens: 129 is more than half of 256, the maximum size of a chunk; lower it";
    assert!(run.stderr.contains(refused), "{}", run.stderr);
    sandbox.configure("chunk: { overlap_tokens: 128 }\n");
    sandbox.run(&["run"]).success();
}

#[test]
fn openai_without_an_address_and_without_a_key_is_refused_before_any_request() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    let openai = [("TRAILBLAZER_EMBED_PROVIDER", "openai"), ("TRAILBLAZER_EMBED_MODEL", "text-embedding-3-small")];
    for args in [&["run"][..], &["ask", "--json", "chunk"], &["db", "doctor", "--json"]] {
        let run = run_with(&sandbox, args, &openai).exits(3);
        let told = format!("{}{}", run.stdout, run.stderr);
        assert!(told.contains("TRAILBLAZER_EMBED_API_KEY") && told.contains("embed.base_url"), "{args:?}: {told}");
    }
    assert_eq!(sandbox.database.value("select status from graphdb.processed_runs"), "normalized");
}

#[test]
fn a_least_size_that_no_chunk_may_have_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write_run("r1", 1);
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.configure("chunk: { min_tokens: 257 }\n");
    let run = sandbox.run(&["run"]).exits(3);
    assert!(
        run.stderr.contains("chunk.min_tokens: 257 is more than 256, the maximum size of a chunk"),
        "{}",
        run.stderr
    );
    sandbox.configure("chunk: { min_tokens: 256 }\n");
    sandbox.run(&["run"]).success();
    // The default of one key does not make another key invalid.
    sandbox.configure("chunk: { max_tokens: 30 }\n");
    sandbox.run(&["runs", "reset", "--yes"]).success();
    sandbox.run(&["run"]).success();
}

#[test]
fn a_key_of_blanks_is_none() {
    let sandbox = Sandbox::new();
    let openai = [
        ("TRAILBLAZER_EMBED_PROVIDER", "openai"),
        ("TRAILBLAZER_EMBED_MODEL", "text-embedding-3-small"),
        ("TRAILBLAZER_EMBED_API_KEY", " \t"),
    ];
    let run = run_with(&sandbox, &["ask", "--json", "chunk"], &openai).exits(3);
    assert!(run.stderr.contains("TRAILBLAZER_EMBED_API_KEY"), "{}", run.stderr);
}

#[test]
fn an_empty_url_is_the_same_as_none() {
    let sandbox = Sandbox::new();
    sandbox.configure("database: { url: \"\", read_url: \"\" }\n");
    let mut command = sandbox.command(&["status"]);
    let run = Run::of(command.env_remove("TRAILBLAZER_DB_URL").output().unwrap()).exits(4);
    assert!(run.stderr.contains("there is no knowledge base here"), "{}", run.stderr);
    sandbox.run(&["ask", "anything", "--text-only"]).success();
}

#[test]
fn a_folder_of_server_programs_that_is_unsuitable_is_refused_by_its_key() {
    let sandbox = Sandbox::new();
    sandbox.configure("database: { bin_dir: /no/such/bin }\n");
    let mut command = sandbox.command(&["db", "up"]);
    let up = Run::of(command.env_remove("TRAILBLAZER_DB_URL").output().unwrap()).exits(3);
    assert!(up.stderr.contains("database.bin_dir: /no/such/bin: no such folder"), "{}", up.stderr);
    assert!(!sandbox.folder().join("var").exists());
    let dump = sandbox.run(&["db", "dump", "a.dump"]).exits(3);
    assert!(dump.stderr.contains("database.bin_dir: /no/such/bin: no such folder"), "{}", dump.stderr);
}

#[test]
fn messages_about_the_configuration_say_what_to_write() {
    let sandbox = Sandbox::new();
    for (yaml, fault) in [
        (
            "sources: { ab: { kind: confluence, path: x, site: https://x.example } }",
            "a source has either `path` or `site`, not both",
        ),
        ("sources: { ab: { kind: dita, path: [x] } }", "sources.ab.path: expected a string"),
        ("search: { principals: ann }", "search.principals: expected a list"),
        ("database: { url: 'jdbc:postgresql://x/y' }", "the URL must start with postgresql://"),
        ("database: { url: 'mysql://x/y' }", "the URL must start with postgresql://"),
        ("database: { url: ' postgresql://x/y' }", "the URL must start with postgresql://"),
        ("database: { url: 'postgresql://x/y?foo=1' }", "unknown connection parameter `foo`"),
        ("search:\n\tprincipals: [a]", "YAML does not allow tabs for indentation"),
    ] {
        sandbox.configure(&format!("{yaml}\n"));
        let mut command = sandbox.command(&["status"]);
        let run = Run::of(command.env_remove("TRAILBLAZER_DB_URL").output().unwrap()).exits(3);
        assert!(run.stderr.contains(fault), "{yaml}: {}", run.stderr);
    }
}
