//! `b2 call`

use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;

use b2::document::Document;
use b2::{CustomAnswer, CustomRequest};
use serde::Serialize;

use crate::context::Context;
use crate::failure::Failure;

const AFTER_HELP: &str = "\
Capability: that of the call

Sends any request to the API host with the token of the account and prints the
body of the answer. --path picks one element out of a JSON answer: names and
numbers divided by slashes, `[last()]`, `*` and `..`; the whole is named /json.

Only GET and HEAD are repeated when an answer is lost.

Examples:
  b2 call --query accountId=c5d20e7718af b2_list_buckets
  b2 call --data '{\"fileId\": \"4_z27c88f1d182b150646ff0b16\"}' b2_get_file_info
  b2 call --query accountId=c5d20e7718af --path '/json/buckets/[last()]/bucketName' b2_list_buckets";

/// Make any request of the Native API
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Call {
    /// B2's name of the call, or a path on the API host that begins with /
    #[arg(value_name = "OPERATION")]
    operation: String,

    /// GET, HEAD or POST; POST if there is data, GET if not
    #[arg(long, value_name = "METHOD", value_parser = ["GET", "HEAD", "POST"])]
    method: Option<String>,

    /// A parameter of the query; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::file::pair)]
    query: Vec<(String, String)>,

    /// A header; may be given again
    #[arg(long, value_name = "NAME=VALUE", value_parser = super::file::pair)]
    header: Vec<(String, String)>,

    /// The body
    #[arg(long, value_name = "TEXT", conflicts_with = "data_file")]
    data: Option<String>,

    /// A file with the body; `-` is standard input
    #[arg(long, value_name = "FILE")]
    data_file: Option<PathBuf>,

    /// Print the text of this element only, or all below it
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// Print status and headers before the body
    #[arg(long, conflicts_with = "path")]
    include: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    status: u16,
    headers: Vec<(&'a str, String)>,
    /// The answer, if it is JSON.
    body: Option<serde_json::Value>,
}

impl Call {
    pub(crate) async fn run(self, context: &Context) -> Result<(), Failure> {
        let request = self.request()?;
        let answer = context.client()?.custom(request).await?;
        if let Some(path) = &self.path {
            let text = picked(&answer, path)?;
            return context.output.row(&text, || text.clone());
        }
        if context.output.json() {
            let body = serde_json::from_slice(&answer.body).ok();
            let (status, headers) = (answer.status.as_u16(), headers(&answer));
            return context.output.record(&Row { status, headers, body }, Vec::new);
        }
        self.print(&answer).map_err(Failure::stdout)
    }

    fn request(&self) -> Result<CustomRequest, Failure> {
        let body = match (&self.data, &self.data_file) {
            (Some(text), _) => Some(text.clone().into_bytes()),
            (None, Some(path)) => Some(read(path)?),
            (None, None) => None,
        };
        let mut request = match (self.method.as_deref(), body) {
            (Some("HEAD"), None) => CustomRequest::head(&self.operation),
            (Some("GET" | "HEAD"), Some(_)) => {
                return Err(Failure::Usage("only POST has a body".to_owned()));
            }
            (Some("POST"), None) => CustomRequest::post(&self.operation, Vec::new()),
            (_, Some(body)) => CustomRequest::post(&self.operation, body),
            (_, None) => CustomRequest::get(&self.operation),
        };
        for (name, value) in &self.query {
            request = request.with_query(name, value);
        }
        for (name, value) in &self.header {
            request = request.with_header(name, value);
        }
        Ok(request)
    }

    fn print(&self, answer: &CustomAnswer) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.include {
            writeln!(out, "HTTP {}", answer.status)?;
            for (name, value) in headers(answer) {
                writeln!(out, "{name}: {value}")?;
            }
            writeln!(out)?;
        }
        out.write_all(&answer.body)?;
        if !answer.body.is_empty() && !answer.body.ends_with(b"\n") {
            writeln!(out)?;
        }
        out.flush()
    }
}

fn headers(answer: &CustomAnswer) -> Vec<(&str, String)> {
    let headers = answer.headers.iter();
    headers
        .map(|(name, value)| {
            (name.as_str(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect()
}

/// The text of an element, or what is below it.
fn picked(answer: &CustomAnswer, path: &str) -> Result<String, Failure> {
    let wrong = |error: &dyn std::error::Error| Failure::Usage(format!("--path {path}: {error}"));
    let document = Document::from_json(&answer.body).map_err(|error| wrong(&error))?;
    let element = document.find(path).map_err(|error| wrong(&error))?;
    Ok(if element.child_count() == 0 { element.text() } else { element.subtree() })
}

fn read(path: &std::path::Path) -> Result<Vec<u8>, Failure> {
    let body = if path.as_os_str() == "-" {
        let mut body = Vec::new();
        io::stdin().lock().read_to_end(&mut body).map(|_| body)
    } else {
        std::fs::read(path)
    };
    body.map_err(|error| Failure::local(format!("cannot read {}", path.display()), error))
}
