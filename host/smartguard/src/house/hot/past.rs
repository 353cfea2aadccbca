//! What was decided before: decisions of before a start, calls that a report brings back, and reports that take something back.
//!
//! Whatever changes what later decisions see is done under the locks that those are taken under, together with its record,
//! so that the journal has the order in which things took effect.

use super::super::calls::Call;
use super::super::directory::Directory;
use super::super::keys::Sealed;
use super::super::record::Decided;
use super::{Callees, Hot, OwnerCell, Recent, Told, callee_part, part, reason};
use numbers::{CalleeHash, Decision, E164, Moment, OwnerUsage, Pace, Place, Policy, Shown, choose};

impl Hot {
    /// Does something once, under the locks under which calls from this number and to this callee are decided: that of the
    /// owner in whose pool the number is, that of the callee, and that of bench and reserve, in the order of a decision.
    /// The number stays where it is meanwhile.
    pub fn in_order<T>(
        &self,
        directory: &Directory,
        number: Option<E164>,
        callee: CalleeHash,
        mut then: impl FnMut(&mut Callees) -> T,
    ) -> T {
        loop {
            let place = number.and_then(|number| directory.place_of(number));
            let owner = match &place {
                Some((_, Place::Pool(owner))) => directory.owner(owner),
                Some((_, Place::Bench | Place::Reserve | Place::Aside)) | None => None,
            };
            let _deciding = owner.as_ref().map(|owner| owner.hot.lock());
            let mut callees = self.callees_with(callee);
            let Some((number, (business, place))) = number.zip(place) else { return then(&mut callees) };
            // Where it has moved in between, others decide on it.
            let Some(_stays) = directory.stays(number, &place) else { continue };
            let _drawing = business.drawing.lock();
            return then(&mut callees);
        }
    }

    /// The table that holds this callee, under its lock.
    pub fn callees_with(&self, callee: CalleeHash) -> parking_lot::MutexGuard<'_, Callees> {
        self.callees[part(callee_part(callee))].lock()
    }

    /// Applies a decision that was taken before this start.
    /// `policy` is the one that everybody had then.
    pub fn replay(&self, owner: Option<&OwnerCell>, seq: u64, decided: &Decided, policy: &Policy, now: Moment) {
        let Decision::Use { number, rung, sticky, attempts_left } = decided.decision else {
            self.calls.lock().held(decided.call, seq);
            return;
        };
        let answer = decided.answer();
        // An owner that is gone has no turns to go on with; its numbers and callees count all the same.
        let mut nobody = OwnerUsage::default();
        let mut hot = owner.map(|owner| owner.hot.lock());
        let by = hot.as_mut().map_or(&mut nobody, |hot| &mut hot.usage);
        let mut callees = self.callees_with(decided.callee);
        let callee = callees.entry(decided.callee).or_default();
        self.with_usage(number, |usage| choose::record(&answer, decided.shown(), usage, by, callee, policy));
        drop(callees);
        if decided.valid_until > now
            && let Some(hot) = &mut hot
        {
            let sealed = Sealed { seq, at: decided.at, number, callee: decided.callee };
            let told = Told::Use {
                number,
                sealed,
                reason: reason(rung, sticky),
                attempts_left,
                valid_until: decided.valid_until,
                // Many calls may have followed that are not yet replayed.
                calls_left: Pace::default(),
            };
            let recent = Recent { until: decided.valid_until, callee: decided.callee, told, after_sync: false };
            hot.remember(decided.call, recent, now);
        }
        drop(hot);
        self.calls.lock().decided(Call {
            seq,
            at: decided.at,
            call: decided.call,
            number,
            callee: decided.callee,
            carrier: decided.carrier,
            verdict: None,
        });
    }

    /// Applies what is known of a decision that only its sealed id brought back.
    pub fn restore(&self, sealed: &Sealed, callees: &mut Callees, policy: &Policy) {
        self.with_usage(sealed.number, |usage| usage.record(Shown::at(sealed.at), policy));
        let callee = callees.entry(sealed.callee).or_default();
        callee.record_attempt(sealed.at);
        callee.record_shown(sealed.number, sealed.at);
        self.calls.lock().decided(Call {
            seq: sealed.seq,
            at: sealed.at,
            // It is found by its own id alone.
            call: sealed.seq,
            number: sealed.number,
            callee: sealed.callee,
            carrier: None,
            verdict: None,
        });
    }
}
