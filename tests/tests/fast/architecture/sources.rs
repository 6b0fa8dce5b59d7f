//! Checks what the sources use and document, without comments and unit tests.

use std::path::Path;

use syn::visit::{self, Visit};

use super::tree;

/// The production code of a file: no comment lines, and no `mod tests`, which ends at the next brace in column one.
fn code(file: &Path) -> String {
    let text = tree::text(file).expect("text");
    let mut production = text.clone();
    if let Some((before, tests)) = text.split_once("#[cfg(test)]\nmod tests {") {
        let after = tests.split_once("\n}\n").map_or("", |(_, after)| after);
        production = format!("{before}{after}");
    }
    let lines = production
        .lines()
        .filter(|l| !l.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn is_test(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().filter_map(|p| p.to_str()).collect();
    parts.contains(&"tests")
        || parts.contains(&"testing")
        || matches!(parts.last(), Some(&("tests.rs" | "testing.rs")))
}

/// Occurrences of tokens in a folder's production code: `FILE: TOKEN`.
fn found_in(folder: &str, tokens: &[&str]) -> Vec<String> {
    let files = tree::rust_files(folder);
    assert!(!files.is_empty(), "{folder} has no sources");
    let production = files.iter().filter(|f| !is_test(f));
    production
        .flat_map(|file| {
            let code = code(file);
            let found = tokens.iter().filter(move |t| code.contains(**t));
            found
                .map(|t| format!("{}: {t}", file.display()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn pure_crates_touch_no_files_sockets_threads_or_clocks() {
    let tokens = [
        "std::fs",
        "std::net",
        "std::thread",
        "Instant",
        "File::open",
    ];
    for folder in ["core", "isobmff", "conformance", "contract", "report"] {
        let folder = format!("shared/{folder}/src");
        assert_eq!(found_in(&folder, &tokens), Vec::<String>::new());
    }
}

#[test]
fn the_main_file_of_a_function_only_builds_the_ports_and_serves() {
    for file in tree::rust_files("functions")
        .iter()
        .filter(|f| f.ends_with("src/main.rs"))
    {
        let lines = tree::text(file).expect("text").lines().count();
        assert!(lines <= 30, "{} has {lines} lines", file.display());
    }
}

/// Collects public items without a doc comment: types, traits, functions and constants, but no fields and no variants.
#[derive(Default)]
struct Undocumented(Vec<String>);

impl Undocumented {
    fn look(
        &mut self,
        visibility: &syn::Visibility,
        attributes: &[syn::Attribute],
        name: &syn::Ident,
    ) {
        let public = matches!(visibility, syn::Visibility::Public(_));
        let documented = attributes.iter().any(|a| a.path().is_ident("doc"));
        if public && !documented {
            self.0.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Undocumented {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        match item {
            syn::Item::Const(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::Item::Enum(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::Item::Fn(i) => self.look(&i.vis, &i.attrs, &i.sig.ident),
            syn::Item::Static(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::Item::Struct(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::Item::Trait(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::Item::Type(i) => self.look(&i.vis, &i.attrs, &i.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        match item {
            syn::ImplItem::Const(i) => self.look(&i.vis, &i.attrs, &i.ident),
            syn::ImplItem::Fn(i) => self.look(&i.vis, &i.attrs, &i.sig.ident),
            _ => {}
        }
    }
}

/// Whether `shared/CRATE/src/NAME.rs` or a file below `shared/CRATE/src/NAME/` belongs to a `pub mod NAME`.
fn is_in_a_public_module(file: &Path) -> bool {
    let parts: Vec<_> = file.iter().filter_map(|p| p.to_str()).collect();
    let [_, package, "src", module, ..] = &parts[..] else {
        return false;
    };
    let module = module.trim_end_matches(".rs");
    let root = Path::new("shared").join(package).join("src/lib.rs");
    let root = tree::text(&root).expect("lib.rs");
    module == "lib" || root.contains(&format!("pub mod {module};"))
}

#[test]
fn every_public_item_of_the_shared_crates_has_a_doc_comment() {
    let files = tree::rust_files("shared").into_iter();
    let mut undocumented = Vec::new();
    for file in files.filter(|f| !is_test(f) && is_in_a_public_module(f)) {
        let text = tree::text(&file).expect("text");
        let mut found = Undocumented::default();
        found.visit_file(&syn::parse_file(&text).expect("a Rust source file"));
        undocumented.extend(found.0.iter().map(|n| format!("{}: {n}", file.display())));
    }
    assert_eq!(undocumented, Vec::<String>::new());
}
