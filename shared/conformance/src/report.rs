//! The report of a check: the verdict, the violations and the measured renditions.

use std::fmt;

use reelsmith_core::warning::Warning;
use serde::{Deserialize, Serialize};

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

/// Whether an output may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Verdict {
    /// There is no violation with severity fail.
    Pass,
    /// There is at least one.
    Fail,
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
}

impl RenditionSummary {
    fn of(rendition: &Rendition<'_>) -> Self {
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
        }
    }
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
pub const SCHEMA: u32 = 1;

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
    /// Number of rules that were judged.
    pub rules_checked: u32,
    /// Rules that were not judged, because the caller did not supply their facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<String>,
    #[serde(default)]
    pub coverage: Coverage,
    /// Sorted by severity, the most severe first, then by rule.
    pub violations: Vec<Violation>,
    /// Differences between the output and the delivery. They do not change the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
    pub renditions: Vec<RenditionSummary>,
}

impl Report {
    pub(crate) fn new(
        view: &View<'_>,
        rules_checked: u32,
        not_judged: Vec<String>,
        mut violations: Vec<Violation>,
    ) -> Self {
        violations.sort_by(|a, b| (b.severity, &a.rule).cmp(&(a.severity, &b.rule)));
        let failed = violations.iter().any(|v| v.severity == Severity::Fail);
        Self {
            schema: SCHEMA,
            verdict: if failed { Verdict::Fail } else { Verdict::Pass },
            mock: false,
            rules_checked,
            not_judged,
            coverage: Coverage::of(view),
            violations,
            warnings: view
                .expected
                .map_or_else(Vec::new, |e| e.evidence.warnings.clone()),
            renditions: view.renditions.iter().map(RenditionSummary::of).collect(),
        }
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
        let mut lines = vec![format!("{verdict}: {checked} rules checked, {counts}")];
        if self.mock {
            let mock = "  MOCK: placeholders instead of the mezzanine's pictures and sound";
            lines.push(mock.to_owned());
        }
        if !self.not_judged.is_empty() {
            lines.push(format!("  not judged: {}", self.not_judged.join(", ")));
        }
        let (compared, recorded) = (self.coverage.compared, self.coverage.recorded);
        if recorded > 0 {
            lines.push(format!(
                "  checksums compared: {compared} of {recorded} segments"
            ));
        }
        lines.extend(self.renditions.iter().map(ToString::to_string));
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
