//! `confluence`: the configuration of the Confluence reader.

use serde::Deserialize;

/// `confluence`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "keys with values below it")]
pub struct Confluence {
    /// Whether a document includes the comments on its page.
    pub comments: bool,
    /// What becomes of the files attached to pages.
    pub attachments: Attachments,
    /// What becomes of parts of a page that Confluence shows to some readers only.
    pub conditional_content: ConditionalContent,
    /// Groups that include every reader. If one of them may view a space, the space has no restriction.
    pub everybody: Vec<String>,
}

impl Default for Confluence {
    fn default() -> Self {
        Self {
            comments: false,
            attachments: Attachments::Names,
            conditional_content: ConditionalContent::Drop,
            everybody: vec!["confluence-users".to_owned(), "users".to_owned()],
        }
    }
}

/// What becomes of the files attached to pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attachments {
    /// The document of the page names them.
    #[default]
    Names,
    /// In addition, each file with readable text becomes a document below its page.
    Text,
}

/// What becomes of parts of a page that Confluence shows to some readers only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionalContent {
    /// Omit and count them.
    #[default]
    Drop,
    /// Keep them, as if everybody could see them.
    Keep,
}
