//! The prefixes that a model expects before a question and before a text of a document.

/// Configured prefixes. `None` means the prefix in the files of the model, or no prefix for a provider without files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefixes {
    /// The prefix of a question.
    pub query: Option<String>,
    /// The prefix of a text from a document.
    pub document: Option<String>,
}

/// The number of characters of a prefix that appear in a model's name.
const SHOWN: usize = 24;

impl Prefixes {
    /// Returns the name of the model `name` with these prefixes, such as `e5-small+query+passage`. The prefixes are part of the
    /// name, because vectors with other prefixes are not comparable.
    #[must_use]
    pub fn model_name(&self, name: &str) -> String {
        let query = self.query.as_deref().map(word).unwrap_or_default();
        let document = self.document.as_deref().map(word).unwrap_or_default();
        match (query.is_empty(), document.is_empty()) {
            (true, true) => name.to_owned(),
            (false, true) => format!("{name}+{query}"),
            (_, false) => format!("{name}+{query}+{document}"),
        }
    }
}

/// Returns the letters and digits of a prefix as one word.
fn word(prefix: &str) -> String {
    let parts = prefix.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").chars().take(SHOWN).collect()
}

/// The prefixes that well-known models expect: part of the model's name, prefix of a question, prefix of a document.
/// The first match counts.
const USUAL: [(&str, &str, &str); 15] = [
    ("nomic-embed", "search_query: ", "search_document: "),
    ("modernbert-embed", "search_query: ", "search_document: "),
    ("e5-mistral", "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ", ""),
    (
        "e5-large-instruct",
        "Instruct: Given a web search query, retrieve relevant passages that answer the query\nQuery: ",
        "",
    ),
    ("e5-", "query: ", "passage: "),
    ("bge-small-en", BGE_QUERY, ""),
    ("bge-base-en", BGE_QUERY, ""),
    ("bge-large-en", BGE_QUERY, ""),
    ("bge-large:", BGE_QUERY, ""),
    ("bge-large-zh", "为这个句子生成表示以用于检索相关文章：", ""),
    ("mxbai-embed-large", BGE_QUERY, ""),
    ("arctic-embed-m-v2", "query: ", ""),
    ("arctic-embed-l-v2", "query: ", ""),
    ("arctic-embed", BGE_QUERY, ""),
    ("embeddinggemma", "task: search result | query: ", "title: none | text: "),
];
const BGE_QUERY: &str = "Represent this sentence for searching relevant passages: ";

/// Returns the prefixes for questions and documents of a well-known model, by its name.
#[must_use]
pub fn usual_prefixes(model: &str) -> Option<(&'static str, &'static str)> {
    let model = model.to_lowercase();
    // A model's name may begin with the name of the publisher, and other names may end with `e5`.
    let begins = |at: usize| model.get(..at).is_none_or(|before| !before.ends_with(char::is_alphanumeric));
    let names = |part: &str| model.match_indices(part).any(|(at, _)| begins(at));
    USUAL.iter().find(|(part, ..)| names(part)).map(|(_, query, document)| (*query, *document))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_models_are_found_by_any_usual_name() {
        for (model, query) in [
            ("nomic-embed-text", "search_query: "),
            ("nomic-embed-text:v1.5", "search_query: "),
            ("nomic-ai/nomic-embed-text-v1.5", "search_query: "),
            ("intfloat/multilingual-e5-small", "query: "),
            ("intfloat/E5-base-v2", "query: "),
            ("BAAI/bge-small-en-v1.5", BGE_QUERY),
            ("Snowflake/snowflake-arctic-embed-m", BGE_QUERY),
            ("snowflake-arctic-embed-l-v2.0", "query: "),
        ] {
            assert_eq!(usual_prefixes(model).map(|(query, _)| query), Some(query), "{model}");
        }
        for model in ["all-MiniLM-L6-v2", "BAAI/bge-m3", "text-embedding-3-small", "code5-model"] {
            assert_eq!(usual_prefixes(model), None, "{model}");
        }
    }

    #[test]
    fn every_set_of_prefixes_has_a_name_of_its_own() {
        let name = |query: &str, document: &str| {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            Prefixes { query: some(query), document: some(document) }.model_name("m")
        };
        assert_eq!(name("", ""), "m");
        assert_eq!(name("query: ", ""), "m+query");
        assert_eq!(name("", "passage: "), "m++passage");
        assert_eq!(name("search_query: ", "search_document: "), "m+search_query+search_document");
        assert_eq!(name("Represent this sentence for searching relevant passages: ", ""), "m+Represent-this-sentence-");
    }
}
