//! `/metrics` and the probes.

use super::Server;

#[test]
fn metrics_count_the_backlog_and_what_the_server_did() {
    let server = Server::new();
    server.sandbox.database.register_runs(2);
    server.get("/api/search?q=lease").status(200);
    server.get("/api/none").status(404);
    let answer = server.get("/metrics").status(200);
    assert_eq!(answer.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for line in [
        "trailblazer_runs{status=\"embedded\"} 1.0",
        "trailblazer_runs{status=\"normalized\"} 2.0",
        "trailblazer_runs_due 2.0",
        "trailblazer_attempts_total{phase=\"chunk\",outcome=\"completed\"} 1",
        "trailblazer_attempts_total{phase=\"embed\",outcome=\"completed\"} 1",
        "trailblazer_documents 3.0",
        "trailblazer_claims{state=\"live\"} 0.0",
        "trailblazer_search_duration_seconds_count 1",
        "trailblazer_http_requests_total{path=\"/api/search\",method=\"GET\",status=\"200\"} 1",
        "trailblazer_http_requests_total{path=\"other\",method=\"GET\",status=\"404\"} 1",
        "trailblazer_database_connections 4.0",
    ] {
        assert!(answer.body.contains(&format!("\n{line}\n")), "{line}\n{}", answer.body);
    }
    assert!(answer.body.contains(&format!(
        "trailblazer_build_info{{version=\"{}\",model=\"hash-384\"}} 1.0",
        env!("CARGO_PKG_VERSION")
    )));
    assert!(answer.body.ends_with("\n# EOF\n"));
}

#[test]
fn probes_tell_the_process_from_the_database() {
    let server = Server::new();
    assert_eq!(server.get("/healthz").status(200).body, "ok\n");
    assert_eq!(server.get("/readyz").status(200).body, "ready\n");
    server.sandbox.database.connect().batch_execute("alter schema graphdb rename to gone").unwrap();
    server.get("/healthz").status(200);
    assert_ne!(server.get("/readyz").status, 200);
}
