//! Converts Markdown to the events of an independent parser, without details that generators choose freely.

use super::super::super::parsed::structure;
use super::translate;

/// The site and space that pages are read with.
pub const SITE: &str = "https://wiki.example.com";
pub const SPACE: &str = "ROUND";

/// Returns the events of a text after all rules.
///
/// In addition, footnotes become numbered links and a list at the end, and links back from there are removed. An address
/// without text is a link to itself in GitHub-flavored Markdown. Each generator names anchors in its own way. Files are
/// attachments, whose names have no folders. An image without text is named by its file, and a caption that repeats the text
/// is removed. Breaks are spaces. If `kinds` is false, the kind of a callout and a title that only repeats it are removed.
pub fn events(markdown: &str, kinds: bool) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut link: Option<(usize, String)> = None;
    for event in footnotes(structure(&translate(markdown))) {
        if let Some(target) = event.strip_prefix("<link ").and_then(|rest| rest.strip_suffix('>')) {
            link = Some((out.len(), target.to_owned()));
            out.push(format!("<link {}>", address(target)));
        } else if let Some(target) = event.strip_prefix("<image ").and_then(|rest| rest.strip_suffix('>')) {
            out.push(format!("<image {}>", address(target)));
        } else if event == "<End(Link)>" {
            end_link(&mut out, link.take());
        } else if event == "<End(Image)>" {
            name_image(&mut out);
        } else if event != "<HardBreak>" {
            out.push(event);
        }
    }
    drop_captions(&mut out);
    unmark_code(&mut out);
    if !kinds {
        drop_labels(&mut out);
    }
    joined(&out)
}

/// Writes footnotes as generators do: a superscript number with a link, and a list of the notes after a rule at the end.
fn footnotes(events: Vec<String>) -> Vec<String> {
    let (mut out, mut notes, mut names) = (Vec::new(), Vec::new(), Vec::new());
    let mut inside = false;
    for event in events {
        if let Some(name) = event.strip_prefix("<FootnoteReference(") {
            let number = names.iter().position(|known| known == name).unwrap_or_else(|| {
                names.push(name.to_owned());
                names.len() - 1
            });
            let number = (number + 1).to_string();
            out.extend(["<sup>", "<link #>", number.as_str(), "<End(Link)>", "<sup>"].map(str::to_owned));
        } else if event.starts_with("<Start(FootnoteDefinition") {
            inside = true;
            notes.push("<Start(Item)>".to_owned());
        } else if event.starts_with("<End(FootnoteDefinition") {
            inside = false;
            notes.push("<End(Item)>".to_owned());
        } else if inside {
            notes.push(event);
        } else {
            out.push(event);
        }
    }
    if !notes.is_empty() {
        out.extend(["<Rule>", "<list Some(1)>"].map(str::to_owned));
        out.extend(notes);
        out.push("<End(List(true))>".to_owned());
    }
    out
}

/// Ends a link. A link that only shows its own address is text.
fn end_link(events: &mut Vec<String>, link: Option<(usize, String)>) {
    let Some((at, target)) = link else { return };
    let text = events.get(at + 1..).unwrap_or_default().concat();
    let bare = target.trim_start_matches("mailto:");
    if text.starts_with('↩') {
        events.truncate(at);
        return;
    }
    if target == "ac:" {
        // The title of the page is the text of the link.
        events[at] = format!("<link {text}>");
    }
    if text.trim_start_matches("mailto:") == bare {
        events.truncate(at);
        events.push(bare.to_owned());
    } else {
        events.push("<End(Link)>".to_owned());
    }
}

/// Ends an image. If its text is missing or only repeats its type, the name of the file is used.
fn name_image(events: &mut Vec<String>) {
    if events.last().is_some_and(|text| ["Media", "attachment"].contains(&text.as_str())) {
        events.pop();
    }
    let file = events.last().and_then(|last| last.strip_prefix("<image ")?.strip_suffix('>')).map(str::to_owned);
    events.extend(file.map(|file| file.rsplit('/').next().unwrap_or_default().to_owned()));
    events.push("<End(Image)>".to_owned());
}

/// Removes formatting around code, which allows only a link (A2).
fn unmark_code(events: &mut Vec<String>) {
    let marks = ["Strong", "Emphasis", "Strikethrough"];
    while let Some(at) = events.windows(3).position(|three| {
        three[1].starts_with("<Code(")
            && marks.iter().any(|mark| three[0] == format!("<Start({mark})>") && three[2] == format!("<End({mark})>"))
    }) {
        events.remove(at + 2);
        events.remove(at);
    }
}

/// Removes captions that repeat the text of their image.
fn drop_captions(events: &mut Vec<String>) {
    while let Some(at) = events.windows(5).position(|five| {
        five[1] == "<End(Image)>"
            && five[2] == "<Start(Emphasis)>"
            && five[3] == five[0]
            && five[4] == "<End(Emphasis)>"
    }) {
        events.drain(at + 2..at + 5);
    }
}

/// Removes the labels of callouts, because each generator maps kinds to macros in its own way.
fn drop_labels(events: &mut Vec<String>) {
    while let Some(at) = events.windows(4).position(|four| {
        four[0].starts_with("<Start(BlockQuote")
            && four[1] == "<Start(Strong)>"
            && four[2].ends_with(':')
            && four[3] == "<End(Strong)>"
    }) {
        events.drain(at + 1..at + 4);
        // Some generators repeat the kind as a title, in bold or not.
        let says_kind = |text: &String| KINDS.contains(&text.to_lowercase().trim_end_matches(':'));
        match events.get(at + 1..).unwrap_or_default() {
            [start, kind, end, ..] if start == "<Start(Strong)>" && end == "<End(Strong)>" && says_kind(kind) => {
                events.drain(at + 1..at + 4);
            }
            [kind, ..] if says_kind(kind) => {
                events.remove(at + 1);
            }
            _ => {}
        }
    }
}

/// The kinds of callouts with their names in `MkDocs`, reStructuredText, GitHub and GitLab.
const KINDS: &[&str] = &[
    "abstract",
    "attention",
    "bug",
    "caution",
    "danger",
    "error",
    "example",
    "failure",
    "hint",
    "important",
    "info",
    "note",
    "notes",
    "question",
    "quote",
    "success",
    "tip",
    "warning",
    "disclaimer",
    "alert",
    "flag",
    "seealso",
    "todo",
];

fn address(target: &str) -> String {
    let target =
        ["adf:", "media:", "attachment:"].iter().fold(target, |target, scheme| target.trim_start_matches(scheme));
    let named = target.strip_prefix(SITE).and_then(|path| path.strip_prefix("/display/")?.split_once('/'));
    if let Some((_, title)) = named {
        return title.replace('+', " ");
    }
    let target = target.strip_prefix("ac:").unwrap_or(target);
    match target.split_once('#') {
        Some(("", _)) => "#".to_owned(),
        _ if target.contains("://") || target.starts_with("mailto:") => target.to_owned(),
        // One generator writes `PAR` for the parent folder.
        _ => target.replace("../", "").replace("PAR_", "").replace('/', "_").replace("%20", " "),
    }
}

/// Joins adjacent texts.
fn joined(events: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for event in events {
        match out.last_mut() {
            Some(last) if !last.starts_with('<') && !event.starts_with('<') => {
                last.push(' ');
                last.push_str(event);
            }
            _ => out.push(event.clone()),
        }
    }
    out
}
