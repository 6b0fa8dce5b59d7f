//! The reaper's part of the protocol: abandoning and deleting what a failed generation wrote. It runs days after the
//! failure, so scenarios with the reaper have no expired leases and no calls that continue after their function ended.

use reelsmith_core::keys::Generation;
use reelsmith_core::submission::{State, Step, TransitionOutcome};

use crate::mutant::Mutant;
use crate::storage::{Actor, Objects, Storage, broken};

/// The reaper as an actor; it never owns a row.
const REAPER: u8 = 90;

/// The reaper's next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaping {
    /// Change the row, so that the next attempt starts a new generation.
    Abandon,
    /// Delete the objects.
    Delete,
}

/// A run of the reaper for one job, with what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reaper {
    pub job: u8,
    pub generation: u8,
    pub attempt: u8,
    pub call: Reaping,
}

impl Reaper {
    /// Reads a failed row. Attempt 0 means that a deletion was interrupted.
    pub fn begin(mutant: Option<Mutant>, storage: &Storage, job: u8) -> Option<Self> {
        let held = storage.held(job).filter(|h| h.state == State::Failed)?;
        let cut_short = held.attempt == 0;
        let delete_first = mutant == Some(Mutant::DeleteFirst);
        Some(Self {
            job,
            generation: held.generation - u8::from(cut_short),
            attempt: held.attempt,
            call: if cut_short || delete_first {
                Reaping::Delete
            } else {
                Reaping::Abandon
            },
        })
    }

    /// Makes the next call, and returns what is left to do.
    pub fn perform(self, mutant: Option<Mutant>, storage: &mut Storage) -> Option<Self> {
        let delete_first = mutant == Some(Mutant::DeleteFirst);
        match self.call {
            Reaping::Abandon => {
                let actor = Actor {
                    who: REAPER,
                    job: self.job,
                    force: false,
                    skew: 0,
                    build: 0,
                    service: false,
                };
                let step = Step::Abandon {
                    generation: Generation(u32::from(self.generation)),
                    attempt: u32::from(self.attempt),
                };
                match storage.apply(mutant, &actor, step, None) {
                    TransitionOutcome::Applied(_) | TransitionOutcome::AlreadyApplied(_)
                        if !delete_first =>
                    {
                        Some(Self {
                            call: Reaping::Delete,
                            ..self
                        })
                    }
                    _ => None,
                }
            }
            Reaping::Delete => {
                storage.delete(self.job, self.generation);
                (delete_first && self.attempt > 0).then_some(Self {
                    call: Reaping::Abandon,
                    ..self
                })
            }
        }
    }
}

impl Storage {
    fn delete(&mut self, job: u8, generation: u8) {
        let held = self.held(job);
        let in_use = held.is_some_and(|h| h.state.is_live() && h.generation == generation);
        let published = self.jobs[usize::from(job)].completed & (1 << generation) != 0;
        if in_use || published {
            self.broken |= broken::DELETED_IN_USE;
        }
        *self.objects(job, generation) = Objects::default();
    }
}
