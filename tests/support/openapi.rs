//! Validates all requests and responses of the test server against Atlassian's `OpenAPI` documents.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use jsonschema::Validator;
use serde_json::{Value, json};

struct Api {
    document: Value,
    /// The prefix of the paths in the document.
    prefix: &'static str,
}

/// Returns the documents. If they are missing, prints a message on stderr, and nothing is validated.
fn apis() -> &'static [Api] {
    static APIS: OnceLock<Vec<Api>> = OnceLock::new();
    APIS.get_or_init(|| {
        let folder = super::corpora().join("../spec/confluence-openapi");
        let read = |name: &str, prefix| {
            let mut document = serde_json::from_slice(&std::fs::read(folder.join(name)).ok()?).unwrap();
            allow_null(&mut document);
            Some(Api { document, prefix })
        };
        let apis: Vec<Api> = [read("v1.json", ""), read("v2.json", "/wiki/api/v2")].into_iter().flatten().collect();
        if apis.len() < 2 {
            eprintln!("skipped: requests are not validated, because {} is not there", folder.display());
        }
        apis
    })
}

/// Converts `nullable` to JSON Schema.
fn allow_null(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(allow_null),
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&json!(true))
                && let Some(kind) = fields.get("type").cloned()
            {
                fields.insert("type".into(), json!([kind, "null"]));
            }
            fields.values_mut().for_each(allow_null);
        }
        _ => {}
    }
}

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document.pointer(reference.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

#[test]
#[cfg_attr(not(has_openapi), ignore = "needs Atlassian's documents; without them no request is validated")]
fn requests_are_validated() {
    assert_eq!(apis().len(), 2);
}

/// The operation at a path, whose parts in braces stand for any one part.
fn operation<'d>(document: &'d Value, path: &str) -> Option<&'d Value> {
    let is_like = |pattern: &str| {
        let parts = || pattern.split('/').zip(path.split('/'));
        pattern.split('/').count() == path.split('/').count()
            && parts().all(|(pattern, part)| pattern.starts_with('{') || pattern == part)
    };
    let paths = document["paths"].as_object()?;
    let found = paths.get(path).or_else(|| paths.iter().find(|(pattern, _)| is_like(pattern)).map(|(_, found)| found));
    found?.get("get")
}

/// Panics unless the documents describe the request with these parameters and the answer.
pub fn assert_valid(path: &str, query: &[(String, String)], answer: &Value) {
    for Api { document, prefix } in apis() {
        let Some(operation) = path.strip_prefix(prefix).and_then(|path| operation(document, path)) else { continue };
        let parameters: Vec<&Value> =
            operation["parameters"].as_array().unwrap().iter().map(|one| resolved(document, one)).collect();
        for (name, text) in query {
            let parameter = parameters.iter().find(|one| one["name"] == **name);
            let parameter = parameter.unwrap_or_else(|| panic!("{path} has no parameter {name}"));
            let schema = resolved(document, &parameter["schema"]);
            let typed = |text: &str, kind: &Value| match kind.as_str() {
                Some("integer") => json!(text.parse::<i64>().unwrap_or_else(|_| panic!("{name}={text}"))),
                _ => json!(text),
            };
            let value = if schema["type"] == "array" {
                text.split(',').map(|part| typed(part, &schema["items"]["type"])).collect()
            } else {
                typed(text, &schema["type"])
            };
            check(document, schema, &value, &format!("{path}?{name}"));
        }
        let required = parameters
            .iter()
            .filter(|one| one["required"] == true && one["in"] == "query")
            .map(|one| one["name"].as_str().unwrap());
        for name in required {
            assert!(query.iter().any(|(given, _)| given == name), "{path} lacks {name}");
        }
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        if schema.is_null() {
            assert!(operation["responses"]["302"].is_object(), "{path} answers neither JSON nor a redirect");
        } else {
            check(document, schema, answer, path);
        }
        return;
    }
    assert!(apis().len() < 2, "Atlassian describes no {path}");
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    static VALIDATORS: Mutex<BTreeMap<String, Validator>> = Mutex::new(BTreeMap::new());
    let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let validator = validators.entry(schema.to_string()).or_insert_with(|| {
        let mut alone = schema.clone();
        alone["components"] = document["components"].clone();
        jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&alone).unwrap()
    });
    let faults: Vec<String> =
        validator.iter_errors(value).take(5).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{place}\n{}", faults.join("\n"));
}
