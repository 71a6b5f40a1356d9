//! Macros that query the space, and unknown macros.

use trailblazer::normalize::Options;

use crate::support::documents::{Read, read_files};

/// Returns a page of the REST API below `parent`.
fn page(id: &str, title: &str, parent: &str, label: &str, body: &str) -> String {
    serde_json::json!({
        "id": id, "status": "current", "title": title, "spaceId": "7", "parentId": parent,
        "labels": {"results": [{"prefix": "global", "name": label}]},
        "body": {"storage": {"value": body}},
        "_links": {"webui": format!("/spaces/OPS/pages/{id}/x"), "base": "https://x.atlassian.net/wiki"}
    })
    .to_string()
}

fn call(name: &str, parameters: &[(&str, &str)]) -> String {
    let parameters: String = parameters
        .iter()
        .map(|(name, value)| format!("<ac:parameter ac:name=\"{name}\">{value}</ac:parameter>"))
        .collect::<Vec<_>>()
        .concat();
    format!("<ac:structured-macro ac:name=\"{name}\">{parameters}</ac:structured-macro>")
}

fn details(hidden: &str, owner: &str) -> String {
    format!(
        "<ac:structured-macro ac:name=\"details\"><ac:parameter ac:name=\"hidden\">{hidden}</ac:parameter><ac:rich-text-body>\
         <table><tr><th>Owner</th><td>{owner}</td></tr></table></ac:rich-text-body></ac:structured-macro>"
    )
}

/// Reads a home page with `body`, two child pages, and one grandchild below the first of them.
fn space(body: &str) -> Read {
    let pages = [
        ("1.json", page("1", "Home", "", "none", body)),
        ("2.json", page("2", "Beta", "1", "how-to", &details("false", "Ann"))),
        ("3.json", page("3", "Alpha", "1", "other", "<p>x</p>")),
        ("4.json", page("4", "Leaf", "2", "how-to", &details("true", "Bob"))),
    ];
    let files: Vec<(&str, &str)> = pages.iter().map(|(name, page)| (*name, page.as_str())).collect();
    read_files(&files, &Options::default())
}

/// Returns the text of the home page without the addresses of pages.
fn home(body: &str) -> String {
    let text = space(body).titled("Home").text_md.clone();
    ["1", "2", "3", "4"]
        .iter()
        .fold(text, |text, id| text.replace(&format!("(https://x.atlassian.net/wiki/spaces/OPS/pages/{id}/x)"), ""))
}

#[test]
fn lists_of_children_and_trees_are_filled() {
    assert_eq!(home(&call("children", &[])), "- [Alpha]\n- [Beta]");
    assert_eq!(
        home(&call("children", &[("all", "true"), ("sort", "title"), ("reverse", "true")])),
        "- [Beta]\n  - [Leaf]\n- [Alpha]"
    );
    assert_eq!(
        home(&call("children", &[("page", "<ac:link><ri:page ri:content-title=\"Beta\"/></ac:link>")])),
        "- [Leaf]"
    );
    assert_eq!(home(&call("pagetree", &[("root", "@self"), ("startDepth", "2")])), "- [Alpha]\n- [Beta]\n  - [Leaf]");
}

#[test]
fn lists_by_label_are_filled() {
    let title = ("title", "Related");
    assert_eq!(
        home(&call("contentbylabel", &[("cql", "label = \"how-to\" and space = currentSpace()"), title])),
        "**Related**\n\n- [Beta]\n- [Leaf]"
    );
    assert_eq!(home(&call("contentbylabel", &[("labels", "how-to,other"), ("max", "2")])), "- [Beta]\n- [Alpha]");
    let unknown = space(&call("contentbylabel", &[("cql", "creator = currentUser()")]));
    assert_eq!(
        (unknown.titled("Home").text_md.as_str(), unknown.titled("Home").losses["macro:contentbylabel"]),
        ("", 1)
    );
}

#[test]
fn reports_of_page_properties_are_filled() {
    let report = home(&call("detailssummary", &[("cql", "label = \"how-to\""), ("firstcolumn", "Guide")]));
    assert_eq!(report, "| Guide | Owner |\n| --- | --- |\n| [Beta] | Ann |\n| [Leaf] | Bob |");
}

#[test]
fn named_parts_of_other_pages_are_shown() {
    let excerpt = |name: &str, text: &str| {
        format!(
            "<ac:structured-macro ac:name=\"multiexcerpt\"><ac:parameter ac:name=\"MultiExcerptName\">{name}</ac:parameter><ac:rich-text-body><p>{text}</p></ac:rich-text-body></ac:structured-macro>"
        )
    };
    let shows = call(
        "multiexcerpt-include",
        &[("MultiExcerptName", "two"), ("PageWithExcerpt", "<ac:link><ri:page ri:content-title=\"b\"/></ac:link>")],
    );
    let read =
        read_files(&[("a.xml", &shows), ("b.xml", &(excerpt("one", "1") + &excerpt("two", "2")))], &Options::default());
    assert_eq!(read.titled("a").text_md, "2");
}

#[test]
fn macros_that_nothing_is_known_of_keep_title_link_and_body() {
    let with_body = "<ac:structured-macro ac:name=\"aura-tab\"><ac:parameter ac:name=\"title\">Windows</ac:parameter><ac:parameter ac:name=\"color\">red</ac:parameter><ac:rich-text-body><p>Use the msi</p></ac:rich-text-body></ac:structured-macro>";
    let button = call(
        "button-hyperlink",
        &[("title", "Request access"), ("link", "<ri:url ri:value=\"https://e.example/req\"/>")],
    );
    let page = format!("{with_body}<p>a{button}b</p>");
    let read = read_files(&[("p.xml", &page)], &Options::default());
    assert_eq!(read.documents[0].text_md, "**Windows**\n\nUse the msi\n\na [Request access](https://e.example/req) b");
}

#[test]
fn words_of_elements_side_by_side_never_join() {
    let jira = call("jira", &[("key", "AB-1")]);
    let widget = call("widget", &[("url", "<ri:url ri:value=\"https://v.example/1\"/>")]);
    for (source, expected) in [
        ("due<time datetime=\"2025-02-03\"/>or".to_owned(), "due 2025-02-03 or"),
        ("<em>due<time datetime=\"2025-02-03\"/></em>or".to_owned(), "*due 2025-02-03* or"),
        (format!("see{jira}now, {jira}, ({jira})"), "see AB-1 now, AB-1, (AB-1)"),
        (
            format!("{widget}{widget}"),
            "[https://v.example/1](https://v.example/1) [https://v.example/1](https://v.example/1)",
        ),
        ("a<x-y>b</x-y>c".to_owned(), "a b c"),
    ] {
        let read = read_files(&[("p.xml", &format!("<p>{source}</p>"))], &Options::default());
        assert_eq!(read.documents[0].text_md, expected, "{source}");
    }
}

#[test]
fn programs_keys_and_packed_formulas_are_not_shown_as_they_are() {
    let key = "8a7f808380e5a1c20180e5a1c2340001";
    let page = format!(
        "<p><a href=\"java script:alert(1)\">run</a> <ac:link><ri:user ri:userkey=\"{key}\"/></ac:link> {}</p>",
        call("mathinline", &[("body", "--uriencoded--a%5E2")])
    );
    let read = read_files(&[("p.xml", &page.replace("java script", "javascript"))], &Options::default());
    assert_eq!(read.documents[0].text_md, "run @unknown user $a^2$");
}
