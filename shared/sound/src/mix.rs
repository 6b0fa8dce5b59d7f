//! Mixing the channels of a source to those of a rendition.

/// Centre and surrounds in a stereo downmix: -3 dB (ITU-R BS.775-4, annex 4, table 2).
const DOWN: f32 = std::f32::consts::FRAC_1_SQRT_2;

/// Channels of 5.1, in order: left, right, centre, LFE, left and right surround.
const SURROUND: usize = 6;

/// The matrix of a mix: for each output the factor of each input.
#[derive(Clone, Debug, PartialEq)]
pub struct Mix {
    inputs: usize,
    rows: Vec<Vec<f32>>,
}

impl Mix {
    /// The mix of `inputs` channels, in the order of their layout (mono, stereo, 5.1 or 7.1), to `outputs` (stereo or 5.1).
    #[must_use]
    pub fn new(inputs: usize, outputs: usize) -> Self {
        let surround = surround(inputs);
        let rows = match outputs {
            SURROUND => surround,
            _ => [[0, 2, 4], [1, 2, 5]]
                .map(|[front, centre, side]| {
                    let place = |n: usize| surround.get(n).into_iter().flatten();
                    let places = place(front).zip(place(centre)).zip(place(side));
                    places.map(|((f, c), s)| f + DOWN * (c + s)).collect()
                })
                .to_vec(),
        };
        Self { inputs, rows }
    }

    /// The number of channels that it reads.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Mixes interleaved samples.
    #[must_use]
    pub fn apply(&self, sound: Vec<f32>) -> Vec<f32> {
        if self.is_identity() {
            return sound;
        }
        let frames = sound.chunks_exact(self.inputs.max(1));
        let mixed = frames.flat_map(|frame| {
            let output =
                move |row: &Vec<f32>| row.iter().zip(frame).map(|(a, b)| a * b).sum::<f32>();
            self.rows.iter().map(output)
        });
        mixed.collect()
    }

    fn is_identity(&self) -> bool {
        let one = |n, m| if n == m { 1.0 } else { 0.0 };
        let mut rows = self.rows.iter().enumerate();
        self.rows.len() == self.inputs
            && rows.all(|(n, row)| row.iter().enumerate().all(|(m, f)| *f == one(n, m)))
    }
}

/// The factors that make 5.1 of a layout with that many channels. Mono is the centre. The sides of 7.1 are added to its back
/// channels at -3 dB.
fn surround(inputs: usize) -> Vec<Vec<f32>> {
    let mut rows = vec![vec![0.0; inputs]; SURROUND];
    let places: &[(usize, usize, f32)] = match inputs {
        1 => &[(2, 0, 1.0)],
        8 => &[(4, 6, DOWN), (5, 7, DOWN)],
        _ => &[],
    };
    let same = (0..if inputs > 1 { inputs.min(SURROUND) } else { 0 }).map(|n| (n, n, 1.0));
    for (output, input, factor) in same.chain(places.iter().copied()) {
        if let Some(cell) = rows.get_mut(output).and_then(|row| row.get_mut(input)) {
            *cell = factor;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layout_is_mixed_by_the_standard_matrix() {
        let one = |inputs: usize, outputs: usize| {
            let mut mixed = Vec::new();
            for n in 0..inputs {
                let mut frame = vec![0.0; inputs];
                frame[n] = 1.0;
                mixed.push(Mix::new(inputs, outputs).apply(frame));
            }
            mixed
        };
        assert_eq!(one(1, 2), [[DOWN, DOWN]]);
        assert_eq!(one(2, 2), [[1.0, 0.0], [0.0, 1.0]]);
        let down = [
            [1.0, 0.0],
            [0.0, 1.0],
            [DOWN, DOWN],
            [0.0, 0.0],
            [DOWN, 0.0],
            [0.0, DOWN],
        ];
        assert_eq!(one(6, 2), down);
        assert!(Mix::new(6, 6).is_identity() && Mix::new(2, 2).is_identity());
        assert_eq!(one(8, 6)[6], [0.0, 0.0, 0.0, 0.0, DOWN, 0.0]);
        assert_eq!(one(8, 6)[4], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }
}
