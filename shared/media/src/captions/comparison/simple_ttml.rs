//! A small reader of TTML: paragraphs with times in parallel containers. What it does not know is a reason not to compare.

use roxmltree::{Document, Node};

use super::{PlainCue, letters};

const PARAMETERS: &str = "http://www.w3.org/ns/ttml#parameter";
const METADATA: &str = "http://www.w3.org/ns/ttml#metadata";

/// Limit of nodes, against documents that expand.
const MAX_NODES: u32 = 1 << 20;

/// The cues of a document, or why it cannot be read here.
pub(super) fn read(text: &str) -> Result<Vec<PlainCue>, String> {
    let options = roxmltree::ParsingOptions {
        nodes_limit: MAX_NODES,
        ..Default::default()
    };
    let document = Document::parse_with_options(text, options).map_err(|e| e.to_string())?;
    let root = document.root_element();
    let rates = Rates::of(&root)?;
    let mut cues = Vec::new();
    for paragraph in root.descendants().filter(|n| n.tag_name().name() == "p") {
        let inside = || paragraph.descendants().skip(1).filter(Node::is_element);
        if inside().any(|n| n.has_attribute("begin") || n.has_attribute("end")) {
            return Err("TTML with times within paragraphs".to_owned());
        }
        let above = || paragraph.ancestors();
        let has = |n: &Node<'_, '_>, name: &str, value: &str| n.attribute(name) == Some(value);
        if above().any(|n| has(&n, "timeContainer", "seq")) {
            return Err("TTML with sequences".to_owned());
        }
        let styled = |n: Node<'_, '_>| {
            let mut attributes = n.attributes();
            attributes.any(|a| matches!(a.name(), "ruby" | "display" | "visibility" | "condition"))
        };
        if paragraph.descendants().chain(above()).any(styled) {
            return Err("TTML with hidden or annotated text".to_owned());
        }
        // Times count from the start of the container.
        let (mut start, mut end): (i64, Option<i64>) = (0, None);
        let containers: Vec<_> = above().filter(Node::is_element).collect();
        for container in containers.iter().rev() {
            let time = |name| match container.attribute(name) {
                Some(text) => rates
                    .millis(text)
                    .map(Some)
                    .ok_or(format!("the time {text}")),
                None => Ok(None),
            };
            let (begin, stop, length) = (time("begin")?, time("end")?, time("dur")?);
            let base = start;
            start += begin.unwrap_or(0);
            let limits = [end, stop.map(|t| base + t), length.map(|t| start + t)];
            end = limits.into_iter().flatten().min();
        }
        let Some(end) = end else {
            return Err("TTML with paragraphs without an end".to_owned());
        };
        let text = plain(&paragraph);
        cues.push(PlainCue {
            start,
            end,
            text: letters(&text),
        });
    }
    Ok(cues)
}

/// The text of a paragraph as markup, so that `<` and `&` in it are not taken for markup.
fn plain(paragraph: &Node<'_, '_>) -> String {
    let mut text = String::new();
    for node in paragraph.descendants() {
        let hidden = |n: &Node<'_, '_>| n.tag_name().namespace() == Some(METADATA);
        if node.is_text() && !node.ancestors().any(|n| hidden(&n)) {
            text.push_str(&html_escape::encode_text(node.text().unwrap_or_default()));
        } else if node.tag_name().name() == "br" {
            text.push(' ');
        }
    }
    text
}

/// What frames and ticks last.
struct Rates {
    /// Frames per second times the multiplier, as a fraction.
    frames: (i64, i64),
    ticks: i64,
}

impl Rates {
    fn of(root: &Node<'_, '_>) -> Result<Self, String> {
        let parameter = |name| root.attribute((PARAMETERS, name));
        if parameter("timeBase").is_some_and(|base| base != "media") {
            return Err("TTML with timecodes".to_owned());
        }
        let number = |text: &str| text.trim().parse::<i64>().ok().filter(|n| *n > 0);
        let rate = parameter("frameRate").and_then(number);
        let multiplier = parameter("frameRateMultiplier").unwrap_or("1 1");
        let mut factors = multiplier.split_ascii_whitespace().filter_map(number);
        let (up, down) = (factors.next().unwrap_or(1), factors.next().unwrap_or(1));
        let frames = (rate.unwrap_or(30).checked_mul(up), down);
        let (Some(up), down) = frames else {
            return Err("a TTML frame rate out of range".to_owned());
        };
        let usual = if rate.is_some() { up / down.max(1) } else { 1 };
        Ok(Self {
            frames: (up, down),
            ticks: parameter("tickRate").and_then(number).unwrap_or(usual),
        })
    }

    /// `HH:MM:SS.fff`, `HH:MM:SS:FF`, or a number with a unit.
    fn millis(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        let (up, down) = self.frames;
        if text.contains(':') {
            let parts: Vec<&str> = text.split(':').collect();
            return match parts.as_slice() {
                [_, _, _] => super::clock(text),
                [hours, minutes, seconds, frame] => {
                    let whole = super::clock(&format!("{hours}:{minutes}:{seconds}"))?;
                    let frame: i64 = frame.parse().ok()?;
                    whole.checked_add(frame.checked_mul(1_000)?.checked_mul(down)? / up)
                }
                _ => None,
            };
        }
        let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = text.split_at(unit);
        let thousandths = super::clock(number)?;
        match unit {
            "h" => thousandths.checked_mul(3_600),
            "m" => thousandths.checked_mul(60),
            "s" => Some(thousandths),
            "ms" => Some(thousandths / 1_000),
            "f" => Some(thousandths.checked_mul(down)? / up),
            "t" => Some(thousandths / self.ticks.max(1)),
            _ => None,
        }
    }
}
