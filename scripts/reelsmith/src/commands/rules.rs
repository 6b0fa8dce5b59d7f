//! `reelsmith rules`: the conformance rules, listed and explained.

use clap::{Args, ValueEnum};
use reelsmith_conformance::{Profiles, Rule, registry};
use reelsmith_validate::explain;
use serde_json::{Value, json};

use crate::error::{CliError, CommandResult, Exit};
use crate::view::text::{self, say};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people.
    #[default]
    Text,
    /// An array of rules; one object if a rule is given.
    Json,
}

#[derive(Args, Clone, Debug)]
pub struct RulesArgs {
    /// A rule, for example HLS-P02, to explain with its reason and its clause. Default: list all rules.
    #[arg(value_name = "RULE")]
    pub rule: Option<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(args: &RulesArgs) -> CommandResult {
    say(&rules(args)?);
    Ok(Exit::Done)
}

fn rules(args: &RulesArgs) -> Result<String, CliError> {
    let id = args.rule.as_deref();
    Ok(match (id, args.format) {
        (id, Format::Text) => explain::text(id)?,
        (Some(id), Format::Json) => text::json(&as_json(explain::find(id)?)),
        (None, Format::Json) => text::json(&registry().map(as_json).collect::<Vec<_>>()),
    })
}

fn as_json(rule: &Rule) -> Value {
    let parts = rule.parts.iter();
    let parts = parts.map(|p| json!({"title": p.title, "basis": p.basis}));
    json!({
        "id": rule.id,
        "title": rule.title,
        "doc": rule.doc,
        "severity": rule.severity(Profiles::REELSMITH),
        "basis": rule.basis,
        "parts": parts.collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(rule: Option<&str>, format: Format) -> Result<String, CliError> {
        rules(&RulesArgs {
            rule: rule.map(str::to_owned),
            format,
        })
    }

    #[test]
    fn every_rule_is_listed_once_and_can_be_explained() {
        let list = shown(None, Format::Text).unwrap();
        assert_eq!(list.lines().count(), registry().count());
        for rule in registry() {
            let text = shown(Some(rule.id), Format::Text).unwrap();
            assert!(
                text.contains(rule.doc) && rule.clauses().all(|c| text.contains(c.text)),
                "{text}"
            );
            assert!(list.contains(rule.title));
        }
        let all: Vec<Value> = serde_json::from_str(&shown(None, Format::Json).unwrap()).unwrap();
        assert_eq!(all.len(), registry().count());
    }

    #[test]
    fn a_rule_is_explained() {
        insta::assert_snapshot!(shown(Some("hls-p02"), Format::Text).unwrap());
        insta::assert_snapshot!(shown(Some("HLS-P02"), Format::Json).unwrap());
    }

    #[test]
    fn an_unknown_rule_is_refused_and_similar_ones_are_listed() {
        insta::assert_snapshot!(shown(Some("CMF-99"), Format::Text).unwrap_err());
        insta::assert_snapshot!(shown(Some("é"), Format::Text).unwrap_err());
    }
}
