//! Displays the progress of `run` on one line: embedded and due texts, rate and estimated time left.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::line::{self, Figures};
use crate::bar;
use crate::db::operations::RunProgress;
use crate::events::{Event, EventWriter};
use crate::ids::{Phase, RunId};
use crate::lock::locked;
use crate::terminal;
use crate::worker::lease::Lease;
use crate::worker::{Plan, Watcher};

/// Interval between two lines if standard error is not a terminal.
const LINE_EVERY: Duration = Duration::from_secs(30);
/// Interval between two updates of the line on a terminal, even without progress.
const REDRAW: Duration = Duration::from_millis(500);
/// The rate is measured over this time.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// The work of this command and its progress.
#[derive(Debug, Default)]
struct Work {
    runs: BTreeMap<String, RunWork>,
    phases: Vec<Phase>,
    /// Whether the process keeps running when all work is done. If so, new work is counted from 0.
    watch: bool,
    runs_done: u64,
    runs_total: u64,
    /// Texts that this process embedded.
    own_texts: u64,
    rate: Rate,
    current: String,
}

/// The progress of one run.
#[derive(Debug, Clone, Copy, Default)]
struct RunWork {
    /// Documents that are not chunked yet.
    documents: u64,
    /// Documents that are chunked.
    chunked: u64,
    texts: u64,
    embedded: u64,
    /// Texts that had a vector when the last claim began.
    embedded_before: u64,
}

impl RunWork {
    fn is_done(&self) -> bool {
        self.documents == 0 && self.embedded == self.texts
    }
}

/// Texts that were embedded in the last minute.
#[derive(Debug, Default)]
struct Rate(VecDeque<(Instant, u64)>);

impl Rate {
    fn record(&mut self, now: Instant, texts: u64) {
        self.0.push_back((now, texts));
        while self.0.len() > 2 && self.0.get(1).is_some_and(|(at, _)| now.duration_since(*at) >= RATE_WINDOW) {
            self.0.pop_front();
        }
    }

    /// Texts per second, or `None` if too few texts were embedded to measure it.
    fn per_second(&self) -> Option<f64> {
        let ((begun, before), (now, texts)) = (self.0.front()?, self.0.back()?);
        let seconds = now.duration_since(*begun).as_secs_f64();
        let embedded = u32::try_from(texts.saturating_sub(*before)).unwrap_or(u32::MAX);
        (seconds > 0.0 && embedded > 0).then(|| f64::from(embedded) / seconds)
    }
}

impl Work {
    fn new(phases: &[Phase], watch: bool, runs_total: u64) -> Self {
        Self { phases: phases.to_vec(), watch, runs_total, ..Self::default() }
    }

    /// Adds the runs that no worker of this process has begun yet.
    fn add_due(&mut self, due: &[RunProgress]) {
        let phases = &self.phases;
        let count = |count: i64, phase| if phases.contains(&phase) { u64::try_from(count).unwrap_or(0) } else { 0 };
        for run in due {
            let embedded = count(run.embedded, Phase::Embed);
            self.runs.entry(run.run_id.clone()).or_insert_with(|| RunWork {
                documents: count(run.documents, Phase::Chunk),
                texts: count(run.texts, Phase::Embed),
                embedded,
                embedded_before: embedded,
                ..RunWork::default()
            });
        }
    }

    /// Records the numbers that the database counted when a worker began to embed a run.
    fn count(&mut self, run_id: &RunId, counted: &RunProgress, now: Instant) {
        if self.watch && self.runs_done > 0 && self.runs.values().all(RunWork::is_done) {
            self.runs.clear();
        }
        let embedded = u64::try_from(counted.embedded).unwrap_or(0);
        let run = self.runs.entry(run_id.to_string()).or_default();
        run.chunked += std::mem::take(&mut run.documents);
        (run.texts, run.embedded, run.embedded_before) =
            (u64::try_from(counted.texts).unwrap_or(0), embedded, embedded);
        self.rate.record(now, self.own_texts);
    }

    fn advance(&mut self, run_id: &RunId, phase: Phase, done: u64, total: u64, now: Instant) {
        let run = self.runs.entry(run_id.to_string()).or_default();
        match phase {
            Phase::Chunk => (run.documents, run.chunked) = (total.saturating_sub(done), done),
            Phase::Embed => {
                let embedded = (run.embedded_before + done).min(run.texts.max(done));
                self.own_texts += embedded.saturating_sub(run.embedded);
                run.embedded = embedded;
                self.rate.record(now, self.own_texts);
            }
        }
        self.current = format!("{phase} {run_id}");
    }

    fn complete(&mut self, run_id: &RunId, runs_done: u64) {
        if let Some(run) = self.runs.get_mut(run_id.as_str()) {
            run.chunked += std::mem::take(&mut run.documents);
            run.embedded = run.texts;
        }
        self.runs_done = runs_done;
        self.runs_total = self.runs_total.max(runs_done);
    }

    fn figures(&self) -> Figures {
        let sum = |count: fn(&RunWork) -> u64| self.runs.values().map(count).sum::<u64>();
        Figures {
            texts: sum(|run| run.texts),
            embedded: sum(|run| run.embedded),
            documents_left: sum(|run| run.documents),
            documents: sum(|run| run.documents + run.chunked),
            per_second: self.rate.per_second(),
            runs_done: self.runs_done,
            // Runs can become due while this process works.
            runs: self.runs_total.max(self.runs_done + self.runs.values().filter(|run| !run.is_done()).count() as u64),
            current: self.current.clone(),
        }
    }
}

/// Shows the progress of a command on standard error. On a terminal, it updates one line. Otherwise, it prints a line at intervals.
pub struct Display<'a> {
    work: Mutex<Work>,
    bar: Option<ProgressBar>,
    last_line: Mutex<(Instant, Figures)>,
    /// Number of runs between two reports.
    every: u64,
    begun: Instant,
    events: &'a EventWriter,
}

impl<'a> Display<'a> {
    /// Shows the work on `runs_total` runs.
    pub fn new(plan: &Plan, runs_total: u64, every: u64, quiet: bool, events: &'a EventWriter) -> Self {
        Self::of(Work::new(&plan.phases, plan.watch, runs_total), every, quiet, events)
    }

    fn of(work: Work, every: u64, quiet: bool, events: &'a EventWriter) -> Self {
        let bar = (!quiet && bar::is_on_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        let begun = Instant::now();
        let last_line = Mutex::new((begun, Figures::default()));
        Self { work: Mutex::new(work), bar, last_line, every, begun, events }
    }

    /// Pause between two calls of [`Display::tick`].
    pub fn interval(&self) -> Duration {
        if self.bar.is_some() { REDRAW } else { Duration::from_secs(1) }
    }

    /// Returns whether standard error is a terminal or the next line is due.
    pub fn is_shown(&self, now: Instant) -> bool {
        self.bar.is_some() || now.saturating_duration_since(self.begun) >= LINE_EVERY
    }

    /// Adds the runs that wait for a worker.
    pub fn add_due(&self, due: &[RunProgress]) {
        self.work().add_due(due);
    }

    /// Updates the line on the terminal, or prints a line if one is due.
    pub fn tick(&self, now: Instant) {
        if self.bar.is_some() {
            return self.draw();
        }
        let figures = self.work().figures();
        if let Some(line) = self.due_line(&figures, now) {
            log::info!("{line}");
            self.emit(&figures);
        }
    }

    /// Removes the line from the terminal.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
            terminal::set_line_drawn(false);
        }
    }

    /// Returns the line to print without a terminal, if the last one is old enough and there is progress.
    fn due_line(&self, figures: &Figures, now: Instant) -> Option<String> {
        let mut last = locked(&self.last_line);
        if now.saturating_duration_since(last.0) < LINE_EVERY || last.1 == *figures {
            return None;
        }
        *last = (now, figures.clone());
        Some(line::sentence(figures))
    }

    fn draw(&self) {
        let Some(line) = &self.bar else { return };
        line.set_message(line::fitting(&self.work().figures(), bar::width()));
        line.tick();
        terminal::set_line_drawn(true);
    }

    fn emit(&self, figures: &Figures) {
        let (done, total) = (figures.runs_done, figures.runs.max(figures.runs_done));
        let in_u32 = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let by_runs = || (self.begun.elapsed() / in_u32(done.max(1))).saturating_mul(in_u32(total - done)).as_secs();
        let has_texts = figures.texts > 0;
        self.events.emit(&Event::Progress {
            done,
            total,
            percent: f64::from(in_u32(done * 1000 / total.max(1))) / 10.0,
            eta_seconds: figures.seconds_left().or_else(|| (done > 0).then(by_runs)),
            texts: has_texts.then_some(figures.texts),
            embedded_texts: has_texts.then_some(figures.embedded),
        });
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        locked(&self.work)
    }
}

impl Watcher for Display<'_> {
    fn counted(&self, lease: &Lease, progress: &RunProgress) {
        self.work().count(&lease.run_id, progress, Instant::now());
    }

    fn advanced(&self, lease: &Lease) {
        let (done, total) = (u64::try_from(lease.done()).unwrap_or(0), u64::try_from(lease.total).unwrap_or(0));
        self.work().advance(&lease.run_id, lease.phase, done, total, Instant::now());
    }

    fn completed(&self, run_id: &RunId, done: u64) {
        let mut work = self.work();
        work.complete(run_id, done);
        let figures = work.figures();
        drop(work);
        if done.is_multiple_of(self.every) || done == figures.runs {
            self.emit(&figures);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> RunId {
        text.parse().unwrap()
    }

    fn progress(run_id: &str, documents: i64, texts: i64, embedded: i64) -> RunProgress {
        RunProgress { run_id: run_id.into(), is_due: true, documents, texts, embedded }
    }

    const BOTH: [Phase; 2] = [Phase::Chunk, Phase::Embed];

    fn work(due: &[RunProgress], phases: &[Phase], runs_total: u64) -> Work {
        let mut work = Work::new(phases, true, runs_total);
        work.add_due(due);
        work
    }

    #[test]
    fn a_run_that_was_interrupted_continues_where_it_stopped() {
        let begun = Instant::now();
        let mut work = work(&[progress("a", 0, 1000, 400)], &BOTH, 1);
        assert_eq!((work.figures().embedded, work.figures().texts), (400, 1000));
        work.count(&id("a"), &progress("a", 0, 1000, 400), begun);
        work.advance(&id("a"), Phase::Embed, 100, 1000, begun + Duration::from_secs(2));
        let figures = work.figures();
        assert_eq!((figures.embedded, figures.texts), (500, 1000));
        // The rate includes only the texts that this process embedded.
        assert_eq!((figures.per_second, figures.seconds_left()), (Some(50.0), Some(10)));
    }

    #[test]
    fn one_folder_is_counted_by_documents_and_then_by_texts() {
        let now = Instant::now();
        let mut work = work(&[progress("a", 20, 0, 0)], &BOTH, 1);
        work.advance(&id("a"), Phase::Chunk, 5, 20, now);
        // This count arrives late. If a worker has begun a run, the newer numbers are kept.
        work.add_due(&[progress("a", 20, 0, 0)]);
        let figures = work.figures();
        assert_eq!((figures.texts, figures.documents_left, figures.documents), (0, 15, 20));
        // The other documents kept their chunks.
        work.count(&id("a"), &progress("a", 0, 60, 10), now);
        work.advance(&id("a"), Phase::Embed, 20, 60, now);
        let figures = work.figures();
        assert_eq!((figures.embedded, figures.texts, figures.documents_left), (30, 60, 0));
        work.complete(&id("a"), 1);
        assert_eq!((work.figures().embedded, work.figures().runs_done), (60, 1));
    }

    #[test]
    fn a_watching_process_starts_anew_when_all_was_done() {
        let now = Instant::now();
        let mut work = work(&[progress("a", 0, 5, 0)], &BOTH, 1);
        work.count(&id("a"), &progress("a", 0, 5, 0), now);
        work.complete(&id("a"), 1);
        work.count(&id("b"), &progress("b", 0, 7, 1), now);
        assert_eq!((work.figures().embedded, work.figures().texts), (1, 7));
    }

    #[test]
    fn a_run_that_becomes_due_during_the_work_is_one_more() {
        let now = Instant::now();
        let mut work = work(&[progress("a", 0, 5, 0)], &BOTH, 1);
        work.count(&id("a"), &progress("a", 0, 5, 0), now);
        work.complete(&id("a"), 1);
        let mut work = Work { watch: false, ..work };
        work.count(&id("b"), &progress("b", 0, 7, 1), now);
        assert_eq!((work.figures().runs_done, work.figures().runs), (1, 2));
    }

    #[test]
    fn phases_that_are_not_asked_for_are_not_counted() {
        let due = [progress("a", 20, 0, 0), progress("b", 0, 7, 1)];
        assert_eq!(work(&due, &[Phase::Chunk], 2).figures().texts, 0);
        assert_eq!(work(&due, &[Phase::Embed], 2).figures().documents, 0);
    }

    #[test]
    fn the_rate_is_that_of_the_last_minute() {
        let begun = Instant::now();
        let mut rate = Rate::default();
        assert_eq!(rate.per_second(), None);
        for (second, texts) in [(0, 0), (10, 1000), (100, 1000), (160, 1600)] {
            rate.record(begun + Duration::from_secs(second), texts);
        }
        assert_eq!(rate.per_second(), Some(10.0));
    }

    #[test]
    fn without_a_terminal_there_is_a_line_every_thirty_seconds_while_something_is_done() {
        let events = EventWriter::silent();
        let display = Display::of(work(&[progress("a", 0, 1000, 0)], &BOTH, 1), 100, true, &events);
        let at = |second| display.begun + Duration::from_secs(second);
        let mut lines = Vec::new();
        for second in 0..200 {
            let embedded = second.min(100) * 2;
            let figures = Figures { texts: 1000, embedded, ..Figures::default() };
            lines.extend(display.due_line(&figures, at(second)).map(|_| second));
        }
        assert_eq!(lines, [30, 60, 90, 120]);
    }
}
