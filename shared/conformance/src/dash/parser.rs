//! From XML to an [`Mpd`].

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::template::{self, MAX_SEGMENTS, Values};
use super::{
    AdaptationSet, Addressing, ContentProtection, Element, Mpd, MpdSegment, Period, Reference,
    Representation, schema,
};
use crate::fault::Faults;
use crate::path::{Part, resolve};

/// Namespace of the MPD in all editions.
const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";
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
    /// End of the presentation in nanoseconds.
    end: Option<i128>,
}

pub(super) fn parse(path: &str, bytes: &[u8]) -> Mpd {
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
        self.end = mpd.duration();
        let inherited = Inherited {
            base: self.base_url(root, ""),
            ..Inherited::default()
        };
        let periods = children(root, "Period");
        mpd.periods = periods.map(|p| self.period(p, &inherited)).collect();
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

    /// The first `BaseURL` of this level, appended to that of the level above.
    fn base_url(&mut self, node: Node<'_, '_>, above: &str) -> String {
        let mut base = above.to_owned();
        for (index, url) in children(node, "BaseURL").enumerate() {
            let text = url.text().unwrap_or_default().trim();
            if index == 0 {
                base.push_str(text);
            }
            self.reference(url, "BaseURL", text);
        }
        base
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
        }
    }

    fn set(&mut self, node: Node<'_, '_>, above: &Inherited) -> AdaptationSet {
        let (inherited, addressing) = self.inherit(node, above);
        let (channels, tiles) = (channels(node), tiles(node));
        let representations = children(node, "Representation").map(|r| {
            let own = self.representation(r, &inherited);
            Representation {
                channels: own.channels.clone().or_else(|| channels.clone()),
                tiles: own.tiles.or(tiles),
                ..own
            }
        });
        let representations = representations.collect();
        let roles = children(node, "Role").filter_map(|r| r.attribute("value"));
        AdaptationSet {
            element: self.element(node),
            roles: roles.map(str::to_owned).collect(),
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

    fn representation(&mut self, node: Node<'_, '_>, above: &Inherited) -> Representation {
        let (Inherited { base, template }, addressing) = self.inherit(node, above);
        let timescale = template.attributes.get("timescale");
        let timescale = timescale.and_then(|t| t.parse().ok());
        let mut out = Representation {
            element: self.element(node),
            addressing,
            protection: self.protection(node),
            channels: channels(node),
            tiles: tiles(node),
            timescale: timescale.filter(|t| *t > 0).unwrap_or(1),
            ..Representation::default()
        };
        match template.mode {
            "SegmentTemplate" => self.expand_template(&mut out, &template, &base),
            "SegmentList" => self.expand_list(&mut out, &template, &base),
            _ => self.single_file(&mut out, &template, &base),
        }
        out
    }

    fn resolve(&mut self, line: u32, base: &str, uri: &str) -> Option<String> {
        let path = resolve(self.path, &format!("{base}{uri}"));
        if let Err(found) = &path {
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
            let path = self.expand(template.line, template.line, base, initialization, values);
            out.init = path.map(|path| Part { path, range: None });
        }
        let Some(media) = template.attributes.get("media") else {
            let expected = "SegmentTemplate@media";
            return self.faults.add("DSH-10", template.line, expected, "none");
        };
        let first = template.attributes.get("startNumber");
        let first: u32 = first.and_then(|n| n.parse().ok()).unwrap_or(1);
        let entries = self.entries(out.timescale, template);
        for (number, entry) in (u64::from(first)..).zip(entries) {
            let values = Values {
                number: Some(number),
                time: Some(entry.time),
                ..values
            };
            let Some(path) = self.expand(template.line, entry.line, base, media, values) else {
                return;
            };
            out.segments.push(MpdSegment {
                line: entry.line,
                path,
                time: Some(entry.time),
                duration: Some(entry.duration),
            });
        }
    }

    /// Expands a template at `line` to the path of a segment that `entry` declares.
    fn expand(
        &mut self,
        line: u32,
        entry: u32,
        base: &str,
        text: &str,
        values: Values<'_>,
    ) -> Option<String> {
        match template::expand(text, values) {
            Ok(uri) => self.resolve(entry, base, &uri),
            Err(found) => {
                let expected =
                    "$RepresentationID$, $Bandwidth$ and, in media only, $Number$ or $Time$";
                self.faults.add("DSH-11", line, expected, found);
                None
            }
        }
    }

    /// The entries of the timeline, or those of equal duration that fill the presentation.
    fn entries(&mut self, timescale: u64, template: &Template) -> Vec<template::Entry> {
        let end = self.end.map(|nanos| {
            let ticks = nanos.saturating_mul(i128::from(timescale));
            u64::try_from(ticks.saturating_add(999_999_999) / 1_000_000_000).unwrap_or(u64::MAX)
        });
        let equal = || {
            let duration = template.attributes.get("duration").cloned();
            let attributes = [("d", duration.unwrap_or_default()), ("r", "-1".to_owned())];
            vec![Element {
                line: template.line,
                attributes: attributes.map(|(k, v)| (k.to_owned(), v)).into(),
            }]
        };
        let elements = template.timeline.clone().unwrap_or_else(equal);
        match template::timeline(&elements, end, &mut self.budget) {
            Ok(entries) => entries,
            Err((line, found)) => {
                let expected = "a continuous SegmentTimeline";
                self.faults.add("DSH-12", line, expected, found);
                Vec::new()
            }
        }
    }

    fn expand_list(&mut self, out: &mut Representation, template: &Template, base: &str) {
        out.init = self.explicit_init(template, base);
        for url in &template.urls {
            let media = url.get("media").unwrap_or_default();
            let path = self.resolve(url.line, base, media);
            out.segments
                .extend(path.map(|path| untimed(url.line, path)));
        }
    }

    fn single_file(&mut self, out: &mut Representation, template: &Template, base: &str) {
        let line = out.element.line;
        if base.is_empty() {
            let expected = "SegmentTemplate, SegmentList, SegmentBase or BaseURL";
            return self.faults.add("DSH-10", line, expected, "none");
        }
        out.init = self.explicit_init(template, base);
        let path = self.resolve(line, base, "");
        out.segments.extend(path.map(|path| untimed(line, path)));
    }

    fn explicit_init(&mut self, template: &Template, base: &str) -> Option<Part> {
        let init = template.init.as_ref()?;
        let range = init.get("range").and_then(|r| r.split_once('-'));
        let range = range.and_then(|(first, last)| {
            let (first, last) = (first.parse::<u64>().ok()?, last.parse::<u64>().ok()?);
            Some((first, last.checked_sub(first)?.checked_add(1)?))
        });
        let uri = init.get("sourceURL").unwrap_or_default();
        let path = self.resolve(init.line, base, uri)?;
        Some(Part { path, range })
    }
}

fn untimed(line: u32, path: String) -> MpdSegment {
    MpdSegment {
        line,
        path,
        time: None,
        duration: None,
    }
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

fn channels(node: Node<'_, '_>) -> Option<String> {
    let found = children(node, "AudioChannelConfiguration").next()?;
    found.attribute("value").map(str::to_owned)
}
