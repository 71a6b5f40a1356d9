//! Reads manual pages in the translations of Debian. The purpose of a page is the question, and the rest of the page is the answer.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::json;

use crate::{Case, Failure, Set};

/// The evaluated languages, by folder.
pub const CODES: [&str; 7] = ["de", "es", "fr", "it", "nl", "pt_BR", "ru"];
/// Maximum number of pages per language, to limit the duration.
const MOST: usize = 200;

/// Reads the pages of one language.
pub fn read(folder: &Path, language: &str) -> Result<Set, Failure> {
    let mut files = Vec::new();
    for section in fs::read_dir(folder.join(language))? {
        for file in fs::read_dir(section?.path())? {
            files.push(file?.path());
        }
    }
    files.sort();
    let mut set = Set { name: language.into(), documents: Vec::new(), cases: Vec::new() };
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "gz")) {
        let mut source = String::new();
        if GzDecoder::new(fs::File::open(file)?).read_to_string(&mut source).is_err() {
            continue;
        }
        let Some((purpose, body)) = page(&source) else { continue };
        let id = format!("{language}/{}", file.file_stem().unwrap_or_default().to_string_lossy());
        set.documents.push(json!({
            "id": id, "title": "-", "text_md": body, "meta": {"language": language.replace('_', "-")}, "labels": [],
            "breadcrumbs": [],
        }));
        set.cases.push(Case { question: purpose, answers: vec![id] });
        if set.cases.len() == MOST {
            break;
        }
    }
    Ok(set)
}

/// Returns the set with another language in the metadata.
pub fn declared(set: &Set, language: &str) -> Set {
    let mut documents = set.documents.clone();
    for document in &mut documents {
        document["meta"]["language"] = language.into();
    }
    Set { name: set.name.clone(), documents, cases: set.cases.clone() }
}

/// Returns the purpose of a page, and the text after its first section and its synopsis as Markdown.
fn page(source: &str) -> Option<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in source.lines() {
        if let Some(heading) = line.strip_prefix(".SH ") {
            sections.push((plain(heading.trim_matches('"')), String::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            match line.split(' ').next().unwrap_or_default() {
                ".PP" | ".P" | ".TP" | ".IP" | ".LP" | ".RS" | ".RE" | ".sp" => body.push_str("\n\n"),
                ".B" | ".I" | ".BR" | ".BI" | ".IR" | ".RB" | ".RI" | ".SM" => {
                    body.push_str(&plain(&line[line.find(' ').unwrap_or(line.len())..]).replace('"', ""));
                    body.push('\n');
                }
                word if word.starts_with(['.', '\'']) => {}
                _ => {
                    body.push_str(&plain(line));
                    body.push('\n');
                }
            }
        }
    }
    let (_, name) = sections.first()?;
    let (_, purpose) = name.split_once(" - ")?;
    let purpose = purpose.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut body = String::new();
    for (heading, text) in sections.iter().skip(2) {
        body.push_str("## ");
        body.push_str(heading);
        body.push_str("\n\n");
        body.push_str(text);
        body.push_str("\n\n");
    }
    (purpose.split(' ').count() >= 3 && body.len() >= 400).then_some((purpose, body))
}

/// Removes troff escape sequences.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match rest.next() {
            Some('f') => {
                if rest.next() == Some('(') {
                    rest.by_ref().take(2).for_each(drop);
                }
            }
            Some('(') => {
                let name: String = rest.by_ref().take(2).collect();
                text.push_str(match name.as_str() {
                    "aq" => "'",
                    "lq" | "rq" | "dq" => "\"",
                    "em" | "en" => "-",
                    "bu" => "*",
                    _ => " ",
                });
            }
            Some('-') => text.push('-'),
            Some('e') => text.push('\\'),
            Some(' ' | '~' | '0') => text.push(' '),
            Some('"') => break,
            Some('&' | '/' | ',' | '|' | '^' | '%' | ':') | None => {}
            Some(other) => text.push(other),
        }
    }
    text
}
