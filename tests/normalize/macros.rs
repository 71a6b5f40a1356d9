//! Macros for each treatment, and the expected result.

use std::fs;

use tempfile::TempDir;
use trailblazer::normalize::{Options, Source};

use crate::support::documents::read;

/// Returns a macro of storage format.
fn macro_(name: &str, parameters: &[(&str, &str)], body: &str) -> String {
    let parameter = |(name, value): &(&str, &str)| format!("<ac:parameter ac:name=\"{name}\">{value}</ac:parameter>");
    let parameters = parameters.iter().map(parameter).collect::<Vec<_>>().concat();
    format!("<ac:structured-macro ac:name=\"{name}\">{parameters}{body}</ac:structured-macro>")
}

fn plain(text: &str) -> String {
    format!("<ac:plain-text-body><![CDATA[{text}]]></ac:plain-text-body>")
}

fn rich(text: &str) -> String {
    format!("<ac:rich-text-body><p>{text}</p></ac:rich-text-body>")
}

/// Converts pages of a Cloud site, sorted by name.
fn convert(pages: &[(&str, &str)]) -> Vec<String> {
    let folder = TempDir::new().expect("a temporary folder");
    for (name, source) in pages {
        fs::write(folder.path().join(name), source).expect("a written file");
    }
    let options = Options {
        site_url: Some("https://x.atlassian.net/wiki".to_owned()),
        collection: Some("S".to_owned()),
        ..Options::default()
    };
    let read = read(folder.path(), Source::Confluence, &options);
    assert_eq!(read.failures, []);
    read.documents.into_iter().map(|document| document.text_md).collect()
}

/// Name, parameters, body, and the Markdown.
type Case = (&'static str, &'static [(&'static str, &'static str)], String, &'static str);

/// `@startuml\nA -> B: Grüße & more\n@enduml`, percent-encoded, deflated, Base64.
const PACKED: &str = "UzUxKC5JLCopzc1RNXB0VDUy0FU1dgVSTqrGIJ57kaqzsaqTM4i0dEsFiqgamQHJ3PyiVKAGVROD1LwUoGYA";

/// Returns cases for text, and for content from other pages.
fn texts() -> Vec<Case> {
    vec![
        (
            "code",
            &[("language", "js"), ("title", "T"), ("theme", "Midnight")],
            plain("x"),
            "**T**\n\n```javascript\nx\n```",
        ),
        ("code", &[("language", "none"), ("collapse", "true")], plain("x"), "```\nx\n```"),
        ("code", &[("language", "c#")], plain(""), ""),
        ("noformat", &[], plain("x  y"), "```\nx  y\n```"),
        ("info", &[], rich("x"), "> **Info:** x"),
        ("warning", &[("title", "T")], rich("x"), "> **Warning:** T\n>\n> x"),
        ("panel", &[("title", "T"), ("bgColor", "red")], rich("x"), "> **T:** x"),
        ("panel", &[("bgColor", "red")], rich("x"), "> x"),
        ("expand", &[("title", "T")], rich("x"), "**T**\n\nx"),
        ("excerpt", &[("atlassian-macro-output-type", "BLOCK")], rich("x"), "x"),
        ("toc", &[("maxLevel", "3")], String::new(), ""),
        ("children", &[("sort", "title")], String::new(), ""),
        ("contentbylabel", &[("cql", "label = x")], String::new(), ""),
        ("status", &[("title", "DONE"), ("color", "Green")], String::new(), "**DONE**"),
        ("jira", &[("server", "J"), ("key", "AB-1")], String::new(), "[AB-1](https://x.atlassian.net/browse/AB-1)"),
        ("jira", &[("jqlQuery", "project = A"), ("columns", "key")], String::new(), "Jira query: `project = A`"),
        ("jira", &[("jqlQuery", "q"), ("key", "AB-1")], String::new(), "[AB-1](https://x.atlassian.net/browse/AB-1)"),
        ("anchor", &[("", "here")], String::new(), ""),
        (
            "section",
            &[],
            format!("<ac:rich-text-body>{}</ac:rich-text-body>", macro_("column", &[("width", "30%")], &rich("x"))),
            "x",
        ),
    ]
}

/// Returns cases for diagrams, formulas, files and add-ons.
fn objects() -> Vec<Case> {
    vec![
        ("drawio", &[("diagramName", "D"), ("revision", "3")], String::new(), "![D](D.png)"),
        ("gliffy", &[("name", "D"), ("pagePin", "1")], String::new(), "![D](D.png)"),
        ("plantuml", &[], plain("@startuml\nA -> B\n@enduml"), "```plantuml\n@startuml\nA -> B\n@enduml\n```"),
        (
            "plantumlcloud",
            &[("data", PACKED), ("compressed", "true"), ("filename", "p.svg")],
            String::new(),
            "```plantuml\n@startuml\nA -> B: Grüße & more\n@enduml\n```",
        ),
        (
            "plantumlcloud",
            &[("data", "@startuml%0AA%20-%3E%20B%0A@enduml"), ("compressed", "false")],
            String::new(),
            "```plantuml\n@startuml\nA -> B\n@enduml\n```",
        ),
        (
            "plantumlcloud",
            &[("data", "no/base=64"), ("compressed", "true"), ("filename", "p.svg")],
            String::new(),
            "![p.svg](p.svg)",
        ),
        ("mermaid-cloud", &[("filename", "m")], String::new(), "![m](m.png)"),
        ("mermaid-cloud", &[("filename", "m")], plain("graph TD"), "```mermaid\ngraph TD\n```"),
        ("mathblock", &[], plain("a^2"), "$$a^2$$"),
        ("mathinline", &[("body", "a^2")], String::new(), "$a^2$"),
        ("eazy-math-inline", &[("body", "a_1"), ("align", "center")], String::new(), "$a_1$"),
        (
            "view-file",
            &[("height", "150"), ("name", "<ri:attachment ri:filename=\"f.pdf\"/>")],
            String::new(),
            "[f.pdf](f.pdf)",
        ),
        (
            "widget",
            &[("url", "<ri:url ri:value=\"https://v.example/1\"/>"), ("width", "9")],
            String::new(),
            "[https://v.example/1](https://v.example/1)",
        ),
        (
            "iframe",
            &[("src", "<ri:url ri:value=\"https://v.example/1\"/>")],
            String::new(),
            "[https://v.example/1](https://v.example/1)",
        ),
        ("html", &[], plain("<p>a <b>b</b></p><script>x()</script>"), "a **b**"),
        ("markdown", &[], plain("# a\n\n- b"), "# a\n\n- b"),
        (
            "table-filter",
            &[("column", "A")],
            "<ac:rich-text-body><table><tr><th>A</th></tr><tr><td>1</td></tr></table></ac:rich-text-body>".to_owned(),
            "| A |\n| --- |\n| 1 |",
        ),
        (
            "localtabgroup",
            &[],
            format!("<ac:rich-text-body>{}</ac:rich-text-body>", macro_("localtab", &[("title", "T")], &rich("x"))),
            "**T**\n\nx",
        ),
        (
            "ui-steps",
            &[],
            format!("<ac:rich-text-body>{}</ac:rich-text-body>", macro_("ui-step", &[("title", "T")], &rich("x"))),
            "**T**\n\nx",
        ),
        ("scroll-ignore", &[], rich("x"), "x"),
        ("auimessage", &[("type", "hint"), ("title", "T")], rich("x"), "> **Note:** T\n>\n> x"),
        ("horizontalrule", &[], String::new(), "---"),
        ("user-profile", &[("user", "<ri:user ri:userkey=\"k1\"/>")], String::new(), "@k1"),
        ("loremipsum", &[("paragraphs", "3")], String::new(), ""),
        ("unmigrated-wiki-markup", &[], plain("h2. T\n*b*"), "## T\n\n**b**"),
        ("nobody-knows", &[("secret", "s")], rich("x"), "x"),
        ("nobody-knows", &[("secret", "s")], plain("x"), "```\nx\n```"),
    ]
}

#[test]
fn each_macro_becomes_what_the_specification_says() {
    let mut wrong = Vec::new();
    for (name, parameters, body, expected) in texts().into_iter().chain(objects()) {
        let source = format!("<p>a</p>{}", macro_(name, parameters, &body));
        let expected = format!("a\n\n{expected}").trim_end().to_owned();
        let [ours] = convert(&[("p.xml", &source)]).try_into().expect("one page");
        if ours != expected {
            wrong.push((source, expected, ours));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn excerpts_that_show_each_other_stop_at_the_cycle() {
    let shows = |title: &str| {
        let page = format!("<ac:link><ri:page ri:content-title=\"{title}\"/></ac:link>");
        let inner = macro_("excerpt-include", &[("", &page)], "");
        macro_("excerpt", &[], &format!("<ac:rich-text-body><p>of {title}’s reader</p>{inner}</ac:rich-text-body>"))
    };
    let pages = convert(&[("a.xml", &shows("b")), ("b.xml", &shows("a"))]);
    let stub = "[Included: a](https://x.atlassian.net/wiki/display/S/a)";
    assert_eq!(pages[0], format!("of b’s reader\n\nof a’s reader\n\n{stub}"));
}

#[test]
fn a_page_that_is_not_in_the_input_is_named_where_it_was_included() {
    let page = "<ac:link><ri:page ri:space-key=\"T\" ri:content-title=\"Far away\"/></ac:link>";
    let pages = convert(&[("a.xml", &macro_("include", &[("", page)], ""))]);
    assert_eq!(pages, ["[Included: Far away](https://x.atlassian.net/wiki/display/T/Far+away)"]);
}
