//! How many grants a second are compared with what is promised: two thousand tables, all as promised, and one in ten not.

use std::collections::BTreeSet;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use leaseproof_checker::privilege_diff;
use leaseproof_domain::{Grant, GrantedTo, Object, Origin, Privilege, PrivilegeSet, Why};
use leaseproof_scenario::{GrantFragment, Promised};
use leaseproof_testkit::story;

const TABLES: usize = 2_000;
const PRIVILEGES: [Privilege; 4] = [Privilege::Select, Privilege::Insert, Privilege::Update, Privilege::Delete];

fn grants() -> Vec<Grant> {
    let tables = (0..TABLES).map(|number| story::table(&format!("table_{number}")));
    let each =
        |object: Object| PRIVILEGES.map(|privilege| Grant { privilege, object: object.clone(), grantable: false });
    tables.flat_map(each).collect()
}

fn comparing(criterion: &mut Criterion) {
    let grants = grants();
    let origin = Origin { file: "scenario.toml".into(), line: 1, column: 1 };
    let fragment = GrantFragment {
        text: "bench".into(),
        origin: origin.clone(),
        grants: grants.clone(),
        whole_schemas: Vec::new(),
        future: Vec::new(),
    };
    let mut promise = story::plan().roles.remove(0);
    promise.grants = Some(Promised { value: vec![fragment], origin });
    let objects: BTreeSet<Object> = grants.iter().map(|grant| grant.object.clone()).collect();
    let held = |kept: &dyn Fn(usize) -> bool| {
        let direct = |grant: &Grant| GrantedTo { grant: grant.clone(), why: Why::Direct };
        let kept = grants.iter().enumerate().filter(|(number, _)| kept(*number));
        PrivilegeSet { held: kept.map(|(_, grant)| direct(grant)).collect(), ..story::privileges() }
    };
    let mut group = criterion.benchmark_group("privilege diff");
    group.throughput(Throughput::Elements(grants.len() as u64));
    for (name, set) in [("as promised", held(&|_| true)), ("one in ten missing", held(&|number| number % 10 != 0))] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| privilege_diff(black_box(&promise), &objects, black_box(&set)).len());
        });
    }
    group.finish();
}

criterion_group!(benches, comparing);
criterion_main!(benches);
