//! Pages as Confluence's REST interface returns them, version 1 and 2.

use serde_json::Value;

use super::super::document::Document;
use super::library::{Body, PageRef};
use super::page::add_meta;

/// The pages of a JSON file: one, or the results of a query.
pub(super) fn pages(value: &Value) -> Option<Vec<&Value>> {
    if is_page(value) {
        return Some(vec![value]);
    }
    let results = value.get("results").and_then(Value::as_array)?;
    (!results.is_empty() && results.iter().all(is_page)).then(|| results.iter().collect())
}

/// Whether a value has nothing of a page, not even of a damaged one: the settings of a tool, a list of names.
pub(super) fn is_foreign(value: &Value) -> bool {
    const OF_A_PAGE: [&str; 8] =
        ["body", "results", "content", "spaceId", "space", "ancestors", "_links", "_expandable"];
    match value {
        Value::Array(items) => items.iter().all(is_foreign),
        Value::Object(fields) => {
            let kind = fields.get("type").and_then(Value::as_str);
            !matches!(kind, Some("doc" | "page" | "blogpost"))
                && !OF_A_PAGE.iter().any(|name| fields.contains_key(*name))
        }
        _ => true,
    }
}

fn is_page(value: &Value) -> bool {
    value.get("id").is_some() && value.get("title").is_some_and(Value::is_string)
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What the library keeps of a page.
pub(super) fn reference(value: &Value) -> PageRef {
    let links = |name: &str| text(value, &format!("/_links/{name}"));
    let url = links("webui").map(|webui| match links("base") {
        Some(base) => format!("{base}{webui}"),
        None => webui,
    });
    PageRef {
        id: text(value, "/id").unwrap_or_default(),
        title: text(value, "/title").unwrap_or_default(),
        space_key: text(value, "/space/key")
            .or_else(|| text(value, "/_expandable/space").and_then(|path| space_of_path(&path))),
        url: url.filter(|url| url.contains("://")),
    }
}

/// `/rest/api/space/KEY` names the space where it was not expanded.
fn space_of_path(path: &str) -> Option<String> {
    path.rsplit('/').next().filter(|key| !key.is_empty()).map(str::to_owned)
}

/// The body: ADF where there is one, else storage format.
pub(super) fn body(value: &Value) -> Option<Body> {
    let body = value.get("body")?;
    let adf = body.pointer("/atlas_doc_format/value").filter(|value| !value.is_null());
    if let Some(adf) = adf {
        return Some(Body::Adf(adf.clone()));
    }
    let storage = ["/storage/value", "/view/value", "/export_view/value"];
    storage.iter().find_map(|pointer| body.pointer(pointer)?.as_str()).map(|text| Body::Storage(text.to_owned()))
}

/// Everything else that the answer says of the page.
pub(super) fn document(value: &Value) -> Document {
    let names = |pointer: &str, name: &str| -> Vec<String> {
        let items = value.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
        items.filter_map(|item| item.get(name).and_then(Value::as_str).map(str::to_owned)).collect()
    };
    let mut labels = names("/metadata/labels/results", "name");
    labels.extend(names("/labels/results", "name"));
    labels.sort();
    labels.dedup();
    let mut document = Document {
        version: value.pointer("/version/number").and_then(Value::as_i64),
        created_at: text(value, "/history/createdDate").or_else(|| text(value, "/createdAt")),
        updated_at: text(value, "/version/when").or_else(|| text(value, "/version/createdAt")),
        breadcrumbs: names("/ancestors", "title"),
        labels,
        ..Document::default()
    };
    let author = text(value, "/version/by/displayName").or_else(|| text(value, "/history/createdBy/displayName"));
    add_meta(&mut document.meta, "author", author.as_deref());
    add_meta(&mut document.meta, "space_id", text(value, "/spaceId").as_deref());
    add_meta(&mut document.meta, "status", text(value, "/status").as_deref());
    document
}
