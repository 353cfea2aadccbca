//! The kinds of adapters as traits, in which a function that is left out answers `unsupported`.

use crate::bindings;
use crate::bindings::agency::smartguard::adapter::log;
use std::sync::Once;

fn unsupported<T>(function: &str) -> Result<T, agency::Error> {
    Err(agency::Error::Unsupported(format!("this adapter has no `{function}`")))
}

/// A panic ends the call, and the host tells the last error that was logged as its reason.
fn say_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|panic| log::write(log::Level::Error, &panic.to_string()))));
}

/// Makes a trait of a kind, and joins it to what wit-bindgen made of its world.
macro_rules! kind {
    (
        $(#[$doc:meta])*
        $name:ident, $module:ident, {$($word:ident),+}
        $($function:ident($($argument:ident: $given:ty),*) -> $answer:ty;)+
    ) => {
        /// The words of this kind's requests and answers.
        pub mod $module {
            pub use crate::bindings::agency::smartguard::adapter::types::*;
            pub use crate::bindings::$module::exports::smartguard::adapter::$module::{$($word),+};
        }

        $(#[$doc])*
        pub trait $name {
            /// Who it is. It is asked when the adapter is loaded, with no powers at all.
            fn describe() -> agency::Description;
            $(
                #[allow(unused_variables, reason = "what is left out does nothing with its arguments, if it has any")]
                fn $function($($argument: $given),*) -> Result<$answer, agency::Error> {
                    unsupported(stringify!($function))
                }
            )+
        }

        impl<T: $name> bindings::$module::exports::smartguard::adapter::$module::Guest for T {
            fn describe() -> agency::Description {
                say_panics();
                <T as $name>::describe()
            }
            $(
                fn $function($($argument: $given),*) -> Result<$answer, agency::Error> {
                    say_panics();
                    <T as $name>::$function($($argument),*)
                }
            )+
        }

        /// Makes this type the adapter that the component is.
        #[macro_export]
        macro_rules! $module {
            ($adapter:ident) => {
                $crate::bindings::$module::export!($adapter with_types_in $crate::bindings::$module);
            };
        }
    };
}

kind! {
    /// Speaks for an organisation that labels, blocks, scores or registers numbers.
    Agency, agency,
    {CheckRequest, CheckAnswer, RegisterRequest, DisputeRequest, InboundRequest, FilingUpdate, InboundAnswer, OwnCall}
    check(request: agency::CheckRequest) -> agency::CheckAnswer;
    register(request: agency::RegisterRequest) -> agency::FilingAnswer;
    dispute(request: agency::DisputeRequest) -> agency::FilingAnswer;
    track(key: String) -> agency::TrackAnswer;
    inbound(request: agency::InboundRequest) -> agency::InboundAnswer;
    call_started(call: agency::OwnCall) -> ();
    probe() -> agency::Probed;
}

kind! {
    /// Speaks for a carrier that numbers come from.
    Provider, provider, {SearchRequest, Offer, HeldNumber, Page, AcquireAnswer}
    search(request: provider::SearchRequest) -> Vec<provider::Offer>;
    acquire(key: String, number: String) -> provider::AcquireAnswer;
    release(key: String, number: String) -> ();
    list_numbers(page: Option<String>) -> provider::Page;
    probe() -> agency::Probed;
}

kind! {
    /// Says which carrier serves a callee.
    CarrierLookup, carrier_lookup, {ServedBy, LookupAnswer}
    price_micros(count: u32) -> u64;
    lookup(numbers: Vec<String>, token: Option<String>) -> carrier_lookup::LookupAnswer;
    probe() -> agency::Probed;
}

kind! {
    /// Orders candidates that the policy has permitted.
    Ranker, ranker, {Candidate, Call, RankRequest, Ranking}
    rank(request: ranker::RankRequest) -> ranker::Ranking;
}
