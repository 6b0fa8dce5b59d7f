//! When the audio streams of a mezzanine begin and end, compared with its pictures.

use std::sync::Arc;

use reelsmith_core::object::ObjectPin;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::{PacketIndex, Probe};
use reelsmith_core::tail::AudioSpan;

use super::run_ffprobe;
use crate::command::{micros, words};
use crate::error::MediaError;
use crate::input;
use crate::process::Activity;
use crate::proxy::{ProxyOptions, RangeProxy};
use crate::tools::Tools;
use crate::video::decimal_micros;

/// Microseconds before the end of the pictures from which audio packets are read.
const BEFORE_END_US: i128 = 1_000_000;

/// The spans of these audio streams, by their indexes among all streams. Only the first packet of a stream and the packets
/// after the last pictures are read.
///
/// # Errors
/// [`MediaError::Source`], and those of ffprobe.
pub async fn audio_spans(
    tools: &Tools,
    store: Arc<dyn ObjectStore>,
    pin: &ObjectPin,
    probe: &Probe,
    index: &PacketIndex,
    streams: &[u32],
) -> Result<Vec<AudioSpan>, MediaError> {
    let options = ProxyOptions {
        read_ahead: 0,
        block: 256 << 10,
        ..ProxyOptions::default()
    };
    let proxy = RangeProxy::start(store, pin.clone(), options).await?;
    let mut spans = Vec::with_capacity(streams.len());
    for stream in streams {
        let args = argv(&proxy.url(), probe, *stream, pictures_end_us(index));
        let mut span = AudioSpan {
            stream: *stream,
            start_us: None,
            end_us: None,
            empty: true,
        };
        let read = |line: &str| {
            read_packet(&mut span, line);
            Ok(Activity::Progress)
        };
        proxy.check(run_ffprobe(tools, args, read).await)?;
        spans.push(span);
    }
    Ok(spans)
}

/// When the last picture ends, in microseconds.
fn pictures_end_us(index: &PacketIndex) -> i128 {
    let last = index.packets.iter().map(|p| p.pts).max().unwrap_or(0);
    let (num, den) = (i128::from(index.time_base.0), i128::from(index.time_base.1));
    i128::from(last.max(index.end)) * num * 1_000_000 / den.max(1)
}

fn argv(url: &str, probe: &Probe, stream: u32, end_us: i128) -> Vec<String> {
    let from = decimal_micros((end_us - BEFORE_END_US).max(0));
    let input = input::open(url, probe.container);
    words(&format!(
        "-v error -hide_banner -select_streams {stream} -read_intervals %+#1,{from}% \
         -show_entries packet=pts_time,duration_time,flags -of compact=print_section=0:nokey=0 {input}"
    ))
}

/// Reads a line such as `pts_time=1.400000|duration_time=0.023220|flags=K_`. A packet that an edit list hides is skipped.
fn read_packet(span: &mut AudioSpan, line: &str) {
    let (mut pts, mut duration, mut hidden) = (None, 0, false);
    span.empty = false;
    for (key, value) in line.split('|').filter_map(|field| field.split_once('=')) {
        match key {
            "pts_time" => pts = micros(value),
            "duration_time" => duration = micros(value).unwrap_or(0),
            "flags" => hidden = value.contains('D'),
            _ => {}
        }
    }
    let Some(pts) = pts.filter(|_| !hidden) else {
        return;
    };
    span.start_us = Some(span.start_us.map_or(pts, |start| start.min(pts)));
    let end = pts.saturating_add(duration.max(0));
    span.end_us = Some(span.end_us.map_or(end, |known| known.max(end)));
}

#[cfg(test)]
mod tests {
    use super::super::read_index;
    use super::super::tests::probed;
    use super::*;
    use crate::testing::{made, tools};

    #[test]
    fn a_packet_extends_the_span_unless_it_is_hidden() {
        let mut span = AudioSpan {
            stream: 1,
            start_us: None,
            end_us: None,
            empty: true,
        };
        for line in [
            "pts_time=-0.021333|duration_time=0.021333|flags=KD",
            "pts_time=-0.5|duration_time=N/A|flags=K_",
            "pts_time=N/A|duration_time=0.02|flags=K_",
            "pts_time=12.980000|duration_time=0.020000|flags=K_",
            "nonsense",
        ] {
            read_packet(&mut span, line);
        }
        assert_eq!(
            (span.start_us, span.end_us),
            (Some(-500_000), Some(13_000_000))
        );
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn audio_that_outlasts_the_pictures_is_measured_in_every_container() {
        for (file, codecs) in [
            ("film.mov", "-c:v prores_ks -c:a pcm_s16le"),
            ("film.mp4", "-c:v libx264 -pix_fmt yuv420p -c:a aac"),
            ("film.mkv", "-c:v libx264 -pix_fmt yuv420p -c:a aac"),
            ("film.ts", "-c:v mpeg2video -c:a ac3"),
            ("film.mpg", "-c:v mpeg2video -c:a mp2"),
        ] {
            let (_folder, path) = made(&format!(
                "-f lavfi -i testsrc2=size=128x96:rate=25 -f lavfi -i sine=sample_rate=44100 -filter_complex \
                 [0]trim=end=3[v];[1]atrim=end=8[a] -map [v] -map [a] -ar 48000 {codecs} {file}"
            ));
            let (store, probe) = probed(&path).await;
            let indexed = read_index(&tools(), store.clone(), &store.pin(), &probe).await;
            let indexed = indexed.unwrap();
            let (pin, wanted) = (store.pin(), [1]);
            let spans = audio_spans(&tools(), store, &pin, &probe, &indexed.index, &wanted).await;
            let span = spans.unwrap()[0];
            let late = i128::from(span.end_us.unwrap()) - pictures_end_us(&indexed.index);
            assert!((4_900_000..5_100_000).contains(&late), "{file}: {late} µs");
        }
    }
}
