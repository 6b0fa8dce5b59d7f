//! Where everything came from, and what it costs.

use maud::{Markup, html};
use reelsmith_core::cost::Estimate;

use crate::Facts;
use crate::format::{moment, size};

pub fn section(facts: &Facts<'_>) -> Markup {
    let job = facts.job;
    let found = facts.inspection;
    let pin = &found.mezzanine;
    let verified = facts.verification.filter(|v| v.mezzanine == *pin);
    let sums = verified.map(|v| v.checksums.clone()).unwrap_or_default();
    let rows: Vec<(&str, String)> = vec![
        ("Job key", job.job_key.to_string()),
        ("Generation", facts.generation.0.to_string()),
        (
            "Manifest",
            format!("{} ({})", job.manifest.manifest_id, job.source.object),
        ),
        (
            "Manifest version",
            job.source.version_id.clone().unwrap_or_default(),
        ),
        (
            "Mezzanine",
            format!("{} ({})", pin.object, size(found.size.0)),
        ),
        (
            "Mezzanine version, ETag",
            format!("{} {}", pin.version_id.as_deref().unwrap_or("–"), pin.etag),
        ),
        ("MD5", sums.md5),
        ("xxHash64", sums.xxh64),
        ("SHA-256", sums.sha256),
        (
            "Profile",
            format!("{} {}", job.profile.name, job.profile.label),
        ),
        ("Profile hash", job.profile.hash(&job.encoder_build)),
        ("Encoder", job.encoder_build.clone()),
        ("This page", moment(facts.made)),
    ];
    html! {
        section.card id="provenance" {
            h2 { "Provenance" }
            dl.facts {
                @for (name, value) in rows {
                    @if !value.is_empty() { dt { (name) } dd { code { (value) } } }
                }
            }
            @if !job.warnings.is_empty() {
                h3 { "What the manifest's reader remarked" }
                ul { @for warning in &job.warnings { li { (warning.to_string()) } } }
            }
            @if !job.encoder_build.is_empty() {
                details {
                    summary { "Init segments" }
                    div.wide { table {
                        thead { tr { th { "Rendition" } th { "SHA-256 of its init segment" } } }
                        tbody { @for r in facts.renditions { tr { td { (r.output.rendition) } td { code { (r.output.init_sha256) } } } } }
                    } }
                }
            }
        }
    }
}

/// The bill by the cost model.
pub fn cost(facts: &Facts<'_>) -> Option<Markup> {
    let estimate = facts.estimate?;
    let measured: i64 = facts
        .chunks
        .iter()
        .map(|c| &c.run)
        .chain(facts.tracks.iter().map(|t| &t.run))
        .map(|run| run.ended.0 - run.started.0)
        .sum();
    Some(html! {
        section.card id="cost" {
            h2 { "Cost" }
            p.soft {
                "List prices of " (estimate.region) " as of " (estimate.as_of) ", by the cost model of this build: an estimate, not a bill. "
                "Its workers would run " (format!("{:.0} s", estimate.worker_seconds)) "; the workers of this job ran "
                (format!("{:.0} s", crate::format::seconds(measured))) " where they ran."
            }
            div.wide { table {
                thead { tr { th { "Item" } th.r { "Quantity" } th.r { "US dollars" } } }
                tbody {
                    @for line in &estimate.lines {
                        tr { td { (line.item.meaning()) } td.r.num { (quantity(line.quantity)) } td.r.num { (format!("{:.6}", line.cost.0)) } }
                    }
                    tr.total { td { "Together" } td.r { (format!("{:.2} minutes", estimate.minutes)) } td.r.num { (format!("{:.6}", estimate.total.0)) } }
                    tr { td { "For a minute of programme" } td {} td.r.num { (format!("{:.6}", estimate.total_minute.0)) } }
                    tr { td { "Storing the output for a month" } td.r { (size(estimate.bytes)) } td.r.num { (format!("{:.6}", estimate.storage_month.0)) } }
                }
            } }
            (rungs(estimate))
        }
    })
}

fn quantity(number: f64) -> String {
    if number >= 100.0 || number.fract() == 0.0 {
        format!("{number:.0}")
    } else {
        format!("{number:.4}")
    }
}

fn rungs(estimate: &Estimate) -> Markup {
    html! {
        details {
            summary { "By rung" }
            div.wide { table {
                thead { tr { th { "Rung" } th.r { "Lambda" } th.r { "MediaConvert" } th.r { "Storage, a month" } th.r { "An hour watched" } } }
                tbody {
                    @for rung in &estimate.rungs {
                        tr {
                            td { (rung.rendition) }
                            td.r.num { (rung.lambda.to_string()) } td.r.num { (rung.mediaconvert.to_string()) }
                            td.r.num { (rung.storage_month.to_string()) } td.r.num { (rung.viewer_hour.to_string()) }
                        }
                    }
                }
            } }
        }
    }
}
