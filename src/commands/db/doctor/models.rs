//! Checks the models: the configured model, the one that searches use, and the vectors of each.

use postgres::Client;

use super::Doctor;
use crate::commands::model::{impatient_settings, limits, missing_prefixes};
use crate::db::health::{self, ModelUse};
use crate::db::{calls, models};
use crate::embed::{self, Model};
use crate::error::{Error, Result};
use crate::terminal::counted;

impl Doctor<'_> {
    /// Checks the configured model, the served model, and the vectors of all models.
    pub(super) fn models(&mut self, client: &mut Client, is_admin: bool) -> Result<()> {
        let provider = match embed::provider(&impatient_settings(&self.context.config)) {
            Ok(provider) => provider,
            Err(error) => {
                let error = Error::Embed(error);
                return self.misfit(
                    "model",
                    &error,
                    "Correct the configuration: embed.provider, embed.model, embed.base_url or TRAILBLAZER_EMBED_API_KEY.",
                );
            }
        };
        let wanted = provider.model();
        let found = calls::model_limit(client, &wanted.name)?;
        let reads = match (found, wanted.provider.as_str()) {
            (Some(tokens), _) => format!(", reads {} of a text", counted(tokens, "token")),
            (None, "openai") => format!(", assumes a limit of {} of a text", counted(wanted.max_tokens, "token")),
            (None, _) => format!(", reads {} of a text", counted(wanted.max_tokens, "token")),
        };
        let detail = format!("{} of provider {}, {} dimensions{reads}", wanted.name, wanted.provider, wanted.dimension);
        self.ok("model", &detail)?;
        let served = models::served(client)?;
        if let Some(served) = &served {
            self.served_model(served, &wanted.name)?;
        }
        if let Some(advice) = missing_prefixes(&self.context.config, wanted) {
            self.note("model", &advice)?;
        }
        match limits(&self.context.config, provider.as_ref(), found) {
            Ok(limits) => self.ok("chunks", &format!("at most {}", counted(limits.max_tokens, "token")))?,
            Err(error) => self.misfit("chunks", &error, "Correct the configuration. A run would reject it.")?,
        }
        for found in health::models(client)? {
            self.vectors(&found, wanted, served.as_deref())?;
        }
        let useless = if is_admin { calls::prune_embeddings(client, true, None, None)?.deleted } else { 0 };
        if useless > 0 {
            let detail = format!("{} of texts that no run contains", counted(useless, "vector"));
            self.note("vectors", &format!("{detail}; to delete them: trailblazer db prune"))?;
        }
        Ok(())
    }

    fn served_model(&mut self, served: &str, wanted: &str) -> Result<()> {
        if served == wanted {
            return self.ok("model", &format!("searches use {served}"));
        }
        self.note(
            "model",
            &format!(
                "searches use {served}, and the configuration names {wanted}: to prepare {wanted} and switch: trailblazer run; \
                 to keep {served}, set embed.model back"
            ),
        )
    }

    /// Reports the vectors of a registered model.
    fn vectors(&mut self, found: &ModelUse, wanted: &Model, served: Option<&str>) -> Result<()> {
        let model = &found.model;
        let detail = format!(
            "{model}: {} of {}, {}",
            counted(found.vectors, "vector"),
            counted(found.dimension, "dimension"),
            counted(found.runs, "run")
        );
        if *model == wanted.name && usize::try_from(found.dimension) != Ok(wanted.dimension) {
            let hint = "Use a different name for the configured model, because the registered model has a different dimension.";
            return self.misfit("vectors", &Error::Model { message: detail, hint: hint.into() }, hint);
        }
        if found.wrong_dimension > 0 {
            let detail = format!("{detail}; {} have a different dimension", found.wrong_dimension);
            return self.bad("vectors", &detail, "Delete them and reset their runs.");
        }
        if *model == wanted.name || served == Some(model.as_str()) {
            return self.ok("vectors", &detail);
        }
        self.note(
            "vectors",
            &format!(
                "{detail}; searches do not use them; to go back to them: trailblazer models switch {model}; to delete them: \
                 trailblazer models drop {model}"
            ),
        )
    }
}
