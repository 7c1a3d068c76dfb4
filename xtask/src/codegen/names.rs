//! From the names of the wire to the names of Rust.

/// `b2_get_upload_url` gives `GetUploadUrl`.
pub(crate) fn operation_type(operation: &str) -> String {
    let words = operation.strip_prefix("b2_").unwrap_or(operation).split('_');
    words.map(capitalize).collect()
}

/// `bucketId` gives `bucket_id`.
pub(crate) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// What serde's `rename_all = "camelCase"` makes of a field.
pub(crate) fn camel(field: &str) -> String {
    let mut words = field.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &capitalize(word))
}

/// The variant for a value such as `allPublic`, `bad_request`, `PENDING` or `ObjectCreated:Copy`.
pub(crate) fn variant(value: &str) -> String {
    let shouting = !value.chars().any(|letter| letter.is_ascii_lowercase());
    let words = value.split(|letter: char| !letter.is_ascii_alphanumeric());
    if shouting {
        words.map(|word| capitalize(&word.to_ascii_lowercase())).collect()
    } else {
        words.map(capitalize).collect()
    }
}

/// Whether the text can name a Rust type or variant.
pub(crate) fn is_identifier(text: &str) -> bool {
    text.chars().next().is_some_and(|first| first.is_ascii_uppercase())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
}

fn capitalize(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rust() {
        assert_eq!(operation_type("b2_get_upload_url"), "GetUploadUrl");
        assert_eq!(snake("hmacSha256SigningSecret"), "hmac_sha256_signing_secret");
        assert_eq!(camel("b2_content_type"), "b2ContentType");
        assert_eq!(variant("allPublic"), "AllPublic");
        assert_eq!(variant("PENDING"), "Pending");
        assert_eq!(variant("ObjectCreated:Copy"), "ObjectCreatedCopy");
        assert!(!is_identifier("3d"));
    }
}
