//! One adapter, ready to be called: a fresh store for each call, under limits, on the guests' own threads.
//!
//! Whatever happens in a call ends that call alone: the store is thrown away and the adapter stays as it was.
//! How often an adapter may fail before it is benched is not decided here.

mod agency_calls;
mod lookup_calls;
mod provider_calls;
mod ranker_calls;

use crate::agency::{self, AdapterError, Description};
use crate::bindings::{Ctx, LogAllowance, wit_types};
use crate::call::{FilesError, Found, HttpError, HttpRequest, HttpResponse, LogLevel, Powers};
use crate::kind::Kind;
use crate::linked::Pre;
use crate::machine::{Limits, Machine};
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{AcquireError, Semaphore};
use tokio::time::timeout;
use wasmtime::{PoolConcurrencyLimitError, Store, Trap};

/// An adapter that is loaded. Calls in flight keep it alive when another takes its place.
#[derive(Clone)]
pub struct Guest {
    machine: Arc<Machine>,
    pre: Pre,
    name: String,
    revision: blake3::Hash,
    limits: Limits,
    turns: Arc<Semaphore>,
    description: Arc<Description>,
}

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The adapter answered with an error, or with something that cannot be true.
    #[error(transparent)]
    Adapter(#[from] AdapterError),
    /// The call was ended.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// A call that was ended, and why. Only this call is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The adapter's id, or its file's name while it has not yet said who it is.
    pub adapter: String,
    pub function: &'static str,
    pub kind: FaultKind,
    /// What is known beyond the kind: a trap's own words, or the last error that the adapter logged.
    pub detail: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// It did what no adapter may do.
    Trapped,
    /// It computed or waited longer than it may.
    TimedOut,
    OutOfMemory,
    StackOverflow,
    /// No turn came in time; the adapter itself was not asked.
    TooBusy,
    /// It answered with something that the interface does not allow.
    Protocol,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { adapter, function, kind, detail } = self;
        let what = match kind {
            FaultKind::Trapped => "was ended by a trap",
            FaultKind::TimedOut => "was ended because it took longer than it may",
            FaultKind::OutOfMemory => "was ended because it wanted more memory than it may have",
            FaultKind::StackOverflow => "was ended because it recursed too deeply",
            FaultKind::TooBusy => "was not asked, because too many calls are in flight; try again later",
            FaultKind::Protocol => "answered with something that the interface does not allow",
        };
        write!(f, "adapter {adapter}: `{function}` {what}")?;
        match detail {
            Some(detail) => write!(f, " ({detail})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}

impl Guest {
    pub(crate) fn new(machine: Arc<Machine>, pre: Pre, name: String, revision: blake3::Hash, limits: Limits) -> Guest {
        let turns = Arc::new(Semaphore::new(limits.calls_max.max(1)));
        Guest { machine, pre, name, revision, limits, turns, description: Arc::default() }
    }

    pub(crate) fn described(&mut self, description: Description) {
        self.name.clone_from(&description.id);
        self.description = Arc::new(description);
    }

    /// Who the adapter said it is when it was loaded.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The hash of the component: the same for the same content, on any machine.
    pub fn revision(&self) -> String {
        self.revision.to_hex().to_string()
    }

    /// The world in which it lives. A function of another world answers `unsupported`.
    pub fn kind(&self) -> Kind {
        self.pre.kind()
    }

    /// Asked once, when the adapter is loaded: with no powers, so that nothing can be hidden in it.
    pub(crate) async fn describe_powerless(&self) -> Result<Description, CallError> {
        self.describe(&(Arc::new(Powerless::default()) as Arc<dyn Powers>)).await
    }

    /// Who the adapter says it is when it is asked now.
    ///
    /// # Errors
    /// The adapter's own error, an answer that cannot be true, or the fault that ended the call.
    pub async fn describe(&self, powers: &Arc<dyn Powers>) -> Result<Description, CallError> {
        let answer = self
            .call(powers, "describe", |store, pre| {
                Box::pin(async move {
                    match pre {
                        Pre::Agency(pre) => {
                            let adapter = pre.instantiate_async(&mut *store).await?;
                            adapter.describe(store).await
                        }
                        Pre::Provider(pre) => {
                            let adapter = pre.instantiate_async(&mut *store).await?;
                            adapter.smartguard_adapter_provider().call_describe(store).await
                        }
                        Pre::CarrierLookup(pre) => {
                            let adapter = pre.instantiate_async(&mut *store).await?;
                            adapter.smartguard_adapter_carrier_lookup().call_describe(store).await
                        }
                        Pre::Ranker(pre) => {
                            let adapter = pre.instantiate_async(&mut *store).await?;
                            adapter.smartguard_adapter_ranker().call_describe(store).await
                        }
                    }
                    .map(Ok)
                })
            })
            .await?;
        Ok(agency::description(answer)?)
    }

    /// Waits for a turn, runs the function in a fresh store on the guests' threads, and tells apart how it ended.
    /// Dropping the future ends the guest at its next tick.
    async fn call<R, F>(&self, powers: &Arc<dyn Powers>, function: &'static str, run: F) -> Result<R, CallError>
    where
        R: Send + 'static,
        F: for<'a> FnOnce(&'a mut Store<Ctx>, &'a Pre) -> BoxFuture<'a, wasmtime::Result<Result<R, wit_types::Error>>>
            + Send
            + 'static,
    {
        let fault = |kind, detail| Fault { adapter: self.name.clone(), function, kind, detail };
        // First among the adapter's own calls, so that one adapter never has others wait for more than it may hold.
        let turn = timeout(self.limits.turn_max, async {
            let turn = Arc::clone(&self.turns).acquire_owned().await?;
            Ok::<_, AcquireError>((turn, Arc::clone(&self.machine.slots).acquire_owned().await?))
        });
        let Ok(Ok(turn)) = turn.await else { return Err(fault(FaultKind::TooBusy, None).into()) };
        let log = LogAllowance {
            lines_left: self.limits.log_lines_max,
            bytes_left: self.limits.log_bytes_max,
            ..LogAllowance::default()
        };
        let ticks = self.machine.ticks(self.limits.cpu_max);
        let ctx = Ctx::new(Some(Arc::clone(powers)), self.limits.memory_max, ticks, log);
        let mut store = self.machine.store(ctx);
        let (pre, deadline) = (self.pre.clone(), self.limits.deadline);
        let task = self.machine.guests.spawn(async move {
            let _turn = turn;
            let began = Instant::now();
            let mut computing = Duration::ZERO;
            let ended = timeout(deadline, timed(&mut computing, run(&mut store, &pre))).await;
            let ctx = store.data();
            ctx.close(function, began.elapsed(), computing);
            match ended {
                Ok(Ok(Ok(answer))) => Ok(answer),
                Ok(Ok(Err(error))) => Err(Ended::Adapter(agency::error(error))),
                Ok(Err(error)) => Err(why(ctx, &error)),
                Err(_) => Err(Ended::Fault(FaultKind::TimedOut, Some(format!("{} s passed", deadline.as_secs_f32())))),
            }
        });
        match EndWithCall(task).wait().await {
            Some(Ok(answer)) => Ok(answer),
            Some(Err(Ended::Adapter(error))) => Err(error.into()),
            Some(Err(Ended::Fault(kind, detail))) => Err(fault(kind, detail).into()),
            None => Err(fault(FaultKind::Trapped, Some("the host broke while it served the call".into())).into()),
        }
    }
}

/// Adds up the time in which a future holds a thread, which is the time that it does not wait.
async fn timed<F: Future>(spent: &mut Duration, future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let began = Instant::now();
        let polled = future.as_mut().poll(context);
        *spent += began.elapsed();
        polled
    })
    .await
}

/// Instantiates the component when it lives in this world, and answers `unsupported` for it when it does not.
macro_rules! instantiate {
    ($pre:ident, $store:ident, $kind:ident) => {
        match $pre {
            Pre::$kind(pre) => pre.instantiate_async(&mut *$store).await?,
            other => return Ok(Err(crate::guest::of_another_kind(other))),
        }
    };
}
pub(crate) use instantiate;

fn of_another_kind(pre: &Pre) -> wit_types::Error {
    wit_types::Error::Unsupported(format!("it is an adapter of kind `{}`", pre.kind()))
}

enum Ended {
    Adapter(AdapterError),
    Fault(FaultKind, Option<String>),
}

/// Reads the kind of a fault from what wasmtime and our own limits say.
fn why(ctx: &Ctx, error: &wasmtime::Error) -> Ended {
    if ctx.ceiling.reached {
        return Ended::Fault(FaultKind::OutOfMemory, None);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        return Ended::Fault(FaultKind::TooBusy, None);
    }
    let last_error = || ctx.log.last_error.clone();
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Ended::Fault(FaultKind::TimedOut, Some("it used up its computing time".into())),
        Some(Trap::StackOverflow) => Ended::Fault(FaultKind::StackOverflow, None),
        Some(trap) => Ended::Fault(FaultKind::Trapped, Some(last_error().unwrap_or_else(|| trap.to_string()))),
        None => Ended::Fault(FaultKind::Protocol, Some(last_error().unwrap_or_else(|| error.root_cause().to_string()))),
    }
}

/// Ends the guest when nobody waits for it any more.
struct EndWithCall<T>(tokio::task::JoinHandle<T>);

impl<T> EndWithCall<T> {
    async fn wait(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for EndWithCall<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The powers of an adapter that has none yet. It keeps what is logged out of the daemon's log as well.
#[derive(Default)]
struct Powerless {
    /// So that what `random` promises holds even here.
    drawn: Mutex<u64>,
}

const NONE_YET: &str = "an adapter has no powers while it describes itself";

impl Powers for Powerless {
    fn fetch(&self, _request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, HttpError>> {
        Box::pin(async { Err(HttpError::Denied(NONE_YET.into())) })
    }

    fn config(&self, _key: &str) -> Option<String> {
        None
    }

    fn lookup(&self, _dataset: &str, _keys: Vec<String>) -> BoxFuture<'_, Result<Found, FilesError>> {
        Box::pin(async { Err(FilesError::Denied(NONE_YET.into())) })
    }

    fn log(&self, _level: LogLevel, _message: &str) {}

    fn now_ms(&self) -> u64 {
        0
    }

    fn uniform(&self) -> f64 {
        let mut drawn = self.drawn.lock();
        *drawn += 1;
        1.0 - 1.0 / (*drawn as f64 + 1.0)
    }
}
