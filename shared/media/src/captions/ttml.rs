//! Timed Text Markup Language (W3C TTML1/2, IMSC text profile): timed paragraphs and their basic styling.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::text::{self, Payload};
use super::{Cue, wrong};
use crate::error::MediaError;

/// Limit of nested elements; real files have five or six levels.
const MAX_DEPTH: u32 = 64;
/// Limit of nodes in a file.
const MAX_NODES: u32 = 2_000_000;

/// The units of time expressions, from the `ttp:` parameters of the root.
struct Rates {
    /// Frames per second as a fraction.
    frames: (i64, i64),
    /// Ticks per second as a fraction.
    ticks: (i64, i64),
}

/// The times that an element inherits, in milliseconds.
#[derive(Clone, Copy)]
struct Context {
    begin: i64,
    end: Option<i64>,
    timed: bool,
    depth: u32,
}

/// Italics, bold and underline, each if it is set.
type Styles = [Option<bool>; 3];

struct Reader<'a> {
    document: &'a Document<'a>,
    rates: Rates,
    styles: HashMap<&'a str, Styles>,
    cues: Vec<Cue>,
}

/// Reads TTML. Document types and entities are refused, and nothing is fetched.
pub(super) fn read(source: &str) -> Result<Vec<Cue>, MediaError> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let document = Document::parse_with_options(source, options)
        .map_err(|e| wrong(e.pos().row, "well-formed XML", e.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() != "tt" {
        let found = format!("{:?}", root.tag_name().name());
        return Err(wrong(1, "tt as the root element", found));
    }
    let mut reader = Reader {
        document: &document,
        rates: Rates::of(root),
        styles: styles(&document),
        cues: Vec::new(),
    };
    let context = Context {
        begin: 0,
        end: None,
        timed: false,
        depth: 0,
    };
    for body in root.children().filter(|n| n.tag_name().name() == "body") {
        reader.element(body, context)?;
    }
    Ok(reader.cues)
}

/// An attribute by its local name, because files use different versions of the namespaces.
fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attributes()
        .find(|a| a.name() == name)
        .map(|a| a.value())
}

impl Rates {
    fn of(root: Node<'_, '_>) -> Self {
        let number = |name| {
            attribute(root, name)
                .and_then(|v| text::digits(v.trim()))
                .filter(|n| *n > 0)
        };
        let multiplier = attribute(root, "frameRateMultiplier").and_then(|m| {
            let (num, den) = m.trim().split_once([' ', ':'])?;
            Some((text::digits(num)?, text::digits(den)?)).filter(|(n, d)| *n > 0 && *d > 0)
        });
        let (num, den) = multiplier.unwrap_or((1, 1));
        let rate = number("frameRate");
        let frames = (rate.unwrap_or(30).saturating_mul(num), den);
        // TTML2, 7.2.14: the default tick rate is the frame rate if that is given, otherwise 1.
        let ticks = match (number("tickRate"), rate) {
            (Some(ticks), _) => (ticks, 1),
            (None, Some(_)) => frames,
            (None, None) => (1, 1),
        };
        Self { frames, ticks }
    }

    /// A time expression in milliseconds (TTML2, 12.3.1).
    fn millis(&self, expression: &str) -> Option<i64> {
        let expression = expression.trim();
        if expression.contains(':') {
            return self.clock(expression);
        }
        let at = expression.find(|c: char| c.is_ascii_alphabetic())?;
        let (value, metric) = expression.split_at(at);
        let (num, den) = match metric {
            "h" => (3_600_000, 1),
            "m" => (60_000, 1),
            "s" => (1_000, 1),
            "ms" => (1, 1),
            "f" => (1_000 * self.frames.1, self.frames.0),
            "t" => (1_000 * self.ticks.1, self.ticks.0),
            _ => return None,
        };
        let (whole, fraction) = value.split_once('.').unwrap_or((value, "0"));
        let thousandths =
            i128::from(text::digits(whole)?) * 1_000 + i128::from(text::thousandths(fraction)?);
        rounded(thousandths * i128::from(num), i128::from(den) * 1_000)
    }

    /// `HH:MM:SS`, with a fraction or with frames.
    fn clock(&self, expression: &str) -> Option<i64> {
        let parts: Vec<&str> = expression.split(':').collect();
        let [h, m, s, frames] = parts[..] else {
            return text::clock(expression).filter(|_| parts.len() == 3);
        };
        let seconds = text::clock(&format!("{h}:{m}:{s}"))?;
        let frames = frames.split('.').next()?;
        let offset = i128::from(text::digits(frames)?) * 1_000 * i128::from(self.frames.1);
        Some(seconds + rounded(offset, i128::from(self.frames.0))?)
    }
}

fn too_deep(line: u32) -> MediaError {
    wrong(line, format!("at most {MAX_DEPTH} nested elements"), "more")
}

fn rounded(num: i128, den: i128) -> Option<i64> {
    i64::try_from((num + den / 2).checked_div(den)?).ok()
}

impl<'a> Reader<'a> {
    fn line(&self, node: Node<'_, '_>) -> u32 {
        self.document.text_pos_at(node.range().start).row
    }

    fn element(&mut self, node: Node<'a, 'a>, context: Context) -> Result<(), MediaError> {
        let context = self.timing(node, context)?;
        if node.tag_name().name() == "p" {
            return self.paragraph(node, context);
        }
        for child in node.children().filter(Node::is_element) {
            if matches!(child.tag_name().name(), "div" | "p") {
                self.element(child, context)?;
            }
        }
        Ok(())
    }

    /// `begin`, `end` and `dur` of an element, relative to its parent's begin and within its parent's end.
    fn timing(&self, node: Node<'_, '_>, parent: Context) -> Result<Context, MediaError> {
        let line = self.line(node);
        if parent.depth >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        let time = |name: &str| -> Result<Option<i64>, MediaError> {
            let Some(value) = attribute(node, name) else {
                return Ok(None);
            };
            let millis = self.rates.millis(value);
            let found = || format!("{name}={value:?}");
            millis
                .map(Some)
                .ok_or_else(|| wrong(line, "a time as 00:00:01.000, 25f or 1.5s", found()))
        };
        let (begin, end, dur) = (time("begin")?, time("end")?, time("dur")?);
        let start = parent.begin.saturating_add(begin.unwrap_or(0));
        let ends = [
            end.map(|e| parent.begin.saturating_add(e)),
            dur.map(|d| start.saturating_add(d)),
            parent.end,
        ];
        Ok(Context {
            begin: start,
            end: ends.into_iter().flatten().min(),
            timed: parent.timed || begin.is_some() || end.is_some() || dur.is_some(),
            depth: parent.depth + 1,
        })
    }

    /// Adds one cue for the paragraph, or one for each timed span if the paragraph has timed spans.
    fn paragraph(&mut self, p: Node<'a, 'a>, context: Context) -> Result<(), MediaError> {
        let spans = p.children().filter(|n| n.tag_name().name() == "span");
        let timed: Vec<_> = spans.filter(|s| attribute(*s, "begin").is_some()).collect();
        if context.timed && timed.is_empty() {
            return self.cue(p, context);
        }
        for span in &timed {
            let own = self.timing(*span, context)?;
            self.cue(*span, own)?;
        }
        if timed.is_empty() && p.descendants().any(|n| n.is_text() && !blank(n)) {
            return Err(wrong(
                self.line(p),
                "begin and end on a paragraph with text",
                "neither",
            ));
        }
        Ok(())
    }

    fn cue(&mut self, node: Node<'a, 'a>, context: Context) -> Result<(), MediaError> {
        let line = self.line(node);
        let end = context
            .end
            .ok_or_else(|| wrong(line, "an end or a dur", "neither"))?;
        let mut payload = Payload::default();
        self.content(node, context.depth, &mut payload)?;
        self.cues.push(Cue {
            start: context.begin,
            end,
            payload: payload.finish(),
            line,
        });
        Ok(())
    }

    fn content(
        &self,
        node: Node<'a, 'a>,
        depth: u32,
        payload: &mut Payload,
    ) -> Result<(), MediaError> {
        if depth >= MAX_DEPTH {
            return Err(too_deep(self.line(node)));
        }
        let styles = self.styles_of(node);
        let on: Vec<char> = "ibu"
            .chars()
            .zip(styles)
            .filter(|(_, s)| *s == Some(true))
            .map(|(c, _)| c)
            .collect();
        on.iter().for_each(|s| payload.open(*s));
        for child in node.children() {
            match child.tag_name().name() {
                _ if child.is_text() => payload.text(&collapsed(child.text().unwrap_or_default())),
                "br" => payload.line_break(),
                "span" => self.content(child, depth + 1, payload)?,
                _ => {}
            }
        }
        on.iter().rev().for_each(|s| payload.close(*s));
        Ok(())
    }

    fn styles_of(&self, node: Node<'a, 'a>) -> Styles {
        let mut styles = Styles::default();
        let names = attribute(node, "style").unwrap_or_default();
        for named in names
            .split_ascii_whitespace()
            .filter_map(|n| self.styles.get(n))
        {
            merge(&mut styles, *named);
        }
        merge(&mut styles, own_styles(node));
        styles
    }
}

fn blank(node: Node<'_, '_>) -> bool {
    node.text().is_none_or(|t| t.trim().is_empty())
}

fn merge(into: &mut Styles, from: Styles) {
    for (slot, value) in into.iter_mut().zip(from) {
        *slot = value.or(*slot);
    }
}

fn own_styles(node: Node<'_, '_>) -> Styles {
    let is = |name: &str, on: &[&str]| attribute(node, name).map(|v| on.contains(&v.trim()));
    [
        is("fontStyle", &["italic", "oblique"]),
        is("fontWeight", &["bold"]),
        is("textDecoration", &["underline"]),
    ]
}

/// The named styles of the document.
fn styles<'a>(document: &'a Document<'a>) -> HashMap<&'a str, Styles> {
    let nodes = document
        .descendants()
        .filter(|n| n.tag_name().name() == "style");
    nodes
        .filter_map(|n| Some((attribute(n, "id")?, own_styles(n))))
        .collect()
}

/// Replaces each run of XML white space by one space.
fn collapsed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        let c = if matches!(c, ' ' | '\t' | '\n' | '\r') {
            ' '
        } else {
            c
        };
        if c != ' ' || !out.ends_with(' ') {
            out.push(c);
        }
    }
    out
}
