//! The commands and the SQL that the guide shows can be typed as they stand.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use trailblazer::{cli, sections};

use super::guide::markdown_files;
use crate::support::TestDatabase;
use crate::support::shell::commands;

/// The code blocks of a language in the guide, each with the file that holds it.
fn code_blocks(language: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/guide");
    let mut blocks = Vec::new();
    for file in markdown_files(&folder) {
        let name = file.strip_prefix(&folder).unwrap().display().to_string();
        let text = fs::read_to_string(&file).unwrap();
        let mut open: Option<String> = None;
        for event in Parser::new_ext(&text, sections::extensions()) {
            match event {
                Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if &*info == language => {
                    open = Some(String::new());
                }
                Event::Text(part) => {
                    if let Some(code) = &mut open {
                        code.push_str(&part);
                    }
                }
                Event::End(TagEnd::CodeBlock) => blocks.extend(open.take().map(|code| (name.clone(), code))),
                _ => {}
            }
        }
    }
    blocks
}

#[test]
fn commands_of_the_guide_have_names_and_flags_that_exist() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for (file, script) in code_blocks("bash") {
        for command in commands(&script).into_iter().filter(|command| command[0] == "trailblazer") {
            seen += 1;
            let words: Vec<OsString> = command.iter().map(OsString::from).collect();
            if let Err(error) = cli::parse(&words)
                && error.use_stderr()
            {
                wrong.push(format!("{file}: {}\n  {}", command.join(" "), cli::fault(&error)));
            }
        }
    }
    assert!(seen > 100, "only {seen} commands found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn statements_of_the_cookbook_run() {
    let database = TestDatabase::new();
    let mut client = database.connect();
    let blocks = code_blocks("sql");
    let cookbook: Vec<_> = blocks.iter().filter(|(file, _)| file.ends_with("sql-cookbook.md")).collect();
    assert!(cookbook.len() > 10, "{}", cookbook.len());
    for (_, sql) in cookbook {
        client.batch_execute(&format!("begin; {sql}; rollback;")).unwrap_or_else(|error| panic!("{error:?}\n{sql}"));
    }
}
