//! Specializations, entities and the metadata of maps.

use std::collections::BTreeMap;

use super::{document, read_input};
use crate::config::{Dita, Searched};
use crate::normalize::Options;

const DTD: &str = "<!ATTLIST release id ID #REQUIRED class CDATA '- topic/topic release/release '>\
    <!ATTLIST relbody class CDATA '- topic/body release/relbody '><!ATTLIST change class CDATA '- topic/section release/change '>\
    <!ATTLIST ticket class CDATA '- topic/title release/ticket '><!ATTLIST what class CDATA '- topic/p release/what '>";
const RELEASE: &str = "<release id='r'><title>Release 1</title><relbody><change><ticket>ABC-1</ticket><what>Fixed it</what></change></relbody></release>";

#[test]
fn a_dtd_of_the_input_says_what_an_element_is_a_kind_of() {
    let topic = format!("<!DOCTYPE release SYSTEM '../dtd/release.dtd'>{RELEASE}");
    let read = document(&[("t/r.dita", &topic), ("dtd/release.dtd", DTD)], "topic:c/t/r");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("Release 1", "## ABC-1\n\nFixed it"));
    let internal = format!("<!DOCTYPE release [{DTD}]>{RELEASE}");
    assert_eq!(document(&[("r.dita", &internal)], "topic:c/r").text_md, "## ABC-1\n\nFixed it");
}

#[test]
fn attributes_with_a_default_in_a_dtd_count_as_written() {
    let dtd = "<!ATTLIST libref class CDATA '- map/topicref my/libref ' processing-role (normal|resource-only) 'resource-only'>\
        <!ATTLIST web class CDATA '- map/topicref my/web ' scope CDATA 'external' format NMTOKEN #FIXED 'html'>\
        <!ATTLIST topicref toc CDATA 'no'><!ATTLIST warning class CDATA '- topic/note my/warning ' type CDATA 'caution' outputclass CDATA '&who; &#38;'>";
    let map = "<!DOCTYPE map SYSTEM 'my.dtd'><map><libref href='lib.dita'/><topicref href='a.dita'/><topicref href='b.dita' toc='yes'/>\
        <web href='x.html' navtitle='X'/></map>";
    let topic = |id: &str| {
        format!(
            "<!DOCTYPE topic SYSTEM 'my.dtd' [<!ENTITY who 'me'>]><topic id='{id}'><title>{id}</title><body><warning>Hot</warning></body></topic>"
        )
    };
    let (a, b, lib) = (topic("a"), topic("b"), topic("lib"));
    let files = [("m.ditamap", map), ("a.dita", &a), ("b.dita", &b), ("lib.dita", &lib), ("my.dtd", dtd)];
    assert_eq!(document(&files, "map:c/m").text_md, "- [b](topic:c/b)\n- [X](x.html)");
    let lib = document(&files, "topic:c/lib");
    assert_eq!(lib.meta["searchable"], serde_json::json!(false));
    assert_eq!(lib.text_md, "> **Caution:** Hot");
}

#[test]
fn the_configuration_says_it_where_no_dtd_does() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("r.dita"), RELEASE).unwrap();
    let of = [("release", "topic"), ("relbody", "body"), ("change", "section"), ("ticket", "title"), ("what", "p")];
    let specializations: BTreeMap<String, String> =
        of.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let dita = Dita { specializations, ..Dita::default() };
    let (documents, failures) = read_input(folder.path(), &Options { dita, ..Options::default() });
    assert_eq!(failures, []);
    assert_eq!(documents[0].text_md, "## ABC-1\n\nFixed it");
}

#[test]
fn what_neither_is_nor_looks_like_dita_is_skipped_or_refused_by_its_name() {
    let other = "<release id='r'><name>R</name></release>";
    let (documents, failures) = super::read_folder(&[("a.dita", RELEASE), ("b.dita", other), ("c.xml", RELEASE)], None);
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0].losses.get("specialization:guessed release"), Some(&1));
    assert_eq!(failures[0].path, "b.dita");
    assert!(failures[0].message.ends_with("add it to dita.specializations"), "{}", failures[0].message);
    assert_eq!(failures[1].message, "the file is not DITA, because <release> is neither a topic nor a map");
}

#[test]
fn entities_come_from_files_of_the_input_and_what_is_missing_is_named() {
    let topic = "<!DOCTYPE topic PUBLIC 'x' 'y' [<!ENTITY % glob SYSTEM 'glob.ent'> %glob; <!ENTITY part SYSTEM 'part.xml'><!ENTITY out SYSTEM '../../out.xml'>]>\
        <topic id='b'><title>B &name;</title><body><p>Use &name; now &who;.</p>&part;&out;</body></topic>";
    let files = [("b.dita", topic), ("glob.ent", "<!ENTITY name 'Acme'>"), ("part.xml", "<p>part <b>text</b></p>")];
    let (documents, _) = super::read_folder(&files, None);
    let read = documents.iter().find(|document| document.id == "topic:c/b").unwrap();
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("B Acme", "Use Acme now \\&who;.\n\npart **text**"));
    let lost: Vec<_> = read.links.iter().map(|link| (link.href.as_str(), link.reason.as_deref().unwrap())).collect();
    assert_eq!(lost, [("&who;", "no such entity"), ("&out;", "not in input")]);
}

#[test]
fn metadata_cascades_from_maps_and_the_nearest_holds() {
    let map = "<map xml:lang='de'><title>M</title><topicmeta><author>Map</author><othermeta name='book' content='bk'/><publisher>P</publisher></topicmeta>\
        <topicref href='a.dita' audience='ops' deliveryTarget='html'><topicmeta><othermeta name='team' content='outer'/><keywords><keyword>mapkw</keyword></keywords>\
        <data name='Cat2' value='v'/></topicmeta><topicref href='b.dita'/></topicref></map>";
    let topic = |id: &str, prolog: &str| {
        format!("<topic id='{id}' product='pro lite'><title>{id}</title><prolog>{prolog}</prolog></topic>")
    };
    let (a, b) = (
        topic("a", "<publisher>Own</publisher><metadata><othermeta name='team' content='docs'/></metadata>"),
        topic("b", ""),
    );
    let files = [("m.ditamap", map), ("a.dita", a.as_str()), ("b.dita", b.as_str())];
    let read = serde_json::Value::Object(document(&files, "topic:c/a").meta);
    assert_eq!((&read["author"], &read["publisher"], &read["team"]), (&"Map".into(), &"Own".into(), &"docs".into()));
    assert_eq!((&read["book"], &read["Cat2"], &read["language"]), (&"bk".into(), &"v".into(), &"de".into()));
    assert_eq!((&read["keywords"], &read["audience"]), (&serde_json::json!(["mapkw"]), &serde_json::json!(["ops"])));
    assert_eq!(read["product"], serde_json::json!(["lite", "pro"]));
    let below = serde_json::Value::Object(document(&files, "topic:c/b").meta);
    assert_eq!(
        (&below["team"], &below["Cat2"], &below["audience"]),
        (&"outer".into(), &"v".into(), &serde_json::json!(["ops"]))
    );
    assert_eq!(below.get("keywords"), None);
}

#[test]
fn what_exists_only_for_reuse_and_maps_without_text_are_not_searched() {
    let files = [
        ("m.ditamap", "<map><topicref href='t.dita'/><topicref href='r.dita' processing-role='resource-only'/></map>"),
        ("told.ditamap", "<map><topicmeta><shortdesc>What it is about</shortdesc></topicmeta></map>"),
        ("t.dita", "<topic id='t'><title>T</title></topic>"),
        ("r.dita", "<topic id='r'><title>R</title></topic>"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    let hidden = |search| {
        let options = Options { dita: Dita { search, ..Dita::default() }, ..Options::default() };
        let (documents, _) = read_input(folder.path(), &options);
        let hidden = documents.into_iter().filter(|d| d.meta.get("searchable") == Some(&false.into()));
        hidden.map(|d| d.source_path.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(hidden(Searched::Published), ["m.ditamap", "r.dita"]);
    assert!(hidden(Searched::All).is_empty());
}

#[test]
fn documents_have_the_address_of_their_page() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a b.dita"), "<topic id='t'><title>T</title></topic>").unwrap();
    let url = |page_url: &str| {
        let dita = Dita { page_url: page_url.to_owned(), ..Dita::default() };
        let options = Options { site_url: Some("https://docs.example.com/v1/".to_owned()), dita, ..Options::default() };
        read_input(folder.path(), &options).0.remove(0).url.unwrap()
    };
    assert_eq!(url("{path}.html"), "https://docs.example.com/v1/a%20b.html");
    assert_eq!(url("en/{path}"), "https://docs.example.com/v1/en/a%20b");
}

#[test]
fn a_misspelled_base_type_is_an_error() {
    let folder = super::write(&[("r.dita", "<release id='r'><title>R</title></release>")]);
    let specializations = [("release".to_owned(), "topik".to_owned())].into();
    let options = Options { dita: Dita { specializations, ..Dita::default() }, ..Options::default() };
    let error = super::super::read(folder.path(), &options, &mut |_| Ok(())).unwrap_err().to_string();
    assert!(error.contains("dita.specializations: topik is not an element of DITA"), "{error}");
}
