//! Timed Text Markup Language (W3C TTML1/2, IMSC text profile): timed paragraphs and their basic styling.

use std::collections::HashMap;

use roxmltree::{Document, Node, ParsingOptions};

use super::placement::{Area, Edge, Permille, Placement};
use super::text::{self, Payload};
use super::{Clock, Cue, Fault, Reading, wrong};
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
    /// Of timecode labels: nominal frames per second, and whether labels are dropped. `None` if times are no labels.
    labels: Option<(i64, bool)>,
}

/// What an element inherits.
#[derive(Clone, Copy)]
struct Context<'a> {
    /// Milliseconds.
    begin: i64,
    /// Milliseconds; `None` if nothing ends it.
    end: Option<i64>,
    timed: bool,
    depth: u32,
    region: Option<&'a str>,
    align: Option<&'a str>,
    /// `xml:space="preserve"`.
    preserved: bool,
}

/// A named style or region: its own attributes, and those of its `style` children.
type Attributes<'a> = HashMap<&'a str, &'a str>;

struct Reader<'a> {
    document: &'a Document<'a>,
    rates: Rates,
    styles: HashMap<&'a str, Attributes<'a>>,
    regions: HashMap<&'a str, Attributes<'a>>,
    /// Width and height of the picture in the unit `px`, and its columns and rows of cells.
    pixels: Option<(f64, f64)>,
    cells: (f64, f64),
    reading: Reading,
}

/// A piece of text of a paragraph and when it is shown.
struct Run<'a> {
    begin: i64,
    end: Option<i64>,
    part: Part<'a>,
}

enum Part<'a> {
    Text(&'a str, bool),
    Break,
    Open(char),
    Close(char),
    Mark(&'static str),
}

/// Reads TTML. Document types are refused, and nothing is fetched. Named entities of HTML are understood.
pub(super) fn read(source: &str) -> Result<Reading, MediaError> {
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MAX_NODES,
        ..ParsingOptions::default()
    };
    let source = with_characters(source.trim_start());
    let document = Document::parse_with_options(&source, options)
        .map_err(|e| wrong(e.pos().row, "well-formed XML", e.to_string()))?;
    let root = document.root_element();
    if root.tag_name().name() != "tt" {
        let found = format!("{:?}", root.tag_name().name());
        return Err(wrong(1, "tt as the root element", found));
    }
    let mut reader = Reader {
        document: &document,
        rates: Rates::of(root),
        styles: named(&document, "style"),
        regions: named(&document, "region"),
        pixels: attribute(root, "extent").and_then(|e| pair(e, "px")),
        cells: attribute(root, "cellResolution")
            .and_then(|c| pair(c, ""))
            .unwrap_or((32.0, 15.0)),
        reading: Reading::default(),
    };
    if attribute(root, "timeBase") == Some("smpte") {
        reader.reading.clock = Clock::Labels;
    }
    let context = Context {
        begin: 0,
        end: None,
        timed: false,
        depth: 0,
        region: None,
        align: None,
        preserved: is_preserved(root).unwrap_or(false),
    };
    for body in root.children().filter(|n| n.tag_name().name() == "body") {
        reader.element(body, context)?;
    }
    Ok(reader.reading)
}

/// Replaces the named entities of HTML, which XML does not know, by their characters.
fn with_characters(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at(at);
        out.push_str(before);
        let end = reference.bytes().take(33).position(|b| b == b';');
        let name = end.and_then(|end| reference.get(1..end));
        let known = name.filter(|n| {
            !n.starts_with('#') && !matches!(*n, "amp" | "lt" | "gt" | "quot" | "apos")
        });
        let meaning = known.and_then(|n| {
            let reference = format!("&{n};");
            let meaning = html_escape::decode_html_entities(&reference).into_owned();
            (meaning != reference && !meaning.contains(['<', '&'])).then_some(meaning)
        });
        match (meaning, end) {
            (Some(meaning), Some(end)) => {
                out.push_str(&meaning);
                rest = &reference[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &reference[1..];
            }
        }
    }
    out.push_str(rest);
    out
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
        let labels = attribute(root, "timeBase") == Some("smpte");
        let dropped = attribute(root, "dropMode").is_some_and(|m| m == "dropNTSC");
        Self {
            frames,
            ticks,
            labels: labels.then_some((rate.unwrap_or(30), dropped)),
        }
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
        let millis = text::clock(&format!("{h}:{m}:{s}"))?;
        let mut frames = text::digits(frames.split('.').next()?)?;
        if let Some((nominal, dropped)) = self.labels {
            // A label counts frames from 00:00:00:00 (SMPTE ST 12-1).
            let minutes = millis / 60_000;
            let skipped = (minutes - minutes / 10) * (nominal / 15);
            frames += millis / 1_000 * nominal - if dropped { skipped } else { 0 };
        }
        let offset = i128::from(frames) * 1_000 * i128::from(self.frames.1);
        let offset = rounded(offset, i128::from(self.frames.0))?;
        Some(if self.labels.is_some() {
            offset
        } else {
            millis + offset
        })
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

    fn element(&mut self, node: Node<'a, 'a>, parent: Context<'a>) -> Result<(), MediaError> {
        let context = match self.context(node, parent)? {
            Ok(context) => context,
            Err(fault) => {
                self.reading.faults.push(fault);
                return Ok(());
            }
        };
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

    /// What an element passes on: times relative to its parent's begin and within its parent's end, and its place. The inner
    /// error is a malformed time.
    fn context(
        &self,
        node: Node<'a, 'a>,
        parent: Context<'a>,
    ) -> Result<Result<Context<'a>, Fault>, MediaError> {
        let line = self.line(node);
        if parent.depth >= MAX_DEPTH {
            return Err(too_deep(line));
        }
        if attribute(node, "timeContainer") == Some("seq") {
            return Err(wrong(line, "timeContainer=\"par\"", "\"seq\""));
        }
        let mut times = [None; 3];
        for (slot, name) in times.iter_mut().zip(["begin", "end", "dur"]) {
            let Some(value) = attribute(node, name) else {
                continue;
            };
            *slot = self.rates.millis(value);
            if slot.is_none() {
                return Ok(Err(Fault {
                    line,
                    expected: "a time as 00:00:01.000, 25f or 1.5s".to_owned(),
                    found: format!("{name}={value:?}"),
                }));
            }
        }
        let [begin, end, dur] = times;
        // Timecode labels are absolute; all other times are relative.
        let origin = if self.rates.labels.is_some() {
            0
        } else {
            parent.begin
        };
        let start = begin.map_or(parent.begin, |b| origin.saturating_add(b));
        let ends = [
            end.map(|e| origin.saturating_add(e)),
            dur.map(|d| start.saturating_add(d)),
            parent.end,
        ];
        Ok(Ok(Context {
            begin: start,
            end: ends.into_iter().flatten().min(),
            timed: parent.timed || begin.is_some() || end.is_some() || dur.is_some(),
            depth: parent.depth + 1,
            region: attribute(node, "region").or(parent.region),
            align: self.style(node, "textAlign").or(parent.align),
            preserved: is_preserved(node).unwrap_or(parent.preserved),
        }))
    }

    /// Adds the cues of a paragraph: one for each interval in which the same text is shown.
    fn paragraph(&mut self, p: Node<'a, 'a>, context: Context<'a>) -> Result<(), MediaError> {
        let line = self.line(p);
        let mut runs = Vec::new();
        let mut faults = Vec::new();
        self.content(p, context, &mut runs, &mut faults)?;
        self.reading.faults.append(&mut faults);
        let has_text = |r: &Run<'_>| matches!(r.part, Part::Text(t, _) if !t.trim().is_empty());
        if !runs.iter().any(has_text) {
            return Ok(());
        }
        let shown: Vec<&Run<'_>> = runs.iter().filter(|r| has_text(r)).collect();
        let Some(ends) = shown.iter().map(|r| r.end).collect::<Option<Vec<i64>>>() else {
            let expected = if context.timed {
                "an end or a dur"
            } else {
                "begin and end on a paragraph with text"
            };
            self.reading.fault(line, expected, "neither");
            return Ok(());
        };
        if let Some(reversed) = shown
            .iter()
            .zip(&ends)
            .find(|(run, end)| **end <= run.begin)
        {
            let expected = format!("an end after {}", super::stamp(reversed.0.begin));
            self.reading
                .fault(line, expected, super::stamp(*reversed.1));
        }
        let mut times: Vec<i64> = shown.iter().map(|r| r.begin).chain(ends).collect();
        times.sort_unstable();
        times.dedup();
        let placement = self.placement(context);
        for (begin, end) in times.iter().zip(times.iter().skip(1)) {
            let payload = payload(&runs, *begin, *end);
            self.reading.cues.push(Cue {
                start: *begin,
                end: *end,
                placement: placement.clone(),
                payload,
                line,
            });
        }
        Ok(())
    }

    /// The pieces of text below an element, with the times of the spans that they are in.
    fn content(
        &self,
        node: Node<'a, 'a>,
        context: Context<'a>,
        runs: &mut Vec<Run<'a>>,
        faults: &mut Vec<Fault>,
    ) -> Result<(), MediaError> {
        if context.depth >= MAX_DEPTH {
            return Err(too_deep(self.line(node)));
        }
        let ruby = self.style(node, "ruby");
        if self.style(node, "display") == Some("none") || ruby == Some("delimiter") {
            return Ok(());
        }
        let add = |runs: &mut Vec<Run<'a>>, part| {
            let (begin, end) = (context.begin, context.end);
            runs.push(Run { begin, end, part });
        };
        let on = self.letters(node);
        on.iter().for_each(|s| add(runs, Part::Open(*s)));
        if ruby == Some("text") {
            add(runs, Part::Mark("("));
        }
        for child in node.children() {
            match child.tag_name().name() {
                _ if child.is_text() => {
                    let text = child.text().unwrap_or_default();
                    add(runs, Part::Text(text, context.preserved));
                }
                "br" => add(runs, Part::Break),
                "span" => match self.context(child, context)? {
                    Ok(own) => self.content(child, own, runs, faults)?,
                    Err(fault) => faults.push(fault),
                },
                _ => {}
            }
        }
        if ruby == Some("text") {
            add(runs, Part::Mark(")"));
        }
        on.iter().rev().for_each(|s| add(runs, Part::Close(*s)));
        Ok(())
    }

    /// The value of a style attribute of an element: its own, or of the styles that it names, the last first.
    fn style(&self, node: Node<'a, 'a>, name: &str) -> Option<&'a str> {
        let names = attribute(node, "style").unwrap_or_default();
        let named = names.split_ascii_whitespace().rev();
        let of_style = |style: &str| self.inherited(style, name, 0);
        attribute(node, name)
            .or_else(|| named.filter_map(of_style).next())
            .map(str::trim)
    }

    /// The value of an attribute of a named style, which may refer to other styles.
    fn inherited(&self, style: &str, name: &str, depth: u32) -> Option<&'a str> {
        let attributes = self.styles.get(style).filter(|_| depth < 8)?;
        attributes.get(name).copied().or_else(|| {
            let more = attributes.get("style")?.split_ascii_whitespace().rev();
            more.filter_map(|s| self.inherited(s, name, depth + 1))
                .next()
        })
    }

    /// The letters of the kept styles that an element turns on.
    fn letters(&self, node: Node<'a, 'a>) -> Vec<char> {
        let is = |name: &str, on: &[&str]| self.style(node, name).is_some_and(|v| on.contains(&v));
        let styles = [
            ('i', is("fontStyle", &["italic", "oblique"])),
            ('b', is("fontWeight", &["bold"])),
            ('u', is("textDecoration", &["underline"])),
        ];
        styles
            .into_iter()
            .filter(|(_, on)| *on)
            .map(|(letter, _)| letter)
            .collect()
    }

    /// The place of a region, or the default place without one.
    fn placement(&self, context: Context<'a>) -> Placement {
        let region = context.region.and_then(|r| self.regions.get(r));
        let value = |name: &str| {
            let region = region?;
            region.get(name).copied().or_else(|| {
                let styles = region.get("style")?.split_ascii_whitespace().rev();
                styles.filter_map(|s| self.inherited(s, name, 0)).next()
            })
        };
        let origin = value("origin").and_then(|v| self.lengths(v));
        let extent = value("extent").and_then(|v| self.lengths(v));
        let block = match value("displayAlign").map(str::trim) {
            Some("before") => Edge::Start,
            Some("center") => Edge::Centre,
            Some("after") => Edge::End,
            // The initial value is "before", but a region without a box does not move the text to the top.
            _ if origin.is_some() => Edge::Start,
            _ => Edge::End,
        };
        let inline = match context.align.or(value("textAlign")).map(str::trim) {
            Some("left" | "start") => Edge::Start,
            Some("right" | "end") => Edge::End,
            _ => Edge::Centre,
        };
        let (left, top) = origin.unwrap_or((0, 0));
        let (width, height) = extent.unwrap_or((1_000 - left.min(1_000), 1_000 - top.min(1_000)));
        if region.is_none() && inline == Edge::Centre {
            return Placement::default();
        }
        Placement::in_box(&Area {
            left,
            top,
            width,
            height,
            block,
            inline,
        })
    }

    /// Two lengths, horizontal and vertical, as shares of the picture.
    fn lengths(&self, text: &str) -> Option<(Permille, Permille)> {
        let (x, y) = pair(text, "%")
            .map(|(x, y)| (x / 100.0, y / 100.0))
            .or_else(|| {
                let ((x, y), (width, height)) = (pair(text, "px")?, self.pixels?);
                Some((x / width, y / height))
            })
            .or_else(|| {
                let ((x, y), (columns, rows)) = (pair(text, "c")?, self.cells);
                Some((x / columns, y / rows))
            })?;
        let permille = |share: f64| (share.clamp(0.0, 1.0) * 1_000.0).round() as Permille;
        Some((permille(x), permille(y)))
    }
}

/// The text that is shown throughout an interval.
fn payload(runs: &[Run<'_>], begin: i64, end: i64) -> String {
    let mut payload = Payload::default();
    let during = |r: &&Run<'_>| r.begin <= begin && r.end.is_none_or(|e| e >= end);
    for run in runs.iter().filter(during) {
        match run.part {
            Part::Text(text, true) => payload.text(text),
            Part::Text(text, false) => payload.text(&collapsed(text)),
            Part::Break => payload.line_break(),
            Part::Open(style) => payload.open(style),
            Part::Close(style) => payload.close(style),
            Part::Mark(mark) => payload.text(mark),
        }
    }
    payload.finish()
}

/// Two numbers with this unit, separated by white space.
fn pair(text: &str, unit: &str) -> Option<(f64, f64)> {
    let mut numbers = text.split_ascii_whitespace().map(|part| {
        let number = part.strip_suffix(unit)?.parse::<f64>().ok();
        number.filter(|n| n.is_finite() && *n >= 0.0)
    });
    let (x, y) = (numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some((x, y))
}

fn is_preserved(node: Node<'_, '_>) -> Option<bool> {
    let namespace = "http://www.w3.org/XML/1998/namespace";
    node.attribute((namespace, "space"))
        .map(|v| v == "preserve")
}

/// The named elements of a kind with their attributes.
fn named<'a>(document: &'a Document<'a>, kind: &str) -> HashMap<&'a str, Attributes<'a>> {
    let nodes = document
        .descendants()
        .filter(|n| n.tag_name().name() == kind);
    let attributes = |node: Node<'a, 'a>| {
        let children = node.children().filter(|c| c.tag_name().name() == "style");
        let nested = children.flat_map(|c| c.attributes());
        let all = nested.chain(node.attributes());
        all.map(|a| (a.name(), a.value())).collect()
    };
    nodes
        .filter_map(|n| Some((attribute(n, "id")?, attributes(n))))
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
