//! Filters: halving the sample rate, and second-order sections.

use std::f64::consts::PI;

/// Half of the taps of the half-band filter without its middle; every second tap is zero.
const ARM: usize = 15;
const TAPS: usize = 2 * ARM + 1;

/// Halves the sample rate behind a low-pass filter at a quarter of it.
#[derive(Clone, Debug)]
pub(crate) struct HalfBand {
    /// Factors of the samples at distances 1, 3, 5, … from the middle.
    factors: [f32; ARM.div_ceil(2)],
    waiting: Vec<f32>,
}

impl HalfBand {
    /// Samples after one that its filtered value depends on.
    pub(crate) const DELAY: usize = ARM;

    pub(crate) fn new() -> Self {
        let mut factors = [0.0; ARM.div_ceil(2)];
        for (n, factor) in factors.iter_mut().enumerate() {
            let distance = (2 * n + 1) as f64;
            let ideal = (PI * distance / 2.0).sin() / (PI * distance);
            // Blackman's window.
            let phase = PI * (1.0 + distance / (ARM as f64 + 1.0));
            let window = 0.42 - 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
            *factor = (ideal * window) as f32;
        }
        Self {
            factors,
            waiting: vec![0.0; ARM],
        }
    }

    /// Appends one sample for every two of `input`.
    pub(crate) fn process(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.waiting.extend_from_slice(input);
        let mut from = 0;
        while let Some(taps) = self
            .waiting
            .get(from..)
            .and_then(<[f32]>::first_chunk::<TAPS>)
        {
            let mut sum = taps[ARM] / 2.0;
            for (n, factor) in self.factors.iter().enumerate() {
                let distance = 2 * n + 1;
                sum += factor * (taps[ARM - distance] + taps[ARM + distance]);
            }
            output.push(sum);
            from += 2;
        }
        self.waiting.drain(..from);
    }
}

/// A second-order section in transposed direct form II.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    /// Factors of the input.
    forward: [f64; 3],
    /// Factors of the output, after the first, which is 1.
    back: [f64; 2],
    state: [f64; 2],
}

impl Section {
    /// A section with these factors of the input and, all divided by the first of them, of the output.
    pub(crate) fn new(forward: [f64; 3], back: [f64; 3]) -> Self {
        let [first, second, third] = back;
        Self {
            forward: forward.map(|f| f / first),
            back: [second / first, third / first],
            state: [0.0; 2],
        }
    }

    /// A low-pass filter at `hertz` with the quality `q`.
    pub(crate) fn low_pass(hertz: f64, q: f64, rate: f64) -> Self {
        let k = (PI * hertz / rate).tan();
        let forward = [k * k, 2.0 * k * k, k * k];
        Self::new(
            forward,
            [
                1.0 + k / q + k * k,
                2.0 * (k * k - 1.0),
                1.0 - k / q + k * k,
            ],
        )
    }

    pub(crate) fn process(&mut self, input: f64) -> f64 {
        let [b0, b1, b2] = self.forward;
        let [a1, a2] = self.back;
        let output = b0 * input + self.state[0];
        self.state[0] = b1 * input - a1 * output + self.state[1];
        self.state[1] = b2 * input - a2 * output;
        // Denormal numbers would be slow in silence.
        if self.state.iter().all(|s| s.abs() < 1e-25) {
            self.state = [0.0; 2];
        }
        output
    }
}
