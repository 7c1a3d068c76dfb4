//! The head of a proxy's answer, and what follows it.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::ProxyError;

/// More than any proxy has to say.
const LIMIT: usize = 64 * 1024;

/// The head of an answer, and what was read beyond it.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    http_1_1: bool,
    beyond: Vec<u8>,
}

impl Head {
    /// Reads a head of at most 64 KiB.
    pub(super) async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Self, ProxyError> {
        let mut buffer = Vec::with_capacity(1024);
        loop {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(ProxyError::Protocol("it hung up instead of answering"));
            }
            if let Some(head) = Self::parse(&buffer)? {
                return Ok(head);
            }
            if buffer.len() > LIMIT {
                return Err(ProxyError::Protocol("its answer has no end"));
            }
        }
    }

    fn parse(buffer: &[u8]) -> Result<Option<Self>, ProxyError> {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut answer = httparse::Response::new(&mut fields);
        let parsed = answer.parse(buffer).map_err(|_| ProxyError::Protocol("not HTTP"))?;
        let httparse::Status::Complete(len) = parsed else { return Ok(None) };
        let mut headers = HeaderMap::new();
        for field in &*answer.headers {
            // What is no header to us is of no interest either.
            let name = HeaderName::from_bytes(field.name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(field.value)) {
                headers.append(name, value);
            }
        }
        Ok(Some(Self {
            status: answer.code.unwrap_or(0),
            headers,
            http_1_1: answer.version == Some(1),
            beyond: buffer[len..].to_vec(),
        }))
    }

    /// Whether the proxy has sent anything behind the head.
    pub(super) fn has_more(&self) -> bool {
        !self.beyond.is_empty()
    }

    /// Reads what belongs to this answer; says whether another request may
    /// follow on the same connection.
    pub(super) async fn finish<S>(self, stream: &mut S) -> Result<bool, ProxyError>
    where
        S: AsyncRead + Unpin,
    {
        let Some(length) = self.length().filter(|length| *length <= LIMIT && self.persists())
        else {
            return Ok(false);
        };
        let Some(mut left) = length.checked_sub(self.beyond.len()) else {
            return Err(ProxyError::Protocol("more follows than it announced"));
        };
        let mut scrap = [0; 4096];
        while left > 0 {
            let most = left.min(scrap.len());
            let read = stream.read(&mut scrap[..most]).await?;
            if read == 0 {
                return Ok(false);
            }
            left -= read;
        }
        Ok(true)
    }

    fn length(&self) -> Option<usize> {
        if self.status == 204 {
            return Some(0);
        }
        if self.headers.contains_key(header::TRANSFER_ENCODING) {
            return None;
        }
        self.headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
    }

    /// Whether the proxy keeps the connection for another request.
    pub(super) fn persists(&self) -> bool {
        let says = |word: &str| {
            let names = ["connection", "proxy-connection"];
            names.iter().flat_map(|name| self.headers.get_all(*name)).any(|value| {
                let text = value.to_str().unwrap_or("");
                text.split(',').any(|each| each.trim().eq_ignore_ascii_case(word))
            })
        };
        !says("close") && (self.http_1_1 || says("keep-alive"))
    }
}
