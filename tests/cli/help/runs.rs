//! The help of `runs`.

use super::help;

#[test]
fn help_of_runs() {
    insta::assert_snapshot!(help(&["runs"]), @"
    Inspect, reset, retry or delete runs

    Usage: trailblazer runs [OPTIONS] <COMMAND>

    Examples:
      trailblazer runs list --status failed
      trailblazer runs show handbook        Show why it failed
      trailblazer runs retry handbook

    Commands:
      backfill  Register normalized runs that are on disk
      list      List runs, newest first
      show      Show a run and the history of its claims
      reset     Reset runs so that they are processed again
      retry     Retry failed runs, and reset their attempts to 0
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

    Examples:
      trailblazer runs show handbook
      trailblazer runs show handbook --json | jq -r '.error // empty'     Errors of all attempts

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
              Count what would change, but change nothing

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
    Retry failed runs, and reset their attempts to 0

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
      trailblazer runs release --status embedding     Release claims of dead workers that embed
      trailblazer runs release --run-id '*' --dry-run

    Arguments:
      [ID]...  The ids of the runs

    Options:
          --charge   Count the release as a failed attempt, like an expired lease
          --dry-run  Count what would change, but change nothing
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
          --dry-run        Count what would change, but change nothing
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
    paused run stays paused after a reset, a retry or new documents. If a run is already embedded, it
    waits after the next reset or new documents. `trailblazer status` shows how many runs are paused,
    and why.
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
          --dry-run  Count what would change, but change nothing
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
          --dry-run  Show what would change, but change nothing
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
          --dry-run  Count what would change, but change nothing
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
