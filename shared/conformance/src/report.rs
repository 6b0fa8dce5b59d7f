//! The report of a check: the verdict, the violations and the measured renditions.

use std::collections::BTreeSet;
use std::fmt;

use reelsmith_core::warning::Warning;
use serde::{Deserialize, Serialize};

use crate::profile::{Profile, Profiles};
use crate::view::{MediaKind, Rendition, View};

/// The consequence of a violation.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Severity {
    /// For information.
    Info,
    /// The output plays, but is not as it should be.
    Warn,
    /// The output must not be published.
    Fail,
}

/// A position in an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Location {
    /// A line of a text, from 1.
    Line(u32),
    /// A byte offset.
    Byte(u64),
    /// A segment by its number in the playlist, from 1.
    Segment(u32),
}

/// A violation of a rule. [`crate::rule()`] has the rule's clause and explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Identifier of the rule, for example `HLS-P02`.
    pub rule: String,
    pub severity: Severity,
    /// Path of the object below the output prefix; empty for the output as a whole.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    pub expected: String,
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = match self.path.as_str() {
            "" => "(output)",
            path => path,
        };
        write!(f, "{} {} {path}", self.rule, self.severity)?;
        match self.location {
            Some(Location::Line(line)) => write!(f, ":{line}")?,
            Some(Location::Byte(byte)) => write!(f, "@{byte}")?,
            Some(Location::Segment(number)) => write!(f, "#{number}")?,
            None => {}
        }
        write!(f, ": expected {}, found {}", self.expected, self.found)
    }
}

/// The result of judging a rule, a rendition or a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was judged, and nothing was found.
    #[default]
    Passed,
    /// There are violations; the severity is that of the most severe one.
    Failed { severity: Severity },
    /// It could not be judged.
    NotJudged { reason: String },
    /// There is nothing that the rule is about.
    NotApplicable,
}

impl Outcome {
    /// Whether it was judged.
    pub fn is_judged(&self) -> bool {
        matches!(self, Self::Passed | Self::Failed { .. })
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => write!(f, "passed"),
            Self::Failed { severity } => write!(f, "failed ({severity})"),
            Self::NotJudged { reason } => write!(f, "not judged: {reason}"),
            Self::NotApplicable => write!(f, "not applicable"),
        }
    }
}

/// The outcome of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleOutcome {
    /// Identifier of the rule.
    pub rule: String,
    pub outcome: Outcome,
}

/// The outcome of a multivariant playlist or MPD that is not the one that the report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentOutcome {
    /// Path below the output prefix.
    pub path: String,
    pub outcome: Outcome,
}

/// Whether an output may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Verdict {
    /// There is no violation with severity fail.
    Pass,
    /// There is at least one.
    Fail,
    /// There is none, but nothing or only a part could be judged.
    Unsupported,
}

/// Declared and measured facts of one rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionSummary {
    /// Path of its playlist.
    pub path: String,
    /// `video`, `audio`, `text` or `iframes`.
    pub kind: String,
    /// Codec string of the init segment; empty if there is none.
    pub codec: String,
    /// Picture size as `WxH`; empty for other media.
    pub resolution: String,
    /// Segments in the playlist.
    pub segments: u32,
    /// Samples measured: frames of video, access units of audio.
    pub samples: u64,
    /// Duration measured, in ticks of the timescale.
    pub duration: u64,
    /// Ticks per second.
    pub timescale: u32,
    /// Bytes of all segments.
    pub bytes: u64,
    /// Peak segment bit rate measured, in bits per second.
    pub peak: u64,
    /// Average bit rate measured, in bits per second.
    pub average: u64,
    /// `BANDWIDTH` of its first variant, which includes audio.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_peak: Option<u64>,
    /// `AVERAGE-BANDWIDTH` of its first variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_average: Option<u64>,
    /// Whether its media was measured, and whether a violation concerns it.
    #[serde(default)]
    pub outcome: Outcome,
}

impl RenditionSummary {
    fn of(rendition: &Rendition<'_>, view: &View<'_>, violations: &[Violation]) -> Self {
        let (samples, duration) = rendition.totals().unwrap_or((0, 0));
        let variant = rendition.variants.first();
        let picture = rendition.picture_size();
        let picture = picture.filter(|_| rendition.kind != MediaKind::Audio);
        let sizes = rendition.segments.iter().filter_map(|s| s.size);
        let codec = rendition.init.map(|i| i.codec.clone());
        Self {
            path: rendition.path.clone(),
            kind: rendition.kind.to_string(),
            codec: codec.unwrap_or_default(),
            resolution: picture.map_or_else(String::new, |(w, h)| format!("{w}x{h}")),
            segments: u32::try_from(rendition.segments.len()).unwrap_or(u32::MAX),
            samples,
            duration,
            timescale: rendition.timescale().unwrap_or(0),
            bytes: sizes.fold(0, u64::saturating_add),
            peak: rendition.peak().unwrap_or(0),
            average: rendition.average().unwrap_or(0),
            declared_peak: variant.and_then(|v| v.bandwidth()),
            declared_average: variant.and_then(|v| v.average_bandwidth()),
            outcome: outcome(rendition, view, violations),
        }
    }
}

/// Failed if a violation concerns the playlist or one of its objects; not judged if no media was measured.
fn outcome(rendition: &Rendition<'_>, view: &View<'_>, violations: &[Violation]) -> Outcome {
    let parts = rendition.segments.iter().filter_map(|s| s.part.as_ref());
    let mut paths: BTreeSet<&str> = parts.chain(&rendition.maps).map(|p| &*p.path).collect();
    paths.insert(&rendition.path);
    let concerns = violations.iter().filter(|v| paths.contains(&*v.path));
    let worst = concerns.map(|v| v.severity).max();
    let not_judged = |reason: &str| Outcome::NotJudged {
        reason: reason.to_owned(),
    };
    match (worst, unmeasured(rendition, view)) {
        (Some(Severity::Fail), _) => Outcome::Failed {
            severity: Severity::Fail,
        },
        (_, Some(reason)) => not_judged(reason),
        (Some(severity), None) => Outcome::Failed { severity },
        (None, None) => Outcome::Passed,
    }
}

/// Why the media of a rendition was not measured.
fn unmeasured(rendition: &Rendition<'_>, view: &View<'_>) -> Option<&'static str> {
    let text = |path: &str| view.delivery.texts.contains_key(path);
    let parts = || rendition.segments.iter().filter_map(|s| s.part.as_ref());
    if rendition.segments.is_empty() {
        return Some("the playlist has no segments");
    }
    if parts().next().is_none() {
        return Some("the segments are outside of the package");
    }
    if rendition.kind == MediaKind::IFrames || parts().all(|p| text(&p.path)) {
        return None;
    }
    if rendition.maps.is_empty() && rendition.init.is_none() {
        return Some("the pictures and sound of segments without an init segment are not examined");
    }
    if rendition.segments.iter().all(|s| s.facts.is_none()) {
        return Some("no segment could be measured");
    }
    None
}

impl fmt::Display for RenditionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {}", self.path)?;
        for fact in [&self.codec, &self.resolution] {
            if !fact.is_empty() {
                write!(f, " {fact}")?;
            }
        }
        write!(f, ": {} segments", self.segments)?;
        if self.samples > 0 {
            let (duration, timescale) = (self.duration, self.timescale);
            write!(f, ", {} samples, {duration}/{timescale} s", self.samples)?;
        }
        if self.kind == "video" || self.kind == "audio" {
            write!(f, ", peak {} average {} bit/s", self.peak, self.average)?;
        }
        if let Outcome::NotJudged { .. } = self.outcome {
            write!(f, ", {}", self.outcome)?;
        }
        Ok(())
    }
}

/// How much of an output was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Objects below the output prefix.
    pub objects: u64,
    /// Bytes of all objects.
    pub bytes: u64,
    /// Media segments that were opened and measured.
    pub segments: u64,
    /// Segments for which the job recorded a checksum.
    pub recorded: u64,
    /// Those of them whose stored bytes were compared with the checksum.
    pub compared: u64,
}

impl Coverage {
    fn of(view: &View<'_>) -> Self {
        let objects = &view.delivery.objects;
        let sizes = objects.values().map(|o| o.size);
        let measured = view.delivery.segments.values().filter(|s| s.is_ok());
        let mut coverage = Self {
            objects: objects.len() as u64,
            bytes: sizes.fold(0, u64::saturating_add),
            segments: measured.count() as u64,
            ..Self::default()
        };
        for recorded in view.recorded() {
            for segment in &recorded.segments {
                let object = view.object(&format!("{}/{}", recorded.rendition, segment.name));
                coverage.recorded += 1;
                coverage.compared += u64::from(object.is_some_and(|o| o.sha256.is_some()));
            }
        }
        coverage
    }
}

/// Version of the report's schema, sample-data/schemas/report.schema.json.
pub const SCHEMA: u32 = 2;

/// Violations that a summary lists.
const SUMMARY_VIOLATIONS: usize = 40;

/// The conformance report of one output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    pub verdict: Verdict,
    /// Whether a deployment in mock mode made placeholders instead of the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
    /// The profiles whose rules were applied.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Number of rules that were judged: those that passed or failed.
    pub rules_checked: u32,
    /// The outcome of every rule of the profiles.
    #[serde(default)]
    pub rules: Vec<RuleOutcome>,
    #[serde(default)]
    pub coverage: Coverage,
    /// Sorted by severity, the most severe first, then by rule.
    pub violations: Vec<Violation>,
    /// Differences between the output and the delivery. They do not change the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub renditions: Vec<RenditionSummary>,
    /// Multivariant playlists and MPDs beside those that the report is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentOutcome>,
}

impl Report {
    pub(crate) fn new(
        view: &View<'_>,
        profiles: Profiles,
        rules: Vec<RuleOutcome>,
        mut violations: Vec<Violation>,
    ) -> Self {
        violations.sort_by(|a, b| (b.severity, &a.rule).cmp(&(a.severity, &b.rule)));
        let renditions = view.all_renditions();
        let renditions = renditions.map(|r| RenditionSummary::of(r, view, &violations));
        let renditions: Vec<_> = renditions.collect();
        let judged = rules.iter().filter(|r| r.outcome.is_judged()).count();
        let mut report = Self {
            schema: SCHEMA,
            verdict: Verdict::Pass,
            mock: false,
            profiles: profiles.iter().collect(),
            rules_checked: u32::try_from(judged).unwrap_or(u32::MAX),
            rules,
            coverage: Coverage::of(view),
            violations,
            warnings: view
                .expected
                .map_or_else(Vec::new, |e| e.evidence.warnings.clone()),
            renditions,
            documents: Vec::new(),
        };
        report.judge();
        report
    }

    /// Adds the report of a further document with its path. `folder` is that of the document, below that of this report;
    /// it ends in `/` or is empty. A violation of an object that both reference is listed once.
    pub fn add_document(&mut self, path: &str, folder: &str, of: Self) {
        let worst = of.violations.iter().map(|v| v.severity).max();
        let unjudged = of.renditions.iter().find_map(|r| match &r.outcome {
            Outcome::NotJudged { reason } => Some(reason.clone()),
            _ => None,
        });
        let outcome = match (worst, unjudged, of.rules_checked) {
            (Some(severity @ Severity::Fail), _, _) => Outcome::Failed { severity },
            (_, Some(reason), _) => Outcome::NotJudged { reason },
            (_, None, 0) => Outcome::NotJudged {
                reason: "no rule applies".to_owned(),
            },
            (Some(severity), None, _) => Outcome::Failed { severity },
            (None, None, _) => Outcome::Passed,
        };
        for mut violation in of.violations {
            if !violation.path.is_empty() {
                violation.path = format!("{folder}{}", violation.path);
            }
            if !self.violations.contains(&violation) {
                self.add_outcome(&violation);
                self.violations.push(violation);
            }
        }
        self.violations
            .sort_by(|a, b| (b.severity, &a.rule).cmp(&(a.severity, &b.rule)));
        let path = path.to_owned();
        self.documents.push(DocumentOutcome { path, outcome });
        self.judge();
    }

    /// Names a further document that was not checked.
    pub fn add_unjudged_document(&mut self, path: &str, reason: &str) {
        let (path, reason) = (path.to_owned(), reason.to_owned());
        let outcome = Outcome::NotJudged { reason };
        self.documents.push(DocumentOutcome { path, outcome });
        self.judge();
    }

    /// Makes a violation part of the outcome of its rule.
    fn add_outcome(&mut self, violation: &Violation) {
        let severity = violation.severity;
        let failed = Outcome::Failed { severity };
        let mut rules = self.rules.iter_mut();
        match rules.find(|r| r.rule == violation.rule) {
            Some(rule) => {
                if !rule.outcome.is_judged() {
                    self.rules_checked = self.rules_checked.saturating_add(1);
                }
                match &mut rule.outcome {
                    Outcome::Failed { severity: own } => *own = severity.max(*own),
                    other => *other = failed,
                }
            }
            None => {
                self.rules_checked = self.rules_checked.saturating_add(1);
                let rule = violation.rule.clone();
                let outcome = failed;
                self.rules.push(RuleOutcome { rule, outcome });
            }
        }
    }

    /// Derives the verdict from the violations and the outcomes.
    fn judge(&mut self) {
        let unjudged = |o: &Outcome| matches!(o, Outcome::NotJudged { .. });
        let partial = self.renditions.iter().any(|r| unjudged(&r.outcome))
            || self.documents.iter().any(|d| unjudged(&d.outcome));
        self.verdict = if self.count(Severity::Fail) > 0 {
            Verdict::Fail
        } else if partial || self.rules_checked == 0 {
            Verdict::Unsupported
        } else {
            Verdict::Pass
        };
    }

    /// The rules that could not be judged, with the reason.
    pub fn not_judged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.rules.iter().filter_map(|r| match &r.outcome {
            Outcome::NotJudged { reason } => Some((r.rule.as_str(), reason.as_str())),
            _ => None,
        })
    }

    /// Number of violations of a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let violations = self.violations.iter();
        violations.filter(|v| v.severity == severity).count()
    }

    /// Number of things that should be corrected although the output is published: violations of severity warn, and
    /// deviations from the delivery.
    pub fn warning_count(&self) -> usize {
        self.count(Severity::Warn) + self.warnings.len()
    }

    /// The report as text: the verdict, the renditions, the deviations from the delivery and at most 40 violations.
    pub fn summary(&self) -> String {
        let counts = [Severity::Fail, Severity::Warn, Severity::Info];
        let counts = counts.map(|s| format!("{} {s}", self.count(s))).join(", ");
        let (verdict, checked) = (self.verdict, self.rules_checked);
        let profiles: Vec<String> = self.profiles.iter().map(ToString::to_string).collect();
        let profiles = profiles.join(", ");
        let mut lines = vec![format!(
            "{verdict}: {checked} rules checked ({profiles}), {counts}"
        )];
        if self.mock {
            let mock = "  MOCK: placeholders instead of the mezzanine's pictures and sound";
            lines.push(mock.to_owned());
        }
        let not_judged: Vec<&str> = self.not_judged().map(|(rule, _)| rule).collect();
        if !not_judged.is_empty() {
            lines.push(format!("  not judged: {}", not_judged.join(", ")));
        }
        let (compared, recorded) = (self.coverage.compared, self.coverage.recorded);
        if recorded > 0 {
            lines.push(format!(
                "  checksums compared: {compared} of {recorded} segments"
            ));
        }
        lines.extend(self.renditions.iter().map(ToString::to_string));
        let documents = self.documents.iter();
        lines.extend(documents.map(|d| format!("  also {}: {}", d.path, d.outcome)));
        let warnings = self.warnings.iter().take(SUMMARY_VIOLATIONS);
        lines.extend(warnings.map(|w| format!("warning {w}")));
        let listed = self.violations.iter().take(SUMMARY_VIOLATIONS);
        lines.extend(listed.map(ToString::to_string));
        let more = self.violations.len().saturating_sub(SUMMARY_VIOLATIONS);
        if more > 0 {
            lines.push(format!("… and {more} more in the report"));
        }
        lines.join("\n") + "\n"
    }
}
