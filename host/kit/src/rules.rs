//! Rules that hold for an adapter of any kind, judged by its own cassettes played again with something changed.
//!
//! Answers are looked at as cassettes write them, so that nothing here knows a kind; what an answer claims is told by
//! the kind's [`Facts`]. Agencies have rules of their own, which know more of what they say.

pub(crate) mod answers;
pub(crate) mod itself;
pub(crate) mod manners;
pub(crate) mod plays;
pub(crate) mod statuses;

use crate::verdict::{Bench, Judgement, Rule, Tier, Verdict};
use futures_util::future::BoxFuture;
pub(crate) use plays::{Facts, Plays};

/// A rule and how it is judged.
pub(crate) struct Law {
    pub rule: Rule,
    judge: Judge,
}

type Judge = for<'p, 'a> fn(&'p Plays<'a>) -> BoxFuture<'p, Verdict>;

pub(crate) const fn bronze(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Bronze, sentence }, judge }
}

pub(crate) const fn silver(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Silver, sentence }, judge }
}

pub(crate) const fn gold(id: &'static str, sentence: &'static str, judge: Judge) -> Law {
    Law { rule: Rule { id, tier: Tier::Gold, sentence }, judge }
}

/// What an adapter of any kind says of itself, and that its cassettes show it.
macro_rules! of_itself {
    () => {
        [
            bronze("describe_stable", "It describes itself in the same way whenever it is asked.", |p| {
                itself::describe_stable(p).boxed()
            }),
            bronze("describe_true", "What it says of itself is what its manifest says.", |p| {
                itself::describe_true(p).boxed()
            }),
            bronze("undeclared_unsupported", "A function that it does not declare answers `unsupported`.", |p| {
                itself::undeclared_unsupported(p).boxed()
            }),
            bronze("cassettes_pass", "It does what its own cassettes say.", |p| itself::cassettes_pass(p).boxed()),
            bronze("cassettes_cover", "Each function that it declares has a cassette in which all is well.", |p| {
                itself::cassettes_cover(p).boxed()
            }),
            bronze("same_answer", "The same input gives the same output, whatever chance brings.", |p| {
                itself::same_answer(p).boxed()
            }),
        ]
    };
}
pub(crate) use of_itself;

/// What an adapter makes of a network that lets it down.
macro_rules! of_the_network {
    () => {
        [
            bronze("malformed_answer", "Half a JSON answer becomes a typed error, and nothing is made up.", |p| {
                answers::malformed(p).boxed()
            }),
            bronze("empty_answer", "An empty answer becomes a typed error, and nothing is made up.", |p| {
                answers::empty(p).boxed()
            }),
            bronze("html_answer", "A web page in the place of an answer becomes a typed error.", |p| {
                answers::html(p).boxed()
            }),
            bronze("wrong_shape", "JSON of another shape becomes a typed error, and nothing is made up.", |p| {
                answers::wrong_shape(p).boxed()
            }),
            bronze("wrong_type", "A value of the wrong type becomes no statement of its own.", |p| {
                answers::wrong_type(p).boxed()
            }),
            bronze("missing_field", "A missing field is not made up.", |p| answers::missing_field(p).boxed()),
            bronze("slow_answer", "An answer that does not come in time is `unavailable`.", |p| {
                statuses::slow_answer(p).boxed()
            }),
            bronze("unauthorized", "401 and 403 are `unauthorized`.", |p| statuses::unauthorized(p).boxed()),
            bronze("retry_after", "429 is `retry-after`, with the seconds that the server names.", |p| {
                statuses::retry_after(p).boxed()
            }),
            bronze("server_fault", "5xx is `unavailable` or `retry-after`, so that it is tried again.", |p| {
                statuses::server_fault(p).boxed()
            }),
            silver("client_fault", "400 and 422 are told and not tried again.", |p| statuses::client_fault(p).boxed()),
            silver("host_refusals", "What the host refuses becomes the error that fits.", |p| {
                statuses::host_refusals(p).boxed()
            }),
            gold("retry_after_forms", "429 without a word of how long is understood.", |p| {
                statuses::retry_after_forms(p).boxed()
            }),
        ]
    };
}
pub(crate) use of_the_network;

/// Rules about everything that was done before; they come last.
macro_rules! of_the_ledger {
    () => {
        [
            gold("provenance", "Each function that it declares is known at first hand: recorded or documented.", |p| {
                itself::provenance(p).boxed()
            }),
            bronze("origins_named", "Nothing is sent that its manifest does not permit.", |p| {
                manners::origins_named(p).boxed()
            }),
            bronze(
                "secrets_kept",
                "Keys are sent as placeholders, and what a server repeats of them goes nowhere.",
                |p| manners::secrets_kept(p).boxed(),
            ),
            silver("plain_words", "What it tells and logs is fit for people: nothing empty, nothing garbled.", |p| {
                manners::plain_words(p).boxed()
            }),
            gold("frugal", "It stays far below its limits, and logs little while all is well.", |p| {
                manners::frugal(p).boxed()
            }),
        ]
    };
}
pub(crate) use of_the_ledger;

/// Judges an adapter by each law that it is not exempt from.
pub(crate) async fn judge<'l>(bench: &Bench<'_>, facts: Facts, laws: impl IntoIterator<Item = &'l Law>) -> Judgement {
    let plays = Plays::of(bench, facts).await;
    let mut verdicts = Vec::new();
    for Law { rule, judge } in laws {
        let verdict = match bench.folder.manifest.exempt.get(rule.id) {
            Some(exemption) => Verdict::Exempt(exemption.reason.clone()),
            None => judge(&plays).await,
        };
        (bench.judged)(rule);
        verdicts.push((*rule, verdict));
    }
    (verdicts, plays.calls())
}
