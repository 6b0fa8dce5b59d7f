//! The init segment (CMAF header): `ftyp` and `moov` as the facts that rules compare.

use serde::{Deserialize, Serialize};

use crate::codec::{self, AvcConfig, HevcConfig, Protection};
use crate::colour::Colour;
use crate::sample::SampleFormat;
use crate::{Av1Sequence, Fault, HevcSps, Reader, Sps, fourcc};

/// `hdlr.handler_type` of a track (ISO/IEC 14496-12, 8.4.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handler {
    /// `vide`.
    Video,
    /// `soun`.
    Audio,
    /// `text` or `subt`.
    Text,
    /// Anything else, as its four-character code.
    Other(String),
}

impl Default for Handler {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

/// Codec whose samples are length-prefixed NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NalCoding {
    /// ISO/IEC 14496-10.
    Avc,
    /// ISO/IEC 23008-2.
    Hevc,
}

/// How NAL units are stored in a sample (ISO/IEC 14496-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NalFormat {
    pub coding: NalCoding,
    /// Bytes of the length before each NAL unit: 1, 2 or 4.
    pub length_size: u8,
}

/// What a fragment takes from the init segment: `trex`, and how to look into samples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackDefaults {
    pub track_id: u32,
    /// `default_sample_duration` in ticks.
    pub duration: u32,
    /// `default_sample_size` in bytes.
    pub size: u32,
    /// `default_sample_flags`.
    pub flags: u32,
    /// Ticks per second of the track.
    pub timescale: u32,
    /// Media time at which presentation starts, in the track's timescale.
    pub media_start: i64,
    /// How NAL units are stored in a sample, for AVC and HEVC.
    pub nal: Option<NalFormat>,
    /// How to look into samples.
    pub format: SampleFormat,
}

/// One entry of the edit list (ISO/IEC 14496-12, 8.6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Duration in the movie's timescale; 0 in fragmented files means to the end.
    pub duration: u64,
    /// Start in the track's timescale; -1 is an empty edit.
    pub media_time: i64,
    /// Rate as 16.16 fixed point; 65536 is normal.
    pub rate: i32,
}

/// Facts of an init segment. Those of a track are the first track's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Init {
    /// `ftyp.major_brand`.
    pub major: String,
    /// `ftyp.compatible_brands`.
    pub brands: Vec<String>,
    /// Number of tracks.
    pub tracks: u32,
    /// Ticks per second of `mvhd`.
    pub movie_timescale: u32,
    /// `mvhd.duration`, in the movie's timescale; 0 in a fragmented file.
    pub movie_duration: u64,
    /// `mehd.fragment_duration`, in the movie's timescale.
    pub fragment_duration: Option<u64>,
    /// Number of samples described in `moov` itself: 0 in a fragmented file.
    pub moov_samples: u32,
    pub track_id: u32,
    pub handler: Handler,
    /// Ticks per second of the track.
    pub timescale: u32,
    /// ISO 639-2 code of `mdhd`, for example `jpn`.
    pub language: String,
    /// `elng`: a BCP 47 tag.
    pub extended_language: Option<String>,
    /// Whether there is a `trex` for this track.
    pub has_defaults: bool,
    /// `btrt`: the greatest and the average bit rate of the sample entry.
    pub bit_rates: Option<(u32, u32)>,
    /// Sample entry, for example `avc1`; the original format if it is encrypted.
    pub entry: String,
    /// Whether the sample entry is an encrypted one.
    pub encrypted: bool,
    /// How samples are encrypted; `None` in the clear, and if an encrypted entry does not state it.
    pub protection: Option<Protection>,
    /// RFC 6381 codec string, for example `avc1.640028`.
    pub codec: String,
    /// Width of the sample entry in pixels; 0 for other media.
    pub width: u32,
    /// Height of the sample entry in pixels; 0 for other media.
    pub height: u32,
    /// Codec profile: `profile_idc` or the AAC audio object type.
    pub profile: Option<u8>,
    /// Codec level: `level_idc` (AVC: times 10, HEVC: times 30).
    pub level: Option<u8>,
    /// Body of the codec configuration box, for example `avcC`, `hvcC`, `av1C` or `esds`.
    pub config: Vec<u8>,
    /// Whether there is a configuration of further layers, `lhvC`.
    pub layered: bool,
    pub avc: Option<AvcConfig>,
    pub hevc: Option<HevcConfig>,
    /// The first sequence parameter set of AVC.
    pub sps: Option<Sps>,
    /// The first sequence parameter set of HEVC.
    pub hevc_sps: Option<HevcSps>,
    /// The sequence header of `av1C`.
    pub av1: Option<Av1Sequence>,
    /// `colr` of type `nclx`.
    pub colour: Option<Colour>,
    /// `pasp`: width to height of a pixel.
    pub pixel_aspect: Option<(u32, u32)>,
    /// `channelcount` and `samplerate` of the sample entry, in samples per second; 0 for other media.
    pub entry_audio: (u32, u32),
    /// Channels: of the AAC configuration if there is one, else of the sample entry; 0 for other media.
    pub channels: u32,
    /// Samples per second of the audio; 0 for other media.
    pub sample_rate: u32,
    /// The edit list.
    pub edits: Vec<Edit>,
    /// `trex` of this track, and the NAL format.
    pub defaults: TrackDefaults,
}

impl Init {
    /// How to look into the samples of the track.
    pub(crate) fn sample_format(&self) -> SampleFormat {
        SampleFormat {
            entry: self.entry.clone(),
            config: self.config.clone(),
            layered: self.layered,
            encrypted: self.protection.as_ref().is_some_and(|p| p.protected),
            iv_size: self.protection.as_ref().map_or(0, |p| p.iv_size),
            profile: self.profile,
            channels: self.channels,
            sample_rate: self.sample_rate,
        }
    }

    /// Reads an init segment, or the head of a file that has its `moov` first.
    ///
    /// # Errors
    /// The first fault: `ftyp` or `moov` is missing, or something in them cannot be read.
    pub fn read(data: &[u8]) -> Result<Self, Fault> {
        let file = Reader::new(data);
        let (ftyp, moov) = (file.need(b"ftyp")?, file.need(b"moov")?);
        let (major, brands) = brands(ftyp)?;
        let mut init = Self {
            major,
            brands,
            ..Self::default()
        };
        init.read_movie(&moov)?;
        init.tracks = u32::try_from(moov.all(b"trak").count()).unwrap_or(u32::MAX);
        init.read_track(&moov.need(b"trak")?)?;
        init.read_defaults(&moov)?;
        Ok(init)
    }

    /// Whether `brand` is the major or a compatible brand.
    pub fn has_brand(&self, brand: &str) -> bool {
        self.major == brand || self.brands.iter().any(|b| b == brand)
    }

    /// Media time at which presentation starts, in the track's timescale: the first non-empty edit, else 0.
    pub fn media_start(&self) -> i64 {
        let first = self.edits.iter().find(|e| e.media_time >= 0);
        first.map_or(0, |e| e.media_time)
    }

    fn read_movie(&mut self, moov: &Reader<'_>) -> Result<(), Fault> {
        let mut r = moov.need(b"mvhd")?;
        let version = r.dated()?;
        self.movie_timescale = r.u32()?;
        self.movie_duration = r.by_version(version)?;
        if let Some(mut r) = moov.child(b"mvex").and_then(|m| m.child(b"mehd")) {
            let (version, _) = r.full()?;
            self.fragment_duration = Some(r.by_version(version)?);
        }
        Ok(())
    }

    fn read_track(&mut self, trak: &Reader<'_>) -> Result<(), Fault> {
        let mut r = trak.need(b"tkhd")?;
        r.dated()?;
        self.track_id = r.u32()?;
        if let Some(elst) = trak.child(b"edts").and_then(|e| e.child(b"elst")) {
            self.edits = edits(elst)?;
        }
        self.read_media(&trak.need(b"mdia")?)?;
        let stbl = trak.need(b"mdia")?.need(b"minf")?.need(b"stbl")?;
        if let Some(mut stsz) = stbl.child(b"stsz") {
            stsz.take(8)?;
            self.moov_samples = stsz.u32()?;
        }
        let stsd = sample_description(trak)?;
        let (kind, entry) = stsd
            .children()
            .next()
            .ok_or_else(|| stsd.fault("a sample entry", "none"))?;
        codec::read_entry(self, kind, entry)
    }

    fn read_media(&mut self, mdia: &Reader<'_>) -> Result<(), Fault> {
        let mut r = mdia.need(b"mdhd")?;
        let version = r.dated()?;
        self.timescale = r.u32()?;
        if self.timescale == 0 {
            return Err(r.fault("a positive timescale", "0"));
        }
        r.by_version(version)?;
        self.language = language(r.u16()?);
        if let Some(mut elng) = mdia.child(b"elng") {
            elng.full()?;
            let text = elng.rest().split(|b| *b == 0).next().unwrap_or_default();
            self.extended_language = Some(String::from_utf8_lossy(text).into_owned());
        }
        let mut r = mdia.need(b"hdlr")?;
        r.take(8)?;
        self.handler = match &r.fourcc()? {
            b"vide" => Handler::Video,
            b"soun" => Handler::Audio,
            b"text" | b"subt" => Handler::Text,
            other => Handler::Other(fourcc(*other)),
        };
        Ok(())
    }

    fn read_defaults(&mut self, moov: &Reader<'_>) -> Result<(), Fault> {
        self.defaults.track_id = self.track_id;
        for trex in moov.child(b"mvex").iter().flat_map(|m| m.all(b"trex")) {
            let defaults = read_trex(trex)?;
            if defaults.track_id == self.track_id {
                self.defaults = defaults;
                self.has_defaults = true;
            }
        }
        // ISO/IEC 23001-7 leaves the length and the header of every NAL unit in the clear: encrypted ones are read too.
        let nal = match (&self.avc, &self.hevc) {
            (Some(avc), _) => Some((NalCoding::Avc, avc.length_size)),
            (None, hevc) => hevc.as_ref().map(|h| (NalCoding::Hevc, h.length_size)),
        };
        self.defaults.timescale = self.timescale;
        self.defaults.media_start = self.media_start();
        self.defaults.format = self.sample_format();
        self.defaults.nal = nal.map(|(coding, length_size)| NalFormat {
            coding,
            length_size,
        });
        Ok(())
    }
}

/// `trex` (ISO/IEC 14496-12, 8.8.3).
pub(crate) fn read_trex(mut r: Reader<'_>) -> Result<TrackDefaults, Fault> {
    r.full()?;
    let track_id = r.u32()?;
    r.u32()?;
    Ok(TrackDefaults {
        track_id,
        duration: r.u32()?,
        size: r.u32()?,
        flags: r.u32()?,
        timescale: 0,
        media_start: 0,
        nal: None,
        format: SampleFormat::default(),
    })
}

/// A reader at the sample entries of a track: the children of its `stsd` (ISO/IEC 14496-12, 8.5.2).
///
/// # Errors
/// A [`Fault`] if a box on the way is missing.
pub fn sample_description<'a>(trak: &Reader<'a>) -> Result<Reader<'a>, Fault> {
    let minf = trak.need(b"mdia")?.need(b"minf")?;
    let mut stsd = minf.need(b"stbl")?.need(b"stsd")?;
    stsd.take(8)?;
    Ok(stsd)
}

/// Major and compatible brands of `ftyp` or `styp`.
pub(crate) fn brands(mut r: Reader<'_>) -> Result<(String, Vec<String>), Fault> {
    let major = fourcc(r.fourcc()?);
    r.u32()?;
    let mut brands = Vec::new();
    while r.rest().len() >= 4 {
        brands.push(fourcc(r.fourcc()?));
    }
    Ok((major, brands))
}

fn edits(mut r: Reader<'_>) -> Result<Vec<Edit>, Fault> {
    let (version, _) = r.full()?;
    let count = r.u32()?;
    let mut edits = Vec::new();
    for _ in 0..count {
        let duration = r.by_version(version)?;
        let media_time = if version == 0 {
            i64::from(r.i32()?)
        } else {
            r.u64()?.cast_signed()
        };
        let rate = r.i32()?;
        edits.push(Edit {
            duration,
            media_time,
            rate,
        });
    }
    Ok(edits)
}

/// Three letters of five bits each (ISO/IEC 14496-12, 8.4.2).
fn language(code: u16) -> String {
    [10, 5, 0]
        .map(|shift| char::from(((code >> shift) & 0x1f) as u8 + 0x60))
        .iter()
        .collect()
}
