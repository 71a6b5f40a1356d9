//! Our side of `compare.py`. `texts MODEL FILE COUNT` writes chunks of the corpora, and `serve MODEL f32|int8 TEXTS
//! VECTORS THREADS` embeds them.

mod documents;

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, Error, ErrorKind, Result, stdin};
use std::path::Path;
use std::time::Instant;

use trailblazer::chunk::{Limits, chunk};
use trailblazer::embed::{Local, Provider, Weights, batches};

/// The sizes of the selected chunks, in tokens.
const TOKENS: std::ops::RangeInclusive<usize> = 64..=256;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["texts", model, file, count] => texts(Path::new(model), Path::new(file), number(count)?),
        ["serve", model, weights, texts, vectors, threads] => {
            let weights = if *weights == "int8" { Weights::Int8 } else { Weights::F32 };
            let model = Local::load(Path::new(model), weights).map_err(Error::other)?;
            serve(&model, Path::new(texts), Path::new(vectors), number(threads)?)
        }
        _ => {
            eprintln!("run benches/embed/run.sh");
            Ok(())
        }
    }
}

fn number(text: &str) -> Result<usize> {
    text.parse().map_err(Error::other)
}

/// Writes `count` chunks from all parts of the corpora as a JSON array.
fn texts(model: &Path, file: &Path, count: usize) -> Result<()> {
    let model = Local::load(model, Weights::F32).map_err(Error::other)?;
    let limits = Limits { max_tokens: model.model().max_tokens, min_tokens: 40, overlap_tokens: 0 };
    let mut seen = HashSet::new();
    let chunks: Vec<String> = documents::documents()
        .iter()
        .flat_map(|document| chunk(&document.title, &document.text_md, limits, model.tokenizer()))
        .filter(|chunk| TOKENS.contains(&chunk.token_count) && seen.insert(chunk.text.clone()))
        .map(|chunk| chunk.text)
        .collect();
    if chunks.len() < count {
        let message = format!("the corpora have only {} chunks of {TOKENS:?} tokens", chunks.len());
        return Err(Error::new(ErrorKind::NotFound, message));
    }
    let taken: Vec<&String> = (0..count).filter_map(|i| chunks.get(i * chunks.len() / count)).collect();
    fs::write(file, serde_json::to_vec(&taken)?)
}

/// Writes the vector of each text as a row of 32-bit floats. Then, for each line `FROM TO` on standard input, embeds
/// these texts and prints the duration in seconds.
fn serve(model: &Local, texts: &Path, vectors: &Path, threads: usize) -> Result<()> {
    let texts: Vec<String> = serde_json::from_slice(&fs::read(texts)?)?;
    let all: Vec<&str> = texts.iter().map(String::as_str).collect();
    let rows = model.embed(&all).map_err(Error::other)?;
    fs::write(vectors, rows.concat().iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>())?;
    println!("ready");
    for line in stdin().lock().lines() {
        let line = line?;
        let (from, to) = line.split_once(' ').ok_or(ErrorKind::InvalidInput)?;
        let part = all.get(number(from)?..number(to)?).ok_or(ErrorKind::InvalidInput)?;
        println!("{}", embed(model, part, threads)?);
    }
    Ok(())
}

/// Embeds `texts` with several threads. The batches are the same as in the embed phase.
fn embed(model: &Local, texts: &[&str], threads: usize) -> Result<f64> {
    let start = Instant::now();
    let counts: Vec<usize> = texts.iter().map(|text| model.tokenizer().count(text)).collect();
    let batches = batches(&counts, 8192 / threads, 256);
    let next = std::sync::atomic::AtomicUsize::new(0);
    let work = || {
        while let Some(batch) = batches.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
            let texts: Vec<&str> = batch.iter().filter_map(|i| texts.get(*i)).copied().collect();
            model.embed(&texts).map_err(Error::other)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(Error::other("it panicked"))))
    })?;
    Ok(start.elapsed().as_secs_f64())
}
