//! Queries the knowledge base for all kinds of requests. Only this module uses the caller's principals.

use std::sync::Arc;
use std::time::Instant;

use postgres::Client;

use super::api::types::{Document, EmbedAnswer, EmbedKind, FacetValue, Facets, Hit, SearchAnswer, Section};
use super::caller::Caller;
use super::model::Served;
use super::page::links;
use super::problem::Problem;
use super::state::State;
use crate::db::documents::{self, Description, FoundDocument, ListedDocument};
use crate::db::health;
use crate::db::search::{self, Question, SearchFilter};
use crate::embed::{self, Provider, TextKind};
use crate::error::{Error, Result as DbResult};
use crate::ids::RunId;
use crate::rerank::Reranker;
use crate::sections;

/// Maximum number of documents in an answer.
pub const MAX_HITS: u32 = 100;
/// Maximum length of a question.
const MAX_CHARACTERS: usize = 10_000;
/// Number of values that are offered for a filter.
const FACET_VALUES: i32 = 30;

/// The parameters of a search.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The question as typed.
    pub query: String,
    /// Maximum number of documents.
    pub limit: u32,
    /// The filter.
    pub filter: SearchFilter,
    /// Whether to use only full-text search.
    pub text_only: bool,
    /// The minimum score of a hit. `None` excludes hits that are not relevant, if the vectors tell.
    pub min_score: Option<f64>,
    /// What to return around a passage, as in `graphdb.context`.
    pub context: Option<String>,
    /// Maximum number of tokens in the context of a passage.
    pub context_tokens: Option<u32>,
}

/// Finds the documents that answer a question.
pub async fn search(state: &Arc<State>, caller: &Caller, asked: Search) -> Result<SearchAnswer, Problem> {
    let begun = Instant::now();
    if !asked.query.contains(char::is_alphanumeric) {
        let notice = Some("The question contains no words.".to_owned());
        return Ok(SearchAnswer { query: asked.query, model: None, hits: Vec::new(), notice });
    }
    if asked.query.chars().count() > MAX_CHARACTERS {
        let detail = format!("the question has more than {MAX_CHARACTERS} characters");
        return Err(Problem::invalid(detail));
    }
    if asked.limit == 0 || asked.limit > MAX_HITS {
        return Err(Problem::invalid(format!("limit must be from 1 to {MAX_HITS}, not {}", asked.limit)));
    }
    let filter = as_seen_by(caller, &asked.filter);
    let prepared = prepare(state, asked.query.clone(), filter.clone(), asked.text_only).await?;
    let (vector, notice) = match &prepared.provider {
        Some(provider) if prepared.has_vectors => vector(state, provider, &prepared.question).await?,
        Some(provider) => (None, Some(no_vectors(provider))),
        None => (None, prepared.notice.map(|notice| format!("{notice} Only full-text search was used."))),
    };
    let model = vector.as_ref().map(|(_, model)| model.clone());
    let has_meaning =
        vector.is_some() && prepared.provider.as_ref().is_some_and(|provider| provider.model().has_meaning());
    let min_score = asked.min_score.or(has_meaning.then_some(search::RELEVANT_SCORE));
    let limit = i32::try_from(asked.limit).unwrap_or(i32::MAX);
    let reranker = state.reranker.as_ref().filter(|_| !asked.text_only);
    let depth = reranker.map_or(limit, |reranker| reranker.depth(limit));
    let (text, seen) = (prepared.question.clone(), filter.clone());
    let hits = state
        .pool
        .with(move |client| {
            let vector = vector.as_ref().map(|(vector, model)| (vector.clone(), model.as_str()));
            let filter = seen.clone();
            search::search(client, &Question { text: &text, vector, limit: depth, per_document: 1, min_score, filter })
        })
        .await?;
    let (hits, unranked) = reranked(reranker, prepared.question.clone(), hits, asked.limit as usize).await?;
    let hits = state.pool.with(move |client| described(client, &hits, &asked, &filter)).await?;
    state.metrics.time_search(begun.elapsed());
    let notices: Vec<String> = [notice, unranked, prepared.lag].into_iter().flatten().collect();
    let notice = Some(notices.join(" ")).filter(|notice| !notice.is_empty());
    Ok(SearchAnswer { query: prepared.question, model, hits, notice })
}

/// The data that a search needs before it embeds the question.
struct Prepared {
    /// The corrected question, for the words and the vector.
    question: String,
    /// The provider of the served model, unless only words are searched.
    provider: Option<Arc<dyn Provider>>,
    /// The notice that the served model cannot be used.
    notice: Option<String>,
    /// Whether there are vectors of the model.
    has_vectors: bool,
    /// A notice about the lag of a standby.
    lag: Option<String>,
}

async fn prepare(
    state: &Arc<State>,
    query: String,
    filter: SearchFilter,
    text_only: bool,
) -> Result<Prepared, Problem> {
    let models = Arc::clone(&state.models);
    let max_lag_seconds = state.max_lag_seconds;
    let prepared = state.pool.with(move |client| {
        let nothing = Served { provider: None, notice: None };
        let Served { provider, notice } = if text_only { nothing } else { models.served(client)? };
        let has_vectors = match &provider {
            Some(provider) => search::has_vectors(client, &provider.model().name)?,
            None => false,
        };
        Ok(Prepared {
            question: search::read_question(client, &query, &filter)?.question,
            provider,
            notice,
            has_vectors,
            lag: health::lag_notice(client, max_lag_seconds)?,
        })
    });
    prepared.await
}

/// Returns the hits with the data of their documents, and with their context if the search asks for it.
fn described(client: &mut Client, hits: &[search::Hit], asked: &Search, filter: &SearchFilter) -> DbResult<Vec<Hit>> {
    let run_ids: Vec<&str> = hits.iter().map(|hit| hit.run_id.as_str()).collect();
    let doc_ids: Vec<&str> = hits.iter().map(|hit| hit.doc_id.as_str()).collect();
    let mut described = documents::describe_documents(client, &run_ids, &doc_ids, filter.principals.as_deref())?;
    let max_tokens =
        asked.context_tokens.map_or(search::CONTEXT_TOKENS, |most| i32::try_from(most).unwrap_or(i32::MAX));
    let with_context = |client: &mut Client, hit: &search::Hit| match &asked.context {
        Some(scope) => search::context(client, hit, scope, max_tokens, filter),
        None => Ok(hit.text.clone()),
    };
    hits.iter()
        .zip(1..)
        .map(|(hit, place)| {
            let text = with_context(client, hit)?;
            let description = described.remove(&(hit.run_id.clone(), hit.doc_id.clone())).unwrap_or_default();
            Ok(shown(search::Hit { text, ..hit.clone() }, place, description))
        })
        .collect()
}

/// Returns the best `limit` hits in the order of the reranker. If the reranker is unreachable, returns them in search order, with a notice.
async fn reranked(
    reranker: Option<&Arc<Reranker>>,
    question: String,
    mut hits: Vec<search::Hit>,
    limit: usize,
) -> Result<(Vec<search::Hit>, Option<String>), Problem> {
    let Some(reranker) = reranker.map(Arc::clone) else {
        hits.truncate(limit);
        return Ok((hits, None));
    };
    let ranked = tokio::task::spawn_blocking(move || {
        let texts: Vec<&str> = hits.iter().map(|hit| hit.text.as_str()).collect();
        let order = reranker.order(&question, &texts);
        (hits, order)
    });
    let (mut hits, order) = ranked.await.map_err(|_| Problem::internal())?;
    let notice = match order {
        Ok(order) => {
            hits = search::reordered(hits, &order);
            None
        }
        Err(error) if error.may_pass() => {
            log::warn!("{error}");
            Some("The reranker does not answer, so the hits are in search order.".to_owned())
        }
        Err(error) => return Err(Problem::from(Error::from(error))),
    };
    hits.truncate(limit);
    Ok((hits, notice))
}

/// Returns the filter for documents that are visible to `caller`. It contains the principals even if there are none, because the
/// principals of the server's own database role would be used otherwise.
fn as_seen_by(caller: &Caller, filter: &SearchFilter) -> SearchFilter {
    SearchFilter { principals: Some(caller.principals.clone()), ..filter.clone() }
}

fn no_vectors(provider: &Arc<dyn Provider>) -> String {
    format!("No text is embedded with {}, so only full-text search was used.", provider.model().name)
}

/// Returns the vector of a question and its model, or a notice with the reason why there is none.
async fn vector(
    state: &Arc<State>,
    provider: &Arc<dyn Provider>,
    query: &str,
) -> Result<(Option<(Vec<f32>, String)>, Option<String>), Problem> {
    let name = provider.model().name.clone();
    let (provider, text) = (Arc::clone(provider), query.to_owned());
    let begun = Instant::now();
    let embedded = tokio::task::spawn_blocking(move || embed::embed_question(provider.as_ref(), &text, || ())).await;
    match embedded.map_err(|_| Problem::internal())? {
        Ok(vector) => {
            state.metrics.time_embedding(begun.elapsed());
            Ok((Some((vector, name)), None))
        }
        Err(error) if error.may_pass() => {
            log::warn!("{error}");
            Ok((None, Some("The embedding server does not answer, so only full-text search was used.".into())))
        }
        Err(error) => Err(Problem::from(Error::from(error))),
    }
}

fn shown(hit: search::Hit, place: u32, description: Description) -> Hit {
    let Description { source, breadcrumbs, language } = description;
    let (snippet, highlights) = unmarked(&hit.snippet);
    Hit {
        place,
        page: links::chunk(&hit.run_id, &hit.doc_id, hit.ord),
        run_id: hit.run_id,
        doc_id: hit.doc_id,
        title: hit.title,
        breadcrumbs,
        section: hit.heading_path.get(1..).unwrap_or_default().to_vec(),
        url: hit.url,
        path: hit.path,
        source,
        language,
        updated_at: hit.updated_at,
        ord: hit.ord,
        text: hit.text,
        snippet,
        highlights,
        text_rank: hit.text_rank,
        vector_rank: hit.vector_rank,
        score: hit.score,
        similarity: hit.similarity,
        matched_words: hit.matched_words,
    }
}

/// Returns a snippet on one line without its marks, and the positions of the marks.
fn unmarked(snippet: &str) -> (String, Vec<[u32; 2]>) {
    let line = snippet.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut plain, mut highlights, mut count, mut start) = (String::new(), Vec::new(), 0_u32, None);
    for c in line.chars() {
        match c {
            '\u{1}' => start = Some(count),
            '\u{2}' => highlights.extend(start.take().map(|start| [start, count])),
            c => {
                plain.push(c);
                count += 1;
            }
        }
    }
    (plain, highlights)
}

/// Returns the document `name` in `run`, or in the version that a search finds.
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
    let mut facets = Facets { documents: search::searched_documents(client, filter)?, ..Facets::default() };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_places_in_the_plain_snippet() {
        let (plain, places) = unmarked("An \u{1}é\u{2}\n  is \u{1}here\u{2}");
        assert_eq!(plain, "An é is here");
        assert_eq!(places, [[3, 4], [8, 12]]);
        assert_eq!(unmarked("\u{2}a\u{1}"), ("a".to_owned(), Vec::new()));
    }
}
