//! Queries the knowledge base for all kinds of requests. Only this module uses the caller's principals.

mod search;

use std::sync::Arc;
use std::time::Instant;

use postgres::Client;

use super::api::types::{Document, EmbedAnswer, EmbedKind, FacetValue, Facets, Section};
use super::caller::Caller;
use super::problem::Problem;
use super::state::State;
use crate::db::documents::{self, FoundDocument, ListedDocument};
use crate::db::search::{SearchFilter, searched_documents};
use crate::embed::{self, TextKind};
use crate::error::{Error, Result as DbResult};
use crate::ids::RunId;
use crate::sections;

pub use search::{MAX_HITS, Search, search};

/// Number of values that are offered for a filter.
const FACET_VALUES: i32 = 30;

/// Returns the filter for documents that are visible to `caller`. It always contains a list of principals, even if the list is
/// empty. Otherwise, the principals of the server's own database role would be used.
fn as_seen_by(caller: &Caller, filter: &SearchFilter) -> SearchFilter {
    SearchFilter { principals: Some(caller.principals.clone()), ..filter.clone() }
}

/// Returns the document `name` in `run`, or in the version that searches find.
pub async fn document(
    state: &Arc<State>,
    caller: &Caller,
    name: &str,
    run: Option<RunId>,
) -> Result<FoundDocument, Problem> {
    let (name, principals) = (name.to_owned(), caller.principals.clone());
    let shown = name.clone();
    let found =
        state.pool.with(move |client| documents::find_document(client, &name, run.as_ref(), Some(&principals))).await?;
    found.ok_or_else(|| Problem::not_found(format!("no document \"{}\"", short(&shown))))
}

/// Converts a document, or one section of it, for callers.
pub fn view(document: FoundDocument, section: Option<&str>) -> Result<Document, Problem> {
    let found = sections::sections(&document.body);
    let chosen = match section {
        Some(name) => Some(sections::find(&found, name).cloned().ok_or_else(|| {
            let anchors: Vec<&str> = found.iter().take(30).map(|section| section.anchor.as_str()).collect();
            let problem = Problem::not_found(format!("the document has no section \"{}\"", short(name)));
            if anchors.is_empty() { problem } else { problem.hint(format!("Sections: {}.", anchors.join(", "))) }
        })?),
        None => None,
    };
    let markdown = match &chosen {
        Some(section) => document.body[section.bytes.clone()].to_owned(),
        None => document.body,
    };
    let sections = found
        .into_iter()
        .map(|section| Section { level: section.level, title: section.title, anchor: section.anchor })
        .collect();
    Ok(Document {
        run_id: document.run_id,
        doc_id: document.doc_id,
        title: document.title,
        url: document.url,
        path: document.path,
        source: document.source,
        labels: document.labels,
        breadcrumbs: document.breadcrumbs,
        is_searched: document.is_searched,
        meta: document.meta,
        sections,
        section: chosen.map(|section| section.anchor),
        markdown,
    })
}

/// Returns the anchor of the section that contains a chunk.
pub async fn anchor_of_chunk(
    state: &Arc<State>,
    caller: &Caller,
    document: &FoundDocument,
    ord: i32,
) -> Result<Option<String>, Problem> {
    let (run_id, doc_id) = (document.run_id.clone(), document.doc_id.clone());
    let principals = caller.principals.clone();
    let start =
        state.pool.with(move |client| documents::chunk_start(client, &run_id, &doc_id, ord, Some(&principals))).await?;
    let Some(start) = start else { return Ok(None) };
    let found = sections::sections(&document.body);
    // A chunk may begin with blank lines before its heading.
    let around =
        found.iter().rev().find(|section| document.body.get(start..section.bytes.start).is_none_or(str::is_empty));
    let next = found
        .iter()
        .find(|section| document.body.get(start..section.bytes.start).is_some_and(|between| between.trim().is_empty()));
    Ok(next.or(around).map(|section| section.anchor.clone()))
}

/// Returns a page of the documents that are visible to `caller`, after `after`.
pub async fn list(
    state: &Arc<State>,
    caller: &Caller,
    after: &str,
    limit: i32,
) -> Result<Vec<ListedDocument>, Problem> {
    let (after, caller) = (after.to_owned(), caller.clone());
    let filter = SearchFilter::default();
    state.pool.with(move |client| documents::list_documents(client, &after, limit, &as_seen_by(&caller, &filter))).await
}

/// Returns values for narrowing a search among the documents that match `filter`.
pub async fn facets(state: &Arc<State>, caller: &Caller, filter: &SearchFilter) -> Result<Facets, Problem> {
    let (caller, filter) = (caller.clone(), filter.clone());
    state.pool.with(move |client| read_facets(client, &as_seen_by(&caller, &filter))).await
}

fn read_facets(client: &mut Client, filter: &SearchFilter) -> DbResult<Facets> {
    let mut facets = Facets { documents: searched_documents(client, filter)?, ..Facets::default() };
    for found in documents::search_facets(client, filter, FACET_VALUES)? {
        let value = FacetValue { value: found.value, documents: found.documents };
        match found.facet.as_str() {
            "source" => facets.sources.push(value),
            "label" => facets.labels.push(value),
            "language" => facets.languages.push(value),
            "updated" => facets.updated.push(value),
            _ => facets.flags.push(value),
        }
    }
    Ok(facets)
}

/// Returns the vectors of texts.
pub async fn embed(state: &Arc<State>, kind: EmbedKind, texts: Vec<String>) -> Result<EmbedAnswer, Problem> {
    let models = Arc::clone(&state.models);
    let served = state.pool.with(move |client| models.served(client)).await?;
    let Some(provider) = served.provider else {
        let notice =
            served.notice.unwrap_or_else(|| "this server has no model, because it was started with --text-only".into());
        return Err(Problem::busy(notice));
    };
    let batch_tokens = state.batch_tokens;
    let begun = Instant::now();
    let done = tokio::task::spawn_blocking(move || {
        let kind = match kind {
            EmbedKind::Query => TextKind::Query,
            EmbedKind::Document => TextKind::Document,
        };
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let model = provider.model();
        let results = embed::embed_texts(provider.as_ref(), kind, &texts, batch_tokens)?;
        Ok((model.name.clone(), model.dimension, results))
    });
    let (model, dimension, results) =
        done.await.map_err(|_| Problem::internal())?.map_err(|error| Problem::from(Error::Embed(error)))?;
    let mut vectors = Vec::with_capacity(results.len());
    for (result, number) in results.into_iter().zip(1..) {
        vectors.push(result.map_err(|error| Problem::invalid(format!("text {number}: {error}")))?);
    }
    state.metrics.time_embedding(begun.elapsed());
    Ok(EmbedAnswer { model, dimension, vectors })
}

/// Returns the start of a name that a message quotes.
fn short(name: &str) -> String {
    name.chars().take(200).collect()
}
