//! `trailblazer show`

use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use super::Context;
use super::reading::ReadAs;
use crate::db::Connector;
use crate::db::documents::{self, FoundDocument};
use crate::error::{Error, Exit, Result};
use crate::ids::RunId;
use crate::sections::{self, Section};
use crate::terminal::print_line;

/// Print a document, or one section of it, as Markdown
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  trailblazer show topic:guide/tasks/reset-runs
  trailblazer show https://docs.example.com/reset-runs.html --section examples
  trailblazer show 123456 --sections                  The anchors for --section

The same in SQL: select * from graphdb.find_document('topic:guide/tasks/reset-runs')")]
pub struct Args {
    /// Id, URL or path of the document
    #[arg(value_name = "DOC", value_parser = NonEmptyStringValueParser::new())]
    pub document: String,
    /// Print only the section with this anchor or heading
    #[arg(long, value_name = "ANCHOR", value_parser = NonEmptyStringValueParser::new())]
    pub section: Option<String>,
    /// List the sections instead
    #[arg(long, conflicts_with = "section")]
    pub sections: bool,
    /// Print the version in this run [default: the version that searches return]
    #[arg(long, value_name = "ID")]
    pub run_id: Option<RunId>,
    /// Readers.
    #[command(flatten)]
    pub read_as: ReadAs,
    /// Print JSON with all metadata
    #[arg(long)]
    pub json: bool,
}

/// Runs `trailblazer show`.
pub fn run(args: &Args, context: &Context<'_>) -> Result<Exit> {
    let mut client = Connector::for_reading(&context.config)?.connect_ready()?;
    let principals = args.read_as.resolve(&mut client, context)?;
    let document = documents::find_document(&mut client, &args.document, args.run_id.as_ref(), principals.as_deref())?;
    let document = document.ok_or_else(|| missing(args))?;
    let found = sections::sections(&document.body);
    let section = match &args.section {
        Some(name) => Some(sections::find(&found, name).ok_or_else(|| no_section(name, &document, &found))?),
        None => None,
    };
    if args.json {
        let list = (args.sections).then_some(found.as_slice());
        print_line(&as_json(&document, section, list).to_string())?;
    } else if args.sections {
        if found.is_empty() {
            log::info!("the document has no headings");
        }
        for section in &found {
            let indent = "  ".repeat(usize::from(section.level.saturating_sub(1)));
            print_line(&format!("{indent}{}  #{}", section.title, section.anchor))?;
        }
    } else {
        if section.is_none() {
            print_line(&format!("# {}\n", document.title))?;
        }
        print_line(body(&document, section).trim_end())?;
    }
    Ok(Exit::Done)
}

fn body<'a>(document: &'a FoundDocument, section: Option<&Section>) -> &'a str {
    section.map_or(document.body.as_str(), |section| &document.body[section.bytes.clone()])
}

fn as_json(document: &FoundDocument, section: Option<&Section>, list: Option<&[Section]>) -> serde_json::Value {
    let mut value = json!({
        "run_id": document.run_id,
        "doc_id": document.doc_id,
        "title": document.title,
        "url": document.url,
        "path": document.path,
        "source": document.source,
        "labels": document.labels,
        "breadcrumbs": document.breadcrumbs,
        "is_searched": document.is_searched,
        "meta": document.meta,
    });
    if let Some(list) = list {
        let entry =
            |section: &Section| json!({"level": section.level, "title": section.title, "anchor": section.anchor});
        value["sections"] = list.iter().map(entry).collect();
    } else {
        value["section"] = section.map(|section| section.anchor.as_str()).into();
        value["markdown"] = body(document, section).into();
    }
    value
}

fn missing(args: &Args) -> Error {
    let place = args.run_id.as_ref().map(|run_id| format!(" in run {run_id}")).unwrap_or_default();
    Error::Usage {
        message: format!("no document \"{}\"{place}", args.document),
        hint: Some(
            "Pass the id, URL or path of one document; `trailblazer ask` finds documents by their content.".into(),
        ),
    }
}

fn no_section(name: &str, document: &FoundDocument, found: &[Section]) -> Error {
    let anchors: Vec<&str> = found.iter().take(20).map(|section| section.anchor.as_str()).collect();
    let hint = if anchors.is_empty() {
        "The document has no headings. Omit --section.".to_owned()
    } else {
        format!("Sections: {}{}.", anchors.join(", "), if found.len() > 20 { ", …" } else { "" })
    };
    Error::Usage { message: format!("\"{}\" has no section \"{name}\"", document.title), hint: Some(hint) }
}
