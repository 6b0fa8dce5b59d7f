//! The stable pointer to what is published of a title.

use reelsmith_contract::{Failure, Objects};
use reelsmith_core::record::Current;

/// Moves the pointer, unless it is at this publication or at a younger one already; whether it moved.
///
/// The write holds only where the pointer is still the one that was read, so of two publications that meet the younger
/// stands, whoever writes last.
///
/// # Errors
/// Those of storage.
pub async fn point(outputs: &Objects, key: &str, to: &Current) -> Result<bool, Failure> {
    outputs
        .update(key, |there: Option<Current>| match there {
            Some(there) if is_younger(&there, to) => None,
            _ => Some(to.clone()),
        })
        .await
}

fn is_younger(there: &Current, new: &Current) -> bool {
    if there.job_key == new.job_key {
        return there.generation >= new.generation;
    }
    there.published >= new.published
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
    async fn an_older_generation_and_an_older_publication_never_overwrite_a_younger() {
        let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
        for (new, moves) in [
            (current("aa", 1, 10), true),
            (current("aa", 1, 10), false),
            (current("aa", 2, 5), true), // a clock that is behind does not hide a new generation
            (current("aa", 1, 99), false),
            (current("bb", 1, 4), false),
            (current("bb", 1, 6), true),
        ] {
            let moved = point(&outputs, "current.json", &new).await.unwrap();
            assert_eq!(moved, moves, "{new:?}");
        }
    }

    #[tokio::test]
    async fn of_many_publications_at_once_the_youngest_stands() {
        let outputs = Objects::new(Arc::new(MemoryStore::with_buckets(["out"])), "out");
        let all = (1..=20).map(|n| {
            let outputs = outputs.clone();
            async move {
                point(
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
        let stands: Current = outputs.read("current.json").await.unwrap();
        assert_eq!(stands.generation, Generation(20));
    }
}
