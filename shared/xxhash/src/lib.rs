//! xxHash64, XXH3-64 and XXH3-128 of one stream of bytes, all with seed 0.
//!
//! **Problem.** A mezzanine of hundreds of gigabytes is not read in one invocation of a function, so the state of its hash
//! is stored and loaded again. No crate does that for XXH3.
//!
//! **Idea.** Both algorithms work on whole stripes. [`XxHash`] passes on blocks of 1,024 bytes, the block length of XXH3 with
//! its default secret and a multiple of the stripe of xxHash64, and keeps the last bytes, which XXH3 treats in another way.
//! So the state is a few numbers and up to 1,024 bytes, and serialises with serde. An input of at most one block is complete
//! in the buffer, and the crate `xxhash-rust` hashes it.
//!
//! The algorithms are those of the specification, <https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md>. This is a
//! crate of its own because development builds optimise it.
//!
//! ```
//! use reelsmith_xxhash::XxHash;
//!
//! let mut hash = XxHash::default();
//! hash.update(b"abc");
//! assert_eq!(hash.finish().xxh64, 0x44bc2cf5ad770999);
//! ```

use serde::{Deserialize, Serialize};

const BLOCK: usize = 1_024;
const STRIPE: usize = 64;
const P32_1: u64 = 0x9E37_79B1;
const P32_2: u64 = 0x85EB_CA77;
const P32_3: u64 = 0xC2B2_AE3D;
const P64_1: u64 = 0x9E37_79B1_85EB_CA87;
const P64_2: u64 = 0xC2B2_AE3D_27D4_EB4F;
const P64_3: u64 = 0x1656_67B1_9E37_79F9;
const P64_4: u64 = 0x85EB_CA77_C2B2_AE63;
const P64_5: u64 = 0x27D4_EB2F_1656_67C5;

/// The default secret of XXH3.
#[rustfmt::skip]
const SECRET: [u8; 192] = [
    0xb8, 0xfe, 0x6c, 0x39, 0x23, 0xa4, 0x4b, 0xbe, 0x7c, 0x01, 0x81, 0x2c, 0xf7, 0x21, 0xad, 0x1c,
    0xde, 0xd4, 0x6d, 0xe9, 0x83, 0x90, 0x97, 0xdb, 0x72, 0x40, 0xa4, 0xa4, 0xb7, 0xb3, 0x67, 0x1f,
    0xcb, 0x79, 0xe6, 0x4e, 0xcc, 0xc0, 0xe5, 0x78, 0x82, 0x5a, 0xd0, 0x7d, 0xcc, 0xff, 0x72, 0x21,
    0xb8, 0x08, 0x46, 0x74, 0xf7, 0x43, 0x24, 0x8e, 0xe0, 0x35, 0x90, 0xe6, 0x81, 0x3a, 0x26, 0x4c,
    0x3c, 0x28, 0x52, 0xbb, 0x91, 0xc3, 0x00, 0xcb, 0x88, 0xd0, 0x65, 0x8b, 0x1b, 0x53, 0x2e, 0xa3,
    0x71, 0x64, 0x48, 0x97, 0xa2, 0x0d, 0xf9, 0x4e, 0x38, 0x19, 0xef, 0x46, 0xa9, 0xde, 0xac, 0xd8,
    0xa8, 0xfa, 0x76, 0x3f, 0xe3, 0x9c, 0x34, 0x3f, 0xf9, 0xdc, 0xbb, 0xc7, 0xc7, 0x0b, 0x4f, 0x1d,
    0x8a, 0x51, 0xe0, 0x4b, 0xcd, 0xb4, 0x59, 0x31, 0xc8, 0x9f, 0x7e, 0xc9, 0xd9, 0x78, 0x73, 0x64,
    0xea, 0xc5, 0xac, 0x83, 0x34, 0xd3, 0xeb, 0xc3, 0xc5, 0x81, 0xa0, 0xff, 0xfa, 0x13, 0x63, 0xeb,
    0x17, 0x0d, 0xdd, 0x51, 0xb7, 0xf0, 0xda, 0x49, 0xd3, 0x16, 0x55, 0x26, 0x29, 0xd4, 0x68, 0x9e,
    0x2b, 0x16, 0xbe, 0x58, 0x7d, 0x47, 0xa1, 0xfc, 0x8f, 0xf8, 0xb8, 0xd1, 0x7a, 0xd0, 0x31, 0xce,
    0x45, 0xcb, 0x3a, 0x8f, 0x95, 0x16, 0x04, 0x28, 0xaf, 0xd7, 0xfb, 0xca, 0xbb, 0x4b, 0x40, 0x7e,
];

/// The state after some bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct XxHash {
    length: u64,
    /// The lanes of xxHash64.
    lanes: [u64; 4],
    /// The accumulators of XXH3.
    accumulators: [u64; 8],
    /// The bytes that are not in the numbers above: after the first byte, 1 to 1,024.
    rest: Vec<u8>,
    /// The last stripe before `rest`.
    before: Vec<u8>,
}

/// The hashes of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashes {
    /// xxHash64.
    pub xxh64: u64,
    /// XXH3 with 64 bits.
    pub xxh3_64: u64,
    /// XXH3 with 128 bits.
    pub xxh3_128: u128,
}

impl Default for XxHash {
    fn default() -> Self {
        Self {
            length: 0,
            lanes: [
                P64_1.wrapping_add(P64_2),
                P64_2,
                0,
                0_u64.wrapping_sub(P64_1),
            ],
            accumulators: [P32_3, P64_1, P64_2, P64_3, P64_4, P32_2, P64_5, P32_1],
            rest: Vec::with_capacity(BLOCK),
            before: Vec::new(),
        }
    }
}

impl XxHash {
    /// Adds the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.rest.len() + bytes.len() <= BLOCK {
            self.rest.extend_from_slice(bytes);
            return;
        }
        if !self.rest.is_empty() {
            let (head, tail) = bytes.split_at(BLOCK - self.rest.len());
            let mut block = std::mem::take(&mut self.rest);
            block.extend_from_slice(head);
            self.block(&block);
            self.before = block[BLOCK - STRIPE..].to_vec();
            bytes = tail;
        }
        // More bytes must follow a block that is passed on, because the last one is treated in another way.
        while bytes.len() > BLOCK {
            let (block, tail) = bytes.split_at(BLOCK);
            self.block(block);
            if tail.len() <= BLOCK {
                self.before = block[BLOCK - STRIPE..].to_vec();
            }
            bytes = tail;
        }
        self.rest.extend_from_slice(bytes);
    }

    /// The hashes of all bytes added.
    pub fn finish(&self) -> Hashes {
        if self.length <= BLOCK as u64 {
            return Hashes {
                xxh64: xxhash_rust::xxh64::xxh64(&self.rest, 0),
                xxh3_64: xxhash_rust::xxh3::xxh3_64(&self.rest),
                xxh3_128: xxhash_rust::xxh3::xxh3_128(&self.rest),
            };
        }
        let accumulators = self.last_block();
        let low = merged(
            &accumulators,
            &SECRET[11..],
            self.length.wrapping_mul(P64_1),
        );
        let start = !self.length.wrapping_mul(P64_2);
        let high = merged(&accumulators, &SECRET[192 - STRIPE - 11..], start);
        Hashes {
            xxh64: self.xxh64(),
            xxh3_64: low,
            xxh3_128: u128::from(high) << 64 | u128::from(low),
        }
    }

    fn block(&mut self, block: &[u8]) {
        for stripe in block.chunks_exact(32) {
            add_stripe(&mut self.lanes, stripe);
        }
        for (number, stripe) in block.chunks_exact(STRIPE).enumerate() {
            accumulate(&mut self.accumulators, stripe, &SECRET[8 * number..]);
        }
        for (place, accumulator) in self.accumulators.iter_mut().enumerate() {
            let mixed = *accumulator ^ (*accumulator >> 47) ^ word(&SECRET[128..], place);
            *accumulator = mixed.wrapping_mul(P32_1);
        }
    }

    /// The accumulators of XXH3 after the rest and the last stripe.
    fn last_block(&self) -> [u64; 8] {
        let mut accumulators = self.accumulators;
        let whole = (self.rest.len() - 1) / STRIPE;
        for (number, stripe) in self.rest.chunks_exact(STRIPE).take(whole).enumerate() {
            accumulate(&mut accumulators, stripe, &SECRET[8 * number..]);
        }
        let mut end = self.before.clone();
        end.extend_from_slice(&self.rest);
        accumulate(
            &mut accumulators,
            &end[end.len() - STRIPE..],
            &SECRET[192 - STRIPE - 7..],
        );
        accumulators
    }

    fn xxh64(&self) -> u64 {
        let mut lanes = self.lanes;
        let mut stripes = self.rest.chunks_exact(32);
        for stripe in &mut stripes {
            add_stripe(&mut lanes, stripe);
        }
        let rotated = [1, 7, 12, 18].iter().zip(lanes);
        let mut hash = rotated.fold(0_u64, |sum, (by, lane)| {
            sum.wrapping_add(lane.rotate_left(*by))
        });
        for lane in lanes {
            hash = (hash ^ round(0, lane))
                .wrapping_mul(P64_1)
                .wrapping_add(P64_4);
        }
        hash = hash.wrapping_add(self.length);
        let mut words = stripes.remainder().chunks_exact(8);
        for bytes in &mut words {
            hash = (hash ^ round(0, word(bytes, 0))).rotate_left(27);
            hash = hash.wrapping_mul(P64_1).wrapping_add(P64_4);
        }
        let mut tail = words.remainder();
        if let Some((four, rest)) = tail.split_first_chunk::<4>() {
            let four = u64::from(u32::from_le_bytes(*four));
            hash = (hash ^ four.wrapping_mul(P64_1)).rotate_left(23);
            hash = hash.wrapping_mul(P64_2).wrapping_add(P64_3);
            tail = rest;
        }
        for byte in tail {
            hash = (hash ^ u64::from(*byte).wrapping_mul(P64_5)).rotate_left(11);
            hash = hash.wrapping_mul(P64_1);
        }
        hash = (hash ^ (hash >> 33)).wrapping_mul(P64_2);
        hash = (hash ^ (hash >> 29)).wrapping_mul(P64_3);
        hash ^ (hash >> 32)
    }
}

fn word(bytes: &[u8], place: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&bytes[8 * place..8 * place + 8]);
    u64::from_le_bytes(word)
}

fn round(lane: u64, input: u64) -> u64 {
    let sum = lane.wrapping_add(input.wrapping_mul(P64_2));
    sum.rotate_left(31).wrapping_mul(P64_1)
}

fn add_stripe(lanes: &mut [u64; 4], stripe: &[u8]) {
    for (place, lane) in lanes.iter_mut().enumerate() {
        *lane = round(*lane, word(stripe, place));
    }
}

fn accumulate(accumulators: &mut [u64; 8], stripe: &[u8], secret: &[u8]) {
    for place in 0..8 {
        let data = word(stripe, place);
        let keyed = data ^ word(secret, place);
        let product = (keyed & 0xFFFF_FFFF).wrapping_mul(keyed >> 32);
        accumulators[place ^ 1] = accumulators[place ^ 1].wrapping_add(data);
        accumulators[place] = accumulators[place].wrapping_add(product);
    }
}

fn merged(accumulators: &[u64; 8], secret: &[u8], start: u64) -> u64 {
    let mut hash = start;
    for place in 0..4 {
        let left = accumulators[2 * place] ^ word(secret, 2 * place);
        let right = accumulators[2 * place + 1] ^ word(secret, 2 * place + 1);
        let product = u128::from(left) * u128::from(right);
        hash = hash.wrapping_add(product as u64 ^ (product >> 64) as u64);
    }
    hash = (hash ^ (hash >> 37)).wrapping_mul(0x1656_6791_9E37_79F9);
    hash ^ (hash >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(bytes: &[u8]) -> Hashes {
        Hashes {
            xxh64: xxhash_rust::xxh64::xxh64(bytes, 0),
            xxh3_64: xxhash_rust::xxh3::xxh3_64(bytes),
            xxh3_128: xxhash_rust::xxh3::xxh3_128(bytes),
        }
    }

    #[test]
    fn the_hashes_are_those_of_the_reference_for_every_length_and_cut() {
        let bytes: Vec<u8> = (0..9_000_u32)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
            .collect();
        for length in (0..2_200).chain([4_095, 4_096, 4_097, 8_191, 8_192, 9_000]) {
            let bytes = &bytes[..length];
            let expected = expected(bytes);
            for piece in [1, 7, 63, 64, 1_000, 1_023, 1_024, 1_025, 9_000] {
                let mut hash = XxHash::default();
                bytes.chunks(piece).for_each(|piece| hash.update(piece));
                assert_eq!(
                    hash.finish(),
                    expected,
                    "{length} bytes in pieces of {piece}"
                );
            }
        }
    }
}
