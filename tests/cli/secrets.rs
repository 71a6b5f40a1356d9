//! Passwords and keys never appear in output, logs, tables or `ps`.

use serde_json::json;

use crate::support::{Run, Sandbox, cluster, http, proxy};

const PASSWORD: &str = "hunter2secret";
const KEY: &str = "sk-4f1c7d";

fn run_with(sandbox: &Sandbox, args: &[&str], variables: &[(&str, &str)]) -> Run {
    Run::of(sandbox.command(args).envs(variables.iter().copied()).output().unwrap())
}

#[track_caller]
fn says_no_secret(what: &str, text: &str) {
    for secret in [PASSWORD, KEY] {
        assert!(!text.contains(secret), "{what}: {text}");
    }
}

#[test]
fn password_in_a_url_that_leads_nowhere_is_never_printed() {
    let sandbox = Sandbox::new();
    let urls = [
        format!("postgresql://me:{PASSWORD}@127.0.0.1:1/docs"),
        format!("postgresql://me:{PASSWORD}@host.invalid/docs"),
        format!("host=127.0.0.1 port=1 user=me password={PASSWORD}"),
        format!("postgresql://me:{PASSWORD}@127.0.0.1:port/docs"),
        format!("postgresql://me:{PASSWORD}@127.0.0.1:1/docs?unknown={PASSWORD}"),
    ];
    for url in &urls {
        for args in [
            &["status", "--json"][..],
            &["run"],
            &["db", "doctor", "--json"],
            &["db", "up"],
            &["db", "migrate"],
            &["-vv", "runs", "list"],
        ] {
            for events in ["always", "never"] {
                let run = run_with(&sandbox, &[args, &["--events", events]].concat(), &[("TRAILBLAZER_DB_URL", url)]);
                assert!([2, 3, 4].contains(&run.code.unwrap()), "{args:?} {run:?}");
                assert!(!run.stdout.contains(PASSWORD) && !run.stderr.contains(PASSWORD), "{url} {args:?} {run:?}");
            }
        }
    }
    sandbox.write(
        ".trailblazer.yaml",
        format!("database:\n  url: postgresql://me:{PASSWORD}@127.0.0.1:1/docs\n  urll: x\n"),
    );
    let run =
        Run::of(sandbox.command(&["status", "--json"]).env_remove("TRAILBLAZER_DB_URL").output().unwrap()).exits(3);
    assert!(!run.stderr.contains(PASSWORD), "{}", run.stderr);
}

/// Returns what `ps` shows to everybody while a command is working.
fn shown_by_ps(sandbox: &Sandbox, variables: &[(&str, &str)]) -> String {
    let held = sandbox.database.hold("documents", "access exclusive");
    let mut command = sandbox.command(&["run", "--workers", "1"]);
    let mut child = command
        .envs(variables.iter().copied())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    sandbox.database.wait_until_blocked(1);
    let pid = child.id();
    let shown = ["cmdline", "comm"].map(|file| std::fs::read(format!("/proc/{pid}/{file}")).unwrap()).concat();
    let in_the_server =
        sandbox.database.column("select a.query from pg_stat_activity as a where a.application_name = 'trailblazer'");
    drop(held);
    child.wait().unwrap();
    String::from_utf8_lossy(&shown).into_owned() + &in_the_server.concat()
}

#[test]
fn secrets_of_a_whole_session_show_up_nowhere() {
    let sandbox = Sandbox::new();
    let role = format!("tb_secret_{}", std::process::id());
    let mut admin = sandbox.database.connect();
    admin.batch_execute(&format!("create role {role} login password '{PASSWORD}' in role with_password")).unwrap();
    sandbox.run(&["db", "grant", "admin", &role]).success();
    let port = proxy::listen(&cluster().socket_dir(), None);
    let name = sandbox.database.value("select current_database()");
    let url = format!("postgresql://{role}:{PASSWORD}@127.0.0.1:{port}/{name}");
    // A server that repeats all requests in its errors.
    let nosy =
        http::serve(|headers, _| Some((400, json!({"error": {"message": format!("no: {headers}\0")}}).to_string())));
    let strict = http::serve(|headers, _| Some((401, json!({"error": headers}).to_string())));

    sandbox.know_model_limit("m");
    sandbox.write_run("r1", 2);
    let mut codes = Vec::new();
    for base_url in [&nosy, &strict] {
        let variables = [
            ("TRAILBLAZER_DB_URL", url.as_str()),
            ("TRAILBLAZER_EMBED_PROVIDER", "openai"),
            ("TRAILBLAZER_EMBED_MODEL", "m"),
            ("TRAILBLAZER_EMBED_DIMENSIONS", "3"),
            ("TRAILBLAZER_EMBED_BASE_URL", base_url),
            ("TRAILBLAZER_EMBED_API_KEY", KEY),
            ("RUST_LOG", "trace"),
        ];
        let commands: [&[&str]; 9] = [
            &["runs", "backfill"],
            &["-vv", "run", "--workers", "1", "--phases", "chunk"],
            &["-vv", "run", "--workers", "1"],
            &["-vv", "runs", "show", "r1"],
            &["status", "--json"],
            &["db", "doctor", "--json"],
            &["-vv", "ask", "what is it"],
            &["run", "--help"],
            &["runs", "reset", "--yes"],
        ];
        for args in commands {
            let run = run_with(&sandbox, args, &variables);
            says_no_secret(&format!("{args:?}"), &format!("{}{}", run.stdout, run.stderr));
            codes.push(run.code.unwrap());
        }
        if base_url == &nosy {
            says_no_secret("ps", &shown_by_ps(&sandbox, &variables));
            // A refused text fails the run. The message of the server does not matter.
            let attempts = "select string_agg(a.error, '') from graphdb.run_attempts as a where a.outcome = 'failed'";
            assert!(sandbox.database.value(attempts).contains("answered 400"));
            sandbox.run(&["runs", "reset", "--yes"]).success();
        }
    }
    // The provider was really reached and refused the texts.
    assert!(codes.contains(&1) && codes.contains(&3), "{codes:?}");
    let tables = ["processed_runs", "run_attempts", "embedding_models"];
    for table in tables {
        let rows = sandbox.database.column(&format!("select t::text from graphdb.{table} as t"));
        says_no_secret(table, &rows.concat());
    }
    admin.batch_execute(&format!("drop owned by {role}; drop role {role}")).unwrap();
}
