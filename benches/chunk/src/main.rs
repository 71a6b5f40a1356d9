//! Compares the chunking speed of trailblazer and the crate text-splitter, with the same documents, tokenizer and budget.
//!
//! Prints Markdown. The contenders take turns with one thread each. The best round counts.

#[path = "../../embed/documents.rs"]
mod documents;

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use text_splitter::{ChunkConfig, ChunkSizer as _, MarkdownSplitter};
use trailblazer::chunk::{Limits, chunk};
use trailblazer::embed::{Local, Provider as _, Weights};

const ROUNDS: usize = 3;
const MAX_TOKENS: usize = 256;

fn main() -> Result<(), Box<dyn Error>> {
    let model = std::env::args().nth(1).ok_or("the folder of the model is missing")?;
    let local = Local::load(Path::new(&model), Weights::F32)?;
    let documents = documents::documents();
    let bodies: Vec<(&str, &str)> = documents.iter().map(|d| (d.title.as_str(), d.text_md.as_str())).collect();
    let megabytes = bodies.iter().map(|(_, body)| body.len()).sum::<usize>() as f64 / 1e6;

    let limits = Limits { max_tokens: MAX_TOKENS, min_tokens: 40, overlap_tokens: 0 };
    let ours =
        || -> usize { bodies.iter().map(|(title, body)| chunk(title, body, limits, local.tokenizer()).len()).sum() };
    // Uses the model's own tokenizer and counts special tokens, as the documentation recommends.
    let mut tokenizer = tokenizers::Tokenizer::from_file(Path::new(&model).join("tokenizer.json"))
        .map_err(|error| error.to_string())?;
    tokenizer.with_truncation(None).map_err(|error| error.to_string())?;
    tokenizer.with_padding(None);
    let splitter = MarkdownSplitter::new(ChunkConfig::new(MAX_TOKENS).with_sizer(&tokenizer));
    let theirs = || -> usize { bodies.iter().map(|(_, body)| splitter.chunks(body).count()).sum() };

    let same = bodies.iter().filter(|(_, body)| local.tokenizer().count(body) == tokenizer.size(body) + 2).count();
    println!("{} documents, {megabytes:.1} MB; {same} have as many tokens by both tokenizers\n", bodies.len());
    println!("| | MB/s | chunks |\n|---|--:|--:|");
    let contenders: [(&str, &dyn Fn() -> usize); 2] = [("trailblazer", &ours), ("text-splitter", &theirs)];
    let mut best = [(f64::MAX, 0); 2];
    for _ in 0..ROUNDS {
        for ((_, run), best) in contenders.iter().zip(&mut best) {
            let start = Instant::now();
            let chunks = run();
            *best = (best.0.min(start.elapsed().as_secs_f64()), chunks);
        }
    }
    for ((name, _), (seconds, chunks)) in contenders.iter().zip(best) {
        println!("| {name} | {:.2} | {chunks} |", megabytes / seconds);
    }
    println!("\ntrailblazer is {:.1} times as fast.", best[1].0 / best[0].0);
    Ok(())
}
