//! What a restricted key sees when it asks for everything.

use b2::{BucketInfo, Error};

use crate::scene::{BUCKETS, RESTRICTIONS, Scene, capabilities};
use crate::support::soon;
use crate::support::verdict::in_full;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_of_everything_is_one_of_all_that_is_permitted() {
    let scene = Scene::set().await;
    for name in ["in/begun", "out/begun"] {
        scene.begun(BUCKETS[0], name).await;
    }
    for restriction in RESTRICTIONS {
        let client = scene.client(restriction, capabilities()).await;
        let bucket = soon(client.bucket(BUCKETS[0])).await.unwrap();
        let all = |names: &[&str]| -> Vec<String> {
            let names = names.iter().filter(|name| restriction.allows_name(name));
            names.map(|name| (*name).to_owned()).collect()
        };
        macro_rules! names {
            ($rows:expr) => {{
                let (mut rows, mut names) = ($rows, Vec::new());
                while let Some(row) = soon(rows.next()).await {
                    names.push(row.unwrap().file_name);
                }
                names
            }};
        }
        assert_eq!(names!(bucket.files().stream()), all(&["in/file", "out/file"]));
        // One row a page: the prefix holds on every page.
        assert_eq!(names!(bucket.files().with_page(1).stream()), all(&["in/file", "out/file"]));
        let versions = ["in/begun", "in/file", "out/begun", "out/file"];
        assert_eq!(names!(bucket.versions().stream()), all(&versions));
        assert_eq!(names!(bucket.unfinished()), all(&["in/begun", "out/begun"]));
        // A prefix that is wider than that of the key is narrowed, too.
        assert_eq!(names!(bucket.files().with_prefix("i").stream()), ["in/file"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_permitted_bucket_is_described_and_no_other() {
    let scene = Scene::set().await;
    for restriction in RESTRICTIONS {
        let client = scene.client(restriction, capabilities()).await;
        for name in BUCKETS {
            let result: Result<BucketInfo, Error> = soon(client.bucket_info(name)).await;
            match restriction.allows_bucket(name) {
                true => assert_eq!(result.unwrap().bucket_name, name),
                false => {
                    let error = result.unwrap_err();
                    let told = format!("{} {:?}", in_full(&error), error.advice());
                    assert!(told.contains("restricted to the buckets"), "{told}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notification_rules_of_a_permitted_bucket_can_be_read_and_set() {
    let scene = Scene::set().await;
    for restriction in RESTRICTIONS {
        let client = scene.client(restriction, capabilities()).await;
        let bucket = soon(client.bucket(BUCKETS[0])).await.unwrap();
        let rules = soon(bucket.notification_rules()).await.unwrap();
        assert_eq!(soon(bucket.set_notification_rules(rules)).await.unwrap(), []);
    }
}
