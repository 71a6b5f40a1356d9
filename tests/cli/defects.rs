//! A panic during a run is charged to that run, and the other runs continue.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use trailblazer::chunk::Limits;
use trailblazer::config::Config;
use trailblazer::db::operations::RunProgress;
use trailblazer::db::{Connector, calls};
use trailblazer::embed::{EmbedError, Hash, Model, Provider, Tokenizer};
use trailblazer::events::EventWriter;
use trailblazer::ids::{Phase, RunId};
use trailblazer::stop::Stop;
use trailblazer::worker::lease::Lease;
use trailblazer::worker::{self, Plan, Tally, Watcher};

use crate::support::Sandbox;

/// Panics for the texts of run `bad`.
struct Defective(Hash);

impl Provider for Defective {
    fn model(&self) -> &Model {
        self.0.model()
    }

    fn tokenizer(&self) -> &dyn Tokenizer {
        self.0.tokenizer()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedError> {
        assert!(!texts.iter().any(|text| text.contains("in run bad")), "a panic that the test wants");
        self.0.embed(texts)
    }
}

struct Nobody;

impl Watcher for Nobody {
    fn advanced(&self, _: &Lease) {}
    fn counted(&self, _: &Lease, _: &RunProgress) {}
    fn completed(&self, _: &RunId, _: u64) {}
}

#[test]
fn a_provider_that_panics_charges_its_run_whose_lease_ends_and_the_others_go_on() {
    let sandbox = Sandbox::new();
    for run_id in ["bad", "good"] {
        sandbox.write_run(run_id, 2);
    }
    sandbox.run(&["runs", "backfill"]).success();
    let mut config = Config::default();
    config.database.url = Some(sandbox.database.url.as_str().into());
    let (connector, provider) = (Connector::new(&config).unwrap(), Arc::new(Defective(Hash::new())));
    calls::register_model(&mut sandbox.database.connect(), provider.model()).unwrap();
    let plan = Plan {
        phases: vec![Phase::Chunk, Phase::Embed],
        filter: calls::Filter::default(),
        limit: None,
        workers: 1,
        slots: 2,
        watch: false,
        limits: Limits { max_tokens: 256, min_tokens: 40, overlap_tokens: 0 },
        model_limit: None,
        provider,
        batch_tokens: 8192,
        ttl: Duration::from_secs(3600),
        process: "h/1".into(),
    };
    let (tally, stop) = (Tally::default(), Stop::default());
    worker::run(&plan, &connector, &EventWriter::silent(), &stop, &tally, &Nobody).unwrap();
    assert_eq!((tally.done.load(Ordering::Relaxed), tally.failed()), (1, 1));
    let state = "select run_id || ' ' || status || ' ' || attempts || ' ' || (claimed_by is null and claim_expires_at is null) \
                 from graphdb.processed_runs order by run_id";
    assert_eq!(sandbox.database.column(state), ["bad chunked 1 true", "good embedded 0 true"]);
    let error = sandbox.database.value("select last_error from graphdb.processed_runs where run_id = 'bad'");
    assert!(error.starts_with("internal error: "), "{error}");
    // One attempt is charged, and then the run is in back-off.
    let attempts = "select phase || ' ' || outcome from graphdb.run_attempts where run_id = 'bad' order by ended_at";
    assert_eq!(sandbox.database.column(attempts), ["chunk completed", "embed failed"]);
}
