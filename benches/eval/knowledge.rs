//! Manages the server of the evaluation, which is kept, and its databases, one for each set of documents.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgres::{Client, NoTls};
use serde_json::Value;
use trailblazer::commands::ask::embed_question;
use trailblazer::config::Config;
use trailblazer::db::install;
use trailblazer::db::local::LocalServer;
use trailblazer::db::search::{self, SearchFilter};
use trailblazer::embed::{Local, Provider, Weights};

use crate::measure::{Scores, rank_of};
use crate::{Case, Failure};

/// Number of documents of each result that are evaluated.
const DEPTH: i32 = 50;

/// The private server of the evaluation, and the model.
pub struct Server {
    folder: PathBuf,
    model: PathBuf,
    provider: Local,
    local: LocalServer,
}

impl Server {
    /// Starts the server in `var/eval` or in `TRAILBLAZER_EVAL_DIR`.
    pub fn start(root: &Path) -> Result<Self, Failure> {
        let model = std::env::var_os("TRAILBLAZER_EVAL_MODEL")
            .map_or_else(|| root.join("var/models/all-MiniLM-L6-v2"), PathBuf::from);
        let folder = std::env::var_os("TRAILBLAZER_EVAL_DIR").map_or_else(|| root.join("var/eval"), PathBuf::from);
        fs::create_dir_all(&folder)?;
        let mut config = Config::default();
        config.workspace.dir.clone_from(&folder);
        config.database.bin_dir = Some(root.join("var/pg/18/bin"));
        let local = LocalServer::new(&config)?;
        local.start()?;
        Ok(Self { provider: Local::load(&model, Weights::F32)?, folder, model, local })
    }

    /// Stops the server.
    pub fn stop(&self) -> Result<(), Failure> {
        self.local.stop()?;
        Ok(())
    }

    /// Returns the Python interpreter with bm25s.
    pub fn bm25s(&self) -> PathBuf {
        self.folder.join("venv/bin/python")
    }

    /// Returns a connection to the default database of PostgreSQL.
    pub fn connect(&self) -> Result<Client, Failure> {
        Ok(Client::connect(&self.local.database_url("postgres"), NoTls)?)
    }

    /// Returns the URL of a database. Creates the database if it is missing.
    fn database(&self, name: &str) -> Result<String, Failure> {
        let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let mut client = self.connect()?;
        if client.query("select from pg_database where datname = $1", &[&name])?.is_empty() {
            client.batch_execute(&format!("create database {name}"))?;
        }
        Ok(self.local.database_url(&name))
    }

    /// Normalizes folders and returns one line for each document.
    pub fn normalize(&self, name: &str, folders: &[(&str, PathBuf)]) -> Result<Vec<Value>, Failure> {
        let database = "postgresql://nowhere.invalid/none";
        let mut documents = Vec::new();
        for (source, folder) in folders {
            let workspace = self.folder.join("normalized").join(name).join(source);
            // Registering fails without a database, but the artifact is written before.
            let input = folder.to_string_lossy();
            let _ = self
                .command(database, &workspace, true)?
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

    fn command(&self, url: &str, workspace: &Path, by_model: bool) -> Result<Command, Failure> {
        fs::create_dir_all(workspace)?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
        command.current_dir(workspace).env("TRAILBLAZER_DB_URL", url).env("TRAILBLAZER_WORKSPACE_DIR", workspace);
        if by_model {
            command.env("TRAILBLAZER_EMBED_PROVIDER", "local").env("TRAILBLAZER_EMBED_MODEL", &self.model);
        } else {
            command.env("TRAILBLAZER_EMBED_PROVIDER", "hash");
        }
        Ok(command)
    }
}

/// The documents of one set, loaded, chunked and embedded.
pub struct Knowledge<'a> {
    server: &'a Server,
    client: Client,
    folder: PathBuf,
}

impl<'a> Knowledge<'a> {
    /// Updates the database of the set to the documents. They are chunked again, but texts with a vector keep it. Without a model, the
    /// documents are for full-text search alone.
    pub fn load(server: &'a Server, name: &str, documents: &[Value], by_model: bool) -> Result<Self, Failure> {
        let url = server.database(name)?;
        let folder = server.folder.join("sets").join(name.replace([' ', ','], "-"));
        let mut client = Client::connect(&url, NoTls)?;
        install::install(&mut client)?;
        let artifact = folder.join("runs/all/normalize/normalized.ndjson");
        fs::create_dir_all(artifact.parent().unwrap_or(&folder))?;
        fs::write(artifact, documents.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
        for args in [&["runs", "backfill"][..], &["runs", "reset", "--yes"], &["run"]] {
            let done = server.command(&url, &folder, by_model)?.args(args).output()?;
            if !done.status.success() {
                let message = String::from_utf8_lossy(&done.stderr);
                return Err(format!("trailblazer {} for {name}: {message}", args.join(" ")).into());
            }
        }
        Ok(Self { server, client, folder })
    }

    /// Asks every question as `trailblazer ask` does.
    pub fn scores(&mut self, cases: &[Case], by: &str) -> Result<Scores, Failure> {
        let mut scores = Scores::default();
        for case in cases {
            let found = self.ask(&case.question, by)?;
            let rank = rank_of(&found, &case.answers);
            if rank != Some(1) && std::env::var_os("TRAILBLAZER_EVAL_MISSES").is_some() {
                eprintln!("{by}: {rank:?} {:?} {:?} above {:?}", case.question, case.answers, found.first());
            }
            scores.add(rank);
        }
        Ok(scores)
    }

    /// Returns the documents that were found, best first.
    fn ask(&mut self, question: &str, by: &str) -> Result<Vec<String>, Failure> {
        let filter = SearchFilter::default();
        let reading = search::read_question(&mut self.client, question, &filter)?;
        let vector = if by == "words" {
            None
        } else {
            let vector = embed_question(&self.server.provider, &reading.question)?;
            Some((vector, self.server.provider.model().name.as_str()))
        };
        let text = if by == "vectors" { "" } else { &reading.question };
        let question = search::Question { text, vector, limit: DEPTH, per_document: 1, min_score: None, filter };
        let hits = search::search(&mut self.client, &question)?;
        let mut seen = HashSet::new();
        Ok(hits.into_iter().map(|hit| hit.doc_id).filter(|id| seen.insert(id.clone())).collect())
    }

    /// Returns the results of the Python package bm25s for the same chunks, or nothing if it is not installed.
    pub fn bm25s(&mut self, cases: &[Case]) -> Result<Option<Scores>, Failure> {
        let python = self.server.bm25s();
        if !python.exists() {
            return Ok(None);
        }
        let chunks =
            self.client.query("select c.doc_id, c.text from graphdb.chunks as c order by c.doc_id, c.ord", &[])?;
        let chunks: Vec<(String, String)> = chunks.iter().map(|row| (row.get(0), row.get(1))).collect();
        let questions: Vec<_> = cases.iter().map(|case| (&case.question, &case.answers)).collect();
        let input = self.folder.join("bm25s.json");
        fs::write(&input, serde_json::to_string(&(chunks, questions))?)?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/eval/bm25s_search.py");
        let done = Command::new(python).arg(script).arg(&input).output()?;
        if !done.status.success() {
            return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
        }
        let found: Vec<Vec<String>> = serde_json::from_slice(&done.stdout)?;
        let mut scores = Scores::default();
        for (case, found) in cases.iter().zip(&found) {
            scores.add(rank_of(found, &case.answers));
        }
        Ok(Some(scores))
    }
}
