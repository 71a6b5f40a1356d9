//! `embed`: the provider and its model.

use serde::Deserialize;
use serde::de::{self, Deserializer};

use super::ConfigError;
use super::values::in_range;

/// The name of the only model of the provider `hash`.
pub const HASH_MODEL: &str = "hash-384";

/// `embed`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, expecting = "a section with keys")]
pub struct Embed {
    /// The provider that computes the vectors.
    pub provider: ProviderKind,
    /// The name of the model. For `local`, it can also be the path of a sentence-transformer folder.
    pub model: String,
    /// The precision in which `local` stores the weights.
    pub weights: Weights,
    /// The address of the API for `openai`, to which `/embeddings` is appended.
    pub base_url: Option<String>,
    /// The prefix that `openai` and `local` add to a question. `None` means the prefix in the model's files.
    pub query_prefix: Option<String>,
    /// The prefix that they add to a text of a document. `None` means the prefix in the model's files.
    pub document_prefix: Option<String>,
    /// The dimension to request from `openai` models that can shorten their vectors.
    #[serde(deserialize_with = "dimensions")]
    pub dimensions: Option<usize>,
    /// Maximum number of tokens in a batch for the provider.
    #[serde(deserialize_with = "batch_tokens")]
    pub batch_tokens: usize,
    /// The type of vectors in the indexes.
    pub vector_index: VectorIndex,
}

impl Default for Embed {
    fn default() -> Self {
        Self {
            provider: ProviderKind::Local,
            model: "all-MiniLM-L6-v2".into(),
            weights: Weights::F32,
            base_url: None,
            query_prefix: None,
            document_prefix: None,
            dimensions: None,
            batch_tokens: 8192,
            vector_index: VectorIndex::Vector,
        }
    }
}

/// The provider that computes the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// A sentence-transformer in this process.
    #[default]
    Local,
    /// A server with the `/v1/embeddings` interface.
    OpenAi,
    /// Vectors from hashes of words, without a model. It is for development.
    Hash,
}

/// The precision in which the `local` provider stores the weights of a model's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weights {
    /// Unchanged 32-bit floats.
    #[default]
    F32,
    /// 8-bit integers. This is faster, and the vectors are almost the same.
    Int8,
}

/// The type of vectors in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VectorIndex {
    /// 32-bit floats.
    #[default]
    Vector,
    /// 16-bit floats, which need half the space.
    Halfvec,
}

/// Rejects settings that the provider cannot use or would ignore.
pub(super) fn check(embed: &Embed, names_model: bool, place_of: impl Fn(&str) -> String) -> Result<(), ConfigError> {
    let refused_at = |place: &str, key: &str, message: &str| {
        Err(ConfigError::Invalid { place: place_of(place), message: format!("{key}: {message}") })
    };
    let refused = |key: &str, message: &str| refused_at(key, key, message);
    // The default model belongs to another provider. A file that contains only the default does not choose a model.
    let asks_for_a_model = embed.model != Embed::default().model && embed.model != HASH_MODEL;
    if embed.provider == ProviderKind::Hash && asks_for_a_model {
        let only = format!("the provider `hash` has only the model `{HASH_MODEL}`");
        return refused("embed.model", &format!("{only}; remove this key, or set embed.provider to another provider"));
    }
    if !embed.base_url.as_deref().is_none_or(names_server) {
        return refused(
            "embed.base_url",
            "expected http:// or https:// and a server, for example http://localhost:8080/v1",
        );
    }
    let of_one_provider = [
        ("embed.base_url", ProviderKind::OpenAi, embed.base_url.is_some()),
        ("embed.dimensions", ProviderKind::OpenAi, embed.dimensions.is_some()),
        ("embed.weights", ProviderKind::Local, embed.weights != Weights::F32),
    ];
    for (key, provider, is_set) in of_one_provider {
        if is_set && provider != embed.provider {
            let only = if provider == ProviderKind::OpenAi { "openai" } else { "local" };
            let message =
                format!("this key is only for the provider `{only}`; remove it, or set embed.provider to {only}");
            return refused(key, &message);
        }
    }
    let prefixes = [("embed.query_prefix", &embed.query_prefix), ("embed.document_prefix", &embed.document_prefix)];
    if let (ProviderKind::Hash, Some((key, _))) = (embed.provider, prefixes.iter().find(|(_, prefix)| prefix.is_some()))
    {
        return refused(
            key,
            "the provider `hash` does not use prefixes; remove this key, or set embed.provider to another provider",
        );
    }
    // A different server may have a model with this name, so an explicit name is accepted.
    let has_model = names_model && (embed.model != Embed::default().model || embed.base_url.is_some());
    if embed.provider == ProviderKind::OpenAi && !has_model {
        let message =
            "the provider `openai` needs the name of a model on its server, for example text-embedding-3-small";
        return refused_at("embed.provider", "embed.model", message);
    }
    Ok(())
}

/// Returns whether an address has a supported scheme and a host.
pub(super) fn names_server(address: &str) -> bool {
    let address = address.to_ascii_lowercase();
    let rest = address.strip_prefix("http://").or_else(|| address.strip_prefix("https://"));
    let server = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    let host = server.rsplit('@').next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':')
}

/// Parses a dimension, up to the maximum of pgvector.
fn dimensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    let refused = || de::Error::custom("expected a whole number from 1 to 16000");
    match Option::<usize>::deserialize(deserializer).map_err(|_| refused())? {
        Some(number) if !(1..=16_000).contains(&number) => Err(refused()),
        number => Ok(number),
    }
}

/// Parses a number of tokens that is at least [`SMALLEST_CHUNK`].
fn batch_tokens<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    in_range(deserializer, 24, 10_000_000).map(|number| number as usize)
}
