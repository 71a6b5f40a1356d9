//! `/`: the search page.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State as Shared;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, Place};
use super::{Page, filters, links};
use crate::serve::api::Submitted;
use crate::serve::api::filter::Filter;
use crate::serve::api::types::{Facets, Hit, SearchAnswer};
use crate::serve::caller::Caller;
use crate::serve::knowledge::{self, Search};
use crate::serve::problem::Problem;
use crate::serve::state::State;
use crate::terminal::counted;

/// Number of documents on a page.
const LIMIT: u32 = 10;

/// The form besides the filters, as encoded in the address of the page.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Form {
    #[serde(default)]
    q: String,
    #[serde(default)]
    limit: Option<u32>,
    #[serde(default)]
    min_score: Option<f64>,
}

impl Form {
    /// Returns the address of the same question with another filter.
    pub fn address(&self, filter: &Filter) -> String {
        let mut pairs = vec![("q", self.q.clone())];
        pairs.extend(filter.pairs().into_iter().map(|(name, value)| (name, value.to_owned())));
        pairs.extend(self.limit.map(|limit| ("limit", limit.to_string())));
        pairs.extend(self.min_score.map(|score| ("min_score", score.to_string())));
        let pairs: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={}", links::encoded(value))).collect();
        format!("/?{}", pairs.join("&"))
    }
}

/// Shows the form and the results of the question in the address.
pub async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Submitted(filter, form): Submitted<Form>,
) -> Page {
    let limit = form.limit.unwrap_or(LIMIT).clamp(1, knowledge::MAX_HITS);
    // Errors in the filter and in the question are displayed next to the form.
    let (facets, answer) = match filter.to_search() {
        Ok(wanted) => {
            let facets = shown_problem(knowledge::facets(&state, &caller, &wanted).await)?;
            let asked =
                Search { query: form.q.clone(), limit, filter: wanted, min_score: form.min_score, ..Search::default() };
            let answer = match (&facets, form.q.trim()) {
                (Err(problem), _) => Some(Err(problem.clone())),
                (Ok(_), "") => None,
                (Ok(_), _) => Some(shown_problem(knowledge::search(&state, &caller, asked).await)?),
            };
            (facets.unwrap_or_default(), answer)
        }
        Err(problem) => (Facets::default(), Some(Err(problem))),
    };
    let title = if form.q.is_empty() { "Search" } else { form.q.as_str() };
    let content = html! {
        h1.visually-hidden { "Search the documentation" }
        form.search role="search" method="get" action="/" {
            div.ask {
                label.visually-hidden for="q" { "Question" }
                input #q type="search" name="q" value=(form.q) maxlength="10000" autofocus[form.q.is_empty()]
                    autocomplete="off" placeholder="Ask the documentation";
                button type="submit" { "Search" }
            }
            (filters::filters(&form, &filter, &facets))
        }
        @match &answer {
            None => p.hint { (counted(facets.documents, "document")) " can be searched." },
            Some(Ok(answer)) => (results(&form, &filter, answer, limit)),
            Some(Err(problem)) => p.notice role="alert" {
                (problem.detail) ". "
                @if let Some(hint) = &problem.hint { (hint) }
            },
        }
    };
    Ok(layout::page(title, Place::Search, &content))
}

/// Separates problems that the page shows, because its user can solve them, from all others.
fn shown_problem<T>(answer: Result<T, Problem>) -> Result<Result<T, Problem>, Problem> {
    match answer {
        Err(problem) if !problem.status().is_client_error() => Err(problem),
        answer => Ok(answer),
    }
}

fn results(form: &Form, filter: &Filter, answer: &SearchAnswer, limit: u32) -> Markup {
    let is_full = answer.hits.len() >= limit as usize && limit < knowledge::MAX_HITS;
    let more = Form { limit: Some((limit * 2).min(knowledge::MAX_HITS)), ..form.clone() };
    let any = Form { min_score: Some(0.0), ..form.clone() };
    html! {
        @if let Some(notice) = &answer.notice { p.notice role="status" { (notice) } }
        @if answer.hits.is_empty() {
            p.empty role="status" { "Nothing relevant found. Try fewer or different words, or remove filters." }
            @if answer.model.is_some() && form.min_score.is_none() {
                p { a href=(any.address(filter)) { "Show the nearest passages anyway" } }
            }
        } @else {
            ol.hits {
                @for hit in &answer.hits { li { (shown(hit)) } }
            }
            @if is_full {
                p { a href=(more.address(filter)) { "Show more" } }
            }
        }
    }
}

fn shown(hit: &Hit) -> Markup {
    html! {
        article.hit {
            @if !hit.breadcrumbs.is_empty() {
                p.crumbs { (trail(&hit.breadcrumbs)) }
            }
            h2 { a href=(hit.page) { (hit.title) } }
            @if !hit.section.is_empty() {
                p.section { (trail(&hit.section)) }
            }
            p.snippet dir="auto" { (marked(&hit.snippet, &hit.highlights)) }
            p.facts {
                span { (hit.source) }
                @if let Some(language) = &hit.language { span { (language) } }
                @if let Some(updated) = hit.updated_at { span { "changed " (updated.format("%Y-%m-%d")) } }
                @if let Some(similarity) = hit.similarity { span { "similarity " (format!("{similarity:.2}")) } }
                @if let Some(url) = hit.url.as_deref().and_then(links::outside) {
                    a href=(url) rel="noopener noreferrer" { "Original page" }
                }
            }
        }
    }
}

/// Returns titles with separators that screen readers ignore.
fn trail(titles: &[String]) -> Markup {
    html! {
        @for (place, title) in titles.iter().enumerate() {
            @if place > 0 { span.separator aria-hidden="true" { " › " } }
            span { (title) }
        }
    }
}

/// Returns plain text with highlighted words.
fn marked(snippet: &str, highlights: &[[u32; 2]]) -> Markup {
    let characters: Vec<char> = snippet.chars().collect();
    let part = |from: usize, to: usize| characters.get(from..to).unwrap_or_default().iter().collect::<String>();
    let mut parts = Vec::new();
    let mut end = 0;
    for [from, to] in highlights.iter().map(|range| range.map(|at| at as usize)) {
        parts.push((part(end, from), false));
        parts.push((part(from, to), true));
        end = to;
    }
    parts.push((part(end, characters.len()), false));
    html! {
        @for (text, is_marked) in parts {
            @if is_marked { mark { (text) } } @else { (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_surround_words_and_nothing_of_a_snippet_is_markup() {
        let shown = marked("é <b> x", &[[2, 5]]).into_string();
        assert_eq!(shown, "é <mark>&lt;b&gt;</mark> x");
    }

    #[test]
    fn the_address_of_a_search_holds_all_of_it() {
        let form = Form { q: "a&b".into(), limit: Some(20), min_score: None };
        let filter = Filter { source: vec!["x y".into()], updated_to: Some("2026-01-31".into()), ..Filter::default() };
        assert_eq!(form.address(&filter), "/?q=a%26b&source=x%20y&updated_to=2026-01-31&limit=20");
    }
}
