//! Prepares the configured model for the commands: its settings, its provider, and the limits of its chunks.

use std::sync::Arc;
use std::time::Duration;

use postgres::Client;

use crate::chunk::Limits;
use crate::config::{Chunk, Config, ConfigError, ProviderKind};
use crate::db::{calls, models, search};
use crate::embed::{self, EmbedError, Model, Prefixes, Provider};
use crate::error::Result;
use crate::events::EventWriter;
use crate::ids::Phase;
use crate::installed;
use crate::stop::Stop;
use crate::worker::waiting::{self, Reminder};

/// Timeout for an answer while a user waits for the command.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Returns the settings of the provider from the configuration and the environment.
#[must_use]
pub fn embed_settings(config: &Config) -> embed::Settings {
    embed::Settings {
        provider: config.embed.provider,
        model: config.embed.model.clone(),
        model_dirs: installed::model_folders(config),
        weights: config.embed.weights,
        base_url: config.embed.base_url.clone(),
        prefixes: Prefixes { query: config.embed.query_prefix.clone(), document: config.embed.document_prefix.clone() },
        api_key: std::env::var("TRAILBLAZER_EMBED_API_KEY").ok().filter(|key| !key.trim().is_empty()),
        dimensions: config.embed.dimensions,
        max_tokens: config.chunk.max_tokens,
        timeout: None,
    }
}

/// Returns the settings for a command with a waiting user.
#[must_use]
pub fn impatient_settings(config: &Config) -> embed::Settings {
    embed::Settings { timeout: Some(PATIENCE), ..embed_settings(config) }
}

/// Creates the provider for questions: of the served model, or of the configured model before the first model is registered.
/// Returns `None` with a warning if the served model differs from the configured model and cannot be used here.
pub fn served_provider(client: &mut Client, config: &Config) -> Result<Option<Box<dyn Provider>>> {
    let configured = impatient_settings(config);
    match models::served_model(client)? {
        Some(served) if served.name != configured.model_name() => {
            let made = embed::provider(&configured.for_model(&served));
            Ok(made.inspect_err(|error| log::warn!("{}", unusable(&served.name, error))).ok())
        }
        _ => Ok(Some(embed::provider(&configured)?)),
    }
}

/// Returns the notice that the served model cannot be used.
#[must_use]
pub fn unusable(served: &str, error: &EmbedError) -> String {
    format!("searches use {served}, which does not work here, so only full-text search is used: {error}")
}

/// The behavior while an embedding server is not available.
#[derive(Clone, Copy)]
pub struct Waiting<'a> {
    /// Whether to wait for a server that has never answered.
    pub watch: bool,
    /// Ends the wait.
    pub stop: &'a Stop,
    /// Receives reports of the wait.
    pub events: &'a EventWriter,
}

impl Waiting<'_> {
    /// Calls `ask` until the server at `server` answers. Returns `None` if a stop is requested first.
    fn for_answer<T: Send + 'static>(
        self,
        server: &str,
        ask: impl Fn() -> std::result::Result<T, EmbedError> + Clone + Send + 'static,
    ) -> Result<Option<T>> {
        let reminder = Reminder::new(self.events);
        let goes_on = |waited: Duration| {
            reminder.tell_of_silence(server, waited);
            !self.stop.is_asked()
        };
        while !self.stop.is_asked() {
            match waiting::answer(ask.clone(), goes_on) {
                Some(Err(error)) if error.is_worth_a_wait(self.watch) => {
                    reminder.tell_of(&error);
                    self.stop.sleep(waiting::pause(&error));
                }
                Some(answer) => return Ok(Some(answer?)),
                None => break,
            }
        }
        Ok(None)
    }
}

/// Creates the provider for the phases. Returns `None` if a stop is requested while the server is not available.
pub fn wait_for_provider(
    settings: &embed::Settings,
    phases: &[Phase],
    waiting: Waiting<'_>,
) -> Result<Option<Arc<dyn Provider>>> {
    if !phases.contains(&Phase::Embed) {
        return Ok(Some(embed::unasked_provider(settings)?.into()));
    }
    let Some(server) = settings.server() else { return Ok(Some(embed::provider(settings)?.into())) };
    let settings = settings.clone();
    let made = waiting.for_answer(&server, move || embed::provider(&settings))?;
    Ok(made.map(Into::into))
}

/// Returns a warning if a well-known model is used without its usual prefixes.
#[must_use]
pub fn missing_prefixes(config: &Config, model: &Model) -> Option<String> {
    let embed = &config.embed;
    // If a prefix is configured, even an empty one, the warning is unnecessary.
    let is_set = embed.query_prefix.is_some() || embed.document_prefix.is_some();
    let has_any = !model.query_prefix.is_empty() || !model.document_prefix.is_empty();
    if is_set || has_any || embed.provider == ProviderKind::Hash {
        return None;
    }
    let (query, document) = embed::usual_prefixes(&embed.model)?;
    let name = &embed.model;
    Some(format!(
        "{name} finds more with its prefixes: set embed.query_prefix to {query:?} and embed.document_prefix to {document:?}, \
         or both to \"\" to go without"
    ))
}

/// Returns whether to measure the maximum number of tokens that the server reads from a text: the limit is unknown or
/// smaller than the configured chunks.
#[must_use]
pub fn lacks_limit(config: &Config, known: Option<usize>) -> bool {
    config.embed.provider == ProviderKind::OpenAi
        && known.is_none_or(|known| config.chunk.max_tokens.is_some_and(|configured| configured > known))
}

/// Measures the maximum number of tokens that the server reads from a text.
/// Returns `None` if the provider knows its limit, or if a stop is requested first.
pub fn ask_for_limit(provider: &Arc<dyn Provider>, waiting: Waiting<'_>) -> Result<Option<usize>> {
    let Some(server) = provider.server().map(str::to_owned) else { return Ok(None) };
    let asked = Arc::clone(provider);
    let found = waiting.for_answer(&server, move || asked.find_limit(asked.model().max_tokens))?;
    Ok(found.flatten())
}

/// Stores the measured token limit of a registered model, and warns if it is less than the assumed limit.
pub fn store_limit(client: &mut Client, model: &Model, known: Option<usize>, found: usize) -> Result<()> {
    if known == Some(found) {
        return Ok(());
    }
    let name = &model.name;
    calls::set_model_limit(client, name, found)?;
    if known.is_none() && found < model.max_tokens {
        log::warn!("{name} reads only the first {found} tokens of a text; longer chunks would lose their ends");
        if search::has_vectors(client, name)? {
            log::warn!(
                "texts that were embedded before may lack their ends; to embed them again: \
                 trailblazer runs reset --embedding-model {name}"
            );
        }
    }
    Ok(())
}

/// Returns the limits for the size of chunks. Rejects sizes that do not fit the model or each other.
/// `found` is the measured limit.
pub fn limits(config: &Config, provider: &dyn Provider, found: Option<usize>) -> Result<Limits> {
    let Model { name, document_prefix, max_tokens: most, .. } = provider.model();
    let tokenizer = provider.tokenizer();
    let most = found.unwrap_or(*most);
    // The prefix is added to every text that is embedded, so its tokens count.
    let most = most.saturating_sub(tokenizer.count(document_prefix).saturating_sub(tokenizer.special_tokens()));
    let Chunk { max_tokens, min_tokens, overlap_tokens } = config.chunk;
    let max_tokens = max_tokens.unwrap_or(most);
    let refused = |key: &str, message| Err(ConfigError::Invalid { place: key.into(), message }.into());
    if max_tokens > most {
        let message = format!("{max_tokens} is more than {most}, the limit of {name}; lower it or set it to auto");
        return refused("chunk.max_tokens", message);
    }
    if max_tokens < Limits::LEAST {
        let message = format!("{name} reads {max_tokens} tokens of a text, and a chunk needs {}", Limits::LEAST);
        return refused("embed.model", message);
    }
    // If only chunk.max_tokens is set, the default of chunk.min_tokens is reduced.
    if min_tokens > max_tokens && min_tokens != Chunk::default().min_tokens {
        let message = format!("{min_tokens} is more than {max_tokens}, the maximum size of a chunk; lower it");
        return refused("chunk.min_tokens", message);
    }
    if overlap_tokens > max_tokens / 2 {
        let message =
            format!("{overlap_tokens} is more than half of {max_tokens}, the maximum size of a chunk; lower it");
        return refused("chunk.overlap_tokens", message);
    }
    Ok(Limits { max_tokens, min_tokens: min_tokens.min(max_tokens), overlap_tokens })
}
