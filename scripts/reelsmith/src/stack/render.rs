//! Fills the placeholders of the state machine as Terraform's `templatefile` does.

use std::collections::BTreeMap;

use crate::error::CliError;

/// Replaces every `${name}`.
pub fn render(template: &str, values: &BTreeMap<String, String>) -> Result<String, CliError> {
    let mut rendered = String::with_capacity(template.len() * 2);
    let mut used: BTreeMap<&str, bool> = values.keys().map(|k| (k.as_str(), false)).collect();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, tail)) = after.split_once('}') else {
            let shown: String = after.chars().take(30).collect();
            return Err(failed(format!(
                "found ${{{shown} without its closing brace"
            )));
        };
        let Some(value) = values.get(name) else {
            return Err(failed(format!(
                "found the placeholder ${{{name}}}, which has no value"
            )));
        };
        used.insert(name, true);
        rendered.push_str(before);
        rendered.push_str(value);
        rest = tail;
    }
    rendered.push_str(rest);
    if let Some((name, _)) = used.iter().find(|(_, used)| !**used) {
        return Err(failed(format!(
            "expected the placeholder ${{{name}}}, found none"
        )));
    }
    serde_json::from_str::<serde_json::Value>(&rendered)
        .map_err(|e| failed(format!("the result is not JSON: {e}")))?;
    Ok(rendered)
}

fn failed(why: String) -> CliError {
    CliError::new(
        "fill the placeholders of the state machine",
        why,
        "the placeholders are one per function in snake case, output_bucket and max_concurrency; see statemachine/README.md",
    )
}

/// The placeholder of a function: its name in snake case.
pub fn placeholder(function: &str) -> String {
    function.replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn strings_and_numbers_are_filled_in() {
        let values = values(&[("notify", "arn:1"), ("max_concurrency", "4")]);
        let template = r#"{"a": "${notify}", "b": ${max_concurrency}, "c": "${notify}"}"#;
        let rendered = render(template, &values).unwrap();
        assert_eq!(rendered, r#"{"a": "arn:1", "b": 4, "c": "arn:1"}"#);
    }

    #[test]
    fn a_value_is_not_expanded_again() {
        let rendered = render(r#"{"a": "${x}"}"#, &values(&[("x", "${y}")])).unwrap();
        assert_eq!(rendered, r#"{"a": "${y}"}"#);
    }

    #[test]
    fn a_template_that_does_not_fit_is_an_error() {
        let of =
            |template, pairs: &[(&str, &str)]| render(template, &values(pairs)).unwrap_err().why;
        insta::assert_snapshot!(of(r#"{"a": "${nope}"}"#, &[]), @"found the placeholder ${nope}, which has no value");
        insta::assert_snapshot!(of("{}", &[("notify", "x")]), @"expected the placeholder ${notify}, found none");
        insta::assert_snapshot!(of("${notify", &[("notify", "x")]), @"found ${notify without its closing brace");
        insta::assert_snapshot!(of("${n}", &[("n", "x")]), @"the result is not JSON: expected value at line 1 column 1");
    }
}
