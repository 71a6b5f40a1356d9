//! Checks ADF against the rules for nodes, attributes, children and marks in Atlassian's JSON schema (57.7.22, stage 0).
//!
//! A document that violates these rules is converted as far as possible. The violations are counted in the losses by name:
//! `adf:unexpected-child:panel`, `adf:missing-attribute:mention.id`, `adf:invalid-attribute:heading.level`.

use serde_json::Value;

use super::super::super::text::{Losses, count};
use super::{content, kind};

/// A kind of node.
struct Node {
    kind: &'static str,
    /// One or more sets of attributes, each as `name!:type`. `!` means required. One of the sets must match.
    attributes: &'static [&'static str],
    /// Allowed children, or `None` if the node has no children.
    children: Option<&'static str>,
    at_least: usize,
    marks: &'static str,
}

impl Node {
    fn allows(&self, child: &Value) -> bool {
        self.children.unwrap_or_default().split(' ').any(|allowed| allowed == kind(child))
    }
}

const fn node(
    kind: &'static str,
    attributes: &'static [&'static str],
    children: Option<&'static str>,
    at_least: usize,
    marks: &'static str,
) -> Node {
    Node { kind, attributes, children, at_least, marks }
}

const INLINE: &str = "date emoji hardBreak inlineCard inlineExtension mediaInline mention placeholder status text";

#[rustfmt::skip]
const NODES: &[Node] = &[
    node("blockCard", &["datasource!:any layout:wide|full-width|center|wrap-right|wrap-left|align-end|align-start url:text width:number", "url!:text", "data!:any"], None, 0, ""),
    node("blockTaskItem", &["localId!:text state!:TODO|DONE"], Some("extension paragraph"), 1, ""),
    node("blockquote", &[""], Some("bulletList codeBlock extension mediaGroup mediaSingle orderedList paragraph"), 1, ""),
    node("bodiedExtension", &["extensionKey!:text+ extensionType!:text+ layout:wide|full-width|default parameters:any text:text"], Some("blockCard blockquote bodiedRule bulletList codeBlock decisionList embedCard extension heading mediaGroup mediaSingle orderedList panel paragraph rule table taskList"), 1, "breakout dataConsumer fragment"),
    node("bodiedRule", &["alignment:start|center|end color:color localId!:text+ style:solid|dashed|dotted|sketch|fade weight:1..3"], Some("heading paragraph"), 1, "breakout"),
    node("bodiedSyncBlock", &["localId!:text resourceId!:text"], Some("blockCard blockquote bodiedRule bulletList codeBlock decisionList embedCard expand heading layoutSection mediaGroup mediaSingle orderedList panel paragraph rule table taskList"), 1, "breakout"),
    node("bulletList", &[""], Some("listItem"), 1, ""),
    node("caption", &[""], Some("date emoji hardBreak inlineCard mention placeholder status text"), 0, ""),
    node("codeBlock", &["hideLineNumbers:flag language:text uniqueId:text wrap:flag"], Some("text"), 0, "breakout"),
    node("date", &["timestamp!:text+"], None, 0, "annotation"),
    node("decisionItem", &["localId!:text state!:text"], Some(INLINE), 0, ""),
    node("decisionList", &["localId!:text"], Some("decisionItem"), 1, ""),
    node("doc", &[], Some("blockCard blockquote bodiedExtension bodiedRule bodiedSyncBlock bulletList codeBlock decisionList embedCard expand extension heading layoutSection mediaGroup mediaSingle multiBodiedExtension orderedList panel paragraph rule syncBlock table taskList"), 0, ""),
    node("embedCard", &["layout!:wide|full-width|center|wrap-right|wrap-left|align-end|align-start originalHeight:number originalWidth:number url!:text width:0..100"], None, 0, ""),
    node("emoji", &["id:text shortName!:text text:text"], None, 0, "annotation"),
    node("expand", &["title:text"], Some("blockCard blockquote bodiedRule bulletList codeBlock decisionList embedCard extension heading mediaGroup mediaSingle nestedExpand orderedList panel paragraph rule table taskList"), 1, "breakout"),
    node("extension", &["extensionKey!:text+ extensionType!:text+ layout:wide|full-width|default parameters:any text:text"], None, 0, "annotation breakout dataConsumer fragment"),
    node("extensionFrame", &[], Some("blockCard blockquote bodiedExtension bodiedRule bulletList codeBlock decisionList embedCard extension heading mediaGroup mediaSingle orderedList panel paragraph rule table taskList"), 1, "dataConsumer fragment"),
    node("hardBreak", &["text:newline"], None, 0, ""),
    node("heading", &["level!:1..6"], Some(INLINE), 0, "alignment indentation"),
    node("inlineCard", &["url!:text", "data!:any"], None, 0, "annotation"),
    node("inlineExtension", &["extensionKey!:text+ extensionType!:text+ parameters:any text:text"], None, 0, "dataConsumer fragment"),
    node("layoutColumn", &["valign:top|middle|bottom width!:0..100"], Some("blockCard blockquote bodiedExtension bodiedRule bulletList codeBlock decisionList embedCard expand extension heading mediaGroup mediaSingle orderedList panel paragraph rule table taskList"), 1, ""),
    node("layoutSection", &["columnRuleStyle:solid"], Some("layoutColumn"), 1, "breakout"),
    node("listItem", &[""], Some("bulletList codeBlock extension mediaSingle orderedList paragraph taskList"), 1, ""),
    node("media", &["alt:text collection!:text height:number id!:text+ occurrenceKey:text+ type!:link|file width:number", "alt:text height:number type!:external url!:text width:number"], None, 0, "annotation border dataConsumer link"),
    node("mediaGroup", &[], Some("media"), 1, ""),
    node("mediaInline", &["alt:text collection!:text data:any height:number id!:text+ occurrenceKey:text+ type:link|file|image width:number"], None, 0, "annotation border dataConsumer link"),
    node("mediaSingle", &["layout!:wide|full-width|center|wrap-right|wrap-left|align-end|align-start width:0..100 widthType:percentage", "layout!:wide|full-width|center|wrap-right|wrap-left|align-end|align-start width!:0.. widthType!:pixel"], Some("caption media"), 1, "link"),
    node("mention", &["accessLevel:text id!:text text:text userType:DEFAULT|SPECIAL|APP"], None, 0, "annotation"),
    node("multiBodiedExtension", &["extensionKey!:text+ extensionType!:text+ layout:default|wide|full-width parameters:any text:text"], Some("extensionFrame"), 0, "breakout"),
    node("nestedExpand", &["title:text"], Some("blockquote bulletList codeBlock decisionList extension heading mediaGroup mediaSingle orderedList panel paragraph rule taskList"), 1, ""),
    node("orderedList", &["order:0.."], Some("listItem"), 1, ""),
    node("panel", &["panelColor:text panelIcon:text panelIconId:text panelIconText:text panelType!:info|note|tip|warning|error|success|custom"], Some("blockCard bodiedRule bulletList codeBlock decisionList extension heading mediaGroup mediaSingle orderedList paragraph rule table taskList"), 1, "breakout"),
    node("paragraph", &[""], Some(INLINE), 0, "alignment fontSize indentation"),
    node("placeholder", &["text!:text"], None, 0, ""),
    node("rule", &["color:color style:solid|dashed|dotted|sketch|fade weight:1..3"], None, 0, "breakout"),
    node("status", &["color!:text style:text text!:text+"], None, 0, "annotation"),
    node("syncBlock", &["localId!:text resourceId!:text"], None, 0, "breakout"),
    node("table", &["displayMode:default|fixed isNumberColumnEnabled:flag layout:wide|full-width|center|align-end|align-start|default width:number"], Some("tableRow"), 1, "fragment"),
    node("tableCell", &["background:text colspan:number colwidth:list rowspan:number valign:top|middle|bottom"], Some("blockCard blockquote bulletList codeBlock decisionList embedCard extension heading mediaGroup mediaSingle nestedExpand orderedList panel paragraph rule taskList"), 1, ""),
    node("tableHeader", &["background:text colspan:number colwidth:list rowspan:number valign:top|middle|bottom"], Some("blockCard blockquote bulletList codeBlock decisionList embedCard extension heading mediaGroup mediaSingle nestedExpand orderedList panel paragraph rule taskList"), 1, ""),
    node("tableRow", &[""], Some("tableCell tableHeader"), 1, ""),
    node("taskItem", &["localId!:text state!:TODO|DONE"], Some(INLINE), 0, ""),
    node("taskList", &["localId!:text"], Some("blockTaskItem taskItem taskList"), 1, ""),
    node("text", &[], None, 0, "annotation backgroundColor code em link strike strong subsup textColor underline"),
];

/// Marks and their attributes.
const MARKS: &[(&str, &str)] = &[
    ("alignment", "align!:center|end"),
    ("annotation", "annotationType!:inlineComment id!:text"),
    ("backgroundColor", "color!:color"),
    ("border", "color!:color size!:1..3"),
    ("breakout", "mode!:wide|full-width width:number"),
    ("code", ""),
    ("dataConsumer", "sources!:list"),
    ("em", ""),
    ("fontSize", "fontSize!:small"),
    ("fragment", "localId!:text+ name:text"),
    ("indentation", "level!:1..6"),
    ("link", "collection:text href!:text id:text occurrenceKey:text title:text"),
    ("strike", ""),
    ("strong", ""),
    ("subsup", "type!:sub|sup"),
    ("textColor", "color!:color"),
    ("underline", ""),
];

/// Counts every violation of the schema in a document. Does not check its nodes.
pub(super) fn check_outline(document: &Value, losses: &mut Losses) {
    if document.get("version").and_then(Value::as_u64) != Some(1) {
        count(losses, "adf:version");
    }
    if document.get("content").is_none() {
        count(losses, "adf:no-content");
    }
    if let Some(node) = spec(document) {
        own_breaches(document, node, "", losses);
    }
}

/// Counts every violation of the schema in a node at the top of a document.
pub(super) fn check_node(value: &Value, losses: &mut Losses) {
    if !NODES.iter().any(|node| node.kind == "doc" && node.allows(value)) {
        count(losses, "adf:unexpected-child:doc");
    }
    node_breaches(value, "doc", losses);
}

fn spec(value: &Value) -> Option<&'static Node> {
    NODES.iter().find(|node| node.kind == kind(value))
}

fn node_breaches(value: &Value, parent: &str, losses: &mut Losses) {
    let Some(node) = spec(value) else {
        // Count only nodes of earlier schemas, because the reader counts unknown nodes.
        count(losses, "adf:not-in-schema");
        return content(value).iter().for_each(|child| node_breaches(child, "", losses));
    };
    own_breaches(value, node, parent, losses);
    for (at, child) in content(value).iter().enumerate() {
        // A list item may contain a list, but not as its first child.
        let leads = at == 0 && node.kind == "listItem" && matches!(kind(child), "bulletList" | "orderedList");
        if leads || !node.allows(child) {
            count(losses, format!("adf:unexpected-child:{}", node.kind));
        }
        node_breaches(child, node.kind, losses);
    }
}

/// Counts the violations of a node. Does not check its children.
fn own_breaches(value: &Value, node: &Node, parent: &str, losses: &mut Losses) {
    let keys = value.as_object().into_iter().flat_map(|object| object.keys());
    let known = ["type", "version", "content", "attrs", "marks", "text"];
    for _ in keys.filter(|key| !known.contains(&key.as_str())) {
        count(losses, format!("adf:unexpected-key:{}", node.kind));
    }
    attribute_breaches(value, node.kind, node.attributes, losses);
    mark_breaches(value, node, parent, losses);
    if node.kind == "text" && value.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
        count(losses, "adf:empty-text");
    }
    if value.get("content").is_some_and(|content| !content.is_array()) {
        count(losses, format!("adf:invalid-content:{}", node.kind));
    } else if node.children.is_none() && value.get("content").is_some() {
        count(losses, format!("adf:unexpected-content:{}", node.kind));
    } else if content(value).len() < node.at_least {
        count(losses, format!("adf:too-few-children:{}", node.kind));
    }
}

/// Compares attributes with the set that matches best.
fn attribute_breaches(value: &Value, owner: &str, sets: &[&str], losses: &mut Losses) {
    let attributes = value.get("attrs");
    if attributes.is_some_and(|attributes| !attributes.is_object()) {
        return count(losses, format!("adf:invalid-attributes:{owner}"));
    }
    if sets.is_empty() && attributes.is_some() {
        return count(losses, format!("adf:unexpected-attributes:{owner}"));
    }
    let best = sets.iter().map(|set| set_breaches(attributes, owner, set)).min_by_key(Vec::len);
    best.into_iter().flatten().for_each(|breach| count(losses, breach));
}

fn set_breaches(attributes: Option<&Value>, owner: &str, set: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    let specified = || set.split(' ').filter_map(|attribute| attribute.split_once(':'));
    for (name, accepted) in specified() {
        let required = name.ends_with('!');
        let name = name.trim_end_matches('!');
        match attributes.and_then(|attributes| attributes.get(name)) {
            Some(value) if !accepts(accepted, value) => {
                breaches.push(format!("adf:invalid-attribute:{owner}.{name}"));
            }
            None if required => breaches.push(format!("adf:missing-attribute:{owner}.{name}")),
            _ => {}
        }
    }
    let names = attributes.and_then(Value::as_object).into_iter().flat_map(|object| object.keys());
    let is_known = |name: &str| name == "localId" || specified().any(|(known, _)| known.trim_end_matches('!') == name);
    breaches.extend(names.filter(|name| !is_known(name)).map(|_| format!("adf:unexpected-attribute:{owner}")));
    breaches
}

/// Returns whether a value has the type that [`Node::attributes`] describes.
fn accepts(accepted: &str, value: &Value) -> bool {
    let text = value.as_str();
    match accepted {
        "any" => true,
        "text" => text.is_some(),
        "text+" => text.is_some_and(|text| !text.is_empty()),
        "newline" => text == Some("\n"),
        "color" => text.is_some_and(|text| {
            let digits = text.strip_prefix('#').unwrap_or_default();
            matches!(digits.len(), 6 | 8) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
        }),
        "flag" => value.is_boolean(),
        "list" => value.is_array(),
        "number" => value.is_number(),
        range if range.contains("..") => {
            let (low, high) = range.split_once("..").unwrap_or_default();
            let within = |number: f64| {
                low.parse().map_or(true, |low: f64| number >= low)
                    && high.parse().map_or(true, |high: f64| number <= high)
            };
            value.as_f64().is_some_and(within)
        }
        choices => text.is_some_and(|text| choices.split('|').any(|choice| choice == text)),
    }
}

fn mark_breaches(value: &Value, node: &Node, parent: &str, losses: &mut Losses) {
    if node.marks.is_empty() && value.get("marks").is_some() {
        count(losses, format!("adf:unexpected-marks:{}", node.kind));
    }
    let marks = value.get("marks").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let has_code = marks.iter().any(|mark| kind(mark) == "code");
    for mark in marks {
        let Some((name, attributes)) = MARKS.iter().find(|(name, _)| *name == kind(mark)) else {
            count(losses, format!("adf:unknown-mark:{}", node.kind));
            continue;
        };
        let beside_code = !has_code || matches!(*name, "code" | "link" | "annotation");
        // Only a node at the top of a page can be wider than the page.
        let allowed = match *name {
            "breakout" => matches!(parent, "doc" | "bodiedSyncBlock"),
            name => node.marks.split(' ').any(|allowed| allowed == name),
        };
        // Text in a code block must have no marks.
        if !allowed || !beside_code || parent == "codeBlock" {
            count(losses, format!("adf:unexpected-mark:{}.{name}", node.kind));
        }
        let sets = std::slice::from_ref(attributes);
        attribute_breaches(mark, name, if attributes.is_empty() { &[] } else { sets }, losses);
    }
}
