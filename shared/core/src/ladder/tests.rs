use proptest::prelude::*;

use super::*;

fn options(h265: bool, cap: Option<u64>) -> OutputOptions {
    OutputOptions {
        h265,
        dash: true,
        progressive: false,
        max_bitrate: cap.map(BitsPerSecond),
        mock: false,
    }
}

fn ladder(width: u32, height: u32, options: &OutputOptions) -> Vec<String> {
    let rate = FrameRate::new(24, 1).unwrap();
    let rungs =
        Profile::named("default")
            .unwrap()
            .resolve(Resolution { width, height }, rate, options);
    rungs
        .iter()
        .map(|r| {
            format!(
                "{} {} {} L{}",
                r.path(),
                r.resolution,
                r.max_bitrate.0 / 1000,
                r.level
            )
        })
        .collect()
}

#[test]
fn the_default_ladder_for_a_1080p_source() {
    assert_eq!(
        ladder(1920, 1080, &options(true, None)),
        [
            "video/h264_1080p 1920x1080 6000 L40",
            "video/h264_720p 1280x720 3500 L31",
            "video/h264_480p 854x480 1800 L30",
            "video/h264_360p 640x360 800 L30",
            "video/h265_1080p 1920x1080 4500 L40",
            "video/h265_720p 1280x720 2500 L31",
        ]
    );
}

#[test]
fn rungs_above_the_source_are_skipped() {
    assert_eq!(
        ladder(854, 480, &options(true, None)),
        [
            "video/h264_480p 854x480 1800 L30",
            "video/h264_360p 640x360 800 L30"
        ]
    );
}

#[test]
fn a_source_below_every_rung_keeps_its_size() {
    assert_eq!(
        ladder(321, 181, &options(true, None)),
        ["video/h264_180p 320x180 800 L30"]
    );
}

#[test]
fn scope_and_portrait_pictures_are_fitted() {
    assert_eq!(
        ladder(1920, 800, &options(false, None))[0],
        "video/h264_1080p 1920x800 6000 L40"
    );
    assert_eq!(
        ladder(1080, 1920, &options(false, None))[1],
        "video/h264_720p 720x1280 3500 L31"
    );
}

#[test]
fn a_cap_keeps_the_smaller_picture_of_rungs_it_makes_equal() {
    assert_eq!(
        ladder(1920, 1080, &options(false, Some(3_000_000))),
        [
            "video/h264_720p 1280x720 3000 L31",
            "video/h264_480p 854x480 1800 L30",
            "video/h264_360p 640x360 800 L30"
        ]
    );
}

#[test]
fn the_hash_covers_everything_except_name_and_label() {
    let profile = Profile::named("default").unwrap();
    let hash = profile.hash("build");
    let renamed = Profile {
        name: "x".into(),
        label: "v9".into(),
        ..profile.clone()
    };
    assert_eq!(renamed.hash("build"), hash);
    assert_ne!(profile.hash("other build"), hash);
    let mut changed = profile.clone();
    changed.rungs[0].crf += 0.5;
    assert_ne!(changed.hash("build"), hash);
}

#[test]
fn every_profile_file_is_valid_and_an_invalid_one_is_explained() {
    for (name, _) in FILES {
        assert_eq!(Profile::named(name).unwrap().name, name);
    }
    assert!(matches!(
        Profile::named("nope"),
        Err(ProfileError::Unknown { .. })
    ));
    let text = FILES[0].1.replace("gop_ms: 2000", "gop_ms: 3000");
    let error = Profile::from_yaml("x", &text).unwrap_err();
    insta::assert_snapshot!(error, @"profile default: expected gop_ms to divide segment_ms (4000), found 3000");
}

proptest! {
    #[test]
    fn a_ladder_never_upscales_and_is_even_and_never_empty(w in 16u32..8192, h in 16u32..4320, h265: bool, cap in proptest::option::of(100_000u64..9_000_000)) {
        let rate = FrameRate::new(30_000, 1_001).unwrap();
        let rungs = Profile::named("default").unwrap().resolve(Resolution { width: w, height: h }, rate, &options(h265, cap));
        prop_assert!(!rungs.is_empty());
        for rung in &rungs {
            prop_assert!(rung.resolution.width <= w.max(2) && rung.resolution.height <= h.max(2));
            prop_assert!(rung.resolution.width % 2 == 0 && rung.resolution.height % 2 == 0);
            prop_assert!(cap.is_none_or(|cap| rung.max_bitrate.0 <= cap));
        }
        let mut paths: Vec<_> = rungs.iter().map(ResolvedRung::path).collect();
        paths.sort();
        paths.dedup();
        prop_assert_eq!(paths.len(), rungs.len());
    }
}
