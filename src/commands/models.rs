//! `trailblazer models`

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;
use postgres::Client;

use super::model::{embed_settings, impatient_settings};
use super::{Context, run, runs};
use crate::config::{Config, HASH_MODEL, ProviderKind};
use crate::db::calls::Filter;
use crate::db::models::{self, Described, ModelBacklog};
use crate::db::{Connector, operations, search};
use crate::embed;
use crate::error::{Error, Exit, Result};
use crate::options::Answer;
use crate::stop::Stop;
use crate::terminal::{counted, print_line, print_table};

/// Number of vectors that one transaction deletes. It limits how long workers wait before they can store vectors.
const VECTORS: i32 = 10_000;

/// List, switch or drop embedding models.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the models with their vectors, runs and sizes. The served model comes first
    #[command(after_help = "\
Examples:
  trailblazer models list
  trailblazer models list --json | jq -r .model

If a search does not name a model, it uses the served model.")]
    List(Answer),
    /// Embed all runs with another model, and then let searches use this model
    #[command(after_help = "\
The runs are embedded with the new model from the backlog, while searches use the served model. The switch is one \
transaction. If the command is stopped, start it again: it continues. Until `models drop`, switching back takes only \
this transaction, and documents that have changed are embedded first.

Set embed.model in the configuration to the same model, for all processes. Otherwise, the next `run` switches back.

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
    #[command(after_help = "Example:\n  trailblazer models drop multilingual-e5-small")]
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
    if context.config.embed.provider == ProviderKind::Hash && name != HASH_MODEL {
        return Err(Error::Usage {
            message: format!("the provider `hash` has one model, `{HASH_MODEL}`"),
            hint: Some("Set embed.provider to the provider of the model.".into()),
        });
    }
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
    let is_known = models::describe(&mut client)?.iter().any(|known| known.model == model);
    if dry_run {
        // A name that no model has is an error without the flag, too.
        embed::provider(&impatient_settings(&config))?;
        log::info!("would switch to {model}: {}", describe_backlog(&left));
        return Ok(Exit::Done);
    }
    if left.texts > 0 || !is_known {
        let prepared = Context { config, ..*context };
        let stop = Stop::on_signals()?;
        let exit = prepare(&mut client, &connector, &model, &prepared, &stop)?;
        if stop.is_asked() {
            log::info!("stopped; `trailblazer models switch {name}` continues");
        }
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    if models::served(&mut client)?.as_deref() != Some(&model) {
        serve(&mut client, &model)?;
    }
    if context.config.embed.model != name {
        log::warn!(
            "embed.model is {}: set it to {name}, or the next `trailblazer run` switches back",
            context.config.embed.model
        );
    }
    Ok(Exit::Done)
}

/// Returns how much work is left before a model can be served, for people.
pub(super) fn describe_backlog(left: &ModelBacklog) -> String {
    if left.texts == 0 {
        return "every text has its vector".into();
    }
    let time = left.seconds.map_or_else(String::new, |seconds| {
        format!(", about {} with one worker", counted((seconds / 60.0).ceil().max(1.0), "minute"))
    });
    format!("{} of {} to embed{time}", counted(left.texts, "text"), counted(left.runs, "run"))
}

/// Embeds all runs with the configured model, which the last run then lets searches use. Repeats this as long as
/// other processes embed some of the runs with another model.
fn prepare(
    client: &mut Client,
    connector: &Connector,
    model: &str,
    context: &Context<'_>,
    stop: &Stop,
) -> Result<Exit> {
    let mut before = i64::MAX;
    loop {
        let exit = run::process_all(context, stop)?;
        if let Some(exit) = stop.exit() {
            return Ok(exit);
        }
        connector.revive(client)?;
        if models::served(client)?.as_deref() == Some(model) {
            return Ok(Exit::Done);
        }
        let left = models::backlog(client, model)?.texts;
        if left == 0 {
            return Ok(Exit::Done);
        }
        if left >= before || exit != Exit::Done {
            let pauses = operations::list_pauses(client, &Filter::default())?;
            let held: i64 = pauses.iter().map(|pause| pause.runs).sum();
            let cause = match pauses.first() {
                Some(pause) if held == 1 => {
                    let run_id = &pause.sample_run_id;
                    format!("run {run_id} is paused; `trailblazer runs resume {run_id}` resumes it")
                }
                Some(_) => format!("{} are paused; `trailblazer runs resume` resumes them", counted(held, "run")),
                None => "runs have failed, or another process embeds with another model".into(),
            };
            log::warn!(
                "searches do not use {model} yet, because {} have no vector under it: {cause}",
                counted(left, "text")
            );
            return Ok(Exit::Failures);
        }
        before = left;
    }
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
    // Until the mean vectors of documents are stored, each search computes them.
    search::refresh(client)?;
    Ok(())
}

/// Returns the configuration with another model of the same provider.
fn with_model(config: &Config, name: &str) -> Config {
    let mut config = config.clone();
    name.clone_into(&mut config.embed.model);
    config
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
