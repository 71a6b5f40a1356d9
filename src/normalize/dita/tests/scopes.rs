//! Key scopes and several root maps create a separate document for each different text.

use super::{document, read_folder};

const INSTALL: (&str, &str) = (
    "inst.dita",
    "<topic id='inst'><title>Install on <keyword keyref='os'/></title><body><p>Runs on <ph keyref='os'/>.</p></body></topic>",
);

fn scope(name: &str, value: &str) -> String {
    format!(
        "<topicref keyscope='{name}' navtitle='{value}'><keydef keys='os'><topicmeta><keywords><keyword>{value}</keyword></keywords></topicmeta></keydef>\
         <topicref href='inst.dita' keys='i'/></topicref>"
    )
}

#[test]
fn a_topic_in_two_key_scopes_is_a_document_in_each() {
    let map = format!(
        "<map><title>M</title>{}{}<topicref href='over.dita'/></map>",
        scope("win", "Windows"),
        scope("lin", "Linux")
    );
    let over = "<topic id='o'><title>O</title><body><p><xref keyref='win.i'/> <xref keyref='lin.i'/> <ph keyref='lin.os'/></p></body></topic>";
    let files = [("m.ditamap", map.as_str()), INSTALL, ("over.dita", over)];
    let (documents, failures) = read_folder(&files, None);
    assert_eq!(failures, []);
    let read: Vec<_> = documents.iter().map(|d| (d.id.as_str(), d.title.as_str(), d.text_md.as_str())).collect();
    assert_eq!(read[0], ("topic:c/inst", "Install on Windows", "Runs on Windows."));
    assert_eq!(read[1], ("topic:c/inst~2", "Install on Linux", "Runs on Linux."));
    assert_eq!(documents[1].breadcrumbs, ["M", "Linux"]);
    let list = "- Windows\n  - [Install on Windows](topic:c/inst)\n- Linux\n  - [Install on Linux](topic:c/inst~2)\n- [O](topic:c/over)";
    assert_eq!(read[2].2, list);
    assert_eq!(read[3].2, "[Install on Windows](topic:c/inst) [Install on Linux](topic:c/inst~2) Linux");
}

#[test]
fn a_topic_that_reads_the_same_in_two_scopes_is_one_document_with_both_breadcrumbs() {
    let map = format!("<map><title>M</title>{}{}</map>", scope("win", "Windows"), scope("lin", "Linux"));
    let same = ("inst.dita", "<topic id='inst'><title>I</title></topic>");
    let read = document(&[("m.ditamap", &map), same], "topic:c/inst");
    assert_eq!(read.breadcrumbs, ["M", "Windows"]);
    assert_eq!(read.meta["parents"], serde_json::json!([["M", "Windows"], ["M", "Linux"]]));
    assert_eq!(read_folder(&[("m.ditamap", &map), same], None).0.len(), 2);
}

#[test]
fn root_maps_with_other_keys_make_other_documents() {
    let map = |name: &str| {
        format!(
            "<map><title>{name} guide</title><keydef keys='os'><topicmeta><keywords><keyword>{name}</keyword></keywords></topicmeta></keydef><topicref href='inst.dita'/></map>"
        )
    };
    let (one, two) = (map("Pro"), map("Lite"));
    let (documents, _) = read_folder(&[("one.ditamap", &one), ("two.ditamap", &two), INSTALL], None);
    let read: Vec<_> = documents.iter().map(|d| (d.id.as_str(), d.title.as_str(), d.text_md.as_str())).collect();
    assert_eq!(read[0], ("topic:c/inst", "Install on Pro", "Runs on Pro."));
    assert_eq!(read[1], ("topic:c/inst~2", "Install on Lite", "Runs on Lite."));
    assert_eq!(read[2], ("map:c/one", "Pro guide", "- [Install on Pro](topic:c/inst)"));
    assert_eq!(read[3], ("map:c/two", "Lite guide", "- [Install on Lite](topic:c/inst~2)"));
    let (documents, _) = read_folder(&[("one.ditamap", &one), ("two.ditamap", &one), INSTALL], None);
    assert_eq!(documents.len(), 3);
}

#[test]
fn root_maps_with_other_keys_make_other_documents_of_a_shared_map() {
    let map = |name: &str| {
        format!(
            "<map><title>{name}</title><keydef keys='p'><topicmeta><keywords><keyword>{name}</keyword></keywords></topicmeta></keydef><mapref href='sub.ditamap'/></map>"
        )
    };
    let (one, two) = (map("Pro"), map("Lite"));
    let sub = ("sub.ditamap", "<map><title>Guide for <ph keyref='p'/></title><topicref href='same.dita'/></map>");
    let same = ("same.dita", "<topic id='s'><title>Same</title></topic>");
    let files = [("one.ditamap", one.as_str()), ("two.ditamap", two.as_str()), sub, same];
    let (documents, _) = read_folder(&files, None);
    let read: Vec<_> = documents.iter().map(|d| (d.id.as_str(), d.title.as_str(), d.text_md.as_str())).collect();
    assert_eq!(read[0], ("map:c/one", "Pro", "- [Guide for Pro](map:c/sub)"));
    assert_eq!(read[2], ("map:c/sub", "Guide for Pro", "- [Same](topic:c/same)"));
    assert_eq!(read[3], ("map:c/sub~2", "Guide for Lite", "- [Same](topic:c/same)"));
    assert_eq!(read[4], ("map:c/two", "Lite", "- [Guide for Lite](map:c/sub~2)"));
    assert_eq!(read.len(), 5);
}

#[test]
fn the_path_of_a_copy_leads_to_the_copy_in_its_key_scope() {
    let copied = scope("lin", "Linux").replace("href='inst.dita'", "href='inst.dita' copy-to='inst-lin.dita'");
    let map = format!("<map><title>M</title>{}{copied}<topicref href='over.dita'/></map>", scope("win", "Windows"));
    let over = "<topic id='o'><title>O</title><body><p><xref href='inst-lin.dita'/> <xref href='inst-lin.dita#inst'/></p></body></topic>";
    let read = document(&[("m.ditamap", &map), INSTALL, ("over.dita", over)], "topic:c/over");
    assert_eq!(read.text_md, "[Install on Linux](topic:c/inst~2) [Install on Linux](topic:c/inst~2)");
}

#[test]
fn keys_of_a_peer_map_lead_into_it_if_it_is_in_the_input() {
    let map = "<map><title>M</title><mapref href='other.ditamap' scope='peer' keyscope='other' processing-role='resource-only'/><topicref href='a.dita'/></map>";
    let other = "<map><title>Other</title><topicref href='i.dita' keys='inst'/></map>";
    let (a, i) = (
        "<topic id='a'><title>A</title><body><p><xref keyref='other.inst'/> <xref keyref='other.none'/></p></body></topic>",
        "<topic id='i'><title>Inst</title></topic>",
    );
    let folder = super::write(&[("m.ditamap", map), ("other.ditamap", other), ("a.dita", a), ("i.dita", i)]);
    let options = crate::normalize::Options { collection: Some("c".to_owned()), ..Default::default() };
    let read = |input: &str| {
        let (documents, failures) = super::read_input(&folder.path().join(input), &options);
        assert_eq!(failures, []);
        let read = documents.into_iter().find(|document| document.id == "topic:c/a").unwrap();
        let lost: Vec<String> = read.links.iter().filter_map(|link| link.reason.clone()).collect();
        (read.text_md, lost)
    };
    assert_eq!(read(""), ("[Inst](topic:c/i) other.none".to_owned(), vec!["no such key".to_owned()]));
    let outside = vec!["not in input".to_owned(), "not in input".to_owned()];
    assert_eq!(read("m.ditamap"), ("other.inst other.none".to_owned(), outside));
}
