//! The report: what was checked, what was found wrong, what was measured.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::view::{Kind, Track, View};

/// How much a violation weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// For information.
    Info,
    /// The output plays, but is not as it should be.
    Warn,
    /// The output must not be published.
    Fail,
}

impl Severity {
    /// Lower-case name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Where in an object.
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

/// One thing that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Rule id, for example `HLS-P02`.
    pub rule: String,
    /// How much it weighs.
    pub severity: Severity,
    /// Path of the object below the output prefix; empty for the output as a whole.
    pub path: String,
    /// Where in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What was expected.
    pub expected: String,
    /// What was found.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "(output)"
        } else {
            &self.path
        };
        write!(f, "{} {} {path}", self.rule, self.severity.as_str())?;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// No violation of severity fail.
    Pass,
    /// At least one.
    Fail,
}

/// Declared and measured facts of one rendition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RenditionSummary {
    /// Path of its playlist.
    pub path: String,
    /// `video`, `audio`, `text` or `iframes`.
    pub kind: String,
    /// Codec string of the init segment; empty where there is none.
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
    /// Average bit rate measured.
    pub average: u64,
    /// `BANDWIDTH` of its first variant, which counts audio in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_peak: Option<u64>,
    /// `AVERAGE-BANDWIDTH` of its first variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_average: Option<u64>,
}

/// How much of the media of an output a check looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Objects below the output prefix.
    pub objects: u64,
    /// Bytes of all of them.
    pub bytes: u64,
    /// Media segments that were opened and measured.
    pub segments: u64,
    /// Objects of which the job recorded a checksum.
    pub recorded: u64,
    /// Those of them whose stored bytes were compared with it.
    pub compared: u64,
}

impl Coverage {
    fn of(view: &View<'_>) -> Self {
        let objects = &view.delivery.objects;
        let mut coverage = Self {
            objects: objects.len() as u64,
            bytes: objects
                .values()
                .fold(0, |sum, o| o.size.saturating_add(sum)),
            segments: view
                .delivery
                .segments
                .values()
                .filter(|s| s.is_ok())
                .count() as u64,
            ..Self::default()
        };
        for (folder, recorded) in view.expected.into_iter().flat_map(|e| e.recorded()) {
            for segment in &recorded.segments {
                let object = objects.get(&format!("{folder}/{}", segment.name));
                coverage.recorded += 1;
                coverage.compared += u64::from(object.is_some_and(|o| o.sha256.is_some()));
            }
        }
        coverage
    }
}

/// Version of the report's shape.
pub const SCHEMA: u32 = 1;

/// The conformance report of one output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Whether it may be published.
    pub verdict: Verdict,
    /// Whether the output is a placeholder that a deployment in mock mode made: sound as a delivery, but not the title.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub mock: bool,
    /// Number of rules that were checked.
    pub rules_checked: u32,
    /// Rules that were not: what they judge was not supplied to the check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<String>,
    /// How much of the media was looked at.
    #[serde(default)]
    pub coverage: Coverage,
    /// What was found wrong: the gravest first, then by rule.
    pub violations: Vec<Violation>,
    /// What was measured.
    pub renditions: Vec<RenditionSummary>,
}

impl Report {
    /// Puts a report together.
    #[must_use]
    pub(crate) fn new(
        view: &View<'_>,
        rules_checked: usize,
        not_judged: Vec<String>,
        mut violations: Vec<Violation>,
    ) -> Self {
        violations.sort_by(|a, b| (b.severity, &a.rule).cmp(&(a.severity, &b.rule)));
        let failed = violations.iter().any(|v| v.severity == Severity::Fail);
        Self {
            schema: SCHEMA,
            verdict: if failed { Verdict::Fail } else { Verdict::Pass },
            mock: false,
            rules_checked: u32::try_from(rules_checked).unwrap_or(u32::MAX),
            not_judged,
            coverage: Coverage::of(view),
            violations,
            renditions: view.tracks.iter().map(summary).collect(),
        }
    }

    /// Number of violations of a severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.violations
            .iter()
            .filter(|v| v.severity == severity)
            .count()
    }

    /// A few lines for people: the verdict, the measured renditions, the violations.
    #[must_use]
    pub fn summary(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Pass => "PASS",
            Verdict::Fail => "FAIL",
        };
        let mut lines = vec![format!(
            "{verdict}: {} rules checked, {} fail, {} warn, {} info",
            self.rules_checked,
            self.count(Severity::Fail),
            self.count(Severity::Warn),
            self.count(Severity::Info),
        )];
        if self.mock {
            lines.push(
                "  MOCK: placeholders instead of the mezzanine's pictures and sound".to_owned(),
            );
        }
        if !self.not_judged.is_empty() {
            lines.push(format!("  not judged: {}", self.not_judged.join(", ")));
        }
        if self.coverage.recorded > 0 {
            let Coverage {
                compared, recorded, ..
            } = self.coverage;
            lines.push(format!(
                "  checksums compared: {compared} of {recorded} segments"
            ));
        }
        lines.extend(self.renditions.iter().map(ToString::to_string));
        lines.extend(self.violations.iter().take(40).map(ToString::to_string));
        if let Some(more) = self.violations.len().checked_sub(40).filter(|n| *n > 0) {
            lines.push(format!("… and {more} more in the report"));
        }
        lines.join("\n") + "\n"
    }
}

impl fmt::Display for RenditionSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = [self.codec.as_str(), self.resolution.as_str()];
        write!(f, "  {}", self.path)?;
        for fact in facts.iter().filter(|t| !t.is_empty()) {
            write!(f, " {fact}")?;
        }
        write!(f, ": {} segments", self.segments)?;
        if self.samples > 0 {
            write!(
                f,
                ", {} samples, {}/{} s",
                self.samples, self.duration, self.timescale
            )?;
        }
        if self.kind == "video" || self.kind == "audio" {
            write!(f, ", peak {} average {} bit/s", self.peak, self.average)?;
        }
        Ok(())
    }
}

fn summary(track: &Track<'_>) -> RenditionSummary {
    let (samples, duration) = track.totals().unwrap_or((0, 0));
    let variant = track.variants.first();
    let picture = track.picture().filter(|_| track.kind != Kind::Audio);
    RenditionSummary {
        path: track.path.clone(),
        kind: track.kind.as_str().to_owned(),
        codec: track.init.map(|i| i.codec.clone()).unwrap_or_default(),
        resolution: picture.map_or_else(String::new, |(w, h)| format!("{w}x{h}")),
        segments: u32::try_from(track.segments.len()).unwrap_or(u32::MAX),
        samples,
        duration,
        timescale: track.timescale().unwrap_or(0),
        bytes: track
            .segments
            .iter()
            .filter_map(|s| s.size)
            .fold(0, u64::saturating_add),
        peak: track.peak().unwrap_or(0),
        average: track.average().unwrap_or(0),
        declared_peak: variant.and_then(|v| v.bandwidth()),
        declared_average: variant.and_then(|v| v.average_bandwidth()),
    }
}
