//! Keys that are restricted to buckets, to a prefix, or to both: commands work
//! without an option for it, or say what the key is restricted to.

use b2::Capability;

use crate::scene::{Key, Scene, run, run_reading};

const BUCKETS: [&str; 3] = ["first-bucket", "second-bucket", "third-bucket"];

/// How many of the buckets (0 for all), and which prefix.
const RESTRICTIONS: [(usize, Option<&str>); 4] =
    [(1, None), (2, None), (0, Some("in/")), (1, Some("in/"))];

/// Commands on a bucket `@` and a folder `#` in it; those without `#` concern
/// the bucket as a whole, which a prefix does not forbid.
const COMMANDS: [&str; 16] = [
    "ls b2://@/#",
    "ls -r --versions b2://@/#",
    "ls -r b2://@",
    "file upload -q @ - #new",
    "file cat b2://@/#file",
    "file info b2://@/#file",
    "file download --overwrite b2://@/#file back",
    "file url --with-auth b2://@/#file",
    "file copy b2://@/#file b2://@/#copy",
    "file update --legal-hold off b2://@/#file",
    "file large unfinished list b2://@/#",
    "file hide b2://@/#copy",
    "rm --versions b2://@/#copy",
    "bucket get-download-auth @",
    "bucket get @",
    "bucket notification-rule list @",
];

fn scene() -> Scene {
    let scene = Scene::new();
    for bucket in BUCKETS {
        scene.b2(["bucket", "create", bucket, "allPrivate"]).ok();
        scene.b2(["bucket", "update", "-q", bucket, "--file-lock-enabled"]).ok();
        for folder in ["in/", "out/"] {
            for name in ["file", "copy"] {
                let name = format!("{folder}{name}");
                scene.b2_reading("content", ["file", "upload", "-q", bucket, "-", &name]).ok();
            }
        }
    }
    scene
}

fn capabilities() -> Vec<Capability> {
    use Capability::{
        DeleteFiles, ListBuckets, ListFiles, ReadBucketNotifications, ReadFiles, ShareFiles,
        WriteFileLegalHolds, WriteFiles,
    };
    vec![
        DeleteFiles,
        ListBuckets,
        ListFiles,
        ReadBucketNotifications,
        ReadFiles,
        ShareFiles,
        WriteFileLegalHolds,
        WriteFiles,
    ]
}

fn key(scene: &Scene, (buckets, prefix): (usize, Option<&str>), may: &[Capability]) -> Key {
    scene.restricted_key(&BUCKETS[..buckets], prefix, may)
}

fn try_everything(number: usize) {
    let (scene, restriction) = (scene(), RESTRICTIONS[number]);
    let (buckets, prefix) = restriction;
    let key = key(&scene, restriction, &capabilities());
    for bucket in [BUCKETS[0], BUCKETS[2]] {
        for folder in ["in/", "out/"] {
            for command in COMMANDS {
                let here = buckets == 0 || BUCKETS[..buckets].contains(&bucket);
                let below = !command.contains('#') || prefix.is_none_or(|own| own == folder);
                let line = command.replace('@', bucket).replace('#', folder);
                let ran = run_reading(scene.command_with(&key), "new", line.split(' '));
                if here && below {
                    ran.ok();
                    continue;
                }
                let ran = ran.exits(7);
                if buckets > 0 {
                    let words =
                        format!("restricted to the buckets {}", BUCKETS[..buckets].join(", "));
                    assert!(ran.stderr.contains(&words), "{line}: {}", ran.stderr);
                }
                if let Some(own) = prefix {
                    let words = format!("names that begin with {own:?}");
                    assert!(ran.stderr.contains(&words), "{line}: {}", ran.stderr);
                }
            }
        }
    }
}

#[test]
fn one_bucket() {
    try_everything(0);
}

#[test]
fn two_buckets() {
    try_everything(1);
}

#[test]
fn a_prefix() {
    try_everything(2);
}

#[test]
fn a_bucket_and_a_prefix() {
    try_everything(3);
}

#[test]
fn what_is_listed_is_what_is_permitted() {
    let scene = scene();
    for restriction in RESTRICTIONS {
        let key = key(&scene, restriction, &capabilities());
        let all = run(scene.command_with(&key), ["ls", "-r", "b2://first-bucket"]).ok().text();
        let expected = match restriction.1 {
            Some(_) => "in/copy\nin/file\n",
            None => "in/copy\nin/file\nout/copy\nout/file\n",
        };
        assert_eq!(all, expected, "{restriction:?}");
        let rows = run(scene.command_with(&key), ["bucket", "list", "--json"]).ok().json_lines();
        let names: Vec<_> =
            rows.iter().map(|row| row["bucketName"].as_str().unwrap().to_owned()).collect();
        let count = if restriction.0 == 0 { 3 } else { restriction.0 };
        assert_eq!(names, BUCKETS[..count], "{restriction:?}");
        let token = ["bucket", "get-download-auth", "first-bucket", "--json"];
        let token = run(scene.command_with(&key), token).ok().json();
        assert_eq!(token["fileNamePrefix"], restriction.1.unwrap_or_default());
        let session = run(scene.command_with(&key), ["account", "get"]).ok().text();
        assert!(session.contains(restriction.1.unwrap_or("(none)")), "{session}");
    }
}

/// Buckets are named when the key is authorized.
#[test]
fn buckets_are_found_by_those_who_may_not_list_them() {
    let scene = scene();
    let mut may = capabilities();
    may.retain(|capability| *capability != Capability::ListBuckets);
    for restriction in RESTRICTIONS.into_iter().filter(|(buckets, _)| *buckets > 0) {
        let key = key(&scene, restriction, &may);
        for command in COMMANDS.iter().filter(|command| !command.starts_with("bucket get @")) {
            let line = command.replace('@', "first-bucket").replace('#', "in/");
            run_reading(scene.command_with(&key), "new", line.split(' ')).ok();
        }
        let ran = run(scene.command_with(&key), ["bucket", "get", "first-bucket"]).exits(7);
        assert!(ran.stderr.contains("`listBuckets`"), "{}", ran.stderr);
        // The file that was deleted is needed again.
        let upload = ["file", "upload", "-q", "first-bucket", "-", "in/copy"];
        scene.b2_reading("content", upload).ok();
    }
}

#[test]
fn whoever_lacks_a_capability_is_told_which() {
    let scene = scene();
    for (command, lacking) in [
        ("ls b2://first-bucket", Capability::ListFiles),
        ("file upload first-bucket - x", Capability::WriteFiles),
        ("file cat b2://first-bucket/in/file", Capability::ReadFiles),
        ("file copy b2://first-bucket/in/file b2://first-bucket/x", Capability::ReadFiles),
        ("file copy b2://first-bucket/in/file b2://first-bucket/x", Capability::WriteFiles),
        ("file hide b2://first-bucket/in/file", Capability::WriteFiles),
        ("file url --with-auth b2://first-bucket/x", Capability::ShareFiles),
        ("file update --legal-hold on b2://first-bucket/in/file", Capability::WriteFileLegalHolds),
        ("file large unfinished list b2://first-bucket", Capability::ListFiles),
        ("file large unfinished cancel b2id://4_z", Capability::WriteFiles),
        ("rm b2://first-bucket/in/file", Capability::DeleteFiles),
        ("bucket list", Capability::ListBuckets),
        ("bucket update first-bucket allPublic", Capability::WriteBuckets),
        (
            "bucket update first-bucket --default-server-side-encryption SSE-B2",
            Capability::WriteBucketEncryption,
        ),
        ("bucket update first-bucket --file-lock-enabled", Capability::WriteBucketRetentions),
        ("bucket notification-rule list first-bucket", Capability::ReadBucketNotifications),
        ("bucket notification-rule set first-bucket []", Capability::WriteBucketNotifications),
        ("bucket delete first-bucket", Capability::DeleteBuckets),
        ("key create x listFiles", Capability::WriteKeys),
        ("key list", Capability::ListKeys),
        ("key delete 004", Capability::DeleteKeys),
    ] {
        let may: Vec<_> =
            Capability::KNOWN.iter().filter(|one| **one != lacking).cloned().collect();
        let key = scene.key(&may);
        let ran = run_reading(scene.command_with(&key), "x", command.split(' ')).exits(7);
        let words = format!("the capability `{lacking}`");
        assert!(ran.stderr.contains(&words), "{command}: {}", ran.stderr);
    }
}
