//! Converts Markdown to HTML that cannot run scripts or load content from other servers.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};
use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Parser, Tag, TagEnd, html};

use super::links;
use crate::sections;

/// The prefix of anchors in documents. It separates them from the ids of the page.
pub const ANCHOR_PREFIX: &str = "s-";

/// Allows only what Markdown supports: no scripts, styles, forms, frames or images, and no classes or ids from the document.
static SANITIZER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from([
            "a",
            "abbr",
            "b",
            "blockquote",
            "br",
            "caption",
            "cite",
            "code",
            "col",
            "colgroup",
            "dd",
            "del",
            "details",
            "dfn",
            "div",
            "dl",
            "dt",
            "em",
            "figcaption",
            "figure",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "ins",
            "kbd",
            "li",
            "mark",
            "ol",
            "p",
            "pre",
            "q",
            "s",
            "samp",
            "small",
            "span",
            "strike",
            "strong",
            "sub",
            "summary",
            "sup",
            "table",
            "tbody",
            "td",
            "tfoot",
            "th",
            "thead",
            "tr",
            "u",
            "ul",
            "var",
        ]))
        .clean_content_tags(HashSet::from(["script", "style", "template", "iframe", "object", "noscript"]))
        .add_tag_attributes("a", ["href", "title"])
        .add_tag_attributes("ol", ["start"])
        .add_tag_attributes("td", ["colspan", "rowspan"])
        .add_tag_attributes("th", ["colspan", "rowspan", "scope"])
        .add_tag_attribute_values("div", "tabindex", ["0"])
        .add_allowed_classes("div", ["scroll"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer"))
        .id_prefix(Some(ANCHOR_PREFIX));
    for heading in ["h2", "h3", "h4", "h5", "h6"] {
        builder.add_tag_attributes(heading, ["id"]);
    }
    builder
});

/// Renders a document of `run_id` as HTML. Its headings begin at the second level, and their ids are their anchors. `published`
/// contains the anchors of the same headings on the published page, which links of the document may use.
pub fn rendered(markdown: &str, run_id: &str, published: &[&str]) -> Markup {
    let own: Vec<String> = sections::sections(markdown).into_iter().map(|section| section.anchor).collect();
    let target = |url: &str| {
        let place = url.strip_prefix('#').and_then(|fragment| published.iter().position(|known| *known == fragment));
        match place.filter(|_| published.len() == own.len()).and_then(|place| own.get(place)) {
            Some(anchor) => format!("#{ANCHOR_PREFIX}{anchor}"),
            None => target(url, run_id),
        }
    };
    let mut anchors = own.iter().cloned();
    let mut in_image = false;
    let mut image_has_link = false;
    let events = Parser::new_ext(markdown, sections::extensions()).flat_map(|event| match event {
        Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
            let id = anchors.next().map(CowStr::from);
            vec![Event::Start(Tag::Heading { level: below(level), id, classes, attrs })]
        }
        Event::End(TagEnd::Heading(level)) => vec![Event::End(TagEnd::Heading(below(level)))],
        // HTML does not allow nested links.
        Event::Start(Tag::Link { .. }) | Event::End(TagEnd::Link) if in_image => Vec::new(),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let dest_url = target(&dest_url).into();
            vec![Event::Start(Tag::Link { link_type, dest_url, title, id })]
        }
        // Images become links, because nothing is loaded from other servers. Files of the input are not here.
        Event::Start(Tag::Image { link_type, dest_url, title, id }) => {
            in_image = true;
            image_has_link = links::outside(&dest_url).is_some();
            let link = image_has_link.then_some(Event::Start(Tag::Link { link_type, dest_url, title, id }));
            link.into_iter().chain([Event::Text("Image: ".into())]).collect()
        }
        Event::End(TagEnd::Image) => {
            in_image = false;
            if image_has_link { vec![Event::End(TagEnd::Link)] } else { Vec::new() }
        }
        Event::Start(table @ Tag::Table(_)) => {
            vec![Event::Html("<div class=\"scroll\" tabindex=\"0\">".into()), Event::Start(table)]
        }
        Event::End(TagEnd::Table) => vec![Event::End(TagEnd::Table), Event::Html("</div>".into())],
        other => vec![other],
    });
    let mut unsafe_html = String::new();
    html::push_html(&mut unsafe_html, events);
    PreEscaped(SANITIZER.clean(&unsafe_html).to_string())
}

fn below(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H2,
        HeadingLevel::H2 => HeadingLevel::H3,
        HeadingLevel::H3 => HeadingLevel::H4,
        HeadingLevel::H4 => HeadingLevel::H5,
        HeadingLevel::H5 | HeadingLevel::H6 => HeadingLevel::H6,
    }
}

/// Returns the target of a link: a web address, a section of this page, or another document of the run.
fn target(url: &str, run_id: &str) -> String {
    let is_web = links::outside(url).is_some() || url.to_ascii_lowercase().starts_with("mailto:");
    if is_web || url.is_empty() {
        return url.to_owned();
    }
    let (name, fragment) = url.split_once('#').map_or((url, None), |(name, fragment)| (name, Some(fragment)));
    let fragment = fragment.map(|fragment| format!("#{ANCHOR_PREFIX}{fragment}")).unwrap_or_default();
    if name.is_empty() {
        return fragment;
    }
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    format!("{}{fragment}", links::document(run_id, &name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(markdown: &str) -> String {
        rendered(markdown, "r1", &[]).into_string()
    }

    #[test]
    fn headings_have_their_anchors_below_the_title_of_the_page() {
        assert_eq!(shown("# A b\n\n## A b\n"), "<h2 id=\"s-a-b\">A b</h2>\n<h3 id=\"s-a-b-1\">A b</h3>\n");
    }

    #[test]
    fn links_lead_to_the_web_to_sections_and_to_documents_of_the_run() {
        let page = shown("[w](https://a.example/x) [s](#a-b) [d](topic:c/b.dita#x) [m](<Other page.md>)");
        for href in ["https://a.example/x", "#s-a-b", "/d/r1/topic%3Ac%2Fb.dita#s-x", "/d/r1/Other%20page.md"] {
            assert!(page.contains(&format!("href=\"{href}\"")), "{href}: {page}");
        }
    }

    #[test]
    fn links_to_the_anchors_of_the_published_page_lead_to_its_headings() {
        let markdown = "## One\n\n## What happens?\n\n[link](#Page-Whathappens?)";
        let page = rendered(markdown, "r1", &["Page-One", "Page-Whathappens?"]).into_string();
        assert!(page.contains("href=\"#s-what-happens\""), "{page}");
    }

    #[test]
    fn images_are_links_only_to_the_web() {
        assert_eq!(shown("![Icon](images/i.png)"), "<p>Image: Icon</p>\n");
        let page = shown("![Icon](https://a.example/i.png)");
        assert!(page.contains("href=\"https://a.example/i.png\"") && page.contains(">Image: Icon</a>"), "{page}");
    }

    #[test]
    fn nothing_that_could_run_or_load_survives() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)><script>alert(1)</script></svg>",
            "[x](javascript:alert(1))",
            "[x](JAVASCRIPT:alert(1))",
            "[x](data:text/html,<script>alert(1)</script>)",
            "<a href=\"java\nscript:alert(1)\">x</a>",
            "<a href='vbscript:x' onclick=alert(1) style='position:fixed'>x</a>",
            "![x](https://evil.example/pixel.gif)",
            "<iframe src=https://evil.example></iframe>",
            "<form action=https://evil.example><input name=q><button>x</button></form>",
            "<style>body{display:none}</style><link rel=stylesheet href=https://evil.example>",
            "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
            "<div class='brand' id='q'>x</div>",
            "# <img src=x onerror=alert(1)> heading\n",
            "| a |\n|---|\n| <script>alert(1)</script> |\n",
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<base href=https://evil.example><meta http-equiv=refresh content=0>",
        ];
        for markdown in hostile {
            let page = shown(markdown);
            let lower = page.to_lowercase();
            let bad = [
                "<script",
                "onerror",
                "onload",
                "onclick",
                "href=\"javascript",
                "href=\"data",
                "href=\"vbscript",
                "<img",
                "<iframe",
            ];
            for bad in bad.iter().chain(&[
                "<form",
                "<input",
                "<style",
                "<link",
                "<svg",
                "<base",
                "<meta",
                "style=",
                "\"brand\"",
                "id=\"q\"",
            ]) {
                // Escaped text is not markup.
                assert!(!lower.contains(bad), "{markdown} → {page}");
            }
        }
    }

    #[test]
    fn tables_and_code_are_what_they_were() {
        let page = shown("| a | b |\n|---|--:|\n| 1 | `x|y` |\n\n```sql\nselect 1 < 2;\n```\n");
        assert!(page.contains("<div class=\"scroll\" tabindex=\"0\"><table>"), "{page}");
        assert!(page.contains("<td>1</td>"), "{page}");
        assert!(page.contains("<pre><code>select 1 &lt; 2;\n</code></pre>"), "{page}");
    }
}
