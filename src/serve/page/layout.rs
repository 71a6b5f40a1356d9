//! The layout of all pages.

use maud::{DOCTYPE, Markup, html};

/// The position of a page in the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Search and its results.
    Search,
    /// Backlog and runs.
    Backlog,
    /// Another page.
    Other,
}

/// Returns a static page.
pub fn page(title: &str, place: Place, content: &Markup) -> Markup {
    frame(title, place, None, content)
}

/// Returns a page that is refreshed every `seconds`. The script replaces its content. Without the script, the page is reloaded.
pub fn live_page(title: &str, place: Place, seconds: u32, content: &Markup) -> Markup {
    frame(title, place, Some(seconds), content)
}

fn frame(title: &str, place: Place, refresh: Option<u32>, content: &Markup) -> Markup {
    let current = |is_here: bool| is_here.then_some("page");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · trailblazer" }
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                link rel="stylesheet" href="/assets/style.css";
                script src="/assets/page.js" defer {}
                @if let Some(seconds) = refresh {
                    noscript { meta http-equiv="refresh" content=(seconds); }
                }
            }
            body {
                a.skip href="#content" { "Skip to content" }
                header {
                    nav aria-label="Main" {
                        a.brand href="/" { "trailblazer" }
                        a href="/" aria-current=[current(place == Place::Search)] { "Search" }
                        a href="/backlog" aria-current=[current(place == Place::Backlog)] { "Backlog" }
                    }
                }
                main #content data-refresh=[refresh] { (content) }
            }
        }
    }
}
