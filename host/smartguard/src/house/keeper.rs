//! The keeper: owns life, cases and configuration, and is the only one that changes them.
//!
//! An event comes in, the pure core steps, the touched records and the event go into one commit,
//! and only then is the proposer told, the path of a call shown its new view, and the performer given what is wanted.
//! It never holds up a decision: the path of a call reads published views and never asks here.
//!
//! While the disk is full it keeps what it has begun, answers readers, and takes nothing new from a door.
//! When a commit fails for good, what it holds is ahead of the disk: it says so and changes nothing until a restart.

#[cfg(test)]
mod disk_tests;
mod records;
mod round;
#[cfg(test)]
mod tests;

#[cfg(test)]
pub use records::REVISION;
pub use records::{ADAPTERS, EVENT_PREFIX, NEXT_ID, POLICY, read_policies};

use super::directory::Directory;
use super::hot::Hot;
use super::schedule::Schedule;
use super::wakes::{Wakes, Whom};
use crate::store::{CommitError, Op, Store};
use numbers::event::{Event, What};
use numbers::state::State;
use numbers::step::{Refusal, Touched};
use numbers::wants::Command;
use numbers::{E164, Moment, Purpose};
use round::{Round, Waiter, join};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// Proposals that may wait. Whoever finds it full waits: none of them is on the path of a call.
const REQUESTS_MAX: usize = 1_024;
/// Proposals taken into one commit.
const SLICE_MAX: usize = 64;

/// Why a proposal is not known to have changed anything.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    #[error("{0}")]
    Refused(Refusal),
    #[error("nothing is changed while the disk is full")]
    NotTaken(#[source] CommitError),
    #[error("the change is not durable yet; it is made as soon as the disk has room again")]
    Waiting(#[source] CommitError),
    #[error("a change could not be made durable ({0}), so nothing more is changed until a restart")]
    Halted(String),
    #[error("the daemon is stopping")]
    Stopping,
}

/// How the keeper is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Well,
    /// What was begun waits for the disk, for this reason.
    HeldUp(String),
    /// What it holds is ahead of the disk, for this reason, and it changes nothing any more.
    Halted(String),
}

/// Something for the keeper to do.
enum Request {
    /// A patient proposer waits while the disk is full; another is told at once.
    Propose {
        what: Box<What>,
        patient: bool,
        reply: Reply,
    },
    Read(Box<dyn FnOnce(&State) + Send>),
    Hold {
        held: oneshot::Sender<Result<(), ProposeError>>,
        released: oneshot::Receiver<()>,
    },
    Stop(oneshot::Sender<()>),
}

type Reply = oneshot::Sender<Result<Touched, ProposeError>>;

/// The way to the keeper.
#[derive(Clone)]
pub struct KeeperHandle {
    requests: mpsc::Sender<Request>,
    condition: watch::Receiver<Condition>,
}

impl KeeperHandle {
    /// Proposes an event for somebody at a door; answers when it is durable, or at once while the disk is full.
    pub async fn propose(&self, what: What) -> Result<Touched, ProposeError> {
        self.hand_over(what, false).await
    }

    /// Proposes an event of the daemon's own, which must not get lost; answers when it is durable.
    pub async fn propose_patiently(&self, what: What) -> Result<Touched, ProposeError> {
        self.hand_over(what, true).await
    }

    async fn hand_over(&self, what: What, patient: bool) -> Result<Touched, ProposeError> {
        let (reply, answer) = oneshot::channel();
        let request = Request::Propose { what: Box::new(what), patient, reply };
        self.requests.send(request).await.map_err(|_| ProposeError::Stopping)?;
        answer.await.map_err(|_| ProposeError::Stopping)?
    }

    /// Reads from the state, between two events. What is on its way to the disk is seen already.
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
        answer.await.map_err(|_| ProposeError::Stopping)??;
        Ok(Held { _release: release })
    }

    pub fn condition(&self) -> Condition {
        self.condition.borrow().clone()
    }

    /// Lets the keeper finish what it has begun, and stops it. What waits for a full disk is given up, unacknowledged.
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
    waiting: mpsc::Receiver<Request>,
    /// What came while a commit was under way.
    put_off: Vec<Request>,
    condition: watch::Sender<Condition>,
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
    let (condition, seen) = watch::channel(Condition::Well);
    let KeeperParts { state, store, hot, directory, schedule, commands, next_event } = parts;
    let keeper = Keeper {
        state,
        store,
        hot,
        directory,
        schedule,
        commands,
        next_event,
        wakes: Wakes::default(),
        waiting,
        put_off: Vec::new(),
        condition,
    };
    (KeeperHandle { requests, condition: seen }, tokio::spawn(keeper.run()))
}

/// The present, as the daemon's clock says. Stamped once, at the door or here.
pub fn now() -> Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Moment(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

impl Keeper {
    async fn run(mut self) {
        self.begin();
        let mut requests = Vec::with_capacity(SLICE_MAX);
        loop {
            requests.append(&mut self.put_off);
            if requests.is_empty() {
                let until = self.next_due().map_or(IDLE_MAX, |due| due.since(now()).min(IDLE_MAX));
                tokio::select! {
                    biased;
                    taken = self.waiting.recv_many(&mut requests, SLICE_MAX) => {
                        if taken == 0 {
                            return;
                        }
                    }
                    () = tokio::time::sleep(until) => {}
                }
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
        // One that is halted wants nothing any more.
        if self.is_halted() {
            return None;
        }
        self.wakes.next_due().into_iter().chain(self.schedule.next_due()).min()
    }

    fn is_halted(&self) -> bool {
        matches!(*self.condition.borrow(), Condition::Halted(_))
    }

    /// One round: what was asked, and what time brought.
    async fn slice(&mut self, requests: &mut Vec<Request>) -> Option<oneshot::Sender<()>> {
        let now = now();
        let mut round = Round::default();
        let mut stop = None;
        for request in requests.drain(..) {
            match request {
                Request::Propose { what, patient, reply } => match self.step(now, *what, &mut round) {
                    Ok(touched) => round.waiters.push(Waiter { patient, reply, touched }),
                    // Whoever asked may have gone.
                    Err(refusal) => drop(reply.send(Err(refusal))),
                },
                Request::Read(read) => read(&self.state),
                Request::Hold { held, released } => {
                    self.commit(&mut round).await;
                    if held.send(Ok(())).is_ok() {
                        // It ends with an error, when the holder lets go.
                        let _ = self.meanwhile(released, None).await;
                    }
                }
                Request::Stop(reply) => stop = Some(reply),
            }
            if round.is_full() {
                self.commit(&mut round).await;
            }
        }
        self.commit(&mut round).await;
        if self.is_halted() {
            return stop;
        }
        for command in self.schedule.due(now) {
            // The performer's end is gone only while the daemon stops.
            let _ = self.commands.send(command);
        }
        for whom in self.wakes.take_due(now) {
            self.want(whom, now);
        }
        stop
    }

    /// Applies an event, if what it makes of the records can be stored.
    fn step(&mut self, at: Moment, what: What, round: &mut Round) -> Result<Touched, ProposeError> {
        if let Condition::Halted(reason) = &*self.condition.borrow() {
            return Err(ProposeError::Halted(reason.clone()));
        }
        let event = Event { at, what };
        let event_op = records::of_event(self.next_event, &event);
        let mut size = (0, 0);
        let touched = self
            .state
            .step_if(&event, |state, touched| {
                let ops = records::of_touched(state, touched);
                size = (ops.len() + 1, records::fit(&ops)? + records::fit(core::slice::from_ref(&event_op))?);
                Ok(())
            })
            .map_err(ProposeError::Refused)?;
        round.events.push(event_op);
        round.ops += size.0;
        round.bytes += size.1;
        self.next_event += 1;
        join(&mut round.touched, &touched);
        Ok(touched)
    }

    /// Makes the round durable, then tells everybody.
    async fn commit(&mut self, round: &mut Round) {
        let mut round = core::mem::take(round);
        if round.events.is_empty() {
            return;
        }
        let mut ops = records::of_touched(&self.state, &round.touched);
        ops.append(&mut round.events);
        for ops in records::commits(ops) {
            if let Err(reason) = self.write(ops, &mut round).await {
                return self.halt(round, reason);
            }
        }
        self.condition.send_if_modified(|condition| {
            let held_up = matches!(condition, Condition::HeldUp(_));
            if held_up {
                tracing::info!("the disk has room again, and the changes that waited for it are durable");
                *condition = Condition::Well;
            }
            held_up
        });
        self.follow(&round.touched);
        for waiter in round.waiters {
            let _ = waiter.reply.send(Ok(waiter.touched));
        }
    }

    /// One commit, however long the disk is full.
    ///
    /// # Errors
    /// Why it is not made, and will not be.
    async fn write(&mut self, ops: Vec<Op>, round: &mut Round) -> Result<(), String> {
        let store = self.store.clone();
        loop {
            let cause = match self.meanwhile(store.commit(ops.clone()), None).await {
                Some(Ok(_)) => return Ok(()),
                Some(Err(cause @ (CommitError::DiskFull { .. } | CommitError::QueueFull { .. }))) => cause,
                Some(Err(cause)) => return Err(super::chain(&cause)),
                None => return Err(STOPPED.to_owned()),
            };
            self.condition.send_if_modified(|condition| {
                let news = *condition == Condition::Well;
                if news {
                    tracing::warn!(%cause, "changes wait for the disk");
                    *condition = Condition::HeldUp(cause.to_string());
                }
                news
            });
            round.tell_the_hurried(&cause);
            if self.meanwhile(tokio::time::sleep(RETRY_AFTER), Some(&cause)).await.is_none() {
                return Err(STOPPED.to_owned());
            }
        }
    }

    /// Keeps no reader waiting while something else is awaited. Proposals are put off; while the disk is full only those
    /// of the patient are. None when the daemon is to stop while the disk is full.
    async fn meanwhile<T>(&mut self, awaited: impl Future<Output = T>, full: Option<&CommitError>) -> Option<T> {
        tokio::pin!(awaited);
        loop {
            let request = tokio::select! {
                biased;
                done = &mut awaited => return Some(done),
                Some(request) = self.waiting.recv(), if self.put_off.len() < REQUESTS_MAX => request,
            };
            match (request, full) {
                (Request::Read(read), _) => read(&self.state),
                (Request::Propose { patient: false, reply, .. }, Some(cause)) => {
                    drop(reply.send(Err(ProposeError::NotTaken(cause.clone()))));
                }
                (Request::Hold { held, .. }, Some(cause)) => {
                    drop(held.send(Err(ProposeError::NotTaken(cause.clone()))));
                }
                (Request::Stop(reply), Some(_)) => {
                    self.put_off.push(Request::Stop(reply));
                    return None;
                }
                (request, _) => self.put_off.push(request),
            }
        }
    }

    /// What is held here is ahead of the disk from now on. The path of a call goes on with what was published before.
    fn halt(&mut self, round: Round, reason: String) {
        tracing::error!(reason, "a change could not be made durable; nothing more is changed until a restart");
        for waiter in round.waiters {
            let _ = waiter.reply.send(Err(ProposeError::Halted(reason.clone())));
        }
        self.condition.send_replace(Condition::Halted(reason));
    }

    /// Publishes what changed, and sees to it that what is wanted now or later is asked for when it is due.
    fn follow(&mut self, touched: &Touched) {
        let now = now();
        if touched.policy {
            self.hot.policy.store(Arc::new(self.state.policies.clone()));
        }
        self.directory.publish(&self.state, touched, now);
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
const STOPPED: &str = "the daemon was stopped while the disk was full";
