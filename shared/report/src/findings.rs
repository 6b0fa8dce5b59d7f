//! The findings of the conformance rules.

use maud::{Markup, html};
use reelsmith_conformance::{Location, Severity, Violation};
use reelsmith_core::warning::Warning;

use crate::Facts;
use crate::format::size;

/// Most findings that are listed; `report.json` has all.
const LISTED: usize = 200;

pub(crate) fn section(facts: &Facts<'_>) -> Option<Markup> {
    let report = facts.conformance?;
    let coverage = &report.coverage;
    Some(html! {
        section.card id="conformance" {
            h2 { "Conformance" }
            p {
                (report.rules_checked) " rules checked over " (coverage.objects) " objects (" (size(coverage.bytes)) "): "
                (coverage.segments) " segments measured, checksums of " (coverage.compared) " of " (coverage.recorded) " compared with the workers' records."
            }
            @for (rule, reason) in report.not_judged() {
                p.soft { (rule) " was not judged: " (reason) "." }
            }
            @if !report.warnings.is_empty() {
                h3 { "Deviations from the delivery" }
                div.wide { table {
                    thead { tr { th { "Warning" } th.r { "Count" } th { "Where" } th { "Expected" } th { "Found" } th { "Treatment" } } }
                    tbody { @for warning in &report.warnings { (deviation(warning)) } }
                } }
                h3 { "Rules" }
            }
            @if report.violations.is_empty() {
                p { span.badge.good { "no findings" } }
            } @else {
                @if report.violations.len() > LISTED { p.soft { "The most severe " (LISTED) " of " (report.violations.len()) "; report.json has all." } }
                div.wide { table {
                    thead { tr { th { "Rule" } th { "Severity" } th { "Where" } th { "Expected" } th { "Found" } } }
                    tbody { @for violation in report.violations.iter().take(LISTED) { (row(violation)) } }
                } }
            }
        }
    })
}

fn deviation(warning: &Warning) -> Markup {
    let places: Vec<String> = warning.places.iter().map(ToString::to_string).collect();
    html! {
        tr {
            td { span.badge.warn { (warning.name) } }
            td.r.num { (warning.count) }
            td.long { code { (warning.source) } " " (places.join(", ")) }
            td.long { (warning.expected) }
            td.long { (warning.found) }
            td.long { (warning.treatment) }
        }
    }
}

fn row(violation: &Violation) -> Markup {
    let class = match violation.severity {
        Severity::Fail => "badge bad",
        Severity::Warn => "badge warn",
        Severity::Info => "badge",
    };
    let path = Some(violation.path.as_str()).filter(|p| !p.is_empty());
    let at = match violation.location {
        Some(Location::Line(line)) => format!(", line {line}"),
        Some(Location::Byte(byte)) => format!(", byte {byte}"),
        Some(Location::Segment(number)) => format!(", segment {number}"),
        None => String::new(),
    };
    html! {
        tr {
            td { code { (violation.rule) } }
            td { span class=(class) { (violation.severity) } }
            td.long { code { (path.unwrap_or("the output")) } (at) }
            td.long { (violation.expected) }
            td.long { (violation.found) }
        }
    }
}
