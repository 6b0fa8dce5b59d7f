//! A mezzanine to try things with: made once, by ffmpeg, from nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reelsmith_media::Tools;

use crate::commands::manifest::{self, Titles};
use crate::error::Trouble;
use crate::project::Project;

/// A sample on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The manifest.
    pub manifest: PathBuf,
    /// The mezzanine that it describes.
    pub mezzanine: PathBuf,
}

/// What a sample looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Seconds.
    pub seconds: u32,
    /// Pixels per line.
    pub width: u32,
    /// Lines.
    pub height: u32,
    /// Frames per second.
    pub rate: u32,
}

impl Recipe {
    /// What `run` without arguments encodes.
    pub const USUAL: Self = Self {
        seconds: 8,
        width: 1920,
        height: 1080,
        rate: 24,
    };
}

/// Fonts that systems have where fontconfig finds none.
const FONTS: [&str; 4] = [
    "/usr/share/fonts/truetype/dejavu/DejaVuSansMono.ttf",
    "/usr/share/fonts/dejavu-sans-mono-fonts/DejaVuSansMono.ttf",
    "/usr/share/fonts/TTF/DejaVuSansMono.ttf",
    "/System/Library/Fonts/Menlo.ttc",
];

/// The usual sample in `.local/sample`, made where it is not there yet.
///
/// # Errors
/// Where ffmpeg cannot make it.
pub fn usual(project: &Project, tools: &Tools) -> Result<Sample, Trouble> {
    let folder = project.local("sample");
    let sample = Sample::in_folder(&folder);
    if !(sample.manifest.is_file() && sample.mezzanine.is_file()) {
        make(tools, &folder, Recipe::USUAL)?;
    }
    Ok(sample)
}

/// Makes a sample in a folder: `manifests/sample.xml` and `mezzanines/sample.mp4`.
///
/// # Errors
/// Where ffmpeg or the disk says no.
pub fn make(tools: &Tools, folder: &Path, recipe: Recipe) -> Result<Sample, Trouble> {
    let sample = Sample::in_folder(folder);
    for path in [&sample.manifest, &sample.mezzanine] {
        let parent = path.parent().unwrap_or(folder);
        std::fs::create_dir_all(parent)
            .map_err(|e| Trouble::file("make the folder", parent, &e))?;
    }
    encode(tools, recipe, &sample.mezzanine)?;
    let titles = Titles {
        manifest_id: Some("sample-s01e01".to_owned()),
        series_id: Some("sample".to_owned()),
        series_title: Some("Sample".to_owned()),
        title: Some("Counting frames".to_owned()),
        season: 1,
        episode: 1,
    };
    let xml = manifest::describe(tools, &sample.mezzanine, &titles)?;
    std::fs::write(&sample.manifest, xml)
        .map_err(|e| Trouble::file("write", &sample.manifest, &e))?;
    Ok(sample)
}

impl Sample {
    fn in_folder(folder: &Path) -> Self {
        Self {
            manifest: folder.join("manifests/sample.xml"),
            mezzanine: folder.join("mezzanines/sample.mp4"),
        }
    }
}

fn encode(tools: &Tools, recipe: Recipe, to: &Path) -> Result<(), Trouble> {
    // Made under another name, so that a file of the final name is always whole.
    let draft = to.with_extension("part.mp4");
    let numbered = argv(recipe, font(), &draft);
    let plain = argv(recipe, None, &draft);
    // A build without drawtext still shows testsrc2's own clock.
    ffmpeg(tools, &numbered).or_else(|_| ffmpeg(tools, &plain))?;
    std::fs::rename(&draft, to).map_err(|e| Trouble::file("write", to, &e))
}

fn font() -> Option<&'static str> {
    FONTS.into_iter().find(|f| Path::new(f).is_file())
}

fn argv(recipe: Recipe, font: Option<&str>, to: &Path) -> Vec<String> {
    let Recipe {
        seconds,
        width,
        height,
        rate,
    } = recipe;
    let own = |args: &[&str]| args.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>();
    let picture = format!("testsrc2=size={width}x{height}:rate={rate}:duration={seconds}");
    let filter = font.map_or_else(
        || "format=yuv420p".to_owned(),
        |f| format!("{},format=yuv420p", number(f, height)),
    );
    // Two voices that cannot be taken for each other: a low one that breathes, a high one that beats four times a second.
    let ja = format!(
        "aevalsrc='0.4*sin(2*PI*220*t)*(0.6+0.4*sin(2*PI*0.5*t))|0.4*sin(2*PI*277*t)':s=48000:d={seconds}"
    );
    let en = format!(
        "aevalsrc='0.4*sin(2*PI*660*t)*lt(mod(t,0.25),0.12)|0.4*sin(2*PI*880*t)*lt(mod(t,0.25),0.12)':s=48000:d={seconds}"
    );
    let mut argv = own(&["-hide_banner", "-loglevel", "error", "-nostdin", "-y"]);
    for input in [picture, ja, en] {
        argv.extend(own(&["-f", "lavfi", "-i", &input]));
    }
    argv.extend(own(&[
        "-map", "0:v", "-map", "1:a", "-map", "2:a", "-vf", &filter,
    ]));
    argv.extend(own(&[
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "12", "-bf", "2", "-g", "48",
    ]));
    argv.extend(own(&[
        "-color_primaries",
        "bt709",
        "-color_trc",
        "bt709",
        "-colorspace",
        "bt709",
        "-color_range",
        "tv",
    ]));
    argv.extend(own(&[
        "-c:a",
        "aac",
        "-b:a",
        "256k",
        "-metadata:s:a:0",
        "language=jpn",
        "-metadata:s:a:1",
        "language=eng",
    ]));
    argv.extend(own(&[
        "-metadata:s:a:0",
        "handler_name=Japanese",
        "-metadata:s:a:1",
        "handler_name=English Dub",
    ]));
    argv.extend(own(&["-movflags", "+faststart"]));
    argv.push(to.display().to_string());
    argv
}

/// The frame's number in white on black, large enough for every rung of the ladder.
fn number(font: &str, height: u32) -> String {
    let size = height / 6;
    format!(
        "drawtext=fontfile={font}:text='%{{n}}':fontsize={size}:fontcolor=white:box=1:boxcolor=black:boxborderw=16:x=(w-tw)/2:y=(h-th)/2"
    )
}

fn ffmpeg(tools: &Tools, argv: &[String]) -> Result<(), Trouble> {
    let trouble = |why: String| {
        Trouble::new(
            "make the sample mezzanine",
            why,
            "run scripts/setup, which installs an ffmpeg with libx264",
        )
    };
    let output = Command::new(&tools.ffmpeg)
        .args(argv)
        .stdin(Stdio::null())
        .output()
        .map_err(|e| trouble(format!("{}: {e}", tools.ffmpeg.display())))?;
    if output.status.success() {
        return Ok(());
    }
    Err(trouble(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_what_its_manifest_says() {
        let tools = Tools::locate(None, None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe {
            seconds: 1,
            width: 320,
            height: 180,
            rate: 24,
        };
        let sample = make(&tools, folder.path(), recipe).unwrap();
        let (_, parsed) = manifest::read(&sample.manifest).unwrap();
        assert_eq!(parsed.defects, []);
        let manifest = parsed.manifest.unwrap();
        let (sums, size) = manifest::checksums(&sample.mezzanine).unwrap();
        assert_eq!(manifest.mezzanine.checksum_md5, sums.md5);
        assert_eq!(manifest.mezzanine.file_size.0, size);
        assert_eq!(manifest.mezzanine.duration_ms, Some(1000));
        let languages: Vec<_> = manifest
            .audio_tracks
            .iter()
            .map(|t| (t.language.as_str(), t.label.as_str()))
            .collect();
        assert_eq!(languages, [("ja", "Japanese"), ("en", "English Dub")]);
    }

    #[test]
    fn the_whole_command_line_of_the_usual_sample() {
        let argv = argv(
            Recipe::USUAL,
            Some("/fonts/Mono.ttf"),
            Path::new("sample.mp4"),
        );
        insta::assert_snapshot!(argv.join("\n"));
    }
}
