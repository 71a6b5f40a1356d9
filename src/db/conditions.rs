//! Parses conditions for documents: `KEY=VALUE`, `KEY>=DATE` and `KEY<=DATE`.

use serde_json::{Map, Value};

use super::search::SearchFilter;
use crate::error::{Error, Result};

/// The keys that are not metadata.
pub const KEYS: [&str; 9] =
    ["source", "label", "path", "ancestor", "language", "flag", "without_flag", "run", "updated"];

/// Adds conditions to a filter. If a key is repeated, a document must match one of its values.
pub fn add_conditions(filter: &mut SearchFilter, conditions: &[String]) -> Result<()> {
    for condition in conditions {
        let (key, operator, value) = parse(condition).ok_or_else(|| Error::Usage {
            message: format!("condition \"{condition}\": the key or the value is missing"),
            hint: Some("Examples: status=approved and updated>=2026-01-31.".into()),
        })?;
        if operator != "=" && key != "updated" && KEYS.contains(&key) {
            return Err(Error::Usage {
                message: format!("condition \"{condition}\": {key} has no order"),
                hint: Some(format!("Write {key}=VALUE. `updated` and dates in the metadata accept >= and <=.")),
            });
        }
        if operator != "=" {
            let range = if key == "updated" { &mut filter.updated } else { range_of(&mut filter.meta, key) };
            range.insert(if operator == ">=" { "from" } else { "to" }.into(), value.into());
            continue;
        }
        match key {
            "source" => filter.source.push(value.into()),
            "label" => filter.label.push(value.into()),
            "path" => filter.path.push(value.into()),
            "ancestor" => filter.ancestor.push(value.into()),
            "language" => filter.language.push(value.into()),
            "flag" => filter.flag.push(value.into()),
            "without_flag" => filter.without_flag.push(value.into()),
            "run" => filter.run_id_glob = Some(value.into()),
            "updated" => {
                filter.updated.insert("from".into(), value.into());
                filter.updated.insert("to".into(), value.into());
            }
            _ => {
                let values = filter.meta.entry(key).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(values) = values {
                    values.push(value.into());
                }
            }
        }
    }
    Ok(())
}

fn range_of<'a>(meta: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let range = meta.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !range.is_object() {
        *range = Value::Object(Map::new());
    }
    match range {
        Value::Object(range) => range,
        _ => unreachable!("made an object above"),
    }
}

/// Returns key, operator and value.
fn parse(condition: &str) -> Option<(&str, &'static str, &str)> {
    let at = condition.find('=')?;
    let (key, operator) = match condition[..at].strip_suffix(['>', '<']) {
        Some(key) if condition[..at].ends_with('>') => (key, ">="),
        Some(key) => (key, "<="),
        None => (&condition[..at], "="),
    };
    let (key, value) = (key.trim(), condition[at + 1..].trim());
    (!key.is_empty() && !value.is_empty()).then_some((key, operator, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(conditions: &[&str]) -> Value {
        let mut filter = SearchFilter::default();
        let conditions: Vec<String> = conditions.iter().map(ToString::to_string).collect();
        add_conditions(&mut filter, &conditions).unwrap();
        filter.to_json()
    }

    #[test]
    fn known_keys_are_keys_of_the_filter_and_others_are_metadata() {
        assert_eq!(
            filter(&[
                "path=guide/",
                "language=de",
                "flag=too_short",
                "status=draft",
                "status=approved",
                "author.name=A=B"
            ]),
            serde_json::json!({
                "path": ["guide/"], "language": ["de"], "flag": ["too_short"], "meta": {"status": ["draft", "approved"], "author.name": ["A=B"]}
            })
        );
    }

    #[test]
    fn dates_have_ranges() {
        assert_eq!(
            filter(&["updated>=2026-01-01", "updated<=2026-02-01", "reviewed>=2026-03-01"]),
            serde_json::json!({
                "updated": {"from": "2026-01-01", "to": "2026-02-01"}, "meta": {"reviewed": {"from": "2026-03-01"}}
            })
        );
    }

    #[test]
    fn only_dates_are_compared() {
        let error = add_conditions(&mut SearchFilter::default(), &["path>=a".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "condition \"path>=a\": path has no order");
    }

    #[test]
    fn a_condition_without_key_or_value_is_refused() {
        for condition in ["status", "=draft", "status=", ">=2026-01-01"] {
            let error = add_conditions(&mut SearchFilter::default(), &[condition.to_owned()]).unwrap_err();
            assert!(error.to_string().contains(condition), "{error}");
        }
    }
}
