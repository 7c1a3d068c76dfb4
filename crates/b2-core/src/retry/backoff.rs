//! Pauses that double, with jitter from a seed.

use crate::retry::policy::RetryPolicy;
use crate::time::Duration;

/// A small generator of jitter, seeded by whoever makes the account: the same
/// seed gives the same run. (SplitMix64; nothing secret hangs on it.)
#[derive(Clone, Debug)]
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Something between half of `pause` and all of it.
    fn shorten(&mut self, pause: Duration) -> Duration {
        let half = pause / 2;
        let span = u64::try_from(half.as_nanos()).unwrap_or(u64::MAX);
        half + Duration::from_nanos(self.next() % span.saturating_add(1))
    }
}

/// The ladder of pauses of one request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Backoff {
    rung: u32,
}

impl Backoff {
    /// The next pause. What B2 asked for replaces the ladder and starts it
    /// again from the bottom; a little is added so that clients told the same
    /// number do not all come back at once.
    pub(crate) fn pause(
        &mut self,
        policy: &RetryPolicy,
        jitter: &mut Jitter,
        asked: Option<Duration>,
    ) -> Duration {
        let (first, longest) = policy.pauses();
        if let Some(asked) = asked {
            self.rung = 0;
            return asked.saturating_add(jitter.shorten(first) / 4);
        }
        let doubled = first.saturating_mul(1_u32.checked_shl(self.rung).unwrap_or(u32::MAX));
        self.rung = self.rung.saturating_add(1).min(31);
        jitter.shorten(doubled.min(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RetryPolicy::default();
        let mut jitter = Jitter::new(7);
        let mut backoff = Backoff::default();
        for rung in 0..40 {
            let whole = Duration::from_secs(1 << rung.min(6));
            let pause = backoff.pause(&policy, &mut jitter, None);
            assert!(pause >= whole / 2 && pause <= whole, "rung {rung}: {pause:?}");
        }
    }

    #[test]
    fn what_the_server_asks_for_resets_the_ladder() {
        let policy = RetryPolicy::default();
        let mut jitter = Jitter::new(7);
        let mut backoff = Backoff { rung: 5 };
        let asked = Duration::from_secs(9);
        assert!(backoff.pause(&policy, &mut jitter, Some(asked)) >= asked);
        assert!(backoff.pause(&policy, &mut jitter, None) <= Duration::from_secs(1));
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let policy = RetryPolicy::default();
        let run = |seed| {
            let mut jitter = Jitter::new(seed);
            let mut backoff = Backoff::default();
            (0..8).map(|_| backoff.pause(&policy, &mut jitter, None)).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
