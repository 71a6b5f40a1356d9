//! Detects the language of a document if its source does not declare it.

use std::borrow::Cow;

use whatlang::{Detector, Lang};

/// The number of characters that are examined.
const SAMPLE: usize = 4000;

/// The languages with a stemmer in PostgreSQL, and other common languages of documentation.
const KNOWN: &[Lang] = &[
    Lang::Ara,
    Lang::Cat,
    Lang::Ces,
    Lang::Cmn,
    Lang::Dan,
    Lang::Deu,
    Lang::Ell,
    Lang::Eng,
    Lang::Est,
    Lang::Fin,
    Lang::Fra,
    Lang::Heb,
    Lang::Hin,
    Lang::Hun,
    Lang::Hye,
    Lang::Ind,
    Lang::Ita,
    Lang::Jpn,
    Lang::Kor,
    Lang::Lit,
    Lang::Nep,
    Lang::Nld,
    Lang::Nob,
    Lang::Pol,
    Lang::Por,
    Lang::Ron,
    Lang::Rus,
    Lang::Spa,
    Lang::Srp,
    Lang::Swe,
    Lang::Tam,
    Lang::Tha,
    Lang::Tur,
    Lang::Ukr,
    Lang::Vie,
    Lang::Yid,
];

/// Returns the ISO 639-3 code of the language of a Markdown text, or `None` if it is uncertain.
#[must_use]
pub fn detected(markdown: &str) -> Option<&'static str> {
    let prose = prose(markdown);
    let found = Detector::with_allowlist(KNOWN.to_vec()).detect(&prose)?;
    found.is_reliable().then(|| found.lang().code())
}

/// Returns the beginning of a text without code, because code has no language.
fn prose(markdown: &str) -> Cow<'_, str> {
    let end = markdown.char_indices().nth(SAMPLE).map_or(markdown.len(), |(end, _)| end);
    let sample = &markdown[..end];
    if !sample.contains('`') {
        return Cow::Borrowed(sample);
    }
    let mut in_fence = false;
    let mut prose = String::with_capacity(sample.len());
    for line in sample.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            // Every second part is between backticks.
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    Cow::Owned(prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_some_sentences_has_a_language() {
        let texts = [
            (
                "eng",
                "The worker renews its claim while it embeds the chunks, so that nobody else takes the run away from it. If \
                 the worker is killed, another one continues when the lease has expired.",
            ),
            (
                "deu",
                "Der Dienst erneuert seine Sperre, solange er die Abschnitte verarbeitet, damit niemand anderes den Lauf übernimmt.",
            ),
            (
                "fra",
                "Le service renouvelle son verrou tant qu'il traite les sections, afin que personne d'autre ne reprenne le travail.",
            ),
            (
                "rus",
                "Служба продлевает блокировку, пока обрабатывает разделы, чтобы никто другой не забрал эту работу.",
            ),
            ("jpn", "新しいデータベースを作成してから、索引を削除します。"),
        ];
        for (language, text) in texts {
            assert_eq!(detected(text), Some(language), "{text}");
        }
    }

    #[test]
    fn what_is_no_prose_has_none() {
        for text in [
            "",
            "42",
            "`SELECT id FROM run`",
            "```sql\nselect the worker from the queue where it waits for work\n```\n",
        ] {
            assert_eq!(detected(text), None, "{text}");
        }
    }
}
