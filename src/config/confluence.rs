//! `confluence`: the configuration of the Confluence reader.

use serde::Deserialize;

/// `confluence`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Confluence {
    /// Whether a document includes the comments on its page.
    pub comments: bool,
    /// What to do with parts of a page that Confluence shows only to some readers.
    pub conditional_content: ConditionalContent,
    /// Groups that include every reader. If one of them may view a space, the space has no restriction.
    pub everybody: Vec<String>,
}

impl Default for Confluence {
    fn default() -> Self {
        Self {
            comments: false,
            conditional_content: ConditionalContent::Drop,
            everybody: vec!["confluence-users".to_owned(), "users".to_owned()],
        }
    }
}

/// What to do with parts of a page that Confluence shows only to some readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionalContent {
    /// Omit and count them.
    #[default]
    Drop,
    /// Keep them, as if everybody could see them.
    Keep,
}
