//! `--decode`: what a decoder finds in packages of ffmpeg's muxers.

use reelsmith_conformance::{Severity, Violation};

use super::*;

fn options() -> Options {
    Options {
        decode: Some(crate::decode::ffmpeg_of_path()),
        ..Options::default()
    }
}

async fn decoded(output: &Output, options: &Options) -> Report {
    let location = output.location("").await.unwrap();
    validate(&location, None, options).await.unwrap().report
}

fn found(report: &Report) -> Vec<&Violation> {
    let all = report.violations.iter();
    all.filter(|v| v.rule == "SEG-18").collect()
}

fn outcome(report: &Report) -> &Outcome {
    let mut rules = report.rules.iter();
    &rules.find(|r| r.rule == "SEG-18").unwrap().outcome
}

const FMP4: &str = "-f hls -hls_time 2 -hls_playlist_type vod -hls_segment_type fmp4 -master_pl_name top.m3u8 -var_stream_map";
const AGROUP: [&str; 2] = ["v:0,agroup:a v:1,agroup:a a:0,agroup:a", "v%v.m3u8"];

#[tokio::test]
async fn intact_media_decode_without_a_finding() {
    let fragments = muxed_by_ffmpeg(FMP4, &AGROUP);
    let report = decoded(&fragments, &options()).await;
    assert_eq!(*outcome(&report), Outcome::Passed, "{}", report.summary());
    let transport =
        "-f hls -hls_time 2 -hls_playlist_type vod -master_pl_name top.m3u8 -var_stream_map";
    let streams = muxed_by_ffmpeg(transport, &["v:0,a:0 v:1", "v%v.m3u8"]);
    let report = decoded(&streams, &options()).await;
    assert_eq!(*outcome(&report), Outcome::Passed, "{}", report.summary());
}

/// Overwrites coded data in the second half of a file in such a way that lengths and headers stay legal.
pub(super) fn damage(bytes: &mut [u8]) {
    let from = bytes.len() * 3 / 5;
    for (index, byte) in bytes[from..from + 400].iter_mut().enumerate() {
        *byte = u8::try_from((index * 37 + 11) % 251).unwrap() | 4;
    }
}

#[tokio::test]
async fn damaged_coded_data_is_found_in_its_segment() {
    let output = muxed_by_ffmpeg(FMP4, &AGROUP);
    let mut bytes = std::fs::read(output.path("v01.m4s")).unwrap();
    damage(&mut bytes);
    output.write("v01.m4s", &bytes);
    let report = decoded(&output, &options()).await;
    let found = found(&report);
    assert_eq!(found.len(), 1, "{}", report.summary());
    assert_eq!(
        (&*found[0].path, found[0].severity),
        ("v0.m3u8", Severity::Fail)
    );
    assert_eq!(
        found[0].location,
        Some(reelsmith_conformance::Location::Segment(2))
    );
}

#[tokio::test]
async fn dead_runs_are_remarks_with_their_times() {
    let output = Output::empty();
    let inputs = "-nostdin -v error -f lavfi -i color=black:size=160x90:rate=24:duration=5 \
                  -f lavfi -i testsrc2=size=160x90:rate=24:duration=5 -f lavfi -i anullsrc=duration=10:sample_rate=48000 \
                  -filter_complex [0][1]concat=n=2[v] -map [v] -map 2:a -pix_fmt yuv420p -c:v libx264 -g 48 -c:a aac \
                  -f hls -hls_time 2 -hls_playlist_type vod v.m3u8";
    muxed_with(&output, &inputs.split_whitespace().collect::<Vec<_>>());
    let report = decoded(&output, &options()).await;
    let found: Vec<String> = found(&report).iter().map(ToString::to_string).collect();
    let expected = [
        "SEG-18 info v.m3u8: expected pictures that move and sound, found black from 0 ms to 5000 ms",
        "SEG-18 info v.m3u8: expected pictures that move and sound, found silent from 0 ms to 10000 ms",
    ];
    assert_eq!(found, expected, "{}", report.summary());
    assert_eq!(report.verdict, Verdict::Pass);
}

#[tokio::test]
async fn without_ffmpeg_the_rule_is_not_judged_and_states_why() {
    let output = muxed_by_ffmpeg(FMP4, &AGROUP);
    for (ffmpeg, expected) in [
        (None, "ffmpeg was not found on PATH; give --ffmpeg"),
        (
            Some("/absent/ffmpeg".into()),
            "--ffmpeg is no file: /absent/ffmpeg; give the path of ffmpeg",
        ),
    ] {
        let absent = Options {
            decode: Some(ffmpeg),
            ..Options::default()
        };
        let report = decoded(&output, &absent).await;
        let reason = expected.to_owned();
        assert_eq!(*outcome(&report), Outcome::NotJudged { reason });
    }
    assert_eq!(
        *outcome(&output.validate("").await.report),
        Outcome::NotJudged {
            reason: "the media was not decoded".to_owned()
        }
    );
}
