//! The configured model, as the commands need it: what it is made from, its provider, and how large its chunks may be.

use std::time::Duration;

use crate::chunk::Limits;
use crate::config::{Chunk, Config, ConfigError};
use crate::embed::{self, Model, Provider};
use crate::error::Result;
use crate::events::EventWriter;
use crate::ids::Phase;
use crate::stop::Stop;
use crate::worker::waiting::{self, Reminder};

/// How long a command that somebody waits for waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns what the configuration and the environment say of the provider.
#[must_use]
pub fn embed_settings(config: &Config) -> embed::Settings {
    embed::Settings {
        provider: config.embed.provider,
        model: config.embed.model.clone(),
        model_dir: config.workspace.dir.join("models"),
        weights: config.embed.weights,
        base_url: config.embed.base_url.clone(),
        api_key: std::env::var("TRAILBLAZER_EMBED_API_KEY").ok().filter(|key| !key.trim().is_empty()),
        dimensions: config.embed.dimensions,
        max_tokens: config.chunk.max_tokens,
        timeout: None,
    }
}

/// Returns the same for a command that somebody waits for.
#[must_use]
pub fn impatient_settings(config: &Config) -> embed::Settings {
    embed::Settings { timeout: Some(PATIENCE), ..embed_settings(config) }
}

/// Makes the provider for the phases; a server that is busy is waited for, and with `watch` one that is away. None when a stop was
/// asked for first.
pub fn wait_for_provider(
    settings: &embed::Settings,
    phases: &[Phase],
    watch: bool,
    stop: &Stop,
    events: &EventWriter,
) -> Result<Option<Box<dyn Provider>>> {
    if !phases.contains(&Phase::Embed) {
        return Ok(Some(embed::unasked_provider(settings)?));
    }
    let Some(server) = settings.server() else { return Ok(Some(embed::provider(settings)?)) };
    let reminder = Reminder::new(events);
    let goes_on = |waited: Duration| {
        reminder.tell_of_silence(&server, waited);
        !stop.is_asked()
    };
    while !stop.is_asked() {
        let settings = settings.clone();
        match waiting::answer(move || embed::provider(&settings), goes_on) {
            Some(Err(error)) if error.is_worth_a_wait(watch) => {
                reminder.tell_of(&error);
                stop.sleep(waiting::pause(&error));
            }
            Some(made) => return Ok(Some(made?)),
            None => break,
        }
    }
    Ok(None)
}

/// Returns how large chunks may be; refuses sizes that do not fit the model or each other.
pub fn limits(config: &Config, provider: &dyn Provider) -> Result<Limits> {
    let Model { name, document_prefix, max_tokens: most, .. } = provider.model();
    let tokenizer = provider.tokenizer();
    // The prefix is put before every text that is embedded, and counts.
    let most = most.saturating_sub(tokenizer.count(document_prefix).saturating_sub(tokenizer.special_tokens()));
    let Chunk { max_tokens, min_tokens, overlap_tokens } = config.chunk;
    let max_tokens = max_tokens.unwrap_or(most);
    let refused = |key: &str, message| Err(ConfigError::Invalid { place: key.into(), message }.into());
    if max_tokens > most {
        let message = format!("{max_tokens} is more than {name} takes, {most}; lower it, or set it to auto");
        return refused("chunk.max_tokens", message);
    }
    // The default gives way where only chunk.max_tokens was set.
    if min_tokens > max_tokens && min_tokens != Chunk::default().min_tokens {
        let message = format!("{min_tokens} is more than a chunk may have, {max_tokens}; lower it");
        return refused("chunk.min_tokens", message);
    }
    if overlap_tokens > max_tokens / 2 {
        let message = format!("{overlap_tokens} is more than half of what a chunk may have, {max_tokens}; lower it");
        return refused("chunk.overlap_tokens", message);
    }
    Ok(Limits { max_tokens, min_tokens: min_tokens.min(max_tokens), overlap_tokens })
}
