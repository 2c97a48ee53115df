//! Walking down a scenario's tree and its shape side by side.

use crate::keys;
use crate::node::Node;
use crate::shape::{Is, Shape};

/// What a place of the tree is by its shape.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// A table with known keys.
    Shape(&'static Shape),
    /// Tables by name.
    Named(&'static Shape),
    /// An array of tables.
    Items(&'static Is),
    /// A table with any keys, or no table.
    Free,
}

impl Form {
    /// What the value under `key` is.
    pub(crate) fn at(self, key: &str) -> Self {
        match self {
            Self::Shape(shape) => shape.key(key).map_or(Self::Free, |key| match &key.is {
                Is::Table(shape) | Is::Switch(shape) => Self::Shape(shape),
                Is::Named(shape) => Self::Named(shape),
                Is::Profiles => Self::Named(&keys::ROOT),
                is @ (Is::Many(..) | Is::Steps(_)) => Self::Items(is),
                _ => Self::Free,
            }),
            Self::Named(shape) => Self::Shape(shape),
            Self::Items(_) | Self::Free => Self::Free,
        }
    }

    /// What `item` of an array of tables is.
    pub(crate) fn of_item(self, item: &Node) -> Self {
        match self {
            Self::Items(Is::Many(shape, _)) => Self::Shape(shape),
            Self::Items(Is::Steps(shapes)) => item
                .table()
                .and_then(|table| shapes.iter().find(|shape| table.entry(shape.action().name).is_some()))
                .map_or(Self::Free, Self::Shape),
            _ => Self::Free,
        }
    }

    /// The array as scenarios write it, where its items may carry names of their own.
    pub(crate) fn array(self) -> Option<&'static str> {
        match self {
            Self::Items(Is::Steps(shapes)) => shapes.first().map(Shape::array),
            _ => None,
        }
    }

    /// The name that a step carries.
    pub(crate) fn name(self, item: &Node) -> Option<String> {
        let name = item.table().filter(|_| self.array().is_some())?.entry("name")?;
        name.node.text().map(str::to_owned)
    }

    /// By what `item` of an array of tables is known, as paths write it: `steady`, `write.database/roles/x`.
    pub(crate) fn identity(self, item: &Node) -> Option<String> {
        let table = item.table()?;
        match self {
            Self::Items(Is::Many(_, Some(key))) => Some(table.entry(key)?.node.text()?.to_owned()),
            Self::Items(Is::Steps(shapes)) => shapes.iter().find_map(|shape| {
                let action = shape.action().name;
                Some(format!("{action}.{}", table.entry(action)?.node.text()?.trim()))
            }),
            _ => None,
        }
    }
}
