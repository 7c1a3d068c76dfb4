//! Saving, showing and forgetting a key.

use std::fs;

use serde_json::json;

use crate::scene::{Key, Scene, run, run_reading};

fn authorize(scene: &Scene, key: &Key) {
    let ran = run(scene.bare_command(), ["account", "authorize", &key.id, &key.key]).ok();
    assert_eq!(ran.text(), "");
    assert!(ran.stderr.contains("is good; it is saved in "), "{}", ran.stderr);
}

#[test]
fn a_saved_key_is_used_by_later_commands() {
    let scene = Scene::new();
    authorize(&scene, &scene.master_key());
    run(scene.bare_command(), ["bucket", "create", "saved-key", "allPrivate"]).ok();
    let account = run(scene.bare_command(), ["account", "get", "--json"]).ok().json();
    let path = scene.config().join("b2/credentials.json");
    assert_eq!(account["credentials"], path.to_str().unwrap());
    assert_eq!(account["applicationKeyId"], scene.emulator.application_key_id());
    assert_eq!(account["realm"], scene.emulator.base_url());

    let cleared = run(scene.bare_command(), ["account", "clear"]).ok();
    assert_eq!(cleared.stderr, format!("forgot the key in {}\n", path.display()));
    assert!(!path.exists());
    run(scene.bare_command(), ["account", "get"]).exits(6);
    let again = run(scene.bare_command(), ["account", "clear", "--json"]).ok();
    assert_eq!(again.json(), json!({ "cleared": false, "path": path.to_str().unwrap() }));
}

#[test]
fn the_saved_realm_is_used_without_an_environment() {
    let scene = Scene::new();
    authorize(&scene, &scene.master_key());
    let mut command = scene.bare_command();
    command.env_remove("B2_ENVIRONMENT");
    run(command, ["account", "get"]).ok();
}

#[test]
fn a_saved_key_is_not_sent_elsewhere() {
    let scene = Scene::new();
    authorize(&scene, &scene.master_key());
    let other = Scene::new();
    let mut command = scene.bare_command();
    command.env("B2_ENVIRONMENT", other.emulator.base_url());
    let error = run(command, ["account", "get", "--json"]).exits(2).error();
    let message = format!(
        "the saved key is for {}, and B2_ENVIRONMENT says otherwise",
        scene.emulator.base_url()
    );
    assert_eq!(error["message"], message);
}

#[test]
fn the_environment_beats_the_file_and_is_not_saved() {
    let scene = Scene::new();
    let ran = scene.b2(["account", "authorize"]).ok();
    assert!(ran.stderr.ends_with("it is not saved, as it is in the environment\n"));
    assert!(!scene.config().exists());

    authorize(&scene, &scene.master_key());
    let few = scene.key(&[b2::Capability::ListFiles]);
    let account = run(scene.command_with(&few), ["account", "get", "--json"]).ok().json();
    assert_eq!(account["applicationKeyId"], few.id);
    assert_eq!(account["credentials"], "environment");
    assert_eq!(account["capabilities"], json!(["listFiles"]));
}

#[test]
fn profiles_keep_keys_apart() {
    let scene = Scene::new();
    let few = scene.key(&[b2::Capability::ListFiles]);
    authorize(&scene, &scene.master_key());
    let arguments = ["--profile", "few", "account", "authorize", &few.id, &few.key];
    run(scene.bare_command(), arguments).ok();
    for (profile, id) in [(None, scene.emulator.application_key_id()), (Some("few"), &*few.id)] {
        let mut command = scene.bare_command();
        command.args(profile.map(|name| format!("--profile={name}")));
        let account = run(command, ["account", "get", "--json"]).ok().json();
        assert_eq!(account["applicationKeyId"], id);
    }
    run(scene.bare_command(), ["--profile", "none", "account", "get"]).exits(6);
    run(scene.bare_command(), ["--profile", "../few", "account", "get"]).exits(2);
}

#[test]
fn the_key_can_come_through_a_pipe() {
    let scene = Scene::new();
    let key = scene.master_key();
    let arguments = ["account", "authorize", "--json", &key.id, "-"];
    let row = run_reading(scene.bare_command(), format!("{}\n", key.key), arguments).ok().json();
    let path = scene.config().join("b2/credentials.json");
    assert_eq!(row["credentials"], path.to_str().unwrap());
    run(scene.bare_command(), ["account", "get"]).ok();
}

#[test]
fn a_wrong_key_is_not_saved() {
    let scene = Scene::new();
    let arguments = ["account", "authorize", &scene.master_key().id, "K004wrong"];
    let error = run(scene.bare_command(), arguments).exits(6);
    let told = "error: B2 refused b2_authorize_account
  because: unauthorized (HTTP 401)
  advice: check the application key id and the application key
";
    assert_eq!(error.stderr, told);
    assert!(!scene.config().exists());
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    let scene = Scene::new();
    run(scene.bare_command(), ["account", "authorize"]).exits(2);
    run(scene.bare_command(), ["account", "authorize", "004b"]).exits(2);
}

#[test]
fn half_a_key_is_a_mistake() {
    let scene = Scene::new();
    let mut command = scene.bare_command();
    command.env("B2_APPLICATION_KEY", "K004");
    let ran = run(command, ["bucket", "list"]).exits(2);
    assert_eq!(ran.stderr, "error: B2_APPLICATION_KEY_ID is not set, but its other half is\n");
}

#[test]
fn a_file_of_another_tool_is_left_alone() {
    let scene = Scene::new();
    scene.write("account_info", "SQLite format 3\0");
    let key = scene.master_key();
    for arguments in [
        vec!["account", "authorize", &key.id, &key.key],
        vec!["account", "get"],
        vec!["account", "clear"],
    ] {
        let mut command = scene.bare_command();
        command.env("B2_ACCOUNT_INFO", scene.work().join("account_info"));
        let ran = run(command, arguments).exits(10);
        assert!(ran.stderr.contains("was not written by this program"), "{}", ran.stderr);
    }
    assert_eq!(scene.read("account_info"), b"SQLite format 3\0");
}

#[test]
fn the_file_may_be_chosen() {
    let scene = Scene::new();
    let key = scene.master_key();
    for arguments in [vec!["account", "authorize", &key.id, &key.key], vec!["account", "get"]] {
        let mut command = scene.bare_command();
        command.env("B2_ACCOUNT_INFO", scene.work().join("chosen/key.json"));
        run(command, arguments).ok();
    }
    assert!(scene.work().join("chosen/key.json").exists());
    assert!(!scene.config().exists());
}

#[cfg(unix)]
#[test]
fn the_file_is_private_or_not_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = Scene::new();
    authorize(&scene, &scene.master_key());
    let path = scene.config().join("b2/credentials.json");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);

    for open in [0o604, 0o640, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(open)).unwrap();
        let error = run(scene.bare_command(), ["account", "get", "--json"]).exits(10).error();
        let message = format!("{} can be read by others (mode {open:04o})", path.display());
        assert_eq!(error["message"], message);
        let advice = error["advice"].as_str().unwrap();
        assert!(advice.starts_with(&format!("run `chmod 600 {}`", path.display())), "{advice}");
    }
    // Saving again mends it.
    authorize(&scene, &scene.master_key());
    assert_eq!(mode(&path), 0o600);
    run(scene.bare_command(), ["account", "get"]).ok();
}

#[test]
fn the_account_is_shown_in_words() {
    let scene = Scene::new();
    let few = scene.key(&[b2::Capability::ListFiles, b2::Capability::ReadFiles]);
    let ran = run(scene.command_with(&few), ["account", "get"]).ok();
    let url = scene.emulator.base_url();
    let told = format!(
        "account       {}
key id        {}
key from      environment
realm         {url}
capabilities  listFiles readFiles
buckets       (all)
name prefix   (none)
expires       (never)
api           {url}
downloads     {url}
",
        scene.emulator.account_id(),
        few.id,
    );
    assert_eq!(ran.text(), told);
    assert_eq!(ran.stderr, "");
}
