//! Manifests that attack the parser, or the storage through the keys in them.

/// A manifest that must be rejected.
#[derive(Clone, Debug)]
pub struct Refused {
    /// A description for people.
    pub name: String,
    pub xml: Vec<u8>,
}

/// A valid manifest with another `FilePath` for the mezzanine.
fn with_path(path: &str) -> String {
    document("", path, "One")
}

fn document(before: &str, path: &str, title: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{before}<AnimeTranscodeManifest version=\"1.0\"><ManifestId>hostile</ManifestId>\
         <Episode><SeriesId>hostile</SeriesId><SeriesTitle>{title}</SeriesTitle><SeasonNumber>1</SeasonNumber>\
         <EpisodeNumber>1</EpisodeNumber><EpisodeTitle>One</EpisodeTitle></Episode>\
         <Mezzanine><FilePath>{path}</FilePath><ChecksumMD5>{zeros}</ChecksumMD5><FileSizeBytes>1</FileSizeBytes></Mezzanine>\
         <AudioTracks><AudioTrack><Language>ja</Language><IsDefault>true</IsDefault></AudioTrack></AudioTracks>\
         </AnimeTranscodeManifest>",
        zeros = "0".repeat(32)
    )
}

/// The same document without the attack, to test the test.
#[must_use]
pub fn harmless() -> String {
    with_path("mezzanines/film.mov")
}

/// Every hostile manifest. Neither the file `secret` nor the port `port` may be accessed.
#[must_use]
pub fn all(secret: &str, port: u16) -> Vec<Refused> {
    let mut cases = bombs();
    cases.extend(entities(secret, port));
    cases.extend(encodings());
    cases.extend(paths());
    cases.extend(values());
    cases
}

fn refused(name: impl Into<String>, xml: impl Into<Vec<u8>>) -> Refused {
    Refused {
        name: name.into(),
        xml: xml.into(),
    }
}

fn bombs() -> Vec<Refused> {
    let laughs = |levels: usize, width: usize| {
        let mut entities = "<!ENTITY l0 \"lol\">".to_owned();
        for level in 1..=levels {
            let inner = format!("&l{};", level - 1).repeat(width);
            entities.push_str(&format!("<!ENTITY l{level} \"{inner}\">"));
        }
        let doctype = format!("<!DOCTYPE lolz [{entities}]>");
        document(&doctype, "mezzanines/film.mov", &format!("&l{levels};"))
    };
    let mut cases = Vec::new();
    for (levels, width) in [(1, 2), (5, 10), (9, 10), (30, 2), (100, 10), (1_000, 3)] {
        cases.push(refused(
            format!("{levels} levels of {width} laughs"),
            laughs(levels, width),
        ));
    }
    let quadratic = format!("<!DOCTYPE q [<!ENTITY a \"{}\">]>", "a".repeat(50_000));
    cases.push(refused(
        "a quadratic blow-up",
        document(&quadratic, "m.mov", &"&a;".repeat(10_000)),
    ));
    let parameter = "<!DOCTYPE p [<!ENTITY % a \"<!ENTITY b 'c'>\"> %a; ]>";
    cases.push(refused(
        "a parameter entity",
        document(parameter, "m.mov", "&b;"),
    ));
    let own = "<!DOCTYPE r [<!ENTITY a \"&a;\">]>";
    cases.push(refused(
        "an entity of itself",
        document(own, "m.mov", "&a;"),
    ));
    for depth in [17, 1_000, 100_000] {
        let nested = format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        cases.push(refused(
            format!("{depth} elements deep"),
            document("", "m.mov", &nested),
        ));
    }
    let attributes: String = (0..50_000).map(|n| format!(" a{n}=\"\"")).collect();
    cases.push(refused(
        "50,000 attributes",
        document("", "m.mov", &format!("<a{attributes}/>")),
    ));
    cases.push(refused(
        "an attribute of 900 kB",
        document("", "m.mov", &format!("<a b=\"{}\"/>", "x".repeat(900_000))),
    ));
    cases.push(refused(
        "a name of 900 kB",
        document("", "m.mov", &format!("<{}/>", "x".repeat(900_000))),
    ));
    cases.push(refused(
        "100,000 elements",
        document("", "m.mov", &"<a/>".repeat(100_000)),
    ));
    cases.push(refused(
        "100,000 comments",
        document("", "m.mov", &"<!---->".repeat(100_000)),
    ));
    cases.push(refused(
        "100,000 instructions",
        document("", "m.mov", &"<?a?>".repeat(100_000)),
    ));
    let namespaces: String = (0..5_000)
        .map(|n| format!("<a xmlns:n{n}=\"u{n}\">"))
        .collect();
    cases.push(refused(
        "5,000 namespaces",
        document("", "m.mov", &namespaces),
    ));
    cases.push(refused(
        "64 MiB of text",
        document("", "m.mov", &"x".repeat(64 << 20)),
    ));
    cases.push(refused(
        "a title of 900 kB",
        document("", "m.mov", &"x".repeat(900_000)),
    ));
    cases
}

/// References that a parser would fetch if they were not rejected.
fn entities(secret: &str, port: u16) -> Vec<Refused> {
    let targets = [
        format!("file://{secret}"),
        secret.to_owned(),
        format!("http://127.0.0.1:{port}/entity"),
        format!("ftp://127.0.0.1:{port}/entity"),
        "http://169.254.169.254/latest/meta-data/iam/".to_owned(),
        "php://filter/read=convert.base64-encode/resource=/etc/passwd".to_owned(),
        "jar:http://127.0.0.1!/x".to_owned(),
        "expect://id".to_owned(),
    ];
    let mut cases = Vec::new();
    for target in &targets {
        let forms = [
            (
                "an external entity",
                format!("<!DOCTYPE a [<!ENTITY x SYSTEM \"{target}\">]>"),
                "&x;",
            ),
            (
                "an external parameter entity",
                format!("<!DOCTYPE a [<!ENTITY % x SYSTEM \"{target}\"> %x;]>"),
                "One",
            ),
            (
                "an external subset",
                format!("<!DOCTYPE a SYSTEM \"{target}\">"),
                "One",
            ),
            (
                "a public subset",
                format!("<!DOCTYPE a PUBLIC \"-//x//EN\" \"{target}\">"),
                "One",
            ),
        ];
        for (form, doctype, title) in forms {
            cases.push(refused(
                format!("{form} to {target}"),
                document(&doctype, "m.mov", title),
            ));
        }
        let include = format!(
            "<xi:include xmlns:xi=\"http://www.w3.org/2001/XInclude\" href=\"{target}\" parse=\"text\"/>"
        );
        cases.push(refused(
            format!("an inclusion of {target}"),
            document("", "m.mov", &include),
        ));
    }
    cases.push(refused(
        "a late DOCTYPE",
        format!("{}<!DOCTYPE a>", harmless()),
    ));
    cases.push(refused(
        "a DOCTYPE in small letters",
        document("<!doctype a>", "m.mov", "One"),
    ));
    cases.push(refused(
        "an unknown entity",
        document("", "m.mov", "&nbsp;"),
    ));
    cases.push(refused("a reference to NUL", document("", "m.mov", "&#0;")));
    cases.push(refused(
        "a reference beyond Unicode",
        document("", "m.mov", "&#x110000;"),
    ));
    cases.push(refused(
        "a reference to a surrogate",
        document("", "m.mov", "&#xD800;"),
    ));
    cases
}

fn encodings() -> Vec<Refused> {
    let text = harmless();
    let wide = |big: bool| -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|u| {
                if big {
                    u.to_be_bytes()
                } else {
                    u.to_le_bytes()
                }
            })
            .collect()
    };
    let quad: Vec<u8> = text
        .chars()
        .flat_map(|c| u32::from(c).to_be_bytes())
        .collect();
    let declared = |name: &str| text.replacen("UTF-8", name, 1);
    let mut cases = vec![
        refused("UTF-16, big end first", wide(true)),
        refused("UTF-16, little end first", wide(false)),
        refused(
            "UTF-16 with a mark",
            [&[0xFE, 0xFF][..], &wide(true)].concat(),
        ),
        refused("UTF-32", quad),
        refused(
            "a lone continuation byte",
            text.replacen("One", "O\u{1}e", 1)
                .into_bytes()
                .iter()
                .map(|b| if *b == 1 { 0x80 } else { *b })
                .collect::<Vec<_>>(),
        ),
        refused(
            "an overlong slash",
            text.replacen("One", "O\u{1}", 1)
                .into_bytes()
                .iter()
                .flat_map(|b| if *b == 1 { vec![0xC0, 0xAF] } else { vec![*b] })
                .collect::<Vec<_>>(),
        ),
        refused(
            "UTF-7 that hides a DOCTYPE",
            declared("UTF-7").replacen("<Anime", "+ADwAIQ-DOCTYPE a+AD4-<Anime", 1),
        ),
        refused("nothing", ""),
        refused("a NUL in front", format!("\0{text}")),
        refused("half of it", &text.as_bytes()[..text.len() / 2]),
        refused("JSON", "{\"manifest\": true}"),
        refused("HTML", "<html><script>alert(1)</script></html>"),
    ];
    for name in ["UTF-16", "UTF-7", "ISO-8859-1", "EBCDIC-CP-US", "x\u{0}y"] {
        cases.push(refused(format!("declared as {name:?}"), declared(name)));
    }
    cases
}

/// Keys that would mean something else if they were decoded, expanded, or given to a shell, to ffmpeg or to a file system.
/// They are names like any other, so a job waits for exactly this object.
pub const LITERAL_KEYS: [&str; 33] = [
    "%2e%2e/x.mov",
    "a/%2E%2E/x.mov",
    "..%2fx.mov",
    "%252e%252e/x.mov",
    "a%00.mov",
    "a%0d%0aHost: x",
    "arn:aws:s3:::other/x",
    "file:x.mov",
    "concat:a|b",
    "subfile,,start,0,end,1,,:/etc/passwd",
    "data:text/plain,x",
    "pipe:0",
    "x.mov?versionId=null",
    "x.mov#t=1",
    "x.mov|id",
    "x;id.mov",
    "$(id).mov",
    "`id`.mov",
    "${HOME}.mov",
    "x*.mov",
    "x[1].mov",
    "x<y>.mov",
    "x\"y.mov",
    "~/x.mov",
    "x!y.mov",
    "x^y.mov",
    "x{y}.mov",
    "a/%s%n.mov",
    "seg_%05d.mov",
    "．．/x.mov",
    "a／..／b.mov",
    "．",
    "a\u{2215}b.mov",
];

/// A valid manifest whose mezzanine has this key.
pub fn with_key(key: &str) -> Vec<u8> {
    let escaped = key.replace('&', "&amp;").replace('<', "&lt;");
    with_path(&escaped).into_bytes()
}

/// Keys that would escape from their place in a bucket, a file system, a URL or a command line.
fn paths() -> Vec<Refused> {
    let paths = [
        "../jobs/x/job.json",
        "mezzanines/../../x.mov",
        "..",
        ".",
        "./x.mov",
        "a/./b.mov",
        "a/..",
        "a//b.mov",
        "/etc/passwd",
        "//host/share/x.mov",
        "mezzanines/",
        "\\\\host\\share",
        "..\\..\\x.mov",
        "a\\b.mov",
        "C:\\x.mov",
        "s3://other/x.mov",
        "http://127.0.0.1/x.mov",
        "file:///etc/passwd",
        "a\u{202E}vom.b",
        "a\u{200B}b.mov",
        "a\u{FEFF}b.mov",
        "a\u{2028}b.mov",
        "\u{3164}.mov",
        "a\tb.mov",
        "a\nb.mov",
        "a\r\nb.mov",
        "a\u{7F}b.mov",
    ];
    let mut cases: Vec<Refused> = paths
        .iter()
        .map(|path| {
            let path = path.replace('&', "&amp;").replace('<', "&lt;");
            refused(format!("the path {path:?}"), with_path(&path))
        })
        .collect();
    cases.push(refused(
        "a path of 1,025 bytes",
        with_path(&"a".repeat(1_025)),
    ));
    cases.push(refused(
        "a path of 1,000 folders",
        with_path(&"a/".repeat(1_000)),
    ));
    cases.push(refused("an empty path", with_path("")));
    cases.push(refused("a path that is an element", with_path("<a>x</a>")));
    for path in ["../x.srt", "/etc/passwd", "a\\b.srt", "s3://b/x.srt"] {
        let subtitles = format!(
            "</AudioTracks><SubtitleTracks><SubtitleTrack><Language>en</Language><FilePath>{path}</FilePath></SubtitleTrack></SubtitleTracks>"
        );
        cases.push(refused(
            format!("captions at {path}"),
            harmless().replace("</AudioTracks>", &subtitles),
        ));
    }
    cases
}

/// Values that would change their meaning in playlists, MPD, HTML, logs and messages.
fn values() -> Vec<Refused> {
    let language = |tag: &str| harmless().replace("<Language>ja<", &format!("<Language>{tag}<"));
    let id = |id: &str| harmless().replace("<ManifestId>hostile<", &format!("<ManifestId>{id}<"));
    let label = |text: &str| {
        harmless().replace("<IsDefault>", &format!("<Label>{text}</Label><IsDefault>"))
    };
    let callback = |url: &str| {
        harmless().replace(
            "</AnimeTranscodeManifest>",
            &format!("<CallbackUrl>{url}</CallbackUrl></AnimeTranscodeManifest>"),
        )
    };
    let mut cases = Vec::new();
    for tag in [
        "../../x",
        "en\"",
        "en,URI=\"x\"",
        "en\n#EXT-X-ENDLIST",
        "e",
        "japanese",
        "en_US/..",
        "&lt;b>",
        "en-\u{202E}",
    ] {
        cases.push(refused(format!("the language {tag:?}"), language(tag)));
    }
    for text in [
        "../x",
        "a b",
        "a/b",
        "x\ny",
        "&lt;script>",
        "%n",
        "Ω",
        "a;b",
    ] {
        cases.push(refused(format!("the id {text:?}"), id(text)));
    }
    for text in ["a\",URI=\"http://x", "a\nb", "a\u{202E}b", "a\u{0085}b"] {
        cases.push(refused(format!("the label {text:?}"), label(text)));
    }
    for text in ["a\u{1B}[31mb", "a\u{202E}b", "a\u{2028}b", "a\u{8}b"] {
        cases.push(refused(
            format!("the title {text:?}"),
            document("", "m.mov", text),
        ));
    }
    for url in [
        "http://x/",
        "https://u:p@x/",
        "javascript:alert(1)",
        "https:x",
        "https://x/\\@y",
        "file:///etc/passwd",
        "//x/",
    ] {
        cases.push(refused(format!("the callback {url}"), callback(url)));
    }
    cases
}
