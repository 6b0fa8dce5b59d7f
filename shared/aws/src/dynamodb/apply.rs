//! Applying a transition: read, decide, write where the row has not moved.

use std::time::Duration;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use backon::{BackoffBuilder as _, ExponentialBuilder};
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use reelsmith_core::submission::{OutboxEntry, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::DynamoSubmissions;
use super::item::{Stored, number};
use crate::error::{kind_of_code, port_error};

/// How often a write is tried. Each try that fails because the row moved means that somebody else got on.
const TRIES: usize = 8;

/// What came of a write.
enum Wrote {
    /// It is in the table.
    Done,
    /// It is not, or nobody knows: the row tells.
    LookAgain(PortError),
}

impl DynamoSubmissions {
    pub(super) async fn apply_transition(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome> {
        // One token for all tries: whichever of them reached the table, the row then shows it.
        let token = format!("{:032x}", fastrand::u128(..));
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(10))
            .with_max_delay(Duration::from_secs(1))
            .with_max_times(TRIES)
            .build();
        let mut attempt = 0;
        loop {
            let found = self.stored(&transition.job_key).await?;
            if let Some(stored) = found.as_ref().filter(|stored| stored.write == token) {
                return Ok(TransitionOutcome::Applied(stored.row.clone()));
            }
            let next = match transition.decide(found.as_ref().map(|s| &s.row), now) {
                TransitionOutcome::Applied(row) => Stored {
                    row,
                    revision: found.as_ref().map_or(0, |s| s.revision) + 1,
                    write: token.clone(),
                },
                decided => return Ok(decided),
            };
            attempt += 1;
            match self
                .write(&next, transition.notice.as_ref(), attempt)
                .await?
            {
                Wrote::Done => return Ok(TransitionOutcome::Applied(next.row)),
                Wrote::LookAgain(error) => match pauses.next() {
                    Some(pause) => tokio::time::sleep(pause).await,
                    None => return Err(error),
                },
            }
        }
    }

    async fn write(
        &self,
        next: &Stored,
        notice: Option<&OutboxEntry>,
        attempt: usize,
    ) -> PortResult<Wrote> {
        let put = self.conditional_put(next)?;
        match notice {
            Some(entry) => self.write_both(next, put, entry, attempt).await,
            None => self.write_row(next, put).await,
        }
    }

    async fn write_row(&self, next: &Stored, put: Put) -> PortResult<Wrote> {
        let answer = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Wrote::Done);
        };
        let moved = error
            .as_service_error()
            .is_some_and(|e| e.is_conditional_check_failed_exception());
        let port = port_error("PutItem", &self.row_resource(next), error);
        look_again_where(moved, port)
    }

    async fn write_both(
        &self,
        next: &Stored,
        put: Put,
        entry: &OutboxEntry,
        attempt: usize,
    ) -> PortResult<Wrote> {
        let answer = self
            .client
            .transact_write_items()
            .client_request_token(format!("{}-{attempt}", next.write))
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(
                TransactWriteItem::builder()
                    .update(self.entry_update(entry)?)
                    .build(),
            )
            .send()
            .await;
        let Err(error) = answer else {
            return Ok(Wrote::Done);
        };
        let cancelled = cancellation(&error);
        let mut port = port_error("TransactWriteItems", &self.row_resource(next), error);
        if let Some(kind) = cancelled {
            port = port.with_kind(kind);
        }
        look_again_where(cancelled == Some(PortErrorKind::Changed), port)
    }

    /// The write of a row under the condition that it follows the very row it was decided upon.
    fn conditional_put(&self, next: &Stored) -> PortResult<Put> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(next.to_item()?));
        let put = match next.revision {
            1 => put.condition_expression("attribute_not_exists(pk)"),
            revision => put
                .condition_expression("#revision = :revision")
                .expression_attribute_names("#revision", "revision")
                .expression_attribute_values(":revision", number(revision - 1)),
        };
        put.build()
            .map_err(|e| PortError::new(PortErrorKind::Invalid, e.to_string()))
    }

    fn row_resource(&self, next: &Stored) -> String {
        self.resource(&format!("job {}", next.row.job_key))
    }
}

/// A row that moved is read again, and so is one of which nobody knows whether the write arrived.
fn look_again_where(moved: bool, mut error: PortError) -> PortResult<Wrote> {
    if moved {
        error = error
            .with_kind(PortErrorKind::Unavailable)
            .with_hint(" (other writers kept changing the row)");
    }
    match error.kind() {
        PortErrorKind::Unavailable => Ok(Wrote::LookAgain(error)),
        _ => Err(error),
    }
}

/// Why a transaction was cancelled: `Changed` where only conditions failed, else the worst of the reasons.
fn cancellation(error: &SdkError<TransactWriteItemsError, HttpResponse>) -> Option<PortErrorKind> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) =
        error.as_service_error()?
    else {
        return None;
    };
    let codes: Vec<&str> = cancelled
        .cancellation_reasons()
        .iter()
        .filter_map(|reason| reason.code())
        .filter(|code| *code != "None")
        .collect();
    Some(kind_of_cancellation(&codes))
}

fn kind_of_cancellation(codes: &[&str]) -> PortErrorKind {
    let kind = |code: &&str| match *code {
        "ConditionalCheckFailed" => PortErrorKind::Changed,
        other => kind_of_code(other).unwrap_or(PortErrorKind::Invalid),
    };
    let kinds: Vec<_> = codes.iter().map(kind).collect();
    let worst = |kind| kinds.contains(&kind).then_some(kind);
    worst(PortErrorKind::Invalid)
        .or_else(|| worst(PortErrorKind::Denied))
        .or_else(|| worst(PortErrorKind::Changed))
        .unwrap_or(PortErrorKind::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_transaction_means_what_its_reasons_mean() {
        use PortErrorKind as Kind;
        for (codes, kind) in [
            (&["ConditionalCheckFailed"][..], Kind::Changed),
            (&["TransactionConflict"], Kind::Unavailable),
            (&["ThrottlingError"], Kind::Unavailable),
            (&["ProvisionedThroughputExceeded"], Kind::Unavailable),
            (
                &["ConditionalCheckFailed", "TransactionConflict"],
                Kind::Changed,
            ),
            (&["ValidationError"], Kind::Invalid),
            (&["ItemCollectionSizeLimitExceeded"], Kind::Invalid),
            (&[], Kind::Unavailable),
        ] {
            assert_eq!(kind_of_cancellation(codes), kind, "{codes:?}");
        }
    }
}
