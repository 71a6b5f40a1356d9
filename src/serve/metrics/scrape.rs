//! The metrics that each scrape reads from the database.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::db::history::AttemptTotal;
use crate::ids::Status;
use crate::serve::api::types::Backlog;

/// The data that one scrape reads from the database.
pub(super) struct Scrape {
    pub backlog: Arc<Backlog>,
    pub attempts: Vec<AttemptTotal>,
    /// The maximum number of connections, and the number of connections in use.
    pub pool: (usize, usize),
    pub model: String,
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scrape").finish_non_exhaustive()
    }
}

impl Collector for Scrape {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gauges = &mut Gauges(&mut encoder);
        self.runs(gauges)?;
        self.claims(gauges)?;
        self.contents(gauges)?;
        self.server(gauges)?;
        self.attempts(&mut encoder)
    }
}

impl Scrape {
    fn runs(&self, gauges: &mut Gauges<'_, '_>) -> fmt::Result {
        let backlog = &self.backlog;
        let of_status = |status: &Status| backlog.by_status.get(status.as_str()).copied().unwrap_or(0);
        let by_status: Vec<_> = Status::ALL.iter().map(|status| (status.as_str(), of_status(status))).collect();
        gauges.counts("trailblazer_runs", "Runs by status", "status", &by_status)?;
        gauges.count("trailblazer_runs_due", "Runs that a worker can claim now", backlog.due)?;
        gauges.count("trailblazer_runs_deferred", "Runs that wait after a failure", backlog.deferred)?;
        gauges.count("trailblazer_runs_paused", "Runs that are paused", backlog.paused)?;
        gauges.counts(
            "trailblazer_due_texts",
            "Texts of unfinished runs, by whether they have a vector",
            "vector",
            &[("embedded", backlog.embedded_texts), ("missing", backlog.texts - backlog.embedded_texts)],
        )?;
        let oldest = backlog.oldest_normalized_at.map_or(0, |at| (backlog.at - at).num_milliseconds());
        gauges.value(
            "trailblazer_oldest_waiting_run_age_seconds",
            "Age of the oldest waiting run, or 0 if no runs are waiting",
            float(oldest) / 1000.0,
        )
    }

    fn claims(&self, gauges: &mut Gauges<'_, '_>) -> fmt::Result {
        let backlog = &self.backlog;
        gauges.counts(
            "trailblazer_claims",
            "Runs that workers hold: live, dead (six consecutive heartbeats were missed) or with an expired lease",
            "state",
            &[
                ("live", backlog.live_claims - backlog.dead_claims),
                ("dead", backlog.dead_claims),
                ("expired", backlog.expired_claims),
            ],
        )?;
        gauges.count(
            "trailblazer_claim_silence_seconds",
            "Longest time since a heartbeat of a worker that holds a run",
            backlog.claims.iter().map(|claim| claim.silent_seconds).max().unwrap_or(0),
        )?;
        let held = |phase: &str| whole(backlog.claims.iter().filter(|claim| claim.phase == phase).count());
        let by_phase = ["chunk", "embed"].map(|phase| (phase, held(phase)));
        gauges.counts("trailblazer_claimed_runs", "Runs that workers hold, by phase", "phase", &by_phase)
    }

    fn contents(&self, gauges: &mut Gauges<'_, '_>) -> fmt::Result {
        let content = &self.backlog.content;
        gauges.count("trailblazer_documents", "Documents of all runs", content.documents)?;
        gauges.count("trailblazer_chunks", "Chunks of all runs", content.chunks)?;
        let help = "Chunks of all runs that have a vector";
        gauges.count("trailblazer_embedded_chunks", help, content.embedded_chunks)
    }

    fn server(&self, gauges: &mut Gauges<'_, '_>) -> fmt::Result {
        let (most, used) = self.pool;
        let help = "Maximum number of connections of this server";
        gauges.count("trailblazer_database_connections", help, whole(most))?;
        let help = "Connections of this server that are in use";
        gauges.count("trailblazer_database_connections_in_use", help, whole(used))?;
        let build = vec![("version", env!("CARGO_PKG_VERSION").to_owned()), ("model", self.model.clone())];
        gauges.family("trailblazer_build_info", "Version of this server and its model", &[(build, 1.0)])
    }

    fn attempts(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let counter = ConstCounter::new(0_u64);
        let mut family = encoder.encode_descriptor(
            "trailblazer_attempts",
            "Claims that ended, by phase and outcome",
            None,
            EncodeMetric::metric_type(&counter),
        )?;
        for AttemptTotal { phase, outcome, attempts } in &self.attempts {
            let counter = ConstCounter::new(u64::try_from(*attempts).unwrap_or(0));
            let labels = vec![("phase", phase.clone()), ("outcome", outcome.clone())];
            EncodeMetric::encode(&counter, family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// Writes gauges.
struct Gauges<'e, 'd>(&'e mut DescriptorEncoder<'d>);

impl Gauges<'_, '_> {
    /// Writes a gauge with one value for each set of labels.
    fn family(&mut self, name: &str, help: &str, values: &[(Vec<(&str, String)>, f64)]) -> fmt::Result {
        let gauge = ConstGauge::new(0.0_f64);
        let mut family = self.0.encode_descriptor(name, help, None, EncodeMetric::metric_type(&gauge))?;
        for (labels, value) in values {
            let gauge = ConstGauge::new(*value);
            EncodeMetric::encode(&gauge, family.encode_family(labels)?)?;
        }
        Ok(())
    }

    /// Writes a gauge with one count for each value of a label.
    fn counts(&mut self, name: &str, help: &str, label: &str, counts: &[(&str, i64)]) -> fmt::Result {
        let labeled = |(of, count): &(&str, i64)| (vec![(label, (*of).to_owned())], float(*count));
        self.family(name, help, &counts.iter().map(labeled).collect::<Vec<_>>())
    }

    fn count(&mut self, name: &str, help: &str, count: i64) -> fmt::Result {
        self.value(name, help, float(count))
    }

    fn value(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        self.family(name, help, &[(Vec::new(), value)])
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
fn float(count: i64) -> f64 {
    count as f64
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
