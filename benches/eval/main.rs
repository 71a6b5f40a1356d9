//! Measures how well search answers questions in several knowledge bases. Prints Markdown tables.
//!
//! `make eval` runs it. The knowledge bases stay in `var/eval` (`TRAILBLAZER_EVAL_DIR`), so that only new texts are embedded.
//! `TRAILBLAZER_CORPORA` names a folder with more documentation: DITA folders are taken from it. `TRAILBLAZER_EVAL_MANPAGES` names
//! the folder `man` of Debian's translated manual pages. Arguments select tables.

mod knowledge;
mod languages;
mod measure;
mod names;
mod sets;
mod variants;

use std::path::{Path, PathBuf};

use knowledge::{Knowledge, Server};
use measure::Scores;

type Failure = Box<dyn std::error::Error>;

/// A question, and the documents that answer it. Any of them is a correct answer.
#[derive(Debug, Clone)]
struct Case {
    question: String,
    answers: Vec<String>,
}

/// Documents and the questions about them.
struct Set {
    name: String,
    documents: Vec<serde_json::Value>,
    cases: Vec<Case>,
}

fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let server = Server::start(root)?;
    let outcome = print_tables(&server, root);
    server.stop()?;
    outcome
}

/// Prints the tables that the arguments name, or all.
fn print_tables(server: &Server, root: &Path) -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_wanted = |table: &str| wanted.is_empty() || wanted.iter().any(|word| word == table);
    if is_wanted("ranking") || is_wanted("variants") {
        print_ranking(server, root, is_wanted("variants"))?;
    }
    if is_wanted("names") {
        print_names(server, root)?;
    }
    if is_wanted("languages") {
        print_languages(server)?;
    }
    Ok(())
}

/// Prints how well words, vectors, both, and bm25s find the answers in the same chunks.
fn print_ranking(server: &Server, root: &Path, with_variants: bool) -> Result<(), Failure> {
    println!("| questions | by | recall@1 | recall@10 | MRR | nDCG@10 |\n|---|---|--:|--:|--:|--:|");
    let mut varied = String::new();
    for set in sets::all(server, root, &corpora(root))? {
        let mut knowledge = Knowledge::load(server, &set.name, &set.documents, true)?;
        let title = format!("{} ({})", set.name, set.cases.len());
        for by in ["words", "vectors", "both"] {
            println!("| {title} | {by} | {} |", knowledge.scores(&set.cases, by)?);
        }
        match knowledge.bm25s(&set.cases)? {
            Some(scores) => println!("| {title} | bm25s | {scores} |"),
            None => eprintln!("skipped bm25s: {} is not there", server.bm25s().display()),
        }
        if with_variants {
            for (variant, change) in variants::ALL {
                let cases: Vec<Case> = set
                    .cases
                    .iter()
                    .enumerate()
                    .map(|(seed, case)| Case { question: change(&case.question, seed), ..case.clone() })
                    .collect();
                for by in ["words", "both"] {
                    let line = format!("| {title} | {variant} | {by} | {} |\n", knowledge.scores(&cases, by)?);
                    varied.push_str(&line);
                }
            }
        }
    }
    if with_variants {
        println!(
            "\n| questions | change | by | recall@1 | recall@10 | MRR | nDCG@10 |\n|---|---|---|--:|--:|--:|--:|\n{varied}"
        );
    }
    Ok(())
}

/// Prints how often a page that contains a name verbatim comes first.
fn print_names(server: &Server, root: &Path) -> Result<(), Failure> {
    let sets = names::all(server, root)?;
    let documents: Vec<_> = sets.iter().flat_map(|set| set.documents.iter().cloned()).collect();
    let mut knowledge = Knowledge::load(server, "names", &documents, true)?;
    println!("\n| names | questions | share first, by words | share first, by both |\n|---|--:|--:|--:|");
    let (mut total, mut words, mut both) = (0.0, 0.0, 0.0);
    for set in &sets {
        let count = set.cases.len();
        let (by_words, by_both) = (knowledge.scores(&set.cases, "words")?, knowledge.scores(&set.cases, "both")?);
        println!("| {} | {count} | {:.3} | {:.3} |", set.name, by_words.first(), by_both.first());
        total += by_both.questions();
        words += by_words.first() * by_words.questions();
        both += by_both.first() * by_both.questions();
    }
    println!("| all | {total} | {:.3} | {:.3} |", words / total, both / total);
    Ok(())
}

/// Prints how much full-text search gains if each document is stemmed in its own language.
fn print_languages(server: &Server) -> Result<(), Failure> {
    let Some(folder) = std::env::var_os("TRAILBLAZER_EVAL_MANPAGES").map(PathBuf::from) else {
        eprintln!("skipped languages: TRAILBLAZER_EVAL_MANPAGES is not set");
        return Ok(());
    };
    println!(
        "\n| manual pages | questions | stemmed as | recall@1 | recall@10 | MRR | nDCG@10 |\n|---|--:|---|--:|--:|--:|--:|"
    );
    let rows = |name: &str, set: &Set| -> Result<Scores, Failure> {
        Knowledge::load(server, name, &set.documents, false)?.scores(&set.cases, "words")
    };
    let mut all = Vec::new();
    for language in languages::CODES {
        let set = languages::read(&folder, language)?;
        let count = set.cases.len();
        let english = languages::declared(&set, "en");
        println!("| {language} | {count} | english | {} |", rows(&format!("man-{language}-english"), &english)?);
        println!("| {language} | {count} | its own language | {} |", rows(&format!("man-{language}"), &set)?);
        all.push(set);
    }
    // Pages of all languages in one knowledge base: a question is read in each of them.
    let documents: Vec<_> = all.iter().flat_map(|set| set.documents.iter().cloned()).collect();
    let mut knowledge = Knowledge::load(server, "man-all", &documents, false)?;
    for (language, set) in languages::CODES.iter().zip(&all) {
        println!(
            "| {language} | {} | among all languages | {} |",
            set.cases.len(),
            knowledge.scores(&set.cases, "words")?
        );
    }
    Ok(())
}

fn corpora(root: &Path) -> PathBuf {
    std::env::var_os("TRAILBLAZER_CORPORA").map_or_else(|| root.join("../shared/corpora"), PathBuf::from)
}
