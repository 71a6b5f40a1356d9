//! Symbols beside words.

use super::search::Library;

#[test]
fn a_symbol_is_no_part_of_the_word_before_it() {
    let mut library = Library::new();
    library.add(
        "r",
        "d",
        &["Acme Gateway™ suite", "Quorum¹ needs 45 m²", "Step①preparation", "Weighs 1½ tons", "Size 10³ of CO₂"],
    );
    for (question, expected) in [
        ("gateway", "Acme Gateway™ suite"),
        ("Gateway™", "Acme Gateway™ suite"),
        ("Gateway®", "Acme Gateway™ suite"),
        ("\"gateway suite\"", "Acme Gateway™ suite"),
        ("quorum", "Quorum¹ needs 45 m²"),
        ("m2", "Quorum¹ needs 45 m²"),
        ("m²", "Quorum¹ needs 45 m²"),
        ("preparation", "Step①preparation"),
        ("co2", "Size 10³ of CO₂"),
    ] {
        assert_eq!(library.find(question), [expected], "{question}");
    }
    assert_eq!(library.find("gatewaytm"), Vec::<String>::new());
    let marked = "select graphdb.snippet('gateway m2', 'The Gateway™ has 45 m².')";
    let marked: String = library.client.query_one(marked, &[]).unwrap().get(0);
    assert_eq!(marked.replace('\u{1}', "[").replace('\u{2}', "]"), "The [Gateway]™ has 45 [m]².");
    let anchor = "select graphdb._section_anchor('Gateway™ suite in m²')";
    let anchor: String = library.client.query_one(anchor, &[]).unwrap().get(0);
    assert_eq!(anchor, "gateway-suite-in-m");
    let read = "select question from graphdb.read_question('Gateway™ of ﬁve')";
    let read: String = library.client.query_one(read, &[]).unwrap().get(0);
    assert_eq!(read, "Gateway  of five");
}
