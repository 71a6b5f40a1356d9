use std::path::Path;
use trailblazer::normalize::{self, Options, Outcome, Source};

#[test]
fn dump() {
    let Ok(input) = std::env::var("DUMP") else { return };
    let options =
        Options { site_url: std::env::var("SITE").ok(), collection: std::env::var("COLL").ok(), ..Options::default() };
    normalize::read(Path::new(&input), Source::Confluence, &options, &mut |outcome| {
        match outcome {
            Outcome::Document(d) => println!(
                "=== {} | {} | {:?}\n{}\n--- losses {:?}\n--- links {:?}\n",
                d.id,
                d.title,
                d.breadcrumbs,
                d.text_md,
                d.losses,
                d.links.len()
            ),
            Outcome::Failure(f) => println!("!!! {f:?}"),
        }
        Ok(())
    })
    .unwrap();
}
