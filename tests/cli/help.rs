//! What `--help` says, of every command.

use std::process::Command;

use crate::support::Run;

/// Returns the help of a command; the global options are shown once, in the help without a command.
fn help(command: &[&str]) -> String {
    let mut trailblazer = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
    // The width that help is wrapped to when no stream is a terminal.
    trailblazer.args(command).arg("--help").env("COLUMNS", "100");
    let text = Run::of(trailblazer.output().unwrap()).success().stdout;
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    if let Some(start) = lines.iter().position(|line| *line == "Global options:").filter(|_| !command.is_empty()) {
        let of_them = |line: &&&str| line.is_empty() || line.starts_with(' ');
        let count = lines[start + 1..].iter().take_while(of_them).count();
        lines.splice(start..=start + count, ["[global options]", ""]);
    }
    lines.join("\n")
}

#[test]
fn every_command_is_here() {
    use clap::CommandFactory;
    fn count(command: &clap::Command) -> usize {
        1 + command.get_subcommands().filter(|sub| sub.get_name() != "help").map(count).sum::<usize>()
    }
    let tests = include_str!("help.rs").matches("assert_snapshot!(help(").count();
    // The line above counts itself.
    assert_eq!(tests - 1, count(&trailblazer::cli::Cli::command()));
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = tempfile::tempdir().unwrap();
    // Broken: what a shell starts with must not need it.
    std::fs::write(folder.path().join(".trailblazer.yaml"), "no: such: key").unwrap();
    let complete = |words: &[&str]| {
        let script = r#"source <("$0" completions bash) && COMP_WORDS=(trailblazer "$@") COMP_CWORD=$#
            _trailblazer trailblazer "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}" && echo "${COMPREPLY[@]}""#;
        let mut bash = Command::new("bash");
        bash.args(["-c", script, env!("CARGO_BIN_EXE_trailblazer")]).args(words).current_dir(folder.path());
        let run = Run::of(bash.output().unwrap()).success();
        assert_eq!(run.stderr, "");
        run.stdout.trim_end().to_owned()
    };
    assert_eq!(complete(&["runs", "re"]), "reset retry");
    assert_eq!(complete(&["run", "--dr"]), "--dry-run");
    assert_eq!(complete(&["runs", "list", "--status", "chu"]), "chunking chunked");
}

#[test]
fn help_of_trailblazer() {
    insta::assert_snapshot!(help(&[]), @r#"
    Turns Confluence and DITA documentation into a searchable pgvector knowledge base, and never loses
    track of what is left to do

    Usage: trailblazer [OPTIONS] <COMMAND>

    Commands:
      db           The database: private server, schema, health, rights
      normalize    Turn documentation into Markdown documents and register them as a run
      runs         The backlog: look at runs, send them round again, delete them
      run          Chunk and embed everything that is due
      status       What is left to do, who works on what, and why it is stuck
      ask          Ask the documentation a question
      completions  Print what lets a shell complete commands and flags
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help
      -V, --version  Print version

    Global options:
          --config <FILE>  Configuration file [default: the nearest .trailblazer.yaml upward]
          --no-color       No colors (also: NO_COLOR)
      -q, --quiet          Only warnings and errors on standard error, no progress bar
      -v, --verbose...     More on standard error, and events of level debug; twice for more
          --events <WHEN>  NDJSON events on standard output; auto: unless it is a terminal [default:
                           auto] [possible values: auto, always, never]

    Examples:
      trailblazer normalize manuals/ --source dita    Turn a folder into documents and register the run
      trailblazer run                                 Chunk and embed everything that is due
      trailblazer status                              What is left, who works on what, since when
      trailblazer ask "How do I reset runs?"          The parts of the documentation that answer

    Configuration: .trailblazer.yaml, found from the working directory upward; TRAILBLAZER_DB_URL names
    the database.
    Exit codes: 0 done; 1 some runs failed; 2 usage; 3 configuration; 4 database or embedding server; 5
    refused; 130/143 stopped.
    "#);
}

#[test]
fn help_of_db() {
    insta::assert_snapshot!(help(&["db"]), @"
    The database: private server, schema, health, rights

    Usage: trailblazer db [OPTIONS] <COMMAND>

    Commands:
      up       Start the private server and print its URL
      down     Stop the private server; open transactions are rolled back, nothing committed is lost
      migrate  Install the schema, or bring it up to date; safe to repeat, from any number of processes
      doctor   Check everything a run needs, one line each, with the repair
      prune    Delete the vectors of texts that no run has any more
      grant    Give a role the rights of a worker, an admin or a reader
      help     Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_up() {
    insta::assert_snapshot!(help(&["db", "up"]), @r#"
    Start the private server and print its URL

    Usage: trailblazer db up [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]

    Example:
      psql "$(trailblazer db up --events never)"
    "#);
}

#[test]
fn help_of_db_down() {
    insta::assert_snapshot!(help(&["db", "down"]), @"
    Stop the private server; open transactions are rolled back, nothing committed is lost

    Usage: trailblazer db down [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_migrate() {
    insta::assert_snapshot!(help(&["db", "migrate"]), @"
    Install the schema, or bring it up to date; safe to repeat, from any number of processes

    Usage: trailblazer db migrate [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_doctor() {
    insta::assert_snapshot!(help(&["db", "doctor"]), @"
    Check everything a run needs, one line each, with the repair

    Usage: trailblazer db doctor [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_prune() {
    insta::assert_snapshot!(help(&["db", "prune"]), @"
    Delete the vectors of texts that no run has any more

    Usage: trailblazer db prune [OPTIONS]

    Options:
          --dry-run  Count them, and change nothing
      -h, --help     Print help

    [global options]

    An edited document leaves the vectors of its old texts behind. Nothing that is searched needs them;
    a text that comes back is embedded again.

    Example:
      trailblazer db prune --dry-run
    ");
}

#[test]
fn help_of_db_grant() {
    insta::assert_snapshot!(help(&["db", "grant"]), @"
    Give a role the rights of a worker, an admin or a reader

    Usage: trailblazer db grant [OPTIONS] <KIND> <ROLE>

    Arguments:
      <KIND>
              What the role may do

              Possible values:
              - worker: Claim, renew, complete, fail, release, store
              - admin:  Also register, load, reset, delete and prune
              - reader: Look and search

      <ROLE>
              An existing role

    Options:
      -h, --help
              Print help (see a summary with '-h')

    [global options]

    Example:
      trailblazer db grant worker ingest_worker
    ");
}

#[test]
fn help_of_normalize() {
    insta::assert_snapshot!(help(&["normalize"]), @"
    Turn documentation into Markdown documents and register them as a run

    Usage: trailblazer normalize [OPTIONS] --source <SOURCE> <PATH>

    Arguments:
      <PATH>  A folder, a DITA map or topic, a Confluence space export (zip, folder or entities.xml), or
              page files

    Options:
      -s, --source <SOURCE>    What kind of documentation it is [possible values: dita, confluence]
          --run-id <ID>        Name of the run [default: date, time and four digits]
          --collection <NAME>  Names the input in document ids [default: the name of PATH]
          --ditaval <FILE>     Filter DITA by the conditions in FILE; variants are kept apart by a
                               --collection each
          --site-url <URL>     Address of the Confluence site, to resolve relative links
      -h, --help               Print help

    [global options]

    Examples:
      trailblazer normalize manuals/ --source dita
      trailblazer normalize manuals/guide.ditamap --source dita --ditaval linux.ditaval
      trailblazer normalize space-export.zip --source confluence --run-id handbook

    The same run id again replaces the run's documents, with a warning when they came from another PATH
    or source; when nothing changed, nothing is done again. Ctrl-C stops before the next document and
    leaves nothing behind; a second one ends at once.
    ");
}

#[test]
fn help_of_runs() {
    insta::assert_snapshot!(help(&["runs"]), @"
    The backlog: look at runs, send them round again, delete them

    Usage: trailblazer runs [OPTIONS] <COMMAND>

    Commands:
      backfill  Register the normalized runs found on disk
      list      List runs, the newest first
      show      Show one run and the history of its claims
      reset     Send selected runs round again
      retry     Try failed runs again, their attempts forgotten
      delete    Delete selected runs with their documents, chunks and vectors
      help      Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_runs_backfill() {
    insta::assert_snapshot!(help(&["runs", "backfill"]), @"
    Register the normalized runs found on disk

    Usage: trailblazer runs backfill [OPTIONS] [DIR]

    Arguments:
      [DIR]  Folder of runs [default: runs in the workspace folder]

    Options:
      -h, --help  Print help

    [global options]

    Reads DIR/*/normalize/normalized.ndjson, of this or an earlier trailblazer, one transaction a run.
    Runs that are registered already with the same content stay as they are, so that it can be stopped
    and repeated at any time.

    Example:
      trailblazer runs backfill /srv/old/var/runs
    ");
}

#[test]
fn help_of_runs_list() {
    insta::assert_snapshot!(help(&["runs", "list"]), @"
    List runs, the newest first

    Usage: trailblazer runs list [OPTIONS]

    Options:
      -h, --help  Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches; * is any text, ? one character
          --source <SOURCE>          Runs of this source; may be repeated
          --status <STATUS>          Runs in this status; may be repeated [possible values: normalized,
                                     reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs last embedded with this model; may be repeated
          --limit <N>                At most N runs; `list` takes the newest, `reset` and `delete` the
                                     first by id

    [global options]

    Example:
      trailblazer runs list --status failed --from 2026-01-01
    ");
}

#[test]
fn help_of_runs_show() {
    insta::assert_snapshot!(help(&["runs", "show"]), @"
    Show one run and the history of its claims

    Usage: trailblazer runs show [OPTIONS] <ID>

    Arguments:
      <ID>  The run

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_runs_reset() {
    insta::assert_snapshot!(help(&["runs", "reset"]), @"
    Send selected runs round again

    Usage: trailblazer runs reset [OPTIONS]

    Options:
          --scope <SCOPE>
              How much to take back

              Possible values:
              - processed:  The marks of both phases; all data stays
              - embeddings: Also the vectors that no other run needs
              - all:        Also the chunks, when reset.delete_chunks is true

              [default: processed]

          --dry-run
              Count what would be done, and change nothing

      -y, --yes
              Do not ask

          --force
              Also runs that a worker holds; the worker notices and stops

      -h, --help
              Print help (see a summary with '-h')

    Which runs:
          --run-id <GLOB>
              Runs whose id matches; * is any text, ? one character

          --source <SOURCE>
              Runs of this source; may be repeated

          --status <STATUS>
              Runs in this status; may be repeated

              [possible values: normalized, reset, chunking, chunked, embedding, embedded, failed]

          --from <DATE>
              Runs normalized on or after this date or time (UTC)

          --to <DATE>
              Runs normalized on or before this date or time (UTC)

          --embedding-model <MODEL>
              Runs last embedded with this model; may be repeated

          --limit <N>
              At most N runs; `list` takes the newest, `reset` and `delete` the first by id

    [global options]

    Examples:
      trailblazer runs reset --status failed                      Try again what failed
      trailblazer runs reset --from 2026-01-01 --to 2026-01-31 --dry-run
      trailblazer runs reset --embedding-model old --scope embeddings --yes

    Runs that a worker holds are left alone and counted, unless --force. A scope that deletes, and a
    selection of every run, asks for confirmation. It goes in steps of 500 runs: stop it at any time,
    and run it again to go on.
    ");
}

#[test]
fn help_of_runs_retry() {
    insta::assert_snapshot!(help(&["runs", "retry"]), @"
    Try failed runs again, their attempts forgotten

    Usage: trailblazer runs retry [OPTIONS] <ID>...

    Arguments:
      <ID>...  Failed runs

    Options:
      -h, --help  Print help

    [global options]

    Example:
      trailblazer runs retry 2026-01-31_120000_ab12 && trailblazer run
    ");
}

#[test]
fn help_of_runs_delete() {
    insta::assert_snapshot!(help(&["runs", "delete"]), @"
    Delete selected runs with their documents, chunks and vectors

    Usage: trailblazer runs delete [OPTIONS] [ID]...

    Arguments:
      [ID]...  Runs by their ids

    Options:
          --dry-run  Count what would be done, and change nothing
      -y, --yes      Do not ask
          --force    Also runs that a worker holds; the worker notices and stops
      -h, --help     Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches; * is any text, ? one character
          --source <SOURCE>          Runs of this source; may be repeated
          --status <STATUS>          Runs in this status; may be repeated [possible values: normalized,
                                     reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs last embedded with this model; may be repeated
          --limit <N>                At most N runs; `list` takes the newest, `reset` and `delete` the
                                     first by id

    [global options]

    Examples:
      trailblazer runs delete handbook-2024
      trailblazer runs delete --source confluence --to 2024-12-31 --dry-run
      trailblazer runs delete --run-id '*' --yes                Everything

    Vectors of texts that another run has stay, and where another run holds a version of a deleted
    document, that one is searched. Runs that a worker holds are left alone and counted, unless --force.
    What normalize wrote to disk stays: `runs backfill` brings a deleted run back as long as its folder
    is there. It goes in steps of 500 runs: stop it at any time, and run it again to go on.
    ");
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(help(&["run"]), @"
    Chunk and embed everything that is due

    Usage: trailblazer run [OPTIONS]

    Options:
          --phases <PHASES>
              Phases to work on

              Possible values:
              - chunk: Documents to chunks
              - embed: Chunks to vectors

              [default: chunk,embed]

          --limit <N>
              Take up at most N runs

          --workers <N>
              Runs worked on, and batches embedded, at once [default: `workers` of the configuration]

          --dry-run
              Say what is due and change nothing

          --watch
              Stay when nothing is due, and take up what comes

          --progress-every <N>
              Report progress after every N runs

              [default: 100]

      -h, --help
              Print help (see a summary with '-h')

    Which runs:
          --run-id <GLOB>
              Runs whose id matches; * is any text, ? one character

          --source <SOURCE>
              Runs of this source; may be repeated

    [global options]

    Examples:
      trailblazer run                          Everything that is normalized and not yet embedded
      trailblazer run --dry-run                What that would be
      trailblazer run --limit 20 --workers 2   The oldest twenty
      trailblazer run --run-id '2026-*' --source dita
      trailblazer run --watch                  Stay, and take up what comes

    Any number of these may run at once, on any number of machines: each run is claimed by one worker
    only. An embedding server that is busy is waited for, and one that is away once it has answered, or
    with --watch; no run is charged for it.

    Ctrl-C finishes the batch in hand, waits ten seconds at most for an answer of the embedding server,
    and gives the claims back. A second one ends at once: the claims stay until their leases run out, or
    until `trailblazer runs reset --run-id ID --force`.
    ");
}

#[test]
fn help_of_status() {
    insta::assert_snapshot!(help(&["status"]), @"
    What is left to do, who works on what, and why it is stuck

    Usage: trailblazer status [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]

    The same in SQL: select * from graphdb.backlog_status
    ");
}

#[test]
fn help_of_ask() {
    insta::assert_snapshot!(help(&["ask"]), @r#"
    Ask the documentation a question

    Usage: trailblazer ask [OPTIONS] <QUESTION>...

    Arguments:
      <QUESTION>...  Words, "texts in quotes" that must stand in the answer, -words that must not (quote
                     the whole then; after -- where it begins with one)

    Options:
          --limit <N>        At most N answers [default: 5]
          --source <SOURCE>  Only documents of this source; may be repeated
          --label <LABEL>    Only documents with this label; may be repeated
          --run-id <GLOB>    Only documents of runs whose id matches; * is any text, ? one character
          --every-chunk      Several chunks of one document too, not the best alone
          --text-only        By the words alone
      -h, --help             Print help

    [global options]

    Examples:
      trailblazer ask "How do I reset runs that failed?"
      trailblazer ask 'expired "claim token" -python'     With this text, without that word
      trailblazer ask chunk --source dita --limit 3
      trailblazer ask "back up" --text-only              By its words alone, without the model
      trailblazer ask "back up" | jq -r '.title // empty'   NDJSON in a pipe

    The same in SQL: select * from graphdb.search('How do I reset runs that failed?')
    "#);
}

#[test]
fn help_of_completions() {
    insta::assert_snapshot!(help(&["completions"]), @"
    Print what lets a shell complete commands and flags

    Usage: trailblazer completions [OPTIONS] <SHELL>

    Arguments:
      <SHELL>  The shell to print for [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    [global options]

    Examples:
      source <(trailblazer completions bash)          In this shell; in ~/.bashrc, in every one
      trailblazer completions zsh > ~/.zfunc/_trailblazer
      trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish
    ");
}
