//! Validates events with their JSON Schema.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

const TEXT: &str = include_str!("../../docs/events.schema.json");

/// Returns the published schema.
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| serde_json::from_str(TEXT).unwrap())
}

/// Returns the names of the events that the schema describes.
pub fn event_names() -> Vec<&'static str> {
    let definitions = schema()["$defs"].as_object().unwrap();
    definitions.values().filter_map(|definition| definition["properties"]["event"]["const"].as_str()).collect()
}

/// Panics unless `event` matches the schema.
#[track_caller]
pub fn assert_valid(event: &Value) {
    // There is one validator for each event, because the message "none of 28 alternatives" would not help.
    static VALIDATORS: OnceLock<BTreeMap<&'static str, Validator>> = OnceLock::new();
    let validators = VALIDATORS.get_or_init(|| {
        event_names()
            .into_iter()
            .map(|name| {
                let alone = json!({"$ref": format!("#/$defs/{name}"), "$defs": schema()["$defs"]});
                (name, jsonschema::validator_for(&alone).unwrap())
            })
            .collect()
    });
    let name = event["event"].as_str().unwrap_or_default();
    let validator = validators.get(name).unwrap_or_else(|| panic!("no event {name:?} in the schema: {event}"));
    let faults: Vec<String> =
        validator.iter_errors(event).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{event}\n{}", faults.join("\n"));
}
