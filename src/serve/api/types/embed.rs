//! Texts to embed, and their vectors.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Texts to embed.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmbedRequest {
    /// The texts, at most 256.
    #[schema(min_items = 1, max_items = 256)]
    pub texts: Vec<Text>,
    /// The type of the texts. Some models process questions and documents differently.
    #[serde(default)]
    pub kind: EmbedKind,
}

/// A text with a visible character.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(min_length = 1, pattern = r"\S")]
pub struct Text(pub String);

/// The type of texts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EmbedKind {
    /// Questions.
    #[default]
    Query,
    /// Parts of documents.
    Document,
}

/// Vectors of texts.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbedAnswer {
    /// The model. Pass it to `graphdb.search` as `p_model`.
    pub model: String,
    /// The dimension of a vector.
    pub dimension: usize,
    /// One vector for each text, in order.
    pub vectors: Vec<Vec<f32>>,
}
