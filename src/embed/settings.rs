//! From configured values to a provider.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::openai::Patience;
use super::{EmbedError, Hash, Local, OpenAi, Prefixes, Provider, ProviderKind, Weights};

/// What the configuration says of embedding.
#[derive(Clone, Default)]
pub struct Settings {
    /// Who computes the vectors.
    pub provider: ProviderKind,
    /// Name of the model; for `local` also the path of a sentence-transformer folder.
    pub model: String,
    /// Where `local` looks for models by name, one folder a model.
    pub model_dir: PathBuf,
    /// How `local` keeps the model's weights.
    pub weights: Weights,
    /// Address that `/embeddings` is appended to, for `openai`.
    pub base_url: Option<String>,
    /// Sent as a bearer token, for `openai`.
    pub api_key: Option<String>,
    /// Asked of `openai` models that can shorten their vectors.
    pub dimensions: Option<usize>,
    /// Prefixes that replace those of the model's files.
    pub prefixes: Prefixes,
    /// Maximum number of tokens of a text, where the provider cannot tell.
    pub max_tokens: Option<usize>,
    /// How long one request to a server may take; null: two minutes.
    pub timeout: Option<Duration>,
}

impl Settings {
    /// Returns the name that the model will have, without loading it or asking for it.
    #[must_use]
    pub fn model_name(&self) -> String {
        match self.provider {
            ProviderKind::Hash => Hash::MODEL.to_owned(),
            ProviderKind::Local => self.prefixes.model_name(&Local::name(&self.model_folder(), self.weights)),
            ProviderKind::OpenAi => self.prefixes.model_name(&self.model),
        }
    }

    /// Returns the address of the server that will embed, without user and password; none where this process does.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        (self.provider == ProviderKind::OpenAi).then(|| OpenAi::server_of(self))
    }

    /// The folder of a `local` model: the path that `model` is, or the folder of that name.
    fn model_folder(&self) -> PathBuf {
        let path = Path::new(&self.model);
        if path.components().count() > 1 || path.is_dir() { path.to_owned() } else { self.model_dir.join(path) }
    }
}

impl fmt::Debug for Settings {
    /// Leaves the key out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("model_dir", &self.model_dir)
            .field("weights", &self.weights)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .field("dimensions", &self.dimensions)
            .field("prefixes", &self.prefixes)
            .field("max_tokens", &self.max_tokens)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Makes the provider that `settings` ask for, for whoever needs its tokenizer and the limits of its model only: no server is asked,
/// and the dimension may be 0.
pub fn unasked_provider(settings: &Settings) -> Result<Box<dyn Provider>, EmbedError> {
    match settings.provider {
        ProviderKind::OpenAi => Ok(Box::new(OpenAi::unasked(settings, Patience::default())?)),
        ProviderKind::Hash | ProviderKind::Local => provider(settings),
    }
}

/// Makes the provider that `settings` ask for.
pub fn provider(settings: &Settings) -> Result<Box<dyn Provider>, EmbedError> {
    Ok(match settings.provider {
        ProviderKind::Hash => Box::new(Hash::new()),
        ProviderKind::Local => {
            let local = Local::load(&settings.model_folder(), settings.weights)?;
            Box::new(local.with_prefixes(&settings.prefixes))
        }
        ProviderKind::OpenAi => Box::new(OpenAi::new(settings)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_model_that_is_missing_is_named_with_the_way_out() {
        let settings = Settings {
            provider: ProviderKind::Local,
            model: "all-MiniLM-L6-v2".into(),
            model_dir: "no/models".into(),
            ..Settings::default()
        };
        let message = provider(&settings).err().unwrap().to_string();
        assert!(message.contains("no/models/all-MiniLM-L6-v2/config.json"), "{message}");
        assert!(message.contains("make setup"), "{message}");
    }

    #[test]
    fn the_hash_provider_is_found_by_name() {
        let settings = Settings { provider: ProviderKind::Hash, ..Settings::default() };
        assert_eq!(provider(&settings).unwrap().model().name, "hash-384");
    }

    #[test]
    fn debug_output_never_shows_the_key() {
        let settings = Settings { api_key: Some("sk-secret".into()), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
