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
            "smartguard:adapter/types": crate::bindings::smartguard::adapter::types,
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
            Agency::V0_0_0(adapter) => adapter.smartguard_adapter_agency().call_describe(store).await,
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_describe(store).await,
        }
    }

    pub(crate) async fn check(&self, store: &mut Store<Ctx>, request: new::CheckRequest) -> Answer<new::CheckAnswer> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_check(store, &request).await,
            Agency::V0_0_0(adapter) => {
                let new::CheckRequest { numbers, token } = request;
                let request = old::CheckRequest { numbers, token };
                let answer = adapter.smartguard_adapter_agency().call_check(store, &request).await?;
                Ok(answer.map(|answer| match answer {
                    old::CheckAnswer::Observations(observations) => new::CheckAnswer::Observations(observations),
                    old::CheckAnswer::Pending(pending) => new::CheckAnswer::Pending(pending),
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
                let request = old::RegisterRequest { key, business, numbers, token };
                adapter.smartguard_adapter_agency().call_register(store, &request).await
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
                let request = old::DisputeRequest { key, business, number, agency, label, status, statement, token };
                adapter.smartguard_adapter_agency().call_dispute(store, &request).await
            }
        }
    }

    pub(crate) async fn track(&self, store: &mut Store<Ctx>, key: &str) -> Answer<types::TrackAnswer> {
        match self {
            Agency::V0_0_0(adapter) => adapter.smartguard_adapter_agency().call_track(store, key).await,
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_track(store, key).await,
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
                Ok(answer.map(|old::InboundAnswer { observations, filings }| {
                    let filings = filings.into_iter();
                    let filings = filings.map(|old::FilingUpdate { key, filing }| new::FilingUpdate { key, filing });
                    new::InboundAnswer { observations, filings: filings.collect() }
                }))
            }
        }
    }

    pub(crate) async fn call_started(&self, store: &mut Store<Ctx>, call: new::OwnCall) -> Answer<()> {
        match self {
            Agency::Newest(adapter) => adapter.smartguard_adapter_agency().call_call_started(store, &call).await,
            Agency::V0_0_0(adapter) => {
                let new::OwnCall { number, started_at } = call;
                adapter.smartguard_adapter_agency().call_call_started(store, &old::OwnCall { number, started_at }).await
            }
        }
    }
}
