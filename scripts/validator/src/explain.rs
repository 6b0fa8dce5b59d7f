//! The rules as text: a list, and one with its clauses.

use reelsmith_conformance::{Clause, Rule, registry, rule};

use crate::error::Error;

/// One rule with its reason and clauses; all rules without an identifier.
///
/// # Errors
/// There is no such rule; the error lists similar ones.
pub fn text(id: Option<&str>) -> Result<String, Error> {
    match id {
        Some(id) => Ok(explain(find(id)?)),
        None => Ok(registry().map(row).collect::<Vec<_>>().join("\n")),
    }
}

/// The rule with an identifier, in upper or lower case.
///
/// # Errors
/// There is no such rule; the error lists similar ones.
pub fn find(id: &str) -> Result<&'static Rule, Error> {
    rule(id.trim()).ok_or_else(|| {
        let group = id.get(..3).unwrap_or_default();
        let similar =
            registry().filter(|r| r.id.get(..3).is_some_and(|g| g.eq_ignore_ascii_case(group)));
        let similar: Vec<&str> = similar.map(|r| r.id).collect();
        let expected = match similar.as_slice() {
            [] => "a rule of HLS, SEG, SUB, DSH, CMF, DLV or PIP, for example HLS-P02".to_owned(),
            some => format!("one of {}", some.join(", ")),
        };
        Error::new(
            "explain a rule",
            format!("expected {expected}, found {id:?}"),
            "list all rules",
        )
    })
}

fn row(rule: &Rule) -> String {
    let mut profiles: Vec<String> = rule.clauses().map(|c| c.profile.to_string()).collect();
    let mut seen = std::collections::BTreeSet::new();
    profiles.retain(|p| seen.insert(p.clone()));
    format!("{:<7} {:<22}  {}", rule.id, profiles.join(","), rule.title)
}

fn explain(rule: &Rule) -> String {
    let clause = |c: &Clause| {
        let severity = c.level.severity();
        format!(
            "{:<10} {:<6}  {severity:<4}  {}",
            c.profile, c.level, c.text
        )
    };
    let mut lines = vec![format!("{}: {}\n\n{}\n", rule.id, rule.title, rule.doc)];
    lines.extend(rule.basis.iter().map(clause));
    for part in rule.parts {
        lines.push(format!("\nFor this part: {}", part.title));
        lines.extend(part.basis.iter().map(clause));
    }
    lines.join("\n")
}
