use super::{document, read_folder, read_input};
use crate::normalize::Options;

const TOPIC: &str = "<topic id='t'><title>Topic</title><body><p>x</p></body></topic>";
const OTHER: &str = "<topic id='o'><title>Other</title></topic>";

#[test]
fn breadcrumbs_come_from_the_maps() {
    let files = [
        (
            "m.ditamap",
            "<map><title>Map</title><topichead navtitle='Head'><topicref href='o.dita'><topicgroup><topicref href='t.dita'/></topicgroup></topicref></topichead></map>",
        ),
        ("n.ditamap", "<map title='Second'><topicref href='t.dita'/></map>"),
        ("t.dita", TOPIC),
        ("o.dita", OTHER),
    ];
    let read = document(&files, "topic:c/t");
    assert_eq!(read.breadcrumbs, ["Map", "Head", "Other"]);
    assert_eq!(read.meta["parents"], serde_json::json!([["Map", "Head", "Other"], ["Second"]]));
}

#[test]
fn a_map_is_a_nested_list_of_links() {
    let map = "<map><title>Map</title><topicmeta/><keydef keys='k' href='t.dita'/><topichead navtitle='Head'><topicref href='t.dita'/>\
        <topicref keyref='k' navtitle='Ignored'/><topicref href='o.dita' locktitle='yes' navtitle='Locked'/></topichead>\
        <topicref href='https://example.com' scope='external' format='html' navtitle='Web'/><topicref href='o.dita' toc='no'/></map>";
    let read = document(&[("m.ditamap", map), ("t.dita", TOPIC), ("o.dita", OTHER)], "map:c/m");
    assert_eq!(read.title, "Map");
    assert_eq!(
        read.text_md,
        "- Head\n  - [Topic](topic:c/t)\n  - [Topic](topic:c/t)\n  - [Locked](topic:c/o)\n- [Web](https://example.com)"
    );
}

#[test]
fn a_group_without_a_title_shows_its_description() {
    let map =
        "<map><topicref><topicmeta><shortdesc>About</shortdesc></topicmeta><topicref href='t.dita'/></topicref></map>";
    let read = document(&[("m.ditamap", map), ("t.dita", TOPIC)], "map:c/m");
    assert_eq!(read.text_md, "- About\n  - [Topic](topic:c/t)");
}

#[test]
fn other_maps_are_linked_and_what_goes_into_them_is_listed() {
    let map = "<map><navref mapref='n.ditamap'/><anchorref href='n.ditamap#here' format='ditamap'><topicref href='t.dita'/></anchorref></map>";
    let other = "<map><title>N</title><topicref href='o.dita'><anchor id='here'/></topicref></map>";
    let files = [("m.ditamap", map), ("n.ditamap", other), ("t.dita", TOPIC), ("o.dita", OTHER)];
    assert_eq!(document(&files, "map:c/m").text_md, "- [N](map:c/n)\n- [Topic](topic:c/t)");
    assert_eq!(document(&files, "topic:c/o").breadcrumbs, ["m"; 0]);
}

#[test]
fn a_book_map_shows_its_parts() {
    let map = "<bookmap><booktitle><mainbooktitle>Book</mainbooktitle><booktitlealt>Alternative</booktitlealt></booktitle>\
        <frontmatter><preface href='o.dita'/></frontmatter><part navtitle='P'><chapter href='t.dita'/></part></bookmap>";
    let read = document(&[("m.ditamap", map), ("t.dita", TOPIC), ("o.dita", OTHER)], "map:c/m");
    assert_eq!(read.title, "Book");
    assert_eq!(read.text_md, "Alternative\n\n- [Other](topic:c/o)\n- P\n  - [Topic](topic:c/t)");
}

#[test]
fn markdown_topics_of_a_map_become_documents() {
    let files = [
        (
            "m.ditamap",
            "<map><title>M</title><keydef keys='k' href='a.md' format='md'/><topicref href='a.md' format='markdown' audience='x'/></map>",
        ),
        ("a.md", "# Title\n\nSome *text*."),
        ("unused.md", "# Unused"),
        ("t.dita", "<topic id='t'><title>T</title><body><p><xref keyref='k'/></p></body></topic>"),
    ];
    let read = document(&files, "topic:c/a");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("Title", "Some *text*."));
    assert_eq!((read.breadcrumbs, read.labels), (vec!["M".to_owned()], vec!["audience:x".to_owned()]));
    assert_eq!(document(&files, "topic:c/t").text_md, "[Title](topic:c/a)");
    assert_eq!(read_folder(&files, None).0.len(), 3);
}

#[test]
fn rows_of_a_relationship_table_relate_topics_across_cells() {
    let map = "<map><reltable><relrow><relcell><topicref href='t.dita'/></relcell><relcell><topicref href='o.dita'/></relcell></relrow></reltable></map>";
    let read = document(&[("m.ditamap", map), ("t.dita", TOPIC), ("o.dita", OTHER)], "topic:c/t");
    assert_eq!(read.meta["related"], serde_json::json!(["topic:c/o"]));
}

#[test]
fn links_of_a_relationship_table_go_by_linking_and_families() {
    let related = |row: &str, topic: &str| {
        let map = format!("<map><reltable>{row}</reltable></map>");
        document(&[("m.ditamap", map.as_str()), ("t.dita", TOPIC), ("o.dita", OTHER)], topic)
            .meta
            .get("related")
            .cloned()
    };
    let (t, o) = ("<topicref href='t.dita'/>", "<topicref href='o.dita'/>");
    let family = format!("<relrow><relcell collection-type='family'>{t}{o}</relcell></relrow>");
    assert_eq!(related(&family, "topic:c/t"), Some(serde_json::json!(["topic:c/o"])));
    let together = format!("<relrow><relcell>{t}{o}</relcell></relrow>");
    assert_eq!(related(&together, "topic:c/t"), None);
    let target = format!(
        "<relheader><relcolspec/><relcolspec linking='targetonly'/></relheader><relrow><relcell>{t}</relcell><relcell>{o}</relcell></relrow>"
    );
    assert_eq!(related(&target, "topic:c/t"), Some(serde_json::json!(["topic:c/o"])));
    assert_eq!(related(&target, "topic:c/o"), None);
}

#[test]
fn a_copy_is_another_name_of_its_topic() {
    let files = [
        ("m.ditamap", "<map><topicref href='t.dita' copy-to='copy.dita'/></map>"),
        ("t.dita", TOPIC),
        ("o.dita", "<topic id='o'><title>O</title><body><p><xref href='copy.dita'/></p></body></topic>"),
    ];
    assert_eq!(document(&files, "topic:c/t").meta["aliases"], serde_json::json!(["topic:c/copy"]));
    assert_eq!(document(&files, "topic:c/o").text_md, "[Topic](topic:c/t)");
}

const CONDITIONED: [(&str, &str); 4] = [
    ("m.ditamap", "<map><topicref href='t.dita'/><topicref href='o.dita' platform='linux'/></map>"),
    (
        "t.dita",
        "<topic id='t'><title>T</title><body><p>a <ph platform='linux'>b</ph> <ph platform='linux mac'>c</ph></p></body></topic>",
    ),
    ("o.dita", OTHER),
    ("x.ditaval", "<val><prop action='exclude' att='platform' val='linux'/></val>"),
];

#[test]
fn a_ditaval_filters_topics_and_maps() {
    let (documents, failures) = read_folder(&CONDITIONED, Some("x.ditaval"));
    assert_eq!(failures, []);
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["map:c/m", "topic:c/t"]);
    assert_eq!(documents[0].text_md, "- [T](topic:c/t)");
    assert_eq!(documents[1].text_md, "a c");
}

#[test]
fn without_a_ditaval_conditions_become_labels() {
    let read = document(&CONDITIONED, "topic:c/t");
    assert_eq!(read.text_md, "a b c");
    assert_eq!(read.labels, ["platform:linux", "platform:mac"]);
    assert_eq!(document(&CONDITIONED, "topic:c/o").labels, ["platform:linux"]);
}

#[test]
fn branches_make_documents_of_their_own() {
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='t.dita'><ditavalref href='x.ditaval'><ditavalmeta><dvrResourceSuffix>-mac</dvrResourceSuffix></ditavalmeta></ditavalref></topicref><topicref href='t.dita'/></map>",
        ),
        CONDITIONED[1],
        CONDITIONED[3],
    ];
    assert_eq!(document(&files, "topic:c/t-mac").text_md, "a c");
    assert_eq!(document(&files, "topic:c/t").text_md, "a b c");
}

#[test]
fn no_two_documents_share_an_id() {
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='t.dita'/><topicref href='t.dita'><ditavalref href='x.ditaval'/></topicref></map>",
        ),
        CONDITIONED[1],
        ("t.xml", OTHER),
        CONDITIONED[3],
    ];
    let ids: Vec<String> = read_folder(&files, None).0.into_iter().map(|document| document.id).collect();
    assert_eq!(ids, ["map:c/m", "topic:c/t", "topic:c/t~2", "topic:c/t.xml"]);
}

#[test]
fn a_topic_that_exists_in_branches_only_is_linked_there() {
    let map = "<map><topicref href='t.dita'><ditavalref href='x.ditaval'><ditavalmeta><dvrResourceSuffix>-mac</dvrResourceSuffix></ditavalmeta></ditavalref></topicref></map>";
    let other = "<topic id='o'><title>O</title><body><p><xref href='t.dita'/></p></body></topic>";
    let files = [("m.ditamap", map), CONDITIONED[1], ("o.dita", other), CONDITIONED[3]];
    assert_eq!(document(&files, "topic:c/o").text_md, "[T](topic:c/t-mac)");
    assert_eq!(document(&files, "map:c/m").text_md, "- [T](topic:c/t-mac)");
}

#[test]
fn a_map_as_input_brings_what_it_refers_to_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        (
            "maps/m.ditamap",
            "<map><title>M</title><topicref href='../topics/t.dita'/><mapref href='sub.ditamap'/></map>",
        ),
        ("maps/sub.ditamap", "<map><topicref href='../topics/o.dita'/></map>"),
        ("topics/t.dita", "<topic id='t'><title>T</title><body><p conref='../lib/l.dita#l/p'/></body></topic>"),
        ("topics/o.dita", OTHER),
        ("topics/unused.dita", OTHER),
        ("lib/l.dita", "<topic id='l'><title>L</title><body><p id='p'>shared</p></body></topic>"),
    ] {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let (documents, failures) = read_input(&folder.path().join("maps/m.ditamap"), &Options::default());
    assert_eq!(failures, []);
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["map:m/maps/m", "map:m/maps/sub", "topic:m/topics/o", "topic:m/topics/t"]);
    assert_eq!(documents[3].text_md, "shared");
    let (documents, _) = read_input(&folder.path().join("topics/t.dita"), &Options::default());
    assert_eq!(documents.len(), 1);
    assert_eq!((documents[0].id.as_str(), documents[0].text_md.as_str()), ("topic:t/topics/t", "shared"));
}

#[test]
fn a_name_says_nothing_about_what_a_file_is() {
    let files = [("road-map.xml", TOPIC), ("topic.xml", "<map><topicref href='road-map.xml'/></map>")];
    let (documents, _) = read_folder(&files, None);
    let ids: Vec<&str> = documents.iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids, ["topic:c/road-map", "map:c/topic"]);
}

#[test]
fn a_subject_scheme_shows_its_titles_and_keeps_its_keys_as_metadata() {
    let scheme = "<subjectScheme><subjectHead><subjectHeadMeta><navtitle>Values</navtitle><shortdesc>For us</shortdesc></subjectHeadMeta></subjectHead>\
        <subjectdef keys='os'><topicmeta><navtitle>Systems</navtitle></topicmeta><subjectdef keys='linux'><subjectdef keys='suse'/></subjectdef></subjectdef>\
        <enumerationdef><attributedef name='platform'/><subjectdef keyref='os'/></enumerationdef></subjectScheme>";
    let read = document(&[("s.ditamap", scheme)], "map:c/s");
    assert_eq!(read.text_md, "- Values: For us\n- Systems");
    assert_eq!(read.meta["subjects"], serde_json::json!(["os", "os/linux", "os/linux/suse"]));
    assert_eq!(read.meta["enumerations"], serde_json::json!({"platform": ["os"]}));
}

#[test]
fn the_nearest_processing_role_and_toc_decide() {
    let map = "<map><title>M</title><topicgroup processing-role='resource-only'><topicref href='t.dita' processing-role='normal'/>\
        <topicref href='o.dita'/></topicgroup><topichead navtitle='H' toc='no'><topicref href='t.dita' toc='yes'/></topichead></map>";
    let files = [("m.ditamap", map), ("t.dita", TOPIC), ("o.dita", OTHER)];
    assert_eq!(document(&files, "map:c/m").text_md, "- [Topic](topic:c/t)\n- [Topic](topic:c/t)");
    assert_eq!(document(&files, "topic:c/t").meta.get("searchable"), None);
    assert_eq!(document(&files, "topic:c/o").meta["searchable"], false);
}

#[test]
fn entries_without_a_topic_show_their_own_title() {
    let map = "<map><title>M</title><topicref href='gone.dita' navtitle='Release notes'/>\
        <topicref href='gone.dita'><topicmeta><navtitle>Old notes</navtitle></topicmeta></topicref>\
        <topicref href='gone.dita'><topicmeta><linktext>Older notes</linktext></topicmeta><topicref href='t.dita'/></topicref>\
        <topicref href='away.dita' scope='peer' navtitle='Elsewhere'/></map>";
    let files = [("m.ditamap", map), ("t.dita", TOPIC)];
    let read = document(&files, "map:c/m");
    assert_eq!(
        read.text_md,
        "- Release notes\n- Old notes\n- Older notes\n  - [Topic](topic:c/t)\n- [Elsewhere](away.dita)"
    );
    assert_eq!(read.losses["link:unresolved"], 3);
    assert_eq!(document(&files, "topic:c/t").breadcrumbs, ["M", "Older notes"]);
}

#[test]
fn a_map_is_searched_by_its_own_description_only() {
    let map = |own: &str, of_entry: &str| {
        let map = format!("<map><title>M</title>{own}<topicref href='t.dita'>{of_entry}</topicref></map>");
        let files = [
            ("m.ditamap", map.as_str()),
            ("t.dita", TOPIC),
            ("x.ditaval", "<val><prop att='product' val='x' action='exclude'/></val>"),
        ];
        let (documents, _) = read_folder(&files, Some("x.ditaval"));
        let map = documents.into_iter().find(|document| document.id == "map:c/m").unwrap();
        (map.text_md, !map.meta.contains_key("searchable"))
    };
    let text = "<topicmeta><shortdesc>Zebra</shortdesc></topicmeta>";
    let links = "- [Topic](topic:c/t)";
    assert_eq!(map(text, ""), (format!("Zebra\n\n{links}"), true));
    assert_eq!(map("", text), (links.to_owned(), false));
    let excluded = "<topicmeta><shortdesc product='x'>Zebra</shortdesc></topicmeta>";
    assert_eq!(map(excluded, ""), (links.to_owned(), false));
}

#[test]
fn keys_in_the_titles_of_entries_are_resolved() {
    let map = "<map><title>M</title><keydef keys='p'><topicmeta><keywords><keyword>Pro</keyword></keywords></topicmeta></keydef>\
        <topichead><topicmeta><navtitle>Install <keyword keyref='p'/></navtitle><keywords><keyword keyref='p'/></keywords></topicmeta>\
        <topicref href='t.dita'><topicmeta><navtitle>Run <keyword keyref='p'/></navtitle><keywords><keyword keyref='p'/></keywords></topicmeta></topicref></topichead></map>";
    let files = [("m.ditamap", map), ("t.dita", TOPIC)];
    let read = document(&files, "topic:c/t");
    assert_eq!(read.breadcrumbs, ["M", "Install Pro"]);
    assert_eq!(read.meta["keywords"], serde_json::json!(["Pro"]));
    assert_eq!(document(&files, "map:c/m").text_md, "- Install Pro\n  - [Topic](topic:c/t)");
}

#[test]
fn untitled_topics_and_maps_are_linked_by_their_file_names() {
    let files = [
        ("m.ditamap", "<map><topicref href='e.dita'/><mapref href='n.ditamap'/></map>"),
        ("n.ditamap", "<map><topicref href='t.dita'/></map>"),
        ("e.dita", "<topic id='e'><title/></topic>"),
        ("t.dita", TOPIC),
    ];
    assert_eq!(document(&files, "map:c/m").text_md, "- [e](topic:c/e)\n- [n](map:c/n)");
}

#[test]
fn a_map_as_input_brings_the_entries_that_it_reuses_from_other_maps() {
    let folder = super::write(&[
        ("m.ditamap", "<map><title>M</title><topicref conref='lib.ditamap#part'/><navref mapref='n.ditamap'/></map>"),
        (
            "lib.ditamap",
            "<map id='lib'><topicref id='part' href='t.dita'><topicref href='o.dita'/></topicref><topicref href='x.dita'/></map>",
        ),
        ("n.ditamap", "<map><title>N</title></map>"),
        ("t.dita", TOPIC),
        ("o.dita", OTHER),
        ("x.dita", "<topic id='x'><title>X</title></topic>"),
    ]);
    let (documents, failures) = read_input(&folder.path().join("m.ditamap"), &Options::default());
    assert_eq!(failures, []);
    let titles: Vec<&str> = documents.iter().map(|document| document.title.as_str()).collect();
    assert_eq!(titles, ["M", "N", "Other", "Topic"]);
    assert_eq!(documents[0].text_md, "- [Topic](topic:m/t)\n  - [Other](topic:m/o)\n- [N](map:m/n)");
}

#[test]
fn a_set_in_the_same_map_appears_at_each_reference() {
    let map = "<map><title>M</title><topicset id='s' navtitle='Set'><topicref href='t.dita'/><topicsetref href='#in'/></topicset>\
        <topichead navtitle='Again'><topicsetref href='m.ditamap#s'/></topichead>\
        <topicset id='in'><topicref href='o.dita'/><topicsetref href='#s' navtitle='Back'/></topicset><topicsetref href='#none'/></map>";
    let files = [("m.ditamap", map), ("t.dita", TOPIC), ("o.dita", OTHER)];
    let read = document(&files, "map:c/m");
    let set = "- Set\n  - [Topic](topic:c/t)\n  - [Other](topic:c/o)\n  - Back\n";
    let again = "- Again\n  - Set\n    - [Topic](topic:c/t)\n    - [Other](topic:c/o)\n    - Back\n";
    let inner = "- [Other](topic:c/o)\n- Back\n  - Set\n    - [Topic](topic:c/t)";
    assert_eq!(read.text_md, format!("{set}{again}{inner}"));
    assert_eq!(read.losses.get("link:missing-element"), Some(&1));
    assert_eq!(read.links.iter().find(|link| link.reason.is_some()).map(|link| link.href.as_str()), Some("#none"));
    let parents = &document(&files, "topic:c/t").meta["parents"];
    assert_eq!(*parents, serde_json::json!([["M", "Set"], ["M", "Again", "Set"], ["M", "Back", "Set"]]));
}

#[test]
fn sets_that_multiply_are_inserted_only_so_far() {
    let mut map = "<map><title>M</title><topicset id='s0'><topicref href='t.dita'/></topicset>".to_owned();
    for level in 1..12 {
        let references = format!("<topicsetref href='#s{}'/>", level - 1).repeat(10);
        map = format!("{map}<topicset id='s{level}'>{references}</topicset>");
    }
    let read = document(&[("m.ditamap", &format!("{map}</map>")), ("t.dita", TOPIC)], "map:c/m");
    assert!(read.text_md.len() < 10_000_000);
}
