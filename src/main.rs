//! The `trailblazer` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    trailblazer::run(std::env::args_os())
}
