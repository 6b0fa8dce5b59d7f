//! What the reaper handles: data of executions that have ended, and a waiting line that nothing serves.

use mediaconvert_standin::StandIn;
use reelsmith_aws::{DynamoSubmissions, SystemClock};
use reelsmith_core::admission::Ticket;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::ports::{AdmissionStore as _, Clock as _, SubmissionStore as _};
use reelsmith_core::submission::{Fence, NoticeKind, OutboxEntry, Step};
use reelsmith_core::time::UnixMillis;
use reelsmith_tests::chaos::{Effect, Rule, Seen, Service};
use serde_json::{Value, json};

use super::{EVERY, Stage, until};

const SLOTS: u32 = 20;
/// Attempts with a ticket that another function may take first.
const TICKETS: u32 = 10;

impl Stage {
    /// Rows of an execution that has ended, each with an order at the service.
    async fn ordered_by(&self, ended: &str) {
        let jobs = self.idle.iter().flat_map(StandIn::jobs);
        for (job, prefix) in jobs.zip(["cd", "ef"]) {
            let job_key: JobKey = prefix.repeat(32).parse().unwrap();
            let asset = AssetId::of_episode("orders", 1, 1);
            let encoder = EncoderKind::MediaConvert;
            let row = self.reserve(&job_key, asset, ended, encoder).await;
            let step = Step::Commit {
                fence: Fence {
                    generation: row.generation,
                    attempt: row.attempt,
                    owner: row.owner,
                },
                encoder_ref: job.id,
                lease_seconds: 7200,
            };
            self.apply(&job_key, step).await;
        }
    }

    /// Everything that the reaper repairs, with the name of an execution that has ended.
    pub async fn left_behind(&mut self, ended: &str) {
        let table = self.table().await;
        let job: JobKey = "ab".repeat(32).parse().unwrap();
        let asset = AssetId::of_episode("grants", 1, 1);
        self.reserve(&job, asset, ended, EncoderKind::Lambda).await;
        self.ordered_by(ended).await;
        let entry = OutboxEntry {
            outbox: "execution#grants".into(),
            id: "failure".into(),
            kind: NoticeKind::Failure,
            subject: "a message that nobody sent".into(),
            body: json!({"kind": "failure", "execution": "grants"}).to_string(),
            created: UnixMillis(SystemClock.now().0 - 3_600_000),
        };
        table.enqueue(&entry).await.unwrap();
        let name = ended.rsplit(':').next().unwrap();
        for ticket in [self.ticket(name), self.ticket("grants-never-started")] {
            table.join(&ticket).await.unwrap();
            table.admit(&ticket, SLOTS).await.unwrap();
        }
        let reaped = self.reap().await.unwrap();
        for what in ["released", "sent", "freed", "deleted"] {
            assert!(reaped[what].as_u64() > Some(0), "{what}: {reaped}");
        }
        self.a_ticket_that_cannot_be_started(&table).await;
    }

    /// Makes Step Functions fail while a ticket is being started, so that the ticket joins the line again. Another function may
    /// serve the line first; then there is nothing to start, or the reaper fails at the ticket that holds the slot. Tries further
    /// tickets until one was seen to join again.
    async fn a_ticket_that_cannot_be_started(&mut self, table: &DynamoSubmissions) {
        let queue = self.world.deployment.manifest_queue.clone();
        let queue = self.world.cloud.queue_url(&queue).await.unwrap().unwrap();
        for n in 0..TICKETS {
            let quiet = async || {
                table.holding().await.unwrap().is_empty()
                    && table.waiting(1).await.unwrap().is_empty()
                    && self.world.cloud.queue_depth(&queue).await.unwrap() == (0, 0)
            };
            until("nobody waits, holds a slot or is under way", quiet).await;
            self.arm(&[Rule {
                function: "reap-jobs",
                service: Some(Service::Workflow),
                nth: 1,
                times: EVERY,
                effect: Effect::Answer(500, "InternalFailure"),
            }]);
            let earlier = self.seen.len();
            let ticket = self.ticket(&format!("grants-waits-{n}"));
            table.join(&ticket).await.unwrap();
            let down = self.reap().await;
            self.arm(&[]);
            if let Err(down) = down {
                assert!(down.contains("WorkflowUnavailable"), "{down}");
            }
            if self.seen[earlier..].iter().any(joins_again) {
                return;
            }
            // The line is served by another function or by the reaper.
            self.reap().await.unwrap();
        }
        panic!("no ticket was left to start");
    }

    fn ticket(&self, name: &str) -> Ticket {
        let source =
            json!({"bucket": self.world.deployment.input_bucket, "key": "manifests/gone.xml"});
        Ticket {
            execution: name.to_owned(),
            input: json!({ "source": source }).to_string(),
            priority: 5,
            arrived: SystemClock.now(),
        }
    }

    async fn reap(&self) -> Result<Value, String> {
        let function = &self.world.deployment.functions["reap-jobs"];
        let answer = self.world.cloud.invoke(function, "{}").await;
        let answer = answer.map_err(|e| e.to_string())?;
        Ok(serde_json::from_str(&answer).unwrap())
    }
}

/// Whether the reaper returned a ticket to the line: it first checks that the ticket holds no slot.
fn joins_again(seen: &Seen) -> bool {
    let body = String::from_utf8_lossy(&seen.body);
    seen.function == "reap-jobs" && body.contains("ConditionCheck")
}
