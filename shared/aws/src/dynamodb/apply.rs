//! Applying a transition: read the row, decide, and write if the row has not changed.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use reelsmith_core::ports::{PortError, PortErrorKind, PortResult};
use reelsmith_core::submission::{OutboxEntry, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::item::{Stored, number};
use super::{DynamoSubmissions, cancelled};
use crate::error::{kind_of_code, pauses, port_error, unbuilt};

/// How often a write is retried. Each retry means that a concurrent writer won, or that the answer was lost.
const RETRIES: usize = 8;

enum Written {
    Done,
    /// The write failed, or its answer was lost: the row shows which.
    Unknown(PortError),
}

impl DynamoSubmissions {
    pub(super) async fn apply_transition(
        &self,
        transition: &Transition,
        now: UnixMillis,
    ) -> PortResult<TransitionOutcome> {
        // All tries share one token: the row shows it if any of them reached the table.
        let token = format!("{:032x}", fastrand::u128(..));
        let mut pauses = pauses(10, 1_000, RETRIES);
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
            let written = self.write(&next, transition.notice.as_ref(), attempt);
            match written.await? {
                Written::Done => return Ok(TransitionOutcome::Applied(next.row)),
                Written::Unknown(error) => match pauses.next() {
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
    ) -> PortResult<Written> {
        let put = self.conditional_put(next)?;
        match notice {
            Some(entry) => self.write_both(next, put, entry, attempt).await,
            None => self.write_row(next, put).await,
        }
    }

    async fn write_row(&self, next: &Stored, put: Put) -> PortResult<Written> {
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
            return Ok(Written::Done);
        };
        let changed = error
            .as_service_error()
            .is_some_and(|e| e.is_conditional_check_failed_exception());
        let port = port_error(&self.row_resource(next), error);
        retry_if(changed, port)
    }

    async fn write_both(
        &self,
        next: &Stored,
        put: Put,
        entry: &OutboxEntry,
        attempt: usize,
    ) -> PortResult<Written> {
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
            return Ok(Written::Done);
        };
        let kind = cancelled(&error).map(|codes| kind_of_cancellation(&codes));
        let mut port = port_error(&self.row_resource(next), error);
        if let Some(kind) = kind {
            port = port.with_kind(kind);
        }
        retry_if(kind == Some(PortErrorKind::Changed), port)
    }

    /// The write of a row, under the condition that the row it was decided upon is still there.
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
        put.build().map_err(unbuilt)
    }

    fn row_resource(&self, next: &Stored) -> String {
        self.resource(&format!("job {}", next.row.job_key))
    }
}

/// A row is read again if it changed, or if it is not known whether the write arrived.
fn retry_if(changed: bool, mut error: PortError) -> PortResult<Written> {
    if changed {
        error = error
            .with_kind(PortErrorKind::Unavailable)
            .with_hint(" (other writers kept changing the row)");
    }
    match error.kind() {
        PortErrorKind::Unavailable => Ok(Written::Unknown(error)),
        _ => Err(error),
    }
}

/// Why a transaction was cancelled: `Changed` if only conditions failed, otherwise the worst of the reasons.
fn kind_of_cancellation(codes: &[&str]) -> PortErrorKind {
    let kind = |code: &&str| match *code {
        "ConditionalCheckFailed" => PortErrorKind::Changed,
        other => kind_of_code(other).unwrap_or(PortErrorKind::Invalid),
    };
    let codes = codes.iter().filter(|code| **code != "None");
    let kinds: Vec<_> = codes.map(kind).collect();
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
    fn the_reasons_of_a_cancelled_transaction_determine_its_kind() {
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
