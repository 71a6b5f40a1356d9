//! The help of `db`.

use super::help;

#[test]
fn help_of_db() {
    insta::assert_snapshot!(help(&["db"]), @"
    Manage the database: private server, schema, checks, backups and rights

    Usage: trailblazer db [OPTIONS] <COMMAND>

    Examples:
      trailblazer db migrate                Install or update the schema
      trailblazer db doctor                 Check everything that a run needs
      trailblazer db dump backup.dump       Save the knowledge base

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

    Examples:
      trailblazer db up
      psql "$(trailblazer db up --events never)"     Open the database in psql

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

    Example:
      trailblazer db down

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

    Examples:
      trailblazer db migrate
      TRAILBLAZER_DB_URL=postgresql://owner@db.example/docs trailblazer db migrate

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
    during the dump. An existing file is replaced when the dump is complete. A dump to a pipe or a
    device is written directly.
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
