//! Links between pages of several spaces, and between pages and blog posts of the same title.

use serde_json::json;
use trailblazer::normalize::{Document, Options};

use crate::support::documents::read_files;

/// Returns a page of the REST API with a body in storage format.
fn page(kind: &str, id: &str, space: &str, title: &str, body: &str) -> (String, String) {
    let page = json!({
        "id": id, "type": kind, "status": "current", "title": title, "space": {"key": space},
        "history": {"createdDate": format!("2025-0{}-01T09:00:00Z", id.len())},
        "body": {"storage": {"value": body, "representation": "storage"}},
    });
    (format!("{id}.json"), page.to_string())
}

fn read(pages: &[(String, String)]) -> Vec<Document> {
    let files: Vec<(&str, &str)> = pages.iter().map(|(name, page)| (name.as_str(), page.as_str())).collect();
    let options = Options { site_url: Some("https://c.example".to_owned()), ..Options::default() };
    let read = read_files(&files, &options);
    assert_eq!(read.failures, []);
    read.documents
}

fn macro_(name: &str, parameter: &str) -> String {
    format!(
        "<ac:structured-macro ac:name=\"{name}\"><ac:parameter ac:name=\"\">{parameter}</ac:parameter></ac:structured-macro>"
    )
}

const EXCERPT: &str = "<ac:structured-macro ac:name=\"excerpt\"><ac:rich-text-body><p>SECRET</p></ac:rich-text-body></ac:structured-macro>";

#[test]
fn a_page_of_another_space_with_the_same_title_is_neither_linked_nor_included() {
    let other = "<ri:page ri:space-key=\"OPS\" ri:content-title=\"FAQ\"/>";
    let gone = "<ri:page ri:content-title=\"Only in DEV\"/>";
    let link = |page: &str| format!("<ac:link>{page}</ac:link>");
    let body = |page: &str| link(page) + &macro_("include", &link(page)) + &macro_("excerpt-include", &link(page));
    let include = macro_("include", "OPS:FAQ");
    let pages = [
        page("page", "1", "DEV", "Start", &(body(other) + &include)),
        page("page", "2", "DEV", "FAQ", EXCERPT),
        page("page", "3", "DEV", "Only in DEV", EXCERPT),
        page("page", "4", "QA", "Start", &body(gone)),
    ];
    let documents = read(&pages);
    let of_dev = "https://c.example/display/OPS/FAQ";
    let of_qa = "https://c.example/display/QA/Only+in+DEV";
    assert_eq!(documents[0].text_md, format!("[FAQ]({of_dev})") + &format!("\n\n[Included: FAQ]({of_dev})").repeat(3));
    assert_eq!(
        documents[3].text_md,
        format!("[Only in DEV]({of_qa})") + &format!("\n\n[Included: Only in DEV]({of_qa})").repeat(2)
    );
    for (document, includes) in [(&documents[0], 3), (&documents[3], 2)] {
        assert!(document.links.iter().all(|link| link.target_id.is_none()), "{:?}", document.links);
        let losses = (document.losses["link:unresolved"], document.losses["include:unresolved"]);
        assert_eq!(losses, (includes + 1, includes));
    }
}

#[test]
fn a_link_to_a_blog_post_leads_to_the_post_of_its_day() {
    let link = |kind: &str, day: &str| {
        format!("<ac:link><ri:{kind} ri:content-title=\"Weekly\" ri:posting-day=\"{day}\"/></ac:link>")
    };
    let links = link("blog-post", "2025/03/01") + &link("blog-post", "2025/02/01") + &link("page", "");
    let gone = link("blog-post", "2025/01/01");
    let pages = [
        page("page", "1", "DEV", "Start", &(links + &gone + &macro_("include", "/2025/02/01/Weekly"))),
        page("page", "2", "DEV", "Weekly", "<p>the page</p>"),
        page("blogpost", "20", "DEV", "Weekly", "<p>of February</p>"),
        page("blogpost", "200", "DEV", "Weekly", "<p>of March</p>"),
    ];
    let documents = read(&pages);
    let start = documents.iter().find(|page| page.title == "Start").expect("a page");
    let targets: Vec<Option<&str>> = start.links.iter().map(|link| link.target_id.as_deref()).collect();
    let id = |id: &str| Some(format!("c.example/DEV/{id}"));
    assert_eq!(targets, [id("200"), id("20"), id("2"), None].each_ref().map(Option::as_deref));
    assert_eq!(start.links[3].href, "https://c.example/display/DEV/2025/01/01/Weekly");
    assert!(start.text_md.ends_with("\n\nof February"), "{}", start.text_md);
}

#[test]
fn a_title_with_a_colon_is_included_in_each_notation() {
    let adf = |key: &str| {
        let parameters = json!({"macroParams": {"": {"value": "RFC: Caching"}}});
        json!({"type": "extension", "attrs": {"extensionType": "com.atlassian.confluence.macro.core", "extensionKey": key,
            "parameters": parameters}})
    };
    let document =
        json!({"type": "doc", "version": 1, "content": [adf("include"), adf("excerpt-include")]}).to_string();
    let title = "<html><head><title>RFC: Caching</title></head><body>";
    let target = format!("{title}{EXCERPT}</body></html>");
    let storage = macro_("include", "RFC: Caching") + &macro_("excerpt-include", "RFC: Caching");
    let wiki = "{unmigrated-wiki-markup}";
    let markup = format!(
        "<ac:structured-macro ac:name=\"{}\"><ac:plain-text-body><![CDATA[[RFC: Caching] [FAQ: none]]]></ac:plain-text-body></ac:structured-macro>",
        wiki.trim_matches(['{', '}'])
    );
    let files = [("a.adf", document.as_str()), ("b.xml", &storage), ("c.xml", &markup), ("d.xml", &target)];
    let documents = read_files(&files, &Options::default()).documents;
    let texts: Vec<&str> = documents.iter().map(|page| page.text_md.as_str()).collect();
    assert_eq!(texts, ["SECRET\n\nSECRET", "SECRET\n\nSECRET", "RFC: Caching FAQ: none", "SECRET"]);
    assert_eq!(documents[2].links[0].target_id.as_deref(), Some("input/d"));
}

#[test]
fn a_part_of_wiki_markup_is_found_by_its_whole_name() {
    let wiki = |(name, page): (String, String)| {
        let mut page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
        page["body"] = json!({"wiki": page["body"]["storage"]});
        (name, page.to_string())
    };
    let parts = "{excerpt-include:Gone}\nFirst.\n{excerpt}the gist{excerpt}\n\
        {multiexcerpt:MultiExcerptName=a}of a{multiexcerpt}\n{multiexcerpt:MultiExcerptName=b}of b{multiexcerpt}";
    let shows = "{excerpt-include:Parts}\n\n{multiexcerpt-include:PageWithExcerpt=Parts|MultiExcerptName=b}";
    let pages = [page("page", "1", "DEV", "Shows", shows), page("page", "2", "DEV", "Parts", parts)];
    assert_eq!(read(&pages.map(wiki))[0].text_md, "the gist\n\nof b");
}

#[test]
fn a_file_of_an_included_page_is_not_a_file_of_the_document() {
    let image = "<p><ac:image><ri:attachment ri:filename=\"d.png\"/></ac:image></p>";
    let include = macro_("include", "<ri:page ri:content-title=\"Part\"/>");
    let pages = [page("page", "1", "DEV", "Whole", &include), page("page", "2", "DEV", "Part", image)];
    let documents = read(&pages);
    assert_eq!(documents[0].text_md, "![d.png](https://c.example/download/attachments/2/d.png)");
    assert_eq!(documents[0].attachments, []);
    let url = documents[1].attachments[0].url.as_deref();
    assert_eq!(url, Some("https://c.example/download/attachments/2/d.png"));
}

#[test]
fn a_list_of_children_shows_their_excerpts_if_it_asks_for_them() {
    let list = |kind: &str| {
        format!(
            "<ac:structured-macro ac:name=\"children\"><ac:parameter ac:name=\"excerptType\">{kind}</ac:parameter></ac:structured-macro>"
        )
    };
    let child = |body: &str| {
        let (name, text) = page("page", "2", "DEV", "Child", body);
        let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        value["ancestors"] = json!([{"id": "1", "title": "Parent"}]);
        (name, value.to_string())
    };
    let url = "https://c.example/pages/viewpage.action?pageId=2";
    for (kind, excerpt) in [("rich content", "\n\n  SECRET"), ("simple", "\n\n  SECRET"), ("none", "")] {
        let documents = read(&[page("page", "1", "DEV", "Parent", &list(kind)), child(EXCERPT)]);
        assert_eq!(documents[0].text_md, format!("- [Child]({url}){excerpt}"), "{kind}");
    }
}
