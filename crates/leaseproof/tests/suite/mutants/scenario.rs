//! From a sound scenario and a change to a sabotaged one.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::support::workspace;

/// A sound scenario that mutants are made of.
pub(crate) struct Parent {
    pub(crate) name: &'static str,
    database: &'static str,
    role: &'static str,
    config: &'static str,
    statements: &'static str,
    lifecycle: &'static str,
}

pub(crate) static POWERDNS: Parent = Parent {
    name: "powerdns",
    database: "powerdns",
    role: "database/roles/powerdns-role",
    config: "database/config/powerdns-database",
    statements: "powerdns/powerdns-role.sql",
    lifecycle: "app",
};

pub(crate) static DELPHI: Parent = Parent {
    name: "delphi-group-role",
    database: "delphi",
    role: "database/roles/delphi-readonly",
    config: "database/config/delphi-postgresql",
    statements: "delphi-group-role/delphi-readonly.sql",
    lifecycle: "dashboard",
};

pub(crate) static WIZARD: Parent = Parent {
    name: "wizard-drop-role",
    database: "wizard",
    role: "database/roles/db-app",
    config: "database/config/wizard",
    statements: "wizard/db-app.sql",
    lifecycle: "app",
};

/// Its changes are to the second of two clusters.
pub(crate) static TWO_CLUSTERS: Parent = Parent {
    name: "two-clusters",
    database: "billing",
    role: "database/roles/billing-writer",
    config: "database/config/billing",
    statements: "two-clusters/billing-writer.sql",
    lifecycle: "writer",
};

/// What a mutant changes; an empty text changes nothing.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    /// A last step of the setup: SQL in the role's database.
    pub(crate) sql: &'static str,
    /// A part of the creation statements, and what stands there instead.
    pub(crate) swap: (&'static str, &'static str),
    /// More creation statements.
    pub(crate) append: &'static str,
    /// Keys of the role as Vault is reported them.
    pub(crate) role: &'static str,
    /// Keys of the connection as Vault is reported them.
    pub(crate) config: &'static str,
    /// Anything else of a scenario; root keys come first.
    pub(crate) toml: &'static str,
    /// Keys of `[promise]`.
    pub(crate) promise: &'static str,
    /// Keys of the lifecycle.
    pub(crate) lifecycle: &'static str,
    /// A file beside the scenario: its name and its text.
    pub(crate) file: (&'static str, &'static str),
}

pub(crate) const NONE: Change = Change {
    sql: "",
    swap: ("", ""),
    append: "",
    role: "",
    config: "",
    toml: "",
    promise: "",
    lifecycle: "",
    file: ("", ""),
};

impl Parent {
    /// Writes the scenario into a folder of its own below `desk`.
    pub(crate) fn write(&self, name: &str, change: &Change, desk: &Path) -> PathBuf {
        let folder = desk.join(name);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("scenario.toml"), self.scenario(name, change)).unwrap();
        let (beside, content) = change.file;
        if !beside.is_empty() {
            std::fs::write(folder.join(beside), content).unwrap();
        }
        folder
    }

    fn scenario(&self, name: &str, change: &Change) -> String {
        let base = workspace().join("scenarios").join(self.name);
        let mut text = format!("extends = \"{}\"\ntitle = \"{name}\"\n{}\n", base.display(), change.toml);
        if !change.sql.is_empty() {
            let _ = write!(text, "[[setup]]\nsql = '''\n{}'''\ndatabase = \"{}\"\n", change.sql, self.database);
        }
        if !change.config.is_empty() {
            let _ = write!(text, "[[setup]]\nwrite = \"{}\"\n[setup.data]\n{}\n", self.config, change.config);
        }
        let statements = self.statements(change);
        if !change.role.is_empty() || statements.is_some() {
            let _ = write!(text, "[[setup]]\nwrite = \"{}\"\n[setup.data]\n{}\n", self.role, change.role);
        }
        if let Some(statements) = statements {
            let _ = write!(text, "creation_statements = '''\n{statements}'''\n");
        }
        // A few lifecycles that are over soon.
        let _ = write!(
            text,
            "[promise]\ndead_within = \"4s\"\n{}[lifecycle.{}]\nlease = \"4s\"\n{}[[phase]]\nname = \"steady\"\nrate = \"4/s\"\nfor = \"2s\"\n",
            change.promise, self.lifecycle, change.lifecycle
        );
        text
    }

    fn statements(&self, change: &Change) -> Option<String> {
        let (from, to) = change.swap;
        if from.is_empty() && change.append.is_empty() {
            return None;
        }
        let sound = std::fs::read_to_string(workspace().join("scenarios").join(self.statements)).unwrap();
        assert!(sound.contains(from), "{}: `{from}` is not in\n{sound}", self.name);
        Some(format!("{}{}\n", sound.replace(from, if from.is_empty() { "" } else { to }), change.append))
    }
}
