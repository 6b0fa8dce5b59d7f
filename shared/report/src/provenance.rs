//! Where everything came from, and its cost.

use maud::{Markup, html};
use reelsmith_core::cost::Estimate;

use crate::Facts;
use crate::format::{moment, size};

pub(crate) fn section(facts: &Facts<'_>) -> Markup {
    let job = facts.job;
    let found = facts.inspection;
    let pin = &found.mezzanine;
    let verified = facts.verification.filter(|v| v.mezzanine == *pin);
    let sums = verified.map(|v| v.checksums.clone()).unwrap_or_default();
    let version = job.source.version_id.as_deref().unwrap_or_default();
    let pinned = format!("{} {}", pin.version_id.as_deref().unwrap_or("–"), pin.etag);
    let manifest = format!("{} ({})", job.manifest.manifest_id, job.source.object);
    html! {
        section.card id="provenance" {
            h2 { "Provenance" }
            dl.facts {
                (fact("Job key", &job.job_key.to_string()))
                (fact("Generation", &facts.generation.0.to_string()))
                (fact("Manifest", &manifest))
                (fact("Manifest version", version))
                (fact("Mezzanine", &format!("{} ({})", pin.object, size(found.size.0))))
                (fact("Mezzanine version, ETag", &pinned))
                (fact("MD5", &sums.md5))
                (fact("xxHash64", &sums.xxh64))
                (fact("SHA-256", &sums.sha256))
                (fact("Profile", &format!("{} {}", job.profile.name, job.profile.label)))
                (fact("Profile hash", &job.profile.hash(&job.encoder_build)))
                (fact("Encoder", &job.encoder_build))
                (fact("This page", &moment(facts.made)))
            }
            @if !job.warnings.is_empty() {
                h3 { "Warnings of the manifest" }
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

fn fact(name: &str, value: &str) -> Markup {
    html! { @if !value.is_empty() { dt { (name) } dd { code { (value) } } } }
}

pub(crate) fn cost(facts: &Facts<'_>) -> Option<Markup> {
    let estimate = facts.estimate?;
    let tracks = facts.tracks.iter().map(|t| &t.run);
    let runs = facts.chunks.iter().map(|c| &c.run).chain(tracks);
    let measured: i64 = runs.map(|run| run.ended.0 - run.started.0).sum();
    Some(html! {
        section.card id="cost" {
            h2 { "Cost" }
            p.soft {
                "List prices of " (estimate.region) " as of " (estimate.as_of) ", by the cost model of this build: an estimate, not a bill. "
                "It expects " (format!("{:.0} s", estimate.worker_seconds)) " of worker time; the workers of this job took "
                (format!("{:.0} s", crate::format::seconds(measured))) "."
            }
            div.wide { table {
                thead { tr { th { "Item" } th.r { "Quantity" } th.r { "US dollars" } } }
                tbody {
                    @for line in &estimate.lines {
                        tr { td { (line.item.meaning()) } td.r.num { (quantity(line.quantity)) } td.r.num { (format!("{:.6}", line.cost.0)) } }
                    }
                    tr.total { td { "Total" } td.r { (format!("{:.2} minutes", estimate.minutes)) } td.r.num { (format!("{:.6}", estimate.total.0)) } }
                    tr { td { "Per minute of programme" } td {} td.r.num { (format!("{:.6}", estimate.total_minute.0)) } }
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
                thead { tr { th { "Rung" } th.r { "Lambda" } th.r { "MediaConvert" } th.r { "Storage per month" } th.r { "Per hour watched" } } }
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
