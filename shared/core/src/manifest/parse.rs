//! From bytes to a manifest and every defect.

use roxmltree::Node;

use super::defects::{Defects, quoted, shortened};
use super::fields::{Kind, ROOT};
use super::{Parsed, build, guard, rules, walk};

/// The one version of the format.
pub const VERSION: &str = "1.0";

/// Parses a manifest: at most 1 MiB of UTF-8 without DOCTYPE.
///
/// All defects are reported at once; only XML that is not well-formed or breaks a limit is a single one. Never panics;
/// the time is bounded by the limits.
#[must_use]
pub fn parse(xml: &[u8]) -> Parsed {
    let mut defects = match guard::text(xml) {
        Ok(text) => Defects::new(text),
        Err(defects) => return refused(defects),
    };
    let Some(document) = guard::tree(&mut defects) else {
        return refused(defects);
    };
    let root = document.root_element();
    let (None, true) = (root.tag_name().namespace(), root.has_tag_name(ROOT.name)) else {
        wrong_root(root, &mut defects);
        return refused(defects);
    };
    version(root, &mut defects);
    walk::attributes(root, ROOT.name, &["version"], &mut defects);
    let fields = match ROOT.kind {
        Kind::Group(fields) => fields,
        _ => &[],
    };
    let group = walk::group(root, fields, ROOT.name.to_owned(), &mut defects);
    rules::check(&group, &mut defects);
    let manifest = match defects.any_error() {
        true => None,
        false => build::manifest(&group),
    };
    Parsed {
        manifest,
        defects: defects.finish(),
    }
}

fn refused(defects: Defects<'_>) -> Parsed {
    Parsed {
        manifest: None,
        defects: defects.finish(),
    }
}

/// Another root is another format: what is in it would only be noise.
fn wrong_root(root: Node<'_, '_>, defects: &mut Defects<'_>) {
    let name = shortened(root.tag_name().name());
    let found = match root.tag_name().namespace() {
        Some(namespace) => format!("{name} in the namespace {}", quoted(namespace)),
        None => name.clone(),
    };
    let expected = format!("the root element {} in no namespace", ROOT.name);
    defects.error(root.range().start, &name, expected, found);
}

fn version(root: Node<'_, '_>, defects: &mut Defects<'_>) {
    let path = format!("{}/@version", ROOT.name);
    let expected = format!("version=\"{VERSION}\"");
    match root.attribute_node("version") {
        Some(version) if version.value() == VERSION => {}
        Some(version) => {
            let at = version.range_value().start;
            defects.error(at, &path, expected, quoted(version.value()));
        }
        None => defects.error(root.range().start, &path, expected, "no such attribute"),
    }
}
