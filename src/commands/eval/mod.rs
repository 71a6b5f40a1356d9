//! `trailblazer eval`

mod questions;
mod scores;

use std::path::{Path, PathBuf};

use postgres::Client;

use super::Context;
use crate::commands::ask::embed_question;
use crate::commands::model::served_provider;
use crate::commands::reading::ReadAs;
use crate::commands::rerank::{rerank, reranker};
use crate::config::Config;
use crate::db::Connector;
use crate::db::search::{self, Question, SearchFilter};
use crate::embed::Provider;
use crate::error::{Error, Exit, Result};
use crate::options::{Answer, MAX, whole_number};
use crate::terminal::print_line;
use questions::{Case, check_answers, digest, known_items, rank_of, read_cases};
use scores::{Miss, Outcome, Scores, has_lost, print, read_baseline};

/// The method that `ask` uses with the configured reranker.
const RERANKED: &str = "reranked";
/// Number of documents in a result that are evaluated.
const DEPTH: i32 = 50;

/// Measure how well search answers your own questions
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Each line of FILE contains a question, a tab, and the ids of the documents that answer it, separated by |. Write doc#heading for a section. A third \
column can contain conditions in the syntax of `ask --where`, separated by semicolons.

Examples:
  trailblazer eval questions.tsv
  trailblazer eval questions.tsv --json > before.json
  trailblazer eval questions.tsv --baseline before.json     Exit with code 1 if results get worse
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
    let scored = score(&mut client, &cases, provider.as_deref(), &context.config)?;
    let outcome = Outcome { questions_sha256: Some(questions_sha256), ..scored };
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

/// Asks all questions by each method: words, vectors, both, and both with the reranker, as far as they are available.
fn score(client: &mut Client, cases: &[Case], provider: Option<&dyn Provider>, config: &Config) -> Result<Outcome> {
    let reranker = reranker(config)?;
    let mut ways = if provider.is_some() { vec!["words", "vectors", "both"] } else { vec!["words"] };
    if reranker.is_some() {
        ways.push(RERANKED);
    }
    let mut outcome = Outcome {
        questions: cases.len(),
        by: ways.iter().map(|by| ((*by).to_owned(), Scores::default())).collect(),
        ..Outcome::default()
    };
    let share = 1.0 / f64::from(u32::try_from(cases.len()).unwrap_or(u32::MAX));
    for case in cases {
        let reading = search::read_question(client, &case.question, &case.filter)?;
        let vector = match provider {
            Some(provider) => Some((embed_question(provider, &reading.question)?, provider.model().name.as_str())),
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
            let mut hits = search::search(client, &question).map_err(Error::of_model)?;
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
    Ok(outcome)
}
