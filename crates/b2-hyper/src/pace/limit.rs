//! A limit that all connections share.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::time::Sleep;

use super::schedule::RateSchedule;
use crate::watch::now;

/// No wait is longer, so that a change is heard soon.
const LONGEST_WAIT: Duration = Duration::from_millis(100);
/// What may go at once after a pause, as a part of a second.
const BURST: f64 = 0.1;

/// A limit on bytes in one direction, shared by all connections that have a
/// clone of it. It counts what the network takes or gives, encrypted bytes if
/// there is TLS.
#[derive(Clone, Debug)]
pub struct RateLimit(Arc<Mutex<Bucket>>);

#[derive(Debug)]
struct Bucket {
    rate: Rate,
    /// Bytes that may go now.
    available: f64,
    since: Option<Instant>,
}

#[derive(Debug)]
enum Rate {
    Fixed(u64),
    Scheduled { schedule: RateSchedule, utc_offset: i32 },
}

impl RateLimit {
    /// At most so many bytes each second; 0 is no limit.
    #[must_use]
    pub fn new(bytes_per_second: u64) -> Self {
        Self::with(Rate::Fixed(bytes_per_second))
    }

    /// As much as `schedule` says by the clock on the wall, which is
    /// `utc_offset` seconds ahead of that of UTC. When summer time begins or
    /// ends, [`set_schedule`](Self::set_schedule) tells the new offset.
    #[must_use]
    pub fn scheduled(schedule: RateSchedule, utc_offset: i32) -> Self {
        Self::with(Rate::Scheduled { schedule, utc_offset })
    }

    fn with(rate: Rate) -> Self {
        Self(Arc::new(Mutex::new(Bucket { rate, available: 0.0, since: None })))
    }

    /// Changes the limit for what goes from now on; 0 is no limit. Heard
    /// within a tenth of a second, by transfers that run too.
    pub fn set(&self, bytes_per_second: u64) {
        self.bucket().rate = Rate::Fixed(bytes_per_second);
    }

    /// Changes the schedule, or what the clock on the wall is ahead of UTC, as
    /// [`set`](Self::set) does the limit.
    pub fn set_schedule(&self, schedule: RateSchedule, utc_offset: i32) {
        self.bucket().rate = Rate::Scheduled { schedule, utc_offset };
    }

    fn bucket(&self) -> MutexGuard<'_, Bucket> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Bucket {
    fn rate(&self) -> u64 {
        match &self.rate {
            Rate::Fixed(rate) => *rate,
            Rate::Scheduled { schedule, utc_offset } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let local = i64::try_from(since.as_secs()).unwrap_or(0) + i64::from(*utc_offset);
                schedule.rate_at(local)
            }
        }
    }

    /// How much of `wanted` may go now, or how long to wait.
    fn take(&mut self, wanted: usize, now: Instant) -> Result<usize, Duration> {
        let rate = self.rate();
        if rate == 0 {
            return Ok(wanted);
        }
        let rate = rate as f64;
        let most = (rate * BURST).max(1.0);
        let passed = self.since.map_or(0.0, |since| (now - since).as_secs_f64());
        self.available = (self.available + passed * rate).min(most);
        self.since = Some(now);
        let wanted_now = (wanted as f64).min(most);
        if self.available < wanted_now.min(most / 2.0).max(1.0) {
            let missing = (wanted_now - self.available) / rate;
            return Err(Duration::from_secs_f64(missing.max(0.001)).min(LONGEST_WAIT));
        }
        let taken = wanted_now.min(self.available).floor();
        self.available -= taken;
        Ok(taken as usize)
    }

    fn give_back(&mut self, bytes: usize) {
        self.available += bytes as f64;
    }
}

/// The part of one connection in a limit.
#[derive(Debug)]
pub(crate) struct Share {
    limit: RateLimit,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Share {
    pub(crate) fn of(limit: RateLimit) -> Self {
        Self { limit, alarm: None }
    }

    /// How many of `wanted` bytes may go now; more than none.
    pub(crate) fn poll_take(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        loop {
            if let Some(alarm) = &mut self.alarm {
                ready!(alarm.as_mut().poll(cx));
                self.alarm = None;
            }
            if wanted == 0 {
                return Poll::Ready(0);
            }
            let taken = self.limit.bucket().take(wanted, now());
            match taken {
                Ok(bytes) => return Poll::Ready(bytes),
                Err(wait) => self.alarm = Some(Box::pin(tokio::time::sleep(wait))),
            }
        }
    }

    /// Returns what was taken and did not go after all.
    pub(crate) fn give_back(&self, bytes: usize) {
        self.limit.bucket().give_back(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn send(share: &mut Share, mut bytes: usize) -> Duration {
        let begun = now();
        while bytes > 0 {
            bytes -= poll_fn(|cx| share.poll_take(cx, bytes.min(65_536))).await;
        }
        now() - begun
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_take_their_time() {
        let limit = RateLimit::new(1_000_000);
        let time = send(&mut Share::of(limit.clone()), 5_000_000).await;
        assert!((4.8..5.2).contains(&time.as_secs_f64()), "{time:?}");
        limit.set(0);
        assert_eq!(send(&mut Share::of(limit), 5_000_000).await, Duration::ZERO);
    }

    #[test]
    fn a_schedule_goes_by_the_clock_on_the_wall() {
        // Whatever the time is, half of the day is ahead of the other half.
        let schedule = || RateSchedule::parse("00:00,1B 12:00,2B").unwrap();
        let limit = RateLimit::new(7);
        let mut rates = [0, 12 * 60 * 60].map(|offset| {
            limit.set_schedule(schedule(), offset);
            limit.bucket().rate()
        });
        rates.sort_unstable();
        assert_eq!(rates, [1, 2]);
        assert!([1, 2].contains(&RateLimit::scheduled(schedule(), 0).bucket().rate()));
    }

    #[tokio::test(start_paused = true)]
    async fn two_connections_share_a_limit() {
        let limit = RateLimit::new(1_000_000);
        let (mut one, mut two) = (Share::of(limit.clone()), Share::of(limit));
        let begun = now();
        tokio::join!(send(&mut one, 2_000_000), send(&mut two, 2_000_000));
        let time = (now() - begun).as_secs_f64();
        assert!((3.8..4.2).contains(&time), "{time}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_heard_while_it_waits() {
        let limit = RateLimit::new(10);
        let change = limit.clone();
        let changer = async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            change.set(1_000_000);
        };
        let mut share = Share::of(limit);
        let (time, ()) = tokio::join!(send(&mut share, 1_000_000), changer);
        assert!((1.9..2.3).contains(&time.as_secs_f64()), "{time:?}");
    }
}
