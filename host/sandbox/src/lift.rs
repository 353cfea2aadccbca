//! Serves adapters that were built against an older version of the interface.
//!
//! The host speaks the newest version alone. What differs is made up for here and nowhere else: a question is put into
//! the older words on its way in, an answer into the newest on its way out. An older adapter has the same powers under
//! the same grants, and knows nothing of what came after it.
//!
//! To freeze the version that is the newest now: copy its folder under `wit/`, give the copy the next version, add that
//! to [`Version`], and write here what differs; `tests/frozen.rs` keeps the hash of the old one from then on.

use crate::bindings::smartguard::adapter::{clock, config, files, http, log, random};
use crate::bindings::{AgencyAdapter, AgencyAdapterPre, Ctx, wit_agency as new, wit_types as types};
use crate::version::Version;
use wasmtime::component::{InstancePre, Linker};
use wasmtime::{Result, Store};

mod v0_0_0 {
    wasmtime::component::bindgen!({
        path: "../../wit/0.0.0",
        world: "agency-adapter",
        imports: { default: async | trappable },
        exports: { default: async },
        // What has not changed since is the same here and there.
        with: {
            "smartguard:adapter/http": crate::bindings::smartguard::adapter::http,
            "smartguard:adapter/log": crate::bindings::smartguard::adapter::log,
            "smartguard:adapter/clock": crate::bindings::smartguard::adapter::clock,
            "smartguard:adapter/random": crate::bindings::smartguard::adapter::random,
            "smartguard:adapter/config": crate::bindings::smartguard::adapter::config,
            "smartguard:adapter/files": crate::bindings::smartguard::adapter::files,
        },
    });
}
use v0_0_0::exports::smartguard::adapter::agency as old;
use v0_0_0::smartguard::adapter::types as was;

/// Answers the imports of older versions under their names. None of them has changed so far.
pub(crate) fn link(linker: &mut Linker<Ctx>) -> Result<()> {
    for version in Version::ALL.into_iter().filter(|version| *version != Version::NEWEST) {
        let name = |interface: &str| format!("smartguard:adapter/{interface}@{version}");
        linker.instance(&name("http"))?.func_wrap_async("fetch", |mut store, (request,): (http::Request,)| {
            Box::new(async move { Ok((http::Host::fetch(store.data_mut(), request).await?,)) })
        })?;
        linker.instance(&name("log"))?.func_wrap_async("write", |mut store, (level, line): (log::Level, String)| {
            Box::new(async move { log::Host::write(store.data_mut(), level, line).await })
        })?;
        linker.instance(&name("clock"))?.func_wrap_async("now-ms", |mut store, ()| {
            Box::new(async move { Ok((clock::Host::now_ms(store.data_mut()).await?,)) })
        })?;
        linker.instance(&name("random"))?.func_wrap_async("uniform", |mut store, ()| {
            Box::new(async move { Ok((random::Host::uniform(store.data_mut()).await?,)) })
        })?;
        linker.instance(&name("config"))?.func_wrap_async("get", |mut store, (key,): (String,)| {
            Box::new(async move { Ok((config::Host::get(store.data_mut(), key).await?,)) })
        })?;
        linker.instance(&name("files"))?.func_wrap_async(
            "lookup",
            |mut store, (dataset, keys): (String, Vec<String>)| {
                Box::new(async move { Ok((files::Host::lookup(store.data_mut(), dataset, keys).await?,)) })
            },
        )?;
    }
    Ok(())
}

/// An agency's adapter that is linked, of any version.
#[derive(Clone)]
pub(crate) enum AgencyPre {
    V0_0_0(v0_0_0::AgencyAdapterPre<Ctx>),
    Newest(AgencyAdapterPre<Ctx>),
}

impl AgencyPre {
    /// Looks up the exports of the version's world.
    pub(crate) fn new(version: Version, pre: InstancePre<Ctx>) -> Result<AgencyPre> {
        Ok(match version {
            Version::V0_0_0 => AgencyPre::V0_0_0(v0_0_0::AgencyAdapterPre::new(pre)?),
            Version::V0_0_1 => AgencyPre::Newest(AgencyAdapterPre::new(pre)?),
        })
    }

    pub(crate) async fn instantiate_async(&self, store: &mut Store<Ctx>) -> Result<Agency> {
        Ok(match self {
            AgencyPre::V0_0_0(pre) => Agency::V0_0_0(pre.instantiate_async(store).await?),
            AgencyPre::Newest(pre) => Agency::Newest(pre.instantiate_async(store).await?),
        })
    }
}

/// An agency's adapter of any version, which is spoken to in the words of the newest.
pub(crate) enum Agency {
    V0_0_0(v0_0_0::AgencyAdapter),
    Newest(AgencyAdapter),
}

/// What a function answers, beside the end of the whole call.
type Answer<T> = Result<std::result::Result<T, types::Error>>;

impl Agency {
    pub(crate) async fn describe(&self, store: &mut Store<Ctx>) -> Result<types::Description> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_describe(store).await,
            Agency::V0_0_0(adapter) => {
                let said = adapter.smartguard_adapter_agency().call_describe(store).await?;
                let was::Description { id, version, functions, speaks_for } = said;
                Ok(types::Description { id, version, functions, speaks_for })
            }
        }
    }

    pub(crate) async fn check(&self, store: &mut Store<Ctx>, request: new::CheckRequest) -> Answer<new::CheckAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_check(store, &request).await,
            Agency::V0_0_0(adapter) => {
                let new::CheckRequest { numbers, cnams: _, token } = request;
                let request = old::CheckRequest { numbers, token };
                let answer = adapter.smartguard_adapter_agency().call_check(store, &request).await?;
                Ok(answer.map_err(error).map(|answer| match answer {
                    old::CheckAnswer::Observations(seen) => {
                        new::CheckAnswer::Observations(seen.into_iter().map(observation).collect())
                    }
                    old::CheckAnswer::Pending(token) => new::CheckAnswer::Pending(pending(token)),
                }))
            }
        }
    }

    pub(crate) async fn register(
        &self,
        store: &mut Store<Ctx>,
        request: new::RegisterRequest,
    ) -> Answer<types::FilingAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_register(store, &request).await,
            Agency::V0_0_0(adapter) => {
                let new::RegisterRequest { key, business, numbers, token } = request;
                let request = old::RegisterRequest { key, business: to_business(business), numbers, token };
                let answer = adapter.smartguard_adapter_agency().call_register(store, &request).await?;
                Ok(answer.map(filing_answer).map_err(error))
            }
        }
    }

    pub(crate) async fn dispute(
        &self,
        store: &mut Store<Ctx>,
        request: new::DisputeRequest,
    ) -> Answer<types::FilingAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_dispute(store, &request).await,
            Agency::V0_0_0(adapter) => {
                // Without the carrier it asks for a review of the number everywhere, which includes that carrier.
                let new::DisputeRequest { key, business, number, agency, carrier: _, label, status, statement, token } =
                    request;
                let (business, status) = (to_business(business), to_status(status));
                let request = old::DisputeRequest { key, business, number, agency, label, status, statement, token };
                let answer = adapter.smartguard_adapter_agency().call_dispute(store, &request).await?;
                Ok(answer.map(filing_answer).map_err(error))
            }
        }
    }

    pub(crate) async fn track(&self, store: &mut Store<Ctx>, key: &str) -> Answer<types::TrackAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_track(store, key).await,
            Agency::V0_0_0(adapter) => {
                let answer = adapter.smartguard_adapter_agency().call_track(store, key).await?;
                Ok(answer.map_err(error).map(|answer| match answer {
                    was::TrackAnswer::Found(found) => types::TrackAnswer::Found(filing(found)),
                    was::TrackAnswer::Absent => types::TrackAnswer::Absent,
                    was::TrackAnswer::Unknown => types::TrackAnswer::Unknown,
                }))
            }
        }
    }

    pub(crate) async fn inbound(
        &self,
        store: &mut Store<Ctx>,
        request: new::InboundRequest,
    ) -> Answer<new::InboundAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_inbound(store, &request).await,
            Agency::V0_0_0(adapter) => {
                let new::InboundRequest { headers, body } = request;
                let request = old::InboundRequest { headers, body };
                let answer = adapter.smartguard_adapter_agency().call_inbound(store, &request).await?;
                Ok(answer.map_err(error).map(|old::InboundAnswer { observations, filings }| new::InboundAnswer {
                    observations: observations.into_iter().map(observation).collect(),
                    filings: filings
                        .into_iter()
                        .map(|update| new::FilingUpdate { key: update.key, filing: filing(update.filing) })
                        .collect(),
                }))
            }
        }
    }

    pub(crate) async fn call_started(&self, store: &mut Store<Ctx>, call: new::OwnCall) -> Answer<()> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_call_started(store, &call).await,
            Agency::V0_0_0(adapter) => {
                let new::OwnCall { number, started_at } = call;
                let call = old::OwnCall { number, started_at };
                let answer = adapter.smartguard_adapter_agency().call_call_started(store, &call).await?;
                Ok(answer.map_err(error))
            }
        }
    }

    pub(crate) async fn probe(&self, store: &mut Store<Ctx>) -> Answer<types::Probed> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_probe(store).await,
            Agency::V0_0_0(_) => {
                let reason = "it was built before adapters had a probe; build it against the newest version".to_owned();
                Ok(Err(types::Error::Unsupported(reason)))
            }
        }
    }
}

fn observation(seen: was::Observation) -> types::Observation {
    let was::Observation { number, agency, carrier, status, label, score, observed_at, cost_micros } = seen;
    types::Observation {
        number,
        agency,
        carrier,
        status: match status {
            was::Status::Unflagged => types::Status::Unflagged,
            was::Status::Unknown => types::Status::Unknown,
            was::Status::MixedLow => types::Status::MixedLow,
            was::Status::MixedHigh => types::Status::MixedHigh,
            was::Status::Flagged => types::Status::Flagged,
            was::Status::Blocked => types::Status::Blocked,
        },
        label,
        score: score.map(|was::Score { value, best, worst }| types::Score { value, best, worst }),
        observed_at,
        cost_micros,
    }
}

fn to_status(status: types::Status) -> was::Status {
    match status {
        types::Status::Unflagged => was::Status::Unflagged,
        types::Status::Unknown => was::Status::Unknown,
        types::Status::MixedLow => was::Status::MixedLow,
        types::Status::MixedHigh => was::Status::MixedHigh,
        types::Status::Flagged => was::Status::Flagged,
        types::Status::Blocked => was::Status::Blocked,
    }
}

fn pending(was::Pending { token, ask_again_s }: was::Pending) -> types::Pending {
    types::Pending { token, ask_again_s }
}

/// It knew of no numbers that are refused while others are taken.
fn filing(was::Filing { reference, status, detail }: was::Filing) -> types::Filing {
    let status = match status {
        was::FilingStatus::Submitted => types::FilingStatus::Submitted,
        was::FilingStatus::InReview => types::FilingStatus::InReview,
        was::FilingStatus::Accepted => types::FilingStatus::Accepted,
        was::FilingStatus::Refused => types::FilingStatus::Refused,
    };
    types::Filing { reference, status, detail, refused: Vec::new() }
}

fn filing_answer(answer: was::FilingAnswer) -> types::FilingAnswer {
    match answer {
        was::FilingAnswer::Filed(filed) => types::FilingAnswer::Filed(filing(filed)),
        was::FilingAnswer::Pending(token) => types::FilingAnswer::Pending(pending(token)),
    }
}

/// What a business has said of itself since is not told to an adapter that would not know what to make of it.
fn to_business(business: types::Business) -> was::Business {
    let types::Address { line1, line2, city, state, zip, country } = business.address;
    let types::Contact { name, title: _, email, phone } = business.contact;
    was::Business {
        id: business.id,
        legal_name: business.legal_name,
        dba: business.dba,
        relation: match business.relation {
            types::Relation::Itself => was::Relation::Itself,
            types::Relation::Client => was::Relation::Client,
        },
        ein: business.ein,
        address: was::Address { line1, line2, city, state, zip, country },
        website: business.website,
        contact: was::Contact { name, email, phone },
        use_case: business.use_case,
        category: business.category,
        calls_per_month: business.calls_per_month,
        originating_providers: business.originating_providers,
    }
}

fn error(error: was::Error) -> types::Error {
    match error {
        was::Error::RetryAfter(seconds) => types::Error::RetryAfter(seconds),
        was::Error::Rejected(reason) => types::Error::Rejected(reason),
        was::Error::Unauthorized(reason) => types::Error::Unauthorized(reason),
        was::Error::Unavailable(reason) => types::Error::Unavailable(reason),
        was::Error::NeedsPerson(needed) => types::Error::NeedsPerson(packet(needed)),
        was::Error::Protocol(detail) => types::Error::Protocol(detail),
        was::Error::Internal(message) => types::Error::Internal(message),
        was::Error::Unsupported(reason) => types::Error::Unsupported(reason),
    }
}

fn packet(packet: was::Packet) -> types::Packet {
    let field = |was::PacketField { id, label, value, required, by_person, note }: was::PacketField| {
        types::PacketField { id, label, value, required, by_person, note }
    };
    let file = |was::PacketFile { name, content }: was::PacketFile| types::PacketFile {
        name,
        content: match content {
            was::FileContent::Text(text) => types::FileContent::Text(text),
            was::FileContent::Table(was::Table { columns, rows }) => {
                types::FileContent::Table(types::Table { columns, rows })
            }
        },
    };
    types::Packet {
        title: packet.title,
        url: packet.url,
        steps: packet.steps,
        fields: packet.fields.into_iter().map(field).collect(),
        files: packet.files.into_iter().map(file).collect(),
        email: packet.email.map(|was::Email { to, subject, body }| types::Email { to, subject, body }),
        tracking: packet.tracking,
        acknowledged_in_days: packet.acknowledged_in_days,
        effective_in_days: packet.effective_in_days,
        confidence: packet.confidence,
    }
}
