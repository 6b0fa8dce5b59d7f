//! `reelsmith estimate`: what a manifest would become, how long it would take and what it would cost, before anything is
//! paid. Nothing is asked of AWS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use reelsmith_contract::setting::Setting;
use reelsmith_core::cost::{Architecture, CostModel, Estimate, Source, Title, estimate as price};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::ladder::{OutputOptions, Profile};
use reelsmith_core::manifest::Manifest;
use reelsmith_core::simulate::{ChildType, Fleet, Platform, SimulationResult, simulate};
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::{Bytes, Resolution};
use serde::Serialize;

use crate::commands::manifest::{self, Facts};
use crate::error::{Name, Trouble};
use crate::job::deliver::beside;
use crate::stack::settings::Override;

mod print;

pub use print::print;

/// The model draws chances; this one is as good as another, and equal questions get equal answers.
const SEED: u64 = 1;

/// What is to be estimated.
#[derive(Args, Clone, Debug)]
pub struct Request {
    /// The XML manifest.
    pub manifest: PathBuf,
    /// The mezzanine, to be probed. Without it, it is looked for as `submit` does; where there is none, what the manifest
    /// says of it counts.
    #[arg(long, value_name = "FILE")]
    pub mezzanine: Option<PathBuf>,
    /// Sets a setting of the functions otherwise, for example PROFILE=draft or MAX_CONCURRENCY=400. May be given again.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<Override>,
    /// Instruction set of the functions.
    #[arg(long, value_enum, default_value_t)]
    pub architecture: Machine,
    /// JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Instruction set of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Machine {
    /// Intel and AMD.
    #[default]
    #[value(name = "x86_64")]
    X86,
    /// Graviton.
    #[value(name = "arm64")]
    Arm64,
}

/// What would come of a manifest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimated {
    /// Where the facts of the mezzanine are from.
    pub facts: String,
    /// Picture of the mezzanine.
    pub picture: Resolution,
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// Seconds of programme.
    pub seconds: f64,
    /// Chunks of each rung group.
    pub chunks: u64,
    /// The rungs of each group, which share a decode.
    pub groups: Vec<Vec<String>>,
    /// Workers of the job at once.
    pub workers: u32,
    /// What the fleet would do; absent for MediaConvert, which says nothing of its speed.
    pub fleet: Option<SimulationResult>,
    /// What it would cost.
    pub cost: Estimate,
}

/// Estimates.
///
/// # Errors
/// `ManifestDefective`, `FileUnusable`, or where neither file nor manifest tells size, rate and duration.
pub fn estimate(request: &Request) -> Result<Estimated, Trouble> {
    let manifest = sound(request)?;
    let settings = Settings::of(&request.set, &manifest)?;
    let (source, facts) = source(request, &manifest)?;
    let audio = manifest.audio_tracks.len() as u64;
    let text = manifest.subtitle_tracks.len() as u64;
    let title = Title::new(&settings.profile, &settings.options, source, audio, text);
    let title = title
        .with_surround(&settings.profile, &manifest)
        .scheduled(&settings.profile, settings.workers);
    let architecture = match request.architecture {
        Machine::X86 => Architecture::X86,
        Machine::Arm64 => Architecture::Arm64,
    };
    let model = CostModel::new(architecture, settings.encoder);
    let cost = price(&title, &model);
    let fleet = match settings.encoder {
        EncoderKind::Lambda => Some(fleet(&title, model, settings.workers)?),
        EncoderKind::MediaConvert => None,
    };
    let name = |rung: &usize| title.rungs.get(*rung).map(|r| r.path());
    Ok(Estimated {
        facts,
        picture: title.source,
        frame_rate: title.frame_rate,
        seconds: title.seconds(),
        chunks: title.chunks,
        groups: title
            .groups
            .iter()
            .map(|g| g.iter().filter_map(name).collect())
            .collect(),
        workers: settings.workers,
        fleet,
        cost,
    })
}

fn sound(request: &Request) -> Result<Manifest, Trouble> {
    let path = &request.manifest;
    let (_, parsed) = manifest::read(path)?;
    let (lines, _) = manifest::verdict(path, &parsed);
    parsed.manifest.ok_or_else(|| {
        Trouble::new(
            format!("estimate {}", path.display()),
            lines.join("\n"),
            "correct every line above; docs/manifest.md has the format",
        )
        .named(Name::ManifestDefective)
    })
}

fn fleet(title: &Title, deployment: CostModel, workers: u32) -> Result<SimulationResult, Trouble> {
    let platform = Platform::built_in().map_err(|e| {
        Trouble::new(
            "read the platform's limits",
            e.to_string(),
            "build again from a clean checkout",
        )
    })?;
    let fleet = Fleet {
        workers,
        children: ChildType::Standard,
        platform,
        deployment,
    };
    Ok(simulate(std::slice::from_ref(title), &fleet, SEED))
}

/// What the deployment and the manifest want, as parse-manifest would resolve it.
struct Settings {
    profile: Profile,
    options: OutputOptions,
    encoder: EncoderKind,
    workers: u32,
}

impl Settings {
    fn of(overrides: &[Override], manifest: &Manifest) -> Result<Self, Trouble> {
        let value = |setting: Setting| {
            let given = overrides.iter().rev().find(|o| o.setting == setting);
            given.map_or_else(
                || setting.default().unwrap_or_default().to_owned(),
                |o| o.value.clone(),
            )
        };
        let wrong = |setting: Setting, expected: String| {
            Trouble::new(
                "resolve the settings",
                format!(
                    "{}: expected {expected}, found {:?}",
                    setting.name(),
                    value(setting)
                ),
                "correct what --set says",
            )
        };
        let flag = |setting: Setting| {
            value(setting)
                .parse::<bool>()
                .map_err(|_| wrong(setting, "true or false".into()))
        };
        let wanted = &manifest.settings;
        let encoder = match value(Setting::ENCODER).as_str() {
            "lambda" => EncoderKind::Lambda,
            "mediaconvert" => EncoderKind::MediaConvert,
            _ => return Err(wrong(Setting::ENCODER, "lambda or mediaconvert".into())),
        };
        let workers = value(Setting::MAX_CONCURRENCY)
            .parse::<u32>()
            .ok()
            .filter(|n| *n > 0);
        Ok(Self {
            profile: Profile::named(&value(Setting::PROFILE))
                .map_err(|e| wrong(Setting::PROFILE, e.to_string()))?,
            options: OutputOptions {
                h265: wanted.enable_h265.unwrap_or(flag(Setting::ENABLE_H265)?),
                dash: wanted.enable_dash.unwrap_or(flag(Setting::ENABLE_DASH)?),
                progressive: wanted.enable_progressive.unwrap_or(false),
                max_bitrate: wanted.max_bitrate_cap,
                mock: flag(Setting::MOCK_MODE)?,
            },
            encoder: wanted.encoder.unwrap_or(encoder),
            workers: workers
                .ok_or_else(|| wrong(Setting::MAX_CONCURRENCY, "a number above 0".into()))?,
        })
    }
}

/// The mezzanine as ffprobe finds it, else as the manifest describes it.
fn source(request: &Request, manifest: &Manifest) -> Result<(Source, String), Trouble> {
    let file = request.mezzanine.clone();
    let file = file.or_else(|| beside(&request.manifest, &manifest.mezzanine.file_path));
    match file {
        Some(file) => {
            let tools = crate::cli::tools()?;
            let facts = Facts::probe(&tools, &file)?;
            let size = std::fs::metadata(&file).map_err(|e| Trouble::file("read", &file, &e))?;
            let found = probed(&facts, Bytes(size.len()))
                .ok_or_else(|| unknown(&file.display().to_string()))?;
            Ok((found, format!("probed {}", file.display())))
        }
        None => {
            let found = described(manifest).ok_or_else(|| unknown("the manifest"))?;
            Ok((found, "as the manifest describes it".to_owned()))
        }
    }
}

fn unknown(of: &str) -> Trouble {
    Trouble::new(
        format!("estimate by {of}"),
        "expected picture, frame rate and duration, found not all of them",
        "give the mezzanine with --mezzanine, or ResolutionWidth, ResolutionHeight, FrameRate and DurationSeconds in the manifest",
    )
    .named(Name::ManifestDefective)
}

fn described(manifest: &Manifest) -> Option<Source> {
    let m = &manifest.mezzanine;
    let frame_rate = m.frame_rate?;
    Some(Source {
        picture: m.resolution?,
        frame_rate,
        frames: frame_rate.frames_in_millis(m.duration_ms.or(manifest.episode.duration_ms)?),
        size: m.file_size,
        sound: m.file_size,
    })
}

fn probed(facts: &Facts, size: Bytes) -> Option<Source> {
    let (num, den) = facts.video.frame_rate.split_once('/')?;
    let frame_rate = FrameRate::new(num.parse().ok()?, den.parse().ok()?)?;
    let seconds: f64 = facts.duration.as_ref()?.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, of a duration that ffprobe writes as a decimal"
    )]
    let millis = (seconds.max(0.0) * 1000.0).ceil() as u64;
    Some(Source {
        picture: Resolution {
            width: facts.video.width,
            height: facts.video.height,
        },
        frame_rate,
        frames: frame_rate.frames_in_millis(millis),
        size,
        sound: size,
    })
}

#[cfg(test)]
mod tests;
