//! `trailblazer serve`

use std::net::SocketAddr;
use std::sync::Arc;

use super::Context;
use super::model::impatient_settings;
use super::rerank::reranker;
use crate::config::serve::{TOKENS_VARIABLE, parse_listen, tokens};
use crate::db::Connector;
use crate::error::{Exit, Result};
use crate::events::Event;
use crate::serve::{self, Models, Setup};
use crate::service;
use crate::stop::Stop;

/// Serve web pages, a JSON API, MCP and metrics over HTTP
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer serve                                Then open http://127.0.0.1:8080/
  trailblazer serve --listen 0.0.0.0:8080          Needs TRAILBLAZER_SERVE_TOKENS or a trusted proxy
  curl 'http://127.0.0.1:8080/api/search?q=claim'  JSON; described at /api/openapi.json

Paths: / search, /backlog, /api/…, /mcp (Model Context Protocol), /metrics, /healthz, /readyz.")]
pub struct Args {
    /// Address and port to listen on [default: serve.listen, which is 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS", value_parser = parse_listen)]
    pub listen: Option<SocketAddr>,
    /// Allow visitors to retry, reset and release runs on the backlog pages. The database role must be an admin role
    #[arg(long)]
    pub allow_changes: bool,
    /// Full-text search only, without a model
    #[arg(long)]
    pub text_only: bool,
}

/// Runs `trailblazer serve`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    // Install the signal handlers first, so that the server can be stopped while it starts.
    let stop = Stop::on_signals()?;
    let mut setup = setup(context, args.text_only)?;
    setup.allow_changes = args.allow_changes;
    if let Some(listen) = args.listen {
        setup.settings.listen = listen;
    }
    serve::run(setup, &stop, |address| {
        let url = format!("http://{address}/");
        context.events.emit(&Event::ServeStart { url: &url });
        log::info!("listening on {url}");
        service::ready(&format!("listening on {url}"));
    })?;
    // An idle server can end before the thread that waits for signals has told systemd.
    service::stopping();
    context.events.emit(&Event::ServeStop {});
    Ok(Exit::Done)
}

/// Returns the setup of a server: configuration, database and model.
pub(super) fn setup(context: &Context<'_>, text_only: bool) -> Result<Setup> {
    let tokens = tokens(&std::env::var(TOKENS_VARIABLE).unwrap_or_default())?;
    let connector = Connector::for_reading(&context.config)?;
    let changes = Connector::new(&context.config)?;
    // Report a missing schema or model now instead of with the first request.
    let mut client = connector.connect_ready()?;
    let models = Models::new((!text_only).then(|| impatient_settings(&context.config)), &mut client)?;
    drop(client);
    let reranker = if text_only { None } else { reranker(&context.config)?.map(Arc::new) };
    Ok(Setup {
        settings: context.config.serve.clone(),
        tokens,
        connector,
        changes,
        max_lag_seconds: context.config.database.max_lag_seconds,
        models,
        reranker,
        batch_tokens: context.config.embed.batch_tokens,
        allow_changes: false,
    })
}
