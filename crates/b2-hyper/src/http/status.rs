//! The first line of an answer.

use ::http::Response;
use hyper::ext::ReasonPhrase;

/// The first line of an answer, such as `HTTP/1.1 200 OK`, in the words of the
/// server. HTTP/2 has no such words; the usual ones are given then.
///
/// ```
/// let answer = http::Response::builder().status(404).body(())?;
/// assert_eq!(b2_hyper::status_line(&answer), "HTTP/1.1 404 Not Found");
/// # Ok::<(), http::Error>(())
/// ```
#[must_use]
pub fn status_line<B>(answer: &Response<B>) -> String {
    let status = answer.status();
    let said = answer.extensions().get::<ReasonPhrase>();
    let said = said.map(|words| String::from_utf8_lossy(words.as_bytes()).into_owned());
    let words = said.unwrap_or_else(|| status.canonical_reason().unwrap_or("").to_owned());
    format!("{:?} {} {words}", answer.version(), status.as_u16()).trim_end().to_owned()
}
