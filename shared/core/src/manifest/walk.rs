//! Walks the tree along the table of fields: finds unknown, missing and repeated elements, and converts every value.

use roxmltree::{Attribute, Node};

use super::defects::{Defects, quoted, shortened};
use super::fields::{Field, Kind, Occurs};
use super::value::{self, Value};

const XML: &str = "http://www.w3.org/XML/1998/namespace";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// An element that holds elements.
pub(super) struct Group {
    pub(super) at: usize,
    pub(super) path: String,
    items: Vec<Item>,
}

/// An element of a group that is in the table.
pub(super) struct Item {
    name: &'static str,
    /// Byte offset of its value, or of its start tag if it contains elements.
    pub(super) at: usize,
    pub(super) path: String,
    content: Content,
}

enum Content {
    Value(Value),
    Group(Group),
    /// Its defect has been reported.
    Rejected,
}

impl Item {
    pub(super) fn value(&self) -> Option<&Value> {
        match &self.content {
            Content::Value(value) => Some(value),
            Content::Group(_) | Content::Rejected => None,
        }
    }
}

impl Group {
    pub(super) fn item(&self, name: &str) -> Option<&Item> {
        self.items.iter().find(|i| i.name == name)
    }

    pub(super) fn group(&self, name: &'static str) -> Option<&Self> {
        self.groups(name).next()
    }

    pub(super) fn groups(&self, name: &'static str) -> impl Iterator<Item = &Self> {
        let named = self.items.iter().filter(move |i| i.name == name);
        named.filter_map(|i| match &i.content {
            Content::Group(group) => Some(group),
            Content::Value(_) | Content::Rejected => None,
        })
    }

    pub(super) fn text(&self, name: &'static str) -> Option<String> {
        self.texts(name).next()
    }

    pub(super) fn texts(&self, name: &'static str) -> impl Iterator<Item = String> {
        let named = self.items.iter().filter(move |i| i.name == name);
        named.filter_map(|i| i.value()?.try_as_text_ref().cloned())
    }

    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.item(name)?.value()?.try_as_number_ref().copied()
    }

    /// The number of this name in a narrower type. The bounds in the table make it fit.
    pub(super) fn narrow<T: TryFrom<u64>>(&self, name: &str) -> Option<T> {
        T::try_from(self.number(name)?).ok()
    }

    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        self.item(name)?.value()?.try_as_flag_ref().copied()
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

/// How often an element occurred in its group, and the offset of the first one.
#[derive(Clone, Copy, Default)]
struct Seen {
    count: usize,
    first: usize,
}

/// The path of the next element of a field; `None` if it is one too many, which is reported.
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
                defects.error(at, &path, format!("at most {max} {name} elements"), "more");
            }
            None
        }
        Occurs::Required | Occurs::Optional if seen.count > 1 => {
            defects.repeated(at, &path, format!("one {name}"), "another one", seen.first);
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
            Kind::Group(_) => format!("an element {}", field.name),
            kind => format!("an element {} with {}", field.name, kind.expected()),
        };
        defects.error(group.at, &path, expected, "none");
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
        Kind::Anything => Content::Rejected,
        kind => {
            attributes(node, &path, &[], defects);
            let (value_at, text) = leaf(node, &path, defects);
            at = value_at;
            match value::read(kind, trim(&text)) {
                Ok(value) => Content::Value(value),
                Err(found) => {
                    defects.error(at, &path, kind.expected(), found);
                    Content::Rejected
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

/// The text of an element without child elements, and the offset at which its value starts.
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

/// The offset of the first character from an offset on that is not white space.
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
        let text = quoted(trim(stray.text().unwrap_or_default()));
        let found = format!("the text {text}");
        defects.error(at, path, "elements only", found);
    }
}

fn unknown(node: Node<'_, '_>, fields: &[Field], parent: &str, defects: &mut Defects<'_>) {
    let name = node.tag_name().name();
    let path = format!("{parent}/{}", shortened(name));
    let alike = fields.iter().find(|f| f.name.eq_ignore_ascii_case(name));
    let (expected, found) = match (node.tag_name().namespace(), alike) {
        (None, Some(field)) => (
            format!("{} (case-sensitive)", field.name),
            format!("{name}, which is ignored"),
        ),
        (Some(namespace), _) => (
            "a known element".to_owned(),
            format!(
                "an element of the namespace {}, which is ignored",
                quoted(namespace)
            ),
        ),
        (None, None) => (
            "a known element".to_owned(),
            "an unknown element, which is ignored".to_owned(),
        ),
    };
    defects.warning(node.range().start, &path, expected, found);
}

/// Warns of unknown attributes. Attributes of XML and of XML Schema instances are allowed, because other tools use them.
pub(super) fn attributes(
    node: Node<'_, '_>,
    path: &str,
    known: &[&str],
    defects: &mut Defects<'_>,
) {
    let allowed = |a: &Attribute<'_, '_>| match a.namespace() {
        Some(namespace) => namespace == XML || namespace == XSI,
        None => known.contains(&a.name()),
    };
    for attribute in node.attributes().filter(|a| !allowed(a)) {
        let path = format!("{path}/@{}", shortened(attribute.name()));
        let expected = match known {
            [] => "no attribute".to_owned(),
            known => format!("no attribute other than {}", known.join(", ")),
        };
        let found = format!("{}, which is ignored", quoted(attribute.value()));
        defects.warning(attribute.range().start, &path, expected, found);
    }
}
