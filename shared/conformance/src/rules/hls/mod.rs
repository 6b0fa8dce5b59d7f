//! Rules about HLS playlists.

mod g01;
mod g02;
mod g03;
mod g04;
mod g05;
mod g06;
mod m01;
mod m02;
mod m03;
mod m04;
mod m05;
mod m06;
mod m07;
mod m08;
mod m09;
mod m10;
mod m11;
mod m12;
mod m13;
mod m14;
mod m15;
mod m16;
mod m17;
mod m18;
mod m19;
mod m20;
mod m21;
mod m22;
mod m23;
mod m24;
mod m25;
mod m26;
mod p01;
mod p02;
mod p03;
mod p04;
mod p05;
mod p06;
mod p07;
mod p08;
mod p09;
mod p10;
mod p11;
mod p12;
mod p13;
mod p14;
mod p15;
mod p16;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &g01::RULE,
    &g02::RULE,
    &g03::RULE,
    &g04::RULE,
    &g05::RULE,
    &g06::RULE,
    &m01::RULE,
    &m02::RULE,
    &m03::RULE,
    &m04::RULE,
    &m05::RULE,
    &m06::RULE,
    &m07::RULE,
    &m08::RULE,
    &m09::RULE,
    &m10::RULE,
    &m11::RULE,
    &m12::RULE,
    &m13::RULE,
    &m14::RULE,
    &m15::RULE,
    &m16::RULE,
    &m17::RULE,
    &m18::RULE,
    &m19::RULE,
    &m20::RULE,
    &m21::RULE,
    &m22::RULE,
    &m23::RULE,
    &m24::RULE,
    &m25::RULE,
    &m26::RULE,
    &p01::RULE,
    &p02::RULE,
    &p03::RULE,
    &p04::RULE,
    &p05::RULE,
    &p06::RULE,
    &p07::RULE,
    &p08::RULE,
    &p09::RULE,
    &p10::RULE,
    &p11::RULE,
    &p12::RULE,
    &p13::RULE,
    &p14::RULE,
    &p15::RULE,
    &p16::RULE,
];
