//! Finding the output to play.

use std::path::Path;

use reelsmith_validate::Location;
use reelsmith_validate::documents::EntryDocuments;

use crate::error::CliError;
use crate::job::connection::{Connection, DeploymentArgs};
use crate::job::location::S3Source;
use crate::job::resolve::ResolvedJob;
use crate::project::Project;
use crate::view::web::Media;

pub struct PlayableOutput {
    /// The name that the page shows.
    pub name: String,
    pub media: Media,
    /// Path of the multivariant playlist, below the media.
    pub hls: Option<String>,
    /// Path of the MPD, below the media.
    pub dash: Option<String>,
}

impl PlayableOutput {
    /// Finds a folder, a prefix of a bucket, or the output of a job; without a name, the output of the newest job.
    pub async fn find(deployment: &DeploymentArgs, name: Option<&str>) -> Result<Self, CliError> {
        let source = S3Source {
            endpoint: None,
            deployment,
            headers: &[],
        };
        match name {
            Some(name) if name.starts_with("s3://") => {
                Self::of_location(name, source.location(name).await?).await
            }
            Some(name) if Path::new(name).exists() => {
                let full = std::fs::canonicalize(name).map(|p| p.display().to_string());
                let shown = full.map_or_else(|_| name.to_owned(), |path| short_name(&path));
                Self::of_location(&shown, source.location(name).await?).await
            }
            _ => Self::of_job(&deployment.connect(&Project::find()?).await?, name).await,
        }
    }

    async fn of_location(name: &str, location: Location) -> Result<Self, CliError> {
        let documents = EntryDocuments::find(&location).await?;
        let store = location.objects.store().clone();
        Ok(Self {
            name: name.to_owned(),
            media: Media::new(store, location.objects.bucket(), &*documents.prefix),
            hls: documents.multivariant().map(str::to_owned),
            dash: documents.mpd().map(str::to_owned),
        })
    }

    /// What a job has published; without a name, the newest job.
    pub async fn of_job(connection: &Connection, name: Option<&str>) -> Result<Self, CliError> {
        let job = ResolvedJob::find(connection, name).await?;
        let outputs = job.outputs().ok_or_else(|| {
            CliError::new(
                format!("play {}", name.unwrap_or("the newest job")),
                "expected published outputs, found none",
                "see `reelsmith show` for the state of the job; a folder or an s3:// address can be played without a job",
            )
        })?;
        let below = |key: &str| key.strip_prefix(&outputs.prefix).map(str::to_owned);
        Ok(Self {
            name: short_name(&outputs.prefix),
            media: Media::new(connection.store.clone(), &*outputs.bucket, &*outputs.prefix),
            hls: below(&outputs.hls),
            dash: outputs.dash.as_deref().and_then(below),
        })
    }
}

/// `outputs/show-s01e01/0123…/` → `show-s01e01 · 0123…`; for any other folder, its name.
fn short_name(prefix: &str) -> String {
    let mut parts = prefix.trim_end_matches('/').rsplit('/');
    let (job, title) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let is_key = job.len() >= 64 && job.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match is_key {
        true => format!("{title} · {}", &job[..12]),
        false => job.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_job_is_its_title_and_the_name_of_a_folder_its_last_part() {
        let key = format!("abcdef012345{}-g2", "0".repeat(52));
        let prefix = format!("outputs/show-s01e01/{key}/");
        assert_eq!(short_name(&prefix), "show-s01e01 · abcdef012345");
        assert_eq!(short_name("/srv/vod/film/"), "film");
        assert_eq!(short_name("/"), "");
    }
}
