//! The receipt of a call in words: what was asked, what decided, and whether it comes out the same again.

use super::super::House;
use super::super::errors::inner;
use super::super::keeper::{now, read_policies};
use super::super::receipts::no_record;
use super::super::record::{Decided, Record};
use super::Onlooker;
use super::scene::{NotAgain, Scene};
use super::verify::difference;
use crate::desk::{
    AskedView, DeskError, EffectiveFieldView, ExplainedCandidateView, ExplainedPolicyView, ExplainedRungView,
    ExplainedView, ReceiptKey, ReplayedCallView,
};
use crate::policies::{self, ReadPolicies};
use numbers::{Decision, OwnerId, Ranked, Scope};
use std::collections::BTreeSet;

/// Takes one decision again.
struct Once {
    seq: u64,
    found: Option<Result<Option<String>, NotAgain>>,
}

impl Onlooker for Once {
    fn look(&mut self, scene: &Scene, seq: u64, record: &Record) -> bool {
        if let (true, Record::Decided(decided)) = (seq == self.seq, record) {
            self.found = Some(scene.again(decided).map(|again| difference(decided, &again)));
        }
        seq < self.seq
    }
}

impl House {
    pub(in super::super) async fn explain_call(&self, key: ReceiptKey) -> Result<ExplainedView, DeskError> {
        let (seq, at, call_id) = self.place_of(&key)?;
        let decided = self.decided(seq).await?.ok_or_else(|| no_record(at, now(), &self.config))?;
        let replayed = self.replay("policy explain", Once { seq, found: None }).await?.found;
        let candidates = decided.considered.iter().map(|(number, passed)| ExplainedCandidateView {
            number: number.to_string(),
            code: passed.word().to_owned(),
            sentence: passed.sentence().to_owned(),
        });
        let rungs = decided.rungs.iter().map(|rung| ExplainedRungView {
            rung: policies::rung_word(*rung).to_owned(),
            sentence: rung.sentence().to_owned(),
        });
        Ok(ExplainedView {
            asked: asked(&decided),
            answer: answered(&decided),
            candidates: candidates.collect(),
            rungs: rungs.collect(),
            ranking: ranking(&decided),
            policy: self.policy_of(&decided).await?,
            replayed: replayed_view(replayed),
            receipt: self.receipt_view(seq, call_id, &decided),
        })
    }

    /// What the policies of the decision's revision said in the fields that decided; none where they are not kept.
    async fn policy_of(&self, decided: &Decided) -> Result<Option<ExplainedPolicyView>, DeskError> {
        let revision = decided.policy_revision;
        let stored = read_policies(self.store.as_ref(), revision).await;
        let stored = stored.map_err(|cause| inner("reading a revision of the policies", &cause))?;
        let Some(stored) = stored else { return Ok(None) };
        let in_force = self.hot.policy.load().revision == revision;
        // Where they are still in force, the files can be named.
        let read =
            if in_force { self.policies_read() } else { ReadPolicies::of(&stored, format!("revision {revision}")) };
        let (campaign, user) = match &decided.owner {
            OwnerId::Campaign(name) => (Some(name.clone()), None),
            OwnerId::User(name) => (decided.asked.campaign.clone(), Some(name.clone())),
        };
        let business = self.directory.owner(&decided.owner).map(|owner| owner.business.id.clone());
        let scopes = [business.map(Scope::Business), campaign.map(Scope::Campaign), user.map(Scope::User)];
        let scopes: Vec<Scope> = scopes.into_iter().flatten().collect();
        let wanted = decided_by(decided);
        let fields = policies::explained(&read, &scopes).into_iter().filter(|field| wanted.contains(field.name));
        Ok(Some(ExplainedPolicyView { revision, in_force, fields: fields.map(EffectiveFieldView::from).collect() }))
    }
}

/// The fields of a policy that the answer rested on.
fn decided_by(decided: &Decided) -> BTreeSet<&'static str> {
    let mut fields: BTreeSet<&'static str> = BTreeSet::new();
    for (_, passed) in &decided.considered {
        fields.extend(passed.rests_on());
    }
    match &decided.decision {
        Decision::Hold { reason, .. } => fields.extend(reason.rests_on()),
        Decision::Use { sticky: true, .. } => fields.extend(["sticky_for"]),
        Decision::Use { .. } => fields.extend(["turn_calls", "turn_jitter"]),
    }
    if !decided.rungs.is_empty() {
        fields.insert("ladder");
    }
    if decided.ranking.is_some() {
        fields.extend(["ranker", "ranker_deadline"]);
    }
    fields
}

fn asked(decided: &Decided) -> AskedView {
    let whereabouts = decided.ask().whereabouts();
    AskedView {
        owner: decided.owner.to_string(),
        campaign: decided.asked.campaign.clone(),
        callee_area_code: whereabouts.area_code,
        callee_state: decided.asked.state.map(|state| state.to_string()),
        callee_zip: decided.asked.zip.map(|zip| zip.to_string()),
        callee_carrier: decided.carrier.map(|carrier| carrier.word().to_owned()),
    }
}

fn answered(decided: &Decided) -> String {
    match &decided.decision {
        Decision::Hold { reason, retry_after, .. } => {
            let again = crate::strict::in_words(core::time::Duration::from_secs(retry_after.as_secs().max(1)));
            format!("Nobody was to be called: {} It was to be tried again after {again}.", reason.sentence())
        }
        Decision::Use { number, sticky: true, .. } => {
            format!("{number} was shown, because the callee saw it last time.")
        }
        Decision::Use { number, rung: Some(rung), .. } => {
            format!("{number} was shown, on the rung `{}` of the ladder.", policies::rung_word(*rung))
        }
        Decision::Use { number, rung: None, .. } => format!("{number} was shown, in its turn."),
    }
}

fn ranking(decided: &Decided) -> Option<String> {
    let ranking = decided.ranking.as_ref()?;
    Some(match &ranking.said {
        Ranked::Order { order, reason } => {
            format!("The ranker `{}` put {} numbers in order: {reason}.", ranking.ranker, order.len())
        }
        Ranked::FellBack { why } => {
            format!("The ranker `{}` was not heard, and the policy's own order held: {why}.", ranking.ranker)
        }
    })
}

fn replayed_view(found: Option<Result<Option<String>, NotAgain>>) -> ReplayedCallView {
    let (same, sentence) = match found {
        Some(Ok(None)) => (Some(true), "Asked again, it is answered the same, candidate by candidate.".to_owned()),
        Some(Ok(Some(what))) => (Some(false), format!("Asked again, it comes out otherwise: {what}.")),
        Some(Err(why)) => (None, format!("It cannot be asked again: {}.", why.sentence())),
        None => (None, "It cannot be asked again: its record is on its way to the archive.".to_owned()),
    };
    ReplayedCallView { same, sentence }
}
