//! Checks that the Markdown of every page has the structure of the page.

use std::fs;

use trailblazer::normalize::{Options, Source};

use super::super::corpora::{corpus, files_ending, read};
use super::super::parsed::{code_blocks, faults};

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_emitted_document_parses_to_sound_tables_and_no_html_blocks() {
    let mut documents = 0;
    for folder in [
        "cf-for-obsidian",
        "cf-md2conf",
        "cf-mark",
        "cf-to-notion",
        "cf-doctoolchain",
        "adf-atlaskit/packages",
        "adf-extended-parser",
        "adf-atlas-doc-parser",
    ] {
        let corpus = corpus(folder);
        for document in read(&corpus, Source::Confluence, &Options::default()).documents {
            documents += 1;
            assert_eq!(faults(&document.text_md), Vec::<String>::new(), "{folder}/{}", document.id);
        }
    }
    println!("{documents} documents parse soundly");
    assert!(documents > 500);
}

#[test]
#[cfg_attr(not(has_corpora), ignore = "needs the corpora")]
fn every_code_macro_is_one_code_block_with_the_same_text() {
    let mut macros = 0;
    for folder in ["cf-md2conf", "cf-mark", "cf-to-notion", "cf-for-obsidian"] {
        let corpus = corpus(folder);
        for path in files_ending(&corpus, &[".xml", ".html", ".xhtml"]) {
            let source = fs::read_to_string(&path).expect("a readable file").replace("\r\n", "\n");
            let read = read(&path, Source::Confluence, &Options::default());
            let Some(document) = read.documents.first() else { continue };
            let blocks = code_blocks(&document.text_md);
            for body in code_bodies(&source) {
                macros += 1;
                assert!(blocks.contains(&body), "{}: {body:?}\n{blocks:?}", path.display());
            }
        }
    }
    println!("{macros} code macros are code blocks");
    assert!(macros > 50);
}

/// Returns the bodies of code macros in the form of a code block.
fn code_bodies(source: &str) -> Vec<String> {
    let parts = source.split("ac:name=\"code\"").skip(1);
    parts
        .filter_map(|part| {
            let part = part.split("</ac:structured-macro>").next()?;
            let (_, body) = part.split_once("<ac:plain-text-body>")?;
            let (body, _) = body.split_once("</ac:plain-text-body>")?;
            let body = body.replace("]]]]><![CDATA[>", "]]>");
            let body = body.strip_prefix("<![CDATA[").unwrap_or(&body);
            let body = body.strip_suffix("]]>").unwrap_or(body);
            let body = body.strip_prefix('\n').unwrap_or(body).trim_end_matches('\n');
            (!body.trim().is_empty()).then(|| body.to_owned())
        })
        .collect()
}
