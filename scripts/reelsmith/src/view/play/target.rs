//! What a person means by an output.

use std::path::Path;

use crate::commands::validate::place::{Place, Storage};
use crate::commands::validate::roots::Roots;
use crate::error::Trouble;
use crate::job::subject::Subject;
use crate::job::target::{Target, Where};
use crate::project::Project;
use crate::view::web::Media;

/// An output that can be played.
pub struct Output {
    /// What it is called.
    pub name: String,
    /// Everything below it.
    pub media: Media,
    /// The multivariant playlist, below it.
    pub hls: Option<String>,
    /// The MPD, below it.
    pub dash: Option<String>,
}

/// Finds it: a folder, a prefix of a bucket, or a job of a deployment; without a name the newest job.
///
/// # Errors
/// Where there is nothing of that name, or neither HLS nor DASH in it.
pub async fn find(at: &Where, what: Option<&str>) -> Result<Output, Trouble> {
    let endpoint = None;
    let storage = Storage { endpoint, at };
    match what {
        Some(name) if name.starts_with("s3://") => {
            output(name, Place::of(name, storage).await?).await
        }
        Some(name) if Path::new(name).exists() => {
            let full = std::fs::canonicalize(name).map(|p| p.display().to_string());
            let shown = full.map_or_else(|_| name.to_owned(), |path| called(&path));
            output(&shown, Place::of(name, storage).await?).await
        }
        _ => Output::of_job(&at.find(&Project::find()?).await?, what).await,
    }
}

async fn output(name: &str, place: Place) -> Result<Output, Trouble> {
    let roots = Roots::find(&place).await?;
    let store = place.objects.store().clone();
    Ok(Output {
        name: name.to_owned(),
        media: Media::new(store, place.objects.bucket(), &*roots.prefix),
        hls: roots.multivariant().map(str::to_owned),
        dash: roots.mpd().map(str::to_owned),
    })
}

impl Output {
    /// What a job has published; without a name the newest job.
    ///
    /// # Errors
    /// Where there is no such job, or it has published nothing.
    pub async fn of_job(target: &Target, what: Option<&str>) -> Result<Self, Trouble> {
        let subject = Subject::find(target, what).await?;
        let outputs = subject.row.and_then(|row| row.outputs).ok_or_else(|| {
        Trouble::new(
            format!("play {}", what.unwrap_or("the newest job")),
            "expected published outputs, found none",
            "`reelsmith show` tells how the job stands; a folder or an s3:// address can be played without a job",
        )
    })?;
        let below = |key: &str| key.strip_prefix(&outputs.prefix).map(str::to_owned);
        Ok(Output {
            name: called(&outputs.prefix),
            media: Media::new(target.store.clone(), &*outputs.bucket, &*outputs.prefix),
            hls: below(&outputs.hls),
            dash: outputs.dash.as_deref().and_then(below),
        })
    }
}

/// `outputs/show-s01e01/0123…/` → `show-s01e01 · 0123…`; another folder by its own name.
fn called(prefix: &str) -> String {
    let mut parts = prefix.trim_end_matches('/').rsplit('/');
    let (job, title) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let is_key = job.len() >= 64 && job.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if is_key {
        format!("{title} · {}", &job[..12])
    } else {
        job.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_called_by_its_title_and_a_folder_by_its_name() {
        let key = format!("abcdef012345{}-g2", "0".repeat(52));
        let prefix = format!("outputs/show-s01e01/{key}/");
        assert_eq!(called(&prefix), "show-s01e01 · abcdef012345");
        assert_eq!(called("/srv/vod/film/"), "film");
        assert_eq!(called("/"), "");
    }
}
