//! `trailblazer models`

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::model::embed_settings;
use super::{Context, run, runs};
use crate::config::Config;
use crate::db::Connector;
use crate::db::models::{self, Described};
use crate::error::{Error, Exit, Result};
use crate::ids::Phase;
use crate::options::Answer;
use crate::stop::Stop;
use crate::terminal::{counted, print_line, print_table};

/// Number of runs that one transaction queues again.
const RUNS: i32 = 1000;
/// Number of vectors that one transaction deletes. It limits how long workers wait before they can store vectors.
const VECTORS: i32 = 10_000;

/// List, switch or drop embedding models.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the models with their vectors, runs and sizes. The served model is first
    #[command(after_help = "If a search does not name a model, it uses the served model.")]
    List(Answer),
    /// Embed all runs with another model, and then let searches use this model
    #[command(after_help = "\
The command queues the runs again and embeds them with the new model. Meanwhile, searches use the served model. The switch is one \
transaction. If you stop the command, start it again to continue. As long as no document changes and \
`models drop` has not deleted the old model, switching back needs only this transaction.

Set embed.model in the configuration to the same model. Otherwise, the next `run` embeds new documents with the old \
model.

Examples:
  trailblazer models switch multilingual-e5-small --dry-run
  trailblazer models switch multilingual-e5-small")]
    Switch {
        /// A model of the configured provider, written as in embed.model
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Report how many texts must be embedded and how long it takes, without changing anything
        #[arg(long)]
        dry_run: bool,
    },
    /// Delete a model with its vectors and its index. The model must not be served
    Drop {
        /// A model from `models list`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Drop without asking
        #[arg(long, short)]
        yes: bool,
    },
}

impl Command {
    /// Returns the output options of `list`, or `None` for the other commands.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        match self {
            Self::List(answer) => Some(*answer),
            Self::Switch { .. } | Self::Drop { .. } => None,
        }
    }
}

/// Runs `trailblazer models …`.
pub fn run(command: Command, context: &Context<'_>) -> Result<Exit> {
    match command {
        Command::List(answer) => list(answer, context),
        Command::Switch { name, dry_run } => switch(&name, dry_run, context),
        Command::Drop { name, yes } => drop_model(&name, yes, context),
    }
}

fn list(answer: Answer, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready()?;
    let described = models::describe(&mut client)?;
    if answer.json || context.events.is_on() {
        for model in &described {
            print_line(&serde_json::to_string(model).unwrap_or_default())?;
        }
        return Ok(Exit::Done);
    }
    let heading = ["model", "served", "provider", "dimensions", "vectors", "runs", "size"].map(str::to_owned);
    let row = |model: &Described| {
        [
            model.model.clone(),
            if model.is_served { "yes" } else { "no" }.to_owned(),
            model.provider.clone(),
            model.dimension.to_string(),
            model.vectors.to_string(),
            model.runs.to_string(),
            format!("{:.1} MB", size_in_mb(model.bytes)),
        ]
    };
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(described.iter().map(row)).map(Vec::from).collect();
    print_table(&rows)?;
    Ok(Exit::Done)
}

/// Returns a size in megabytes, for people.
#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
fn size_in_mb(bytes: i64) -> f64 {
    bytes as f64 / 1e6
}

fn switch(name: &str, dry_run: bool, context: &Context<'_>) -> Result<Exit> {
    let config = with_model(&context.config, name);
    let model = embed_settings(&config).model_name();
    let connector = Connector::new(&context.config)?;
    let mut client = connector.connect_ready_to_work()?;
    let served = models::served(&mut client)?;
    if served.as_deref() == Some(&model) {
        log::info!("{model} is served already");
        return Ok(Exit::Done);
    }
    let left = models::backlog(&mut client, &model)?;
    let time = left.seconds.map_or_else(String::new, |seconds| {
        format!(", about {} with one worker", counted((seconds / 60.0).ceil().max(1.0), "minute"))
    });
    let is_known = models::describe(&mut client)?.iter().any(|known| known.model == model);
    let told = if left.texts == 0 && is_known {
        "every text has its vector".to_owned()
    } else {
        format!("{} of {} to embed{time}", counted(left.texts, "text"), counted(left.runs, "run"))
    };
    if dry_run {
        log::info!("would switch to {model}: {told}");
        return Ok(Exit::Done);
    }
    log::info!("switching to {model}: {told}");
    if left.texts > 0 || !is_known {
        let stop = Stop::on_signals()?;
        while !stop.is_asked() && models::requeue(&mut client, &model, RUNS)? > 0 {}
        let prepared = Context {
            config,
            events: context.events,
            quiet: context.quiet,
            verbose: context.verbose,
            bold: context.bold,
        };
        // The run also serves the model if all texts are already embedded.
        let exit = run::process(&everything(), &prepared, &stop)?;
        if let Some(exit) = stop.exit() {
            log::info!("stopped; `trailblazer models switch {name}` continues");
            return Ok(exit);
        }
        connector.revive(&mut client)?;
        if models::served(&mut client)?.as_deref() != Some(&model) && exit != Exit::Done {
            return Ok(exit);
        }
    }
    if models::served(&mut client)?.as_deref() != Some(&model) {
        serve(&mut client, &model)?;
    }
    if context.config.embed.model != name {
        log::warn!(
            "embed.model is {}; set it to {name}, so that new documents are embedded with that model",
            context.config.embed.model
        );
    }
    Ok(Exit::Done)
}

/// Lets searches use `model`, and reports it.
pub(super) fn serve(client: &mut Client, model: &str) -> Result<()> {
    let before = models::serve(client, model)?;
    let way_back = before.map_or_else(String::new, |before| {
        format!(
            "; `trailblazer models switch {before}` goes back, `trailblazer models drop {before}` deletes its vectors"
        )
    });
    log::info!("searches use {model} now{way_back}");
    Ok(())
}

/// Returns the configuration with another model of the same provider.
fn with_model(config: &Config, name: &str) -> Config {
    let mut config = config.clone();
    name.clone_into(&mut config.embed.model);
    config
}

/// Returns the arguments of a `run` without a selection.
fn everything() -> run::Args {
    run::Args {
        phases: vec![Phase::Chunk, Phase::Embed],
        limit: None,
        workers: None,
        dry_run: false,
        watch: false,
        progress_every: 100,
        selection: runs::Selection { run_id: None, source: Vec::new() },
    }
}

fn drop_model(name: &str, yes: bool, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::new(&context.config)?.connect_ready_to_work()?;
    let described = models::describe(&mut client)?;
    let Some(model) = described.iter().find(|model| model.model == name) else {
        let known: Vec<&str> = described.iter().map(|model| model.model.as_str()).collect();
        return Err(Error::Usage {
            message: format!("no model \"{name}\""),
            hint: Some(format!("Models: {}.", known.join(", "))),
        });
    };
    if model.is_served {
        return Err(Error::Refused {
            message: format!("{name} is served"),
            hint: "Switch to another model first: trailblazer models switch NAME.".into(),
        });
    }
    if !yes {
        runs::confirmed(
            &format!("This drops {name} with {}.", counted(model.vectors, "vector")),
            "drop",
            "Pass --yes to confirm.",
        )?;
    }
    let stop = Stop::on_signals()?;
    let mut deleted = 0;
    while !stop.is_asked() {
        let (vectors, is_dropped) = models::drop_step(&mut client, name, VECTORS)?;
        deleted += vectors;
        if is_dropped {
            log::info!("dropped {name} with {}", counted(deleted, "vector"));
            return Ok(Exit::Done);
        }
    }
    log::info!("stopped after {}; `trailblazer models drop {name}` continues", counted(deleted, "vector"));
    Ok(stop.exit().unwrap_or(Exit::Done))
}
