//! The readers of a document. A reader must be allowed by the document's own restriction and by those of all pages above it.
//!
//! A restriction allows the users and groups that it names. The restrictions cannot be merged, because the members of groups
//! are not known here. Each restriction must name the caller or one of the caller's groups.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// The users and groups that may read the document. If the list is empty, nobody may read it.
pub type Restriction = Vec<String>;

/// One or more restrictions, all of which must allow a reader. Each restriction is sorted and has no duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct Readers(Vec<Restriction>);

/// The format in an artifact: one list of names, or several lists.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    One(Restriction),
    Several(Vec<Restriction>),
}

impl From<Written> for Readers {
    fn from(written: Written) -> Self {
        match written {
            Written::One(names) => Self(vec![names]),
            Written::Several(lists) => Self(lists),
        }
    }
}

impl From<Readers> for Written {
    fn from(Readers(mut lists): Readers) -> Self {
        if lists.len() == 1 { Self::One(lists.remove(0)) } else { Self::Several(lists) }
    }
}

impl Readers {
    /// Returns the readers that all `restrictions` allow, or `None` if there are no restrictions. Omits restrictions that follow
    /// from others.
    pub fn of_all<'r>(restrictions: impl Iterator<Item = &'r Restriction>) -> Option<Self> {
        let all: BTreeSet<BTreeSet<&String>> = restrictions.map(|names| names.iter().collect()).collect();
        let follows = |one: &BTreeSet<&String>| all.iter().any(|other| other != one && other.is_subset(one));
        let lists = all.iter().filter(|one| !follows(one)).map(|one| one.iter().map(|name| (*name).clone()).collect());
        let lists: Vec<Restriction> = lists.collect();
        (!lists.is_empty()).then_some(Self(lists))
    }

    /// Returns the restrictions.
    #[must_use]
    pub fn lists(&self) -> &[Restriction] {
        &self.0
    }

    /// Returns whether a restriction is empty.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        self.0.iter().any(Vec::is_empty)
    }
}

/// Returns whether everybody who may read `a` may also read `b`, regardless of group membership.
#[must_use]
pub fn is_within(a: Option<&Readers>, b: Option<&Readers>) -> bool {
    let implies = |wider: &Restriction| {
        let lists = a.map_or(&[][..], Readers::lists);
        lists.iter().any(|narrower| narrower.iter().all(|name| wider.contains(name)))
    };
    b.is_none_or(|b| b.lists().iter().all(implies))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(restrictions: &[&[&str]]) -> Option<Readers> {
        let owned: Vec<Restriction> =
            restrictions.iter().map(|names| names.iter().map(|name| (*name).to_owned()).collect()).collect();
        Readers::of_all(owned.iter())
    }

    fn written(restrictions: &[&[&str]]) -> String {
        serde_json::to_string(&of(restrictions)).unwrap()
    }

    #[test]
    fn every_restriction_stays_unless_it_follows_from_another() {
        assert_eq!(written(&[]), "null");
        assert_eq!(written(&[&["user:bob", "group:hr", "user:bob"]]), r#"["group:hr","user:bob"]"#);
        assert_eq!(written(&[&["group:hr", "user:bob"], &["user:bob"]]), r#"["user:bob"]"#);
        // It is not known whether Ann belongs to the group.
        assert_eq!(written(&[&["user:ann"], &["group:hr"], &["user:ann"]]), r#"[["group:hr"],["user:ann"]]"#);
        assert_eq!(written(&[&["user:ann"], &[]]), "[]");
        assert!(of(&[&["user:ann"], &[]]).unwrap().is_nobody() && !of(&[&["user:ann"]]).unwrap().is_nobody());
    }

    #[test]
    fn artifacts_have_one_list_or_several() {
        let lists = |json: &str| serde_json::from_str::<Readers>(json).unwrap().lists().to_vec();
        assert_eq!(lists("[]"), [[""; 0]]);
        assert_eq!(lists(r#"["user:ann"]"#), [["user:ann"]]);
        assert_eq!(lists(r#"[["user:ann"],["group:hr"]]"#), [["user:ann"], ["group:hr"]]);
        assert!(serde_json::from_str::<Readers>(r#"{"user":"ann"}"#).is_err());
    }

    #[test]
    fn a_restricted_page_is_shown_only_inside_one_that_is_restricted_as_much() {
        let (ann, either, both) =
            (of(&[&["user:ann"]]), of(&[&["user:ann", "user:bob"]]), of(&[&["user:ann"], &["group:hr"]]));
        let (ann, either, both) = (ann.as_ref(), either.as_ref(), both.as_ref());
        assert!(is_within(ann, either) && is_within(ann, None) && is_within(None, None) && is_within(both, ann));
        assert!(!is_within(either, ann) && !is_within(None, ann) && !is_within(ann, both));
    }
}
