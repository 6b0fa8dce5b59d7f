//! The store against the pure transition table: random steps give the same outcomes and the same rows.

use reelsmith_core::keys::Generation;
use reelsmith_core::ports::SubmissionStore;
use reelsmith_core::submission::{Fence, Row, Transition, TransitionOutcome};
use reelsmith_core::time::UnixMillis;

use super::{T0, commit, complete, fail, job, reserve, step, validate};
use crate::faults::Random;

const JOBS: u64 = 3;
const STEPS: usize = 250;

pub(super) async fn any_sequence_of_steps_follows_the_transition_table(
    store: &dyn SubmissionStore,
) {
    let mut random = Random::new(20_260_101);
    let mut model: Vec<Option<Row>> = vec![None; JOBS as usize];
    let mut now = T0;
    let mut applied = 0;
    for n in 0..STEPS {
        // A clock may be behind.
        now = UnixMillis(now.0 + random.below(25_000) as i64 - 2_000);
        let which = random.below(JOBS) as usize;
        let transition = any_transition(&mut random, which, model[which].as_ref());
        let expected = transition.decide(model[which].as_ref(), now);
        let found = store.apply(&transition, now).await.unwrap();
        assert_eq!(found, expected, "step {n}: {transition:?}");
        if let TransitionOutcome::Applied(row) = found {
            model[which] = Some(row);
            applied += 1;
        }
        let stored = store.row(&transition.job_key).await.unwrap();
        assert_eq!(stored, model[which], "step {n}: {transition:?}");
    }
    assert!(applied > STEPS / 10, "only {applied} steps did anything");
}

fn any_transition(random: &mut Random, which: usize, row: Option<&Row>) -> Transition {
    let job_key = job(&format!(
        "any_sequence_of_steps_follows_the_transition_table {which}"
    ));
    let owner = ["a", "b", "c"][random.below(3) as usize];
    let held = row.filter(|_| random.below(4) > 0);
    let fence = held.map_or(
        Fence {
            generation: Generation(1 + random.below(2) as u32),
            attempt: 1 + random.below(3) as u32,
            owner: owner.to_owned(),
        },
        super::fence,
    );
    let next = match random.below(6) {
        0 | 1 => return reserve(&job_key, owner, random.below(3) == 0),
        2 => commit(fence),
        3 => validate(fence),
        4 => complete(fence),
        _ => fail(fence, "by chance"),
    };
    step(&job_key, next)
}
