//! Loudness, mixes and segment joins for different kinds of programmes.

use reelsmith_core::plan::MappedChannel;

use super::*;

/// Names and sources.
const PROGRAMMES: [(&str, &str); 6] = [
    // Like speech: noise in the band of a voice with syllables and pauses, 20 dB below a usual mix.
    (
        "quiet speech",
        "anoisesrc=c=pink:r=48000:a=0.5:d=11:seed=3,highpass=f=200,lowpass=f=3500,tremolo=f=4:d=0.9,volume=-20dB",
    ),
    // Dense and already at full scale.
    (
        "loud music",
        "anoisesrc=c=pink:r=48000:a=1:d=11:seed=5,volume=12dB,alimiter=level=disabled:limit=0.99",
    ),
    // A quiet tone with short loud bursts, which the gain alone would clip.
    (
        "transients",
        "aevalsrc=exprs=sin(n/9)*if(lt(mod(t\\,1)\\,0.01)\\,0.9\\,0.1):s=48000:d=11",
    ),
    // Mostly whispers, then an explosion.
    (
        "wide dynamics",
        "anoisesrc=c=brown:r=48000:a=0.8:d=11:seed=7,volume=eval=frame:volume=if(between(t\\,8\\,9)\\,1\\,0.03)",
    ),
    (
        "a mono tone",
        "sine=frequency=997:sample_rate=44100:duration=11,volume=-30dB",
    ),
    (
        "room tone",
        "anoisesrc=c=white:r=48000:a=0.0002:d=11:seed=11",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_programme_reaches_the_target_loudness() {
    for (name, source) in PROGRAMMES {
        let line = format!("{TOGETHER} {source} {CODECS} film.mov");
        let track = track(Container::Mov, &line, (0, 1)).await;
        let media = track.encode().await;
        let after = track.meter(&track.joined(&media));
        println!("{name}: {:?}, measured {after:?}", media.loudness);
        if name == "room tone" {
            assert_eq!(media.loudness.gain_db, 0.0, "{name}");
            continue;
        }
        let lufs = after.lufs.unwrap();
        assert!((lufs + 16.0).abs() <= 0.5, "{name}: {after:?}");
        let recorded = media.loudness.result_lufs.unwrap();
        assert!((lufs - recorded).abs() <= 0.1, "{name}: {recorded}");
        assert!(after.peak_dbtp.unwrap() <= -0.8, "{name}: {after:?}");
    }
}

/// A different tone in each channel, each 440 Hz higher.
const SURROUND: &str = "aevalsrc=exprs=0.2*sin(PI*2*440*t)|0.2*sin(PI*2*880*t)|0.2*sin(PI*2*1320*t)|0.2*sin(PI*2*100*t)|0.2*sin(PI*2*2200*t)|0.2*sin(PI*2*2640*t):c=5.1:s=48000:d=11";

/// The tones of `SURROUND`.
const TONES: [f64; 6] = [440.0, 880.0, 1_320.0, 100.0, 2_200.0, 2_640.0];

/// The amplitude of each tone in each channel of a decoded file.
fn tones(track: &Track, media: &AudioMedia, channels: usize, hertz: &[f64]) -> Vec<Vec<f64>> {
    let name = track.joined(media);
    ffmpeg(
        track.folder.path(),
        &format!("-advanced_editlist 0 -i {name} -ss 2 -t 1 -f f32le -c:a pcm_f32le tones.raw"),
    );
    let raw = std::fs::read(track.folder.path().join("tones.raw")).unwrap();
    let samples: Vec<f64> = raw
        .chunks_exact(4)
        .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
        .collect();
    let amplitude = |channel: usize, hertz: f64| {
        let one = samples.iter().skip(channel).step_by(channels);
        let (mut re, mut im, mut count) = (0.0, 0.0, 0.0f64);
        for (n, sample) in one.enumerate() {
            let angle = std::f64::consts::TAU * hertz * n as f64 / 48_000.0;
            re += sample * angle.cos();
            im += sample * angle.sin();
            count += 1.0;
        }
        2.0 * re.hypot(im) / count
    };
    (0..channels)
        .map(|c| hertz.iter().map(|hertz| amplitude(c, *hertz)).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn surround_channels_are_kept_or_downmixed_by_the_standard_matrix() {
    let line = format!("{TOGETHER} {SURROUND} {CODECS} film.mov");
    let mut track = track(Container::Mov, &line, (0, 1)).await;
    let stereo = track.encode().await;
    let folded = tones(&track, &stereo, 2, &TONES);
    let unit = folded[0][0];
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let expected = [
        [1.0, 0.0, half, 0.0, half, 0.0],
        [0.0, 1.0, half, 0.0, 0.0, half],
    ];
    for (channel, row) in expected.iter().enumerate() {
        for (tone, factor) in row.iter().enumerate() {
            let found = folded[channel][tone] / unit;
            assert!((found - factor).abs() < 0.03, "{channel} {tone}: {found}");
        }
    }
    track.task.rendition.channels = 6;
    let surround = track.encode().await;
    let init = reelsmith_isobmff::Init::read(&surround.init).unwrap();
    assert_eq!((init.channels, init.codec.as_str()), (6, "mp4a.40.2"));
    let kept = tones(&track, &surround, 6, &TONES);
    for (channel, row) in kept.iter().enumerate() {
        for (tone, found) in row.iter().enumerate() {
            let own = row[channel];
            assert!(
                tone == channel || *found < own / 30.0,
                "{channel} {tone}: {found}, own tone {own}"
            );
        }
    }
    for media in [&stereo, &surround] {
        assert_eq!(presented(media), track.task.rendition.samples);
        let result = media.loudness.result_lufs.unwrap();
        assert!((result + 16.0).abs() <= 0.5, "{:?}", media.loudness);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn segments_decode_to_the_samples_of_an_uncut_encode() {
    let (_, source) = PROGRAMMES[0];
    let line = format!("{TOGETHER} {source} {CODECS} film.mov");
    let track = track(Container::Mov, &line, (0, 1)).await;
    let media = track.encode().await;
    assert!(media.segments.len() > 3);
    let correction = Correction {
        gain_db: media.loudness.gain_db,
        limit_db: None,
    };
    let argv = encode_argv(&track.task, correction);
    let again = std::process::Command::new(tools().ffmpeg)
        .args(argv)
        .current_dir(&track.task.directory)
        .output()
        .unwrap();
    assert!(again.status.success());
    let pcm = |folder: &std::path::Path, name: &str| {
        ffmpeg(
            folder,
            &format!("-advanced_editlist 0 -i {name} -f f32le -c:a pcm_f32le whole.raw"),
        );
        std::fs::read(folder.join("whole.raw")).unwrap()
    };
    let cut = pcm(track.folder.path(), &track.joined(&media));
    let whole = pcm(&track.task.directory, "audio.mp4");
    assert_eq!(cut.len(), whole.len());
    let differing = cut.iter().zip(&whole).filter(|(a, b)| a != b).count();
    assert_eq!(differing, 0, "of {} bytes of samples", whole.len());
}

/// Asserts that each channel of a track has its own tone and no other.
fn assert_tones(track: &Track, media: &AudioMedia, hertz: &[f64]) {
    for (channel, row) in tones(track, media, hertz.len(), hertz).iter().enumerate() {
        for (tone, found) in row.iter().enumerate() {
            let own = row[channel];
            assert!(
                own > 0.01 && (tone == channel || *found < own / 30.0),
                "{channel}: {row:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_of_one_stream_or_of_several_make_up_a_track() {
    // The encoder keeps only low tones in the LFE, which is channel 5 here.
    let hertz = |n: u32| if n == 5 { 100 } else { 300 + 100 * n };
    let tone = |n: u32| {
        format!(
            "-f lavfi -i sine=frequency={}:sample_rate=44100:duration=10",
            hertz(n)
        )
    };
    let mono: Vec<String> = (0..8).map(tone).collect();
    let maps: Vec<String> = (1..9).map(|n| format!("-map {n}:a")).collect();
    let several = format!(
        "-f lavfi -i testsrc2=size=64x64:rate=25:duration=10 {} -map 0:v {} -c:v mpeg4 -c:a pcm_s24le film.mov",
        mono.join(" "),
        maps.join(" ")
    );
    let expressions: Vec<String> = (0..10)
        .map(|n| format!("0.1*sin(2*PI*{}*t)", hertz(n)))
        .collect();
    let one = format!(
        "{TOGETHER} aevalsrc=exprs={}:s=48000:d=10 {CODECS} film.mov",
        expressions.join("|")
    );
    for (line, streams) in [(several, true), (one, false)] {
        let mut track = track(Container::Mov, &line, (0, 1)).await;
        let mapped = |n: u32| match streams {
            true => MappedChannel {
                stream: 1 + n,
                channel: 0,
            },
            false => MappedChannel {
                stream: 1,
                channel: n,
            },
        };
        for channels in [vec![6, 7], vec![2, 3, 4, 5, 1, 0]] {
            track.task.rendition.map = channels.iter().copied().map(mapped).collect();
            track.task.rendition.channels = u32::try_from(channels.len()).unwrap();
            let media = track.encode().await;
            let tones: Vec<f64> = channels.iter().map(|n| f64::from(hertz(*n))).collect();
            assert_tones(&track, &media, &tones);
            assert_eq!(presented(&media), track.task.rendition.samples);
        }
    }
}
