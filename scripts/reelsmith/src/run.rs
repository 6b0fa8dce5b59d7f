//! A job from the manifest to the outputs on disk, delivered as a customer would deliver it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use reelsmith_aws::operate::{Cloud, ExecutionView, execution_arn};
use reelsmith_contract::naming::execution_name;
use reelsmith_core::manifest::Manifest;
use reelsmith_core::ports::{ObjectRef, ObjectStore};

use crate::deploy::Deployment;
use crate::fetch::{Fetched, fetch};
use crate::follow::{Display, Follower};
use crate::manifest;
use crate::outcome::{Failed, Outcome, Published};
use crate::trouble::Trouble;
use crate::workers::Workers;

/// How long an event may take from the bucket to an execution.
const START: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The manifest on disk.
    pub manifest: PathBuf,
    /// The mezzanine on disk, where it is not where the manifest says.
    pub mezzanine: Option<PathBuf>,
    /// Where the outputs go.
    pub out: PathBuf,
}

/// A job that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// COMPLETE, and fetched.
    Complete {
        /// What is published.
        published: Box<Published>,
        /// What is on disk.
        fetched: Fetched,
        /// How parallel the encode was.
        workers: Workers,
        /// Name of the execution.
        execution: String,
        /// From dropping the manifest to the end of the execution.
        took: Duration,
    },
    /// Failed.
    Failed {
        /// Why.
        failed: Failed,
        /// Name of the execution.
        execution: String,
    },
}

/// Delivers, follows and fetches.
///
/// # Errors
/// Where a file cannot be read or the local stack does not do its part. A failed job is not an error here.
pub async fn run(
    cloud: &Cloud,
    deployment: &Deployment,
    request: &Request,
    display: &mut Display,
) -> Result<Ended, Trouble> {
    let began = Instant::now();
    let name = deliver(cloud, deployment, request, display).await?;
    let arn = execution_arn(&deployment.state_machine_arn, &name);
    let mut view = wait_for_start(cloud, deployment, &arn).await?;
    display.line(&format!("execution {name}"));
    loop {
        let follower = Follower::new(cloud, &deployment.output_bucket, &view);
        let ended = follower.to_the_end(display).await?;
        match Outcome::of(&ended)? {
            Outcome::Failed(failed) => {
                return Ok(Ended::Failed {
                    failed,
                    execution: ended.summary.name,
                });
            }
            Outcome::Elsewhere(other) => {
                display.line(&format!(
                    "the same job is running already: following {other}"
                ));
                view = wait_for_start(cloud, deployment, &other).await?;
            }
            Outcome::Complete(published) => {
                let fetched = fetch(cloud, &published.outputs, &request.out).await?;
                let workers = Workers::of_job(cloud, &published.outputs).await?;
                let execution = ended.summary.name;
                return Ok(Ended::Complete {
                    published: Box::new(published),
                    fetched,
                    workers,
                    execution,
                    took: began.elapsed(),
                });
            }
        }
    }
}

/// Uploads what the manifest names, then the manifest itself; the name of the execution that it starts.
async fn deliver(
    cloud: &Cloud,
    deployment: &Deployment,
    request: &Request,
    display: &mut Display,
) -> Result<String, Trouble> {
    let (_, parsed) = manifest::read(&request.manifest)?;
    match &parsed.manifest {
        Some(manifest) => upload_media(cloud, deployment, request, manifest, display).await?,
        // The pipeline must say so itself; here it only decides that there is nothing to upload with it.
        None => display.line("the manifest has defects: delivered as it is"),
    }
    let key = manifest_key(&request.manifest);
    let bucket = &deployment.input_bucket;
    let version = cloud.upload(bucket, &key, &request.manifest).await?;
    display.line(&format!("delivered s3://{bucket}/{key}"));
    Ok(execution_name(bucket, &key, version.as_deref()))
}

async fn upload_media(
    cloud: &Cloud,
    deployment: &Deployment,
    request: &Request,
    manifest: &Manifest,
    display: &mut Display,
) -> Result<(), Trouble> {
    let bucket = &deployment.input_bucket;
    let key = &manifest.mezzanine.file_path;
    let file = match &request.mezzanine {
        Some(file) if file.is_file() => Some(file.clone()),
        Some(file) => return Err(Trouble::file("read the mezzanine", file, &"no such file")),
        None => beside(&request.manifest, key),
    };
    match file {
        Some(file) => upload(cloud, bucket, key, &file, display).await?,
        None => display.line(&format!(
            "no file {key} beside the manifest: the job waits for s3://{bucket}/{key}"
        )),
    }
    for track in &manifest.subtitle_tracks {
        if let Some(file) = beside(&request.manifest, &track.file_path) {
            upload(cloud, bucket, &track.file_path, &file, display).await?;
        }
    }
    Ok(())
}

async fn upload(
    cloud: &Cloud,
    bucket: &str,
    key: &str,
    file: &Path,
    display: &mut Display,
) -> Result<(), Trouble> {
    let (sums, size) = manifest::checksums(file)?;
    let there = cloud.sdk().s3().head(&ObjectRef::new(bucket, key)).await;
    // A bucket keeps every version, so what is there already is not sent again.
    if there.is_ok_and(|meta| meta.pin.etag == sums.md5 && meta.pin.size == size) {
        display.line(&format!(
            "s3://{bucket}/{key} is there already ({size} bytes)"
        ));
        return Ok(());
    }
    cloud.upload(bucket, key, file).await?;
    display.line(&format!("uploaded s3://{bucket}/{key} ({size} bytes)"));
    Ok(())
}

/// A file of a manifest's relative path: below the manifest's folder, below the one above, or right beside it.
fn beside(manifest: &Path, relative: &str) -> Option<PathBuf> {
    let manifest = std::path::absolute(manifest).ok()?;
    let folder = manifest.parent()?;
    let name = Path::new(relative).file_name()?;
    let above = folder.parent().map(|f| f.join(relative));
    [Some(folder.join(relative)), above, Some(folder.join(name))]
        .into_iter()
        .flatten()
        .find(|path| path.is_file())
}

/// `manifests/NAME.xml`: the prefix and suffix whose arrival starts a job.
fn manifest_key(manifest: &Path) -> String {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    let suffix = if name.ends_with(".xml") { "" } else { ".xml" };
    format!("manifests/{name}{suffix}")
}

async fn wait_for_start(
    cloud: &Cloud,
    deployment: &Deployment,
    arn: &str,
) -> Result<ExecutionView, Trouble> {
    let end = Instant::now() + START;
    loop {
        if let Some(view) = cloud.execution(arn).await? {
            return Ok(view);
        }
        if Instant::now() >= end {
            return Err(not_started(cloud, deployment, arn).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn not_started(cloud: &Cloud, deployment: &Deployment, arn: &str) -> Trouble {
    let mut why = format!("no execution {arn} within {} s", START.as_secs());
    for queue in [&deployment.manifest_queue, &deployment.dead_letter_queue] {
        if let Ok(Some(url)) = cloud.queue_url(queue).await {
            let (waiting, hidden) = cloud.queue_depth(&url).await.unwrap_or_default();
            why.push_str(&format!(
                "\nqueue {queue}: {waiting} waiting, {hidden} being worked on"
            ));
        }
    }
    Trouble::new(
        "start the job",
        why,
        "what start-execution says is in .local/stack.log",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_arrives_where_manifests_are_waited_for() {
        assert_eq!(
            manifest_key(Path::new("a/b/episode 01.xml")),
            "manifests/episode 01.xml"
        );
        assert_eq!(manifest_key(Path::new("job")), "manifests/job.xml");
    }

    #[test]
    fn files_are_found_below_above_and_right_beside_a_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "manifests/m.xml",
            "manifests/captions/a.srt",
            "mezzanines/a.mp4",
            "manifests/b.mp4",
        ] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), path).unwrap();
        }
        let manifest = root.join("manifests/m.xml");
        let found = |relative: &str| {
            beside(&manifest, relative).map(|p| std::fs::read_to_string(p).unwrap())
        };
        assert_eq!(
            found("captions/a.srt").as_deref(),
            Some("manifests/captions/a.srt")
        );
        assert_eq!(
            found("mezzanines/a.mp4").as_deref(),
            Some("mezzanines/a.mp4")
        );
        assert_eq!(
            found("mezzanines/b.mp4").as_deref(),
            Some("manifests/b.mp4")
        );
        assert_eq!(found("mezzanines/c.mp4"), None);
    }
}
