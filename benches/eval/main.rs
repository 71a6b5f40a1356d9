//! Measures the search quality for known items and for questions written by hand. Prints a Markdown table on standard output.
//!
//! For a known item, the question is the title and the first paragraph of a document. The answer is the rest of the document.
//!
//! Run it with `make eval`. `TRAILBLAZER_CORPORA` is a folder with more documentation. Its DITA folders are used.

mod measure;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{Scores, rank_of};
use postgres::{Client, NoTls};
use serde_json::Value;
use trailblazer::commands::ask::embed_question;
use trailblazer::db::install;
use trailblazer::db::local::LocalServer;
use trailblazer::db::search::{self, SearchFilter};
use trailblazer::embed::{Local, Provider, Weights};

type Failure = Box<dyn std::error::Error>;

/// Number of chunks in a result that are evaluated. Documents are ranked by their first chunk.
const DEPTH: i32 = 50;
/// Minimum number of characters in a known item after the question is removed.
const LEAST_BODY: usize = 200;

/// A question, and the documents that answer it.
struct Case {
    question: String,
    answers: Vec<String>,
}

fn main() -> Result<(), Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let model = std::env::var_os("TRAILBLAZER_EVAL_MODEL")
        .map_or_else(|| root.join("var/models/all-MiniLM-L6-v2"), PathBuf::from);
    let bench =
        Bench { root, provider: Local::load(&model, Weights::F32)?, model, home: tempfile::tempdir_in("/tmp")? };
    let server = LocalServer::throwaway(bench.home.path(), &root.join("var/pg/18/bin"))?;
    server.start()?;
    let outcome = bench.run(&server);
    server.stop()?;
    outcome
}

struct Bench<'a> {
    root: &'a Path,
    model: PathBuf,
    provider: Local,
    home: tempfile::TempDir,
}

impl Bench<'_> {
    fn run(&self, server: &LocalServer) -> Result<(), Failure> {
        println!("| questions | by | recall@1 | recall@10 | MRR | nDCG@10 |\n|---|---|--:|--:|--:|--:|");
        let guide = [("dita", "examples/docs/dita"), ("confluence", "examples/docs/confluence")];
        let guide: Vec<_> = guide.iter().map(|(source, path)| (*source, self.root.join(path))).collect();
        let artifacts = self.normalize("guide", &guide)?;
        let cases = hand_written(&self.root.join("benches/eval/questions.tsv"))?;
        self.measure(server, "guide, by hand", &artifacts, &cases)?;
        self.known_items(server, "guide, known items", &artifacts)?;

        let corpora =
            std::env::var_os("TRAILBLAZER_CORPORA").map_or_else(|| self.root.join("../shared/corpora"), PathBuf::from);
        for (name, folder) in
            [("DITA-OT docs", "dita-ot-docs"), ("Thunderbird", "dita-gnostyx-thunderbird/Thunderbird")]
        {
            let folder = corpora.join(folder);
            if folder.is_dir() {
                let artifacts = self.normalize(&name.replace(' ', "-"), &[("dita", folder)])?;
                self.known_items(server, &format!("{name}, known items"), &artifacts)?;
            } else {
                eprintln!("skipped {name}: {} is not there", folder.display());
            }
        }
        Ok(())
    }

    /// Normalizes folders. Returns the lines of the documents.
    fn normalize(&self, name: &str, folders: &[(&str, PathBuf)]) -> Result<Vec<Value>, Failure> {
        let database = "postgresql://nowhere.invalid/none";
        let mut documents = Vec::new();
        for (source, folder) in folders {
            let workspace = self.home.path().join("normalized").join(name).join(source);
            // Without a database, the registration fails. The artifact has been written before.
            let input = folder.to_string_lossy();
            let _ = self
                .command(database, &workspace)
                .args(["normalize", &input, "--source", source, "--run-id", "r"])
                .output()?;
            let artifact = workspace.join("runs/r/normalize/normalized.ndjson");
            let text = fs::read_to_string(&artifact).map_err(|error| format!("{}: {error}", artifact.display()))?;
            for line in text.lines() {
                documents.push(serde_json::from_str(line)?);
            }
        }
        Ok(documents)
    }

    /// Uses the title and the first paragraph of each document as the question, and removes them from the document.
    fn known_items(&self, server: &LocalServer, name: &str, documents: &[Value]) -> Result<(), Failure> {
        let mut cases = Vec::new();
        let mut rest = Vec::new();
        for document in documents {
            // A map repeats the titles and first paragraphs of its topics.
            if document["id"].as_str().is_some_and(|id| id.starts_with("map:")) {
                continue;
            }
            let mut document = document.clone();
            let body = document["text_md"].as_str().unwrap_or_default().to_owned();
            if let Some((first, others)) = body.split_once("\n\n") {
                let is_prose = first.starts_with(|c: char| c.is_alphabetic()) && !first.contains('\n');
                if is_prose && others.len() >= LEAST_BODY {
                    let title = document["title"].as_str().unwrap_or_default();
                    let answers = vec![document["id"].as_str().unwrap_or_default().to_owned()];
                    cases.push(Case { question: format!("{title}. {first}"), answers });
                    document["title"] = "-".into();
                    document["text_md"] = others.into();
                    document["breadcrumbs"] = Value::Array(Vec::new());
                }
            }
            rest.push(document);
        }
        self.measure(server, name, &rest, &cases)
    }

    /// Loads and embeds the documents in a separate database, asks all questions, and prints three lines of the table.
    fn measure(&self, server: &LocalServer, name: &str, documents: &[Value], cases: &[Case]) -> Result<(), Failure> {
        let database: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        Client::connect(&server.database_url("postgres"), NoTls)?
            .batch_execute(&format!("create database {database}"))?;
        let url = server.database_url(&database);
        let workspace = self.home.path().join(&database);
        let mut client = Client::connect(&url, NoTls)?;
        install::install(&mut client)?;
        let lines = documents.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let artifact = workspace.join("runs/all/normalize/normalized.ndjson");
        fs::create_dir_all(artifact.parent().unwrap_or(&workspace))?;
        fs::write(artifact, lines)?;
        for args in [&["runs", "backfill"][..], &["run"]] {
            let done = self.command(&url, &workspace).args(args).output()?;
            if !done.status.success() {
                return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
            }
        }

        let vectors =
            cases.iter().map(|case| embed_question(&self.provider, &case.question)).collect::<Result<Vec<_>, _>>()?;
        for by in ["words", "vectors", "both"] {
            let mut scores = Scores::default();
            for (case, vector) in cases.iter().zip(&vectors) {
                let found = self.ask(&mut client, &case.question, vector, by)?;
                let rank = rank_of(&found, &case.answers);
                if rank.is_none_or(|rank| rank > 1) && std::env::var_os("TRAILBLAZER_EVAL_MISSES").is_some() {
                    eprintln!("{by}: {rank:?} {:?}", case.question);
                }
                scores.add(rank);
            }
            println!("| {name} ({}) | {by} | {scores} |", cases.len());
        }
        Ok(())
    }

    /// Returns the documents in the result, best first.
    fn ask(&self, client: &mut Client, text: &str, vector: &[f32], by: &str) -> Result<Vec<String>, Failure> {
        let vector = (by != "words").then(|| (vector.to_vec(), self.provider.model().name.as_str()));
        let text = if by == "vectors" { "" } else { text };
        let hits = search::search(
            client,
            &search::Question {
                text,
                vector,
                limit: DEPTH,
                per_document: 1,
                min_score: None,
                filter: SearchFilter::default(),
            },
        )?;
        let mut seen = HashSet::new();
        Ok(hits.into_iter().map(|hit| hit.doc_id).filter(|id| seen.insert(id.clone())).collect())
    }

    fn command(&self, url: &str, workspace: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
        command
            .current_dir(self.home.path())
            .env("TRAILBLAZER_DB_URL", url)
            .env("TRAILBLAZER_WORKSPACE_DIR", workspace)
            .env("TRAILBLAZER_EMBED_PROVIDER", "local")
            .env("TRAILBLAZER_EMBED_MODEL", &self.model);
        command
    }
}

/// Reads `question<TAB>document|document` lines.
fn hand_written(path: &Path) -> Result<Vec<Case>, Failure> {
    let text = fs::read_to_string(path)?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (question, answers) = line.split_once('\t').ok_or_else(|| format!("no tab in {line:?}"))?;
            Ok(Case { question: question.to_owned(), answers: answers.split('|').map(str::to_owned).collect() })
        })
        .collect()
}
