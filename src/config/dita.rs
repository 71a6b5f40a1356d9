//! `dita`: how DITA is read.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `dita`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Dita {
    /// What specialized elements are a kind of, by name, where no DTD of the input says it: `release: topic`.
    pub specializations: BTreeMap<String, String>,
    /// Whether topics that exist only for reuse, and maps without text of their own, are searched too.
    pub search: Searched,
    /// The address of a published page below the site's URL; `{path}` is the path of the source without its extension.
    pub page_url: String,
}

impl Default for Dita {
    fn default() -> Self {
        Self { specializations: BTreeMap::new(), search: Searched::default(), page_url: "{path}.html".to_owned() }
    }
}

/// Which DITA documents are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Searched {
    /// Those that readers find in the published guide.
    #[default]
    Published,
    /// All.
    All,
}
