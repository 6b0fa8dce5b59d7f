//! Placing decoded frames on the timeline of the programme.

/// A part of the sound of the programme; consecutive pieces follow each other without a gap.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its length in samples of each channel, at least 1.
    pub length: u64,
    /// Interleaved samples; `None` for silence.
    pub sound: Option<Vec<f32>>,
}

impl Piece {
    /// Silence of this length.
    #[must_use]
    pub fn silence(length: u64) -> Self {
        Self {
            length,
            sound: None,
        }
    }

    /// Removes the first `length` samples, which must be less than its length, and returns them.
    #[must_use]
    pub fn split(&mut self, length: u64, channels: usize) -> Self {
        let rest = self.length.saturating_sub(length);
        let sound = self.sound.as_mut().map(|sound| {
            let at = usize::try_from(length)
                .unwrap_or(usize::MAX)
                .saturating_mul(channels);
            let rest = sound.split_off(at.min(sound.len()));
            std::mem::replace(sound, rest)
        });
        self.length = rest;
        Self { length, sound }
    }
}

/// The samples of little-endian 32-bit floating-point numbers. Here, because this crate is optimised in every build.
#[must_use]
pub fn samples(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

/// Places frames by their times: gaps become silence, sound that overlaps earlier sound is left out, and so is what lies
/// outside the programme. Jumps of up to `least` samples are ignored, because rounded times jump at every frame.
#[derive(Clone, Debug)]
pub struct Timeline {
    channels: usize,
    least: u64,
    total: u64,
    /// The end of the sound so far, in samples from the start of the programme.
    end: u64,
}

impl Timeline {
    /// The timeline of a programme of `total` samples of `channels` channels.
    #[must_use]
    pub fn new(channels: usize, total: u64, least: u64) -> Self {
        Self {
            channels: channels.max(1),
            least,
            total,
            end: 0,
        }
    }

    /// Whether the programme is complete.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.end >= self.total
    }

    /// Places interleaved samples whose first one is due at `time`, in samples from the start of the programme. Returns
    /// silence, if there is a gap, and the part of the sound that is within the programme.
    pub fn place(&mut self, time: i64, mut sound: Vec<f32>) -> [Option<Piece>; 2] {
        let end = i64::try_from(self.end).unwrap_or(i64::MAX);
        let jump = time.saturating_sub(end);
        let mut gap = None;
        if self.end == 0 || jump.unsigned_abs() > self.least {
            if jump > 0 {
                gap = self.silence(jump.unsigned_abs());
            } else {
                let surplus = usize::try_from(jump.unsigned_abs()).unwrap_or(usize::MAX);
                let surplus = surplus.saturating_mul(self.channels).min(sound.len());
                sound.drain(..surplus);
            }
        }
        let room = self.total.saturating_sub(self.end);
        let length = ((sound.len() / self.channels) as u64).min(room);
        sound.truncate(
            usize::try_from(length)
                .unwrap_or(usize::MAX)
                .saturating_mul(self.channels),
        );
        self.end = self.end.saturating_add(length);
        let sound = (length > 0).then_some(Piece {
            length,
            sound: Some(sound),
        });
        [gap, sound]
    }

    /// Silence up to the end of the programme.
    pub fn finish(&mut self) -> Option<Piece> {
        self.silence(u64::MAX)
    }

    fn silence(&mut self, length: u64) -> Option<Piece> {
        let length = length.min(self.total.saturating_sub(self.end));
        self.end = self.end.saturating_add(length);
        (length > 0).then(|| Piece::silence(length))
    }
}
