//! Reads the nodes of an ADF document one by one, so that the tree of a large document is never in memory as a whole.

use std::fmt;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Receives a node. Returns false to skip the others.
type Take<'t, N> = &'t mut dyn FnMut(N) -> bool;

/// The type of a node.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type", default)]
    name: String,
}

/// A JSON object whose `content` is read node by node.
pub(in super::super) struct Document<'j> {
    json: &'j str,
    /// The document without its nodes.
    pub outline: Value,
}

impl<'j> Document<'j> {
    /// Reads everything except the nodes. The error may only mean that the document must be read as a whole.
    pub fn open(json: &'j str) -> Result<Self, serde_json::Error> {
        Ok(Self { json, outline: read::<IgnoredAny>(json, &mut None)? })
    }

    /// Returns whether the type of the object is `doc`.
    pub fn is_document(&self) -> bool {
        super::kind(&self.outline) == "doc"
    }

    /// Reads the nodes in order.
    pub fn each(&self, take: &mut dyn FnMut(Value)) -> Result<(), serde_json::Error> {
        let mut take = |node| {
            take(node);
            true
        };
        read(self.json, &mut Some(&mut take)).map(drop)
    }

    /// Returns the first node if it is a heading. Other nodes may be large.
    pub fn first_heading(&self) -> Option<Value> {
        let kind: Kind = self.first()?;
        if kind.name == "heading" { self.first() } else { None }
    }

    fn first<N: DeserializeOwned>(&self) -> Option<N> {
        let mut first = None;
        let mut take = |node| {
            first = Some(node);
            false
        };
        read(self.json, &mut Some(&mut take)).ok()?;
        first
    }
}

fn read<N: DeserializeOwned>(json: &str, take: &mut Option<Take<'_, N>>) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let outline = Outline { take }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(outline)
}

/// The object around the nodes.
struct Outline<'a, 't, N> {
    take: &'a mut Option<Take<'t, N>>,
}

impl<'de, N: DeserializeOwned> DeserializeSeed<'de> for Outline<'_, '_, N> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, N: DeserializeOwned> Visitor<'de> for Outline<'_, '_, N> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut outline = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if key != "content" {
                outline.insert(key, map.next_value()?);
                continue;
            }
            if outline.contains_key(&key) {
                return Err(A::Error::duplicate_field("content"));
            }
            let content = map.next_value_seed(Content { take: &mut *self.take })?;
            outline.insert(key, content);
        }
        Ok(Value::Object(outline))
    }
}

/// The list of nodes. Its result is an empty list. Any other value is returned unchanged.
struct Content<'a, 't, N> {
    take: &'a mut Option<Take<'t, N>>,
}

impl<'de, N: DeserializeOwned> DeserializeSeed<'de> for Content<'_, '_, N> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, N: DeserializeOwned> Visitor<'de> for Content<'_, '_, N> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of nodes")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut nodes: A) -> Result<Value, A::Error> {
        if let Some(take) = self.take {
            while let Some(node) = nodes.next_element()? {
                if !take(node) {
                    break;
                }
            }
        }
        while nodes.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Array(Vec::new()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nodes_are_read_one_by_one() {
        let json = r#"{"content": [{"type": "rule"}, 7, [1]], "version": 1, "type": "doc"}"#;
        let document = Document::open(json).unwrap();
        assert!(document.is_document());
        assert_eq!(document.outline, json!({"type": "doc", "version": 1, "content": []}));
        let mut nodes = Vec::new();
        document.each(&mut |node| nodes.push(node)).unwrap();
        assert_eq!(nodes, [json!({"type": "rule"}), json!(7), json!([1])]);
        assert_eq!(document.first_heading(), None);
        let heading = r#"{"content": [{"content": [1], "type": "heading"}, 2], "type": "doc"}"#;
        let heading = Document::open(heading).unwrap().first_heading();
        assert_eq!(heading, Some(json!({"content": [1], "type": "heading"})));
    }

    #[test]
    fn content_that_is_no_list_is_part_of_the_outline() {
        for content in [json!({"a": 1}), json!("x"), json!(null), json!(-1), json!(1.5), json!(true)] {
            let value = json!({"type": "doc", "content": content});
            assert_eq!(Document::open(&value.to_string()).unwrap().outline, value);
        }
    }

    #[test]
    fn what_is_no_single_object_is_refused() {
        for json in ["", "[]", "\"x\"", "{\"content\": [}", "{} {}", r#"{"content": [], "content": [1]}"#] {
            assert!(Document::open(json).is_err(), "{json}");
        }
    }
}
