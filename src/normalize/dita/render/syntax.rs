//! Renders syntax diagrams. Each fragment becomes one line of text.

use super::super::dom::{Element, Node, collapse};
use super::super::vocabulary::Kind;
use super::plain::plain_text;
use crate::normalize::tree::Block;

/// Renders a diagram as code. Optional parts are in brackets, and alternatives are separated by `|`.
pub(super) fn diagram(diagram: &Element) -> Block {
    let mut lines = Vec::new();
    let mut line = Vec::new();
    for part in diagram.elements() {
        let kind = Kind::of(part);
        if kind == Kind::Title || part.is("fragment") || part.is("synblk") {
            close(&mut line, &mut lines);
        }
        if part.is("fragment") || part.is("synblk") {
            for inner in part.elements() {
                line.push(text(inner));
                if Kind::of(inner) == Kind::Title {
                    close(&mut line, &mut lines);
                }
            }
            close(&mut line, &mut lines);
        } else if !kind.is_hidden() || part.is("fragref") {
            line.push(text(part));
            if kind == Kind::Title {
                close(&mut line, &mut lines);
            }
        }
    }
    close(&mut line, &mut lines);
    Block::Code { language: String::new(), text: lines.join("\n") }
}

fn close(line: &mut Vec<String>, lines: &mut Vec<String>) {
    let text = join(line, " ");
    if !text.is_empty() {
        lines.push(text);
    }
    line.clear();
}

fn join(parts: &[String], separator: &str) -> String {
    parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join(separator)
}

fn text(element: &Element) -> String {
    // References to the footnotes follow the diagram.
    if Kind::of(element) == Kind::Footnote {
        return String::new();
    }
    let separator = match element.name.as_str() {
        "groupseq" => Some(" "),
        "groupchoice" => Some(" | "),
        "groupcomp" => Some(""),
        _ => None,
    };
    let text = match separator {
        Some(separator) => {
            let parts: Vec<String> = element.children.iter().filter_map(Node::element).map(text).collect();
            let text = join(&parts, separator);
            if separator == " | " && parts.len() > 1 { format!("({text})") } else { text }
        }
        None => collapse(&plain_text(element)),
    };
    if element.attr("importance") == Some("optional") && !text.is_empty() { format!("[{text}]") } else { text }
}

#[cfg(test)]
mod tests {
    use super::super::super::parse::parse;
    use super::*;

    #[test]
    fn groups_sequences_and_options_make_one_line() {
        let xml = "<syntaxdiagram><title>T</title><groupseq><kwd>dita</kwd> <groupcomp><kwd>-f</kwd><oper>=</oper><var>name</var></groupcomp>\
            <groupchoice importance='optional'><kwd>a</kwd><kwd>b</kwd></groupchoice></groupseq></syntaxdiagram>";
        let block = diagram(&parse(xml.as_bytes(), 0).unwrap().root);
        assert_eq!(block, Block::Code { language: String::new(), text: "T\ndita -f=name [(a | b)]".to_owned() });
    }
}
