//! What lasts: the rows, the objects and the outbox, with the atomicity that the ports promise and nothing more.
//!
//! Rows are kept small here and made into the core's own [`Row`] for every decision, so that it is the real transition
//! table that decides. Time is counted in leases.

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Outcome, Outputs, RecordedFailure, Row, State, Step, Transition,
};
use reelsmith_core::time::UnixMillis;

use crate::mutant::Mutant;
use crate::order::Order;

/// The lease of every hold in the model.
pub const LEASE_SECONDS: u32 = 7_200;
const LEASE_MILLIS: i64 = 7_200_000;
/// Chunks of a job.
pub const CHUNKS: u8 = 2;

/// What must never happen, noted when it does: one bit each.
pub mod broken {
    /// A hold was taken from another owner whose lease was live.
    pub const LIVE_LEASE_TAKEN: u16 = 1;
    /// Two reservations got the same generation and attempt.
    pub const FENCE_GIVEN_TWICE: u16 = 1 << 1;
    /// COMPLETE was reached by somebody else than the holder in VALIDATING.
    pub const COMPLETED_UNPROVEN: u16 = 1 << 2;
    /// A complete generation was taken up again without force.
    pub const COMPLETE_TAKEN_AGAIN: u16 = 1 << 3;
    /// A row was written by somebody who did not hold it.
    pub const WRITTEN_UNHELD: u16 = 1 << 4;
    /// A record or a plan was replaced.
    pub const RECORD_REPLACED: u16 = 1 << 5;
    /// The bytes of a segment were changed.
    pub const BYTES_CHANGED: u16 = 1 << 6;
    /// A step without a fault left the program where it was.
    pub const NO_PROGRESS: u16 = 1 << 7;
    /// An encode was ordered although the generation had an order that was at work or done.
    pub const ORDERED_TWICE: u16 = 1 << 8;
    /// Objects were deleted of a generation that somebody held or that was complete.
    pub const DELETED_IN_USE: u16 = 1 << 9;
    /// A row that had not failed was abandoned.
    pub const ABANDONED_UNFAILED: u16 = 1 << 10;
}

/// A row, small.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub state: State,
    pub generation: u8,
    pub attempt: u8,
    pub owner: u8,
    /// In leases.
    pub lease_until: i16,
    /// Whether a service outside encodes, and whether an order of it is about to be placed.
    pub service: bool,
    pub intended: bool,
    pub reference: Option<u8>,
    pub outputs: bool,
    /// Owners of the recorded failures.
    pub failed: Vec<u8>,
}

/// Proof of a hold, small.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    pub generation: u8,
    pub attempt: u8,
    pub owner: u8,
}

/// One chunk of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Which bytes the segment holds.
    pub segment: Option<u8>,
    /// Whose record stands, and the bytes it names.
    pub record: Option<(u8, u8)>,
}

/// The objects of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objects {
    pub plan: Option<u8>,
    pub chunks: [Chunk; CHUNKS as usize],
}

/// Everything of one job key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Job {
    pub held: Option<Held>,
    /// By generation, from 1.
    pub objects: Vec<Objects>,
    /// Generations that became complete, one bit each.
    pub completed: u8,
    /// Generations that were abandoned, one bit each.
    pub abandoned: u8,
    /// Generations and attempts that were given out.
    pub given: Vec<(u8, u8)>,
    /// What the service has accepted, oldest first.
    pub orders: Vec<Order>,
}

/// Where an outbox entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outbox {
    Job(u8),
    Execution(u8),
}

/// Which entry it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    Success(u8),
    Failure(u8),
    Duplicate(u8),
}

/// An outbox entry and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posted {
    pub outbox: Outbox,
    pub entry: Entry,
    pub marked: bool,
    /// How often it was sent; 3 stands for more.
    pub sends: u8,
    /// Ids it was sent under, one bit each; bit 0 is the entry's own.
    pub ids: u8,
}

/// All that lasts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub jobs: Vec<Job>,
    /// Sorted.
    pub outbox: Vec<Posted>,
    /// True time, in leases.
    pub now: i16,
    /// How often the service forgot its tokens.
    pub minutes: u8,
    pub broken: u16,
}

/// Who asks: what is fixed about an execution.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub who: u8,
    pub job: u8,
    pub force: bool,
    /// How far its functions' clocks are ahead, in leases.
    pub skew: i16,
    /// Which bytes its encoder makes.
    pub build: u8,
    /// Whether its encode is ordered from a service.
    pub service: bool,
}

impl Actor {
    pub fn encoder(&self) -> EncoderKind {
        if self.service {
            EncoderKind::MediaConvert
        } else {
            EncoderKind::Lambda
        }
    }
}

impl World {
    pub fn new(jobs: usize) -> Self {
        Self {
            jobs: vec![Job::default(); jobs],
            outbox: Vec::new(),
            now: 0,
            minutes: 0,
            broken: 0,
        }
    }

    /// The port's `apply`: decide and write at once, the notice with it.
    pub fn apply(
        &mut self,
        mutant: Option<Mutant>,
        actor: &Actor,
        step: Step,
        notice: Option<(Outbox, Entry)>,
    ) -> Outcome {
        let now = UnixMillis(i64::from(self.now + actor.skew) * LEASE_MILLIS);
        let transition = Transition {
            job_key: job_key(actor.job),
            step,
            notice: notice.map(|(outbox, entry)| core_entry(outbox, entry)),
        };
        let before = self.row(actor.job);
        let outcome = Mutant::decide(mutant, &transition, before.as_ref(), now);
        if let Outcome::Applied(next) = &outcome {
            self.watch(actor, &transition.step, before.as_ref(), next, now);
            self.jobs[usize::from(actor.job)].held = Some(Held::of(next));
            if let Some((outbox, entry)) = notice.filter(|_| mutant != Some(Mutant::OutboxApart)) {
                self.enqueue(outbox, entry);
            }
        }
        outcome
    }

    pub fn row(&self, job: u8) -> Option<Row> {
        self.held(job).map(|held| held.row(job))
    }

    pub fn held(&self, job: u8) -> Option<&Held> {
        self.jobs[usize::from(job)].held.as_ref()
    }

    /// Notes what must not happen. It knows nothing of the table: only what the row was, is, and who asked when.
    fn watch(
        &mut self,
        actor: &Actor,
        step: &Step,
        before: Option<&Row>,
        next: &Row,
        now: UnixMillis,
    ) {
        let me = owner(actor.who);
        let mine = before.is_some_and(|row| row.owner == me);
        let job = &mut self.jobs[usize::from(actor.job)];
        let mut broken = 0;
        if let Step::Reserve { force, .. } = step {
            let live = before.is_some_and(|row| row.state.is_live() && row.lease_until > now);
            if live && !mine {
                broken |= broken::LIVE_LEASE_TAKEN;
            }
            let complete = before.is_some_and(|row| row.state == State::Complete);
            if complete && !(*force && before.is_some_and(|row| next.generation > row.generation)) {
                broken |= broken::COMPLETE_TAKEN_AGAIN;
            }
            let fence = (small(next.generation.0), small(next.attempt));
            if job.given.contains(&fence) {
                broken |= broken::FENCE_GIVEN_TWICE;
            }
            job.given.push(fence);
        } else if let Step::Abandon { .. } = step {
            if before.is_none_or(|row| row.state != State::Failed) {
                broken |= broken::ABANDONED_UNFAILED;
            }
            job.abandoned |= before.map_or(0, |row| 1 << small(row.generation.0));
        } else if !mine {
            broken |= broken::WRITTEN_UNHELD;
        }
        if next.state == State::Complete {
            job.completed |= 1 << small(next.generation.0);
            let proven = before.is_some_and(|row| {
                row.state == State::Validating
                    && (row.generation, row.attempt) == (next.generation, next.attempt)
            });
            if !(proven && mine) {
                broken |= broken::COMPLETED_UNPROVEN;
            }
        }
        self.broken |= broken;
    }

    /// Objects of a generation.
    pub fn objects(&mut self, job: u8, generation: u8) -> &mut Objects {
        let objects = &mut self.jobs[usize::from(job)].objects;
        let needed = usize::from(generation.max(1));
        if objects.len() < needed {
            objects.resize(needed, Objects::default());
        }
        &mut objects[needed - 1]
    }

    /// A write with or without `If-None-Match: *`; true where it replaced other content.
    pub fn put<T: PartialEq + Copy>(slot: &mut Option<T>, value: T, create_only: bool) -> bool {
        match *slot {
            Some(_) if create_only => false,
            before => {
                *slot = Some(value);
                before.is_some_and(|before| before != value)
            }
        }
    }

    pub fn enqueue(&mut self, outbox: Outbox, entry: Entry) {
        if self.posted(outbox, entry).is_none() {
            self.outbox.push(Posted {
                outbox,
                entry,
                marked: false,
                sends: 0,
                ids: 0,
            });
            self.outbox.sort_unstable();
        }
    }

    pub fn pending(&self, outbox: Outbox) -> Vec<Entry> {
        let here = |p: &&Posted| p.outbox == outbox && !p.marked;
        self.outbox.iter().filter(here).map(|p| p.entry).collect()
    }

    pub fn posted(&mut self, outbox: Outbox, entry: Entry) -> Option<&mut Posted> {
        let same = |p: &&mut Posted| p.outbox == outbox && p.entry == entry;
        self.outbox.iter_mut().find(same)
    }

    /// The topic takes a message; subscribers know it by its id.
    pub fn send(&mut self, outbox: Outbox, entry: Entry, fresh_id: bool) {
        let own = core_entry(outbox, entry).message_id();
        if let Some(posted) = self.posted(outbox, entry) {
            let id = if fresh_id {
                format!("{own}-{}", posted.sends)
            } else {
                own.clone()
            };
            posted.ids |= if id == own { 1 } else { 2 << posted.sends };
            posted.sends = (posted.sends + 1).min(3);
        }
    }

    pub fn mark(&mut self, outbox: Outbox, entry: Entry) {
        if let Some(posted) = self.posted(outbox, entry) {
            posted.marked = true;
        }
    }
}

impl Held {
    fn row(&self, job: u8) -> Row {
        let failure = |by: &u8| RecordedFailure {
            error: "E".to_owned(),
            cause: String::new(),
            at: UnixMillis(0),
            attempt: 1,
            generation: Generation::FIRST,
            owner: owner(*by),
        };
        Row {
            job_key: job_key(job),
            asset: asset(),
            manifest_id: String::new(),
            state: self.state,
            generation: Generation(u32::from(self.generation)),
            attempt: u32::from(self.attempt),
            owner: owner(self.owner),
            lease_until: UnixMillis(i64::from(self.lease_until) * LEASE_MILLIS),
            encoder: if self.service {
                EncoderKind::MediaConvert
            } else {
                EncoderKind::Lambda
            },
            intended: self.intended.then_some(UnixMillis(0)),
            encoder_ref: self.reference.map(owner),
            outputs: self.outputs.then(outputs),
            failures: self.failed.iter().map(failure).collect(),
            created: UnixMillis(0),
            updated: UnixMillis(0),
        }
    }

    fn of(row: &Row) -> Self {
        assert_eq!(
            row.lease_until.0 % LEASE_MILLIS,
            0,
            "leases are whole in the model"
        );
        Self {
            state: row.state,
            generation: small(row.generation.0),
            attempt: small(row.attempt),
            owner: who(&row.owner),
            lease_until: i16::try_from(row.lease_until.0 / LEASE_MILLIS).unwrap(),
            service: row.encoder == EncoderKind::MediaConvert,
            intended: row.intended.is_some(),
            reference: row.encoder_ref.as_deref().map(who),
            outputs: row.outputs.is_some(),
            failed: row.failures.iter().map(|f| who(&f.owner)).collect(),
        }
    }
}

impl Hold {
    pub fn of(row: &Row) -> Self {
        Self {
            generation: small(row.generation.0),
            attempt: small(row.attempt),
            owner: who(&row.owner),
        }
    }

    pub fn fence(self) -> Fence {
        Fence {
            generation: Generation(u32::from(self.generation)),
            attempt: u32::from(self.attempt),
            owner: owner(self.owner),
        }
    }
}

pub fn asset() -> AssetId {
    AssetId::of_episode("s", 1, 1)
}

pub fn owner(who: u8) -> String {
    who.to_string()
}

fn who(owner: &str) -> u8 {
    owner.parse().unwrap()
}

fn small(number: u32) -> u8 {
    u8::try_from(number).unwrap()
}

fn job_key(job: u8) -> JobKey {
    format!("{job:064x}").parse().unwrap()
}

pub fn outputs() -> Outputs {
    Outputs {
        bucket: String::new(),
        prefix: String::new(),
        hls: String::new(),
        dash: None,
        report: String::new(),
        mock: false,
    }
}

/// The entry as the functions write it; its message id is the core's.
fn core_entry(outbox: Outbox, entry: Entry) -> OutboxEntry {
    let (kind, id) = match entry {
        Entry::Success(generation) => (NoticeKind::Success, format!("success#g{generation}")),
        Entry::Failure(_) => (NoticeKind::Failure, "failure".to_owned()),
        Entry::Duplicate(who) => (NoticeKind::Duplicate, format!("duplicate#{who}")),
    };
    OutboxEntry {
        outbox: match outbox {
            Outbox::Job(job) => job_key(job).to_string(),
            Outbox::Execution(who) => format!("execution#{who}"),
        },
        id,
        kind,
        subject: String::new(),
        body: String::new(),
        created: UnixMillis(0),
    }
}
