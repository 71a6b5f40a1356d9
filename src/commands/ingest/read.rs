//! Reads the documents of an input into an artifact, and reports errors and skipped files.

use indicatif::ProgressBar;

use super::summary::{Summary, is_named, listed};
use super::{Input, source_name};
use crate::artifact::Writer;
use crate::commands::Context;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::normalize::document::{NO_SUCH_ENTITY, NO_SUCH_KEY, NOT_IN_INPUT, OUTSIDE_INPUT};
use crate::normalize::{self, Document, FileError, Link, Notice, Outcome};
use crate::stop::Stop;
use crate::terminal::{counted, printable, spinner};

/// Writes all documents of the input. Fails if there are none.
pub(super) fn read_all(input: &Input<'_>, writer: &mut Writer, stop: &Stop, context: &Context<'_>) -> Result<Summary> {
    let spinner = spinner("document", context.quiet);
    let mut reading = Reading { input, context, spinner, summary: Summary::default() };
    normalize::read(input.path, input.source, &input.options, &mut |outcome| {
        if stop.is_asked() {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        if let Outcome::Document(document) = &outcome {
            writer.write(document)?;
        }
        reading.report(outcome);
        Ok(())
    })?;
    reading.spinner.finish_and_clear();
    let summary = reading.summary;
    if summary.documents > 0 { Ok(summary) } else { Err(no_documents(input, summary)) }
}

struct Reading<'a> {
    input: &'a Input<'a>,
    context: &'a Context<'a>,
    spinner: ProgressBar,
    summary: Summary,
}

impl Reading<'_> {
    /// Counts an outcome. Reports errors, skipped files and notices.
    fn report(&mut self, outcome: Outcome) {
        let Self { input: Input { run_id, .. }, context, spinner, summary } = self;
        match outcome {
            Outcome::Document(document) => {
                for (name, count) in &document.losses {
                    *summary.losses.entry(name.clone()).or_default() += count;
                }
                if !document.losses.is_empty() {
                    let name = name_of(&document);
                    let losses = format!("{}{}", listed(document.losses.iter()), lost_links(&document.links));
                    spinner.suspend(|| {
                        log::debug!("{}: dropped or unresolved: {}", printable(&name), printable(&losses));
                    });
                }
                summary.documents += 1;
                spinner.inc(1);
            }
            Outcome::Failure(failure) => {
                summary.failed += 1;
                let line = failure.line.map(|line| format!(":{line}")).unwrap_or_default();
                if is_named(summary.failed) {
                    spinner
                        .suspend(|| log::warn!("{}{line}: {}", printable(&failure.path), printable(&failure.message)));
                }
                context.events.emit(&Event::DocumentError {
                    run_id,
                    path: &failure.path,
                    line: failure.line,
                    message: &failure.message,
                });
                summary.failed_files.insert(failure.path);
            }
            Outcome::Skipped(FileError { path, message, .. }) => {
                summary.skipped += 1;
                summary.first_skipped.get_or_insert_with(|| format!("{path}: {message}"));
                spinner.suspend(|| log::debug!("{}: {}", printable(&path), printable(&message)));
                context.events.emit(&Event::DocumentSkip { run_id, path: &path, message: &message });
            }
            Outcome::Notice(Notice { is_warning, message }) => {
                let level = if is_warning { log::Level::Warn } else { log::Level::Info };
                spinner.suspend(|| log::log!(level, "{}", printable(&message)));
                context.events.emit(&Event::NormalizeNotice { run_id, is_warning, message: &message });
            }
        }
    }
}

fn no_documents(input: &Input<'_>, summary: Summary) -> Error {
    let skipped = summary.first_skipped.map(|first| format!(" Skipped: {first}.")).unwrap_or_default();
    Error::Usage {
        message: format!(
            "{}: no {} documents found ({} failed, {} skipped)",
            input.shown_path,
            source_name(input.source),
            counted(summary.failed_files.len(), "file"),
            summary.skipped
        ),
        hint: Some(match summary.failed_files.len() {
            0 => format!("Check PATH and --source.{skipped}"),
            _ => format!("The messages above describe the errors.{skipped}"),
        }),
    }
}

/// Returns the name of a document in messages. A file of Confluence may contain many pages.
fn name_of(document: &Document) -> String {
    match &document.source_path {
        Some(path) if document.source_system == "dita" => path.clone(),
        _ => format!("{} \"{}\"", document.id, document.title),
    }
}

/// Lists the missing files and keys that documents refer to.
fn lost_links(links: &[Link]) -> String {
    let lost = |reasons: &[&str], words: &str| {
        let is_lost = |link: &&Link| link.reason.as_deref().is_some_and(|reason| reasons.contains(&reason));
        let lost: Vec<&str> = links.iter().filter(is_lost).map(|link| link.href.as_str()).collect();
        if lost.is_empty() { String::new() } else { format!("; {words}: {}", lost.join(", ")) }
    };
    lost(&[NOT_IN_INPUT, OUTSIDE_INPUT], "not in the input")
        + &lost(&[NO_SUCH_KEY], "no such key")
        + &lost(&[NO_SUCH_ENTITY], "no such entity")
}
