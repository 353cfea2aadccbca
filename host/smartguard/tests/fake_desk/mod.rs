//! A desk that keeps nothing: it writes down what the doors ask, and answers by the names in the question.

use futures_util::future::{BoxFuture, FutureExt, ready};
use numbers::business::Business;
use numbers::e164::E164;
use numbers::moment::Moment;
use smartguard::desk::*;
use std::path::PathBuf;
use std::sync::Mutex;

#[derive(Default)]
pub struct FakeDesk {
    pub asks: Mutex<Vec<AskRequest>>,
    pub reports: Mutex<Vec<OutcomeReport>>,
    pub slices: Mutex<Vec<usize>>,
}

fn answer<'a, T: Send + 'a>(result: Result<T, DeskError>) -> BoxFuture<'a, Result<T, DeskError>> {
    ready(result).boxed()
}

fn absent<'a, T: Send + 'a>(code: &'static str) -> BoxFuture<'a, Result<T, DeskError>> {
    answer(Err(DeskError::new(DeskErrorKind::NotFound, code, "there is none", "look at the list")))
}

fn catching_up() -> DeskError {
    let kind = DeskErrorKind::Unavailable { retry_after_s: 7 };
    DeskError::new(kind, "catching_up", "the daemon reads what it holds", "ask again")
}

impl Desk for FakeDesk {
    fn ask(&self, ask: AskRequest) -> Asked<'_, AskAnswer> {
        let user = ask.user.clone().unwrap_or_default();
        self.asks.lock().expect("no test died").push(ask);
        answer(match user.as_str() {
            "holds" => Ok(AskAnswer::Hold {
                class: HoldClass::Capacity,
                reason: "pool_empty".to_owned(),
                retry_after_s: 30,
                calls_left: None,
            }),
            "nobody" => Err(DeskError::new(
                DeskErrorKind::Refused,
                "unknown_user",
                "there is no user \"nobody\"",
                "add it: smartguard user add nobody",
            )),
            "busy" => Err(catching_up()),
            _ => Ok(AskAnswer::Use {
                caller_id: "+12125550100".to_owned(),
                decision_id: "d1".to_owned(),
                reason: "turn".to_owned(),
                trunk: None,
                attempts_left: 2,
                valid_until: Moment::from_seconds(60).into(),
                calls_left: None,
            }),
        })
    }

    fn outcomes(&self, reports: Vec<OutcomeReport>) -> Asked<'_, Vec<OutcomeReceipt>> {
        let receipts = reports.iter().map(|report| OutcomeReceipt {
            matched: if report.decision_id.is_some() { Matched::Joined } else { Matched::Orphan },
            outcome: "no_answer".to_owned(),
            decision_id: report.decision_id.clone(),
        });
        let receipts = receipts.collect();
        self.reports.lock().expect("no test died").extend(reports);
        answer(Ok(receipts))
    }

    fn add_business(&self, business: Business) -> Asked<'_, Business> {
        answer(Ok(business))
    }
    fn businesses(&self) -> Asked<'_, Vec<Business>> {
        answer(Ok(Vec::new()))
    }
    fn add_owner(&self, owner: NewOwner) -> Asked<'_, OwnerView> {
        answer(Ok(OwnerView {
            kind: owner.kind,
            name: owner.name,
            business: owner.business.unwrap_or_default(),
            pool_size: owner.pool_size.unwrap_or(10),
            pool: Vec::new(),
        }))
    }
    fn owners(&self, _: OwnerKind) -> Asked<'_, Vec<OwnerView>> {
        answer(Ok(Vec::new()))
    }
    fn import_numbers(&self, _: String, _: String, rows: Vec<ImportRow>) -> Asked<'_, ImportReport> {
        self.slices.lock().expect("no test died").push(rows.len());
        answer(Ok(ImportReport { added: rows.len() as u64, ..ImportReport::default() }))
    }
    fn numbers(&self, _: NumberFilter) -> Asked<'_, NumberPage> {
        answer(Ok(NumberPage::default()))
    }
    fn number(&self, _: E164) -> Asked<'_, NumberView> {
        absent("no_such_number")
    }
    fn report(&self, _: E164, _: PersonReport) -> Asked<'_, NumberView> {
        absent("no_such_number")
    }
    fn cases(&self, _: CaseFilter) -> Asked<'_, CasePage> {
        answer(Ok(CasePage::default()))
    }
    fn case(&self, _: u64) -> Asked<'_, CaseView> {
        absent("no_such_case")
    }
    fn tasks(&self, _: bool) -> Asked<'_, Vec<TaskView>> {
        answer(Ok(Vec::new()))
    }
    fn task(&self, _: u64) -> Asked<'_, TaskView> {
        absent("no_such_task")
    }
    fn task_file(&self, id: u64, name: String) -> Asked<'_, TaskFile> {
        let bytes = format!("task {id} {name}").into();
        answer(Ok(TaskFile { name, media_type: "text/csv".to_owned(), bytes }))
    }
    fn task_done(&self, _: u64, _: TaskDone) -> Asked<'_, TaskView> {
        absent("no_such_task")
    }
    fn receipt(&self, _: ReceiptKey) -> Asked<'_, ReceiptView> {
        absent("no_such_receipt")
    }
    fn verify_receipts(&self, _: Option<u32>) -> Asked<'_, VerifiedView> {
        answer(Err(catching_up()))
    }
    fn explain_call(&self, _: ReceiptKey) -> Asked<'_, ExplainedView> {
        absent("no_such_receipt")
    }
    fn judge_policy(&self, _: Option<u32>, _: Vec<PolicyText>) -> Asked<'_, JudgedView> {
        answer(Err(catching_up()))
    }
    fn shadows(&self) -> Asked<'_, ShadowsView> {
        answer(Err(catching_up()))
    }
    fn replaying(&self) -> Option<ReplayingView> {
        None
    }
    fn adapters(&self) -> Asked<'_, Vec<AdapterView>> {
        answer(Ok(Vec::new()))
    }
    fn adapter(&self, _: String) -> Asked<'_, AdapterView> {
        absent("no_such_adapter")
    }
    fn adapter_grant(&self, _: String, _: String) -> Asked<'_, AdapterView> {
        absent("no_such_adapter")
    }
    fn adapter_try(&self, _: String, _: TryCall) -> Asked<'_, TryView> {
        absent("no_such_adapter")
    }
    fn adapter_develop(&self, _: String, _: Option<std::path::PathBuf>) -> Asked<'_, AdapterView> {
        absent("no_such_adapter")
    }
    fn adapter_settle(&self, _: String) -> Asked<'_, ()> {
        absent("no_such_adapter")
    }
    fn agencies(&self) -> Asked<'_, AgenciesView> {
        answer(Ok(AgenciesView { agencies: Vec::new(), unobserved: Vec::new(), keys: Vec::new() }))
    }
    fn directory(&self) -> Asked<'_, Vec<DirectoryEntry>> {
        answer(Ok(Vec::new()))
    }
    fn make_packet(&self, _: PacketWish) -> Asked<'_, MadePacketView> {
        absent("no_such_agency")
    }
    fn made_packet_file(&self, _: String, _: String) -> Asked<'_, TaskFile> {
        absent("no_such_packet")
    }
    fn inbound(&self, _: String, _: Vec<(String, String)>, _: String) -> Asked<'_, InboundView> {
        absent("no_such_adapter")
    }
    fn doctor(&self) -> Asked<'_, Vec<CheckupView>> {
        answer(Ok(Vec::new()))
    }
    fn do_not_call_lists(&self) -> Asked<'_, Vec<DoNotCallListView>> {
        answer(Ok(Vec::new()))
    }
    fn do_not_call_number(&self, _: E164) -> Asked<'_, DoNotCallNumberView> {
        answer(Err(catching_up()))
    }
    fn import_do_not_call(&self, _: ListImport, _: ListBody) -> Asked<'_, ListImportView> {
        absent("no_such_list")
    }
    fn change_do_not_call(&self, _: ListChange) -> Asked<'_, ListChangeView> {
        absent("no_such_list")
    }
    fn preflight(&self, _request: PreflightRequest) -> Asked<'_, PreflightView> {
        answer(Err(catching_up()))
    }
    fn pacing(&self, _query: PacingQuery, _dials: Option<u32>) -> Asked<'_, PacingView> {
        answer(Err(catching_up()))
    }
    fn policies(&self) -> Asked<'_, Vec<PolicyView>> {
        answer(Ok(Vec::new()))
    }
    fn effective_policy(&self, _query: ScopeQuery) -> Asked<'_, EffectivePolicyView> {
        answer(Err(catching_up()))
    }
    fn status(&self) -> Asked<'_, StatusView> {
        answer(Err(catching_up()))
    }
    fn ready(&self) -> Asked<'_, ()> {
        answer(Err(catching_up()))
    }
    fn troubles(&self) -> Vec<TroubleView> {
        Vec::new()
    }
    fn metrics_text(&self) -> String {
        "desk_says 1".to_owned()
    }
    fn export(&self, to: PathBuf) -> Asked<'_, ExportView> {
        answer(Ok(ExportView { path: to.display().to_string(), records: 0, bytes: 0, key: "/data.key".to_owned() }))
    }
}
