//! Faults and legal changes of synthetic sound.

use reelsmith_core::sound::SoundComparison;

use super::*;

const RATE: u32 = 48_000;
const SECONDS: usize = 12;
const LENGTH: usize = RATE as usize * SECONDS;

/// Numbers between -1 and 1 that depend on the seed alone.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Noise with syllables, of which each channel has its own beside a common one.
fn speech(channels: usize, common: f32) -> Vec<Vec<f32>> {
    let mut shared = Noise(99);
    let shared: Vec<f32> = (0..LENGTH).map(|_| shared.next()).collect();
    let channel = |n: usize| {
        let mut noise = Noise(7 + n as u64);
        let mut low = 0.0;
        let sample = |(at, shared): (usize, &f32)| {
            let syllable = 0.55 + 0.45 * (at as f32 / 9_000.0 + n as f32).sin();
            let mixed = common * shared + (1.0 - common) * noise.next();
            low += 0.2 * (mixed - low);
            low * syllable
        };
        shared.iter().enumerate().map(sample).collect()
    };
    (0..channels).map(channel).collect()
}

fn piece(sound: &[Vec<f32>]) -> Piece {
    let length = sound[0].len();
    let frame = |n: usize| sound.iter().map(move |channel| channel[n]);
    Piece {
        length: length as u64,
        sound: Some((0..length).flat_map(frame).collect()),
    }
}

fn compared(source: &[Vec<f32>], rendition: &[Vec<f32>], treatment: Treatment) -> SoundComparison {
    let mut analyser = Analyser::source(RATE, source.len(), source[0].len() as u64);
    analyser.add(&piece(source));
    let reduced = analyser.finish_source();
    let mut analyser = Analyser::rendition(&reduced);
    analyser.add(&piece(rendition));
    let found = analyser.finish_rendition();
    let presented = rendition[0].len() as u64;
    compare(
        &reduced,
        &found,
        treatment,
        1,
        source[0].len() as u64,
        presented,
    )
}

const KNOWN: Treatment = Treatment {
    gain_db: Some(0.0),
    ceiling_db: None,
};

#[test]
fn equal_sound_has_no_difference() {
    for channels in [2, 6] {
        let sound = speech(channels, 0.5);
        let same = compared(&sound, &sound, KNOWN);
        assert_eq!(same.window.map(|w| w.difference), Some(0));
        assert_eq!(same.section.map(|w| w.difference), Some(0));
        assert_eq!(same.offset.map(|o| o.samples), Some(0));
        assert_eq!(same.least_alike.map(|m| m.correlation), Some(1_000));
        assert_eq!((same.swapped, same.windows), (0, 600 * channels as u64));
        assert!(same.excerpts >= 30, "{}", same.excerpts);
    }
}

#[test]
fn an_offset_is_measured_to_the_sample() {
    let sound = speech(2, 0.5);
    for late in [10usize, 96, 960, 48_000] {
        let moved: Vec<Vec<f32>> = sound
            .iter()
            .map(|c| [&vec![0.0; late], &c[..LENGTH - late]].concat())
            .collect();
        let found = compared(&sound, &moved, KNOWN).offset.unwrap();
        assert!(
            (found.samples - late as i64).abs() <= 2,
            "{late}: {found:?}"
        );
        let found = compared(&moved, &sound, KNOWN).offset.unwrap();
        assert!(
            (found.samples + late as i64).abs() <= 2,
            "{late}: {found:?}"
        );
    }
}

#[test]
fn similar_channels_that_are_swapped_are_found() {
    let sound = speech(2, 0.7);
    let swapped = vec![sound[1].clone(), sound[0].clone()];
    let found = compared(&sound, &swapped, KNOWN);
    assert!(found.swapped > 10, "{found:?}");
    // Channels that are equal cannot be swapped.
    let mono = vec![sound[0].clone(), sound[0].clone()];
    assert_eq!(compared(&mono, &mono, KNOWN).swapped, 0);
}

#[test]
fn a_periodic_sound_has_the_offset_nearest_to_zero() {
    let tone = |n: usize| 0.3 * (n as f32 * std::f32::consts::TAU * 440.0 / RATE as f32).sin();
    let sound: Vec<f32> = (0..LENGTH).map(tone).collect();
    let found = compared(
        &[sound.clone(), sound.clone()],
        &[sound.clone(), sound],
        KNOWN,
    );
    assert_eq!(found.offset.map(|o| o.samples), Some(0));
    let silence = vec![vec![0.0; LENGTH]; 2];
    let found = compared(&silence, &silence, KNOWN);
    assert_eq!((found.excerpts, found.integrated), (0, None));
}

#[test]
fn the_gain_is_measured_if_it_is_not_known_and_a_limiter_explains_quieter_windows() {
    let sound = speech(2, 0.5);
    let half = sound.iter().map(|c| c.iter().map(|s| s * 0.5).collect());
    let half: Vec<Vec<f32>> = half.collect();
    let measured = compared(&sound, &half, Treatment::default());
    assert!((measured.gain + 602).abs() <= 1, "{}", measured.gain);
    assert!(measured.section.unwrap().difference.abs() <= 1);
    let wrong = compared(&sound, &half, KNOWN);
    assert!((wrong.section.unwrap().difference + 602).abs() <= 5);
    let limited = Treatment {
        gain_db: Some(0.0),
        ceiling_db: Some(-40.0),
    };
    assert_eq!(
        compared(&sound, &half, limited).section.unwrap().difference,
        0
    );
}

#[test]
fn gaps_become_silence_and_overlaps_are_left_out() {
    let mut timeline = Timeline::new(1, 100, 2);
    let samples = |n: usize| vec![1.0; n];
    let lengths = |placed: [Option<Piece>; 2]| placed.map(|p| p.map_or(0, |p| p.length));
    assert_eq!(lengths(timeline.place(-5, samples(10))), [0, 5]);
    assert_eq!(lengths(timeline.place(7, samples(10))), [0, 10]);
    assert_eq!(lengths(timeline.place(25, samples(10))), [10, 10]);
    assert_eq!(lengths(timeline.place(30, samples(10))), [0, 5]);
    assert_eq!(lengths(timeline.place(i64::MIN, samples(10))), [0, 0]);
    assert!(!timeline.is_complete());
    assert_eq!(timeline.finish().map(|p| p.length), Some(60));
    assert!(timeline.is_complete());
    assert_eq!(lengths(timeline.place(i64::MAX, samples(10))), [0, 0]);
    let mut late = Timeline::new(1, 100, 2);
    assert_eq!(lengths(late.place(1, samples(200))), [1, 99]);
}
