//! Who may read a page: its own view restriction, and that of every page above it, must allow it.
//!
//! A restriction allows whoever it names. What two restrictions allow together is the set that both name, taken literally:
//! a user of one who belongs to a group of the other is not known here, and is left out rather than let in.

use std::collections::BTreeSet;

/// Who may read a page: `user:…` and `group:…`. `None` means everybody.
pub(super) type Readers = Option<Vec<String>>;

/// One restriction: whoever it names may read. An empty one names nobody that can be told.
pub(super) type Restriction = Vec<String>;

/// Works out who passes all of `restrictions`.
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

/// Whether everybody who may read `a` may read `b`.
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
        // Whether Ann belongs to the group is not known.
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
