//! Opens and measures every deliverable and applies the conformance rules.
//!
//! A rule that is broken, and a thing that could not be measured, both fail the job; nothing is published then.

use std::sync::Arc;

use reelsmith_conformance::{Expectation, ExpectedImages, Report, Sets, Severity, Verdict, check};
use reelsmith_contract::payload::{ClaimInput, ValidateOutputOutput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::{Clock, SubmissionStore};
use reelsmith_core::record::{ImagesRecord, RenditionRecord};
use reelsmith_core::submission::Step;
use reelsmith_lambda::Clients;
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::proof::{evidence, gather, page};
use reelsmith_pipeline::submission::advance;

/// What this function works with.
pub struct Ports {
    /// The output bucket.
    pub outputs: Objects,
    /// The submission table.
    pub submissions: Arc<dyn SubmissionStore>,
    /// Wall-clock time.
    pub clock: Arc<dyn Clock>,
    /// How long a hold is respected, in seconds.
    pub lease_seconds: u32,
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing or wrong.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            outputs: clients.outputs()?,
            submissions: clients.submissions()?,
            clock: clients.clock(),
            lease_seconds: clients.settings().number(Setting::LEASE_SECONDS)?,
        })
    }
}

/// Violations that are listed in the error; all of them are in the report.
const LISTED: usize = 20;

/// Validates, and writes `report.json` and `report.html`.
///
/// # Errors
/// `OutputInvalid` with the first violations, `SubmissionLost`, or those of storage and table.
pub async fn handle(
    ports: Arc<Ports>,
    input: ClaimInput,
    _invocation: Invocation,
) -> Result<ValidateOutputOutput, Failure> {
    let keys = input.claim.keys();
    begin(&ports, &input).await?;
    let job: Job = ports
        .outputs
        .read(&JobKeys(&input.claim.job_key).job())
        .await?;
    let expectation = expectation(&ports, &input, &job, &keys).await?;
    let known = gather::known(&ports.outputs, &expectation, &keys).await?;
    let prefix = keys.output_prefix();
    let delivery = gather::gather(&ports.outputs, prefix, gather::Effort::default(), known).await?;
    let report = Report {
        mock: job.options.mock,
        ..check(&delivery, Some(&expectation), Sets::ALL)
    };
    ports.outputs.write(&keys.report(), &report).await?;
    let clock = ports.clock.as_ref();
    page::write(
        &ports.outputs,
        clock,
        &input.claim,
        &expectation.evidence.quality,
        &report,
    )
    .await?;
    if report.verdict == Verdict::Fail {
        return Err(invalid(&ports.outputs, &keys, &report));
    }
    let warnings = u32::try_from(report.count(Severity::Warn)).unwrap_or(u32::MAX);
    tracing::info!(rules = report.rules_checked, warnings, "proven");
    Ok(ValidateOutputOutput {
        report: keys.report(),
        rules: report.rules_checked,
        warnings,
    })
}

/// From here on the row says that the encode is over; an execution that lost the job stops here.
async fn begin(ports: &Ports, input: &ClaimInput) -> Result<(), Failure> {
    let claim = &input.claim;
    let step = Step::Validate {
        fence: claim.fence.clone(),
        lease_seconds: ports.lease_seconds,
    };
    let (submissions, clock) = (ports.submissions.as_ref(), ports.clock.as_ref());
    advance(submissions, clock, claim, step, None)
        .await
        .map(|_| ())
}

async fn expectation(
    ports: &Ports,
    input: &ClaimInput,
    job: &Job,
    keys: &GenerationKeys,
) -> Result<Expectation, Failure> {
    let plan: Plan = ports.outputs.read(&keys.plan()).await?;
    let mut records: Vec<RenditionRecord> = Vec::new();
    for rendition in plan.renditions() {
        records.push(
            ports
                .outputs
                .read(&keys.rendition_record(rendition))
                .await?,
        );
    }
    let evidence = evidence::read(&ports.outputs, &input.claim, &plan, job).await?;
    let expectation = Expectation::from_plan(&plan, &records, job.options.dash);
    let images: Option<ImagesRecord> = ports.outputs.find(&keys.images_record()).await?;
    Ok(Expectation {
        images: images.as_ref().map(ExpectedImages::new),
        evidence,
        ..expectation
    })
}

fn invalid(outputs: &Objects, keys: &GenerationKeys, report: &Report) -> Failure {
    let failed = report
        .violations
        .iter()
        .filter(|v| v.severity == Severity::Fail);
    let mut listed: Vec<String> = failed.map(ToString::to_string).collect();
    let more = listed.len().saturating_sub(LISTED);
    listed.truncate(LISTED);
    if more > 0 {
        listed.push(format!("… and {more} more"));
    }
    Failure::new(
        ErrorName::OutputInvalid,
        format!("an output that keeps all {} rules", report.rules_checked),
        format!("\n{}\n", listed.join("\n")),
        outputs.at(&keys.report()).to_string(),
        "nothing was published; docs/conformance.md explains each rule; report it with the job's report.json",
    )
}
