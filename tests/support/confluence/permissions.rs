//! The permissions of the test site's space, in both versions of the API.

use serde_json::{Value, json};

/// A kind (`user`, `group`, `role`, `anonymous`) and a name.
pub type Viewer = (&'static str, String);

/// What the id of a group begins with. The rest is its name.
pub const ID_OF_GROUP: &str = "id of ";

/// Returns one viewer for each request, with a permission that is not about viewing.
pub fn of_version_2(viewers: &[Viewer], url: &str, limit: usize, start: usize) -> Value {
    let one = viewers.get(start).map(|(kind, name)| {
        let id = if *kind == "group" { format!("{ID_OF_GROUP}{name}") } else { name.clone() };
        json!([
            { "id": "1", "principal": { "type": kind, "id": id }, "operation": { "key": "read", "targetType": "space" } },
            { "id": "2", "principal": { "type": "user", "id": "writer" }, "operation": { "key": "create", "targetType": "page" } },
        ])
    });
    let mut links = json!({ "base": url });
    if start + 1 < viewers.len() {
        links["next"] = json!(format!("/wiki/api/v2/spaces/9/permissions?limit={limit}&cursor={}", start + 1));
    }
    json!({ "results": one.unwrap_or_else(|| json!([])), "_links": links })
}

/// Returns the space with its permissions. One of them is not about viewing.
pub fn of_version_1(viewers: &[Viewer], is_cloud: bool) -> Value {
    let field = if is_cloud { "accountId" } else { "username" };
    let subjects = |wanted: &str, kind: &str, field: &str| {
        let found = viewers.iter().filter(|(given, _)| *given == wanted);
        let found: Vec<Value> = found.map(|(_, name)| json!({ "type": kind, field: name })).collect();
        json!({ "size": found.len(), "results": found })
    };
    let is_anonymous = viewers.iter().any(|(kind, _)| *kind == "anonymous");
    let permission = |operation: &str, target: &str, users: &Value, groups: &Value| {
        json!({ "id": 1, "operation": { "operation": operation, "targetType": target },
            "subjects": { "user": users, "group": groups }, "anonymousAccess": is_anonymous, "unlicensedAccess": false })
    };
    let view = permission("read", "space", &subjects("user", "known", field), &subjects("group", "group", "name"));
    let writers = json!({ "size": 1, "results": [{ "type": "known", field: "writer" }] });
    let write = permission("create", "page", &writers, &json!({ "size": 0, "results": [] }));
    json!({ "id": 9, "key": "OPS", "name": "Operations", "type": "global", "status": "current",
        "permissions": [view, write], "_expandable": {}, "_links": {} })
}
