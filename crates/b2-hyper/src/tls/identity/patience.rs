//! Work of others that may never end, on a thread of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one thing after the other. Whoever wants something done
/// waits for it, but not for ever; the thread may.
#[derive(Debug, Default)]
pub(super) struct Worker {
    jobs: Mutex<Option<Sender<Job>>>,
    /// Whether somebody has given it up and it has ended nothing since.
    stuck: Arc<AtomicBool>,
}

/// Where the outcome of a job goes. It ends with the job, whether that was
/// done, has panicked or was never begun.
struct Ending<T> {
    done: Option<SyncSender<T>>,
    stuck: Arc<AtomicBool>,
}

impl<T> Drop for Ending<T> {
    fn drop(&mut self) {
        // First this: whoever gives up looks for it after he has said so.
        self.done = None;
        self.stuck.store(false, Ordering::SeqCst);
    }
}

impl Worker {
    /// What `work` gives; `None` if it is not there within `patience`. Nobody
    /// waits for a thread that was given up, until it comes back.
    pub(super) fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        if self.stuck.load(Ordering::SeqCst) {
            return None;
        }
        let (done, outcome) = sync_channel(1);
        let wanted = Arc::new(AtomicBool::new(true));
        let still_wanted = Arc::clone(&wanted);
        let ending = Ending { done: Some(done), stuck: Arc::clone(&self.stuck) };
        let job: Job = Box::new(move || {
            if let (true, Some(done)) = (still_wanted.load(Ordering::SeqCst), &ending.done) {
                // Whoever has gone away does not hear of it.
                drop(done.send(work()));
            }
            drop(ending);
        });
        self.send(job)?;
        outcome.recv_timeout(patience).ok().or_else(|| self.give_up(&outcome, &wanted))
    }

    /// What came in the last moment, if anything did.
    fn give_up<T>(&self, outcome: &Receiver<T>, wanted: &AtomicBool) -> Option<T> {
        self.stuck.store(true, Ordering::SeqCst);
        wanted.store(false, Ordering::SeqCst);
        let last = outcome.try_recv();
        if !matches!(last, Err(TryRecvError::Empty)) {
            // It has ended, and may have said so before it was given up.
            self.stuck.store(false, Ordering::SeqCst);
        }
        last.ok()
    }

    /// `None` if there cannot be a thread.
    fn send(&self, job: Job) -> Option<()> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = &*jobs {
            return sender.send(job).ok();
        }
        let (sender, received) = channel::<Job>();
        sender.send(job).ok()?;
        let thread = std::thread::Builder::new().name("b2-token".to_owned());
        // A panic ends a job, and not those behind it.
        let all = || received.into_iter().for_each(|job| drop(catch_unwind(AssertUnwindSafe(job))));
        thread.spawn(all).ok()?;
        *jobs = Some(sender);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn one_thread_does_one_thing_after_the_other() {
        let worker = Worker::default();
        let thread = || std::thread::current().id();
        let first = worker.run(LONG, thread).unwrap();
        assert_eq!(worker.run(LONG, thread), Some(first));
        assert_ne!(first, thread());
    }

    #[test]
    fn whoever_never_ends_is_given_up_until_he_comes_back() {
        let worker = Worker::default();
        let (release, wait) = channel::<()>();
        let begun = Instant::now();
        assert!(worker.run(SHORT, move || wait.recv()).is_none());
        // Nobody waits for it again.
        assert!(worker.run(LONG, || ()).is_none());
        assert!(begun.elapsed() < LONG / 2);
        release.send(()).unwrap();
        let deadline = Instant::now() + LONG;
        while worker.run(SHORT, || ()).is_none() {
            assert!(Instant::now() < deadline, "it has come back");
            std::thread::sleep(SHORT / 10);
        }
    }

    #[test]
    fn a_panic_ends_one_thing_only() {
        let worker = Worker::default();
        assert!(worker.run(LONG, || -> u8 { panic!("on purpose") }).is_none());
        assert_eq!(worker.run(LONG, || 7), Some(7));
        // One that comes after it was given up.
        let (release, wait) = channel::<()>();
        let late = move || -> u8 { panic!("{:?}", wait.recv()) };
        assert!(worker.run(SHORT, late).is_none());
        release.send(()).unwrap();
        let deadline = Instant::now() + LONG;
        while worker.run(SHORT, || 7).is_none() {
            assert!(Instant::now() < deadline, "it has come back");
            std::thread::sleep(SHORT / 10);
        }
    }

    #[test]
    fn what_ends_in_the_last_moment_leaves_nobody_stuck() {
        let worker = Worker::default();
        let wanted = AtomicBool::new(true);
        let (done, outcome) = sync_channel(1);
        done.send(7).unwrap();
        drop(Ending { done: Some(done), stuck: Arc::clone(&worker.stuck) });
        assert_eq!(worker.give_up(&outcome, &wanted), Some(7));
        assert_eq!(worker.give_up(&outcome, &wanted), None);
        assert_eq!(worker.run(LONG, || 7), Some(7));
        let (done, outcome) = sync_channel::<u8>(1);
        assert_eq!(worker.give_up(&outcome, &wanted), None);
        assert_eq!(worker.run(LONG, || 7), None, "this one has not ended");
        drop(Ending { done: Some(done), stuck: Arc::clone(&worker.stuck) });
        assert_eq!(worker.run(LONG, || 7), Some(7));
    }
}
