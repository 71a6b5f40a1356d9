//! The filters of a search: the same names and counts in the JSON API, in MCP and on the search page.

use serde_json::{Value, json};

use super::Server;
use super::server::library;

/// Returns a server on a library whose document "Vectors" differs from the others in everything that a filter reads.
fn varied() -> Server {
    let sandbox = library();
    sandbox
        .database
        .connect()
        .execute(
            "update graphdb.documents
             set labels = '{reference}', language = 'german', path = 'tables/vector.dita', breadcrumbs = '{Tables}',
                 meta = meta || '{\"updated_at\": \"2025-06-07T00:00:00Z\", \"status\": \"approved\", \"links\": [{\"reason\": \"not in input\"}]}'
             where doc_id = 'topic:g/vector.dita'",
            &[],
        )
        .unwrap();
    Server::start(sandbox, &[], &[])
}

/// Filters that only this document passes.
const ONLY_VECTORS: [&str; 8] = [
    "label=reference",
    "language=german",
    "updated_to=2025-12-31",
    "updated_from=2025-06-07&updated_to=2025-06-07",
    "flag=broken_links",
    "path=tables/",
    "ancestor=Tables",
    "where=status%3Dapproved",
];

fn titles(answer: &Value) -> Vec<&str> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["title"].as_str().unwrap()).collect()
}

#[test]
fn every_filter_of_the_api_narrows_searches_and_counts() {
    let server = varied();
    let all = server.get("/api/search?q=shape+vector+lease+expiry").status(200).json();
    assert!(titles(&all).len() > 1, "{all}");
    for filter in ONLY_VECTORS {
        let answer = server.get(&format!("/api/search?q=shape+vector+lease+expiry&{filter}")).status(200).json();
        assert_eq!(titles(&answer), ["Vectors"], "{filter}");
        assert_eq!(server.get(&format!("/api/facets?{filter}")).status(200).json()["documents"], 1, "{filter}");
    }
    for (filter, documents) in [
        ("source=dita&source=confluence", 3),
        ("source=confluence", 0),
        ("label=reference&label=guide", 3),
        ("run_ids=one&run_ids=two", 3),
        ("run_ids=two", 0),
        ("run_id=o*", 3),
        ("updated_from=2026-01-01", 2),
        ("where=updated%3E%3D2026-01-01", 2),
        ("without_flag=too_short", 1),
    ] {
        assert_eq!(server.get(&format!("/api/facets?{filter}")).status(200).json()["documents"], documents, "{filter}");
    }
    let without = server.get("/api/search?q=vector+lease&without=lease").status(200).json();
    assert!(!titles(&without).contains(&"Leases"), "{without}");
}

#[test]
fn counts_of_a_kind_ignore_its_own_filter_and_follow_all_others() {
    let server = varied();
    let facets = server.get("/api/facets?label=reference").status(200).json();
    assert_eq!(facets["labels"], json!([{"value": "guide", "documents": 2}, {"value": "reference", "documents": 1}]));
    assert_eq!(facets["languages"], json!([{"value": "german", "documents": 1}]));
    assert_eq!(facets["updated"], json!([{"value": "2025", "documents": 1}]));
    let flags = server.get("/api/facets?without_flag=too_short&updated_from=2025-01-01").status(200).json();
    let (broken, short) =
        (json!({"value": "broken_links", "documents": 1}), json!({"value": "too_short", "documents": 2}));
    assert_eq!(flags["flags"], json!([short, broken]));
    assert_eq!(flags["updated"], json!([{"value": "2026", "documents": 1}]));
}

#[test]
fn an_assistant_filters_with_the_same_names() {
    let server = varied();
    let call = |name: &str, arguments: Value| {
        let message = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": arguments}});
        let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        server.send("POST", "/mcp", &headers, &message.to_string()).status(200).json()["result"].clone()
    };
    for (name, value) in [
        ("label", json!(["reference"])),
        ("language", json!(["de"])),
        ("updated_to", json!("2025-12-31")),
        ("flag", json!(["broken_links"])),
        ("path", json!(["tables"])),
        ("ancestor", json!(["Tables"])),
        ("where", json!(["status=approved"])),
    ] {
        let found = call("search", json!({"query": "shape vector lease expiry", name: value}));
        assert_eq!(titles(&found["structuredContent"]), ["Vectors"], "{name}: {found}");
    }
    let wrong = call("search", json!({"query": "lease", "updated_from": "soon"}));
    assert_eq!(wrong["isError"], true);
    assert!(wrong["content"][0]["text"].as_str().unwrap().contains("accepts a date or a time"), "{wrong}");
    let tools = server
        .send(
            "POST",
            "/mcp",
            &[("content-type", "application/json"), ("accept", "application/json, text/event-stream")],
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}"#,
        )
        .status(200)
        .json();
    let described = &tools["result"]["tools"][0]["inputSchema"];
    assert_eq!(described["additionalProperties"], false);
    let parameters = server.get("/api/openapi.json").json()["paths"]["/api/facets"]["get"]["parameters"].clone();
    for parameter in parameters.as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        assert!(described["properties"][name].is_object(), "{name}: {described}");
    }
}

#[test]
fn the_page_shows_each_filter_with_its_count_and_can_remove_it() {
    let server = varied();
    let start = server.page("/").status(200).body;
    for part in [
        "name=\"source\" value=\"dita\"> dita <span class=\"count\">3</span>",
        "name=\"label\" value=\"reference\"> reference <span class=\"count\">1</span>",
        "name=\"language\" value=\"english\"> english <span class=\"count\">2</span>",
        "name=\"flag\" value=\"too_short\"> too_short <span class=\"count\">2</span>",
        "name=\"without_flag\" value=\"too_short\"> too_short <span class=\"count\">2</span>",
        "href=\"/?q=&amp;updated_from=2025-01-01&amp;updated_to=2025-12-31\">2025 <span class=\"count\">1</span>",
        "<input type=\"date\" name=\"updated_from\">",
    ] {
        assert!(start.contains(part), "{part}\n{start}");
    }
    for filter in ONLY_VECTORS {
        let page = server.page(&format!("/?q=shape+vector+lease+expiry&{filter}")).status(200).body;
        assert_eq!(page.matches("<article class=\"hit\">").count(), 1, "{filter}\n{page}");
        assert!(page.contains("<details class=\"filters\" open>"), "{filter}");
        assert!(page.contains("href=\"/?q=shape%20vector%20lease%20expiry\">Remove all filters"), "{filter}\n{page}");
    }
    // The form sends the address again, including filters without a list of values.
    let page = server.page("/?q=lease&path=tables/&where=status%3Dapproved&updated_from=2025-01-01").status(200).body;
    for part in [
        "name=\"path\" value=\"tables/\" checked",
        "name=\"where\" value=\"status=approved\" checked",
        "name=\"updated_from\" value=\"2025-01-01\"",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    let wrong = server.page("/?q=lease&updated_from=2025-02-30").status(200).body;
    assert!(wrong.contains("role=\"alert\"") && wrong.contains("a time that does not exist"), "{wrong}");
    assert!(server.page("/?q=lease&utm_source=mail&label=&updated_from=").status(200).body.contains("class=\"hit\""));
}
