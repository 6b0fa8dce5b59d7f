//! Exhaustive search, breadth first: one thread, one order, so that every run finds the same shortest counterexample.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use crate::model::{Moment, Move, Scenario};
use crate::property::{OF_MOMENTS, OF_WORLDS, SIGHTS};

/// What a search found.
#[derive(Debug, Default)]
pub struct Found {
    /// Distinct moments.
    pub states: usize,
    /// Moves between them, those that lead to known moments included.
    pub moves: usize,
    /// The first broken promise and the shortest schedule that breaks it.
    pub broken: Option<(&'static str, Vec<Move>)>,
    /// Sights that were reached.
    pub seen: HashSet<&'static str>,
}

/// Two hashes of a moment: that any two of a million moments share both is less likely than 1 in 10^26.
type Print = (u64, u64);

struct Search<'a> {
    scenario: &'a Scenario,
    /// Where each moment came from, by its number.
    origins: Vec<(usize, Option<Move>)>,
    known: HashSet<Print, BuildHasherDefault<DefaultHasher>>,
    /// What lasts is the same in many moments; its promises are held once.
    worlds: HashMap<Print, Option<&'static str>, BuildHasherDefault<DefaultHasher>>,
    found: Found,
}

/// Explores a scenario until a promise of `among` breaks (of all, where it is empty) or nothing is left.
pub fn explore(scenario: &Scenario, among: &[&'static str]) -> Found {
    let mut search = Search {
        scenario,
        origins: Vec::new(),
        known: HashSet::default(),
        worlds: HashMap::default(),
        found: Found::default(),
    };
    let mut open = VecDeque::new();
    search.meet(scenario.beginning(), (0, None), &mut open);
    while let Some((number, moment)) = open.pop_front() {
        if let Some(promise) = search.broken(&moment, among) {
            search.found.broken = Some((promise, search.way_to(number)));
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
            for (name, seen) in SIGHTS {
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
        let of_world = self.worlds.entry(print(&moment.world)).or_insert_with(|| {
            let breaks = |(_, holds): &&crate::property::Lasting| !holds(scenario, &moment.world);
            OF_WORLDS
                .iter()
                .filter(|(name, _)| asked(name))
                .find(breaks)
                .map(|(name, _)| *name)
        });
        let breaks = |(_, holds): &&crate::property::Promise| !holds(scenario, moment);
        let of_moment = OF_MOMENTS
            .iter()
            .filter(|(name, _)| asked(name))
            .find(breaks);
        of_moment.map(|(name, _)| *name).or(*of_world)
    }

    fn way_to(&self, mut number: usize) -> Vec<Move> {
        let mut way = Vec::new();
        while let (origin, Some(action)) = self.origins[number] {
            way.push(action);
            number = origin;
        }
        way.reverse();
        way
    }
}

fn print(value: &impl std::hash::Hash) -> Print {
    let hasher = BuildHasherDefault::<DefaultHasher>::default();
    (hasher.hash_one(value), hasher.hash_one((value, 1_u8)))
}
