//! What a lost answer or a refusal leaves open is settled by a look, or by
//! asking again where the key may not look.

use b2_core::endpoint::HideFile;
use b2_core::error::{RequestError, TransportErrorKind};
use b2_core::multipart::{FinishUpload, StartUpload};
use b2_core::plan::BodyPlan;
use b2_core::upload::{LargeOptions, UploadHeaders, WholeDigest};
use b2_core::{Error, Event, LargeUpload, Operation, Reconciled, Reply, Step, Stop};
use b2_proto::{FileName, FileVersion, HideFileRequest, Sha1Digest};
use serde_json::{Value, json};

use crate::stage::{SESSION, Stage, answer, lost};

fn row(id: &str, action: &str, name: &str) -> Value {
    json!({
        "accountId": "c5d20e7718af", "action": action, "bucketId": "b", "contentLength": 1,
        "contentSha1": "none", "contentType": "text/plain", "fileId": id, "fileInfo": {},
        "fileName": name, "uploadTimestamp": 1,
    })
}

/// Hides `a`, which is hidden, with these rows in the list, the newest first.
fn hide(rows: &[(&str, &str)]) -> Result<FileVersion, Error> {
    let files: Vec<_> = rows
        .iter()
        .zip(1..)
        .map(|((action, name), id)| row(&format!("4_z{id}"), action, name))
        .collect();
    let mut looks = 0;
    let operation = Reconciled::<HideFile>::new(HideFileRequest::new("b".into(), "a".to_owned()));
    let result = Stage::new().play(operation, |transmit, _| match transmit.operation {
        "b2_hide_file" => {
            answer(400, &[], r#"{"status":400,"code":"already_hidden","message":""}"#)
        }
        "b2_list_file_versions" => {
            looks += 1;
            answer(200, &[], &json!({"files": files, "nextFileName": null}).to_string())
        }
        other => panic!("{other}"),
    });
    assert_eq!(looks, 1);
    result
}

#[test]
fn the_marker_of_a_hidden_file_is_the_newest_that_is_finished() {
    for (rows, id) in [
        (&[("hide", "a"), ("upload", "a")][..], "4_z1"),
        (&[("start", "a"), ("hide", "a"), ("upload", "a")], "4_z2"),
        (&[("start", "a"), ("start", "a"), ("hide", "a")], "4_z3"),
    ] {
        let marker = hide(rows).unwrap();
        assert_eq!(marker.file_id.unwrap().as_str(), id, "{rows:?}");
    }
    for rows in [
        &[][..],
        &[("start", "a"), ("upload", "a"), ("hide", "a")],
        &[("hide", "a/b")],
        &[("folder", "a/")],
    ] {
        let error = hide(rows).unwrap_err();
        assert!(matches!(error, Error::Api { .. }), "{rows:?}: {error:?}");
    }
}

/// Finishes with a key that may not look for the file.
fn finish(answers: Vec<Reply>) -> Result<FileVersion, Error> {
    let digests = vec![Sha1Digest::new([1; 20])];
    let operation = FinishUpload::with_digests("4_z1".into(), digests).unwrap();
    let mut answers = answers.into_iter();
    let mut stage = Stage::new().without("readFiles");
    let result = stage.play(operation, |transmit, _| {
        assert_eq!(transmit.operation, "b2_finish_large_file");
        answers.next().expect("one call too many")
    });
    assert!(answers.next().is_none(), "a call is missing");
    result
}

fn nothing() -> Reply {
    Reply::Failed { source: lost(TransportErrorKind::Interrupted), sent: None }
}

fn stored() -> Reply {
    answer(200, &[], &row("4_z1", "upload", "a").to_string())
}

fn refused() -> Reply {
    answer(400, &[], r#"{"status":400,"code":"bad_request","message":"no active upload"}"#)
}

#[test]
fn a_finish_that_cannot_be_looked_up_is_called_again() {
    assert!(finish(vec![nothing(), stored()]).is_ok());
    assert!(finish(vec![nothing(), nothing(), stored()]).is_ok());
    // The first call may be the reason of the refusal.
    match finish(vec![nothing(), refused()]) {
        Err(Error::Unconfirmed { file_id: Some(id), .. }) => assert_eq!(id.as_str(), "4_z1"),
        other => panic!("{other:?}"),
    }
    match finish((0..4).map(|_| nothing()).collect()) {
        Err(Error::Unconfirmed { .. }) => {}
        other => panic!("{other:?}"),
    }
    // Nothing was lost: it is a refusal.
    assert!(matches!(finish(vec![refused()]), Err(Error::Api { .. })));
}

#[test]
fn what_comes_after_a_lost_finish_does_not_hide_the_doubt() {
    for capability in ["readFiles", "nothing"] {
        let digests = vec![Sha1Digest::new([1; 20])];
        let operation = FinishUpload::with_digests("4_z1".into(), digests).unwrap();
        let mut stage = Stage::new().without(capability);
        let mut lost = false;
        let result = stage.play(operation, |_, _| match std::mem::replace(&mut lost, true) {
            false => nothing(),
            // Neither the look nor another call comes through.
            true => answer(503, &[], "{}"),
        });
        assert!(matches!(result, Err(Error::Unconfirmed { .. })), "{capability}: {result:?}");
    }
    // The second call is refused as the first has landed, and nobody can look.
    let digests = vec![Sha1Digest::new([1; 20])];
    let operation = FinishUpload::with_digests("4_z1".into(), digests).unwrap();
    let mut calls = vec![refused(), nothing()];
    let mut looks = vec![answer(200, &[], &row("4_z1", "start", "a").to_string())];
    let result = Stage::new().play(operation, |transmit, _| {
        let answers = match transmit.operation {
            "b2_finish_large_file" => &mut calls,
            _ => &mut looks,
        };
        answers.pop().unwrap_or_else(|| answer(503, &[], "{}"))
    });
    assert!(matches!(result, Err(Error::Unconfirmed { .. })), "{result:?}");
}

/// What B2 is asked to finish if its list of parts comes in these pages.
fn finished(pages: &[&[u32]]) -> Result<Vec<String>, Error> {
    let part = |number: &u32| {
        json!({
            "contentLength": 5_000_000, "contentSha1": format!("{number:040}"), "fileId": "4_z1",
            "partNumber": number, "uploadTimestamp": 1,
        })
    };
    let (mut page, mut digests) = (0, Vec::new());
    let done = Stage::new().play(FinishUpload::new("4_z1".into()), |transmit, _| {
        let BodyPlan::Bytes(body) = transmit.request.body() else { panic!("no call") };
        let body: Value = serde_json::from_slice(body).unwrap();
        if transmit.operation == "b2_finish_large_file" {
            let sent = body["partSha1Array"].as_array().unwrap();
            digests.extend(sent.iter().map(|digest| digest.as_str().unwrap().to_owned()));
            return stored();
        }
        assert_eq!(transmit.operation, "b2_list_parts");
        let next = pages.get(page + 1).and_then(|rows| rows.first());
        let parts: Vec<_> = pages[page].iter().map(part).collect();
        page += 1;
        answer(200, &[], &json!({"parts": parts, "nextPartNumber": next}).to_string())
    });
    done.map(|_| digests)
}

#[test]
fn every_page_of_parts_is_finished_and_a_gap_is_not() {
    let digests = finished(&[&[1, 2], &[3]]).unwrap();
    assert_eq!(digests, [1, 2, 3].map(|number| format!("{number:040}")));
    for (pages, missing) in
        [(&[&[1, 2][..], &[4]][..], 3), (&[&[2]], 1), (&[&[]], 1), (&[&[1, 1]], 2)]
    {
        match finished(pages) {
            Err(Error::Request { source, .. }) => match *source {
                RequestError::MissingPart { number } => assert_eq!(number, missing, "{pages:?}"),
                other => panic!("{pages:?}: {other:?}"),
            },
            other => panic!("{pages:?}: {other:?}"),
        }
    }
}

fn start() -> StartUpload {
    let headers = UploadHeaders::new(FileName::new("a").unwrap());
    StartUpload::new("b".into(), headers).unwrap()
}

#[test]
fn a_file_begun_by_hand_is_not_taken_by_another_whose_answer_is_lost() {
    let mut stage = Stage::new();
    let first =
        stage.play(start(), |_, _| answer(200, &[], &row("4_z1", "start", "a").to_string()));
    assert_eq!(first.unwrap().file_id.as_str(), "4_z1");
    let mut starts = 0;
    let second = stage.play(start(), |transmit, _| match transmit.operation {
        "b2_start_large_file" => {
            starts += 1;
            match starts {
                1 => nothing(),
                _ => answer(200, &[], &row("4_z2", "start", "a").to_string()),
            }
        }
        "b2_list_unfinished_large_files" => {
            let files = [row("4_z1", "start", "a")];
            answer(200, &[], &json!({"files": files, "nextFileId": null}).to_string())
        }
        other => panic!("{other}"),
    });
    let second = second.unwrap();
    assert_eq!(second.file_id.as_str(), "4_z2");
    assert!(second.possible_orphan, "the first start may still come");
}

#[test]
fn an_upload_that_only_waits_to_begin_is_stopped_at_once() {
    let mut stage = Stage::new();
    let headers = UploadHeaders::new(FileName::new("a").unwrap());
    let options = LargeOptions::default().with_whole_digest(WholeDigest::Omit);
    let mut upload = LargeUpload::new("b".into(), headers, 10_000_000, options).unwrap();
    let mut told = Vec::new();
    loop {
        match upload.poll(&mut stage.account, stage.now) {
            Step::Send(transmit) => {
                let reply = match transmit.operation {
                    "b2_authorize_account" => answer(200, &[], SESSION),
                    _ => answer(503, &[("retry-after", "600")], "{}"),
                };
                upload.handle(&mut stage.account, transmit.ticket, reply, stage.now);
            }
            Step::Event(event) => told.push(event),
            Step::Wait(_) => assert!(upload.stop(Stop::Cancel)),
            Step::Done(result) => {
                assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told.last(), Some(&Event::LargeFileCancelled), "a journal forgets the start");
}
