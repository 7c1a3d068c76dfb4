//! The way in: admitting requests and concluding them.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use http::{Method, StatusCode};

use super::answer::Answer;
use super::call::Call;
use super::copy::{self, CopyTicket};
use super::entropy::Entropy;
use super::flights::Flights;
use super::head::{ENCODED_SLASH, Head, Route};
use super::meter::Meter;
use super::operation::Operation;
use super::params::Params;
use super::refusal::{Failure, Outcome, bad_request, method_not_allowed, refuse};
use super::settings::Settings;
use super::upload::{self, UploadTicket};
use super::{
    authorize, buckets, cors, download, files, keys, large, listing, notification, retention,
    share, strict, token,
};
use crate::blob::{BlobId, Receipt};
use crate::store::{StoreError, Transaction};

/// The largest JSON body; the longest legal one lists 10 000 digests.
const LARGEST_JSON: u64 = 2 * 1024 * 1024;

/// Every rule, with the settings they follow and what is in flight.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    pub(crate) settings: Settings,
    pub(crate) flights: Arc<Flights>,
    pub(crate) meter: Arc<Meter>,
}

/// What to do about a request once its head is known.
#[derive(Debug)]
pub(crate) enum Admission {
    /// Answer now. `dead_token` names an upload token to revoke first.
    Refuse { answer: Answer, dead_token: Option<String> },
    /// Bring the body, at most `limit` bytes of it.
    Collect { limit: u64 },
    /// Store the body.
    Receive(Box<UploadTicket>),
}

/// What came of a request.
#[derive(Debug)]
pub(crate) enum Conclusion {
    Answer {
        answer: Answer,
        /// Blobs to remove once the changes are durable.
        garbage: Vec<BlobId>,
    },
    /// Write these bytes into a blob of their own, then conclude the copy.
    Copy(Box<CopyTicket>),
}

/// Everything about one request but its body.
#[derive(Debug)]
pub(crate) struct Visit<'v> {
    pub(crate) head: &'v Head,
    pub(crate) now: u64,
    pub(crate) entropy: Entropy,
}

impl Rules {
    /// `stored` counts the bytes of all blobs.
    pub(crate) fn new(settings: Settings, stored: Arc<AtomicU64>) -> Self {
        Self { settings, flights: Arc::default(), meter: Arc::new(Meter::new(stored)) }
    }

    /// Whether a request may have to change something.
    pub(crate) fn writes(route: Option<&Route>) -> bool {
        route.is_some_and(|route| {
            let operation = route.operation();
            operation.writes() && !matches!(operation, Operation::CopyFile | Operation::CopyPart)
        })
    }

    /// Judges a request by its head.
    pub(crate) fn admit(
        &self,
        tx: &mut Transaction<'_>,
        visit: Visit<'_>,
    ) -> Result<Admission, StoreError> {
        let (head, now) = (visit.head, visit.now);
        let refused = |failure: Failure, dead_token| match failure {
            Failure::Store(error) => Err(error),
            Failure::Refused(_) => {
                let answer = answer_failure(&failure).complete(now, head.is_head());
                Ok(Admission::Refuse { answer, dead_token })
            }
        };
        let route = match head.route() {
            Ok(route) => route,
            Err(failure) => return refused(failure, None),
        };
        if self.settings.strict_requests
            && head.method != Method::OPTIONS
            && let Err(failure) = strict::check_agent(head)
        {
            return refused(failure, None);
        }
        if head.method != Method::OPTIONS
            && let Err(failure) = self.meter.count(route.operation(), now)
        {
            return refused(failure, None);
        }
        if !route.operation().is_upload() || head.method == Method::OPTIONS {
            let limit = LARGEST_JSON;
            return Ok(Admission::Collect { limit });
        }
        let (mut garbage, mut entropy) = (Vec::new(), visit.entropy);
        let params = Params::default();
        let version = route.version();
        let call = self.call(tx, head, version, params, now, &mut entropy, &mut garbage);
        match upload::admit(&call, route.operation()) {
            Ok(ticket) => Ok(Admission::Receive(Box::new(ticket))),
            Err(upload::UploadRefused { failure, dead_token }) => refused(failure, dead_token),
        }
    }

    /// Answers a request whose body was collected.
    pub(crate) fn conclude(
        &self,
        tx: &mut Transaction<'_>,
        visit: Visit<'_>,
        body: &Bytes,
    ) -> Result<Conclusion, StoreError> {
        let (head, now, mut entropy) = (visit.head, visit.now, visit.entropy);
        let mut garbage = Vec::new();
        let outcome = (|| {
            let route = head.route()?;
            if head.method == Method::OPTIONS {
                return cors::preflight(tx, head, &route).map(Answered::Done);
            }
            let version = route.version();
            let params = Params::read(head, body)?;
            let mut call = self.call(tx, head, version, params, now, &mut entropy, &mut garbage);
            dispatch(&mut call, &route)
        })();
        match outcome {
            Ok(Answered::Done(answer)) => {
                let answer = with_cors(tx, head, answer)?.complete(now, head.is_head());
                Ok(Conclusion::Answer { answer, garbage })
            }
            Ok(Answered::Copy(ticket)) => Ok(Conclusion::Copy(ticket)),
            Err(failure) => refuse_after_body(tx, head, now, failure),
        }
    }

    /// Answers an upload whose body was stored. The receipt's blob becomes
    /// garbage if the upload is refused after all.
    pub(crate) fn conclude_upload(
        &self,
        tx: &mut Transaction<'_>,
        visit: Visit<'_>,
        ticket: &UploadTicket,
        receipt: Receipt,
    ) -> Result<Conclusion, StoreError> {
        let (head, now, mut entropy) = (visit.head, visit.now, visit.entropy);
        let (mut garbage, blob) = (Vec::new(), receipt.blob);
        let version = head.route().map_or(4, |route| route.version());
        let params = Params::default();
        let mut call = self.call(tx, head, version, params, now, &mut entropy, &mut garbage);
        let outcome = refuse_over_cap(&call, head.route().ok().map(|route| route.operation()))
            .and_then(|()| upload::conclude(&mut call, ticket, receipt));
        match outcome {
            Ok(answer) => {
                let answer = with_cors(tx, head, answer)?.complete(now, false);
                Ok(Conclusion::Answer { answer, garbage })
            }
            Err(failure) => {
                let mut refused = refuse_after_body(tx, head, now, failure)?;
                token::revoke(tx, ticket.lease.token())?;
                if let Conclusion::Answer { garbage, .. } = &mut refused {
                    garbage.push(blob);
                }
                Ok(refused)
            }
        }
    }

    /// Answers a copy whose bytes were written anew.
    pub(crate) fn conclude_copy(
        &self,
        tx: &mut Transaction<'_>,
        visit: Visit<'_>,
        ticket: CopyTicket,
        receipt: Receipt,
    ) -> Result<Conclusion, StoreError> {
        let (head, now, mut entropy) = (visit.head, visit.now, visit.entropy);
        let (mut garbage, blob) = (Vec::new(), receipt.blob);
        let version = head.route().map_or(4, |route| route.version());
        let params = Params::default();
        let mut call = self.call(tx, head, version, params, now, &mut entropy, &mut garbage);
        match copy::conclude(&mut call, ticket, receipt) {
            Ok(answer) => {
                let answer = answer.complete(now, false);
                Ok(Conclusion::Answer { answer, garbage })
            }
            Err(failure) => {
                let mut refused = refuse_after_body(tx, head, now, failure)?;
                if let Conclusion::Answer { garbage, .. } = &mut refused {
                    garbage.push(blob);
                }
                Ok(refused)
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "it only gathers them into one value")]
    pub(super) fn call<'c, 'r>(
        &'c self,
        tx: &'c mut Transaction<'r>,
        head: &'c Head,
        version: u8,
        params: Params,
        now: u64,
        entropy: &'c mut Entropy,
        garbage: &'c mut Vec<BlobId>,
    ) -> Call<'c, 'r> {
        let (settings, flights, meter) = (&self.settings, &self.flights, &*self.meter);
        Call { settings, flights, meter, tx, head, version, params, now, entropy, garbage }
    }
}

/// A refused request changes nothing.
fn refuse_after_body(
    tx: &mut Transaction<'_>,
    head: &Head,
    now: u64,
    failure: Failure,
) -> Result<Conclusion, StoreError> {
    if let Failure::Store(error) = failure {
        return Err(error);
    }
    tx.roll_back();
    let answer = with_cors(tx, head, answer_failure(&failure))?.complete(now, head.is_head());
    Ok(Conclusion::Answer { answer, garbage: Vec::new() })
}

/// A page may only read an answer, good or bad, that says so.
fn with_cors(tx: &Transaction<'_>, head: &Head, mut answer: Answer) -> Result<Answer, StoreError> {
    if head.method != Method::OPTIONS
        && let Ok(route) = head.route()
        && let Err(Failure::Store(error)) = cors::decorate(tx, head, &route, &mut answer)
    {
        return Err(error);
    }
    Ok(answer)
}

/// Nearly every error is JSON. An encoded slash meets B2's front end first,
/// which answers in HTML; clients have to live with that.
fn answer_failure(failure: &Failure) -> Answer {
    match failure {
        Failure::Refused(refusal) if refusal.code == ENCODED_SLASH => {
            let page = "<!doctype html><title>400</title><h1>Bad Request</h1>\n";
            let mut answer =
                Answer::plain(StatusCode::BAD_REQUEST, Bytes::from_static(page.as_bytes()));
            answer.set(http::header::CONTENT_TYPE, "text/html;charset=utf-8");
            answer
        }
        failure => Answer::failure(failure),
    }
}

enum Answered {
    Done(Answer),
    Copy(Box<CopyTicket>),
}

fn dispatch(call: &mut Call<'_, '_>, route: &Route) -> Outcome<Answered> {
    if let Route::File { bucket, name } = route {
        return download::by_name(call, bucket, name).map(Answered::Done);
    }
    let operation = route.operation();
    let is_head_of_download = operation == Operation::DownloadFileById;
    match call.head.method {
        Method::GET | Method::POST => {}
        Method::HEAD if is_head_of_download => {}
        _ => return Err(method_not_allowed("Only GET and POST are supported")),
    }
    if call.settings.strict_requests && operation != Operation::AuthorizeAccount {
        strict::check_fields(operation, &call.params)?;
    }
    refuse_over_cap(call, Some(operation))?;
    use Operation as Op;
    let answer = match operation {
        Op::AuthorizeAccount => authorize::authorize_account(call),
        Op::CancelLargeFile => large::cancel_large_file(call),
        Op::CopyFile | Op::CopyPart => {
            let ticket = copy::plan(call, operation)?;
            call.meter.check_storage(ticket.len)?;
            return Ok(Answered::Copy(Box::new(ticket)));
        }
        Op::CreateBucket => buckets::create_bucket(call),
        Op::CreateKey => keys::create_key(call),
        Op::DeleteBucket => buckets::delete_bucket(call),
        Op::DeleteFileVersion => files::delete_file_version(call),
        Op::DeleteKey => keys::delete_key(call),
        Op::DownloadFileById => download::by_id(call),
        Op::FinishLargeFile => large::finish_large_file(call),
        Op::GetDownloadAuthorization => share::get_download_authorization(call),
        Op::GetFileInfo => files::get_file_info(call),
        Op::GetUploadPartUrl => large::get_upload_part_url(call),
        Op::GetUploadUrl => upload::get_upload_url(call),
        Op::HideFile => files::hide_file(call),
        Op::ListBuckets => buckets::list_buckets(call),
        Op::ListFileNames => listing::list_file_names(call),
        Op::ListFileVersions => listing::list_file_versions(call),
        Op::ListKeys => keys::list_keys(call),
        Op::ListParts => large::list_parts(call),
        Op::ListUnfinishedLargeFiles => large::list_unfinished_large_files(call),
        Op::StartLargeFile => large::start_large_file(call),
        Op::UpdateBucket => buckets::update_bucket(call),
        Op::GetBucketNotificationRules => notification::get_bucket_notification_rules(call),
        Op::SetBucketNotificationRules => notification::set_bucket_notification_rules(call),
        Op::UpdateFileLegalHold => retention::update_file_legal_hold(call),
        Op::UpdateFileRetention => retention::update_file_retention(call),
        // These come another way.
        Op::DownloadFileByName | Op::UploadFile | Op::UploadPart => {
            Err(bad_request(format!("{} cannot be called so", operation.name())))
        }
    };
    answer.map(Answered::Done)
}

fn refuse_over_cap(call: &Call<'_, '_>, operation: Option<Operation>) -> Outcome<()> {
    if call.has_test_mode("force_cap_exceeded") && operation.is_some_and(Operation::stores_bytes) {
        return Err(refuse(403, "cap_exceeded", "artificial failure: the cap is exceeded"));
    }
    // Whoever begins to store something stores one byte at least.
    if operation.is_some_and(|operation| operation.stores_bytes() && !operation.is_upload()) {
        call.meter.check_storage(1)?;
    }
    Ok(())
}
