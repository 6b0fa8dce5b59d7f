//! PIP-01: recorded mezzanine, profile and encoder build are those of the job.

use super::super::{Findings, Rule, RuleSet};
use crate::evidence::Identity;
use crate::report::Severity;
use crate::view::View;

/// Recorded mezzanine, profile and encoder build are those of the job.
pub(super) static RULE: Rule = Rule {
    id: "PIP-01",
    severity: Severity::Fail,
    spec: "pipeline",
    set: RuleSet::Pipeline,
    title: "recorded mezzanine, profile hash and encoder build are those of the job",
    doc: "Every record names the job it was made for; those of encoders also the build that ran, the probe the mezzanine that was read. One that differs belongs to another encode.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    let evidence = view.expected.map(|e| &e.evidence);
    let Some(provenance) = evidence.and_then(|e| e.provenance.as_ref()) else {
        return out.not_judged();
    };
    if provenance.records.is_empty() {
        out.add("", None, "records of who made the output", "none");
    }
    for (record, found) in &provenance.records {
        for (expected, found) in differing(&provenance.job, found) {
            out.add("", None, expected, format!("{found} in {record}"));
        }
    }
}

/// What a record states otherwise than the job.
fn differing(job: &Identity, record: &Identity) -> Vec<(String, String)> {
    let generation = |i: &Identity| i.generation.map(|g| g.to_string());
    let pairs = [
        ("job", job.job_key.clone(), record.job_key.clone()),
        ("generation", generation(job), generation(record)),
        ("mezzanine", job.mezzanine.clone(), record.mezzanine.clone()),
        ("profile", job.profile.clone(), record.profile.clone()),
        (
            "encoder build",
            job.encoder_build.clone(),
            record.encoder_build.clone(),
        ),
    ];
    let stated = pairs
        .into_iter()
        .filter_map(|(what, job, found)| Some((what, job?, found?)));
    let differing = stated.filter(|(_, job, found)| job != found);
    differing
        .map(|(what, job, found)| (format!("the {what} {job}"), found))
        .collect()
}
