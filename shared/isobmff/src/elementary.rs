//! Elementary streams of MPEG-2 transport streams and of packed audio, as facts in the terms of a CMAF track.

use memchr::memmem;

use crate::sample::SampleView;
use crate::samples::{Inspector, ac3_size};
use crate::{
    AvcConfig, DataBase, Defect, DefectKind, Examination, Fault, FirstPicture, Fragment, Handler,
    HevcConfig, HevcSps, Init, Reader, Sample, SampleFormat, SegmentFacts, Sps,
};

/// Ticks per second of the times in a transport stream.
pub const TRANSPORT_TIMESCALE: u32 = 90_000;
/// Sample rates by `sampling_frequency_index` (ISO/IEC 14496-3, 1.6.3.3).
const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// Codec of an elementary stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementaryCodec {
    /// H.264 as a byte stream.
    Avc,
    /// H.265 as a byte stream.
    Hevc,
    /// AAC in ADTS frames (ISO/IEC 14496-3, 1.A.3.2).
    Adts,
    /// AC-3.
    Ac3,
    /// E-AC-3.
    Eac3,
}

/// The payload of one PES packet.
#[derive(Clone, Copy, Debug)]
pub struct PesUnit {
    /// Start in the bytes of the stream.
    pub start: usize,
    /// Presentation and decoding time in ticks of 90 kHz.
    pub times: Option<(i64, i64)>,
}

/// Looks into a stream. `data` are the payloads of all PES packets of a segment, one after the other; `units` states where
/// each starts. Returns what an init segment would state, and the segment.
pub fn elementary(codec: ElementaryCodec, data: &[u8], units: &[PesUnit]) -> (Init, SegmentFacts) {
    let mut stream = Stream::default();
    match codec {
        ElementaryCodec::Avc | ElementaryCodec::Hevc => video(codec, data, units, &mut stream),
        ElementaryCodec::Adts => adts(data, units, &mut stream),
        ElementaryCodec::Ac3 | ElementaryCodec::Eac3 => {
            dolby(data, units, codec == ElementaryCodec::Eac3, &mut stream);
        }
    }
    stream.finish(data.len() as u64)
}

/// One access unit, with its times in ticks of 90 kHz.
struct Unit {
    offset: usize,
    size: usize,
    presentation: i64,
    decoding: i64,
    sync: bool,
    picture: Option<FirstPicture>,
}

#[derive(Default)]
struct Stream {
    init: Init,
    units: Vec<Unit>,
    defects: Vec<Defect>,
    examined: Option<Examination>,
}

impl Stream {
    fn defect(&mut self, kind: DefectKind, at: usize, expected: &str, found: impl Into<String>) {
        if self.defects.len() < 16 {
            let path = format!("access unit {}", self.units.len() + 1);
            let fault = Fault::new(at as u64, path, expected, found);
            self.defects.push(Defect { kind, fault });
        }
    }

    fn finish(mut self, size: u64) -> (Init, SegmentFacts) {
        self.init.timescale = TRANSPORT_TIMESCALE;
        self.init.tracks = 1;
        let start = self.units.first().map_or(0, |u| u.decoding);
        let next = self.units.iter().skip(1).map(|u| u.decoding);
        let durations = self
            .units
            .iter()
            .zip(next)
            .map(|(u, next)| next - u.decoding);
        let mut durations: Vec<u32> = durations.map(|d| u32::try_from(d).unwrap_or(0)).collect();
        // The last unit lasts as long as the one before.
        durations.extend(durations.last().copied().or(Some(0)));
        let samples = self
            .units
            .iter()
            .zip(durations)
            .map(|(u, duration)| Sample {
                offset: u.offset as u64,
                size: u32::try_from(u.size).unwrap_or(u32::MAX),
                duration,
                cts: i32::try_from(u.presentation - u.decoding).unwrap_or(i32::MAX),
                sync: u.sync,
            });
        let fragment = Fragment {
            moof: 0..0,
            mdat: 0..size,
            sequence: 0,
            track_id: 0,
            tfdt: u64::try_from(start).unwrap_or(0),
            base: DataBase::Moof,
            samples: samples.collect(),
        };
        let facts = SegmentFacts {
            size,
            first_pictures: vec![self.units.first().and_then(|u| u.picture.clone())],
            fragments: vec![fragment],
            examined: self.examined,
            defects: self.defects,
            ..SegmentFacts::default()
        };
        (self.init, facts)
    }
}

/// Pictures in a byte stream (ISO/IEC 14496-10, annex B), one access unit in each PES packet.
fn video(codec: ElementaryCodec, data: &[u8], units: &[PesUnit], stream: &mut Stream) {
    let hevc = codec == ElementaryCodec::Hevc;
    let format = SampleFormat {
        entry: if hevc { "hev1" } else { "avc3" }.to_owned(),
        // Lengths of four bytes and no parameter sets.
        config: match hevc {
            false => vec![1, 0, 0, 0, 0xff, 0xe0, 0],
            true => [&[1][..], &[0; 20], &[3, 0]].concat(),
        },
        ..SampleFormat::default()
    };
    let Some(mut inspector) = Inspector::new(&format) else {
        return;
    };
    stream.examined = Some(Examination::Nal);
    stream.init.handler = Handler::Video;
    let mut several = false;
    let ends = units.iter().skip(1).map(|u| u.start).chain([data.len()]);
    for (unit, end) in units.iter().zip(ends) {
        let bytes = data.get(unit.start..end).unwrap_or_default();
        let Some(nals) = nal_units(bytes) else {
            stream.defect(
                DefectKind::Unit,
                unit.start,
                "a start code first",
                "other bytes",
            );
            continue;
        };
        let delimiter = |nal: &[u8]| match hevc {
            false => nal.first().is_some_and(|b| b & 31 == 9),
            true => nal.first().is_some_and(|b| b >> 1 & 0x3f == 35),
        };
        several |= nals.iter().filter(|n| delimiter(n)).count() > 1;
        for nal in &nals {
            describe(&mut stream.init, nal, hevc);
        }
        let mut groups = vec![Vec::new()];
        for nal in nals {
            if delimiter(nal) && groups.last().is_some_and(|g| !g.is_empty()) {
                groups.push(Vec::new());
            }
            if let Some(group) = groups.last_mut() {
                group.extend(u32::try_from(nal.len()).unwrap_or(u32::MAX).to_be_bytes());
                group.extend(nal);
            }
        }
        for group in groups {
            let last = stream
                .units
                .last()
                .map_or((0, 0), |u| (u.presentation, u.decoding));
            let (presentation, decoding) = unit.times.unwrap_or(last);
            let picture = inspector.sample(SampleView {
                data: &group,
                number: stream.units.len() as u64 + 1,
                at: unit.start as u64,
                sync: false,
                leads: false,
                presentation,
                encryption: None,
            });
            stream.units.push(Unit {
                offset: unit.start,
                size: bytes.len(),
                presentation,
                decoding,
                sync: picture.as_ref().is_some_and(|p| p.idr == Some(true)),
                picture,
            });
        }
    }
    inspector.finish();
    // The times of a second picture in a PES packet are not known.
    let found = inspector.defects.list.into_iter();
    stream
        .defects
        .extend(found.filter(|d| !several || d.kind != DefectKind::Order));
}

/// The NAL units between start codes; `None` if something precedes the first.
fn nal_units(data: &[u8]) -> Option<Vec<&[u8]>> {
    let starts: Vec<usize> = memmem::find_iter(data, &[0, 0, 1]).collect();
    let first = starts.first().copied()?;
    if data.get(..first)?.iter().any(|b| *b != 0) {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([data.len()]);
    let nals = starts.iter().zip(ends).filter_map(|(start, end)| {
        let nal = data.get(start + 3..end)?;
        let length = nal.iter().rposition(|b| *b != 0)? + 1;
        nal.get(..length)
    });
    Some(nals.collect())
}

/// Takes the facts of the first sequence parameter set.
fn describe(init: &mut Init, nal: &[u8], hevc: bool) {
    if !init.entry.is_empty() {
        return;
    }
    if let (false, Some(sps)) = (hevc, Sps::read(nal)) {
        init.entry = "avc1".to_owned();
        let (profile, level) = (sps.profile, sps.level);
        init.codec = format!("avc1.{profile:02x}{:02x}{level:02x}", sps.compatibility);
        (init.width, init.height) = (sps.width, sps.height);
        (init.profile, init.level) = (Some(profile), Some(level));
        init.colour = sps.vui.colour;
        init.sps = Some(sps);
        init.avc = AvcConfig::read(&mut Reader::new(&[
            1,
            profile,
            sps.compatibility,
            level,
            0xff,
            0xe0,
            0,
        ]))
        .ok();
    } else if let (true, Some(sps)) = (hevc, HevcSps::read(nal)) {
        // Profile, compatibility and constraints are 12 bytes after the header and a byte of the set.
        let general = crate::bits::unescape(nal.get(2..).unwrap_or_default(), 32);
        let config = [
            &[1][..],
            general.get(1..13).unwrap_or(&[0; 12]),
            &[0; 8],
            &[3, 0],
        ]
        .concat();
        let Ok(config) = HevcConfig::read(&mut Reader::new(&config)) else {
            return;
        };
        init.entry = "hvc1".to_owned();
        init.codec = crate::codec::hevc_codec("hvc1", &config);
        (init.width, init.height) = (sps.width, sps.height);
        (init.profile, init.level) = (Some(sps.profile), Some(sps.level));
        init.colour = sps.vui.colour;
        init.hevc_sps = Some(sps);
        init.hevc = Some(config);
    }
}

/// A header of an ADTS frame.
struct Adts {
    object: u8,
    rate: u32,
    channels: u32,
    header: usize,
    size: usize,
}

impl Adts {
    fn read(data: &[u8]) -> Option<Self> {
        let [0xff, b, c, d, e, f, g, ..] = data else {
            return None;
        };
        if b & 0xf6 != 0xf0 {
            return None;
        }
        let size = usize::from(d & 3) << 11 | usize::from(*e) << 3 | usize::from(f >> 5);
        let header = if b & 1 != 0 { 7 } else { 9 };
        Some(Self {
            object: (c >> 6) + 1,
            rate: *RATES.get(usize::from(c >> 2 & 15))?,
            channels: u32::from((c & 1) << 2 | d >> 6),
            header,
            size,
        })
        .filter(|a| a.size > header && g & 3 == 0)
    }
}

/// Splits a stream of frames; `next` gives size and duration in samples of the frame at the start of its argument, and the
/// sample rate.
fn frames(
    data: &[u8],
    units: &[PesUnit],
    stream: &mut Stream,
    next: impl Fn(&[u8]) -> Option<(usize, u32, u32)>,
) {
    let (mut at, mut unit, mut time, mut since) = (0, 0, 0i64, 0i64);
    while at < data.len() {
        // The times of a PES packet are those of the first frame that starts in it.
        while let Some(found) = units.get(unit).filter(|u| u.start <= at) {
            if let Some((presentation, _)) = found.times {
                (time, since) = (presentation, 0);
            }
            unit += 1;
        }
        let rest = data.get(at..).unwrap_or_default();
        let Some((size, samples, rate)) = next(rest).filter(|n| n.0 <= rest.len() && n.0 > 0)
        else {
            stream.defect(
                DefectKind::Audio,
                at,
                "a whole frame of audio",
                "other bytes",
            );
            return;
        };
        let presentation = time + since * i64::from(TRANSPORT_TIMESCALE) / i64::from(rate.max(1));
        since += i64::from(samples);
        stream.units.push(Unit {
            offset: at,
            size,
            presentation,
            decoding: presentation,
            sync: true,
            picture: None,
        });
        at += size;
    }
}

fn adts(data: &[u8], units: &[PesUnit], stream: &mut Stream) {
    stream.examined = Some(Examination::Audio);
    stream.init.handler = Handler::Audio;
    if let Some(first) = Adts::read(data) {
        stream.init.entry = "mp4a".to_owned();
        stream.init.codec = format!("mp4a.40.{}", first.object);
        stream.init.profile = Some(first.object);
        (stream.init.sample_rate, stream.init.channels) = (first.rate, first.channels);
        if first.channels == 7 {
            stream.init.channels = 8;
        }
    }
    frames(data, units, stream, |rest| {
        let frame = Adts::read(rest)?;
        Some((frame.size, 1_024, frame.rate))
    });
    let channels = stream.init.channels;
    let offsets: Vec<(usize, usize)> = stream.units.iter().map(|u| (u.offset, u.size)).collect();
    for (offset, size) in offsets {
        let frame = data.get(offset..offset + size).unwrap_or_default();
        let header = Adts::read(frame).map_or(7, |a| a.header);
        let payload = frame.get(header..).unwrap_or_default();
        if let Err((at, expected)) = crate::samples::aac(payload, channels) {
            stream.defect(
                DefectKind::Audio,
                offset + header + at,
                expected,
                "other bytes",
            );
        }
    }
}

fn dolby(data: &[u8], units: &[PesUnit], enhanced: bool, stream: &mut Stream) {
    stream.examined = Some(Examination::Audio);
    stream.init.handler = Handler::Audio;
    stream.init.entry = if enhanced { "ec-3" } else { "ac-3" }.to_owned();
    stream.init.codec.clone_from(&stream.init.entry);
    let rate = match data.get(4).map_or(0, |b| b >> 6) {
        0 => 48_000,
        1 => 44_100,
        _ => 32_000,
    };
    stream.init.sample_rate = rate;
    frames(data, units, stream, |rest| {
        let size = ac3_size(rest, enhanced)?;
        // Dependent substreams of E-AC-3 share the time of their independent one.
        let blocks = match (
            enhanced,
            rest.get(2).copied().unwrap_or(0) >> 6,
            rest.get(4),
        ) {
            (true, 1, _) => 0,
            (true, _, Some(byte)) if byte >> 6 != 3 => [1, 2, 3, 6][usize::from(byte >> 4 & 3)],
            _ => 6,
        };
        Some((size, blocks * 256, rate))
    });
    let offsets: Vec<(usize, usize)> = stream.units.iter().map(|u| (u.offset, u.size)).collect();
    for (offset, size) in offsets {
        let frame = data.get(offset..offset + size).unwrap_or_default();
        if let Err((at, expected)) = crate::samples::ac3_frames(frame, enhanced) {
            stream.defect(DefectKind::Audio, offset + at, expected, "other bytes");
        }
    }
}
