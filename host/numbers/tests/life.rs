//! Which steps a number's life has.

use numbers::Life;
use numbers::life::{Illegal, LifeChange};

const LIVES: [Life; 7] =
    [Life::Quarantined, Life::Ready, Life::Active, Life::AtRisk, Life::Remediating, Life::Resting, Life::Retired];

/// From each state, in the order of `LIVES`, the step leads here; `-` is no state.
fn check(change: LifeChange, leads: [&str; 7]) {
    for (life, expect) in LIVES.into_iter().zip(leads) {
        let found = life.after(change);
        match expect {
            "-" => assert_eq!(found, Err(Illegal { life, change })),
            word => assert_eq!(found.map(Life::word), Ok(word), "{life:?} {change:?}"),
        }
    }
}

#[test]
fn every_pair_leads_where_the_table_says() {
    const REM: &str = "remediating";
    const QUA: &str = "quarantined";
    const RET: &str = "retired";
    //                           quarantined ready     active     at_risk   remediating resting retired
    check(LifeChange::Admitted, ["ready", "-", "-", "-", "-", "-", "-"]);
    check(LifeChange::Assigned, ["-", "active", "-", "-", "-", "-", "-"]);
    check(LifeChange::Warned, ["-", "-", "at_risk", "-", "-", "-", "-"]);
    check(LifeChange::Calmed, ["-", "-", "-", "active", "-", "-", "-"]);
    check(LifeChange::Flagged, [REM, REM, REM, REM, "-", REM, "-"]);
    check(LifeChange::Cleared, ["-", "-", "-", "-", "resting", "-", "-"]);
    check(LifeChange::Resumed, ["-", "-", "-", "-", "active", "-", "-"]);
    check(LifeChange::Returned, ["-", "-", "-", "-", "-", "active", "-"]);
    check(LifeChange::Reserved, ["-", "-", "-", "-", "-", "ready", "-"]);
    check(LifeChange::Withheld, ["-", QUA, QUA, QUA, "-", QUA, "-"]);
    check(LifeChange::Retired, [RET, RET, RET, RET, RET, RET, "-"]);
}
