//! Access to the server, and its limits.

use std::process::Stdio;

use super::server::library;
use super::{Answer, Server};
use crate::support::{Run, Sandbox};

const TOKENS: &str = "0123456789abcdef0=user:ann,group:hr;second-token-of-bob=";

fn as_bearer(server: &Server, path: &str, token: &str) -> Answer {
    server.send("GET", path, &[("authorization", &format!("Bearer {token}"))], "")
}

#[test]
fn a_page_of_another_site_reaches_nothing() {
    let server = Server::new();
    let port = server.url.rsplit(':').next().unwrap().to_owned();
    for host in ["evil.example", &format!("evil.example:{port}"), "localhost.evil.example", "127.0.0.1.evil.example"] {
        let answer = server.send("GET", "/api/search?q=lease", &[("host", host)], "");
        assert_eq!(answer.status, 421, "{host}");
        assert!(!answer.body.contains("Leases"));
    }
    for host in [&format!("localhost:{port}"), &format!("127.0.0.1:{port}"), &format!("[::1]:{port}")] {
        server.send("GET", "/api/facets", &[("host", host)], "").status(200);
    }
    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        server.send("GET", "/api/facets", &[("origin", origin)], "").status(403);
    }
    server.send("GET", "/api/facets", &[("origin", &server.url.clone())], "").status(200);
    let answer = server.send(
        "POST",
        "/api/embed",
        &[("sec-fetch-site", "cross-site"), ("content-type", "application/json")],
        "{}",
    );
    assert_eq!(answer.status, 403);
    assert_eq!(server.get("/api/facets").header("access-control-allow-origin"), "");
}

#[test]
fn configured_hosts_and_origins_are_answered() {
    let sandbox = library();
    sandbox.configure("serve: { hosts: [docs.example.com], cors_origins: ['https://portal.example'] }\n");
    let server = Server::start(sandbox, &[], &[]);
    server.send("GET", "/api/facets", &[("host", "Docs.example.com:443")], "").status(200);
    let origin = ("origin", "https://portal.example");
    let answer = server.send("GET", "/api/facets", &[origin], "").status(200);
    assert_eq!(answer.header("access-control-allow-origin"), "https://portal.example");
    let asked =
        server.send("OPTIONS", "/api/embed", &[origin, ("access-control-request-method", "POST")], "").status(204);
    assert_eq!(asked.header("access-control-allow-methods"), "GET, POST");
}

#[test]
fn every_answer_keeps_scripts_and_frames_of_others_out() {
    let server = Server::new();
    for path in ["/", "/backlog", "/none", "/api/facets", "/api/none", "/assets/page.js", "/d/~/topic%3Ag%2Flease.dita"]
    {
        let answer = server.page(path);
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
    }
}

#[test]
fn other_addresses_need_something_that_tells_callers_apart() {
    let sandbox = Sandbox::new();
    let refused = sandbox.run(&["serve", "--listen", "0.0.0.0:0"]).exits(5);
    assert!(
        refused.stderr.contains("callers are not authenticated\n  hint: Set TRAILBLAZER_SERVE_TOKENS"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_token_opens_what_an_unknown_caller_does_not_get() {
    let server = Server::start(library(), &["--listen", "0.0.0.0:0"], &[("TRAILBLAZER_SERVE_TOKENS", TOKENS)]);
    // Everybody can read documents without readers, but not data about the server.
    server.get("/api/search?q=lease").status(200);
    for path in ["/api/backlog", "/api/runs/one", "/metrics", "/backlog", "/runs/one"] {
        let refused = server.get(path).status(401);
        assert!(refused.header("www-authenticate").starts_with("Bearer, Basic"), "{path}");
        as_bearer(&server, path, "second-token-of-bob").status(200);
    }
    // The password that a browser asks its user for.
    server.send("GET", "/backlog", &[("authorization", "Basic YW5uOjAxMjM0NTY3ODlhYmNkZWYw")], "").status(200);
    // A wrong token is rejected even if none is required.
    for token in ["wrong", "", "0123456789abcdef", "0123456789abcdef00"] {
        as_bearer(&server, "/api/search?q=lease", token).status(401);
    }
    server.send("GET", "/api/search?q=lease", &[("authorization", "Basic !!")], "").status(401);
    server.get("/healthz").status(200);
    server.get("/readyz").status(200);
}

#[test]
fn unknown_callers_get_nothing_where_that_is_configured() {
    let sandbox = library();
    sandbox.configure("serve: { unknown_callers: nobody }\n");
    let server = Server::start(sandbox, &[], &[("TRAILBLAZER_SERVE_TOKENS", TOKENS)]);
    for path in ["/", "/api/search?q=lease", "/mcp", "/d/~/topic%3Ag%2Flease.dita"] {
        server.get(path).status(401);
    }
    as_bearer(&server, "/api/search?q=lease", "second-token-of-bob").status(200);
    server.get("/healthz").status(200);
}

#[test]
fn a_user_is_believed_of_the_trusted_proxy_only() {
    let believed = |proxies: &str| {
        let sandbox = library();
        sandbox.configure(&format!("serve: {{ proxy_user_header: X-User, trusted_proxies: [{proxies}] }}\n"));
        let server = Server::start(sandbox, &[], &[]);
        server.get("/api/backlog").status(401);
        server.send("GET", "/api/backlog", &[("x-user", "ann")], "").status
    };
    assert_eq!(believed("127.0.0.0/8"), 200);
    assert_eq!(believed("10.0.0.0/8"), 401);
}

#[test]
fn several_user_headers_of_a_proxy_are_refused() {
    let sandbox = library();
    sandbox.configure("serve: { proxy_user_header: X-User, trusted_proxies: [127.0.0.0/8] }\n");
    let server = Server::start(sandbox, &[], &[]);
    let refused = server.send("GET", "/api/backlog", &[("x-user", "ann"), ("x-user", "bob")], "");
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("the proxy sent several headers x-user"), "{}", refused.body);
}

#[test]
fn a_client_that_sends_too_much_is_slowed_down_and_probes_are_not() {
    let sandbox = library();
    sandbox.configure("serve: { rate_per_second: 1 }\n");
    let server = Server::start(sandbox, &[], &[]);
    let answers: Vec<Answer> = (0..20).map(|_| server.get("/assets/page.js")).collect();
    let slowed = answers.iter().find(|answer| answer.status == 429).expect("more than one request a second");
    assert_eq!(slowed.header("retry-after"), "1");
    assert_eq!(slowed.header("content-type"), "application/problem+json");
    for _ in 0..5 {
        server.get("/healthz").status(200);
    }
}

#[test]
fn a_full_server_says_when_to_come_again() {
    let sandbox = library();
    sandbox.configure("serve: { connections: 1, max_requests: 1 }\n");
    let server = Server::start(sandbox, &[], &[]);
    // The only allowed request waits for a lock.
    let lock = server.sandbox.database.hold("documents", "access exclusive");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| server.get("/api/search?q=lease&text_only=true"));
        server.sandbox.database.wait_until_blocked(1);
        let refused = server.get("/api/search?q=lease").status(503);
        assert_eq!(refused.header("retry-after"), "1");
        server.get("/healthz").status(200);
        drop(lock);
        first.join().unwrap().status(200);
    });
    server.get("/api/search?q=lease").status(200);
}

#[test]
fn a_stop_ends_with_zero_and_says_so() {
    let (code, rest) = Server::new().stop();
    assert_eq!(code, Some(0));
    assert!(rest.contains("\"event\":\"serve.stop\""), "{rest}");
}

#[test]
fn connections_that_the_database_ended_are_opened_again() {
    let server = Server::new();
    server.get("/api/search?q=lease").status(200);
    let mut client = server.sandbox.database.connect();
    client
        .batch_execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a \
             where a.datname = current_database() and a.pid <> pg_backend_pid()",
        )
        .unwrap();
    server.get("/api/search?q=lease").status(200);
}

#[test]
fn reading_changes_nothing() {
    let server = Server::new();
    server.get("/api/search?q=lease").status(200);
    let before = server.sandbox.database.final_tables();
    for path in ["/", "/backlog", "/runs/one", "/api/backlog", "/metrics", "/api/search?q=lease"] {
        server.get(path).status(200);
    }
    assert_eq!(server.sandbox.database.final_tables(), before);
}

#[test]
fn a_reader_is_enough_to_serve_and_not_enough_to_change() {
    let sandbox = library();
    let role = format!("serve_reader_{}", std::process::id());
    sandbox.database.connect().batch_execute(&format!("create role {role} login")).unwrap();
    sandbox.run(&["db", "grant", "reader", &role]).success();
    let url = sandbox.database.url_as(&role);
    let mut command = sandbox.command(&["serve", "--listen", "127.0.0.1:0", "--allow-changes"]);
    let refused = Run::of(command.env("TRAILBLAZER_DB_URL", &url).stdout(Stdio::piped()).output().unwrap()).exits(4);
    assert!(refused.stderr.contains("--allow-changes requires an admin role"), "{}", refused.stderr);
    let server = Server::start(sandbox, &[], &[("TRAILBLAZER_DB_URL", &url)]);
    for path in [
        "/?q=lease",
        "/backlog",
        "/runs/one",
        "/api/search?q=lease",
        "/metrics",
        "/d/~/topic%3Ag%2Flease.dita",
        "/readyz",
    ] {
        server.get(path).status(200);
    }
    drop(server);
}
