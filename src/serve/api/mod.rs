//! The JSON API in `/api`. Its `OpenAPI` document is generated from its types.

mod extract;
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
use crate::db::search::SearchFilter;
use crate::ids::RunId;
pub(super) use extract::{Body, Params, Segment, Segments};
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
    components(schemas(Problem)),
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

/// The parameters of a search.
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
    /// Only documents of these sources. Can be repeated.
    #[serde(default)]
    source: Vec<String>,
    /// Only documents with one of these labels. Can be repeated.
    #[serde(default)]
    label: Vec<String>,
    /// Only documents of runs whose id matches. * is any text, and ? is one character.
    #[param(min_length = 1)]
    run_id: Option<String>,
    /// Use only full-text search, without vectors.
    #[serde(default)]
    text_only: bool,
}

const fn ten() -> u32 {
    10
}

/// Which documents to search.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct FilterParams {
    /// Only documents of these sources. Can be repeated.
    #[serde(default)]
    source: Vec<String>,
    /// Only documents with one of these labels. Can be repeated.
    #[serde(default)]
    label: Vec<String>,
    /// Only documents of runs whose id matches. * is any text, and ? is one character.
    #[param(min_length = 1)]
    run_id: Option<String>,
}

impl From<FilterParams> for SearchFilter {
    fn from(params: FilterParams) -> Self {
        // A form also sends empty fields.
        let given = |values: Vec<String>| values.into_iter().filter(|value| !value.is_empty()).collect();
        let run_id_glob = params.run_id.filter(|glob| !glob.is_empty());
        Self { source: given(params.source), label: given(params.label), run_id_glob, ..Self::default() }
    }
}

/// Find the documents that answer a question, best first.
#[utoipa::path(get, path = "/api/search", params(SearchParams), responses(
    (status = 200, description = "The best documents", body = SearchAnswer),
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
))]
async fn search(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchAnswer>, Problem> {
    let SearchParams { q, limit, source, label, run_id, text_only } = params;
    let filter = FilterParams { source, label, run_id }.into();
    let asked = Search { query: q, limit, filter, text_only };
    Ok(Json(knowledge::search(&state, &caller, asked).await?))
}

/// Count documents by source, label and language.
#[utoipa::path(get, path = "/api/facets", params(FilterParams), responses(
    (status = 200, description = "Values for narrowing a search", body = Facets),
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
))]
async fn facets(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Params(params): Params<FilterParams>,
) -> Result<Json<Facets>, Problem> {
    Ok(Json(knowledge::facets(&state, &caller, &params.into()).await?))
}

/// The part of a document.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct DocumentParams {
    /// Only this section: its anchor, or its heading.
    #[param(min_length = 1)]
    section: Option<String>,
}

/// Read a document, or one section of it.
#[utoipa::path(get, path = "/api/documents/{run}/{doc}", params(
    ("run" = String, Path, description = "The run, or ~ for the version that search finds", pattern = "^([A-Za-z0-9._-]{1,128}|~)$"),
    ("doc" = String, Path, description = "Id, URL or path of the document", min_length = 1),
    DocumentParams,
), responses(
    (status = 200, description = "The document", body = Document),
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
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
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
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
    ("id" = String, Path, description = "The run", pattern = "^[A-Za-z0-9._-]{1,128}$"),
    RunParams,
), responses(
    (status = 200, description = "The run", body = RunDetails),
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
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
    (status = "default", description = "The reason why there is no answer", body = Problem, content_type = "application/problem+json"),
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
