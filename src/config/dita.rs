//! `dita`: the configuration of the DITA reader.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::ConfigError;

/// `dita`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Dita {
    /// The base type of specialized elements, by name, if no DTD in the input declares it: `release: topic`.
    pub specializations: BTreeMap<String, String>,
    /// Whether a search includes topics that exist only for reuse and maps without text.
    pub search: Searched,
    /// The address of a published page, relative to the URL of the site.
    /// `{path}` is the path of the source without its extension.
    pub page_url: String,
}

impl Default for Dita {
    fn default() -> Self {
        Self { specializations: BTreeMap::new(), search: Searched::default(), page_url: "{path}.html".to_owned() }
    }
}

/// Rejects an address that would be the same for all pages. `place_of` returns where a key is set.
pub(super) fn check(dita: &Dita, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    if dita.page_url.contains("{path}") {
        return Ok(());
    }
    let message = format!(
        "dita.page_url: `{}` gives all pages the same address; use a placeholder, for example {{path}}.html",
        dita.page_url
    );
    Err(ConfigError::Invalid { place: place_of("dita.page_url"), message })
}

/// The DITA documents that a search includes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Searched {
    /// The documents that readers find in the published guide.
    #[default]
    Published,
    /// All documents.
    All,
}
