//! Indexing a mezzanine and planning its job. `plan-chunks` and `reelsmith manifest new` share this code.

use std::sync::Arc;

use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::check::{RefusalKind, check_index};
use reelsmith_core::job::Job;
use reelsmith_core::keys::Generation;
use reelsmith_core::plan::Plan;
use reelsmith_core::ports::ObjectStore;
use reelsmith_core::probe::Inspection;
use reelsmith_media::{OnSource as _, Tools, read_index};

/// Indexes a mezzanine and plans its job for a number of parallel workers.
///
/// # Errors
/// `MezzanineTruncated`, `DurationUnsupported`, `PlanImpossible`, and those of storage and of ffprobe.
pub async fn make_plan(
    tools: &Tools,
    store: &Arc<dyn ObjectStore>,
    job: &Job,
    inspection: &Inspection,
    generation: Generation,
    workers: u32,
) -> Result<Plan, Failure> {
    let pin = &inspection.mezzanine;
    let indexed = read_index(tools, Arc::clone(store), pin, &inspection.probe)
        .await
        .on_source(&pin.object)?;
    tracing::info!(
        packets = indexed.index.packets.len(),
        bytes_read = indexed.bytes_read,
        read = ?indexed.index.read,
        "indexed"
    );
    if let Some(refusal) = check_index(&job.manifest, &inspection.probe, &indexed.index) {
        let (name, remedy) = match refusal.kind {
            RefusalKind::Duration => (
                ErrorName::DurationUnsupported,
                "deliver a programme within the limits",
            ),
            _ => (
                ErrorName::MezzanineTruncated,
                "the file is incomplete: upload it again, or export it again if it was cut off before",
            ),
        };
        let expected = format!("{}: {}", refusal.subject, refusal.expected);
        let location = pin.object.to_string();
        return Err(Failure::new(
            name,
            expected,
            refusal.found,
            location,
            remedy,
        ));
    }
    let plan = Plan::new(job, inspection, &indexed.index, generation, workers);
    plan.map_err(|e| {
        Failure::new(
            ErrorName::PlanImpossible,
            "an index from which exact chunks can be cut",
            e.to_string(),
            pin.object.to_string(),
            "remux the mezzanine so that every frame has a timestamp, or deliver it in another container",
        )
    })
}
