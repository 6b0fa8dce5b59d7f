//! Describing a mezzanine as a manifest, and reading manifests from disk.

mod draft;
mod file;
mod tracks;

use std::io::Read as _;
use std::path::Path;

use md5::Digest as _;
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_core::check::check;
use reelsmith_core::digest::{Checksummer, Checksums};
use reelsmith_core::keys::Generation;
use reelsmith_core::manifest::{Manifest, Parsed, Severity, parse};
use reelsmith_core::plan::{FrameMapping, Plan};
use reelsmith_core::probe::{Inspection, Probe};
use reelsmith_core::time::Timescale;
use reelsmith_core::units::Bytes;
use reelsmith_media::Tools;
use reelsmith_pipeline::inspection::{examine, refused as failure_of};
use reelsmith_pipeline::planning::make_plan;
use reelsmith_pipeline::settings::{JobDefaults, Settings};

use crate::error::{CliError, ErrorCode, Exit, ResultExt};

use draft::{Draft, Programme};
use file::LocalFile;
use tracks::ChosenTracks;

pub use draft::Titles;

/// Largest manifest that is read, far above any real one.
const MAX_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// A new manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub xml: String,
    /// What the pipeline would change or leave out.
    pub warnings: Vec<String>,
}

/// The manifest of a mezzanine on disk. The code of the pipeline probes, checks and plans it, so what the pipeline would
/// refuse is refused here by the same name.
///
/// # Errors
/// `MezzanineRefused` with the name of the pipeline's error; `FileUnusable`; `CommandFailed` for titles that a manifest
/// cannot contain.
pub async fn describe(
    tools: &Tools,
    mezzanine: &Path,
    titles: &Titles,
) -> Result<Description, CliError> {
    let refuse = |failure: Failure| refused(mezzanine, &failure);
    let (store, pin) = LocalFile::open(mezzanine)?;
    let probe = examine(tools, &store, &pin, titles.video_track).await;
    let inspection = Inspection {
        probe: probe.map_err(refuse)?,
        size: Bytes(pin.size),
        mezzanine: pin.clone(),
        captions: Vec::new(),
    };
    let probe = &inspection.probe;
    let draft = |programme, sums: &Checksums| {
        Draft::new(mezzanine, titles, probe, programme, sums, pin.size).to_xml()
    };
    // A large file is hashed only if it is not refused.
    let unknown = Checksums {
        md5: "0".repeat(32),
        xxh64: "0".repeat(16),
        ..Checksums::default()
    };
    let manifest = valid(mezzanine, &draft(None, &unknown))?;
    let refusals = check(&manifest, &inspection);
    if let Some(first) = refusals.first() {
        return Err(refuse(failure_of(&pin.object, first, &refusals)));
    }
    let settings = [(Setting::ENCODER_BUILD, tools.build())];
    let settings = settings
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let defaults = JobDefaults::of(&Settings::of(&settings)).map_err(refuse)?;
    let job = defaults.job(pin.clone(), manifest, Vec::new());
    let plan = make_plan(tools, &store, &job, &inspection, Generation::FIRST, 1);
    let plan = plan.await.map_err(refuse)?;
    let (sums, _) = checksums(mezzanine)?;
    let mut xml = draft(Some(programme(&plan)), &sums);
    if !check(&valid(mezzanine, &xml)?, &inspection).is_empty() {
        // The pictures and the whole file differ in duration; a manifest may leave it out.
        xml = draft(None, &sums);
    }
    Ok(Description {
        xml,
        warnings: warnings(probe, &plan),
    })
}

/// The parsed draft, which proves that it has no defects.
fn valid(mezzanine: &Path, xml: &str) -> Result<Manifest, CliError> {
    let parsed = parse(xml.as_bytes());
    parsed.manifest.ok_or_else(|| {
        let defects = parsed.defects.iter();
        let errors = defects.filter(|d| d.severity == Severity::Error);
        let errors: Vec<String> = errors.map(ToString::to_string).collect();
        CliError::new(
            format!("describe {}", mezzanine.display()),
            errors.join("\n"),
            "give titles and names that a manifest can contain (see docs/manifest.md)",
        )
    })
}

fn refused(mezzanine: &Path, failure: &Failure) -> CliError {
    let (name, expected, found) = (failure.name, &failure.expected, &failure.found);
    let remedy = match failure.name {
        ErrorName::VideoStreamAmbiguous => "state the programme with --video-track",
        _ => failure.remedy.as_str(),
    };
    let error = CliError::new(
        format!("describe {}", mezzanine.display()),
        format!("{name}: expected {expected}; found {found}"),
        remedy,
    );
    CliError {
        exit: Exit::Failed,
        ..error.with_code(ErrorCode::MezzanineRefused)
    }
}

fn programme(plan: &Plan) -> Programme {
    let millis = plan.duration().rescale(plan.timescale, Timescale(1_000)).0;
    let constant = plan.mapping == FrameMapping::Every;
    Programme {
        millis: u64::try_from(millis).unwrap_or(0),
        frame_rate: Some(plan.frame_rate).filter(|rate| constant && !rate.exceeds(300)),
    }
}

fn warnings(probe: &Probe, plan: &Plan) -> Vec<String> {
    let planned = plan.warnings.iter().map(ToString::to_string);
    let captions = plan.left_out.iter().map(|left| {
        let language = left.language.as_deref().unwrap_or("unknown language");
        let (stream, codec, reason) = (left.stream, &left.codec, &left.reason);
        format!("stream {stream} ({codec}, {language}) is left out: {reason}")
    });
    let tracks = ChosenTracks::of(probe).notes.into_iter();
    tracks.chain(planned).chain(captions).collect()
}

/// Probes a mezzanine on disk with the code of the pipeline.
///
/// # Errors
/// As [`describe`].
pub async fn probe(tools: &Tools, mezzanine: &Path) -> Result<Probe, CliError> {
    let (store, pin) = LocalFile::open(mezzanine)?;
    let probe = examine(tools, &store, &pin, None).await;
    probe.map_err(|failure| refused(mezzanine, &failure))
}

/// Reads and parses a manifest. Defects are part of the result.
pub fn read(path: &Path) -> Result<Parsed, CliError> {
    let action = "read the manifest";
    let size = std::fs::metadata(path).on_file(action, path)?.len();
    if size > MAX_MANIFEST_BYTES {
        return Err(CliError::new(
            format!("{action} {}", path.display()),
            format!("expected at most {MAX_MANIFEST_BYTES} bytes, found {size}"),
            "give the XML manifest first and the mezzanine second",
        ));
    }
    Ok(parse(&std::fs::read(path).on_file(action, path)?))
}

/// Every defect as `FILE:LINE:COLUMN: …`, and how a check of the manifest ends.
pub fn verdict(path: &Path, parsed: &Parsed) -> (Vec<String>, Exit) {
    let line = |d| format!("{}:{d}", path.display());
    let lines = parsed.defects.iter().map(line).collect();
    let exit = match parsed.manifest {
        Some(_) => Exit::Done,
        None => Exit::Failed,
    };
    (lines, exit)
}

/// All checksums of a file, and its size in bytes.
pub fn checksums(path: &Path) -> Result<(Checksums, u64), CliError> {
    let mut sum = Checksummer::default();
    read_in_pieces(path, |bytes| sum.update(bytes))?;
    let size = sum.length();
    Ok((sum.finish(), size))
}

/// The MD5 of a file in lower-case hexadecimal: the ETag of an object that was uploaded in one part.
pub fn md5(path: &Path) -> Result<String, CliError> {
    let mut sum = md5::Md5::new();
    read_in_pieces(path, |bytes| sum.update(bytes))?;
    Ok(hex::encode(sum.finalize()))
}

fn read_in_pieces(path: &Path, mut take: impl FnMut(&[u8])) -> Result<(), CliError> {
    let mut file = std::fs::File::open(path).on_file("read", path)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer).on_file("read", path)? {
            0 => return Ok(()),
            n => take(&buffer[..n]),
        }
    }
}
