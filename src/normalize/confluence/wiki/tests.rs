use super::super::convert::Converter;
use super::super::library::{Body, Library, PageRef};
use crate::config::Confluence;
use crate::normalize::markdown;

fn convert(source: &str) -> String {
    let library = Library::new(Confluence::default());
    let page = PageRef { title: "T".to_owned(), ..PageRef::default() };
    let mut cx = Converter::new(&library, &page, None);
    markdown::write(&cx.body(&Body::Wiki(source.to_owned())).expect("readable"))
}

#[test]
fn headings_marks_and_breaks() {
    assert_eq!(convert("h2. A *b* _c_\n\nd -e- +f+ g^2^ {{h_i}}\\\\j"), "## A **b** *c*\n\nd ~~e~~ f g^2^ `h_i`\\\nj");
    assert_eq!(convert("a ^2^ snake_case_name 2*3*4"), "a <sup>2</sup> snake_case_name 2\\*3\\*4");
}

#[test]
fn lists_nest_by_their_marks() {
    assert_eq!(convert("* a\n** b\n*# c\n* d"), "- a\n\n  - b\n\n  1. c\n\n- d");
}

#[test]
fn tables_have_heads_and_links_with_bars() {
    assert_eq!(convert("||a||b||\n|c|[d|http://e.f/]|"), "| a | b |\n| --- | --- |\n| c | [d](http://e.f/) |");
}

#[test]
fn macros_go_through_the_same_table() {
    assert_eq!(convert("{code:java|title=T}\nx {y}\n{code}\n{toc}"), "**T**\n\n```java\nx {y}\n```");
    assert_eq!(convert("{info:title=I}\na *b*\n{info}"), "> **Info:** I\n>\n> a **b**");
    assert_eq!(convert("{quote}a{quote}"), "> a");
    assert_eq!(convert("{nope:p=secret}a{nope}"), "a");
    assert_eq!(convert("a {color:red}b{color} c"), "a b c");
}

#[test]
fn numbers_of_characters_have_no_sign() {
    let text = convert("&#x+41; &#+65; &#65;&#x42;");
    assert!(text.contains("x+41;") && text.contains("+65;") && text.ends_with(" AB"), "{text}");
}

#[test]
fn braces_that_belong_to_no_macro_are_text() {
    assert_eq!(convert("Set ${JAVA_HOME} and {path} now."), "Set ${JAVA_HOME} and {path} now.");
    assert_eq!(convert("${HOME}/bin:${HOME}/lib /users/{id}/{id2}"), "${HOME}/bin:${HOME}/lib /users/{id}/{id2}");
    assert_eq!(convert("a {nope}b{nope} c {nope:p=secret} d"), "a b c d");
}

#[test]
fn marks_in_braces_work_inside_words() {
    assert_eq!(convert("{*}Ctrl{*} un{_}like{_}ly {*} {-}"), "**Ctrl** un*like*ly {\\*} {-}");
}

#[test]
fn macros_and_lists_stay_in_their_cells_and_items() {
    let table = "||a||b||\n| {code}x = 1 | 2{code} | two |\n| {code}\ny\nz\n{code} | * i1\n* i2 |";
    assert_eq!(convert(table), "| a | b |\n| --- | --- |\n| `x = 1 \\| 2` | two |\n| `y`<br>`z` | • i1<br>• i2 |");
    assert_eq!(convert("# a {code}x{code}\n# b"), "1. a\n\n   ```\n   x\n   ```\n\n2. b");
}

#[test]
fn bars_in_an_image_are_no_cells() {
    let table = convert("||a||b||\n|!i.png|width=3!|x!|\n|Wow!|see v1.2!|");
    assert_eq!(table, "| a | b |\n| --- | --- |\n| ![i.png](i.png) | x! |\n| Wow! | see v1.2! |");
}

#[test]
fn smileys_and_dashes_strike_nothing() {
    assert_eq!(convert("sad :-( and -- yes -gone- ;-) --- a -b--"), "sad :-( and – yes ~~gone~~ ;-) — a -b–");
}

#[test]
fn a_complete_row_ends_its_line_and_any_other_line_ends_the_table() {
    let table = "| Host | Port |\n| --- | --- |\n| db1 | 5432 |";
    for (after, expected) in [
        ("Restart *it*.\nNow.", "Restart **it**.\\\nNow."),
        ("h2. Rollback\ntext", "## Rollback\n\ntext"),
        ("* a\n* b", "- a\n- b"),
        ("----", "---"),
        ("bq. q", "> q"),
        ("Run {code}x{code}", "Run\n\n```\nx\n```"),
        ("{info}x{info}", "> **Info:** x"),
    ] {
        assert_eq!(convert(&format!("||Host||Port||\n|db1|5432|\n{after}")), format!("{table}\n\n{expected}"));
    }
    let open = convert("||a||b||\n|1|two\nlines|\n|3|4 {code}x{code}\nend|\nafter");
    assert_eq!(open, "| a | b |\n| --- | --- |\n| 1 | two<br>lines |\n| 3 | 4<br>`x`<br>end |\n\nafter");
}

#[test]
fn blocks_directly_after_a_list_item_belong_to_the_item() {
    for (after, expected) in [
        ("h3. Expected\nok", "### Expected\n\n   ok"),
        ("||h||\n|c|\nok", "| h |\n   | --- |\n   | c |\n\n   ok"),
        ("----", "---"),
        ("bq. q", "> q"),
        ("{code}\nx\n{code}", "```\n   x\n   ```"),
        ("{info}x{info}\nok", "> **Info:** x\n\n   ok"),
    ] {
        let item = convert(&format!("# do a\n# do b\n{after}\n# do c"));
        assert_eq!(item, format!("1. do a\n\n2. do b\n\n   {expected}\n\n3. do c"));
    }
    assert_eq!(convert("* a\nb\n* * c"), "- a\\\n  b\n- \\* c");
    assert_eq!(convert("* a\n\n{code}x{code}"), "- a\n\n```\nx\n```");
}

#[test]
fn macros_of_confluence_without_a_body_are_no_text() {
    assert_eq!(convert("a\n{scrollbar}\n{bookmarks}\n{welcome-message}\n{display-footnotes}\n\nb {x}"), "a\n\nb {x}");
    assert_eq!(convert("{tasklist:title=T}\nDo it\n{tasklist}"), "**T**\n\nDo it");
}
