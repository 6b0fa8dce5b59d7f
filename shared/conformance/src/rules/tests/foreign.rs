//! Outputs of other packagers: they are judged by the rules of the formats and never crash a check.

use super::*;
use crate::delivery::Object;

fn object(path: &str, size: u64) -> Object {
    Object {
        path: path.to_owned(),
        size,
        ..Object::default()
    }
}

fn ids(report: &Report) -> BTreeSet<&str> {
    report.violations.iter().map(|v| &*v.rule).collect()
}

#[test]
fn unmeasured_transport_streams_are_reported() {
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=500000,RESOLUTION=640x360\nlow.m3u8\n\
                  #EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=1280x720\nhigh.m3u8\n";
    let media = "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:6\n#EXTINF:6.0,\n#EXT-X-BYTERANGE:1000@0\nall.ts\n\
                 #EXTINF:6.0,\n#EXT-X-BYTERANGE:1000\nall.ts\n#EXT-X-ENDLIST\n";
    let mut delivery = Delivery::new([
        object("master.m3u8", 1),
        object("low.m3u8", 1),
        object("high.m3u8", 1),
        object("all.ts", 1_500),
    ]);
    delivery.add_text("master.m3u8", master.as_bytes());
    assert_eq!(delivery.wanted().texts, ["high.m3u8", "low.m3u8"]);
    delivery.add_text("low.m3u8", media.as_bytes());
    delivery.add_text("high.m3u8", media.as_bytes());
    let parts = delivery.wanted().streams;
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    assert_eq!(parts, ["all.ts[1000@0]", "all.ts[1000@1000]"]);
    for part in delivery.wanted().streams {
        delivery.add_stream(&part, Ok(&[0x47; 376]));
    }
    assert!(delivery.wanted().is_empty());
    let report = check(&delivery, None, Profiles::FORMATS);
    for rule in [
        "SEG-05", "HLS-P13", "HLS-P04", "HLS-M03", "HLS-M05", "HLS-M06", "HLS-M19", "HLS-M21",
    ] {
        assert!(ids(&report).contains(rule), "{rule}\n{}", report.summary());
    }
}

/// The first rung in one file, without I-frames; no MPD and no job.
pub(super) fn byte_ranges() -> ValidOutput {
    let good = ValidOutput::new();
    let folder = "video/h264_360p";
    let bytes = good.bytes();
    let mut file = bytes[&format!("{folder}/init.mp4")].clone();
    let mut playlist = format!(
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"{}@0\"\n",
        file.len()
    );
    for (number, seconds) in [(1, 4), (2, 4), (3, 2)] {
        let segment = &bytes[&format!("{folder}/seg_{number:05}.m4s")];
        playlist += &format!(
            "#EXTINF:{seconds},\n#EXT-X-BYTERANGE:{}@{}\nall.mp4\n",
            segment.len(),
            file.len()
        );
        file.extend(segment);
    }
    let mut good = good;
    good.segments.retain(|p, _| !p.starts_with(folder));
    good.inits.remove(&format!("{folder}/init.mp4"));
    good.texts.insert(
        format!("{folder}/playlist.m3u8"),
        playlist + "#EXT-X-ENDLIST\n",
    );
    good.texts.remove("manifest.mpd");
    good.texts.remove(&format!("{folder}/iframes.m3u8"));
    let master = good.texts.get_mut("master.m3u8").unwrap();
    let at = master.find("#EXT-X-I-FRAME").unwrap();
    let end = at + master[at..].find('\n').unwrap() + 1;
    master.replace_range(at..end, "");
    let path = format!("{folder}/all.mp4");
    let described = Object {
        content_type: Some("video/mp4".to_owned()),
        ..object(&path, 0)
    };
    good.objects.insert(path.clone(), described);
    good.raw.insert(path, file);
    good.expected = None;
    good
}

#[test]
fn byte_ranges_of_one_file_are_measured() {
    let good = byte_ranges();
    let report = check(&good.delivery(), None, Profiles::FORMATS);
    assert_eq!(report.violations, [], "{}", report.summary());
    let summary = &report.renditions[0];
    assert_eq!((summary.samples, summary.duration), (240, 240_000));
}

#[test]
fn transport_streams_are_judged_by_their_packets() {
    let good = ValidOutput::transport();
    let report = check(&good.delivery(), None, Profiles::FORMATS);
    assert_eq!(ids(&report), BTreeSet::from(["HLS-M21"]));
    let ours = check(&good.delivery(), None, Profiles::REELSMITH);
    assert!(!ids(&ours).contains("PIP-02"), "{}", ours.summary());
    let mut unknown = Delivery::new([object("master.m3u8", 1), object("a.mp4", 9)]);
    let media = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4.0,\na.mp4\n#EXT-X-ENDLIST\n";
    unknown.add_text("master.m3u8", media.as_bytes());
    let unknown = check(&unknown, None, Profiles::REELSMITH);
    assert!(ids(&unknown).contains("PIP-02"), "{}", unknown.summary());
    let mut restarted = good.clone();
    let first = restarted.raw["low/seg_00001.ts"].clone();
    restarted.raw.insert("low/seg_00002.ts".to_owned(), first);
    let joined = check(&restarted.delivery(), None, Profiles::FORMATS);
    assert!(ids(&joined).contains("SEG-05"));
    for number in [2, 3] {
        let line = format!("seg_{number:05}.ts");
        let anew = format!("#EXT-X-DISCONTINUITY\n#EXTINF:4.0,\n{line}");
        for folder in ["low", "high"] {
            let path = format!("{folder}/playlist.m3u8");
            restarted.edit(&path, &format!("#EXTINF:4.0,\n{line}"), &anew);
        }
    }
    let apart = check(&restarted.delivery(), None, Profiles::FORMATS);
    assert!(!ids(&apart).contains("SEG-05"), "{}", apart.summary());
}

#[test]
fn an_output_may_have_an_mpd_only() {
    let mut good = ValidOutput::new();
    good.texts.retain(|path, _| !path.ends_with(".m3u8"));
    let report = check(&good.delivery(), None, Profiles::FORMATS);
    assert_eq!(report.violations, [], "{}", report.summary());
    good.segment("audio/en/seg_00002.m4s", |s| s[0].tfdt += 1);
    let report = check(&good.delivery(), None, Profiles::FORMATS);
    assert_eq!(ids(&report), BTreeSet::from(["DSH-12", "SEG-06"]));
}

#[test]
fn thousands_of_variants_and_empty_segments_are_checked_in_bounded_time() {
    let mut master = "#EXTM3U\n".to_owned();
    let mut media =
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"init.mp4\"\n"
            .to_owned();
    for n in 0..20_000 {
        master += &format!("#EXT-X-STREAM-INF:BANDWIDTH=1\nv{n}.m3u8\n");
        media += &format!("#EXTINF:0,\nseg_{n}.m4s\n");
    }
    let mut delivery = Delivery::new([object("master.m3u8", 1), object("v0.m3u8", 1)]);
    delivery.add_text("master.m3u8", master.as_bytes());
    delivery.add_text("v0.m3u8", media.as_bytes());
    let report = check(&delivery, None, Profiles::FORMATS);
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(report.violations.len() < 1_000);
}

#[test]
fn extreme_numbers_never_overflow() {
    let huge = u64::MAX.to_string();
    let mut good = ValidOutput::new();
    let master = good.texts.get_mut("master.m3u8").unwrap();
    *master = master.replace("BANDWIDTH=", &format!("BANDWIDTH={huge}"));
    *master = master.replacen(
        &format!("BANDWIDTH={huge}"),
        &format!("BANDWIDTH={huge},X="),
        3,
    );
    for (path, text) in &mut good.texts {
        if path.ends_with("iframes.m3u8") {
            *text = text.replace("BYTERANGE:", &format!("BYTERANGE:{huge}@{huge}\n#"));
        } else if path.ends_with(".m3u8") {
            *text = text.replace("TARGETDURATION:4", &format!("TARGETDURATION:{huge}"));
            *text = text.replace("EXTINF:4.", "EXTINF:999999999999999999.");
        } else if path.ends_with(".mpd") {
            *text = text.replace("startNumber=\"1\"", &format!("startNumber=\"{huge}\""));
            *text = text.replace("timescale=\"1000\"", &format!("timescale=\"{huge}\""));
            *text = text.replace("d=\"48000\"", &format!("d=\"{huge}\""));
            *text = text.replace("PT10S", "P999999999DT999999999S");
            *text = text.replace("bandwidth=\"", &format!("bandwidth=\"{huge}\" x=\""));
        }
    }
    good.segment("audio/en/seg_00002.m4s", |s| s[0].tfdt = u64::MAX);
    good.segment("video/h264_360p/seg_00002.m4s", |s| {
        s[0].tfdt = u64::MAX - 3;
        s[0].samples[0].cts = i32::MIN;
        s[0].samples[1].duration = u32::MAX;
    });
    good.sizes
        .insert("video/h264_720p/seg_00001.m4s".to_owned(), u64::MAX);
    good.sizes
        .insert("video/h264_720p/seg_00002.m4s".to_owned(), u64::MAX);
    let report = good.report();
    assert_eq!(report.verdict, Verdict::Fail);
    assert!(!report.summary().is_empty());
}
