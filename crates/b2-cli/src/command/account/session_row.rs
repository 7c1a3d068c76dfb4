//! What a key may do, as it is printed.

use b2::{Capability, Session};
use serde::Serialize;

use crate::credentials::{Authorization, Origin};
use crate::moment;

/// An authorized account. It has no room for the key or a token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SessionRow<'a> {
    account_id: &'a str,
    application_key_id: &'a str,
    /// `environment`, or the path of the file.
    credentials: String,
    realm: &'a str,
    capabilities: Vec<&'a str>,
    /// What the key is restricted to; null: every bucket.
    buckets: Option<Vec<BucketRow<'a>>>,
    name_prefix: Option<&'a str>,
    /// In ms since 1970.
    application_key_expiration_timestamp: Option<i64>,
    api_url: &'a str,
    download_url: &'a str,
    recommended_part_size: u64,
    absolute_minimum_part_size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BucketRow<'a> {
    bucket_id: &'a str,
    bucket_name: Option<&'a str>,
}

impl<'a> SessionRow<'a> {
    pub(super) fn new(authorization: &'a Authorization, session: &'a Session) -> Self {
        let bucket = |bucket: &'a b2::AllowedBucket| BucketRow {
            bucket_id: bucket.id.as_str(),
            bucket_name: bucket.name.as_deref(),
        };
        let mut capabilities: Vec<_> =
            session.capabilities.iter().map(Capability::as_str).collect();
        capabilities.sort_unstable();
        Self {
            account_id: session.account_id.as_str(),
            application_key_id: &authorization.key_id,
            credentials: match &authorization.origin {
                Origin::Environment => "environment".to_owned(),
                Origin::File(path) => path.display().to_string(),
                Origin::Given => "given".to_owned(),
            },
            realm: authorization.realm.as_deref().unwrap_or("production"),
            capabilities,
            buckets: session.buckets.as_ref().map(|all| all.iter().map(bucket).collect()),
            name_prefix: session.name_prefix.as_deref(),
            application_key_expiration_timestamp: session.application_key_expiration_timestamp,
            api_url: &session.api_url,
            download_url: &session.download_url,
            recommended_part_size: session.recommended_part_size,
            absolute_minimum_part_size: session.absolute_minimum_part_size,
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let buckets = self.buckets.as_ref().map(|buckets| {
            let names = buckets.iter().map(|one| one.bucket_name.unwrap_or(one.bucket_id));
            names.collect::<Vec<_>>().join(" ")
        });
        let expires = self.application_key_expiration_timestamp.map(moment::shown);
        vec![
            format!("account       {}", self.account_id),
            format!("key id        {}", self.application_key_id),
            format!("key from      {}", self.credentials),
            format!("realm         {}", self.realm),
            format!("capabilities  {}", self.capabilities.join(" ")),
            format!("buckets       {}", buckets.as_deref().unwrap_or("(all)")),
            format!("name prefix   {}", self.name_prefix.unwrap_or("(none)")),
            format!("expires       {}", expires.as_deref().unwrap_or("(never)")),
            format!("api           {}", self.api_url),
            format!("downloads     {}", self.download_url),
        ]
    }
}
