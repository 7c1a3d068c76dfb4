//! No key and no token in anything that is printed, however much is asked.

use crate::ran::Ran;
use crate::scene::{Scene, run, run_reading};
use crate::stub::{Answer, KEY, Stub, TOKEN, UPLOAD_TOKEN, UPLOAD_URL};

fn check(ran: &Ran, secrets: &[&str]) {
    for secret in secrets {
        assert!(!ran.text().contains(secret), "on standard output: {ran:?}");
        assert!(!ran.stderr.contains(secret), "on standard error: {ran:?}");
    }
}

/// A session that uses every command, well and badly.
fn session(key_id: &str) -> Vec<Vec<String>> {
    let lines = [
        "account get",
        "account authorize",
        "account clear",
        "bucket create secret-garden allPrivate",
        "bucket create secret-garden allPrivate",
        "bucket list",
        "file upload secret-garden - x --info a=b",
        "file info b2://secret-garden/x",
        "file info b2://secret-garden/none",
        "file cat b2://secret-garden/x",
        "file download b2://secret-garden/x x",
        "file download b2://secret-garden/x x",
        "file hide b2://secret-garden/x",
        "ls",
        "ls -r --versions --long b2://secret-garden",
        "rm -r --versions --yes b2://secret-garden",
        "bucket delete secret-garden",
        "version",
        "ls --no-such-option",
        "help account authorize",
    ];
    let mut commands: Vec<Vec<String>> =
        lines.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect();
    let mistyped = ["account", "authorize", key_id, "K004Wrong", "--profile", "../x"];
    commands.push(mistyped.map(str::to_owned).to_vec());
    commands
}

#[test]
fn a_whole_session_keeps_the_key_to_itself() {
    let scene = Scene::new();
    let key = scene.master_key();
    for verbosity in [vec![], vec!["-vv"], vec!["--json"], vec!["--json", "-vv"]] {
        for arguments in session(&key.id) {
            let mut command = scene.command();
            command.args(&verbosity).env("RUST_BACKTRACE", "1").env("RUST_LOG", "trace");
            let ran = run_reading(command, "content", &arguments);
            check(&ran, &[&key.key, "K004Wrong"]);
        }
        std::fs::remove_file(scene.work().join("x")).unwrap();
    }
}

#[test]
fn a_failing_session_keeps_its_tokens_to_itself() {
    let fail = |status: u16, code: &'static str| {
        Stub::new(move |_, path| {
            let spared = ["b2_authorize_account", "b2_list_buckets", "b2_get_upload_url"];
            let spared = spared.iter().any(|call| path.contains(call));
            (!spared).then(|| Answer::error(status, code, "something is wrong"))
        })
    };
    for (status, code) in
        [(401, "expired_auth_token"), (400, "bad_request"), (403, "access_denied"), (503, "busy")]
    {
        let stub = fail(status, code);
        for verbosity in [vec![], vec!["-vv"], vec!["--json", "-vv"]] {
            for arguments in session("004canary") {
                let mut command = stub.command();
                command.args(&verbosity);
                let ran = run_reading(command, "content", &arguments);
                check(&ran, &[KEY, TOKEN, UPLOAD_TOKEN, UPLOAD_URL]);
            }
        }
    }
}

#[test]
fn a_server_cannot_make_us_print_the_token() {
    // Some messages of B2 name the token that was used.
    let message = format!("more than one upload using auth token {UPLOAD_TOKEN}");
    let stub = Stub::new(move |_, path| {
        path.contains(UPLOAD_URL).then(|| Answer::error(400, "auth_token_limit", &message))
    });
    for verbosity in [vec![], vec!["-vv"], vec!["--json", "-vv"]] {
        let mut command = stub.command();
        command.args(&verbosity);
        let ran = run_reading(command, "x", ["file", "upload", "any-bucket", "-", "x"]);
        assert_ne!(ran.code, Some(0));
        check(&ran, &[UPLOAD_TOKEN, UPLOAD_URL, TOKEN, KEY]);
    }
}

#[test]
fn a_saved_key_is_in_its_file_only() {
    let scene = Scene::new();
    let key = scene.master_key();
    let arguments = ["-vv", "account", "authorize", &key.id, &key.key];
    check(&run(scene.bare_command(), arguments).ok(), &[&key.key]);
    for arguments in [vec!["account", "get", "-vv"], vec!["account", "get", "--json"]] {
        check(&run(scene.bare_command(), arguments).ok(), &[&key.key]);
    }
}
