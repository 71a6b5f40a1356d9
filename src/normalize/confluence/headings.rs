//! Computes the anchors of headings on the published page.

use std::collections::HashMap;

use super::super::text::one_line;
use super::super::tree::{Block, Inline};
use super::flow::plain;
use super::library::PageRef;
use super::site::Site;

/// Returns the anchor of each heading, in order. The anchor of a heading without text is empty.
pub(super) fn anchors(site: &Site, page: &PageRef, headings: &[String]) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let anchor = |heading: &String| {
        if heading.is_empty() {
            return String::new();
        }
        let anchor = site.anchor(&page.title, heading, page.has_cloud_body);
        let earlier = seen.entry(anchor.clone()).and_modify(|earlier| *earlier += 1).or_default();
        // Confluence numbers equal anchors.
        if *earlier == 0 { anchor } else { format!("{anchor}.{earlier}") }
    };
    headings.iter().map(anchor).collect()
}

/// Adds the headings in the Markdown of `blocks`, in order. Headings in quotations, lists and tables are ignored.
pub(super) fn collect(blocks: &[Block], headings: &mut Vec<String>) {
    for block in blocks {
        match block {
            Block::Heading { content, .. } => {
                let text = one_line(&plain(content));
                let is_image = content.iter().any(|inline| matches!(inline, Inline::Image { .. }));
                if !text.is_empty() || is_image {
                    headings.push(text);
                }
            }
            Block::Group(blocks) => collect(blocks, headings),
            Block::Markdown(text) => of_markdown(text, headings),
            _ => {}
        }
    }
}

/// Finds the headings in literal Markdown.
fn of_markdown(text: &str, headings: &mut Vec<String>) {
    let mut fence: Option<&str> = None;
    for line in text.lines() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(mark)) => fence = Some(mark),
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => {
                let words = line.trim_start_matches('#');
                if (1..=6).contains(&(line.len() - words.len())) && words.starts_with([' ', '\t']) {
                    headings.push(one_line(words.trim_end_matches('#')));
                }
            }
            _ => {}
        }
    }
}
