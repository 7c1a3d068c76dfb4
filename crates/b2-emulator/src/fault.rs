//! Faults as plain data, so that a failing run can be written down and shrunk.

use serde::{Deserialize, Serialize};

/// Something that goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Fault {
    /// The connection is refused; nothing was sent.
    Refuse,
    /// The request is lost on its way; the server never saw it.
    LoseRequest,
    /// The request is carried out and the answer is lost.
    LoseReply,
    /// The answer comes this many milliseconds later.
    Delay(u64),
    /// The server answers an error without doing anything.
    Status {
        /// HTTP status, 400 to 599.
        status: u16,
        /// The B2 error code.
        code: String,
        /// The `Retry-After` header, in seconds.
        retry_after_s: Option<u32>,
    },
    /// The answer's body breaks off after this many bytes.
    Truncate(u64),
    /// One byte of the body is changed on its way.
    Corrupt,
    /// The account token the request carries expires first.
    ExpireToken,
    /// The upload URL the request goes to dies first.
    CloseUrl,
}

/// Which requests a fault befalls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Matcher {
    /// The operation, such as `b2_upload_part`; every one if absent.
    pub operation: Option<String>,
    /// How many matching requests go through first.
    pub skip: u32,
    /// How many are befallen after that.
    pub count: u32,
}

impl Matcher {
    /// The next request of any operation.
    #[must_use]
    pub const fn any() -> Self {
        Self { operation: None, skip: 0, count: 1 }
    }

    /// The next request of this operation, such as `b2_upload_part`.
    #[must_use]
    pub fn operation(name: impl Into<String>) -> Self {
        Self { operation: Some(name.into()), ..Self::any() }
    }

    /// Lets this many matching requests through first.
    #[must_use]
    pub const fn with_skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls this many requests in a row instead of one.
    #[must_use]
    pub const fn with_count(mut self, requests: u32) -> Self {
        self.count = requests;
        self
    }

    pub(crate) fn covers(&self, operation: &str) -> bool {
        self.operation.as_deref().is_none_or(|wanted| wanted == operation)
    }
}

/// Faults that are still to come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "a list and nothing else")]
pub struct FaultSchedule(pub Vec<(Matcher, Fault)>);

impl FaultSchedule {
    /// The fault that befalls a request of this operation, used up by it.
    ///
    /// Every entry that matches counts the request, as if it were alone; the
    /// first whose turn it is strikes.
    pub fn take(&mut self, operation: &str) -> Option<Fault> {
        let mut struck = None;
        for (matcher, fault) in &mut self.0 {
            if !matcher.covers(operation) {
                continue;
            }
            if matcher.skip > 0 {
                matcher.skip -= 1;
            } else if matcher.count > 0 && struck.is_none() {
                matcher.count -= 1;
                struck = Some(fault.clone());
            }
        }
        self.0.retain(|(matcher, _)| matcher.count > 0);
        struck
    }

    /// Whether every fault has been used up.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_after_their_skip_and_as_often_as_they_say() {
        let upload = Matcher::operation("b2_upload_file").with_skip(1).with_count(2);
        let mut schedule = FaultSchedule(vec![(upload, Fault::LoseReply)]);
        let strikes = |schedule: &mut FaultSchedule, operation| schedule.take(operation).is_some();
        assert!(!strikes(&mut schedule, "b2_upload_file"));
        assert!(!strikes(&mut schedule, "b2_list_buckets"));
        assert!(strikes(&mut schedule, "b2_upload_file"));
        assert!(strikes(&mut schedule, "b2_upload_file"));
        assert!(!strikes(&mut schedule, "b2_upload_file"));
        assert!(schedule.is_empty());
    }

    #[test]
    fn one_fault_strikes_at_a_time_and_the_other_waits() {
        let mut schedule =
            FaultSchedule(vec![(Matcher::any(), Fault::Refuse), (Matcher::any(), Fault::Delay(5))]);
        assert_eq!(schedule.take("b2_list_buckets"), Some(Fault::Refuse));
        assert_eq!(schedule.take("b2_list_buckets"), Some(Fault::Delay(5)));
        assert_eq!(schedule.take("b2_list_buckets"), None);
    }

    #[test]
    fn a_schedule_can_be_written_down() {
        let status = Fault::Status {
            status: 503,
            code: "service_unavailable".to_owned(),
            retry_after_s: Some(2),
        };
        let schedule = FaultSchedule(vec![(Matcher::any(), status)]);
        let text = serde_json::to_string(&schedule).unwrap();
        assert_eq!(serde_json::from_str::<FaultSchedule>(&text).unwrap(), schedule);
    }
}
