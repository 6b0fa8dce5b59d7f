//! Small mezzanines, made by ffmpeg once per test run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// Frames of the standard mezzanine.
pub const FRAMES: u64 = 240;
/// Its frame rate, as ffmpeg writes it.
pub const FRAME_RATE: &str = "24/1";
/// Its languages, the default first.
pub const LANGUAGES: [&str; 2] = ["ja", "en"];

/// Frames of the broadcast mezzanine.
pub const BROADCAST_FRAMES: u64 = 150;

fn folder() -> &'static Path {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    FOLDER
        .get_or_init(|| TempDir::with_prefix("reelsmith-media-").expect("a temporary folder"))
        .path()
}

/// Runs ffmpeg; the file it made, which is gone with the test program.
pub(crate) fn ffmpeg(name: &str, args: &[&str]) -> PathBuf {
    let path = folder().join(name);
    let output = Command::new("ffmpeg")
        .args(["-v", "error", "-nostdin", "-y"])
        .args(args)
        .arg(&path)
        .output()
        .expect("ffmpeg to start");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg made no {name}: {stderr}");
    path
}

/// Ten seconds of 480p at 24 frames per second with B-frames, and a tone of its own for each of two languages.
pub fn standard() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let video = "testsrc2=size=854x480:rate=24:duration=10";
        let (ja, en) = (
            "sine=frequency=440:duration=10",
            "sine=frequency=880:duration=10",
        );
        ffmpeg(
            "standard.mp4",
            &[
                "-f",
                "lavfi",
                "-i",
                video,
                "-f",
                "lavfi",
                "-i",
                ja,
                "-f",
                "lavfi",
                "-i",
                en,
                "-map",
                "0:v",
                "-map",
                "1:a",
                "-map",
                "2:a",
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-bf",
                "2",
                "-g",
                "48",
                "-pix_fmt",
                "yuv420p",
                "-c:a",
                "aac",
                "-ac",
                "2",
                "-metadata:s:a:0",
                "language=jpn",
                "-metadata:s:a:1",
                "language=eng",
            ],
        )
    })
}

/// What the timed text of [`captioned`] says, in Japanese and, without a language, a second time.
pub const TIMED_TEXT: &str =
    "1\n00:00:02,000 --> 00:00:04,250\n一行目\n\n2\n00:00:07,000 --> 00:00:09,000\nA & <i>B</i>\n";

/// The standard mezzanine with timed text in it: Japanese, English, and one whose language is not stated.
pub fn captioned() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let text = folder().join("timed.srt");
        std::fs::write(&text, TIMED_TEXT).expect("a file in a temporary folder");
        let (film, text) = (standard().to_string_lossy(), text.to_string_lossy());
        let inputs = ["-i", &film, "-i", &text];
        let outputs = "-map 0 -map 1 -map 1 -map 1 -c copy -c:s mov_text -metadata:s:s:0 language=jpn -metadata:s:s:1 language=eng";
        let args: Vec<&str> = inputs.into_iter().chain(outputs.split(' ')).collect();
        ffmpeg("captioned.mp4", &args)
    })
}

/// Twelve seconds of small pictures and one tone: three segments, and quick to encode at every rung.
pub fn small() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| tiny("small.mp4", 12))
}

/// One second of small pictures and one tone.
pub fn short() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| tiny("short.mp4", 1))
}

fn tiny(name: &str, seconds: u32) -> PathBuf {
    let video = format!("testsrc2=size=320x180:rate=24:duration={seconds}");
    let tone = format!("sine=frequency=440:duration={seconds}");
    let inputs = ["-f", "lavfi", "-i", &video, "-f", "lavfi", "-i", &tone];
    let outputs = "-c:v libx264 -preset ultrafast -g 48 -pix_fmt yuv420p -c:a aac -ac 2";
    let args: Vec<&str> = inputs.into_iter().chain(outputs.split(' ')).collect();
    ffmpeg(name, &args)
}

/// Two seconds of sound without pictures, in an MP4.
pub fn audio_only() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        ffmpeg(
            "audio-only.mp4",
            &[
                "-f",
                "lavfi",
                "-i",
                "sine=frequency=440:duration=2",
                "-c:a",
                "aac",
            ],
        )
    })
}

/// Four seconds of fields of different moments, in MPEG-2 and MXF, with PCM.
pub fn interlaced() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let line = "-f lavfi -i testsrc2=size=720x576:rate=50:duration=4 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 \
                    -vf tinterlace=interleave_top,setfield=tff,setsar=64/45 -r 25 -c:v mpeg2video -flags +ildct+ilme -top 1 \
                    -b:v 5M -bf 2 -g 12 -c:a pcm_s16le";
        ffmpeg("interlaced.mxf", &line.split_ascii_whitespace().collect::<Vec<_>>())
    })
}

/// Four seconds of HDR10 in H.265 of ten bits.
pub fn hdr10() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        ffmpeg(
            "hdr10.mp4",
            &hdr("bt2020nc").split_ascii_whitespace().collect::<Vec<_>>(),
        )
    })
}

/// Five seconds of 720p at 30,000/1,001 frames per second, with one tone.
pub fn broadcast() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        let args = "-f lavfi -i testsrc2=size=1280x720:rate=30000/1001 -f lavfi -i sine=frequency=660:sample_rate=48000 \
                    -frames:v 150 -t 5.005 -c:v libx264 -preset veryfast -g 60 -pix_fmt yuv420p -c:a aac -ac 2";
        let args: Vec<&str> = args.split_whitespace().collect();
        ffmpeg("broadcast.mp4", &args)
    })
}
/// HDR by a matrix that is not encoded here.
pub fn hdr_by_another_matrix() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| {
        ffmpeg(
            "ictcp.mp4",
            &hdr("ictcp").split_ascii_whitespace().collect::<Vec<_>>(),
        )
    })
}

fn hdr(matrix: &str) -> String {
    format!(
        "-f lavfi -i testsrc2=size=1280x720:rate=24:duration=4 -f lavfi -i sine=frequency=440:sample_rate=48000:duration=4 \
         -pix_fmt yuv420p10le -c:v libx265 -preset ultrafast -tag:v hvc1 -color_primaries bt2020 -color_trc smpte2084 \
         -colorspace {matrix} -color_range tv -x265-params \
         log-level=error:hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=800,200 \
         -c:a aac -ac 2"
    )
}
