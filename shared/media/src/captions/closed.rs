//! Closed captions: the services of CEA-608 and CEA-708 in the pictures or in a QuickTime track.
//!
//! ffmpeg's own decoder reads CC1 alone, so ffprobe prints the raw caption data (`cc_data` of ANSI/CTA-708-E, 4.3), three
//! bytes at a time, and two small models of a caption display read them:
//!
//! ```text
//! packets ── triples ──┬─ field 1 and 2 ──▶ analogue: a grid of 15 by 32 characters for each channel
//!                      └─ packets ────────▶ digital: eight windows for each service
//! ```
//!
//! A display becomes a cue when it changes: with the text that it showed, from the change before until then. Text that is
//! written visibly (roll-up, paint-on) is shown from the first character on, so that it is one cue and not one for each
//! pair of characters.

mod analogue;
mod digital;

use std::collections::BTreeMap;

use reelsmith_core::caption_service::CaptionService;

use super::Cue;
use super::placement::Placement;
use super::text::Payload;
use analogue::Field;
use digital::Digital;

/// A packet of caption data as ffprobe prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// Milliseconds.
    pub start: i64,
    /// Milliseconds; 0 if unknown.
    pub duration: i64,
    pub data: Vec<u8>,
}

impl Packet {
    /// A line `pts_time|duration_time|hexadecimal dump`. `None` if it has no time.
    pub(super) fn read(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, '|');
        let start = millis(fields.next()?)?;
        let duration = millis(fields.next()?).unwrap_or(0);
        let dump = fields.next()?.split("\\n").flat_map(str::lines);
        // A row is an offset, pairs of bytes, two spaces and the bytes as text.
        let rows = dump.filter_map(|row| {
            Some(
                row.split_once(": ")?
                    .1
                    .split("  ")
                    .next()
                    .unwrap_or_default(),
            )
        });
        let digits: Vec<u8> = rows
            .flat_map(str::bytes)
            .filter(u8::is_ascii_hexdigit)
            .collect();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
        let data = digits.as_chunks::<2>().0.iter().map_while(byte).collect();
        Some(Self {
            start,
            duration,
            data,
        })
    }

    /// Whether it has no caption data.
    pub(super) fn is_padding(&self) -> bool {
        let mut triples = self.data.as_chunks::<3>().0.iter();
        triples.all(|[head, first, second]| {
            head & 0x04 == 0 || head & 0x02 == 0 && (first | second) & 0x7F == 0
        })
    }
}

/// Decimal seconds as milliseconds.
fn millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let seconds: i64 = whole.parse().ok()?;
    let part = super::text::thousandths(fraction)?;
    let part = if whole.starts_with('-') { -part } else { part };
    Some(seconds.checked_mul(1_000)?.saturating_add(part))
}

/// The cues of every service that has any.
pub(super) fn read(packets: &[Packet]) -> BTreeMap<CaptionService, Vec<Cue>> {
    let mut fields = [Field::new(1), Field::new(2)];
    let mut digital = Digital::default();
    for packet in packets {
        for [head, first, second] in packet.data.as_chunks::<3>().0 {
            // The bit says whether the triple is valid (CTA-708-E, 4.3.4).
            if head & 0x04 == 0 {
                continue;
            }
            let pair = [*first, *second];
            match head & 0x03 {
                kind @ (0 | 1) => fields[usize::from(kind)].push(pair, packet.start),
                kind => digital.push(kind == 3, pair, packet.start),
            }
        }
    }
    let end = packets
        .iter()
        .map(|p| p.start.saturating_add(p.duration))
        .max();
    let end = end.unwrap_or_default();
    let mut services = BTreeMap::new();
    for field in fields {
        services.extend(field.finish(end));
    }
    services.extend(digital.finish(end));
    services.retain(|_, cues| !cues.is_empty());
    services
}

/// A character cell of a display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Cell {
    character: Option<char>,
    italic: bool,
    underlined: bool,
}

/// Rows of cells as the text of a cue, without the empty rows.
fn payload<'a>(rows: impl Iterator<Item = &'a [Cell]>) -> String {
    let mut payload = Payload::default();
    for row in rows {
        for cell in row {
            for (style, on) in [('i', cell.italic), ('u', cell.underlined)] {
                if on && cell.character.is_some() {
                    payload.open(style);
                } else {
                    payload.close(style);
                }
            }
            let mut bytes = [0; 4];
            payload.text(cell.character.unwrap_or(' ').encode_utf8(&mut bytes));
        }
        payload.line_break();
    }
    payload.finish()
}

/// Turns what a display shows into cues.
#[derive(Debug, Default)]
struct Recorder {
    cues: Vec<Cue>,
    /// Since when the display shows what it shows; `None` if nothing has changed since the last cue.
    since: Option<i64>,
}

impl Recorder {
    /// Text appears on the display. The first text after a change starts a cue.
    fn written(&mut self, now: i64) {
        self.since.get_or_insert(now);
    }

    /// The display is about to change from this text.
    fn change(&mut self, now: i64, shown: Option<(String, Placement)>) {
        let since = self.since.take();
        if let (Some(start), Some((payload, placement))) = (since, shown)
            && now > start
            && !payload.is_empty()
        {
            self.cues.push(Cue {
                start,
                end: now,
                placement,
                payload,
                line: 0,
            });
        }
    }
}

#[cfg(test)]
mod tests;
