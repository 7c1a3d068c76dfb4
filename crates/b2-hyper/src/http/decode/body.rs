//! The decoded body of an answer.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{DeflateDecoder, GzipDecoder, ZlibDecoder};
use b2_core::error::TransportError;
use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::io::{AsyncRead, ReadBuf};

use super::coding::Coding;
use super::error::ContentError;
use super::reader::Reader;
use crate::http::answer::Answer;
use crate::observe::Witness;

/// Bytes that are decoded at a time.
const PIECE: usize = 16 * 1024;
/// So much of a document may grow as it likes.
const FREE: u64 = 1024 * 1024;
/// JSON of a thousand files that differ in a digit shrinks to a fiftieth.
const RATIO: u64 = 200;

/// Decodes an answer while it is read.
pub(crate) struct Decoded {
    decoder: Decoder,
    gave: u64,
    limit: u64,
    witness: Option<Witness>,
}

enum Decoder {
    /// Nothing was read yet.
    New(Reader, Coding),
    Gzip(GzipDecoder<Reader>),
    Zlib(ZlibDecoder<Reader>),
    Deflate(DeflateDecoder<Reader>),
    Ended,
}

impl Decoded {
    pub(crate) fn new(
        answer: Answer,
        coding: Coding,
        limit: u64,
        witness: Option<Witness>,
    ) -> Self {
        Self { decoder: Decoder::New(Reader::new(answer), coding), gave: 0, limit, witness }
    }

    /// Chooses a decoder when the first bytes are there. An empty body is
    /// nothing in any coding.
    fn poll_choose(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Decoder::New(reader, coding) = &mut self.decoder else { return Poll::Ready(Ok(())) };
        let coding = *coding;
        if !ready!(reader.poll_more(cx))? {
            self.decoder = Decoder::Ended;
            return Poll::Ready(Ok(()));
        }
        let Decoder::New(reader, _) = std::mem::replace(&mut self.decoder, Decoder::Ended) else {
            return Poll::Ready(Ok(()));
        };
        // The first byte of zlib: method 8, a window of at most 32 KiB. No
        // encoder begins a bare stream like this.
        let zlib = reader.first().is_some_and(|byte| byte & 0x0f == 8 && byte >> 4 <= 7);
        self.decoder = match coding {
            Coding::Gzip => {
                let mut decoder = GzipDecoder::new(reader);
                decoder.multiple_members(true);
                Decoder::Gzip(decoder)
            }
            Coding::Deflate if zlib => Decoder::Zlib(ZlibDecoder::new(reader)),
            Coding::Deflate => Decoder::Deflate(DeflateDecoder::new(reader)),
        };
        Poll::Ready(Ok(()))
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        ready!(self.poll_choose(cx))?;
        let mut space = [0; PIECE];
        let mut piece = ReadBuf::new(&mut space);
        match &mut self.decoder {
            Decoder::Gzip(decoder) => ready!(Pin::new(decoder).poll_read(cx, &mut piece))?,
            Decoder::Zlib(decoder) => ready!(Pin::new(decoder).poll_read(cx, &mut piece))?,
            Decoder::Deflate(decoder) => ready!(Pin::new(decoder).poll_read(cx, &mut piece))?,
            Decoder::New(..) | Decoder::Ended => {}
        }
        Poll::Ready(Ok(Bytes::copy_from_slice(piece.filled())))
    }

    fn reader(&mut self) -> Option<&mut Reader> {
        match &mut self.decoder {
            Decoder::New(reader, _) => Some(reader),
            Decoder::Gzip(decoder) => Some(decoder.get_mut()),
            Decoder::Zlib(decoder) => Some(decoder.get_mut()),
            Decoder::Deflate(decoder) => Some(decoder.get_mut()),
            Decoder::Ended => None,
        }
    }

    /// Whether the document may have grown so much.
    fn check_size(&mut self, bytes: usize) -> Result<(), ContentError> {
        self.gave += bytes as u64;
        if self.gave > self.limit {
            return Err(ContentError::TooLong { limit: self.limit });
        }
        let came = self.reader().map_or(0, |reader| reader.came);
        if self.gave > FREE && self.gave / RATIO > came {
            return Err(ContentError::Bomb { ratio: RATIO });
        }
        Ok(())
    }

    fn failed(&mut self, error: io::Error) -> TransportError {
        let own = self.reader().and_then(|reader| reader.failure.take());
        self.decoder = Decoder::Ended;
        own.unwrap_or_else(|| ContentError::Damaged(error).into())
    }
}

impl Body for Decoded {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let this = &mut *self;
        let piece = match ready!(this.poll_piece(cx)) {
            Ok(piece) => piece,
            Err(error) => return Poll::Ready(Some(Err(this.failed(error)))),
        };
        if !piece.is_empty() {
            return Poll::Ready(match this.check_size(piece.len()) {
                Ok(()) => {
                    if let Some(witness) = &this.witness {
                        witness.tell_response_body(&piece);
                    }
                    Some(Ok(Frame::data(piece)))
                }
                Err(error) => {
                    this.decoder = Decoder::Ended;
                    Some(Err(error.into()))
                }
            });
        }
        // Read to its end, so that the connection can be used again.
        let Some(reader) = this.reader() else { return Poll::Ready(None) };
        let more = ready!(reader.poll_more(cx));
        match more {
            Ok(false) => {
                this.decoder = Decoder::Ended;
                Poll::Ready(None)
            }
            Ok(true) => {
                this.decoder = Decoder::Ended;
                Poll::Ready(Some(Err(ContentError::Beyond.into())))
            }
            Err(error) => Poll::Ready(Some(Err(this.failed(error)))),
        }
    }
}
