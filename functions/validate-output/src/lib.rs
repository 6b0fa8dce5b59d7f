//! Opens and measures every deliverable, and checks it against the conformance rules.
//!
//! Reads the whole output, the measurements of `assemble-rendition`, and the records of the job. Writes the row VALIDATING, then
//! `report.json` and `report.html`. Returns the key of the report and the number of rules and warnings. Errors: `OutputInvalid`
//! with the first violations if a rule is violated or something could not be measured, `MezzanineDamaged`, `SubmissionLost`, and those of storage
//! and table. Nothing is published after an error.

use std::sync::Arc;

use reelsmith_conformance::{Expectation, Outcome, Profiles, Report, Severity, Verdict, check};
use reelsmith_contract::payload::{Claim, ClaimInput, ValidateOutputOutput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::GenerationKeys;
use reelsmith_core::record::RenditionRecord;
use reelsmith_core::submission::Step;
use reelsmith_core::warning::WarningName;
use reelsmith_pipeline::proof::gather::{KnownMeasurements, ReadBudget, RealNames, gather};
use reelsmith_pipeline::proof::{evidence, page};
use reelsmith_pipeline::submission::Submissions;
use reelsmith_pipeline::{Invocation, damage, records};

pub struct Ports {
    pub outputs: Objects,
    pub submissions: Submissions,
    pub lease_seconds: u32,
}

/// Violations in the error; the report has all of them.
const LISTED: usize = 20;

/// Validates the output, and writes `report.json` and `report.html`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<ValidateOutputOutput, Failure> {
    let (claim, outputs) = (&input.claim, &ports.outputs);
    let keys = claim.keys();
    // From now on the row says that the encode is over; an execution that lost the job stops here.
    let step = Step::Validate {
        fence: claim.fence.clone(),
        lease_seconds: ports.lease_seconds,
    };
    ports.submissions.advance(claim, step, None).await?;
    let job = records::job(outputs, &claim.job_key).await?;
    let expectation = expectation(outputs, claim, &job).await?;
    let known = KnownMeasurements::read(outputs, &expectation, &keys).await?;
    let budget = ReadBudget::default();
    let names = RealNames::default();
    let delivery = gather(outputs, keys.output_prefix(), budget, known, &names).await?;
    let report = Report {
        mock: job.options.mock,
        ..check(&delivery, Some(&expectation), Profiles::REELSMITH)
    };
    outputs.write(&keys.report(), &report).await?;
    page::write(outputs, claim, &report, ports.submissions.now()).await?;
    if report.verdict != Verdict::Pass {
        return Err(invalid(outputs, &keys, &report));
    }
    let warnings = u32::try_from(report.warning_count()).unwrap_or(u32::MAX);
    tracing::info!(rules = report.rules_checked, warnings, "proven");
    Ok(ValidateOutputOutput {
        report: keys.report(),
        rules: report.rules_checked,
        warnings,
    })
}

async fn expectation(outputs: &Objects, claim: &Claim, job: &Job) -> Result<Expectation, Failure> {
    let keys = claim.keys();
    let plan = records::plan(outputs, &keys).await?;
    let mut renditions: Vec<RenditionRecord> = Vec::new();
    for rendition in plan.renditions() {
        renditions.push(outputs.read(&keys.rendition_record(rendition)).await?);
    }
    let evidence = evidence::read(outputs, claim, &plan, job).await?;
    let damage = evidence.warnings.iter();
    let damage = damage.filter(|w| w.name == WarningName::PictureDamaged);
    let damaged = damage.map(|w| w.count).sum();
    let inspection = records::inspection(outputs, &claim.job_key).await?;
    damage::check(job, &plan, &inspection, damaged, "the whole title")?;
    Ok(Expectation {
        evidence,
        images: outputs.find(&keys.images_record()).await?,
        ..Expectation::from_plan(&plan, &renditions, job.options.dash)
    })
}

fn invalid(outputs: &Objects, keys: &GenerationKeys, report: &Report) -> Failure {
    let failed = report
        .violations
        .iter()
        .filter(|v| v.severity == Severity::Fail);
    let mut listed: Vec<String> = failed.map(ToString::to_string).collect();
    let unmeasured = report.renditions.iter().filter_map(|r| match &r.outcome {
        Outcome::NotJudged { reason } => Some(format!("{}: {reason}", r.path)),
        _ => None,
    });
    listed.extend(unmeasured);
    let more = listed.len().saturating_sub(LISTED);
    listed.truncate(LISTED);
    if more > 0 {
        listed.push(format!("… and {more} more"));
    }
    Failure::new(
        ErrorName::OutputInvalid,
        format!("an output that follows all {} rules", report.rules_checked),
        format!("\n{}\n", listed.join("\n")),
        outputs.at(&keys.report()).to_string(),
        "nothing was published; docs/conformance.md explains each rule; report the violations with the report.json of the job",
    )
}
