//! Splits the inputs of `normalize` into separate runs: maps, and the deliverables of a DITA-OT project file.

use std::collections::BTreeSet;

use super::Context;
use super::ingest::absolute;
use super::normalize::{Args, Source, name_of, run_id, slug};
use crate::error::{Error, Exit, Result};
use crate::normalize::project;

/// Returns one set of arguments for each run, or `None` if `args` contain a single input that is not a project file.
pub fn split(args: &Args) -> Result<Option<Vec<Args>>> {
    let mut all = Vec::new();
    let mut is_several = !args.further.is_empty();
    for path in std::iter::once(&args.path).chain(&args.further) {
        let name = name_of(&absolute(path)).to_string_lossy().into_owned();
        let deliverables = match args.source {
            Source::Dita => project::read(path).map_err(|error| Error::usage(error.to_string()))?,
            Source::Confluence => None,
        };
        let Some(deliverables) = deliverables else {
            let collection = args.collection.as_ref().map(|own| format!("{own}-{name}"));
            all.push(Args { path: path.clone(), collection, ..one(args, &name)? });
            continue;
        };
        is_several = true;
        for deliverable in deliverables {
            let name = format!("{name}-{}", deliverable.name);
            let collection = args.collection.as_ref().map_or(name.clone(), |own| format!("{own}-{name}"));
            let ditaval = args.ditaval.iter().chain(&deliverable.ditavals).cloned().collect();
            all.push(Args { path: deliverable.input, ditaval, collection: Some(collection), ..one(args, &name)? });
        }
    }
    if !is_several {
        return Ok(None);
    }
    let mut run_ids = BTreeSet::new();
    for one in &all {
        let run_id = run_id(one)?;
        if let Some(run_id) = run_ids.replace(run_id) {
            return Err(Error::usage(format!(
                "two inputs would have the same run id {run_id}; normalize them separately, each with its own --run-id"
            )));
        }
    }
    Ok(Some(all))
}

/// Returns the arguments for one of the inputs. Without `--run-id`, its run has the same id as if it were the only input.
fn one(args: &Args, name: &str) -> Result<Args> {
    let run_id = args.run_id.as_ref().map(|run_id| format!("{run_id}-{}", slug(name)).parse()).transpose();
    Ok(Args { further: Vec::new(), run_id: run_id.map_err(Error::usage)?, ..args.clone() })
}

/// Runs `normalize` for each input. Errors in one run do not stop the others.
pub fn run_all(all: &[Args], context: &Context<'_>, run: impl Fn(&Args, &Context<'_>) -> Result<Exit>) -> Result<Exit> {
    let mut worst = Exit::Done;
    for args in all {
        match run(args, context)? {
            Exit::Done => {}
            Exit::Failures => worst = Exit::Failures,
            stopped => return Ok(stopped),
        }
    }
    Ok(worst)
}
