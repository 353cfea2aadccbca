//! Tasks: what only a person can do, asked for and withdrawn.

use super::change::Change;
use super::{Refusal, TASK_DUE};
use crate::case::{CaseState, Task, TaskKind, TaskState};

/// Opens a task to dispute this case by hand.
pub(super) fn ask_person(change: &mut Change<'_>, id: u64, why: &str) -> Result<(), Refusal> {
    let case = change.case(id)?.clone();
    let number = change.number(case.number)?;
    let said = case.label.as_deref().map_or_else(|| case.status.word().to_owned(), |label| format!("“{label}”"));
    let task = Task {
        business: number.business.clone(),
        kind: TaskKind::Dispute { case: id },
        title: format!("Dispute {said} on {} with {} by hand: {why}", case.number, case.agency),
        packet: None,
        opened_at: change.now,
        due_at: change.now.plus(TASK_DUE),
        state: TaskState::Open,
        id: change.id(),
    };
    let task_id = task.id;
    change.put_task(task);
    change.edit_case(id, |case| {
        case.task = Some(task_id);
        case.state = CaseState::Submitting;
        case.note = Some(why.to_owned());
    })
}

/// Ends an open task; one that is over stays as it is.
pub(super) fn withdraw(change: &mut Change<'_>, id: u64, reason: &str) -> Result<(), Refusal> {
    let Some(task) = change.state.tasks.get(&id).cloned() else { return Err(Refusal::UnknownTask(id)) };
    if task.state == TaskState::Open {
        change.put_task(Task { state: TaskState::Withdrawn { at: change.now, reason: reason.to_owned() }, ..task });
    }
    Ok(())
}

/// The task with this id, if it is still open.
pub(super) fn open(change: &Change<'_>, id: u64) -> Result<Task, Refusal> {
    let task = change.state.tasks.get(&id).cloned().ok_or(Refusal::UnknownTask(id))?;
    if task.state == TaskState::Open { Ok(task) } else { Err(Refusal::TaskNotOpen(id)) }
}
