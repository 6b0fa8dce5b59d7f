//! What the readers share: times in text, and building the text of a WebVTT cue.

/// Lines with their numbers from 1.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (u32, &str)> {
    (1u32..).zip(text.split('\n'))
}

/// A time `[H…:]MM:SS[.,]f…` in milliseconds, rounded to nearest. `None` for anything else.
pub(super) fn clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let parts: Vec<&str> = whole.split(':').collect();
    let (hours, minutes, seconds) = match parts[..] {
        [m, s] => (0, digits(m)?, digits(s)?),
        [h, m, s] => (digits(h)?, digits(m)?, digits(s)?),
        _ => return None,
    };
    if minutes > 59 || seconds > 59 || hours > 99_999 {
        return None;
    }
    Some((hours * 60 + minutes) * 60_000 + seconds * 1_000 + thousandths(fraction)?)
}

/// A non-negative decimal integer of at most nine digits.
pub(super) fn digits(text: &str) -> Option<i64> {
    let good = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().ok()).flatten()
}

/// The digits after a decimal point as thousandths, rounded to nearest.
pub(super) fn thousandths(fraction: &str) -> Option<i64> {
    let kept = fraction.get(..fraction.len().min(9))?;
    let value = digits(kept)?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let scale = 10i64.pow(u32::try_from(kept.len()).unwrap_or(9));
    Some((value * 1_000 + scale / 2) / scale)
}

/// The arrows between the times of a cue: the right one, and what editors and converters make of it.
const ARROWS: [&str; 5] = ["-->", "--&gt;", "–>", "—>", "->"];

/// The times of `A --> B …` in milliseconds, and what follows them. `None` if the line has no two times.
pub(super) fn timing(line: &str) -> Option<(i64, i64, &str)> {
    let (start, rest) = ARROWS.iter().find_map(|arrow| line.split_once(arrow))?;
    let (start, rest) = (loose_clock(start)?, rest.trim());
    let end = rest.split_ascii_whitespace().next()?;
    match loose_clock(end) {
        Some(millis) => Some((start, millis, &rest[end.len()..])),
        // Spaces within a time, which translation programs insert.
        None => Some((start, loose_clock(rest)?, "")),
    }
}

/// Whether a line looks like times, though perhaps malformed ones: an arrow between times or behind one.
pub(super) fn looks_like_timing(line: &str) -> bool {
    let Some((start, end)) = line.split_once("-->") else {
        return timing(line).is_some();
    };
    let clock = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let other = |b: u8| b.is_ascii_alphabetic() && b != b'o' && b != b'O';
        text.contains(':') && digits >= 3 && !text.bytes().any(other)
    };
    let end = end.split_whitespace().next().unwrap_or_default();
    clock(start) || clock(end) && end.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// As [`clock`], with spaces within the time and with a colon before milliseconds.
fn loose_clock(text: &str) -> Option<i64> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let colons = text.matches(':').count();
    match text.rsplit_once(':') {
        Some((clock_part, millis)) if colons == 3 && millis.len() == 3 => {
            clock(&format!("{clock_part}.{millis}"))
        }
        _ => clock(&text),
    }
}

/// The start of a malformed text, for an error message.
pub(super) fn quoted(text: &str) -> String {
    format!("{:?}", text.chars().take(80).collect::<String>())
}

/// Builds the text of a cue: escaped, with balanced tags, without empty lines.
#[derive(Debug, Default)]
pub(super) struct Payload {
    out: String,
    open: Vec<char>,
}

/// The styles that are kept: italics, bold, underline.
const KEPT: [char; 3] = ['i', 'b', 'u'];

impl Payload {
    /// Adds plain text and escapes it.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '\n' => self.line_break(),
                '\t' => self.out.push(' '),
                // A control character, perhaps from a character reference, could end a line.
                c if c.is_control() => {}
                c => self.out.push(c),
            }
        }
    }

    pub(super) fn line_break(&mut self) {
        self.out.push('\n');
    }

    /// Opens one of the kept styles, unless it is open.
    pub(super) fn open(&mut self, style: char) {
        if KEPT.contains(&style) && !self.open.contains(&style) {
            self.open.push(style);
            self.out.extend(['<', style, '>']);
        }
    }

    /// Closes a style. Styles that were opened within it are closed and opened again.
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

    /// The text. Empty lines would end the cue, so they are dropped.
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

/// Whether anything besides tags is left.
fn has_text(payload: &str) -> bool {
    let mut inside = false;
    payload.chars().any(|c| {
        let tag = inside || c == '<';
        inside = (inside || c == '<') && c != '>';
        !tag && !c.is_whitespace()
    })
}
