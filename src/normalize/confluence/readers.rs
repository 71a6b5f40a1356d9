//! Computes who may read a page. A reader must pass the view restrictions of the page and of all its ancestors.
//!
//! A restriction lists the users and groups that may read. If several restrictions apply, only names that appear in all
//! of them remain. The input does not contain the members of groups.
//! Therefore a user in one restriction who belongs to a group in another restriction is excluded.

use std::collections::BTreeSet;

/// The readers of a page, as `user:…` and `group:…`. `None` means everybody.
pub(super) type Readers = Option<Vec<String>>;

/// The names that one restriction allows. An empty list allows no known user or group.
pub(super) type Restriction = Vec<String>;

/// Returns the names that pass all `restrictions`.
pub(super) fn allowed_by_all<'r>(restrictions: impl Iterator<Item = &'r Restriction>) -> Readers {
    let mut readers: Option<BTreeSet<&str>> = None;
    for restriction in restrictions {
        let named: BTreeSet<&str> = restriction.iter().map(String::as_str).collect();
        readers = Some(match readers {
            Some(readers) => &readers & &named,
            None => named,
        });
    }
    readers.map(|readers| readers.into_iter().map(str::to_owned).collect())
}

/// Returns whether everybody who may read `a` may also read `b`.
pub(super) fn is_within(a: Option<&[String]>, b: Option<&[String]>) -> bool {
    match (a, b) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(a), Some(b)) => a.iter().all(|reader| b.contains(reader)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Readers, allowed_by_all, is_within};

    fn of(restrictions: &[&[&str]]) -> Readers {
        let owned: Vec<Vec<String>> =
            restrictions.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect();
        allowed_by_all(owned.iter())
    }

    #[test]
    fn every_restriction_must_allow() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[&["group:hr", "user:ann"], &["user:ann", "group:it"]]), Some(vec!["user:ann".to_owned()]));
        // The members of the group are unknown.
        assert_eq!(of(&[&["user:ann"], &["group:hr"]]), Some(vec![]));
        assert_eq!(of(&[&[]]), Some(vec![]));
    }

    #[test]
    fn a_restricted_page_is_shown_only_inside_one_that_is_restricted_as_much() {
        let (ann, both) = (of(&[&["user:ann"]]), of(&[&["user:ann", "user:bob"]]));
        let (all, ann, both) = (None, ann.as_deref(), both.as_deref());
        assert!(is_within(ann, both) && is_within(ann, all) && is_within(all, all));
        assert!(!is_within(both, ann) && !is_within(all, ann));
    }
}
