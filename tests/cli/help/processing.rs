//! The help of the commands that process runs, report on them, and manage models.

use super::help;

#[test]
fn help_of_run() {
    insta::assert_snapshot!(help(&["run"]), @"
    Chunk and embed everything that is due

    Usage: trailblazer run [OPTIONS]

    Examples:
      trailblazer run                          Everything that is normalized and not yet embedded
      trailblazer run --dry-run                Show what is due, but change nothing
      trailblazer run --limit 20 --workers 2   The oldest twenty
      trailblazer run --run-id '2026-*' --source dita
      trailblazer run --watch                  Keep running, and process new runs as they arrive

    Options:
          --phases <PHASES>
              Phases to work on

              Possible values:
              - chunk: Splits documents into chunks
              - embed: Computes vectors for chunks

              [default: chunk,embed]

          --limit <N>
              Process at most N runs

          --workers <N>
              Process N runs and embed N batches at the same time [default: `workers` in the
              configuration]

          --dry-run
              Show what is due, but change nothing

          --watch
              Keep running when nothing is due, and process new runs as they arrive

          --progress-every <N>
              Report progress after every N runs

              [default: 100]

      -h, --help
              Print help (see a summary with '-h')

    Which runs:
          --run-id <GLOB>
              Runs whose id matches. * stands for any text, ? for one character

          --source <SOURCE>
              Runs of this source; can be repeated

    [global options]

    You can start this command several times and on any number of machines, because only one worker
    claims each run. If the embedding server is busy, `run` waits. If it is unreachable, `run` waits
    only with --watch or if it answered before. Waiting does not count as a failed attempt.

    Ctrl-C stops after the current batch: `run` waits up to ten seconds for the embedding server and
    releases its claims. After a second Ctrl-C, `run` quits at once and keeps its claims. The next `run`
    on the same machine ends them. From another machine, `trailblazer runs release ID` releases them.
    ");
}

#[test]
fn help_of_status() {
    insta::assert_snapshot!(help(&["status"]), @"
    Show the remaining work, the workers, and the problems that need attention

    Usage: trailblazer status [OPTIONS]

    Examples:
      trailblazer status
      trailblazer status --workers
      trailblazer status --json | jq .status.due      Number of runs that are due

    Options:
          --workers  Show only the workers with their hosts, runs, phases, progress and last heartbeats
          --json     Print JSON, one object per line, instead of text
      -h, --help     Print help

    [global options]

    The same in SQL: select * from graphdb.backlog_status, and select * from graphdb.list_workers().
    ");
}

#[test]
fn help_of_models() {
    insta::assert_snapshot!(help(&["models"]), @"
    List, switch or drop embedding models

    Usage: trailblazer models [OPTIONS] <COMMAND>

    Examples:
      trailblazer models list
      trailblazer models switch multilingual-e5-small

    Commands:
      list    List the models with their vectors, runs and sizes. The served model comes first
      switch  Embed all runs with another model, and then let searches use this model
      drop    Delete a model with its vectors and its index. The model must not be served
      help    Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_models_list() {
    insta::assert_snapshot!(help(&["models", "list"]), @"
    List the models with their vectors, runs and sizes. The served model comes first

    Usage: trailblazer models list [OPTIONS]

    Examples:
      trailblazer models list
      trailblazer models list --json | jq -r .model

    Options:
          --json  Print JSON, one object per line, instead of text
      -h, --help  Print help

    [global options]

    If a search does not name a model, it uses the served model.
    ");
}

#[test]
fn help_of_models_switch() {
    insta::assert_snapshot!(help(&["models", "switch"]), @"
    Embed all runs with another model, and then let searches use this model

    Usage: trailblazer models switch [OPTIONS] <NAME>

    Examples:
      trailblazer models switch multilingual-e5-small --dry-run
      trailblazer models switch multilingual-e5-small

    Arguments:
      <NAME>  A model of the configured provider, written as in embed.model

    Options:
          --dry-run  Report how many texts must be embedded and how long it takes, without changing
                     anything
      -h, --help     Print help

    [global options]

    The runs are embedded with the new model from the backlog, while searches use the served model. The
    switch is one transaction. If the command is stopped, start it again: it continues. Until `models
    drop`, switching back takes only this transaction, and documents that have changed are embedded
    first.

    Set embed.model in the configuration to the same model, for all processes. Otherwise, the next `run`
    switches back.
    ");
}

#[test]
fn help_of_models_drop() {
    insta::assert_snapshot!(help(&["models", "drop"]), @"
    Delete a model with its vectors and its index. The model must not be served

    Usage: trailblazer models drop [OPTIONS] <NAME>

    Example:
      trailblazer models drop multilingual-e5-small

    Arguments:
      <NAME>  A model from `models list`

    Options:
      -y, --yes   Drop without asking
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_report() {
    insta::assert_snapshot!(help(&["report"]), @"
    Write a report on the content as an HTML file

    Usage: trailblazer report [OPTIONS]

    Examples:
      trailblazer report
      trailblazer report --run handbook --out handbook.html
      trailblazer report --out - | mail-a-page

    Options:
          --run <ID>    Report on one run [default: the newest version of every document]
          --out <FILE>  File to write, or a folder for report.html; - is standard output [default:
                        report.html]
          --pages <N>   List at most N pages for each number [default: 50]
      -h, --help        Print help

    [global options]

    The report is for the owners of the content. It lists documents by source, language, size and age,
    lost constructs, empty pages, duplicates, broken links, chunks, runs and failures. Every number
    leads to its pages or runs. The report is one file that loads nothing and runs no script.

    The command is for administrators. The database role decides which documents the report contains.
    For the owner, an admin or a worker, these are all documents, so the file names restricted pages,
    and a warning at its beginning says how many. `search.principals` and --as of other commands have no
    effect. For a report without these pages, connect as a role with the rights of a reader
    (`trailblazer db grant reader ROLE --as user:ann`).

    The same in SQL: graphdb.report_documents, graphdb.report_chunks, graphdb.report_duplicates,
    graphdb.report_attempts
    ");
}
