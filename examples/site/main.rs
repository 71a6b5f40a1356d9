//! Renders the documentation of this repository to Markdown files or to a static site:
//!
//! ```text
//! cargo run --example site -- markdown docs/guide
//! cargo run --example site -- html var/site
//! ```
//!
//! It shows how a program uses trailblazer's normalizer as a library. The folder is replaced.

mod html;
mod pages;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let written = match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["markdown", folder] => render(Path::new(folder), &|pages| {
            pages.iter().map(|page| (page.path.clone(), page.to_markdown())).collect()
        }),
        ["html", folder] => render(Path::new(folder), &html::site),
        _ => Err("usage: site markdown|html FOLDER".to_owned()),
    };
    match written {
        Ok(count) => {
            println!("{count} pages in {}", args[1]);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Path and content of a file.
type File = (String, String);

/// Replaces `folder` by the files that `render` makes of the guide, and returns their number.
fn render(folder: &Path, render: &dyn Fn(&[pages::Page]) -> Vec<File>) -> Result<usize, String> {
    let files = render(&pages::guide(Path::new(env!("CARGO_MANIFEST_DIR")))?);
    let fault = |path: &Path, error: std::io::Error| format!("{}: {error}", path.display());
    // Only a folder that has a start page of the guide, or none at all, is replaced.
    if folder.exists() {
        let is_ours = files.first().is_some_and(|(start, _)| folder.join(start).is_file());
        if !is_ours {
            return Err(format!("{} exists and is no rendered guide", folder.display()));
        }
        fs::remove_dir_all(folder).map_err(|error| fault(folder, error))?;
    }
    for (path, content) in &files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(|error| fault(&path, error))?;
        fs::write(&path, content).map_err(|error| fault(&path, error))?;
    }
    Ok(files.len())
}
