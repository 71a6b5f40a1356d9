//! `trailblazer eval`

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use postgres::Client;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Context;
use crate::commands::ask::embed_question;
use crate::commands::model::served_provider;
use crate::commands::reading::ReadAs;
use crate::commands::rerank::{rerank, reranker};
use crate::db::Connector;
use crate::db::conditions::add_conditions;
use crate::db::documents;
use crate::db::search::{self, Hit, Question, SearchFilter};
use crate::error::{Error, Exit, Result};
use crate::options::{Answer, MAX, whole_number};
use crate::sections;
use crate::terminal::{counted, print_line, print_table};

/// The method that `ask` uses with the configured reranker.
const RERANKED: &str = "reranked";
/// Number of documents in a result that are evaluated.
const DEPTH: i32 = 50;
/// Number of documents that `--known-items` reads at a time.
const PAGE: i32 = 1000;

/// Measure how well search answers your own questions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line of FILE contains a question, a tab, and the ids of the documents that answer it, separated by |. Write doc#heading for a section. A third \
column can contain conditions in the syntax of `ask --where`, separated by semicolons.

Examples:
  trailblazer eval questions.tsv
  trailblazer eval questions.tsv --json > before.json
  trailblazer eval questions.tsv --baseline before.json     Exit with code 1 if search finds less
  trailblazer eval --known-items --limit 200                Use titles of documents as questions")]
pub struct Args {
    /// Questions and the documents that answer them
    #[arg(value_name = "FILE", required_unless_present = "known_items")]
    pub file: Option<PathBuf>,
    /// Use the titles of all documents as questions
    #[arg(long)]
    pub known_items: bool,
    /// Ask at most N questions
    #[arg(long, value_name = "N", value_parser = whole_number::<usize>(1..=MAX))]
    pub limit: Option<usize>,
    /// An earlier result (--json) to compare with
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Ignore a decrease of a measure up to this value
    #[arg(long, value_name = "SHARE", default_value = "0.01", value_parser = share)]
    pub margin: f64,
    /// Readers.
    #[command(flatten)]
    pub read_as: ReadAs,
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
}

fn share(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1".into()),
    }
}

/// A question, and the documents or sections that answer it.
struct Case {
    /// The file and the line of the question.
    place: String,
    question: String,
    answers: Vec<String>,
    filter: SearchFilter,
}

/// The scores of one search method.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Scores {
    recall_at_1: f64,
    recall_at_10: f64,
    mrr: f64,
    ndcg_at_10: f64,
}

impl Scores {
    /// Adds a question whose answer has the rank `rank`, counted from 1. `share` is 1 divided by the number of questions.
    fn add(&mut self, rank: Option<u32>, share: f64) {
        let Some(rank) = rank else { return };
        self.mrr += share / f64::from(rank);
        if rank == 1 {
            self.recall_at_1 += share;
        }
        if rank <= 10 {
            self.recall_at_10 += share;
            // There is only one relevant document, so the ideal gain is 1.
            self.ndcg_at_10 += share / (1.0 + f64::from(rank)).log2();
        }
    }

    fn measures(&self) -> [(&'static str, f64); 4] {
        [
            ("recall@1", self.recall_at_1),
            ("recall@10", self.recall_at_10),
            ("MRR", self.mrr),
            ("nDCG@10", self.ndcg_at_10),
        ]
    }
}

/// A question whose answer is not the first hit.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Miss {
    by: String,
    question: String,
    /// The rank of the answer, or `None` if it is not among the evaluated documents.
    rank: Option<u32>,
    /// The documents with a higher rank.
    above: Vec<String>,
}

/// The result of the evaluation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Outcome {
    questions: usize,
    /// A hash of the questions and their answers. Results of earlier versions have none.
    #[serde(default)]
    questions_sha256: Option<String>,
    by: Vec<(String, Scores)>,
    misses: Vec<Miss>,
}

/// Runs `trailblazer eval`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let baseline = args.baseline.as_deref().map(read_baseline).transpose()?;
    let baseline_file = args.baseline.as_deref().unwrap_or(Path::new("")).display();
    let mut cases = args.file.as_deref().map(read_cases).transpose()?.unwrap_or_default();
    let mut client = Connector::for_reading(&context.config)?.connect_ready()?;
    let principals = args.read_as.resolve(&mut client, context)?;
    for case in &mut cases {
        case.filter.principals.clone_from(&principals);
        check_answers(&mut client, case)?;
    }
    let provider = served_provider(&mut client, &context.config)?;
    if args.known_items {
        let readable = SearchFilter { principals, ..SearchFilter::default() };
        cases.extend(known_items(&mut client, &readable)?);
    }
    cases.truncate(args.limit.unwrap_or(usize::MAX));
    if cases.is_empty() {
        return Err(Error::Usage {
            message: "there is no question".into(),
            hint: Some(
                "Write a question, a tab and a document id on each line. `trailblazer ask --json` prints the ids."
                    .into(),
            ),
        });
    }
    let questions_sha256 = digest(&cases);
    let is_other = |baseline: &Outcome| {
        let differs = |earlier: &String| *earlier != questions_sha256;
        baseline.questions != cases.len() || baseline.questions_sha256.as_ref().is_some_and(differs)
    };
    if baseline.as_ref().is_some_and(is_other) {
        log::warn!("{baseline_file} was made with other questions, so its scores are not comparable");
    }
    let provider = match provider {
        Some(provider) if search::has_vectors(&mut client, &provider.model().name)? => Some(provider),
        _ => None,
    };
    let reranker = reranker(&context.config)?;
    let mut ways = if provider.is_some() { vec!["words", "vectors", "both"] } else { vec!["words"] };
    if reranker.is_some() {
        ways.push(RERANKED);
    }
    let mut outcome = Outcome {
        questions: cases.len(),
        questions_sha256: Some(questions_sha256),
        by: ways.iter().map(|by| ((*by).to_owned(), Scores::default())).collect(),
        misses: Vec::new(),
    };
    let share = 1.0 / f64::from(u32::try_from(cases.len()).unwrap_or(u32::MAX));
    for case in &cases {
        let reading = search::read_question(&mut client, &case.question, &case.filter)?;
        let vector = match &provider {
            Some(provider) => {
                Some((embed_question(provider.as_ref(), &reading.question)?, provider.model().name.as_str()))
            }
            None => None,
        };
        for (by, scores) in &mut outcome.by {
            let question = Question {
                text: if by == "vectors" { "" } else { &reading.question },
                vector: vector.clone().filter(|_| by != "words"),
                limit: DEPTH,
                per_document: if case.answers.iter().any(|answer| answer.contains('#')) { 3 } else { 1 },
                min_score: None,
                filter: case.filter.clone(),
            };
            let mut hits = search::search(&mut client, &question).map_err(Error::of_model)?;
            if let Some(reranker) = reranker.as_ref().filter(|_| by == RERANKED) {
                hits = rerank(reranker, &reading.question, hits, usize::MAX)?;
            }
            let rank = rank_of(&hits, &case.answers);
            scores.add(rank, share);
            if rank != Some(1) {
                let above = rank.map_or(3, |rank| rank - 1).min(3) as usize;
                let above = hits.iter().take(above).map(|hit| hit.doc_id.clone()).collect();
                outcome.misses.push(Miss { by: by.clone(), question: case.question.clone(), rank, above });
            }
        }
    }
    if args.answer.json {
        print_line(&serde_json::to_string(&outcome).unwrap_or_default())?;
    } else {
        print(&outcome)?;
    }
    Ok(match baseline {
        Some(baseline) if has_lost(&baseline, &outcome, args.margin) => Exit::Failures,
        _ => Exit::Done,
    })
}

/// Rejects a question whose answer is not a document, or not a section of one. Search could never find it.
fn check_answers(client: &mut Client, case: &Case) -> Result<()> {
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
fn digest(cases: &[Case]) -> String {
    let mut hash = Sha256::new();
    for case in cases {
        hash.update(format!("{}\t{}\t{}\n", case.question, case.answers.join("|"), case.filter.to_json()));
    }
    hex::encode(hash.finalize())
}

/// Reads a file that the command line names.
fn read_file(path: &Path) -> Result<String> {
    fs::read_to_string(path).map_err(|error| Error::usage(format!("cannot read {}: {error}", path.display())))
}

/// Reads lines in the format `question<TAB>document|document[<TAB>condition;condition]`.
/// Empty lines and lines that begin with # are skipped.
fn read_cases(path: &Path) -> Result<Vec<Case>> {
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
fn known_items(client: &mut Client, readable: &SearchFilter) -> Result<Vec<Case>> {
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
fn rank_of(hits: &[Hit], answers: &[String]) -> Option<u32> {
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

fn read_baseline(path: &Path) -> Result<Outcome> {
    let text = read_file(path)?;
    serde_json::from_str::<Value>(&text).and_then(serde_json::from_value).map_err(|error| Error::Usage {
        message: format!("{} is not a result of `trailblazer eval --json`: {error}", path.display()),
        hint: Some("Create it with `trailblazer eval … --json > FILE`".into()),
    })
}

/// Returns whether any score is below the baseline by more than the margin, and prints these scores.
fn has_lost(baseline: &Outcome, outcome: &Outcome, margin: f64) -> bool {
    let mut lost = false;
    for (by, before) in &baseline.by {
        let now = outcome.by.iter().find(|(way, _)| way == by).map(|(_, scores)| scores.clone()).unwrap_or_default();
        for ((measure, before), (_, now)) in before.measures().into_iter().zip(now.measures()) {
            if now < before - margin {
                log::warn!("{measure} by {by} fell from {before:.3} to {now:.3}");
                lost = true;
            }
        }
    }
    lost
}

fn print(outcome: &Outcome) -> Result<()> {
    print_line(&counted(outcome.questions, "question"))?;
    let heading = std::iter::once("by".to_owned());
    let mut rows =
        vec![heading.chain(Scores::default().measures().iter().map(|(name, _)| (*name).to_owned())).collect()];
    for (by, scores) in &outcome.by {
        let values = scores.measures().map(|(_, value)| format!("{value:.3}"));
        rows.push(std::iter::once(by.clone()).chain(values).collect::<Vec<String>>());
    }
    print_table(&rows)?;
    for miss in &outcome.misses {
        let rank = miss.rank.map_or_else(|| "not found".to_owned(), |rank| format!("place {rank}"));
        print_line(&format!("\n{} by {}: {}", rank, miss.by, miss.question))?;
        for document in &miss.above {
            print_line(&format!("  above it: {document}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_means_over_the_questions() {
        let mut scores = Scores::default();
        for rank in [Some(1), Some(3), Some(20), None] {
            scores.add(rank, 0.25);
        }
        let expected = [0.25, 0.5, (1.0 + 1.0 / 3.0 + 0.05) / 4.0, (1.0 + 0.5) / 4.0];
        for ((name, value), expected) in scores.measures().into_iter().zip(expected) {
            assert!((value - expected).abs() < 1e-9, "{name} {value}");
        }
    }

    #[test]
    fn a_loss_beyond_the_margin_is_found() {
        let of = |ndcg_at_10| Outcome {
            by: vec![("both".into(), Scores { ndcg_at_10, ..Scores::default() })],
            ..Outcome::default()
        };
        assert!(has_lost(&of(0.8), &of(0.7), 0.01));
        assert!(!has_lost(&of(0.8), &of(0.795), 0.01));
        assert!(!has_lost(&of(0.8), &of(0.9), 0.01));
        assert!(has_lost(&of(0.8), &Outcome::default(), 0.01));
    }
}
