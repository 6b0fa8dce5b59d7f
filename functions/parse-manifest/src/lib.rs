//! Turns the manifest into a normalised job, or lists every defect with line and column.

use std::sync::Arc;

use reelsmith_contract::payload::{JobRef, ParseManifestInput};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure, Objects};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::job::Job;
use reelsmith_core::keys::JobKeys;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::{Defect, Manifest, Severity, parse};
use reelsmith_core::object::{ObjectPin, ObjectRef};
use reelsmith_core::ports::{ObjectStore, PortErrorKind};
use reelsmith_lambda::{Clients, Settings};
use reelsmith_pipeline::Invocation;

/// What this function works with.
pub struct Ports {
    /// Object storage, for the input bucket.
    pub store: Arc<dyn ObjectStore>,
    /// The output bucket.
    pub outputs: Objects,
    /// What holds where a manifest does not say otherwise.
    pub defaults: Defaults,
}

/// The deployment's settings, checked once.
pub struct Defaults {
    /// The encoding profile.
    pub profile: Profile,
    /// Also encode the H.265 rungs.
    pub h265: bool,
    /// Also write the MPD.
    pub dash: bool,
    /// Placeholders instead of real encodes.
    pub mock: bool,
    /// Which encoder.
    pub encoder: EncoderKind,
    /// Identity of the encoder binary.
    pub encoder_build: String,
}

impl Defaults {
    /// Reads the settings.
    ///
    /// # Errors
    /// `ConfigurationInvalid` where one is wrong.
    pub fn of(settings: &Settings) -> Result<Self, Failure> {
        let invalid = |expected: &str, found: String| {
            let remedy = "correct the setting in the deployment";
            Failure::new(
                ErrorName::ConfigurationInvalid,
                expected,
                found,
                "environment of the function",
                remedy,
            )
        };
        let encoder = match settings.text(Setting::ENCODER)? {
            "lambda" => EncoderKind::Lambda,
            "mediaconvert" => EncoderKind::MediaConvert,
            other => return Err(invalid("ENCODER: lambda or mediaconvert", other.to_owned())),
        };
        Ok(Self {
            profile: Profile::named(settings.text(Setting::PROFILE)?)
                .map_err(|e| invalid("PROFILE: a profile of this build", e.to_string()))?,
            h265: settings.flag(Setting::ENABLE_H265)?,
            dash: settings.flag(Setting::ENABLE_DASH)?,
            mock: settings.flag(Setting::MOCK_MODE)?,
            encoder,
            encoder_build: settings.text(Setting::ENCODER_BUILD)?.to_owned(),
        })
    }
}

impl Ports {
    /// The ports of a deployed function.
    ///
    /// # Errors
    /// Where a setting is missing or wrong.
    pub async fn build(clients: &Clients) -> Result<Self, Failure> {
        Ok(Self {
            store: clients.store(),
            outputs: clients.outputs()?,
            defaults: Defaults::of(clients.settings())?,
        })
    }
}

/// Greatest manifest that is read; the parser's own cap is the same.
const MAX_MANIFEST: u64 = 1 << 20;
/// Greatest list of defects in an error, in bytes: `fail-job` keeps 12,000 of a cause.
const MAX_LISTED: usize = 10_000;

/// Parses the manifest and writes `job.json`.
///
/// # Errors
/// `ManifestMissing`, `ManifestInvalid`, or those of storage.
pub async fn handle(
    ports: Arc<Ports>,
    input: ParseManifestInput,
    _invocation: Invocation,
) -> Result<JobRef, Failure> {
    let object = ObjectRef::new(&input.source.bucket, &input.source.key);
    let (pin, xml) = fetch(&ports, &object).await?;
    let parsed = parse(&xml);
    let (warnings, errors): (Vec<_>, Vec<_>) = parsed
        .defects
        .into_iter()
        .partition(|d| d.severity == Severity::Warning);
    let manifest = match parsed.manifest {
        Some(manifest) if errors.is_empty() => manifest,
        _ => return Err(invalid(&object, &errors)),
    };
    for warning in &warnings {
        tracing::warn!(manifest = %object, defect = %warning, "odd manifest");
    }
    let job = job(&ports.defaults, pin, manifest, warnings);
    ports
        .outputs
        .write(&JobKeys(&job.job_key).job(), &job)
        .await?;
    tracing::info!(job_key = %job.job_key, asset = %job.asset, manifest = %object, "parsed");
    Ok(JobRef {
        job_key: job.job_key,
        asset: job.asset,
    })
}

/// The newest version: where a manifest was replaced since its event, both executions read the new one, and the
/// submission lets one of them encode.
async fn fetch(ports: &Ports, object: &ObjectRef) -> Result<(ObjectPin, bytes::Bytes), Failure> {
    let missing = || {
        let remedy = "drop the manifest again, and do not delete it before its job ends";
        Failure::new(
            ErrorName::ManifestMissing,
            "the manifest",
            "no object",
            object.to_string(),
            remedy,
        )
    };
    let meta = match ports.store.head(object).await {
        Ok(meta) => meta,
        Err(e) if e.kind() == PortErrorKind::NotFound => return Err(missing()),
        Err(e) => return Err(Failure::storage(&e, object)),
    };
    let end = meta.pin.size.min(MAX_MANIFEST + 1);
    if end == 0 {
        return Ok((meta.pin, bytes::Bytes::new()));
    }
    match ports.store.get_range(&meta.pin, 0, end).await {
        Ok(xml) => Ok((meta.pin, xml)),
        Err(e) if e.kind() == PortErrorKind::NotFound => Err(missing()),
        Err(e) => Err(Failure::storage(&e, object)),
    }
}

fn job(defaults: &Defaults, pin: ObjectPin, manifest: Manifest, warnings: Vec<Defect>) -> Job {
    let wanted = &manifest.settings;
    let options = OutputOptions {
        h265: wanted.enable_h265.unwrap_or(defaults.h265),
        dash: wanted.enable_dash.unwrap_or(defaults.dash),
        progressive: wanted.enable_progressive.unwrap_or(false),
        max_bitrate: wanted.max_bitrate_cap,
        mock: defaults.mock,
    };
    let (profile, encoder) = if defaults.mock {
        // Placeholders are always made here: the other encoder has none, and would be paid.
        (defaults.profile.clone().fastest(), EncoderKind::Lambda)
    } else {
        let encoder = wanted.encoder.unwrap_or(defaults.encoder);
        (defaults.profile.clone(), encoder)
    };
    let build = match encoder {
        EncoderKind::Lambda => defaults.encoder_build.clone(),
        EncoderKind::MediaConvert => reelsmith_core::encode::MEDIACONVERT_BUILD.to_owned(),
    };
    Job::new(pin, manifest, options, profile, encoder, build, warnings)
}

fn invalid(object: &ObjectRef, errors: &[Defect]) -> Failure {
    let mut listed = String::new();
    for (n, defect) in errors.iter().enumerate() {
        if listed.len() > MAX_LISTED {
            listed.push_str(&format!("\n… and {} more", errors.len() - n));
            break;
        }
        listed.push_str(&format!("\n{defect}"));
    }
    Failure::new(
        ErrorName::ManifestInvalid,
        "a manifest without defects",
        format!("{} defects:{listed}\n", errors.len()),
        object.to_string(),
        "correct every line above (docs/manifest.md has the format; `reelsmith manifest check FILE` tells the same offline) and drop the manifest again",
    )
}

#[cfg(test)]
mod tests;
