//! The reaper's part of the protocol: giving up what a failed generation made. It comes days after the failure, so no
//! scenario in which it comes has leases that lapse or calls that outlive their function.

use reelsmith_core::keys::Generation;
use reelsmith_core::submission::{Outcome, State, Step};

use crate::mutant::Mutant;
use crate::world::{Actor, Objects, World, broken};

/// Who the reaper is to the rows: never their owner.
const REAPER: u8 = 90;

/// The reaper's next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reaping {
    /// The row says that the next attempt begins another generation.
    Abandon,
    /// The objects are deleted.
    Delete,
}

/// A run of the reaper over one job, with what it has read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Reaper {
    pub job: u8,
    pub generation: u8,
    pub attempt: u8,
    pub call: Reaping,
}

impl Reaper {
    /// Reads a failed row; attempt 0 is a deletion that was cut short.
    pub fn begin(mutant: Option<Mutant>, world: &World, job: u8) -> Option<Self> {
        let held = world.held(job).filter(|h| h.state == State::Failed)?;
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

    /// Makes the next call; what is left to do.
    pub fn perform(self, mutant: Option<Mutant>, world: &mut World) -> Option<Self> {
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
                match world.apply(mutant, &actor, step, None) {
                    Outcome::Applied(_) | Outcome::AlreadyApplied(_) if !delete_first => {
                        Some(Self {
                            call: Reaping::Delete,
                            ..self
                        })
                    }
                    _ => None,
                }
            }
            Reaping::Delete => {
                world.delete(self.job, self.generation);
                (delete_first && self.attempt > 0).then_some(Self {
                    call: Reaping::Abandon,
                    ..self
                })
            }
        }
    }
}

impl World {
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
