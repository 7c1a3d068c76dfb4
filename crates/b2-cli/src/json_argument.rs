//! JSON given on the command line, in a file, or through a pipe.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::failure::Failure;

/// Reads the value of an option: JSON itself, the path of a file that holds
/// it, or `-` for standard input.
pub(crate) async fn read<T: DeserializeOwned>(option: &str, given: &str) -> Result<T, Failure> {
    let text = match given.trim_start().starts_with(['[', '{']) {
        true => given.to_owned(),
        false => file(given).await?,
    };
    parse(option, &text)
}

fn parse<T: DeserializeOwned>(option: &str, text: &str) -> Result<T, Failure> {
    serde_json::from_str(text).map_err(|error| {
        Failure::Usage(format!(
            "{option}: {}, line {} column {}",
            what_is_wrong(&error),
            error.line(),
            error.column()
        ))
    })
}

/// Never the value that is there: it may be a secret.
fn what_is_wrong(error: &serde_json::Error) -> String {
    let told = error.to_string();
    match error.classify() {
        Category::Data if told.starts_with("missing field") => {
            told.split(" at line ").next().unwrap_or_default().to_owned()
        }
        Category::Data => "a value is not of the expected kind".to_owned(),
        _ => "this is no JSON".to_owned(),
    }
}

async fn file(path: &str) -> Result<String, Failure> {
    let owned = path.to_owned();
    let read = tokio::task::spawn_blocking(move || match owned.as_str() {
        "-" => std::io::read_to_string(std::io::stdin()),
        path => std::fs::read_to_string(path),
    });
    let read = read.await.map_err(std::io::Error::from).and_then(|text| text);
    read.map_err(|source| match path {
        "-" => Failure::local("standard input cannot be read", source),
        path => Failure::local(format!("cannot read {path}"), source),
    })
}

#[cfg(test)]
mod tests {
    use b2::LifecycleRule;

    use super::*;

    fn refusal(text: &str) -> String {
        parse::<Vec<LifecycleRule>>("--lifecycle-rules", text).unwrap_err().to_string()
    }

    #[test]
    fn a_fault_is_told_without_the_value() {
        let missing = "--lifecycle-rules: missing field `fileNamePrefix`, line 1 column 3";
        assert_eq!(refusal("[{}]"), missing);
        let kind = refusal(r#"[{"fileNamePrefix": 7, "secret": "hush"}]"#);
        assert!(kind.contains("a value is not of the expected kind"), "{kind}");
        let broken = refusal(r#"["hush"#);
        assert!(broken.contains("this is no JSON") && !broken.contains("hush"), "{broken}");
    }
}
