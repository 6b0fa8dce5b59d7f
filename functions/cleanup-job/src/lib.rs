//! Removes working files that a published job no longer needs: the Maps' item lists, the notes of failed
//! tries, and what MediaConvert wrote before it was taken over.
//! Records, plan and report stay: they are the evidence, and what a later audit reads.

use std::sync::Arc;

use reelsmith_contract::payload::{ClaimInput, CleanupOutput};
use reelsmith_contract::{Failure, Objects};
use reelsmith_lambda::{House, Invocation};

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing.
    pub async fn build(house: &House) -> Result<Self, Failure> {
        Ok(Self {
            outputs: house.outputs()?,
        })
    }
}

/// Deletes them. Safe to repeat.
///
/// # Errors
/// Those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<CleanupOutput, Failure> {
    let keys = input.claim.keys();
    let mut deleted = 0;
    let prefixes = [
        keys.items_prefix(),
        keys.failures_prefix(),
        keys.encode_prefix(),
    ];
    for prefix in prefixes {
        deleted += delete_under(&ports.outputs, &prefix).await?;
    }
    Ok(CleanupOutput { deleted })
}

async fn delete_under(outputs: &Objects, prefix: &str) -> Result<u32, Failure> {
    let failed = |e| Failure::storage(&e, outputs.at(prefix));
    let listed = outputs
        .store()
        .list(outputs.bucket(), prefix)
        .await
        .map_err(failed)?;
    let keys: Vec<String> = listed.into_iter().map(|o| o.key).collect();
    outputs
        .store()
        .delete(outputs.bucket(), &keys)
        .await
        .map_err(failed)?;
    Ok(u32::try_from(keys.len()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use reelsmith_core::keys::{AssetId, Generation};
    use reelsmith_core::submission::Fence;
    use reelsmith_testkit::fakes::MemoryStore;

    use super::*;

    #[tokio::test]
    async fn item_lists_and_notes_go_and_evidence_stays() {
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
