//! The kinds of mezzanine, and how each is made.

use reelsmith_core::sniff::Container::{self, Matroska, Mov, MpegPs, MpegTs, Mxf};

/// A kind of mezzanine.
#[derive(Debug)]
pub struct Kind {
    /// A unique name that states what is special about the kind.
    pub name: &'static str,
    /// The container that must be detected.
    pub container: Container,
    /// Name of the finished file.
    pub file: &'static str,
    /// Arguments of successive ffmpeg runs. `SRC` is the moving test picture with 97 frames at 25 fps, `SRC@RATE` the same at
    /// another rate, `TONE` a tone. `JOIN a b c` concatenates files a and b to c; `UNSTATED a b` writes a as b without its
    /// statement about reordering; `TAIL a b` writes the last three quarters of a as b.
    pub steps: &'static [&'static str],
    /// Whether the pictures are deinterlaced before they are compared.
    pub interlaced: bool,
}

const fn kind(
    name: &'static str,
    container: Container,
    file: &'static str,
    steps: &'static [&'static str],
) -> Kind {
    Kind {
        name,
        container,
        file,
        steps,
        interlaced: false,
    }
}

const fn fields(
    name: &'static str,
    container: Container,
    file: &'static str,
    steps: &'static [&'static str],
) -> Kind {
    Kind {
        interlaced: true,
        ..kind(name, container, file, steps)
    }
}

/// All kinds.
pub const KINDS: &[Kind] = &[
    kind(
        "MP4 H.264, B-pyramid, edit list",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx264 -preset fast -g 24 -x264-params bframes=3:b-pyramid=normal:log-level=0 a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, open GOP",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx264 -preset fast -x264-params open-gop=1:keyint=20:bframes=3:log-level=0 a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, negative composition offsets",
        Mov,
        "a.mp4",
        &["SRC -c:v libx264 -preset fast -g 24 -bf 2 -movflags negative_cts_offsets a.mp4"],
    ),
    kind(
        "MP4 H.264, no edit list",
        Mov,
        "a.mp4",
        &["SRC -c:v libx264 -preset fast -g 24 -bf 2 -use_editlist 0 a.mp4"],
    ),
    kind(
        "MP4 H.264, edit list begins mid-GOP",
        Mov,
        "b.mp4",
        &[
            "SRC TONE -frames:v 130 -c:v libx264 -preset fast -g 24 -bf 2 -c:a aac a.mp4",
            "-ss 1.2 -i a.mp4 -c copy -frames:v 97 b.mp4",
        ],
    ),
    kind(
        "MP4 H.264, edit list begins mid-frame",
        Mov,
        "b.mp4",
        &[
            "SRC TONE -frames:v 130 -c:v libx264 -preset fast -g 24 -bf 2 -c:a aac a.mp4",
            "-ss 1.213 -i a.mp4 -c copy -frames:v 97 b.mp4",
        ],
    ),
    kind(
        "MP4 H.264, empty edit (starts late)",
        Mov,
        "b.mp4",
        &[
            "SRC -c:v libx264 -preset fast -g 24 -bf 2 a.mp4",
            "-itsoffset 0.7 -i a.mp4 -f lavfi -i sine=d=4 -map 0:v -map 1:a -c:v copy -c:a aac b.mp4",
        ],
    ),
    kind(
        "MP4 H.264, moov first, interleaved sound",
        Mov,
        "a.mp4",
        &["SRC TONE -c:v libx264 -preset fast -g 24 -bf 2 -c:a aac -movflags +faststart a.mp4"],
    ),
    kind(
        "MP4 H.264, fragmented",
        Mov,
        "a.mp4",
        &[
            "SRC TONE -c:v libx264 -preset fast -g 20 -bf 2 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, fragmented after a first moov",
        Mov,
        "a.mp4",
        &["SRC -c:v libx264 -preset fast -g 20 -bf 2 -movflags frag_keyframe a.mp4"],
    ),
    kind(
        "MP4 H.264, a fragment per frame",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx264 -preset fast -g 24 -bf 2 -movflags frag_every_frame+empty_moov+delay_moov a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, fragmented with a sidx per fragment",
        Mov,
        "a.mp4",
        &[
            "SRC TONE -c:v libx264 -preset fast -g 20 -bf 2 -c:a aac -movflags frag_keyframe+empty_moov+default_base_moof+dash a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, fragmented with one sidx",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx264 -preset fast -g 20 -bf 2 -movflags frag_keyframe+delay_moov+default_base_moof+global_sidx a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, one key frame in the whole file",
        Mov,
        "a.mp4",
        &["SRC -c:v libx264 -preset fast -g 9999 -sc_threshold 0 -bf 2 a.mp4"],
    ),
    kind(
        "MP4 H.264, reordering not stated",
        Mov,
        "b.mp4",
        &[
            "SRC -c:v libx264 -preset fast -g 24 -x264-params bframes=3:b-pyramid=normal:log-level=0 a.mp4",
            "UNSTATED a.mp4 b.mp4",
        ],
    ),
    kind(
        "MP4 H.264, intra refresh",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx264 -preset fast -x264-params intra-refresh=1:keyint=24:bframes=0:log-level=0 a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, 30000/1001, start at 3 s",
        Mov,
        "b.mp4",
        &[
            "SRC@30000/1001 -c:v libx264 -preset fast -g 30 -bf 2 a.mp4",
            "-itsoffset 3 -i a.mp4 -c copy -movflags +faststart b.mp4",
        ],
    ),
    kind(
        "MP4 H.264 with odd timescale, 24000/1001",
        Mov,
        "a.mp4",
        &[
            "SRC@24000/1001 -c:v libx264 -preset fast -g 24 -bf 2 -video_track_timescale 90000 a.mp4",
        ],
    ),
    kind(
        "MP4 MPEG-4 part 2, B-frames",
        Mov,
        "a.mp4",
        &["SRC -c:v mpeg4 -bf 2 -g 12 -q:v 3 a.mp4"],
    ),
    kind(
        "MP4 HEVC, open GOP with RASL",
        Mov,
        "a.mp4",
        &[
            "SRC -c:v libx265 -preset fast -tag:v hvc1 -x265-params keyint=24:min-keyint=24:open-gop=1:bframes=4:log-level=none a.mp4",
        ],
    ),
    kind(
        "MP4 HEVC 10 bit, closed GOP",
        Mov,
        "a.mp4",
        &[
            "SRC -pix_fmt yuv420p10le -c:v libx265 -preset fast -tag:v hvc1 -x265-params keyint=24:open-gop=0:log-level=none a.mp4",
        ],
    ),
    kind(
        "MP4 AV1",
        Mov,
        "a.mp4",
        &["SRC -c:v libsvtav1 -preset 12 -g 24 a.mp4"],
    ),
    kind(
        "MP4 VFR H.264",
        Mov,
        "a.mp4",
        &[
            "SRC -vf select='mod(n\\,7)*mod(n\\,11)' -fps_mode vfr -c:v libx264 -preset fast -g 24 -bf 2 -video_track_timescale 90000 a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, 120 per second",
        Mov,
        "a.mp4",
        &["SRC@120 -c:v libx264 -preset fast -g 48 -bf 2 a.mp4"],
    ),
    kind(
        "MOV H.264 4:2:2 10 bit, intra only",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuv422p10le -c:v libx264 -preset fast -g 1 a.mov"],
    ),
    kind(
        "MOV H.264 4:4:4, odd size",
        Mov,
        "a.mov",
        &[
            "SRC -vf crop=iw-1:ih-1:0:0 -pix_fmt yuv444p -c:v libx264 -preset fast -g 24 -bf 2 a.mov",
        ],
    ),
    kind(
        "MOV HEVC 4:2:2 10 bit",
        Mov,
        "a.mov",
        &[
            "SRC -pix_fmt yuv422p10le -c:v libx265 -preset fast -tag:v hvc1 -x265-params keyint=24:log-level=none a.mov",
        ],
    ),
    kind(
        "MOV MPEG-2 4:2:2, open GOP",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuv422p -c:v mpeg2video -bf 2 -g 12 -q:v 3 a.mov"],
    ),
    kind(
        "MOV ProRes 422, PCM",
        Mov,
        "a.mov",
        &["SRC TONE -pix_fmt yuv422p10le -c:v prores_ks -profile:v 0 -c:a pcm_s24le a.mov"],
    ),
    kind(
        "MOV ProRes 4444 with alpha",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuva444p10le -c:v prores_ks -profile:v 4444 a.mov"],
    ),
    kind(
        "MOV DNxHR",
        Mov,
        "a.mov",
        &["SRC -vf scale=iw*2:ih*3/2 -pix_fmt yuv422p -c:v dnxhd -profile:v dnxhr_sq a.mov"],
    ),
    kind(
        "MOV Motion JPEG, full range",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuvj422p -c:v mjpeg -q:v 3 a.mov"],
    ),
    kind(
        "MOV H.264 turned by 90 degrees",
        Mov,
        "b.mov",
        &[
            "SRC -c:v libx264 -preset fast -g 24 -bf 2 a.mp4",
            "-i a.mp4 -c copy -metadata:s:v:0 rotate=90 b.mov",
        ],
    ),
    kind(
        "MOV H.264, anamorphic",
        Mov,
        "a.mov",
        &["SRC -vf setsar=64/45 -c:v libx264 -preset fast -g 24 -bf 2 a.mov"],
    ),
    kind(
        "MXF MPEG-2 long GOP (XDCAM), PCM",
        Mxf,
        "a.mxf",
        &[
            "SRC TONE -pix_fmt yuv422p -c:v mpeg2video -bf 2 -g 12 -q:v 3 -c:a pcm_s16le -ar 48000 a.mxf",
        ],
    ),
    kind(
        "MXF MPEG-2 intra, PCM",
        Mxf,
        "a.mxf",
        &["SRC TONE -pix_fmt yuv422p -c:v mpeg2video -g 1 -q:v 3 -c:a pcm_s16le -ar 48000 a.mxf"],
    ),
    kind(
        "MXF DNxHR",
        Mxf,
        "a.mxf",
        &["SRC -vf scale=iw*2:ih*3/2 -pix_fmt yuv422p -c:v dnxhd -profile:v dnxhr_sq a.mxf"],
    ),
    kind(
        "MXF H.264 long GOP",
        Mxf,
        "a.mxf",
        &["SRC -pix_fmt yuv420p -c:v libx264 -preset fast -profile:v high -g 24 -bf 2 a.mxf"],
    ),
    kind(
        "MKV H.264, B-pyramid, 24000/1001",
        Matroska,
        "a.mkv",
        &[
            "SRC@24000/1001 TONE -c:v libx264 -preset fast -g 24 -x264-params bframes=3:b-pyramid=normal:log-level=0 -c:a aac a.mkv",
        ],
    ),
    kind(
        "MKV H.264, open GOP, no cues",
        Matroska,
        "a.mkv",
        &[
            "SRC -c:v libx264 -preset fast -x264-params open-gop=1:keyint=20:bframes=3:log-level=0 -live 1 a.mkv",
        ],
    ),
    kind(
        "MKV HEVC, open GOP with RASL",
        Matroska,
        "a.mkv",
        &[
            "SRC -c:v libx265 -preset fast -x265-params keyint=24:min-keyint=24:open-gop=1:bframes=4:log-level=none a.mkv",
        ],
    ),
    kind(
        "MKV H.264, intra refresh",
        Matroska,
        "a.mkv",
        &[
            "SRC -c:v libx264 -preset fast -x264-params intra-refresh=1:keyint=24:bframes=0:log-level=0 a.mkv",
        ],
    ),
    kind(
        "MKV VP9, 60000/1001",
        Matroska,
        "a.mkv",
        &["SRC@60000/1001 -c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 40 a.mkv"],
    ),
    kind(
        "MKV AV1, 10 bit",
        Matroska,
        "a.mkv",
        &["SRC -pix_fmt yuv420p10le -c:v libsvtav1 -preset 12 -g 24 a.mkv"],
    ),
    kind(
        "MKV FFV1 4:4:4",
        Matroska,
        "a.mkv",
        &["SRC -pix_fmt yuv444p -c:v ffv1 -g 1 a.mkv"],
    ),
    kind(
        "MOV DV",
        Mov,
        "a.mov",
        &["SRC -s 720x576 -c:v dvvideo a.mov"],
    ),
    kind(
        "MOV uncompressed 4:2:2 10 bit (v210)",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuv422p10le -c:v v210 a.mov"],
    ),
    kind(
        "MOV CineForm",
        Mov,
        "a.mov",
        &["SRC -pix_fmt yuv422p10le -c:v cfhd a.mov"],
    ),
    kind(
        "MXF JPEG 2000, PCM",
        Mxf,
        "a.mxf",
        &["SRC TONE -c:v jpeg2000 -c:a pcm_s16le a.mxf"],
    ),
    kind(
        "MKV VP8",
        Matroska,
        "a.mkv",
        &["SRC -c:v libvpx -b:v 1M -g 24 a.mkv"],
    ),
    kind(
        "MP4 H.264, a pause of 12 s",
        Mov,
        "a.mp4",
        &[
            r"SRC -vf setpts=PTS+12/TB*gte(N\,50) -fps_mode vfr -c:v libx264 -preset fast -g 24 a.mp4",
        ],
    ),
    kind(
        "MP4 H.264, slides of 3 s",
        Mov,
        "a.mp4",
        &["SRC -vf setpts=3*N/TB -r 1/3 -frames:v 9 -c:v libx264 -preset fast -g 4 -bf 2 a.mp4"],
    ),
    kind(
        "MP4 H.264, one picture of 5 s",
        Mov,
        "a.mp4",
        &["SRC@1/5 -frames:v 1 -c:v libx264 -preset fast a.mp4"],
    ),
    kind(
        "MP4 H.264, the only key frame is hidden",
        Mov,
        "b.mp4",
        &[
            "SRC TONE -frames:v 130 -c:v libx264 -preset fast -g 999 -bf 2 -c:a aac a.mp4",
            "-ss 1.2 -i a.mp4 -c copy -frames:v 97 b.mp4",
        ],
    ),
    kind(
        "TS H.264, begins mid-GOP",
        MpegTs,
        "b.ts",
        &[
            "SRC -frames:v 130 -c:v libx264 -preset fast -g 40 -bf 2 a.ts",
            "TAIL a.ts b.ts",
        ],
    ),
    kind(
        "TS H.265, begins mid-GOP of an open group",
        MpegTs,
        "b.ts",
        &[
            "SRC -frames:v 130 -c:v libx265 -preset fast -x265-params open-gop=1:keyint=40:bframes=3:log-level=0 a.ts",
            "TAIL a.ts b.ts",
        ],
    ),
    kind(
        "PS MPEG-2, begins mid-GOP",
        MpegPs,
        "b.mpg",
        &[
            "SRC -frames:v 130 -c:v mpeg2video -q:v 3 -g 15 -bf 2 -f vob a.mpg",
            "TAIL a.mpg b.mpg",
        ],
    ),
    kind(
        "MKV H.264, a pause of 12 s",
        Matroska,
        "a.mkv",
        &[
            r"SRC -vf setpts=PTS+12/TB*gte(N\,50) -fps_mode vfr -c:v libx264 -preset fast -g 24 a.mkv",
        ],
    ),
    kind(
        "MKV VFR H.264",
        Matroska,
        "a.mkv",
        &[
            "SRC -vf select='mod(n\\,7)*mod(n\\,11)' -fps_mode vfr -c:v libx264 -preset fast -g 24 -bf 2 a.mkv",
        ],
    ),
    kind(
        "TS H.264, B-pyramid",
        MpegTs,
        "a.ts",
        &[
            "SRC TONE -c:v libx264 -preset fast -g 24 -x264-params bframes=3:b-pyramid=normal:log-level=0 -c:a aac a.ts",
        ],
    ),
    kind(
        "TS H.264, open GOP",
        MpegTs,
        "a.ts",
        &[
            "SRC -c:v libx264 -preset fast -x264-params open-gop=1:keyint=20:bframes=3:log-level=0 a.ts",
        ],
    ),
    kind(
        "TS H.264, intra refresh",
        MpegTs,
        "a.ts",
        &[
            "SRC -c:v libx264 -preset fast -x264-params intra-refresh=1:keyint=24:bframes=0:log-level=0 a.ts",
        ],
    ),
    kind(
        "TS H.264, one key frame in the whole file",
        MpegTs,
        "a.ts",
        &["SRC -c:v libx264 -preset fast -g 9999 -sc_threshold 0 -bf 2 a.ts"],
    ),
    kind(
        "TS HEVC, 10 per second",
        MpegTs,
        "a.ts",
        &["SRC@10 -c:v libx265 -preset fast -x265-params keyint=30:bframes=4:log-level=none a.ts"],
    ),
    kind(
        "TS MPEG-2, open GOP",
        MpegTs,
        "a.ts",
        &["SRC -c:v mpeg2video -bf 2 -g 12 -q:v 4 a.ts"],
    ),
    kind(
        "TS H.264, times wrap at 2³³",
        MpegTs,
        "a.ts",
        &[
            "SRC TONE -c:v libx264 -preset fast -g 24 -bf 2 -c:a aac -mpegts_copyts 1 -output_ts_offset 95441.8 a.ts",
        ],
    ),
    kind(
        "TS H.264, times restart (discontinuity)",
        MpegTs,
        "c.ts",
        &[
            "SRC -frames:v 50 -c:v libx264 -preset fast -g 24 -bf 2 a.ts",
            "SRC -vf negate -frames:v 47 -c:v libx264 -preset fast -g 24 -bf 2 b.ts",
            "JOIN a.ts b.ts c.ts",
        ],
    ),
    kind(
        "TS H.264, times jump (discontinuity)",
        MpegTs,
        "c.ts",
        &[
            "SRC -frames:v 50 -c:v libx264 -preset fast -g 24 -bf 2 a.ts",
            "SRC -vf negate -frames:v 47 -c:v libx264 -preset fast -g 24 -bf 2 -mpegts_copyts 1 -output_ts_offset 4000 b.ts",
            "JOIN a.ts b.ts c.ts",
        ],
    ),
    kind(
        "M2TS H.264 (192 bytes)",
        MpegTs,
        "a.m2ts",
        &["SRC -c:v libx264 -preset fast -g 24 -bf 2 -mpegts_m2ts_mode 1 -f mpegts a.m2ts"],
    ),
    kind(
        "PS MPEG-2",
        MpegPs,
        "a.mpg",
        &["SRC TONE -c:v mpeg2video -bf 2 -g 12 -q:v 4 -c:a mp2 -f vob a.mpg"],
    ),
    fields(
        "MXF MPEG-2 long GOP, interlaced",
        Mxf,
        "a.mxf",
        &[
            "SRC@50 -vf tinterlace=interleave_top,setfield=tff -r 25 -pix_fmt yuv422p -c:v mpeg2video -flags +ildct+ilme -top 1 -bf 2 -g 12 -q:v 3 a.mxf",
        ],
    ),
    fields(
        "MOV ProRes, interlaced, bottom field first",
        Mov,
        "a.mov",
        &[
            "SRC@60000/1001 -vf tinterlace=interleave_bottom,setfield=bff -r 30000/1001 -pix_fmt yuv422p10le -c:v prores_ks -profile:v 0 -flags +ildct a.mov",
        ],
    ),
    fields(
        "TS H.264, interlaced (MBAFF)",
        MpegTs,
        "a.ts",
        &[
            "SRC@50 -vf tinterlace=interleave_top,setfield=tff -r 25 -c:v libx264 -preset fast -flags +ildct+ilme -x264-params tff=1:log-level=0 -g 24 -bf 2 a.ts",
        ],
    ),
];
