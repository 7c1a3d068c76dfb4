//! Settings by name.

mod error;

pub use error::SettingError;
