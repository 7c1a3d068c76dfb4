//! What the tests of the facade share: a server, its clients, and trouble.
#![allow(dead_code, reason = "each test program uses a part of it")]

pub(crate) mod by_hand;
pub(crate) mod content;
pub(crate) mod folder;
pub(crate) mod proxy;
pub(crate) mod recorder;
pub(crate) mod site;
pub(crate) mod spy;
#[path = "../../../b2-testing/examples/blocking_ureq/transport.rs"]
pub(crate) mod ureq_transport;
pub(crate) mod verdict;

use std::future::Future;
use std::time::{Duration, Instant};

/// Longer than anything takes that is going to happen at all.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Looks again and again until `there` finds something.
pub(crate) async fn until<T>(what: &str, mut there: impl FnMut() -> Option<T>) -> T {
    until_async(what, async || there()).await
}

/// As [`until`], for a look that has to be awaited.
pub(crate) async fn until_async<T>(what: &str, mut there: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = there().await {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Awaits something that must not take for ever.
pub(crate) async fn soon<T>(work: impl IntoFuture<Output = T>) -> T {
    soon_enough(work.into_future()).await
}

async fn soon_enough<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("it hangs")
}

/// Runs blocking code on a thread of its own. If it hangs the test fails, and
/// does not hang with it.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = async_channel::bounded(1);
    let thread = std::thread::spawn(move || {
        let _nobody_waits = done.send_blocking(work());
    });
    match soon(result.recv()).await {
        Ok(result) => result,
        Err(_) => std::panic::resume_unwind(thread.join().unwrap_err()),
    }
}
