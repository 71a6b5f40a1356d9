//! `trailblazer ask`

use std::collections::HashSet;
use std::time::Instant;

use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::{Context, names};
use crate::commands::model::impatient_settings;
use crate::db::Connector;
use crate::db::calls::{self, Filter, Run};
use crate::db::search::{self, Hit, Question, SearchFilter};
use crate::embed::{self, EmbedError, Provider};
use crate::error::{Error, Exit, Result};
use crate::events::Event;
use crate::ids::Status;
use crate::terminal::{counted, print_line, print_marked};

/// Most results of one search.
const MOST: i32 = 1000;
/// As far as `graphdb.search` reads a question.
const MOST_CHARACTERS: usize = 10_000;
/// Chunks asked for in place of one answer, because several may be of one document.
const SPARE: i32 = 5;

/// Ask the documentation a question
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer ask \"How do I reset runs that failed?\"
  trailblazer ask 'expired \"claim token\" -python'     With this text, without that word
  trailblazer ask chunk --source dita --limit 3
  trailblazer ask \"back up\" --text-only              By its words alone, without the model
  trailblazer ask \"back up\" | jq -r '.title // empty'   NDJSON in a pipe

The same in SQL: select * from graphdb.search('How do I reset runs that failed?')")]
pub struct Args {
    /// Words, "texts in quotes" that must stand in the answer, -words that must not (quote the whole then; after -- where
    /// it begins with one)
    #[arg(value_name = "QUESTION", required = true)]
    pub question: Vec<String>,
    /// At most N answers
    #[arg(long, value_name = "N", default_value = "5", value_parser = clap::value_parser!(i32).range(1..=i64::from(MOST)))]
    pub limit: i32,
    /// Only documents of this source; may be repeated
    #[arg(long, value_name = "SOURCE", value_parser = NonEmptyStringValueParser::new())]
    pub source: Vec<String>,
    /// Only documents with this label; may be repeated
    #[arg(long, value_name = "LABEL", value_parser = NonEmptyStringValueParser::new())]
    pub label: Vec<String>,
    /// Only documents of runs whose id matches; * is any text, ? one character
    #[arg(long, value_name = "GLOB", value_parser = NonEmptyStringValueParser::new())]
    pub run_id: Option<String>,
    /// Several chunks of one document too, not the best alone
    #[arg(long)]
    pub every_chunk: bool,
    /// By the words alone
    #[arg(long)]
    pub text_only: bool,
}

/// Runs `trailblazer ask`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let begun = Instant::now();
    let text = args.question.join(" ");
    if !text.contains(char::is_alphanumeric) {
        return Err(Error::Usage {
            message: "the question has no word".into(),
            hint: Some("Ask for example: trailblazer ask \"What happens when a worker dies?\"".into()),
        });
    }
    if text.chars().count() > MOST_CHARACTERS {
        log::warn!("the question is long: its words count up to the first {MOST_CHARACTERS} characters");
    }
    // Before a private server is made for a model that is not there.
    let provider = if args.text_only {
        None
    } else {
        Some(embed::provider(&impatient_settings(&context.config)).inspect_err(advise)?)
    };
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let vector = match &provider {
        Some(provider) if search::has_vectors(&mut client, &provider.model().name)? => {
            let vector = embed_question(provider.as_ref(), &text).inspect_err(advise)?;
            Some((vector, provider.model().name.as_str()))
        }
        Some(provider) => {
            log::warn!("nothing is embedded with {}: searching by words alone", provider.model().name);
            None
        }
        None => None,
    };
    let question = Question {
        text: &text,
        vector,
        limit: if args.every_chunk { args.limit } else { args.limit.saturating_mul(SPARE).min(MOST) },
        filter: SearchFilter {
            source: args.source.clone(),
            label: args.label.clone(),
            run_id_glob: args.run_id.clone(),
            ..SearchFilter::default()
        },
    };
    // What is asked with was checked before, but for the vector.
    let mut hits = search::search(&mut client, &question).map_err(Error::of_model)?;
    if !args.every_chunk {
        keep_best_of_each(&mut hits);
        hits.truncate(usize::try_from(args.limit).unwrap_or(usize::MAX));
    }
    let mut advice = "";
    if hits.is_empty() {
        let filter = Filter { run_id_glob: args.run_id.clone(), source: args.source.clone(), ..Filter::default() };
        names::warn_of_unknown(&mut client, &filter, &args.label);
        match unsearched(&mut client, filter, &question.filter)? {
            Some(unsearched) => log::warn!("{unsearched}"),
            None => advice = ": ask with fewer or other words, and without filters",
        }
    }
    if context.events.is_on() {
        emit(&question, &hits, begun, context);
    } else if hits.is_empty() {
        print_line(&format!("nothing found{advice}"))?;
    } else {
        print(&hits, context)?;
    }
    log::debug!("{} in {:.3} s", counted(hits.len(), "answer"), begun.elapsed().as_secs_f64());
    Ok(Exit::Done)
}

/// Says what can be done without the server that is away.
fn advise(error: &EmbedError) {
    if error.may_pass() {
        log::info!("without the embedding server: `trailblazer ask --text-only` goes by the words alone");
    }
}

/// Says so when none of the runs that were asked is embedded, or others hold newer versions of all their documents.
fn unsearched(client: &mut Client, filter: Filter, asked: &SearchFilter) -> Result<Option<String>> {
    let embedded = Filter { status: vec![Status::Embedded], limit: Some(2), ..filter.clone() };
    match calls::list_runs(client, &embedded)?.as_slice() {
        [] => {}
        [run] if search::searched_documents(client, asked)? == 0 => return superseded(client, run),
        _ => return Ok(None),
    }
    let runs = calls::list_runs(client, &Filter { limit: Some(2), ..filter })?;
    let way_on = "`trailblazer run` takes up what is due";
    Ok(match runs.as_slice() {
        [] => None,
        [run] if run.status == Status::Failed => {
            Some(format!("run {0} is failed: `trailblazer runs show {0}` says why", run.run_id))
        }
        [run] => Some(format!("run {} is {}, not embedded yet: {way_on}", run.run_id, run.status)),
        _ => Some(format!("none of the runs asked is embedded yet: {way_on}")),
    })
}

/// Says which run a search finds the documents of `run` in.
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
        format!("no document of run {run_id} is searched: newer runs hold them too, such as {other}{way_on}")
    }))
}

/// Keeps of each document the chunk that comes first.
fn keep_best_of_each(hits: &mut Vec<Hit>) {
    let mut seen = HashSet::new();
    hits.retain(|hit| seen.insert(hit.doc_id.clone()));
}

/// Returns the vector of a question, with the model's prefix for questions; what is beyond the model's limit is left out.
pub fn embed_question(provider: &dyn Provider, question: &str) -> std::result::Result<Vec<f32>, EmbedError> {
    let model = provider.model();
    let text = format!("{}{question}", model.query_prefix);
    let mut starts = Vec::new();
    provider.tokenizer().token_starts(&text, &mut starts);
    let most = model.max_tokens.saturating_sub(provider.tokenizer().special_tokens());
    let end = starts.get(most).copied().unwrap_or(text.len());
    if end < text.len() {
        log::warn!("the question is longer than {} can read: only its start counts for the vector", model.name);
    }
    let vectors = provider.embed(&[text.get(..end).unwrap_or(&text)])?;
    vectors.into_iter().next().ok_or_else(|| EmbedError::Transient {
        message: format!("{} returned no vector for the question", model.provider),
    })
}

fn emit(question: &Question<'_>, hits: &[Hit], begun: Instant, context: &Context<'_>) {
    for (place, hit) in hits.iter().enumerate() {
        context.events.emit(&Event::AskResult {
            place: place + 1,
            run_id: &hit.run_id,
            doc_id: &hit.doc_id,
            ord: hit.ord,
            title: &hit.title,
            heading_path: &hit.heading_path,
            url: hit.url.as_deref(),
            text: &hit.text,
            text_rank: hit.text_rank,
            vector_rank: hit.vector_rank,
            score: hit.score,
        });
    }
    context.events.emit(&Event::AskComplete {
        question: question.text,
        model: question.vector.as_ref().map(|(_, model)| *model),
        found: hits.len(),
        seconds: begun.elapsed().as_secs_f64(),
    });
}

fn print(hits: &[Hit], context: &Context<'_>) -> Result<()> {
    for (place, hit) in hits.iter().enumerate() {
        if place > 0 {
            print_line("")?;
        }
        print_marked(&format!("{}. \u{1}{}\u{2}", place + 1, plain(&hit.title)), context.bold)?;
        // The path begins with the title.
        if let Some(headings) = hit.heading_path.get(1..).filter(|headings| !headings.is_empty()) {
            print_line(&format!("   {}", headings.join(" > ")))?;
        }
        print_line(&format!("   {}", hit.url.as_deref().unwrap_or(&hit.doc_id)))?;
        print_marked(&format!("   {}", snippet(hit)), context.bold)?;
        if context.verbose {
            let rank = |rank: Option<i32>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
            print_line(&format!(
                "   score {:.4}, by words {}, by vector {}, {} {} chunk {}",
                hit.score,
                rank(hit.text_rank),
                rank(hit.vector_rank),
                hit.run_id,
                hit.doc_id,
                hit.ord
            ))?;
        }
    }
    Ok(())
}

/// Returns the snippet on one line.
fn snippet(hit: &Hit) -> String {
    hit.snippet.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns `text` without the characters that mark.
fn plain(text: &str) -> String {
    text.replace(['\u{1}', '\u{2}'], "")
}
