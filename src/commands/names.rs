//! Suggests existing names if a filter selects nothing.

use postgres::Client;

use crate::db::calls::{self, Filter};
use crate::error::Result;

/// Maximum number of names in a warning.
const NAMED: usize = 10;

/// Warns about unknown names in a filter that selected nothing.
pub fn warn_of_unknown(client: &mut Client, filter: &Filter, labels: &[String]) {
    let mut warn = || {
        warn_of_absent(client, &filter.source, "run has the source", calls::list_sources)?;
        warn_of_absent(client, labels, "document has the label", calls::list_labels)?;
        warn_of_patterns(client, filter)
    };
    // The warning is optional, so an error is only logged.
    if let Err(error) = warn() {
        log::debug!("{error}");
    }
}

fn warn_of_absent(
    client: &mut Client,
    wanted: &[String],
    holder: &str,
    known: fn(&mut Client) -> Result<Vec<String>>,
) -> Result<()> {
    if wanted.is_empty() {
        return Ok(());
    }
    let known = known(client)?;
    for name in wanted.iter().filter(|name| !known.contains(name)) {
        log::warn!("no {holder} {name}; found {}", listed(&known));
    }
    Ok(())
}

/// Warns about run ids and models without listing them, because there may be too many.
fn warn_of_patterns(client: &mut Client, filter: &Filter) -> Result<()> {
    let mut selects_none =
        |filter| calls::list_runs(client, &Filter { limit: Some(1), ..filter }).map(|runs| runs.is_empty());
    if let Some(glob) = &filter.run_id_glob
        && selects_none(Filter { run_id_glob: Some(glob.clone()), ..Filter::default() })?
    {
        log::warn!("no run id matches {glob}; `trailblazer runs list` lists them");
    }
    let (from, to) = (filter.normalized_from.clone(), filter.normalized_to.clone());
    let dates = match (&from, &to) {
        (None, None) => None,
        (Some(from), None) => Some(format!("from {from} on")),
        (None, Some(to)) => Some(format!("until {to}")),
        (Some(from), Some(to)) => Some(format!("from {from} to {to}")),
    };
    if let Some(dates) = dates
        && selects_none(Filter { normalized_from: from, normalized_to: to, ..Filter::default() })?
    {
        log::warn!("no run was normalized {dates}; `trailblazer runs list` shows the dates");
    }
    for model in &filter.embedding_model {
        if selects_none(Filter { embedding_model: vec![model.clone()], ..Filter::default() })? {
            log::warn!("no run was embedded with {model}; `trailblazer db doctor` lists the models");
        }
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    let first: Vec<&str> = names.iter().take(NAMED).map(String::as_str).collect();
    match names.len() {
        0 => "none".into(),
        count if count > NAMED => format!("{} and {} more", first.join(", "), count - NAMED),
        _ => first.join(", "),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_listed_up_to_ten() {
        let names = |count: u32| (1..=count).map(|number| format!("n{number}")).collect::<Vec<_>>();
        assert_eq!(super::listed(&names(0)), "none");
        assert_eq!(super::listed(&names(2)), "n1, n2");
        assert_eq!(super::listed(&names(12)), "n1, n2, n3, n4, n5, n6, n7, n8, n9, n10 and 2 more");
    }
}
