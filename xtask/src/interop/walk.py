"""A walk over all of B2 with the official SDK, byte by byte and field by field.

Usage: walk.py BASE_URL KEY_ID KEY FOLDER

Prints a line of JSON for every check: {"what", "fault"}; fault is null if it held.
"""

import hashlib
import io
import json
import pathlib
import random
import sys
import time
import urllib.error
import urllib.request

from b2sdk.v3 import (
    B2Api,
    EncryptionAlgorithm,
    EncryptionKey,
    EncryptionMode,
    EncryptionSetting,
    FileRetentionSetting,
    InMemoryAccountInfo,
    LegalHold,
    RetentionMode,
    BucketRetentionSetting,
    RetentionPeriod,
    KeepOrDeleteMode,
    ScanPoliciesManager,
    Synchronizer,
    SyncReport,
    CopySource,
    parse_folder,
)
from b2sdk.v3 import exception


def check(what, found, wanted):
    fault = None if found == wanted else f"found {found!r:.300}, wanted {wanted!r:.300}"
    print(json.dumps({"what": what, "fault": fault}), flush=True)


def refused(what, kind, action):
    try:
        action()
        check(what, "it was done", kind.__name__)
    except Exception as error:  # whatever came is compared with what should have
        check(what, type(error).__name__, kind.__name__)


def noise(seed, length):
    return random.Random(seed).randbytes(length)


def sha1(data):
    return hashlib.sha1(data).hexdigest()


def fetch(downloaded):
    into = io.BytesIO()
    downloaded.save(into)
    return into.getvalue()


def names(bucket, **options):
    return [version.file_name for version, _ in bucket.ls(recursive=True, **options)]


class Walk:
    def __init__(self, base, key_id, key, folder):
        self.base, self.key_id, self.key = base, key_id, key
        self.folder = pathlib.Path(folder)
        self.api = self.log_in(key_id, key)

    def log_in(self, key_id, key):
        api = B2Api(InMemoryAccountInfo())
        api.authorize_account(key_id, key, self.base)
        return api

    def empty(self, bucket):
        for version, _ in list(bucket.ls(recursive=True, latest_only=False)):
            self.api.delete_file_version(version.id_, version.file_name)
        for large in list(bucket.list_unfinished_large_files()):
            self.api.cancel_large_file(large.file_id)
        self.api.delete_bucket(bucket)

    def account(self):
        info = self.api.account_info
        check("account: api url", info.get_api_url(), self.base)
        check("account: download url", info.get_download_url(), self.base)
        check("account: recommended part size", info.get_recommended_part_size(), 5_000_000)
        check("account: least part size", info.get_absolute_minimum_part_size(), 5_000_000)
        allowed = info.get_allowed()
        for name in ["readFiles", "writeFiles", "deleteKeys", "bypassGovernance", "shareFiles"]:
            check(f"account: may {name}", name in allowed["capabilities"], True)
        check("account: all buckets", allowed["buckets"], None)
        refused("account: wrong key", exception.Unauthorized, lambda: self.log_in(self.key_id, "K004x"))

    def buckets(self):
        api = self.api
        bucket = api.create_bucket("walk-buckets", "allPrivate", bucket_info={"color": "red"})
        check("bucket: name", bucket.name, "walk-buckets")
        check("bucket: type", bucket.type_, "allPrivate")
        check("bucket: info", bucket.bucket_info, {"color": "red"})
        first = bucket.revision
        same = api.get_bucket_by_name("walk-buckets")
        check("bucket: found by name", same.id_, bucket.id_)
        check("bucket: found by id", api.get_bucket_by_id(bucket.id_).name, "walk-buckets")
        listed = api.list_buckets("walk-buckets")[0]
        check("bucket: encrypts by default", listed.default_server_side_encryption.mode, EncryptionMode.SSE_B2)
        changed = same.update(bucket_type="allPublic", bucket_info={"color": "blue"})
        check("bucket: new type", changed.type_, "allPublic")
        check("bucket: new info", changed.bucket_info, {"color": "blue"})
        check("bucket: revision grows", changed.revision > first, True)
        refused("bucket: old revision", exception.Conflict, lambda: same.update(bucket_type="allPrivate", if_revision_is=first))
        rules = [{"daysFromHidingToDeleting": 3, "daysFromUploadingToHiding": 5, "fileNamePrefix": "logs/"}]
        changed = same.update(lifecycle_rules=rules)
        kept = {name: value for name, value in changed.lifecycle_rules[0].items() if value is not None}
        check("bucket: lifecycle rules", kept, rules[0])
        cors = [{"corsRuleName": "read-only", "allowedOrigins": ["https://example.com"], "allowedHeaders": ["range"],
                 "allowedOperations": ["b2_download_file_by_name"], "exposeHeaders": ["x-bz-content-sha1"], "maxAgeSeconds": 60}]
        check("bucket: cors rules", same.update(cors_rules=cors).cors_rules, cors)
        sse_b2 = EncryptionSetting(EncryptionMode.SSE_B2, EncryptionAlgorithm.AES256)
        check("bucket: encryption set", same.update(default_server_side_encryption=sse_b2).default_server_side_encryption, sse_b2)
        refused("bucket: name taken", exception.DuplicateBucketName, lambda: api.create_bucket("walk-buckets", "allPrivate"))
        check("bucket: listed", "walk-buckets" in [each.name for each in api.list_buckets()], True)
        api.delete_bucket(same)
        check("bucket: gone", "walk-buckets" in [each.name for each in api.list_buckets()], False)
        refused("bucket: not found", exception.NonExistentBucket, lambda: api.get_bucket_by_name("walk-buckets"))

    def keys(self):
        api, bucket = self.api, self.api.create_bucket("walk-keys", "allPrivate")
        key = api.create_key(["listBuckets", "listFiles", "readFiles"], "reader", valid_duration_seconds=3600,
                             bucket_ids=[bucket.id_], name_prefix="open/")
        check("key: name", key.key_name, "reader")
        check("key: capabilities", sorted(key.capabilities), ["listBuckets", "listFiles", "readFiles"])
        check("key: bucket", key.bucket_ids, [bucket.id_])
        check("key: prefix", key.name_prefix, "open/")
        check("key: expires", abs(key.expiration_timestamp_millis / 1000 - time.time() - 3600) < 60, True)
        check("key: listed", key.id_ in [each.id_ for each in api.list_keys()], True)
        bucket.upload_bytes(b"seen", "open/a")
        bucket.upload_bytes(b"hidden", "closed/a")
        reader = self.log_in(key.id_, key.application_key)
        narrow = reader.get_bucket_by_name("walk-keys")
        check("key: reads within its prefix", fetch(narrow.download_file_by_name("open/a")), b"seen")
        refused("key: not outside of it", exception.Unauthorized, lambda: narrow.download_file_by_name("closed/a"))
        refused("key: may not write", exception.Unauthorized, lambda: narrow.hide_file("open/a"))
        check("key: lists its prefix", names(narrow, path="open/"), ["open/a"])
        api.delete_key(key)
        check("key: gone", key.id_ in [each.id_ for each in api.list_keys()], False)
        refused("key: dead", exception.InvalidAuthToken, lambda: self.log_in(key.id_, key.application_key))
        self.empty(bucket)

    def uploads(self):
        bucket = self.api.create_bucket("walk-uploads", "allPrivate")
        for length in [0, 1, 4096, 65_537, 1_000_003]:
            data = noise(length, length)
            version = bucket.upload_bytes(data, f"size/{length}", file_info={"n": str(length)})
            check(f"upload {length}: length", version.size, length)
            check(f"upload {length}: sha1", version.content_sha1, sha1(data))
            check(f"upload {length}: md5", version.content_md5, hashlib.md5(data).hexdigest())
            check(f"upload {length}: info", version.file_info, {"n": str(length)})
            check(f"upload {length}: action", version.action, "upload")
            down = bucket.download_file_by_name(f"size/{length}")
            check(f"upload {length}: comes back", fetch(down), data)
            check(f"upload {length}: same id", down.download_version.id_, version.id_)
        for name in ["grüße/日本語/🦀", "a b+c%41&d=e?f#g", "/".join(["x" * 199] * 5), "'\"`;:,@", ".hidden/..a"]:
            data = name.encode()
            version = bucket.upload_bytes(data, name, content_type="text/x-walk")
            check(f"name {name[:20]}: kept", version.file_name, name)
            down = bucket.download_file_by_name(name)
            check(f"name {name[:20]}: comes back", fetch(down), data)
            check(f"name {name[:20]}: type", down.download_version.content_type, "text/x-walk")
        for name in ["/slash", "slash/", "a//b", "x" * 1025]:
            refused(f"name {name[:10]}: refused", ValueError, lambda name=name: bucket.upload_bytes(b"x", name))
        info = {"src_last_modified_millis": "1452802803026", "b2-cache-control": "max-age=60", "b2-content-language": "de",
                "b2-content-disposition": "attachment; filename=\"a\"", "umlaut": "grüße & 100%"}
        stored = bucket.upload_bytes(b"x", "info", file_info=info)
        check("info: all of it", self.api.get_file_info(stored.id_).file_info, info)
        plain = bucket.get_file_info_by_name("info").file_info
        check("info: in headers", plain["umlaut"], info["umlaut"])
        check("info: type by name", bucket.upload_bytes(b"x", "page.html").content_type, "text/html")
        stamp = 1_452_802_803_026
        check("info: custom time", bucket.upload_bytes(b"x", "old", custom_upload_timestamp=stamp).upload_timestamp, stamp)
        self.empty(bucket)

    def ranges(self):
        bucket, data = self.api.create_bucket("walk-ranges", "allPrivate"), noise(7, 300_000)
        version = bucket.upload_bytes(data, "a")
        for first, last in [(0, 0), (0, 99), (1, 262_144), (262_143, 262_144), (299_999, 299_999)]:
            part = fetch(bucket.download_file_by_name("a", range_=(first, last)))
            check(f"range {first}-{last}", part, data[first:last + 1])
        check("range: by id", fetch(self.api.download_file_by_id(version.id_, range_=(5, 9))), data[5:10])
        refused("range: beyond the end", exception.UnsatisfiableRange, lambda: bucket.download_file_by_name("a", range_=(300_000, 300_001)))
        self.empty(bucket)

    def versions(self):
        bucket = self.api.create_bucket("walk-versions", "allPrivate")
        ids = [bucket.upload_bytes(text, "a").id_ for text in [b"one", b"two", b"three"]]
        marker = bucket.hide_file("a")
        check("versions: marker", marker.action, "hide")
        refused("versions: hidden", exception.FileNotPresent, lambda: bucket.download_file_by_name("a"))
        found = [(version.action, version.id_) for version, _ in bucket.ls(latest_only=False, recursive=True)]
        wanted = [("hide", marker.id_)] + [("upload", each) for each in reversed(ids)]
        check("versions: newest first", found, wanted)
        check("versions: names show none", names(bucket), [])
        check("versions: old one by id", fetch(self.api.download_file_by_id(ids[0])), b"one")
        bucket.unhide_file("a")
        check("versions: back", fetch(bucket.download_file_by_name("a")), b"three")
        self.api.delete_file_version(ids[2], "a")
        check("versions: the one before", fetch(bucket.download_file_by_name("a")), b"two")
        refused("versions: gone", exception.FileNotPresent, lambda: self.api.delete_file_version(ids[2], "a"))
        refused("versions: bucket not empty", exception.BadRequest, lambda: self.api.delete_bucket(bucket))
        self.empty(bucket)

    def folders(self):
        bucket = self.api.create_bucket("walk-folders", "allPrivate")
        stored = ["a.txt", "docs/one.txt", "docs/sub/x", "docs/two.txt", "docs0.txt", "z.txt", "ζ.txt"]
        for name in reversed(stored):
            bucket.upload_bytes(name.encode(), name)
        check("folders: all, by bytes", names(bucket), stored)
        top = [folder or version.file_name for version, folder in bucket.ls()]
        check("folders: top", top, ["a.txt", "docs/", "docs0.txt", "z.txt", "ζ.txt"])
        inner = [folder or version.file_name for version, folder in bucket.ls("docs")]
        check("folders: inside", inner, ["docs/one.txt", "docs/sub/", "docs/two.txt"])
        for count in [1, 2, 3, 1000]:
            top = [folder or version.file_name for version, folder in bucket.ls(fetch_count=count)]
            check(f"folders: by {count}", top, ["a.txt", "docs/", "docs0.txt", "z.txt", "ζ.txt"])
            check(f"folders: all by {count}", names(bucket, fetch_count=count), stored)
        check("folders: wildcard", names(bucket, path="docs/*.txt", with_wildcard=True), ["docs/one.txt", "docs/two.txt"])
        self.empty(bucket)

    def large(self):
        api, bucket, data = self.api, self.api.create_bucket("walk-large", "allPrivate"), noise(3, 11_000_000)
        path = self.folder / "large"
        path.write_bytes(data)
        version = bucket.upload_local_file(str(path), "big", file_info={"k": "v"})
        check("large: length", version.size, len(data))
        check("large: no sha1 of its own", version.content_sha1, "none")
        check("large: md5", version.content_md5, None)
        check("large: sha1 in the info", version.file_info["large_file_sha1"], sha1(data))
        check("large: comes back", fetch(bucket.download_file_by_name("big")), data)
        check("large: over the seam", fetch(bucket.download_file_by_name("big", range_=(4_999_990, 5_000_010))), data[4_999_990:5_000_011])
        started = api.session.start_large_file(bucket.id_, "stays", "text/plain", {"a": "b"})["fileId"]
        pending = list(bucket.list_unfinished_large_files())
        check("large: unfinished", [(each.file_id, each.file_name, each.file_info) for each in pending], [(started, "stays", {"a": "b"})])
        check("large: not listed", names(bucket), ["big"])
        cancelled = api.cancel_large_file(started)
        check("large: cancelled", cancelled.file_name, "stays")
        check("large: none left", list(bucket.list_unfinished_large_files()), [])
        copied = bucket.copy(version.id_, "copy", content_type="x/y", file_info={"c": "d"})
        check("copy: bytes", fetch(bucket.download_file_by_name("copy")), data)
        check("copy: type and info", (copied.content_type, copied.file_info), ("x/y", {"c": "d"}))
        part = bucket.copy(version.id_, "slice", offset=100, length=1000)
        check("copy: a range", fetch(bucket.download_file_by_name("slice")), data[100:1100])
        check("copy: length", part.size, 1000)
        joined = bucket.concatenate([CopySource(version.id_, offset=0, length=5_500_000), CopySource(version.id_, offset=5_500_000, length=5_500_000)], "joined")
        check("copy: joined from parts", fetch(bucket.download_file_by_name("joined")), data)
        check("copy: joined length", joined.size, len(data))
        refused("copy: no source", exception.FileNotPresent, lambda: bucket.copy("4_z" + bucket.id_ + "_f1000000000009999_d20260101_m000000_c004_v0041000_t0000_u01700000000000", "x", length=1, offset=0))
        self.empty(bucket)

    def encryption(self):
        bucket = self.api.create_bucket("walk-encryption", "allPrivate")
        key = EncryptionSetting(EncryptionMode.SSE_C, EncryptionAlgorithm.AES256, EncryptionKey(noise(1, 32), "key"))
        wrong = EncryptionSetting(EncryptionMode.SSE_C, EncryptionAlgorithm.AES256, EncryptionKey(noise(2, 32), "other"))
        version = bucket.upload_bytes(b"secret", "c", encryption=key)
        check("sse-c: said", version.server_side_encryption.mode, EncryptionMode.SSE_C)
        check("sse-c: right key", fetch(bucket.download_file_by_name("c", encryption=key)), b"secret")
        refused("sse-c: wrong key", exception.SSECKeyError, lambda: bucket.download_file_by_name("c", encryption=wrong))
        check("sse-c: copied to another key", fetch_copy(bucket, version, key, wrong), b"secret")
        check("sse-b2: by default", bucket.upload_bytes(b"x", "b").server_side_encryption.mode, EncryptionMode.SSE_B2)
        large = noise(9, 6_000_000)
        path = self.folder / "sse"
        path.write_bytes(large)
        bucket.upload_local_file(str(path), "big", encryption=key)
        check("sse-c: in parts", fetch(bucket.download_file_by_name("big", encryption=key)), large)
        self.empty(bucket)

    def locks(self):
        api = self.api
        bucket = api.create_bucket("walk-locks", "allPrivate", is_file_lock_enabled=True)
        check("lock: enabled", bucket.is_file_lock_enabled, True)
        until = int(time.time() * 1000) + 3_600_000
        governed = FileRetentionSetting(RetentionMode.GOVERNANCE, until)
        version = bucket.upload_bytes(b"x", "kept", file_retention=governed, legal_hold=LegalHold.OFF)
        check("lock: retention", (version.file_retention.mode, version.file_retention.retain_until), (RetentionMode.GOVERNANCE, until))
        refused("lock: not deleted", exception.Unauthorized, lambda: api.delete_file_version(version.id_, "kept"))
        refused("lock: not shortened", exception.RetentionWriteError, lambda: api.update_file_retention(version.id_, "kept", FileRetentionSetting(RetentionMode.GOVERNANCE, until - 1000)))
        longer = api.update_file_retention(version.id_, "kept", FileRetentionSetting(RetentionMode.GOVERNANCE, until + 1000))
        check("lock: lengthened", longer.retain_until, until + 1000)
        api.update_file_legal_hold(version.id_, "kept", LegalHold.ON)
        check("lock: hold", api.get_file_info(version.id_).legal_hold, LegalHold.ON)
        refused("lock: held in spite of bypass", exception.Unauthorized, lambda: api.delete_file_version(version.id_, "kept", bypass_governance=True))
        api.update_file_legal_hold(version.id_, "kept", LegalHold.OFF)
        check("lock: bypassed", api.delete_file_version(version.id_, "kept", bypass_governance=True).file_id, version.id_)
        bucket.update(default_retention=BucketRetentionSetting(RetentionMode.COMPLIANCE, RetentionPeriod(days=1)))
        default = bucket.upload_bytes(b"x", "default")
        check("lock: default of the bucket", default.file_retention.mode, RetentionMode.COMPLIANCE)
        refused("lock: compliance holds", exception.Unauthorized, lambda: api.delete_file_version(default.id_, "default", bypass_governance=True))

    def sharing(self):
        bucket = self.api.create_bucket("walk-sharing", "allPrivate")
        bucket.upload_bytes(b"shared", "public/a.txt")
        bucket.upload_bytes(b"other", "private/a.txt")
        token = bucket.get_download_authorization("public/", 60)

        def get(path, **headers):
            request = urllib.request.Request(f"{self.base}/file/walk-sharing/{path}", headers=headers)
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, answer.read(), answer.headers
            except urllib.error.HTTPError as error:
                return error.code, error.read(), error.headers

        status, body, headers = get("public/a.txt", Authorization=token)
        check("share: bytes", (status, body), (200, b"shared"))
        check("share: sha1", headers["x-bz-content-sha1"], sha1(b"shared"))
        check("share: name", headers["x-bz-file-name"], "public/a.txt")
        check("share: request id", len(headers["x-bz-request-id"]) >= 8, True)
        status, body, _ = get(f"public/a.txt?Authorization={token}")
        check("share: token in the query", (status, body), (200, b"shared"))
        status, body, headers = get(f"public/a.txt?Authorization={token}&b2ContentDisposition=attachment")
        check("share: override", headers["content-disposition"], "attachment")
        for wish, status, wanted in [("bytes=1-2", 206, b"ha"), ("bytes=4-", 206, b"ed"), ("bytes=5-99", 206, b"d"), ("bytes=6-", 416, None)]:
            found, body, headers = get("public/a.txt", Authorization=token, Range=wish)
            check(f"share: {wish}", (found, body if found == 206 else None), (status, wanted))
            check(f"share: {wish}, its place", (headers["content-range"] or "").startswith("bytes "), status == 206)
        check("share: not elsewhere", get("private/a.txt", Authorization=token)[0], 401)
        check("share: not without", get("public/a.txt")[0], 401)
        check("share: code", json.loads(get("public/a.txt")[1])["code"], "unauthorized")
        bucket.update(bucket_type="allPublic")
        check("share: public", get("private/a.txt")[:2], (200, b"other"))
        check("share: missing", get("nothing")[0], 404)
        self.empty(bucket)

    def notifications(self):
        bucket = self.api.create_bucket("walk-events", "allPrivate")
        rule = {"name": "walk-rule", "eventTypes": ["b2:ObjectCreated:*"], "isEnabled": True, "objectNamePrefix": "in/",
                "targetConfiguration": {"targetType": "webhook", "url": "https://example.com/hook", "hmacSha256SigningSecret": "a" * 32, "customHeaders": [{"name": "X-A", "value": "b"}]}}
        kept = bucket.set_notification_rules([rule])[0]
        for name in ["name", "eventTypes", "isEnabled", "objectNamePrefix", "targetConfiguration"]:
            check(f"events: {name}", kept[name], rule[name])
        check("events: not suspended", kept["isSuspended"], False)
        check("events: read back", list(bucket.get_notification_rules()), [kept])
        self.empty(bucket)

    def sync(self):
        api, bucket = self.api, self.api.create_bucket("walk-sync", "allPrivate")
        there, back = self.folder / "there", self.folder / "back"
        files = {"a.txt": b"one", "deep/er/b.bin": noise(5, 100_000), "umläut 🦀": b"two", "empty": b""}
        for name, data in files.items():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            (there / name).write_bytes(data)
        back.mkdir()

        def run(source, target, **options):
            synchronizer = Synchronizer(4, policies_manager=ScanPoliciesManager(exclude_all_symlinks=True), **options)
            with SyncReport(io.StringIO(), True) as report:
                synchronizer.sync_folders(source_folder=parse_folder(source, api), dest_folder=parse_folder(target, api), now_millis=int(time.time() * 1000), reporter=report)

        run(str(there), "b2://walk-sync/in")
        check("sync: up", names(bucket), sorted((f"in/{name}" for name in files), key=str.encode))
        run("b2://walk-sync/in", str(back))
        for name, data in files.items():
            check(f"sync: {name} comes back", (back / name).read_bytes(), data)
        before = len(list(bucket.ls(latest_only=False, recursive=True)))
        run(str(there), "b2://walk-sync/in")
        check("sync: nothing twice", len(list(bucket.ls(latest_only=False, recursive=True))), before)
        (there / "a.txt").unlink()
        run(str(there), "b2://walk-sync/in", keep_days_or_delete=KeepOrDeleteMode.DELETE)
        check("sync: deleted", "in/a.txt" in names(bucket), False)
        run("b2://walk-sync/in", "b2://walk-sync/out")
        check("sync: between folders", fetch(bucket.download_file_by_name("out/deep/er/b.bin")), files["deep/er/b.bin"])
        self.empty(bucket)


def fetch_copy(bucket, version, key, other):
    bucket.copy(version.id_, "c2", source_encryption=key, destination_encryption=other, source_file_info={}, source_content_type="b2/x-auto")
    return fetch(bucket.download_file_by_name("c2", encryption=other))


def main():
    walk = Walk(*sys.argv[1:5])
    for part in [walk.account, walk.buckets, walk.keys, walk.uploads, walk.ranges, walk.versions, walk.folders,
                 walk.large, walk.encryption, walk.locks, walk.sharing, walk.notifications, walk.sync]:
        try:
            part()
        except Exception as error:  # one part that cannot go on is one failed check
            print(json.dumps({"what": part.__name__, "fault": f"{type(error).__name__}: {error}"}), flush=True)


main()
