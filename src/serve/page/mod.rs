//! The web pages: search, document, backlog and run. They work without JavaScript.
//! The only script refreshes the backlog and adds keyboard shortcuts.

mod backlog;
mod document;
mod filters;
mod layout;
pub mod links;
mod markdown;
mod run;
mod search;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};

use super::problem::Problem;
use super::state::State;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("icon.svg");

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/", get(search::show))
        .route("/d/{run}/{*doc}", get(document::show))
        .route("/backlog", get(backlog::show))
        .route("/runs/{id}", get(run::show).post(run::change))
        .route("/assets/style.css", get(|| asset("text/css; charset=utf-8", STYLE)))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", ICON)))
        .route("/assets/page.js", get(|| asset("text/javascript; charset=utf-8", SCRIPT)))
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-cache")], text).into_response()
}

/// The error page.
pub struct PageProblem(Problem);

impl From<Problem> for PageProblem {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for PageProblem {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let (status, headers) = (problem.status(), problem.headers());
        let content = html! {
            h1 { (status.canonical_reason().unwrap_or("Error")) }
            p { (problem.detail) "." }
            @if let Some(hint) = &problem.hint {
                p.hint { (hint) }
            }
            p { a href="/" { "Search" } }
        };
        (status, headers, layout::page("Error", layout::Place::Other, &content)).into_response()
    }
}

/// Returns an error page to browsers, and problem details to programs.
pub(super) fn problem_or_page(uri: &Uri, headers: &HeaderMap, problem: Problem) -> Response {
    let is_browser = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    let is_for_programs =
        ["/api/", "/mcp", "/metrics", "/healthz", "/readyz"].iter().any(|start| uri.path().starts_with(start));
    if is_browser && !is_for_programs { PageProblem(problem).into_response() } else { problem.into_response() }
}

/// The result of a page handler.
type Page = Result<Markup, PageProblem>;

/// Returns a redirect to `path`. Therefore, reloading the page does not repeat the request.
fn see_other(path: &str) -> Response {
    let location = HeaderValue::from_str(path).unwrap_or(HeaderValue::from_static("/"));
    (axum::http::StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}
