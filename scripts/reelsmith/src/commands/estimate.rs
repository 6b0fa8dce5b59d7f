//! `reelsmith estimate`: the chunks, rungs, time and cost of a manifest, from a model. It makes no call to AWS.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use reelsmith_contract::setting::Setting;
use reelsmith_core::cost::{Architecture, CostModel, Estimate, Source, Title, estimate as price};
use reelsmith_core::encoder::EncoderKind;
use reelsmith_core::manifest::Manifest;
use reelsmith_core::probe::Probe;
use reelsmith_core::simulate::{ChildType, Fleet, Platform, SimulationResult, simulate};
use reelsmith_core::time::FrameRate;
use reelsmith_core::units::{Bytes, Resolution};
use reelsmith_pipeline::settings::{JobDefaults, Settings};
use serde::Serialize;

use crate::commands::up::SettingArgs;
use crate::error::{CallExt, CliError, CommandResult, ErrorCode, Exit, ResultExt};
use crate::job::deliver::find_media;
use crate::job::manifest;
use crate::project::Project;
use crate::stack::settings::tools;
use crate::view::text::say;

mod print;

pub use print::print;

/// Seed of the simulation. It is fixed, so that equal arguments give equal estimates.
const SEED: u64 = 1;

#[derive(Args, Clone, Debug)]
pub struct EstimateArgs {
    /// The XML manifest.
    pub manifest: PathBuf,
    /// The mezzanine, which is probed. Default: as for `submit`; if there is no such file, the properties that the manifest
    /// states are used.
    #[arg(long, value_name = "FILE")]
    pub mezzanine: Option<PathBuf>,
    #[command(flatten)]
    pub settings: SettingArgs,
    /// Instruction set of the functions.
    #[arg(long, value_enum, default_value_t)]
    pub architecture: InstructionSet,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// Instruction set of the functions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum InstructionSet {
    /// Intel and AMD.
    #[default]
    #[value(name = "x86_64")]
    X86,
    /// Graviton.
    #[value(name = "arm64")]
    Arm64,
}

impl From<InstructionSet> for Architecture {
    fn from(set: InstructionSet) -> Self {
        match set {
            InstructionSet::X86 => Self::X86,
            InstructionSet::Arm64 => Self::Arm64,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ManifestEstimate {
    /// Origin of the properties of the mezzanine.
    pub facts: String,
    /// Picture size of the mezzanine; `None` for audio alone.
    pub picture: Option<Resolution>,
    /// Frame rate of the output.
    pub frame_rate: FrameRate,
    /// Duration of the programme in seconds.
    pub seconds: f64,
    /// Chunks of each rung group.
    pub chunks: u64,
    /// The rungs of each group, which share a decode.
    pub groups: Vec<Vec<String>>,
    /// Most workers of the job at the same time.
    pub workers: u32,
    /// The simulated encode; `None` for MediaConvert, whose speed is not known.
    pub fleet: Option<SimulationResult>,
    pub cost: Estimate,
}

pub async fn run(args: &EstimateArgs) -> CommandResult {
    say(&print(&estimate(args).await?, args.json));
    Ok(Exit::Done)
}

/// Estimates a manifest.
///
/// # Errors
/// `ManifestDefective`, also if neither file nor manifest contains size, rate and duration; `FileUnusable`.
pub async fn estimate(args: &EstimateArgs) -> Result<ManifestEstimate, CliError> {
    let manifest = read_manifest(args)?;
    // The build of the encoder does not change the estimate.
    let given = args.settings.set.iter();
    let mut values = vec![(Setting::ENCODER_BUILD, "")];
    values.extend(given.map(|o| (o.setting, o.value.as_str())));
    let settings = Settings::of(&values);
    let resolved = JobDefaults::of(&settings).and_then(|defaults| {
        let workers = settings.number(Setting::MAX_CONCURRENCY)?;
        Ok((defaults, workers))
    });
    let (defaults, workers) = resolved.on_call("resolve the settings")?;
    let (profile, encoder) = (&defaults.profile, defaults.encoder(&manifest));
    let (source, facts) = source(args, &manifest).await?;
    let audio = manifest.audio_tracks.len() as u64;
    let text = manifest.subtitle_tracks.len() as u64;
    let title = Title::new(profile, &defaults.options(&manifest), source, audio, text);
    let title = title
        .with_surround(profile, &manifest)
        .scheduled(profile, workers);
    let model = CostModel::new(args.architecture.into(), encoder);
    let cost = price(&title, &model);
    let fleet = match encoder {
        EncoderKind::Lambda => Some(fleet(&title, model, workers)?),
        EncoderKind::MediaConvert => None,
    };
    let name = |rung: &usize| title.rungs.get(*rung).map(|r| r.path());
    Ok(ManifestEstimate {
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
        workers,
        fleet,
        cost,
    })
}

fn read_manifest(args: &EstimateArgs) -> Result<Manifest, CliError> {
    let path = &args.manifest;
    let parsed = manifest::read(path)?;
    let (lines, _) = manifest::verdict(path, &parsed);
    parsed.manifest.ok_or_else(|| {
        CliError::new(
            format!("estimate {}", path.display()),
            lines.join("\n"),
            "correct these defects; docs/manifest.md describes the format",
        )
        .with_code(ErrorCode::ManifestDefective)
    })
}

fn fleet(title: &Title, deployment: CostModel, workers: u32) -> Result<SimulationResult, CliError> {
    let platform = Platform::built_in().map_err(|e| {
        CliError::new(
            "read the limits of the platform",
            e.to_string(),
            "build reelsmith again from a clean checkout",
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

/// The properties of the mezzanine from ffprobe, else from the manifest; and their origin.
async fn source(args: &EstimateArgs, manifest: &Manifest) -> Result<(Source, String), CliError> {
    let file = args.mezzanine.clone();
    let file = file.or_else(|| find_media(&args.manifest, &manifest.mezzanine.file_path));
    match file {
        Some(file) => {
            let probe = manifest::probe(&tools(&Project::find()?)?, &file).await?;
            let size = std::fs::metadata(&file).on_file("read", &file)?;
            let found = probed(&probe, Bytes(size.len()))
                .ok_or_else(|| unknown(&file.display().to_string()))?;
            let found = found.clipped(&manifest.mezzanine, probe.start_timecode);
            Ok((found, format!("probed {}", file.display())))
        }
        None => {
            let found = described(manifest).ok_or_else(|| unknown("the manifest"))?;
            let found = found.clipped(&manifest.mezzanine, None);
            Ok((found, "from the manifest".to_owned()))
        }
    }
}

fn unknown(of: &str) -> CliError {
    CliError::new(
        format!("estimate from {of}"),
        "expected picture size, frame rate and duration, but not all of them are known",
        "give the mezzanine with --mezzanine, or add ResolutionWidth, ResolutionHeight, FrameRate and DurationSeconds to the manifest",
    )
    .with_code(ErrorCode::ManifestDefective)
}

fn described(manifest: &Manifest) -> Option<Source> {
    let m = &manifest.mezzanine;
    let frame_rate = m.frame_rate?;
    Some(Source {
        picture: Some(m.resolution?),
        frame_rate,
        frames: frame_rate.frames_in_millis(m.duration_ms.or(manifest.episode.duration_ms)?),
        size: m.file_size,
        sound: m.file_size,
    })
}

fn probed(probe: &Probe, size: Bytes) -> Option<Source> {
    let video = probe.video.as_ref();
    let frame_rate = match video {
        Some(video) => video.plausible_rate().or(video.base_frame_rate)?,
        None => FrameRate::new(1_000, 1)?,
    };
    let own = video.and_then(|video| video.duration_us);
    let micros = own.unwrap_or(probe.duration_us);
    let millis = u64::try_from(micros).ok()?.div_ceil(1_000);
    Some(Source {
        picture: video.map(|video| video.coded),
        frame_rate,
        frames: frame_rate.frames_in_millis(millis),
        size,
        sound: size,
    })
}

#[cfg(test)]
mod tests;
