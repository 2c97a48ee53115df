//! The imports between the modules of a crate: no cycle among the modules of a folder, at any depth. A module's own
//! submodules count as part of it, so that a module and its parent may import each other. Tests are not counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};
use walkdir::WalkDir;

use crate::support::workspace;

/// The names from the crate's root to a module, or to an item.
type Names = Vec<String>;

/// A crate's modules and what they import.
#[derive(Default)]
struct Modules {
    all: BTreeSet<Names>,
    /// The names that a module has by `use`, each with what it stands for.
    aliases: BTreeMap<(Names, String), Names>,
    /// Every path that a module mentions.
    mentions: Vec<(Names, Names)>,
}

/// Reads one file.
struct Reader<'m> {
    modules: &'m mut Modules,
    module: Names,
}

impl Reader<'_> {
    /// The path from the crate's root; none of one that begins elsewhere.
    fn absolute(&self, path: &[String]) -> Option<Names> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        let mut base = match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => return Some([&self.module, &path[1..]].concat()),
            "super" => self.module.clone(),
            first if self.modules.all.contains(&[&self.module[..], &[first.to_owned()]].concat()) => {
                return Some([&self.module, path].concat());
            }
            _ => return None,
        };
        base.truncate(base.len().checked_sub(supers)?);
        base.extend(path[supers..].iter().cloned());
        Some(base)
    }

    fn mention(&mut self, path: &[String]) {
        if let Some(path) = self.absolute(path) {
            self.modules.mentions.push((self.module.clone(), path));
        }
    }

    fn import(&mut self, before: &[String], tree: &UseTree, is_visible: bool) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.import(&with(&path.ident), &path.tree, is_visible),
            UseTree::Group(group) => {
                return group.items.iter().for_each(|item| self.import(before, item, is_visible));
            }
            UseTree::Glob(_) => return self.mention(before),
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), before.last().cloned()),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) => (with(&rename.ident), Some(rename.rename.to_string())),
        };
        if let (Some(target), Some(name)) = (self.absolute(&path), name) {
            self.modules.aliases.insert((self.module.clone(), name), target);
        }
        // What a parent shows again of its modules is no import.
        if !is_visible {
            self.mention(&path);
        }
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    let is_test = |attribute: &Attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|argument| argument == "test")
    };
    attributes.iter().any(is_test)
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if item.content.is_some() {
            self.module.push(item.ident.to_string());
            self.modules.all.insert(self.module.clone());
            visit::visit_item_mod(self, item);
            self.module.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&[], &item.tree, !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Names = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if names.len() > 1 {
            self.mention(&names);
        }
        visit::visit_path(self, path);
    }
}

impl Modules {
    /// Those below a crate's `src`.
    fn read(source: &Path) -> Self {
        let mut files = Vec::new();
        for entry in WalkDir::new(source).into_iter().map(Result::unwrap) {
            let path = entry.path().strip_prefix(source).unwrap().with_extension("");
            let mut names: Names = path.iter().map(|name| name.to_string_lossy().into_owned()).collect();
            let is_root = names.len() == 1 && ["lib", "main"].contains(&names[0].as_str());
            if is_root || names.last().is_some_and(|name| name == "mod") {
                names.pop();
            }
            let is_source = entry.path().extension().is_some_and(|extension| extension == "rs");
            if is_source && names.last().is_none_or(|name| name != "tests") {
                files.push((names, std::fs::read_to_string(entry.path()).unwrap()));
            }
        }
        Self::of(&files)
    }

    /// Those of the modules' texts.
    fn of(files: &[(Names, String)]) -> Self {
        let mut modules = Self { all: files.iter().map(|(names, _)| names.clone()).collect(), ..Self::default() };
        for (names, text) in files {
            let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{names:?}: {error}"));
            if !is_test(&file.attrs) {
                Reader { modules: &mut modules, module: names.clone() }.visit_file(&file);
            }
        }
        modules
    }

    /// The module that a path leads into, through what modules show again.
    fn leads_into(&self, path: &[String]) -> Names {
        let mut module = Names::new();
        let mut rest = path.to_vec();
        // A chain of names that stand for others is short.
        for _ in 0..32 {
            let Some(next) = rest.first().cloned() else { break };
            let child = [&module[..], std::slice::from_ref(&next)].concat();
            if self.all.contains(&child) {
                (module, rest) = (child, rest[1..].to_vec());
            } else if let Some(target) = self.aliases.get(&(module.clone(), next)) {
                (module, rest) = (Names::new(), [target, &rest[1..]].concat());
            } else {
                break;
            }
        }
        module
    }

    /// Of each folder, its modules with those that each imports.
    fn graphs(&self) -> BTreeMap<Names, BTreeMap<String, BTreeSet<String>>> {
        let mut graphs: BTreeMap<Names, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
        for (from, path) in &self.mentions {
            let to = self.leads_into(path);
            let common = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
            if let (Some(importer), Some(imported)) = (from.get(common), to.get(common)) {
                let graph = graphs.entry(from[..common].to_vec()).or_default();
                graph.entry(importer.clone()).or_default().insert(imported.clone());
            }
        }
        graphs
    }

    /// A cycle of each folder that has one, as `folder: a → b → a`, with what each imports of the next.
    fn cycles(&self) -> Vec<(String, Vec<String>)> {
        let cycle = |(folder, graph): (Names, BTreeMap<String, BTreeSet<String>>)| {
            let cycle = graph.keys().find_map(|begin| back_to(begin, &graph))?;
            let imports = cycle.windows(2).flat_map(|pair| self.imports(&folder, &pair[0], &pair[1])).collect();
            Some((format!("{}: {}", folder.join("::"), cycle.join(" → ")), imports))
        };
        self.graphs().into_iter().filter_map(cycle).collect()
    }

    /// What a module of a folder imports of another one there.
    fn imports(&self, folder: &[String], importer: &str, imported: &str) -> BTreeSet<String> {
        let within = |names: &[String], name: &str| {
            names.strip_prefix(folder).is_some_and(|rest| rest.first().is_some_and(|first| first == name))
        };
        let mentions = self
            .mentions
            .iter()
            .filter(|(from, path)| within(from, importer) && within(&self.leads_into(path), imported));
        mentions.map(|(from, path)| format!("{} imports {}", from.join("::"), path.join("::"))).collect()
    }
}

/// The shortest way from a module back to it.
fn back_to(begin: &str, graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Names> {
    let mut ways = vec![vec![begin.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in graph.get(way.last()?).into_iter().flatten() {
                let longer_way = [&way[..], std::slice::from_ref(next)].concat();
                if next == begin {
                    return Some(longer_way);
                }
                if seen.insert(next.clone()) {
                    longer.push(longer_way);
                }
            }
        }
        ways = longer;
    }
    None
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    let mut found = Vec::new();
    let mut imports = 0;
    for entry in std::fs::read_dir(workspace().join("crates")).unwrap().map(Result::unwrap) {
        let modules = Modules::read(&entry.path().join("src"));
        imports += modules.graphs().values().flat_map(BTreeMap::values).map(BTreeSet::len).sum::<usize>();
        let name = entry.file_name().to_string_lossy().into_owned();
        let lines = |(cycle, imports): (String, Vec<String>)| format!("{name} {cycle}\n  {}", imports.join("\n  "));
        found.extend(modules.cycles().into_iter().map(lines));
    }
    assert!(imports > 500, "imports are read: {imports}");
    assert!(found.is_empty(), "{} cycles:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_cycle_is_found_through_what_is_shown_again_and_not_in_tests() {
    let files = |texts: &[(&str, &str)]| -> Vec<(Names, String)> {
        let names = |path: &str| path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        texts.iter().map(|(path, text)| (names(path), (*text).to_owned())).collect()
    };
    let cycles = |texts: &[(&str, &str)]| -> Vec<String> {
        Modules::of(&files(texts)).cycles().into_iter().map(|(cycle, _)| cycle).collect()
    };
    let root = ("", "mod a; mod b; pub use b::Thing;");
    let shown = [root, ("a", "use crate::Thing;"), ("b", "pub struct Thing; fn f() { crate::a::g() }")];
    assert_eq!(cycles(&shown), [": a → b → a"]);
    let tested = [root, ("a", "use crate::Thing;"), ("b", "#[cfg(test)] mod tests { use crate::a::g; }")];
    assert_eq!(cycles(&tested), [""; 0]);
    let below = [("a", ""), ("a::x", "use super::y::Y;"), ("a::y", "use crate::a::{x::X, z};"), ("a::z", "")];
    assert_eq!(cycles(&below), ["a: x → y → x"]);
    let parent = [("a", "mod x; use x::X;"), ("a::x", "use super::A;")];
    assert_eq!(cycles(&parent), [""; 0]);
}
