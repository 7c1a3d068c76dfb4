//! Scripts that choose proxies.

mod answer;
mod engine;
mod script;
mod thread;

pub use script::ProxyScript;
