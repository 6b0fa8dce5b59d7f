use proptest::prelude::*;

use super::*;
use crate::testing::{FragmentSpec, SampleSpec, SpsSpec, moof_with_count, sps};

const AVC: &[u8] = include_bytes!("../fixtures/avc_init.mp4");
const AAC: &[u8] = include_bytes!("../fixtures/aac_init.mp4");
const HEVC: &[u8] = include_bytes!("../fixtures/hevc_init.mp4");

#[test]
fn an_avc_init_of_ffmpeg_is_read() {
    let init = Init::read(AVC).unwrap();
    assert_eq!(init.handler, Handler::Video);
    assert_eq!((init.major.as_str(), init.tracks), ("iso5", 1));
    assert_eq!(
        (init.codec.as_str(), init.width, init.height),
        ("avc1.640028", 320, 180)
    );
    assert_eq!((init.timescale, init.media_start()), (24_000, 2_000));
    let sps = init.sps.unwrap();
    assert_eq!((sps.width, sps.height, sps.level), (320, 180, 40));
    assert_eq!((sps.progressive, sps.vui.sar), (true, Some((1, 1))));
    assert_eq!(init.defaults.nal.unwrap().length_size, 4);
}

#[test]
fn an_aac_init_of_ffmpeg_is_read() {
    let init = Init::read(AAC).unwrap();
    assert_eq!(init.handler, Handler::Audio);
    assert_eq!(
        (init.codec.as_str(), init.channels, init.sample_rate),
        ("mp4a.40.2", 2, 48_000)
    );
    assert!(init.has_brand("cmfc"));
    assert_eq!(init.defaults.nal, None);
}

#[test]
fn an_hevc_init_of_ffmpeg_is_read() {
    let init = Init::read(HEVC).unwrap();
    assert_eq!(
        (init.codec.as_str(), init.entry.as_str()),
        ("hvc1.1.6.L60.90", "hvc1")
    );
    assert_eq!((init.profile, init.level), (Some(1), Some(60)));
    assert_eq!(init.defaults.nal.unwrap().coding, NalCoding::Hevc);
}

#[test]
fn an_independent_reader_sees_the_same_init() {
    use mp4_atom::{DecodeMaybe, FourCC};
    let mut rest = AVC;
    let mut moov = None;
    while let Ok(Some(atom)) = mp4_atom::Any::decode_maybe(&mut rest) {
        if let mp4_atom::Any::Moov(found) = atom {
            moov = Some(found);
        }
    }
    let track = &moov.unwrap().trak[0];
    let init = Init::read(AVC).unwrap();
    assert_eq!(track.tkhd.track_id, init.track_id);
    assert_eq!(track.mdia.mdhd.timescale, init.timescale);
    assert_eq!(track.mdia.hdlr.handler, FourCC::new(b"vide"));
    let mp4_atom::Codec::Avc1(entry) = &track.mdia.minf.stbl.stsd.codecs[0] else {
        panic!("expected avc1");
    };
    assert_eq!(u32::from(entry.visual.width), init.width);
    let config = init.avc.unwrap();
    assert_eq!(entry.avcc.sequence_parameter_sets, config.sps);
    assert_eq!(entry.avcc.avc_level_indication, config.level);
}

#[test]
fn an_init_segment_states_the_language_of_its_track() {
    let encoded = EncodedTrack::read(bytes::Bytes::from_static(AAC)).unwrap();
    let written = |language| {
        let init = encoded.canonical_init(&[b"iso6", b"cmfc"], 1_024, language);
        let init = Init::read(&init).unwrap();
        (init.language, init.extended_language)
    };
    let language = |extended| TrackLanguage {
        code: "jpn",
        extended,
    };
    assert_eq!(written(None), ("und".to_owned(), None));
    assert_eq!(written(Some(language(None))), ("jpn".to_owned(), None));
    let kana = Some("ja-Hira".to_owned());
    assert_eq!(
        written(Some(language(Some("ja-Hira")))),
        ("jpn".to_owned(), kana)
    );
}

#[test]
fn a_missing_or_truncated_moov_is_refused() {
    let ftyp = &AVC[..28];
    insta::assert_snapshot!(Init::read(ftyp).unwrap_err(), @r#"at byte 0, file: expected a box "moov", found none"#);
    insta::assert_snapshot!(Init::read(&AVC[..500]).unwrap_err(), @r#"at byte 28, file: expected a size of 8 to 472 bytes for box "moov", found 786"#);
}

#[test]
fn a_written_sps_is_read_back() {
    for (width, height) in [(320, 180), (854, 480), (1920, 1080), (3840, 2160), (2, 2)] {
        let found = Sps::read(&sps(100, 40, width, height)).unwrap();
        assert_eq!((found.width, found.height), (width, height));
        assert_eq!((found.profile, found.level), (100, 40));
    }
}

/// What another implementation finds in a parameter set, in our terms.
fn second_opinion(nal: &[u8]) -> Sps {
    use h264_reader::nal::sps::{FrameMbsFlags, PicOrderCntType, SeqParameterSet};

    use crate::sps::{OrderSyntax, SliceSyntax};
    use h264_reader::rbsp::{BitReader, decode_nal};
    let rbsp = decode_nal(nal).unwrap();
    let set = SeqParameterSet::from_bits(BitReader::new(&*rbsp)).unwrap();
    let (width, height) = set.pixel_dimensions().unwrap();
    let vui = set.vui_parameters.as_ref();
    let signal = vui.and_then(|v| v.video_signal_type.as_ref());
    let colour = signal.and_then(|s| s.colour_description.as_ref());
    Sps {
        profile: set.profile_idc.into(),
        compatibility: set.constraint_flags.into(),
        level: set.level_idc,
        width,
        height,
        cropping: set.frame_cropping.as_ref().map_or([0; 4], |c| {
            [c.left_offset, c.right_offset, c.top_offset, c.bottom_offset]
        }),
        chroma: set.chroma_info.chroma_format.to_u32(),
        bit_depth: u32::from(set.chroma_info.bit_depth_luma_minus8) + 8,
        progressive: matches!(set.frame_mbs_flags, FrameMbsFlags::Frames),
        vui: Vui {
            sar: vui
                .and_then(|v| v.aspect_ratio_info.as_ref()?.get())
                .map(|(width, height)| (width.into(), height.into())),
            colour: colour.zip(signal).map(|(c, signal)| Colour {
                primaries: c.colour_primaries.into(),
                transfer: c.transfer_characteristics.into(),
                matrix: c.matrix_coefficients.into(),
                full_range: signal.video_full_range_flag,
            }),
            timing: vui
                .and_then(|v| v.timing_info.as_ref())
                .map(|t| FrameTiming {
                    units_in_tick: t.num_units_in_tick,
                    time_scale: t.time_scale,
                    fixed: t.fixed_frame_rate_flag,
                }),
            max_reorder_frames: vui
                .and_then(|v| v.bitstream_restrictions.as_ref())
                .map(|b| b.max_num_reorder_frames),
        },
        slices: SliceSyntax {
            id: set.seq_parameter_set_id.id().into(),
            frame_number_bits: set.log2_max_frame_num().into(),
            order: match &set.pic_order_cnt {
                PicOrderCntType::TypeZero {
                    log2_max_pic_order_cnt_lsb_minus4: bits,
                } => OrderSyntax::Lsb(u32::from(*bits) + 4),
                PicOrderCntType::TypeOne {
                    delta_pic_order_always_zero_flag: zero,
                    ..
                } => OrderSyntax::Cycle(*zero),
                PicOrderCntType::TypeTwo => OrderSyntax::Decoding,
            },
            separate_planes: set.chroma_info.separate_colour_plane_flag,
            gaps: set.gaps_in_frame_num_value_allowed_flag,
            macroblocks: (set.pic_width_in_mbs_minus1 + 1)
                * (set.pic_height_in_map_units_minus1 + 1)
                * match set.frame_mbs_flags {
                    FrameMbsFlags::Frames => 1,
                    FrameMbsFlags::Fields { .. } => 2,
                },
        },
    }
}

#[test]
fn an_independent_reader_finds_the_same_in_the_set_of_ffmpeg() {
    let nal = &Init::read(AVC).unwrap().avc.unwrap().sps[0];
    let found = Sps::read(nal).unwrap();
    assert_eq!(found, second_opinion(nal));
    // Values, so that two readers that find nothing do not pass.
    let timing = found.vui.timing.unwrap();
    assert_eq!((timing.units_in_tick, timing.time_scale), (1, 48));
    assert_eq!((found.cropping, found.height), ([0, 0, 0, 6], 180));
}

fn sets() -> impl Strategy<Value = SpsSpec> {
    let format = (
        prop::sample::select(vec![66u8, 77, 88, 100, 110, 122, 244]),
        // The other reader checks pictures and buffers against the level.
        51u8..=52,
        (1u32..=1_024, 1u32..=272),
        prop::sample::select(vec![1u32, 2, 3]),
        8u32..=14,
        any::<bool>(),
        0u32..=2,
    );
    let usability = (
        prop::option::of((1u16.., 1u16..)),
        prop::option::of(any::<(bool, [u8; 3])>()),
        prop::option::of((1u32.., 1u32.., any::<bool>())),
        any::<bool>(),
        prop::option::of(0u32..=16),
    );
    (format, usability).prop_map(|(format, usability)| {
        let (profile, level, (width, height), chroma, bit_depth, interlaced, order_type) = format;
        let (sar, colour, timing, reference_decoder, reorder) = usability;
        let high = profile >= 100;
        SpsSpec {
            profile,
            level,
            // Multiples of what every format can crop.
            size: (width * 2, height * 4),
            chroma: if high { chroma } else { 1 },
            bit_depth: if high { bit_depth } else { 8 },
            interlaced,
            order_type,
            sar,
            colour,
            timing,
            reference_decoder,
            reorder,
        }
    })
}

proptest! {
    #[test]
    fn an_independent_reader_finds_the_same_in_any_parameter_set(spec in sets()) {
        let nal = spec.bytes();
        let found = Sps::read(&nal).unwrap();
        prop_assert_eq!(found, second_opinion(&nal));
        prop_assert_eq!((found.width, found.height), spec.size);
        prop_assert_eq!((found.profile, found.level), (spec.profile, spec.level));
        let timing = found.vui.timing.map(|t| (t.units_in_tick, t.time_scale, t.fixed));
        prop_assert_eq!(timing, spec.timing);
        prop_assert_eq!(found.vui.max_reorder_frames, spec.reorder);
        prop_assert_eq!(found.vui.colour.is_some(), spec.colour.is_some());
    }
}

#[test]
fn a_set_states_a_bound_of_reordering_or_none() {
    let bound = |nal: &[u8]| Sps::read(nal).unwrap().vui.max_reorder_frames;
    let of_ffmpeg = &Init::read(AVC).unwrap().avc.unwrap().sps[0];
    assert_eq!(bound(of_ffmpeg), Some(2));
    assert_eq!(bound(&sps(100, 40, 320, 180)), None);
    assert_eq!(Sps::read(&of_ffmpeg[..8]), None);
}

fn segment(fragments: u64) -> Vec<u8> {
    let mut out = file_type(b"styp", &[b"msdh", b"cmfs"]);
    for index in 0..fragments {
        let spec = FragmentSpec {
            sequence: u32::try_from(index).unwrap() + 1,
            track_id: 1,
            tfdt: index * 2_000,
            samples: vec![
                SampleSpec::idr(1_000, 700),
                SampleSpec::slice(1_000, 90_000),
            ],
            ..FragmentSpec::default()
        };
        out.extend(spec.bytes());
    }
    out
}

fn defaults() -> TrackDefaults {
    Init::read(AVC).unwrap().defaults
}

#[test]
fn fragments_have_absolute_offsets() {
    let data = segment(2);
    let (found, faults) = fragments(&data, &defaults());
    assert_eq!(faults, []);
    assert_eq!(found.len(), 2);
    assert_eq!((found[1].tfdt, found[1].duration()), (2_000, 2_000));
    assert_eq!(found[1].samples[0].offset, found[1].mdat.start + 8);
    assert_eq!(found[1].stray_samples().count(), 0);
    assert!(found[1].samples[0].sync && !found[1].samples[1].sync);
}

/// Feeds a scan exactly what it asks for; returns the facts, the reads and the bytes read.
fn scanned(data: &[u8]) -> (SegmentFacts, u64, u64) {
    let mut scan = SegmentScan::new(data.len() as u64, defaults());
    let (mut reads, mut bytes) = (0, 0);
    while let Some(range) = scan.need() {
        reads += 1;
        bytes += range.end - range.start;
        scan.feed(range.start, &data[range.start as usize..range.end as usize]);
    }
    (scan.finish(), reads, bytes)
}

#[test]
fn a_scan_by_ranges_equals_a_scan_of_the_whole_segment() {
    let data = segment(3);
    let (facts, reads, bytes) = scanned(&data);
    assert_eq!(facts.faults, []);
    assert_eq!(facts, SegmentScan::whole(&data, defaults()));
    assert_eq!(facts.fragments, fragments(&data, &defaults()).0);
    assert_eq!(facts.brands, ["msdh", "msdh", "cmfs"]);
    assert!(
        facts
            .first_pictures
            .iter()
            .all(|p| p.as_ref().unwrap().idr == Some(true))
    );
    let size = data.len() as u64;
    assert!(
        reads <= 5 && bytes < size + 70_000,
        "{reads} reads of {bytes} bytes"
    );
}

#[test]
fn a_small_segment_needs_one_read() {
    let data = FragmentSpec {
        samples: vec![SampleSpec::idr(1_000, 500)],
        ..FragmentSpec::default()
    }
    .bytes();
    let (facts, reads, _) = scanned(&data);
    assert_eq!((facts.samples(), reads), (1, 1));
}

#[test]
fn a_declared_count_of_samples_allocates_nothing() {
    let data = moof_with_count(u32::MAX);
    let (found, faults) = fragments(&data, &defaults());
    assert_eq!(found.len(), 0);
    assert!(faults[0].expected.contains("samples"), "{faults:?}");
}

#[test]
fn a_scan_ends_when_it_gets_the_wrong_bytes() {
    let mut scan = SegmentScan::new(1_000, defaults());
    scan.feed(500, &[0; 100]);
    assert_eq!(scan.need(), None);
    assert!(!scan.finish().faults.is_empty());
    assert!(!SegmentScan::new(0, defaults()).finish().faults.is_empty());
    assert!(!SegmentScan::new(10, defaults()).finish().faults.is_empty());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(data in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Init::read(&data);
        let _ = fragments(&data, &defaults());
        let _ = SegmentScan::whole(&data, defaults());
        let _ = Sps::read(&data);
    }

    #[test]
    fn damaged_inits_never_panic(which in 0usize..3, hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut data = [AVC, AAC, HEVC][which].to_vec();
        for (at, value) in hits {
            let at = at.index(data.len());
            data[at] = value;
        }
        let _ = Init::read(&data);
        data.truncate(cut.index(data.len()));
        let _ = Init::read(&data);
    }

    #[test]
    fn a_scan_of_a_damaged_segment_equals_its_fragments(hits in proptest::collection::vec((0usize..400, any::<u8>()), 1..6)) {
        let mut data = segment(2);
        for (at, value) in hits {
            data[at] = value;
        }
        let (facts, _, _) = scanned(&data);
        if facts.faults.is_empty() {
            prop_assert_eq!(facts.fragments, fragments(&data, &defaults()).0);
        }
    }
}
