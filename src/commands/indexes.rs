//! Builds the vector indexes at the end of `run`, with progress on standard error.

use std::time::Instant;

use postgres::Client;

use super::Context;
use crate::db::Connector;
use crate::db::search::MissingIndex;
use crate::db::vector_index::{self, Outcome};
use crate::error::Result;
use crate::events::Event;
use crate::stop::Stop;
use crate::terminal::{counted, progress_bar};

/// Builds the missing vector indexes. Call it when no text is left to embed.
pub fn build(connector: &Connector, client: &mut Client, stop: &Stop, context: &Context<'_>) -> Result<()> {
    let mut begun = Instant::now();
    let bar = progress_bar(0, "vector", context.quiet);
    let mut on_progress = |index: &MissingIndex, done: u64| {
        bar.set_length(u64::try_from(index.vectors).unwrap_or(0));
        bar.set_position(done);
    };
    let mut on_outcome = |index: &MissingIndex, outcome: Outcome| {
        let seconds = begun.elapsed().as_secs_f64();
        begun = Instant::now();
        let (model, vectors) = (&index.model, index.vectors);
        bar.reset();
        match outcome {
            Outcome::Built => {
                log::info!("indexed {} of {model} in {seconds:.1} s", counted(vectors, "vector"));
                let index = &index.index_name;
                context.events.emit(&Event::IndexComplete { model, index, vectors, seconds });
            }
            Outcome::Busy => log::info!("another process is indexing the vectors of {model}"),
            Outcome::NotOwner => log::info!(
                "{} of {model} have no index, so searches are slow; run `trailblazer run` as the owner of the schema to build it",
                counted(vectors, "vector")
            ),
            Outcome::Canceled(why) => log::warn!(
                "the index of {} of {model} was not built: {why}; the next `trailblazer run` builds it",
                counted(vectors, "vector")
            ),
            Outcome::Stopped => log::info!("stopped before the vectors of {model} were indexed"),
        }
    };
    let kind = context.config.embed.vector_index;
    let built = vector_index::build_missing(connector, client, stop, kind, &mut on_progress, &mut on_outcome);
    bar.finish_and_clear();
    built
}
