//! Promises of the [`SubmissionStore`] port.

mod model;
mod outbox;
mod races;
mod rows;
mod sweep;

use std::sync::Arc;

use reelsmith_core::digest::sha256_hex;
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, JobKey};
use reelsmith_core::ports::SubmissionStore;
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Outputs, Row, State, Step, Transition, TransitionOutcome,
};
use reelsmith_core::time::UnixMillis;

/// Asserts every promise of a [`SubmissionStore`].
pub async fn submissions(store: Arc<dyn SubmissionStore>) {
    rows::a_row_is_read_as_it_was_written(&*store).await;
    rows::a_row_keeps_its_latest_failures(&*store).await;
    rows::a_stale_owner_cannot_change_a_row(&*store).await;
    races::one_of_many_concurrent_owners_reserves(&store).await;
    races::one_of_many_concurrent_retries_is_applied(&store).await;
    races::one_of_many_owners_takes_over_an_expired_lease(&store).await;
    races::an_owner_and_its_successor_never_both_win(&store).await;
    outbox::a_transition_writes_its_outbox_entry(&*store).await;
    outbox::an_existing_entry_is_not_overwritten(&*store).await;
    outbox::a_complete_row_always_has_its_outbox_entry(&store).await;
    outbox::enqueue_and_mark_sent_are_idempotent(&*store).await;
    outbox::all_pages_of_an_outbox_are_read(&*store).await;
    sweep::old_rows_and_unsent_entries_are_found(&*store).await;
    model::any_sequence_of_steps_follows_the_transition_table(&*store).await;
}

/// The job of a test.
fn job(test: &str) -> JobKey {
    sha256_hex(test.as_bytes()).parse().unwrap()
}

const T0: UnixMillis = UnixMillis(1_767_225_600_000);
const LEASE_SECONDS: u32 = 60;

fn after_seconds(seconds: u32) -> UnixMillis {
    T0.plus_seconds(seconds)
}

fn reserve(job_key: &JobKey, owner: &str, force: bool) -> Transition {
    Transition {
        job_key: job_key.clone(),
        step: Step::Reserve {
            asset: AssetId::of_episode("Attack on Titan", 1, 1),
            manifest_id: "進撃-001 \"quoted\"".to_owned(),
            encoder: EncoderKind::Lambda,
            owner: owner.to_owned(),
            lease_seconds: LEASE_SECONDS,
            force,
        },
        notice: None,
    }
}

fn fence(row: &Row) -> Fence {
    Fence {
        generation: row.generation,
        attempt: row.attempt,
        owner: row.owner.clone(),
    }
}

fn commit(fence: Fence) -> Step {
    Step::Commit {
        fence,
        encoder_ref: "encoder/ref-1".to_owned(),
        lease_seconds: LEASE_SECONDS,
    }
}

fn validate(fence: Fence) -> Step {
    Step::Validate {
        fence,
        lease_seconds: LEASE_SECONDS,
    }
}

fn complete(fence: Fence) -> Step {
    Step::Complete {
        fence,
        outputs: Outputs {
            bucket: "output".to_owned(),
            prefix: "outputs/ünï/".to_owned(),
            hls: "outputs/ünï/master.m3u8".to_owned(),
            dash: Some("outputs/ünï/manifest.mpd".to_owned()),
            report: "jobs/x/report.json".to_owned(),
            mock: false,
        },
    }
}

fn fail(fence: Fence, cause: &str) -> Step {
    Step::Fail {
        fence,
        error: "EncoderFailed".to_owned(),
        cause: cause.to_owned(),
    }
}

fn entry(outbox: &str, id: &str, body: &str) -> OutboxEntry {
    OutboxEntry {
        outbox: outbox.to_owned(),
        id: id.to_owned(),
        kind: NoticeKind::Success,
        subject: "published".to_owned(),
        body: body.to_owned(),
        created: T0,
    }
}

fn step(job_key: &JobKey, step: Step) -> Transition {
    Transition {
        job_key: job_key.clone(),
        step,
        notice: None,
    }
}

#[track_caller]
fn applied(outcome: TransitionOutcome) -> Row {
    match outcome {
        TransitionOutcome::Applied(row) => row,
        other => panic!("expected Applied, found {other:?}"),
    }
}

/// Brings a new job of `owner` to a live state.
async fn lead(store: &dyn SubmissionStore, job_key: &JobKey, owner: &str, to: State) -> Row {
    let first = reserve(job_key, owner, false);
    let mut row = applied(store.apply(&first, T0).await.unwrap());
    for next in [commit, validate] {
        if row.state != to {
            let transition = step(job_key, next(fence(&row)));
            row = applied(store.apply(&transition, T0).await.unwrap());
        }
    }
    assert_eq!(row.state, to);
    row
}
