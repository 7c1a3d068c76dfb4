//! Every restriction, every action, every place.

use b2::{Client, Error};

use crate::actions::{ACTIONS, Action, Place};
use crate::scene::{BUCKETS, FOLDERS, RESTRICTIONS, Restriction, Scene, capabilities};
use crate::support::soon;
use crate::support::verdict::in_full;

/// The error, its causes and what helps.
fn told(error: &Error) -> String {
    format!("{}: {}", in_full(error), error.advice().unwrap_or_default())
}

#[track_caller]
fn judge(result: Result<(), Error>, allowed: bool, restriction: Restriction, what: &str) {
    match (result, allowed) {
        (Ok(()), true) => {}
        (Ok(()), false) => panic!("{what} should be refused"),
        (Err(error), true) => panic!("{what} should work: {}", told(&error)),
        (Err(error), false) => {
            let told = told(&error);
            for words in restriction.in_words() {
                assert!(told.contains(&words), "{what} does not say {words:?}: {told}");
            }
            assert!(!error.retryable(), "{what}: {told}");
            let lacking = error.api().and_then(|api| api.lacking.as_ref());
            assert_eq!(lacking, None, "{what}: no capability is lacking");
        }
    }
}

async fn try_everything(scene: &Scene, client: &Client, restriction: Restriction) {
    for action in ACTIONS {
        for bucket in BUCKETS {
            for folder in FOLDERS {
                let place = Place { bucket, folder };
                let allowed = restriction.allows_bucket(bucket) && restriction.allows_name(folder);
                let what = format!("{action:?} at {place:?} with {restriction:?}");
                let result = soon(action.run(scene, client, place)).await;
                judge(result, allowed, restriction, &what);
            }
        }
    }
}

macro_rules! restrictions {
    ($($test:ident: $number:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let (scene, restriction) = (Scene::set().await, RESTRICTIONS[$number]);
                let client = scene.client(restriction, capabilities()).await;
                try_everything(&scene, &client, restriction).await;
            }
        )*
    };
}

restrictions! {
    one_bucket: 0;
    two_buckets: 1;
    a_prefix: 2;
    a_bucket_and_a_prefix: 3;
}

/// Buckets are named when the key is authorized, so those who may not list
/// them find theirs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn buckets_are_found_without_listing() {
    let scene = Scene::set().await;
    let mut may = capabilities();
    may.retain(|capability| *capability != b2::Capability::ListBuckets);
    for restriction in RESTRICTIONS.into_iter().filter(|restriction| restriction.buckets > 0) {
        let client = scene.client(restriction, may.clone()).await;
        for (bucket, folder) in BUCKETS.iter().flat_map(|bucket| FOLDERS.map(|f| (*bucket, f))) {
            let allowed = restriction.allows_bucket(bucket) && restriction.allows_name(folder);
            for action in [Action::Upload, Action::ListFiles, Action::Share, Action::Hide] {
                let place = Place { bucket, folder };
                let what = format!("{action:?} at {place:?} with {restriction:?}");
                let result = soon(action.run(&scene, &client, place)).await;
                judge(result, allowed, restriction, &what);
            }
        }
    }
}
