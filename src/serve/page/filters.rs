//! The filters of the search page. Each value has the number of its documents.

use maud::{Markup, html};

use super::search::Form;
use crate::serve::api::filter::Filter;
use crate::serve::api::types::{FacetValue, Facets};

/// Parameters that have no list of values. They are shown if the address contains them.
const OTHERS: [(&str, &str); 6] = [
    ("Path", "path"),
    ("Below", "ancestor"),
    ("Metadata", "where"),
    ("Run", "run_id"),
    ("Runs", "run_ids"),
    ("Without words", "without"),
];

/// Returns the filters. They are open if one is selected.
pub fn filters(form: &Form, filter: &Filter, facets: &Facets) -> Markup {
    let pairs = filter.pairs();
    let chosen = |name: &str| pairs.iter().filter(|(key, _)| *key == name).map(|(_, value)| *value).collect::<Vec<_>>();
    html! {
        details.filters open[!pairs.is_empty()] {
            summary { "Filters" @if !pairs.is_empty() { " (" (pairs.len()) ")" } }
            div.kinds {
                (choices("Source", "source", &facets.sources, &chosen("source")))
                (choices("Label", "label", &facets.labels, &chosen("label")))
                (choices("Language", "language", &facets.languages, &chosen("language")))
                (dates(form, filter, &facets.updated))
                (choices("Quality flag", "flag", &facets.flags, &chosen("flag")))
                (choices("Without quality flag", "without_flag", &facets.flags, &chosen("without_flag")))
                @for (legend, name) in OTHERS { (choices(legend, name, &[], &chosen(name))) }
            }
            @if !pairs.is_empty() { p { a href=(form.address(&Filter::default())) { "Remove all filters" } } }
        }
    }
}

/// Returns the check boxes of a filter. Selected values are included even if no document has them.
fn choices(legend: &str, name: &str, values: &[FacetValue], chosen: &[&str]) -> Markup {
    let others = chosen.iter().filter(|chosen| values.iter().all(|known| known.value != **chosen));
    html! {
        @if !values.is_empty() || !chosen.is_empty() {
            fieldset {
                legend { (legend) }
                @for known in values {
                    label {
                        input type="checkbox" name=(name) value=(known.value) checked[chosen.contains(&known.value.as_str())];
                        " " (known.value) " " span.count { (known.documents) }
                    }
                }
                @for value in others {
                    label { input type="checkbox" name=(name) value=(value) checked; " " (value) }
                }
            }
        }
    }
}

/// Returns the fields for the range of the last change, and a link for each year.
fn dates(form: &Form, filter: &Filter, years: &[FacetValue]) -> Markup {
    let range = |from: Option<String>, to: Option<String>| {
        form.address(&Filter { updated_from: from, updated_to: to, ..filter.clone() })
    };
    html! {
        fieldset {
            legend { "Changed" }
            label { "from " input type="date" name="updated_from" value=[&filter.updated_from]; }
            label { "to " input type="date" name="updated_to" value=[&filter.updated_to]; }
            @for year in years {
                @let (from, to) = (format!("{}-01-01", year.value), format!("{}-12-31", year.value));
                @let is_current = filter.updated_from.as_ref() == Some(&from) && filter.updated_to.as_ref() == Some(&to);
                a href=(range(Some(from), Some(to))) aria-current=[is_current.then_some("true")] {
                    (year.value) " " span.count { (year.documents) }
                }
            }
        }
    }
}
