//! The head of a proxy's answer, and what follows it.

use ::http::{HeaderMap, HeaderName, HeaderValue, header};
use tokio::io::{AsyncRead, AsyncReadExt};

use super::error::ProxyError;

/// More than any proxy has to say.
const LIMIT: usize = 64 * 1024;

/// So much is looked at whenever something comes.
const EARLY: usize = 1024;

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
        let mut buffer = Vec::with_capacity(EARLY);
        loop {
            let before = buffer.len();
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(ProxyError::Protocol("it hung up instead of answering"));
            }
            // What is no HTTP is soon told apart. Later on only what may be
            // whole is read again, for it may come a byte at a time.
            let new = &buffer[before.saturating_sub(2)..];
            let blank = new.windows(2).any(|pair| pair == b"\n\n")
                || new.windows(3).any(|three| three == b"\n\r\n");
            if (blank || buffer.len() <= EARLY)
                && let Some(head) = Self::parse(&buffer)?
            {
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

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// Reads `text`, which comes in pieces of `size` bytes.
    async fn read(text: &str, size: usize) -> Result<Head, ProxyError> {
        let (mut here, mut there) = tokio::io::duplex(size);
        let writing = async {
            // Who has read enough hangs up.
            let _ = there.write_all(text.as_bytes()).await;
            let _ = there.shutdown().await;
        };
        let reading = async move { Head::read(&mut here).await };
        tokio::join!(reading, writing).0
    }

    #[tokio::test]
    async fn a_head_ends_where_it_does_however_it_comes() {
        for end in ["\r\n\r\n", "\n\n", "\n\r\n"] {
            let text = format!("HTTP/1.1 407 No\r\nX-Long: {}{end}", "x".repeat(3000));
            for size in [1, 2, 3, 1000, 10_000] {
                let head = read(&text, size).await.unwrap();
                assert_eq!((head.status, head.headers["x-long"].len()), (407, 3000), "{size}");
            }
        }
        let long = format!("HTTP/1.1 407 No\r\nX: {}", "x".repeat(LIMIT));
        assert!(matches!(read(&long, 1).await, Err(ProxyError::Protocol("its answer has no end"))));
        assert!(matches!(read("\x05\0", 2).await, Err(ProxyError::Protocol("not HTTP"))));
    }
}
