//! `trailblazer embed`

use std::io::{self, BufRead as _, BufReader, Write as _};

use clap::ValueEnum;
use serde_json::{Map, Value};

use super::Context;
use super::model::embed_settings;
use crate::embed::{self, Provider, TextKind};
use crate::error::{Error, Exit, Result};
use crate::terminal::counted;

/// Maximum number of lines in a batch.
const BATCH: usize = 256;

/// Size of the read buffer for standard input in bytes.
const BUFFER: usize = 64 * 1024;

/// Compute vectors for texts on standard input, for other programs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo 'How do I reset runs?' | trailblazer embed
  trailblazer embed --kind document < texts.txt           One text per line
  jq -c '{id, text}' pages.json | trailblazer embed       NDJSON: other keys are kept

Each line of standard input yields one line of NDJSON, in order: `text`, `model` and `vector`, or
`error` if the line is empty or cannot be read. The command needs no database.")]
pub struct Args {
    /// Kind of texts. Some models use different prefixes for questions and documents
    #[arg(long, value_enum, value_name = "KIND", default_value = "query")]
    pub kind: Kind,
}

/// The type of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Query,
    Document,
}

/// Runs `trailblazer embed`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let kind = match args.kind {
        Kind::Query => TextKind::Query,
        Kind::Document => TextKind::Document,
    };
    let provider = embed::provider(&embed_settings(&context.config))?;
    let mut input = BufReader::with_capacity(BUFFER, io::stdin());
    let mut embedding = Embedding {
        provider: provider.as_ref(),
        kind,
        batch_tokens: context.config.embed.batch_tokens,
        is_ndjson: None,
        refused: 0,
        is_done: false,
    };
    let mut batch = Vec::new();
    let mut bytes = Vec::new();
    while !embedding.is_done {
        bytes.clear();
        let count = input.read_until(b'\n', &mut bytes).map_err(Error::file("standard input"))?;
        if count > 0 {
            batch.push(embedding.read(&bytes));
        }
        // A program may wait for each answer before it sends more. A file is embedded in batches.
        let is_waiting = !input.buffer().contains(&b'\n');
        if count == 0 || batch.len() == BATCH || is_waiting {
            embedding.write(std::mem::take(&mut batch))?;
        }
        embedding.is_done |= count == 0;
    }
    if embedding.refused > 0 {
        log::warn!("not embedded: {}; see `error` in the output", counted(embedding.refused, "text"));
        return Ok(Exit::Failures);
    }
    Ok(Exit::Done)
}

/// The state of `trailblazer embed`.
struct Embedding<'a> {
    provider: &'a dyn Provider,
    kind: TextKind,
    batch_tokens: usize,
    /// Whether the input is NDJSON. The first line with text decides this.
    is_ndjson: Option<bool>,
    refused: usize,
    is_done: bool,
}

/// A line of the input.
struct Entry {
    /// The keys of the output. They include `text`.
    keys: Map<String, Value>,
    /// The reason why the line is not embedded.
    fault: Option<&'static str>,
}

impl Embedding<'_> {
    /// Reads one line, which is a string or an object with the key `text`.
    fn read(&mut self, bytes: &[u8]) -> Entry {
        let line = String::from_utf8_lossy(bytes);
        let text = line.trim_end_matches(['\r', '\n']);
        let parsed = match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Some(object),
            _ => None,
        };
        let has_text = parsed.as_ref().is_some_and(|object| object.get("text").is_some_and(Value::is_string));
        let is_empty = text.trim().is_empty();
        if self.is_ndjson.is_none() && !is_empty {
            self.is_ndjson = Some(has_text);
        }
        let is_ndjson = self.is_ndjson == Some(true);
        let fault = if std::str::from_utf8(bytes).is_err() {
            Some("the line is not UTF-8")
        } else if is_empty {
            Some("the line is empty")
        } else if is_ndjson && !has_text {
            Some("the line is not a JSON object with the key \"text\", as the first line was")
        } else {
            None
        };
        let keys = parsed.filter(|_| is_ndjson).unwrap_or_else(|| Map::from_iter([("text".to_owned(), text.into())]));
        Entry { keys, fault }
    }

    /// Embeds the texts in `entries`, and writes one line for each of them.
    fn write(&mut self, mut entries: Vec<Entry>) -> Result<()> {
        let sound = entries.iter().filter(|entry| entry.fault.is_none());
        let texts: Vec<&str> =
            sound.map(|entry| entry.keys.get("text").and_then(Value::as_str).unwrap_or_default()).collect();
        let mut results = embed::embed_texts(self.provider, self.kind, &texts, self.batch_tokens)?.into_iter();
        let mut out = Vec::new();
        for Entry { keys: entry, fault } in &mut entries {
            let Some(result) = fault.map_or_else(|| results.next(), |fault| Some(Err(fault.to_owned()))) else { break };
            entry.insert("model".into(), self.provider.model().name.as_str().into());
            match result {
                Ok(vector) => entry.insert("vector".into(), vector.into()),
                Err(error) => {
                    self.refused += 1;
                    entry.insert("error".into(), error.into())
                }
            };
            let _ = serde_json::to_writer(&mut out, entry);
            out.push(b'\n');
        }
        let mut stdout = io::stdout().lock();
        match stdout.write_all(&out).and_then(|()| stdout.flush()) {
            // A reader may close the pipe at any time, so this is not an error.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.is_done = true;
                Ok(())
            }
            Err(error) => Err(Error::Output(error)),
            Ok(()) => Ok(()),
        }
    }
}
