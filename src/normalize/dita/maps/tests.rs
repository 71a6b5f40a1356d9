use super::super::library::tests::library;

#[test]
fn submaps_headings_and_groups_make_one_tree() {
    let library = library(&[
        ("root.ditamap", "<map><topichead navtitle='H'><mapref href='sub.ditamap'/></topichead></map>"),
        (
            "sub.ditamap",
            "<map><topicgroup><topicref href='a.dita'><topicref href='b.dita'/></topicref></topicgroup></map>",
        ),
        ("a.dita", "<topic id='a'><title>A</title></topic>"),
        ("b.dita", "<topic id='b'><title>B</title></topic>"),
    ]);
    assert_eq!(library.roots.len(), 1);
    let uses = &library.roots[0].uses;
    let parents: Vec<_> = uses.iter().map(|u| u.parent).collect();
    assert_eq!(parents, [None, Some(0), Some(1)]);
    assert_eq!(uses[0].title.as_ref().map(|title| title.text()).as_deref(), Some("H"));
}

#[test]
fn a_part_of_a_map_is_taken_by_its_id() {
    let sub = "<map id='m'><topicset id='s'><topicref href='a.dita'/></topicset><topicref href='b.dita'/></map>";
    let topics =
        [("a.dita", "<topic id='a'><title>A</title></topic>"), ("b.dita", "<topic id='b'><title>B</title></topic>")];
    let uses = |reference: &str| {
        let root = format!("<map>{reference}</map>");
        let files = [("root.ditamap", root.as_str()), ("sub.ditamap", sub), topics[0], topics[1]];
        let library = library(&files);
        assert_eq!(library.roots.len(), 1, "{reference}");
        library.roots[0].uses.iter().filter(|used| used.target.is_some()).count()
    };
    assert_eq!(uses("<topicsetref href='sub.ditamap#s'/>"), 1);
    assert_eq!(uses("<mapref href='sub.ditamap#m'/>"), 2);
    assert_eq!(uses("<navref mapref='sub.ditamap'/>"), 2);
}

#[test]
fn maps_that_include_each_other_end() {
    let library = library(&[
        ("a.ditamap", "<map><mapref href='b.ditamap'/><topicref href='t.dita'/></map>"),
        ("b.ditamap", "<map><mapref href='a.ditamap'/></map>"),
        ("t.dita", "<topic id='t'><title>T</title></topic>"),
    ]);
    assert_eq!(library.roots.len(), 1);
    assert_eq!(library.roots[0].uses.len(), 1);
}

#[test]
fn a_key_scope_holds_on_a_submap() {
    let library = library(&[
        ("root.ditamap", "<map><mapref href='sub.ditamap' keyscope='s'/></map>"),
        ("sub.ditamap", "<map keyscope='t'><keydef keys='k' href='x.html' format='html'/></map>"),
    ]);
    let keys = &library.roots[0].keys;
    assert!(keys.resolve(0, "k", &[]).is_none());
    assert!(keys.resolve(0, "s.k", &[]).is_some() && keys.resolve(0, "t.k", &[]).is_some());
}
