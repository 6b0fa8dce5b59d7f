//! Rules about MPDs.

mod r01;
mod r02;
mod r03;
mod r04;
mod r05;
mod r06;
mod r07;
mod r08;
mod r09;
mod r10;
mod r11;
mod r12;
mod r13;
mod r14;
mod r15;
mod r16;
mod r17;
mod r18;
mod r19;

use super::Rule;

/// The rules of this group.
pub(super) static RULES: &[&Rule] = &[
    &r01::RULE,
    &r02::RULE,
    &r03::RULE,
    &r04::RULE,
    &r05::RULE,
    &r06::RULE,
    &r07::RULE,
    &r08::RULE,
    &r09::RULE,
    &r10::RULE,
    &r11::RULE,
    &r12::RULE,
    &r13::RULE,
    &r14::RULE,
    &r15::RULE,
    &r16::RULE,
    &r17::RULE,
    &r18::RULE,
    &r19::RULE,
];
