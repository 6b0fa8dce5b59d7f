use proptest::prelude::*;

use super::*;
use crate::encoder::EncoderKind;
use crate::ladder::{OutputOptions, Profile, VideoCodec};
use crate::time::{FrameCount, FrameRate};
use crate::units::{Bytes, Resolution};

fn options(h265: bool) -> OutputOptions {
    OutputOptions {
        h265,
        dash: true,
        progressive: false,
        mock: false,
        max_bitrate: None,
    }
}

fn title(seconds: u64, h265: bool) -> Title {
    let rate = FrameRate::new(24, 1).unwrap();
    let source = Source {
        picture: Some(Resolution {
            width: 1920,
            height: 1080,
        }),
        frame_rate: rate,
        frames: FrameCount(24 * seconds),
        size: Bytes(seconds * 2_500_000),
        sound: Bytes(seconds * 2_500_000),
    };
    let profile = Profile::named("default").unwrap();
    Title::new(&profile, &options(h265), source, 1, 1)
}

fn on(architecture: Architecture, encoder: EncoderKind) -> CostModel {
    CostModel::new(architecture, encoder)
}

fn of(title: &Title) -> Estimate {
    estimate(title, &on(Architecture::X86, EncoderKind::Lambda))
}

#[test]
fn every_item_has_a_price_with_a_source_and_every_preset_a_figure() {
    let prices = PriceList::us_east_1();
    for item in Item::ALL {
        let quote = &prices.prices[item];
        assert!(quote.usd.0 > 0.0 && quote.per >= 1.0, "{item:?}");
        assert!(
            quote.source.starts_with("https://aws.amazon.com/"),
            "{item:?}"
        );
    }
    let work = WorkFigures::measured();
    for codec in [VideoCodec::H264, VideoCodec::H265] {
        let figures: Vec<f64> = work.encode_ms_per_megapixel[&codec]
            .values()
            .copied()
            .collect();
        assert_eq!(figures.len(), 8, "{codec:?}");
        assert!(
            figures.is_sorted() && figures[0] > 0.0,
            "{codec:?} {figures:?}"
        );
    }
}

#[test]
fn lines_sum_to_the_total_and_rungs_to_the_workers() {
    let estimate = of(&title(1440, true));
    let lines: Usd = estimate.lines.iter().map(|l| l.cost).sum();
    assert!((lines.0 - estimate.total.0).abs() < 1e-9);
    let rungs: Usd = estimate.rungs.iter().map(|r| r.lambda).sum();
    assert!(rungs.0 < estimate.lambda.0 && rungs.0 > estimate.lambda.0 * 0.9);
    assert_eq!(estimate.rungs.len(), 6);
}

#[test]
fn mediaconvert_is_billed_by_normalised_minutes() {
    // Two HD and two SD rungs of H.264 count as 2 + 2 + 1 + 1 normalised minutes per minute, an audio output as 0.25.
    let estimate = estimate(
        &title(600, false),
        &on(Architecture::X86, EncoderKind::MediaConvert),
    );
    assert!((estimate.mediaconvert.0 - 10.0 * 6.25 * 0.012).abs() < 1e-9);
    let billed = estimate
        .lines
        .iter()
        .find(|l| l.item == Item::MediaconvertMinute);
    assert!((billed.unwrap().quantity - 62.5).abs() < 1e-9);
    assert!(estimate.worker_seconds.abs() < f64::EPSILON);
}

#[test]
fn an_output_is_billed_for_the_shortest_duration_at_least() {
    let short = of(&title(2, false)).mediaconvert;
    let shortest = of(&title(10, false)).mediaconvert;
    assert_eq!(short, shortest);
}

#[test]
fn picture_and_rate_classes_have_the_bounds_of_the_price_list() {
    let size = |width, height| Resolution { width, height };
    assert_eq!(PictureClass::of(size(854, 480)), PictureClass::Sd);
    assert_eq!(PictureClass::of(size(1280, 720)), PictureClass::Hd);
    assert_eq!(PictureClass::of(size(1080, 1920)), PictureClass::Hd);
    assert_eq!(PictureClass::of(size(3840, 2160)), PictureClass::Uhd);
    let rate = |num, den| RateClass::of(FrameRate::new(num, den).unwrap());
    assert_eq!(rate(30, 1), RateClass::To30);
    assert_eq!(rate(30_001, 1000), RateClass::To60);
    assert_eq!(rate(60, 1), RateClass::To60);
    assert_eq!(rate(120, 1), RateClass::To120);
}

#[test]
fn arm_is_cheaper_and_h265_costs_more() {
    let film = title(7200, true);
    let x86 = of(&film);
    let arm = estimate(&film, &on(Architecture::Arm64, EncoderKind::Lambda));
    assert!(arm.total < x86.total);
    assert!(of(&title(7200, false)).total < x86.total);
}

#[test]
fn amounts_are_parsed_and_displayed() {
    assert_eq!("25".parse(), Ok(Usd(25.0)));
    assert_eq!(" 0.50 ".parse(), Ok(Usd(0.5)));
    for bad in ["", "-1", "NaN", "inf", "1,50", "$3"] {
        assert_eq!(bad.parse::<Usd>(), Err(BadAmount(bad.to_owned())), "{bad}");
    }
    assert_eq!(Usd(12.345).to_string(), "$12.35");
    assert_eq!(Usd(0.012_34).to_string(), "$0.0123");
}

#[test]
fn a_surround_mix_is_a_rendition_with_its_own_bit_rate() {
    let xml = include_bytes!("../../../../sample-data/manifests/good/minimal.xml");
    let mut manifest = crate::manifest::parse(xml).manifest.unwrap();
    let profile = Profile::named("default").unwrap();
    let surround = profile.audio.surround_bitrate.unwrap().0;
    for (channels, mixes) in [(None, 0), (Some(2), 0), (Some(6), 1), (Some(8), 1)] {
        manifest.audio_tracks.truncate(1);
        manifest.audio_tracks[0].channels = channels;
        let stereo = title(600, false);
        let title = stereo.clone().with_surround(&profile, &manifest);
        assert_eq!(title.audio, 1 + mixes, "{channels:?}");
        assert_eq!(title.audio_rate.0, stereo.audio_rate.0 + mixes * surround);
        assert_eq!(
            of(&title).bytes - of(&stereo).bytes,
            mixes * surround / 8 * 600
        );
    }
}

#[test]
fn thumbnails_cost_nothing_beyond_their_maximum() {
    let kept = |seconds| {
        let estimate = estimate(
            &title(seconds, false),
            &on(Architecture::X86, EncoderKind::MediaConvert),
        );
        let lines = estimate.lines.iter();
        let reads = lines
            .clone()
            .find(|l| l.item == Item::S3Get)
            .unwrap()
            .quantity;
        let writes = lines
            .clone()
            .find(|l| l.item == Item::S3Put)
            .unwrap()
            .quantity;
        reads - 3.0 * writes
    };
    // Each segment is written once and requested three times; each of at most 720 thumbnails is read once more.
    assert!(kept(2880) - kept(1440) > 300.0);
    assert!((kept(28_800) - kept(14_400)).abs() < 1e-9);
}

proptest! {
    /// A longer title never costs much less with either encoder: the planner may spend up to 15 % on speed.
    #[test]
    fn cost_grows_with_length(seconds in 1u64..20_000, more in 1u64..20_000, h265: bool, lambda: bool) {
        let encoder = if lambda { EncoderKind::Lambda } else { EncoderKind::MediaConvert };
        let at = |s| estimate(&title(s, h265), &on(Architecture::Arm64, encoder)).total.0;
        let (shorter, longer) = (at(seconds), at(seconds + more));
        prop_assert!(shorter > 0.0 && shorter.is_finite());
        prop_assert!(longer >= shorter / 1.15);
    }
}
