//! What a filter that selects nothing may have meant: the names there are.

use postgres::Client;

use crate::db::calls;
use crate::error::Result;

/// How many names a warning lists.
const NAMED: usize = 10;

/// Warns of sources and labels that nothing has, for a filter that selected nothing.
pub fn warn_of_unknown(client: &mut Client, sources: &[String], labels: &[String]) {
    let mut warn = |wanted: &[String], holder: &str, known: fn(&mut Client) -> Result<Vec<String>>| {
        if wanted.is_empty() {
            return;
        }
        match known(client) {
            Ok(known) => {
                for name in wanted.iter().filter(|name| !known.contains(name)) {
                    log::warn!("no {holder} {name}; there are {}", listed(&known));
                }
            }
            // Told on the side: what was asked is answered.
            Err(error) => log::debug!("{error}"),
        }
    };
    warn(sources, "run has the source", calls::list_sources);
    warn(labels, "document has the label", calls::list_labels);
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
