//! The plan as it is kept with a run: whole, but for its secrets.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::{AhoCorasick, MatchKind};
use leaseproof_domain::{Secret, is_common_word};

use crate::plan::{Plan, Setting, SettingValue, SetupAction, SetupStep};
use crate::secrets;

/// What stands in a text instead of a secret.
const MASK: &str = "***";
/// Shorter secrets are taken out where they stand, and not looked for elsewhere: they would match by chance.
const SHORTEST: usize = 6;

/// How often a text is searched anew after something was masked in it.
const ROUNDS: usize = 4;

/// Vault's place for a password that it will make; it is none, even where some account's password is that very word.
const TEMPLATE: &str = "{{password}}";

/// A text that is no plan of this version.
#[derive(Debug, thiserror::Error)]
#[error("this is no plan that this version of leaseproof reads: {0}")]
pub struct NoPlan(#[from] serde_json::Error);

impl Plan {
    /// Every secret of the scenario: passwords by their key, password literals in SQL and scripts, passwords in URLs
    /// and connection strings.
    pub fn secrets(&self) -> Vec<Secret> {
        let mut found = Vec::new();
        let mut copy = self.clone();
        each_text(&mut copy, &mut |text| {
            found.extend(secrets::values(text).into_iter().map(Secret::new));
        });
        each_setting(&mut copy, &mut |setting| {
            if let Setting::Secret(secret) = setting {
                found.push(secret.clone());
            }
        });
        each_named(&mut copy, secrets::is_secret_key, &mut |text| found.push(Secret::new(text.as_str())));
        found.sort_by(|one, other| one.expose().cmp(other.expose()));
        found.dedup();
        found
    }

    /// The plan without its secrets: each is `***`, and so is the text of each script, which may hold anything. Names and
    /// paths stay as they are, even where one is a password too.
    #[must_use]
    pub fn redacted(&self) -> Self {
        let mut known = self.secrets();
        known.retain(is_distinctive);
        let search = search_for(&known);
        let mut plan = self.clone();
        each_text(&mut plan, &mut |text| {
            mask(text);
            // The domain's redactor would take a template's '{{password}}' for a password; here it has to stay.
            if let Some(search) = &search {
                *text = text.split(TEMPLATE).map(|part| hidden(search, part)).collect::<Vec<_>>().join(TEMPLATE);
            }
        });
        each_setting(&mut plan, &mut |setting| {
            if let Setting::Secret(_) = setting {
                *setting = Setting::Secret(Secret::new(MASK));
            }
        });
        each_named(&mut plan, secrets::looks_secret, &mut |text| MASK.clone_into(text));
        for step in plan.steps_mut() {
            match &mut step.action {
                SetupAction::Script { text, .. } => MASK.clone_into(text),
                SetupAction::Write { data, .. } => data.iter_mut().for_each(|(key, value)| mask_slip(key, value)),
                _ => {}
            }
        }
        plan
    }

    /// Hides the scenario's secrets in the words that people wrote about it: its title, the names of steps, the words of
    /// promises, the reasons of known issues. Names of accounts and databases stay, even where one is a password too.
    pub(crate) fn hide_in_words(&mut self) {
        let mut known = self.secrets();
        let names = self.names();
        known.retain(|secret| is_distinctive(secret) && !names.contains(secret.expose()));
        let search = search_for(&known);
        let actions = self.actions.iter_mut().flat_map(|action| [action.step.name.as_mut(), action.until.as_mut()]);
        let steps = self.setup.iter_mut().filter_map(|step| step.name.as_mut()).chain(actions.flatten());
        let reasons = self.known_issues.iter_mut().map(|known| &mut known.because);
        let promises = self.roles.iter_mut().filter_map(|role| role.says.as_mut());
        for words in steps.chain(reasons).chain(promises).chain([&mut self.title]) {
            secrets::spans(words).into_iter().rev().for_each(|span| words.replace_range(span, MASK));
            if let Some(search) = &search {
                *words = hidden(search, words);
            }
        }
    }

    /// Names that stand in the plan by themselves.
    fn names(&self) -> BTreeSet<String> {
        let accounts = self.postgres.values().map(|cluster| cluster.superuser.clone());
        let roles = self.roles.iter().flat_map(|role| [role.name.clone(), role.database.clone(), role.mount.clone()]);
        let users = self.steps().filter_map(|step| match &step.action {
            SetupAction::Sql { user, .. } => user.clone(),
            _ => None,
        });
        let own = [self.name.clone()];
        self.vault_accounts().into_iter().chain(accounts).chain(roles).chain(users).chain(own).collect()
    }

    /// The redacted plan as JSON.
    pub fn to_json(&self) -> String {
        let mut text = serde_json::to_string_pretty(&self.redacted()).expect("a plan has text keys and finite numbers");
        text.push('\n');
        text
    }

    /// Reads what [`Plan::to_json`] wrote.
    ///
    /// # Errors
    /// Where the text is no plan, or one of a version that says it otherwise.
    pub fn from_json(text: &str) -> Result<Self, NoPlan> {
        Ok(serde_json::from_str(text)?)
    }
}

impl SetupStep {
    /// What a server or the script says of the step, without what may be a secret in the step's own text: servers repeat
    /// literals and rows, and a script may print anything.
    #[must_use]
    pub fn scrub(&self, words: &str) -> String {
        let says = self.expect.as_ref().and_then(|expect| expect.says.as_deref());
        let words = &says.map_or_else(|| words.to_owned(), |says| secrets::of_text(says).scrub(words));
        match &self.action {
            SetupAction::Sql { text, .. } | SetupAction::Script { text, .. } => secrets::of_text(text).scrub(words),
            SetupAction::Policy { rules, .. } => secrets::of_text(rules).scrub(words),
            SetupAction::Write { data, .. } => secrets::of_text(&plain(data)).scrub(words),
            SetupAction::Enable { .. }
            | SetupAction::Disable { .. }
            | SetupAction::Delete { .. }
            | SetupAction::RevokePrefix { .. } => words.to_owned(),
        }
    }
}

/// The texts of a write that are no secrets as a whole, a line each.
fn plain(data: &BTreeMap<String, SettingValue>) -> String {
    let texts = data.values().flat_map(SettingValue::settings).filter_map(|setting| match setting {
        Setting::Text(text) => Some(text.as_str()),
        Setting::Secret(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// Whether a secret is looked for where other text stands: one that is short or a common word is found there by chance.
fn is_distinctive(secret: &Secret) -> bool {
    secret.expose().len() >= SHORTEST && !is_common_word(secret.expose())
}

/// One search for all of them: a scenario may have thousands, and as many texts.
fn search_for(known: &[Secret]) -> Option<AhoCorasick> {
    let mut search = AhoCorasick::builder();
    search.match_kind(MatchKind::LeftmostLongest);
    search.build(known.iter().map(Secret::expose)).ok().filter(|_| !known.is_empty())
}

/// A text without what is searched for.
fn hidden(search: &AhoCorasick, text: &str) -> String {
    let mut hidden = String::with_capacity(text.len());
    search.replace_all_with(text, &mut hidden, |_, _, hidden| {
        hidden.push_str(MASK);
        true
    });
    hidden
}

/// Masks what a text shows of secrets. What is left may look like a secret only then: once more.
fn mask(text: &mut String) {
    for _ in 0..ROUNDS {
        let spans = secrets::doubtful_spans(text);
        if spans.is_empty() {
            break;
        }
        spans.into_iter().rev().for_each(|span| text.replace_range(span, MASK));
    }
}

/// Masks what stands under a key that only looks like one of a secret: it may be one with a slip.
fn mask_slip(key: &str, value: &mut SettingValue) {
    let mask = || Setting::Secret(Secret::new(MASK));
    match value {
        SettingValue::Bool(_) => {}
        _ if !secrets::looks_secret(key) => {}
        SettingValue::List(settings) => settings.iter_mut().for_each(|setting| *setting = mask()),
        SettingValue::Number(_) | SettingValue::Text(_) => *value = SettingValue::Text(mask()),
    }
}

/// Visits every plain text under a name of a secret: settings of PostgreSQL, the environment of a live server's agent.
fn each_named(plan: &mut Plan, is_secret: fn(&str) -> bool, visit: &mut impl FnMut(&mut String)) {
    let settings = plan.postgres.values_mut().flat_map(|cluster| &mut cluster.settings);
    let env = plan.pdns.iter_mut().flat_map(|pdns| &mut pdns.env);
    settings.chain(env).filter(|(name, _)| is_secret(name)).for_each(|(_, text)| visit(text));
}

/// Visits every text of the plan that people write freely: statements, scripts, rules, data.
fn each_text(plan: &mut Plan, visit: &mut impl FnMut(&mut String)) {
    plan.vault.postgresql.iter_mut().for_each(|stanza| visit(&mut stanza.connection_url));
    for cluster in plan.postgres.values_mut() {
        cluster.hba.iter_mut().for_each(&mut *visit);
        cluster.settings.values_mut().for_each(&mut *visit);
    }
    for step in plan.steps_mut() {
        step.expect.iter_mut().filter_map(|expect| expect.says.as_mut()).for_each(&mut *visit);
        match &mut step.action {
            SetupAction::Sql { text, .. } | SetupAction::Script { text, .. } => visit(text),
            SetupAction::Policy { rules, .. } => visit(rules),
            // The texts of a write are settings.
            SetupAction::Write { .. }
            | SetupAction::Enable { .. }
            | SetupAction::Disable { .. }
            | SetupAction::Delete { .. }
            | SetupAction::RevokePrefix { .. } => {}
        }
    }
    each_setting(plan, &mut |setting| {
        if let Setting::Text(text) = setting {
            visit(text);
        }
    });
    plan.lifecycles.iter_mut().for_each(|lifecycle| visit(&mut lifecycle.query));
    if let Some(pdns) = &mut plan.pdns {
        visit(&mut pdns.template);
        pdns.env.values_mut().for_each(&mut *visit);
    }
}

fn each_setting(plan: &mut Plan, visit: &mut impl FnMut(&mut Setting)) {
    plan.postgres.values_mut().for_each(|cluster| visit(&mut cluster.password));
    for step in plan.steps_mut() {
        match &mut step.action {
            SetupAction::Sql { password: Some(password), .. } => visit(password),
            SetupAction::Write { data, .. } => data.values_mut().for_each(|value| match value {
                SettingValue::Text(setting) => visit(setting),
                SettingValue::List(settings) => settings.iter_mut().for_each(&mut *visit),
                SettingValue::Bool(_) | SettingValue::Number(_) => {}
            }),
            _ => {}
        }
    }
}
