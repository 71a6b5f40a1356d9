//! Who may view pages and spaces, as an export says it.

use std::collections::{HashMap, HashSet};

use super::super::readers::Restriction;
use super::object::Object;

/// Sets of permissions, permissions and people of an export.
#[derive(Debug, Default)]
pub(super) struct Restrictions {
    /// Sets that restrict viewing, by id: the page that they name, and their permissions.
    sets: HashMap<String, Set>,
    /// Sets by the page that they name.
    of_page: HashMap<String, Vec<String>>,
    permissions: HashMap<String, Permission>,
    /// Permissions by the set that they name.
    of_set: HashMap<String, Vec<String>>,
    /// Who may view a space, by its id.
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

/// Whom a permission is given to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    /// By key.
    User(String),
    /// By name.
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
                    // Without a subject, it is given to visitors who did not log in.
                    let subject = subject(object).unwrap_or(Subject::Everybody);
                    self.of_space.entry(space).or_default().push(subject);
                }
            }
            _ => {}
        }
    }

    /// Keeps by which name restrictions call a user.
    pub(super) fn add_user(&mut self, object: &Object) {
        let name = ["atlassianAccountId", "name", "lowerName"].into_iter().find_map(|name| object.value(name));
        self.users.insert(object.id.clone(), name.unwrap_or(&object.id).to_owned());
    }

    /// The view restrictions of a page; `listed` are the sets that the page names.
    pub(super) fn of_page(&self, page: &str, listed: &[String]) -> Vec<Restriction> {
        let named = self.of_page.get(page).map_or(&[][..], Vec::as_slice);
        let mut seen = HashSet::new();
        let sets = listed.iter().chain(named).filter(|id| seen.insert(id.as_str()));
        sets.filter_map(|id| Some((id, self.sets.get(id)?))).map(|(id, set)| self.readers_of(id, set)).collect()
    }

    /// Whom a set names. One whose permissions cannot be read names nobody.
    fn readers_of(&self, id: &str, set: &Set) -> Restriction {
        let named = self.of_set.get(id).map_or(&[][..], Vec::as_slice);
        let permissions = set.permissions.iter().chain(named).filter_map(|id| self.permissions.get(id));
        let subjects = permissions.filter(|permission| permission.views).filter_map(|one| one.subject.as_ref());
        let mut readers: Vec<String> = subjects.filter_map(|subject| self.name(subject)).collect();
        readers.sort();
        readers.dedup();
        readers
    }

    /// Who may view a space, unless everybody may, or the export does not say.
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
