//! Answers questions.

use std::sync::Arc;
use std::time::Instant;

use postgres::Client;

use super::super::api::types::{Hit, SearchAnswer};
use super::super::caller::Caller;
use super::super::model::Served;
use super::super::page::links;
use super::super::problem::Problem;
use super::super::state::State;
use super::as_seen_by;
use crate::db::documents::{self, Description};
use crate::db::health;
use crate::db::search::{self, Question, SearchFilter};
use crate::embed::{self, Provider};
use crate::error::{Error, Result as DbResult};
use crate::rerank::Reranker;

/// Maximum number of documents in an answer.
pub const MAX_HITS: u32 = 100;
/// Maximum length of a question.
const MAX_CHARACTERS: usize = 10_000;

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
    /// The minimum score of a hit. With `None` and a model, hits that are not relevant are excluded.
    pub min_score: Option<f64>,
    /// The context to return around a passage, as in `graphdb.context`.
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
