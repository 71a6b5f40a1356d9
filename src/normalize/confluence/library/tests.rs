use super::super::site::Site;
use super::{Ancestor, Kind, Library, PageName, PageRef};
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
    let find =
        |space: Option<&str>, title: &str, from: &str| library.find(&PageName::new(space, title), &page("9", "", from));
    assert_eq!(find(None, "home", "OPS"), Some(2));
    assert_eq!(find(Some("ENG"), "Home", "OPS"), Some(1));
    assert_eq!(find(None, "Data  Model", "ENG"), Some(0));
    assert_eq!(find(None, "Home", "X"), None);
}

#[test]
fn pages_of_another_space_are_not_found_unless_the_space_is_unknown() {
    let mut file = page("4", "Notes", "handbook");
    file.is_space_assumed = true;
    let without = PageRef { space_key: None, ..page("5", "Other", "") };
    let library = library(vec![page("1", "Data Model", "ENG"), file.clone(), without.clone()]);
    let find = |space: Option<&str>, title: &str, from: &PageRef| library.find(&PageName::new(space, title), from);
    let ops = page("9", "", "OPS");
    assert_eq!([None, Some("OPS"), Some("X")].map(|space| find(space, "Data Model", &ops)), [None; 3]);
    assert_eq!((find(Some("OPS"), "Notes", &ops), find(None, "Other", &ops)), (Some(1), Some(2)));
    for from in [&file, &without] {
        assert_eq!((find(None, "Data Model", from), find(Some("OPS"), "Data Model", from)), (Some(0), None));
    }
}

#[test]
fn pages_of_another_site_are_not_found() {
    let mut elsewhere = page("1", "Home", "ENG");
    elsewhere.site = 1;
    let mut library = Library::new(Confluence::default());
    for url in [Some("https://x.atlassian.net"), Some("https://y.atlassian.net"), None] {
        library.add_site(Site::new(url, None));
    }
    library.add(elsewhere, 0);
    let find = |site| library.find(&PageName::new(None, "Home"), &PageRef { site, ..page("2", "", "ENG") });
    assert_eq!([0, 1, 2].map(find), [None, Some(0), Some(0)]);
}

#[test]
fn pages_and_blog_posts_of_the_same_title_are_told_apart() {
    let post = |id: &str, day: &str| PageRef {
        kind: Kind::Blog,
        created: Some(format!("{day}T23:30:00-05:00")),
        ..page(id, "Weekly", "ENG")
    };
    let library = library(vec![
        post("1", "2025-01-01"),
        page("2", "Weekly", "ENG"),
        post("3", "2025-02-01"),
        post("4", "2025-02-02"),
        post("5", "2025-02-02"),
    ]);
    let from = page("9", "", "ENG");
    let find = |text: &str| library.find(&PageName::new(None, text), &from);
    assert_eq!(find("Weekly"), Some(1));
    let days = ["2025/01/01", "2025/01/02", "2025/02/01", "2025/02/02", "2025/03/01"];
    let found = days.map(|day| find(&format!("/{day}/Weekly")));
    // The server may be in another time zone.
    assert_eq!(found, [Some(0), Some(0), Some(2), Some(3), None]);
    let any = PageName { title: "Weekly".to_owned(), is_post: true, ..PageName::default() };
    assert_eq!(library.find(&any, &from), Some(0));
    let url = |path: &str| library.find_url(&format!("/display/ENG/{path}"), &from);
    assert_eq!((url("Weekly"), url("2025/02/01/Weekly")), (Some(1), Some(2)));
}

#[test]
fn a_colon_separates_a_space_only_if_no_title_contains_it() {
    let library = library(vec![page("1", "RFC: Caching", "ENG"), page("2", "Home", "OPS")]);
    let name = |text: &str| {
        let name = library.name_of(text, &page("9", "", "ENG"));
        (name.space, name.title)
    };
    let some = |space: &str, title: &str| (Some(space.to_owned()), title.to_owned());
    assert_eq!(name("RFC: Caching"), (None, "RFC: Caching".to_owned()));
    assert_eq!(name("RFC: Gone"), (None, "RFC: Gone".to_owned()));
    assert_eq!((name("OPS: home"), name("OPS:Gone")), (some("OPS", "home"), some("OPS", "Gone")));
    assert_eq!((name("a-b:c"), name("A:")), ((None, "a-b:c".to_owned()), (None, "A:".to_owned())));
}

#[test]
fn pages_are_found_by_every_form_of_address() {
    let library = in_two_spaces();
    let find = |url: &str| library.find_url(url, &PageRef::default());
    assert_eq!(find("https://x.atlassian.net/wiki/spaces/ENG/pages/1/Data+Model#a"), Some(0));
    assert_eq!(find("/wiki/pages/viewpage.action?pageId=2&x=1"), Some(1));
    assert_eq!(find("/wiki/pages/viewpage.action?spaceKey=ENG&title=Data+Model#a"), Some(0));
    assert_eq!(find("/wiki/pages/viewpage.action?title=Data%20Model&spaceKey=OPS"), None);
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
