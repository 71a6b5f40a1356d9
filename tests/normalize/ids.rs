//! Ids, addresses and anchors of Confluence documents.

use std::fs;

use tempfile::TempDir;
use trailblazer::normalize::{Options, Source};

use crate::support::documents::{read, read_files};

fn space(id: &str, key: &str) -> String {
    format!(
        "<object class=\"Space\"><id name=\"id\">{id}</id><property name=\"key\">{key}</property>\
         <property name=\"name\">{key}</property></object>\n"
    )
}

/// Returns an export of one page.
fn export(space_key: &str, page: &str, title: &str, body: &str) -> String {
    format!(
        "<hibernate-generic>\n{}<object class=\"Page\"><id name=\"id\">{page}</id><property name=\"title\">{title}</property>\
         <property name=\"space\" class=\"Space\"><id name=\"id\">1{page}</id></property>\
         <property name=\"creationDate\">2025-06-01 10:00:00.000</property></object>\n\
         <object class=\"BodyContent\"><id name=\"id\">9{page}</id><property name=\"bodyType\">2</property>\
         <property name=\"content\" class=\"ContentEntityObject\"><id name=\"id\">{page}</id></property>\
         <property name=\"body\"><![CDATA[{body}]]></property></object></hibernate-generic>",
        space(&format!("1{page}"), space_key)
    )
}

fn ids(files: &[(&str, &str)], options: &Options) -> Vec<String> {
    read_files(files, options).documents.into_iter().map(|document| document.id).collect()
}

#[test]
fn page_files_carry_the_collection_or_the_name_of_their_folder() {
    let home = [("Home.xml", "<p>x</p>"), ("sub/42.xml", "<p>y</p>")];
    assert_eq!(ids(&home, &Options::default()), ["input/Home", "input/42"]);
    let options = Options { collection: Some("team-a".to_owned()), ..Options::default() };
    assert_eq!(ids(&home, &options), ["team-a/Home", "team-a/42"]);
    // The id of a single file is the same as in its folder.
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("docs");
    fs::create_dir(&path).expect("a folder");
    fs::write(path.join("Home.xml"), "<p>x</p>").expect("a written file");
    for input in [path.clone(), path.join("Home.xml")] {
        assert_eq!(read(&input, Source::Confluence, &Options::default()).documents[0].id, "docs/Home");
    }
}

#[test]
fn pages_of_exports_carry_site_and_space() {
    let (a, b) = (export("AA", "10", "A", "<p>a</p>"), export("BB", "10", "B", "<p>b</p>"));
    let files = [("a/entities.xml", a.as_str()), ("b/entities.xml", b.as_str())];
    assert_eq!(ids(&files, &Options::default()), ["AA/10", "BB/10"]);
    let options = Options { site_url: Some("https://acme.atlassian.net".to_owned()), ..Options::default() };
    let read = read_files(&files, &options);
    assert_eq!(read.documents[0].id, "acme.atlassian.net/AA/10");
    assert_eq!(read.documents[0].url.as_deref(), Some("https://acme.atlassian.net/wiki/spaces/AA/pages/10"));
    assert_eq!(read.notices, []);
}

#[test]
fn a_site_that_nothing_names_is_hinted_at() {
    let read = read_files(&[("entities.xml", &export("AA", "10", "A", "<p>a</p>"))], &Options::default());
    assert_eq!(read.documents[0].url, None);
    let [notice] = read.notices.as_slice() else { panic!("{:?}", read.notices) };
    assert!(notice.is_warning && notice.message.contains("1 of 1 pages") && notice.message.contains("--site-url"));
    // A file in a folder has no address, regardless of the site.
    assert_eq!(read_files(&[("Home.xml", "<p>x</p>")], &Options::default()).notices, []);
}

#[test]
fn exports_of_one_folder_know_each_other() {
    let link = r#"<p>See <ac:link><ri:page ri:space-key="BB" ri:content-title="Beta"/></ac:link></p><ac:structured-macro ac:name="include"><ac:parameter ac:name=""><ac:link><ri:page ri:space-key="BB" ri:content-title="Beta"/></ac:link></ac:parameter></ac:structured-macro>"#;
    let (a, b) = (export("AA", "10", "Alpha", link), export("BB", "20", "Beta", "<p>Beta text</p>"));
    let read = read_files(&[("a/entities.xml", &a), ("b/entities.xml", &b)], &Options::default());
    let alpha = read.titled("Alpha");
    assert_eq!(alpha.text_md, "See Beta\n\nBeta text");
    assert_eq!(alpha.links[0].target_id.as_deref(), Some("BB/20"));
    assert_eq!(read.titled("Beta").space_key.as_deref(), Some("BB"));
}

#[test]
fn a_title_in_the_middle_of_a_page_is_a_heading_and_both_names_resolve() {
    let link = |title: &str| format!("<p><ac:link><ri:page ri:content-title=\"{title}\"/></ac:link></p>");
    let links = link("Onboarding") + &link("Guide") + &link("Set-up");
    let anchor =
        r#"<ac:structured-macro ac:name="anchor"><ac:parameter ac:name="">setup</ac:parameter></ac:structured-macro>"#;
    let read = read_files(
        &[
            ("Home.xml", &links),
            ("Onboarding.xml", "<p>Everything.</p><h1>Prerequisites</h1><p>A laptop.</p>"),
            ("Guide.xml", &format!("<h1>{anchor}Set-up</h1><p>x</p>")),
        ],
        &Options::default(),
    );
    let targets: Vec<_> =
        read.titled("Home").links.iter().map(|link| link.target_id.clone().expect("a target")).collect();
    assert_eq!(targets, ["input/Onboarding", "input/Guide"]);
    assert_eq!(read.titled("Onboarding").text_md, "Everything.\n\n# Prerequisites\n\nA laptop.");
    assert_eq!(read.titled("Set-up").text_md, "x");
}

#[test]
fn anchors_are_those_of_the_published_page() {
    let body = r##"<p><ac:link ac:anchor="Part two"><ri:page ri:content-title="My Beta"/></ac:link> <a href="#Part two">here</a></p><h2>Part two</h2><h2>Part  <em>two</em></h2><ul><li><h3>no</h3></li></ul>"##;
    let export = export("BB", "20", "My Beta", body);
    let converted = |site: &str| {
        let options = Options { site_url: Some(site.to_owned()), ..Options::default() };
        read_files(&[("entities.xml", &export)], &options).documents.remove(0)
    };
    let cloud = converted("https://x.atlassian.net");
    assert_eq!(cloud.anchors, ["Part-two", "Part-two.1"]);
    let url = "https://x.atlassian.net/wiki/spaces/BB/pages/20";
    assert!(cloud.text_md.starts_with(&format!("[My Beta]({url}#Part-two) [here](#Part-two)")), "{}", cloud.text_md);
    let server = converted("https://wiki.example.com");
    assert_eq!(server.anchors, ["MyBeta-Parttwo", "MyBeta-Parttwo.1"]);
    assert!(server.text_md.contains("pageId=20#MyBeta-Parttwo) [here](#MyBeta-Parttwo)"), "{}", server.text_md);
}

#[test]
fn times_of_a_server_have_no_zone_unless_the_export_names_it() {
    let created = |descriptor: &str| {
        let export = export("AA", "10", "A", "<p>a</p>");
        let files = [("entities.xml", export.as_str()), ("exportDescriptor.properties", descriptor)];
        read_files(&files, &Options::default()).documents.remove(0).created_at.expect("a time")
    };
    assert_eq!(created(""), "2025-06-01T10:00:00.000");
    assert_eq!(created("#Mon Jan 03 10:00:00 UTC 2011\nbuildNumber=8804"), "2025-06-01T10:00:00.000Z");
    assert_eq!(created("#Mon Jan 03 10:00:00 CET 2011"), "2025-06-01T10:00:00.000");
    assert_eq!(created("source=cloud"), "2025-06-01T10:00:00.000Z");
}

#[test]
fn bodies_from_before_storage_format_are_wiki_markup() {
    let body = "h2. Steps\n\n# stop\n# edit\n\n{code:xml}\n<p a=\"1\"/>\n{code}";
    let entities = export("AA", "10", "A", body).replace("<property name=\"bodyType\">2</property>", "");
    for descriptor in ["buildNumber=2037", ""] {
        let files = [("entities.xml", entities.as_str()), ("exportDescriptor.properties", descriptor)];
        let document = read_files(&files, &Options::default()).documents.remove(0);
        assert_eq!(document.text_md, "## Steps\n\n1. stop\n2. edit\n\n```xml\n<p a=\"1\"/>\n```", "{descriptor}");
        assert_eq!(document.body_repr.as_deref(), Some("wiki"));
    }
}
