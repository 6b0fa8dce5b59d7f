//! The rules, one file each, and the registry that lists them.

mod cmf;
mod dlv;
mod dsh;
mod hls;
mod img;
mod pip;
mod seg;
mod sub;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::delivery::Delivery;
use crate::expectation::Expectation;
use crate::report::{Location, Report, Severity, Violation};
use crate::view::View;

/// What a rule is about: the formats, or the promises of this pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleSet {
    /// RFC 8216, Apple's authoring specification, DASH-IF, CMAF.
    Standard,
    /// What the job promises, and how this pipeline stores it.
    Pipeline,
}

/// One rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable id, for example `HLS-P02`.
    pub id: &'static str,
    /// How much a violation weighs.
    pub severity: Severity,
    /// The clause it comes from.
    pub spec: &'static str,
    /// What it is about.
    pub set: RuleSet,
    /// What it asks for, in one line.
    pub title: &'static str,
    /// Why, and what to do about a violation.
    pub doc: &'static str,
    /// The check.
    pub check: fn(&View<'_>, &mut Findings),
}

/// Which sets of rules to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sets {
    /// [`RuleSet::Standard`].
    pub standard: bool,
    /// [`RuleSet::Pipeline`].
    pub pipeline: bool,
}

impl Sets {
    /// All rules: for an output of this pipeline.
    pub const ALL: Self = Self {
        standard: true,
        pipeline: true,
    };
    /// The formats' rules: for an output of anybody.
    pub const STANDARD: Self = Self {
        standard: true,
        pipeline: false,
    };

    fn has(self, set: RuleSet) -> bool {
        match set {
            RuleSet::Standard => self.standard,
            RuleSet::Pipeline => self.pipeline,
        }
    }
}

/// Most violations of one rule that are listed; the last entry then says how many more there are.
const MAX_PER_RULE: usize = 20;

/// Where a rule puts what it finds.
#[derive(Debug)]
pub struct Findings {
    rule: &'static Rule,
    violations: Vec<Violation>,
    more: usize,
    judged: bool,
}

impl Findings {
    fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            violations: Vec::new(),
            more: 0,
            judged: true,
        }
    }

    /// Notes that the facts of this rule were not supplied: it found nothing because it had nothing to look at.
    pub fn not_judged(&mut self) {
        self.judged = false;
    }

    /// Adds a violation. `path` is empty for the output as a whole.
    pub fn add(
        &mut self,
        path: &str,
        location: Option<Location>,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        if self.violations.len() >= MAX_PER_RULE {
            self.more += 1;
            return;
        }
        self.violations.push(Violation {
            rule: self.rule.id.to_owned(),
            severity: self.rule.severity,
            path: path.to_owned(),
            location,
            expected: expected.into(),
            found: found.into(),
        });
    }

    /// Adds a violation on a line.
    pub fn line(
        &mut self,
        path: &str,
        line: u32,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.add(path, Some(Location::Line(line)), expected, found);
    }

    /// Adds a violation in a segment, by its number in the playlist.
    pub fn segment(
        &mut self,
        path: &str,
        number: u32,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        self.add(path, Some(Location::Segment(number)), expected, found);
    }

    /// Adds the faults that parsers found for this rule.
    pub fn parser_faults(&mut self, view: &View<'_>) {
        let playlists = view.delivery.playlists().map(|(p, l)| (p, &l.faults));
        let mpd = view
            .delivery
            .mpd()
            .map(|m| (crate::delivery::MPD, &m.faults));
        let id = self.rule.id;
        for (path, faults) in playlists.chain(mpd) {
            for fault in faults.iter().filter(|f| f.rule == id) {
                self.line(path, fault.line, &*fault.expected, &*fault.found);
            }
        }
    }

    fn finish(mut self) -> Vec<Violation> {
        if self.more > 0 {
            let found = format!("{} more of these", self.more);
            self.violations.push(Violation {
                rule: self.rule.id.to_owned(),
                severity: self.rule.severity,
                path: String::new(),
                location: None,
                expected: self.rule.title.to_owned(),
                found,
            });
        }
        self.violations
    }
}

/// All rules in the order of the table in `docs/conformance.md`.
pub fn registry() -> impl Iterator<Item = &'static Rule> {
    let hls = hls::RULES
        .iter()
        .chain(seg::RULES)
        .chain(sub::RULES)
        .chain(img::RULES);
    let rest = dsh::RULES.iter().chain(cmf::RULES).chain(dlv::RULES);
    hls.chain(rest).chain(pip::RULES).copied()
}

/// Checks a delivery by the rules of the given sets.
#[must_use]
pub fn check(delivery: &Delivery, expected: Option<&Expectation>, sets: Sets) -> Report {
    let view = View::new(delivery, expected);
    let mut violations = Vec::new();
    let (mut checked, mut not_judged) = (0, Vec::new());
    for rule in registry().filter(|r| sets.has(r.set)) {
        let mut findings = Findings::new(rule);
        (rule.check)(&view, &mut findings);
        if findings.judged {
            checked += 1;
        } else {
            not_judged.push(rule.id.to_owned());
        }
        violations.extend(findings.finish());
    }
    Report::new(&view, checked, not_judged, violations)
}
