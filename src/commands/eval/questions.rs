//! The questions of an evaluation: read from a file, or made of the titles of documents.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use postgres::Client;
use sha2::{Digest as _, Sha256};

use crate::db::conditions::add_conditions;
use crate::db::documents;
use crate::db::search::{Hit, SearchFilter};
use crate::error::{Error, Result};
use crate::sections;

/// Number of documents that `--known-items` reads at a time.
const PAGE: i32 = 1000;

/// A question, and the documents or sections that answer it.
pub(super) struct Case {
    /// The file and the line of the question.
    pub(super) place: String,
    pub(super) question: String,
    pub(super) answers: Vec<String>,
    pub(super) filter: SearchFilter,
}

/// Rejects a question whose answer is not a document, or not a section of one. Search could never find it.
pub(super) fn check_answers(client: &mut Client, case: &Case) -> Result<()> {
    let principals = case.filter.principals.as_deref();
    let refused = |what: &str| {
        Err(Error::Usage {
            message: format!("{}: {what}", case.place),
            hint: Some("`trailblazer ask --json` prints the ids of documents. A section is doc#heading.".into()),
        })
    };
    for answer in &case.answers {
        if documents::find_document(client, answer, None, principals)?.is_some_and(|found| found.doc_id == *answer) {
            continue;
        }
        let Some((document, section)) = answer.rsplit_once('#') else {
            return refused(&format!("no document \"{answer}\""));
        };
        let found = documents::find_document(client, document, None, principals)?;
        let Some(found) = found.filter(|found| found.doc_id == document) else {
            return refused(&format!("no document \"{document}\""));
        };
        let mut titles: Vec<String> = sections::sections(&found.body).into_iter().map(|known| known.title).collect();
        titles.push(found.title);
        if titles.iter().all(|title| anchor(title) != anchor(section)) {
            return refused(&format!("document \"{document}\" has no section \"{section}\""));
        }
    }
    Ok(())
}

/// Returns a hash of the questions and their answers.
pub(super) fn digest(cases: &[Case]) -> String {
    let mut hash = Sha256::new();
    for case in cases {
        hash.update(format!("{}\t{}\t{}\n", case.question, case.answers.join("|"), case.filter.to_json()));
    }
    hex::encode(hash.finalize())
}

/// Reads a file that the command line names.
pub(super) fn read_file(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))
}

/// Reads lines in the format `question<TAB>document|document[<TAB>condition;condition]`.
/// Empty lines and lines that begin with # are skipped.
pub(super) fn read_cases(path: &Path) -> Result<Vec<Case>> {
    let text = read_file(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| {
            let place = format!("{} line {}", path.display(), number + 1);
            let mut columns = line.split('\t').map(str::trim);
            let question = columns.next().unwrap_or_default();
            let answers: Vec<String> = columns
                .next()
                .unwrap_or_default()
                .split('|')
                .map(|answer| answer.trim().to_owned())
                .filter(|answer| !answer.is_empty())
                .collect();
            if question.is_empty() || answers.is_empty() {
                return Err(Error::Usage {
                    message: format!("{place}: expected a question, a tab and document ids"),
                    hint: Some("Write a question, a tab, and document ids separated by |.".into()),
                });
            }
            let mut wanted = SearchFilter::default();
            let conditions: Vec<String> = columns
                .next()
                .unwrap_or_default()
                .split(';')
                .map(|condition| condition.trim().to_owned())
                .filter(|condition| !condition.is_empty())
                .collect();
            add_conditions(&mut wanted, &conditions)
                .map_err(|error| Error::Usage { message: format!("{place}: {error}"), hint: error.hint() })?;
            Ok(Case { place, question: question.to_owned(), answers, filter: wanted })
        })
        .collect()
}

/// Returns the titles of the visible documents as questions. Every document with the title answers the question.
pub(super) fn known_items(client: &mut Client, readable: &SearchFilter) -> Result<Vec<Case>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut cases: Vec<Case> = Vec::new();
    let mut after = String::new();
    loop {
        let page = documents::list_documents(client, &after, PAGE, readable)?;
        let Some(last) = page.last() else { break };
        after.clone_from(&last.doc_id);
        for document in page {
            if !document.title.contains(char::is_alphanumeric) || document.bytes == 0 {
                continue;
            }
            let place = *places.entry(document.title.clone()).or_insert(cases.len());
            match cases.get_mut(place) {
                Some(case) => case.answers.push(document.doc_id),
                None => cases.push(Case {
                    place: "a title".into(),
                    question: document.title,
                    answers: vec![document.doc_id],
                    filter: readable.clone(),
                }),
            }
        }
    }
    Ok(cases)
}

/// Returns the rank of the first answer among the hits, counted from 1.
pub(super) fn rank_of(hits: &[Hit], answers: &[String]) -> Option<u32> {
    let mut documents: Vec<&str> = Vec::new();
    for hit in hits {
        if !documents.contains(&hit.doc_id.as_str()) {
            documents.push(&hit.doc_id);
        }
        let is_answer = answers.iter().any(|answer| match answer.rsplit_once('#') {
            _ if *answer == hit.doc_id => true,
            Some((document, section)) => {
                document == hit.doc_id && hit.heading_path.iter().any(|heading| anchor(heading) == anchor(section))
            }
            None => false,
        });
        if is_answer {
            return u32::try_from(documents.len()).ok();
        }
    }
    None
}

/// Returns the letters and digits of a heading or an anchor.
fn anchor(heading: &str) -> String {
    heading.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
