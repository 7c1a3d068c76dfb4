//! `b2_list_file_names` and `b2_list_file_versions`.

use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Call;
use super::caller::Caller;
use super::file_json::{file_json, folder_json};
use super::ids::FileId;
use super::paging::page_size;
use super::record::{Action, File};
use super::refusal::{Outcome, bad_request, refuse};
use super::walk::Walk;
use super::{buckets, versions};

/// What to list, checked.
struct Query {
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    /// Where in the index to begin.
    from: Vec<u8>,
    limit: usize,
    /// How many hidden names to pass over before giving up on a full page.
    scan_limit: usize,
}

/// A row of a listing.
enum Row {
    File(Box<File>),
    Folder(String),
}

pub(crate) fn list_file_names(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "listFiles")?;
    let query = Query::read(call, &caller)?;
    let (rows, next) = names(call, &query)?;
    let rows = rows_json(call, &caller, &query, &rows);
    Ok(Answer::page(rows, &json!({ "nextFileName": next })))
}

pub(crate) fn list_file_versions(call: &mut Call<'_, '_>) -> Outcome<Answer> {
    let caller = Caller::with(call, "listFiles")?;
    let query = Query::read(call, &caller)?;
    let (rows, next) = all_versions(call, &query)?;
    let (next_name, next_id) = match next {
        None => (None, None),
        Some(Row::Folder(name)) => (Some(name), None),
        Some(Row::File(file)) => (Some(file.name), Some(file.id)),
    };
    let rows = rows_json(call, &caller, &query, &rows);
    Ok(Answer::page(rows, &json!({"nextFileId": next_id, "nextFileName": next_name})))
}

/// The rows one by one: all of a page at once would take many times its size.
fn rows_json<'r>(
    call: &'r Call<'_, '_>,
    caller: &'r Caller,
    query: &'r Query,
    rows: &'r [Row],
) -> impl Iterator<Item = Value> + 'r {
    rows.iter().map(|row| match row {
        Row::File(file) => file_json(call.version, caller, file),
        Row::Folder(name) => folder_json(call.version, caller, &query.bucket, name),
    })
}

impl Query {
    fn read(call: &Call<'_, '_>, caller: &Caller) -> Outcome<Self> {
        let bucket = call.params.text("bucketId")?;
        if bucket.len() != 24 || !bucket.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let message = format!("Invalid bucketId: {bucket}");
            return Err(refuse(400, "invalid_bucket_id", message));
        }
        caller.require_bucket(&bucket)?;
        let prefix = permitted_prefix(call, caller)?;
        buckets::load(call.tx, &bucket)?;
        let delimiter = call.params.optional_text("delimiter")?;
        let limit = page_size(&call.params, "maxFileCount", 100, 10_000)?;
        // A start before the prefix begins at the prefix.
        let from = start_key(call, &bucket)?.max([bucket.as_bytes(), prefix.as_bytes()].concat());
        Ok(Self {
            bucket,
            prefix,
            delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
            from,
            limit,
            scan_limit: call.settings.scan_limit,
        })
    }

    /// The folder a name falls into, up to the first delimiter past the prefix.
    fn folder_of(&self, name: &str) -> Option<String> {
        let delimiter = self.delimiter.as_deref()?;
        let at = name.get(self.prefix.len()..)?.find(delimiter)?;
        Some(name[..self.prefix.len() + at + delimiter.len()].to_owned())
    }

    fn walk<'t>(&self, call: &'t Call<'_, '_>) -> Outcome<Walk<'t>> {
        let until = versions::after_prefix_key(&self.bucket, &self.prefix);
        Ok(Walk::new(call.tx, self.from.clone(), until)?)
    }
}

/// The prefix asked for, which must lie within the key's own. Version 1 did
/// not refuse a wider one: it listed what the key may see.
fn permitted_prefix(call: &Call<'_, '_>, caller: &Caller) -> Outcome<String> {
    let prefix = call.params.optional_text("prefix")?.unwrap_or_default();
    let held = caller.key.name_prefix.as_deref().unwrap_or_default();
    if call.version == 1 && held.starts_with(&prefix) {
        return Ok(held.to_owned());
    }
    caller.require_name(&prefix)?;
    Ok(prefix)
}

fn start_key(call: &Call<'_, '_>, bucket: &str) -> Outcome<Vec<u8>> {
    let name = call.params.optional_text("startFileName")?;
    let id = call.params.optional_text("startFileId")?.filter(|id| !id.is_empty());
    match (name.filter(|name| !name.is_empty()), id) {
        (None, Some(_)) => Err(bad_request("startFileId needs startFileName")),
        (None, None) => Ok(bucket.as_bytes().to_vec()),
        (Some(name), None) => Ok(versions::name_key(bucket, &name)),
        (Some(name), Some(id)) => {
            let parsed = FileId::parse(&id).ok_or_else(|| {
                refuse(400, "invalid_file_id", format!("Invalid startFileId: {id}"))
            })?;
            Ok(versions::version_key(bucket, &name, parsed.position))
        }
    }
}

/// One page of current files, and the name the next page begins at.
fn names(call: &Call<'_, '_>, query: &Query) -> Outcome<(Vec<Row>, Option<String>)> {
    let mut walk = query.walk(call)?;
    let mut rows = Vec::new();
    let mut passed = 0;
    while let Some(file) = walk.next()? {
        match file.action {
            // The version after it may be the current one.
            Action::Start => continue,
            Action::Hide if passed == query.scan_limit => return Ok((rows, Some(file.name))),
            Action::Hide => {
                passed += 1;
                walk.skip_to(versions::after_name_key(&query.bucket, &file.name));
                continue;
            }
            Action::Upload => {}
        }
        let folder = query.folder_of(&file.name);
        if rows.len() == query.limit {
            return Ok((rows, Some(folder.unwrap_or(file.name))));
        }
        rows.push(take_row(query, &mut walk, folder, file, true));
    }
    Ok((rows, None))
}

/// One page of versions, and the row the next page begins with.
fn all_versions(call: &Call<'_, '_>, query: &Query) -> Outcome<(Vec<Row>, Option<Row>)> {
    let mut walk = query.walk(call)?;
    let mut rows = Vec::new();
    while let Some(file) = walk.next()? {
        let folder = query.folder_of(&file.name);
        let row = take_row(query, &mut walk, folder, file, false);
        if rows.len() == query.limit {
            return Ok((rows, Some(row)));
        }
        rows.push(row);
    }
    Ok((rows, None))
}

/// Makes the row and moves past everything it stands for.
fn take_row(
    query: &Query,
    walk: &mut Walk<'_>,
    folder: Option<String>,
    file: File,
    is_whole_name: bool,
) -> Row {
    match folder {
        Some(folder) => {
            walk.skip_to(versions::after_prefix_key(&query.bucket, &folder));
            Row::Folder(folder)
        }
        None => {
            if is_whole_name {
                walk.skip_to(versions::after_name_key(&query.bucket, &file.name));
            }
            Row::File(Box::new(file))
        }
    }
}
