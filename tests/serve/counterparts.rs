//! Tests with other programs: the official MCP client, the conformance suite, a fuzzer for `OpenAPI`, Prometheus and a browser.
//!
//! These programs are optional. `TRAILBLAZER_COUNTERPARTS` is a folder with `venv` (PyPI: mcp, schemathesis) and
//! `node_modules` (npm: @modelcontextprotocol/conformance, @modelcontextprotocol/inspector). promtool and chromium must be
//! in the PATH. A test whose program is missing is ignored. `make counterparts` installs the two folders.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::Server;
use super::server::{HOSTILE, library};

/// Returns the path of a program that `make counterparts` installs.
fn program(path: &str) -> PathBuf {
    let folder =
        std::env::var_os("TRAILBLAZER_COUNTERPARTS").map_or_else(|| repository("var/counterparts"), PathBuf::from);
    folder.join(path)
}

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{text}");
    text
}

#[test]
#[cfg_attr(not(has_counterparts), ignore = "needs `make counterparts`")]
fn the_official_python_client_speaks_to_both_transports() {
    let python = program("venv/bin/python");
    let server = Server::new();
    let script = repository("tests/serve/mcp_client.py");
    let url = format!("{}/mcp", server.url);
    let over_http = Command::new(&python).args([script.as_os_str(), url.as_ref()]).output().unwrap();
    assert!(succeeds(&over_http).contains("all good"));
    let over_stdio = server.sandbox.command(&[]);
    let mut command = Command::new(&python);
    command.arg(&script).arg(over_stdio.get_program()).current_dir(server.sandbox.folder());
    command.envs(over_stdio.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(succeeds(&command.output().unwrap()).contains("all good"));
}

/// Only some scenarios are possible, because the others need special test tools in the server.
#[test]
#[cfg_attr(not(has_counterparts), ignore = "needs `make counterparts`")]
fn the_applicable_scenarios_of_the_conformance_suite_pass() {
    // The suite needs Node 22, which `make counterparts` also installs.
    let (suite, node) = (program("node_modules/.bin/conformance"), program("node_modules/.bin/node"));
    let server = Server::new();
    for scenario in ["server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection"] {
        let mut command = Command::new(&node);
        command.arg(&suite).args(["server", "--url", &format!("{}/mcp", server.url), "--scenario", scenario]);
        succeeds(&command.current_dir(server.sandbox.folder()).output().unwrap());
    }
}

#[test]
#[cfg_attr(not(has_counterparts), ignore = "needs `make counterparts`")]
fn the_inspector_lists_and_calls_tools() {
    let inspector = program("node_modules/.bin/mcp-inspector");
    let server = Server::new();
    let inspect = |args: &[&str]| {
        let mut command = Command::new(&inspector);
        command.args(["--cli", &format!("{}/mcp", server.url), "--transport", "http"]).args(args);
        succeeds(&command.output().unwrap())
    };
    assert!(inspect(&["--method", "tools/list"]).contains("get_document"));
    let called = inspect(&["--method", "tools/call", "--tool-name", "search", "--tool-arg", "query=lease"]);
    assert!(called.contains("## 1. Leases"), "{called}");
}

#[test]
#[cfg_attr(not(has_counterparts), ignore = "needs `make counterparts`")]
fn schemathesis_finds_nothing() {
    let schemathesis = program("venv/bin/schemathesis");
    let sandbox = library();
    sandbox.configure("serve: { rate_per_second: 0 }\n");
    let server = Server::start(sandbox, &[], &[]);
    let mut command = Command::new(schemathesis);
    command.args([
        "run",
        &format!("{}/api/openapi.json", server.url),
        "--checks",
        "all",
        "--max-examples",
        "30",
        "--seed",
        "1",
    ]);
    succeeds(&command.current_dir(server.sandbox.folder()).output().unwrap());
}

#[test]
#[cfg_attr(not(has_promtool), ignore = "needs promtool")]
fn promtool_accepts_metrics_rules_and_their_tests() {
    let promtool = "promtool";
    let server = Server::new();
    server.get("/api/search?q=lease").status(200);
    let metrics = server
        .sandbox
        .write("metrics.txt", server.send("GET", "/metrics", &[("accept", "text/plain")], "").status(200).body);
    let mut check = Command::new(promtool);
    check.args(["check", "metrics"]).stdin(std::fs::File::open(metrics).unwrap());
    succeeds(&check.output().unwrap());
    let monitoring = repository("examples/monitoring");
    let run = |args: &[&str]| succeeds(&Command::new(promtool).args(args).current_dir(&monitoring).output().unwrap());
    run(&["check", "rules", "alerts.yaml"]);
    run(&["test", "rules", "alerts_test.yaml"]);
}

#[test]
fn every_metric_of_the_dashboard_and_the_alerts_exists() {
    let server = Server::new();
    // A request is counted after it has been answered.
    server.get("/metrics").status(200);
    let metrics = server.get("/metrics").status(200).body;
    let mut named = 0;
    for file in ["dashboard.json", "alerts.yaml"] {
        let text = std::fs::read_to_string(repository("examples/monitoring").join(file)).unwrap();
        let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for name in text.split(|c| !is_of_a_name(c)).filter(|name| name.starts_with("trailblazer_")) {
            let family =
                ["_bucket", "_count", "_sum", "_total"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(metrics.contains(&format!("# TYPE {family} ")), "{file}: {name}");
            named += 1;
        }
    }
    assert!(named > 10, "{named}");
}

#[test]
fn retrievers_find_what_the_server_finds() {
    let server = Server::new();
    let python = Some(program("venv/bin/python")).filter(|path| path.exists()).unwrap_or_else(|| "python3".into());
    let psql = std::env::join_paths(
        std::iter::once(crate::support::cluster().bin.clone())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut command = Command::new(repository("examples/retrievers/test"));
    command.args([&server.url, "when does a lease expire", "Leases"]).env("PYTHON", python).env("PATH", psql.unwrap());
    command.env("TRAILBLAZER_DB_URL", &server.sandbox.database.url);
    println!("{}", succeeds(&command.output().unwrap()));
}

/// Loads pages in Chromium. If a script could run, it would set `window.hacked`, and the title of the page would contain that.
#[test]
#[cfg_attr(not(has_chromium), ignore = "needs chromium")]
fn no_document_runs_code_in_a_browser() {
    let server = Server::new();
    let encoded = percent_encoding::utf8_percent_encode(HOSTILE, percent_encoding::NON_ALPHANUMERIC).to_string();
    for path in [
        format!("/?q={encoded}"),
        "/?q=zebra".into(),
        format!("/d/one/{encoded}"),
        "/runs/one".into(),
        "/backlog".into(),
    ] {
        let page = browse(&server, &path);
        assert!(!page.contains("<img"), "{path}: {page}");
        assert_eq!(page.matches("<script").count(), 1, "{path}: {page}");
    }
    // The server sends the complete page without scripts.
    assert!(server.get("/?q=lease").status(200).body.contains("<mark>lease</mark>"));
}

/// Returns the page after the browser has executed its scripts.
fn browse(server: &Server, path: &str) -> String {
    let profile = server.sandbox.folder().join("profile");
    let mut command = Command::new("chromium");
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000", "--dump-dom"]);
    command.arg(format!("--user-data-dir={}", profile.display())).arg(format!("{}{path}", server.url));
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}
