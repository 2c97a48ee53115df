use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Edge, Facts};

/// Roles by OID, each with the shortest way to it: the groups on the way, itself last. Of ways of one length the
/// alphabetically first. The role that the ways begin at has an empty one.
pub(super) type Ways<'f> = BTreeMap<u32, Vec<&'f str>>;

/// The roles that one role is a member of, by what the membership lets it do.
pub(super) struct Reach<'f> {
    /// By any membership.
    pub(super) member: Ways<'f>,
    /// Whose privileges it has without asking.
    pub(super) inherits: Ways<'f>,
    /// To whom it may SET ROLE.
    pub(super) sets: Ways<'f>,
    /// Whose membership it may hand on.
    pub(super) admin: BTreeSet<u32>,
    /// Of which it is a member itself.
    pub(super) direct: BTreeSet<u32>,
}

impl<'f> Reach<'f> {
    pub(super) fn of(role: u32, facts: &'f Facts) -> Self {
        let member = ways(role, facts, |edge| !edge.implicit);
        let edges = |oid: &u32| facts.edges.get(oid).into_iter().flatten().filter(|edge| !edge.implicit);
        let admin = member.keys().flat_map(edges).filter(|edge| edge.admin).map(|edge| edge.group).collect();
        let direct = edges(&role).map(|edge| edge.group).collect();
        Self {
            member,
            inherits: ways(role, facts, |edge| edge.inherits),
            sets: ways(role, facts, |edge| edge.sets),
            admin,
            direct,
        }
    }

    /// The way by which it has the privileges of a role, in owned words.
    pub(super) fn path(&self, oid: u32) -> Vec<String> {
        let way = self.inherits.get(&oid).or_else(|| self.sets.get(&oid)).or_else(|| self.member.get(&oid));
        way.into_iter().flatten().map(|name| (*name).to_owned()).collect()
    }
}

/// Breadth first: whatever is met in a round is one group further away than what the round before met.
fn ways<'f>(role: u32, facts: &'f Facts, follow: impl Fn(&Edge) -> bool) -> Ways<'f> {
    let mut found = Ways::from([(role, Vec::new())]);
    let mut round = found.clone();
    while !round.is_empty() {
        let mut next = Ways::new();
        for (member, way) in &round {
            for edge in facts.edges.get(member).into_iter().flatten().filter(|edge| follow(edge)) {
                if found.contains_key(&edge.group) {
                    continue;
                }
                let Some(group) = facts.roles.get(&edge.group) else { continue };
                let mut way = way.clone();
                way.push(&group.name);
                let known = next.entry(edge.group).or_insert_with(|| way.clone());
                *known = std::mem::take(known).min(way);
            }
        }
        found.extend(next.iter().map(|(oid, way)| (*oid, way.clone())));
        round = next;
    }
    found
}
