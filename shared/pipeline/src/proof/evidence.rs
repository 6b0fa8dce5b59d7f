//! What the records of a job tell of its output: who made it, from what, and how loud.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use reelsmith_conformance::{AudioLevel, Evidence, Identity, Provenance};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::{GenerationKeys, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::{Inspection, Verification};
use reelsmith_core::record::{ChunkRecord, Loudness, TrackRecord};

/// Records read at once.
const READS: usize = 32;

/// Reads every record of a generation.
///
/// # Errors
/// `StorageInconsistent` where one is missing, or those of storage.
pub async fn read(
    outputs: &Objects,
    claim: &Claim,
    plan: &Plan,
    job: &Job,
) -> Result<Evidence, Failure> {
    let keys = claim.keys();
    let of_job = JobKeys(&claim.job_key);
    let inspection: Inspection = outputs.read(&of_job.probe()).await?;
    let verification: Verification = outputs.read(&of_job.checksums()).await?;
    let mut evidence = Evidence {
        source: Some(inspection.probe.video.display()),
        ..Evidence::default()
    };
    let mut records = BTreeMap::from([
        (of_job.checksums(), of_mezzanine(&inspection, &verification)),
        (of_job.job(), recomputed(job)),
        (keys.plan(), of_plan(plan)),
    ]);
    if job.encoder == EncoderKind::Lambda {
        records.extend(chunks(outputs, plan, &keys).await?);
        records.extend(tracks(outputs, plan, &keys, job, &mut evidence.levels).await?);
    }
    evidence.provenance = Some(Provenance {
        job: expected(claim, job),
        records,
    });
    Ok(evidence)
}

/// What all records must agree with: the job as it was claimed.
fn expected(claim: &Claim, job: &Job) -> Identity {
    Identity {
        job_key: Some(claim.job_key.to_string()),
        generation: Some(claim.generation().0),
        mezzanine: Some(md5(&job.manifest.mezzanine.checksum_md5)),
        profile: Some(job.profile.hash(&job.encoder_build)),
        encoder_build: Some(job.encoder_build.clone()),
    }
}

fn md5(digits: &str) -> String {
    format!("md5:{}", digits.to_ascii_lowercase())
}

/// The checksum of the version that was encoded; that of another version says nothing of it.
fn of_mezzanine(inspection: &Inspection, verification: &Verification) -> Identity {
    let mezzanine = if inspection.mezzanine == verification.mezzanine {
        md5(&verification.checksums.md5)
    } else {
        format!("another version: {}", verification.mezzanine.object)
    };
    Identity {
        mezzanine: Some(mezzanine),
        ..Identity::default()
    }
}

/// The key of a job is a hash over mezzanine, profile, encoder build and options: computed anew, it proves all of them.
fn recomputed(job: &Job) -> Identity {
    let anew = Job::new(
        job.source.clone(),
        job.manifest.clone(),
        job.options.clone(),
        job.profile.clone(),
        job.encoder,
        job.encoder_build.clone(),
        Vec::new(),
    );
    Identity {
        job_key: Some(anew.job_key.to_string()),
        ..Identity::default()
    }
}

fn of_plan(plan: &Plan) -> Identity {
    Identity {
        job_key: Some(plan.job_key.to_string()),
        generation: Some(plan.generation.0),
        ..Identity::default()
    }
}

async fn chunks(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
) -> Result<Vec<(String, Identity)>, Failure> {
    let items = plan.chunk_items().into_iter();
    let reads = items.map(|item| {
        let key = keys.chunk_record(item.chunk, item.group);
        async move {
            let record: ChunkRecord = outputs.read(&key).await?;
            let identity = Identity {
                job_key: Some(record.job_key.to_string()),
                generation: Some(record.generation.0),
                encoder_build: Some(record.run.encoder_build),
                ..Identity::default()
            };
            Ok((key, identity))
        }
    });
    let reads: Vec<_> = reads.collect();
    futures::stream::iter(reads)
        .buffered(READS)
        .try_collect()
        .await
}

async fn tracks(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
    job: &Job,
    levels: &mut Vec<AudioLevel>,
) -> Result<Vec<(String, Identity)>, Failure> {
    let audio = plan.audio.iter().map(|a| (&a.path, true));
    let mut records = Vec::new();
    for (rendition, encoded) in audio.chain(plan.text.iter().map(|t| (&t.path, false))) {
        let key = keys.track_record(rendition);
        let record: TrackRecord = outputs.read(&key).await?;
        if let Some(loudness) = &record.loudness {
            levels.push(level(rendition, loudness, job.profile.audio.loudness_lufs));
        }
        let identity = Identity {
            job_key: Some(record.job_key.to_string()),
            generation: Some(record.generation.0),
            // Captions are converted by this program itself, not by the encoder.
            encoder_build: encoded.then_some(record.run.encoder_build),
            ..Identity::default()
        };
        records.push((key, identity));
    }
    Ok(records)
}

fn level(rendition: &str, loudness: &Loudness, target: f64) -> AudioLevel {
    AudioLevel {
        rendition: rendition.to_owned(),
        integrated: loudness.result_lufs.map(hundredths),
        target: hundredths(target),
    }
}

/// A level in hundredths. A conversion of floats saturates, so a level that is no number is 0 and far from any target.
fn hundredths(level: f64) -> i32 {
    (level * 100.0).round() as i32
}

#[cfg(test)]
mod tests;
