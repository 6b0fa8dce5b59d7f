//! Comparing finished renditions with their sources: no alarm about legal sound, and one about every fault.

use reelsmith_core::sound::SoundComparison;

use super::*;

/// Names, and sources of ten seconds, that a codec, a gain and a limiter change in different ways.
const LEGAL: &[(&str, &str)] = &[
    (
        "white noise",
        "anoisesrc=c=white:r=48000:a=0.3:d=10.5:seed=3,aformat=channel_layouts=stereo",
    ),
    (
        "pink noise, two channels",
        "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3[a];anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=4[b];[a][b]amerge",
    ),
    (
        "speech",
        "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3,highpass=f=200,lowpass=f=3500,tremolo=f=4:d=0.9,volume=-20dB",
    ),
    (
        "speech with pauses, left",
        "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3,highpass=f=200,tremolo=f=4:d=0.95,volume=eval=frame:volume=if(lt(mod(t\\,3)\\,1)\\,0\\,1),pan=stereo|c0=c0|c1=0*c0",
    ),
    (
        "chords",
        "aevalsrc=exprs=(0.2*sin(2*PI*220*t)+0.2*sin(2*PI*277*t)+0.2*sin(2*PI*330*t))*exp(-2*mod(t\\,1))|(0.2*sin(2*PI*440*t)+0.2*sin(2*PI*554*t))*exp(-3*mod(t\\,0.5)):s=48000:d=10.5",
    ),
    (
        "clicks",
        "aevalsrc=exprs=if(lt(mod(n\\,24000)\\,20)\\,0.9\\,0):s=48000:d=10.5",
    ),
    (
        "a click in ten seconds",
        "aevalsrc=exprs=if(between(n\\,144000\\,144099)\\,0.9\\,0):s=48000:d=10.5",
    ),
    (
        "a tone",
        "sine=frequency=997:sample_rate=44100:duration=10.5,volume=-10dB",
    ),
    (
        "a low tone",
        "sine=frequency=40:sample_rate=48000:duration=10.5",
    ),
    (
        "a high tone",
        "sine=frequency=11500:sample_rate=48000:duration=10.5",
    ),
    (
        "a tone above the codec's range",
        "sine=frequency=20500:sample_rate=48000:duration=10.5",
    ),
    (
        "a sweep",
        "aevalsrc=exprs=0.4*sin(2*PI*(100*t+400*t*t)):s=48000:d=10.5",
    ),
    ("silence", "anullsrc=r=48000:cl=stereo,atrim=end=10.5"),
    (
        "room tone",
        "anoisesrc=c=white:r=48000:a=0.0002:d=10.5:seed=11",
    ),
    (
        "a hum with noise",
        "sine=frequency=50:sample_rate=48000:duration=10.5[a];anoisesrc=c=white:r=48000:a=0.002:d=10.5:seed=11[b];[a][b]amix",
    ),
    (
        "loud music",
        "anoisesrc=c=pink:r=48000:a=1:d=10.5:seed=5,volume=12dB,alimiter=level=disabled:limit=0.99",
    ),
    (
        "transients",
        "aevalsrc=exprs=sin(n/9)*if(lt(mod(t\\,1)\\,0.01)\\,0.9\\,0.1):s=48000:d=10.5",
    ),
    (
        "wide dynamics",
        "anoisesrc=c=brown:r=48000:a=0.8:d=10.5:seed=7,volume=eval=frame:volume=if(between(t\\,8\\,9)\\,1\\,0.03)",
    ),
    (
        "a loud and a quiet channel",
        "anoisesrc=c=pink:r=48000:a=0.7:d=10.5:seed=3[a];anoisesrc=c=pink:r=48000:a=0.01:d=10.5:seed=4[b];[a][b]amerge",
    ),
    (
        "one channel inverted",
        "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3,pan=stereo|c0=c0|c1=-1*c0",
    ),
    (
        "fades",
        "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3,afade=t=in:d=4,afade=t=out:st=6:d=4.5",
    ),
    (
        "bursts between silence",
        "anoisesrc=c=white:r=48000:a=0.5:d=10.5:seed=3,volume=eval=frame:volume=lt(mod(t\\,0.5)\\,0.05)",
    ),
    (
        "shorter than the pictures",
        "anoisesrc=c=pink:r=48000:a=0.5:d=7.3:seed=3",
    ),
    ("8 kHz", "anoisesrc=c=pink:r=8000:a=0.5:d=10.5:seed=3"),
    ("192 kHz", "anoisesrc=c=pink:r=192000:a=0.5:d=10.5:seed=3"),
];

impl Track {
    pub(super) async fn compared(&self, media: &AudioMedia) -> SoundComparison {
        let mut task = self.task.clone();
        task.least_jump_ms = media.least_jump_ms;
        let segments: Vec<_> = media.segments.iter().map(|s| s.bytes.clone()).collect();
        let published = PublishedSound {
            init: &media.init,
            segments: &segments,
        };
        let limits = Limits::default();
        let tools = tools();
        let compared = compare_sound(&tools, &task, published, media.treatment, &limits);
        self.proxy.check(compared.await).unwrap().0
    }
}

/// The rules that a comparison violates.
pub(super) fn faults(found: &SoundComparison) -> Vec<&'static str> {
    let tolerances = reelsmith_core::ladder::SoundTolerances::default();
    let mut rules = Vec::new();
    rules.extend(found.offset_fault(&tolerances).map(|_| "SRC-03"));
    rules.extend((!found.content_faults(&tolerances).is_empty()).then_some("SRC-04"));
    rules.extend(found.length_fault().map(|_| "SRC-05"));
    rules
}

pub(super) fn summary(found: &SoundComparison) -> String {
    let level = |d: Option<reelsmith_core::sound::LevelDifference>| {
        d.map(|d| (d.at / 480, d.channel, d.expected, d.found, d.difference))
    };
    format!(
        "gain {} window {:?} section {:?} offset {:?} least {:?} swapped {} n {} lufs {:?} peak {:?} len {}/{}",
        found.gain,
        level(found.window),
        level(found.section),
        found.offset.map(|o| (o.samples, o.correlation)),
        found
            .least_alike
            .map(|m| (m.at / 480, m.channel, m.correlation, m.other)),
        found.swapped,
        found.excerpts,
        found.integrated,
        found.true_peak,
        found.presented,
        found.planned,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn legal_sound_is_like_its_source() {
    for (name, source) in LEGAL {
        let line = format!("{TOGETHER} {source} {CODECS} film.mov");
        let track = track(Container::Mov, &line, (0, 1)).await;
        let media = track.encode().await;
        let found = track.compared(&media).await;
        println!("{name}: {}", summary(&found));
        assert!(faults(&found).is_empty(), "{name}: {}", summary(&found));
        let near = |own: Option<i32>, encode: Option<f64>| {
            let away = own
                .zip(encode)
                .map(|(own, encode)| (f64::from(own) / 100.0 - encode).abs());
            assert!(
                away.is_none_or(|away| away <= 0.3),
                "{name}: {}",
                summary(&found)
            );
        };
        near(found.integrated, media.loudness.result_lufs);
        // Between samples, frequencies near the highest one are not measured exactly.
        near(
            found.true_peak.filter(|peak| *peak > -3_000),
            media.loudness.result_peak_dbtp,
        );
    }
}

/// Half a minute of two similar channels of speech with pauses.
const SPEECH: &str = "anoisesrc=c=pink:r=48000:a=0.5:d=10.5:seed=3,highpass=f=100,tremolo=f=3:d=0.8,aformat=channel_layouts=mono[a];anoisesrc=c=pink:r=48000:a=0.3:d=10.5:seed=4,tremolo=f=2:d=0.6,aformat=channel_layouts=mono[b];[a][b]amerge,pan=stereo|c0=c0+0.5*c1|c1=0.5*c0+c1";

/// Encodes the mix of a track with a fault, with the level correction of the sound encode.
async fn encode_with_fault(
    track: &Track,
    sound: &AudioMedia,
    mix: &[f32],
    fault: &reelsmith_testkit::sound_faults::SoundFault,
) -> AudioMedia {
    let channels = track.task.rendition.channels as usize;
    let channel = |n: usize| mix.iter().skip(n).step_by(channels).copied().collect();
    let mut faulty: Vec<Vec<f32>> = (0..channels).map(channel).collect();
    (fault.apply)(&mut faulty, 48_000);
    let frames = 0..faulty[0].len();
    let samples = frames.flat_map(|n| faulty.iter().map(move |c| c[n]).collect::<Vec<_>>());
    let raw: Vec<u8> = samples.flat_map(f32::to_le_bytes).collect();
    let work = &track.task.directory;
    std::fs::write(work.join("faulty.raw"), raw).unwrap();
    let line =
        format!("-f f32le -ar 48000 -ac {channels} -i faulty.raw -c:a pcm_f32le -f w64 mix.w64");
    ffmpeg(work, &line);
    let correction = Correction {
        gain_db: sound.treatment.gain_db.unwrap(),
        limit_db: sound.treatment.ceiling_db,
    };
    let encoded = std::process::Command::new(tools().ffmpeg)
        .args(encode_argv(&track.task, correction))
        .current_dir(work)
        .output()
        .unwrap();
    assert!(encoded.status.success());
    let file = std::fs::read(work.join("audio.mp4")).unwrap();
    let mut encoded = segment::read("audio/en", file.into()).unwrap();
    trim_to_length(&track.task, &mut encoded).unwrap();
    AudioMedia {
        init: encoded.canonical_init(&[b"iso6", b"cmfc", b"caac"], PRIMING, None),
        segments: segment::build_audio("audio/en", &encoded, PRIMING, ends(&track.task)).unwrap(),
        ..sound.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_sound_is_found() {
    let line = format!("{TOGETHER} {SPEECH} {CODECS} film.mov");
    let track = track(Container::Mov, &line, (0, 1)).await;
    let media = track.encode().await;
    let found = track.compared(&media).await;
    assert!(faults(&found).is_empty(), "{}", summary(&found));
    ffmpeg(
        &track.task.directory,
        "-i mix.w64 -f f32le -c:a pcm_f32le mix.raw",
    );
    let mix = raw_samples(&track.task.directory.join("mix.raw"));
    let mut missed = Vec::new();
    for fault in reelsmith_testkit::sound_faults::FAULTS {
        let faulty = encode_with_fault(&track, &media, &mix, fault).await;
        let found = track.compared(&faulty).await;
        println!(
            "{} {}: {:?} {}",
            fault.rule,
            fault.name,
            faults(&found),
            summary(&found)
        );
        if !faults(&found).contains(&fault.rule) {
            missed.push(fault.name);
        }
    }
    assert_eq!(missed, Vec::<&str>::new());
}

/// Processor time of this process and its children that have ended, in milliseconds.
fn cpu_ms() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let fields: Vec<u64> = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(4)
        .map(|f| f.parse().unwrap())
        .collect();
    fields.iter().sum::<u64>() * 10
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten minutes of sound, for docs/audio.md; in a release build"]
async fn a_comparison_takes_a_small_part_of_the_encode() {
    for source in ["speech", "loud music"] {
        let (_, sound) = LEGAL.iter().find(|(name, _)| *name == source).unwrap();
        let line = format!(
            "-f lavfi -i testsrc2=size=64x64:rate=24:duration=600 -f lavfi -i {},aformat=channel_layouts=stereo {CODECS} film.mov",
            sound.replace("d=10.5", "d=600")
        );
        let mut track = track(Container::Mov, &line, (0, 1)).await;
        track.task.rendition.samples = 600 * 48_000;
        track.task.frame_rate = "24".parse().unwrap();
        track.task.total_frames = FrameCount(14_400);
        let start = cpu_ms();
        let media = encode_audio(&tools(), &track.task, &Limits::default())
            .await
            .unwrap();
        let encoded = cpu_ms();
        let found = track.compared(&media).await;
        let compared = cpu_ms();
        println!(
            "{source}: encode {} ms, comparison {} ms; {}",
            encoded - start,
            compared - encoded,
            summary(&found)
        );
        assert!(faults(&found).is_empty(), "{}", summary(&found));
    }
}
