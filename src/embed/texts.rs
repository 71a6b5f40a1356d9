//! Computes vectors for texts from outside the database. Each text gets the model's prefix.
//! Texts that are too long are rejected.

use super::{EmbedError, Provider, batches};

/// Maximum number of texts in one call of the provider.
const MAX_TEXTS: usize = 256;

/// How the model uses a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextKind {
    /// A question. It gets the model's prefix for questions.
    Query,
    /// A part of a document. It gets the prefix for documents.
    Document,
}

/// Returns one result for each text, in order: its vector, or the reason why it has none.
/// A text is rejected if it has no visible character or is too long for the model.
pub fn embed_texts(
    provider: &dyn Provider,
    kind: TextKind,
    texts: &[&str],
    batch_tokens: usize,
) -> Result<Vec<Result<Vec<f32>, String>>, EmbedError> {
    let model = provider.model();
    let prefix = match kind {
        TextKind::Query => &model.query_prefix,
        TextKind::Document => &model.document_prefix,
    };
    let inputs: Vec<String> = texts.iter().map(|text| format!("{prefix}{text}")).collect();
    let counts: Vec<usize> = inputs.iter().map(|input| provider.tokenizer().count(input)).collect();
    let mut results: Vec<Result<Vec<f32>, String>> = texts
        .iter()
        .zip(&counts)
        .map(|(text, &count)| {
            if text.trim().is_empty() {
                Err("the text is empty".to_owned())
            } else if count > model.max_tokens {
                Err(format!(
                    "the text has {count} tokens, but {} reads only {}; split it",
                    model.name, model.max_tokens
                ))
            } else {
                Ok(Vec::new())
            }
        })
        .collect();
    let fitting: Vec<usize> = (0..texts.len()).filter(|&index| results[index].is_ok()).collect();
    let fitting_counts: Vec<usize> = fitting.iter().map(|&index| counts[index]).collect();
    for batch in batches(&fitting_counts, batch_tokens, MAX_TEXTS) {
        let indexes: Vec<usize> = batch.iter().map(|&place| fitting[place]).collect();
        let batch: Vec<&str> = indexes.iter().map(|&index| inputs[index].as_str()).collect();
        let vectors = provider.embed(&batch)?;
        for (index, vector) in indexes.into_iter().zip(vectors) {
            results[index] = Ok(vector);
        }
    }
    if results.iter().any(|result| result.as_ref().is_ok_and(Vec::is_empty)) {
        return Err(EmbedError::Transient { message: format!("{} returned too few vectors", model.provider) });
    }
    Ok(results)
}

/// Returns the vector of a question with the model's prefix for questions. Words beyond the model's limit are ignored.
/// In this case, `on_cut` is called before the question is embedded.
pub fn embed_question(provider: &dyn Provider, question: &str, on_cut: impl FnOnce()) -> Result<Vec<f32>, EmbedError> {
    let model = provider.model();
    let text = format!("{}{question}", model.query_prefix);
    let mut starts = Vec::new();
    provider.tokenizer().token_starts(&text, &mut starts);
    let most = model.max_tokens.saturating_sub(provider.tokenizer().special_tokens());
    let end = starts.get(most).copied().unwrap_or(text.len());
    if end < text.len() {
        on_cut();
    }
    let vectors = provider.embed(&[text.get(..end).unwrap_or(&text)])?;
    vectors.into_iter().next().ok_or_else(|| EmbedError::Transient {
        message: format!("{} returned no vector for the question", model.provider),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embed::Hash;

    #[test]
    fn texts_keep_their_order_and_the_unfit_are_named() {
        let provider = Hash::new();
        let long = "word ".repeat(provider.model().max_tokens + 1);
        let results = embed_texts(&provider, TextKind::Document, &["one", " ", &long, "two"], 8192).unwrap();
        assert_eq!(results[0].as_ref().unwrap(), &provider.embed(&["one"]).unwrap()[0]);
        assert_eq!(results[3].as_ref().unwrap(), &provider.embed(&["two"]).unwrap()[0]);
        assert_eq!(results[1], Err("the text is empty".to_owned()));
        assert!(results[2].as_ref().unwrap_err().contains("split it"));
    }

    #[test]
    fn a_long_question_is_read_up_to_the_limit() {
        let provider = Hash::new();
        assert!(embed_question(&provider, &"word ".repeat(100_000), || ()).is_ok());
    }
}
