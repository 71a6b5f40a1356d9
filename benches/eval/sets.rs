//! The documentation for the questions: the user guide of this repository, and DITA documentation of other projects.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::knowledge::Server;
use crate::{Case, Failure, Set};

/// Minimum number of characters in a document without its question.
const LEAST_BODY: usize = 200;

/// Returns the sets whose documents are available.
pub fn all(server: &Server, root: &Path, corpora: &Path) -> Result<Vec<Set>, Failure> {
    let guide = ["dita", "confluence"].map(|source| (source, root.join("examples/docs").join(source)));
    let guide = server.normalize("guide", &guide)?;
    let by_hand = hand_written(&root.join("benches/eval/questions.tsv"))?;
    let ids: HashSet<&str> = guide.iter().filter_map(|document| document["id"].as_str()).collect();
    if let Some(stale) = by_hand.iter().flat_map(|case| &case.answers).find(|answer| !ids.contains(answer.as_str())) {
        return Err(format!("questions.tsv names {stale}, which is no document of the guide").into());
    }
    let mut sets = vec![
        known_items("guide, known items", &guide),
        Set { name: "guide, by hand".into(), documents: guide, cases: by_hand },
    ];
    sets.reverse();
    for (name, folder) in [("DITA-OT docs", "dita-ot-docs"), ("Thunderbird", "dita-gnostyx-thunderbird/Thunderbird")] {
        let folder = corpora.join(folder);
        if folder.is_dir() {
            let documents = server.normalize(&name.replace(' ', "-"), &[("dita", folder)])?;
            sets.push(known_items(&format!("{name}, known items"), &documents));
        } else {
            eprintln!("skipped {name}: {} is not there", folder.display());
        }
    }
    Ok(sets)
}

/// Makes a question from the title and first paragraph of each document, and removes them from the document.
fn known_items(name: &str, documents: &[Value]) -> Set {
    let mut set = Set { name: name.into(), documents: Vec::new(), cases: Vec::new() };
    for document in documents {
        // A map repeats the titles and first paragraphs of its topics. Search does not return hidden documents.
        let is_map = document["id"].as_str().is_some_and(|id| id.starts_with("map:"));
        if is_map || document["meta"]["searchable"] == false {
            continue;
        }
        let mut document = document.clone();
        let body = document["text_md"].as_str().unwrap_or_default().to_owned();
        if let Some((first, others)) = body.split_once("\n\n") {
            let is_prose = first.starts_with(char::is_alphabetic) && !first.contains('\n');
            if is_prose && others.len() >= LEAST_BODY {
                let title = document["title"].as_str().unwrap_or_default();
                let answers = vec![document["id"].as_str().unwrap_or_default().to_owned()];
                set.cases.push(Case { question: format!("{title}. {first}"), answers });
                document["title"] = "-".into();
                document["text_md"] = others.into();
                document["breadcrumbs"] = Value::Array(Vec::new());
            }
        }
        set.documents.push(document);
    }
    set
}

/// Reads `question<TAB>document|document` lines.
fn hand_written(path: &Path) -> Result<Vec<Case>, Failure> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (question, answers) = line.split_once('\t').ok_or_else(|| format!("no tab in {line:?}"))?;
            Ok(Case { question: question.to_owned(), answers: answers.split('|').map(str::to_owned).collect() })
        })
        .collect()
}
