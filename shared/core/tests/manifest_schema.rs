//! Compares the XSD and docs/manifest.md with the parser's table of fields.

#![allow(
    clippy::disallowed_methods,
    reason = "a test reads its options from the environment"
)]
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::fmt::Write as _;
use std::path::Path;

use reelsmith_core::manifest::{Field, Kind, Occurs, ROOT, VERSION};
use roxmltree::{Document, Node};

const XS: &str = "http://www.w3.org/2001/XMLSchema";

fn project(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// The children of a schema node with this name.
fn parts<'a, 'x: 'a>(node: Node<'a, 'x>, name: &'a str) -> impl Iterator<Item = Node<'a, 'x>> + 'a {
    node.children().filter(move |n| n.has_tag_name((XS, name)))
}

/// A named type of the schema.
fn named<'a, 'x>(schema: Node<'a, 'x>, kind: &'a str, name: &str) -> Option<Node<'a, 'x>> {
    parts(schema, kind).find(|n| n.attribute("name") == Some(name))
}

/// The declarations of a group's type (`xs:all` or `xs:sequence`).
fn declarations<'a, 'x>(schema: Node<'a, 'x>, group: &str) -> Vec<Node<'a, 'x>> {
    let group = named(schema, "complexType", group).unwrap();
    let model = ["all", "sequence"]
        .iter()
        .find_map(|m| parts(group, m).next());
    parts(model.unwrap(), "element").collect()
}

fn occurs(declaration: Node<'_, '_>) -> (String, String) {
    let bound = |name| declaration.attribute(name).unwrap_or("1").to_owned();
    (bound("minOccurs"), bound("maxOccurs"))
}

fn expected_occurs(occurs: Occurs) -> (String, String) {
    let (min, max) = match occurs {
        Occurs::Required => (1, 1),
        Occurs::Optional => (0, 1),
        Occurs::Repeated { min, max } => (min, max),
    };
    (min.to_string(), max.to_string())
}

fn documentation(node: Node<'_, '_>) -> String {
    let annotation = parts(node, "annotation").next().unwrap();
    let text = parts(annotation, "documentation").next().unwrap();
    text.text().unwrap().to_owned()
}

/// The schema's type for a value.
fn expected_type(field: &Field) -> String {
    match field.kind {
        Kind::Group(_) => field.name.into(),
        Kind::Text { max } => format!("Text{max}"),
        Kind::Boolean => "xs:boolean".into(),
        Kind::Hex([32]) => "Md5".into(),
        Kind::Hex([16, 32]) => "XxHash".into(),
        Kind::Integer { min, max } => format!("Digits from {min} to {max}"),
        Kind::Anything
        | Kind::Id
        | Kind::SeriesId
        | Kind::Label
        | Kind::Seconds
        | Kind::Date
        | Kind::FrameRate
        | Kind::Point
        | Kind::Key
        | Kind::HttpsUrl
        | Kind::Language
        | Kind::CaptionFormat
        | Kind::CaptionService
        | Kind::Encoder
        | Kind::AudioRole
        | Kind::ChannelMap
        | Kind::TailPolicy
        | Kind::Hex(_) => format!("{:?}", field.kind),
    }
}

/// The type that a declaration names, or the bounds of its own type.
fn declared_type(declaration: Node<'_, '_>) -> String {
    if let Some(named) = declaration.attribute("type") {
        return named.to_owned();
    }
    let simple = parts(declaration, "simpleType").next().unwrap();
    let restriction = parts(simple, "restriction").next().unwrap();
    let facet = |name| {
        parts(restriction, name)
            .next()
            .unwrap()
            .attribute("value")
            .unwrap()
    };
    let base = restriction.attribute("base").unwrap();
    format!(
        "{base} from {} to {}",
        facet("minInclusive"),
        facet("maxInclusive")
    )
}

fn compare(schema: Node<'_, '_>, group: &Field, compared: &mut usize) {
    let Kind::Group(fields) = group.kind else {
        return;
    };
    let declared = declarations(schema, group.name);
    let names: Vec<_> = declared
        .iter()
        .filter_map(|d| d.attribute("name"))
        .collect();
    let expected: Vec<_> = fields.iter().map(|f| f.name).collect();
    assert_eq!(names, expected, "in {}", group.name);
    for (declaration, field) in declared.iter().zip(fields) {
        let name = format!("{}/{}", group.name, field.name);
        assert_eq!(
            occurs(*declaration),
            expected_occurs(field.occurs),
            "{name}"
        );
        assert_eq!(declared_type(*declaration), expected_type(field), "{name}");
        assert!(documentation(*declaration).ends_with('.'), "{name}");
        *compared += 1;
        compare(schema, field, compared);
    }
}

#[test]
fn the_schema_and_the_parser_have_the_same_elements() {
    let text = project("sample-data/manifest.xsd");
    let document = Document::parse(&text).unwrap();
    let schema = document.root_element();
    assert_eq!(
        named(schema, "element", ROOT.name)
            .unwrap()
            .attribute("type"),
        Some(ROOT.name)
    );
    let mut compared = 0;
    compare(schema, &ROOT, &mut compared);
    assert!(compared > 55, "{compared}");
    let root = named(schema, "complexType", ROOT.name).unwrap();
    let version = parts(root, "attribute").next().unwrap();
    let facts = ["name", "use", "fixed"].map(|a| version.attribute(a).unwrap());
    assert_eq!(facts, ["version", "required", VERSION]);
}

#[test]
fn every_type_of_the_schema_is_defined_and_described() {
    let text = project("sample-data/manifest.xsd");
    let document = Document::parse(&text).unwrap();
    let schema = document.root_element();
    for element in document
        .descendants()
        .filter(|n| n.has_tag_name((XS, "element")))
    {
        let Some(name) = element.attribute("type") else {
            continue;
        };
        let simple = named(schema, "simpleType", name);
        let known = simple.is_some() || named(schema, "complexType", name).is_some();
        assert!(known || name == "xs:boolean", "{name}");
        if let Some(simple) = simple {
            assert!(!documentation(simple).is_empty(), "{name}");
        }
    }
}

/// The tables of docs/manifest.md, one for each group. The meaning of an element is its documentation in the schema.
fn tables(schema: Node<'_, '_>, group: &Field, path: &str, text: &mut String) {
    let Kind::Group(fields) = group.kind else {
        return;
    };
    let path = format!("{path}{}", group.name);
    writeln!(
        text,
        "### `{path}`\n\n| element | count | value | meaning |\n|---|---|---|---|"
    )
    .unwrap();
    for (field, declaration) in fields.iter().zip(declarations(schema, group.name)) {
        let often = match field.occurs {
            Occurs::Required => "**1**".to_owned(),
            Occurs::Optional => "0–1".to_owned(),
            Occurs::Repeated { min, max } => format!("{min}–{max}"),
        };
        let value = match field.kind {
            Kind::Text { max } => format!("text, at most {max}"),
            Kind::Integer { min, max } => format!("{min} to {max}"),
            Kind::Boolean => "boolean".to_owned(),
            Kind::Seconds => "duration".to_owned(),
            Kind::FrameRate => "frame rate".to_owned(),
            Kind::Point => "point".to_owned(),
            Kind::Key => "key".to_owned(),
            Kind::Language => "language".to_owned(),
            kind => kind.expected(),
        };
        writeln!(
            text,
            "| `{}` | {often} | {value} | {} |",
            field.name,
            documentation(declaration)
        )
        .unwrap();
    }
    writeln!(text).unwrap();
    for field in fields {
        tables(schema, field, &format!("{path}/"), text);
    }
}

const BEGIN: &str = "<!-- fields -->\n\n";
const END: &str = "<!-- end of fields -->";

/// The text with what is between two marks replaced.
fn with_block(text: &str, begin: &str, end: &str, block: &str) -> String {
    let (before, rest) = text.split_once(begin).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}{block}{end}{after}")
}

/// The position, severity and element of a defect.
fn subject(defect: &str) -> &str {
    defect.split_once(": expected").unwrap().0
}

/// docs/manifest.md has every field of the table, a valid example, and defects as the parser reports them.
#[test]
fn the_documentation_matches_the_parser() {
    let text = project("docs/manifest.md");
    let block = |begin: &str, end: &str| {
        let (_, rest) = text.split_once(begin).unwrap();
        rest.split_once(end).unwrap().0.to_owned()
    };
    let schema = project("sample-data/manifest.xsd");
    let schema = Document::parse(&schema).unwrap();
    let mut fields = String::new();
    tables(schema.root_element(), &ROOT, "", &mut fields);
    let bad = project("sample-data/manifests/bad/many-defects.xml");
    let defects = reelsmith_core::manifest::parse(bad.as_bytes()).defects;
    let reported: Vec<String> = defects.iter().map(ToString::to_string).collect();
    let shown = block("```text\n", "```");
    assert!(shown.lines().count() >= 8);
    let current = shown.lines().map(|line| {
        let same = |d: &&String| subject(d) == subject(line);
        format!("{}\n", reported.iter().find(same).unwrap())
    });
    let expected = with_block(&text, BEGIN, END, &fields);
    let expected = with_block(&expected, "```text\n", "```", &current.collect::<String>());
    let example = project("sample-data/manifests/good/minimal.xml");
    let expected = with_block(&expected, "```xml\n", "```", &example);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        std::fs::write(root.join("docs/manifest.md"), expected).unwrap();
        return;
    }
    let hint = "UPDATE_DOCS=1 cargo test -p reelsmith-core --test manifest_schema";
    assert!(
        expected == text,
        "docs/manifest.md is out of date; run: {hint}"
    );
}
