//! Delivering a manifest with its media files: the media first and the manifest last, because its arrival starts the job.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;
use reelsmith_aws::operate::{ExecutionView, execution_arn};
use reelsmith_contract::naming::execution_name;
use reelsmith_core::manifest::Manifest;
use reelsmith_core::object::{ObjectRef, spellings};

use crate::error::{CliError, ErrorCode};
use crate::job::connection::Connection;
use crate::job::manifest;
use crate::stack;
use crate::view::follow::Display;

/// Longest time from the arrival of a manifest to its execution.
const START: Duration = Duration::from_secs(60);

#[derive(Args, Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The XML manifest.
    pub manifest: PathBuf,
    /// The mezzanine. Default: the manifest's FilePath, below the folder of the manifest or the folder above it. If
    /// there is no such file, the job waits until the mezzanine arrives in the bucket.
    #[arg(long, value_name = "FILE")]
    pub mezzanine: Option<PathBuf>,
}

impl Delivery {
    /// Uploads the files and waits until the execution has started.
    ///
    /// # Errors
    /// `FileUnusable`, `NotStarted`, or those of the calls.
    pub async fn submit(
        &self,
        connection: &Connection,
        display: &mut Display,
    ) -> Result<ExecutionView, CliError> {
        let parsed = manifest::read(&self.manifest)?;
        match &parsed.manifest {
            Some(manifest) => self.upload_media(connection, manifest, display).await?,
            // The pipeline reports the defects; the command only has no media paths to upload.
            None => display.line("the manifest has defects; delivering it without media files"),
        }
        let key = manifest_key(&self.manifest);
        let bucket = &connection.names.input_bucket;
        let upload = connection.operations.upload(bucket, &key, &self.manifest);
        let version = upload.await?;
        display.line(&format!("delivered s3://{bucket}/{key}"));
        let name = execution_name(bucket, &key, version.as_deref());
        let arn = execution_arn(&connection.names.state_machine_arn, &name);
        started(connection, &arn).await
    }

    async fn upload_media(
        &self,
        connection: &Connection,
        manifest: &Manifest,
        display: &mut Display,
    ) -> Result<(), CliError> {
        let bucket = &connection.names.input_bucket;
        let key = &manifest.mezzanine.file_path;
        let file = match &self.mezzanine {
            Some(file) if file.is_file() => Some(file.clone()),
            Some(file) => return Err(CliError::file("read the mezzanine", file, "no such file")),
            None => find_media(&self.manifest, key),
        };
        match file {
            Some(file) => upload(connection, key, &file, display).await?,
            None => display.line(&format!(
                "found no file {key} near the manifest: the job waits for s3://{bucket}/{key}"
            )),
        }
        for track in &manifest.subtitle_tracks {
            if let Some(file) = find_media(&self.manifest, &track.file_path) {
                upload(connection, &track.file_path, &file, display).await?;
            }
        }
        Ok(())
    }
}

async fn upload(
    connection: &Connection,
    key: &str,
    file: &Path,
    display: &mut Display,
) -> Result<(), CliError> {
    let bucket = &connection.names.input_bucket;
    let size = std::fs::metadata(file).map_or(0, |m| m.len());
    let place = format!("s3://{bucket}/{key}");
    // The bucket keeps every version, so an equal file is not sent again.
    if is_stored(connection, key, file, size).await? {
        display.line(&format!("{place} is already uploaded ({size} bytes)"));
        return Ok(());
    }
    let incoming = connection.incoming.as_deref();
    if let Some(name) = incoming.and_then(|incoming| stack::link(file, incoming)) {
        connection.operations.place(bucket, key, &name).await?;
        display.line(&format!(
            "{place} is the file itself, without a copy ({size} bytes)"
        ));
        return Ok(());
    }
    connection.operations.upload(bucket, key, file).await?;
    display.line(&format!("uploaded {place} ({size} bytes)"));
    Ok(())
}

/// Whether the bucket has the file. Only a file of equal size is hashed.
async fn is_stored(
    connection: &Connection,
    key: &str,
    file: &Path,
    size: u64,
) -> Result<bool, CliError> {
    let bucket = &connection.names.input_bucket;
    let stored = connection.store.head(&ObjectRef::new(bucket, key)).await;
    let Some(pin) = stored.ok().map(|meta| meta.pin).filter(|p| p.size == size) else {
        return Ok(false);
    };
    // The ETag of an object that was written in one request is its MD5.
    match pin.etag.contains('-') {
        true => Ok(connection
            .operations
            .has_bytes_of(bucket, key, file)
            .await?),
        false => Ok(pin.etag == manifest::md5(file)?),
    }
}

/// The file with a path that a manifest gives, in either Unicode form: below the folder of the manifest, below the folder
/// above, or, by its name alone, in the folder of the manifest.
pub(crate) fn find_media(manifest: &Path, relative: &str) -> Option<PathBuf> {
    let manifest = std::path::absolute(manifest).ok()?;
    let folder = manifest.parent()?;
    let places = |relative: &String| {
        let name = Path::new(relative).file_name()?;
        let above = folder.parent().map(|f| f.join(relative));
        let places = [Some(folder.join(relative)), above, Some(folder.join(name))];
        places.into_iter().flatten().find(|path| path.is_file())
    };
    spellings(relative).iter().find_map(places)
}

/// `manifests/NAME.xml`: the prefix and suffix whose arrival starts a job.
fn manifest_key(manifest: &Path) -> String {
    let name = manifest.file_name().unwrap_or_default().to_string_lossy();
    let suffix = if name.ends_with(".xml") { "" } else { ".xml" };
    format!("manifests/{name}{suffix}")
}

/// Waits until an execution exists.
///
/// # Errors
/// `NotStarted`, with the state of the queues, or those of the calls.
pub async fn started(connection: &Connection, arn: &str) -> Result<ExecutionView, CliError> {
    let end = Instant::now() + START;
    loop {
        if let Some(view) = connection.operations.execution(arn).await? {
            return Ok(view);
        }
        if Instant::now() >= end {
            return Err(not_started(connection, arn).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn not_started(connection: &Connection, arn: &str) -> CliError {
    let mut why = format!("no execution {arn} within {} s", START.as_secs());
    for (queue, waiting, received) in connection.queue_depths().await.unwrap_or_default() {
        why += &format!("\nqueue {queue}: {waiting} waiting, {received} in progress");
    }
    CliError::new(
        "start the job",
        why,
        "see `reelsmith logs --function start-execution`; for the local stack, also .local/stack.log",
    )
    .with_code(ErrorCode::NotStarted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_gets_the_key_that_starts_a_job() {
        assert_eq!(
            manifest_key(Path::new("a/b/episode 01.xml")),
            "manifests/episode 01.xml"
        );
        assert_eq!(manifest_key(Path::new("job")), "manifests/job.xml");
    }

    #[test]
    fn media_files_are_found_near_the_manifest() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in [
            "manifests/m.xml",
            "manifests/captions/a.srt",
            "mezzanines/a.mp4",
            "manifests/b.mp4",
            "mezzanines/cafe\u{301} [1] #2 🎬.mp4",
        ] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), path).unwrap();
        }
        let manifest = root.join("manifests/m.xml");
        let found = |relative: &str| {
            find_media(&manifest, relative).map(|p| std::fs::read_to_string(p).unwrap())
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
        assert!(found("mezzanines/caf\u{e9} [1] #2 🎬.mp4").is_some());
    }
}
