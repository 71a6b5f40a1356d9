//! The help of the commands that read documents.

use super::help;

#[test]
fn help_of_normalize() {
    insta::assert_snapshot!(help(&["normalize"]), @"
    Convert documentation to Markdown and register it as a run

    Usage: trailblazer normalize [OPTIONS] --source <SOURCE> <PATH> [PATH]...

    Examples:
      trailblazer normalize manuals/ --source dita
      trailblazer normalize manuals/guide.ditamap --source dita --ditaval linux.ditaval
      trailblazer normalize space-export.zip --source confluence --run-id handbook

    Arguments:
      <PATH>     A folder, a DITA map, topic or DITA-OT project file (each deliverable becomes a run), a
                 Confluence space export (zip, folder or entities.xml), or page files
      [PATH]...  More inputs; each becomes a separate run

    Options:
      -s, --source <SOURCE>    Kind of documentation [possible values: dita, confluence]
          --run-id <ID>        Id of the run [default: NAME-SOURCE, where NAME is the collection or,
                               without --collection, the name of PATH]
          --collection <NAME>  Name of the input in document ids [default: the name of PATH]
          --ditaval <FILE>     Filter DITA by the conditions in FILE. Repeat it for several files; the
                               first rule for a value has priority
          --site-url <URL>     Address of the site: Confluence links are relative to it, and DITA pages
                               are published below it
          --yes                Update the run even if more than half of its documents are gone
      -h, --help               Print help

    [global options]

    The same PATH updates the same run: `normalize manuals/ --source dita` updates run manuals-dita, and
    reports what was added, changed and removed. Unchanged documents are not processed again. If more
    than half of at least twenty documents would be removed, nothing changes unless you pass --yes.
    Ctrl-C stops before the next document and changes nothing. Press it again to quit now.
    ");
}

#[test]
fn help_of_fetch() {
    insta::assert_snapshot!(help(&["fetch"]), @"
    Fetch the pages of a Confluence source

    Usage: trailblazer fetch [OPTIONS] <NAME>

    Example:
      TRAILBLAZER_CONFLUENCE_TOKEN=… trailblazer fetch handbook

    Arguments:
      <NAME>  A source in the configuration with a `site`

    Options:
          --dry-run  List what would be fetched, but fetch nothing
          --yes      Remove pages even if more than half of them are gone
      -h, --help     Print help

    [global options]

    Writes one file for each page to sources/NAME in the workspace folder, as the site returns it. Later
    fetches read only the bodies of new and changed pages. You can press Ctrl-C at any time. The next
    fetch continues where this one stopped.

    `trailblazer sync` fetches, normalizes and processes in one step.
    ");
}

#[test]
fn help_of_sync() {
    insta::assert_snapshot!(help(&["sync"]), @"
    Update the configured sources: fetch, normalize, chunk and embed their documents

    Usage: trailblazer sync [OPTIONS] [NAME]...

    Examples:
      trailblazer sync                   Update every source, for example every night
      trailblazer sync handbook manuals  Two sources
      trailblazer sync --dry-run         What would change

    Arguments:
      [NAME]...  Names of sources in the configuration [default: all]

    Options:
          --dry-run  Report the changes without making them
          --yes      Update a source even if more than half of its documents are gone
      -h, --help     Print help

    [global options]

    Each entry of `sources` in .trailblazer.yaml becomes a run with the same name. Only changes are
    fetched, written, chunked and embedded. Search shows the old documents until the new ones are ready.
    If a source fails, the others continue.
    ");
}

#[test]
fn help_of_extract() {
    insta::assert_snapshot!(help(&["extract"]), @"
    Read the text of one file. `normalize` runs this command

    Usage: trailblazer extract [OPTIONS] <FORMAT>

    Example:
      trailblazer extract pdf < manual.pdf

    Arguments:
      <FORMAT>  The file's format

    Options:
      -h, --help  Print help

    [global options]
    ");
}
