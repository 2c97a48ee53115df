//! The checks, one file each.

mod acc_1;
mod aud_1;
mod audit_pairs;
mod avl_1;
mod cap;
mod dns_1;
mod dns_2;
mod dns_3;
mod dns_4;
mod exp_1;
mod fate;
mod first_logins;
mod flt_1;
mod flt_2;
mod gra_1;
mod inv_1;
mod inv_10;
mod inv_11;
mod inv_2;
mod inv_3;
mod inv_4;
mod inv_5;
mod inv_6a;
mod inv_6b;
mod inv_7;
mod inv_8;
mod inv_9;
mod iss_1;
mod iss_2;
mod iss_4;
mod log_1;
mod pol_1;
mod prb_1;
mod prb_2;
mod pwd_1;
mod pwd_2;
mod rev_1;
mod run_2;
mod run_7;
mod sat_1;
mod shown;
mod thr_1;
mod tls_1;
mod tried;
mod ttl_2;
mod ttl_7;

use leaseproof_domain::Subject;
use leaseproof_scenario::{Ask, Plan};

use crate::check::Check;
use crate::fold::Run;
use crate::sheet::Sheet;

pub(crate) use exp_1::expiry_lag;
pub(crate) use inv_10::Totaller;

/// The check that an ask names. KNO-1, which judges the others' verdicts, is not among them.
pub(crate) fn check(ask: &Ask, plan: &Plan) -> Box<dyn Check> {
    match ask.check.as_str() {
        "SAT-1" => Box::new(sat_1::Sat1),
        "AVL-1" => Box::new(avl_1::Avl1::default()),
        "ISS-1" => Box::new(iss_1::Iss1),
        "ISS-2" => Box::new(iss_2::Iss2::default()),
        "ISS-4" => Box::new(iss_4::Iss4::default()),
        "LOG-1" => Box::new(log_1::Log1::default()),
        "GRA-1" => Box::new(gra_1::Gra1::default()),
        "PRB-1" => Box::new(prb_1::Prb1::default()),
        "PWD-2" => Box::new(pwd_2::Pwd2::new(role_of(ask))),
        "PRB-2" => Box::new(prb_2::Prb2::default()),
        "TTL-2" => Box::new(ttl_2::Ttl2::default()),
        "TTL-7" => Box::new(ttl_7::Ttl7::default()),
        "REV-1" => Box::new(rev_1::Rev1),
        "EXP-1" => Box::new(exp_1::Exp1::default()),
        "POL-1" => Box::new(pol_1::Pol1::new(role_of(ask))),
        "AUD-1" => Box::new(aud_1::Aud1::new(role_of(ask))),
        "PWD-1" => Box::new(pwd_1::Pwd1::default()),
        "TLS-1" => Box::new(tls_1::Tls1::default()),
        "ACC-1" => Box::new(acc_1::Acc1::new(ask, plan)),
        "RUN-2" => Box::new(run_2::Run2::default()),
        "RUN-7" => Box::new(run_7::Run7),
        "INV-1" => Box::new(inv_1::Inv1::default()),
        "INV-2" => Box::new(inv_2::Inv2),
        "INV-3" => Box::new(inv_3::Inv3::default()),
        "INV-4" => Box::new(inv_4::Inv4::default()),
        "INV-5" => Box::<inv_5::Inv5>::default(),
        "INV-6a" => Box::new(inv_6a::Inv6a),
        "INV-6b" => Box::new(inv_6b::Inv6b::default()),
        "INV-7" => Box::new(inv_7::Inv7),
        "INV-8" => Box::new(inv_8::Inv8::default()),
        "INV-9" => Box::new(inv_9::Inv9),
        "INV-11" => Box::new(inv_11::Inv11::default()),
        "INV-10" => Box::new(inv_10::Inv10),
        "FLT-1" => Box::new(flt_1::Flt1),
        "FLT-2" => Box::new(flt_2::Flt2),
        "DNS-1" => Box::new(dns_1::Dns1),
        "DNS-2" => Box::new(dns_2::Dns2),
        "DNS-3" => Box::new(dns_3::Dns3),
        "DNS-4" => Box::new(dns_4::Dns4),
        "THR-1" => Box::new(thr_1::Thr1::new(ask, plan)),
        _ => Box::new(Unmade),
    }
}

/// The role that an ask is about; none where it is about the estate.
fn role_of(ask: &Ask) -> Option<String> {
    match &ask.subject {
        Subject::Role(name) => Some(name.clone()),
        _ => None,
    }
}

/// Stands in for a check that a plan from elsewhere asks for and this build does not have.
struct Unmade;

/// Why such a check is Unknown.
pub(crate) const UNMADE: &str = "this version does not have the check";

impl Check for Unmade {
    fn end(&mut self, _: &Run<'_>, _: &crate::check::Whole<'_>, sheet: &mut Sheet) {
        sheet.cannot_say(UNMADE);
    }

    fn without_samples(&self) -> &'static str {
        UNMADE
    }
}
