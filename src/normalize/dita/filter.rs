//! Filters maps and topics by the conditions in a ditaval.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::dom::{Element, Node};
use super::vocabulary::CONDITIONS;

/// The rules of ditaval files that remove content. Flags are not included.
#[derive(Debug, Default, Clone)]
pub(super) struct Ditaval {
    /// Whether a value is excluded. An entry without a value applies to all values of the attribute that have no entry.
    rules: HashMap<(String, Option<String>), bool>,
    /// Whether values without a rule are excluded.
    default: Option<bool>,
    /// The rules that a value inherits from the value above it in a subject scheme: attribute, value above, value.
    inherited: Vec<(String, String, String)>,
}

impl Ditaval {
    /// Reads the rules of a `<val>` element that has been checked.
    pub fn from_rules(root: &Element) -> Self {
        let mut ditaval = Self::default();
        for prop in root.elements().filter(|element| element.name == "prop") {
            let excluded = prop.attr("action") == Some("exclude");
            match prop.attr("att") {
                Some(att) => {
                    let value = prop.attr("val").map(ToOwned::to_owned);
                    ditaval.rules.entry((att.to_owned(), value)).or_insert(excluded);
                }
                None => drop(ditaval.default.get_or_insert(excluded)),
            }
        }
        ditaval
    }

    /// Adds the rules of another ditaval. If both have a rule for the same value, the first rule has priority.
    pub fn add(&mut self, other: Self) {
        for (condition, excluded) in other.rules {
            self.rules.entry(condition).or_insert(excluded);
        }
        self.default = self.default.or(other.default);
    }

    /// Returns whether the rules keep everything.
    pub fn keeps_all(&self) -> bool {
        self.default != Some(true) && self.rules.values().all(|excluded| !excluded)
    }

    /// Copies the rule of a value to a value below it in a subject scheme that has no rule.
    pub fn inherit(&mut self, attribute: &str, value: &str, below: &str) {
        let Some(&excluded) = self.rules.get(&(attribute.to_owned(), Some(value.to_owned()))) else { return };
        let rule = (attribute.to_owned(), Some(below.to_owned()));
        if let Entry::Vacant(free) = self.rules.entry(rule) {
            free.insert(excluded);
            self.inherited.push((attribute.to_owned(), value.to_owned(), below.to_owned()));
        }
    }

    /// Adds all conditions in `element` that a rule may match, with their values.
    pub fn collect(&self, element: &Element, into: &mut HashSet<(String, String)>) {
        element.walk(&mut |element| {
            for (name, value) in element.attributes.iter().filter(|(name, _)| self.is_condition(name)) {
                for (group, values) in groups(name, value) {
                    for value in values {
                        into.insert((group.to_owned(), value.to_owned()));
                        into.insert((name.clone(), value.to_owned()));
                    }
                }
            }
        });
    }

    /// Returns the rules that match none of the conditions in `found`.
    pub fn unmatched(&self, mut found: HashSet<(String, String)>) -> Vec<String> {
        for (attribute, value, below) in self.inherited.iter().rev() {
            if found.contains(&(attribute.clone(), below.clone())) {
                found.insert((attribute.clone(), value.clone()));
            }
        }
        let is_inherited = |attribute: &String, value: &String| {
            self.inherited.iter().any(|(of, _, below)| of == attribute && below == value)
        };
        let mut unmatched: Vec<String> = Vec::new();
        for (attribute, value) in self.rules.keys() {
            match value {
                Some(value)
                    if is_inherited(attribute, value) || found.contains(&(attribute.clone(), value.clone())) => {}
                Some(value) => unmatched.push(format!("{attribute}=\"{value}\"")),
                None if found.iter().any(|(of, _)| of == attribute) => {}
                None => unmatched.push(attribute.clone()),
            }
        }
        unmatched.sort();
        unmatched
    }

    /// Returns whether all values of at least one condition attribute are excluded.
    pub fn excludes(&self, element: &Element) -> bool {
        element.attributes.iter().filter(|(name, _)| self.is_condition(name)).any(|(name, value)| {
            groups(name, value).iter().any(|(group, values)| {
                !values.is_empty() && values.iter().all(|value| self.excludes_value(group, name, value))
            })
        })
    }

    fn is_condition(&self, attribute: &str) -> bool {
        CONDITIONS.contains(&attribute) || self.rules.keys().any(|(name, _)| name == attribute)
    }

    /// Returns whether a value of a group is excluded. The rules of the group have priority over the rules of the attribute.
    fn excludes_value(&self, group: &str, attribute: &str, value: &str) -> bool {
        let rule =
            |name: &str, value: Option<&str>| self.rules.get(&(name.to_owned(), value.map(ToOwned::to_owned))).copied();
        rule(group, Some(value))
            .or_else(|| rule(attribute, Some(value)))
            .or_else(|| rule(group, None))
            .or_else(|| rule(attribute, None))
            .or(self.default)
            .unwrap_or(false)
    }

    /// Removes excluded content from `element`. Returns false if the element itself is excluded.
    pub fn apply(&self, element: &mut Element) -> bool {
        if self.excludes(element) {
            return false;
        }
        self.clear_columns(element);
        element.children.retain_mut(|child| match child {
            // The other cells of a relationship table keep their columns.
            Node::Element(child) if child.is("relcell") && self.excludes(child) => {
                clear(child);
                true
            }
            Node::Element(child) => self.apply(child),
            Node::Text(_) => true,
        });
        true
    }

    /// Clears the excluded columns of a relationship table, because a column passes its conditions to its cells.
    fn clear_columns(&self, table: &mut Element) {
        let header = if table.is("reltable") { table.child("relheader") } else { None };
        let Some(header) = header else { return };
        let excluded: Vec<bool> = header.elements().map(|column| self.excludes(column)).collect();
        for row in table.elements_mut() {
            for (cell, _) in row.elements_mut().zip(&excluded).filter(|(_, is_excluded)| **is_excluded) {
                clear(cell);
            }
        }
    }
}

/// Removes everything from an element except its type.
fn clear(element: &mut Element) {
    element.attributes.retain(|(name, _)| name == "class");
    element.children.clear();
}

/// Returns the values of a condition attribute by group.
/// For example, `os(linux mac) novice` contains the group `os` and a value without a group.
fn groups<'a>(attribute: &'a str, value: &'a str) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut groups = Vec::new();
    let mut own = Vec::new();
    let mut rest = value.trim();
    while let Some((name, after)) = rest.split_once('(') {
        let (before, name) = name.trim_end().rsplit_once(char::is_whitespace).unwrap_or(("", name.trim_end()));
        own.extend(before.split_whitespace());
        let (inside, after) = after.split_once(')').unwrap_or((after, ""));
        groups.push((if name.is_empty() { attribute } else { name }, inside.split_whitespace().collect()));
        rest = after.trim();
    }
    own.extend(rest.split_whitespace());
    groups.push((attribute, own));
    groups
}

/// Adds the conditions of an element and its descendants, as `attribute:value`.
pub(super) fn collect_conditions(element: &Element, into: &mut BTreeSet<String>) {
    element.walk(&mut |element| conditions_of(element, into));
}

/// Adds the conditions of one element.
pub(super) fn conditions_of(element: &Element, into: &mut BTreeSet<String>) {
    // In a prolog, `audience` and `platform` are elements, and attributes are not conditions.
    for (name, value) in element.attributes.iter().filter(|(name, _)| CONDITIONS.contains(&name.as_str())) {
        for (group, values) in groups(name, value) {
            into.extend(values.iter().map(|value| format!("{group}:{value}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn left(ditaval: &str, topic: &str) -> Option<String> {
        let ditaval = super::super::ditaval::read(ditaval.as_bytes()).unwrap();
        let mut root = Element::clone(&parse(topic.as_bytes(), 0).unwrap().root);
        ditaval.apply(&mut root).then(|| root.text())
    }

    const LINUX_OUT: &str = "<val><prop action='exclude' att='platform' val='linux'/></val>";

    #[test]
    fn an_element_goes_only_when_every_value_of_an_attribute_is_excluded() {
        let topic = "<p>a<ph platform='linux'>b</ph><ph platform='linux mac'>c</ph></p>";
        assert_eq!(left(LINUX_OUT, topic).as_deref(), Some("ac"));
        assert_eq!(left(LINUX_OUT, "<p platform='linux'>a</p>"), None);
        assert_eq!(left(LINUX_OUT, "<p><ph platform='linux' audience='x'>a</ph></p>").as_deref(), Some(""));
    }

    #[test]
    fn flags_keep_what_they_flag() {
        let flag = "<val><prop action='flag' att='platform' val='linux'/></val>";
        assert_eq!(left(flag, "<p platform='linux'>a</p>").as_deref(), Some("a"));
    }

    #[test]
    fn defaults_apply_where_no_value_has_a_rule() {
        let only_mac =
            "<val><prop action='exclude' att='platform'/><prop action='include' att='platform' val='mac'/></val>";
        assert_eq!(
            left(only_mac, "<p>a<ph platform='linux'>b</ph><ph platform='mac'>c</ph></p>").as_deref(),
            Some("ac")
        );
        let all = "<val><prop action='exclude'/><prop action='include' att='platform' val='mac'/></val>";
        assert_eq!(left(all, "<p>a<ph audience='x'>b</ph><ph platform='mac'>c</ph></p>").as_deref(), Some("ac"));
    }

    #[test]
    fn rules_without_a_match_are_named() {
        let rules = "<val><prop action='exclude' att='prodcut' val='x'/><prop action='exclude' att='platform' val='linux win'/>\
            <prop action='include' att='os' val='mac'/><prop action='exclude' att='audience'/><prop action='exclude' att='rev'/></val>";
        let ditaval = super::super::ditaval::read(rules.as_bytes()).unwrap();
        let mut found = HashSet::new();
        ditaval.collect(&parse(b"<p platform='linux win' props='os(mac)' audience='a'/>", 0).unwrap().root, &mut found);
        assert_eq!(ditaval.unmatched(found), ["platform=\"linux win\"", "prodcut=\"x\"", "rev"]);
    }

    #[test]
    fn groups_count_as_attributes_of_their_own() {
        let rules = "<val><prop action='exclude' att='os' val='linux'/></val>";
        assert_eq!(
            left(rules, "<p>a<ph props='os(linux) db(x)'>b</ph><ph props='os(linux mac)'>c</ph></p>").as_deref(),
            Some("ac")
        );
        assert_eq!(groups("props", "x os(a b) y"), [("os", vec!["a", "b"]), ("props", vec!["x", "y"])]);
    }
}
