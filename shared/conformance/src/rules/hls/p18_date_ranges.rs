use std::collections::BTreeMap;

use crate::hls::{Attributes, date_time_nanos, decimal_nanos};
use crate::rule::prelude::*;

pub(super) const RULE: Rule = Rule {
    id: "HLS-P18",
    basis: &[must(Rfc, "RFC 8216 4.3.2.7")],
    parts: &[],
    title: "EXT-X-DATERANGE is complete and consistent",
    doc: "ID is present, and START-DATE in the first tag of an ID. END-DATE is not before START-DATE and equals \
          START-DATE plus DURATION. END-ON-NEXT=YES needs CLASS, and neither DURATION nor END-DATE. Tags with the same \
          ID agree, and the playlist has an EXT-X-PROGRAM-DATE-TIME.",
    check,
};

fn check(view: &View<'_>, out: &mut Findings) {
    for rendition in &view.renditions {
        let playlist = rendition.playlist;
        let mut known = Known::new();
        for tag in out.each(&playlist.date_ranges) {
            for (expected, found) in wrong(&tag.value, &known) {
                out.line(&rendition.path, tag.line, expected, found);
            }
            if let Some(id) = tag.value.get("ID") {
                let values = known.entry(id).or_default();
                for attribute in &tag.value.0 {
                    values.entry(&attribute.name).or_insert(&attribute.value);
                }
            }
        }
        let dated = playlist.segments.iter().any(|s| s.date_time.is_some());
        if let Some(first) = playlist.date_ranges.first().filter(|_| !dated) {
            let expected = "EXT-X-PROGRAM-DATE-TIME in a playlist with EXT-X-DATERANGE";
            out.line(&rendition.path, first.line, expected, "none");
        }
    }
}

type Known<'a> = BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>;

/// What is wrong with a tag; `known` are the attributes of earlier tags by `ID`.
fn wrong(tag: &Attributes, known: &Known<'_>) -> Vec<(String, String)> {
    let mut wrong = Vec::new();
    let Some(id) = tag.get("ID") else {
        return vec![("ID in EXT-X-DATERANGE".to_owned(), "none".to_owned())];
    };
    let earlier = known.get(id);
    let get = |name: &str| tag.get(name).or_else(|| earlier?.get(name).copied());
    for attribute in &tag.0 {
        let before = earlier.and_then(|e| e.get(attribute.name.as_str()));
        if let Some(before) = before.filter(|b| **b != attribute.value) {
            let expected = format!(
                "{} {before} as in the earlier tag of {id:?}",
                attribute.name
            );
            wrong.push((expected, attribute.value.clone()));
        }
    }
    let date = |name: &str| get(name).map(|text| (text, date_time_nanos(text)));
    let start = date("START-DATE");
    if start.is_none() {
        wrong.push((format!("START-DATE of {id:?}"), "none".to_owned()));
    }
    for (name, value) in [("START-DATE", start), ("END-DATE", date("END-DATE"))] {
        if let Some((text, None)) = value {
            wrong.push((format!("{name} as a date and time"), text.to_owned()));
        }
    }
    let end = date("END-DATE").and_then(|(text, end)| Some((text, end?)));
    let start = start.and_then(|(_, start)| start);
    let duration = get("DURATION").and_then(decimal_nanos);
    if let Some(text) = get("DURATION").filter(|_| duration.is_none()) {
        wrong.push((
            "a DURATION that is not negative".to_owned(),
            text.to_owned(),
        ));
    }
    if let (Some(start), Some((text, end))) = (start, end) {
        let early = end < start;
        let differs = duration.is_some_and(|d| (start + d - end).abs() > NANOS / 100);
        if early || differs {
            let expected = match early {
                true => "an END-DATE after START-DATE",
                false => "an END-DATE of START-DATE plus DURATION",
            };
            wrong.push((expected.to_owned(), text.to_owned()));
        }
    }
    if let Some(next) = get("END-ON-NEXT") {
        if next != "YES" || get("CLASS").is_none() {
            let expected = "END-ON-NEXT=YES with CLASS".to_owned();
            wrong.push((expected, next.to_owned()));
        } else if duration.is_some() || end.is_some() {
            let expected = "neither DURATION nor END-DATE with END-ON-NEXT".to_owned();
            wrong.push((expected, "one of them".to_owned()));
        }
    }
    wrong
}
