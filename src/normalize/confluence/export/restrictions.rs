//! Reads the view restrictions of pages and spaces from an export.

use std::collections::{HashMap, HashSet};

use super::object::Object;
use crate::normalize::readers::Restriction;

/// The permission sets, permissions and users of an export.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    /// Sets that restrict viewing, by id. Each value contains the page and the permissions of the set.
    sets: HashMap<String, Set>,
    /// Sets by page.
    of_page: HashMap<String, Vec<String>>,
    permissions: HashMap<String, Permission>,
    /// Permissions by set.
    of_set: HashMap<String, Vec<String>>,
    /// The users and groups that may view a space, by space id.
    of_space: HashMap<String, Vec<Subject>>,
    /// Names of users by key.
    users: HashMap<String, String>,
}

#[derive(Debug, Default)]
struct Set {
    permissions: Vec<String>,
}

#[derive(Debug)]
struct Permission {
    views: bool,
    subject: Option<Subject>,
}

/// The user or group that has a permission.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// A user, by key.
    User(String),
    /// A user, by name.
    UserName(String),
    Group(String),
    Everybody,
}

impl Restrictions {
    pub(super) fn add(&mut self, object: &Object) {
        let id = object.id.clone();
        let reference = |name: &str| object.reference(name).map(|(_, id)| id.clone());
        let kind = object.value("type").unwrap_or_default();
        match object.class.as_str() {
            "ContentPermissionSet" if kind.eq_ignore_ascii_case("view") => {
                if let Some(page) = reference("owningContent").or_else(|| reference("content")) {
                    self.of_page.entry(page).or_default().push(id.clone());
                }
                self.sets.insert(id, Set { permissions: object.collection("contentPermissions").to_vec() });
            }
            "ContentPermission" => {
                if let Some(set) = reference("owningSet") {
                    self.of_set.entry(set).or_default().push(id.clone());
                }
                let views = kind.is_empty() || kind.eq_ignore_ascii_case("view");
                self.permissions.insert(id, Permission { views, subject: subject(object) });
            }
            "SpacePermission" if kind == "VIEWSPACE" => {
                if let Some(space) = reference("space") {
                    // A permission without a subject applies to anonymous visitors.
                    let subject = subject(object).unwrap_or(Subject::Everybody);
                    self.of_space.entry(space).or_default().push(subject);
                }
            }
            _ => {}
        }
    }

    /// Stores the name that restrictions use for a user.
    pub(super) fn add_user(&mut self, object: &Object) {
        let name = ["atlassianAccountId", "name", "lowerName"].into_iter().find_map(|name| object.value(name));
        self.users.insert(object.id.clone(), name.unwrap_or(&object.id).to_owned());
    }

    /// Returns the view restrictions of a page. `listed` are the sets that the page refers to.
    pub(super) fn of_page(&self, page: &str, listed: &[String]) -> Vec<Restriction> {
        let named = self.of_page.get(page).map_or(&[][..], Vec::as_slice);
        let mut seen = HashSet::new();
        let sets = listed.iter().chain(named).filter(|id| seen.insert(id.as_str()));
        sets.filter_map(|id| Some((id, self.sets.get(id)?))).map(|(id, set)| self.readers_of(id, set)).collect()
    }

    /// Returns the readers in a set. If the permissions cannot be read, nobody may read the page.
    fn readers_of(&self, id: &str, set: &Set) -> Restriction {
        let named = self.of_set.get(id).map_or(&[][..], Vec::as_slice);
        let permissions = set.permissions.iter().chain(named).filter_map(|id| self.permissions.get(id));
        let subjects = permissions.filter(|permission| permission.views).filter_map(|one| one.subject.as_ref());
        let mut readers: Vec<String> = subjects.filter_map(|subject| self.name(subject)).collect();
        readers.sort();
        readers.dedup();
        readers
    }

    /// Returns who may view a space, or `None` if everybody may view it or the export does not contain its permissions.
    pub(super) fn of_space(&self, space: &str, everybody: &[String]) -> Option<Restriction> {
        let subjects = self.of_space.get(space)?;
        let is_open = |subject: &Subject| match subject {
            Subject::Everybody => true,
            Subject::Group(group) => everybody.contains(group),
            Subject::User(_) | Subject::UserName(_) => false,
        };
        let is_restricted = !subjects.iter().any(is_open);
        is_restricted.then(|| subjects.iter().filter_map(|subject| self.name(subject)).collect())
    }

    fn name(&self, subject: &Subject) -> Option<String> {
        match subject {
            Subject::User(key) => Some(format!("user:{}", self.users.get(key).unwrap_or(key))),
            Subject::UserName(name) => Some(format!("user:{name}")),
            Subject::Group(name) => Some(format!("group:{name}")),
            Subject::Everybody => None,
        }
    }
}

fn subject(object: &Object) -> Option<Subject> {
    if let Some((_, key)) = object.reference("userSubject") {
        return Some(Subject::User(key.clone()));
    }
    let value = |name: &str| object.value(name).map(str::to_owned);
    let group = value("groupName").or_else(|| value("group")).map(Subject::Group);
    let user = || value("userName").or_else(|| value("username")).map(Subject::UserName);
    group.or_else(user).or_else(|| object.value("allUsersSubject").map(|_| Subject::Everybody))
}
