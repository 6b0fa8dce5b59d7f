//! Tracks that are made of separate channels, and several tracks of one language.

use reelsmith_conformance::{Report, Verdict};
use reelsmith_core::warning::WarningName;
use reelsmith_tests::delivery::Delivery;
use reelsmith_tests::media;
use reelsmith_tests::world::World;

use super::keys_of;

/// Stereo and 5.1 from eight mono streams, and a commentary from the ninth. The tenth is left out.
const TRACKS: &str = "<AudioTrack><Language>en</Language><ChannelMap>6:0 7:0</ChannelMap>\
    <SurroundChannelMap>0:0 1:0 2:0 3:0 4:0 5:0</SurroundChannelMap></AudioTrack>\
    <AudioTrack><Language>en</Language><Label>Commentary</Label><Role>commentary</Role>\
    <TrackIndex>8</TrackIndex></AudioTrack>";

#[tokio::test(flavor = "multi_thread")]
async fn mono_streams_become_stereo_and_surround_beside_a_commentary() {
    let world = World::join("jobs").await;
    let delivery = Delivery {
        languages: vec![],
        tracks: TRACKS.into(),
        ..Delivery::of(
            "mono-streams",
            &std::fs::read(media::separate_channels()[0]).unwrap(),
        )
    };
    let output = world.succeeded(&world.deliver(&delivery).await).await;
    let keys = keys_of(&output);
    for (folder, channels) in [("en", "2"), ("en_commentary", "2"), ("en_surround", "6")] {
        let playlist = keys.output(&format!("audio/{folder}/playlist.m3u8"));
        let probed = std::process::Command::new("ffprobe")
            .args("-v error -show_entries stream=channels -of csv=p=0".split(' '))
            .arg(world.url(&playlist))
            .output()
            .unwrap();
        let found = String::from_utf8_lossy(&probed.stdout);
        // ffprobe lists a stream of HLS once for its programme and once more.
        assert_eq!(found.lines().next(), Some(channels), "{folder}");
    }
    let report: Report = world.outputs().read(&keys.report()).await.unwrap();
    let names: Vec<_> = report.warnings.iter().map(|w| (w.name, w.count)).collect();
    assert_eq!(names, [(WarningName::AudioLeftOut, 1)]);
    assert_eq!(report.verdict, Verdict::Pass);
}
