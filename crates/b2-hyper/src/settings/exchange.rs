//! What settings say about requests and answers.

use super::error::SettingError;
use super::model::Settings;
use crate::capture::Capture;
use crate::http::{Decompression, Redirects};
use crate::observe::LogLevel;

impl Settings {
    pub(super) fn redirects(&self) -> Result<Redirects, SettingError> {
        let limit = usize::try_from(self.max_redirect_attempts).unwrap_or(usize::MAX);
        let redirects = Redirects::from_number(self.follow_redirects)?;
        Ok(redirects.with_limit(limit).with_get_on_302(self.get_on_302_redirect))
    }

    pub(super) fn log_level(&self) -> Result<LogLevel, SettingError> {
        LogLevel::from_number(self.log_level)
    }

    pub(super) fn decompression(&self) -> Result<Option<Decompression>, SettingError> {
        let decompression = Decompression::new().with_accept(&self.accept_encoding)?;
        Ok(self.allow_http_compression.then_some(decompression))
    }

    pub(super) fn capture(&self) -> Option<Capture> {
        if !self.transferred_request {
            return None;
        }
        let capture = Capture::new();
        let limit = usize::try_from(self.transferred_data_limit).unwrap_or(usize::MAX);
        Some(if limit == 0 { capture } else { capture.with_response_limit(limit) })
    }
}
