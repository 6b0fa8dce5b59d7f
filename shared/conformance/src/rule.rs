//! What a rule is, and how it reports findings.

use std::fmt::Display;

use reelsmith_isobmff::Fault;
use serde::{Deserialize, Serialize};

use crate::delivery::{MPD, MULTIVARIANT};
use crate::report::{Location, Severity, Violation};
use crate::view::{Rendition, RenditionSegment, View};

/// What the rule files import.
pub(crate) mod prelude {
    pub(crate) use reelsmith_core::units::Resolution;
    pub(crate) use reelsmith_isobmff::{Init, SegmentFacts};

    pub(crate) use super::RuleSet::{Pipeline, Standard};
    pub(crate) use super::{Findings, Rule, parser_only};
    pub(crate) use crate::delivery::{MPD, MULTIVARIANT};
    pub(crate) use crate::hls::{NANOS, Playlist, Variant, codec_family};
    pub(crate) use crate::measure::{EXTINF_ROUNDING, nanos, rate, seconds, within_percent};
    pub(crate) use crate::report::Severity::{Fail, Info, Warn};
    pub(crate) use crate::view::{MediaKind, Rendition, View};
}

/// Whether a rule holds for every output or only for outputs of this pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum RuleSet {
    /// RFC 8216, Apple's authoring specification, DASH-IF and CMAF.
    Standard,
    /// What the job promises, and how this pipeline stores it.
    Pipeline,
}

/// A conformance rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable identifier, for example `HLS-P02`. It never changes, and a withdrawn one is not used again.
    pub id: &'static str,
    pub severity: Severity,
    pub set: RuleSet,
    /// The clauses it comes from, or `pipeline`.
    pub spec: &'static str,
    /// What must hold, in one line.
    pub title: &'static str,
    /// Why it matters, how it is judged and what to do about a violation.
    pub doc: &'static str,
    pub(crate) check: fn(&View<'_>, &mut Findings),
}

/// The check of a rule for which the parsers find everything.
pub(crate) fn parser_only(_: &View<'_>, _: &mut Findings) {}

/// Violations of one rule that are listed. One more entry then states how many were not.
pub(crate) const MAX_PER_RULE: usize = 20;

/// Collects what a rule finds. Each method takes the place of a violation, what was expected and what was found.
#[derive(Debug)]
pub(crate) struct Findings {
    rule: &'static Rule,
    violations: Vec<Violation>,
    unlisted: usize,
    pub judged: bool,
}

impl Findings {
    pub fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            violations: Vec::new(),
            unlisted: 0,
            judged: true,
        }
    }

    /// States that the caller did not supply the facts that this rule judges.
    pub fn not_judged(&mut self) {
        self.judged = false;
    }

    /// Reports a violation of the output as a whole.
    pub fn output(&mut self, expected: impl Display, found: impl Display) {
        self.add("", None, expected, found);
    }

    /// Reports a violation of an object as a whole.
    pub fn object(&mut self, path: &str, expected: impl Display, found: impl Display) {
        self.add(path, None, expected, found);
    }

    /// Reports a violation on a line of a text.
    pub fn line(&mut self, path: &str, line: u32, expected: impl Display, found: impl Display) {
        self.add(path, Some(Location::Line(line)), expected, found);
    }

    /// Reports a violation on a line of the multivariant playlist.
    pub fn multivariant(&mut self, line: u32, expected: impl Display, found: impl Display) {
        self.line(MULTIVARIANT, line, expected, found);
    }

    /// Reports a violation on a line of the MPD.
    pub fn mpd(&mut self, line: u32, expected: impl Display, found: impl Display) {
        self.line(MPD, line, expected, found);
    }

    /// Reports a violation in a segment of a rendition.
    pub fn segment(
        &mut self,
        rendition: &Rendition<'_>,
        segment: &RenditionSegment<'_>,
        expected: impl Display,
        found: impl Display,
    ) {
        let location = Some(Location::Segment(segment.number));
        self.add(&rendition.path, location, expected, found);
    }

    /// Reports a fault in the bytes of an object.
    pub fn fault(&mut self, path: &str, fault: &Fault) {
        let expected = format!("{} in {}", fault.expected, fault.path);
        self.add(
            path,
            Some(Location::Byte(fault.offset)),
            expected,
            &fault.found,
        );
    }

    /// Reports the faults that the parsers found for this rule.
    pub fn parser_faults(&mut self, view: &View<'_>) {
        let playlists = view.delivery.playlists().map(|(p, l)| (p, &l.faults));
        let mpd = view.delivery.mpd().map(|m| (MPD, &m.faults));
        for (path, faults) in playlists.chain(mpd) {
            for fault in faults.iter().filter(|f| f.rule == self.rule.id) {
                self.line(path, fault.line, &fault.expected, &fault.found);
            }
        }
    }

    fn add(
        &mut self,
        path: &str,
        location: Option<Location>,
        expected: impl Display,
        found: impl Display,
    ) {
        if self.violations.len() >= MAX_PER_RULE {
            self.unlisted += 1;
            return;
        }
        self.violations.push(Violation {
            rule: self.rule.id.to_owned(),
            severity: self.rule.severity,
            path: path.to_owned(),
            location,
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// The violations; if some were not listed, a last one states how many.
    pub fn finish(mut self) -> Vec<Violation> {
        if self.unlisted > 0 {
            self.violations.push(Violation {
                rule: self.rule.id.to_owned(),
                severity: self.rule.severity,
                path: String::new(),
                location: None,
                expected: self.rule.title.to_owned(),
                found: format!("{} more violations", self.unlisted),
            });
        }
        self.violations
    }
}
