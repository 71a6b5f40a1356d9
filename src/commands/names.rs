//! Suggests existing names if a filter selects nothing.

use postgres::Client;

use crate::config::nearest_name;
use crate::db::calls::{self, Filter};
use crate::db::conditions::KEYS;
use crate::db::search::SearchFilter;
use crate::error::Result;

/// Maximum number of names in a warning.
const NAMED: usize = 10;

/// Warns about unknown names in a filter that selected nothing.
pub fn warn_of_unknown(client: &mut Client, filter: &Filter, labels: &[String]) {
    attempt(|| {
        warn_of_absent(client, Absent::All, &filter.source, labels)?;
        warn_of_patterns(client, filter)
    });
}

/// Warns about unknown names in a filter that also has known ones. The result does not show the mistake.
pub fn warn_of_some_unknown(client: &mut Client, sources: &[String], labels: &[String]) {
    attempt(|| warn_of_absent(client, Absent::Some, sources, labels));
}

/// Warns about keys of metadata that no document has, in a search that found nothing.
pub fn warn_of_unknown_keys(client: &mut Client, asked: &SearchFilter) {
    attempt(|| {
        if asked.meta.is_empty() {
            return Ok(());
        }
        let known = calls::list_meta_keys(client)?;
        for key in asked.meta.keys() {
            // A key with dots is a path into an object.
            let name = key.split('.').next().unwrap_or_default();
            if known.iter().any(|known| known == name) {
                continue;
            }
            let all = KEYS.iter().copied().chain(known.iter().map(String::as_str));
            let nearest = if name == "run_id" { Some("run") } else { nearest_name(name, all, 2) };
            match nearest {
                Some(nearest) => log::warn!("no document has the key {name}; did you mean {nearest}?"),
                None => log::warn!("no document has the key {name}; found {}", listed(&known)),
            }
        }
        Ok(())
    });
}

/// Runs an optional check. Its error is only logged.
fn attempt(check: impl FnOnce() -> Result<()>) {
    if let Err(error) = check() {
        log::debug!("{error}");
    }
}

/// Whether all or only some names of a list must be unknown for a warning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Absent {
    All,
    Some,
}

fn warn_of_absent(client: &mut Client, absent: Absent, sources: &[String], labels: &[String]) -> Result<()> {
    let kinds: [(&[String], &str, Known); 2] =
        [(sources, "run has the source", calls::list_sources), (labels, "document has the label", calls::list_labels)];
    for (wanted, holder, known) in kinds {
        if wanted.is_empty() || absent == Absent::Some && wanted.len() < 2 {
            continue;
        }
        let known = known(client)?;
        let unknown: Vec<&String> = wanted.iter().filter(|name| !known.contains(name)).collect();
        if (unknown.len() == wanted.len()) != (absent == Absent::All) {
            continue;
        }
        for name in unknown {
            log::warn!("no {holder} {name}; found {}", listed(&known));
        }
    }
    Ok(())
}

/// A function that lists the known names.
type Known = fn(&mut Client) -> Result<Vec<String>>;

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
        (Some(from), None) => Some(format!("on or after {from}")),
        (None, Some(to)) => Some(format!("on or before {to}")),
        (Some(from), Some(to)) => Some(format!("between {from} and {to}")),
    };
    if let Some(dates) = dates
        && selects_none(Filter { normalized_from: from, normalized_to: to, ..Filter::default() })?
    {
        log::warn!("no runs were normalized {dates}; `trailblazer runs list` shows the dates");
    }
    for model in &filter.embedding_model {
        if selects_none(Filter { embedding_model: vec![model.clone()], ..Filter::default() })? {
            log::warn!("no run was embedded with {model}; `trailblazer models list` lists the models");
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
