//! The promises of a job, from its records.

use reelsmith_conformance::Expectation;
use reelsmith_core::job::Job;
use reelsmith_core::keys::rendition_record_path;
use reelsmith_core::plan::Plan;
use reelsmith_core::record::RenditionRecord;

use crate::error::Error;
use crate::location::{Location, split};

const READ: &str = "read the records of the job in";

/// Reads `plan.json`, `renditions/*.json` and, if it exists, `job.json`, which is in the same folder or, as in the output
/// bucket, in the folder of the job next to that of its generation. Without `job.json`, `dash` decides whether DASH is
/// expected.
pub(crate) async fn expectation(location: &Location, dash: bool) -> Result<Expectation, Error> {
    let plan: Plan = read(location, "plan.json").await?;
    let mut records: Vec<RenditionRecord> = Vec::new();
    for rendition in plan.renditions() {
        records.push(read(location, &rendition_record_path(rendition)).await?);
    }
    let dash = job(location).await?.map_or(dash, |job| job.options.dash);
    Ok(Expectation::from_plan(&plan, &records, dash))
}

async fn read<T: serde::de::DeserializeOwned>(location: &Location, path: &str) -> Result<T, Error> {
    let key = format!("{}{path}", location.prefix);
    let read = location.objects.read(&key).await;
    read.map_err(|e| location.error(READ, &e).with_source(e))
}

async fn job(location: &Location) -> Result<Option<Job>, Error> {
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
