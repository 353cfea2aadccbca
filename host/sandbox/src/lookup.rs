//! What is asked of an adapter that knows callees' carriers and what it answers, in the host's own types.

use crate::agency::{AdapterError, Pending, pending, protocol, text};
use crate::bindings::{cut, wit_lookup as wit};
use numbers::{Carrier, E164};
use std::collections::BTreeSet;

/// Which carrier serves a callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServedBy {
    pub callee: E164,
    /// None where the source does not know, or names a carrier that we keep no standing for.
    pub carrier: Option<Carrier>,
    /// The source's own word: mobile, landline, voip.
    pub line_type: Option<String>,
    pub cost_micros: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookupAnswer {
    /// A callee that is missing here is unknown.
    Served(Vec<ServedBy>),
    Pending(Pending),
}

pub(crate) fn answer(answer: wit::LookupAnswer, expected: &BTreeSet<E164>) -> Result<LookupAnswer, AdapterError> {
    let served = match answer {
        wit::LookupAnswer::Served(served) => served,
        wit::LookupAnswer::Pending(token) => return pending(token).map(LookupAnswer::Pending),
    };
    if served.len() > expected.len() {
        return Err(protocol("served", format_args!("{} entries for {} callees", served.len(), expected.len())));
    }
    let served = served.into_iter().enumerate().map(|(place, served)| {
        let field = format!("served[{place}].number");
        let callee = E164::parse(&served.number)
            .map_err(|cause| protocol(&field, format_args!("{:?}: {cause}", cut(&served.number, 40))))?;
        if !expected.contains(&callee) {
            return Err(protocol(field, "it was not asked for"));
        }
        Ok(ServedBy {
            callee,
            carrier: served.carrier.as_deref().and_then(Carrier::parse),
            line_type: served.line_type.map(|word| text(&format!("served[{place}].line-type"), word)).transpose()?,
            cost_micros: served.cost_micros,
        })
    });
    served.collect::<Result<_, _>>().map(LookupAnswer::Served)
}
