//! The rules, and the check that applies them.
//!
//! # The problem
//! An encoder or a packager that reports success proves nothing. A frame may be missing at a join, a playlist may
//! declare half the bit rate, a segment may belong to another job. Players do not report such defects; they stall, skip
//! or show garbage.
//!
//! # The idea
//! Every promise of the formats and of the pipeline is one rule in one file.
//! `rules/hls/m04_resolution_is_decoded_size.rs` has the identifier `HLS-M04`, the clauses, the title, the explanation
//! and the check; `reelsmith rules`, the reports and the tables of docs/conformance.md take them from
//! there. Groups: `HLS-G` both kinds of playlist, `HLS-M` the multivariant playlist, `HLS-P` media playlists, `SEG`
//! segments, `SRC` comparisons with the mezzanine, `SUB` captions, `IMG` thumbnails, `DSH` the MPD, `CMF` CMAF files, `DLV` delivery, `PIP` the pipeline
//! itself.
//!
//! # The flow
//! The parsers in [`crate::hls`] and [`crate::dash`] read a document completely and record each fault under the
//! identifier of the rule that covers it. [`check`] builds a view of the [`Delivery`] in which every media playlist is
//! joined with its init segment, its measured segments and the tags that reference it. For each rule it first reports
//! the faults that the parsers recorded, then calls the rule's own check, and finally sorts all violations by severity.
//!
//! # Invariants
//! - A rule reads facts only. It does no I/O, compares times as integers, and ends in bounded time for any input.
//! - A defect has one owner. A rule skips what another rule reports, so that a report names causes, not consequences.
//! - A rule without facts does not pass: it is listed as not judged or as not applicable, or `PIP-02` reports what could
//!   not be read. Checks state what they judge ([`Findings::each`]).
//! - Identifiers are stable; reports and dashboards store them.
//!
//! # Adding a rule
//! Write the file, add its two lines to the group, and add a damage to `rules/tests` that only this rule reports. The
//! tests fail as long as one of these is missing; `UPDATE_DOCS=1 cargo test -p reelsmith-conformance` writes the
//! tables.

mod cmf;
mod declared;
mod defects;
mod dlv;
mod dsh;
mod hls;
mod img;
mod pip;
mod seg;
mod src;
mod sub;
mod viewing;

#[cfg(test)]
mod tests;

use crate::delivery::Delivery;
use crate::expectation::Expectation;
use crate::profile::Profiles;
use crate::report::{Report, RuleOutcome};
use crate::rule::{Findings, Rule};
use crate::view::View;

/// All rules, in the order of the tables in docs/conformance.md.
pub fn registry() -> impl Iterator<Item = &'static Rule> {
    let groups = [
        hls::RULES,
        seg::RULES,
        src::RULES,
        sub::RULES,
        img::RULES,
        dsh::RULES,
        cmf::RULES,
        dlv::RULES,
        pip::RULES,
    ];
    groups.into_iter().flatten()
}

/// The rule with an identifier, in upper or lower case.
pub fn rule(id: &str) -> Option<&'static Rule> {
    registry().find(|r| r.id.eq_ignore_ascii_case(id))
}

/// Checks a delivery in some profiles, and compares it with what the job expects if that is known.
pub fn check(delivery: &Delivery, expected: Option<&Expectation>, profiles: Profiles) -> Report {
    let view = View::new(delivery, expected);
    let (mut outcomes, mut violations) = (Vec::new(), Vec::new());
    for rule in registry().filter(|r| r.severity(profiles).is_some()) {
        let mut findings = Findings::new(rule, profiles);
        findings.parser_faults(&view);
        (rule.check)(&view, &mut findings);
        let (outcome, found) = findings.finish();
        let rule = rule.id.to_owned();
        outcomes.push(RuleOutcome { rule, outcome });
        violations.extend(found);
    }
    Report::new(&view, profiles, outcomes, violations)
}
