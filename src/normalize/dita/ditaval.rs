//! Reads ditaval files. Unknown elements and attributes are errors, because a misspelled rule would filter nothing.

use super::dom::Element;
use super::filter::Ditaval;
use super::parse::parse;

/// The elements of a ditaval and their allowed attributes.
const ELEMENTS: [(&str, &[&str]); 7] = [
    ("val", &[]),
    ("style-conflict", &["foreground-conflict-color", "background-conflict-color"]),
    ("prop", &["att", "val", "action", "color", "backcolor", "style", "outputclass", "add-outputclass", "changebar"]),
    ("revprop", &["val", "action", "color", "backcolor", "style", "outputclass", "add-outputclass", "changebar"]),
    ("startflag", &["imageref"]),
    ("endflag", &["imageref"]),
    ("alt-text", &[]),
];
const PROP_ACTIONS: [&str; 4] = ["include", "exclude", "passthrough", "flag"];
const REVPROP_ACTIONS: [&str; 4] = ["include", "passthrough", "flag", "noflag"];

/// The reason why a file is not a valid ditaval.
#[derive(Debug)]
pub(super) struct Fault {
    /// The line, counted from 1, if it is known.
    pub line: Option<u64>,
    pub message: String,
}

/// Reads a ditaval file.
pub(super) fn read(bytes: &[u8]) -> Result<Ditaval, Fault> {
    let broken = |error: &super::parse::XmlError| Fault { line: Some(error.line), message: error.to_string() };
    let parsed = parse(bytes, 0).map_err(|error| broken(&error))?;
    match &parsed.fault {
        Some(fault) => Err(broken(fault)),
        None => from_tree(&parsed.root),
    }
}

/// Reads the rules of a `<val>` element.
pub(super) fn from_tree(root: &Element) -> Result<Ditaval, Fault> {
    if root.name != "val" {
        return Err(Fault {
            line: None,
            message: format!("the root element of a ditaval must be <val>, not <{}>", root.name),
        });
    }
    let mut fault = None;
    root.walk(&mut |element| {
        if fault.is_none() {
            fault = check(element);
        }
    });
    match fault {
        Some(fault) => Err(fault),
        None => Ok(Ditaval::from_rules(root)),
    }
}

/// Returns the error in an element of a ditaval, without checking its children.
fn check(element: &Element) -> Option<Fault> {
    let fault = |message: String| Some(Fault { line: Some(element.line), message });
    let name = element.name.as_str();
    let Some((_, allowed)) = ELEMENTS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<&str> = ELEMENTS.iter().map(|(known, _)| *known).collect();
        return fault(format!("unknown element <{name}>; a ditaval can contain {}", known.join(", ")));
    };
    let is_namespace = |attribute: &str| attribute.contains(':') || attribute == "xmlns";
    let unknown = element
        .attributes
        .iter()
        .find(|(attribute, _)| !allowed.contains(&attribute.as_str()) && !is_namespace(attribute));
    if let Some((attribute, _)) = unknown {
        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
        return fault(format!("unknown attribute {attribute} of <{name}>; expected one of {allowed}"));
    }
    let actions = match name {
        "prop" => PROP_ACTIONS,
        "revprop" => REVPROP_ACTIONS,
        _ => return None,
    };
    match element.attr("action") {
        None => return fault(format!("<{name}> has no action; expected one of {}", actions.join(", "))),
        Some(action) if !actions.contains(&action) => {
            return fault(format!("unknown action \"{action}\" of <{name}>; expected one of {}", actions.join(", ")));
        }
        Some(_) => {}
    }
    if name == "prop" && element.attr("val").is_some() && element.attr("att").is_none() {
        return fault("<prop> has val but no att; set att to an attribute, such as platform".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(ditaval: &str) -> (Option<u64>, String) {
        let fault = read(ditaval.as_bytes()).unwrap_err();
        (fault.line, fault.message)
    }

    #[test]
    fn a_misspelled_rule_is_refused_with_what_is_allowed() {
        let (line, message) = fault("<val>\n<prop att='platform' val='linux' action='exclud'/></val>");
        assert_eq!(line, Some(2));
        assert_eq!(message, "unknown action \"exclud\" of <prop>; expected one of include, exclude, passthrough, flag");
        assert!(
            fault("<val><prop attr='platform' action='exclude'/></val>").1.contains("unknown attribute attr of <prop>")
        );
        assert!(fault("<val><prop att='platform' val='x'/></val>").1.contains("<prop> has no action"));
        assert!(fault("<val><prop val='x' action='exclude'/></val>").1.contains("<prop> has val but no att"));
        assert!(
            fault("<val><revprop val='1' action='exclude'/></val>")
                .1
                .contains("unknown action \"exclude\" of <revprop>")
        );
        assert!(fault("<val><rule/></val>").1.contains("unknown element <rule>"));
        assert!(fault("<topic/>").1.contains("must be <val>, not <topic>"));
    }

    #[test]
    fn everything_that_a_ditaval_can_say_is_read() {
        let all = "<val><style-conflict foreground-conflict-color='red'/><prop action='include'/>\
            <prop att='audience' val='a' action='flag' color='blue' style='bold'><startflag imageref='x.png'><alt-text>s</alt-text></startflag></prop>\
            <revprop val='1' action='flag' changebar='|'/></val>";
        assert!(read(all.as_bytes()).is_ok());
    }
}
