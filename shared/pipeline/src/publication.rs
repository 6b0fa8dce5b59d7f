//! The pointer `current.json` to the published outputs of a title.

use reelsmith_contract::{Failure, Objects};
use reelsmith_core::record::Current;

/// Moves the pointer, unless it already refers to this publication or to a later one. Returns whether it moved.
///
/// The write succeeds only if the pointer is still the one that was read. Of two concurrent publications the later one remains,
/// in whatever order they write.
pub async fn move_pointer(outputs: &Objects, key: &str, to: &Current) -> Result<bool, Failure> {
    outputs
        .update(key, |existing: Option<Current>| match existing {
            Some(existing) if is_current(&existing, to) => None,
            _ => Some(to.clone()),
        })
        .await
}

/// Whether the pointer needs no change for `new`.
fn is_current(existing: &Current, new: &Current) -> bool {
    if existing.job_key == new.job_key {
        return existing.generation >= new.generation;
    }
    existing.published >= new.published
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use reelsmith_core::keys::Generation;
    use reelsmith_core::submission::Outputs;
    use reelsmith_core::time::UnixMillis;
    use reelsmith_testkit::fakes::MemoryStore;

    use super::*;

    fn current(job: &str, generation: u32, published: i64) -> Current {
        Current {
            job_key: job.repeat(32).parse().unwrap(),
            generation: Generation(generation),
            outputs: Outputs {
                bucket: "out".into(),
                prefix: format!("{job}{generation}/"),
                hls: "h".into(),
                dash: None,
                report: "r".into(),
                mock: false,
            },
            published: UnixMillis(published),
        }
    }

    #[tokio::test]
    async fn an_earlier_publication_never_replaces_a_later_one() {
        let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
        for (new, moves) in [
            (current("aa", 1, 10), true),
            (current("aa", 1, 10), false),
            (current("aa", 2, 5), true), // a slow clock does not hide a new generation
            (current("aa", 1, 99), false),
            (current("bb", 1, 4), false),
            (current("bb", 1, 6), true),
        ] {
            let moved = move_pointer(&outputs, "current.json", &new).await.unwrap();
            assert_eq!(moved, moves, "{new:?}");
        }
    }

    #[tokio::test]
    async fn of_concurrent_publications_the_latest_remains() {
        let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
        let all = (1..=20).map(|n| {
            let outputs = outputs.clone();
            async move {
                move_pointer(
                    &outputs,
                    "current.json",
                    &current("aa", (n * 7) % 20 + 1, 1),
                )
                .await
            }
        });
        for moved in futures::future::join_all(all).await {
            moved.unwrap();
        }
        let remaining: Current = outputs.read("current.json").await.unwrap();
        assert_eq!(remaining.generation, Generation(20));
    }
}
