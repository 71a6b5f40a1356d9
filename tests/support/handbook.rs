//! A library with restricted pages.

use serde_json::json;

use super::Sandbox;

/// A handbook with a page for everybody, one for HR, and one below it that also needs Ann or IT.
pub fn handbook() -> Sandbox {
    let sandbox = Sandbox::new();
    let page = |id: &str, body: &str, readers: serde_json::Value| {
        json!({"id": id, "title": format!("About {id}"), "text_md": body, "source_system": "confluence", "readers": readers}).to_string()
    };
    let lines = [
        page("holidays", "Holidays are announced in spring.\n", json!(null)),
        page("salaries", "How much does Bob earn? Bob earns 90000.\n", json!(["group:hr"])),
        page("bonus", "Bob gets a bonus of 5000.\n", json!([["group:hr"], ["group:it", "user:ann"]])),
    ];
    sandbox.write("var/runs/hr/normalize/normalized.ndjson", lines.join("\n") + "\n");
    sandbox.run(&["runs", "backfill"]).success();
    sandbox.run(&["run", "--quiet"]).success();
    sandbox
}
