use super::super::site::Site;
use super::{Ancestor, Kind, Library, PageRef};
use crate::config::Confluence;

fn page(id: &str, title: &str, space: &str) -> PageRef {
    PageRef {
        id: id.to_owned(),
        content_id: id.to_owned(),
        title: title.to_owned(),
        space_key: Some(space.to_owned()),
        ..PageRef::default()
    }
}

fn library(pages: Vec<PageRef>) -> Library<'static> {
    let mut library = Library::new(Confluence::default());
    library.add_site(Site::new(Some("https://x.atlassian.net/wiki"), None));
    for (number, page) in pages.into_iter().enumerate() {
        library.add(page, number);
    }
    library.finish();
    library
}

fn in_two_spaces() -> Library<'static> {
    library(vec![page("1", "Data Model", "ENG"), page("2", "Home", "ENG"), page("3", "Home", "OPS")])
}

#[test]
fn pages_are_found_by_title_in_their_space_first() {
    let library = in_two_spaces();
    let from = |space: &str| page("9", "", space);
    assert_eq!(library.find(None, "home", &from("OPS")), Some(2));
    assert_eq!(library.find(Some("ENG"), "Home", &from("OPS")), Some(1));
    assert_eq!(library.find(None, "Data  Model", &from("OPS")), Some(0));
    assert_eq!(library.find(None, "Home", &from("X")), None);
}

#[test]
fn pages_are_found_by_every_form_of_address() {
    let library = in_two_spaces();
    let find = |url: &str| library.find_url(url, &PageRef::default());
    assert_eq!(find("https://x.atlassian.net/wiki/spaces/ENG/pages/1/Data+Model#a"), Some(0));
    assert_eq!(find("/wiki/pages/viewpage.action?pageId=2&x=1"), Some(1));
    assert_eq!(find("https://x.atlassian.net/wiki/display/OPS/Home"), Some(2));
    assert_eq!(find("https://elsewhere.example/display/OPS/Home"), None);
}

#[test]
fn restrictions_come_down_the_tree_through_what_is_no_document() {
    let ann = || vec!["user:ann".to_owned()];
    let mut root = page("1", "Root", "A");
    root.kind = Kind::Branch;
    root.restrictions = vec![ann()];
    let mut middle = page("2", "Middle", "A");
    middle.parent = Some("1".to_owned());
    let mut leaf = page("3", "Leaf", "A");
    leaf.ancestors = vec![Ancestor { content_id: "2".to_owned(), title: "Middle".to_owned(), restriction: None }];
    let mut cycle = page("4", "Own parent", "A");
    cycle.parent = Some("4".to_owned());
    let library = library(vec![root, middle, leaf, cycle]);
    assert_eq!(
        [1, 2, 3].map(|index| library.readers(index).map(|readers| readers.lists().to_vec())),
        [Some(vec![ann()]), Some(vec![ann()]), None]
    );
    assert_eq!(library.breadcrumbs(1), ["Root"]);
    assert_eq!(library.children(1), [2]);
    assert!(!library.may_show(Some(3), 2) && library.may_show(Some(2), 1));
    assert!(!library.has_unknown_ancestor(1));
}

#[test]
fn an_ancestor_outside_the_input_is_unknown() {
    let mut orphan = page("1", "Orphan", "A");
    orphan.parent = Some("404".to_owned());
    let library = library(vec![orphan]);
    assert!(library.has_unknown_ancestor(0));
}
