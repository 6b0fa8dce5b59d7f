//! The content of encoded pictures, decoded and compared by pixels.

use reelsmith_core::ladder::VideoRange;
use reelsmith_core::probe::{ContentLight, Mastering};

use super::*;
use crate::hdr;
use crate::testing::with_clean_aperture;

/// Luma and chroma in 8 bits of the pixel at (x, y) in the first picture of a file.
fn pixel(file: &Path, x: u32, y: u32) -> [u8; 3] {
    let (folder, name) = (file.parent().unwrap(), file.file_name().unwrap());
    let name = name.to_str().unwrap();
    let line = format!(
        "-i {name} -frames:v 1 -vf format=yuv444p,crop=1:1:{x}:{y}:exact=1 -f rawvideo pixel.raw"
    );
    ffmpeg(folder, &line);
    let bytes = std::fs::read(folder.join("pixel.raw")).unwrap();
    bytes.try_into().unwrap()
}

fn assert_near(found: [u8; 3], expected: [f64; 3], what: &str) {
    for (found, expected) in found.into_iter().zip(expected) {
        let off = (f64::from(found) - expected).abs();
        assert!(off <= 2.5, "{what}: expected {expected:.1}, found {found}");
    }
}

/// The limited-range 8-bit code of an RGB signal; the matrix is given by its weights of red and blue.
fn coded([r, g, b]: [f64; 3], (red, blue): (f64, f64)) -> [f64; 3] {
    let y = red * r + (1.0 - red - blue) * g + blue * b;
    [
        16.0 + 219.0 * y,
        128.0 + 112.0 * (b - y) / (1.0 - blue),
        128.0 + 112.0 * (r - y) / (1.0 - red),
    ]
}

const BT709: (f64, f64) = (0.2126, 0.0722);
const BT2020: (f64, f64) = (0.2627, 0.0593);

/// A still of one colour in 10-bit BT.2020, with HDR10 metadata if it is PQ.
fn still(signal: [f64; 3], transfer: &str) -> String {
    let [y, u, v] = coded(signal, BT2020).map(|c| (c * 4.0).round());
    let metadata = match transfer {
        "smpte2084" => {
            ":hdr10=1:master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50):max-cll=800,200"
        }
        _ => "",
    };
    format!(
        "-f lavfi -i color=size=320x180:rate=24,format=yuv420p10le,geq=lum={y}:cb={u}:cr={v} -frames:v 48 -c:v libx265 \
         -preset ultrafast -qp 4 -tag:v hvc1 -color_primaries bt2020 -color_trc {transfer} -colorspace bt2020nc \
         -color_range tv -x265-params log-level=error{metadata} film.mp4"
    )
}

fn hdr_rung(range: VideoRange) -> VideoRendition {
    let mut rung = rung(VideoCodec::H265, "ultrafast", "main10", 12.0);
    rung.rung.settings.pixel_format = "yuv420p10le".into();
    rung.rung.range = range;
    rung
}

fn colours(media: &RungMedia) -> (u16, u16, u16) {
    let init = reelsmith_isobmff::Init::read(&media.init).unwrap();
    let colour = init.colour.unwrap();
    assert!(!colour.full_range);
    (colour.primaries, colour.transfer, colour.matrix)
}

#[tokio::test(flavor = "multi_thread")]
async fn hdr10_is_preserved_and_also_tone_mapped() {
    // Reference white, and a red outside BT.709.
    for signal in [[0.58; 3], [0.5, 0.2, 0.2]] {
        let film = Film::made(Container::Mov, &still(signal, "smpte2084")).await;
        let light = ContentLight {
            brightest: 800,
            average: 200,
        };
        assert_eq!(film.probe.video.as_ref().unwrap().light, Some(light));
        let rungs = [
            hdr_rung(VideoRange::Pq),
            rung(VideoCodec::H264, "veryfast", "high", 8.0),
        ];
        let chunks = film.encode(48, &rungs).await;
        film.assert_seamless(&chunks, 0);
        film.assert_seamless(&chunks, 1);

        assert_eq!(colours(&chunks[0].rungs[0]), (9, 16, 9));
        let kept = pixel(&film.joined(&chunks, 0), 100, 60);
        assert_near(
            kept,
            coded(signal, BT2020),
            "the HDR picture is the source's",
        );
        let again = film.reprobed(0).await;
        assert_eq!((again.bit_depth, again.light), (10, Some(light)));
        let graded = Mastering {
            chromaticities: [
                [34_000, 16_000],
                [13_250, 34_500],
                [7_500, 3_000],
                [15_635, 16_450],
            ],
            brightest: 10_000_000,
            darkest: 50,
        };
        assert_eq!(again.mastering, Some(graded));

        assert_eq!(colours(&chunks[0].rungs[1]), (1, 1, 1));
        let sdr = film.reprobed(1).await;
        assert_eq!((sdr.bit_depth, sdr.light, sdr.mastering), (8, None, None));
        let mapped = pixel(&film.joined(&chunks, 1), 100, 60);
        let expected = hdr::to_sdr(signal, VideoRange::Pq, 800.0);
        assert_near(
            mapped,
            coded(expected, BT709),
            "the SDR picture is its tone map",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hlg_is_preserved_and_also_tone_mapped() {
    let signal = [0.75; 3];
    let film = Film::made(Container::Mov, &still(signal, "arib-std-b67")).await;
    let rungs = [
        hdr_rung(VideoRange::Hlg),
        rung(VideoCodec::H264, "veryfast", "high", 8.0),
    ];
    let chunks = film.encode(48, &rungs).await;
    assert_eq!(colours(&chunks[0].rungs[0]), (9, 18, 9));
    assert_near(
        pixel(&film.joined(&chunks, 0), 9, 9),
        coded(signal, BT2020),
        "HLG",
    );
    assert_eq!(colours(&chunks[0].rungs[1]), (1, 1, 1));
    let expected = hdr::to_sdr(signal, VideoRange::Hlg, 1_000.0);
    assert_near(
        pixel(&film.joined(&chunks, 1), 9, 9),
        coded(expected, BT709),
        "SDR",
    );
}

/// A picture of 180 × 144, white on the left and black on the right.
const HALVES: &str =
    "-f lavfi -i color=white:size=180x144:rate=24,drawbox=x=90:color=black:t=fill -frames:v 24";

async fn upright(
    container: Container,
    folder: tempfile::TempDir,
    name: &str,
    size: &str,
) -> PathBuf {
    let film = Film::of(container, folder, name).await;
    let display = film.probe.video.as_ref().unwrap().display();
    assert_eq!(display.to_string(), size);
    let mut rung = rung(VideoCodec::H264, "veryfast", "high", 8.0);
    rung.rung.resolution = Resolution {
        width: display.width & !1,
        height: display.height & !1,
    };
    let chunks = film.encode(48, &[rung]).await;
    let joined = film.joined(&chunks, 0);
    let kept = film.folder.keep();
    kept.join(joined.file_name().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn pixels_become_square_pictures_upright_and_sizes_even() {
    let (white, black) = ([235.0, 128.0, 128.0], [16.0, 128.0, 128.0]);
    let wide = format!("{HALVES} -vf setsar=64/45 -c:v libx264 -qp 4 -pix_fmt yuv420p film.mp4");
    let out = upright(Container::Mov, made(&wide).0, "film.mp4", "256x144").await;
    assert_near(pixel(&out, 120, 70), white, "left of the middle of 256");
    assert_near(pixel(&out, 136, 70), black, "right of the middle of 256");
    std::fs::remove_dir_all(out.parent().unwrap()).unwrap();

    let (folder, _) = made(&format!(
        "{HALVES} -c:v libx264 -qp 4 -pix_fmt yuv420p flat.mp4"
    ));
    ffmpeg(
        folder.path(),
        "-i flat.mp4 -c copy -metadata:s:v:0 rotate=90 film.mp4",
    );
    let out = upright(Container::Mov, folder, "film.mp4", "144x180").await;
    let (above, below) = (pixel(&out, 70, 80), pixel(&out, 70, 100));
    // For this tag, ffmpeg 5.1 writes a matrix that rotates counter-clockwise.
    assert_near(above, black, "right becomes top");
    assert_near(below, white, "left becomes bottom");
    std::fs::remove_dir_all(out.parent().unwrap()).unwrap();

    let odd = format!("{HALVES} -vf crop=179:143:0:0:exact=1 -c:v ffv1 -pix_fmt yuv444p film.mkv");
    let out = upright(Container::Matroska, made(&odd).0, "film.mkv", "179x143").await;
    assert_near(pixel(&out, 177, 141), black, "the last pixel of 178 × 142");
    std::fs::remove_dir_all(out.parent().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn full_range_is_converted_to_limited_range() {
    let line = "-f lavfi -i color=size=320x180:rate=24,format=yuvj422p,geq=lum=255:cb=128:cr=128 -frames:v 24 -c:v mjpeg \
                -q:v 2 film.mov";
    let film = Film::made(Container::Mov, line).await;
    assert_eq!(
        film.probe.video.as_ref().unwrap().range.as_deref(),
        Some("pc")
    );
    let chunks = film
        .encode(48, &[rung(VideoCodec::H264, "veryfast", "high", 8.0)])
        .await;
    let found = pixel(&film.joined(&chunks, 0), 50, 50);
    assert_near(found, [235.0, 128.0, 128.0], "white of full range");
}

#[tokio::test(flavor = "multi_thread")]
async fn interlaced_pictures_become_frames_at_the_same_rate() {
    let line = "-f lavfi -i testsrc2=size=320x180:rate=50 -frames:v 72 -vf tinterlace=interleave_top,setfield=tff -r 25 \
                -pix_fmt yuv420p -c:v libx264 -flags +ildct+ilme -x264-params tff=1 -qp 4 -g 24 film.mp4";
    let film = Film::made(Container::Mov, line).await;
    assert_ne!(film.scan, Scan::Progressive);
    assert_eq!(film.timeline.frame_rate.to_string(), "25");
    let chunks = film.encode(48, &[lossless()]).await;
    film.assert_seamless(&chunks, 0);
    let joined = film.joined(&chunks, 0);
    let name = joined.file_name().unwrap().to_str().unwrap();
    let judged = |film: &Film, name: &str| {
        let line = format!(
            "-i {name} -vf idet,metadata=mode=print:key=lavfi.idet.multiple.current_frame:file=- -f null -"
        );
        let text = ffmpeg(film.folder.path(), &line);
        text.matches("=tff").count() + text.matches("=bff").count()
    };
    let (before, after) = (judged(&film, "film.mp4"), judged(&film, name));
    assert!(
        before > 50 && after * 10 < before,
        "{before} combed frames became {after}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_is_tagged_and_a_rotated_picture_is_upright() {
    let (folder, _) = made(&format!("{LAVFI}:rate=24 -t 2 {B_FRAMES} flat.mp4"));
    let turn = "-i flat.mp4 -c copy -metadata:s:v:0 rotate=90 film.mp4";
    ffmpeg(folder.path(), turn);
    let film = Film::of(Container::Mov, folder, "film.mp4").await;
    assert_eq!(
        film.probe.video.as_ref().unwrap().display().to_string(),
        "180x320"
    );
    let mut upright = lossless();
    upright.rung.resolution = film.probe.video.as_ref().unwrap().display();
    let chunks = film.encode(48, &[upright]).await;
    let shown = film.assert_seamless(&chunks, 0);
    // ffmpeg rotates the source when it decodes it.
    film.assert_lossless(&shown);
    let init = reelsmith_isobmff::Init::read(&chunks[0].rungs[0].init).unwrap();
    let color = init.colour.unwrap();
    assert_eq!(
        (
            color.primaries,
            color.transfer,
            color.matrix,
            color.full_range
        ),
        (6, 6, 6, false)
    );
    assert_eq!(
        (init.width, init.height, init.movie_duration),
        (180, 320, 0)
    );
    assert!(init.has_brand("cmfc"));
}

/// Mirrors a picture of 320 columns left to right by the matrix of its `tkhd`, which is 40 bytes after the type.
fn mirror(file: &mut [u8]) {
    let at = file.windows(4).position(|w| w == b"tkhd").unwrap() + 44;
    let one = 1i32 << 16;
    let matrix = [-one, 0, 0, 0, one, 0, 320 * one, 0, 1 << 30];
    for (n, value) in matrix.into_iter().enumerate() {
        file[at + n * 4..at + n * 4 + 4].copy_from_slice(&value.to_be_bytes());
    }
}

/// Encodes a film with this clean aperture losslessly, and compares its pictures with ffmpeg's own crop of the film.
async fn assert_cropped(line: &str, mirrored: bool, aperture: [u32; 8], display: &str, crop: &str) {
    let (folder, flat) = made(&format!("{LAVFI}:rate=24 -t 3 {B_FRAMES} flat.mov"));
    ffmpeg(folder.path(), line);
    let file = folder.path().join("film.mov");
    let file = if file.exists() { file } else { flat };
    let name = file.file_name().unwrap().to_str().unwrap().to_owned();
    let mut content = with_clean_aperture(std::fs::read(&file).unwrap(), aperture);
    if mirrored {
        mirror(&mut content);
    }
    std::fs::write(&file, content).unwrap();
    let film = Film::of(Container::Mov, folder, &name).await;
    assert_eq!(
        film.probe.video.as_ref().unwrap().display().to_string(),
        display
    );
    let mut rung = lossless();
    rung.rung.resolution = film.probe.video.as_ref().unwrap().display();
    let chunks = film.encode(48, &[rung]).await;
    film.assert_seamless(&chunks, 0);
    let joined = film.joined(&chunks, 0);
    let joined = joined.file_name().unwrap().to_str().unwrap();
    let hashes = |input: &str, filter: &str| {
        let line = format!("-i {input} {filter} -pix_fmt yuv420p -f framehash -hash md5 -");
        let text = ffmpeg(film.folder.path(), &line);
        let rows = text.lines().filter(|l| !l.starts_with('#'));
        let hash = |row: &str| row.rsplit(", ").next().unwrap().to_owned();
        rows.map(hash).collect::<Vec<_>>()
    };
    let expected = hashes(&name, &format!("-vf {crop}"));
    assert_eq!(expected.len(), 72);
    assert_eq!(hashes(joined, ""), expected, "{crop}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_picture_is_cropped_to_the_clean_aperture() {
    // 300 1/3 × 160 of 320 × 180, two to the right and five up: from 11.83 to 312.17, and from 5 to 165.
    let up = (-5i32).cast_unsigned();
    let aperture = [901, 3, 160, 1, 2, 1, up, 1];
    assert_cropped("-version", false, aperture, "300x158", "crop=300:158:12:6").await;
    assert_cropped("-version", true, aperture, "300x158", "crop=300:158:8:6").await;
    let turn = "-i flat.mov -c copy -metadata:s:v:0 rotate=90 film.mov";
    // The tag rotates counter-clockwise: the right edge becomes the top.
    assert_cropped(turn, false, aperture, "158x300", "crop=158:300:6:8").await;
}
