//! Pages of the REST API.

use serde_json::{Value, json};
use trailblazer::config::Confluence;
use trailblazer::normalize::Options;

use crate::support::documents::{Read, read_files};

fn page(id: &str, title: &str, more: &Value) -> Value {
    let mut page = json!({
        "id": id, "type": "page", "status": "current", "title": title, "space": {"id": 7, "key": "OPS", "name": "Operations"},
        "restrictions": {"read": {"restrictions": {"user": {"results": [], "size": 0}, "group": {"results": [], "size": 0}}}},
        "body": {"storage": {"value": format!("<p>{title}</p>"), "representation": "storage"}},
        "_links": {"webui": format!("/spaces/OPS/pages/{id}/{title}")}
    });
    if let (Some(page), Some(more)) = (page.as_object_mut(), more.as_object()) {
        page.extend(more.clone());
    }
    page
}

fn list(pages: &[Value], links: &Value) -> Value {
    json!({"results": pages, "start": 0, "limit": 25, "size": pages.len(), "_links": links})
}

fn read(files: &[(&str, Value)]) -> Read {
    read_with(files, &Options::default())
}

fn read_with(files: &[(&str, Value)], options: &Options) -> Read {
    let files: Vec<(&str, String)> = files.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let read = read_files(&files, options);
    assert_eq!(read.failures, []);
    read
}

fn messages(read: &Read) -> Vec<&str> {
    read.notices.iter().map(|notice| notice.message.as_str()).collect()
}

#[test]
fn only_current_pages_and_blog_posts_of_a_list_become_documents() {
    let status = |status: &str| json!({"status": status});
    let pages = [
        page("1", "Home", &json!({})),
        page("2", "Post", &json!({"type": "blogpost"})),
        page("3", "Old", &status("trashed")),
        page("4", "Draft", &status("draft")),
        page("5", "Home", &status("historical")),
        page("6", "Archived", &status("archived")),
        json!({"id": "7", "type": "comment", "title": "Re: Home", "container": {"id": "1"}, "body": {"storage": {"value": "<p>c</p>"}}}),
        json!({"id": "8", "type": "attachment", "title": "plan.pdf"}),
    ];
    let read = read(&[("v1.json", list(&pages, &json!({"base": "https://x.atlassian.net/wiki"})))]);
    let titles: Vec<&str> = read.documents.iter().map(|page| page.title.as_str()).collect();
    assert_eq!(titles, ["Home", "Post"]);
    let home = read.titled("Home");
    assert_eq!(home.id, "x.atlassian.net/OPS/1");
    assert_eq!(home.url.as_deref(), Some("https://x.atlassian.net/wiki/spaces/OPS/pages/1/Home"));
    assert_eq!(home.losses["comment"], 1);
    assert_eq!(
        messages(&read),
        [
            "omitted pages that are not current: 1 archived, 1 draft, 1 historical, 1 trashed",
            "left out 1 result that is neither a page nor a comment"
        ]
    );
}

#[test]
fn labels_of_one_person_are_none_of_the_page() {
    let labels = json!([{"prefix": "my", "name": "favorite"}, {"prefix": "global", "name": "rota"}, {"name": "a"}]);
    for more in [
        json!({"metadata": {"labels": {"results": labels}}}),
        json!({"labels": {"results": labels}}),
        json!({"labels": labels}),
    ] {
        assert_eq!(read(&[("p.json", page("1", "T", &more))]).documents[0].labels, ["a", "rota"], "{more}");
    }
}

#[test]
fn parents_of_version_2_make_breadcrumbs_through_folders() {
    let page = |id: &str, title: &str, parent: Value, kind: &str| {
        json!({
            "id": id, "status": "current", "title": title, "spaceId": "77", "parentId": parent, "parentType": kind,
            "version": {"number": 3, "createdAt": "2025-01-02T00:00:00Z", "authorId": "5b"}, "createdAt": "2025-01-01T00:00:00Z",
            "body": {"storage": {"value": format!("<p>See <ac:link><ri:page ri:content-title=\"Home\"/></ac:link> from {title}</p>")}},
            "_links": {"webui": format!("/spaces/OPS/pages/{id}/x")}
        })
    };
    let pages = [
        page("1", "Home", Value::Null, "page"),
        json!({"id": "9", "type": "folder", "status": "current", "title": "Folder", "parentId": "1", "parentType": "page"}),
        page("2", "Child", json!("9"), "folder"),
    ];
    let mut post = page("3", "Post", Value::Null, "page");
    post["_links"]["webui"] = json!("/spaces/OPS/blog/2026/01/01/3");
    let pages = [pages.as_slice(), &[post]].concat();
    let user = json!([{"accountId": "5b", "displayName": "Ann"}]);
    let links = json!({"base": "https://x.atlassian.net/wiki"});
    let read = read(&[("pages.json", list(&pages, &links)), ("users.json", user)]);
    let child = read.titled("Child");
    assert_eq!(child.breadcrumbs, ["Home", "Folder"]);
    assert_eq!((child.meta.get("type"), &read.titled("Post").meta["type"]), (None, &json!("blogpost")));
    assert_eq!((child.meta["author"].as_str(), child.version), (Some("Ann"), Some(3)));
    assert_eq!(child.links[0].target_id.as_deref(), Some("x.atlassian.net/OPS/1"));
    assert_eq!(messages(&read), ["1 folder appears only in breadcrumbs"]);
}

#[test]
fn nodes_without_a_page_are_told_by_kind() {
    let node = |id: &str, kind: &str| json!({"id": id, "type": kind, "status": "current", "title": "T"});
    let nodes = [node("1", "whiteboard"), node("2", "whiteboard"), node("3", "database"), node("4", "page")];
    let read = read(&[("pages.json", list(&nodes, &json!({})))]);
    let told = messages(&read);
    for message in ["1 database appears only in breadcrumbs", "2 whiteboards appear only in breadcrumbs"] {
        assert!(told.contains(&message), "{told:?}");
    }
}

#[test]
fn an_empty_json_file_is_no_damaged_page() {
    let page = json!({"id": "1", "type": "page", "title": "T", "body": {"storage": {"value": "<p>x</p>"}}}).to_string();
    let read = read_files(&[("p.json", &page), ("empty.json", " \n"), ("object.json", "{}")], &Options::default());
    let left_out: Vec<(&str, &str)> =
        read.failures.iter().map(|file| (file.path.as_str(), file.message.as_str())).collect();
    let object = "the file is neither an ADF document nor a page from the REST API";
    assert_eq!(left_out, [("empty.json", "the file is empty"), ("object.json", object)]);
}

#[test]
fn breadcrumbs_of_version_1_come_from_the_ancestors() {
    let more = json!({"ancestors": [{"id": "1", "title": "Home"}, {"id": "2", "title": "Middle"}]});
    let read = read(&[("p.json", page("3", "Leaf", &more))]);
    assert_eq!(read.documents[0].breadcrumbs, ["Home", "Middle"]);
    assert_eq!(read.documents[0].losses["readers:unknown-ancestor"], 1);
}

#[test]
fn a_list_that_goes_on_where_no_file_does_is_warned_of() {
    let pages = |id: &str| [page(id, "T", &json!({}))];
    let base = "https://x.atlassian.net/wiki";
    let cursor = json!({"base": base, "next": "/wiki/api/v2/pages?cursor=abc"});
    let alone = read(&[("a.json", list(&pages("1"), &cursor))]);
    assert_eq!(
        messages(&alone),
        ["a.json: the list of pages is incomplete and continues at /wiki/api/v2/pages?cursor=abc; fetch the rest"]
    );
    assert!(alone.notices[0].is_warning);
    let whole = read(&[("a.json", list(&pages("1"), &cursor)), ("b.json", list(&pages("2"), &json!({"base": base})))]);
    assert_eq!(messages(&whole), [""; 0]);
    // Version 1 returns the start of the next part.
    let start = json!({"base": base, "next": "/rest/api/content?limit=25&start=25"});
    let mut second = list(&pages("2"), &json!({"base": base}));
    assert_eq!(read(&[("a.json", list(&pages("1"), &start)), ("b.json", second.clone())]).notices.len(), 1);
    second["start"] = json!(25);
    assert_eq!(messages(&read(&[("a.json", list(&pages("1"), &start)), ("b.json", second)])), [""; 0]);
}

#[test]
fn comments_become_a_part_of_the_page_when_they_are_wanted() {
    let comment = |text: &str, more: &Value| {
        let mut comment = json!({"id": "c", "type": "comment", "title": "Re", "body": {"storage": {"value": format!("<p>{text}</p>")}}, "version": {"by": {"displayName": "Ann"}}});
        if let (Some(comment), Some(more)) = (comment.as_object_mut(), more.as_object()) {
            comment.extend(more.clone());
        }
        comment
    };
    let reply = comment("no, 8080", &json!({}));
    let first = comment("use 8443", &json!({"children": {"comment": {"results": [reply]}}}));
    let with_comments = page("1", "Home", &json!({"children": {"comment": {"results": [first]}}}));
    let other = json!({"results": [{"id": "c2", "status": "current", "title": "Re", "pageId": "1", "body": {"storage": {"value": "<p>thanks</p>"}}}]});
    let files = [("a.json", with_comments), ("footer-comments.json", other)];
    let counted = read(&files);
    assert_eq!((counted.documents.len(), counted.documents[0].losses["comment"]), (1, 3));
    let options = Options { confluence: Confluence { comments: true, ..Confluence::default() }, ..Options::default() };
    let document = read_with(&files, &options).documents.remove(0);
    assert_eq!(
        document.text_md,
        "Home\n\n## Comments\n\n> **Ann:** use 8443\n\n> **Ann:** no, 8080\n\n> **Comment:** thanks"
    );
    assert!(!document.losses.contains_key("comment"));
}

#[test]
fn what_a_migration_kept_beside_adf_is_read() {
    let extension = |kind: &str, parameters: Value| {
        json!({"type": kind, "attrs": {"extensionType": "com.atlassian.confluence.migration", "text": "",
            "extensionKey": "__confluenceADFMigrationUnsupportedContentInternalExtension__", "parameters": parameters}})
    };
    let nested = json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": [{"type": "text", "text": "nested"}]}]});
    let text = |text: &str| json!({"type": "text", "text": text});
    let both = extension(
        "inlineExtension",
        json!({"cxhtml": "<p>We move to <strong>Postgres</strong>.</p>", "nestedContent": nested}),
    );
    let only_nested = extension("extension", json!({"nestedContent": nested}));
    let body = json!({"type": "doc", "version": 1, "content": [
        {"type": "paragraph", "content": [text("So:"), both, text("Soon.")]},
        only_nested
    ]});
    let mut page = page("1", "T", &json!({}));
    page["body"] = json!({"atlas_doc_format": {"value": body.to_string()}});
    assert_eq!(read(&[("p.json", page)]).documents[0].text_md, "So:We move to **Postgres**.Soon.\n\nnested");
}
