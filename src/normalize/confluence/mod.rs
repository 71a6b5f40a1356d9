//! Confluence in: space exports, page files, answers of the REST interface, or an older `confluence.ndjson`.
//!
//! [`read`] finds what an input holds ([`inputs`]). Each part is a [`Source`](library::Source): a space export
//! ([`export`]), the page files of a folder ([`pages`], [`rest`]) or an older artifact ([`ingest`]). All pages are known to one
//! [`Library`] before the first is converted, so that links, inclusions, lists of pages and view restrictions work across
//! them. Bodies come as storage format ([`storage`]), ADF ([`adf`]) or wiki markup ([`wiki`]). All three build the same tree and
//! send macros through the same table ([`macros`]).

mod adf;
mod convert;
mod dom;
mod emoji;
mod export;
mod flow;
mod foreign;
mod headings;
mod ingest;
mod inputs;
mod legacy;
mod library;
mod links;
mod macros;
mod naming;
mod page;
mod pages;
mod readers;
mod rest;
mod site;
mod storage;
mod title;
mod wiki;

use std::path::Path;

use super::{Emit, Notice, Options, Outcome, ReadError, parallel};
use library::{Library, Source, Task};
use naming::Naming;
use site::is_number;

/// Reads `input` and emits its documents.
///
/// `input` is a space export (zip, unpacked folder or its `entities.xml`), a `confluence.ndjson` or a run folder that
/// holds one, a page file, or a folder of any of these.
pub(super) fn read(input: &Path, options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    if !input.exists() {
        let message = format!("{} does not exist: give a space export or a folder of pages", input.display());
        return Err(ReadError::Input { message });
    }
    let naming = Naming::new(input, options);
    let (sources, failures) = inputs::open(input, options, &naming)?;
    convert(&sources, failures, options, emit)
}

/// Reads a page file that is in memory; its name says how it is written.
pub(super) fn read_page(name: &str, bytes: &[u8], options: &Options, emit: Emit<'_>) -> Result<(), ReadError> {
    let source: Box<dyn Source> = Box::new(pages::held(name, bytes, options, &Naming::held(options)));
    convert(&[source], Vec::new(), options, emit)
}

/// Emits what the sources hold, after `told`.
fn convert(
    sources: &[Box<dyn Source>],
    told: Vec<Outcome>,
    options: &Options,
    mut emit: Emit<'_>,
) -> Result<(), ReadError> {
    let mut library = Library::new(options.confluence.clone());
    let mut agenda: Vec<Task> = told.into_iter().map(Task::Told).collect();
    for source in sources {
        library.add_source(source.as_ref());
        source.register(&mut library, &mut agenda);
    }
    library.finish();
    let library = &library;
    let outcome = |number: usize| match agenda.get(number)? {
        Task::Told(outcome) => Some(outcome.clone()),
        Task::Page(index) => Some(page::convert(library, *index)),
    };
    parallel::in_order(options.threads, agenda.len(), outcome, |outcome| {
        outcome.map_or(Ok(()), |outcome| send(&mut emit, outcome))
    })?;
    hint_at_the_site(library).map_or(Ok(()), |notice| send(&mut emit, Outcome::Notice(notice)))
}

/// Pages that Confluence knows by number have an address as soon as that of their site is known.
fn hint_at_the_site(library: &Library<'_>) -> Option<Notice> {
    let pages = library.documents().map(|(_, page)| page).filter(|page| is_number(&page.content_id));
    let (all, without) =
        pages.fold((0, 0), |(all, without), page| (all + 1, without + usize::from(page.url.is_none())));
    (without > 0).then(|| Notice {
        is_warning: true,
        message: format!(
            "{without} of {all} pages have no URL because the input does not name their site; give its address with --site-url"
        ),
    })
}

/// How many nodes of the page tree have no page, as a notice.
fn branches(count: usize, kind: &str) -> Option<Outcome> {
    let message = match count {
        1 => format!("1 {kind} appears in breadcrumbs only"),
        _ => format!("{count} {kind}s appear in breadcrumbs only"),
    };
    (count > 0).then_some(Outcome::Notice(Notice { is_warning: false, message }))
}

/// Hands an outcome to the caller.
fn send(emit: &mut Emit<'_>, outcome: Outcome) -> Result<(), ReadError> {
    emit(outcome).map_err(ReadError::Emit)
}

/// A failure of the file system, with the path it is about.
fn io_error(path: &Path) -> impl FnOnce(std::io::Error) -> ReadError {
    let path = path.to_owned();
    move |source| ReadError::Io { path, source }
}
