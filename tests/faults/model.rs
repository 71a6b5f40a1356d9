//! A model of the backlog. It defines the effect and the answer of each function in schema `graphdb`.

use std::collections::BTreeMap;

/// Maximum number of attempts in one phase. It is the default of the database.
const MAX_ATTEMPTS: i32 = 5;
/// Seconds on the clock that the test sets.
pub type Seconds = i64;
/// An error is represented by its SQLSTATE.
pub type Answer = Result<String, &'static str>;

/// A claim, with a live or an expired lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub worker: String,
    pub expires: Seconds,
    pub from: &'static str,
}

/// A row of `processed_runs` and its dependent data.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Run {
    pub source: String,
    pub normalized: Seconds,
    pub status: &'static str,
    /// Whether its only document has text that can be chunked.
    pub has_text: bool,
    pub chunks: bool,
    pub vector: bool,
    pub wants_vectors: bool,
    pub total_chunks: Option<i32>,
    pub embedded_chunks: Option<i32>,
    pub claim: Option<Claim>,
    /// The last known token. `None` after a step that must have created a new token.
    pub token: Option<i64>,
    pub attempts: i32,
    pub available: Option<Seconds>,
    pub failed_phase: Option<&'static str>,
}

impl Run {
    /// Returns a newly registered run.
    pub fn new(source: &str, normalized: Seconds, has_text: bool) -> Self {
        Self {
            source: source.to_owned(),
            normalized,
            status: "normalized",
            has_text,
            chunks: false,
            vector: false,
            wants_vectors: true,
            total_chunks: None,
            embedded_chunks: None,
            claim: None,
            token: None,
            attempts: 0,
            available: None,
            failed_phase: None,
        }
    }

    fn phase(&self) -> &'static str {
        if self.status == "chunking" { "chunk" } else { "embed" }
    }

    fn is_due(&self, phase: &str) -> bool {
        self.available.is_none() && self.waits(phase)
    }

    fn waits(&self, phase: &str) -> bool {
        match phase {
            "chunk" => matches!(self.status, "normalized" | "reset"),
            _ => self.status == "chunked" || self.status == "reset" && self.total_chunks.is_some(),
        }
    }

    /// Ends a failed claim.
    fn charge(&mut self, now: Seconds, pause: Option<Seconds>, permanent: bool) {
        let claim = self.claim.take().unwrap();
        let is_failed = permanent || self.attempts + 1 >= MAX_ATTEMPTS;
        self.failed_phase = Some(self.phase());
        self.status = if is_failed { "failed" } else { claim.from };
        self.attempts += 1;
        self.available = pause.filter(|_| !is_failed).map(|pause| now + pause);
        self.token = None;
    }

    /// Returns the expected row in the database.
    pub fn row(&self) -> String {
        let shown = |number: Option<i64>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
        let claim = self.claim.as_ref();
        format!(
            "{} {} {} {} {} {} {} {} {} {} {}",
            self.source,
            self.status,
            self.attempts,
            claim.map_or("-", |claim| claim.worker.as_str()),
            shown(claim.map(|claim| claim.expires)),
            claim.map_or("-", |claim| claim.from),
            shown(self.available),
            shown(self.total_chunks.map(i64::from)),
            shown(self.embedded_chunks.map(i64::from)),
            self.failed_phase.unwrap_or("-"),
            if self.wants_vectors { "t" } else { "f" },
        )
    }
}

/// Returns the pause after this number of failures.
fn backoff(failures: i32) -> Option<Seconds> {
    (failures > 0).then(|| (10 << (failures - 1).min(10)).min(900))
}

/// The parameters of a reset.
#[derive(Debug, Clone)]
pub struct Reset {
    /// The selected runs. Empty means all runs.
    pub runs: Vec<String>,
    pub scope: &'static str,
    pub dry_run: bool,
    pub force: bool,
    pub delete_chunks: bool,
}

/// The parameters of a deletion.
#[derive(Debug, Clone)]
pub struct Delete {
    pub runs: Vec<String>,
    pub dry_run: bool,
    pub force: bool,
}

/// The backlog, and its clock.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub now: Seconds,
    pub runs: BTreeMap<String, Run>,
}

impl Model {
    /// Returns the run whose live claim has the token `token`.
    fn held(&mut self, run_id: &str, token: i64) -> Result<&mut Run, &'static str> {
        let run = self.runs.get_mut(run_id).ok_or("TB004")?;
        if run.token == Some(token) && run.claim.is_some() { Ok(run) } else { Err("TB002") }
    }

    pub fn register(&mut self, run_id: &str, source: &str, normalized: Seconds) -> String {
        let Some(run) = self.runs.get_mut(run_id) else {
            self.runs.insert(run_id.to_owned(), Run::new(source, normalized, false));
            return "registered".into();
        };
        if run.source == source {
            return "unchanged".into();
        }
        let Run { has_text, chunks, vector, wants_vectors, .. } = *run;
        *run = Run { chunks, vector, wants_vectors, ..Run::new(source, normalized, has_text) };
        "changed".into()
    }

    /// Loads the document of the run, if the run has one.
    pub fn load(&mut self, run_id: &str, normalized: Seconds) -> String {
        let Some(run) = self.runs.get_mut(run_id) else {
            self.runs.insert(run_id.to_owned(), Run::new("dita", normalized, true));
            return "registered".into();
        };
        if run.source == "dita" && run.has_text {
            return "unchanged".into();
        }
        let Run { chunks, vector, wants_vectors, .. } = *run;
        *run = Run { chunks, vector, wants_vectors, ..Run::new("dita", normalized, true) };
        "changed".into()
    }

    /// Recovers expired leases and ends back-offs. Returns the runs whose leases had expired.
    pub fn recover(&mut self) -> Vec<String> {
        let now = self.now;
        let mut recovered = Vec::new();
        for (run_id, run) in &mut self.runs {
            if run.claim.as_ref().is_some_and(|claim| claim.expires <= now) {
                let pause = backoff(run.attempts);
                run.charge(now, pause, false);
                recovered.push(run_id.clone());
            } else if run.available.is_some_and(|available| available <= now) {
                run.available = None;
            }
        }
        recovered
    }

    /// Leases up to `most` of the given runs, or of all runs. Returns their ids in order.
    pub fn claim(
        &mut self,
        phase: &'static str,
        worker: &str,
        ttl: Seconds,
        most: usize,
        of: &[String],
    ) -> Vec<String> {
        self.recover();
        let mut due: Vec<(Seconds, String)> = self
            .runs
            .iter()
            .filter(|(run_id, run)| run.is_due(phase) && (of.is_empty() || of.contains(run_id)))
            .map(|(run_id, run)| (run.normalized, run_id.clone()))
            .collect();
        due.sort();
        due.truncate(most);
        for (_, run_id) in &due {
            let run = self.runs.get_mut(run_id).unwrap();
            run.claim = Some(Claim { worker: worker.to_owned(), expires: self.now + ttl, from: run.status });
            run.status = if phase == "chunk" { "chunking" } else { "embedding" };
            run.wants_vectors |= phase == "embed";
            run.token = None;
        }
        due.into_iter().map(|(_, run_id)| run_id).collect()
    }

    pub fn renew(&mut self, run_id: &str, token: i64, ttl: Seconds) -> Answer {
        let expires = self.now + ttl;
        self.held(run_id, token)?.claim.as_mut().unwrap().expires = expires;
        Ok(expires.to_string())
    }

    pub fn complete(&mut self, run_id: &str, phase: &str, token: i64) -> Answer {
        let run = self.held(run_id, token)?;
        if run.phase() != phase {
            return Err("TB001");
        }
        let chunks = i32::from(run.chunks);
        if phase == "chunk" && run.has_text && !run.chunks || phase == "embed" && run.chunks && !run.vector {
            return Err("TB003");
        }
        run.status = if phase == "chunk" { "chunked" } else { "embedded" };
        run.total_chunks = Some(chunks);
        run.embedded_chunks = (phase == "embed").then_some(chunks);
        (run.claim, run.attempts, run.failed_phase) = (None, 0, None);
        Ok(run.status.to_owned())
    }

    /// Completes the runs that can be completed. Returns their ids, or an error if work is missing in a claimed run.
    pub fn complete_some(&mut self, phase: &str, claims: &[(&'static str, i64)]) -> Answer {
        let mut after = self.clone();
        let mut done: Vec<&str> = Vec::new();
        for (run_id, token) in claims {
            match after.complete(run_id, phase, *token) {
                Ok(_) => done.push(run_id),
                Err("TB003") => return Err("TB003"),
                Err(_) => {}
            }
        }
        *self = after;
        done.sort_unstable();
        Ok(done.join(" "))
    }

    pub fn release(&mut self, run_id: &str, token: i64) -> Answer {
        let run = self.held(run_id, token)?;
        run.status = run.claim.take().unwrap().from;
        run.token = None;
        Ok(run.status.to_owned())
    }

    /// `pause` is in seconds. `None` means the default back-off.
    pub fn fail(&mut self, run_id: &str, token: i64, pause: Option<Seconds>, permanent: bool) -> Answer {
        let now = self.now;
        let run = self.held(run_id, token)?;
        let pause = pause.or(backoff(run.attempts + 1)).filter(|pause| *pause > 0);
        run.charge(now, pause, permanent);
        Ok(run.status.to_owned())
    }

    pub fn replace_chunks(&mut self, run_id: &str, token: i64) -> Answer {
        let run = self.held(run_id, token)?;
        if run.status != "chunking" {
            return Err("TB001");
        }
        run.chunks = run.has_text;
        run.total_chunks = None;
        Ok(i32::from(run.chunks).to_string())
    }

    /// Stores the vector of the text of `run_id` under the embed claim with this token.
    pub fn store_vector(&mut self, run_id: &str, token: i64) -> Answer {
        let is_held = |run: &Run| run.token == Some(token) && run.claim.is_some() && run.status == "embedding";
        if !self.runs.values().any(is_held) {
            return Err("TB002");
        }
        let Some(run) = self.runs.get_mut(run_id).filter(|run| run.chunks && !run.vector) else {
            return Ok("0".into());
        };
        run.vector = true;
        Ok("1".into())
    }

    /// Returns `reset unchanged skipped fenced deleted_vectors deleted_chunks`.
    pub fn reset(&mut self, reset: &Reset) -> String {
        let now = self.now;
        let deletes_chunks = reset.scope == "all" && reset.delete_chunks;
        let [mut count, mut unchanged, mut skipped, mut fenced, mut vectors, mut chunks] = [0; 6];
        for (run_id, run) in &mut self.runs {
            if !reset.runs.is_empty() && !reset.runs.contains(run_id) {
                continue;
            }
            let is_live = run.claim.as_ref().is_some_and(|claim| claim.expires > now);
            if is_live && !reset.force {
                skipped += 1;
                continue;
            }
            let is_clean = run.attempts == 0 && run.available.is_none() && run.failed_phase.is_none();
            let keeps_vectors = reset.scope == "processed" || !run.wants_vectors;
            if run.status == "reset" && is_clean && keeps_vectors && !(deletes_chunks && run.chunks) {
                unchanged += 1;
                continue;
            }
            fenced += i32::from(is_live);
            count += 1;
            let loses_vector = reset.scope != "processed" && run.chunks && run.vector;
            vectors += i32::from(loses_vector);
            chunks += i32::from(deletes_chunks && run.chunks);
            if reset.dry_run {
                continue;
            }
            run.status = "reset";
            run.vector &= !loses_vector;
            run.chunks &= !deletes_chunks;
            run.wants_vectors &= reset.scope == "processed";
            run.total_chunks = run.total_chunks.filter(|_| !deletes_chunks);
            (run.embedded_chunks, run.claim, run.token) = (None, None, None);
            (run.attempts, run.available, run.failed_phase) = (0, None, None);
        }
        format!("{count} {unchanged} {skipped} {fenced} {vectors} {chunks}")
    }

    /// Returns `deleted skipped fenced deleted_documents deleted_chunks deleted_vectors`.
    pub fn delete(&mut self, delete: &Delete) -> String {
        let now = self.now;
        let [mut count, mut skipped, mut fenced, mut documents, mut chunks, mut vectors] = [0; 6];
        self.runs.retain(|run_id, run| {
            if !delete.runs.contains(run_id) {
                return true;
            }
            let is_live = run.claim.as_ref().is_some_and(|claim| claim.expires > now);
            if is_live && !delete.force {
                skipped += 1;
                return true;
            }
            fenced += i32::from(is_live);
            count += 1;
            documents += i32::from(run.has_text);
            chunks += i32::from(run.chunks);
            vectors += i32::from(run.chunks && run.vector);
            delete.dry_run
        });
        format!("{count} {skipped} {fenced} {documents} {chunks} {vectors}")
    }

    /// Returns how many runs wait for a phase, including runs in back-off.
    pub fn backlog(&self, phase: &str) -> String {
        let ran_out = |run: &Run| run.claim.as_ref().is_some_and(|claim| claim.expires <= self.now);
        let waits = |run: &&Run| run.waits(phase) || run.claim.is_some() && run.phase() == phase && ran_out(run);
        self.runs.values().filter(waits).count().to_string()
    }
}
