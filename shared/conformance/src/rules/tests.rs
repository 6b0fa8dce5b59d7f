//! The rules' own test: damage a good output in one way, expect the rule that owns that damage.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::report::Verdict;
use crate::testing::Good;

mod foreign;
mod judges;
mod media;
mod mpd;
mod multivariant;
mod playlists;
mod storage;
mod supplied;

/// One way to damage a good output.
struct Damage {
    name: &'static str,
    /// The rule that owns it.
    rule: &'static str,
    /// Other rules of severity fail that it breaks too, by its nature.
    also: &'static [&'static str],
    apply: fn(&mut Good),
}

const MASTER: &str = "master.m3u8";
const MPD: &str = "manifest.mpd";
const V360: &str = "video/h264_360p";
const V720: &str = "video/h264_720p";

fn all() -> impl Iterator<Item = &'static Damage> {
    let playlists = playlists::DAMAGES.iter().chain(multivariant::DAMAGES);
    let texts = playlists.chain(mpd::DAMAGES);
    let media = texts.chain(media::DAMAGES).chain(supplied::DAMAGES);
    media.chain(storage::DAMAGES)
}

/// Outputs that break no rule, of every kind there is.
fn goods() -> Vec<(&'static str, Good, Sets)> {
    let without_job = Good {
        expected: None,
        ..Good::new()
    };
    let mut hls_only = without_job.clone();
    hls_only.texts.remove(MPD);
    let mut dash_only = without_job.clone();
    dash_only.texts.retain(|path, _| !path.ends_with(".m3u8"));
    let mut uncached = without_job.clone();
    uncached.objects.clear();
    vec![
        ("of a job", Good::new(), Sets::ALL),
        ("without a job", without_job, Sets::STANDARD),
        ("HLS only", hls_only, Sets::STANDARD),
        ("DASH only", dash_only, Sets::STANDARD),
        ("of which only sizes are listed", uncached, Sets::STANDARD),
        (
            "in one file with byte ranges",
            foreign::byte_ranges(),
            Sets::STANDARD,
        ),
        ("encrypted", Good::protected(), Sets::ALL),
        ("of six rungs and a minute", Good::long(16, 1), Sets::ALL),
    ]
}

/// A line that `cargo test` shows without `--nocapture`: only the printing macros are captured.
fn tell(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

#[test]
fn good_outputs_break_no_rule() {
    let goods = goods();
    for (name, good, sets) in &goods {
        let report = check(&good.delivery(), good.expected.as_ref(), *sets);
        assert_eq!(report.violations, [], "{name}\n{}", report.summary());
        assert_eq!(report.verdict, Verdict::Pass);
    }
    tell(&format!(
        "good outputs: {} of {} without violation",
        goods.len(),
        goods.len()
    ));
}

#[test]
fn a_check_of_all_rules_judges_all_rules() {
    let report = Good::new().report();
    assert_eq!(report.not_judged, [] as [String; 0]);
    assert_eq!(report.rules_checked, 106);
}

#[test]
fn a_rule_whose_facts_were_not_supplied_is_said_not_to_be_judged() {
    let mut good = Good::new();
    good.expected.as_mut().unwrap().evidence = crate::Evidence::default();
    let report = good.report();
    assert_eq!(report.violations, []);
    let unjudged = ["SEG-16", "SEG-17", "SEG-18", "PIP-01", "PIP-03"];
    assert_eq!(report.not_judged, unjudged);
    assert_eq!(report.rules_checked, 101);
}

#[test]
fn the_registry_has_the_rules_of_the_committed_table() {
    let rows = registry().map(|r| format!("{} {}\n", r.id, r.severity.as_str()));
    let rows: Vec<String> = rows.collect();
    assert_eq!(rows.len(), 106);
    assert_eq!(rows.concat(), include_str!("table.txt"));
}

#[test]
fn every_damage_is_found_by_the_rule_that_owns_it_and_by_no_unrelated_one() {
    let (mut wrong, mut count) = (Vec::new(), 0);
    let pristine = Good::new();
    for damage in all() {
        count += 1;
        let mut good = pristine.clone();
        (damage.apply)(&mut good);
        let report = good.report();
        let found: BTreeSet<&str> = report.violations.iter().map(|v| &*v.rule).collect();
        let fails = report
            .violations
            .iter()
            .filter(|v| v.severity == Severity::Fail);
        let unrelated: BTreeSet<&str> = fails
            .map(|v| &*v.rule)
            .filter(|r| *r != damage.rule && !damage.also.contains(r))
            .collect();
        let unused: Vec<_> = damage
            .also
            .iter()
            .filter(|r| !found.contains(**r))
            .collect();
        if !found.contains(damage.rule) || !unrelated.is_empty() || !unused.is_empty() {
            wrong.push(format!(
                "{} ({}): unrelated {unrelated:?}, expected but absent {unused:?}\n{}",
                damage.name,
                damage.rule,
                report.summary()
            ));
        }
    }
    tell(&format!(
        "mutations: {} of {count} caught",
        count - wrong.len()
    ));
    assert!(
        wrong.is_empty(),
        "{} damages:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_rule_has_a_damage_and_a_damage_has_a_name_of_its_own() {
    let owned: BTreeSet<&str> = all().map(|d| d.rule).collect();
    let known: BTreeSet<&str> = registry().map(|r| r.id).collect();
    assert_eq!(owned, known);
    let names: BTreeSet<&str> = all().map(|d| d.name).collect();
    assert_eq!(names.len(), all().count());
    assert!(names.len() >= 170);
}

#[test]
fn rules_have_unique_ids_a_clause_and_a_text() {
    let ids: BTreeSet<&str> = registry().map(|r| r.id).collect();
    assert_eq!(ids.len(), registry().count());
    for rule in registry() {
        let (group, number) = rule.id.split_once('-').unwrap();
        assert!(
            matches!(
                group,
                "HLS" | "SEG" | "SUB" | "IMG" | "DSH" | "CMF" | "DLV" | "PIP"
            ),
            "{group}"
        );
        assert!(number.len() == 2 || number.len() == 3, "{}", rule.id);
        assert!(rule.title.len() > 10 && rule.doc.len() > 40, "{}", rule.id);
        assert!(
            !rule.spec.is_empty() && !rule.doc.ends_with(' '),
            "{}",
            rule.id
        );
    }
}

#[test]
fn the_table_of_the_documentation_lists_exactly_these_rules() {
    let text = include_str!("../../../../docs/conformance.md");
    for rule in registry() {
        let severity = rule.severity.as_str();
        let row = format!(
            "| {} | {severity} | {} | {} |",
            rule.id, rule.title, rule.spec
        );
        assert!(
            text.contains(&row),
            "docs/conformance.md lacks the row\n{row}"
        );
    }
    let rows = text.lines().filter(|l| {
        ["HLS", "SEG", "SUB", "IMG", "DSH", "CMF", "DLV", "PIP"]
            .iter()
            .any(|g| l.starts_with(&format!("| {g}-")))
    });
    assert_eq!(rows.count(), registry().count());
}

#[test]
fn an_empty_delivery_fails_and_says_what_is_missing() {
    let report = check(&Delivery::default(), None, Sets::ALL);
    assert_eq!(report.verdict, Verdict::Fail);
    insta::assert_snapshot!(report.summary(), @r"
    FAIL: 101 rules checked, 1 fail, 0 warn, 0 info
      not judged: SEG-16, SEG-17, SEG-18, PIP-01, PIP-03
    HLS-M01 fail master.m3u8: expected a multivariant playlist, found none
    ");
}

#[test]
fn violations_are_listed_up_to_a_bound() {
    let mut good = Good::new();
    good.missing = good.segments.keys().cloned().collect();
    let report = good.report();
    let listed = report
        .violations
        .iter()
        .filter(|v| v.rule == "SEG-01")
        .count();
    assert_eq!(listed, MAX_PER_RULE + 1);
}

#[test]
fn a_report_survives_being_stored() {
    let mut good = Good::new();
    good.edit(MASTER, "FRAME-RATE=24.000,", "");
    let report = good.report();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    insta::assert_json_snapshot!(report.violations, @r#"
    [
      {
        "rule": "HLS-M05",
        "severity": "fail",
        "path": "master.m3u8",
        "location": {
          "line": 8
        },
        "expected": "FRAME-RATE",
        "found": "none"
      }
    ]
    "#);
    insta::assert_snapshot!(report.violations[0], @"HLS-M05 fail master.m3u8:8: expected FRAME-RATE, found none");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn damage_at_random_never_panics(
        which in any::<prop::sample::Index>(),
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut good = Good::new();
        let bytes = good.bytes();
        let path = which.get(&bytes.keys().cloned().collect::<Vec<_>>()).clone();
        let mut data = bytes[&path].clone();
        for (at, value) in hits {
            let at = at.index(data.len());
            data[at] = value;
        }
        good.raw.insert(path, data);
        let report = good.report();
        prop_assert!(report.rules_checked > 97);
        prop_assert!(!report.summary().is_empty());
    }
}
