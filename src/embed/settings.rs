//! Creates a provider from the configuration.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::openai::Patience;
use super::{EmbedError, Hash, Local, Model, OpenAi, Prefixes, Provider, ProviderKind, Weights};

/// The configuration of embedding.
#[derive(Clone, Default)]
pub struct Settings {
    /// The provider that computes the vectors.
    pub provider: ProviderKind,
    /// Name of the model. For `local`, it can also be the path of a sentence-transformer folder.
    pub model: String,
    /// The folders where `local` looks for models, in order. Each model has a folder with its name.
    pub model_dirs: Vec<PathBuf>,
    /// The precision in which `local` stores the weights.
    pub weights: Weights,
    /// The address of the API for `openai`, to which `/embeddings` is appended.
    pub base_url: Option<String>,
    /// The bearer token, for `openai`.
    pub api_key: Option<String>,
    /// The dimension to request from `openai` models that can shorten their vectors.
    pub dimensions: Option<usize>,
    /// Prefixes that replace the prefixes in the model's files.
    pub prefixes: Prefixes,
    /// Maximum number of tokens in a text, if the provider does not know it.
    pub max_tokens: Option<usize>,
    /// Timeout of one request to a server. `None` means two minutes.
    pub timeout: Option<Duration>,
}

/// The end of the name of a `local` model with weights of 8 bits.
pub(super) const INT8: &str = "-int8";

impl Settings {
    /// Returns the name that the model will have, without loading the model or sending a request.
    #[must_use]
    pub fn model_name(&self) -> String {
        match self.provider {
            ProviderKind::Hash => Hash::MODEL.to_owned(),
            ProviderKind::Local => self.prefixes.model_name(&Local::name(&self.model_folder(), self.weights)),
            ProviderKind::OpenAi => self.prefixes.model_name(&self.model),
        }
    }

    /// Returns the settings for a registered model, which may differ from the configured model.
    #[must_use]
    pub fn for_model(&self, model: &Model) -> Self {
        if model.name == self.model_name() {
            return self.clone();
        }
        let own = Prefixes { query: Some(model.query_prefix.clone()), document: Some(model.document_prefix.clone()) };
        let mut settings = Self { dimensions: self.dimensions.map(|_| model.dimension), ..self.clone() };
        // Prefixes that are not in the name come from the files of the model.
        let suffix = own.model_name("");
        let plain = model.name.strip_suffix(&suffix).filter(|_| !suffix.is_empty());
        (settings.model, settings.prefixes) =
            plain.map_or_else(|| (model.name.clone(), Prefixes::default()), |name| (name.to_owned(), own));
        settings.provider = match model.provider.as_str() {
            "hash" => ProviderKind::Hash,
            "openai" => ProviderKind::OpenAi,
            _ => ProviderKind::Local,
        };
        if settings.provider == ProviderKind::Local {
            // The configured model may be a path, and the other model may be in the same folder.
            settings.model_dirs.extend(self.model_folder().parent().map(Path::to_owned));
            settings.weights = Weights::F32;
            let plain = settings.model.strip_suffix(INT8).map(str::to_owned);
            if let Some(plain) = plain.filter(|_| !settings.model_folder().is_dir()) {
                (settings.model, settings.weights) = (plain, Weights::Int8);
            }
        }
        settings
    }

    /// Returns the address of the embedding server without user and password, or `None` if this process computes the vectors.
    #[must_use]
    pub fn server(&self) -> Option<String> {
        (self.provider == ProviderKind::OpenAi).then(|| OpenAi::server_of(self))
    }

    /// Returns the folder of a `local` model: the path in `model`, or the folder with that name.
    #[must_use]
    pub fn model_folder(&self) -> PathBuf {
        let path = Path::new(&self.model);
        if path.components().count() > 1 || path.is_dir() { path.to_owned() } else { self.installed(path) }
    }

    /// Returns the first existing folder with this name, or the folder in the first of `model_dirs` if none exists.
    pub(super) fn installed(&self, name: &Path) -> PathBuf {
        let mut folders = self.model_dirs.iter().map(|folder| folder.join(name));
        let first = folders.next().unwrap_or_else(|| name.to_owned());
        if first.is_dir() { first } else { folders.find(|folder| folder.is_dir()).unwrap_or(first) }
    }
}

impl fmt::Debug for Settings {
    /// Formats the settings without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .field("model_dirs", &self.model_dirs)
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

/// Creates a provider for callers that need only the tokenizer and the limits of the model.
/// It sends no request, so the dimension may be 0.
pub fn unasked_provider(settings: &Settings) -> Result<Box<dyn Provider>, EmbedError> {
    match settings.provider {
        ProviderKind::OpenAi => Ok(Box::new(OpenAi::unasked(settings, Patience::default())?)),
        ProviderKind::Hash | ProviderKind::Local => provider(settings),
    }
}

/// Creates the provider that `settings` describe.
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
            model_dirs: vec!["no/models".into(), "neither/models".into()],
            ..Settings::default()
        };
        let message = provider(&settings).err().unwrap().to_string();
        assert!(message.contains("no/models/all-MiniLM-L6-v2/config.json"), "{message}");
        assert!(message.contains("trailblazer setup"), "{message}");
    }

    #[test]
    fn the_hash_provider_is_found_by_name() {
        let settings = Settings { provider: ProviderKind::Hash, ..Settings::default() };
        assert_eq!(provider(&settings).unwrap().model().name, "hash-384");
    }

    #[test]
    fn a_registered_model_has_settings_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["configured", "small", "other-int8"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let configured = Settings {
            provider: ProviderKind::Local,
            model: folder.path().join("configured").display().to_string(),
            weights: Weights::Int8,
            prefixes: Prefixes { query: Some("query: ".into()), document: Some("passage: ".into()) },
            ..Settings::default()
        };
        let of = |name: &str, query: &str, provider: &str| {
            let model = Model {
                name: name.into(),
                provider: provider.into(),
                dimension: 3,
                normalized: true,
                query_prefix: query.into(),
                document_prefix: String::new(),
                max_tokens: 0,
            };
            configured.for_model(&model)
        };
        for (name, query, weights) in [
            ("small", "", Weights::F32),
            ("small-int8", "", Weights::Int8),
            ("other-int8", "", Weights::F32),
            ("small+question", "question: ", Weights::F32),
            ("small-int8+question", "question: ", Weights::Int8),
            ("configured-int8+query+passage", "query: ", Weights::Int8),
        ] {
            let settings = of(name, query, "local");
            assert_eq!(settings.model_name(), name);
            assert_eq!(settings.weights, weights, "{name}");
            assert!(settings.model_folder().is_dir(), "{name}");
        }
        // These prefixes come from the files of the model.
        assert_eq!(of("small", "query: ", "local").prefixes, Prefixes::default());
        assert_eq!(of("hash-384", "", "hash").provider, ProviderKind::Hash);
        assert_eq!(of("text-embedding-3-small", "", "openai").model, "text-embedding-3-small");
    }

    #[test]
    fn debug_output_never_shows_the_key() {
        let settings = Settings { api_key: Some("sk-secret".into()), ..Settings::default() };
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
