//! Processes many items on all cores, and returns the results in the order of the items.

use crate::lock::locked;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// Maximum number of results that may wait for an earlier one. It limits the memory usage.
const WINDOW: usize = 32;
/// The stack size of a thread. Deep document trees need more than the default.
const STACK_BYTES: usize = 32 << 20;

/// Runs `work` on a new thread with a large stack. If no thread can be started, the calling thread does the work.
pub(super) fn on_new_thread<R: Send>(work: &(dyn Fn() -> R + Sync)) -> R {
    thread::scope(|scope| {
        let worker = thread::Builder::new().stack_size(STACK_BYTES);
        match worker.spawn_scoped(scope, work) {
            Ok(worker) => worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(_) => work(),
        }
    })
}

/// Applies `work` to every number below `count`, and passes the results to `emit` in order.
///
/// `emit` runs on the calling thread. If it returns an error, the work stops.
/// With one thread, `work` also runs on the calling thread and uses its stack.
pub(super) fn in_order<R: Send, E>(
    threads: Option<NonZeroUsize>,
    count: usize,
    work: impl Fn(usize) -> R + Sync,
    mut emit: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    if threads == NonZeroUsize::new(1) {
        return (0..count).try_for_each(|number| emit(work(number)));
    }
    let threads = threads.or_else(|| thread::available_parallelism().ok());
    let workers = threads.map_or(1, usize::from).min(count);
    let gate = Gate::default();
    let (results, received) = mpsc::channel();
    let run = |results: mpsc::Sender<(usize, R)>| {
        // When this worker ends for any reason, the others must end too. Otherwise, they could wait for a result that never comes.
        let _closing = Closing(&gate);
        while let Some(number) = gate.next(count) {
            if results.send((number, work(number))).is_err() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        let _closing = Closing(&gate);
        let run = &run;
        for _ in 0..workers {
            let results = results.clone();
            let worker = thread::Builder::new().stack_size(STACK_BYTES);
            if worker.spawn_scoped(scope, move || run(results)).is_err() {
                break;
            }
        }
        drop(results);
        let mut early = BTreeMap::new();
        let mut due = 0;
        for (number, result) in received {
            early.insert(number, result);
            while let Some(result) = early.remove(&due) {
                emit(result)?;
                due += 1;
                gate.open_to(due + WINDOW);
            }
        }
        // Some items are left if no thread could be started, or if a thread panicked. After a panic, this thread panics too.
        (due..count).try_for_each(|number| emit(work(number)))
    })
}

/// Assigns numbers to the workers, within the window.
struct Gate {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    next: usize,
    limit: usize,
    closed: bool,
}

impl Default for Gate {
    fn default() -> Self {
        let state = State { next: 0, limit: WINDOW, closed: false };
        Self { state: Mutex::new(state), moved: Condvar::new() }
    }
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Waits until the window contains the next number, and returns it. Returns `None` at the end.
    fn next(&self, count: usize) -> Option<usize> {
        let blocked = |state: &mut State| !state.closed && state.next < count && state.next >= state.limit;
        let mut state = self.moved.wait_while(self.lock(), blocked).unwrap_or_else(PoisonError::into_inner);
        let number = (!state.closed && state.next < count).then_some(state.next)?;
        state.next += 1;
        Some(number)
    }

    fn open_to(&self, limit: usize) {
        self.lock().limit = limit;
        self.moved.notify_all();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.moved.notify_all();
    }
}

/// Stops the other workers when dropped.
struct Closing<'a>(&'a Gate);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{WINDOW, in_order};

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let mut got = Vec::new();
        let all = in_order::<_, ()>(
            None,
            1_000,
            |number| number * 2,
            |result| {
                got.push(result);
                Ok(())
            },
        );
        assert_eq!(all, Ok(()));
        assert_eq!(got, (0..1_000).map(|number| number * 2).collect::<Vec<_>>());
    }

    #[test]
    fn no_worker_runs_further_ahead_than_the_window() {
        let started = AtomicUsize::new(0);
        let work = |number: usize| {
            started.fetch_add(1, Ordering::SeqCst);
            number
        };
        let mut widest = 0;
        let all = in_order::<_, ()>(NonZeroUsize::new(4), 500, work, |number| {
            // The workers use the whole window.
            while started.load(Ordering::SeqCst) < 500.min(number + WINDOW) {
                std::thread::yield_now();
            }
            (0..100).for_each(|_| std::thread::yield_now());
            widest = widest.max(started.load(Ordering::SeqCst) - number);
            Ok(())
        });
        assert_eq!(all, Ok(()));
        assert_eq!(widest, WINDOW);
    }

    #[test]
    fn an_error_of_the_receiver_ends_the_work() {
        for threads in [NonZeroUsize::new(1), NonZeroUsize::new(4)] {
            let started = AtomicUsize::new(0);
            let work = |number: usize| {
                started.fetch_add(1, Ordering::SeqCst);
                number
            };
            let emit = |number: usize| if number < 3 { Ok(()) } else { Err(number) };
            assert_eq!(in_order(threads, 10_000, work, emit), Err(3));
            let started = started.load(Ordering::SeqCst);
            assert!(started <= 3 + WINDOW, "{started}");
        }
    }
}
