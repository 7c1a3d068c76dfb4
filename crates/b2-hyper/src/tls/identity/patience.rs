//! Work of others that may never end, on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel, sync_channel};
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
        let (stuck, still_wanted) = (Arc::clone(&self.stuck), Arc::clone(&wanted));
        let job: Job = Box::new(move || {
            if still_wanted.load(Ordering::SeqCst) {
                // Whoever has gone away does not hear of it.
                drop(done.send(work()));
            }
            stuck.store(false, Ordering::SeqCst);
        });
        self.send(job)?;
        let outcome = outcome.recv_timeout(patience);
        if outcome.is_err() {
            wanted.store(false, Ordering::SeqCst);
            self.stuck.store(true, Ordering::SeqCst);
        }
        outcome.ok()
    }

    /// `None` if there cannot be a thread.
    fn send(&self, job: Job) -> Option<()> {
        let mut jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let job = match &*jobs {
            Some(sender) => match sender.send(job) {
                Ok(()) => return Some(()),
                // The work has panicked, and its thread with it.
                Err(unsent) => unsent.0,
            },
            None => job,
        };
        let (sender, received) = channel::<Job>();
        sender.send(job).ok()?;
        let thread = std::thread::Builder::new().name("b2-token".to_owned());
        thread.spawn(move || received.into_iter().for_each(|job| job())).ok()?;
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
        worker.stuck.store(false, Ordering::SeqCst);
        assert_eq!(worker.run(LONG, || 7), Some(7));
    }
}
