//! Exhaustive breadth-first search. It runs in one thread and in a fixed order, so that every run finds the same shortest
//! counterexample.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use crate::model::{Moment, Move, Scenario};
use crate::property::{MILESTONES, MOMENT_INVARIANTS, STORAGE_INVARIANTS};

/// The result of a search.
#[derive(Debug, Default)]
pub struct Found {
    /// Number of distinct moments.
    pub states: usize,
    /// Number of moves between them, including moves to known moments.
    pub moves: usize,
    /// The first violated invariant, and the shortest schedule that violates it.
    pub broken: Option<(&'static str, Vec<Move>)>,
    /// The milestones that were reached.
    pub seen: HashSet<&'static str>,
}

/// Two hashes of a moment. The chance that any two of a million moments share both is less than 1 in 10^26.
type Print = (u64, u64);

struct Search<'a> {
    scenario: &'a Scenario,
    /// The previous moment and the move, for each moment by its number.
    origins: Vec<(usize, Option<Move>)>,
    known: HashSet<Print, BuildHasherDefault<DefaultHasher>>,
    /// Many moments have the same storage, whose invariants are checked only once.
    storages: HashMap<Print, Option<&'static str>, BuildHasherDefault<DefaultHasher>>,
    found: Found,
}

/// Explores a scenario until an invariant of `among` is violated (any, if it is empty) or nothing is left.
pub fn explore(scenario: &Scenario, among: &[&'static str]) -> Found {
    let mut search = Search {
        scenario,
        origins: Vec::new(),
        known: HashSet::default(),
        storages: HashMap::default(),
        found: Found::default(),
    };
    let mut open = VecDeque::new();
    search.meet(scenario.first_moment(), (0, None), &mut open);
    while let Some((number, moment)) = open.pop_front() {
        if let Some(invariant) = search.broken(&moment, among) {
            search.found.broken = Some((invariant, search.schedule_to(number)));
            break;
        }
        for action in scenario.moves(&moment) {
            if let Some(next) = scenario.next(&moment, action) {
                search.found.moves += 1;
                search.meet(next, (number, Some(action)), &mut open);
            }
        }
    }
    search.found.states = search.known.len();
    search.found
}

impl Search<'_> {
    fn meet(
        &mut self,
        moment: Moment,
        origin: (usize, Option<Move>),
        open: &mut VecDeque<(usize, Moment)>,
    ) {
        if self.known.insert(print(&moment)) {
            for (name, seen) in MILESTONES {
                if !self.found.seen.contains(name) && seen(self.scenario, &moment) {
                    self.found.seen.insert(name);
                }
            }
            open.push_back((self.origins.len(), moment));
            self.origins.push(origin);
        }
    }

    fn broken(&mut self, moment: &Moment, among: &[&'static str]) -> Option<&'static str> {
        let asked = |name: &&'static str| among.is_empty() || among.contains(name);
        let scenario = self.scenario;
        let of_storage = self
            .storages
            .entry(print(&moment.storage))
            .or_insert_with(|| {
                let breaks = |(_, holds): &&crate::property::StorageInvariant| {
                    !holds(scenario, &moment.storage)
                };
                STORAGE_INVARIANTS
                    .iter()
                    .filter(|(name, _)| asked(name))
                    .find(breaks)
                    .map(|(name, _)| *name)
            });
        let breaks = |(_, holds): &&crate::property::MomentInvariant| !holds(scenario, moment);
        let of_moment = MOMENT_INVARIANTS
            .iter()
            .filter(|(name, _)| asked(name))
            .find(breaks);
        of_moment.map(|(name, _)| *name).or(*of_storage)
    }

    fn schedule_to(&self, mut number: usize) -> Vec<Move> {
        let mut schedule = Vec::new();
        while let (origin, Some(action)) = self.origins[number] {
            schedule.push(action);
            number = origin;
        }
        schedule.reverse();
        schedule
    }
}

fn print(value: &impl std::hash::Hash) -> Print {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    (hasher.hash_one(value), hasher.hash_one((value, 1_u8)))
}
