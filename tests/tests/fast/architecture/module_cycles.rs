//! No import cycle of more than three files within a crate.
//!
//! A node is a source file, so an inline module belongs to its file. An edge is a path that starts with `crate` or
//! `super`, in a `use` item, in code or in a macro call. A path leads to the file that defines the item: re-exports
//! (`pub use`) are followed, so importing from a facade is an import from the file behind it. A parent that names its
//! own child (`mod`, `child::item`) owns it and does not count as importing it. Unit tests are not read.
//!
//! Two files that need each other are often one thing in two halves, and so are a parent and two children. A larger
//! cycle means that none of its files can be understood, tested or moved without all others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::tree;

const MOST_FILES: usize = 3;

/// The names on the way to a module or an item, from the crate's root.
type Names = Vec<String>;

/// What one source file says about modules.
#[derive(Default)]
struct Source {
    /// The module that the visitor is in: the file's own, or an inline one.
    module: Names,
    /// Paths that this file uses.
    used: BTreeSet<Names>,
    /// Names that modules of this file offer, and what they stand for.
    reexported: BTreeMap<Names, Names>,
    /// Modules whose public items modules of this file offer by `pub use …::*`: (offering, offered).
    globs: Vec<(Names, Names)>,
    /// Items defined here.
    defined: BTreeSet<Names>,
}

impl Source {
    fn read(file: &Path, module: Names) -> Self {
        let text = tree::text(file).expect("text");
        let parsed = syn::parse_file(&text).expect("a Rust source file");
        let mut source = Self {
            module,
            ..Self::default()
        };
        source.visit_file(&parsed);
        source
    }

    /// A path from the crate's root; `None` if it starts at neither `crate`, `self` nor `super`.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let mut names = match path.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return None,
        };
        for name in path {
            match name.as_str() {
                "crate" | "self" => {}
                "super" => drop(names.pop()),
                name => names.push(name.to_owned()),
            }
        }
        Some(names)
    }

    fn uses(&mut self, path: &[String]) {
        if path.first().is_some_and(|first| first != "self") {
            self.used.extend(self.absolute(path));
        }
    }

    /// A path in code or in a macro, where `crate` or `super` alone is part of a visibility.
    fn mentions(&mut self, path: &[String]) {
        if path.len() > 1 {
            self.uses(path);
        }
    }

    fn use_tree(&mut self, before: &[String], tree: &syn::UseTree, offers: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.use_tree(&with(&path.ident), &path.tree, offers),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(before, tree, offers);
                }
            }
            syn::UseTree::Name(name) => self.leaf(&with(&name.ident), &name.ident, offers),
            syn::UseTree::Rename(name) => self.leaf(&with(&name.ident), &name.rename, offers),
            syn::UseTree::Glob(_) if offers => {
                let offered = self.absolute_or_relative(before);
                self.globs.push((self.module.clone(), offered));
            }
            syn::UseTree::Glob(_) => self.uses(before),
        }
    }

    fn leaf(&mut self, path: &[String], name: &syn::Ident, offers: bool) {
        if offers {
            let here = [self.module.as_slice(), &[name.to_string()]].concat();
            let target = self.absolute_or_relative(path);
            self.reexported.insert(here, target);
        } else {
            self.uses(path);
        }
    }

    /// A path of a `use` item, which may also start at a child of the module that holds it.
    fn absolute_or_relative(&self, path: &[String]) -> Names {
        let relative = || [self.module.as_slice(), path].concat();
        self.absolute(path).unwrap_or_else(relative)
    }

    /// Paths in the tokens of a macro call.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Names = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if colons == 2 => path.push(name.to_string()),
                TokenTree::Ident(name) => {
                    self.mentions(&std::mem::take(&mut path));
                    path.push(name.to_string());
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' && colons < 2 => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.mentions(&std::mem::take(&mut path));
                    self.tokens(group.stream());
                }
                _ => self.mentions(&std::mem::take(&mut path)),
            }
            colons = 0;
        }
        self.mentions(&path);
    }
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    let mut lists = attributes.iter().filter_map(|a| a.meta.require_list().ok());
    lists.any(|list| list.path.is_ident("cfg") && list.tokens.to_string() == "test")
}

/// The attributes and the name of an item.
fn item(item: &syn::Item) -> (&[syn::Attribute], Option<&syn::Ident>) {
    match item {
        syn::Item::Const(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Enum(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Fn(i) => (&i.attrs, Some(&i.sig.ident)),
        syn::Item::Macro(i) => (&i.attrs, i.ident.as_ref()),
        syn::Item::Mod(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Static(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Struct(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Trait(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Type(i) => (&i.attrs, Some(&i.ident)),
        syn::Item::Impl(i) => (&i.attrs, None),
        syn::Item::Use(i) => (&i.attrs, None),
        _ => (&[], None),
    }
}

impl<'ast> Visit<'ast> for Source {
    fn visit_item(&mut self, node: &'ast syn::Item) {
        let (attributes, name) = item(node);
        if is_test(attributes) {
            return;
        }
        let named = name.map(|name| [self.module.as_slice(), &[name.to_string()]].concat());
        self.defined.extend(named);
        visit::visit_item(self, node);
    }

    fn visit_item_mod(&mut self, node: &'ast syn::ItemMod) {
        self.module.push(node.ident.to_string());
        visit::visit_item_mod(self, node);
        self.module.pop();
    }

    fn visit_item_use(&mut self, node: &'ast syn::ItemUse) {
        let offers = !matches!(node.vis, syn::Visibility::Inherited);
        self.use_tree(&[], &node.tree, offers);
    }

    fn visit_path(&mut self, node: &'ast syn::Path) {
        let names: Names = node.segments.iter().map(|s| s.ident.to_string()).collect();
        self.mentions(&names);
        visit::visit_path(self, node);
    }

    fn visit_macro(&mut self, node: &'ast syn::Macro) {
        visit::visit_macro(self, node);
        self.tokens(node.tokens.clone());
    }

    // `pub(super)` and `pub(in crate::module)` import nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}
}

/// The module of a file below `src/`; the root is empty.
fn module_of(file: &Path) -> Names {
    let names = file.with_extension("");
    let mut names: Names = names
        .iter()
        .map(|name| name.to_str().expect("text").to_owned())
        .collect();
    if names.len() == 1 && matches!(names[0].as_str(), "lib" | "main")
        || names.last().is_some_and(|name| name == "mod")
    {
        names.pop();
    }
    names
}

/// The imports between the files of a crate.
struct Imports(BTreeMap<Names, BTreeSet<Names>>);

impl Imports {
    /// Reads the sources below a folder.
    fn of(src: &str) -> Self {
        let mut files = BTreeMap::new();
        for file in tree::rust_files(src) {
            let below = file.strip_prefix(src).expect("a file of the crate");
            let test = |name: &std::ffi::OsStr| name == "tests" || name == "tests.rs";
            let second_root =
                below == Path::new("main.rs") && tree::root().join(src).join("lib.rs").exists();
            if !below.iter().any(test) && !second_root {
                let module = module_of(below);
                files.insert(module.clone(), Source::read(&file, module));
            }
        }
        Self::between(&files)
    }

    fn between(files: &BTreeMap<Names, Source>) -> Self {
        let edges = files.iter().map(|(module, source)| {
            let mut targets: BTreeSet<Names> = source
                .used
                .iter()
                .map(|path| file_of(files, path))
                .collect();
            targets.remove(module);
            (module.clone(), targets)
        });
        Self(edges.collect())
    }

    /// The shortest way from a file back to itself.
    fn cycle(&self, start: &Names) -> Option<Vec<&Names>> {
        let mut came_from: BTreeMap<&Names, &Names> = BTreeMap::new();
        let (first, _) = self.0.get_key_value(start)?;
        let mut queue = VecDeque::from([first]);
        while let Some(at) = queue.pop_front() {
            for next in &self.0[at] {
                if next == start {
                    let mut back = vec![at];
                    while back.last() != Some(&first) {
                        back.push(came_from[back[back.len() - 1]]);
                    }
                    back.reverse();
                    return Some(back);
                }
                if next != start && !came_from.contains_key(next) {
                    came_from.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn reachable<'a>(&'a self, start: &'a Names) -> BTreeSet<&'a Names> {
        let mut found = BTreeSet::new();
        let mut open = vec![start];
        while let Some(at) = open.pop() {
            open.extend(self.0[at].iter().filter(|next| found.insert(*next)));
        }
        found
    }

    /// Strongly connected components of more than one file, the largest first.
    fn components(&self) -> Vec<BTreeSet<&Names>> {
        let reachable: BTreeMap<&Names, _> =
            self.0.keys().map(|m| (m, self.reachable(m))).collect();
        let mut components: Vec<BTreeSet<&Names>> = Vec::new();
        for (module, reached) in &reachable {
            let known = components.iter().any(|c| c.contains(*module));
            if reached.contains(*module) && !known {
                let back = |other: &&&Names| reachable[**other].contains(*module);
                components.push(reached.iter().filter(back).copied().collect());
            }
        }
        components.sort_by_key(|c| std::cmp::Reverse(c.len()));
        components
    }
}

/// The file that defines what a path names.
fn file_of(files: &BTreeMap<Names, Source>, path: &Names) -> Names {
    let mut path = path.clone();
    // A re-export of a re-export; more steps than this are a loop.
    for _ in 0..8 {
        let file = enclosing(files, &path);
        match behind(&files[&file], files, &path) {
            Some(target) if target != path => path = target,
            _ => return file,
        }
    }
    enclosing(files, &path)
}

fn enclosing(files: &BTreeMap<Names, Source>, path: &Names) -> Names {
    let mut lengths = (0..=path.len()).rev();
    let file = lengths.find(|n| files.contains_key(&path[..*n]));
    path[..file.unwrap_or(0)].to_vec()
}

/// What stands behind a path that a file re-exports.
fn behind(source: &Source, files: &BTreeMap<Names, Source>, path: &Names) -> Option<Names> {
    let mut lengths = (1..=path.len()).rev();
    let named = lengths.find_map(|n| Some((n, source.reexported.get(&path[..n])?)));
    if let Some((n, target)) = named {
        return Some([target.as_slice(), &path[n..]].concat());
    }
    source.globs.iter().find_map(|(module, offered)| {
        let rest = path.strip_prefix(module.as_slice())?;
        let target = [offered.as_slice(), rest].concat();
        let file = files.get(&enclosing(files, &target))?;
        let defined = (1..=target.len()).any(|n| file.defined.contains(&target[..n]));
        (!source.defined.contains(path) && defined).then_some(target)
    })
}

fn name(module: &Names) -> String {
    match module.as_slice() {
        [] => "crate".to_owned(),
        names => names.join("::"),
    }
}

/// The folders with the sources of each crate of the workspace.
fn sources() -> Vec<String> {
    let root = tree::root();
    super::members(&super::metadata())
        .values()
        .filter_map(|package| {
            let folder = package.manifest_path.parent()?.join("src");
            let relative = folder.strip_prefix(root.to_str()?).ok()?;
            Some(relative.to_string())
        })
        .collect()
}

#[test]
fn no_import_cycle_has_more_than_three_files() {
    let mut wrong = Vec::new();
    for src in sources() {
        let imports = Imports::of(&src);
        for component in imports.components() {
            if component.len() > MOST_FILES {
                let members: Vec<_> = component.iter().map(|m| name(m)).collect();
                let cycles = component.iter().filter_map(|m| imports.cycle(m));
                let longest = cycles.max_by_key(Vec::len).unwrap_or_default();
                let longest: Vec<_> = longest.into_iter().map(name).collect();
                wrong.push(format!(
                    "{src}: {} files import each other: {}; one cycle: {}",
                    members.len(),
                    members.join(", "),
                    longest.join(" -> ")
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_cycle_test_sees_cycles() {
    let source = |module: &str, text: &str| {
        let mut source = Source {
            module: vec![module.to_owned()],
            ..Source::default()
        };
        source.visit_file(&syn::parse_file(text).expect("Rust"));
        (vec![module.to_owned()], source)
    };
    let files = BTreeMap::from([
        (Vec::new(), Source::default()),
        source("a", "use super::b::{self, Thing as Other};"),
        source(
            "b",
            "pub use crate::c::Inner;\nfn f() { vec![crate::c::f()]; }",
        ),
        source(
            "c",
            "fn f(x: &crate::d::T) {}\n#[cfg(test)]\nmod tests { use super::super::e; }",
        ),
        source("d", "fn f() { super::a::g(crate::e::C) }"),
        source("e", "use crate::b::Inner;\npub const C: u8 = 1;"),
    ]);
    let imports = Imports::between(&files);
    let components = imports.components();
    assert_eq!(components.len(), 1);
    let names: Vec<_> = components[0].iter().map(|m| name(m)).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let cycle = imports.cycle(&vec!["e".to_owned()]).expect("a cycle");
    let cycle: Vec<_> = cycle.into_iter().map(name).collect();
    assert_eq!(cycle, ["e", "c", "d"], "Inner is defined in c, not in b");
}
