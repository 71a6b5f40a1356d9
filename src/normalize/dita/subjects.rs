//! Reads subject schemes: hierarchies of values, and the attributes that use them.

use serde_json::{Map, Value, json};

use super::dom::Element;
use super::filter::Ditaval;

/// Applies the rule of every enumerated value to the values below it.
pub(super) fn inherit(scheme: &Element, ditaval: &mut Ditaval) {
    scheme.walk(&mut |element| {
        if !element.is("enumerationdef") {
            return;
        }
        let Some(attribute) = element.child("attributedef").and_then(|attribute| attribute.attr("name")) else {
            return;
        };
        for subject in element.children_of("subjectdef") {
            let Some(key) = subject.attr("keyref") else { continue };
            let defined = |element: &Element| {
                element.is("subjectdef")
                    && element.attr("keys").is_some_and(|keys| keys.split_whitespace().any(|k| k == key))
            };
            if let Some(definition) = scheme.find(&defined) {
                pass_down(definition, attribute, ditaval);
            }
        }
    });
}

/// Adds the taxonomy of a scheme to the metadata. `subjects` contains each key with its ancestors (`os/linux`).
/// `enumerations` maps an attribute to the keys of the subjects whose values it accepts. The keys are added only to the
/// metadata, not to the Markdown.
pub(super) fn taxonomy(scheme: &Element, meta: &mut Map<String, Value>) {
    let mut subjects = Vec::new();
    collect(scheme, "", &mut subjects);
    let mut enumerations = Map::new();
    scheme.walk(&mut |element| {
        let attribute = element.child("attributedef").and_then(|attribute| attribute.attr("name"));
        if let Some(attribute) = attribute.filter(|_| element.is("enumerationdef")) {
            let keys: Vec<&str> =
                element.children_of("subjectdef").filter_map(|subject| subject.attr("keyref")).collect();
            enumerations.insert(attribute.to_owned(), json!(keys));
        }
    });
    if !subjects.is_empty() {
        meta.insert("subjects".to_owned(), json!(subjects));
    }
    if !enumerations.is_empty() {
        meta.insert("enumerations".to_owned(), Value::Object(enumerations));
    }
}

fn collect(element: &Element, above: &str, into: &mut Vec<String>) {
    for child in element.elements() {
        let keys = child.attr("keys").filter(|_| child.is("subjectdef")).unwrap_or_default();
        let names: Vec<&str> = keys.split_whitespace().collect();
        for name in &names {
            into.push(format!("{above}{name}"));
        }
        match names.first() {
            Some(name) => collect(child, &format!("{above}{name}/"), into),
            None => collect(child, above, into),
        }
    }
}

fn pass_down(subject: &Element, attribute: &str, ditaval: &mut Ditaval) {
    for below in subject.children_of("subjectdef") {
        for value in subject.attr("keys").unwrap_or_default().split_whitespace() {
            for lower in below.attr("keys").unwrap_or_default().split_whitespace() {
                ditaval.inherit(attribute, value, lower);
            }
        }
        pass_down(below, attribute, ditaval);
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    #[test]
    fn a_value_below_an_excluded_one_is_excluded_too() {
        let scheme = "<subjectScheme><subjectdef keys='os'><subjectdef keys='linux'><subjectdef keys='redhat'/></subjectdef></subjectdef>\
            <enumerationdef><attributedef name='platform'/><subjectdef keyref='os'/></enumerationdef></subjectScheme>";
        let rules = "<val><prop action='exclude' att='platform' val='linux'/></val>";
        let mut ditaval = super::super::ditaval::read(rules.as_bytes()).unwrap();
        inherit(&parse(scheme.as_bytes(), 0).unwrap().root, &mut ditaval);
        let topic = parse(b"<p><ph platform='redhat'>a</ph><ph platform='mac'>b</ph></p>", 0).unwrap().root;
        let mut topic = Element::clone(&topic);
        assert!(ditaval.apply(&mut topic));
        assert_eq!(topic.text(), "b");
    }
}
