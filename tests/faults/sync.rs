//! A sync that is killed at any moment, while its site changes.

use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use super::{Random, setting};
use crate::support::confluence::{Confluence, Page, TOKEN};
use crate::support::{Run, Sandbox};

/// Pages that the site begins with.
const PAGES: u64 = 40;

fn configured(site: &Confluence) -> Sandbox {
    let sandbox = Sandbox::new();
    let source = site.source("handbook");
    sandbox.configure(&format!("{source}confluence: {{ attachments: text }}\nsync: {{ prune: true }}\n"));
    sandbox
}

fn command(sandbox: &Sandbox) -> std::process::Command {
    let mut command = sandbox.command(&["sync", "--yes"]);
    command.env("TRAILBLAZER_CONFLUENCE_TOKEN", TOKEN);
    command
}

/// Returns what the tables hold after an undisturbed sync.
fn finished(sandbox: &Sandbox) -> Vec<String> {
    Run::of(command(sandbox).output().unwrap()).success();
    sandbox.database.final_tables()
}

/// Changes the site a little.
fn change(site: &Confluence, pages: &mut Vec<u64>, random: &mut Random, step: u64) {
    let id = pages[random.below(pages.len())];
    match random.below(6) {
        0 => {
            let page = Page {
                title: format!("New {step}"),
                body: format!("<p>Text of new{step}.</p>"),
                version: 1,
                parent: Some(1),
                labels: Vec::new(),
                groups: Vec::new(),
            };
            pages.push(1000 + step);
            site.put(1000 + step, page);
        }
        1 if pages.len() > 20 && id != 1 => {
            pages.retain(|page| *page != id);
            site.delete(id);
        }
        2 => site.edit(id, |page| page.labels = vec![format!("label{step}")]),
        3 => site.edit(id, |page| page.groups = vec![format!("group{step}")]),
        4 => site.attach(id, "notes.txt", i64::try_from(step).unwrap(), format!("Notes of step{step}.").as_bytes()),
        _ => site.edit(id, |page| {
            page.version += 1;
            page.body = format!("<p>Text of step{step}.</p>");
        }),
    }
}

#[test]
fn a_sync_that_is_killed_at_random_ends_in_the_tables_of_an_undisturbed_one() {
    let mut random = Random::seeded("sync");
    let kills = setting("KILLS", 6);
    let site = Confluence::start(PAGES);
    let mut pages: Vec<u64> = (1..=PAGES).collect();
    let begun = Instant::now();
    finished(&configured(&site));
    let longest = usize::try_from(begun.elapsed().as_micros()).unwrap();
    let disturbed = configured(&site);
    let mut ended = 0;
    for step in 1..=kills {
        change(&site, &mut pages, &mut random, step);
        let mut child = command(&disturbed).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_micros(u64::try_from(random.below(longest)).unwrap()));
        ended += u64::from(child.try_wait().unwrap().is_some());
        // It may have ended before.
        let _ = child.kill();
        child.wait().unwrap();
        // The lease of the killed process would hold its run.
        disturbed.run(&["runs", "reset", "--run-id", "handbook", "--force", "--yes"]);
        if step % 20 == 0 || step == kills {
            assert_eq!(finished(&disturbed), finished(&configured(&site)), "after {step} kills");
        }
    }
    println!("sync: {kills} kills, {ended} of them after its end");
    site.assert_satisfied();
}
