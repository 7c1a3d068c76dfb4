//! The observer that tells a person what happens.

use std::time::{Duration, Instant};

use b2::{Event, Observer, ProtocolEvent, Scope, StoredPart};

use crate::output::Output;
use crate::redact;

/// Pauses that are shorter are over before anyone has read about them.
const WORTH_A_WORD: Duration = Duration::from_millis(900);

/// Puts events into words: retries always, decisions with `-v`, requests with
/// `-vv`.
#[derive(Debug)]
pub(crate) struct Narrator(pub(crate) Output);

impl Observer for Narrator {
    fn on_event(&self, scope: &Scope, event: &Event<'_>) {
        let level = self.0.verbose();
        match event {
            Event::Protocol(decision) if level > 0 => {
                self.0.tell(&format!("[{}] {}", scope.id, words(decision)));
            }
            Event::Protocol(decision) => self.remark(decision),
            other if level > 1 => {
                self.0.tell(&redact::tokens(&format!("[{}] {other}", scope.id)));
            }
            _ => {}
        }
    }
}

impl Narrator {
    fn remark(&self, decision: &ProtocolEvent) {
        let long = match decision {
            ProtocolEvent::Retrying { at, .. } => wait(*at) >= WORTH_A_WORD,
            ProtocolEvent::PossibleDuplicate | ProtocolEvent::PossibleOrphan => true,
            _ => false,
        };
        if long {
            self.0.say(&words(decision));
        }
    }
}

fn wait(at: Instant) -> Duration {
    at.saturating_duration_since(Instant::now())
}

fn words(decision: &ProtocolEvent) -> String {
    match decision {
        ProtocolEvent::Retrying { operation, attempt, at, cause, .. } => format!(
            "{operation} failed ({}); attempt {} in {:.1} s",
            redact::tokens(cause),
            attempt + 1,
            wait(*at).as_secs_f64()
        ),
        ProtocolEvent::TokenRefreshed => "the account is authorized".to_owned(),
        ProtocolEvent::UrlDropped => "the upload URL failed; another one is fetched".to_owned(),
        ProtocolEvent::Reconciling => {
            "the answer to the upload was lost; looking whether the file is there".to_owned()
        }
        ProtocolEvent::PossibleDuplicate => {
            "the answer to an attempt was lost and the file was not found; \
             a second version of the same content may exist"
                .to_owned()
        }
        ProtocolEvent::PossibleOrphan => "the answer that would have begun a large file was lost; \
             an unfinished one without parts may be left"
            .to_owned(),
        ProtocolEvent::LargeFileStarting { part_size, .. } => {
            format!("beginning a large file with parts of {part_size} bytes")
        }
        ProtocolEvent::LargeFileStarted { file_id, parts, .. } => match parts {
            Some(parts) => format!("the large file {file_id} has {parts} parts"),
            None => format!("the large file {file_id} is begun"),
        },
        ProtocolEvent::PartStored(part) if part.kept => {
            format!("{} was there already", part_name(part))
        }
        ProtocolEvent::PartStored(part) => format!("{} is stored", part_name(part)),
        ProtocolEvent::VersionDeleted { file_id, .. } => format!("{file_id} is deleted"),
        ProtocolEvent::LargeFileCancelled => "the large file is cancelled".to_owned(),
        ProtocolEvent::Resuming { from } => {
            format!("the connection broke; going on from byte {from}")
        }
        ProtocolEvent::Restarting => {
            "the content did not match its digest; fetching it again".to_owned()
        }
        other => redact::tokens(&format!("{other:?}")).into_owned(),
    }
}
/// `part 3 of 7`, or `part 3` while nobody knows how many there will be.
fn part_name(part: &StoredPart) -> String {
    match part.of {
        Some(of) => format!("part {} of {of}", part.number),
        None => format!("part {}", part.number),
    }
}
