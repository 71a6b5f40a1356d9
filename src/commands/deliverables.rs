//! Splits the inputs of `normalize` into separate runs: maps, and the deliverables of a DITA-OT project file.

use std::path::Path;

use super::Context;
use super::normalize::{Args, Source};
use crate::error::{Error, Exit, Result};
use crate::ids::RunId;
use crate::normalize::project;

/// Returns one set of arguments for each run. Returns `None` if `args` contain a single input that is not a project file.
pub fn split(args: &Args) -> Result<Option<Vec<Args>>> {
    let mut all = Vec::new();
    let mut is_several = !args.further.is_empty();
    for path in std::iter::once(&args.path).chain(&args.further) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let deliverables = match args.source {
            Source::Dita => project::read(path).map_err(|error| Error::usage(error.to_string()))?,
            Source::Confluence => None,
        };
        match deliverables {
            Some(deliverables) => {
                is_several = true;
                for deliverable in deliverables {
                    let ditaval = args.ditaval.iter().chain(&deliverable.ditavals).cloned().collect();
                    let name = format!("{stem}-{}", deliverable.name);
                    all.push(one(args, &name, &deliverable.input, ditaval)?);
                }
            }
            None => all.push(one(args, &stem, path, args.ditaval.clone())?),
        }
    }
    for (index, later) in all.iter().enumerate() {
        if all.iter().take(index).any(|earlier| earlier.run_id == later.run_id) {
            let run_id = later.run_id.as_ref().map(ToString::to_string).unwrap_or_default();
            return Err(Error::usage(format!(
                "two inputs would have the same run id {run_id}; normalize them separately, each with its own --run-id"
            )));
        }
    }
    Ok(is_several.then_some(all))
}

/// Returns the arguments of one run. Its name is the name of the input.
fn one(args: &Args, name: &str, path: &Path, ditaval: Vec<std::path::PathBuf>) -> Result<Args> {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' }).collect();
    let source = match args.source {
        Source::Dita => "dita",
        Source::Confluence => "confluence",
    };
    let run_id = match &args.run_id {
        Some(run_id) => format!("{run_id}-{name}"),
        None => format!("{name}-{source}"),
    };
    let collection = args.collection.as_ref().map_or_else(|| name.clone(), |collection| format!("{collection}-{name}"));
    let run_id: RunId = run_id.parse().map_err(Error::usage)?;
    Ok(Args {
        path: path.to_owned(),
        further: Vec::new(),
        run_id: Some(run_id),
        collection: Some(collection),
        ditaval,
        ..args.clone()
    })
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
