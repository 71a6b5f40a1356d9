use super::{document, read_folder};

const LIBRARY: &str = "<topic id='l'><title>Library</title><body><p id='p'>shared <ph id='x'>x</ph></p>\
    <ul id='u'><li id='a'>A</li><li id='b'>B</li><li id='c'>C</li><li>D</li></ul>\
    <p id='chain' conref='#l/p'/><p id='loop' conref='t.dita#t/loop'/><p id='link'><xref href='#./p'>here</xref></p></body></topic>";

fn pulled(xml: &str) -> crate::normalize::Document {
    let topic = format!("<topic id='t'><title>T</title><body>{xml}</body></topic>");
    document(&[("t.dita", &topic), ("lib/l.dita", LIBRARY.replace("t.dita", "../t.dita").as_str())], "topic:c/t")
}

#[test]
fn referenced_content_takes_the_place_of_the_element() {
    assert_eq!(pulled("<p conref='lib/l.dita#l/p'>old</p>").text_md, "shared x");
    assert_eq!(pulled("<p>a <ph conref='lib/l.dita#l/x'/></p>").text_md, "a x");
    assert_eq!(pulled("<p id='q'>own</p><p conref='#t/q'/><p conref='#./q'/>").text_md, "own\n\nown\n\nown");
}

#[test]
fn ranges_bring_their_siblings() {
    assert_eq!(
        pulled("<ul><li conref='lib/l.dita#l/a' conrefend='lib/l.dita#l/c'/><li>own</li></ul>").text_md,
        "- A\n- B\n- C\n- own"
    );
}

#[test]
fn chains_are_followed() {
    assert_eq!(pulled("<p conref='lib/l.dita#l/chain'/>").text_md, "shared x");
}

#[test]
fn a_cycle_ends_and_is_counted() {
    let read = pulled("<p id='loop' conref='lib/l.dita#l/loop'/>");
    assert_eq!(read.losses.get("conref:cycle"), Some(&1));
    let own = pulled("<p id='self' conref='#t/self'>kept</p>");
    assert_eq!((own.text_md.as_str(), own.losses.get("conref:cycle")), ("kept", Some(&1)));
}

#[test]
fn pulled_content_grows_only_so_far() {
    // Each paragraph pulls the one before it ten times.
    let mut xml = "<p id='p0'>x</p>".to_owned();
    for level in 1..12 {
        let inner = format!("<ph conref='#t/p{}'/>", level - 1).repeat(10);
        xml = format!("{xml}<p id='p{level}'>{inner}</p>");
    }
    let read = pulled(&xml);
    assert!(read.losses.contains_key("conref:limit"));
}

#[test]
fn a_reference_that_leads_nowhere_leaves_its_content_or_a_stub() {
    let read = pulled("<p conref='lib/l.dita#l/none'>own</p><p conref='none.dita#n/n'/>");
    assert_eq!(read.text_md, "own\n\n\\[missing: none.dita#n/n]");
    assert_eq!(read.losses.get("conref:missing"), Some(&2));
}

#[test]
fn attributes_of_the_referring_element_go_first() {
    let files = [(
        "t.dita",
        "<topic id='t'><title>T</title><body><note type='tip' conref='#t/n'/><note id='n' type='warning'>n</note><note type='-dita-use-conref-target' conref='#t/n'/></body></topic>",
    )];
    assert_eq!(document(&files, "topic:c/t").text_md, "> **Tip:** n\n\n> **Warning:** n\n\n> **Warning:** n");
}

#[test]
fn links_in_pulled_content_lead_where_they_led() {
    let read = pulled("<p conref='lib/l.dita#l/link'/>");
    assert_eq!(read.text_md, "[here](topic:c/lib/l#p)");
    assert_eq!(read.links[0].target_id.as_deref(), Some("topic:c/lib/l"));
}

fn keyed(keydefs: &str, xml: &str) -> crate::normalize::Document {
    let map = format!("<map>{keydefs}<topicref href='t.dita'/></map>");
    let topic = format!("<topic id='t'><title>T</title><body>{xml}</body></topic>");
    let files = [
        ("m.ditamap", map.as_str()),
        ("t.dita", &topic),
        ("o.dita", "<topic id='o'><title>Other <ph keyref='v'/></title><body><p id='p'>p</p></body></topic>"),
    ];
    document(&files, "topic:c/t")
}

#[test]
fn keys_give_text_in_the_order_of_the_standard() {
    let meta = |inside: &str| format!("<keydef keys='k' href='o.dita'><topicmeta>{inside}</topicmeta></keydef>");
    let empty = "<p><ph keyref='k'/></p>";
    let all = "<navtitle>nav</navtitle><linktext>link</linktext><keywords><keyword>word</keyword></keywords>";
    assert_eq!(keyed(&meta(all), "<p><ph keyref='k'>own</ph></p>").text_md, "[own](topic:c/o)");
    assert_eq!(keyed(&meta(all), empty).text_md, "[word](topic:c/o)");
    assert_eq!(keyed(&meta("<navtitle>nav</navtitle><linktext>link</linktext>"), empty).text_md, "[link](topic:c/o)");
    assert_eq!(keyed(&meta("<navtitle>nav</navtitle>"), empty).text_md, "[Other v](topic:c/o)");
    assert_eq!(
        keyed("<keydef keys='k'><topicmeta><navtitle>nav</navtitle></topicmeta></keydef>", empty).text_md,
        "nav"
    );
}

#[test]
fn a_link_takes_all_words_of_its_key_and_an_image_its_alternative_text() {
    let map = "<keydef keys='k' href='https://x/i.png' scope='external' format='png'><topicmeta><keywords><keyword>one</keyword> <keyword>two</keyword></keywords></topicmeta></keydef>";
    let links = "<p><xref keyref='k'/> <ph keyref='k'/></p>";
    assert_eq!(keyed(map, links).text_md, "[one two](https://x/i.png) [one](https://x/i.png)");
    let images = "<p><image keyref='k' alt='old'/> <image keyref='k'><alt>own</alt></image> <image keyref='none'/></p>";
    assert_eq!(keyed(map, images).text_md, "![one](https://x/i.png) ![own](https://x/i.png) none");
}

#[test]
fn an_undefined_key_is_shown_by_its_name_and_counted() {
    let read = keyed("", "<p><ph keyref='k'/> <ph keyref='j'>own</ph></p>");
    assert_eq!((read.text_md.as_str(), read.losses["keyref:unresolved"]), ("k own", 2));
}

#[test]
fn keys_reach_content_and_addresses() {
    assert_eq!(keyed("<keydef keys='k' href='o.dita'/>", "<p conkeyref='k/p'/>").text_md, "p");
    let external = "<keydef keys='k' href='https://example.com/' scope='external' format='html'/>";
    assert_eq!(keyed(external, "<p><xref keyref='k'>x</xref></p>").text_md, "[x](https://example.com/)");
    assert_eq!(
        keyed("<keydef keys='j' href='o.dita'/><keydef keys='k' keyref='j'/>", "<p><xref keyref='k/p'/></p>").text_md,
        "[Other v](topic:c/o#p)"
    );
}

#[test]
fn an_abbreviation_is_spelled_out_once() {
    let map = "<map><keydef keys='w' href='g.dita'/><topicref href='t.dita'/></map>";
    let entry = "<glossentry id='g'><glossterm>World Wide Web</glossterm><glossdef>d</glossdef><glossBody><glossSurfaceForm>World Wide Web (WWW)</glossSurfaceForm><glossAlt><glossAcronym>WWW</glossAcronym></glossAlt></glossBody></glossentry>";
    let topic = "<topic id='t'><title>T</title><body><p><abbreviated-form keyref='w'/>, <abbreviated-form keyref='w'/>, <term keyref='w'/></p></body></topic>";
    let read = document(&[("m.ditamap", map), ("g.dita", entry), ("t.dita", topic)], "topic:c/t");
    let text = read.text_md.replace("(topic:c/g)", "");
    assert_eq!(text, "[World Wide Web (WWW)], [WWW], [World Wide Web]");
}

#[test]
fn links_take_the_title_of_their_target() {
    let files = [
        (
            "a.dita",
            "<topic id='a'><title>A</title><body><p><xref href='b%20c.dita'/> <xref href='b c.dita#b/s'/> <xref href='b c.dita#n'/> <xref href='none.dita'/> <xref href='none.dita'>text</xref> <xref href='x.pdf' format='pdf'>file</xref></p></body>\
            <related-links><link href='b c.dita'><desc>why</desc></link></related-links></topic>",
        ),
        (
            "b c.dita",
            "<topic id='b'><title>The <b>B</b></title><body><section id='s'><title>Section</title></section></body><topic id='n'><title>N</title></topic></topic>",
        ),
        ("x.pdf", "pdf"),
    ];
    let (documents, _) = read_folder(&files, None);
    let a = &documents[0];
    assert_eq!(
        a.text_md,
        "[The B](<topic:c/b c>) [Section](<topic:c/b c#s>) [N](<topic:c/b c#n>) none.dita text [file](x.pdf)\n\n**Related information**\n\n- [The B](<topic:c/b c>): why"
    );
    let reasons: Vec<Option<&str>> = a.links.iter().map(|link| link.reason.as_deref()).collect();
    assert_eq!(reasons, [None, None, None, Some("not in input"), Some("not in input"), Some("not a document"), None]);
}

#[test]
fn code_comes_from_other_files() {
    let files = [
        (
            "t.dita",
            "<topic id='t'><title>T</title><body><codeblock><coderef href='x.py#line=1,2'/></codeblock><codeblock><coderef href='../../etc/passwd'/></codeblock><p>a <include parse='text' href='x.py#line=0,1'/> <include parse='text' href='y'><fallback>b</fallback></include> <include parse='xml' href='z.xml'/></p></body></topic>",
        ),
        ("x.py", "a\nb\nc"),
        ("z.xml", "<svg>c<t>&amp;d</t></svg>"),
    ];
    let read = document(&files, "topic:c/t");
    assert_eq!(read.text_md, "```\nb\n```\n\n```\n[missing: ../../etc/passwd]\n```\n\na a b c&d");
    assert_eq!(read.losses["coderef:missing"], 2);
}

#[test]
fn what_is_referred_to_and_not_there_is_named_once() {
    let lost = "<topic id='t'><title>T <keyword keyref='k'/></title><body><p><keyword keyref='k'/> <image href='i/none.png'/></p>\
        <p conref='none.dita#n/p'/><p conref='#t/none'/><p conref='#t/none'/><p conkeyref='lib/p'/><codeblock><coderef href='none.py'/></codeblock></body></topic>";
    let other = "<topic id='o'><title>O</title><body><p><xref href='t.dita'/></p></body></topic>";
    let files = [("t.dita", lost), ("o.dita", other)];
    let links = |id: &str| {
        let links = document(&files, id).links.into_iter().filter(|link| link.target_id.is_none());
        links.map(|link| (link.href, link.reason.unwrap())).collect::<Vec<_>>()
    };
    let expected = [
        ("i/none.png", "not in input"),
        ("none.py", "not in input"),
        ("k", "no such key"),
        ("none.dita#n/p", "not in input"),
        ("#t/none", "not in input"),
        ("lib", "no such key"),
    ];
    assert_eq!(links("topic:c/t"), expected.map(|(href, reason)| (href.to_owned(), reason.to_owned())));
    assert_eq!(links("topic:c/o"), []);
}

#[test]
fn addresses_of_programs_are_dropped_and_counted() {
    let topic = "<topic id='t'><title>T</title><body><p><xref href='javascript:alert(1)' scope='external' format='html'>run</xref> \
        <xref href=' Java&#10;script:x' scope='external'/><image href='javascript:x'><alt>i</alt></image></p></body>\
        <related-links><link href='vbscript:x' scope='external'><linktext>more</linktext></link></related-links></topic>";
    let files = [
        (
            "m.ditamap",
            "<map><topicref href='javascript:x' scope='external' navtitle='Nav'/><topicref href='b.md' format='md'/><topicref href='t.dita'/></map>",
        ),
        ("b.md", "# B\n\n[go](javascript:alert(1)) <a href='javascript:x'>on</a>"),
        ("t.dita", topic),
    ];
    let read = document(&files, "topic:c/t");
    assert_eq!(read.text_md, "run i\n\n**Related information**\n\n- more");
    assert_eq!(read.losses["link:program"], 4);
    assert_eq!(document(&files, "topic:c/b").text_md, "go on");
    assert!(document(&files, "map:c/m").text_md.starts_with("- Nav\n"));
}

#[test]
fn keys_in_the_text_of_keys_are_resolved_and_cycles_end() {
    let defs = "<keydef keys='p'><topicmeta><keywords><keyword>Pro</keyword></keywords></topicmeta></keydef>\
        <keydef keys='guide'><topicmeta><linktext>Guide for <keyword keyref='p'/></linktext></topicmeta></keydef>\
        <keydef keys='loop'><topicmeta><linktext>Loop <ph keyref='loop'/></linktext></topicmeta></keydef>";
    let read = keyed(defs, "<p><ph keyref='guide'/></p><p><ph keyref='loop'/></p>");
    assert_eq!(read.text_md, "Guide for Pro\n\nLoop");
    assert_eq!(read.losses["keyref:cycle"], 1);
}

#[test]
fn a_link_to_an_item_shows_its_number() {
    let steps = "<task id='k'><title>K</title><taskbody><steps><stepsection>First</stepsection><step id='one'><cmd>a</cmd></step>\
        <step id='two'><cmd>b</cmd><substeps><substep><cmd>c</cmd></substep><substep id='sub'><cmd>d</cmd></substep></substeps></step></steps></taskbody></task>";
    let body = "<p>See <xref href='k.dita#k/two'/>, <xref href='k.dita#k/sub'/>, <xref href='#t/i'/> and <xref href='#t/u'/>.</p>\
        <ol><li>x</li><li id='i'>y</li></ol><ul><li id='u'>z</li></ul>";
    let topic = format!("<topic id='t'><title>T</title><body>{body}</body></topic>");
    let read = document(&[("k.dita", steps), ("t.dita", &topic)], "topic:c/t");
    assert!(
        read.text_md.starts_with("See [2](topic:c/k#two), [2.2](topic:c/k#sub), [2](#i) and [T](#u)."),
        "{}",
        read.text_md
    );
}

#[test]
fn a_topic_that_is_reused_as_a_whole_has_the_title_of_its_source() {
    let files = [
        (
            "a.dita",
            "<dita><topic id='a' conref='b.dita#b'><title/></topic><topic id='c'><title>C</title></topic></dita>",
        ),
        ("b.dita", "<topic id='b'><title>Shared <ph>title</ph></title><body><p>b</p></body></topic>"),
    ];
    let read = document(&files, "topic:c/a");
    assert_eq!((read.title.as_str(), read.text_md.as_str()), ("Shared title", "b\n\n## C"));
}

#[test]
fn a_key_without_an_address_removes_the_address_of_every_element() {
    let files = |key: &str, xml: &str| {
        let map =
            format!("<map><keydef keys='k'>{key}</keydef><topicref href='t.dita'/><topicref href='o.dita'/></map>");
        let topic = format!("<topic id='t'><title>T</title><body>{xml}</body></topic>");
        let other = "<topic id='o'><title>Other</title></topic>";
        document(&[("m.ditamap", &map), ("t.dita", &topic), ("o.dita", other)], "topic:c/t")
    };
    for xml in ["<lq keyref='k' href='o.dita'/>", "<p>x <xref keyref='k' href='o.dita'/></p>"] {
        let read = files("", xml);
        assert!(!read.text_md.contains("Other") && read.links.is_empty(), "{xml}: {}", read.text_md);
    }
    let quoted = files("<topicmeta><linktext>words</linktext></topicmeta>", "<lq keyref='k' href='o.dita'>\n</lq>");
    assert_eq!((quoted.text_md.as_str(), quoted.links.len()), ("> words", 0));
}

#[test]
fn ids_are_found_without_the_whitespace_around_them() {
    let library = "<topic id='l'><title>L</title><body><p id='\n q'>shared</p></body></topic>";
    let read = |xml: &str| {
        let topic = format!("<topic id='t'><title>T</title><body>{xml}</body></topic>");
        document(&[("t.dita", &topic), ("l.dita", library)], "topic:c/t").text_md
    };
    assert_eq!(read("<p conref=' l.dita#l/q'/>"), "shared");
    let push = "<p conaction='pushreplace' conref='l.dita#l/q'>pushed</p>";
    let topic = format!("<topic id='t'><title>T</title><body>{push}</body></topic>");
    assert_eq!(document(&[("t.dita", &topic), ("l.dita", library)], "topic:c/l").text_md, "pushed");
}

#[test]
fn the_keywords_of_a_key_stay_apart() {
    let map = "<map><keydef keys='k' href='http://x/' scope='external' format='html'><topicmeta><keywords><keyword>one</keyword><keyword>two</keyword></keywords>\
        </topicmeta></keydef><topicref href='t.dita'/></map>";
    let topic = "<topic id='t'><title>T</title><body><p><xref keyref='k'/> <keyword keyref='k'/></p></body></topic>";
    let read = document(&[("m.ditamap", map), ("t.dita", topic)], "topic:c/t");
    assert_eq!(read.text_md, "[one two](http://x/) [one](http://x/)");
}

/// If each reference searched the whole tree, this test would take minutes.
#[test]
fn many_references_to_one_file_take_linear_time() {
    let count = 4_000;
    let item = |n: usize| {
        let (back, next) = (count - 1 - n, (n + 1) % count);
        format!(
            "<li id='i{n}'><ph id='p{n}'>x</ph><xref href='#a/i{back}'/><ph conref='#a/p{next}'/><xref href='#a/none{n}'/></li>"
        )
    };
    let items = (0..count).map(item).collect::<Vec<_>>().concat();
    let topic =
        format!("<topic id='a'><title>A</title><body><ol>{}</ol></body></topic>", items.replace("conref='#a/p0'", ""));
    let read = document(&[("a.dita", &topic)], "topic:c/a");
    assert!(read.text_md.contains(&format!("[{count}](#i{})", count - 1)), "{}", &read.text_md[..500]);
}
