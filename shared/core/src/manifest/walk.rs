//! Walks the tree along the table: what occurs too often, too seldom or not at all in it, and every value by itself.

use roxmltree::{Attribute, Node};

use super::defects::{Defects, quoted, shortened};
use super::fields::{Field, Kind, Occurs};
use super::value::{self, Value};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// An element that holds elements.
pub(super) struct Group {
    /// Byte offset of its start tag.
    pub(super) at: usize,
    /// Its path.
    pub(super) path: String,
    items: Vec<Item>,
}

/// One element of a group that the table knows.
pub(super) struct Item {
    name: &'static str,
    /// Byte offset of its value, or of its start tag where it holds elements.
    pub(super) at: usize,
    /// Its path.
    pub(super) path: String,
    content: Content,
}

enum Content {
    Value(Value),
    Group(Group),
    /// Its defect is noted.
    Refused,
}

impl Item {
    /// The value, where it was not refused.
    pub(super) fn value(&self) -> Option<&Value> {
        match &self.content {
            Content::Value(value) => Some(value),
            Content::Group(_) | Content::Refused => None,
        }
    }
}

impl Group {
    /// The element of this name that counts.
    pub(super) fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.name == name)
    }

    /// The group of this name.
    pub(super) fn group(&self, name: &'static str) -> Option<&Self> {
        self.groups(name).next()
    }

    /// All groups of this name.
    pub(super) fn groups(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        let named = self.items.iter().filter(move |i| i.name == name);
        named.filter_map(|i| match &i.content {
            Content::Group(group) => Some(group),
            Content::Value(_) | Content::Refused => None,
        })
    }

    /// The text of this name.
    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.texts(name).next()
    }

    /// All texts of this name.
    pub(super) fn texts(&self, name: &'static str) -> impl Iterator<Item = String> {
        let named = self.items.iter().filter(move |i| i.name == name);
        named.filter_map(|i| match i.value()? {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// The number of this name.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        match self.item(name)?.value()? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of this name in a narrower type, which the table's bounds make it fit.
    pub(super) fn narrow<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.number(name)?).ok()
    }

    /// The boolean of this name.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.item(name)?.value()? {
            Value::Flag(flag) => Some(*flag),
            _ => None,
        }
    }
}

/// Reads an element whose children are `fields`.
pub(super) fn group(
    node: Node<'_, '_>,
    fields: &'static [Field],
    path: String,
    defects: &mut Defects<'_>,
) -> Group {
    let at = node.range().start;
    let mut group = Group {
        at,
        path,
        items: Vec::new(),
    };
    stray_text(node, &group.path, defects);
    let mut seen = vec![Seen::default(); fields.len()];
    for child in node.children().filter(Node::is_element) {
        let known = fields
            .iter()
            .zip(&mut seen)
            .find(|(f, _)| child.has_tag_name(f.name));
        match known {
            None => unknown(child, fields, &group.path, defects),
            Some((field, seen)) => {
                if let Some(path) = admit(child, field, seen, &group.path, defects) {
                    group.items.push(item(child, field, path, defects));
                }
            }
        }
    }
    for (field, seen) in fields.iter().zip(&seen) {
        missing(field, *seen, &group, defects);
    }
    group
}

/// How often a field was met in its group, and where first.
#[derive(Clone, Copy, Default)]
struct Seen {
    count: usize,
    first: usize,
}

/// The path of one more element of a field, or `None` where it is one too many.
fn admit(
    node: Node<'_, '_>,
    field: &Field,
    seen: &mut Seen,
    parent: &str,
    defects: &mut Defects<'_>,
) -> Option<String> {
    let at = node.range().start;
    seen.count += 1;
    if seen.count == 1 {
        seen.first = at;
    }
    let name = field.name;
    let path = match field.occurs {
        Occurs::Repeated { .. } => format!("{parent}/{name}[{}]", seen.count),
        Occurs::Required | Occurs::Optional => format!("{parent}/{name}"),
    };
    match field.occurs {
        Occurs::Repeated { max, .. } if seen.count > max => {
            if seen.count == max + 1 {
                defects.error(at, &path, format!("at most {max} of {name}"), "one more");
            }
            None
        }
        Occurs::Required | Occurs::Optional if seen.count > 1 => {
            defects.repeated(at, &path, format!("{name} once"), "another", seen.first);
            None
        }
        _ => Some(path),
    }
}

fn missing(field: &Field, seen: Seen, group: &Group, defects: &mut Defects<'_>) {
    let least = match field.occurs {
        Occurs::Required => 1,
        Occurs::Optional => 0,
        Occurs::Repeated { min, .. } => min,
    };
    if seen.count < least {
        let path = format!("{}/{}", group.path, field.name);
        let expected = match field.kind {
            Kind::Group(_) => format!("the element {}", field.name),
            kind => format!("the element {} with {}", field.name, kind.expected()),
        };
        defects.error(group.at, &path, expected, "no such element");
    }
}

fn item(
    node: Node<'_, '_>,
    field: &'static Field,
    path: String,
    defects: &mut Defects<'_>,
) -> Item {
    let mut at = node.range().start;
    let content = match field.kind {
        Kind::Group(fields) => {
            attributes(node, &path, &[], defects);
            Content::Group(group(node, fields, path.clone(), defects))
        }
        Kind::Anything => Content::Refused,
        kind => {
            attributes(node, &path, &[], defects);
            let (value_at, text) = leaf(node, &path, defects);
            at = value_at;
            match value::read(kind, trim(&text)) {
                Ok(value) => Content::Value(value),
                Err(found) => {
                    defects.error(at, &path, kind.expected(), found);
                    Content::Refused
                }
            }
        }
    };
    Item {
        name: field.name,
        at,
        path,
        content,
    }
}

/// The text of an element that holds nothing else, and the offset at which its value begins.
fn leaf(node: Node<'_, '_>, path: &str, defects: &mut Defects<'_>) -> (usize, String) {
    let mut text = String::new();
    let mut at = None;
    for child in node.children() {
        if child.is_element() {
            let found = format!("the element {}", shortened(child.tag_name().name()));
            defects.error(child.range().start, path, "text only", found);
        } else if child.is_text() {
            let value = child.text().unwrap_or_default();
            if at.is_none() && !trim(value).is_empty() {
                at = Some(value_start(defects.text(), child.range().start));
            }
            text.push_str(value);
        }
    }
    (at.unwrap_or(node.range().start), text)
}

/// Where, from an offset on, the white space ends.
fn value_start(text: &str, offset: usize) -> usize {
    let rest = text.get(offset..).unwrap_or_default();
    offset + rest.find(|c| !is_space(c)).unwrap_or(0)
}

/// White space as XML defines it (XML 1.0, 2.3); a no-break space is not.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

fn trim(text: &str) -> &str {
    text.trim_matches(is_space)
}

fn stray_text(node: Node<'_, '_>, path: &str, defects: &mut Defects<'_>) {
    let stray = node
        .children()
        .filter(Node::is_text)
        .find(|t| !trim(t.text().unwrap_or_default()).is_empty());
    if let Some(stray) = stray {
        let at = value_start(defects.text(), stray.range().start);
        let found = quoted(trim(stray.text().unwrap_or_default()));
        defects.error(at, path, "elements only", found);
    }
}

fn unknown(node: Node<'_, '_>, fields: &[Field], parent: &str, defects: &mut Defects<'_>) {
    let name = node.tag_name().name();
    let path = format!("{parent}/{}", shortened(name));
    let alike = fields.iter().find(|f| f.name.eq_ignore_ascii_case(name));
    let (expected, found) = match (node.tag_name().namespace(), alike) {
        (None, Some(field)) => (
            format!("{}, in this case", field.name),
            "another case; it is not read".to_owned(),
        ),
        (Some(namespace), _) => (
            "a known element".to_owned(),
            format!("one of the namespace {}; it is not read", quoted(namespace)),
        ),
        (None, None) => (
            "a known element".to_owned(),
            "an unknown one; it is not read".to_owned(),
        ),
    };
    defects.warning(node.range().start, &path, expected, found);
}

/// Warns of attributes that mean nothing here. Those of XML and of XML Schema instances mean something to others.
pub(super) fn attributes(
    node: Node<'_, '_>,
    path: &str,
    known: &[&str],
    defects: &mut Defects<'_>,
) {
    let ours = |a: &Attribute<'_, '_>| match a.namespace() {
        Some(namespace) => namespace == XML || namespace == XSI,
        None => known.contains(&a.name()),
    };
    for attribute in node.attributes().filter(|a| !ours(a)) {
        let path = format!("{path}/@{}", shortened(attribute.name()));
        let expected = match known {
            [] => "no attribute".to_owned(),
            known => format!("no attribute other than {}", known.join(", ")),
        };
        let found = format!("{}; it is not read", quoted(attribute.value()));
        defects.warning(attribute.range().start, &path, expected, found);
    }
}
