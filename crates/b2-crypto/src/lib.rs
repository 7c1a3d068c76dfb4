//! stub
#![no_std]
#![allow(missing_docs, dead_code, unused)]
extern crate alloc;
mod cipher;
pub mod legacy;
