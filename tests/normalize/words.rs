//! Words and spaces of storage format: nothing joins, and no space is lost.

use trailblazer::normalize::Options;

use crate::support::documents::read_files;

fn text(body: &str) -> String {
    read_files(&[("a.xml", body)], &Options::default()).documents.remove(0).text_md.trim().to_owned()
}

#[test]
fn a_blank_stays_a_blank_whatever_marks_it() {
    for mark in ["strong", "em", "u", "s", "sub", "sup", "span", "code", "tt", "kbd", "samp", "big"] {
        assert_eq!(text(&format!("<p>a<{mark}> </{mark}>b c<{mark}>&nbsp;</{mark}>d</p>")), "a b c d", "{mark}");
        assert_eq!(text(&format!("<p>a<strong><{mark}> </{mark}></strong>b</p>")), "a b", "{mark}");
    }
}

#[test]
fn cards_side_by_side_are_separate() {
    let card = |address: &str| format!("<a href=\"https://{address}\" data-card-appearance=\"inline\">{address}</a>");
    assert_eq!(text(&format!("<p>see{}{}</p>", card("x"), card("y"))), "see [x](https://x) [y](https://y)");
}

#[test]
fn a_place_on_the_page_is_found_in_every_form_of_its_name() {
    let body = "<p><a href=\"#Part two\">1</a> <a href=\"#Part%20two\">2</a> <a href=\"#x\">3</a></p><h2>Part two</h2>";
    assert_eq!(text(body), "[1](#a-Parttwo) [2](#a-Parttwo) [3](#x)\n\n## Part two");
}
