//! `b2-hyper` keeps every duty of a transport, on both kinds of runtime.

use b2_hyper::HyperTransport;
use b2_testing::conformance::{self, Exceptions};

#[tokio::test(flavor = "current_thread")]
async fn hyper_on_one_thread() {
    let transport = HyperTransport::new().unwrap();
    conformance::run(&transport, &Exceptions::none()).await.assert();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hyper_on_many_threads() {
    let transport = HyperTransport::new().unwrap();
    conformance::run(&transport, &Exceptions::none()).await.assert();
}
