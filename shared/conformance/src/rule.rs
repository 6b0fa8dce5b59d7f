//! What a rule is, and how it reports findings.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Display;
use std::rc::Rc;

use reelsmith_isobmff::Fault;

use crate::delivery::{MPD, MULTIVARIANT};
use crate::profile::{Clause, Level, Profile, Profiles};
use crate::report::{Location, Outcome, Severity, Violation};
use crate::view::{Rendition, RenditionSegment, View};

/// What the rule files import.
pub(crate) mod prelude {
    pub(crate) use reelsmith_core::units::Resolution;
    pub(crate) use reelsmith_isobmff::{Init, SegmentFacts};

    pub(crate) use super::{Findings, NO_JOB, Part as RulePart, Rule, subjects};
    pub(crate) use crate::delivery::{MPD, MULTIVARIANT};
    pub(crate) use crate::hls::{NANOS, Playlist, Variant, codec_family};
    pub(crate) use crate::measure::{EXTINF_ROUNDING, nanos, rate, seconds, within_percent};
    pub(crate) use crate::profile::Profile::{Apple, Cmaf, Dash, DashIf, Reelsmith, Rfc};
    pub(crate) use crate::profile::{may, must, should};
    pub(crate) use crate::view::{MediaKind, Rendition, View};
}

/// A conformance rule.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable identifier, for example `HLS-P02`. It never changes, and a withdrawn one is not used again.
    pub id: &'static str,
    /// The clauses that demand the rule as a whole. A violation is reported only in their profiles.
    pub basis: &'static [Clause],
    /// Parts of the rule that other clauses demand than the whole.
    pub parts: &'static [&'static Part],
    /// What must hold, in one line.
    pub title: &'static str,
    /// Why it matters, how it is judged and what to do about a violation.
    pub doc: &'static str,
    pub(crate) check: fn(&View<'_>, &mut Findings),
}

/// A part of a rule with clauses of its own. For example, RFC 8216 recommends `RESOLUTION`, but a wrong one contradicts
/// its definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// What must hold, in one line.
    pub title: &'static str,
    pub basis: &'static [Clause],
}

impl Rule {
    /// The clauses of the rule and of its parts.
    pub fn clauses(&self) -> impl Iterator<Item = &'static Clause> + use<> {
        let parts = self.parts.iter().flat_map(|p| p.basis);
        self.basis.iter().chain(parts)
    }

    /// The severity of the most severe violation of the rule in these profiles; `None` if none of them has the rule.
    pub fn severity(&self, profiles: Profiles) -> Option<Severity> {
        let demanded = self
            .clauses()
            .filter(|c| c.profile != Profile::Reelsmith && profiles.contains(c.profile))
            .map(|c| c.level.severity())
            .max();
        demanded.max(self.own_severity(profiles))
    }

    /// The severity of a violation of a part, or of the whole.
    fn severity_of(&self, part: Option<&Part>, profiles: Profiles) -> Option<Severity> {
        let basis = part.map_or(self.basis, |p| p.basis);
        let demanded = basis
            .iter()
            .filter(|c| c.profile != Profile::Reelsmith && profiles.contains(c.profile))
            .map(|c| c.level.severity())
            .max();
        let own = basis.iter().find(|c| c.profile == Profile::Reelsmith);
        let own = own.filter(|_| part.is_some() && profiles.contains(Profile::Reelsmith));
        let own = own.map(|c| c.level.severity());
        demanded.max(own.or_else(|| self.own_severity(profiles)))
    }

    /// The severity in the profile of this pipeline, if it is active: what the rule states for that profile, else the
    /// most severe one of any profile.
    fn own_severity(&self, profiles: Profiles) -> Option<Severity> {
        let active = profiles.contains(Profile::Reelsmith);
        let own = self.clauses().filter(|c| c.profile == Profile::Reelsmith);
        let own = own.map(|c| c.level).max();
        let level = own.or_else(|| self.clauses().map(|c| c.level).max());
        level.filter(|_| active).map(Level::severity)
    }
}

/// Checks of rules for which the parsers find everything: they only state whether there is a document to judge.
pub(crate) mod subjects {
    use super::{Findings, View};

    /// Any playlist.
    pub(crate) fn playlists(view: &View<'_>, out: &mut Findings) {
        out.each(view.delivery.playlists()).for_each(drop);
    }

    /// Variants of a multivariant playlist.
    pub(crate) fn variants(view: &View<'_>, out: &mut Findings) {
        out.each(view.variants()).for_each(drop);
    }

    /// Media playlists with segments.
    pub(crate) fn media_playlists(view: &View<'_>, out: &mut Findings) {
        let playlists = view.delivery.playlists();
        let media = playlists.filter(|(_, p)| !p.segments.is_empty());
        out.each(media).for_each(drop);
    }

    /// The MPD, even if it cannot be read.
    pub(crate) fn mpd(view: &View<'_>, out: &mut Findings) {
        out.each(view.delivery.mpd()).for_each(drop);
    }
}

/// Why a rule that compares with a job is not judged.
pub(crate) const NO_JOB: &str = "the job that made the output is not given";

/// Violations of one rule that are listed. One more entry then states how many were not.
pub(crate) const MAX_PER_RULE: usize = 20;

/// Collects what a rule finds, and whether it found anything to judge. Each reporting method takes the place of a
/// violation, what was expected and what was found.
#[derive(Debug)]
pub(crate) struct Findings {
    rule: &'static Rule,
    profiles: Profiles,
    /// The part of the next violation; `None` for the whole rule.
    part: Option<&'static Part>,
    violations: Vec<Violation>,
    /// Violations that are not listed, and the most severe of them.
    unlisted: (usize, Option<Severity>),
    /// Whether something was judged. Shared with the iterators that [`Findings::each`] returns.
    seen: Rc<Cell<bool>>,
    not_judged: Option<Cow<'static, str>>,
}

impl Findings {
    pub fn new(rule: &'static Rule, profiles: Profiles) -> Self {
        Self {
            rule,
            profiles,
            part: None,
            violations: Vec::new(),
            unlisted: (0, None),
            seen: Rc::default(),
            not_judged: None,
        }
    }

    /// States that the rule could not be judged, and why. If something else was judged, that counts.
    pub fn not_judged(&mut self, reason: impl Into<Cow<'static, str>>) {
        self.not_judged.get_or_insert_with(|| reason.into());
    }

    /// States that something was judged. A rule that judged nothing does not count as checked.
    pub fn seen(&self) {
        self.seen.set(true);
    }

    /// Passes items on, each of which the rule judges.
    pub fn each<I: IntoIterator>(&self, items: I) -> impl Iterator<Item = I::Item> + use<I> {
        let seen = Rc::clone(&self.seen);
        items.into_iter().inspect(move |_| seen.set(true))
    }

    /// The next violation is one of a part of the rule, with the clauses of the part.
    pub fn of(&mut self, part: &'static Part) -> &mut Self {
        self.part = Some(part);
        self
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
        self.seen();
        let part = self.part.take();
        let Some(severity) = self.rule.severity_of(part, self.profiles) else {
            return;
        };
        if self.violations.len() >= MAX_PER_RULE {
            let (count, highest) = self.unlisted;
            self.unlisted = (count + 1, highest.max(Some(severity)));
            return;
        }
        self.violations.push(Violation {
            rule: self.rule.id.to_owned(),
            severity,
            path: path.to_owned(),
            location,
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// The outcome and the violations; if some were not listed, a last one states how many.
    pub fn finish(mut self) -> (Outcome, Vec<Violation>) {
        if let (count, Some(severity)) = self.unlisted {
            self.violations.push(Violation {
                rule: self.rule.id.to_owned(),
                severity,
                path: String::new(),
                location: None,
                expected: self.rule.title.to_owned(),
                found: format!("{count} more violations"),
            });
        }
        let worst = self.violations.iter().map(|v| v.severity).max();
        let outcome = match (worst, self.seen.get(), self.not_judged) {
            (Some(severity), _, _) => Outcome::Failed { severity },
            (None, true, _) => Outcome::Passed,
            (None, false, Some(reason)) => Outcome::NotJudged {
                reason: reason.into_owned(),
            },
            (None, false, None) => Outcome::NotApplicable,
        };
        (outcome, self.violations)
    }
}
