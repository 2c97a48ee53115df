//! Holds a scenario's tree against its shape: unknown keys, missing keys, wrong types, texts that are not what they
//! should be. What passes here can be read without another word.

mod scalar;

use self::scalar::{datum, expect, fit_scalar};
use crate::keys;
use crate::near::listed;
use crate::node::{Entry, Node, Table, Value};
use crate::place::Place;
use crate::problem::{Noted, Problem};
use crate::shape::{Is, Key, Shape};

/// Whether a table has to be whole.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// All layers are in it.
    Yes,
    /// It is one layer, to be laid over another.
    Layer,
    /// Not all of it could be read.
    Unread,
}

/// Notes everything in `table` that `shape` does not allow.
pub(crate) fn fit(table: &Table, place: &Place, shape: &'static Shape, whole: Whole, noted: &Noted) {
    let mut meant = Vec::new();
    for entry in &table.entries {
        match shape.key(&entry.key) {
            Some(key) => fit_key(entry, key, whole, noted),
            None => {
                let near = noted.nearest(&entry.key, shape.keys.iter().map(|key| key.name));
                meant.extend(near);
                noted.add(unknown_key(entry, shape, near));
            }
        }
    }
    if whole == Whole::Yes {
        // A key that is there with a slip in its name is reported once.
        let missing = |key: &&Key| key.needed && table.entry(key.name).is_none() && !meant.contains(&key.name);
        for key in shape.keys.iter().filter(missing) {
            let lacks = format!("{} lacks `{}`", shape.name, key.name);
            noted.add(Problem::at(place, lacks).label("it belongs here").help(key.says));
        }
    }
}

fn unknown_key(entry: &Entry, shape: &Shape, near: Option<&str>) -> Problem {
    let problem = Problem::at(&entry.at, format!("{} has no key `{}`", shape.name, entry.key));
    match near {
        Some(name) => problem.nearest(Some(name)),
        None => {
            let names = shape.keys.iter().map(|key| key.name);
            problem.label("unknown").help(format!("its keys are {}", listed(names)))
        }
    }
}

fn fit_key(entry: &Entry, key: &Key, whole: Whole, noted: &Noted) {
    if let Some(what) = key.later {
        // An array of tables says it once for each.
        match (&key.is, entry.node.list()) {
            (Is::Many(..), Some(items)) => {
                items.iter().for_each(|item| noted.add(Problem::not_built(&item.place, what)));
            }
            _ => noted.add(Problem::not_built(&entry.at, what)),
        }
    }
    if key.needed && matches!(key.is, Is::Text) && entry.node.text().is_some_and(|text| text.trim().is_empty()) {
        let empty = format!("`{}` cannot be empty", key.name);
        return noted.add(Problem::at(&entry.node.place, empty).label("here").help(key.says));
    }
    fit_value(&entry.node, &key.is, whole, noted);
}

fn fit_value(node: &Node, is: &Is, whole: Whole, noted: &Noted) {
    match is {
        Is::Datum => datum(node, noted),
        Is::Texts(is) => each(node, "a list of texts", noted, |item| fit_value(item, is, whole, noted)),
        Is::Map(is) => with_table(node, noted, |table| {
            table.entries.iter().for_each(|entry| fit_value(&entry.node, is, whole, noted));
        }),
        Is::TextOr(shape) => {
            if node.text().is_none() {
                expect(node, "a text or a table", node.table().is_some(), noted);
                node.table().into_iter().for_each(|table| fit(table, &node.place, shape, whole, noted));
            }
        }
        Is::Table(shape) => with_table(node, noted, |table| fit(table, &node.place, shape, whole, noted)),
        Is::Switch(shape) => match (&node.value, node.table()) {
            (Value::Flag(_), _) => {}
            (_, Some(table)) => fit(table, &node.place, shape, whole, noted),
            _ => expect(node, "true, false or a table", false, noted),
        },
        Is::Named(shape) => with_table(node, noted, |tables| {
            for entry in &tables.entries {
                with_table(&entry.node, noted, |table| fit(table, &entry.node.place, shape, whole, noted));
            }
        }),
        Is::Many(shape, identity) => each(node, "an array of tables (`[[…]]`)", noted, |item| {
            with_table(item, noted, |table| {
                fit(table, &item.place, shape, whole, noted);
                if let Some(key) = identity.filter(|key| whole == Whole::Layer && table.entry(key).is_none()) {
                    noted.add(
                        Problem::at(&item.place, format!("{} lacks `{key}`", shape.name)).label("it belongs here"),
                    );
                }
            });
        }),
        Is::Steps(shapes) => each(node, &format!("an array of tables (`{}`)", array(shapes)), noted, |item| {
            with_table(item, noted, |table| step(table, &item.place, shapes, whole, noted));
        }),
        Is::Profiles => with_table(node, noted, |profiles| {
            for entry in &profiles.entries {
                with_table(&entry.node, noted, |table| fit_layer(table, &entry.node.place, noted));
            }
        }),
        is => fit_scalar(node, is, noted),
    }
}

/// Checks a profile by itself: what it says has to be right even where nobody asks for it.
fn fit_layer(table: &Table, place: &Place, noted: &Noted) {
    for key in ["extends", "profile"] {
        if let Some(entry) = table.entry(key) {
            noted.add(
                Problem::at(&entry.at, format!("a profile cannot have `{key}`")).label("only the file itself can"),
            );
        }
    }
    fit(table, place, &keys::ROOT, Whole::Layer, noted);
}

/// How people call the array that tables of these shapes belong to.
fn array(shapes: &[Shape]) -> &'static str {
    shapes.first().map_or("", Shape::array)
}

fn step(table: &Table, place: &Place, shapes: &'static [Shape], whole: Whole, noted: &Noted) {
    let said: Vec<(&Entry, &'static Shape)> =
        shapes.iter().filter_map(|shape| Some((table.entry(shape.action().name)?, shape))).collect();
    match said.as_slice() {
        [(_, shape)] => fit(table, place, shape, whole, noted),
        // A part of the step or action of that name; with it, the rest is held against its shape.
        [] if whole == Whole::Layer && table.entry("name").is_some() => part(table, shapes, noted),
        [] => {
            let actions = listed(shapes.iter().map(|shape| shape.action().name));
            let slip = table.entries.iter().find_map(|entry| {
                let name = noted.nearest(&entry.key, shapes.iter().map(|shape| shape.action().name))?;
                Some((entry, name))
            });
            match slip {
                Some((entry, name)) => {
                    noted.add(
                        Problem::at(&entry.at, format!("{} has no key `{}`", array(shapes), entry.key))
                            .nearest(Some(name)),
                    );
                }
                None => noted.add(
                    Problem::at(place, format!("this {} does nothing", array(shapes)))
                        .label("what it does belongs here")
                        .help(format!("it has one of {actions}")),
                ),
            }
        }
        [(first, _), rest @ ..] => {
            for (entry, _) in rest {
                let both = format!("one {} does both `{}` and `{}`", array(shapes), first.key, entry.key);
                noted.add(Problem::at(&entry.at, both).label(format!("make it a separate {}", array(shapes))));
            }
        }
    }
}

/// Notes what no step or action has.
fn part(table: &Table, shapes: &'static [Shape], noted: &Noted) {
    for entry in &table.entries {
        match shapes.iter().find_map(|shape| shape.key(&entry.key)) {
            Some(key) => fit_key(entry, key, Whole::Layer, noted),
            None => {
                let keys = shapes.iter().flat_map(|shape| shape.keys.iter()).map(|key| key.name);
                let what = format!("{} has no key `{}`", array(shapes), entry.key);
                noted.add(Problem::at(&entry.at, what).nearest(noted.nearest(&entry.key, keys)));
            }
        }
    }
}

fn each(node: &Node, what: &str, noted: &Noted, visit: impl FnMut(&Node)) {
    match node.list() {
        Some(items) => items.iter().for_each(visit),
        None => expect(node, what, false, noted),
    }
}

fn with_table(node: &Node, noted: &Noted, visit: impl FnOnce(&Table)) {
    match node.table() {
        Some(table) => visit(table),
        None => expect(node, "a table", false, noted),
    }
}
