//! One derivation of keys from passwords at a time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use b2_crypto::{Recipient, Unlock};

use crate::control::Control;

/// Each derivation takes 64 MiB, or up to 1 GiB, and many transfers at once must not take that many
/// times as much. They would not end sooner either: a derivation uses the memory's whole speed.
static BUSY: Mutex<bool> = Mutex::new(false);
static FREE: Condvar = Condvar::new();

/// How long a stop goes unheard, at most.
const PATIENCE: Duration = Duration::from_millis(50);

/// The right to derive keys, until it is dropped.
pub(crate) struct Turn(());

impl Turn {
    /// Waits for it. `None`: the caller wants to stop.
    pub(crate) fn wait(control: &Control) -> Option<Self> {
        let mut busy = lock();
        while control.wishes().stop.is_none() {
            if !*busy {
                *busy = true;
                return Some(Self(()));
            }
            let waited = FREE.wait_timeout(busy, PATIENCE);
            busy = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *lock() = false;
        FREE.notify_one();
    }
}

fn lock() -> MutexGuard<'static, bool> {
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does what derives keys, when it is its turn; what needs no password waits for nobody. `None`:
/// the caller wants to stop.
pub(crate) fn alone<T>(control: &Control, derives: bool, work: impl FnOnce() -> T) -> Option<T> {
    let _turn = if derives { Some(Turn::wait(control)?) } else { None };
    Some(work())
}

/// Whether keys are derived for any of them.
pub(crate) fn any_password(recipients: &[Recipient]) -> bool {
    recipients.iter().any(|recipient| is_password(&recipient.unlock()))
}

pub(crate) fn is_password(unlock: &Unlock) -> bool {
    matches!(unlock, Unlock::Password(_))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Instant;

    use b2_core::op::Stop;
    use b2_crypto::{PasswordKdf, RawKey};
    use b2_emulator::Emulator;

    use super::*;
    use crate::encryption::{ClientDecryption, ClientEncryption};
    use crate::{Bucket, BucketType, Client, Credentials, Error};

    #[test]
    fn they_come_one_after_the_other() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let turn = Turn::wait(&Control::default()).unwrap();
                    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_millis(2));
                    now.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        assert_eq!(most.load(Ordering::SeqCst), 1);
    }

    async fn bucket(emulator: &Emulator) -> Bucket {
        let credentials =
            Credentials::new(emulator.application_key_id(), emulator.application_key());
        let client = Client::builder(credentials).with_realm(emulator.base_url());
        let client = client.build().unwrap();
        client.create_bucket("my-diary", BucketType::AllPrivate).await.unwrap()
    }

    /// Others are at it all the time.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_waits_hears_a_stop() {
        let emulator = Emulator::start().await.unwrap();
        let bucket = bucket(&emulator).await;
        let key = RawKey::new([1; 32]);
        // Whoever did not wait would be done at once.
        let cheap = PasswordKdf::Argon2id { memory_kib: 32, passes: 1, lanes: 1 };
        let password = |text: &str| Recipient::password(text.into()).with_kdf(cheap);
        let both =
            ClientEncryption::recipients(vec![Recipient::raw_key(key.clone()), password("secret")]);
        bucket.upload("x", "y").with_client_encryption(both.clone()).await.unwrap();

        let others = Turn::wait(&Control::default()).unwrap();
        // Whoever has a key waits for nobody.
        bucket
            .upload("z", "y")
            .with_client_encryption(ClientEncryption::key(key.clone()))
            .await
            .unwrap();
        let with = ClientDecryption::password("secret");
        let download = bucket.download("x").with_client_decryption(with).to_bytes().start();
        let upload = bucket.upload("x", "y").with_client_encryption(both.clone()).start();
        let stream = crate::Source::stream(&b"y"[..]);
        let stream = bucket.upload("x", stream).with_client_encryption(both).start();
        let change = bucket.change_recipients("x", Unlock::RawKey(key));
        let change = change.with_added(password("other")).run().start();
        // They have come as far as they can.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let begun = Instant::now();
        upload.interrupt();
        stream.interrupt();
        change.interrupt();
        download.interrupt();
        assert!(matches!(upload.join().await, Err(Error::Cancelled)));
        assert!(matches!(stream.join().await, Err(Error::Cancelled)));
        assert!(matches!(change.join().await, Err(Error::Cancelled)));
        assert!(matches!(download.join().await, Err(Error::Cancelled)));
        assert!(begun.elapsed() < Duration::from_secs(30));
        drop(others);
        let stopped = Control::default();
        stopped.stop(Stop::Keep);
        assert!(Turn::wait(&stopped).is_none());
    }
}
