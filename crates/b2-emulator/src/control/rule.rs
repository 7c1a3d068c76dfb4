//! One kind of trouble, as JSON and as a flag.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fault::{Fault, Matcher};

/// Trouble for some requests, as `/_emulator/faults` takes it and `--fault`.
///
/// As JSON it is an object of the fields below in camel case. As text the
/// operation comes first, and the fields follow a colon, separated by commas:
///
/// ```
/// use b2_emulator::FaultRule;
///
/// let rule: FaultRule = "b2_upload_part:skip=1,count=2,status=503,retry-after=3".parse()?;
/// assert_eq!(rule.operation.as_deref(), Some("b2_upload_part"));
/// assert_eq!((rule.skip, rule.count, rule.status), (1, 2, Some(503)));
/// let any: FaultRule = "*:delay-ms=250".parse()?;
/// assert_eq!(any.operation, None);
/// # Ok::<_, b2_emulator::BadRule>(())
/// ```
///
/// It says one thing that goes wrong, and perhaps a delay before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[non_exhaustive]
pub struct FaultRule {
    /// The operation, such as `b2_upload_part`; every one if absent. Downloads
    /// by name are `b2_download_file_by_name`.
    pub operation: Option<String>,
    /// How many matching requests go through first; none by default.
    pub skip: u32,
    /// How many are befallen after that; one by default.
    pub count: u32,
    /// The answer is an error of this status, 400 to 599, and nothing is done.
    pub status: Option<u16>,
    /// The code of that error; `service_unavailable` by default.
    pub code: Option<String>,
    /// The `Retry-After` of that error, in seconds.
    pub retry_after: Option<u32>,
    /// The request waits this many milliseconds, at most ten minutes.
    pub delay_ms: Option<u64>,
    /// The body of the answer breaks off after this many bytes.
    pub cut_after_bytes: Option<u64>,
    /// One byte of what is uploaded or else of the answer is changed.
    pub corrupt: bool,
    /// The request is carried out and the connection closed without an answer.
    pub lose_reply: bool,
    /// The connection is closed and nothing is done.
    pub lose_request: bool,
    /// The token that the request bears expires first.
    pub expire_token: bool,
}

/// Trouble at random, the same for the same seed and the same requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct SeededFaults {
    /// Determines which requests are befallen, and by what.
    pub seed: u64,
    /// The share of requests that are befallen, 0 to 1.
    pub rate: f64,
}

impl SeededFaults {
    /// Trouble for a share of all requests, 0 to 1.
    #[must_use]
    pub const fn new(seed: u64, rate: f64) -> Self {
        Self { seed, rate }
    }
}

/// Why a rule cannot be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadRule(String);

const LONGEST_DELAY_MS: u64 = 10 * 60 * 1000;

impl Default for FaultRule {
    fn default() -> Self {
        Self {
            operation: None,
            skip: 0,
            count: 1,
            status: None,
            code: None,
            retry_after: None,
            delay_ms: None,
            cut_after_bytes: None,
            corrupt: false,
            lose_reply: false,
            lose_request: false,
            expire_token: false,
        }
    }
}

impl FaultRule {
    pub(super) fn matcher(&self) -> Matcher {
        Matcher { operation: self.operation.clone(), skip: self.skip, count: self.count }
    }

    /// What goes wrong besides a delay; refuses what says nothing or too much.
    pub(super) fn fault(&self) -> Result<Option<Fault>, BadRule> {
        let mut faults = Vec::new();
        if let Some(status) = self.status {
            if !(400..600).contains(&status) {
                return Err(BadRule(format!("status {status} is not 400 to 599")));
            }
            let code = self.code.clone().unwrap_or_else(|| "service_unavailable".to_owned());
            faults.push(Fault::Status { status, code, retry_after_s: self.retry_after });
        } else if self.code.is_some() || self.retry_after.is_some() {
            return Err(BadRule("code and retry-after need a status".to_owned()));
        }
        faults.extend(self.cut_after_bytes.map(Fault::Truncate));
        let flags = [
            (self.corrupt, Fault::Corrupt),
            (self.lose_reply, Fault::LoseReply),
            (self.lose_request, Fault::LoseRequest),
            (self.expire_token, Fault::ExpireToken),
        ];
        faults.extend(flags.into_iter().filter(|(is_on, _)| *is_on).map(|(_, fault)| fault));
        if self.delay_ms.is_some_and(|delay| delay > LONGEST_DELAY_MS) {
            return Err(BadRule(format!("a delay is at most {LONGEST_DELAY_MS} ms")));
        }
        match (faults.len(), self.delay_ms) {
            (0, None) => Err(BadRule("it does not say what goes wrong".to_owned())),
            (0 | 1, _) => Ok(faults.pop()),
            _ => Err(BadRule("only one thing can go wrong, besides a delay".to_owned())),
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), BadRule> {
        match key {
            "skip" => self.skip = number(key, value)?,
            "count" => self.count = number(key, value)?,
            "status" => self.status = Some(number(key, value)?),
            "code" => self.code = Some(value.to_owned()),
            "retry-after" => self.retry_after = Some(number(key, value)?),
            "delay-ms" => self.delay_ms = Some(number(key, value)?),
            "cut-after" => self.cut_after_bytes = Some(number(key, value)?),
            "corrupt" => self.corrupt = true,
            "lose-reply" => self.lose_reply = true,
            "lose-request" => self.lose_request = true,
            "expire-token" => self.expire_token = true,
            _ => return Err(BadRule(format!("unknown field {key}"))),
        }
        Ok(())
    }

    /// Refuses an operation there is not.
    pub(super) fn check(&self) -> Result<(), BadRule> {
        let known = |name: &str| crate::model::is_operation(name);
        match &self.operation {
            Some(name) if !known(name) => Err(BadRule(format!("there is no operation {name}"))),
            _ => self.fault().map(drop),
        }
    }
}

fn number<N: FromStr>(key: &str, value: &str) -> Result<N, BadRule> {
    value.parse().map_err(|_| BadRule(format!("{key} takes a number, not {value:?}")))
}

impl FromStr for FaultRule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let (operation, fields) = text.split_once(':').ok_or_else(|| {
            BadRule("it looks like OPERATION:FIELD=VALUE,…, with * for every one".to_owned())
        })?;
        let operation = (operation != "*").then(|| operation.to_owned());
        let mut rule = Self { operation, ..Self::default() };
        for field in fields.split(',') {
            let (key, value) = field.split_once('=').unwrap_or((field, ""));
            rule.set(key.trim(), value.trim())?;
        }
        rule.check()?;
        Ok(rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_json_say_the_same() {
        let text: FaultRule = "b2_upload_file:count=2,cut-after=7,delay-ms=5".parse().unwrap();
        let json = r#"{"operation":"b2_upload_file","count":2,"cutAfterBytes":7,"delayMs":5}"#;
        assert_eq!(text, serde_json::from_str(json).unwrap());
        assert_eq!(text.fault(), Ok(Some(Fault::Truncate(7))));
    }

    #[test]
    fn what_cannot_be_followed_says_why() {
        for (text, why) in [
            ("b2_upload_file", "looks like"),
            ("b2_fly:corrupt", "no operation b2_fly"),
            ("*:skip=1", "does not say"),
            ("*:corrupt,lose-reply", "only one thing"),
            ("*:status=200", "not 400 to 599"),
            ("*:code=x", "need a status"),
            ("*:delay-ms=soon", "takes a number"),
            ("*:explode", "unknown field explode"),
        ] {
            let error = text.parse::<FaultRule>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
