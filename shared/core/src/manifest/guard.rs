//! What stands before the tree is built: size, encoding, DOCTYPE, depth, nodes, attributes. A manifest comes from
//! outside, so that each of these bounds the work that the next step may be made to do.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Error as Xml, ParsingOptions};

use super::defects::{Defects, offset, quoted, shortened};

/// Path of a defect of the document as a whole.
pub(super) const DOCUMENT: &str = "document";

/// Greatest size in bytes.
const LARGEST: usize = 1 << 20;
/// Greatest depth of elements; the format itself needs four.
const DEEPEST: usize = 16;
/// Greatest number of elements, texts, comments and instructions.
const MOST_NODES: usize = 20_000;
/// Greatest number of attributes of one element: comparing them with each other takes the square of it.
const MOST_ATTRIBUTES: usize = 32;
/// Greatest number of namespace declarations: every element that declares one copies those around it.
const MOST_NAMESPACES: usize = 64;

/// What stopped the document: where, and what was expected and found.
struct Stop {
    offset: usize,
    expected: String,
    found: String,
}

impl Stop {
    fn new(offset: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            offset,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// The text of a document: within the size, UTF-8, without byte order mark.
///
/// # Errors
/// The one defect, with the text up to it, in which its position is counted.
pub(super) fn text(xml: &[u8]) -> Result<&str, Defects<'_>> {
    let xml = xml.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(xml);
    let stopped = |stop: Stop| {
        let mut defects = Defects::new("");
        defects.error(0, DOCUMENT, stop.expected, stop.found);
        defects
    };
    if xml.len() > LARGEST {
        let expected = format!("at most {LARGEST} bytes");
        return Err(stopped(Stop::new(
            0,
            expected,
            format!("{} bytes", xml.len()),
        )));
    }
    if xml.trim_ascii().is_empty() {
        return Err(stopped(Stop::new(0, "an XML document", "an empty file")));
    }
    // A declaration in UTF-16 has a zero byte next to its `<`.
    if let [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..] = xml {
        return Err(stopped(Stop::new(0, "UTF-8", "UTF-16 or UTF-32")));
    }
    std::str::from_utf8(xml).map_err(|error| not_utf8(xml, &error))
}

fn not_utf8<'a>(xml: &'a [u8], error: &std::str::Utf8Error) -> Defects<'a> {
    let (before, bad) = xml.split_at(error.valid_up_to());
    let mut defects = Defects::new(std::str::from_utf8(before).unwrap_or_default());
    let byte = bad.first().copied().unwrap_or_default();
    defects.error(
        before.len(),
        DOCUMENT,
        "UTF-8",
        format!("the byte 0x{byte:02X}"),
    );
    defects
}

/// The tree of a document that keeps to the limits.
///
/// # Errors
/// `None`, and the one defect in `defects`.
pub(super) fn tree<'a>(defects: &mut Defects<'a>) -> Option<Document<'a>> {
    let text = defects.text();
    let built = limits(text).and_then(|()| {
        let options = ParsingOptions {
            nodes_limit: 2 * MOST_NODES as u32,
            ..ParsingOptions::default()
        };
        Document::parse_with_options(text, options).map_err(|e| malformed(text, &e))
    });
    match built {
        Ok(document) => Some(document),
        Err(stop) => {
            defects.error(stop.offset, DOCUMENT, stop.expected, stop.found);
            None
        }
    }
}

/// One pass in constant memory. What is not well-formed but harmless is left to the tree's parser, which says it better.
fn limits(text: &str) -> Result<(), Stop> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.allow_dangling_amp = true;
    let mut counts = Counts::default();
    loop {
        let at = position(reader.buffer_position());
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(event) => counts.event(&event, at)?,
            Err(error) => {
                let at = position(reader.error_position());
                let found = shortened(&error.to_string());
                return Err(Stop::new(at, "well-formed XML", found));
            }
        }
    }
    match counts.open.last() {
        Some(at) => Err(unclosed(text, *at)),
        None => Ok(()),
    }
}

/// What is counted on the way.
#[derive(Default)]
struct Counts {
    nodes: usize,
    namespaces: usize,
    /// Offsets of the elements that are open.
    open: Vec<usize>,
}

impl Counts {
    fn event(&mut self, event: &Event<'_>, at: usize) -> Result<(), Stop> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            let expected = format!("at most {MOST_NODES} elements and texts");
            return Err(Stop::new(at, expected, "one more"));
        }
        match event {
            Event::Start(tag) => {
                self.attributes(tag, at)?;
                self.open.push(at);
                self.depth(at)
            }
            Event::Empty(tag) => self.attributes(tag, at),
            Event::End(_) => {
                self.open.pop();
                Ok(())
            }
            Event::DocType(_) => {
                let expected = "no document type declaration";
                Err(Stop::new(at, expected, "<!DOCTYPE"))
            }
            Event::Decl(declaration) => encoding(declaration.encoding(), at),
            Event::GeneralRef(reference) => in_unicode(reference, at),
            _ => Ok(()),
        }
    }

    fn depth(&self, at: usize) -> Result<(), Stop> {
        if self.open.len() <= DEEPEST {
            return Ok(());
        }
        let expected = format!("elements at most {DEEPEST} deep");
        Err(Stop::new(at, expected, "a deeper one"))
    }

    /// Counts equals signs outside of quotes: there are never more attributes than these, however broken the tag.
    fn attributes(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<(), Stop> {
        let mut quote = None;
        let mut count = 0;
        for byte in tag.attributes_raw().bytes() {
            match (quote, byte) {
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (None, b'=') => count += 1,
                _ => {}
            }
        }
        if count > MOST_ATTRIBUTES {
            let expected = format!("at most {MOST_ATTRIBUTES} attributes of one element");
            return Err(Stop::new(at, expected, count.to_string()));
        }
        self.namespaces += tag.attributes_raw().matches("xmlns").count();
        if self.namespaces > MOST_NAMESPACES {
            let expected = format!("at most {MOST_NAMESPACES} namespace declarations");
            return Err(Stop::new(at, expected, "one more"));
        }
        Ok(())
    }
}

/// XML 1.0, 4.1, Legal Character. The tree's parser takes a number beyond Unicode for U+FFFD, which nobody wrote.
fn in_unicode(reference: &str, at: usize) -> Result<(), Stop> {
    let number = match reference.strip_prefix("#x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => reference.strip_prefix('#').and_then(|d| d.parse().ok()),
    };
    match number {
        Some(number) if char::from_u32(number).is_none() => {
            let found = quoted(&format!("&{reference};"));
            Err(Stop::new(at, "a character of Unicode", found))
        }
        _ => Ok(()),
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn encoding<T: AsRef<str>, E>(declared: Option<Result<T, E>>, at: usize) -> Result<(), Stop> {
    match declared {
        Some(Ok(name)) if !name.as_ref().eq_ignore_ascii_case("utf-8") => {
            let found = format!("encoding={}", quoted(name.as_ref()));
            Err(Stop::new(at, "encoding=\"UTF-8\"", found))
        }
        // What cannot be read of the declaration is not well-formed, which the tree's parser says.
        _ => Ok(()),
    }
}

fn unclosed(text: &str, at: usize) -> Stop {
    let tag = text.get(at..).unwrap_or_default().trim_start_matches('<');
    let name = tag
        .split(|c: char| c.is_whitespace() || "/>".contains(c))
        .next()
        .unwrap_or_default();
    let expected = format!("</{}>", shortened(name));
    Stop::new(at, expected, "the end of the file")
}

/// The tree's parser's error as expected and found.
fn malformed(text: &str, error: &Xml) -> Stop {
    let place = error.pos();
    let at = offset(text, place.row, place.col);
    match error {
        Xml::UnexpectedCloseTag(expected, found, _) => Stop::new(
            at,
            format!("</{}>", shortened(expected)),
            format!("</{}>", shortened(found)),
        ),
        Xml::UnknownEntityReference(name, _) => Stop::new(
            at,
            "one of &amp; &lt; &gt; &quot; &apos; or a character reference",
            format!("&{};", shortened(name)),
        ),
        Xml::MalformedEntityReference(_) => {
            Stop::new(at, "'&' written as &amp;", "'&' that begins no reference")
        }
        Xml::DuplicatedAttribute(name, _) => Stop::new(
            at,
            "each attribute once",
            format!("{} again", shortened(name)),
        ),
        Xml::InvalidChar(expected, ..) => Stop::new(
            at,
            format!("{:?}", char::from(*expected)),
            character(text, at),
        ),
        Xml::InvalidChar2(expected, ..) => Stop::new(at, *expected, character(text, at)),
        Xml::InvalidString(expected, _) => {
            Stop::new(at, format!("{expected:?}"), character(text, at))
        }
        Xml::NoRootNode => Stop::new(text.len(), "a root element", "the end of the file"),
        Xml::UnclosedRootNode | Xml::UnexpectedEndOfStream => {
            Stop::new(text.len(), "well-formed XML", "the end of the file")
        }
        Xml::NodesLimitReached | Xml::NamespacesLimitReached | Xml::AttributesLimitReached => {
            Stop::new(0, "a manifest of usual size", error.to_string())
        }
        _ => {
            // The place is told apart, in line and column.
            let message = error.to_string().replace(&format!(" at {place}"), "");
            Stop::new(at, "well-formed XML", shortened(&message))
        }
    }
}

/// The character at an offset.
fn character(text: &str, at: usize) -> String {
    match text.get(at..).and_then(|rest| rest.chars().next()) {
        Some(c) => format!("{c:?}"),
        None => "the end of the file".into(),
    }
}
