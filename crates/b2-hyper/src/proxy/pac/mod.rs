//! Scripts that choose proxies.

mod answer;
mod engine;
mod script;

pub use script::ProxyScript;
