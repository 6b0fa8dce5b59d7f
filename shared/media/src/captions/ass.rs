//! Advanced `SubStation` Alpha: the text of its dialogue, without effects and drawings.

use super::text::{self, Payload};
use super::{Cue, wrong};
use crate::error::MediaError;

/// The positions of the columns in a dialogue line.
struct Columns {
    start: usize,
    end: usize,
    count: usize,
}

/// Reads the `Dialogue` lines of `[Events]`, whose columns are in the order of the `Format` line.
pub(super) fn read(source: &str) -> Result<Vec<Cue>, MediaError> {
    let mut cues = Vec::new();
    let mut events = false;
    let mut columns: Option<Columns> = None;
    for (number, line) in text::lines(source) {
        let line = line.trim();
        if line.starts_with('[') {
            events = line.eq_ignore_ascii_case("[events]");
        } else if let (true, Some((key, value))) = (events, line.split_once(':')) {
            match key.trim() {
                "Format" => columns = Some(format(value, number)?),
                "Dialogue" => {
                    let columns = columns.as_ref().ok_or_else(|| {
                        wrong(number, "a Format line before the first Dialogue", "none")
                    })?;
                    cues.push(dialogue(value, columns, number)?);
                }
                _ => {}
            }
        }
    }
    Ok(cues)
}

fn format(value: &str, number: u32) -> Result<Columns, MediaError> {
    let names: Vec<&str> = value.split(',').map(str::trim).collect();
    let find = |name: &str| {
        let at = names.iter().position(|n| n.eq_ignore_ascii_case(name));
        at.ok_or_else(|| {
            wrong(
                number,
                format!("a column {name}"),
                text::quoted(value.trim()),
            )
        })
    };
    let (start, end, last) = (find("Start")?, find("End")?, find("Text")?);
    if last + 1 != names.len() {
        let found = text::quoted(value.trim());
        return Err(wrong(number, "Text as the last column", found));
    }
    Ok(Columns {
        start,
        end,
        count: names.len(),
    })
}

fn dialogue(value: &str, columns: &Columns, number: u32) -> Result<Cue, MediaError> {
    // The text is the last column, because it may contain commas.
    let fields: Vec<&str> = value.splitn(columns.count, ',').collect();
    let time = |at: usize| {
        let field = fields.get(at).map_or("", |f| f.trim());
        text::clock(field).ok_or_else(|| wrong(number, "a time as 0:00:01.00", text::quoted(field)))
    };
    if fields.len() < columns.count {
        let expected = format!("{} columns as in the Format line", columns.count);
        return Err(wrong(number, expected, fields.len().to_string()));
    }
    Ok(Cue {
        start: time(columns.start)?,
        end: time(columns.end)?,
        payload: payload(fields.last().copied().unwrap_or_default()),
        line: number,
    })
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
