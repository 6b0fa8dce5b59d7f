//! Synthetic outputs for tests, as small as the rules allow.
//!
//! A [`ValidOutput`] breaks no rule and has the layout of this pipeline's packager. A test damages one thing and
//! expects the rule that covers it.

mod documents;
mod expected;
pub mod inits;
mod protect;
mod shape;
pub mod ts;

use std::collections::BTreeMap;

use crate::delivery::{Delivery, Object};
use crate::expectation::Expectation;
use crate::profile::Profiles;
use crate::report::Report;
use crate::rules::check;
use inits::InitSpec;
use reelsmith_isobmff::SegmentScan;
use reelsmith_isobmff::testing::{FragmentSpec, SampleSpec};
pub(crate) use shape::Rung;
use shape::Shape;

pub(crate) const AUDIO: [(&str, &str, &str); 2] =
    [("audio/ja", "ja", "日本語"), ("audio/en", "en", "English")];
pub(crate) const TEXT: [(&str, &str, &str, bool); 2] = [
    ("text/en", "en", "English", false),
    ("text/ja-forced", "ja", "日本語", true),
];

/// An output that breaks no rule until a test damages it.
#[derive(Clone, Debug)]
pub struct ValidOutput {
    /// Playlists, MPD and captions, by path.
    pub texts: BTreeMap<String, String>,
    /// Init segments, by path.
    pub inits: BTreeMap<String, InitSpec>,
    /// Media segments, by path.
    pub segments: BTreeMap<String, Vec<FragmentSpec>>,
    /// Objects with arbitrary bytes; they replace those above.
    pub raw: BTreeMap<String, Vec<u8>>,
    /// Headers of the listing, by path. The size in them is not used.
    pub objects: BTreeMap<String, Object>,
    /// Sizes in the listing that differ from those of the bytes.
    pub sizes: BTreeMap<String, u64>,
    /// Objects that do not exist.
    pub missing: Vec<String>,
    /// What the job expects.
    pub expected: Option<Expectation>,
}

impl Default for ValidOutput {
    fn default() -> Self {
        Self::new()
    }
}

impl ValidOutput {
    /// An output of arbitrary objects.
    pub fn raw(objects: BTreeMap<String, Vec<u8>>) -> Self {
        Self {
            texts: BTreeMap::new(),
            inits: BTreeMap::new(),
            segments: BTreeMap::new(),
            raw: objects,
            objects: BTreeMap::new(),
            sizes: BTreeMap::new(),
            missing: Vec::new(),
            expected: None,
        }
    }

    /// Three rungs, two languages, two captions; ten seconds.
    pub fn new() -> Self {
        Self::of(&Shape::short())
    }

    /// As [`ValidOutput::new`], of a job without audio.
    pub fn without_audio() -> Self {
        Self::of(&Shape {
            audio: &[],
            ..Shape::short()
        })
    }

    /// Six rungs of a number of segments of four seconds, the last one of two: 360 for an episode, 1,800 for a film.
    /// Video segments have 10 to 40 kB, times `weight`.
    pub fn long(segments: u32, weight: u32) -> Self {
        Self::of(&Shape::long(segments.clamp(3, 5_000), weight.max(1)))
    }

    fn of(shape: &Shape) -> Self {
        let mut good = Self::raw(BTreeMap::new());
        for rung in &shape.rungs {
            good.inits
                .insert(format!("{}/init.mp4", rung.folder), InitSpec::video(rung));
            good.add_video(rung, shape);
        }
        for (folder, _, _) in shape.audio {
            good.inits
                .insert(format!("{folder}/init.mp4"), InitSpec::audio());
            good.add_audio(folder, shape);
        }
        documents::write(&mut good, shape);
        good.expected = Some(good.expectation(shape));
        good.describe();
        good
    }

    /// Lists every object as the packager stores it.
    fn describe(&mut self) {
        let segments = self.segments.keys().chain(self.raw.keys());
        let paths = self.texts.keys().chain(self.inits.keys()).chain(segments);
        self.objects = paths.map(|p| (p.clone(), described(p))).collect();
    }

    /// Replaces the first occurrence of a text in a document.
    ///
    /// # Panics
    /// If the document does not contain it.
    pub fn edit(&mut self, path: &str, from: &str, to: &str) {
        let text = self.texts.get_mut(path);
        assert!(
            text.as_ref().is_some_and(|t| t.contains(from)),
            "{path} has {from:?}"
        );
        if let Some(text) = text {
            *text = text.replacen(from, to, 1);
        }
    }

    /// Changes an object's headers in the listing.
    pub fn object(&mut self, path: &str, change: impl FnOnce(&mut Object)) {
        let object = self.objects.get_mut(path);
        assert!(object.is_some(), "{path} is listed");
        if let Some(object) = object {
            change(object);
        }
    }

    /// Changes a segment's fragments.
    pub fn segment(&mut self, path: &str, change: impl FnOnce(&mut Vec<FragmentSpec>)) {
        let segment = self.segments.get_mut(path);
        assert!(segment.is_some(), "{path} is a segment");
        if let Some(segment) = segment {
            change(segment);
        }
    }

    /// Changes an init segment.
    pub fn init(&mut self, path: &str, change: impl FnOnce(&mut InitSpec)) {
        let init = self.inits.get_mut(path);
        assert!(init.is_some(), "{path} is an init segment");
        if let Some(init) = init {
            change(init);
        }
    }

    /// The bytes of every object.
    pub fn bytes(&self) -> BTreeMap<String, Vec<u8>> {
        let texts = self
            .texts
            .iter()
            .map(|(p, t)| (p.clone(), t.clone().into_bytes()));
        let inits = self.inits.iter().map(|(p, i)| (p.clone(), i.bytes()));
        let segments = self
            .segments
            .iter()
            .map(|(p, s)| (p.clone(), segment_bytes(s)));
        let raw = self.raw.iter().map(|(p, b)| (p.clone(), b.clone()));
        let mut all: BTreeMap<_, _> = texts.chain(inits).chain(segments).chain(raw).collect();
        all.retain(|path, _| !self.missing.contains(path));
        all
    }

    /// Reads and measures the output, as a caller with real objects does.
    pub fn delivery(&self) -> Delivery {
        self.delivery_of(&self.bytes())
    }

    /// As [`ValidOutput::delivery`], for bytes from [`ValidOutput::bytes`].
    pub fn delivery_of(&self, bytes: &BTreeMap<String, Vec<u8>>) -> Delivery {
        let mut delivery = Delivery::new(bytes.iter().map(|(path, data)| {
            let known = self.objects.get(path).cloned().unwrap_or_default();
            let size = self.sizes.get(path).copied().unwrap_or(data.len() as u64);
            Object {
                path: path.clone(),
                size,
                ..known
            }
        }));
        let nothing = Vec::new();
        for _ in 0..16 {
            let wanted = delivery.wanted();
            for path in &wanted.texts {
                delivery.add_text(path, bytes.get(path).unwrap_or(&nothing));
            }
            for part in &wanted.inits {
                let data = bytes.get(&part.path).unwrap_or(&nothing);
                delivery.add_init(part, Ok(in_range(data, part.range)));
            }
            for part in &wanted.indexes {
                let data = bytes.get(&part.path).unwrap_or(&nothing);
                delivery.add_index(part, Ok(in_range(data, part.range)));
            }
            for (part, init) in &wanted.segments {
                let data = bytes.get(&part.path).unwrap_or(&nothing);
                let data = in_range(data, part.range);
                if let Some(defaults) = delivery.defaults_of(init) {
                    delivery.add_segment(part, Ok(SegmentScan::whole(data, defaults)));
                }
            }
            for part in &wanted.streams {
                let data = bytes.get(&part.path).unwrap_or(&nothing);
                delivery.add_stream(part, Ok(in_range(data, part.range)));
            }
            if wanted.is_empty() {
                break;
            }
        }
        delivery
    }

    /// Checks the output by all rules.
    pub fn report(&self) -> Report {
        check(
            &self.delivery(),
            self.expected.as_ref(),
            Profiles::REELSMITH,
        )
    }

    fn add_video(&mut self, rung: &Rung, shape: &Shape) {
        let (mut sequence, mut tfdt) = (1, 0);
        for (number, frames) in (1..).zip(&shape.frames) {
            let fragments = (0..frames / 48).map(|_| {
                let fragment = FragmentSpec {
                    sequence,
                    tfdt,
                    samples: pictures(rung),
                    ..FragmentSpec::default()
                };
                sequence += 1;
                tfdt += 48_000;
                fragment
            });
            let fragments = fragments.collect();
            self.segments
                .insert(format!("{}/seg_{number:05}.m4s", rung.folder), fragments);
        }
    }

    fn add_audio(&mut self, folder: &str, shape: &Shape) {
        let mut tfdt = 0;
        let segments = shape.units.iter().zip(shape.audio_ticks());
        for (sequence, (units, ticks)) in (1..).zip(segments) {
            let mut samples = vec![SampleSpec::audio(1_024, 20); *units as usize];
            if let Some(last) = samples.last_mut() {
                last.duration -= units * 1_024 - ticks;
            }
            let duration = u64::from(ticks);
            let fragment = FragmentSpec {
                sequence,
                tfdt,
                samples,
                ..FragmentSpec::default()
            };
            self.segments
                .insert(format!("{folder}/seg_{sequence:05}.m4s"), vec![fragment]);
            tfdt += duration;
        }
    }
}

fn pictures(rung: &Rung) -> Vec<SampleSpec> {
    let hevc = rung.codec.starts_with("hvc1");
    let pictures = (0..48).map(|i| {
        let mut sample = if i == 0 {
            SampleSpec::idr(1_000, rung.picture * 3)
        } else {
            SampleSpec::slice(1_000, rung.picture)
        };
        sample.cts = 2_000;
        sample.hevc = hevc;
        sample.nal = sample.nal.map(|nal| match (hevc, nal) {
            (true, 5) => 19,
            (_, nal) => nal,
        });
        sample
    });
    pictures.collect()
}

/// The bytes of a range, as far as the object has them.
fn in_range(data: &[u8], range: Option<(u64, u64)>) -> &[u8] {
    let Some((offset, length)) = range else {
        return data;
    };
    let start = (offset as usize).min(data.len());
    let end = start.saturating_add(length as usize).min(data.len());
    &data[start..end]
}

/// The bytes of a segment.
pub fn segment_bytes(fragments: &[FragmentSpec]) -> Vec<u8> {
    let fragments: Vec<Vec<u8>> = fragments.iter().map(FragmentSpec::bytes).collect();
    fragments.concat()
}

/// A made-up checksum that is different for each path.
fn sha256(path: &str) -> String {
    format!(
        "{:064x}",
        path.bytes()
            .fold(7u64, |h, b| h.wrapping_mul(31).wrapping_add(b.into()))
    )
}

/// An object with the headers that the packager stores. Its size is not used.
fn described(path: &str) -> Object {
    let extension = path.rsplit_once('.').map_or("", |(_, e)| e);
    let text = matches!(extension, "m3u8" | "mpd");
    let content_type = match extension {
        "m3u8" => "application/vnd.apple.mpegurl",
        "mpd" => "application/dash+xml",
        "m4s" => "video/iso.segment",
        "mp4" => "video/mp4",
        "ts" => "video/mp2t",
        "jpg" => "image/jpeg",
        _ => "text/vtt; charset=utf-8",
    };
    let cache = if text {
        "public, max-age=60"
    } else {
        "public, max-age=31536000, immutable"
    };
    let written = match path {
        "master.m3u8" | "manifest.mpd" => 3_000,
        _ if text => 2_000,
        _ => 1_000,
    };
    Object {
        path: path.to_owned(),
        size: 0,
        content_type: Some(content_type.to_owned()),
        cache_control: Some(cache.to_owned()),
        content_encoding: text.then(|| "gzip".to_owned()),
        sha256: matches!(extension, "m4s" | "mp4").then(|| sha256(path)),
        modified_ms: Some(written),
    }
}
