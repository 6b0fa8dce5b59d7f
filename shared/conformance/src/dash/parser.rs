//! From XML to an [`Mpd`].

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::template::{self, Expansion, MAX_SEGMENTS, Values};
use super::{
    AdaptationSet, Addressing, ChannelConfiguration, ContentProtection, Element, Mpd, MpdSegment,
    Period, Reference, Representation, schema, xs_duration,
};
use crate::fault::Faults;
use crate::hls::NANOS;
use crate::path::{Part, Unresolved, has_scheme, join, resolve};

/// Namespace of the MPD in all editions.
const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";
const BOUNDED: &str = "a number of segments that can be judged";
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// Namespace of `default_KID` (ISO/IEC 23001-7, 11.2).
const CENC: &str = "urn:mpeg:cenc:2013";

struct Parser<'a> {
    path: &'a str,
    /// Offsets of line starts.
    lines: Vec<usize>,
    faults: Faults,
    references: Vec<Reference>,
    /// How many more segments may be expanded.
    budget: usize,
    /// Duration of the current period in nanoseconds, if it is known.
    end: Option<i128>,
    /// Whether an object exists: an open-ended template is expanded as far as there are objects.
    exists: &'a dyn Fn(&str) -> bool,
}

pub(super) fn parse(path: &str, bytes: &[u8], exists: &dyn Fn(&str) -> bool) -> Mpd {
    let mut mpd = Mpd::default();
    let mut faults = Faults::default();
    match std::str::from_utf8(bytes) {
        Err(e) => {
            let found = format!("other bytes at {}", e.valid_up_to());
            faults.add("DSH-01", 1, "UTF-8", found);
        }
        Ok(text) => match Document::parse(text) {
            Err(e) => faults.add("DSH-01", e.pos().row, "well-formed XML without a DTD", e),
            Ok(document) => {
                let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
                let mut parser = Parser {
                    path,
                    lines: std::iter::once(0).chain(newlines).collect(),
                    faults,
                    references: Vec::new(),
                    budget: MAX_SEGMENTS,
                    end: None,
                    exists,
                };
                mpd.readable = true;
                parser.document(&mut mpd, document.root_element());
                mpd.references = parser.references;
                faults = parser.faults;
            }
        },
    }
    mpd.faults = faults.0;
    mpd
}

fn children<'a, 'b: 'a>(
    node: Node<'a, 'b>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'b>> {
    let elements = node.children().filter(Node::is_element);
    elements.filter(move |n| n.tag_name().name() == name)
}

/// What a level inherits from the levels above: base URL and addressing.
#[derive(Clone, Default)]
struct Inherited {
    base: String,
    template: Template,
}

/// Effective addressing: the attributes of lower levels replace those of higher ones.
#[derive(Clone, Default)]
struct Template {
    mode: &'static str,
    line: u32,
    attributes: BTreeMap<String, String>,
    timeline: Option<Vec<Element>>,
    urls: Vec<Element>,
    init: Option<Element>,
}

impl Parser<'_> {
    fn line(&self, node: Node<'_, '_>) -> u32 {
        let at = node.range().start;
        u32::try_from(self.lines.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    fn element(&self, node: Node<'_, '_>) -> Element {
        let own = node.attributes().filter(|a| a.namespace().is_none());
        let attributes = own.map(|a| (a.name().to_owned(), a.value().to_owned()));
        Element {
            line: self.line(node),
            attributes: attributes.collect(),
        }
    }

    fn elements(&self, node: Node<'_, '_>, name: &'static str) -> Vec<Element> {
        children(node, name).map(|n| self.element(n)).collect()
    }

    fn document(&mut self, mpd: &mut Mpd, root: Node<'_, '_>) {
        let line = self.line(root);
        let (name, namespace) = (root.tag_name().name(), root.tag_name().namespace());
        if name != "MPD" || namespace != Some(NAMESPACE) {
            let expected = format!("the root element MPD in {NAMESPACE}");
            let found = format!("{name} in {}", namespace.unwrap_or("no namespace"));
            self.faults.add("DSH-01", line, expected, found);
        }
        self.check_schema(root);
        mpd.root = self.element(root);
        let inherited = Inherited {
            base: self.base_url(root, ""),
            ..Inherited::default()
        };
        let spans = spans(mpd, root);
        for (node, (start, duration)) in children(root, "Period").zip(spans) {
            self.end = duration;
            let period = self.period(node, &inherited);
            mpd.periods.push(Period {
                start,
                duration,
                ..period
            });
        }
        if mpd.periods.is_empty() {
            let expected = "at least one Period";
            self.faults.add("DSH-01", line, expected, "none");
        }
    }

    fn check_schema(&mut self, root: Node<'_, '_>) {
        let in_mpd =
            |n: &Node<'_, '_>| n.is_element() && n.tag_name().namespace() == Some(NAMESPACE);
        for node in root.descendants().filter(in_mpd) {
            for child in node.children().filter(in_mpd) {
                let (parent, name) = (node.tag_name().name(), child.tag_name().name());
                if !schema::allows(parent, name) {
                    let expected = format!("an element that {parent} may have");
                    self.faults.add("DSH-01", self.line(child), expected, name);
                }
            }
            for attribute in node.attributes().filter(|a| a.namespace().is_none()) {
                let (parent, name) = (node.tag_name().name(), attribute.name());
                let value = attribute.value().trim();
                if let Some(kind) = schema::wrong_type(parent, name, value) {
                    let expected = format!("{parent}@{name} as {kind}");
                    self.faults
                        .add("DSH-01", self.line(node), expected, format!("{value:?}"));
                }
            }
            if let Some(href) = node.attribute((XLINK, "href")) {
                self.reference(node, "xlink:href", href);
            }
        }
    }

    fn reference(&mut self, node: Node<'_, '_>, name: &str, text: &str) {
        self.references.push(Reference {
            line: self.line(node),
            name: name.to_owned(),
            text: text.to_owned(),
        });
    }

    /// The base of this level (5.6.4). Several `BaseURL` are alternatives: the first one inside the package is used.
    fn base_url(&mut self, node: Node<'_, '_>, above: &str) -> String {
        let mut texts = Vec::new();
        for url in children(node, "BaseURL") {
            let text = url.text().unwrap_or_default().trim();
            self.reference(url, "BaseURL", text);
            texts.push(text);
        }
        let mut inside = texts
            .iter()
            .filter(|t| !has_scheme(t) && !t.starts_with('/'));
        match inside.next().or(texts.first()) {
            Some(text) => join(above, text),
            None => above.to_owned(),
        }
    }

    /// What the children of this level inherit, and the addressing elements of this level.
    fn inherit(&mut self, node: Node<'_, '_>, above: &Inherited) -> (Inherited, Vec<Addressing>) {
        let mut template = above.template.clone();
        let mut own = Vec::new();
        for mode in ["SegmentBase", "SegmentList", "SegmentTemplate"] {
            for found in children(node, mode) {
                let element = self.element(found);
                template.mode = mode;
                template.line = element.line;
                template.attributes.extend(element.attributes.clone());
                if let Some(timeline) = children(found, "SegmentTimeline").next() {
                    template.timeline = Some(self.elements(timeline, "S"));
                }
                if mode == "SegmentList" {
                    template.urls = self.elements(found, "SegmentURL");
                }
                let init = children(found, "Initialization").next();
                template.init = init.map(|i| self.element(i)).or(template.init);
                own.push(Addressing {
                    mode,
                    element,
                    has_timeline: template.timeline.is_some(),
                });
            }
        }
        let base = self.base_url(node, &above.base);
        (Inherited { base, template }, own)
    }

    fn period(&mut self, node: Node<'_, '_>, above: &Inherited) -> Period {
        let (inherited, _) = self.inherit(node, above);
        let sets = children(node, "AdaptationSet").map(|set| self.set(set, &inherited));
        Period {
            sets: sets.collect(),
            element: self.element(node),
            ..Period::default()
        }
    }

    fn set(&mut self, node: Node<'_, '_>, above: &Inherited) -> AdaptationSet {
        let (inherited, addressing) = self.inherit(node, above);
        let (channels, tiles) = (channels(node), tiles(node));
        let mime = node.attribute("mimeType").or(node.attribute("contentType"));
        let mime = mime.unwrap_or_default();
        let representations = children(node, "Representation").map(|r| {
            let mime = r.attribute("mimeType").unwrap_or(mime);
            let own = self.representation(r, &inherited, mime);
            let channels = match own.channels.is_empty() {
                true => channels.clone(),
                false => own.channels.clone(),
            };
            Representation {
                channels,
                tiles: own.tiles.or(tiles),
                ..own
            }
        });
        let representations = representations.collect();
        let roles = children(node, "Role").filter_map(|r| r.attribute("value"));
        AdaptationSet {
            element: self.element(node),
            roles: roles.map(str::to_owned).collect(),
            is_trick_mode: is_trick_mode(node),
            protection: self.protection(node),
            addressing,
            representations,
        }
    }

    fn protection(&self, node: Node<'_, '_>) -> Vec<ContentProtection> {
        let read = |p: Node<'_, '_>| ContentProtection {
            line: self.line(p),
            scheme: p
                .attribute("schemeIdUri")
                .unwrap_or_default()
                .to_ascii_lowercase(),
            value: p.attribute("value").map(str::to_owned),
            key_id: p.attribute((CENC, "default_KID")).map(str::to_owned),
        };
        children(node, "ContentProtection").map(read).collect()
    }

    fn representation(
        &mut self,
        node: Node<'_, '_>,
        above: &Inherited,
        mime: &str,
    ) -> Representation {
        let (Inherited { base, template }, addressing) = self.inherit(node, above);
        let number = |name: &str| template.attributes.get(name).and_then(|t| t.parse().ok());
        let mut out = Representation {
            element: self.element(node),
            addressing,
            protection: self.protection(node),
            channels: channels(node),
            tiles: tiles(node),
            timescale: number("timescale").filter(|t| *t > 0).unwrap_or(1),
            offset: number("presentationTimeOffset").unwrap_or(0),
            ..Representation::default()
        };
        match template.mode {
            "SegmentTemplate" => self.expand_template(&mut out, &template, &base),
            "SegmentList" => self.expand_list(&mut out, &template, &base),
            _ => self.single_file(&mut out, &template, &base, mime),
        }
        out
    }

    /// Resolves a reference; one that leads out of the package is noted in `out`.
    fn resolve(
        &mut self,
        out: &mut Representation,
        line: u32,
        base: &str,
        uri: &str,
    ) -> Option<String> {
        let path = resolve(self.path, &join(base, uri));
        if let Err(found) = &path {
            out.outside |= matches!(found, Unresolved::Outside(_));
            let expected = "a relative URI inside the output prefix";
            self.faults.add("DSH-19", line, expected, found);
        }
        path.ok()
    }

    fn expand_template(&mut self, out: &mut Representation, template: &Template, base: &str) {
        let id = out.element.get("id").unwrap_or_default().to_owned();
        let values = Values {
            id: &id,
            bandwidth: out.element.integer("bandwidth"),
            number: None,
            time: None,
        };
        if let Some(initialization) = template.attributes.get("initialization") {
            let line = template.line;
            let path = self.expand(out, (line, line), base, initialization, values);
            out.init = path.map(|path| Part { path, range: None });
        } else {
            out.init = self.explicit_init(out, template, base);
        }
        let Some(media) = template.attributes.get("media") else {
            let expected = "SegmentTemplate@media";
            return self.faults.add("DSH-10", template.line, expected, "none");
        };
        for entry in self.expansion(out, template) {
            let values = Values {
                number: Some(entry.number),
                time: Some(entry.time),
                ..values
            };
            let line = (template.line, entry.line);
            let Some(path) = self.expand(out, line, base, media, values) else {
                return;
            };
            if entry.is_open && !(self.exists)(&path) {
                break;
            }
            let Some(budget) = self.budget.checked_sub(1) else {
                let found = format!("more than {MAX_SEGMENTS} segments");
                return self.faults.add("DSH-12", entry.line, BOUNDED, found);
            };
            self.budget = budget;
            out.segments.push(MpdSegment {
                line: entry.line,
                path,
                range: None,
                time: Some(entry.time),
                duration: entry.duration,
                is_nominal: entry.is_nominal,
                is_optional: entry.is_optional,
            });
        }
    }

    /// Expands a template to the path of a segment. `lines` are those of the template and of the entry.
    fn expand(
        &mut self,
        out: &mut Representation,
        lines: (u32, u32),
        base: &str,
        text: &str,
        values: Values<'_>,
    ) -> Option<String> {
        match template::expand(text, values) {
            Ok(uri) => self.resolve(out, lines.1, base, &uri),
            Err(found) => {
                let expected =
                    "$RepresentationID$, $Bandwidth$ and, in media only, $Number$ or $Time$";
                self.faults.add("DSH-11", lines.0, expected, found);
                None
            }
        }
    }

    /// The times and numbers of the segments. An overlap in a timeline is a fault.
    fn expansion(&mut self, out: &Representation, template: &Template) -> Expansion {
        let number = |name: &str| template.attributes.get(name).and_then(|n| n.parse().ok());
        let length = self.end.map(|nanos| {
            let ticks = nanos.max(0).saturating_mul(i128::from(out.timescale));
            u64::try_from(ticks.saturating_add(NANOS / 2) / NANOS).unwrap_or(u64::MAX)
        });
        let expansion = Expansion::new(
            template.line,
            number("startNumber").unwrap_or(1),
            number("endNumber"),
            out.offset,
            length,
        );
        match (&template.timeline, number("duration")) {
            (Some(timeline), _) => match expansion.of_timeline(timeline) {
                Ok(expansion) => expansion,
                Err((line, found)) => {
                    let expected = "a SegmentTimeline without overlaps";
                    self.faults.add("DSH-12", line, expected, found);
                    expansion
                }
            },
            (None, Some(duration)) if duration > 0 => expansion.of_duration(duration),
            _ => expansion.of_one_segment(),
        }
    }

    fn expand_list(&mut self, out: &mut Representation, template: &Template, base: &str) {
        out.init = self.explicit_init(out, template, base);
        let timed = template.timeline.is_some() || template.attributes.contains_key("duration");
        let mut entries = timed.then(|| self.expansion(out, template));
        for url in &template.urls {
            let Some(budget) = self.budget.checked_sub(1) else {
                let found = format!("more than {MAX_SEGMENTS} segments");
                return self.faults.add("DSH-12", url.line, BOUNDED, found);
            };
            self.budget = budget;
            let range = url.get("mediaRange").and_then(byte_range);
            let media = url.get("media").unwrap_or_default();
            let Some(path) = self.resolve(out, url.line, base, media) else {
                continue;
            };
            let entry = entries.as_mut().and_then(Expansion::next_of_list);
            out.segments.push(MpdSegment {
                line: url.line,
                path,
                range,
                time: entry.as_ref().map(|e| e.time),
                duration: entry.as_ref().and_then(|e| e.duration),
                is_nominal: entry.is_some_and(|e| e.is_nominal),
                is_optional: false,
            });
        }
        if let (Some(timeline), Some(mut entries)) = (&template.timeline, entries)
            && !template.urls.is_empty()
            && let Some(entry) = entries.next().filter(|e| !e.is_open)
        {
            let expected = "a SegmentURL for every entry of the SegmentTimeline";
            let line = timeline.last().map_or(template.line, |s| s.line);
            let found = format!("none for the entry at {}", entry.time);
            self.faults.add("DSH-12", line, expected, found);
        }
    }

    fn single_file(
        &mut self,
        out: &mut Representation,
        template: &Template,
        base: &str,
        mime: &str,
    ) {
        let line = out.element.line;
        if base.is_empty() {
            let expected = "SegmentTemplate, SegmentList, SegmentBase or BaseURL";
            return self.faults.add("DSH-10", line, expected, "none");
        }
        let Some(path) = self.resolve(out, line, base, "") else {
            return;
        };
        let range = template.attributes.get("indexRange");
        let range = range.and_then(|r| byte_range(r));
        out.index = range.map(|range| Part {
            path: path.clone(),
            range: Some(range),
        });
        out.init = self.explicit_init(out, template, base);
        if out.init.is_none() && mime.ends_with("/mp4") {
            // Without Initialization, the head of the file initializes it.
            let range = range.filter(|(start, _)| *start > 0);
            let range = range.map(|(start, _)| (0, start));
            out.init = Some(Part {
                path: path.clone(),
                range,
            });
        }
        out.segments.push(MpdSegment {
            line,
            path,
            ..MpdSegment::default()
        });
    }

    fn explicit_init(
        &mut self,
        out: &mut Representation,
        template: &Template,
        base: &str,
    ) -> Option<Part> {
        let init = template.init.as_ref()?;
        let range = init.get("range").and_then(byte_range);
        let uri = init.get("sourceURL").unwrap_or_default();
        let path = self.resolve(out, init.line, base, uri)?;
        Some(Part { path, range })
    }
}

/// Offset and length of `first-last`.
fn byte_range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
    Some((first, last.checked_sub(first)?.checked_add(1)?))
}

/// Start and duration of each period in nanoseconds, as far as they are known (5.3.2.1).
fn spans(mpd: &Mpd, root: Node<'_, '_>) -> Vec<(Option<i128>, Option<i128>)> {
    let get = |p: &Node<'_, '_>, name: &str| {
        let value = p.attribute(name).map(str::trim).and_then(xs_duration);
        value.map(|d| d.nanos)
    };
    let is_static = mpd.root.get("type") != Some("dynamic");
    let periods: Vec<_> = children(root, "Period").collect();
    let mut starts: Vec<Option<i128>> = Vec::new();
    for (index, period) in periods.iter().enumerate() {
        let before = index.checked_sub(1).map(|i| (starts[i], &periods[i]));
        let implied = match before {
            None => is_static.then_some(0),
            Some((start, before)) => start.zip(get(before, "duration")).map(|(s, d)| s + d),
        };
        starts.push(get(period, "start").or(implied));
    }
    let ends = starts.iter().skip(1).copied().chain([mpd.duration()]);
    let spans = starts.iter().zip(ends).zip(&periods);
    let spans = spans.map(|((start, end), period)| {
        let until_end = end.zip(*start).map(|(end, start)| end - start);
        let declared = get(period, "duration");
        let known = [until_end.filter(|d| *d > 0), declared];
        (*start, known.into_iter().flatten().min())
    });
    spans.collect()
}

/// Columns and rows of the thumbnail descriptor, by either of its names (DASH-IF IOP, 6.2.6).
fn tiles(node: Node<'_, '_>) -> Option<Option<(u32, u32)>> {
    const SCHEMES: [&str; 2] = [
        "http://dashif.org/guidelines/thumbnail_tile",
        "http://dashif.org/thumbnail_tile",
    ];
    let properties = children(node, "EssentialProperty");
    let mut properties = properties.chain(children(node, "SupplementalProperty"));
    let property =
        properties.find(|p| SCHEMES.contains(&p.attribute("schemeIdUri").unwrap_or_default()))?;
    let value = property.attribute("value").unwrap_or_default();
    let (columns, rows) = value.split_once('x').unwrap_or_default();
    Some(columns.parse().ok().zip(rows.parse().ok()))
}

fn channels(node: Node<'_, '_>) -> Vec<ChannelConfiguration> {
    let found = children(node, "AudioChannelConfiguration");
    let read = found.map(|c| ChannelConfiguration {
        scheme: c.attribute("schemeIdUri").unwrap_or_default().to_owned(),
        value: c.attribute("value").unwrap_or_default().to_owned(),
    });
    read.collect()
}

/// Whether a set holds pictures for fast playback only (DASH-IF IOP, 3.2.9).
fn is_trick_mode(node: Node<'_, '_>) -> bool {
    let properties = children(node, "EssentialProperty");
    let mut properties = properties.chain(children(node, "SupplementalProperty"));
    properties.any(|p| {
        let scheme = p.attribute("schemeIdUri").unwrap_or_default();
        scheme.ends_with("dashif.org/guidelines/trickmode")
    })
}
