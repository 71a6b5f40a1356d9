//! `confluence`: the configuration of the Confluence reader.

use serde::Deserialize;

/// `confluence`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Confluence {
    /// Whether a document includes the comments on its page.
    pub comments: bool,
    /// How attached files are processed.
    pub attachments: Attachments,
    /// How to convert the parts of a page that Confluence shows only to some readers.
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

/// How attached files are processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Attachments {
    /// The document of the page lists their names.
    #[default]
    Names,
    /// The same, and each file with readable text becomes a document below its page.
    Text,
}

/// How to convert the parts of a page that Confluence shows only to some readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConditionalContent {
    /// Omit them, and count them in the losses.
    #[default]
    Drop,
    /// Keep them, as if everybody could see them.
    Keep,
}
