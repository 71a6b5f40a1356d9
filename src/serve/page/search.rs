//! `/`: the search page.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State as Shared;
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, Place};
use super::{Page, links};
use crate::db::search::SearchFilter;
use crate::serve::api::Params;
use crate::serve::api::types::{FacetValue, Facets, Hit, SearchAnswer};
use crate::serve::caller::Caller;
use crate::serve::knowledge::{self, Search};
use crate::serve::state::State;
use crate::terminal::counted;

/// Number of documents on a page.
const LIMIT: u32 = 10;

/// The form, as encoded in the address of the page.
#[derive(Debug, Default, Deserialize)]
pub struct Form {
    #[serde(default)]
    q: String,
    #[serde(default)]
    source: Vec<String>,
    #[serde(default)]
    label: Vec<String>,
    #[serde(default)]
    limit: Option<u32>,
}

impl Form {
    fn filter(&self) -> SearchFilter {
        let given = |values: &[String]| values.iter().filter(|value| !value.is_empty()).cloned().collect();
        SearchFilter { source: given(&self.source), label: given(&self.label), ..SearchFilter::default() }
    }

    /// Returns the address of the same search with a different selection for `facet`.
    fn address(&self, limit: u32) -> String {
        let mut pairs = vec![format!("q={}", links::encoded(&self.q))];
        pairs.extend(self.source.iter().map(|value| format!("source={}", links::encoded(value))));
        pairs.extend(self.label.iter().map(|value| format!("label={}", links::encoded(value))));
        pairs.push(format!("limit={limit}"));
        format!("/?{}", pairs.join("&"))
    }
}

/// Shows the form and the results of the question in the address.
pub async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Params(form): Params<Form>,
) -> Page {
    let limit = form.limit.unwrap_or(LIMIT).clamp(1, knowledge::MAX_HITS);
    let facets = knowledge::facets(&state, &caller, &SearchFilter::default()).await?;
    let answer = if form.q.trim().is_empty() {
        None
    } else {
        let asked = Search { query: form.q.clone(), limit, filter: form.filter(), text_only: false };
        // Errors in the question are displayed next to it.
        Some(match knowledge::search(&state, &caller, asked).await {
            Err(problem) if problem.status().is_client_error() => Err(problem),
            answered => Ok(answered?),
        })
    };
    let title = if form.q.is_empty() { "Search" } else { form.q.as_str() };
    let content = html! {
        h1.visually-hidden { "Search the documentation" }
        (question(&form, &facets))
        @match &answer {
            None => p.hint { (counted(facets.documents, "document")) " can be searched." },
            Some(Ok(answer)) => (results(&form, answer, limit)),
            Some(Err(problem)) => p.notice role="alert" {
                (problem.detail) ". "
                @if let Some(hint) = &problem.hint { (hint) }
            },
        }
    };
    Ok(layout::page(title, Place::Search, &content))
}

fn question(form: &Form, facets: &Facets) -> Markup {
    html! {
        form.search role="search" method="get" action="/" {
            div.ask {
                label.visually-hidden for="q" { "Question" }
                input #q type="search" name="q" value=(form.q) maxlength="10000" autofocus[form.q.is_empty()]
                    autocomplete="off" placeholder="Ask the documentation";
                button type="submit" { "Search" }
            }
            details.filters open[!form.source.is_empty() || !form.label.is_empty()] {
                summary { "Filters" }
                (choices("Source", "source", &facets.sources, &form.source))
                (choices("Label", "label", &facets.labels, &form.label))
            }
        }
    }
}

/// Returns the check boxes of a filter. Selected values are included even if no document has them.
fn choices(legend: &str, name: &str, values: &[FacetValue], chosen: &[String]) -> Markup {
    let absent: Vec<&String> =
        chosen.iter().filter(|chosen| values.iter().all(|known| &known.value != *chosen)).collect();
    html! {
        @if !values.is_empty() || !absent.is_empty() {
            fieldset {
                legend { (legend) }
                @for known in values {
                    label {
                        input type="checkbox" name=(name) value=(known.value) checked[chosen.contains(&known.value)];
                        " " (known.value) " " span.count { (known.documents) }
                    }
                }
                @for value in absent {
                    label { input type="checkbox" name=(name) value=(value) checked; " " (value) " " span.count { "0" } }
                }
            }
        }
    }
}

fn results(form: &Form, answer: &SearchAnswer, limit: u32) -> Markup {
    let is_full = answer.hits.len() >= limit as usize && limit < knowledge::MAX_HITS;
    html! {
        @if let Some(notice) = &answer.notice { p.notice role="status" { (notice) } }
        @if answer.hits.is_empty() {
            p.empty role="status" { "Nothing relevant found. Try fewer or other words, or remove filters." }
        } @else {
            ol.hits {
                @for hit in &answer.hits { li { (shown(hit)) } }
            }
            @if is_full {
                p { a href=(form.address((limit * 2).min(knowledge::MAX_HITS))) { "Show more" } }
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
            p.snippet { (marked(&hit.snippet, &hit.highlights)) }
            p.facts {
                span { (hit.source) }
                @if let Some(language) = &hit.language { span { (language) } }
                @if let Some(updated) = hit.updated_at.as_ref().and_then(|at| at.get(..10)) { span { "changed " (updated) } }
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
        let form = Form { q: "a&b".into(), source: vec!["x y".into()], label: vec!["l".into()], limit: None };
        assert_eq!(form.address(20), "/?q=a%26b&source=x%20y&label=l&limit=20");
    }
}
