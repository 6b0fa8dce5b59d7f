//! The promises of a job, from its records.

use reelsmith_conformance::Expectation;
use reelsmith_core::job::Job;
use reelsmith_core::plan::Plan;
use reelsmith_core::record::RenditionRecord;

use crate::error::CliError;
use crate::job::location::{Location, split};

const READ: &str = "read the records of the job in";

/// Reads `plan.json`, `renditions/*.json` and, if it exists, `job.json`, which is in the same folder or, as in the output
/// bucket, in the folder of the job next to that of its generation. Without `job.json`, `dash` decides whether DASH is
/// expected.
pub async fn expectation(location: &Location, dash: bool) -> Result<Expectation, CliError> {
    let missing = |why: String| location.error(READ, &why);
    let plan: Plan = read(location, &format!("{}plan.json", location.prefix)).await?;
    let folder = format!("{}renditions/", location.prefix);
    let listed = location
        .objects
        .store()
        .list(location.objects.bucket(), &folder)
        .await;
    let mut records: Vec<RenditionRecord> = Vec::new();
    for object in listed.map_err(|e| missing(e.to_string()))? {
        if object.key.ends_with(".json") {
            records.push(read(location, &object.key).await?);
        }
    }
    let unrecorded = plan
        .renditions()
        .find(|r| !records.iter().any(|k| k.output.rendition == *r));
    if let Some(rendition) = unrecorded {
        return Err(missing(format!(
            "expected the record of {rendition} in renditions/, found none"
        )));
    }
    let dash = job(location).await?.map_or(dash, |job| job.options.dash);
    Ok(Expectation::from_plan(&plan, &records, dash))
}

async fn read<T: serde::de::DeserializeOwned>(
    location: &Location,
    key: &str,
) -> Result<T, CliError> {
    let read = location.objects.read(key).await;
    read.map_err(|e| location.error(READ, &e).with_source(e))
}

async fn job(location: &Location) -> Result<Option<Job>, CliError> {
    let (above, name) = split(location.prefix.trim_end_matches('/'));
    let of_generation = name.rsplit_once("-g").map_or(name, |(job, _)| job);
    for key in [
        format!("{}job.json", location.prefix),
        format!("{above}{of_generation}/job.json"),
    ] {
        let found = location.objects.find(&key).await;
        let found = found.map_err(|e| location.error(READ, &e).with_source(e))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
