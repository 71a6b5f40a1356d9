//! `confluence`: how pages are read.

use serde::Deserialize;

/// `confluence`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Confluence {
    /// Whether the comments on a page become a part of its document.
    pub comments: bool,
    /// What becomes of parts of a page that Confluence shows to some readers only.
    pub conditional_content: ConditionalContent,
    /// Groups that every reader belongs to. A space that one of them may view has no restriction.
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

/// What becomes of parts of a page that Confluence shows to some readers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionalContent {
    /// They are left out and counted.
    #[default]
    Drop,
    /// They are read as if everybody saw them.
    Keep,
}
