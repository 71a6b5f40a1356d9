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
`error` if the model cannot read the text. The command needs no database.")]
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
        line: 0,
        refused: 0,
        is_done: false,
    };
    let mut batch = Vec::new();
    let mut bytes = Vec::new();
    while !embedding.is_done {
        bytes.clear();
        let count = input.read_until(b'\n', &mut bytes).map_err(Error::file("standard input"))?;
        if count > 0
            && let Some(entry) = embedding.read(&bytes)?
        {
            batch.push(entry);
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
    line: usize,
    refused: usize,
    is_done: bool,
}

impl Embedding<'_> {
    /// Reads one line, which is a string or an object with the key `text`. Returns `None` for a blank line.
    fn read(&mut self, bytes: &[u8]) -> Result<Option<Map<String, Value>>> {
        self.line += 1;
        let refused = |line: usize, what: &str| {
            Err(Error::Usage {
                message: format!("standard input, line {line}: {what}"),
                hint: Some("Pass one text per line, or NDJSON objects such as {\"id\": 1, \"text\": \"…\"}.".into()),
            })
        };
        let Ok(text) = std::str::from_utf8(bytes) else { return refused(self.line, "not UTF-8") };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Ok(None);
        }
        let object = match serde_json::from_str(text) {
            Ok(Value::Object(object)) if object.get("text").is_some_and(Value::is_string) => Some(object),
            _ => None,
        };
        match (*self.is_ndjson.get_or_insert(object.is_some()), object) {
            (true, Some(object)) => Ok(Some(object)),
            (true, None) => refused(self.line, "not a JSON object with the key \"text\", as the first line was"),
            (false, _) => Ok(Some(Map::from_iter([("text".to_owned(), text.into())]))),
        }
    }

    /// Embeds the texts in `entries`, and writes one line for each of them.
    fn write(&mut self, mut entries: Vec<Map<String, Value>>) -> Result<()> {
        let texts: Vec<&str> =
            entries.iter().map(|entry| entry.get("text").and_then(Value::as_str).unwrap_or_default()).collect();
        let results = embed::embed_texts(self.provider, self.kind, &texts, self.batch_tokens)?;
        let mut out = Vec::new();
        for (entry, result) in entries.iter_mut().zip(results) {
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
