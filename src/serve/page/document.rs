//! `/d/RUN/DOCUMENT`: a document.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use serde::Deserialize;

use super::layout::{self, Place};
use super::markdown::{ANCHOR_PREFIX, rendered};
use super::{PageProblem, links, see_other};
use crate::db::documents::FoundDocument;
use crate::sections::{self, Section};
use crate::serve::api::{Params, Segments};
use crate::serve::caller::Caller;
use crate::serve::knowledge;
use crate::serve::state::State;

/// Minimum number of headings for a table of contents.
const CONTENTS: usize = 3;

/// The start position in the document.
#[derive(Debug, Deserialize)]
pub struct At {
    /// The chunk that a search found.
    chunk: Option<i32>,
}

/// Shows a document. With a chunk, the browser scrolls to the section of the chunk.
pub async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Segments(run, doc): Segments,
    Params(at): Params<At>,
) -> Result<Response, PageProblem> {
    let document = knowledge::document(&state, &caller, &doc, run).await?;
    if let Some(ord) = at.chunk {
        let anchor = knowledge::anchor_of_chunk(&state, &caller, &document, ord).await?;
        let (run_id, doc_id) = (&document.run_id, &document.doc_id);
        let address = match anchor {
            Some(anchor) => links::section(run_id, doc_id, &format!("{ANCHOR_PREFIX}{anchor}")),
            None => links::document(run_id, doc_id),
        };
        return Ok(see_other(&address));
    }
    // Searches return no version of a topic that exists only for reuse.
    let has_searched =
        !document.is_searched && knowledge::document(&state, &caller, &document.doc_id, None).await.is_ok();
    // Rendering a large document takes some time.
    let page = tokio::task::spawn_blocking(move || page(&document, has_searched)).await;
    Ok(page.map_err(|_| PageProblem::from(crate::serve::problem::Problem::internal()))?.into_response())
}

/// Returns the names and ids of the documents to which this document links without an address. Most links of Confluence
/// have no address.
fn linked(document: &FoundDocument) -> Vec<(&str, &str)> {
    let links = document.meta.get("links").and_then(|links| links.as_array());
    let mut found: Vec<(&str, &str)> = links
        .into_iter()
        .flatten()
        .filter_map(|link| Some((link.get("href")?.as_str()?, link.get("target_id")?.as_str()?)))
        .filter(|(_, doc_id)| !document.body.contains(doc_id) && *doc_id != document.doc_id)
        .collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|(_, doc_id)| seen.insert(*doc_id));
    found
}

/// Renders the page. `has_searched` is whether searches return another version.
fn page(document: &FoundDocument, has_searched: bool) -> Markup {
    let found = sections::sections(&document.body);
    let language = document.meta.get("language").and_then(|language| language.as_str());
    let published = document.meta.get("anchors").and_then(|anchors| anchors.as_array());
    let published: Vec<&str> =
        published.into_iter().flatten().map(|anchor| anchor.as_str().unwrap_or_default()).collect();
    let linked = linked(document);
    let content = html! {
        article.document lang=[language] dir="auto" {
            @if !document.breadcrumbs.is_empty() {
                p.crumbs { (document.breadcrumbs.join(" › ")) }
            }
            h1 { (document.title) }
            (facts(document, has_searched))
            @if found.len() >= CONTENTS { (contents(&found)) }
            div.body { (rendered(&document.body, &document.run_id, &published)) }
            @if !linked.is_empty() {
                h2 { "Linked pages" }
                ul {
                    @for (name, doc_id) in linked {
                        li { a href=(links::document(&document.run_id, doc_id)) { (name) } }
                    }
                }
            }
            details {
                summary { "Markdown" }
                pre tabindex="0" { code { (document.body) } }
            }
            details {
                summary { "Metadata" }
                pre tabindex="0" { code { (serde_json::to_string_pretty(&document.meta).unwrap_or_default()) } }
            }
        }
    };
    layout::page(&document.title, Place::Search, &content)
}

fn facts(document: &FoundDocument, has_searched: bool) -> Markup {
    let meta = |key: &str| document.meta.get(key).and_then(|value| value.as_str());
    html! {
        @if !document.is_searched && !has_searched {
            p.notice { "Searches do not return this document." }
        } @else if !document.is_searched {
            p.notice { "Searches return another version of this document. "
                a href=(links::document("~", &document.doc_id)) { "Show that version" } "." }
        }
        p.facts {
            span { (document.source) }
            span { "run " a href=(links::run(&document.run_id)) { (document.run_id) } }
            @if let Some(path) = &document.path { span.path { (path) } }
            @if let Some(updated) = meta("updated_at").and_then(|at| at.get(..10)) { span { "changed " (updated) } }
            @for label in &document.labels {
                a.label href={ "/?q=&label=" (links::encoded(label)) } { (label) }
            }
            @if let Some(url) = document.url.as_deref().and_then(links::outside) {
                a href=(url) rel="noopener noreferrer" { "Original page" }
            }
            a href={ "/api/documents/" (links::encoded(&document.run_id)) "/" (links::encoded(&document.doc_id)) } { "JSON" }
        }
    }
}

fn contents(found: &[Section]) -> Markup {
    html! {
        details.contents open {
            summary { "Contents" }
            ul {
                @for section in found {
                    li class={ "level-" (section.level) } {
                        a href={ "#" (ANCHOR_PREFIX) (links::encoded(&section.anchor)) } { (section.title) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(is_searched: bool) -> FoundDocument {
        FoundDocument {
            run_id: "r1".into(),
            doc_id: "a".into(),
            title: "A".into(),
            url: None,
            path: None,
            source: "confluence".into(),
            labels: Vec::new(),
            breadcrumbs: Vec::new(),
            meta: serde_json::json!({ "language": "ar", "links": [
                { "href": "Page B", "target_id": "b" }, { "href": "Page B", "target_id": "b" }, { "href": "Away", "target_id": null },
                { "href": "Shown", "target_id": "site/shown" } ] }),
            body: "See [Shown](site/shown).".into(),
            is_searched,
        }
    }

    #[test]
    fn pages_that_the_text_does_not_link_to_are_listed() {
        let page = page(&document(true), false).into_string();
        assert!(page.contains("<h2>Linked pages</h2><ul><li><a href=\"/d/r1/b\">Page B</a></li></ul>"), "{page}");
        assert!(page.contains("lang=\"ar\" dir=\"auto\""), "{page}");
    }

    #[test]
    fn a_document_that_no_search_returns_leads_to_no_other_version() {
        assert!(page(&document(false), false).into_string().contains("Searches do not return this document."));
        assert!(page(&document(false), true).into_string().contains("Show that version"));
        assert!(!page(&document(true), false).into_string().contains("class=\"notice\""));
    }
}
