//! Other valid outputs: encrypted, and in MPEG-TS.

use super::inits::ProtectionSpec;
use super::{ValidOutput, ts};

const KEY: &str = "#EXT-X-KEY:METHOD=SAMPLE-AES,URI=\"skd://key\",KEYFORMAT=\"com.apple.streamingkeydelivery\",KEYFORMATVERSIONS=\"1\"\n";
const DESCRIPTOR: &str = "<ContentProtection schemeIdUri=\"urn:mpeg:dash:mp4protection:2011\" value=\"cbcs\" cenc:default_KID=\"01020304-0506-0708-090a-0b0c0d0e0f10\"/>\n";

impl ValidOutput {
    /// The output encrypted with scheme cbcs and one key. The samples stay in the clear, because no rule decrypts them.
    pub fn protected() -> Self {
        let mut good = Self::new();
        for init in good.inits.values_mut() {
            let pattern = if init.size.0 > 0 { (1, 9) } else { (0, 0) };
            init.protection = Some(ProtectionSpec {
                scheme: *b"cbcs",
                pattern,
                key_id: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
                constant_iv: vec![7; 16],
                tenc: true,
            });
        }
        for (path, text) in &mut good.texts {
            if path.ends_with(".mpd") {
                *text = text.replace("<MPD ", "<MPD xmlns:cenc=\"urn:mpeg:cenc:2013\" ");
                // Captions have no Representation with codecs and stay in the clear.
                *text = protect_sets(text);
            } else if path.ends_with(".m3u8") {
                *text = text.replacen("#EXT-X-MAP", &format!("{KEY}#EXT-X-MAP"), 1);
            }
        }
        good
    }

    /// Two variants of MPEG-TS with muxed video and audio.
    pub fn transport() -> Self {
        let mut good = Self::new();
        good.texts.clear();
        good.inits.clear();
        good.segments.clear();
        good.expected = None;
        let mut master = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-INDEPENDENT-SEGMENTS\n".to_owned();
        for (name, rate) in [("low", 77_000), ("high", 79_000)] {
            master += &format!(
                "#EXT-X-STREAM-INF:BANDWIDTH={rate},AVERAGE-BANDWIDTH={rate},CODECS=\"avc1.64001e,mp4a.40.2\",RESOLUTION=640x360,FRAME-RATE=25.000\n{name}/playlist.m3u8\n"
            );
            let mut media =
                "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:4\n#EXT-X-PLAYLIST-TYPE:VOD\n"
                    .to_owned();
            for (number, bytes) in (1..).zip(ts::segments(3)) {
                media += &format!("#EXTINF:4.0,\nseg_{number:05}.ts\n");
                good.raw.insert(format!("{name}/seg_{number:05}.ts"), bytes);
            }
            let path = format!("{name}/playlist.m3u8");
            good.texts.insert(path, media + "#EXT-X-ENDLIST\n");
        }
        good.texts.insert("master.m3u8".to_owned(), master);
        good.describe();
        good
    }
}

fn protect_sets(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        out.push_str(line);
        out.push('\n');
        let set = line.starts_with("<AdaptationSet");
        if set && !line.contains("contentType=\"text\"") {
            out.push_str(DESCRIPTOR);
        }
    }
    out
}
