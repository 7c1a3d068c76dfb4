//! What was learnt, until it is out of date.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::UnixTime;
use tokio::sync::Mutex as AsyncMutex;

/// Values by key, each with the second until which it holds. Of several who
/// want the same at once, one makes it and the others wait.
pub(super) struct Cache<T> {
    slots: Mutex<BTreeMap<Vec<u8>, Slot<T>>>,
    most: usize,
}

/// Locked by whoever is making the value.
type Slot<T> = Arc<AsyncMutex<Option<Kept<T>>>>;

struct Kept<T> {
    value: T,
    until: i64,
}

impl<T: Clone> Cache<T> {
    /// Of `most` values.
    pub(super) fn new(most: usize) -> Self {
        Self { slots: Mutex::default(), most }
    }

    /// What is kept, or else what `make` gives, which is kept until the second
    /// that it says.
    pub(super) async fn get(&self, key: &[u8], make: impl Future<Output = (T, i64)>) -> T {
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        if let Some(kept) = &*kept
            && now() < kept.until
        {
            return kept.value.clone();
        }
        let (value, until) = make.await;
        *kept = Some(Kept { value: value.clone(), until });
        value
    }

    /// Keeps a value, unless somebody is just about to make one.
    pub(super) fn put(&self, key: &[u8], value: T, until: i64) {
        if let Ok(mut kept) = self.slot(key).try_lock() {
            *kept = Some(Kept { value, until });
        }
    }

    /// Keeps nothing for this key any longer.
    pub(super) fn forget(&self, key: &[u8]) {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    fn slot(&self, key: &[u8]) -> Slot<T> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(key) && slots.len() >= self.most {
            let now = now();
            // A slot that is in use stays; its user has it anyway.
            slots.retain(|_, slot| {
                slot.try_lock().map_or(true, |kept| kept.as_ref().is_some_and(|it| now < it.until))
            });
            while slots.len() >= self.most {
                slots.pop_first();
            }
        }
        Arc::clone(slots.entry(key.to_vec()).or_default())
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
