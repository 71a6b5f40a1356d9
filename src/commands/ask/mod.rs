//! `trailblazer ask`

mod display;

use std::time::Instant;

use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::reading::ReadAs;
use super::rerank::{rerank_if_possible, reranker};
use super::{Context, names};
use crate::commands::ask::display::Style;
use crate::commands::model::served_provider;
use crate::db::calls::{self, Filter, Run};
use crate::db::conditions::add_conditions;
use crate::db::search::{self, Hit, Question, Reading, SearchFilter};
use crate::db::{Connector, health};
use crate::embed::{self, EmbedError, Provider};
use crate::error::{Error, Exit, Result};
use crate::events::{Event, EventWriter};
use crate::ids::Status;
use crate::options::{Answer, whole_number};
use crate::terminal::{counted, print_line};

/// Maximum number of results.
const MOST: i32 = 1000;
/// Maximum length of a question, the same as in `graphdb.search`.
const MOST_CHARACTERS: usize = 10_000;
/// Maximum number of chunks of one document with `--every-chunk`.
const EVERY: i32 = 1000;

/// Ask the documentation a question
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer ask \"How do I reset runs that failed?\"
  trailblazer ask 'expired \"claim token\" -python'     Require the phrase, exclude the word
  trailblazer ask chunk --source dita --limit 3
  trailblazer ask \"back up\" --where status=approved --where 'updated>=2026-01-01'
  trailblazer ask \"back up\" --context section       Print whole sections instead of their best parts
  trailblazer ask \"back up\" --text-only             Full-text search only, without the model
  trailblazer ask \"back up\" --json | jq -r '.title // empty'

The same in SQL: select * from graphdb.search('How do I reset runs that failed?')")]
pub struct Args {
    /// Words and "phrases in quotes". Every answer contains the phrases. To exclude a word, write -word at the end and quote the
    /// whole question
    #[arg(value_name = "QUESTION", required = true)]
    pub question: Vec<String>,
    /// Show N documents
    #[arg(long, value_name = "N", default_value = "5", value_parser = whole_number::<i32>(1..=i64::from(MOST)))]
    pub limit: i32,
    /// Only documents of this source; can be repeated
    #[arg(long, value_name = "SOURCE", value_parser = NonEmptyStringValueParser::new())]
    pub source: Vec<String>,
    /// Only documents with this label; can be repeated
    #[arg(long, value_name = "LABEL", value_parser = NonEmptyStringValueParser::new())]
    pub label: Vec<String>,
    /// Only documents of runs whose id matches. * stands for any text, ? for one character
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub run_id: Option<String>,
    /// Only documents with KEY=VALUE, KEY>=DATE or KEY<=DATE. A key is path, ancestor, language, updated, source,
    /// label, run or a key of the metadata. If a KEY is repeated, one of its values must match
    #[arg(long = "where", value_name = "CONDITION", value_parser = NonEmptyStringValueParser::new())]
    pub conditions: Vec<String>,
    /// No answers with this word or phrase; can be repeated
    #[arg(long, value_name = "WORD", value_parser = NonEmptyStringValueParser::new())]
    pub without: Vec<String>,
    /// Only answers with at least this score, from 0 to 1 [default: 0.14 with a model]
    #[arg(long, value_name = "SCORE", value_parser = score)]
    pub min_score: Option<f64>,
    /// Show the whole section, the document, or N neighboring chunks on each side
    #[arg(long, value_name = "section|document|N", value_parser = scope)]
    pub context: Option<String>,
    /// Show more than one chunk of a document. --limit then counts chunks
    #[arg(long)]
    pub every_chunk: bool,
    /// Full-text search only, without the model
    #[arg(long)]
    pub text_only: bool,
    /// Readers.
    #[command(flatten)]
    pub read_as: ReadAs,
    /// Output.
    #[command(flatten)]
    pub answer: Answer,
}

fn score(text: &str) -> std::result::Result<f64, String> {
    match text.parse() {
        Ok(score) if (0.0..=1.0).contains(&score) => Ok(score),
        _ => Err("the score must be a number from 0 to 1".into()),
    }
}

fn scope(text: &str) -> std::result::Result<String, String> {
    let is_count = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_count || matches!(text, "section" | "document") {
        Ok(text.to_owned())
    } else {
        Err("a context is section, document or a number of chunks from 0 to 9999".into())
    }
}

/// Runs `trailblazer ask`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let begun = Instant::now();
    let text = question_text(args)?;
    let mut filter = wanted(args)?;
    let mut client = Connector::for_reading(&context.config)?.connect_ready()?;
    if let Some(notice) = health::lag_notice(&mut client, context.config.database.max_lag_seconds)? {
        log::warn!("{notice}");
    }
    filter.principals = args.read_as.resolve(&mut client, context)?;
    names::warn_of_some_unknown(&mut client, &filter.source, &filter.label);
    let provider = if args.text_only { None } else { provider(&mut client, context)? };
    let reranker = if args.text_only { None } else { reranker(&context.config)? };
    let reading = read_question(&mut client, &text, &filter)?;
    let vector = match &provider {
        Some(provider) => question_vector(&mut client, provider.as_ref(), &reading.question)?,
        None => None,
    };
    let has_meaning = vector.is_some() && provider.as_ref().is_some_and(|provider| provider.model().has_meaning());
    let question = Question {
        text: &reading.question,
        vector,
        limit: reranker.as_ref().map_or(args.limit, |reranker| reranker.depth(args.limit)),
        per_document: if args.every_chunk { EVERY } else { 1 },
        min_score: args.min_score.or(has_meaning.then_some(search::RELEVANT_SCORE)),
        filter,
    };
    // All arguments except the vector have been checked before.
    let mut hits = search::search(&mut client, &question).map_err(Error::of_model)?;
    if args.every_chunk {
        hits.sort_by(|a, b| b.score.total_cmp(&a.score));
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    hits = rerank_if_possible(reranker.as_ref(), &reading.question, hits, limit)?;
    let nothing = if hits.is_empty() { explain_nothing(&mut client, &question)? } else { String::new() };
    let texts = hit_texts(&mut client, &hits, args.context.as_deref(), &question.filter)?;
    if context.events.is_on() {
        let texts = args.context.is_some().then_some(texts.as_slice());
        emit(context.events, &text, &question, &reading, &hits, texts, begun);
    } else if hits.is_empty() {
        print_line(&nothing)?;
    } else {
        display::print(&hits, &texts, Style::of_stdout(context.bold, context.verbose))?;
    }
    log::debug!("{} in {:.3} s", counted(hits.len(), "answer"), begun.elapsed().as_secs_f64());
    Ok(Exit::Done)
}

/// Returns the question as typed. Rejects a question without words.
fn question_text(args: &Args) -> Result<String> {
    let text = args.question.join(" ");
    if !text.contains(char::is_alphanumeric) {
        return Err(Error::Usage {
            message: "the question contains no words".into(),
            hint: Some("Example: trailblazer ask \"What happens when a worker dies?\"".into()),
        });
    }
    if text.chars().count() > MOST_CHARACTERS {
        log::warn!("the question is too long: full-text search uses only its first {MOST_CHARACTERS} characters");
    }
    Ok(text)
}

/// Returns the provider that computes the vector of the question.
fn provider(client: &mut Client, context: &Context<'_>) -> Result<Option<Box<dyn Provider>>> {
    served_provider(client, &context.config).inspect_err(|error| {
        if let Error::Embed(error) = error {
            advise(error);
        }
    })
}

/// Corrects the question, and reports the corrections and the excluded words.
fn read_question(client: &mut Client, text: &str, filter: &SearchFilter) -> Result<Reading> {
    let reading = search::read_question(client, text, filter)?;
    if !reading.without.is_empty() {
        log::info!("without: {}", reading.without.join(", "));
    }
    if !reading.corrections.is_empty() {
        log::info!("corrected: {}", reading.corrections.join(", "));
    }
    Ok(reading)
}

/// Returns the vector of the question and the name of its model, unless the model has no vectors.
fn question_vector<'p>(
    client: &mut Client,
    provider: &'p dyn Provider,
    question: &str,
) -> Result<Option<(Vec<f32>, &'p str)>> {
    let name = &provider.model().name;
    if !search::has_vectors(client, name)? {
        log::warn!("no run is embedded with {name}: using full-text search only");
        return Ok(None);
    }
    Ok(Some((embed_question(provider, question).inspect_err(advise)?, name)))
}

/// Returns the text to print for each hit: its context in `scope`, or its snippet.
fn hit_texts(client: &mut Client, hits: &[Hit], scope: Option<&str>, filter: &SearchFilter) -> Result<Vec<String>> {
    let Some(scope) = scope else { return Ok(hits.iter().map(|hit| hit.snippet.clone()).collect()) };
    let mut texts = Vec::with_capacity(hits.len());
    for hit in hits {
        texts.push(search::context(client, hit, scope, search::CONTEXT_TOKENS, filter)?);
    }
    Ok(texts)
}

/// Returns the filter in the arguments.
fn wanted(args: &Args) -> Result<SearchFilter> {
    let mut wanted = SearchFilter {
        source: args.source.clone(),
        label: args.label.clone(),
        run_id_glob: args.run_id.clone(),
        without: args.without.clone(),
        ..SearchFilter::default()
    };
    add_conditions(&mut wanted, &args.conditions).map_err(|error| Error::Usage {
        message: error.to_string(),
        hint: Some(
            "Write for example --where status=approved or --where 'updated>=2026-01-31', with quotes because > is \
               a redirection."
                .into(),
        ),
    })?;
    Ok(wanted)
}

/// Returns the message for a search without hits, and warns about a possible cause.
fn explain_nothing(client: &mut Client, question: &Question<'_>) -> Result<String> {
    if question.min_score.is_some() {
        let any = Question { min_score: None, limit: 1, ..question.clone() };
        if let Some(best) = search::search(client, &any)?.first() {
            return Ok(format!(
                "nothing relevant found: the best score is {:.2}; --min-score 0 shows all results",
                best.score
            ));
        }
    }
    let asked = &question.filter;
    let filter = Filter { run_id_glob: asked.run_id_glob.clone(), source: asked.source.clone(), ..Filter::default() };
    names::warn_of_unknown(client, &filter, &asked.label);
    names::warn_of_unknown_keys(client, asked);
    Ok(match unsearched(client, filter, &question.filter)? {
        Some(unsearched) => {
            log::warn!("{unsearched}");
            "nothing found".into()
        }
        None => "nothing found: try fewer or different words, or remove filters".into(),
    })
}

/// Suggests what the user can do while the embedding server is unreachable.
fn advise(error: &EmbedError) {
    if error.may_pass() {
        log::info!("`trailblazer ask --text-only` searches without the embedding server");
    }
}

/// Returns a message if none of the selected runs is embedded, or if other runs contain newer versions of all their documents.
fn unsearched(client: &mut Client, filter: Filter, asked: &SearchFilter) -> Result<Option<String>> {
    let embedded = Filter { status: vec![Status::Embedded], limit: Some(2), ..filter.clone() };
    match calls::list_runs(client, &embedded)?.as_slice() {
        [] => {}
        [run] if search::searched_documents(client, asked)? == 0 => return superseded(client, run),
        _ => return Ok(None),
    }
    let runs = calls::list_runs(client, &Filter { limit: Some(2), ..filter })?;
    let way_on = "`trailblazer run` processes what is due";
    Ok(match runs.as_slice() {
        [] => None,
        [run] if run.status == Status::Failed => {
            Some(format!("run {0} has failed: `trailblazer runs show {0}` shows the reason", run.run_id))
        }
        [run] => Some(format!("run {} is {}, not embedded yet: {way_on}", run.run_id, run.status)),
        _ => Some(format!("none of the selected runs is embedded yet: {way_on}")),
    })
}

/// Returns a message that names the run whose versions of the documents searches return instead.
fn superseded(client: &mut Client, run: &Run) -> Result<Option<String>> {
    let others = calls::overlapping_runs(client, &run.run_id)?;
    let run_ids: Vec<_> = others.into_iter().map(|(run_id, _)| run_id).collect();
    if run_ids.is_empty() {
        return Ok(None);
    }
    let embedded = Filter { run_ids, status: vec![Status::Embedded], limit: Some(1), ..Filter::default() };
    Ok(calls::list_runs(client, &embedded)?.pop().map(|other| {
        let (run_id, other) = (&run.run_id, other.run_id);
        let way_on = if run.source == "dita" {
            format!("; to find both, normalize the input of {other} with another --collection")
        } else {
            String::new()
        };
        format!("search finds no document of run {run_id}, because newer runs such as {other} contain them too{way_on}")
    }))
}

/// Returns the vector of a question. Warns if it covers only the start.
pub fn embed_question(provider: &dyn Provider, question: &str) -> std::result::Result<Vec<f32>, EmbedError> {
    let name = &provider.model().name;
    embed::embed_question(provider, question, || {
        log::warn!("the question is longer than {name} can read, so its vector covers only the start");
    })
}

fn emit(
    out: &EventWriter,
    asked: &str,
    question: &Question<'_>,
    reading: &Reading,
    hits: &[Hit],
    contexts: Option<&[String]>,
    begun: Instant,
) {
    for (place, hit) in hits.iter().enumerate() {
        out.emit(&Event::AskResult {
            place: place + 1,
            run_id: &hit.run_id,
            doc_id: &hit.doc_id,
            ord: hit.ord,
            title: &hit.title,
            heading_path: &hit.heading_path,
            url: hit.url.as_deref(),
            path: hit.path.as_deref(),
            updated_at: hit.updated_at,
            text: &hit.text,
            context: contexts.and_then(|contexts| contexts.get(place)).map(String::as_str),
            text_rank: hit.text_rank,
            vector_rank: hit.vector_rank,
            score: hit.score,
            similarity: hit.similarity,
            matched_words: &hit.matched_words,
            rerank_score: hit.rerank_score,
        });
    }
    out.emit(&Event::AskComplete {
        question: asked,
        model: question.vector.as_ref().map(|(_, model)| *model),
        without: &reading.without,
        corrections: &reading.corrections,
        found: hits.len(),
        seconds: begun.elapsed().as_secs_f64(),
    });
}
