//! The JSON API in `/api`. Its `OpenAPI` document is generated from its types.

mod extract;
pub mod filter;
mod run_id;
pub mod types;

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde::Deserialize;
use utoipa::{IntoParams, OpenApi};

use super::backlog;
use super::caller::Caller;
use super::knowledge::{self, Search};
use super::problem::Problem;
use super::state::State;
use crate::ids::RunId;
pub(super) use extract::{Body, Filtered, Params, Segment, Segments, Submitted};
use filter::Filter;
use run_id::RunOrSearched;
use types::{Backlog, Document, EmbedAnswer, EmbedRequest, Facets, RunDetails, SearchAnswer};

/// Maximum number of texts in a request for vectors.
const MAX_TEXTS: usize = 256;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/api/search", get(search))
        .route("/api/facets", get(facets))
        .route("/api/documents/{run}/{*doc}", get(document))
        .route("/api/backlog", get(read_backlog))
        .route("/api/runs/{id}", get(read_run))
        .route("/api/embed", post(embed))
        .route("/api/openapi.json", get(describe))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "trailblazer",
        description = "Search the knowledge base, read its documents, and show the backlog. Errors are problem details (RFC 9457)."
    ),
    paths(search, facets, document, read_backlog, read_run, embed),
    components(schemas(Problem, filter::FilterText, RunId, filter::Condition)),
    modifiers(&Security),
    security((), ("token" = [])),
)]
struct Description;

/// Adds the authentication methods to the document.
struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        if let Some(components) = &mut openapi.components {
            components.add_security_scheme("token", SecurityScheme::Http(bearer));
        }
    }
}

/// Returns the `OpenAPI` document of the JSON API.
#[must_use]
pub fn openapi() -> serde_json::Value {
    serde_json::to_value(Description::openapi()).unwrap_or_default()
}

async fn describe() -> Response {
    ([(header::CONTENT_TYPE, "application/vnd.oai.openapi+json;version=3.1")], openapi().to_string()).into_response()
}

/// The parameters of a search besides the filter.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct SearchParams {
    /// Words or a question. Every answer contains the "phrases in quotes" and does not contain the -words.
    #[param(min_length = 1, max_length = 10_000)]
    q: String,
    /// Maximum number of documents.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 100, default = 10)]
    limit: u32,
    /// Use only full-text search, without vectors.
    #[serde(default)]
    text_only: bool,
    /// Only answers with at least this score, from 0 to 1. Default: 0.14 with a model, to return only relevant answers.
    #[param(minimum = 0.0, maximum = 1.0)]
    min_score: Option<f64>,
    /// Return the `section` around each passage, the whole `document`, or this number of neighboring chunks on each side.
    #[param(pattern = "^(section|document|[0-9]{1,4})$")]
    context: Option<String>,
    /// Maximum number of tokens in the context of each passage. Default: 2000.
    #[param(minimum = 1, maximum = 100_000)]
    context_tokens: Option<u32>,
}

const fn ten() -> u32 {
    10
}

/// Find the documents that answer a question, best first.
#[utoipa::path(get, path = "/api/search", params(SearchParams, Filter), responses(
    (status = 200, description = "The best documents", body = SearchAnswer),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn search(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Filtered(filter, params): Filtered<SearchParams>,
) -> Result<Json<SearchAnswer>, Problem> {
    let SearchParams { q, limit, text_only, min_score, context, context_tokens } = params;
    if q.is_empty() {
        return Err(Problem::invalid("q is empty"));
    }
    let filter = filter.to_search()?;
    let asked = Search { query: q, limit, filter, text_only, min_score, context, context_tokens };
    Ok(Json(knowledge::search(&state, &caller, asked).await?))
}

/// Count documents by source, label, language, year of the last change and quality flag.
#[utoipa::path(get, path = "/api/facets", params(Filter), responses(
    (status = 200, description = "Values for narrowing a search", body = Facets),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn facets(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Filtered(filter, NoParams {}): Filtered<NoParams>,
) -> Result<Json<Facets>, Problem> {
    Ok(Json(knowledge::facets(&state, &caller, &filter.to_search()?).await?))
}

/// The part of a document.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DocumentParams {
    /// Only the section with this anchor or heading.
    #[param(min_length = 1)]
    section: Option<String>,
}

/// Read a document, or one section of it.
#[utoipa::path(get, path = "/api/documents/{run}/{doc}", params(
    ("run" = inline(RunOrSearched), Path, description = "The run, or ~ for the version that searches return"),
    ("doc" = String, Path, description = "Id, URL or path of the document", min_length = 1),
    DocumentParams,
), responses(
    (status = 200, description = "The document", body = Document),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn document(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Segments(run, doc): Segments,
    Params(params): Params<DocumentParams>,
) -> Result<Json<Document>, Problem> {
    let found = knowledge::document(&state, &caller, &doc, run).await?;
    Ok(Json(knowledge::view(found, params.section.as_deref())?))
}

/// Show the backlog: runs by status, workers, throughput, failures.
#[utoipa::path(get, path = "/api/backlog", responses(
    (status = 200, description = "The backlog at this moment", body = Backlog),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn read_backlog(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Params(NoParams {}): Params<NoParams>,
) -> Result<Json<Backlog>, Problem> {
    caller.require_known()?;
    Ok(Json(backlog::read(&state).await?.as_ref().clone()))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoParams {}

/// The start of the page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct RunParams {
    /// Documents after this id. Pass `next` of the previous answer.
    #[serde(default)]
    after: String,
}

/// Show a run: its history, its documents, and lost content.
#[utoipa::path(get, path = "/api/runs/{id}", params(
    ("id" = inline(RunId), Path, description = "The run"),
    RunParams,
), responses(
    (status = 200, description = "The run", body = RunDetails),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn read_run(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Segment(id): Segment,
    Params(params): Params<RunParams>,
) -> Result<Json<RunDetails>, Problem> {
    caller.require_known()?;
    let run_id: RunId = id.parse().map_err(|_| Problem::not_found("no such run"))?;
    Ok(Json(backlog::run(&state, &caller, &run_id, &params.after).await?))
}

/// Compute vectors for texts with the model of the search.
#[utoipa::path(post, path = "/api/embed", request_body = EmbedRequest, responses(
    (status = 200, description = "One vector for each text", body = EmbedAnswer),
    (status = "default", description = "The reason for the error", body = Problem, content_type = "application/problem+json"),
))]
async fn embed(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Body(request): Body<EmbedRequest>,
) -> Result<Json<EmbedAnswer>, Problem> {
    caller.require_known()?;
    if request.texts.is_empty() || request.texts.len() > MAX_TEXTS {
        let count = request.texts.len();
        return Err(Problem::invalid(format!("texts must contain 1 to {MAX_TEXTS} texts, not {count}")));
    }
    let texts = request.texts.into_iter().map(|text| text.0).collect();
    Ok(Json(knowledge::embed(&state, request.kind, texts).await?))
}
