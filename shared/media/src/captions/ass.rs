//! Advanced `SubStation` Alpha: the text and the position of its dialogue, without effects and drawings.

use std::collections::HashMap;

use super::placement::Placement;
use super::text::{self, Payload};
use super::{Cue, Reading, wrong};
use crate::error::MediaError;

/// The names of the columns of a section, in lower case and in their order.
type Columns = Vec<String>;

/// The columns of dialogue lines in a file that does not state them.
const DIALOGUE: &str = "Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text";

/// Height of the canvas of positions, if a file does not state it.
const HEIGHT: f64 = 288.0;

/// What the lines before a dialogue state about it.
struct Script {
    /// Places on a numeric keypad, by style.
    places: HashMap<String, i64>,
    /// Height of the canvas of positions.
    height: f64,
    /// The older format SSA numbers places in another way.
    legacy: bool,
}

/// Reads the `Dialogue` lines of `[Events]`, whose columns are in the order of the `Format` line.
pub(super) fn read(source: &str) -> Result<Reading, MediaError> {
    let mut reading = Reading::default();
    let mut section = String::new();
    let mut columns = columns(DIALOGUE);
    let mut script = Script {
        places: HashMap::new(),
        height: HEIGHT,
        legacy: false,
    };
    for (number, line) in text::lines(source) {
        let line = line.trim();
        if line.starts_with('[') {
            section = line.to_ascii_lowercase();
            continue;
        }
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let (key, value) = (key.trim(), value.trim());
        match (section.as_str(), key) {
            ("[script info]", "PlayResY") => {
                let stated = value.parse().ok().filter(|h| *h > 0.0);
                script.height = stated.unwrap_or(HEIGHT);
            }
            ("[v4 styles]" | "[v4+ styles]" | "[events]", "Format") => {
                script.legacy = section == "[v4 styles]" || script.legacy && section == "[events]";
                columns = self::columns(value);
            }
            ("[v4 styles]" | "[v4+ styles]", "Style") => script.style(value, &columns),
            ("[events]", "Dialogue") => dialogue(value, &columns, &script, number, &mut reading)?,
            _ => {}
        }
    }
    Ok(reading)
}

fn columns(value: &str) -> Columns {
    let names = value.split(',');
    names.map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn column(columns: &Columns, name: &str) -> Option<usize> {
    columns.iter().position(|c| c == name)
}

impl Script {
    fn style(&mut self, value: &str, columns: &Columns) {
        let fields: Vec<&str> = value.split(',').map(str::trim).collect();
        let field = |name| fields.get(column(columns, name)?).copied();
        if let (Some(name), Some(place)) =
            (field("name"), field("alignment").and_then(text::digits))
        {
            let place = if self.legacy { modern(place) } else { place };
            self.places
                .insert(name.trim_start_matches('*').to_owned(), place);
        }
    }

    /// The place of a dialogue: an override of its text, its style, or the bottom centre. A position moves it to the top,
    /// the middle or the bottom third.
    fn placement(&self, style: &str, payload: &str) -> Placement {
        let blocks = payload.split('{').skip(1).filter_map(|b| b.split_once('}'));
        let tags: Vec<&str> = blocks
            .flat_map(|(block, _)| block.split('\\').skip(1))
            .collect();
        let style = self.places.get(style.trim_start_matches('*'));
        let place = tags
            .iter()
            .find_map(|tag| alignment(tag))
            .or(style.copied())
            .unwrap_or(2);
        let y = tags.iter().find_map(|tag| {
            let inside = tag
                .trim()
                .strip_prefix("pos(")
                .or(tag.trim().strip_prefix("move("))?;
            inside.split([',', ')']).nth(1)?.trim().parse::<f64>().ok()
        });
        let third = y.map_or((place - 1).div_euclid(3), |y| {
            // The top of the picture is the third third of the keypad.
            2 - ((3.0 * y / self.height) as i64).clamp(0, 2)
        });
        Placement::keypad(third * 3 + (place - 1).rem_euclid(3) + 1)
    }
}

/// The place that an override `anN`, or the older `aN`, names.
pub(super) fn alignment(tag: &str) -> Option<i64> {
    let tag = tag.trim();
    let modern_place = tag.strip_prefix("an").and_then(text::digits);
    let legacy = || tag.strip_prefix('a').and_then(text::digits).map(modern);
    let place = modern_place.or_else(legacy);
    place.filter(|p| (1..=9).contains(p))
}

/// SSA numbers 1 to 3 at the bottom, 5 to 7 at the top and 9 to 11 in the middle.
fn modern(place: i64) -> i64 {
    match place {
        5..=7 => place + 2,
        9..=11 => place - 5,
        other => other,
    }
}

fn dialogue(
    value: &str,
    columns: &Columns,
    script: &Script,
    number: u32,
    reading: &mut Reading,
) -> Result<(), MediaError> {
    let find = |name: &str| {
        let found = || text::quoted(&columns.join(", "));
        column(columns, name).ok_or_else(|| wrong(number, format!("a column {name}"), found()))
    };
    let (start, end, last) = (find("start")?, find("end")?, find("text")?);
    if last + 1 != columns.len() {
        let found = text::quoted(&columns.join(", "));
        return Err(wrong(number, "text as the last column", found));
    }
    // The text is the last column, because it may contain commas.
    let fields: Vec<&str> = value.splitn(columns.len(), ',').collect();
    if fields.len() < columns.len() {
        let expected = format!("{} columns as in the Format line", columns.len());
        reading.fault(number, expected, fields.len().to_string());
        return Ok(());
    }
    let time = |at: usize| text::clock(fields[at].trim()).ok_or(fields[at].trim());
    let (start, end) = match (time(start), time(end)) {
        (Ok(start), Ok(end)) => (start, end),
        (Err(field), _) | (_, Err(field)) => {
            reading.fault(number, "a time as 0:00:01.00", text::quoted(field));
            return Ok(());
        }
    };
    let style = column(columns, "style").map_or("", |at| fields[at].trim());
    let body = fields.last().copied().unwrap_or_default();
    reading.cues.push(Cue {
        start,
        end,
        placement: script.placement(style, body),
        payload: payload(body),
        line: number,
    });
    Ok(())
}

/// Removes overrides and drawings. `\N` is a line break and `\h` a no-break space.
fn payload(text: &str) -> String {
    let mut payload = Payload::default();
    let mut drawing = false;
    let mut rest = text;
    loop {
        let block = rest.find('{').filter(|at| rest[*at..].contains('}'));
        let plain = block.map_or(rest, |at| &rest[..at]);
        if !drawing {
            let lines = plain.replace("\\N", "\n").replace("\\n", " ");
            payload.text(&lines.replace("\\h", "\u{a0}"));
        }
        let Some((inside, after)) = block.and_then(|at| rest[at + 1..].split_once('}')) else {
            return payload.finish();
        };
        overrides(inside, &mut payload, &mut drawing);
        rest = after;
    }
}

fn overrides(block: &str, payload: &mut Payload, drawing: &mut bool) {
    for tag in block.split('\\').skip(1).map(str::trim) {
        match (tag.get(..1), tag.get(1..).and_then(text::digits)) {
            (Some("p"), Some(scale)) => *drawing = scale > 0,
            (Some(s @ ("i" | "b" | "u")), Some(value)) => {
                let style = s.chars().next().unwrap_or('i');
                if value == 0 {
                    payload.close(style);
                } else {
                    payload.open(style);
                }
            }
            _ if tag.starts_with('r') => "ibu".chars().for_each(|s| payload.close(s)),
            _ => {}
        }
    }
}
