//! What the conformance rules found.

use maud::{Markup, html};
use reelsmith_conformance::{Location, Report, Severity, Violation};

use crate::Facts;
use crate::format::size;

/// Findings that are listed; `report.json` has all of them.
const LISTED: usize = 200;

pub fn section(facts: &Facts<'_>) -> Option<Markup> {
    facts.conformance.map(of)
}

fn of(report: &Report) -> Markup {
    let coverage = &report.coverage;
    html! {
        section.card id="conformance" {
            h2 { "Conformance" }
            p {
                (report.rules_checked) " rules checked over " (coverage.objects) " objects (" (size(coverage.bytes)) "): "
                (coverage.segments) " segments opened and measured, checksums of " (coverage.compared) " of " (coverage.recorded) " compared with the workers' records."
            }
            @if !report.not_judged.is_empty() {
                p.soft { "Not judged, because nothing was supplied to judge by: " (report.not_judged.join(", ")) "." }
            }
            @if report.violations.is_empty() {
                p { span.badge.good { "no findings" } }
            } @else {
                @if report.violations.len() > LISTED { p.soft { "The gravest " (LISTED) " of " (report.violations.len()) "; report.json has all." } }
                div.wide { table {
                    thead { tr { th { "Rule" } th { "Severity" } th { "Where" } th { "Expected" } th { "Found" } } }
                    tbody { @for violation in report.violations.iter().take(LISTED) { (row(violation)) } }
                } }
            }
        }
    }
}

fn row(violation: &Violation) -> Markup {
    let class = match violation.severity {
        Severity::Fail => "badge bad",
        Severity::Warn => "badge warn",
        Severity::Info => "badge",
    };
    let path = if violation.path.is_empty() {
        "the output"
    } else {
        &violation.path
    };
    let at = match violation.location {
        Some(Location::Line(line)) => format!(", line {line}"),
        Some(Location::Byte(byte)) => format!(", byte {byte}"),
        Some(Location::Segment(number)) => format!(", segment {number}"),
        None => String::new(),
    };
    html! {
        tr {
            td { code { (violation.rule) } }
            td { span class=(class) { (violation.severity.as_str()) } }
            td.long { code { (path) } (at) }
            td.long { (violation.expected) }
            td.long { (violation.found) }
        }
    }
}
