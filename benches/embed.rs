//! How many chunks a second the `local` provider embeds, and how many megabytes a second are tokenized and chunked.
//!
//! Run with `cargo bench --bench embed`; wants the model and the corpora where the tests look for them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use trailblazer::chunk::{Limits, chunk};
use trailblazer::embed::{Local, Provider, batches};

/// Chunks that are embedded in each round.
const CHUNKS: usize = 400;
const ROUNDS: usize = 3;

fn main() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let place = |variable: &str, default: &str| std::env::var_os(variable).map_or(home.join(default), PathBuf::from);
    let model = match Local::load(&place("TRAILBLAZER_MODEL_DIR", "var/models/all-MiniLM-L6-v2")) {
        Ok(model) => model,
        Err(error) => return eprintln!("skipped: {error}"),
    };
    let mut documents = Vec::new();
    read(&place("TRAILBLAZER_CORPORA", "../shared/corpora"), &mut documents);
    let texts = chunks(&documents, &model);
    let tokens: usize = texts.iter().map(|(count, _)| count).sum();
    println!("embed: {} chunks of {} tokens on average", texts.len(), tokens / texts.len().max(1));
    for threads in [1, 2] {
        let rates: Vec<f64> = (0..ROUNDS).map(|_| embed(&model, &texts, threads)).collect();
        println!("embed, {threads} thread(s): {:.1} chunks/s", median(rates));
    }
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn read(folder: &Path, documents: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            read(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "md" || extension == "dita") {
            documents.extend(fs::read_to_string(&path));
        }
    }
}

/// Cuts all documents, tells how fast, and returns chunks of 64 to 256 tokens.
fn chunks(documents: &[String], model: &Local) -> Vec<(usize, String)> {
    let bytes: usize = documents.iter().map(String::len).sum();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = |start: Instant| bytes as f64 / 1e6 / start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut starts = Vec::new();
    for document in documents {
        starts.clear();
        model.tokenizer().token_starts(document, &mut starts);
    }
    println!("tokenize: {:.1} MB/s of {bytes} bytes", rate(start));
    let limits = Limits { max_tokens: 256, min_tokens: 40, overlap_tokens: 0 };
    let start = Instant::now();
    let chunks: Vec<_> = documents.iter().flat_map(|body| chunk("Document", body, limits, model.tokenizer())).collect();
    println!("chunk: {:.1} MB/s, {} chunks", rate(start), chunks.len());
    let large = chunks.into_iter().filter(|chunk| chunk.token_count >= 64);
    large.map(|chunk| (chunk.token_count, chunk.text)).step_by(2).take(CHUNKS).collect()
}

fn embed(model: &Local, texts: &[(usize, String)], threads: usize) -> f64 {
    let counts: Vec<usize> = texts.iter().map(|(count, _)| *count).collect();
    let batches = batches(&counts, 8192, 64);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let batches = batches.iter().skip(thread).step_by(threads);
            scope.spawn(move || {
                for batch in batches {
                    let texts: Vec<&str> = batch.iter().map(|i| texts[*i].1.as_str()).collect();
                    model.embed(&texts).expect("the texts are within the limit");
                }
            });
        }
    });
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = texts.len() as f64 / start.elapsed().as_secs_f64();
    rate
}
