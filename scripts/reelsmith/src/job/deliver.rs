//! Delivering a manifest and its files as a customer would: the files first, the manifest last.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use reelsmith_aws::operate::{ExecutionView, execution_arn};
use reelsmith_contract::naming::execution_name;
use reelsmith_core::manifest::Manifest;
use reelsmith_core::object::ObjectRef;

use crate::commands::manifest;
use crate::error::{Name, Trouble};
use crate::job::target::Target;
use crate::view::follow::Display;

/// How long an event may take from the bucket to an execution.
const START: Duration = Duration::from_secs(60);

/// What is delivered.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The XML manifest.
    pub manifest: PathBuf,
    /// The mezzanine. Without it, the manifest's FilePath is looked for below the manifest's folder and the one above;
    /// where there is none, the job waits for it to arrive in the bucket.
    #[arg(long, value_name = "FILE")]
    pub mezzanine: Option<PathBuf>,
}

/// Delivers, and waits until the execution has begun.
///
/// # Errors
/// `FileUnusable`, `NotStarted`, or those of the calls.
pub async fn submit(
    target: &Target,
    request: &Request,
    display: &mut Display,
) -> Result<ExecutionView, Trouble> {
    let name = deliver(target, request, display).await?;
    let arn = execution_arn(&target.names.state_machine_arn, &name);
    started(target, &arn).await
}

/// Uploads what the manifest names, then the manifest itself; the name of the execution that it starts.
async fn deliver(
    target: &Target,
    request: &Request,
    display: &mut Display,
) -> Result<String, Trouble> {
    let (_, parsed) = manifest::read(&request.manifest)?;
    match &parsed.manifest {
        Some(manifest) => upload_media(target, request, manifest, display).await?,
        // The pipeline must say so itself; here it only decides that there is nothing to upload with it.
        None => display.line("the manifest has defects: delivered as it is"),
    }
    let key = manifest_key(&request.manifest);
    let bucket = &target.names.input_bucket;
    let version = target
        .operations
        .upload(bucket, &key, &request.manifest)
        .await?;
    display.line(&format!("delivered s3://{bucket}/{key}"));
    Ok(execution_name(bucket, &key, version.as_deref()))
}

async fn upload_media(
    target: &Target,
    request: &Request,
    manifest: &Manifest,
    display: &mut Display,
) -> Result<(), Trouble> {
    let bucket = &target.names.input_bucket;
    let key = &manifest.mezzanine.file_path;
    let file = match &request.mezzanine {
        Some(file) if file.is_file() => Some(file.clone()),
        Some(file) => return Err(Trouble::file("read the mezzanine", file, &"no such file")),
        None => beside(&request.manifest, key),
    };
    match file {
        Some(file) => upload(target, bucket, key, &file, display).await?,
        None => display.line(&format!(
            "no file {key} beside the manifest: the job waits for s3://{bucket}/{key}"
        )),
    }
    for track in &manifest.subtitle_tracks {
        if let Some(file) = beside(&request.manifest, &track.file_path) {
            upload(target, bucket, &track.file_path, &file, display).await?;
        }
    }
    Ok(())
}

async fn upload(
    target: &Target,
    bucket: &str,
    key: &str,
    file: &Path,
    display: &mut Display,
) -> Result<(), Trouble> {
    let size = std::fs::metadata(file).map_or(0, |m| m.len());
    let there = target.store.head(&ObjectRef::new(bucket, key)).await;
    let there = there.ok().filter(|meta| meta.pin.size == size);
    // A bucket keeps every version, so what is there already is not sent again. Only what may be there is hashed.
    if let Some(meta) = there
        && meta.pin.etag == manifest::md5(file)?
    {
        display.line(&format!(
            "s3://{bucket}/{key} is there already ({size} bytes)"
        ));
        return Ok(());
    }
    target.operations.upload(bucket, key, file).await?;
    display.line(&format!("uploaded s3://{bucket}/{key} ({size} bytes)"));
    Ok(())
}

/// A file of a manifest's relative path: below the manifest's folder, below the one above, or right beside it.
pub(crate) fn beside(manifest: &Path, relative: &str) -> Option<PathBuf> {
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

/// Waits until an execution is there.
///
/// # Errors
/// `NotStarted`, with what the queues hold, or those of the calls.
pub async fn started(target: &Target, arn: &str) -> Result<ExecutionView, Trouble> {
    let end = Instant::now() + START;
    loop {
        if let Some(view) = target.operations.execution(arn).await? {
            return Ok(view);
        }
        if Instant::now() >= end {
            return Err(not_started(target, arn).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn not_started(target: &Target, arn: &str) -> Trouble {
    let mut why = format!("no execution {arn} within {} s", START.as_secs());
    for queue in [
        &target.names.manifest_queue,
        &target.names.dead_letter_queue,
    ] {
        if let Ok(Some((waiting, hidden))) = target.operations.queue_depth(queue).await {
            why.push_str(&format!(
                "\nqueue {queue}: {waiting} waiting, {hidden} being worked on"
            ));
        }
    }
    Trouble::new(
        "start the job",
        why,
        "`reelsmith logs --function start-execution` tells what it says; locally .local/stack.log has it too",
    )
    .named(Name::NotStarted)
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
