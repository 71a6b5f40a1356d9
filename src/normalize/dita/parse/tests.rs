use super::*;

fn root(xml: &str) -> Arc<Element> {
    parse(xml.as_bytes(), 0).unwrap().root
}

fn error(xml: &str) -> (u64, String) {
    let error = parse(xml.as_bytes(), 0).unwrap_err();
    (error.line, error.to_string())
}

#[test]
fn internal_entities_expand_with_their_markup() {
    let topic = root("<!DOCTYPE p [<!ENTITY v '4.<b>2</b>'><!ENTITY w '(&v;)'>]><p title='&w;'>x &w; &nbsp;&#65;</p>");
    assert_eq!(topic.text(), "x (4.2) \u{a0}A");
    assert_eq!(topic.elements().count(), 1);
}

#[test]
fn an_undefined_entity_stays_as_written_and_is_counted() {
    let parsed = parse(b"<p a='&who;'>&what; R&D</p>", 0).unwrap();
    assert_eq!(parsed.root.text(), "&what; R&D");
    assert_eq!(parsed.losses.get("entity:undefined"), Some(&2));
}

#[test]
fn entity_bombs_are_refused() {
    let mut subset = "<!ENTITY a0 'aaaaaaaaaaaaaaaaaaaa'>".to_owned();
    for level in 1..10 {
        let inner = format!("&a{};", level - 1).repeat(10);
        subset = format!("{subset}<!ENTITY a{level} '{inner}'>");
    }
    assert!(error(&format!("<!DOCTYPE p [{subset}]><p>&a9;</p>")).1.contains("entities expand"));
    assert!(error("<!DOCTYPE p [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><p>&a;</p>").1.contains("entities expand"));
    assert!(error("<!DOCTYPE p [<!ENTITY a '&a;'>]><p x='&a;'/>").1.contains("entities expand"));
}

/// Returns the text of the repaired tree, and the line and the message of the first error.
fn repaired(xml: &str) -> (String, u64, String) {
    let parsed = parse(xml.as_bytes(), 0).unwrap();
    let fault = parsed.fault.unwrap();
    (parsed.root.text(), fault.line, fault.to_string())
}

#[test]
fn what_is_not_well_formed_is_repaired_and_told_with_its_line() {
    assert_eq!(error("").1, "no root element");
    let cases = [
        ("<t>\n<p>a<b>b</p><p>c</p></t>", "abc", 2, "expected </b> (opened on line 2), but found </p>"),
        ("<t><p>a</q>b</p></t>", "ab", 1, "</q> closes nothing"),
        ("<t>\n<p>a<b>b", "ab", 2, "file ends inside <b>"),
        ("<t><p>a</p><image href='x", "a", 1, "attribute value not closed"),
        ("<t><p>a < b</p><p>c</p></t>", "a < bc", 1, "opens no element"),
        ("<t><p>a</p><![CDATA[b", "ab", 1, "CDATA not closed"),
        ("<t>a</t><u>b</u>", "ab", 1, "<u> after the root element"),
        ("<t><p a=b c='d'>a</p></t>", "a", 1, "attribute value must be enclosed"),
        ("<!DOCTYPE t [<!ENTITY e '<b>x'>]><t>&e;y</t>", "xy", 1, "an entity contains unbalanced markup"),
    ];
    for (xml, text, line, message) in cases {
        let (actual, at, fault) = repaired(xml);
        assert_eq!((actual.replace('\n', "").as_str(), at), (text, line), "{xml}");
        assert!(fault.contains(message), "{xml}: {fault}");
    }
    assert!(parse(b"<t>&amp; &x;</t>", 0).unwrap().fault.is_none());
}

#[test]
fn broken_markup_is_read_over_within_a_budget() {
    let parsed = parse(format!("<t>{}a>", "<".repeat(1_000_000)).as_bytes(), 0).unwrap();
    assert_eq!(parsed.losses.get("xml:abandoned"), Some(&1));
    let listing = "<l>if a < b then</l>".repeat(1_000);
    let parsed = parse(format!("<t>{listing}</t>").as_bytes(), 0).unwrap();
    assert_eq!((parsed.root.text().matches("a < b then").count(), parsed.losses.get("xml:abandoned")), (1_000, None));
}

#[test]
fn depth_and_attribute_counts_are_capped() {
    assert!(error(&"<a>".repeat(100_000)).1.contains("nested"));
    let attributes: Vec<String> = (0..1000).map(|n| format!("a{n}='x'")).collect();
    assert!(error(&format!("<a {}/>", attributes.join(" "))).1.contains("attributes"));
}

#[test]
fn character_data_sections_and_comments_do_not_split_text() {
    let topic = root("<p>a<!-- no -->b<![CDATA[<c>]]><?pi no?>d\r\ne</p>");
    assert_eq!(topic.children, [Node::Text("ab<c>d\ne".to_owned())]);
}

#[test]
fn characters_that_postgres_refuses_are_removed_and_counted() {
    let parsed = parse(b"<p a='\x01'>a\0\x1cb\tc</p>", 0).unwrap();
    assert_eq!(parsed.root.text(), "ab\tc");
    assert_eq!(parsed.losses.get("control-characters"), Some(&3));
}

#[test]
fn elements_know_their_lines() {
    let topic = root("<topic>\n  <title\n id='t'>x</title>\n  <body/></topic>");
    assert_eq!(topic.elements().map(|e| e.line).collect::<Vec<_>>(), [2, 4]);
}
