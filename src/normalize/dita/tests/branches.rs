use super::{document, read_folder};

const GUIDE: &str = "<topic id='t'><title><ph audience='novice'>First</ph><ph audience='expert'>More</ph> steps</title>\
    <body><p audience='novice'>Slowly. <xref keyref='e'/></p><p audience='expert'>Fast.</p></body></topic>";
const NOVICE: (&str, &str) = ("novice.ditaval", "<val><prop action='exclude' att='audience' val='expert'/></val>");
const EXPERT: (&str, &str) = ("expert.ditaval", "<val><prop action='exclude' att='audience' val='novice'/></val>");

/// Returns a reference to a `<ditavalref>` that gives names and key scopes a prefix.
fn filtered(ditaval: &str, prefix: &str, scope: &str) -> String {
    format!(
        "<ditavalref href='{ditaval}.ditaval'><ditavalmeta><dvrResourcePrefix>{prefix}</dvrResourcePrefix>\
         <dvrKeyscopePrefix>{scope}</dvrKeyscopePrefix></ditavalmeta></ditavalref>"
    )
}

/// Returns the ids and titles of the topics, in order.
fn topics(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let (documents, failures) = read_folder(files, None);
    assert_eq!(failures, []);
    let topics = documents.into_iter().filter(|document| document.id.starts_with("topic:"));
    topics.map(|document| (document.id, document.title)).collect()
}

/// Returns the files of an input. Two maps each contain a branch with the same topic. Another map with relations is below a
/// branch.
fn guide() -> [(&'static str, String); 8] {
    let branch = |ditaval: &str, prefix: &str| {
        format!(
            "<map><topicref href='t.dita' keys='{prefix}'>{}</topicref></map>",
            filtered(ditaval, &format!("{prefix}-"), "")
        )
    };
    let root = "<map><title>M</title><mapref href='novice.ditamap'/><mapref href='expert.ditamap'/>\
        <topicref href='o.dita'><ditavalref href='novice.ditaval'/><mapref href='relations.ditamap'/></topicref>\
        <keydef keys='t' href='t.dita'/></map>";
    let relations = "<map><reltable><relrow><relcell><topicref keyref='e'/></relcell><relcell><topicref href='o.dita'/></relcell></relrow></reltable></map>";
    let other = "<topic id='o'><title>Other</title><body><p><xref keyref='t'/></p></body></topic>";
    [
        ("m.ditamap", root.to_owned()),
        ("novice.ditamap", branch("novice", "n")),
        ("expert.ditamap", branch("expert", "e")),
        ("relations.ditamap", relations.to_owned()),
        ("t.dita", GUIDE.to_owned()),
        ("o.dita", other.to_owned()),
        (NOVICE.0, NOVICE.1.to_owned()),
        (EXPERT.0, EXPERT.1.to_owned()),
    ]
}

fn refer<'f>(files: &'f [(&'static str, String)]) -> Vec<(&'static str, &'f str)> {
    files.iter().map(|(path, text)| (*path, text.as_str())).collect()
}

#[test]
fn a_topic_that_maps_contain_only_in_branches_comes_only_filtered() {
    let ids: Vec<(String, String)> = topics(&refer(&guide()));
    let expected = [("topic:c/o", "Other"), ("topic:c/n-t", "First steps"), ("topic:c/e-t", "More steps")];
    assert_eq!(ids, expected.map(|(id, title)| (id.to_owned(), title.to_owned())));
}

#[test]
fn a_key_that_a_branch_defines_leads_to_the_copy_there() {
    let files = guide();
    let read = document(&refer(&files), "topic:c/n-t");
    assert_eq!(read.text_md, "Slowly. [More steps](topic:c/e-t)");
    assert_eq!(read.meta.get("related"), None);
    assert_eq!(document(&refer(&files), "topic:c/e-t").meta["related"], serde_json::json!(["topic:c/o"]));
    assert_eq!(document(&refer(&files), "topic:c/o").meta["related"], serde_json::json!(["topic:c/e-t"]));
}

#[test]
fn a_relationship_table_brings_no_parents() {
    let files = [
        (
            "m.ditamap",
            "<map><title>M</title><topicref href='o.dita'><topicref href='t.dita'/></topicref><reltable><relrow><relcell><topicref href='t.dita' platform='x'/></relcell></relrow></reltable></map>",
        ),
        ("t.dita", "<topic id='t'><title>T</title></topic>"),
        ("o.dita", "<topic id='o'><title>O</title></topic>"),
    ];
    let read = document(&files, "topic:c/t");
    assert_eq!((read.breadcrumbs, read.meta.get("parents")), (vec!["M".to_owned(), "O".to_owned()], None));
    assert_eq!(read.labels, [""; 0]);
}

#[test]
fn a_map_lists_every_branch_with_its_own_copy() {
    let list = |prefixes: [&str; 2], scopes: [&str; 2]| {
        let branches =
            format!("{}{}", filtered("novice", prefixes[0], scopes[0]), filtered("expert", prefixes[1], scopes[1]));
        let child = "<topicref href='o.dita' audience='expert'/>";
        let map = format!("<map><topicref href='t.dita'>{branches}{child}</topicref></map>");
        let other = "<topic id='o'><title>Other</title></topic>";
        let files = [("m.ditamap", map.as_str()), ("t.dita", GUIDE), ("o.dita", other), NOVICE, EXPERT];
        document(&files, "map:c/m").text_md
    };
    assert_eq!(
        list(["n-", "e-"], ["", ""]),
        "- [First steps](topic:c/n-t)\n- [More steps](topic:c/e-t)\n  - [Other](topic:c/e-o)"
    );
    assert_eq!(
        list(["", ""], ["n", "e"]),
        "- [First steps](topic:c/t)\n- [More steps](topic:c/t~2)\n  - [Other](topic:c/o)"
    );
}

#[test]
fn a_key_in_a_part_that_is_copied_leads_each_copy_to_its_own() {
    let branches = format!("{}{}", filtered("novice", "n-", ""), filtered("expert", "e-", ""));
    let map = format!(
        "<map><topicgroup>{branches}<topicref href='t.dita' keys='k'/><topicref href='o.dita'/></topicgroup></map>"
    );
    let other = "<topic id='o'><title>Other</title><body><p><xref keyref='k'/></p></body></topic>";
    let files = [("m.ditamap", map.as_str()), ("t.dita", GUIDE), ("o.dita", other), NOVICE, EXPERT];
    assert_eq!(document(&files, "topic:c/n-o").text_md, "[First steps](topic:c/n-t)");
    assert_eq!(document(&files, "topic:c/e-o").text_md, "[More steps](topic:c/e-t)");
}

#[test]
fn a_topic_that_every_branch_leaves_out_does_not_come() {
    let map = format!(
        "<map><topicref href='o.dita'>{}<topicref href='t.dita' audience='novice'/></topicref></map>",
        filtered("expert", "", "")
    );
    let other = "<topic id='o'><title>Other</title></topic>";
    let files = [("m.ditamap", map.as_str()), ("t.dita", GUIDE), ("o.dita", other), NOVICE, EXPERT];
    assert_eq!(topics(&files), [("topic:c/o".to_owned(), "Other".to_owned())]);
}

#[test]
fn the_same_branch_in_two_maps_makes_one_copy() {
    let map = format!("<map><topicref href='t.dita'>{}</topicref></map>", filtered("novice", "", ""));
    let files = [("m.ditamap", map.as_str()), ("n.ditamap", map.as_str()), ("t.dita", GUIDE), NOVICE];
    assert_eq!(topics(&files), [("topic:c/t".to_owned(), "First steps".to_owned())]);
}

#[test]
fn copies_that_say_the_same_are_one_document() {
    let map = format!(
        "<map><topicref href='o.dita'/><topicref href='o.dita'>{}</topicref><topicref href='t.dita'>{}</topicref></map>",
        filtered("novice", "", ""),
        filtered("novice", "", "")
    );
    let other = "<topic id='o'><title>Other</title><body><p><xref href='t.dita'/></p></body></topic>";
    let topic = "<topic id='t'><title>T</title><body><p><xref href='o.dita'/></p></body></topic>";
    let files = [("m.ditamap", map.as_str()), ("t.dita", topic), ("o.dita", other), NOVICE];
    assert_eq!(topics(&files).len(), 2);
    assert_eq!(document(&files, "topic:c/t").text_md, "[Other](topic:c/o)");
}

#[test]
fn a_branch_filters_what_it_pulls_in_where_it_is_put() {
    let map = format!("<map><topicref href='o.dita'>{}</topicref></map>", filtered("expert", "", ""));
    let other = "<topic id='o'><title>Other</title><body><ul><li conref='l.dita#l/more'/><li conref='l.dita#l/slow'/></ul></body></topic>";
    let library = "<topic id='l'><title>L</title><body><ul><li id='slow' audience='novice'><p id='p'>A <ph audience='novice'>b</ph>c.</p></li>\
        <li id='more' audience='expert'><p conref='#l/p'/></li></ul></body></topic>";
    let files = [("m.ditamap", map.as_str()), ("o.dita", other), ("l.dita", library), EXPERT];
    let read = document(&files, "topic:c/o");
    assert_eq!(read.text_md, "- A c.");
    assert_eq!(read.losses.get("conref:excluded"), Some(&1));
}
