//! The known answers of `b2-crypto`, asked of other people's libraries once more.
//!
//! A row of the data says from which standard it is and who gave the same answer; whoever it names
//! is asked again here. One that names nobody has to say why.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::suites::{Oracle, SUITES};
use super::worker::Worker;
use super::{bytes, hex, write};
use crate::failure::Failure;
use crate::workspace;

const ANSWERS: &str = "crates/b2-crypto/tests/vectors/suites.json";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    source: String,
    /// Names of oracles.
    #[serde(default)]
    confirmed_by: Vec<String>,
    /// Why there are none.
    unconfirmed: Option<String>,
    suite: String,
    key: String,
    iv: Option<String>,
    plaintext: String,
    ciphertext: String,
    #[serde(default)]
    counter: u32,
    effective_bits: Option<u32>,
}

/// Asks about every answer; gives how many were confirmed, and those that nobody was asked about.
pub(super) fn confirm(
    oracles: &mut BTreeMap<Oracle, Worker>,
    folder: &Path,
) -> Result<(usize, Vec<String>), Failure> {
    let path = workspace::root().join(ANSWERS);
    let text = fs::read_to_string(&path).map_err(|source| Failure::io(&path, source))?;
    let answers: Vec<Answer> = serde_json::from_str(&text)
        .map_err(|error| Failure::Wrong(format!("{}: {error}", path.display())))?;
    let (mut confirmed, mut left) = (0, Vec::new());
    for answer in &answers {
        let what = format!("{} ({})", answer.suite, answer.source);
        match (&answer.confirmed_by[..], &answer.unconfirmed) {
            ([], Some(why)) => left.push(format!("{what}: {why}")),
            ([_, ..], None) => {
                confirmed += 1;
                for name in &answer.confirmed_by {
                    let oracle = Oracle::ALL.into_iter().find(|oracle| oracle.name() == name);
                    let worker =
                        oracle.and_then(|oracle| oracles.get_mut(&oracle).zip(Some(oracle)));
                    let unknown = || Failure::Wrong(format!("{what}: who is {name}?"));
                    let (worker, oracle) = worker.ok_or_else(unknown)?;
                    ask(answer, oracle, worker, folder, &what)?;
                }
            }
            _ => {
                return Err(Failure::Wrong(format!("{what}: say who confirmed it, or why nobody")));
            }
        }
    }
    Ok((confirmed, left))
}

/// The oracle pads, so it gives a block more than the answer has.
fn ask(
    answer: &Answer,
    oracle: Oracle,
    worker: &mut Worker,
    folder: &Path,
    what: &str,
) -> Result<(), Failure> {
    let suite = SUITES.iter().find(|suite| suite.name == answer.suite);
    let suite = suite.ok_or_else(|| Failure::Wrong(format!("{what}: no such suite")))?;
    let iv = answer.iv.clone().unwrap_or_else(|| "00".repeat(suite.iv));
    let iv = match oracle {
        // It puts the counter in front of the nonce, as wide as there is room.
        Oracle::OpenSsl if suite.name == "chacha" => {
            let counter = u64::from(answer.counter).to_le_bytes();
            format!("{}{iv}", hex(&counter[..16 - iv.len() / 2]))
        }
        _ => iv,
    };
    let plain =
        bytes(&answer.plaintext).ok_or_else(|| Failure::Wrong(format!("{what}: no hex")))?;
    let (from, to) = (folder.join("answer-plain"), folder.join("answer"));
    write(&from, &plain)?;
    let name = match answer.effective_bits {
        Some(bits) if matches!(oracle, Oracle::Mono | Oracle::CryptoPp) => {
            format!("{}:bits={bits}", answer.suite)
        }
        _ => answer.suite.clone(),
    };
    worker.job(&["encrypt", &name, &answer.key, &iv], &from, &to)?;
    let given = hex(&fs::read(&to).map_err(|source| Failure::io(&to, source))?);
    if !answer.ciphertext.is_empty() && given.starts_with(&answer.ciphertext) {
        return Ok(());
    }
    let (name, ciphertext) = (oracle.name(), &answer.ciphertext);
    Err(Failure::Wrong(format!("{what}: {name} says {given}, the data {ciphertext}")))
}
