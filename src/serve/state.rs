//! The state that all requests share.

use std::sync::Arc;

use super::backlog::BacklogCache;
use super::limit::Limits;
use super::metrics::Metrics;
use super::model::Models;
use super::pool::Pool;
use crate::config::Serve;
use crate::config::serve::Token;
use crate::db::{Connector, health};
use crate::error::{Error, Result};
use crate::rerank::Reranker;

/// The configuration of the server.
pub struct Setup {
    /// The section `serve` of the configuration.
    pub settings: Serve,
    /// The tokens from the environment.
    pub tokens: Vec<Token>,
    /// The connector to the database that answers questions.
    pub connector: Connector,
    /// The connector to the database that accepts changes.
    pub changes: Connector,
    /// Commands warn if the standby is more than this number of seconds behind its primary.
    pub max_lag_seconds: u32,
    /// The model for questions.
    pub models: Models,
    /// The reranker, if one is configured.
    pub reranker: Option<Arc<Reranker>>,
    /// Maximum number of tokens in a batch for the provider.
    pub batch_tokens: usize,
    /// Whether pages may change the backlog.
    pub allow_changes: bool,
}

/// The state that all requests share. None of it must survive a restart.
pub struct State {
    pub(super) settings: Serve,
    pub(super) tokens: Vec<Token>,
    pub(super) pool: Pool,
    /// Connections that may write, only with `--allow-changes`.
    pub(super) changes: Option<Pool>,
    pub(super) models: Arc<Models>,
    pub(super) reranker: Option<Arc<Reranker>>,
    pub(super) max_lag_seconds: u32,
    pub(super) batch_tokens: usize,
    pub(super) limits: Limits,
    pub(super) metrics: Metrics,
    pub(super) backlog: BacklogCache,
}

impl State {
    /// Checks `setup` and opens the first connection.
    pub fn new(setup: Setup) -> Result<Arc<Self>> {
        let Setup {
            settings,
            tokens,
            connector,
            changes: writer,
            max_lag_seconds,
            models,
            reranker,
            batch_tokens,
            allow_changes,
        } = setup;
        refuse_open_door(&settings, &tokens)?;
        let connections = settings.connections as usize;
        let pool = Pool::new(connector, connections, true);
        let changes = if allow_changes {
            let changes = Pool::new(writer, 1, false);
            let kind = changes.now(health::rights)?.kind;
            if kind != Some("admin") {
                return Err(Error::NotReady {
                    message: "--allow-changes requires an admin role".into(),
                    hint: "Run `trailblazer db grant admin ROLE`, or omit --allow-changes.".into(),
                });
            }
            Some(changes)
        } else {
            None
        };
        Ok(Arc::new(Self {
            limits: Limits::new(&settings),
            metrics: Metrics::new(),
            settings,
            tokens,
            pool,
            changes,
            models: Arc::new(models),
            reranker,
            max_lag_seconds,
            batch_tokens,
            backlog: BacklogCache::default(),
        }))
    }
}

/// Rejects an address that other machines can reach, unless callers are authenticated.
fn refuse_open_door(settings: &Serve, tokens: &[Token]) -> Result<()> {
    let is_guarded = !tokens.is_empty() || settings.proxy_user_header.is_some();
    if settings.listen.ip().is_loopback() || is_guarded {
        return Ok(());
    }
    Err(Error::Refused {
        message: format!("other machines can reach {}, but callers are not authenticated", settings.listen),
        hint:
            "Set TRAILBLAZER_SERVE_TOKENS to tokens such as `openssl rand -hex 16` prints, or serve.proxy_user_header \
               with serve.trusted_proxies; or listen on 127.0.0.1."
                .into(),
    })
}
