//! Reads Confluence: space exports, page files, answers of the REST API, or an older `confluence.ndjson`.
//!
//! [`read`] finds the parts of an input ([`inputs`]). Each part is a [`Source`](library::Source): a space export
//! ([`export`]), the page files of a folder ([`pages`], [`rest`]) or an older artifact ([`ingest`]).
//! One [`Library`] contains all pages before the first page is converted. Therefore links, inclusions, lists of pages
//! and view restrictions work across all parts. A body is in storage format ([`storage`]), ADF ([`adf`]) or wiki markup
//! ([`wiki`]). All three converters build the same tree and use the same table of macros ([`macros`]).

mod adf;
mod attached;
mod convert;
mod dom;
mod emoji;
mod export;
mod flow;
mod foreign;
mod headings;
mod hidden;
mod ingest;
mod inputs;
mod legacy;
mod library;
mod links;
mod macros;
mod markdown;
mod naming;
mod page;
mod pages;
mod parse;
mod rest;
mod site;
mod storage;
mod tables;
mod title;
mod wiki;

use std::collections::BTreeMap;
use std::path::Path;

use super::{Emit, Notice, Options, Outcome, ReadError, parallel};
use library::{Library, Source, Task};
use naming::Naming;
pub(crate) use pages::{ATTACHMENTS, stored_name};
use site::is_number;

/// Reads `input` and emits its documents.
///
/// `input` is a space export (a zip, an unpacked folder or its `entities.xml`), a `confluence.ndjson` or a run folder
/// that contains one, a page file, or a folder with any of these.
pub(super) fn read(input: &Path, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    if !input.exists() {
        let message = format!("{} does not exist; pass a space export or a folder of pages", input.display());
        return Err(ReadError::Input { message });
    }
    let naming = Naming::new(input, options);
    let (sources, failures) = inputs::open(input, options, &naming)?;
    convert(&sources, failures, options, emit)
}

/// Reads a page file from memory. The extension of its name determines the format.
pub(super) fn read_page(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    let source: Box<dyn Source> = Box::new(pages::held(name, bytes, options, &Naming::held(options)));
    convert(&[source], Vec::new(), options, emit)
}

/// Emits the outcomes in `told`, and then the content of the sources.
fn convert(
    sources: &[Box<dyn Source>],
    told: Vec<Outcome>,
    options: &Options,
    mut emit: Emit<'_>,
) -> Result<(), ReadError> {
    let mut library = Library::new(options.confluence.clone());
    library.program.clone_from(&options.program);
    let mut agenda: Vec<Task> = told.into_iter().map(Task::Told).collect();
    for source in sources {
        library.add_source(source.as_ref());
        source.register(&mut library, &mut agenda);
    }
    library.finish();
    let mut unread = std::mem::take(&mut library.unread);
    let library = &library;
    let outcome = |number: usize| match agenda.get(number)? {
        Task::Told(outcome) => Some((outcome.clone(), false)),
        Task::Page(index) => Some((page::convert(library, *index), false)),
        Task::File(index, file) => Some((attached::convert(library, *index, file), true)),
    };
    parallel::in_order(options.threads, agenda.len(), outcome, |outcome| {
        let Some((outcome, is_file)) = outcome else { return Ok(()) };
        if let (Outcome::Skipped(error), true) = (&outcome, is_file) {
            unread.add(error);
        }
        send(&mut emit, outcome)
    })?;
    for notice in unread.notices() {
        send(&mut emit, Outcome::Notice(notice))?;
    }
    hint_at_the_site(library).map_or(Ok(()), |notice| send(&mut emit, Outcome::Notice(notice)))
}

/// Returns a warning if pages have no address because the address of their site is unknown.
fn hint_at_the_site(library: &Library<'_>) -> Option<Notice> {
    let pages = library.documents().map(|(_, page)| page).filter(|page| is_number(&page.content_id));
    let (all, without) =
        pages.fold((0, 0), |(all, without), page| (all + 1, without + usize::from(page.url.is_none())));
    (without > 0).then(|| Notice {
        is_warning: true,
        message: format!(
            "{without} of {all} pages have no URL, because the input does not name their site; pass its address with --site-url"
        ),
    })
}

/// Returns a notice for each kind of node that has no page.
fn branches(kinds: &BTreeMap<String, usize>) -> Vec<Outcome> {
    let told = |(kind, count): (&String, &usize)| {
        let message = match count {
            1 => format!("1 {kind} appears only in breadcrumbs"),
            _ => format!("{count} {kind}s appear only in breadcrumbs"),
        };
        Outcome::Notice(Notice { is_warning: false, message })
    };
    kinds.iter().map(told).collect()
}

/// Returns a notice with the number of pages that are omitted because of their status.
fn not_current(statuses: &BTreeMap<String, usize>) -> Option<Outcome> {
    let named = statuses.iter().map(|(status, amount)| format!("{amount} {status}")).collect::<Vec<_>>();
    let message = format!("omitted pages that are not current: {}", named.join(", "));
    (!named.is_empty()).then_some(Outcome::Notice(Notice { is_warning: false, message }))
}

/// Sends an outcome to the caller.
fn send(emit: &mut Emit<'_>, outcome: Outcome) -> Result<(), ReadError> {
    emit(outcome).map_err(ReadError::Emit)
}

/// Converts a file system error, and adds the path.
fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Io { path, source }
}
