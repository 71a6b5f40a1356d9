//! The readers of documents, from restrictions in exports and in the REST API, and content that must not be revealed to
//! other readers.

use trailblazer::config::{ConditionalContent, Confluence};
use trailblazer::normalize::{Options, Readers};

use crate::support::documents::{Read, read_files};

/// A page of an export with its restrictions, each a list of `user:KEY` and `group:NAME`.
struct Page<'a> {
    id: &'a str,
    title: &'a str,
    parent: &'a str,
    restrictions: &'a [&'a [&'a str]],
    body: &'a str,
    status: &'a str,
}

impl Default for Page<'_> {
    fn default() -> Self {
        Self { id: "1", title: "T", parent: "", restrictions: &[], body: "<p>x</p>", status: "current" }
    }
}

fn object(class: &str, id: &str, properties: &str) -> String {
    format!("<object class=\"{class}\"><id name=\"id\">{id}</id>{properties}</object>\n")
}

fn property(name: &str, value: &str) -> String {
    format!("<property name=\"{name}\"><![CDATA[{value}]]></property>")
}

fn reference(name: &str, class: &str, id: &str) -> String {
    format!("<property name=\"{name}\" class=\"{class}\"><id name=\"id\">{id}</id></property>")
}

fn permission(id: &str, set: &str, subject: &str) -> String {
    let subject = match subject.split_once(':') {
        Some(("user", key)) => reference("userSubject", "ConfluenceUserImpl", key),
        Some(("group", name)) => property("groupName", name),
        _ => String::new(),
    };
    object(
        "ContentPermission",
        id,
        &(property("type", "View") + &subject + &reference("owningSet", "ContentPermissionSet", set)),
    )
}

fn export(pages: &[Page<'_>], rest: &str) -> String {
    let mut out = object("Space", "7", &(property("key", "HR") + &property("name", "HR")));
    out += &object("ConfluenceUserImpl", "u1", &property("name", "alice"));
    for page in pages {
        let mut properties = property("title", page.title) + &property("contentStatus", page.status);
        properties += &reference("space", "Space", "7");
        if !page.parent.is_empty() {
            properties += &reference("parent", "Page", page.parent);
        }
        out += &object("Page", page.id, &properties);
        for (number, readers) in page.restrictions.iter().enumerate() {
            let set = format!("{}8{number}", page.id);
            out += &object(
                "ContentPermissionSet",
                &set,
                &(property("type", "View") + &reference("owningContent", "Page", page.id)),
            );
            for (at, subject) in readers.iter().enumerate() {
                out += &permission(&format!("{set}9{at}"), &set, subject);
            }
        }
        let body = property("bodyType", "2") + &reference("content", "Page", page.id) + &property("body", page.body);
        out += &object("BodyContent", &format!("{}5", page.id), &body);
    }
    format!("<hibernate-generic>\n{out}{rest}</hibernate-generic>")
}

fn read_export(pages: &[Page<'_>], rest: &str) -> Read {
    read_files(&[("entities.xml", &export(pages, rest))], &Options::default())
}

/// Returns the readers of each document: names with spaces between, restrictions with `&` between.
fn readers(read: &Read) -> Vec<Option<String>> {
    let shown = |readers: &Readers| readers.lists().iter().map(|names| names.join(" ")).collect::<Vec<_>>().join(" & ");
    read.documents.iter().map(|page| page.readers.as_ref().map(shown)).collect()
}

#[test]
fn restrictions_are_inherited_and_all_of_them_must_allow() {
    let read = read_export(
        &[
            Page { id: "1", title: "a", ..Page::default() },
            Page { id: "2", title: "b", parent: "1", restrictions: &[&["user:u1", "group:hr"]], ..Page::default() },
            Page { id: "3", title: "c", parent: "2", ..Page::default() },
            Page { id: "4", title: "d", parent: "3", restrictions: &[&["group:hr", "group:it"]], ..Page::default() },
            Page { id: "5", title: "e", parent: "3", restrictions: &[&["group:it"]], ..Page::default() },
        ],
        "",
    );
    let shown: Vec<_> = readers(&read).into_iter().map(Option::unwrap_or_default).collect();
    let either = "group:hr user:alice";
    let (both, other) = ("group:hr group:it & group:hr user:alice", "group:hr user:alice & group:it");
    assert_eq!(shown, ["", either, either, both, other]);
    assert!(!read.titled("e").losses.contains_key("readers:nobody"));
}

#[test]
fn a_restriction_comes_down_from_a_page_that_is_no_document() {
    let archived = Page { id: "1", title: "a", restrictions: &[&["group:hr"]], status: "archived", ..Page::default() };
    let read = read_export(&[archived, Page { id: "2", title: "b", parent: "1", ..Page::default() }], "");
    assert_eq!(readers(&read), [Some("group:hr".to_owned())]);
}

#[test]
fn a_restriction_that_cannot_be_read_lets_nobody_in() {
    let read = read_export(&[Page { restrictions: &[&[""]], ..Page::default() }], "");
    assert_eq!(readers(&read), [Some(String::new())]);
    assert_eq!(read.documents[0].losses["readers:nobody"], 1);
}

#[test]
fn a_space_is_restricted_unless_a_group_of_everybody_may_view_it() {
    let view = |subject: &str| {
        object("SpacePermission", "61", &(property("type", "VIEWSPACE") + &reference("space", "Space", "7") + subject))
    };
    let of = |rest: &str| readers(&read_export(&[Page::default()], rest))[0].clone();
    assert_eq!(of(&view(&property("group", "hr"))).as_deref(), Some("group:hr"));
    assert_eq!(of(&view(&property("group", "confluence-users"))), None);
    assert_eq!(of(&view("")), None);
    let edit = view(&property("group", "hr")).replace("VIEWSPACE", "EDITSPACE");
    assert_eq!(of(&edit), None);
}

#[test]
fn a_page_shows_nothing_of_one_that_its_readers_may_not_read() {
    let include = |name: &str, title: &str| {
        format!(
            "<ac:structured-macro ac:name=\"{name}\"><ac:parameter ac:name=\"\"><ac:link><ri:page ri:content-title=\"{title}\"/></ac:link></ac:parameter></ac:structured-macro>"
        )
    };
    let body = include("include", "Bonus")
        + &include("excerpt-include", "Bonus")
        + &include("multiexcerpt-include", "Bonus")
        + "<ac:structured-macro ac:name=\"children\"/><p><ac:link><ri:content-entity ri:content-id=\"2\"/></ac:link></p>"
        + "<p><ac:link ac:anchor=\"x\"><ri:page ri:content-title=\"Bonus\"/></ac:link></p>"
        + "<p>See <ac:link><ri:page ri:content-title=\"Bonus\"/><ac:link-body>this</ac:link-body></ac:link></p>";
    let secret = "<ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>sesame</p></ac:rich-text-body></ac:structured-macro>";
    let hidden =
        Page { id: "2", title: "Bonus", parent: "1", restrictions: &[&["group:hr"]], body: secret, ..Page::default() };
    let shown = Page { id: "3", title: "c", parent: "1", ..Page::default() };
    let read = read_export(&[Page { title: "a", body: &body, ..Page::default() }, hidden, shown], "");
    let open = read.titled("a");
    assert_eq!(open.text_md, "- c\n\nSee this");
    assert_eq!((open.losses["include:restricted"], open.losses["list:restricted"]), (3, 1));
    assert_eq!(open.losses["link:restricted"], 3);
    let json = serde_json::to_string(open).expect("JSON");
    assert!(!json.contains("Bonus") && !json.contains("unresolved"), "{json}");
}

#[test]
fn a_page_may_show_one_that_is_restricted_in_the_same_way() {
    let body = "<ac:structured-macro ac:name=\"children\"/>";
    let parent = Page { title: "a", body, restrictions: &[&["group:hr"]], ..Page::default() };
    let read = read_export(&[parent, Page { id: "2", title: "b", parent: "1", ..Page::default() }], "");
    assert_eq!(read.titled("a").text_md, "- b");
}

/// Returns the readers of a page in the REST API with these `restrictions`.
fn rest_page(restrictions: &str) -> Option<String> {
    let page = format!(
        r#"{{"id": "1", "type": "page", "title": "T", "space": {{"key": "A"}}, "body": {{"storage": {{"value": "<p>x</p>"}}}}{restrictions}}}"#
    );
    readers(&read_files(&[("p.json", &page)], &Options::default())).remove(0)
}

#[test]
fn restrictions_of_the_rest_interface_are_read_in_every_form() {
    let sets =
        r#"{"user": {"results": [{"accountId": "5b"}], "size": 1}, "group": {"results": [{"name": "hr"}], "size": 1}}"#;
    let expected = Some("group:hr user:5b".to_owned());
    for form in [
        format!(r#", "restrictions": {{"read": {{"operation": "read", "restrictions": {sets}}}}}"#),
        format!(
            r#", "restrictions": {{"results": [{{"operation": "update", "restrictions": {{}}}}, {{"operation": "read", "restrictions": {sets}}}]}}"#
        ),
        format!(r#", "restrictions": [{{"operation": "read", "restrictions": {sets}}}]"#),
    ] {
        assert_eq!(rest_page(&form), expected, "{form}");
    }
    let none = r#", "restrictions": {"read": {"restrictions": {"user": {"results": [], "size": 0}, "group": {"results": [], "size": 0}}}}"#;
    assert_eq!(rest_page(none), None);
    // Users that are not in the list may not read, even if the list is incomplete.
    let cut = none.replacen(r#""size": 0"#, r#""size": 3"#, 1);
    assert_eq!(rest_page(&cut), Some(String::new()));
    assert_eq!(rest_page(r#", "_expandable": {"restrictions": ""}"#), None);
}

#[test]
fn pages_whose_restrictions_were_not_fetched_say_so() {
    let page = r#"{"id": "1", "type": "page", "title": "T", "body": {"storage": {"value": "<p>x</p>"}}}"#;
    let read = read_files(&[("p.json", page)], &Options::default());
    assert_eq!(read.documents[0].losses["readers:not-fetched"], 1);
}

#[test]
fn what_depends_on_the_reader_is_dropped_and_counted_unless_it_is_wanted() {
    let call = |name: &str, parameter: &str| {
        format!(
            "<ac:structured-macro ac:name=\"{name}\">{parameter}<ac:rich-text-body><p>4711</p></ac:rich-text-body></ac:structured-macro>"
        )
    };
    let group = "<ac:parameter ac:name=\"group\">hr</ac:parameter>";
    let keep = Options {
        confluence: Confluence { conditional_content: ConditionalContent::Keep, ..Confluence::default() },
        ..Options::default()
    };
    for name in ["show-if", "hide-if"] {
        let page = call(name, group);
        let dropped = read_files(&[("p.xml", &page)], &Options::default()).documents.remove(0);
        assert_eq!((dropped.text_md.as_str(), dropped.losses[&format!("conditional:{name}")]), ("", 1));
        assert_eq!(read_files(&[("p.xml", &page)], &keep).documents[0].text_md, "4711");
        for (condition, value) in [("space", "A"), ("display", "pdf"), ("content", "page")] {
            let general = call(name, &format!("<ac:parameter ac:name=\"{condition}\">{value}</ac:parameter>"));
            assert_eq!(read_files(&[("p.xml", &general)], &Options::default()).documents[0].text_md, "4711");
        }
    }
}

#[test]
fn a_second_copy_of_what_depends_on_the_reader_is_dropped_too() {
    let show_if = "<ac:structured-macro ac:name=\"show-if\"><ac:parameter ac:name=\"group\">hr</ac:parameter><ac:rich-text-body><p>4711</p></ac:rich-text-body></ac:structured-macro>";
    let hidden = "<p style=\"display:none\">4711</p>";
    for kind in ["extension", "inlineExtension"] {
        let text = |storage: &str| {
            let nested = serde_json::json!({"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": "4711"}]}]});
            let parameters = serde_json::json!({"cxhtml": storage, "nestedContent": nested});
            let attributes = serde_json::json!({"extensionKey": "__confluenceADFMigrationUnsupportedContentInternalExtension__", "parameters": parameters});
            let page =
                serde_json::json!({"type": "doc", "version": 1, "content": [{"type": kind, "attrs": attributes}]});
            read_files(&[("p.adf", &page.to_string())], &Options::default()).documents.remove(0).text_md
        };
        assert_eq!([text(show_if), text(hidden), text("")], ["", "", "4711"], "{kind}");
    }
}

#[test]
fn an_excerpt_inside_what_depends_on_the_reader_is_not_shown_elsewhere() {
    let excerpt = "<ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>4711</p></ac:rich-text-body></ac:structured-macro>";
    let hidden = format!(
        "<ac:structured-macro ac:name=\"show-if\"><ac:parameter ac:name=\"user\">ann</ac:parameter><ac:rich-text-body>{excerpt}</ac:rich-text-body></ac:structured-macro>"
    );
    let shows = "<ac:structured-macro ac:name=\"excerpt-include\"><ac:default-parameter><ac:link><ri:page ri:content-title=\"b\"/></ac:link></ac:default-parameter></ac:structured-macro>";
    let read = read_files(&[("a.xml", shows), ("b.xml", &hidden)], &Options::default());
    assert_eq!(read.titled("a").text_md, "Included: b");
    let general = hidden.replace("\"user\">ann<", "\"display\">default<");
    for open in [excerpt, &general] {
        let open = read_files(&[("a.xml", shows), ("b.xml", open)], &Options::default());
        assert_eq!(open.titled("a").text_md, "4711");
    }
    let adf = |name: &str| {
        let text = serde_json::json!({"type": "text", "text": "4711"});
        let extension = |key: &str, parameters: serde_json::Value, content: serde_json::Value| {
            serde_json::json!({"type": "bodiedExtension", "content": [content],
                "attrs": {"extensionType": "com.atlassian.confluence.macro.core", "extensionKey": key, "parameters": {"macroParams": parameters}}})
        };
        let paragraph = serde_json::json!({"type": "paragraph", "content": [text]});
        let excerpt = extension("excerpt", serde_json::json!({}), paragraph);
        let parameters = serde_json::json!({name: {"value": "x"}});
        serde_json::json!({"type": "doc", "version": 1, "content": [extension("show-if", parameters, excerpt)]})
            .to_string()
    };
    for (name, text) in [("user", "Included: b"), ("display", "4711")] {
        let read = read_files(&[("a.xml", shows), ("b.adf", &adf(name))], &Options::default());
        assert_eq!(read.titled("a").text_md, text, "{name}");
    }
}

#[test]
fn everything_that_a_run_keeps_is_free_of_what_is_restricted() {
    let page = "<ac:structured-macro ac:name=\"show-if\"><ac:parameter ac:name=\"group\">hr</ac:parameter><ac:rich-text-body><h1>sesame</h1><p><a href=\"https://sesame.example\">x</a><ac:image><ri:attachment ri:filename=\"sesame.png\"/></ac:image></p></ac:rich-text-body></ac:structured-macro><p>open</p>";
    let read = read_files(&[("p.xml", page)], &Options::default());
    let json = serde_json::to_string(&read.documents).expect("JSON");
    assert!(!json.contains("sesame"), "{json}");
}
