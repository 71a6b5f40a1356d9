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

/// Returns cases for words outside the body of a macro.
fn words() -> Vec<Case> {
    const URL: (&str, &str) = ("link", "https://v.example/1");
    const LINK: &str = "[https://v.example/1](https://v.example/1)";
    vec![
        ("clickable", &[URL], rich("x"), "x\n\n[https://v.example/1](https://v.example/1)"),
        (
            "chart",
            &[("type", "pie"), ("title", "Sales"), ("subTitle", "2024")],
            rich("x"),
            "**Sales**\n\n**2024**\n\nx",
        ),
        (
            "figma",
            &[("url", "https://f.example/1"), ("height", "9")],
            String::new(),
            "[https://f.example/1](https://f.example/1)",
        ),
        ("iframe", &[("src", "https://v.example/1"), ("title", "T")], String::new(), "[T](https://v.example/1)"),
        ("quote", &[("author", "Ada")], rich("x"), "> x\n>\n> — Ada"),
        ("quote", &[URL], rich("x"), "> x\n>\n> — [https://v.example/1](https://v.example/1)"),
        ("tooltip", &[("text", "tip")], rich("x"), "x (tip)"),
        ("roster", &[("users", "ann, bob")], String::new(), "@ann, @bob"),
        (
            "roster",
            &[("users", "<ri:user ri:username=\"ann\"/><ri:user ri:username=\"bob\"/>")],
            String::new(),
            "@ann, @bob",
        ),
        ("nobody-knows", &[("title", "T"), ("caption", "C"), ("label", "T")], rich("x"), "**T**\n\n**C**\n\nx"),
        ("nobody-knows", &[("title", "T"), ("caption", "C"), URL], String::new(), "[T: C](https://v.example/1)"),
        ("nobody-knows", &[("secret", "s"), URL], String::new(), LINK),
    ]
}

#[test]
fn each_macro_becomes_what_the_specification_says() {
    let mut wrong = Vec::new();
    for (name, parameters, body, expected) in texts().into_iter().chain(objects()).chain(words()) {
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

#[test]
fn an_excerpt_without_a_panel_stays_in_its_line() {
    let page = "<ac:link><ri:page ri:content-title=\"b\"/></ac:link>";
    let line =
        |name: &str, parameters: &[(&str, &str)]| format!("<p>before {} after</p>", macro_(name, parameters, ""));
    let own = format!(
        "<p>before {} after</p>",
        macro_("excerpt", &[("atlassian-macro-output-type", "INLINE")], &rich("own"))
    );
    let parts =
        macro_("excerpt", &[], &rich("gist")) + &macro_("multiexcerpt", &[("MultiExcerptName", "m")], &rich("part"));
    let several = macro_("excerpt", &[], "<ac:rich-text-body><p>1</p><p>2</p></ac:rich-text-body>");
    let converted = |source: &str, target: &str| convert(&[("a.xml", source), ("b.xml", target)]).remove(0);
    let excerpt = line("excerpt-include", &[("", page), ("nopanel", "true")]);
    assert_eq!(converted(&excerpt, &parts), "before gist after");
    assert_eq!(converted(&excerpt, &several), "before\n\n1\n\n2\n\nafter");
    let multi = line("multiexcerpt-include", &[("PageWithExcerpt", page), ("MultiExcerptName", "m")]);
    assert_eq!(converted(&multi, &parts), "before part after");
    assert_eq!(converted(&own, ""), "before own after");
}

#[test]
fn links_keep_the_words_and_the_blanks_of_the_page() {
    let user = "<p><ac:link><ri:user ri:username=\"jdoe\"/><ac:plain-text-link-body><![CDATA[our manager]]></ac:plain-text-link-body></ac:link></p>";
    assert_eq!(convert(&[("p.xml", user)]), ["our manager"]);
    assert_eq!(convert(&[("p.xml", "<p>one<a href=\"https://x.example/a/b\"> </a>two</p>")]), ["one two"]);
    let adf = r#"{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"one"},
        {"type":"text","text":" ","marks":[{"type":"link","attrs":{"href":"https://x.example"}}]},{"type":"text","text":"two"}]}]}"#;
    assert_eq!(convert(&[("p.adf", adf)]), ["one two"]);
}
