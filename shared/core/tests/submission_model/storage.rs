//! The persistent state: rows, objects and outbox, with exactly the atomicity that the ports guarantee.
//!
//! Rows are compact here, and converted to the crate's [`Row`] for every decision, so that the real transition table
//! decides. The unit of time is a lease.

use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::keys::{AssetId, Generation, JobKey};
use reelsmith_core::submission::{
    Fence, NoticeKind, OutboxEntry, Outputs, RecordedFailure, Row, State, Step, Transition,
    TransitionOutcome,
};
use reelsmith_core::time::UnixMillis;

use crate::mutant::Mutant;
use crate::order::Order;

/// The lease of every hold in the model.
pub const LEASE_SECONDS: u32 = 7_200;
const LEASE_MILLIS: i64 = 7_200_000;
/// Chunks of a job.
pub const CHUNKS: u8 = 2;

/// Violations that were observed, one bit each.
pub mod broken {
    /// A hold was taken from another owner whose lease was live.
    pub const LIVE_LEASE_TAKEN: u16 = 1;
    /// Two reservations got the same generation and attempt.
    pub const FENCE_ASSIGNED_TWICE: u16 = 1 << 1;
    /// COMPLETE was not reached by the holder from VALIDATING.
    pub const COMPLETED_UNPROVEN: u16 = 1 << 2;
    /// A complete generation was reserved again without force.
    pub const COMPLETE_TAKEN_AGAIN: u16 = 1 << 3;
    /// A row was written by an execution that did not hold it.
    pub const WRITTEN_UNHELD: u16 = 1 << 4;
    /// A record or a plan was replaced.
    pub const RECORD_REPLACED: u16 = 1 << 5;
    /// The bytes of a segment were changed.
    pub const BYTES_CHANGED: u16 = 1 << 6;
    /// A step without a fault made no progress.
    pub const NO_PROGRESS: u16 = 1 << 7;
    /// An encode was ordered although the generation had an order that was running or done.
    pub const ORDERED_TWICE: u16 = 1 << 8;
    /// Objects of a held or complete generation were deleted.
    pub const DELETED_IN_USE: u16 = 1 << 9;
    /// A row that had not failed was abandoned.
    pub const ABANDONED_UNFAILED: u16 = 1 << 10;
}

/// A compact row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    pub state: State,
    pub generation: u8,
    pub attempt: u8,
    pub owner: u8,
    /// In leases.
    pub lease_until: i16,
    /// Whether a service encodes.
    pub service: bool,
    pub intended: bool,
    pub reference: Option<u8>,
    pub outputs: bool,
    /// Owners of the recorded failures.
    pub failed: Vec<u8>,
}

/// A compact fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hold {
    pub generation: u8,
    pub attempt: u8,
    pub owner: u8,
}

/// One chunk of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The bytes of the segment.
    pub segment: Option<u8>,
    /// The writer of the record, and the bytes that it names.
    pub record: Option<(u8, u8)>,
}

/// The objects of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Objects {
    pub plan: Option<u8>,
    pub chunks: [Chunk; CHUNKS as usize],
}

/// Everything about one job key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Job {
    pub held: Option<Held>,
    /// By generation, from 1.
    pub objects: Vec<Objects>,
    /// Generations that became complete, one bit each.
    pub completed: u8,
    /// Generations that were abandoned, one bit each.
    pub abandoned: u8,
    /// Generations and attempts that were assigned.
    pub assigned: Vec<(u8, u8)>,
    /// Orders that the service has accepted, oldest first.
    pub orders: Vec<Order>,
}

/// The outbox of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outbox {
    Job(u8),
    Execution(u8),
}

/// An outbox entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Entry {
    Success(u8),
    Failure(u8),
    Duplicate(u8),
}

/// An outbox entry and how often it was sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Posted {
    pub outbox: Outbox,
    pub entry: Entry,
    pub marked: bool,
    /// How often it was sent; 3 means 3 or more.
    pub sends: u8,
    /// The ids it was sent with, one bit each; bit 0 is the entry's own id.
    pub ids: u8,
}

/// The persistent state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Storage {
    pub jobs: Vec<Job>,
    /// Sorted.
    pub outbox: Vec<Posted>,
    /// True time, in leases.
    pub now: i16,
    /// Whether the service's search shows an order only when its token is forgotten.
    pub search_lags: bool,
    pub broken: u16,
}

/// The constant properties of an execution.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub who: u8,
    pub job: u8,
    pub force: bool,
    /// How many leases its clocks are ahead.
    pub skew: i16,
    /// The bytes that its encoder makes.
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

impl Storage {
    pub fn new(jobs: usize) -> Self {
        Self {
            jobs: vec![Job::default(); jobs],
            outbox: Vec::new(),
            now: 0,
            search_lags: false,
            broken: 0,
        }
    }

    /// `apply` of the port: decides, and writes the row and the notice in one step.
    pub fn apply(
        &mut self,
        mutant: Option<Mutant>,
        actor: &Actor,
        step: Step,
        notice: Option<(Outbox, Entry)>,
    ) -> TransitionOutcome {
        let now = UnixMillis(i64::from(self.now + actor.skew) * LEASE_MILLIS);
        let transition = Transition {
            job_key: job_key(actor.job),
            step,
            notice: notice.map(|(outbox, entry)| core_entry(outbox, entry)),
        };
        let before = self.row(actor.job);
        let outcome = Mutant::decide(mutant, &transition, before.as_ref(), now);
        if let TransitionOutcome::Applied(next) = &outcome {
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

    /// Records violations. It does not use the table, only the row before and after, the actor and the time.
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
            if job.assigned.contains(&fence) {
                broken |= broken::FENCE_ASSIGNED_TWICE;
            }
            job.assigned.push(fence);
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

    /// The objects of a generation.
    pub fn objects(&mut self, job: u8, generation: u8) -> &mut Objects {
        let objects = &mut self.jobs[usize::from(job)].objects;
        let needed = usize::from(generation.max(1));
        if objects.len() < needed {
            objects.resize(needed, Objects::default());
        }
        &mut objects[needed - 1]
    }

    /// A write with or without `If-None-Match: *`; true if it replaced different content.
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

    /// The topic accepts a message. Subscribers identify it by its id.
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

/// The entry as the functions write it, with the message id of the core crate.
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
