//! What an errand may have changed, and whether it has.

use b2_core::error::Error;
use bytes::Bytes;
use http::{Request, Response};

use crate::sim::actor::{Actor, Life, ONE_REQUEST};
use crate::sim::books::Violation;
use crate::sim::holdings::Allowed;
use crate::sim::scenario::{Errand, How};
use crate::sim::world::World;

/// How an errand ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Well,
    /// Nobody knows whether the last request took effect.
    InDoubt,
    Badly,
    /// Whoever was about it has vanished.
    Vanished,
}

impl End {
    pub(super) fn of<T>(result: &Result<T, Error>) -> Self {
        match result {
            Ok(_) => Self::Well,
            Err(Error::Unconfirmed { .. }) => Self::InDoubt,
            Err(_) => Self::Badly,
        }
    }
}

impl Actor {
    pub(super) fn allowed(&self, end: End) -> Allowed {
        let deletes = matches!(self.errand, Some(Errand::Delete | Errand::DeleteAll));
        let deletes = deletes.then_some(end == End::Well);
        // A process that was killed may have finished what the next one could
        // not find.
        let undone = self.stopped == Some(How::Cancel);
        let doubt = end != End::Badly || (self.resumable.deaths() > 0 && !undone);
        // One that was killed before it could know makes it once more, unless
        // its journal tells of it.
        let again = match self.errand {
            Some(Errand::UploadStream { .. }) => self.resumable.deaths() as usize,
            _ => self.lost_copies,
        };
        let made = self.told + again + usize::from(doubt);
        match self.errand {
            Some(Errand::Hide) => Allowed { content: Some(None), made: 1, ..Allowed::default() },
            Some(
                Errand::Upload(_)
                | Errand::UploadLarge { .. }
                | Errand::UploadStream { .. }
                | Errand::ByHand { .. },
            ) => {
                let content = Some(Some(self.source.clone()));
                Allowed { content, made, bare: self.makes_bare(), deletes }
            }
            Some(Errand::Copy | Errand::CopyLarge { .. }) => {
                let content = self.copied.as_ref().map(|source| source.content.clone());
                Allowed { content, made, bare: self.makes_bare(), deletes }
            }
            _ => Allowed { deletes, ..Allowed::default() },
        }
    }

    /// Whether what it makes bears no digest of the whole.
    fn makes_bare(&self) -> bool {
        match self.errand {
            Some(Errand::ByHand { .. }) => true,
            Some(Errand::UploadStream { .. }) => self.source.len() > ONE_REQUEST,
            Some(Errand::Copy | Errand::CopyLarge { .. }) => {
                self.copied.as_ref().is_some_and(|source| self.holds.is_bare(&source.id))
            }
            _ => false,
        }
    }
}

impl World {
    /// An errand has ended: nothing else has changed than it was to change.
    pub(super) fn settle(&mut self, index: usize, end: End) {
        let actor = &mut self.actors[index];
        let allowed = actor.allowed(end);
        let stored = self.server.stored(actor.name.as_str());
        let told = match (end, actor.made.take()) {
            (End::Well, Some(id)) => stored.iter().any(|version| version.id == id),
            _ => true,
        };
        let settled = match end {
            End::Vanished => actor.holds.left_behind(stored, allowed),
            _ => actor.holds.settle(stored, &allowed),
        };
        actor.copied = None;
        let settled = settled.and_then(|()| {
            if told { Ok(()) } else { Err("what was made is not there".to_owned()) }
        });
        if let Err(what) = settled {
            let what = format!("{what} ({:?} of {})", actor.errand, actor.name);
            self.books.blame(Violation::WrongContent { what });
        }
    }

    /// The server acts on a request. If whoever sent it has gone on to other
    /// errands, nobody hears what it changes.
    pub(super) fn serve(
        &mut self,
        (index, life): (usize, Life),
        request: &Request<Bytes>,
    ) -> Response<Bytes> {
        let elapsed = self.now - self.start;
        if self.actors[index].gone || self.actors[index].is_about(life) {
            return self.server.handle(request, elapsed);
        }
        let name = self.actors[index].name.to_string();
        let before = self.server.stored(&name);
        let response = self.server.handle(request, elapsed);
        let after = self.server.stored(&name);
        if before != after {
            let late = self.actors[index].holds.changed_late(&before, &after);
            if let Err(what) = late {
                self.books.blame(Violation::WrongContent { what });
            }
        }
        response
    }
}
