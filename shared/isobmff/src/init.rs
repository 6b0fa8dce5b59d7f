//! The init segment (CMAF header): `ftyp` and `moov` as the facts that rules compare.

use serde::{Deserialize, Serialize};

use super::codec::{self, AvcConfig, Colour, HevcConfig};
use super::protection::Protection;
use super::reader::{Reader, boxes};
use super::{Fault, Sps, fourcc};

/// `hdlr.handler_type` of a track (ISO/IEC 14496-12, 8.4.3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// Codec whose samples are length-prefixed NAL units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NalCoding {
    /// ISO/IEC 14496-10.
    Avc,
    /// ISO/IEC 23008-2.
    Hevc,
}

/// How NAL units stand in a sample (ISO/IEC 14496-15).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NalFormat {
    /// Codec.
    pub coding: NalCoding,
    /// Bytes of the length before each NAL unit: 1, 2 or 4.
    pub length_size: u8,
}

/// What a fragment takes from the init segment: `trex`, and how to look into samples.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackDefaults {
    /// Track the defaults belong to.
    pub track_id: u32,
    /// `default_sample_duration` in ticks.
    pub duration: u32,
    /// `default_sample_size` in bytes.
    pub size: u32,
    /// `default_sample_flags`.
    pub flags: u32,
    /// How NAL units stand in a sample, for AVC and HEVC.
    pub nal: Option<NalFormat>,
}

/// One entry of the edit list (ISO/IEC 14496-12, 8.6.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// Duration in the movie's timescale; 0 in fragmented files means: to the end.
    pub duration: u64,
    /// Start in the track's timescale; -1 is an empty edit.
    pub media_time: i64,
    /// Rate as 16.16 fixed point; 65536 is normal.
    pub rate: i32,
}

/// Facts of an init segment; those of a track are its first track's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// `mehd.fragment_duration` where there is one, in the movie's timescale.
    pub fragment_duration: Option<u64>,
    /// Number of samples described in `moov` itself: 0 in a fragmented file.
    pub moov_samples: u32,
    /// `track_ID`.
    pub track_id: u32,
    /// Kind of media.
    pub handler: Handler,
    /// Ticks per second of the track.
    pub timescale: u32,
    /// ISO 639-2 code of `mdhd`, for example `jpn`.
    pub language: String,
    /// Sample entry, for example `avc1`; the original format where it is encrypted.
    pub entry: String,
    /// Whether the sample entry is an encrypted one.
    pub encrypted: bool,
    /// How samples are encrypted; `None` in the clear, and where an encrypted entry does not say.
    pub protection: Option<Protection>,
    /// RFC 6381 codec string, for example `avc1.640028`.
    pub codec: String,
    /// Width of the sample entry in pixels; 0 for other media.
    pub width: u32,
    /// Height of the sample entry.
    pub height: u32,
    /// Codec profile: `profile_idc` or the AAC audio object type.
    pub profile: Option<u8>,
    /// Codec level: `level_idc` (AVC: times 10, HEVC: times 30).
    pub level: Option<u8>,
    /// Body of `avcC`, `hvcC` or `esds`.
    pub config: Vec<u8>,
    /// `avcC` read.
    pub avc: Option<AvcConfig>,
    /// `hvcC` read.
    pub hevc: Option<HevcConfig>,
    /// The first sequence parameter set of AVC read.
    pub sps: Option<Sps>,
    /// `colr` of type `nclx`, where there is one.
    pub colour: Option<Colour>,
    /// `pasp` where there is one: width to height of a sample.
    pub pixel_aspect: Option<(u32, u32)>,
    /// Channels: of the AAC configuration where there is one, else of the sample entry; 0 for other media.
    pub channels: u32,
    /// Samples per second of the audio; 0 for other media.
    pub sample_rate: u32,
    /// The edit list; empty where there is none.
    pub edits: Vec<Edit>,
    /// `trex` of this track, and the NAL format.
    pub defaults: TrackDefaults,
}

impl Init {
    /// Reads an init segment, or the head of a file that has its `moov` first.
    ///
    /// # Errors
    /// The first fault, where `ftyp` or `moov` is missing or is not readable.
    pub fn read(data: &[u8]) -> Result<Self, Fault> {
        let (ftyp, moov) = top(data)?;
        let (major, brands) = brands(ftyp)?;
        let mut init = Self {
            major,
            brands,
            ..Self::empty()
        };
        init.read_movie(&moov)?;
        let traks: Vec<_> = moov
            .children()
            .into_iter()
            .filter(|(k, _)| k == b"trak")
            .collect();
        init.tracks = u32::try_from(traks.len()).unwrap_or(u32::MAX);
        let (_, trak) = traks
            .first()
            .ok_or_else(|| moov.fault("a box \"trak\"", "none"))?;
        init.read_track(trak)?;
        init.read_trex(&moov)?;
        Ok(init)
    }

    /// Whether `brand` is the major or a compatible brand.
    #[must_use]
    pub fn has_brand(&self, brand: &str) -> bool {
        self.major == brand || self.brands.iter().any(|b| b == brand)
    }

    /// Media time at which presentation starts, in the track's timescale: the first non-empty edit, else 0.
    #[must_use]
    pub fn media_start(&self) -> i64 {
        let first = self.edits.iter().find(|e| e.media_time >= 0);
        first.map_or(0, |e| e.media_time)
    }

    fn empty() -> Self {
        Self {
            major: String::new(),
            brands: Vec::new(),
            tracks: 0,
            movie_timescale: 0,
            movie_duration: 0,
            fragment_duration: None,
            moov_samples: 0,
            track_id: 0,
            handler: Handler::Other(String::new()),
            timescale: 0,
            language: String::new(),
            entry: String::new(),
            encrypted: false,
            protection: None,
            codec: String::new(),
            width: 0,
            height: 0,
            profile: None,
            level: None,
            config: Vec::new(),
            avc: None,
            hevc: None,
            sps: None,
            colour: None,
            pixel_aspect: None,
            channels: 0,
            sample_rate: 0,
            edits: Vec::new(),
            defaults: TrackDefaults::default(),
        }
    }

    fn read_movie(&mut self, moov: &Reader<'_>) -> Result<(), Fault> {
        let mut r = moov.need(b"mvhd")?;
        let (version, _) = r.full()?;
        r.take(if version == 0 { 8 } else { 16 })?;
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
        let (version, _) = r.full()?;
        r.take(if version == 0 { 8 } else { 16 })?;
        self.track_id = r.u32()?;
        if let Some(elst) = trak.child(b"edts").and_then(|e| e.child(b"elst")) {
            self.edits = edits(elst)?;
        }
        let mdia = trak.need(b"mdia")?;
        self.read_media(&mdia)?;
        let stbl = mdia.need(b"minf")?.need(b"stbl")?;
        if let Some(mut stsz) = stbl.child(b"stsz") {
            stsz.take(8)?;
            self.moov_samples = stsz.u32()?;
        }
        let mut stsd = stbl.need(b"stsd")?;
        stsd.take(8)?;
        let (kind, entry) = stsd
            .children()
            .into_iter()
            .next()
            .ok_or_else(|| stsd.fault("a sample entry", "none"))?;
        codec::read_entry(self, kind, entry)
    }

    fn read_media(&mut self, mdia: &Reader<'_>) -> Result<(), Fault> {
        let mut r = mdia.need(b"mdhd")?;
        let (version, _) = r.full()?;
        r.take(if version == 0 { 8 } else { 16 })?;
        self.timescale = r.u32()?;
        if self.timescale == 0 {
            return Err(r.fault("a positive timescale", "0"));
        }
        r.by_version(version)?;
        self.language = language(r.u16()?);
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

    fn read_trex(&mut self, moov: &Reader<'_>) -> Result<(), Fault> {
        let length_size = self
            .avc
            .as_ref()
            .map(|c| (NalCoding::Avc, c.length_size))
            .or_else(|| self.hevc.as_ref().map(|c| (NalCoding::Hevc, c.length_size)));
        self.defaults.track_id = self.track_id;
        // ISO/IEC 23001-7 leaves the length and the header of every NAL unit in the clear, so encrypted ones are read too.
        self.defaults.nal = length_size.map(|(coding, length_size)| NalFormat {
            coding,
            length_size,
        });
        let trexes = moov
            .child(b"mvex")
            .map(|m| m.children())
            .unwrap_or_default();
        for (_, mut r) in trexes.into_iter().filter(|(k, _)| k == b"trex") {
            r.full()?;
            if r.u32()? == self.track_id {
                r.u32()?;
                self.defaults.duration = r.u32()?;
                self.defaults.size = r.u32()?;
                self.defaults.flags = r.u32()?;
            }
        }
        Ok(())
    }
}

/// Readers of the bodies of `ftyp` and `moov`.
fn top(data: &[u8]) -> Result<(Reader<'_>, Reader<'_>), Fault> {
    let mut walk = boxes(data);
    let (mut ftyp, mut moov) = (None, None);
    for b in walk.by_ref() {
        let body = data
            .get(b.body() as usize..b.end as usize)
            .unwrap_or_default();
        let slot = match &b.kind {
            b"ftyp" => &mut ftyp,
            b"moov" => &mut moov,
            _ => continue,
        };
        slot.get_or_insert_with(|| Reader::new(body, b.body(), &fourcc(b.kind)));
    }
    let missing = |what: &str| {
        walk.fault()
            .cloned()
            .unwrap_or_else(|| Fault::new(0, "file", format!("a box {what:?}"), "none"))
    };
    Ok((
        ftyp.ok_or_else(|| missing("ftyp"))?,
        moov.ok_or_else(|| missing("moov"))?,
    ))
}

/// Major and compatible brands of `ftyp` or `styp`.
pub(super) fn brands(mut r: Reader<'_>) -> Result<(String, Vec<String>), Fault> {
    let major = fourcc(r.fourcc()?);
    r.u32()?;
    let mut brands = Vec::new();
    while r.remaining() >= 4 {
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
