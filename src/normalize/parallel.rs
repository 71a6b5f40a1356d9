//! The same work on many items, on all cores, results handed over in the order of the items.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;

/// Items that workers may be ahead of the one that is handed over next: what memory holds at once.
const WINDOW: usize = 32;
/// Documents are trees: deep ones need more stack than a thread has by default.
const STACK_BYTES: usize = 32 << 20;

/// Applies `work` to every number below `count` and hands the results to `emit` in order.
///
/// `emit` runs on the calling thread; its error ends the work. So does all the work with one thread: then the caller's
/// stack holds the trees.
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
        // Whatever ends this worker ends the others too: none may wait for a result that never comes.
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
        // Left is all where no thread could be started, and what a thread panicked over: it does so again, on this one.
        (due..count).try_for_each(|number| emit(work(number)))
    })
}

/// Hands out numbers, none beyond what the window allows.
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next number, once the window has reached it; `None` at the end.
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

/// Closes the gate when dropped.
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
            // As far as they may, they are ahead.
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
