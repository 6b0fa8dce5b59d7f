//! Cue text: what of a source's styling WebVTT is given, and escaping of everything else.

/// Builds the payload of a cue: escaped text, balanced tags, no empty lines.
#[derive(Debug, Default)]
pub(super) struct Payload {
    out: String,
    open: Vec<char>,
}

/// Tags that are kept: italics, bold, underline.
const KEPT: [char; 3] = ['i', 'b', 'u'];

impl Payload {
    /// Adds text as it is meant to be read.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\n' => self.line_break(),
                c => self.out.push(c),
            }
        }
    }

    /// Starts a new line.
    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
    }

    /// Opens one of the kept styles; nothing where it is open.
    pub(super) fn open(&mut self, style: char) {
        if KEPT.contains(&style) && !self.open.contains(&style) {
            self.open.push(style);
            self.out.extend(['<', style, '>']);
        }
    }

    /// Closes a style; those opened within it are closed and opened again.
    pub(super) fn close(&mut self, style: char) {
        let Some(at) = self.open.iter().position(|s| *s == style) else {
            return;
        };
        let inner = self.open.split_off(at);
        for s in inner.iter().rev() {
            self.out.extend(['<', '/', *s, '>']);
        }
        for s in inner.iter().skip(1) {
            self.open(*s);
        }
    }

    /// The payload. Empty lines would end the cue, so they are left out.
    pub(super) fn finish(mut self) -> String {
        let end = self.out.trim_end().len();
        self.out.truncate(end);
        for s in std::mem::take(&mut self.open).iter().rev() {
            self.out.extend(['<', '/', *s, '>']);
        }
        let lines = self.out.split('\n').map(str::trim);
        let lines: Vec<&str> = lines.filter(|l| !l.is_empty()).collect();
        let text = lines.join("\n");
        if has_text(&text) { text } else { String::new() }
    }
}

/// Whether anything is left besides tags.
fn has_text(payload: &str) -> bool {
    let mut inside = false;
    payload.chars().any(|c| {
        let tag = inside || c == '<';
        inside = (inside || c == '<') && c != '>';
        !tag && !c.is_whitespace()
    })
}

/// Text with HTML-like tags, as SubRip and WebVTT have it: kept styles stay, other tags and `{\…}` overrides go.
pub(super) fn tagged(text: &str) -> String {
    let mut payload = Payload::default();
    let mut rest = text;
    while let Some(at) = rest.find(['<', '{', '&']) {
        payload.text(&rest[..at]);
        rest = &rest[at..];
        rest = match rest.as_bytes().first() {
            Some(b'<') => tag(&mut payload, rest),
            Some(b'&') => entity(&mut payload, rest),
            _ => override_block(&mut payload, rest),
        };
    }
    payload.text(rest);
    payload.finish()
}

/// A tag at the start of `rest`, or a bare `<`; gives what follows.
fn tag<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    let inner = rest[1..].split_once('>').map(|(inner, _)| inner);
    let is_tag = |inner: &&str| {
        let name = inner.trim_start_matches('/');
        let starts = |c: char| c.is_ascii_alphanumeric() || c == '/';
        !inner.contains(['<', '\n']) && name.starts_with(starts) || inner.is_empty()
    };
    let Some(inner) = inner.filter(is_tag) else {
        payload.text("<");
        return &rest[1..];
    };
    let closing = inner.starts_with('/');
    let name = inner.trim_start_matches('/');
    let end = name
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(name.len());
    let mut letters = name[..end].chars().map(|c| c.to_ascii_lowercase());
    if let (Some(style), None) = (letters.next(), letters.next()) {
        if closing {
            payload.close(style);
        } else {
            payload.open(style);
        }
    }
    &rest[inner.len() + 2..]
}

/// The entities of WebVTT; any other `&` is meant as it stands.
const ENTITIES: [(&str, &str); 7] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&nbsp;", "\u{a0}"),
    ("&lrm;", "\u{200e}"),
    ("&rlm;", "\u{200f}"),
    ("&quot;", "\""),
];

fn entity<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    for (name, meaning) in ENTITIES {
        if let Some(after) = rest.strip_prefix(name) {
            payload.text(meaning);
            return after;
        }
    }
    payload.text("&");
    &rest[1..]
}

/// `{\an8}` and the like, which some SubRip files borrow from ASS; any other bracket is text.
fn override_block<'a>(payload: &mut Payload, rest: &'a str) -> &'a str {
    if rest.starts_with("{\\")
        && let Some((_, after)) = rest.split_once('}')
    {
        return after;
    }
    payload.text("{");
    &rest[1..]
}
