//! The filter of a search. Pages, the JSON API and MCP use the same names for its parameters.

use std::sync::LazyLock;

use schemars::JsonSchema;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::db::conditions::add_conditions;
use crate::db::search::SearchFilter;
use crate::ids::RunId;
use crate::serve::problem::Problem;

/// Selects the documents to search. Without any parameter, a search includes all documents that the caller may read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, IntoParams, JsonSchema)]
#[into_params(parameter_in = Query)]
pub struct Filter {
    /// Only documents of these sources. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub source: Vec<String>,
    /// Only documents with one of these labels. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub label: Vec<String>,
    /// Only documents in these languages, such as `english` or `de`. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub language: Vec<String>,
    /// Only documents whose last change in the source was on this day or later.
    #[serde(default)]
    #[param(format = Date)]
    #[schemars(extend("format" = "date"))]
    pub updated_from: Option<String>,
    /// Only documents whose last change in the source was on this day or earlier.
    #[serde(default)]
    #[param(format = Date)]
    #[schemars(extend("format" = "date"))]
    pub updated_to: Option<String>,
    /// Only documents with one of these quality flags, such as `too_short`. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub flag: Vec<String>,
    /// Only documents without these quality flags. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub without_flag: Vec<String>,
    /// Only documents below these paths in their source. * is any text, and ? is one character. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub path: Vec<String>,
    /// Only documents below one of these titles (breadcrumbs). Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub ancestor: Vec<String>,
    /// Only documents of runs whose id matches. * is any text, and ? is one character.
    #[serde(default)]
    #[param(min_length = 1)]
    pub run_id: Option<String>,
    /// Only documents of these runs. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<RunId>)]
    pub run_ids: Vec<String>,
    /// Only documents with KEY=VALUE, KEY>=DATE or KEY<=DATE in their metadata. Another value of the same key is an alternative.
    #[serde(default, rename = "where")]
    #[param(value_type = Vec<Condition>)]
    pub conditions: Vec<String>,
    /// No answers with these words or phrases. Can be repeated.
    #[serde(default)]
    #[param(value_type = Vec<FilterText>)]
    pub without: Vec<String>,
}

/// A value of a filter.
#[derive(utoipa::ToSchema)]
#[schema(min_length = 1)]
#[allow(dead_code, reason = "describes the lists of a filter")]
pub struct FilterText(String);

/// A condition for metadata.
#[derive(utoipa::ToSchema)]
#[schema(
    pattern = r"^[A-Za-z0-9_.-]+(= *[^\s\x00].*|[<>]=[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8])))$"
)]
#[allow(dead_code, reason = "describes the parameter where")]
pub struct Condition(String);

/// The names of the parameters.
static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| Filter::into_params(|| None).into_iter().map(|parameter| parameter.name).collect());

impl Filter {
    /// Returns whether `name` is a parameter of a filter.
    pub fn has(name: &str) -> bool {
        NAMES.iter().any(|known| known == name)
    }

    /// Returns the name and the value of each given parameter.
    pub fn pairs(&self) -> Vec<(&'static str, &str)> {
        let lists = [
            ("source", &self.source),
            ("label", &self.label),
            ("language", &self.language),
            ("flag", &self.flag),
            ("without_flag", &self.without_flag),
            ("path", &self.path),
            ("ancestor", &self.ancestor),
            ("run_ids", &self.run_ids),
            ("where", &self.conditions),
            ("without", &self.without),
        ];
        let single = [("updated_from", &self.updated_from), ("updated_to", &self.updated_to), ("run_id", &self.run_id)];
        let lists = lists.into_iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value.as_str())));
        let single = single.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
        lists.chain(single).collect()
    }

    /// Converts the parameters to a filter of the SQL functions, which check the values.
    pub fn to_search(&self) -> Result<SearchFilter, Problem> {
        let mut filter = SearchFilter {
            source: self.source.clone(),
            label: self.label.clone(),
            language: self.language.clone(),
            flag: self.flag.clone(),
            without_flag: self.without_flag.clone(),
            path: self.path.clone(),
            ancestor: self.ancestor.clone(),
            run_ids: self
                .run_ids
                .iter()
                .map(|name| name.parse())
                .collect::<Result<_, _>>()
                .map_err(Problem::invalid)?,
            run_id_glob: self.run_id.clone(),
            without: self.without.clone(),
            ..SearchFilter::default()
        };
        for (end, date) in [("from", &self.updated_from), ("to", &self.updated_to)] {
            if let Some(date) = date {
                filter.updated.insert(end.into(), date.as_str().into());
            }
        }
        add_conditions(&mut filter, &self.conditions)?;
        Ok(filter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_is_in_the_address_and_in_the_filter() {
        let query = NAMES.iter().map(|name| format!("{name}=status=1")).collect::<Vec<_>>().join("&");
        let mut filter: Filter = serde_html_form::from_str(&query.replace("run_ids=status=1", "run_ids=r")).unwrap();
        let mut paired: Vec<&str> = filter.pairs().into_iter().map(|(name, _)| name).collect();
        let mut names = NAMES.clone();
        paired.sort_unstable();
        names.sort_unstable();
        assert_eq!(paired, names);
        assert_eq!(
            filter.to_search().unwrap().to_json().as_object().unwrap().len(),
            names.len() - 1,
            "updated has two"
        );
        filter.run_ids = vec!["../x".into()];
        assert_eq!(filter.to_search().unwrap_err().status, 400);
    }
}
