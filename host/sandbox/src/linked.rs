//! A component that is linked, whatever its kind and the version of its interface.

use crate::bindings::{Ctx, carrier_lookup, provider, ranker};
use crate::kind::Kind;
use crate::lift::AgencyPre;
use crate::version::World;
use wasmtime::Result;
use wasmtime::component::InstancePre;

/// A component that is linked, in the world of its kind.
#[derive(Clone)]
pub(crate) enum Pre {
    Agency(AgencyPre),
    Provider(provider::ProviderAdapterPre<Ctx>),
    CarrierLookup(carrier_lookup::CarrierLookupAdapterPre<Ctx>),
    Ranker(ranker::RankerAdapterPre<Ctx>),
}

impl Pre {
    /// Looks up the exports of this world.
    pub(crate) fn new(world: World, pre: InstancePre<Ctx>) -> Result<Pre> {
        Ok(match world.kind {
            Kind::Agency => Pre::Agency(AgencyPre::new(world.version, pre)?),
            Kind::Provider => Pre::Provider(provider::ProviderAdapterPre::new(pre)?),
            Kind::CarrierLookup => Pre::CarrierLookup(carrier_lookup::CarrierLookupAdapterPre::new(pre)?),
            Kind::Ranker => Pre::Ranker(ranker::RankerAdapterPre::new(pre)?),
        })
    }

    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Pre::Agency(_) => Kind::Agency,
            Pre::Provider(_) => Kind::Provider,
            Pre::CarrierLookup(_) => Kind::CarrierLookup,
            Pre::Ranker(_) => Kind::Ranker,
        }
    }
}
