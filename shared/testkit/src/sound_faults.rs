//! Faults of the content of sound, which a decoder does not report. They are applied between mix and encode, or to what a
//! decode of a rendition gives.

/// Samples of each channel.
pub type Channels = Vec<Vec<f32>>;

/// A fault, and the rule that must report it.
#[derive(Clone, Copy)]
pub struct SoundFault {
    pub name: &'static str,
    pub rule: &'static str,
    /// Applies it to sound of this sample rate. The length stays the same.
    pub apply: fn(&mut Channels, usize),
}

const OFFSET: &str = "SRC-03";
const CONTENT: &str = "SRC-04";

/// Every kind of fault, in the first, the middle and the last third, in all channels or in one.
pub const FAULTS: &[SoundFault] = &[
    fault(
        "the first third is silent in one channel",
        CONTENT,
        |s, _| {
            on_third(&mut s[..1], 0, |part| part.fill(0.0));
        },
    ),
    fault("the middle third is silent", CONTENT, |s, _| {
        on_third(s, 1, |part| part.fill(0.0));
    }),
    fault(
        "the last third is silent in one channel",
        CONTENT,
        |s, _| {
            on_third(&mut s[1..2], 2, |part| part.fill(0.0));
        },
    ),
    fault("everything is 2 ms late", OFFSET, |s, rate| {
        s.iter_mut().for_each(|c| late(c, rate / 500));
    }),
    fault("everything is 2 ms early", OFFSET, |s, rate| {
        s.iter_mut().for_each(|c| early(c, rate / 500));
    }),
    fault("everything is 20 ms late", OFFSET, |s, rate| {
        s.iter_mut().for_each(|c| late(c, rate / 50));
    }),
    fault("everything is 1 s late", OFFSET, |s, rate| {
        s.iter_mut().for_each(|c| late(c, rate));
    }),
    fault(
        "the first third is 2 ms late in one channel",
        OFFSET,
        |s, rate| {
            on_third(&mut s[1..2], 0, |part| late(part, rate / 500));
        },
    ),
    fault("the middle third is 20 ms early", OFFSET, |s, rate| {
        on_third(s, 1, |part| early(part, rate / 50));
    }),
    fault("the last third is 2 ms late", OFFSET, |s, rate| {
        on_third(s, 2, |part| late(part, rate / 500));
    }),
    fault(
        "the last third is 1 s early in one channel",
        OFFSET,
        |s, rate| {
            on_third(&mut s[..1], 2, |part| early(part, rate));
        },
    ),
    fault("it drifts by 0.1 %", OFFSET, |s, _| {
        s.iter_mut().for_each(|c| drift(c));
    }),
    fault("the channels are swapped", CONTENT, |s, _| s.swap(0, 1)),
    fault(
        "the channels are swapped in the middle third",
        CONTENT,
        |s, _| {
            let (left, right) = s.split_at_mut(1);
            let range = third(left[0].len(), 1);
            left[0][range.clone()].swap_with_slice(&mut right[0][range]);
        },
    ),
    fault("one channel is missing", CONTENT, |s, _| s[1].fill(0.0)),
    fault("one channel is in both", CONTENT, |s, _| {
        s[1] = s[0].clone();
    }),
    fault("it is another track", CONTENT, |s, _| {
        s.iter_mut().for_each(|c| other(c));
    }),
    fault(
        "the last third is another track in one channel",
        CONTENT,
        |s, _| {
            on_third(&mut s[1..2], 2, other);
        },
    ),
    fault("it is 3 dB too loud", CONTENT, |s, _| {
        s.iter_mut().for_each(|c| amplify(c, 1.412));
    }),
    fault(
        "the first third is 3 dB too quiet in one channel",
        CONTENT,
        |s, _| {
            on_third(&mut s[..1], 0, |part| amplify(part, 0.708));
        },
    ),
    fault(
        "200 ms are silent in the first third",
        CONTENT,
        |s, rate| {
            s.iter_mut().for_each(|c| gap(c, 0, rate / 5));
        },
    ),
    fault(
        "200 ms are silent in the middle, in one channel",
        CONTENT,
        |s, rate| {
            s[..1].iter_mut().for_each(|c| gap(c, 1, rate / 5));
        },
    ),
    fault("200 ms are silent in the last third", CONTENT, |s, rate| {
        s.iter_mut().for_each(|c| gap(c, 2, rate / 5));
    }),
    fault("the middle third is noise", CONTENT, |s, _| {
        let mut random = fastrand::Rng::with_seed(5);
        on_third(s, 1, |part| part.fill_with(|| 0.2 * (random.f32() - 0.5)));
    }),
    fault("one channel is inverted", CONTENT, |s, _| {
        amplify(&mut s[1], -1.0);
    }),
    fault(
        "half a second repeats in the last third",
        CONTENT,
        |s, rate| {
            let range = third(s[0].len(), 2);
            for channel in s.iter_mut() {
                let from = range.start + rate;
                channel.copy_within(from..from + rate / 2, from + rate / 2);
            }
        },
    ),
];

const fn fault(
    name: &'static str,
    rule: &'static str,
    apply: fn(&mut Channels, usize),
) -> SoundFault {
    SoundFault { name, rule, apply }
}

fn third(length: usize, n: usize) -> std::ops::Range<usize> {
    length * n / 3..length * (n + 1) / 3
}

fn on_third(sound: &mut [Vec<f32>], n: usize, mut apply: impl FnMut(&mut [f32])) {
    for channel in sound {
        let range = third(channel.len(), n);
        apply(&mut channel[range]);
    }
}

fn late(part: &mut [f32], samples: usize) {
    let kept = part.len() - samples;
    part.copy_within(..kept, samples);
    part[..samples].fill(0.0);
}

fn early(part: &mut [f32], samples: usize) {
    let kept = part.len() - samples;
    part.copy_within(samples.., 0);
    part[kept..].fill(0.0);
}

fn drift(channel: &mut [f32]) {
    let copy = channel.to_vec();
    for (n, sample) in channel.iter_mut().enumerate() {
        let at = n as f64 * 0.999;
        let (whole, part) = (at as usize, at.fract() as f32);
        let next = copy.get(whole + 1).copied().unwrap_or_default();
        *sample = copy[whole] * (1.0 - part) + next * part;
    }
}

/// The same sound backwards: of the same kind and level, but not the same.
fn other(part: &mut [f32]) {
    part.reverse();
}

fn amplify(part: &mut [f32], factor: f32) {
    part.iter_mut().for_each(|sample| *sample *= factor);
}

/// Silence where there is sound: the loudest stretch of the third.
fn gap(channel: &mut [f32], n: usize, length: usize) {
    let range = third(channel.len(), n);
    let part = &mut channel[range];
    let starts = (0..part.len() - length).step_by(length / 4);
    let energy = |from: &usize| {
        part[*from..from + length]
            .iter()
            .map(|s| s * s)
            .sum::<f32>()
    };
    let loudest = starts.max_by(|a, b| energy(a).total_cmp(&energy(b)));
    let from = loudest.unwrap_or_default();
    part[from..from + length].fill(0.0);
}
