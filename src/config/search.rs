//! `search`: the principals for searches, and the reranker.

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::reranker::Reranker;

/// `search`
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Search {
    /// The principals as which `ask`, `show`, `eval` and `mcp` read documents if `--as` is not passed.
    #[serde(deserialize_with = "principals")]
    pub principals: Vec<String>,
    /// A model that reranks the best hits.
    pub reranker: Reranker,
}

/// Returns whether `text` is `user:…` or `group:…` with a name.
#[must_use]
pub fn is_principal(text: &str) -> bool {
    text.strip_prefix("user:").or_else(|| text.strip_prefix("group:")).is_some_and(|name| !name.is_empty())
}

fn principals<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    match names.iter().find(|name| !is_principal(name)) {
        Some(name) => {
            let message = format!("expected user:NAME or group:NAME with a name from the source, but found `{name}`");
            Err(de::Error::custom(message))
        }
        None => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn principals_have_a_kind_and_a_name() {
        for (text, is) in [("user:ann", true), ("group:hr staff", true), ("ann", false), ("user:", false), ("", false)]
        {
            assert_eq!(is_principal(text), is, "{text}");
        }
        let read = |yaml: &str| serde_yaml::from_str::<Search>(yaml).map_err(|error| error.to_string());
        assert_eq!(read("principals: ['user:ann', 'group:hr']").unwrap().principals, ["user:ann", "group:hr"]);
        assert!(read("principals: [hr]").unwrap_err().contains("group:NAME"));
    }
}
