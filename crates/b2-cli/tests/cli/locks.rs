//! `b2 file update`, and what it keeps from being deleted.

use serde_json::json;

use crate::scene::{Scene, run};

const FILE: &str = "b2://the-bucket/ledger";

fn scene() -> (Scene, String) {
    let scene = Scene::with_bucket("the-bucket");
    scene.b2(["bucket", "update", "-q", "the-bucket", "--file-lock-enabled"]).ok();
    let id = scene.b2_reading("x", ["file", "upload", "-q", "the-bucket", "-", "ledger"]).ok();
    let id = format!("b2id://{}", id.line());
    (scene, id)
}

#[test]
fn a_held_version_stays_until_it_is_let_go() {
    let (scene, id) = scene();
    let held = scene.b2(["file", "update", "--legal-hold", "on", FILE, "--json"]).ok().json();
    assert_eq!(held["legalHold"]["value"], "on");
    assert!(scene.b2(["file", "info", FILE]).ok().text().contains("legal hold    on\n"));
    scene.b2(["rm", &id]).exits(7);
    scene.b2(["file", "update", "--legal-hold", "off", &id]).ok();
    scene.b2(["rm", &id]).ok();
}

#[test]
fn governance_gives_way_when_told_so() {
    let (scene, id) = scene();
    let until = "2099-01-01T00:00:00Z";
    let retain = ["file", "update", "--file-retention-mode", "governance", "--retain-until"];
    let kept = scene.b2(retain.iter().chain(&[until, FILE, "--json"])).ok().json();
    let expected = json!({ "mode": "governance", "retainUntilTimestamp": 4_070_908_800_000_i64 });
    assert_eq!(kept["fileRetention"]["value"], expected);
    let told = scene.b2(["file", "info", FILE]).ok().text();
    assert!(told.contains(&format!("retained      governance until {until}\n")), "{told}");

    scene.b2(["rm", &id]).exits(7);
    scene.b2(retain.iter().chain(&["2098-01-01T00:00:00Z", FILE])).exits(7);
    let shorter = ["2098-01-01T00:00:00Z", "--bypass-governance", FILE];
    scene.b2(retain.iter().chain(&shorter)).ok();
    let key = scene.key(&[b2::Capability::DeleteFiles, b2::Capability::ReadFiles]);
    let bypass = ["rm", "--bypass-governance", &id];
    let refused = run(scene.command_with(&key), bypass).exits(7);
    assert!(refused.stderr.contains("`bypassGovernance`"), "{}", refused.stderr);
    scene.b2(bypass).ok();
}

#[test]
fn compliance_gives_way_to_nothing() {
    let (scene, id) = scene();
    let retain = ["file", "update", "--file-retention-mode", "compliance", "--retain-until"];
    scene.b2(retain.iter().chain(&["4070908800000", FILE])).ok();
    scene
        .b2(["file", "update", "--file-retention-mode", "none", "--bypass-governance", &id])
        .exits(7);
    scene.b2(["rm", "--bypass-governance", &id]).exits(7);
    scene
        .b2(["rm", "-r", "--versions", "--yes", "--bypass-governance", "b2://the-bucket"])
        .exits(7);
    assert_eq!(scene.b2(["ls", "b2://the-bucket"]).ok().text(), "ledger\n");
}

#[test]
fn a_lacking_capability_is_named() {
    let (scene, _) = scene();
    let key = scene.key(&[b2::Capability::ReadFiles]);
    let until = ["--file-retention-mode", "governance", "--retain-until", "2099-01-01T00:00:00Z"];
    for (options, lacking) in [
        (&["--legal-hold", "on"][..], "`writeFileLegalHolds`"),
        (&until[..], "`writeFileRetentions`"),
    ] {
        let arguments = ["file", "update", FILE].iter().chain(options);
        let refused = run(scene.command_with(&key), arguments).exits(7);
        assert!(refused.stderr.contains(lacking), "{}", refused.stderr);
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let (scene, _) = scene();
    for (options, code) in [
        (vec![FILE], 2),
        (vec![FILE, "--legal-hold", "maybe"], 2),
        (vec![FILE, "--file-retention-mode", "governance"], 2),
        (vec![FILE, "--file-retention-mode", "none", "--retain-until", "4070908800000"], 2),
        (vec![FILE, "--file-retention-mode", "governance", "--retain-until", "soon"], 2),
        (vec![FILE, "--legal-hold", "on", "--bypass-governance"], 2),
        (vec!["b2://the-bucket/none", "--legal-hold", "on"], 4),
        // It has passed.
        (vec![FILE, "--file-retention-mode", "governance", "--retain-until", "1000"], 1),
    ] {
        scene.b2(["file", "update"].iter().chain(&options)).exits(code);
    }
    scene.b2(["bucket", "create", "no-lock-here", "allPrivate"]).ok();
    scene.b2_reading("x", ["file", "upload", "-q", "no-lock-here", "-", "x"]).ok();
    let hold = ["file", "update", "--json", "--legal-hold", "on", "b2://no-lock-here/x"];
    assert_eq!(scene.b2(hold).exits(1).error()["code"], "bucket_missing_file_lock");
}
