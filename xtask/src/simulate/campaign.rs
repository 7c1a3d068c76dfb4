//! Many seeds on all cores.

use std::any::Any;
use std::cell::RefCell;
use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use super::tally::{Outcome, Tally};

/// Plays one seed.
pub(crate) type Play = Arc<dyn Fn(u64) -> Outcome + Send + Sync>;

/// The name of the threads that play, by which the panic hook knows them.
const PLAYER: &str = "player";

/// Seeds to play, and how.
pub(crate) struct Campaign {
    pub(crate) seeds: Range<u64>,
    pub(crate) threads: usize,
    /// How long a single seed may take on the wall clock before it counts as stuck.
    pub(crate) patience: Duration,
    /// How often the watcher is told how things stand.
    pub(crate) tick: Duration,
    pub(crate) play: Play,
}

/// A seed that did not come to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stuck {
    pub(crate) seed: u64,
}

/// What a player tells: it begins a seed, or it is through with one.
enum Note {
    Begun(u64),
    Ended(u64, Box<Outcome>),
}

impl Campaign {
    /// Plays every seed. The watcher is called once a tick.
    ///
    /// A stuck seed cannot be stopped; its thread is left behind for the end of the program.
    pub(crate) fn run(&self, mut watch: impl FnMut(&Tally)) -> Result<Tally, Stuck> {
        keep_panics();
        let (sender, notes) = mpsc::channel();
        let next = Arc::new(AtomicU64::new(self.seeds.start));
        for _ in 0..self.threads {
            self.start_player(&next, &sender);
        }
        drop(sender);
        self.listen(&notes, &mut watch)
    }

    fn start_player(&self, next: &Arc<AtomicU64>, sender: &Sender<Note>) {
        let (next, sender, play) = (Arc::clone(next), sender.clone(), Arc::clone(&self.play));
        let end = self.seeds.end;
        let player = thread::Builder::new().name(PLAYER.to_owned()).spawn(move || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= end || sender.send(Note::Begun(seed)).is_err() {
                    return;
                }
                let outcome = Box::new(play_caught(&play, seed));
                if sender.send(Note::Ended(seed, outcome)).is_err() {
                    return;
                }
            }
        });
        // Without a thread the others play its seeds; without any, the tally stays short and
        // the caller sees it.
        drop(player);
    }

    fn listen(
        &self,
        notes: &Receiver<Note>,
        watch: &mut dyn FnMut(&Tally),
    ) -> Result<Tally, Stuck> {
        let mut tally = Tally::default();
        let mut playing: Vec<(u64, Instant)> = Vec::new();
        let mut ticked = Instant::now();
        loop {
            match notes.recv_timeout(self.tick) {
                Ok(Note::Begun(seed)) => playing.push((seed, Instant::now())),
                Ok(Note::Ended(seed, outcome)) => {
                    playing.retain(|(other, _)| *other != seed);
                    tally.add(seed, *outcome);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(tally),
            }
            if ticked.elapsed() >= self.tick {
                ticked = Instant::now();
                watch(&tally);
                let stuck = playing.iter().find(|(_, begun)| begun.elapsed() > self.patience);
                if let Some((seed, _)) = stuck {
                    return Err(Stuck { seed: *seed });
                }
            }
        }
    }
}

/// Plays a seed; a panic is a violation like any other.
fn play_caught(play: &Play, seed: u64) -> Outcome {
    panic::catch_unwind(AssertUnwindSafe(|| play(seed))).unwrap_or_else(|payload| {
        let message = LAST_PANIC.take().unwrap_or_else(|| text(&*payload));
        Outcome { violations: vec![format!("panicked: {message}")], ..Outcome::default() }
    })
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "without a message".to_owned())
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the panics of players for their reports instead of printing thousands of them.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() == Some(PLAYER) {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                LAST_PANIC.set(Some(format!("{} at {place}", text(info.payload()))));
            } else {
                usual(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaign(
        seeds: Range<u64>,
        play: impl Fn(u64) -> Outcome + Send + Sync + 'static,
    ) -> Campaign {
        let (patience, tick) = (Duration::from_secs(60), Duration::from_millis(1));
        Campaign { seeds, threads: 3, patience, tick, play: Arc::new(play) }
    }

    #[test]
    fn every_seed_is_played_once() {
        let played = campaign(5..105, |seed| {
            let requests = [("b2_upload_file".to_owned(), seed)].into();
            Outcome { requests, succeeded: 1, ..Outcome::default() }
        });
        let tally = played.run(|_| {}).unwrap();
        assert_eq!((tally.runs, tally.succeeded), (100, 100));
        assert_eq!(tally.requests["b2_upload_file"], (5..105).sum::<u64>());
        assert!(tally.failing.is_empty());
    }

    #[test]
    fn violations_and_panics_are_kept_with_their_seeds() {
        let played = campaign(0..10, |seed| match seed {
            3 => Outcome { violations: vec!["UrlShared".to_owned()], ..Outcome::default() },
            7 => panic!("seven"),
            _ => Outcome::default(),
        });
        let failing = played.run(|_| {}).unwrap().failing;
        assert_eq!(failing.keys().copied().collect::<Vec<_>>(), [3, 7]);
        assert!(failing[&7][0].starts_with("panicked: seven at "), "{failing:?}");
        assert!(failing[&7][0].contains("campaign.rs:"), "{failing:?}");
    }

    #[test]
    fn a_seed_that_never_ends_is_named() {
        let (release, gate) = mpsc::channel::<()>();
        let gate = std::sync::Mutex::new(gate);
        let mut played = campaign(0..3, move |seed| {
            if seed == 1 {
                // Ends when the test has dropped the other end.
                let _ = gate.lock().unwrap().recv();
            }
            Outcome::default()
        });
        // The others need next to nothing, however busy the machine is.
        played.patience = Duration::from_secs(2);
        assert_eq!(played.run(|_| {}).unwrap_err(), Stuck { seed: 1 });
        drop(release);
    }
}
