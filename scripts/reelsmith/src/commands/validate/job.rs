//! What the records of a job promise.

use reelsmith_conformance::Expectation;
use reelsmith_core::job::Job;
use reelsmith_core::plan::Plan;
use reelsmith_core::record::RenditionRecord;

use super::place::{Place, split};
use crate::error::Trouble;

/// Reads `plan.json`, `renditions/*.json` and, where it is there, `job.json`: in the place itself, or as the output bucket
/// has it, in the folder of the job beside that of its generation. Without it, DASH is expected where there is some.
///
/// # Errors
/// Where the plan or a record of one of its renditions is not there or not readable.
pub async fn expectation(place: &Place, dash: bool) -> Result<Expectation, Trouble> {
    let trouble = |why: String| place.trouble("read the job's records in", &why);
    let plan: Plan = read(place, &format!("{}plan.json", place.prefix)).await?;
    let folder = format!("{}renditions/", place.prefix);
    let listed = place
        .objects
        .store()
        .list(place.objects.bucket(), &folder)
        .await;
    let mut records: Vec<RenditionRecord> = Vec::new();
    for object in listed.map_err(|e| trouble(e.to_string()))? {
        if object.key.ends_with(".json") {
            records.push(read(place, &object.key).await?);
        }
    }
    let missing = plan
        .renditions()
        .find(|r| !records.iter().any(|k| k.output.rendition == *r));
    if let Some(missing) = missing {
        return Err(trouble(format!(
            "expected the record of {missing} in renditions/, found none"
        )));
    }
    let dash = job(place).await?.map_or(dash, |job| job.options.dash);
    Ok(Expectation::from_plan(&plan, &records, dash))
}

async fn read<T: serde::de::DeserializeOwned>(place: &Place, key: &str) -> Result<T, Trouble> {
    let read = place.objects.read(key).await;
    read.map_err(|e| place.trouble("read the job's records in", &e.to_string()))
}

async fn job(place: &Place) -> Result<Option<Job>, Trouble> {
    let (above, name) = split(place.prefix.trim_end_matches('/'));
    let of_generation = name.rsplit_once("-g").map_or(name, |(job, _)| job);
    for key in [
        format!("{}job.json", place.prefix),
        format!("{above}{of_generation}/job.json"),
    ] {
        let found = place.objects.find(&key).await;
        let found =
            found.map_err(|e| place.trouble("read the job's records in", &e.to_string()))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
