//! What ACLs do not tell: ways past them, and row security.

use leaseproof_domain::{Escalation, EscalationKind, Object, ObjectKind, Privilege, RowSecurity, Why};
use leaseproof_scenario::{Escalations, PublicDefaults};

use super::role::comes_with_a_membership;
use super::{Deviation, Sides, table_of};

impl Sides<'_> {
    /// Ways to do more than the ACLs say that no promise explains.
    pub(super) fn escalations(&self, found: &mut Vec<Deviation>) {
        if self.promise.role.escalations == Escalations::Allowed {
            return;
        }
        self.attributes_of_groups(found);
        for escalation in self.set.escalations.iter().filter(|escalation| !self.explained(escalation)) {
            let place = self.place(comes_with_a_membership(escalation.kind));
            let what = format!("can bypass the ACLs{place}: {}, which is not promised", escalation.what);
            found.push(Deviation::extra(name(escalation), what, self.origin));
        }
    }

    /// Attributes of a promised group that it may use by SET ROLE and that nobody promised.
    fn attributes_of_groups(&self, found: &mut Vec<Deviation>) {
        if self.promise.role.attributes.superuser {
            return;
        }
        let of_role = |group: &str| self.promise.role.member_of.iter().find(|member| member.value.role == *group);
        for escalation in self.set.escalations.iter().filter(|escalation| escalation.kind == EscalationKind::SetRole) {
            let Some((group, promised)) = escalation.role.as_ref().and_then(|group| Some((group, of_role(group)?)))
            else {
                continue;
            };
            let more = escalation.attributes.iter().filter(|name| !promised.value.attributes.contains(name));
            let more: Vec<&str> = more.map(String::as_str).collect();
            if !more.is_empty() {
                let what = format!("can use {} by SET ROLE {group}, which is not promised", more.join(", "));
                found.push(Deviation::extra(format!("attributes of {group}"), what, &promised.origin));
            }
        }
    }

    /// Whether somebody who promised what is promised must have known, or it is reported with a membership.
    fn explained(&self, escalation: &Escalation) -> bool {
        let role = self.promise.role;
        if comes_with_a_membership(escalation.kind) {
            let member = |group: &String| self.set.memberships.iter().any(|membership| membership.group == *group);
            return escalation.role.as_ref().is_some_and(|group| role.promises_membership(group) || member(group));
        }
        let Some(object) = escalation.object.as_ref() else { return false };
        let by_name = |privilege| self.promise.expected(privilege, object).is_some_and(|expected| expected.by_name);
        let bypasses = role.attributes.bypassrls || role.attributes.superuser;
        let of_owner = matches!(escalation.kind, EscalationKind::SecurityDefiner | EscalationKind::OwnerView);
        let given = |why: &Why| *why == Why::PublicDefault && role.public == PublicDefaults::Allowed;
        // PUBLIC has no privilege on a view by default: it came with the cluster or an extension, and the view is theirs. A
        // function of anybody's has EXECUTE for PUBLIC.
        let comes_with_it = escalation.kind == EscalationKind::OwnerView && self.is_held_only(object, given);
        let of_predefined = of_owner && self.is_held_only(object, |why| matches!(why, Why::Predefined(_)));
        if escalation.kind == EscalationKind::RowSecurity && bypasses || comes_with_it || of_predefined {
            return true;
        }
        self.own()
            && match escalation.kind {
                EscalationKind::SecurityDefiner => by_name(Privilege::Execute),
                EscalationKind::UserMapping => by_name(Privilege::Usage),
                EscalationKind::OwnerView => self.promise.speaks_of(object),
                EscalationKind::RowSecurity => self.promise.owns(object),
                EscalationKind::SetRole | EscalationKind::PredefinedRole => false,
            }
    }

    /// Whether all that it holds on the function or view is held for such a reason. What comes with predefined roles is
    /// judged with their membership.
    fn is_held_only(&self, object: &Object, reason: impl Fn(&Why) -> bool) -> bool {
        let on_it = |held: &Object| held == object || table_of(held).as_ref() == Some(object);
        let mut reasons = self.set.held.iter().filter(|held| on_it(&held.grant.object)).peekable();
        reasons.peek().is_some() && reasons.all(|held| reason(&held.why))
    }

    /// A table that is promised to be read and shows no row. That row security binds is no deviation by itself.
    pub(super) fn row_security(&self, found: &mut Vec<Deviation>) {
        if !self.own() {
            return;
        }
        for guarded in self.set.row_security.iter().filter(|guarded| !shows_rows(guarded)) {
            let table = &guarded.table;
            // A column's own SELECT is promised under its own name.
            let promised = self.promise.held.iter().find(|((privilege, object), _)| {
                let on_it = matches!(object.kind, ObjectKind::Table | ObjectKind::Column)
                    && (&object.schema, &object.name) == (&table.schema, &table.name);
                *privilege == Privilege::Select && on_it
            });
            if let Some((_, expected)) = promised {
                let what = format!(
                    "cannot see any row of {table}, on which SELECT is promised: row security is enabled, and no policy permits reading"
                );
                let missing = Deviation::missing(format!("SELECT ON {table}"), what, expected.origin);
                found.push(missing.of_statements(false));
            }
        }
    }
}

/// Without a permissive policy for reading, no row is seen (get_row_security_policies in rowsecurity.c).
fn shows_rows(guarded: &RowSecurity) -> bool {
    guarded.policies.iter().any(|policy| {
        let reads = policy.contains(" FOR ALL TO ") || policy.contains(" FOR SELECT TO ");
        reads && !policy.contains(" AS RESTRICTIVE FOR ")
    })
}

fn name(escalation: &Escalation) -> String {
    let way = match escalation.kind {
        EscalationKind::SecurityDefiner => "SECURITY DEFINER",
        EscalationKind::OwnerView => "view with its owner's privileges",
        EscalationKind::UserMapping => "user mapping",
        EscalationKind::SetRole => "SET ROLE",
        EscalationKind::PredefinedRole => "predefined role",
        EscalationKind::RowSecurity => "row security that does not apply",
    };
    match (&escalation.object, &escalation.role) {
        (Some(object), _) => format!("{way}: {object}"),
        (None, Some(role)) => format!("{way}: {role}"),
        (None, None) => way.to_owned(),
    }
}
