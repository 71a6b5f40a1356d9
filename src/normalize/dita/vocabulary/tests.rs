use super::*;

fn element(name: &str, class: &str) -> Element {
    let mut element = Element::new(name, 0, 1);
    element.set_attr("class", class);
    element
}

#[test]
fn the_most_special_known_type_decides() {
    assert_eq!(Kind::of(&element("steps", "- topic/ol task/steps ")), Kind::Steps);
    assert_eq!(Kind::of(&element("mylist", "- topic/ol my/mylist ")), Kind::Numbers);
}

#[test]
fn the_class_goes_before_the_name() {
    assert_eq!(Kind::of(&element("title", "- topic/p my/title2 ")), Kind::Paragraph);
}

#[test]
fn elements_without_a_class_go_by_name() {
    assert_eq!(Kind::of(&Element::new("codeph", 0, 1)), Kind::Code);
    assert_eq!(Kind::of(&Element::new("no-such-thing", 0, 1)), Kind::Unknown);
}

#[test]
fn a_name_in_a_module_of_its_own_is_not_the_built_in_name() {
    assert_eq!(Kind::of(&element("q", "- topic/p x/q ")), Kind::Paragraph);
    assert_eq!(Kind::of(&element("b", "+ topic/ph hi-d/b ")), Kind::Strong);
}

#[test]
fn a_html_style_class_is_not_a_dita_class() {
    assert_eq!(Kind::of(&element("p", "wide")), Kind::Paragraph);
}
