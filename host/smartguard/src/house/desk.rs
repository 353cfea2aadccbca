//! The desk of the daemon: each question of a door, answered from the keeper, the path of a call, or the roster.

use super::House;
use super::errors::{inner, invalid, missing, unknown_owner};
use super::hot::{Asked, Told};
use super::keeper::{ProposeError, now};
use super::trouble::Trouble;
use super::{packets, views};
use crate::desk::{
    AdapterView, AgenciesView, AskAnswer, AskRequest, Asked as Answered, CaseFilter, CasePage, CaseView, CheckupView,
    Desk, DeskError, DeskErrorKind, DirectoryEntry, DoNotCallListView, DoNotCallNumberView, EffectivePolicyView,
    ExplainedView, ExportView, HoldClass, ImportReport, ImportRow, InboundView, JudgedView, ListBody, ListChange,
    ListChangeView, ListImport, ListImportView, MadePacketView, NewOwner, NumberFilter, NumberPage, NumberView,
    OutcomeReceipt, OutcomeReport, OwnerKind, OwnerView, PAGE_MAX, PacingQuery, PacingView, PacketWish, PersonReport,
    PolicyText, PolicyView, PreflightRequest, PreflightView, ReceiptKey, ReceiptView, RefusedRow, ReplayingView,
    RightClaim, ScopeQuery, Service, ShadowsView, Stamp, StatusView, TaskDone, TaskFile, TaskView, TroubleView,
    TryCall, TryView, VerifiedView,
};
use futures_util::FutureExt;
use numbers::event::IMPORT_ROWS_MAX;
use numbers::{
    Business, E164, ImportedRow, Observation, OnUnknownUser, OwnerId, Refusal, RightToUse, Source, State, Status, What,
};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

impl Desk for House {
    fn ask(&self, ask: AskRequest) -> Answered<'_, AskAnswer> {
        async move {
            let owner = self.owner_for(&ask).await?;
            let business = owner.business.clone();
            let mut random = [0; 8];
            getrandom::fill(&mut random).map_err(|cause| inner("drawing a tie-break", &cause))?;
            let mut asked = Asked {
                owner,
                campaign: ask.campaign,
                call_id: ask.call_id,
                callee: ask.to,
                state: ask.state,
                zip: ask.zip,
                carrier: ask.callee_carrier,
                now: now(),
                tie_break: u64::from_le_bytes(random),
                ranking: None,
            };
            asked.ranking = self.ranking(&asked).await;
            Ok(match self.hot.ask(asked).await? {
                Told::Use { number, sealed, reason, attempts_left, valid_until, calls_left } => AskAnswer::Use {
                    caller_id: number.to_string(),
                    decision_id: self.hot.keys.seal(&sealed),
                    reason,
                    trunk: ask.trunk,
                    attempts_left,
                    valid_until: Stamp(valid_until),
                    calls_left: Some(self.answer_pace(calls_left, &business)),
                },
                Told::Hold { class, reason, retry_after_s, calls_left } => AskAnswer::Hold {
                    class: hold_class(class),
                    reason,
                    retry_after_s,
                    calls_left: Some(self.answer_pace(calls_left, &business)),
                },
            })
        }
        .boxed()
    }

    fn outcomes(&self, reports: Vec<OutcomeReport>) -> Answered<'_, Vec<OutcomeReceipt>> {
        async move { Ok(self.hot.report(reports, &self.directory, now()).await?) }.boxed()
    }

    fn add_business(&self, business: Business) -> Answered<'_, Business> {
        async move {
            let mistakes = business.mistakes();
            if let Some((field, remedy)) = mistakes.first() {
                let fields: Vec<String> = mistakes.iter().map(|(field, _)| format!("`{field}`")).collect();
                let sentence = format!("{} of the business cannot be as written", fields.join(", "));
                let remedy = format!("`{field}`: {remedy}");
                return Err(DeskError::new(DeskErrorKind::Invalid, "bad_business", sentence, remedy));
            }
            self.keeper.propose(What::BusinessAdded(business.clone())).await?;
            Ok(business)
        }
        .boxed()
    }

    fn businesses(&self) -> Answered<'_, Vec<Business>> {
        async move { Ok(self.keeper.read(|state| state.businesses.values().cloned().collect()).await?) }.boxed()
    }

    fn add_owner(&self, owner: NewOwner) -> Answered<'_, OwnerView> {
        async move {
            let business = match owner.business {
                Some(business) => business,
                None => self.only_business().await?,
            };
            let id = owner_id(owner.kind, owner.name);
            self.keeper.propose(What::OwnerAdded { id: id.clone(), business, pool_size: owner.pool_size }).await?;
            let hot = self.hot.clone();
            let found = self
                .keeper
                .read(move |state| state.owners.get(&id).map(|owner| views::owner(state, &hot, owner, now())))
                .await?;
            found.ok_or_else(|| missing("owner", "the owner"))
        }
        .boxed()
    }

    fn owners(&self, kind: OwnerKind) -> Answered<'_, Vec<OwnerView>> {
        async move {
            let hot = self.hot.clone();
            let now = now();
            Ok(self
                .keeper
                .read(move |state| {
                    let of_kind = state.owners.values().filter(|owner| views::owner_kind(&owner.id) == kind);
                    of_kind.map(|owner| views::owner(state, &hot, owner, now)).collect()
                })
                .await?)
        }
        .boxed()
    }

    fn import_numbers(&self, business: String, by: String, rows: Vec<ImportRow>) -> Answered<'_, ImportReport> {
        async move {
            let mut report = ImportReport::default();
            let mut seen = BTreeSet::new();
            let wanted: Vec<E164> = rows.iter().map(|row| row.number).collect();
            let asked = business.clone();
            let (known, held) = self
                .keeper
                .read(move |state| {
                    let held: Vec<(E164, String)> = wanted
                        .iter()
                        .filter_map(|number| Some((*number, state.numbers.get(number)?.business.clone())))
                        .collect();
                    (state.businesses.contains_key(&asked), held)
                })
                .await?;
            if !known {
                return Err(missing("business", &format!("the business `{business}`")));
            }
            let held: std::collections::BTreeMap<E164, String> = held.into_iter().collect();
            let mut fresh = Vec::new();
            for row in rows {
                match held.get(&row.number) {
                    Some(holder) if *holder != business => report.refused.push(RefusedRow {
                        row: row.row,
                        reason: format!("{} belongs to business `{holder}`; a number has one business", row.number),
                    }),
                    Some(_) => report.already_held += 1,
                    None if !seen.insert(row.number) => report.already_held += 1,
                    None => fresh.push(row),
                }
            }
            let mut slices: Vec<&[ImportRow]> = fresh.chunks(IMPORT_ROWS_MAX).rev().collect();
            while let Some(slice) = slices.pop() {
                let rows = slice.iter().map(imported).collect();
                let what = What::NumbersImported { business: business.clone(), by: by.clone(), rows };
                match (self.keeper.propose(what).await, slice) {
                    (Ok(_), slice) => report.added += slice.len() as u64,
                    // Long rows go in smaller slices, until the one is found that is too long by itself.
                    (Err(ProposeError::Refused(refusal @ Refusal::TooLong { .. })), [row]) => {
                        report.refused.push(RefusedRow { row: row.row, reason: refusal.to_string() });
                    }
                    (Err(ProposeError::Refused(Refusal::TooLong { .. })), slice) => {
                        let (first, second) = slice.split_at(slice.len() / 2);
                        slices.extend([second, first]);
                    }
                    (Err(other), _) => return Err(other.into()),
                }
            }
            Ok(report)
        }
        .boxed()
    }

    fn numbers(&self, filter: NumberFilter) -> Answered<'_, NumberPage> {
        async move {
            let hot = self.hot.clone();
            let now = now();
            Ok(self.keeper.read(move |state| number_page(state, &hot, &filter, now)).await?)
        }
        .boxed()
    }

    fn number(&self, number: E164) -> Answered<'_, NumberView> {
        async move {
            let hot = self.hot.clone();
            let now = now();
            let found = self
                .keeper
                .read(move |state| state.numbers.get(&number).map(|held| views::number(state, &hot, held, now)))
                .await?;
            found.ok_or_else(|| missing("number", &number.to_string()))
        }
        .boxed()
    }

    fn report(&self, number: E164, report: PersonReport) -> Answered<'_, NumberView> {
        async move {
            let status = if report.clear { Status::Unflagged } else { Status::Flagged };
            let observation = Observation {
                number,
                // Without one the core attributes a person's report by the carrier or by the words.
                agency: report.agency.unwrap_or_default(),
                carrier: report.carrier,
                status,
                label: report.label,
                score: None,
                observed_at: now(),
                cost_micros: 0,
            };
            let source = Source::Person(report.by);
            let what = What::Observed { source, adapter: None, asked: vec![number], observations: vec![observation] };
            self.keeper.propose(what).await?;
            self.number(number).await
        }
        .boxed()
    }

    fn cases(&self, filter: CaseFilter) -> Answered<'_, CasePage> {
        async move {
            Ok(self
                .keeper
                .read(move |state| {
                    let limit = filter.limit.clamp(1, PAGE_MAX) as usize;
                    let mut cases: Vec<CaseView> = state
                        .cases
                        .range(..filter.before.unwrap_or(u64::MAX))
                        .rev()
                        .map(|(_, case)| case)
                        .filter(|case| filter.number.is_none_or(|number| case.number == number))
                        .filter(|case| !filter.open_only || !case.is_closed())
                        .take(limit + 1)
                        .map(|case| views::case(state, case))
                        .collect();
                    let more = cases.len() > limit;
                    cases.truncate(limit);
                    CasePage { next: cases.last().filter(|_| more).map(|case| case.id), cases }
                })
                .await?)
        }
        .boxed()
    }

    fn case(&self, id: u64) -> Answered<'_, CaseView> {
        async move {
            let found =
                self.keeper.read(move |state| state.cases.get(&id).map(|case| views::case(state, case))).await?;
            found.ok_or_else(|| missing("case", &format!("case {id}")))
        }
        .boxed()
    }

    fn tasks(&self, all: bool) -> Answered<'_, Vec<TaskView>> {
        async move {
            Ok(self
                .keeper
                .read(move |state| {
                    let wanted = state.tasks.values().filter(|task| all || task.state == numbers::TaskState::Open);
                    wanted.map(|task| views::task(state, task, None)).collect()
                })
                .await?)
        }
        .boxed()
    }

    fn task(&self, id: u64) -> Answered<'_, TaskView> {
        async move {
            let packet = self.packet(id).await?;
            let found = self
                .keeper
                .read(move |state| state.tasks.get(&id).map(|task| views::task(state, task, packet.as_ref())))
                .await?;
            found.ok_or_else(|| missing("task", &format!("task {id}")))
        }
        .boxed()
    }

    fn task_file(&self, id: u64, name: String) -> Answered<'_, TaskFile> {
        async move {
            let packet = self.packet(id).await?;
            let file = packet.and_then(|packet| packet.files.into_iter().find(|file| file.name == name));
            let file = file.ok_or_else(|| missing("file", &format!("file `{name}` of task {id}")))?;
            packets::render(&file).map_err(|cause| inner("rendering the file", &cause))
        }
        .boxed()
    }

    fn task_done(&self, id: u64, done: TaskDone) -> Answered<'_, TaskView> {
        async move {
            self.keeper.propose(What::TaskDone { task: id, by: done.by, note: done.note }).await?;
            self.task(id).await
        }
        .boxed()
    }

    fn receipt(&self, key: ReceiptKey) -> Answered<'_, ReceiptView> {
        async move { self.receipt_of(key).await }.boxed()
    }

    fn verify_receipts(&self, days: Option<u32>) -> Answered<'_, VerifiedView> {
        async move { House::verify_receipts(self, days).await }.boxed()
    }

    fn explain_call(&self, key: ReceiptKey) -> Answered<'_, ExplainedView> {
        async move { House::explain_call(self, key).await }.boxed()
    }

    fn judge_policy(&self, days: Option<u32>, texts: Vec<PolicyText>) -> Answered<'_, JudgedView> {
        async move { House::judge_policy(self, days, texts).await }.boxed()
    }

    fn shadows(&self) -> Answered<'_, ShadowsView> {
        async move { Ok(self.hot.shadows.view()) }.boxed()
    }

    fn replaying(&self) -> Option<ReplayingView> {
        self.replaying_view()
    }

    fn adapters(&self) -> Answered<'_, Vec<AdapterView>> {
        async move { Ok(self.adapters.views()) }.boxed()
    }

    fn adapter(&self, id: String) -> Answered<'_, AdapterView> {
        async move {
            let found = self.adapters.views().into_iter().find(|adapter| adapter.id == id);
            found.ok_or_else(|| missing("adapter", &format!("the adapter `{id}`")))
        }
        .boxed()
    }

    fn adapter_grant(&self, id: String, by: String) -> Answered<'_, AdapterView> {
        async move {
            self.adapters.grant(&id, &by).await?;
            self.roster_changed().await?;
            self.adapter(id).await
        }
        .boxed()
    }

    fn adapter_try(&self, id: String, call: TryCall) -> Answered<'_, TryView> {
        async move { self.adapters.try_once(&id, call).await }.boxed()
    }

    fn adapter_develop(&self, id: String, folder: Option<PathBuf>) -> Answered<'_, AdapterView> {
        async move {
            self.adapters.develop(&id, folder.as_deref()).await?;
            self.roster_changed().await?;
            self.adapter(id).await
        }
        .boxed()
    }

    fn adapter_settle(&self, id: String) -> Answered<'_, ()> {
        async move {
            self.adapters.settle(&id).await?;
            Ok(self.roster_changed().await?)
        }
        .boxed()
    }

    fn agencies(&self) -> Answered<'_, AgenciesView> {
        async move { Ok(self.agencies_view()) }.boxed()
    }

    fn directory(&self) -> Answered<'_, Vec<DirectoryEntry>> {
        async move { Ok(self.directory_entries()) }.boxed()
    }

    fn make_packet(&self, wish: PacketWish) -> Answered<'_, MadePacketView> {
        async move { self.packet_on_demand(wish).await }.boxed()
    }

    fn made_packet_file(&self, id: String, name: String) -> Answered<'_, TaskFile> {
        async move { House::made_packet_file(self, id, name).await }.boxed()
    }

    fn inbound(&self, adapter: String, headers: Vec<(String, String)>, body: String) -> Answered<'_, InboundView> {
        async move { self.inbound_for(adapter, headers, body).await }.boxed()
    }

    fn doctor(&self) -> Answered<'_, Vec<CheckupView>> {
        async move { Ok(self.checkup().await) }.boxed()
    }

    fn do_not_call_lists(&self) -> Answered<'_, Vec<DoNotCallListView>> {
        async move { Ok(self.lists.views(now())) }.boxed()
    }

    fn do_not_call_number(&self, number: E164) -> Answered<'_, DoNotCallNumberView> {
        async move { self.lists.of_number(number).await }.boxed()
    }

    fn import_do_not_call(&self, import: ListImport, body: ListBody) -> Answered<'_, ListImportView> {
        async move { self.lists.import(import, body).await }.boxed()
    }

    fn change_do_not_call(&self, change: ListChange) -> Answered<'_, ListChangeView> {
        async move { self.lists.change(change).await }.boxed()
    }

    fn preflight(&self, request: PreflightRequest) -> Answered<'_, PreflightView> {
        async move { self.preflight_of(request) }.boxed()
    }

    fn pacing(&self, query: PacingQuery, dials: Option<u32>) -> Answered<'_, PacingView> {
        async move { self.pacing_of(query, dials) }.boxed()
    }

    fn policies(&self) -> Answered<'_, Vec<PolicyView>> {
        async move { Ok(self.policy_views()) }.boxed()
    }

    fn effective_policy(&self, query: ScopeQuery) -> Answered<'_, EffectivePolicyView> {
        async move { Ok(self.effective_policy(query)) }.boxed()
    }

    fn status(&self) -> Answered<'_, StatusView> {
        async move { self.status_view().await }.boxed()
    }

    fn ready(&self) -> Answered<'_, ()> {
        async move {
            match self.troubles_now().into_iter().find(|trouble| trouble.view.stops_calls) {
                None => Ok(()),
                Some(Trouble { code, view }) => {
                    let kind = DeskErrorKind::Unavailable { retry_after_s: 1 };
                    Err(DeskError::new(kind, code, view.sentence, view.remedy))
                }
            }
        }
        .boxed()
    }

    fn troubles(&self) -> Vec<TroubleView> {
        self.troubles_now().into_iter().map(|trouble| trouble.view).collect()
    }

    fn metrics_text(&self) -> String {
        super::status::metrics(self)
    }

    fn export(&self, to: PathBuf) -> Answered<'_, ExportView> {
        async move { self.export_to(to).await }.boxed()
    }
}

impl House {
    /// The owner whose pool answers: the user, else the campaign; an unknown user follows the policy.
    async fn owner_for(&self, ask: &AskRequest) -> Result<Arc<super::hot::OwnerCell>, DeskError> {
        let campaign = ask.campaign.clone().map(OwnerId::Campaign);
        let Some(user) = ask.user.clone() else {
            let campaign = campaign.ok_or_else(|| invalid("no_owner", "neither `user` nor `campaign` is set"))?;
            return self.directory.owner(&campaign).ok_or_else(|| unknown_owner(&campaign));
        };
        let user = OwnerId::User(user);
        if let Some(owner) = self.directory.owner(&user) {
            return Ok(owner);
        }
        match self.hot.policy.load().base().on_unknown_user {
            OnUnknownUser::Refuse => Err(unknown_owner(&user)),
            OnUnknownUser::Campaign => {
                campaign.and_then(|campaign| self.directory.owner(&campaign)).ok_or_else(|| unknown_owner(&user))
            }
            OnUnknownUser::Create => {
                let business = match campaign.and_then(|campaign| self.directory.owner(&campaign)) {
                    Some(campaign) => campaign.business.id.clone(),
                    None => self.only_business().await?,
                };
                let added = What::OwnerAdded { id: user.clone(), business, pool_size: None };
                match self.keeper.propose(added).await {
                    // Another call of the same new user was a moment earlier.
                    Ok(_) | Err(ProposeError::Refused(Refusal::OwnerExists(_))) => {}
                    Err(other) => return Err(other.into()),
                }
                self.directory.owner(&user).ok_or_else(|| unknown_owner(&user))
            }
        }
    }

    async fn only_business(&self) -> Result<String, DeskError> {
        let businesses = self.keeper.read(|state| state.businesses.keys().take(2).cloned().collect::<Vec<_>>()).await?;
        match <[String; 1]>::try_from(businesses) {
            Ok([only]) => Ok(only),
            Err(several) if several.is_empty() => Err(DeskError::new(
                DeskErrorKind::NotFound,
                "no_business",
                "there is no business yet",
                "add one with `smartguard business add business.toml`",
            )),
            Err(_) => Err(invalid("which_business", "there are several businesses; say which one with `business`")),
        }
    }
}

fn number_page(state: &State, hot: &super::hot::Hot, filter: &NumberFilter, now: numbers::Moment) -> NumberPage {
    let limit = filter.limit.clamp(1, PAGE_MAX) as usize;
    let beyond = filter.after.map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
    let mut numbers: Vec<NumberView> = state
        .numbers
        .range((beyond, std::ops::Bound::Unbounded))
        .map(|(_, number)| number)
        .filter(|number| filter.life.is_none_or(|life| number.life == life))
        .filter(|number| filter.business.as_ref().is_none_or(|business| number.business == *business))
        .filter(|number| {
            filter
                .owner
                .as_ref()
                .is_none_or(|name| matches!(&number.place, numbers::Place::Pool(owner) if owner.name() == name))
        })
        .take(limit + 1)
        .map(|number| views::number(state, hot, number, now))
        .collect();
    let more = numbers.len() > limit;
    numbers.truncate(limit);
    NumberPage { next: numbers.last().filter(|_| more).map(|number| number.number.clone()), numbers }
}

fn imported(row: &ImportRow) -> ImportedRow {
    let now = now();
    ImportedRow {
        number: row.number,
        service: match row.service {
            Service::New => numbers::Service::New,
            Service::InService { since } => numbers::Service::InService { since },
        },
        right: match &row.right {
            RightClaim::Provider(provider) => RightToUse::Provider { provider: provider.clone(), seen_at: now },
            RightClaim::Declared(by) => RightToUse::Declared { by: by.clone(), at: now, letter: None },
            RightClaim::Unproven => RightToUse::Unproven,
        },
        callback_route: row.callback.clone(),
    }
}

pub(super) fn hold_class(class: numbers::HoldClass) -> HoldClass {
    match class {
        numbers::HoldClass::CalleeLaw => HoldClass::CalleeLaw,
        numbers::HoldClass::Time => HoldClass::Time,
        numbers::HoldClass::Capacity => HoldClass::Capacity,
    }
}

fn owner_id(kind: OwnerKind, name: String) -> OwnerId {
    match kind {
        OwnerKind::User => OwnerId::User(name),
        OwnerKind::Campaign => OwnerId::Campaign(name),
    }
}
