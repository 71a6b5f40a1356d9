//! Rules for the chunks of every document, checked on generated documents. The conformance tests check them on the corpora.

mod examples;

use std::collections::HashMap;

use trailblazer::chunk::{Chunk, Kind, Limits, chunk, uncovered};
use trailblazer::embed::{Hash, Provider as _};

/// The limits that the tests use, the default first.
pub const LIMITS: [Limits; 4] = [
    Limits { max_tokens: 256, min_tokens: 40, overlap_tokens: 0 },
    Limits { max_tokens: 256, min_tokens: 40, overlap_tokens: 30 },
    Limits { max_tokens: 64, min_tokens: 16, overlap_tokens: 0 },
    Limits { max_tokens: Limits::LEAST, min_tokens: 4, overlap_tokens: 4 },
];

/// Number of generated documents in each test.
const DOCUMENTS: u64 = 25;

fn chunks(body: &str, limits: Limits) -> Vec<Chunk> {
    chunk("The title", body, limits, Hash::new().tokenizer())
}

/// Fails with the rule that the chunks of `body` violate.
pub fn check(name: &str, body: &str, limits: Limits) {
    let hash = Hash::new();
    let found = chunks(body, limits);
    // Headings are short and have content. With the smallest limits and hostile documents, there is no room for both.
    let is_roomy = limits.max_tokens == 256 && name.starts_with("seed");
    assert_eq!(uncovered(body, &found), None, "{name}: text is lost under {limits:?}");
    for chunk in &found {
        let Chunk { range, text, token_count, .. } = chunk;
        assert!(
            *token_count <= limits.max_tokens,
            "{name} at {range:?}: {token_count} tokens under {limits:?}:\n{text}"
        );
        assert_eq!(*token_count, hash.tokenizer().count(text), "{name} at {range:?}: wrong count");
        assert!(text.contains(&body[range.clone()]), "{name} at {range:?}: the text is not the body's");
        let is_title = body.trim().is_empty() && found.len() == 1;
        assert!(is_title || !body[range.clone()].trim().is_empty(), "{name} at {range:?}: blank");
        let is_heading = |line: &str| line.trim().is_empty() || line.starts_with('#');
        let has_content = !body[range.clone()].lines().all(is_heading);
        assert!(has_content || found.len() == 1 || !is_roomy, "{name} at {range:?}: a heading stands alone:\n{text}");
        if !chunk.cut {
            let before = body[..range.start].chars().next_back();
            let after = body[range.start..].chars().next();
            let inside_word = [before, after].iter().all(|c| c.is_some_and(|c| c.is_ascii_alphanumeric()));
            assert!(!inside_word, "{name} at {range:?}: begins inside a word without saying so");
        }
    }
}

/// Returns how many texts of `old` are missing in `new`.
fn lost(old: &[Chunk], new: &[Chunk]) -> usize {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for chunk in new {
        *left.entry(&chunk.text).or_default() += 1;
    }
    let survives = |chunk: &&Chunk| {
        left.get_mut(chunk.text.as_str()).filter(|n| **n > 0).is_some_and(|n| {
            *n -= 1;
            true
        })
    };
    old.len() - old.iter().filter(survives).count()
}

/// Returns texts that can be inserted at the top of every document.
fn inserts() -> [String; 3] {
    let sentence = "This paragraph was not here before, and says little. ";
    ["Short.".to_owned(), sentence.repeat(2), sentence.repeat(12)]
}

/// Fails if a paragraph at the top of `body` changes more than two of its chunks.
pub fn check_stability(name: &str, body: &str, limits: Limits) {
    let old = chunks(body, limits);
    for insert in inserts() {
        let new = chunks(&format!("{insert}\n\n{body}"), limits);
        let lost = lost(&old, &new);
        assert!(lost <= 2, "{name}: {lost} of {} chunks changed under {limits:?} by '{insert:.20}'", old.len());
    }
}

#[test]
fn every_rule_holds_for_generated_documents() {
    for seed in 0..DOCUMENTS {
        let body = generate(seed);
        for limits in LIMITS {
            check(&format!("seed {seed}"), &body, limits);
        }
    }
}

#[test]
fn a_paragraph_on_top_of_a_generated_document_changes_at_most_two_chunks() {
    for seed in 0..DOCUMENTS {
        let body = generate(seed);
        for limits in LIMITS {
            check_stability(&format!("seed {seed}"), &body, limits);
        }
    }
}

#[test]
fn a_paragraph_in_the_middle_changes_only_the_chunks_around_it() {
    for seed in 0..DOCUMENTS {
        let body = generate(seed);
        let old = chunks(&body, LIMITS[0]);
        // Insert a paragraph between other independent paragraphs.
        let places: Vec<usize> = body.match_indices("\n\nPara ").map(|(at, _)| at + 2).collect();
        for at in places.into_iter().step_by(5) {
            let new = chunks(&format!("{}{}\n\n{}", &body[..at], inserts()[1], &body[at..]), LIMITS[0]);
            let lost = lost(&old, &new);
            assert!(lost <= 4, "seed {seed} at {at}: {lost} of {} chunks changed", old.len());
        }
    }
}

#[test]
fn hostile_documents_are_cut_in_time() {
    let n = 5_000;
    let documents = [
        "\n\nsame".repeat(n),
        "| a | b |\n".repeat(n),
        format!("| {} |\n|---|\n{}", "head ".repeat(n), "| x |\n".repeat(n)),
        format!("```\n{}", "line\n".repeat(n)),
        format!("```{}\n{}```", "x".repeat(n), "line\n".repeat(n)),
        "# H\n".repeat(n),
        join("\n", (0..n).map(|i| format!("{} h", "#".repeat(i % 6 + 1)))),
        format!("# {}\n{}", "long ".repeat(n), "## sub\n\ntext\n\n".repeat(n)),
        "> ".repeat(n),
        join("\n", (0..200).map(|i| format!("{}- item", "  ".repeat(i)))),
        "[a](".repeat(n),
        "x".repeat(n * 5),
        "e\u{301}".repeat(n),
        format!("a{}", "\u{301}".repeat(n)),
        "。".repeat(n),
        " \u{a0}\u{3000}\u{200b}".repeat(n),
        "\r\n\r\ntext".repeat(n),
    ];
    for (i, body) in documents.iter().enumerate() {
        check(&format!("hostile {i}"), body, LIMITS[0]);
    }
}

#[test]
fn chunks_of_long_documents_are_well_filled() {
    let paragraph = |i: u32| format!("Para {i} says that {}.", sentence(&mut Random(i.into()), 30));
    let body = (0..2000).map(paragraph).collect::<Vec<_>>().join("\n\n");
    let found = chunks(&body, LIMITS[0]);
    let tokens: usize = found.iter().map(|c| c.token_count).sum();
    assert!(tokens / found.len() >= 256 * 6 / 10, "{} tokens in {} chunks", tokens, found.len());
    assert!(found.iter().all(|c| c.kind == Kind::Text));
}

/// A small random number generator, so that the documents are the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

fn join(separator: &str, parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(separator)
}

const WORDS: [&str; 24] = [
    "backlog",
    "run",
    "claim",
    "the",
    "of",
    "a",
    "vector",
    "worker",
    "is",
    "token",
    "lease",
    "database",
    "to",
    "chunk",
    "`code`",
    "[link](https://example.com/a?b=c)",
    "設定",
    "値",
    "**bold**",
    "naïve",
    "e.g.",
    "document's",
    "and",
    "x",
];

fn sentence(random: &mut Random, words: usize) -> String {
    let count = 1 + random.below(words);
    (0..count).map(|_| WORDS[random.below(WORDS.len())]).collect::<Vec<_>>().join(" ")
}

/// Generates a Markdown document with all kinds of blocks.
fn generate(seed: u64) -> String {
    let random = &mut Random(seed);
    let mut body = String::new();
    for i in 0..=random.below(60) {
        let block = match random.below(12) {
            0 | 1 => format!("{} {}", "#".repeat(1 + random.below(4)), sentence(random, 6)),
            2 => list(random),
            3 => code(random),
            4 => table(random),
            5 => format!("> {}\n>\n> - {}", sentence(random, 40), sentence(random, 20)),
            6 => format!("Para {}:", sentence(random, 10)),
            7 => "---".to_owned(),
            _ => join(" ", (0..=random.below(9)).map(|_| format!("Para {i} {}.", sentence(random, 30)))),
        };
        body.push_str(block.trim_end());
        body.push_str("\n\n");
    }
    body
}

fn list(random: &mut Random) -> String {
    let indent = ["", "  ", "    "];
    join("\n", (0..=random.below(15)).map(|_| format!("{}- {}", indent[random.below(3)], sentence(random, 25))))
}

fn code(random: &mut Random) -> String {
    let line = |random: &mut Random| match random.below(4) {
        0 => "\n".to_owned(),
        _ => format!("    let {} = {};\n", random.below(99), sentence(random, 5)),
    };
    let lines: String = (0..random.below(60)).map(|_| line(random)).collect();
    format!("```rust\n{lines}```")
}

fn table(random: &mut Random) -> String {
    let row = |random: &mut Random| format!("| {} | {} |\n", sentence(random, 3), sentence(random, 20));
    let rows: String = (0..random.below(30)).map(|_| row(random)).collect();
    format!("| {} | {} |\n| --- | --- |\n{rows}", sentence(random, 2), sentence(random, 2))
}
