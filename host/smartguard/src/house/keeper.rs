//! The keeper: owns life, cases and configuration, and is the only one that changes them.
//!
//! An event comes in, the pure core steps, the touched records and the event go into one commit,
//! and only then is the proposer told, the path of a call shown its new view, and the performer given what is wanted.
//! It never holds up a decision: the path of a call reads published views and never asks here.

use super::directory::Directory;
use super::hot::Hot;
use super::schedule::Schedule;
use super::wakes::{Wakes, Whom};
use crate::store::{CommitError, Key, Op, Store, Tree};
use numbers::event::{EVENT_BYTES_MAX, Event, What};
use numbers::state::State;
use numbers::step::{Refusal, Touched};
use numbers::wants::Command;
use numbers::{E164, Moment, Purpose};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// Proposals that may wait. Whoever finds it full waits: none of them is on the path of a call.
const REQUESTS_MAX: usize = 1_024;
/// Proposals taken into one commit.
const SLICE_MAX: usize = 64;
/// Records written by one commit at most, so that it stays within the store's bounds.
const RECORDS_MAX: usize = 150;
/// First byte of the keys of the keeper's events, beside the pages of calls in the same tree.
pub const EVENT_PREFIX: u8 = b'k';

/// Why a proposal changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    #[error("{0}")]
    Refused(Refusal),
    #[error("the change could not be made durable")]
    Store(#[source] CommitError),
    #[error("the daemon is stopping")]
    Stopping,
}

/// Something for the keeper to do.
enum Request {
    Propose { what: Box<What>, reply: oneshot::Sender<Result<Touched, ProposeError>> },
    Read(Box<dyn FnOnce(&State) + Send>),
    Hold { held: oneshot::Sender<()>, released: oneshot::Receiver<()> },
    Stop(oneshot::Sender<()>),
}

/// The way to the keeper.
#[derive(Clone)]
pub struct KeeperHandle {
    requests: mpsc::Sender<Request>,
}

impl KeeperHandle {
    /// Proposes an event; answers when it is durable.
    pub async fn propose(&self, what: What) -> Result<Touched, ProposeError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Propose { what: Box::new(what), reply };
        self.requests.send(request).await.map_err(|_| ProposeError::Stopping)?;
        answer.await.map_err(|_| ProposeError::Stopping)?
    }

    /// Reads from the state, between two events.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&State) -> T + Send + 'static,
    ) -> Result<T, ProposeError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Read(Box::new(move |state| drop(reply.send(read(state)))));
        self.requests.send(request).await.map_err(|_| ProposeError::Stopping)?;
        answer.await.map_err(|_| ProposeError::Stopping)
    }

    /// Has the keeper change nothing, and the store hold all that it changed before, until the answer is dropped.
    pub async fn hold(&self) -> Result<Held, ProposeError> {
        let (held, answer) = oneshot::channel();
        let (release, released) = oneshot::channel();
        self.requests.send(Request::Hold { held, released }).await.map_err(|_| ProposeError::Stopping)?;
        answer.await.map_err(|_| ProposeError::Stopping)?;
        Ok(Held { _release: release })
    }

    /// Lets the keeper finish what it has begun, and stops it.
    pub async fn stop(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.requests.send(Request::Stop(reply)).await.is_ok() {
            // It may have stopped by itself meanwhile.
            let _ = stopped.await;
        }
    }
}

/// The keeper waits for as long as this is held.
pub struct Held {
    _release: oneshot::Sender<()>,
}

/// The keeper itself.
pub struct Keeper {
    state: State,
    store: Arc<dyn Store>,
    hot: Arc<Hot>,
    directory: Arc<Directory>,
    schedule: Schedule,
    commands: mpsc::UnboundedSender<Command>,
    next_event: u64,
    wakes: Wakes,
}

/// What the keeper is given at its start.
pub struct KeeperParts {
    pub state: State,
    pub store: Arc<dyn Store>,
    pub hot: Arc<Hot>,
    pub directory: Arc<Directory>,
    pub schedule: Schedule,
    pub commands: mpsc::UnboundedSender<Command>,
    pub next_event: u64,
}

/// Starts the keeper with everything published and wanted that the state says.
pub fn start(parts: KeeperParts) -> (KeeperHandle, tokio::task::JoinHandle<()>) {
    let (requests, waiting) = mpsc::channel(REQUESTS_MAX);
    let KeeperParts { state, store, hot, directory, schedule, commands, next_event } = parts;
    let keeper = Keeper { state, store, hot, directory, schedule, commands, next_event, wakes: Wakes::default() };
    (KeeperHandle { requests }, tokio::spawn(keeper.run(waiting)))
}

/// The present, as the daemon's clock says. Stamped once, at the door or here.
pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Keeper {
    async fn run(mut self, mut waiting: mpsc::Receiver<Request>) {
        self.begin();
        let mut requests = Vec::with_capacity(SLICE_MAX);
        loop {
            let until = self.next_due().map_or(IDLE_MAX, |due| due.since(now()).min(IDLE_MAX));
            tokio::select! {
                biased;
                taken = waiting.recv_many(&mut requests, SLICE_MAX) => {
                    if taken == 0 {
                        return;
                    }
                }
                () = tokio::time::sleep(until) => {}
            }
            if let Some(stopped) = self.slice(&mut requests).await {
                let _ = stopped.send(());
                return;
            }
        }
    }

    /// Publishes and asks for everything once; afterwards only what an event touched.
    fn begin(&mut self) {
        let everything = Touched {
            businesses: self.state.businesses.keys().cloned().collect(),
            owners: self.state.owners.keys().cloned().collect(),
            numbers: self.state.numbers.keys().copied().collect(),
            filings: self.state.open_filings().map(|filing| filing.id).collect(),
            ..Touched::default()
        };
        self.follow(&everything);
    }

    fn next_due(&self) -> Option<Moment> {
        self.wakes.next_due().into_iter().chain(self.schedule.next_due()).min()
    }

    /// One round: what was asked, and what time brought.
    async fn slice(&mut self, requests: &mut Vec<Request>) -> Option<oneshot::Sender<()>> {
        let now = now();
        let mut round = Round::default();
        let mut stop = None;
        for request in requests.drain(..) {
            match request {
                Request::Propose { what, reply } => match self.step(now, *what, &mut round) {
                    Ok(touched) => round.replies.push((reply, touched)),
                    // Whoever asked may have gone.
                    Err(refusal) => drop(reply.send(Err(ProposeError::Refused(refusal)))),
                },
                Request::Read(read) => read(&self.state),
                Request::Hold { held, released } => {
                    self.commit(&mut round).await;
                    if held.send(()).is_ok() {
                        // It ends with an error, when the holder lets go.
                        let _ = released.await;
                    }
                }
                Request::Stop(reply) => stop = Some(reply),
            }
            if round.is_full() {
                self.commit(&mut round).await;
            }
        }
        self.commit(&mut round).await;
        for command in self.schedule.due(now) {
            // The performer's end is gone only while the daemon stops.
            let _ = self.commands.send(command);
        }
        for whom in self.wakes.take_due(now) {
            self.want(whom, now);
        }
        stop
    }

    fn step(&mut self, at: Moment, what: What, round: &mut Round) -> Result<Touched, Refusal> {
        let event = Event { at, what };
        let bytes = encoded(&event);
        // The store would refuse it, and with it everything else of this round.
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(Refusal::TooMany { what: "bytes", count: bytes.len(), max: EVENT_BYTES_MAX });
        }
        let touched = self.state.step(&event)?;
        round.events.push((self.next_event, bytes));
        self.next_event += 1;
        join(&mut round.touched, &touched);
        Ok(touched)
    }

    /// Makes the round durable, then tells everybody.
    async fn commit(&mut self, round: &mut Round) {
        let round = core::mem::take(round);
        if round.events.is_empty() {
            return;
        }
        match self.write(&round).await {
            Ok(()) => {
                self.follow(&round.touched);
                for (reply, touched) in round.replies {
                    let _ = reply.send(Ok(touched));
                }
            }
            Err(cause) => {
                tracing::error!(%cause, "a change could not be made durable");
                for (reply, _) in round.replies {
                    let _ = reply.send(Err(ProposeError::Store(cause.clone())));
                }
            }
        }
    }

    async fn write(&self, round: &Round) -> Result<(), CommitError> {
        let mut ops = Vec::new();
        for (seq, event) in &round.events {
            let mut key = vec![EVENT_PREFIX];
            key.extend_from_slice(&seq.to_be_bytes());
            ops.push(Op::put(Key::new(Tree::Event, key), event.clone()));
        }
        let (state, touched) = (&self.state, &round.touched);
        ops.extend(
            touched
                .businesses
                .iter()
                .filter_map(|id| Some(put(Tree::Business, id.as_bytes(), state.businesses.get(id)?))),
        );
        ops.extend(touched.owners.iter().filter_map(|id| Some(put(Tree::Owner, encoded(id), state.owners.get(id)?))));
        ops.extend(
            touched
                .numbers
                .iter()
                .filter_map(|id| Some(put(Tree::Number, id.digits().to_be_bytes(), state.numbers.get(id)?))),
        );
        ops.extend(touched.cases.iter().filter_map(|id| Some(put(Tree::Case, id.to_be_bytes(), state.cases.get(id)?))));
        ops.extend(
            touched.filings.iter().filter_map(|id| Some(put(Tree::Filing, id.to_be_bytes(), state.filings.get(id)?))),
        );
        ops.extend(touched.tasks.iter().filter_map(|id| Some(put(Tree::Task, id.to_be_bytes(), state.tasks.get(id)?))));
        ops.push(put(Tree::Meta, NEXT_ID, &state.next_id));
        if touched.policy {
            ops.push(put(Tree::Meta, POLICY, &(state.policy_revision, &state.policy)));
        }
        if touched.adapters {
            ops.push(put(Tree::Meta, ADAPTERS, &state.adapters.values().collect::<Vec<_>>()));
        }
        // One commit in all but the largest rounds (a new roster touches every number); those may stop between two
        // numbers, never within one, and the next start settles the rest.
        for ops in ops.chunks(OPS_PER_COMMIT) {
            loop {
                match self.store.commit(ops.to_vec()).await {
                    Ok(_) => break,
                    Err(cause @ (CommitError::DiskFull { .. } | CommitError::QueueFull { .. })) => {
                        tracing::warn!(%cause, "a change waits for the disk");
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                    Err(cause) => return Err(cause),
                }
            }
        }
        Ok(())
    }

    /// Publishes what changed, and sees to it that what is wanted now or later is asked for when it is due.
    fn follow(&mut self, touched: &Touched) {
        let now = now();
        if touched.policy {
            self.hot.policy.store(Arc::new((self.state.policy_revision, self.state.policy.clone())));
        }
        self.directory.publish(&self.state, touched);
        let (mut numbers, mut businesses) = self.concerned(touched);
        if touched.policy || touched.adapters {
            // Other times and other sources hold for every number now, whatever the event itself touched.
            numbers.extend(self.state.numbers.keys());
            businesses.extend(self.state.businesses.keys().cloned());
        }
        for number in numbers {
            self.schedule.set(&self.state, number);
            self.wakes.set(Whom::Number(number), self.state.next_wake(number));
        }
        for business in businesses {
            self.wake_business(business, now);
        }
    }

    /// The numbers and businesses for which something else may be wanted now.
    fn concerned(&self, touched: &Touched) -> (BTreeSet<E164>, BTreeSet<String>) {
        let (mut numbers, mut businesses) = (touched.numbers.clone(), touched.businesses.clone());
        let mut cases = touched.cases.clone();
        for filing in touched.filings.iter().filter_map(|id| self.state.filings.get(id)) {
            match filing.purpose {
                Purpose::Register => drop(businesses.insert(filing.business.id.clone())),
                Purpose::Dispute { case } => drop(cases.insert(case)),
            }
        }
        numbers.extend(cases.iter().filter_map(|id| self.state.cases.get(id)).map(|case| case.number));
        let of_numbers = touched.numbers.iter().filter_map(|number| self.state.numbers.get(number));
        businesses.extend(of_numbers.map(|number| number.business.clone()));
        (numbers, businesses)
    }

    /// Asks what is wanted, and asks again later if nothing has come of it by then.
    fn want(&mut self, whom: Whom, now: Moment) {
        match whom {
            Whom::Number(number) => {
                let again = self.state.next_wake(number).map(|due| due.max(now.plus(WANT_AGAIN_AFTER)));
                self.send(self.state.wants(number, now));
                self.wakes.set(Whom::Number(number), again);
            }
            Whom::Business(business) => {
                self.send(self.state.wants_for_business(&business, now));
                self.wake_business(business, now);
            }
        }
    }

    fn wake_business(&mut self, business: String, now: Moment) {
        if let Some(due) = self.state.next_wake_for_business(&business) {
            self.wakes.no_later_than(Whom::Business(business), due.max(now.plus(GATHERED_FOR)));
        }
    }

    fn send(&self, commands: Vec<Command>) {
        for command in commands {
            // Checks come from the schedule, which knows batches and due times.
            if !matches!(command, Command::Check { .. }) {
                let _ = self.commands.send(command);
            }
        }
    }
}

/// With nothing due the keeper looks up this often all the same, so that a clock set back is noticed.
const IDLE_MAX: core::time::Duration = core::time::Duration::from_secs(5);
const RETRY_AFTER: core::time::Duration = core::time::Duration::from_millis(250);
/// What is wanted and has not come about is asked for again after so long; the performer leaves out what is on its way.
const WANT_AGAIN_AFTER: core::time::Duration = core::time::Duration::from_secs(1);
/// A registry takes one filing a business in a day, and an import comes in slices: so long is waited for the rest of it.
const GATHERED_FOR: core::time::Duration = core::time::Duration::from_secs(1);
/// Well under the store's bound of operations, and with records of half a kilobyte under its bound of bytes.
const OPS_PER_COMMIT: usize = 200;

/// Names of single records.
pub const NEXT_ID: &[u8] = b"next_id";
pub const POLICY: &[u8] = b"policy";
pub const ADAPTERS: &[u8] = b"adapters";

/// Events of one commit.
#[derive(Default)]
struct Round {
    /// Encoded, in their order.
    events: Vec<(u64, Vec<u8>)>,
    touched: Touched,
    replies: Vec<(oneshot::Sender<Result<Touched, ProposeError>>, Touched)>,
}

impl Round {
    fn is_full(&self) -> bool {
        self.events.len() + self.touched.numbers.len() + self.touched.filings.len() > RECORDS_MAX
    }
}

/// Adds what one event touched to what the round touched.
fn join(round: &mut Touched, event: &Touched) {
    let Touched { businesses, owners, numbers, cases, filings, tasks, policy, adapters } = event;
    round.businesses.extend(businesses.iter().cloned());
    round.owners.extend(owners.iter().cloned());
    round.numbers.extend(numbers);
    round.cases.extend(cases);
    round.filings.extend(filings);
    round.tasks.extend(tasks);
    round.policy |= policy;
    round.adapters |= adapters;
}

fn put<T: Serialize>(tree: Tree, key: impl Into<Vec<u8>>, value: &T) -> Op {
    Op::put(Key::new(tree, key), encoded(value))
}

/// Everything stored is plain data with known lengths, which postcard can always write.
fn encoded<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data can be encoded")
}

#[cfg(test)]
mod tests;
