//! The evidence in a job's records: which encoder made the output, from which mezzanine and plan, and how loud the sound is.
//! The conformance rules compare it with the job.

use std::collections::BTreeMap;

use reelsmith_conformance::{
    AudioLevel, ChunkPictures, Dead, DeadRun, EncodeLevel, Evidence, Identity, Pictures,
    Provenance, SoundEvidence,
};
use reelsmith_contract::payload::Claim;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::{Generation, GenerationKeys, JobKey, JobKeys};
use reelsmith_core::plan::Plan;
use reelsmith_core::probe::{Inspection, Seconds, Verification, VideoStream};
use reelsmith_core::record::{ChunkRecord, Loudness, RenditionRecord, TrackRecord};
use reelsmith_core::sound::SoundComparison;
use reelsmith_core::time::FrameCount;
use reelsmith_core::warning;

use crate::records::{self, READS, concurrently};

/// Reads every record of a generation.
pub async fn read(
    outputs: &Objects,
    claim: &Claim,
    plan: &Plan,
    job: &Job,
) -> Result<Evidence, Failure> {
    let keys = claim.keys();
    let job_keys = JobKeys(&claim.job_key);
    let inspection = records::inspection(outputs, &claim.job_key).await?;
    let verification: Verification = outputs.read(&job_keys.checksums()).await?;
    let mut evidence = Evidence {
        source: inspection.probe.video.as_ref().map(VideoStream::display),
        ..Evidence::default()
    };
    let mut identities = BTreeMap::from([
        (
            job_keys.checksums(),
            mezzanine_identity(&inspection, &verification),
        ),
        (job_keys.job(), recomputed_identity(job)),
        (keys.plan(), identity(&plan.job_key, plan.generation, None)),
    ]);
    let mut warnings = vec![plan.warnings.clone()];
    if job.encoder == EncoderKind::Lambda {
        let records = chunks(outputs, plan, &keys).await?;
        if !job.options.mock {
            let records = records.iter().map(|(_, record)| record);
            let compared = pictures(plan, &inspection, records.clone());
            evidence.dead = Some(Dead {
                source: Vec::new(),
                output: dead_pictures(&compared),
            });
            evidence.pictures = Some(compared);
        }
        for (key, record) in records {
            warnings.push(record.warnings);
            let build = Some(record.run.encoder_build);
            let found = identity(&record.job_key, record.generation, build);
            identities.insert(key, found);
        }
    }
    for (rendition, record) in tracks(outputs, plan, &keys, job.encoder).await? {
        warnings.push(record.warnings);
        let audio = &job.profile.audio;
        let target = audio.loudness_lufs;
        if let Some(sound) = record.sound {
            let encode = EncodeLevel {
                integrated: record.loudness.and_then(|l| l.result_lufs).map(hundredths),
                ceiling: hundredths(audio.true_peak_dbtp),
            };
            let compared = compared(rendition, sound, Some(encode), plan, job, &inspection);
            evidence.sounds.push(compared);
        }
        if let Some(captions) = record.captions {
            evidence.captions.insert(rendition.to_owned(), captions);
        }
        let loudness = record.loudness.as_ref();
        evidence
            .levels
            .extend(loudness.map(|l| level(rendition, l, target)));
        // This program itself converts captions; the encoder does not.
        let build = (!is_text(plan, rendition)).then_some(record.run.encoder_build);
        let found = identity(&record.job_key, record.generation, build);
        identities.insert(keys.track_record(rendition), found);
    }
    if job.encoder == EncoderKind::MediaConvert {
        for track in &plan.audio {
            let key = keys.rendition_record(&track.path);
            let record: RenditionRecord = outputs.read(&key).await?;
            let Some(sound) = record.sound else {
                continue;
            };
            evidence.levels.push(AudioLevel {
                rendition: track.path.clone(),
                integrated: sound.integrated,
                target: hundredths(job.profile.audio.loudness_lufs),
            });
            let compared = compared(&track.path, sound, None, plan, job, &inspection);
            evidence.sounds.push(compared);
        }
    }
    evidence.warnings = warning::collect(&warnings);
    evidence.provenance = Some(Provenance {
        job: expected(claim, job),
        records: identities,
    });
    Ok(evidence)
}

/// How the chunks of all renditions compare with the mezzanine.
fn pictures<'a>(
    plan: &Plan,
    inspection: &Inspection,
    records: impl Iterator<Item = &'a ChunkRecord>,
) -> Pictures {
    let chunks = records.flat_map(|record| {
        let compared = record.outputs.iter().zip(&record.pictures);
        compared.map(|(output, comparison)| ChunkPictures {
            rendition: output.rendition.clone(),
            chunk: record.chunk,
            frames: record.frames,
            comparison: comparison.clone(),
        })
    });
    Pictures {
        source: inspection.mezzanine.object.to_string(),
        // Without video there is no chunk, so nothing refers to this.
        stream: inspection.probe.video.as_ref().map_or(0, |v| v.index),
        start_us: plan.video_start.micros(),
        frame_rate: plan.frame_rate,
        expected_frames: plan.total_frames.0.saturating_mul(plan.video.len() as u64),
        chunks: chunks.collect(),
    }
}

/// The runs of dead pictures that the mezzanine does not have.
fn dead_pictures(pictures: &Pictures) -> Vec<DeadRun> {
    let millis = |frame| {
        let micros = Seconds::of_frame(FrameCount(frame), pictures.frame_rate).micros();
        u64::try_from(micros / 1_000).unwrap_or(0)
    };
    let runs = pictures.chunks.iter().flat_map(|chunk| {
        chunk.comparison.dead.iter().map(|run| DeadRun {
            kind: run.kind.to_string(),
            rendition: chunk.rendition.clone(),
            start_ms: millis(run.start),
            end_ms: millis(run.end),
        })
    });
    runs.collect()
}

/// The job that the execution holds: all records must agree with it.
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

/// The checksum of the encoded version. The checksum of another version proves nothing about it.
fn mezzanine_identity(inspection: &Inspection, verification: &Verification) -> Identity {
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

/// The job key is a hash over mezzanine, profile, encoder build and options: computing it again proves all of them.
fn recomputed_identity(job: &Job) -> Identity {
    let again = Job::new(
        job.source.clone(),
        job.manifest.clone(),
        job.options.clone(),
        job.profile.clone(),
        job.encoder,
        job.encoder_build.clone(),
        Vec::new(),
    );
    Identity {
        job_key: Some(again.job_key.to_string()),
        ..Identity::default()
    }
}

fn identity(job_key: &JobKey, generation: Generation, build: Option<String>) -> Identity {
    Identity {
        job_key: Some(job_key.to_string()),
        generation: Some(generation.0),
        encoder_build: build,
        ..Identity::default()
    }
}

async fn chunks(
    outputs: &Objects,
    plan: &Plan,
    keys: &GenerationKeys,
) -> Result<Vec<(String, ChunkRecord)>, Failure> {
    let items = plan.chunk_items().into_iter();
    let reads = items.map(|item| {
        let key = keys.chunk_record(item.chunk, item.group);
        async move {
            let record = outputs.read(&key).await?;
            Ok((key, record))
        }
    });
    concurrently(READS, reads).await
}

/// The records of the tracks that our own workers made: captions, and audio unless an encoding service made it.
async fn tracks<'a>(
    outputs: &Objects,
    plan: &'a Plan,
    keys: &GenerationKeys,
    encoder: EncoderKind,
) -> Result<Vec<(&'a str, TrackRecord)>, Failure> {
    let audio = plan.audio.iter().map(|a| a.path.as_str());
    let audio = audio.filter(|_| encoder == EncoderKind::Lambda);
    let mut records = Vec::new();
    for rendition in audio.chain(plan.text.iter().map(|t| t.path.as_str())) {
        let record = outputs.read(&keys.track_record(rendition)).await?;
        records.push((rendition, record));
    }
    Ok(records)
}

fn is_text(plan: &Plan, rendition: &str) -> bool {
    plan.text.iter().any(|t| t.path == rendition)
}

/// The comparison of a rendition with the mezzanine.
fn compared(
    rendition: &str,
    comparison: SoundComparison,
    encode: Option<EncodeLevel>,
    plan: &Plan,
    job: &Job,
    inspection: &Inspection,
) -> SoundEvidence {
    let start = plan.video_start;
    let scale = i128::from(start.timescale.0.max(1));
    let start_ms = (i128::from(start.ticks.0) * 1_000).div_euclid(scale);
    SoundEvidence {
        rendition: rendition.to_owned(),
        comparison,
        tolerances: job.profile.sound_tolerances,
        encode,
        source: inspection.mezzanine.object.to_string(),
        start_ms: i64::try_from(start_ms).unwrap_or(0),
    }
}

fn level(rendition: &str, loudness: &Loudness, target: f64) -> AudioLevel {
    AudioLevel {
        rendition: rendition.to_owned(),
        integrated: loudness.result_lufs.map(hundredths),
        target: hundredths(target),
    }
}

/// A level in hundredths. The conversion saturates: a level that is not a number becomes 0, far from any target.
fn hundredths(level: f64) -> i32 {
    (level * 100.0).round() as i32
}

#[cfg(test)]
mod tests;
