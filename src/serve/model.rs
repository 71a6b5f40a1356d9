//! The model for questions. It follows the served model of the database, which can change while the server runs.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postgres::Client;

use crate::db::models;
use crate::embed::{self, Provider, Settings};
use crate::error::Result;
use crate::lock::locked;

/// The time after which the server tries again to load a model that could not be loaded.
const REST: Duration = Duration::from_secs(30);

/// The provider for questions.
pub struct Models {
    /// The settings of the configured model. `None`: only full-text search is used.
    settings: Option<Settings>,
    loaded: Mutex<Loaded>,
}

#[derive(Default)]
struct Loaded {
    provider: Option<Arc<dyn Provider>>,
    /// The model that could not be loaded, and the time of the attempt.
    failed: Option<(String, Instant)>,
}

/// The provider of the served model, or the notice that it cannot be used.
pub(super) struct Served {
    pub provider: Option<Arc<dyn Provider>>,
    pub notice: Option<String>,
}

impl Models {
    /// Loads the served model. If it is the configured model, it must be usable.
    pub fn new(settings: Option<Settings>, client: &mut Client) -> Result<Self> {
        let models = Self { settings, loaded: Mutex::default() };
        if let Some(settings) = &models.settings {
            let name = models::served(client)?;
            if name.is_none_or(|name| name == settings.model_name()) {
                models.lock().provider = Some(embed::provider(settings)?.into());
            } else if let Some(notice) = models.served(client)?.notice {
                log::warn!("{notice}");
            }
        }
        Ok(models)
    }

    /// Returns the provider of the served model. Loads the model if it has become the served model since the last call.
    pub(super) fn served(&self, client: &mut Client) -> Result<Served> {
        let Some(settings) = &self.settings else { return Ok(Served { provider: None, notice: None }) };
        let served = models::served_model(client)?;
        let mut loaded = self.lock();
        let Some(served) = served else { return Ok(Served { provider: loaded.provider.clone(), notice: None }) };
        if let Some(provider) = loaded.provider.as_ref().filter(|provider| provider.model().name == served.name) {
            return Ok(Served { provider: Some(Arc::clone(provider)), notice: None });
        }
        let tried = loaded.failed.take().filter(|(name, at)| *name == served.name && at.elapsed() < REST);
        let failed = match tried {
            Some(failed) => failed,
            None => match embed::provider(&settings.for_model(&served)) {
                Ok(provider) => {
                    log::info!("questions are embedded with {}", served.name);
                    let provider: Arc<dyn Provider> = provider.into();
                    loaded.provider = Some(Arc::clone(&provider));
                    return Ok(Served { provider: Some(provider), notice: None });
                }
                Err(error) => {
                    log::warn!("cannot load {}, which searches use now: {error}", served.name);
                    (served.name, Instant::now())
                }
            },
        };
        let notice = format!("Searches use {}, which this server cannot load.", failed.0);
        loaded.failed = Some(failed);
        Ok(Served { provider: None, notice: Some(notice) })
    }

    /// Returns the name of the model that was used last.
    pub(super) fn name(&self) -> String {
        self.lock().provider.as_ref().map_or_else(|| "none".into(), |provider| provider.model().name.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Loaded> {
        locked(&self.loaded)
    }
}
