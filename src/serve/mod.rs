//! The web pages, the JSON API, MCP and metrics.
//!
//! This is a thin, stateless layer over the SQL functions, and the only asynchronous part of the program. Tokio handles the
//! network. Database access and computations run on blocking threads ([`pool`], [`knowledge`]).

#![allow(clippy::unused_async, reason = "axum calls asynchronous functions only")]

mod actions;
mod api;
mod backlog;
mod caller;
mod guard;
mod knowledge;
mod limit;
pub mod mcp;
mod metrics;
mod model;
mod page;
mod pool;
mod problem;
mod state;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tower::Layer as _;

pub use api::openapi;
pub use model::Models;
pub use state::{Setup, State};

use crate::error::{Error, Result};
use crate::service;
use crate::stop::Stop;

/// Maximum size of a request body.
const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// The maximum time that current requests may continue after a stop was requested.
const GRACE: Duration = Duration::from_secs(10);
/// The interval at which the server checks for a stop request.
const LOOK: Duration = Duration::from_millis(50);

/// Answers HTTP requests until `stop` is requested. `listening` gets the address when the port is open.
pub fn run(setup: Setup, stop: &Stop, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    let runtime = runtime()?;
    let state = State::new(setup)?;
    let served = runtime.block_on(serve(Arc::clone(&state), stop, listening));
    // Connections that exceed the grace period are closed with the runtime. The pool is closed after it.
    runtime.shutdown_timeout(Duration::from_millis(200));
    served
}

async fn serve(state: Arc<State>, stop: &Stop, listening: impl FnOnce(SocketAddr)) -> Result<()> {
    let address = state.settings.listen;
    let listener = TcpListener::bind(address).await.map_err(Error::file(address.to_string()))?;
    listening(listener.local_addr().map_err(Error::file(address.to_string()))?);
    let asked = stop.clone();
    let stopped = async move {
        while !asked.is_asked() {
            service::alive();
            tokio::time::sleep(LOOK).await;
        }
    };
    let (late, asked) = (stop.clone(), LOOK);
    let too_late = async move {
        while !late.is_asked() {
            tokio::time::sleep(asked).await;
        }
        tokio::time::sleep(GRACE).await;
    };
    let app = axum::ServiceExt::<axum::extract::Request>::into_make_service_with_connect_info::<SocketAddr>(
        middleware::from_fn_with_state(Arc::clone(&state), guard::admit).layer(router(state)),
    );
    let server = axum::serve(listener, app).with_graceful_shutdown(stopped);
    tokio::select! {
        ended = server => ended.map_err(Error::file(address.to_string())),
        () = too_late => {
            log::warn!("requests that took longer than {} s were canceled", GRACE.as_secs());
            Ok(())
        }
    }
}

/// Returns all routes. Requests must pass [`guard::admit`] first.
fn router(state: Arc<State>) -> Router {
    Router::new()
        .merge(page::routes())
        .merge(api::routes())
        .merge(metrics::routes())
        .route_service("/mcp", mcp::http(&state))
        .fallback(problem::no_such_path)
        .method_not_allowed_fallback(problem::no_such_method)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(state)
}

/// Returns a runtime with a limited number of blocking threads.
fn runtime() -> Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(MAX_THREADS)
        .thread_name("serve")
        .enable_all()
        .build()
        .map_err(Error::file("the threads of the server"))
}

/// Maximum number of blocking threads. They wait for the database, embed, or render.
const MAX_THREADS: usize = 64;
