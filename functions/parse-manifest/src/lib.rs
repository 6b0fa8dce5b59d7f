//! Reads the manifest into a job, or reports every defect with line and column.
//!
//! Reads the newest version of the manifest: if it was replaced since its event, both executions read the new one, and the
//! submission lets one of them encode. Writes `jobs/{job_key}/job.json`. Returns the job key and the title. Errors:
//! `ManifestMissing`, `ManifestInvalid` with all defects, and those of storage.

use std::sync::Arc;

use bytes::Bytes;
use reelsmith_contract::payload::{JobRef, ParseManifestInput};
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::keys::JobKeys;
use reelsmith_core::manifest::{Defect, MAX_BYTES, Severity, parse};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortError, PortErrorKind};
use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::settings::JobDefaults;

pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    pub outputs: Objects,
    pub defaults: JobDefaults,
}

/// Maximum size of the list of defects in an error, in bytes: `fail-job` keeps 12,000 bytes of a cause.
const MAX_LISTED: usize = 10_000;

/// Parses the manifest and writes `job.json`.
pub async fn handle(
    ports: Arc<Ports>,
    input: ParseManifestInput,
    _invocation: Invocation,
) -> Result<JobRef, Failure> {
    let object = ObjectRef::new(&input.source.bucket, &input.source.key);
    let (pin, xml) = fetch(ports.store.as_ref(), &object).await?;
    let parsed = parse(&xml);
    let (warnings, errors): (Vec<_>, Vec<_>) = parsed
        .defects
        .into_iter()
        .partition(|d| d.severity == Severity::Warning);
    let manifest = match parsed.manifest {
        Some(manifest) if errors.is_empty() => manifest,
        _ => return Err(invalid(&object, &errors)),
    };
    for warning in &warnings {
        tracing::warn!(manifest = %object, defect = %warning, "warning in the manifest");
    }
    let job = ports.defaults.job(pin, manifest, warnings);
    let key = JobKeys(&job.job_key).job();
    ports.outputs.write(&key, &job).await?;
    tracing::info!(job_key = %job.job_key, asset = %job.asset, manifest = %object, "parsed");
    Ok(JobRef {
        job_key: job.job_key,
        asset: job.asset,
    })
}

async fn fetch(store: &dyn ObjectStore, object: &ObjectRef) -> Result<(ObjectPin, Bytes), Failure> {
    let failed = |e: PortError| match e.kind() {
        PortErrorKind::NotFound => Failure::new(
            ErrorName::ManifestMissing,
            "the manifest",
            "no object",
            object.to_string(),
            "drop the manifest again, and do not delete it before its job ends",
        ),
        _ => Failure::storage(&e, object),
    };
    let pin = store.head(object).await.map_err(failed)?.pin;
    let end = pin.size.min(MAX_BYTES as u64 + 1);
    if end == 0 {
        return Ok((pin, Bytes::new()));
    }
    let xml = store.get_range(&pin, 0, end).await.map_err(failed)?;
    Ok((pin, xml))
}

fn invalid(object: &ObjectRef, errors: &[Defect]) -> Failure {
    let mut listed = String::new();
    for (n, defect) in errors.iter().enumerate() {
        if listed.len() > MAX_LISTED {
            listed.push_str(&format!("\n… and {} more", errors.len() - n));
            break;
        }
        listed.push_str(&format!("\n{defect}"));
    }
    Failure::new(
        ErrorName::ManifestInvalid,
        "a manifest without defects",
        format!("{} defects:{listed}\n", errors.len()),
        object.to_string(),
        "correct every line above and drop the manifest again; docs/manifest.md describes the format, and `reelsmith manifest check FILE` makes the same check offline",
    )
}

#[cfg(test)]
mod tests;
