//! Forces the order of concurrent steps with locks, and waits for conditions.

use std::process::Child;
use std::time::{Duration, Instant};

use nix::sys::signal::{self, Signal};
use nix::unistd::Pid;
use postgres::Client;

use super::TestDatabase;

/// A timeout that is reached only in case of an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// Locks that stop workers at a known point until this value is dropped.
pub struct Held(#[allow(dead_code, reason = "the connection is the lock")] Client);

impl TestDatabase {
    /// Takes a lock with mode `mode` on a table of schema `graphdb`.
    pub fn hold(&self, table: &str, mode: &str) -> Held {
        let mut client = self.connect();
        client.batch_execute(&format!("begin; lock table graphdb.{table} in {mode} mode")).unwrap();
        Held(client)
    }

    /// Waits until `condition`, a SQL expression, is true.
    #[track_caller]
    pub fn wait_until(&self, condition: &str) {
        let mut client = self.connect();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let holds: Option<bool> = client.query_one(&format!("select {condition}"), &[]).unwrap().get(0);
            if holds == Some(true) {
                return;
            }
            assert!(Instant::now() < deadline, "this never came true: {condition}");
            client.batch_execute("select pg_sleep(0.01)").unwrap();
        }
    }

    /// Waits until `count` sessions wait for a lock.
    #[track_caller]
    pub fn wait_until_blocked(&self, count: usize) {
        self.wait_until(&format!(
            "(select count(*) from pg_stat_activity as a where a.datname = current_database() and a.wait_event_type = 'Lock') = {count}"
        ));
    }

    /// Waits until there are no other sessions than those of the test.
    #[track_caller]
    pub fn wait_until_alone(&self) {
        self.wait_until(
            "not exists (select from pg_stat_activity as a where a.datname = current_database() and a.pid <> pg_backend_pid() \
                         and a.application_name = 'trailblazer')",
        );
    }

    /// Returns the first column of every row, as text.
    pub fn column(&self, query: &str) -> Vec<String> {
        let rows = self.connect().query(&format!("select v::text from ({query}) as q (v)"), &[]).unwrap();
        rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
    }

    /// Returns the only value of a query as text.
    #[track_caller]
    pub fn value(&self, query: &str) -> String {
        let mut values = self.column(query);
        assert_eq!(values.len(), 1, "{query}");
        values.remove(0)
    }
}

/// Sends a signal, and waits until it is no longer pending.
pub fn send(child: &Child, signal: Signal) {
    let pid = i32::try_from(child.id()).unwrap();
    signal::kill(Pid::from_raw(pid), signal).unwrap();
    let deadline = Instant::now() + PATIENCE;
    while std::fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|status| is_pending(&status)) {
        assert!(Instant::now() < deadline, "{signal} stays pending");
        std::thread::yield_now();
    }
}

fn is_pending(status: &str) -> bool {
    // The mask of a zombie still contains the signal that killed it.
    if status.contains("State:\tZ") {
        return false;
    }
    let mut masks = status.lines().filter(|line| line.starts_with("SigPnd:") || line.starts_with("ShdPnd:"));
    masks.any(|line| line.chars().any(|digit| ('1'..='9').contains(&digit)))
}
