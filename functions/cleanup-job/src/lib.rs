//! Deletes the working files of a published job: item lists, failure notes, measurements, MediaConvert's own files.
//!
//! Reads nothing. Returns the number of deleted objects. Errors: those of storage. Safe to repeat. If an execution was stopped
//! before this state, `submit-job` of a later duplicate or `reap-jobs` deletes the files.

use std::sync::Arc;

use reelsmith_contract::payload::{ClaimInput, CleanupOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::cleanup::delete_working_files;

pub struct Ports {
    pub outputs: Objects,
}

/// Deletes the files.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<CleanupOutput, Failure> {
    let deleted = delete_working_files(&ports.outputs, &input.claim.keys()).await?;
    Ok(CleanupOutput { deleted })
}

#[cfg(test)]
mod tests {
    use reelsmith_core::keys::{AssetId, Generation};
    use reelsmith_core::submission::Fence;
    use reelsmith_testkit::fakes::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn item_lists_and_notes_are_deleted_and_evidence_remains() {
        let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
        let claim = reelsmith_contract::payload::Claim {
            job_key: "ab".repeat(32).parse().unwrap(),
            asset: AssetId::of_episode("show", 1, 1),
            fence: Fence {
                generation: Generation::FIRST,
                attempt: 1,
                owner: "o".into(),
            },
        };
        let keys = claim.keys();
        for key in [
            keys.items("video"),
            keys.failure("00000-0"),
            keys.plan(),
            keys.chunk_record(0, 0),
        ] {
            outputs.write(&key, &1).await.unwrap();
        }
        let ports = Arc::new(Ports {
            outputs: outputs.clone(),
        });
        for expected in [2, 0] {
            let output = handle(
                ports.clone(),
                ClaimInput {
                    claim: claim.clone(),
                },
                Invocation::of_test("r"),
            )
            .await;
            assert_eq!(output.unwrap().deleted, expected);
        }
        assert!(outputs.find::<u32>(&keys.plan()).await.unwrap().is_some());
        assert!(
            outputs
                .find::<u32>(&keys.chunk_record(0, 0))
                .await
                .unwrap()
                .is_some()
        );
    }
}
