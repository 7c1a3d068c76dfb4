//! What was learnt, until it is out of date.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::UnixTime;
use tokio::sync::Mutex as AsyncMutex;

/// Seconds for which anything is kept at most, whatever its authority says of
/// when there will be news: a revocation may be found out any day.
const LONGEST_KEPT: i64 = 7 * 24 * 60 * 60;

/// Values by key, each with the second until which it holds. Of several who
/// want the same at once, one makes it and the others wait.
pub(super) struct Cache<T> {
    slots: Mutex<BTreeMap<Vec<u8>, Arc<Slot<T>>>>,
    most: usize,
    room: usize,
    weigh: fn(&T) -> usize,
}

struct Slot<T> {
    /// Locked by whoever is making the value.
    kept: AsyncMutex<Option<Kept<T>>>,
    weight: AtomicUsize,
}

struct Kept<T> {
    value: T,
    until: i64,
}

impl<T: Clone> Cache<T> {
    /// Of `most` values.
    pub(super) fn new(most: usize) -> Self {
        Self { slots: Mutex::default(), most, room: usize::MAX, weigh: |_| 0 }
    }

    /// Of values that weigh no more than `room` together.
    pub(super) fn with_room(mut self, room: usize, weigh: fn(&T) -> usize) -> Self {
        (self.room, self.weigh) = (room, weigh);
        self
    }

    /// What is kept, or else what `make` gives, which is kept until the second
    /// that it says.
    pub(super) async fn get(&self, key: &[u8], make: impl Future<Output = (T, i64)>) -> T {
        let slot = self.slot(key);
        let mut kept = slot.kept.lock().await;
        if let Some(kept) = &*kept
            && now() < kept.until
        {
            return kept.value.clone();
        }
        let (value, until) = make.await;
        let until = until.min(now() + LONGEST_KEPT);
        let holds = now() < until;
        *kept = holds.then(|| Kept { value: value.clone(), until });
        slot.weight.store(if holds { (self.weigh)(&value) } else { 0 }, Ordering::Relaxed);
        self.make_room(key);
        value
    }

    /// Forgets others until all that is kept has room.
    fn make_room(&self, key: &[u8]) {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let weight = |slot: &Slot<T>| slot.weight.load(Ordering::Relaxed);
        let mut total: usize = slots.values().map(|slot| weight(slot)).sum();
        slots.retain(|other, slot| {
            let stays = total <= self.room || other == key || weight(slot) == 0;
            total -= if stays { 0 } else { weight(slot) };
            stays
        });
    }

    /// Keeps a value, unless somebody is just about to make one.
    pub(super) fn put(&self, key: &[u8], value: T, until: i64) {
        let until = until.min(now() + LONGEST_KEPT);
        if let Ok(mut kept) = self.slot(key).kept.try_lock() {
            *kept = Some(Kept { value, until });
        }
    }

    /// Keeps nothing for this key any longer.
    pub(super) fn forget(&self, key: &[u8]) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn slot(&self, key: &[u8]) -> Arc<Slot<T>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(key) && slots.len() >= self.most {
            let now = now();
            // A slot that is in use stays; its user has it anyway.
            slots.retain(|_, slot| {
                slot.kept
                    .try_lock()
                    .map_or(true, |kept| kept.as_ref().is_some_and(|it| now < it.until))
            });
            while slots.len() >= self.most {
                slots.pop_first();
            }
        }
        let new = || Arc::new(Slot { kept: AsyncMutex::default(), weight: AtomicUsize::new(0) });
        Arc::clone(slots.entry(key.to_vec()).or_insert_with(new))
    }
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_made_once_until_it_is_out_of_date() {
        let cache = Cache::new(2);
        let later = now() + 100;
        assert_eq!(cache.get(b"a", async { (1, later) }).await, 1);
        assert_eq!(cache.get(b"a", async { (2, later) }).await, 1);
        assert_eq!(cache.get(b"b", async { (3, 0) }).await, 3);
        assert_eq!(cache.get(b"b", async { (4, later) }).await, 4);
        cache.put(b"b", 5, later);
        assert_eq!(cache.get(b"b", async { (6, later) }).await, 5);
        for key in 0..100_u8 {
            cache.put(&[key], 7, later);
            assert!(cache.slots.lock().unwrap().len() <= 2);
        }
    }

    #[tokio::test]
    async fn nothing_is_kept_for_longer_than_a_week() {
        let cache = Cache::new(2);
        cache.get(b"a", async { (1, now() + 100 * LONGEST_KEPT) }).await;
        cache.put(b"b", 2, i64::MAX);
        for key in [b"a", b"b"] {
            let slot = cache.slot(key);
            let until = slot.kept.lock().await.as_ref().unwrap().until;
            assert!((1..=LONGEST_KEPT).contains(&(until - now())), "{key:?}: {until}");
        }
    }

    #[tokio::test]
    async fn what_has_no_room_is_forgotten() {
        let cache = Cache::new(16).with_room(10, |value: &usize| *value);
        let later = now() + 100;
        let total = |cache: &Cache<usize>| -> usize {
            let slots = cache.slots.lock().unwrap();
            slots.values().map(|slot| slot.weight.load(Ordering::Relaxed)).sum()
        };
        for (key, weight) in [(b"c", 4), (b"b", 4), (b"a", 4), (b"d", 10), (b"b", 3)] {
            assert_eq!(cache.get(key, async { (weight, later) }).await, weight);
            assert!(total(&cache) <= 10, "{}", total(&cache));
        }
        // One that is too heavy by itself is given, and is the only one.
        assert_eq!(cache.get(b"e", async { (11, later) }).await, 11);
        assert_eq!(total(&cache), 11);
        // What is out of date already takes no room.
        assert_eq!(cache.get(b"f", async { (9, 0) }).await, 9);
        let slot = cache.slot(b"f");
        assert!(slot.kept.lock().await.is_none());
    }

    #[tokio::test]
    async fn others_wait_for_who_makes_it() {
        let cache = Cache::new(2);
        let slow = cache.get(b"a", async {
            tokio::task::yield_now().await;
            (1, i64::MAX)
        });
        let (first, second) = tokio::join!(slow, cache.get(b"a", async { (2, i64::MAX) }));
        assert_eq!((first, second), (1, 1));
    }
}
