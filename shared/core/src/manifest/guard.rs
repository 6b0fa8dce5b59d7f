//! Checks a document before its tree is built: size, encoding, DOCTYPE, depth, and number of nodes and attributes. Each
//! limit bounds the work of the next step, because a manifest comes from outside.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use roxmltree::{Document, Error as Xml, ParsingOptions};

use super::MAX_BYTES;
use super::defects::{Defects, offset, quoted, shortened};

/// Path of a defect of the whole document.
pub(super) const DOCUMENT: &str = "document";

/// Greatest depth of elements; the format needs four.
const MAX_DEPTH: usize = 16;
/// Most elements, texts, comments and processing instructions.
const MAX_NODES: usize = 20_000;
/// Most attributes of one element. They are compared with each other, which takes quadratic time.
const MAX_ATTRIBUTES: usize = 32;
/// Most namespace declarations. Every element that has one copies those of its ancestors.
const MAX_NAMESPACES: usize = 64;

/// A defect that makes the rest of the document unreadable.
struct Fatal {
    offset: usize,
    expected: String,
    found: String,
}

impl Fatal {
    fn new(offset: usize, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self {
            offset,
            expected: expected.into(),
            found: found.into(),
        }
    }
}

/// The text of a document without byte order mark, if it is UTF-8 within the size limit.
///
/// # Errors
/// The one defect. It contains the text up to the defect, from which its position is computed.
pub(super) fn text(xml: &[u8]) -> Result<&str, Defects<'_>> {
    let xml = xml.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(xml);
    let only = |fatal: Fatal| {
        let mut defects = Defects::new("");
        defects.error(0, DOCUMENT, fatal.expected, fatal.found);
        defects
    };
    if xml.len() > MAX_BYTES {
        let expected = format!("at most {MAX_BYTES} bytes");
        return Err(only(Fatal::new(
            0,
            expected,
            format!("{} bytes", xml.len()),
        )));
    }
    if xml.trim_ascii().is_empty() {
        return Err(only(Fatal::new(0, "an XML document", "an empty file")));
    }
    // A declaration in UTF-16 has a zero byte next to its `<`.
    if let [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..] = xml {
        return Err(only(Fatal::new(0, "UTF-8", "UTF-16 or UTF-32")));
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
        format!("the invalid byte 0x{byte:02X}"),
    );
    defects
}

/// The tree of a document within the limits; otherwise `None`, and the one defect is added to `defects`.
pub(super) fn tree<'a>(defects: &mut Defects<'a>) -> Option<Document<'a>> {
    let text = defects.text();
    let built = limits(text).and_then(|()| {
        let options = ParsingOptions {
            nodes_limit: 2 * MAX_NODES as u32,
            ..ParsingOptions::default()
        };
        Document::parse_with_options(text, options).map_err(|e| malformed(text, &e))
    });
    match built {
        Ok(document) => Some(document),
        Err(fatal) => {
            defects.error(fatal.offset, DOCUMENT, fatal.expected, fatal.found);
            None
        }
    }
}

/// Checks the limits in one pass, in constant memory. XML that is not well-formed but harmless is left to the parser of the
/// tree, whose errors are more precise.
fn limits(text: &str) -> Result<(), Fatal> {
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
                return Err(Fatal::new(at, "well-formed XML", found));
            }
        }
    }
    match counts.open.last() {
        Some(at) => Err(unclosed(text, *at)),
        None => Ok(()),
    }
}

/// What [`limits`] counts.
#[derive(Default)]
struct Counts {
    nodes: usize,
    namespaces: usize,
    open: Vec<usize>,
}

impl Counts {
    fn event(&mut self, event: &Event<'_>, at: usize) -> Result<(), Fatal> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            let expected = format!("at most {MAX_NODES} elements and texts");
            return Err(Fatal::new(at, expected, "more"));
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
                Err(Fatal::new(at, expected, "<!DOCTYPE"))
            }
            Event::Decl(declaration) => encoding(declaration.encoding(), at),
            Event::GeneralRef(reference) => in_unicode(reference, at),
            _ => Ok(()),
        }
    }

    fn depth(&self, at: usize) -> Result<(), Fatal> {
        if self.open.len() <= MAX_DEPTH {
            return Ok(());
        }
        let expected = format!("elements nested at most {MAX_DEPTH} deep");
        Err(Fatal::new(at, expected, "a deeper element"))
    }

    /// Counts equals signs outside of quotes: even a malformed tag has no more attributes than these.
    fn attributes(&mut self, tag: &BytesStart<'_>, at: usize) -> Result<(), Fatal> {
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
        if count > MAX_ATTRIBUTES {
            let expected = format!("at most {MAX_ATTRIBUTES} attributes of one element");
            return Err(Fatal::new(at, expected, count.to_string()));
        }
        self.namespaces += tag.attributes_raw().matches("xmlns").count();
        if self.namespaces > MAX_NAMESPACES {
            let expected = format!("at most {MAX_NAMESPACES} namespace declarations");
            return Err(Fatal::new(at, expected, "more"));
        }
        Ok(())
    }
}

/// XML 1.0, 4.1, Legal Character. The parser of the tree would replace a number beyond Unicode with U+FFFD.
fn in_unicode(reference: &str, at: usize) -> Result<(), Fatal> {
    let number = match reference.strip_prefix("#x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => reference.strip_prefix('#').and_then(|d| d.parse().ok()),
    };
    match number {
        Some(number) if char::from_u32(number).is_none() => {
            let found = quoted(&format!("&{reference};"));
            Err(Fatal::new(at, "a reference to a Unicode character", found))
        }
        _ => Ok(()),
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

fn encoding<T: AsRef<str>, E>(declared: Option<Result<T, E>>, at: usize) -> Result<(), Fatal> {
    match declared {
        Some(Ok(name)) if !name.as_ref().eq_ignore_ascii_case("utf-8") => {
            let found = format!("encoding={}", quoted(name.as_ref()));
            Err(Fatal::new(at, "encoding=\"UTF-8\"", found))
        }
        // A malformed declaration is reported by the parser of the tree.
        _ => Ok(()),
    }
}

fn unclosed(text: &str, at: usize) -> Fatal {
    let tag = text.get(at..).unwrap_or_default().trim_start_matches('<');
    let name = tag
        .split(|c: char| c.is_whitespace() || "/>".contains(c))
        .next()
        .unwrap_or_default();
    let expected = format!("</{}>", shortened(name));
    Fatal::new(at, expected, "the end of the file")
}

/// An error of the tree's parser as a defect.
fn malformed(text: &str, error: &Xml) -> Fatal {
    let place = error.pos();
    let at = offset(text, place.row, place.col);
    match error {
        Xml::UnexpectedCloseTag(expected, found, _) => Fatal::new(
            at,
            format!("</{}>", shortened(expected)),
            format!("</{}>", shortened(found)),
        ),
        Xml::UnknownEntityReference(name, _) => Fatal::new(
            at,
            "one of &amp; &lt; &gt; &quot; &apos; or a character reference",
            format!("&{};", shortened(name)),
        ),
        Xml::MalformedEntityReference(_) => {
            Fatal::new(at, "'&' written as &amp;", "'&' that starts no reference")
        }
        Xml::DuplicatedAttribute(name, _) => Fatal::new(
            at,
            "each attribute once",
            format!("{} again", shortened(name)),
        ),
        Xml::InvalidChar(expected, ..) => Fatal::new(
            at,
            format!("{:?}", char::from(*expected)),
            character(text, at),
        ),
        Xml::InvalidChar2(expected, ..) => Fatal::new(at, *expected, character(text, at)),
        Xml::InvalidString(expected, _) => {
            Fatal::new(at, format!("{expected:?}"), character(text, at))
        }
        Xml::NoRootNode => Fatal::new(text.len(), "a root element", "the end of the file"),
        Xml::UnclosedRootNode | Xml::UnexpectedEndOfStream => {
            Fatal::new(text.len(), "well-formed XML", "the end of the file")
        }
        Xml::NodesLimitReached | Xml::NamespacesLimitReached | Xml::AttributesLimitReached => {
            Fatal::new(
                0,
                "a document within the limits of the parser",
                error.to_string(),
            )
        }
        _ => {
            // The position is reported separately.
            let message = error.to_string().replace(&format!(" at {place}"), "");
            Fatal::new(at, "well-formed XML", shortened(&message))
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
