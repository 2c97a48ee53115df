//! ACT-1 and ACT-2, and what an action excuses: nothing by default, and no more than it declares.

use insta::assert_snapshot;
use leaseproof_domain::{
    ActionEnd, ActionMark, Event, Failure, FailureSource, HarnessFault, Micros, Operation, Outcome, Privilege,
    PrivilegeSet, Ttl, Validity,
};
use leaseproof_scenario::{ActionPlan, Affected, SetupAction, SetupStep, Warnings};

use crate::story::{
    MS, ROLE, S, Story, direct, line, no_answer, oid, privileges, refused_with, schema, sequence, table, username,
};

/// An action without an effect, at line 90.
fn action(name: &str) -> ActionPlan {
    ActionPlan {
        step: SetupStep {
            name: Some(name.into()),
            action: SetupAction::Delete { path: "database/roles/other".into() },
            warnings: Warnings::Report,
            expect: None,
            origin: line(90),
            keys: Default::default(),
        },
        phase: "steady".into(),
        at: Ttl::from_secs(3),
        affects: Vec::new(),
        expect_errors: Vec::new(),
        until: None,
        recovers_within: Ttl::from_secs(1),
        dead_within: None,
        ends_leases_of: Vec::new(),
    }
}

pub(super) fn affecting(name: &str, affects: Affected) -> ActionPlan {
    ActionPlan { affects: vec![affects], expect_errors: vec!["500".into()], ..action(name) }
}

pub(super) fn ending(name: &str) -> ActionPlan {
    ActionPlan { ends_leases_of: vec![ROLE.into()], ..action(name) }
}

fn mark(story: &mut Story, action: u32, at: u64, end: Option<ActionEnd>) {
    story.add(at, Event::Action(ActionMark { action, at: Micros(at), words: "so".into(), end }));
}

fn done() -> ActionEnd {
    ActionEnd { outcome: Outcome::Ok, complaint: None, notes: vec![] }
}

fn rejected() -> ActionEnd {
    let outcome = refused_with(FailureSource::Vault, "400", "failed to revoke");
    ActionEnd { outcome, complaint: Some("was rejected: HTTP 400: failed to revoke".into()), notes: vec![] }
}

/// The good story with actions, each from a moment to another.
fn with(plans: Vec<ActionPlan>, times: &[(u64, u64)]) -> Story {
    let mut story = Story::good().asking_too("ACT-1").asking_too("ACT-2").asking_too("FLT-1");
    story.plan.actions = plans;
    for (number, (begun, ended)) in (1..).zip(times) {
        mark(&mut story, number, *begun, None);
        mark(&mut story, number, *ended, Some(done()));
    }
    story
}

/// Lifecycle 1's revocation, from 4 s to 4.05 s, is answered with that code.
fn revoke_answered(story: Story, code: &str) -> Story {
    let code = refused_with(FailureSource::Vault, code, "failed to revoke entry");
    story.op(1, Operation::Revoke, |record| record.outcome = code)
}

#[test]
fn act_1_an_action_has_to_end_as_the_scenario_expects() {
    with(vec![action("one")], &[(3 * S, 3_100 * MS)]).passes("ACT-1");
    let mut story = with(vec![action("one"), action("two")], &[(3 * S, 3_100 * MS)]);
    assert_eq!(
        story.unknown("ACT-1"),
        "action 2 (two: delete database/roles/other) did not begin before the load was over"
    );
    mark(&mut story, 2, 5 * S, None);
    assert_eq!(
        story.unknown("ACT-1"),
        "action 2 (two: delete database/roles/other) did not end before the load was over"
    );
    mark(&mut story, 2, 6 * S, Some(rejected()));
    let finding = story.fails("ACT-1").remove(0);
    assert_snapshot!(finding.what, @"action 2 (two: delete database/roles/other) was rejected: HTTP 400: failed to revoke");
    assert_eq!(
        (finding.at, finding.code.as_deref(), finding.promised),
        (Some(Micros(5 * S)), Some("400"), Some(line(90)))
    );
    assert_eq!(Story::good().asking_too("ACT-1").unknown("ACT-1"), "no action was taken");
}

#[test]
fn an_action_that_failed_for_reasons_of_the_harness_is_not_judged() {
    let mut story = with(vec![action("one"), action("two")], &[(3 * S, 3_100 * MS)]);
    mark(&mut story, 2, 5 * S, None);
    let why = "Too many open files (os error 24)".to_owned();
    let outcome = Outcome::Harness { fault: HarnessFault::FileDescriptors, why };
    let complaint = Some("had no answer: Too many open files (os error 24)".into());
    mark(&mut story, 2, 6 * S, Some(ActionEnd { outcome, complaint, notes: vec![] }));
    assert_snapshot!(story.unknown("ACT-1"), @"action 2 (two: delete database/roles/other) was not taken: leaseproof ran out of file descriptors (Too many open files (os error 24))");
    let Validity::Invalid { why } = story.judged().verdicts.validity else { panic!("the measurement is valid") };
    assert_snapshot!(why, @"leaseproof ran out of file descriptors at 6.000 s; 1 request failed because of that and is not judged (the first: Too many open files (os error 24)); raise the limit (ulimit -n) or lower `in_flight` and the rates, and run again");
}

#[test]
fn an_action_excuses_nothing_that_it_does_not_declare() {
    let times = &[(3_500 * MS, 3_600 * MS)];
    revoke_answered(with(vec![action("one")], times), "500").fails("REV-1");
    revoke_answered(with(vec![affecting("one", Affected::Revoke)], times), "500").passes("REV-1");
    // Another operation, another error.
    revoke_answered(with(vec![affecting("one", Affected::Issue)], times), "500").fails("REV-1");
    revoke_answered(with(vec![affecting("one", Affected::Revoke)], times), "403").fails("REV-1");
    // Its window ends a second after it did, and begins with it.
    let ended = |at| revoke_answered(with(vec![affecting("one", Affected::Revoke)], &[(2 * S, at)]), "500");
    ended(3 * S).passes("REV-1");
    ended(3 * S - 1).fails("REV-1");
    let begun = |at| revoke_answered(with(vec![affecting("one", Affected::Revoke)], &[(at, 5 * S)]), "500");
    begun(4_050 * MS - 1).passes("REV-1");
    begun(4_050 * MS).fails("REV-1");
}

#[test]
fn a_window_lasts_until_the_action_that_heals_it() {
    let broken = ActionPlan { until: Some("mend".into()), ..affecting("break", Affected::Revoke) };
    let mended = |times: &[(u64, u64)]| revoke_answered(with(vec![broken.clone(), action("mend")], times), "500");
    mended(&[(S, 1_100 * MS), (3 * S, 3_100 * MS)]).passes("REV-1");
    mended(&[(S, 1_100 * MS), (2 * S, 2_100 * MS)]).fails("REV-1");
    // It was never mended: whatever comes is excused, and FLT-1 does not pass.
    mended(&[(S, 1_100 * MS)]).passes("REV-1");
    let issuing = ActionPlan { until: Some("mend".into()), ..affecting("break", Affected::Issue) };
    let story = with(vec![issuing.clone(), action("mend")], &[(S, 1_100 * MS)]);
    assert_eq!(story.unknown("FLT-1"), "action 1 (break: delete database/roles/other) was not healed");
    // Lifecycle 2 is issued at 2.01 s.
    with(vec![issuing.clone(), action("mend")], &[(S, 1_100 * MS), (1_500 * MS, 1_600 * MS)]).passes("FLT-1");
    let late = with(vec![issuing, action("mend")], &[(S, 1_100 * MS), (2_500 * MS, 2_600 * MS)]);
    assert!(late.unknown("FLT-1").ends_with("the load had ended. Let the phase last longer, or heal it earlier"));
    let late = late.with(|story| _ = story.operation(9, Operation::Issue, 3 * S, 3_600 * MS, no_answer()));
    let late = late.fails("FLT-1");
    assert_snapshot!(late[0].what, @"action 1 (break: delete database/roles/other) was healed 1.600 s after its beginning; no credential that was requested after that was acknowledged; expected within 1s of the healing");
    assert_eq!(late[0].promised, Some(line(90)));
}

#[test]
fn the_figures_of_an_action_have_its_window_and_its_errors() {
    let story = revoke_answered(with(vec![affecting("one", Affected::Revoke)], &[(3 * S, 3_200 * MS)]), "500");
    let verdicts = story.judged().verdicts;
    let figures = &verdicts.actions[0];
    assert_eq!((figures.begun, figures.took, figures.expected), (Some(Micros(3 * S)), Some(200 * MS), true));
    let window = figures.window.as_ref().unwrap();
    assert_eq!((window.until, window.last_error), (Some(1_200 * MS), Some(S)));
    assert_eq!(window.errors, [(Operation::Revoke, "500".to_owned(), 1)]);
    assert_eq!((verdicts.faults.len(), verdicts.errors_outside.len()), (0, 0));
}

/// Lifecycle 2 is issued at 2 s, and its lease ends at 10.04 s. Its role goes at that moment instead.
fn gone_at(story: Story, at: u64) -> Story {
    let goes = |event: &Event| matches!(event, Event::Roles(observation) if observation.gone.contains(&oid(2)));
    story.without(goes).with(|story| {
        story.observation(at - MS, vec![], vec![]);
        story.observation(at, vec![], vec![2]);
    })
}

#[test]
fn act_2_credentials_that_an_action_ends_are_gone_in_time() {
    let ended = |plan: ActionPlan| with(vec![plan], &[(6 * S, 6_100 * MS)]);
    // By default a credential that goes before its lease's end is lost.
    gone_at(ended(action("one")), 6_300 * MS).fails("INV-2");
    let story = gone_at(ended(ending("one")), 6_300 * MS);
    ["INV-2", "INV-5", "INV-10", "EXP-1", "ACT-2"].into_iter().for_each(|check| story.passes(check));
    assert_eq!(story.judged().verdicts.actions[0].ends.as_ref().unwrap().credentials, 1);
    // It goes with its lease's end only: the promise allows 10 s, this action 2 s.
    ended(ending("one")).passes("ACT-2");
    let short = ended(ActionPlan { dead_within: Some(Ttl::from_secs(2)), ..ending("one") });
    let finding = short.fails("ACT-2").remove(0);
    assert_snapshot!(finding.what, @"v-token-le-app-role-000000000000000000u2-1700000002 still exists 3.900 s after action 1 (one: delete database/roles/other) ended it; it must be gone within 2s");
    assert_eq!((finding.username, finding.promised), (Some(username(2)), Some(line(90))));
    // One that the action failed to end is judged as any other.
    let mut failed = Story::good().asking_too("ACT-2");
    failed.plan.actions = vec![ending("one")];
    mark(&mut failed, 1, 6 * S, None);
    mark(&mut failed, 1, 6_100 * MS, Some(rejected()));
    assert_eq!(
        failed.unknown("ACT-2"),
        "no credential was live that an action ended: for more samples, raise `rate` or `for`"
    );
}

#[test]
fn act_2_a_login_after_the_end_is_rejected() {
    let login = |at: u64, outcome: Outcome| {
        let plan = ActionPlan { dead_within: Some(Ttl::from_secs(1)), ..ending("one") };
        gone_at(with(vec![plan], &[(6 * S, 6_100 * MS)]), 6_300 * MS).with(|story| {
            story.operation(2, Operation::Relogin, at, at + 10 * MS, outcome);
        })
    };
    login(7 * S, Outcome::Ok).passes("ACT-2");
    let refused = Outcome::Failed(Failure {
        source: FailureSource::Postgres,
        code: "28P01".into(),
        message: "password authentication failed".into(),
    });
    // It is no early refusal: the action ended the credential.
    let story = login(8 * S, refused);
    story.passes("ACT-2");
    story.passes("INV-5");
    let finding = login(8 * S, Outcome::Ok).fails("ACT-2").remove(0);
    assert_snapshot!(finding.what, @"a login of v-token-le-app-role-000000000000000000u2-1700000002 succeeded 1.900 s after action 1 (one: delete database/roles/other) ended it; it must be rejected 1s later");
}

#[test]
fn a_cause_names_the_actions_that_began_before_it() {
    let plans = vec![action("one"), action("two"), action("three")];
    let times = [(S, 1_100 * MS), (3 * S, 3_100 * MS), (5 * S, 5_100 * MS)];
    let causes = revoke_answered(with(plans, &times), "500").judged().verdicts.causes;
    let cause = causes.iter().find(|cause| cause.check.as_str() == "REV-1").unwrap();
    let before: Vec<(u32, Micros)> = cause.after.iter().map(|action| (action.action, action.at)).collect();
    assert_eq!(before, [(2, Micros(3 * S)), (1, Micros(S))]);
    assert_eq!(cause.after[0].what, "two: delete database/roles/other");
}

/// The objects after an action that made a sequence, of which every credential is promised USAGE.
fn sequence_made(story: &mut Story, at: u64) {
    let other = leaseproof_domain::Object { name: "later_id_seq".into(), ..sequence() };
    let objects = vec![table("domains"), sequence(), other, schema()];
    let (cluster, database) = ("target".into(), "powerdns".into());
    story.add(at, Event::Objects { at: Micros(at), cluster, database, objects });
}

#[test]
fn gra_1_holds_a_reading_against_the_objects_of_its_time() {
    let other = leaseproof_domain::Object { name: "later_id_seq".into(), ..sequence() };
    let grown = || {
        let mut set = privileges();
        set.held.insert(direct(Privilege::Usage, other.clone()));
        set
    };
    // Lifecycle 2 is read at 2.02 s and at 2.51 s.
    let story = |begun: u64, listed: u64, read: Option<PrivilegeSet>| {
        with(vec![action("one")], &[(begun, listed - MS)]).with(|story| {
            sequence_made(story, listed);
            if let Some(set) = read {
                story.add(400 * MS, Event::PrivilegeSet { id: 1, set });
                story.reading(2, 3 * S, 1);
            }
        })
    };
    // What was read before does not lack what was made later; what is read after it has to have it.
    story(2_600 * MS, 2_700 * MS, Some(grown())).passes("GRA-1");
    let lacking = story(2_600 * MS, 2_700 * MS, Some(privileges())).fails("GRA-1");
    assert_eq!(lacking[0].privilege.as_deref(), Some("USAGE ON SEQUENCE public.later_id_seq"));
    // A reading while the action is taken may show either.
    story(2_900 * MS, 3_100 * MS, Some(grown())).passes("GRA-1");
    story(2_900 * MS, 3_100 * MS, Some(privileges())).passes("GRA-1");
    // Before it, the sequence is not there to be held.
    story(4 * S, 4_100 * MS, Some(grown())).fails("GRA-1");
}
