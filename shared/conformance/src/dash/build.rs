//! From XML to an [`Mpd`].

use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::template::{self, MAX_SEGMENTS, Values};
use super::{
    AdaptationSet, ContentProtection, Element, Mpd, MpdSegment, Period, Reference, Representation,
    schema,
};
use crate::fault::Faults;
use crate::path::resolve;

/// Namespace of the MPD, for all editions.
pub(super) const NAMESPACE: &str = "urn:mpeg:dash:schema:mpd:2011";
const XLINK: &str = "http://www.w3.org/1999/xlink";
/// Namespace of `default_KID` (ISO/IEC 23001-7, 11.2).
const CENC: &str = "urn:mpeg:cenc:2013";

struct Builder<'a> {
    path: &'a str,
    /// Offsets of line starts.
    lines: Vec<usize>,
    faults: Faults,
    references: Vec<Reference>,
    budget: usize,
    /// End of the presentation in nanoseconds.
    end: Option<i128>,
}

pub(super) fn build(path: &str, bytes: &[u8]) -> Mpd {
    let mut mpd = Mpd::default();
    let mut faults = Faults::default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => {
            faults.add(
                "DSH-01",
                1,
                "UTF-8",
                format!("other bytes at {}", e.valid_up_to()),
            );
            mpd.faults = faults.0;
            return mpd;
        }
    };
    let doc = match Document::parse(text) {
        Ok(doc) => doc,
        Err(e) => {
            faults.add(
                "DSH-01",
                e.pos().row,
                "well-formed XML without a DTD",
                e.to_string(),
            );
            mpd.faults = faults.0;
            return mpd;
        }
    };
    let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n');
    let mut b = Builder {
        path,
        lines: std::iter::once(0)
            .chain(starts.map(|(i, _)| i + 1))
            .collect(),
        faults,
        references: Vec::new(),
        budget: MAX_SEGMENTS,
        end: None,
    };
    mpd.readable = true;
    b.read(&mut mpd, doc.root_element());
    mpd.references = b.references;
    mpd.faults = b.faults.0;
    mpd
}

fn children<'a, 'b: 'a>(
    node: Node<'a, 'b>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'b>> {
    node.children()
        .filter(move |n| n.is_element() && n.tag_name().name() == name)
}

/// What is inherited downwards: base URLs and the addressing of the levels above.
#[derive(Clone, Default)]
struct Inherited {
    base: String,
    template: Merged,
}

/// Addressing, the lower level's attributes over the higher's.
#[derive(Clone, Default)]
struct Merged {
    kind: Option<String>,
    line: u32,
    attributes: BTreeMap<String, String>,
    timeline: Option<Vec<Element>>,
    urls: Vec<Element>,
    init: Option<Element>,
}

impl Builder<'_> {
    fn line(&self, node: Node<'_, '_>) -> u32 {
        let at = node.range().start;
        u32::try_from(self.lines.partition_point(|start| *start <= at)).unwrap_or(u32::MAX)
    }

    fn element(&self, node: Node<'_, '_>) -> Element {
        let own = node.attributes().filter(|a| a.namespace().is_none());
        Element {
            line: self.line(node),
            attributes: own
                .map(|a| (a.name().to_owned(), a.value().to_owned()))
                .collect(),
        }
    }

    fn read(&mut self, mpd: &mut Mpd, root: Node<'_, '_>) {
        let line = self.line(root);
        let (name, namespace) = (root.tag_name().name(), root.tag_name().namespace());
        if name != "MPD" || namespace != Some(NAMESPACE) {
            let found = format!("{name} in {}", namespace.unwrap_or("no namespace"));
            self.faults.add(
                "DSH-01",
                line,
                format!("the root element MPD in {NAMESPACE}"),
                found,
            );
        }
        self.check_tree(root);
        mpd.root = self.element(root);
        self.end = mpd.duration();
        let inherited = Inherited {
            base: self.base_url(root, ""),
            ..Inherited::default()
        };
        for node in children(root, "Period") {
            let period = self.period(node, &inherited);
            mpd.periods.push(period);
        }
        if mpd.periods.is_empty() {
            self.faults
                .add("DSH-01", line, "at least one Period", "none");
        }
    }

    fn check_tree(&mut self, root: Node<'_, '_>) {
        let known =
            |n: &Node<'_, '_>| n.is_element() && n.tag_name().namespace() == Some(NAMESPACE);
        for node in root.descendants().filter(known) {
            for child in node.children().filter(known) {
                let (parent, name) = (node.tag_name().name(), child.tag_name().name());
                if !schema::allows(parent, name) {
                    let line = self.line(child);
                    self.faults.add(
                        "DSH-01",
                        line,
                        format!("an element that {parent} may have"),
                        name,
                    );
                }
            }
            if let Some(href) = node.attribute((XLINK, "href")) {
                let (line, text) = (self.line(node), href.to_owned());
                let name = "xlink:href".to_owned();
                self.references.push(Reference { line, name, text });
            }
        }
    }

    /// The first `BaseURL` of this level resolved against the level above.
    fn base_url(&mut self, node: Node<'_, '_>, above: &str) -> String {
        let mut base = above.to_owned();
        for (index, url) in children(node, "BaseURL").enumerate() {
            let text = url.text().unwrap_or_default().trim().to_owned();
            let (line, name) = (self.line(url), "BaseURL".to_owned());
            if index == 0 {
                base.push_str(&text);
            }
            self.references.push(Reference { line, name, text });
        }
        base
    }

    fn merge(&mut self, node: Node<'_, '_>, above: &Merged) -> (Merged, Vec<Element>) {
        let mut merged = above.clone();
        let mut own = Vec::new();
        for kind in ["SegmentBase", "SegmentList", "SegmentTemplate"] {
            for found in children(node, kind) {
                let element = self.element(found);
                merged.kind = Some(kind.to_owned());
                merged.line = element.line;
                merged.attributes.extend(element.attributes.clone());
                if let Some(timeline) = children(found, "SegmentTimeline").next() {
                    merged.timeline =
                        Some(children(timeline, "S").map(|s| self.element(s)).collect());
                }
                if kind == "SegmentList" {
                    merged.urls = children(found, "SegmentURL")
                        .map(|u| self.element(u))
                        .collect();
                }
                let init = children(found, "Initialization").next();
                merged.init = init.map(|i| self.element(i)).or(merged.init);
                own.push(self.addressing_element(kind, element, &merged));
            }
        }
        (merged, own)
    }

    /// The element with its kind and whether it has a timeline, as the rules ask for them.
    fn addressing_element(&self, kind: &str, mut element: Element, merged: &Merged) -> Element {
        element
            .attributes
            .insert("#kind".to_owned(), kind.to_owned());
        if merged.timeline.is_some() {
            element
                .attributes
                .insert("#timeline".to_owned(), "true".to_owned());
        }
        element
    }

    fn period(&mut self, node: Node<'_, '_>, above: &Inherited) -> Period {
        let inherited = Inherited {
            base: self.base_url(node, &above.base),
            template: self.merge(node, &above.template).0,
        };
        let sets = children(node, "AdaptationSet").map(|set| self.set(set, &inherited));
        let sets = sets.collect();
        Period {
            element: self.element(node),
            sets,
        }
    }

    fn set(&mut self, node: Node<'_, '_>, above: &Inherited) -> AdaptationSet {
        let (template, addressing) = self.merge(node, &above.template);
        let inherited = Inherited {
            base: self.base_url(node, &above.base),
            template,
        };
        let channels = channels(node);
        let tiles = tiles(node);
        let representations = children(node, "Representation")
            .map(|r| Representation {
                tiles: self::tiles(r).or(tiles),
                ..self.representation(r, &inherited, channels.as_deref())
            })
            .collect();
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

    fn representation(
        &mut self,
        node: Node<'_, '_>,
        above: &Inherited,
        inherited_channels: Option<&str>,
    ) -> Representation {
        let (merged, addressing) = self.merge(node, &above.template);
        let base = self.base_url(node, &above.base);
        let number = |name: &str| merged.attributes.get(name).and_then(|v| v.parse().ok());
        let mut out = Representation {
            element: self.element(node),
            addressing,
            protection: self.protection(node),
            channels: channels(node).or_else(|| inherited_channels.map(str::to_owned)),
            timescale: number("timescale").filter(|t| *t > 0).unwrap_or(1),
            time_offset: number("presentationTimeOffset").unwrap_or(0),
            ..Representation::default()
        };
        match merged.kind.as_deref() {
            Some("SegmentTemplate") => self.expand_template(&mut out, &merged, &base),
            Some("SegmentList") => self.expand_list(&mut out, &merged, &base),
            _ => self.single_file(&mut out, &merged, &base),
        }
        out
    }

    fn resolve(&mut self, line: u32, base: &str, uri: &str) -> Option<String> {
        match resolve(self.path, &format!("{base}{uri}")) {
            Ok(path) => Some(path),
            Err(found) => {
                self.faults.add(
                    "DSH-19",
                    line,
                    "a relative URI inside the output prefix",
                    found,
                );
                None
            }
        }
    }

    fn expand_template(&mut self, out: &mut Representation, merged: &Merged, base: &str) {
        let id = out.element.get("id").unwrap_or_default().to_owned();
        let values = Values {
            id: &id,
            bandwidth: out.element.integer("bandwidth"),
            number: None,
            time: None,
        };
        if let Some(template) = merged.attributes.get("initialization") {
            match template::expand(template, values) {
                Ok(uri) => {
                    out.init = self
                        .resolve(merged.line, base, &uri)
                        .map(|path| (path, None));
                }
                Err(found) => self.bad_template(merged.line, &found),
            }
        }
        let Some(media) = merged.attributes.get("media").cloned() else {
            self.faults
                .add("DSH-10", merged.line, "SegmentTemplate@media", "none");
            return;
        };
        let first = merged.attributes.get("startNumber");
        let first: u32 = first.and_then(|n| n.parse().ok()).unwrap_or(1);
        for (number, entry) in (u64::from(first)..).zip(self.entries(out.timescale, merged)) {
            let values = Values {
                number: Some(number),
                time: Some(entry.time),
                ..values
            };
            let uri = match template::expand(&media, values) {
                Ok(uri) => uri,
                Err(found) => return self.bad_template(merged.line, &found),
            };
            let Some(path) = self.resolve(entry.line, base, &uri) else {
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

    fn bad_template(&mut self, line: u32, found: &str) {
        self.faults.add(
            "DSH-11",
            line,
            "$RepresentationID$, $Bandwidth$ and, in media only, $Number$ or $Time$",
            found,
        );
    }

    /// The timeline, or the segments of equal duration that fill the presentation.
    fn entries(&mut self, timescale: u64, merged: &Merged) -> Vec<template::Entry> {
        let end = self.end.map(|nanos| {
            let ticks = nanos.saturating_mul(i128::from(timescale));
            u64::try_from(ticks.saturating_add(999_999_999) / 1_000_000_000).unwrap_or(u64::MAX)
        });
        let own;
        let elements = match &merged.timeline {
            Some(elements) => elements,
            None => {
                let duration = merged
                    .attributes
                    .get("duration")
                    .cloned()
                    .unwrap_or_default();
                let attributes = [
                    ("d".to_owned(), duration),
                    ("r".to_owned(), "-1".to_owned()),
                ];
                own = [Element {
                    line: merged.line,
                    attributes: attributes.into_iter().collect(),
                }];
                &own[..]
            }
        };
        match template::timeline(elements, end, &mut self.budget) {
            Ok(entries) => entries,
            Err((line, found)) => {
                self.faults
                    .add("DSH-12", line, "a continuous SegmentTimeline", found);
                Vec::new()
            }
        }
    }

    fn expand_list(&mut self, out: &mut Representation, merged: &Merged, base: &str) {
        self.explicit_init(out, merged, base);
        for url in &merged.urls {
            let media = url.get("media").unwrap_or_default();
            if let Some(path) = self.resolve(url.line, base, media) {
                out.segments.push(MpdSegment {
                    line: url.line,
                    path,
                    time: None,
                    duration: None,
                });
            }
        }
    }

    fn single_file(&mut self, out: &mut Representation, merged: &Merged, base: &str) {
        let line = out.element.line;
        if base.is_empty() {
            self.faults.add(
                "DSH-10",
                line,
                "SegmentTemplate, SegmentList, SegmentBase or BaseURL",
                "none",
            );
            return;
        }
        self.explicit_init(out, merged, base);
        if let Some(path) = self.resolve(line, base, "") {
            out.single_file = true;
            out.segments.push(MpdSegment {
                line,
                path,
                time: None,
                duration: None,
            });
        }
    }

    fn explicit_init(&mut self, out: &mut Representation, merged: &Merged, base: &str) {
        let Some(init) = &merged.init else {
            return;
        };
        let range = init.get("range").and_then(|r| r.split_once('-'));
        let range = range.and_then(|(a, b)| {
            let (a, b) = (a.parse::<u64>().ok()?, b.parse::<u64>().ok()?);
            Some((a, b.checked_sub(a)?.checked_add(1)?))
        });
        let uri = init.get("sourceURL").unwrap_or_default();
        let path = self.resolve(init.line, base, uri);
        out.init = path.map(|path| (path, range));
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
    let ours = |p: &Node<'_, '_>| SCHEMES.contains(&p.attribute("schemeIdUri").unwrap_or_default());
    let value = properties
        .find(ours)?
        .attribute("value")
        .unwrap_or_default();
    let (columns, rows) = value.split_once('x').unwrap_or_default();
    Some(columns.parse().ok().zip(rows.parse().ok()))
}

fn channels(node: Node<'_, '_>) -> Option<String> {
    let found = children(node, "AudioChannelConfiguration").next()?;
    found.attribute("value").map(str::to_owned)
}
