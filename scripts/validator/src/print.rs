//! The report as text, JSON and JUnit.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use reelsmith_conformance::{Outcome, Report, Rule, Severity, Violation, registry};

/// The summary, and how to get more details.
pub(crate) fn text(report: &Report) -> String {
    let mut text = report.summary();
    if let Some(first) = report.violations.first() {
        text += &format!(
            "\nSee `reelsmith rules {0}` or `reelsmith-validate --explain {0}` for the reason and the clauses of a rule.\n",
            first.rule
        );
    }
    text
}

pub(crate) fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}

/// A test suite with a test case for every rule. A broken rule is a failure, a warning is output of a passed test, and a
/// rule that was not judged is skipped.
pub(crate) fn junit(report: &Report, target: &str) -> String {
    let rules: Vec<_> = registry()
        .filter(|r| outcome(report, r).is_some())
        .collect();
    let failures = rules
        .iter()
        .filter(|r| !of(report, r, Severity::Fail).is_empty())
        .count();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    // Writing to memory does not fail.
    let _ = suite(&mut writer, report, target, &rules, failures);
    String::from_utf8(writer.into_inner()).unwrap_or_default() + "\n"
}

fn of<'a>(report: &'a Report, rule: &Rule, severity: Severity) -> Vec<&'a Violation> {
    let violations = report.violations.iter();
    violations
        .filter(|v| v.rule == rule.id && v.severity == severity)
        .collect()
}

type Written = std::io::Result<()>;

fn suite(
    out: &mut Writer<Vec<u8>>,
    report: &Report,
    target: &str,
    rules: &[&Rule],
    failures: usize,
) -> Written {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let skipped = rules
        .iter()
        .filter(|r| skipped(report, r).is_some())
        .count();
    let mut tag = BytesStart::new("testsuite");
    let (tests, failures, skipped) = (
        rules.len().to_string(),
        failures.to_string(),
        skipped.to_string(),
    );
    let counts = [
        ("tests", &*tests),
        ("failures", &*failures),
        ("skipped", &*skipped),
    ];
    tag.extend_attributes(
        [("name", target)]
            .into_iter()
            .chain(counts)
            .chain([("errors", "0")]),
    );
    out.write_event(Event::Start(tag))?;
    for rule in rules {
        case(out, report, rule)?;
    }
    out.write_event(Event::End(BytesEnd::new("testsuite")))
}

fn outcome<'a>(report: &'a Report, rule: &Rule) -> Option<&'a Outcome> {
    let mut rules = report.rules.iter();
    Some(&rules.find(|r| r.rule == rule.id)?.outcome)
}

/// Why a rule was skipped.
fn skipped<'a>(report: &'a Report, rule: &Rule) -> Option<&'a str> {
    match outcome(report, rule)? {
        Outcome::NotJudged { reason } => Some(reason),
        Outcome::NotApplicable => Some("not applicable"),
        Outcome::Passed | Outcome::Failed { .. } => None,
    }
}

fn case(out: &mut Writer<Vec<u8>>, report: &Report, rule: &Rule) -> Written {
    let name = format!("{} {}", rule.id, rule.title);
    let mut tag = BytesStart::new("testcase");
    tag.extend_attributes([
        ("classname", rule.id.split('-').next().unwrap_or_default()),
        ("name", &name),
    ]);
    let failed = of(report, rule, Severity::Fail);
    let mut noted = of(report, rule, Severity::Warn);
    noted.extend(of(report, rule, Severity::Info));
    let skipped = skipped(report, rule);
    if failed.is_empty() && noted.is_empty() && skipped.is_none() {
        return out.write_event(Event::Empty(tag));
    }
    out.write_event(Event::Start(tag))?;
    if let Some(reason) = skipped {
        let mut tag = BytesStart::new("skipped");
        tag.push_attribute(("message", reason));
        out.write_event(Event::Empty(tag))?;
    }
    if !failed.is_empty() {
        let mut tag = BytesStart::new("failure");
        tag.push_attribute(("message", rule.title));
        lines(out, tag, &failed)?;
    }
    if !noted.is_empty() {
        lines(out, BytesStart::new("system-out"), &noted)?;
    }
    out.write_event(Event::End(BytesEnd::new("testcase")))
}

fn lines(out: &mut Writer<Vec<u8>>, tag: BytesStart<'_>, violations: &[&Violation]) -> Written {
    let text: Vec<String> = violations.iter().map(ToString::to_string).collect();
    // XML does not allow the control characters that a document may contain.
    let text = text
        .join("\n")
        .replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    let end = tag.to_end().into_owned();
    out.write_event(Event::Start(tag.borrow()))?;
    out.write_event(Event::Text(BytesText::new(&text)))?;
    out.write_event(Event::End(end))
}
