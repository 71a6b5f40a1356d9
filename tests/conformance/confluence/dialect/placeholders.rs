//! Replaces placeholders for constructs, which some pairs use, with the result that the specification defines.

use std::path::Path;

use serde_json::Value;

/// Replaces each placeholder. `fragments.json` beside the pair contains the constructs.
pub fn placeholders(markdown: &str, folder: &Path) -> String {
    let fragments = std::fs::read_to_string(folder.join("fragments.json")).unwrap_or_default();
    let fragments: Vec<Value> = serde_json::from_str(&fragments).unwrap_or_default();
    let mut text = markdown.to_owned();
    for fragment in &fragments {
        let get = |name: &str| fragment.get(name).and_then(Value::as_str).unwrap_or_default();
        let Some(meaning) = meaning(get("xhtml")) else { continue };
        text = text.replace(&format!("`{{cf:{}}}`", get("id")), &meaning);
        let head = format!("```confluence-block\nid: {}\n", get("id"));
        if let Some((before, rest)) = text.split_once(&head) {
            let after = rest.split_once("```").map_or("", |(_, after)| after);
            text = format!("{before}{meaning}{after}");
        }
    }
    text
}

/// Returns the result of a construct in the specification (A0, A1).
fn meaning(xhtml: &str) -> Option<String> {
    const SITE: &str = "https://confluence.example.com";
    let attribute = |name: &str| between(xhtml, &format!("{name}=\""), "\"").map(|value| value.replace("&amp;", "&"));
    let parameter = |name: &str| between(xhtml, &format!("ac:name=\"{name}\">"), "<");
    let has = |mark: &str| xhtml.contains(mark);
    let named = |name: &str| has(&format!("macro ac:name=\"{name}\""));
    Some(if named("toc") || named("some-vendor-widget") || has("ac:inline-comment-marker") {
        // Navigation, an unknown macro without a body, or the marker of a comment.
        String::new()
    } else if named("jira") {
        format!("Jira query: `{}`", parameter("jqlQuery")?)
    } else if named("drawio") {
        let name = parameter("diagramName")?;
        let file = format!("{name}.png");
        if name.contains(' ') { format!("![{name}](<{file}>)") } else { format!("![{name}]({file})") }
    } else if named("include") {
        let title = attribute("ri:content-title")?;
        format!("[Included: {title}]({SITE}/display/ENG/{title})")
    } else if named("excerpt") {
        between(xhtml, "<p>", "</p>")?
    } else if named("info") {
        format!("> **Info:** {}", between(xhtml, "<p>", "</p>")?)
    } else if has("<time ") {
        attribute("datetime")?
    } else if has("<ri:user ") {
        format!("@{}", attribute("ri:userkey")?)
    } else if has("<ri:content-entity ") {
        let (id, anchor) = (attribute("ri:content-id")?, attribute("ac:anchor")?);
        format!(
            "[{}]({SITE}/pages/viewpage.action?pageId={id}#{anchor})",
            between(xhtml, "<ac:plain-text-link-body>", "</")?.replace("<![CDATA[", "").replace("]]>", "")
        )
    } else if let Some(file) = attribute("ri:filename") {
        format!("![{file}]({file})")
    } else if let Some(address) = attribute("ri:value") {
        let file = address.split('?').next()?.rsplit('/').next()?.to_owned();
        format!("![{}]({address})", attribute("ac:title").unwrap_or(file))
    } else {
        return None;
    })
}

fn between(text: &str, open: &str, close: &str) -> Option<String> {
    Some(text.split_once(open)?.1.split_once(close)?.0.to_owned())
}
