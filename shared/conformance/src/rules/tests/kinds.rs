//! Legal variants of packages, which break nothing, and damages of packages of other packagers, each with the rule that
//! finds it in the profiles that the package itself claims.

use super::*;
use crate::delivery::Object;

const AUDIO: &str = "audio/en";

/// A package that claims no job and has no headers of storage.
fn package() -> ValidOutput {
    let mut good = ValidOutput {
        expected: None,
        ..ValidOutput::new()
    };
    good.objects.clear();
    good
}

fn hls() -> ValidOutput {
    let mut good = package();
    good.texts.remove(MPD);
    good
}

fn dash() -> ValidOutput {
    let mut good = package();
    good.texts.retain(|path, _| !path.ends_with(".m3u8"));
    good
}

fn report(package: &ValidOutput) -> Report {
    let delivery = package.delivery();
    check(&delivery, None, Profiles::infer(&delivery))
}

fn fails(report: &Report) -> BTreeSet<&str> {
    let fails = report
        .violations
        .iter()
        .filter(|v| v.severity == Severity::Fail);
    fails.map(|v| &*v.rule).collect()
}

type Change = fn(&mut ValidOutput);

fn replace(good: &mut ValidOutput, path: &str, from: &str, to: &str) {
    let text = good.texts.get_mut(path).unwrap();
    assert!(text.contains(from), "{path} has {from:?}\n{text}");
    *text = text.replace(from, to);
}

/// Moves a media playlist.
fn rename(good: &mut ValidOutput, from: &str, to: &str) {
    let text = good.texts.remove(from).unwrap();
    good.texts.insert(to.to_owned(), text);
}

/// Puts a folder of a video or audio rendition into one file with a segment index of `levels` levels.
fn single_file(good: &mut ValidOutput, folder: &str, levels: u32) -> (usize, usize, usize) {
    let bytes = good.bytes();
    let init = bytes[&format!("{folder}/init.mp4")].clone();
    let segments = bytes
        .iter()
        .filter(|(p, _)| p.starts_with(&format!("{folder}/seg_")));
    let segments: Vec<Vec<u8>> = segments.map(|(_, b)| b.clone()).collect();
    let facts: Vec<(u64, u64)> = segments
        .iter()
        .map(|s| {
            let (found, _) = reelsmith_isobmff::fragments(s, &Default::default());
            (found[0].tfdt, found.iter().map(|f| f.duration()).sum())
        })
        .collect();
    let scale = if folder.starts_with("audio") {
        48_000
    } else {
        24_000
    };
    let entry = |size: usize, duration: u64, is_index: bool| {
        let size = u32::try_from(size).unwrap() | u32::from(is_index) << 31;
        [size, u32::try_from(duration).unwrap(), 0x9000_0000]
            .map(u32::to_be_bytes)
            .concat()
    };
    let sidx = |entries: &[Vec<u8>], first: usize, start: u64| {
        let head = [
            0,
            1,
            scale,
            u32::try_from(start).unwrap(),
            u32::try_from(first).unwrap(),
        ];
        let mut body = head.map(u32::to_be_bytes).concat();
        body.extend([0, 0]);
        body.extend(u16::try_from(entries.len()).unwrap().to_be_bytes());
        body.extend(entries.concat());
        let mut all = u32::try_from(body.len() + 8)
            .unwrap()
            .to_be_bytes()
            .to_vec();
        all.extend(b"sidx");
        all.extend(body);
        all
    };
    let entries: Vec<Vec<u8>> = segments
        .iter()
        .zip(&facts)
        .map(|(s, (_, d))| entry(s.len(), *d, false))
        .collect();
    let leaf = sidx(&entries, 0, facts[0].0);
    let top = match levels {
        1 => leaf.clone(),
        _ => {
            let total = facts.iter().map(|(_, d)| d).sum();
            sidx(&[entry(leaf.len(), total, true)], 0, facts[0].0)
        }
    };
    let mut file = init.clone();
    let start = file.len();
    file.extend(&top);
    let end = file.len();
    if levels > 1 {
        file.extend(&leaf);
    }
    segments.iter().for_each(|s| file.extend(s));
    good.segments
        .retain(|p, _| !p.starts_with(&format!("{folder}/")));
    good.inits.remove(&format!("{folder}/init.mp4"));
    good.raw.insert(format!("{folder}/all.mp4"), file);
    (init.len(), start, end - 1)
}

/// An MPD of one video set and one audio set with the given addressing of each.
fn mpd(attributes: &str, periods: &[(&str, &str, &str)]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" minBufferTime=\"PT4S\" {attributes}>\n"
    );
    for (index, (period, video, audio)) in periods.iter().enumerate() {
        text += &format!(
            "<Period id=\"p{index}\" {period}>\n\
             <AdaptationSet mimeType=\"video/mp4\" contentType=\"video\">\n<Representation id=\"h264_360p\" bandwidth=\"60000\" codecs=\"avc1.64001e\" width=\"640\" height=\"360\" frameRate=\"24\">\n{video}\n</Representation>\n</AdaptationSet>\n\
             <AdaptationSet mimeType=\"audio/mp4\" contentType=\"audio\" lang=\"en\">\n<Representation id=\"en\" bandwidth=\"14000\" codecs=\"mp4a.40.2\" audioSamplingRate=\"48000\">\n{audio}\n</Representation>\n</AdaptationSet>\n</Period>\n"
        );
    }
    text + "</MPD>\n"
}

const STATIC: &str = "type=\"static\" mediaPresentationDuration=\"PT10S\"";
const VIDEO_DURATION: &str = "<SegmentTemplate timescale=\"24000\" duration=\"96000\" initialization=\"video/$RepresentationID$/init.mp4\" media=\"video/$RepresentationID$/seg_$Number%05d$.m4s\"/>";
const AUDIO_DURATION: &str = "<SegmentTemplate timescale=\"48000\" duration=\"192000\" initialization=\"audio/$RepresentationID$/init.mp4\" media=\"audio/$RepresentationID$/seg_$Number%05d$.m4s\"/>";

fn with_mpd(text: String) -> ValidOutput {
    let mut good = dash();
    good.texts.insert(MPD.to_owned(), text);
    good
}

fn template(folder: &str, attributes: &str, timeline: &str) -> String {
    format!(
        "<SegmentTemplate {attributes} initialization=\"{folder}/$RepresentationID$/init.mp4\" media=\"{folder}/$RepresentationID$/seg_$Number%05d$.m4s\">{timeline}</SegmentTemplate>"
    )
}

fn timelines(video: &str, audio: &str) -> ValidOutput {
    let video = template(
        "video",
        "timescale=\"24000\"",
        &format!("<SegmentTimeline>{video}</SegmentTimeline>"),
    );
    let audio = template(
        "audio",
        "timescale=\"48000\"",
        &format!("<SegmentTimeline>{audio}</SegmentTimeline>"),
    );
    with_mpd(mpd(STATIC, &[("", &video, &audio)]))
}

fn on_demand(levels: u32, explicit: bool) -> ValidOutput {
    let mut good = dash();
    let mut addressing = Vec::new();
    for folder in [V360, AUDIO] {
        let (init, start, end) = single_file(&mut good, folder, levels);
        let element = match explicit {
            true => format!("<Initialization range=\"0-{}\"/>", init - 1),
            false => String::new(),
        };
        addressing.push(format!(
            "<BaseURL>{folder}/all.mp4</BaseURL><SegmentBase indexRange=\"{start}-{end}\">{element}</SegmentBase>"
        ));
    }
    good.texts.insert(
        MPD.to_owned(),
        mpd(STATIC, &[("", &addressing[0], &addressing[1])]),
    );
    good
}

/// Two periods of the same media; the second one continues the times of the media with an offset.
fn two_periods(offset: bool) -> ValidOutput {
    let mut good = dash();
    for (folder, scale) in [(V360, 24_000u64), (AUDIO, 48_000)] {
        for number in 1..=3 {
            let mut fragments = good.segments[&format!("{folder}/seg_{number:05}.m4s")].clone();
            for fragment in &mut fragments {
                fragment.tfdt += if offset { 10 * scale } else { 0 };
            }
            let name = folder.rsplit('/').next().unwrap();
            let kind = folder.split('/').next().unwrap();
            good.segments
                .insert(format!("{kind}/{name}/b_{number:05}.m4s"), fragments);
        }
    }
    let pto = |scale: u32| {
        if offset {
            format!("presentationTimeOffset=\"{}\"", 10 * scale)
        } else {
            String::new()
        }
    };
    let second = |kind: &str, scale: u32| {
        template(
            kind,
            &format!(
                "timescale=\"{scale}\" duration=\"{}\" {}",
                scale * 4,
                pto(scale)
            ),
            "",
        )
        .replace("seg_", "b_")
    };
    let text = mpd(
        "type=\"static\" mediaPresentationDuration=\"PT20S\"",
        &[
            ("duration=\"PT10S\"", VIDEO_DURATION, AUDIO_DURATION),
            ("", &second("video", 24_000), &second("audio", 48_000)),
        ],
    );
    good.texts.insert(MPD.to_owned(), text);
    good
}

fn changed(base: ValidOutput, change: Change) -> ValidOutput {
    let mut base = base;
    change(&mut base);
    base
}

const MEDIA: &str = "video/h264_360p/playlist.m3u8";

/// Packages that follow the specifications in a way that this pipeline does not use.
fn legal() -> Vec<(&'static str, ValidOutput)> {
    vec![
        ("@duration addressing", with_mpd(mpd(STATIC, &[("", VIDEO_DURATION, AUDIO_DURATION)]))),
        ("endNumber", with_mpd(mpd(STATIC, &[("", &VIDEO_DURATION.replace("duration=", "endNumber=\"3\" duration="), AUDIO_DURATION)]))),
        ("startNumber 0 with S@n", timelines("<S n=\"1\" d=\"96000\" r=\"1\"/><S d=\"48000\"/>", "<S d=\"192512\"/><S d=\"192512\"/><S d=\"96256\"/>")),
        ("r=-1 up to the end of the period", timelines("<S t=\"0\" d=\"96000\" r=\"-1\"/>", "<S d=\"192512\" r=\"1\"/><S d=\"96256\"/>")),
        ("S@t before the edit list", timelines("<S d=\"96000\" r=\"1\"/><S d=\"48000\"/>", "<S d=\"192512\" r=\"1\"/><S d=\"96256\"/>")),
        ("a segment index", on_demand(1, true)),
        ("a segment index of two levels", on_demand(2, true)),
        ("a segment index without Initialization", on_demand(1, false)),
        ("two periods", two_periods(false)),
        ("two periods with presentationTimeOffset", two_periods(true)),
        ("a dynamic MPD", changed(with_mpd(mpd("type=\"dynamic\" availabilityStartTime=\"2024-01-01T00:00:00Z\" publishTime=\"2024-01-01T00:00:00Z\" minimumUpdatePeriod=\"PT5S\"", &[("start=\"PT0S\"", VIDEO_DURATION, AUDIO_DURATION)])), |_| {})),
        ("Period@duration only", with_mpd(mpd("type=\"static\"", &[("duration=\"PT10S\"", VIDEO_DURATION, AUDIO_DURATION)]))),
        ("a last segment by @duration that is absent", with_mpd(mpd("type=\"static\" mediaPresentationDuration=\"PT10.05S\"", &[("", &VIDEO_DURATION.replace("96000", "120000"), AUDIO_DURATION)]).replace("seg_$Number%05d$.m4s\"/>\n</Representation>\n</AdaptationSet>\n<AdaptationSet mimeType=\"audio", "seg_$Number%05d$.m4s\" endNumber=\"3\"/>\n</Representation>\n</AdaptationSet>\n<AdaptationSet mimeType=\"audio"))),
        ("an absolute BaseURL beside a relative one", changed(package(), |g| g.edit(MPD, "<Period", "<BaseURL>https://cdn.example/x/</BaseURL><BaseURL>./</BaseURL><Period"))),
        ("media outside of the package", changed(hls(), |g| g.edit(MASTER, "video/h264_720p/playlist.m3u8", "https://cdn.example/720.m3u8"))),
        ("a query string", changed(hls(), |g| replace(g, MEDIA, ".m4s", ".m4s?token=a/b"))),
        ("a parent folder", changed(hls(), |g| replace(g, MEDIA, "seg_", "../h264_360p/seg_"))),
        ("percent-encoding", changed(hls(), |g| replace(g, MEDIA, "seg_", "%73eg_"))),
        ("variables", changed(hls(), |g| {
            replace(g, MASTER, "#EXT-X-VERSION:7", "#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME=\"dir\",VALUE=\"video\"");
            replace(g, MASTER, "video/h264", "{$dir}/h264");
            replace(g, MEDIA, "#EXT-X-VERSION:7", "#EXT-X-VERSION:11\n#EXT-X-DEFINE:IMPORT=\"dir\"\n#EXT-X-DEFINE:QUERYPARAM=\"token\"");
            replace(g, MEDIA, "seg_00002.m4s", "../../{$dir}/h264_360p/seg_00002.m4s");
        })),
        ("commas in a title", changed(hls(), |g| replace(g, MEDIA, "#EXTINF:4.000000,", "#EXTINF:4.000000,one, two, \"three\""))),
        ("many decimals", changed(hls(), |g| replace(g, MEDIA, "#EXTINF:4.000000,", "#EXTINF:4.0000000000001,"))),
        ("Windows line ends", changed(hls(), |g| replace(g, MEDIA, "\n", "\r\n"))),
        ("an event playlist", changed(hls(), |g| replace(g, MEDIA, "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-PLAYLIST-TYPE:EVENT"))),
        ("a live playlist with low latency", changed(hls(), |g| {
            replace(g, MEDIA, "#EXT-X-PLAYLIST-TYPE:VOD\n", "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0\n#EXT-X-PART-INF:PART-TARGET=0.33334\n");
            replace(g, MEDIA, "#EXT-X-ENDLIST", "#EXT-X-PART:DURATION=0.33334,URI=\"part.m4s\",INDEPENDENT=YES\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"next.m4s\"");
        })),
        ("a gap", changed(hls(), |g| {
            replace(g, MEDIA, "#EXTINF:4.000000,\nseg_00002.m4s", "#EXT-X-GAP\n#EXT-X-BITRATE:100\n#EXTINF:4.000000,\nseg_00002.m4s");
 replace(g, "video/h264_360p/iframes.m3u8", "\nseg_00002.m4s", "\n#EXT-X-GAP\nseg_00002.m4s");
            g.missing.push("video/h264_360p/seg_00002.m4s".to_owned());
        })),
        ("a discontinuity", changed(hls(), |g| {
            for path in ["video/h264_360p", "video/h264_720p", "video/h265_720p", "audio/en", "audio/ja"] {
                let playlist = format!("{path}/playlist.m3u8");
                let text = g.texts.get_mut(&playlist).unwrap();
                let at = text.rfind("#EXTINF").unwrap();
                text.insert_str(at, "#EXT-X-DISCONTINUITY\n");
                g.segment(&format!("{path}/seg_00003.m4s"), |s| {
                    let first = s[0].tfdt;
                    s.iter_mut().for_each(|f| f.tfdt -= first);
                });
            }
        })),
        ("dates", changed(hls(), |g| {
            replace(g, MEDIA, "#EXTINF:4.000000,\nseg_00001", "#EXT-X-PROGRAM-DATE-TIME:2024-02-28T23:59:58.000+00:00\n#EXT-X-DATERANGE:ID=\"ad\",START-DATE=\"2024-02-28T23:59:59Z\",DURATION=2.5\n#EXTINF:4.000000,\nseg_00001");
            replace(g, MEDIA, "#EXTINF:2.000000,", "#EXT-X-PROGRAM-DATE-TIME:2024-02-29T00:00:06Z\n#EXTINF:2.000000,");
        })),
        ("keys outside", changed(hls(), |g| replace(g, MEDIA, "#EXT-X-MAP", "#EXT-X-KEY:METHOD=AES-128,URI=\"https://example.com/k\",IV=0x0123456789abcdef0123456789abcdef\n#EXT-X-MAP"))),
        ("one variant", changed(hls(), |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let kept = lines.iter().enumerate().filter(|(i, l)| {
                let dropped = |n: &str| l.contains(n) || lines.get(i + 1).is_some_and(|next| next.contains(n) && l.starts_with("#EXT-X-STREAM"));
                !dropped("720p")
            });
            let kept: Vec<&str> = kept.map(|(_, l)| *l).collect();
            *text = kept.join("\n") + "\n";
        })),
        ("a media playlist alone", changed(hls(), |g| {
            let media = g.texts[MEDIA].replace("seg_", "video/h264_360p/seg_").replace("init.mp4", "video/h264_360p/init.mp4");
            g.texts.clear();
            g.texts.insert(MASTER.to_owned(), media);
        })),
        ("no optional attributes", changed(hls(), |g| {
            let text = g.texts.get_mut(MASTER).unwrap();
            *text = text.replace(",FRAME-RATE=24.000", "");
            let media: Vec<String> = g.texts.keys().filter(|p| p.starts_with("video/") && p.ends_with("playlist.m3u8")).cloned().collect();
            for path in media {
                replace(g, &path, "#EXT-X-PLAYLIST-TYPE:VOD\n", "");
                replace(g, &path, "#EXT-X-INDEPENDENT-SEGMENTS\n", "");
            }
        })),
        ("another name of a playlist", changed(hls(), |g| {
            rename(g, MEDIA, "video/h264_360p/x.txt");
            replace(g, MASTER, "video/h264_360p/playlist.m3u8", "video/h264_360p/x.txt");
        })),
        ("unsigned milliseconds in the timeline", {
            let video = template("video", "timescale=\"1000\"", "<SegmentTimeline><S d=\"4000\" r=\"1\"/><S d=\"2000\"/></SegmentTimeline>");
            let audio = template("audio", "timescale=\"1000\"", "<SegmentTimeline><S d=\"3989\"/><S d=\"4011\"/><S d=\"2000\"/></SegmentTimeline>");
            with_mpd(mpd(STATIC, &[("", &video, &audio)]))
        }),
    ]
}

#[test]
fn legal_variants_pass() {
    let legal = legal();
    let mut wrong = Vec::new();
    for (name, package) in &legal {
        let report = report(package);
        if report.verdict == Verdict::Fail {
            wrong.push(format!("{name}\n{}", report.summary()));
        }
    }
    print(&format!(
        "legal variants: {} of {} pass",
        legal.len() - wrong.len(),
        legal.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Damages of packages without a job, with the rule that must find each.
fn damages() -> Vec<(&'static str, &'static str, ValidOutput)> {
    let media = |from: &'static str, to: &'static str| {
        let mut good = hls();
        replace(&mut good, MEDIA, from, to);
        good
    };
    let master = |from: &'static str, to: &'static str| {
        let mut good = hls();
        good.edit(MASTER, from, to);
        good
    };
    let in_mpd = |from: &'static str, to: &'static str| {
        let mut good = dash();
        good.edit(MPD, from, to);
        good
    };
    let mut lost = dash();
    lost.missing
        .push("video/h264_360p/seg_00002.m4s".to_owned());
    let mut swapped = dash();
    let other = swapped.segments["video/h264_360p/seg_00001.m4s"].clone();
    swapped
        .segments
        .insert("video/h264_360p/seg_00002.m4s".to_owned(), other);
    let mut index = on_demand(1, true);
    let file = index.raw.get_mut("video/h264_360p/all.mp4").unwrap();
    let at = file.windows(4).position(|w| w == b"sidx").unwrap();
    // The duration of the first entry.
    file[at + 4 + 24 + 4 + 2] ^= 1;
    let mut cut = on_demand(1, true);
    let file = cut.raw.get_mut("video/h264_360p/all.mp4").unwrap();
    file.truncate(file.len() - 500);
    let mut without_offset = two_periods(true);
    let text = without_offset.texts.get_mut(MPD).unwrap();
    *text = text.replace("presentationTimeOffset=\"240000\"", "");
    vec![
        ("a segment of the MPD is lost", "DSH-13", lost),
        ("a segment of the MPD is another one", "DSH-12", swapped),
        ("an index with a wrong duration", "DSH-12", index),
        ("an index beyond the file", "DSH-13", cut),
        ("a period without its offset", "DSH-12", without_offset),
        (
            "a timeline that is shifted",
            "DSH-12",
            in_mpd("<S t=\"0\" d=\"96000\"", "<S t=\"5\" d=\"96000\""),
        ),
        (
            "a timeline with an overlap",
            "DSH-12",
            in_mpd("<S d=\"48000\"/>", "<S t=\"191000\" d=\"48000\"/>"),
        ),
        (
            "a presentation longer than its media",
            "DSH-04",
            in_mpd(
                "mediaPresentationDuration=\"PT10S\"",
                "mediaPresentationDuration=\"PT20S\"",
            ),
        ),
        ("segments behind the end", "DSH-04", {
            let mut good = dash();
            replace(&mut good, MPD, "PT10S", "PT6S");
            good
        }),
        (
            "a bandwidth that is no number",
            "DSH-08",
            in_mpd("bandwidth=\"", "bandwidth=\"x"),
        ),
        (
            "a width that is no number",
            "DSH-01",
            in_mpd("width=\"640\"", "width=\"wide\""),
        ),
        (
            "another width",
            "DSH-21",
            in_mpd("width=\"640\"", "width=\"854\""),
        ),
        (
            "another frame rate",
            "DSH-21",
            in_mpd("frameRate=\"24\"", "frameRate=\"30\""),
        ),
        (
            "another sample rate",
            "DSH-21",
            in_mpd("audioSamplingRate=\"48000\"", "audioSamplingRate=\"44100\""),
        ),
        (
            "another number of channels",
            "DSH-21",
            in_mpd(
                "channel_configuration:2011\" value=\"2\"",
                "channel_configuration:2011\" value=\"6\"",
            ),
        ),
        (
            "another codec",
            "DSH-21",
            in_mpd("codecs=\"mp4a.40.2\"", "codecs=\"ac-3\""),
        ),
        (
            "another aspect ratio",
            "DSH-21",
            in_mpd("par=\"16:9\"", "par=\"4:3\""),
        ),
        ("a language that the track contradicts", "DSH-21", {
            let mut good = dash();
            let mut init = good.bytes()["audio/en/init.mp4"].clone();
            let at = init.windows(4).position(|w| w == b"mdhd").unwrap() + 24;
            // jpn
            init[at..at + 2].copy_from_slice(&[0x2A, 0x0E]);
            good.raw.insert("audio/en/init.mp4".to_owned(), init);
            good
        }),
        ("alignment that is not true", "DSH-20", {
            let mut good = with_mpd(dash().texts[MPD].clone());
            for number in 1..=3 {
                good.segment(&format!("video/h264_720p/seg_{number:05}.m4s"), |s| {
                    s.iter_mut().for_each(|f| f.tfdt += 1_000);
                });
            }
            good
        }),
        ("the same audio for two languages in the MPD", "DSH-22", {
            let mut good = dash();
            good.edit(
                MPD,
                "initialization=\"audio/en/init.mp4\" media=\"audio/en/",
                "initialization=\"audio/ja/init.mp4\" media=\"audio/ja/",
            );
            good
        }),
        (
            "the same audio for two languages",
            "HLS-M29",
            master("audio/en/playlist.m3u8", "audio/ja/playlist.m3u8"),
        ),
        (
            "the same playlist for two sizes",
            "HLS-M29",
            master(
                "\nvideo/h264_720p/playlist.m3u8",
                "\nvideo/h264_360p/playlist.m3u8",
            ),
        ),
        (
            "a variant that leads to a segment",
            "HLS-M27",
            master(
                "\nvideo/h264_360p/playlist.m3u8",
                "\nvideo/h264_360p/init.mp4",
            ),
        ),
        (
            "a variant that leads to the multivariant playlist",
            "HLS-M27",
            master("\nvideo/h264_360p/playlist.m3u8", "\nmaster.m3u8"),
        ),
        (
            "a variant that leads to I-frames",
            "HLS-M27",
            master(
                "\nvideo/h264_360p/playlist.m3u8",
                "\nvideo/h264_360p/iframes.m3u8",
            ),
        ),
        (
            "subtitles that lead to audio",
            "HLS-M27",
            master("text/en/playlist.m3u8", "audio/en/playlist.m3u8"),
        ),
        (
            "another number of CHANNELS",
            "HLS-M28",
            master("CHANNELS=\"2\"", "CHANNELS=\"6\""),
        ),
        ("another size of I-frames", "HLS-M28", {
            let mut good = hls();
            let text = good.texts.get_mut(MASTER).unwrap();
            let at = text.find("#EXT-X-I-FRAME").unwrap();
            let rest = text[at..].replacen("640x360", "320x180", 1);
            text.truncate(at);
            text.push_str(&rest);
            good
        }),
        (
            "an undefined variable",
            "HLS-G04",
            media("seg_00002.m4s", "{$x}/seg_00002.m4s"),
        ),
        (
            "a malformed range of EXT-X-MAP",
            "HLS-P13",
            media("URI=\"init.mp4\"", "URI=\"init.mp4\",BYTERANGE=\"x\""),
        ),
        (
            "a date that is none",
            "HLS-P17",
            media(
                "#EXTINF:2.000000,",
                "#EXT-X-PROGRAM-DATE-TIME:2024-02-30T00:00:00Z\n#EXTINF:2.000000,",
            ),
        ),
        (
            "dates that contradict EXTINF",
            "HLS-P17",
            media(
                "#EXTINF:4.000000,",
                "#EXT-X-PROGRAM-DATE-TIME:2024-02-28T00:00:00Z\n#EXTINF:4.000000,",
            ),
        ),
        (
            "a date range that ends before it starts",
            "HLS-P18",
            media(
                "#EXTINF:2.000000,",
                "#EXT-X-PROGRAM-DATE-TIME:2024-02-28T00:00:00Z\n#EXT-X-DATERANGE:ID=\"a\",START-DATE=\"2024-02-28T00:00:00Z\",END-DATE=\"2024-02-27T00:00:00Z\"\n#EXTINF:2.000000,",
            ),
        ),
        (
            "a segment twice",
            "HLS-P11",
            media("seg_00002.m4s", "seg_00001.m4s"),
        ),
        ("media of half the period", "DSH-04", {
            let mut good = dash();
            good.edit(
                MPD,
                "<S t=\"0\" d=\"192512\" r=\"1\"/>\n<S d=\"96000\"/>",
                "<S t=\"0\" d=\"192512\"/>",
            );
            good
        }),
        ("a tenth of the bandwidth", "DSH-15", {
            let mut good = dash();
            good.edit(
                MPD,
                "codecs=\"avc1.64001e\"",
                "codecs=\"avc1.64001e\" x=\"\"",
            );
            let text = good.texts.get_mut(MPD).unwrap();
            let at = text.find("id=\"h264_360p\" bandwidth=\"").unwrap() + 26;
            text.remove(at);
            good
        }),
        ("the first segment dropped", "CMF-05", {
            let mut good = hls();
            let first = "#EXTINF:4.000000,\nseg_00001.m4s\n";
            good.edit("video/h264_720p/playlist.m3u8", first, "");
            good
        }),
        ("two first segments dropped from audio", "HLS-P08", {
            let mut good = hls();
            let path = "audio/en/playlist.m3u8";
            let text = &good.texts[path];
            let at = |n| text.match_indices("#EXTINF").nth(n).unwrap().0;
            let dropped = text[at(0)..at(2)].to_owned();
            good.edit(path, &dropped, "");
            good
        }),
        (
            "a segment of another rung",
            "HLS-M29",
            of_another_rung(hls()),
        ),
        (
            "a segment of another rung in the MPD",
            "DSH-22",
            of_another_rung(dash()),
        ),
        ("captions with another time map", "SUB-04", {
            let mut good = hls();
            good.edit("text/en/seg_00002.vtt", "MPEGTS:0", "MPEGTS:900000");
            good
        }),
    ]
}

/// The second segment of the smallest rung also in another one. Its samples have different sizes.
fn of_another_rung(mut good: ValidOutput) -> ValidOutput {
    let segment = |rung: &str| format!("video/{rung}/seg_00002.m4s");
    good.segment(&segment("h264_360p"), |fragments| {
        let samples = fragments.iter_mut().flat_map(|f| &mut f.samples);
        (0..)
            .zip(samples)
            .for_each(|(index, s)| s.size += index % 20);
    });
    let other = good.segments[&segment("h264_360p")].clone();
    good.segment(&segment("h264_720p"), |s| *s = other);
    good
}

#[test]
fn damages_without_a_job_are_found_by_their_rules() {
    let damages = damages();
    let mut wrong = Vec::new();
    for (name, rule, package) in &damages {
        let report = report(package);
        if !fails(&report).contains(rule) {
            wrong.push(format!("{name} ({rule})\n{}", report.summary()));
        }
    }
    let found = damages.len() - wrong.len();
    print(&format!(
        "damages without a job: {found} of {} found",
        damages.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_lies_outside_of_the_package_is_not_read() {
    let object = |path: &str| Object {
        path: path.to_owned(),
        size: 1,
        ..Object::default()
    };
    let mut delivery = Delivery::new(["master.m3u8", "a.m3u8"].map(object));
    let master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://host/a.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\n../a.m3u8\n";
    delivery.add_text("master.m3u8", master.as_bytes());
    assert!(delivery.wanted().is_empty());
    let variants = &delivery.multivariant().unwrap().variants;
    assert!(variants.iter().all(|v| v.uri.as_ref().unwrap().outside));
}
