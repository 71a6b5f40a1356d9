//! Converts macros. One table defines how each macro is converted.
//!
//! To add a macro, add a row to [`MACROS`]. Only a new treatment needs code. If a macro is not in the table, the converter
//! renders its title, link and body, ignores its other parameters, and counts its name in the losses.

mod conditional;
mod content;
mod diagram;
mod include;
mod listing;
mod properties;
mod query;
mod unlisted;

use serde_json::Value;

use super::super::tree::{Block, Inline};
use super::convert::Converter;
use super::dom::{Element, Node};
use super::flow::Flow;
use super::links::{self, Resource};
use super::{adf, storage, wiki};

/// How a macro is converted.
#[derive(Debug, Clone, Copy)]
enum Treatment {
    /// A code block in the language of its parameter.
    Code,
    /// A code block in a fixed language, or without a language.
    Fence(&'static str),
    /// A quotation with a label.
    Admonition(&'static str),
    /// A quotation with its title as label.
    Panel,
    /// The title in bold, then the body.
    Titled,
    /// The body, and a title and a link if there are any.
    Body,
    /// The body, and the text of its tooltip in parentheses.
    Tooltip,
    /// Nothing, but the macro is counted in the losses. Examples are navigation and content that the server computes.
    Dropped,
    /// Keeps the title, the link and the body, like a macro that is not in the table. The macro is counted in the losses.
    Unlisted,
    /// Nothing. No content is lost, so the macro is not counted.
    Silent,
    Status,
    Jira,
    Anchor,
    Rule,
    /// A quotation without a label.
    Quote,
    /// An excerpt of this page.
    Excerpt,
    ExcerptInclude,
    Include,
    /// A body that is visible under a condition.
    Conditional,
    /// A named part of another page.
    MultiExcerptInclude,
    /// The pages below a page.
    Children,
    PageTree,
    /// The pages with a label.
    ByLabel,
    /// Page properties.
    Properties,
    /// A table of the properties of other pages.
    PropertiesReport,
    /// A diagram: its source in this language, or its image. A drawing has no source.
    Diagram(&'static str),
    /// A formula, as a block or inline.
    Math(Display),
    /// A link to an attached file.
    File,
    /// A link to an address.
    Address,
    Html,
    Markdown,
    Person,
    /// Wiki markup that an editor could not convert.
    WikiMarkup,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Display {
    Block,
    Inline,
}

use Treatment as T;

/// All known macros, by treatment.
const MACROS: &[(&[&str], Treatment)] = &[
    (&["code", "code-block", "codeblock", "newcode", "code-pro", "snippet"], T::Code),
    (&["noformat", "preformatted"], T::Fence("")),
    (&["plantuml", "plantumlrender"], T::Fence("plantuml")),
    (&["mermaid", "mermaid-diagram", "mermaiddiagram"], T::Fence("mermaid")),
    (&["graphviz", "digraph", "flowchart", "spacegraph"], T::Fence("dot")),
    (&["sql", "sql-query"], T::Fence("sql")),
    (&["info", "information"], T::Admonition("Info")),
    (&["note"], T::Admonition("Note")),
    (&["warning"], T::Admonition("Warning")),
    (&["tip"], T::Admonition("Tip")),
    (&["success"], T::Admonition("Success")),
    (&["error"], T::Admonition("Error")),
    (&["auimessage", "alert", "message-box"], T::Admonition("Note")),
    (&["panel", "bgcolor-panel"], T::Panel),
    (&["expand", "ui-expand", "ui-expand-all", "localtab", "ui-tab", "ui-step", "card", "deck-card", "tab"], T::Titled),
    (&["section", "column", "ui-tabs", "ui-steps", "localtabgroup", "deck", "tab-group", "align", "center"], T::Body),
    (&["clickable", "div", "span", "bgcolor", "highlight", "color", "style-text", "toc-zone", "lozenge"], T::Body),
    (&["table-filter", "table-excerpt", "pivot", "pivot-table", "chart", "table-joiner", "table-chart"], T::Body),
    (&["table-transformer", "sorttable", "table-plus", "csv", "numberedheadings"], T::Body),
    (&["multiexcerpt", "multiexcerpt-macro"], T::Body),
    (&["scroll-ignore", "scroll-only", "scroll-pagebreak", "scroll-title", "scroll-content", "hideelements"], T::Body),
    (&["cache", "bodylink"], T::Body),
    (&["tooltip"], T::Tooltip),
    (conditional::NAMES, T::Conditional),
    (&["children"], T::Children),
    (&["pagetree"], T::PageTree),
    (&["contentbylabel"], T::ByLabel),
    (&["detailssummary"], T::PropertiesReport),
    (&["multiexcerpt-include", "multiexcerpt-include-macro"], T::MultiExcerptInclude),
    (&["toc", "pagetreesearch", "recently-updated", "blog-posts"], T::Dropped),
    (&["listlabels", "livesearch", "contributors", "contributors-summary", "gallery", "attachments"], T::Dropped),
    (
        &["space-details", "create-from-template", "create-space-button", "tasks-report", "tasks-report-macro"],
        T::Dropped,
    ),
    (&["roadmap", "profile", "change-history", "content-report-table", "favpages"], T::Dropped),
    (&["popular-labels", "related-labels", "recently-used-labels", "spaces", "spaces-list", "navmap"], T::Dropped),
    (
        &["page-index", "index", "search", "network", "global-reports", "activity", "userlister", "jirachart"],
        T::Dropped,
    ),
    (&["jira-roadmap-cloud", "decisionreport", "recently-updated-dashboard", "rss", "im", "loremipsum"], T::Dropped),
    (&["scrollbar", "bookmarks", "welcome-message", "display-footnotes", "junitreport"], T::Unlisted),
    (&["tasklist", "dynamictasklist", "dynamictasklist2"], T::Unlisted),
    (&["pagebreak", "clear", "style", "css", "javascript"], T::Silent),
    (&["status", "status-handy"], T::Status),
    (&["jira", "jiraissues"], T::Jira),
    (&["anchor"], T::Anchor),
    (&["horizontalrule", "hr"], T::Rule),
    (&["quote"], T::Quote),
    (&["excerpt"], T::Excerpt),
    (&["excerpt-include"], T::ExcerptInclude),
    (&["include"], T::Include),
    (&["details"], T::Properties),
    (&["plantumlcloud"], T::Diagram("plantuml")),
    (&["mermaid-cloud", "mermaid-macro"], T::Diagram("mermaid")),
    (&["drawio", "inc-drawio", "drawio-sketch", "gliffy", "lucidchart", "balsamiq"], T::Diagram("")),
    (&["mockup", "bpmn", "yworks"], T::Diagram("")),
    (
        &["mathblock", "mathdisplay", "latex", "easy-math-block", "eazy-math-block", "latexmath"],
        T::Math(Display::Block),
    ),
    (&["mathinline", "eazy-math-inline", "easy-math-inline", "latex-inline"], T::Math(Display::Inline)),
    (&["view-file", "viewpdf", "viewdoc", "viewxls", "viewppt", "multimedia", "html-include"], T::File),
    (&["widget", "iframe", "swagger", "open-api", "swagger-ui", "include-url", "youtube"], T::Address),
    (&["miro", "figma"], T::Address),
    (&["html", "html-bobswift", "html-wrap"], T::Html),
    (&["markdown", "mohamicorp-markdown", "markdown-from-url", "markdown-macro"], T::Markdown),
    (&["user-profile", "roster", "user"], T::Person),
    (&["unmigrated-wiki-markup", "unmigrated-inline-wiki-markup"], T::WikiMarkup),
];

fn treatment(name: &str) -> Option<Treatment> {
    MACROS.iter().find(|(names, _)| names.contains(&name)).map(|(_, treatment)| *treatment)
}

pub(super) use conditional::NAMES as CONDITIONAL;

/// Returns whether a macro that is not in the table has text besides its body.
pub(super) fn has_words(call: &Call<'_>) -> bool {
    unlisted::has_words(call)
}

/// Returns whether the table contains the macro.
pub(super) fn is_known(name: &str) -> bool {
    treatment(name).is_some()
}

/// Returns whether the macro's body is literal text instead of markup.
pub(super) fn is_verbatim(name: &str) -> bool {
    matches!(
        treatment(name),
        Some(T::Code | T::Fence(_) | T::Math(_) | T::Html | T::Markdown | T::Diagram("plantuml" | "mermaid"))
    )
}

/// A macro on a page, in any format.
#[derive(Debug, Default)]
pub(super) struct Call<'a> {
    pub name: String,
    pub parameters: Vec<Parameter>,
    pub body: Content<'a>,
}

/// A parameter. The default parameter has no name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parameter {
    pub name: String,
    pub value: String,
    pub resources: Vec<Resource>,
}

/// The body of a macro.
#[derive(Debug, Clone, Default)]
pub(super) enum Content<'a> {
    #[default]
    None,
    Plain(String),
    Storage(&'a [Node]),
    Adf(&'a [Value]),
    Wiki(&'a str),
}

impl Call<'_> {
    /// Returns the value of a parameter unless it is missing or blank.
    fn parameter(&self, name: &str) -> Option<&str> {
        let value = self.parameters.iter().find(|parameter| parameter.name == name).map(|found| found.value.trim());
        value.filter(|value| !value.is_empty())
    }

    /// Returns the value of a parameter that has several spellings.
    fn any(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.parameter(name))
    }

    fn resource(&self) -> Option<&Resource> {
        self.parameters.iter().find_map(|parameter| parameter.resources.first())
    }

    fn flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("true")
    }

    /// Returns the body without processing its markup.
    fn plain(&self) -> String {
        match &self.body {
            Content::None => String::new(),
            Content::Plain(text) => text.clone(),
            Content::Storage(nodes) => Element { children: nodes.to_vec(), ..Element::default() }.text(),
            Content::Adf(nodes) => adf::text(nodes),
            Content::Wiki(text) => (*text).to_owned(),
        }
    }
}

/// Returns the name of a macro in storage format, or an empty string if the element is not a macro.
fn macro_name(element: &Element) -> &str {
    let is_macro = matches!(element.name.as_str(), "ac:structured-macro" | "ac:macro");
    element.attribute("ac:name").filter(|_| is_macro).unwrap_or_default()
}

/// Reads and converts a macro element in storage format.
pub(super) fn storage(cx: &mut Converter<'_>, element: &Element, flow: &mut Flow) {
    let name = element.attribute("ac:name").unwrap_or_default().to_owned();
    let mut call = Call { name, parameters: parameters(element), body: Content::None };
    for child in element.elements() {
        match child.name.as_str() {
            "ac:rich-text-body" => call.body = Content::Storage(&child.children),
            "ac:plain-text-body" => call.body = Content::Plain(child.text()),
            _ => {}
        }
    }
    run(cx, &call, flow);
}

/// Returns the parameters of a macro in storage format.
fn parameters(element: &Element) -> Vec<Parameter> {
    let is_parameter = |child: &&Element| matches!(child.name.as_str(), "ac:parameter" | "ac:default-parameter");
    element.elements().filter(is_parameter).map(parameter).collect()
}

fn parameter(element: &Element) -> Parameter {
    let inside = element.elements().filter(|child| child.name == "ac:link").flat_map(Element::elements);
    Parameter {
        name: element.attribute("ac:name").unwrap_or_default().to_owned(),
        value: element.text(),
        resources: element.elements().chain(inside).filter_map(links::resource).collect(),
    }
}

/// Converts a macro.
pub(super) fn run(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    let Some(treatment) = treatment(&call.name) else {
        unlisted::unlisted(cx, call, flow);
        return;
    };
    match treatment {
        T::Code => content::code(call, flow),
        T::Fence(language) => content::fence(cx, call, language, flow),
        T::Admonition(label) => content::admonition(cx, call, label, flow),
        T::Panel => content::panel(cx, call, flow),
        T::Titled => content::titled(cx, call, flow),
        T::Body => unlisted::framed(cx, call, flow),
        T::Tooltip => content::tooltip(cx, call, flow),
        T::Dropped => dropped(cx, call, flow),
        T::Unlisted => unlisted::unlisted(cx, call, flow),
        T::Silent | T::Anchor => {}
        T::Status => content::status(cx, call, flow),
        T::Jira => content::jira(cx, call, flow),
        T::Quote => content::quote(cx, call, flow),
        T::Rule => flow.block(Block::Rule),
        T::Excerpt => include::excerpt(cx, call, flow),
        T::ExcerptInclude => include::excerpt_include(cx, call, flow),
        T::Include => include::page(cx, call, flow),
        T::Conditional => conditional::conditional(cx, call, flow),
        T::MultiExcerptInclude => listing::multi_excerpt(cx, call, flow),
        T::Children => listing::children(cx, call, flow),
        T::PageTree => listing::page_tree(cx, call, flow),
        T::ByLabel => listing::by_label(cx, call, flow),
        T::PropertiesReport => listing::report(cx, call, flow),
        T::Properties => properties::details(cx, call, flow),
        T::Diagram(language) => diagram::diagram(cx, call, language, flow),
        T::Math(display) => content::math(call, display == Display::Block, flow),
        T::File => content::file(cx, call, flow),
        T::Address => content::address(cx, call, flow),
        T::Html => content::html(cx, call, flow),
        T::Markdown => content::markdown(cx, call, flow),
        T::Person => content::person(cx, call, flow),
        T::WikiMarkup => wiki::document(cx, &call.plain(), flow),
    }
}

/// Counts a dropped macro in the losses. Text in its body is kept.
fn dropped(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    cx.count(format!("macro:{}", call.name));
    if !matches!(call.body, Content::Plain(_)) {
        body(cx, call, flow);
    }
}

/// Adds the body of a macro to the current text.
fn body(cx: &mut Converter<'_>, call: &Call<'_>, flow: &mut Flow) {
    match &call.body {
        Content::None => {}
        Content::Plain(text) => {
            if !text.trim().is_empty() {
                flow.block(Block::Code { language: String::new(), text: text.clone() });
            }
        }
        Content::Storage(nodes) => storage::nodes(cx, nodes, flow),
        Content::Adf(nodes) => adf::nodes(cx, nodes, flow),
        Content::Wiki(text) => wiki::document(cx, text, flow),
    }
}

/// Converts the body of a macro to separate blocks.
fn body_blocks(cx: &mut Converter<'_>, call: &Call<'_>) -> Vec<Block> {
    let mut flow = Flow::default();
    body(cx, call, &mut flow);
    flow.finish()
}

fn text(text: &str) -> Inline {
    Inline::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::MACROS;

    #[test]
    fn each_macro_is_in_the_table_once() {
        let mut names: Vec<_> = MACROS.iter().flat_map(|(names, _)| names.iter()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
