"""Writes format.json: the format of docs/encryption-format.md, implemented a second time.

It shares nothing with the Rust code, so that the vectors say what the document says. It needs
the Python packages cryptography and argon2-cffi:

    python3 format.py > format.json
"""
import base64
import hashlib
import hmac
import json
import struct

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV, ChaCha20Poly1305

MAGIC = b"\x89B2E\r\n\x1a\n"


def mac(key, data):
    return hmac.new(key, data, hashlib.sha256).digest()


def expand(prk, info, length=32):
    return mac(prk, info + b"\x01")[:length]


def hchacha20(key, nonce):
    state = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[x] = (state[x] + state[y]) & 0xFFFFFFFF
            word = state[z] ^ state[x]
            state[z] = (word << turn | word >> (32 - turn)) & 0xFFFFFFFF

    for _ in range(10):
        for at in range(4):
            quarter(at, 4 + at, 8 + at, 12 + at)
        for at in range(4):
            quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4)
    return struct.pack("<8I", *state[:4], *state[12:])


def seal_frame(algorithm, key, number, content):
    nonce = struct.pack(">Q", number)
    if algorithm == 1:
        return AESGCM(key).encrypt(bytes(4) + nonce, content, None)
    key = hchacha20(key, bytes(16))
    return ChaCha20Poly1305(key).encrypt(bytes(4) + nonce, content, None)


def padme(length):
    if length < 2:
        return length
    exponent = length.bit_length() - 1
    mask = (1 << max(0, exponent - exponent.bit_length())) - 1
    return (length + mask) & ~mask


def stanza(recipient, file_salt, data_key):
    salt, label = bytes.fromhex(recipient["salt"]), recipient.get("label", "").encode()
    if "key" in recipient:
        kind, numbers, secret = 2, (0, 0, 0), bytes.fromhex(recipient["key"])
    elif "iterations" in recipient:
        kind, numbers = 3, (recipient["iterations"], 0, 0)
        password = recipient["password"].encode()
        secret = hashlib.pbkdf2_hmac("sha256", password, salt, numbers[0], 32)
    else:
        kind, numbers = 1, (recipient["memoryKib"], recipient["passes"], recipient["lanes"])
        secret = hash_secret_raw(
            recipient["password"].encode(), salt, time_cost=numbers[1], memory_cost=numbers[0],
            parallelism=numbers[2], hash_len=32, type=Type.ID, version=0x13)
    head = struct.pack(">BBIII", kind, len(label), *numbers)
    prk = mac(salt, secret)
    pad = expand(prk, b"b2-crypto/1 wrap")
    wrapped = bytes(a ^ b for a, b in zip(data_key, pad))
    tag = mac(expand(prk, b"b2-crypto/1 wrap tag"), file_salt + head + salt + wrapped + label)
    return head + salt + wrapped + tag + label


def sign(prk, stanzas, count, length):
    """A keyring of that many bytes."""
    keyring = struct.pack(">IHH", length, count, 0) + stanzas
    keyring += bytes(length - 32 - len(keyring))
    return keyring + mac(expand(prk, b"b2-crypto/1 keyring"), keyring)


def url64(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def client_keyring(vector, recipients):
    """What `client_keyring` holds for other recipients of the same file."""
    data_key, salt = bytes.fromhex(vector["dataKey"]), bytes.fromhex(vector["salt"])
    stanzas = b"".join(stanza(one, salt, data_key) for one in recipients)
    return url64(sign(mac(salt, data_key), stanzas, len(recipients), 8 + len(stanzas) + 32))


def seal_name(key, name):
    prk = mac(bytes(32), key)
    siv = AESSIV(expand(prk, b"b2-crypto/1 names mac") + expand(prk, b"b2-crypto/1 names ctr"))
    segments = name.split("/")
    folders = ["".join(one + "/" for one in segments[:at]) for at in range(len(segments))]
    return "/".join(
        url64(siv.encrypt(segment.encode(), [folder.encode()])) if segment else ""
        for folder, segment in zip(folders, segments))


def seal(vector):
    data_key, salt = bytes.fromhex(vector["dataKey"]), bytes.fromhex(vector["salt"])
    content, session = bytes.fromhex(vector["content"]), bytes.fromhex(vector["session"])
    algorithm, size = vector["algorithm"], 1 << vector["frameLog2"]
    prk = mac(salt, data_key)
    kind = MAGIC + bytes([1, algorithm, vector["frameLog2"], int(vector["padded"])])
    length = len(content) if vector["lengthKnown"] else 2**64 - 1
    mask = struct.unpack(">Q", expand(prk, b"b2-crypto/1 length", 8))[0]
    prefix = kind + salt + struct.pack(">Q", length ^ mask)
    prefix += mac(expand(prk, b"b2-crypto/1 header"), prefix)
    stanzas = b"".join(stanza(one, salt, data_key) for one in vector["recipients"])
    keyring_length = -(-(len(prefix) + 8 + len(stanzas) + 32) // 1024) * 1024 - len(prefix)
    keyring = sign(prk, stanzas, len(vector["recipients"]), keyring_length)
    sealed = content + bytes((padme(len(content)) if vector["padded"] else len(content)) - len(content))
    frames = [sealed[at:at + size] for at in range(0, len(sealed), size)] or [b""]
    key = expand(prk, b"b2-crypto/1 frames" + kind + session)
    body = b""
    for number, frame in enumerate(frames):
        if number == len(frames) - 1:
            number |= 1 << 63
        body += session + seal_frame(algorithm, key, number, frame)
    return prefix + keyring + body


def vector(name, length, algorithm=1, padded=False, known=True, recipients=None):
    def filled(label, count):
        return hashlib.shake_128(f"{name} {label}".encode()).hexdigest(count)

    made = {
        "name": name, "algorithm": algorithm, "frameLog2": 10, "padded": padded,
        "lengthKnown": known, "dataKey": filled("data key", 32), "salt": filled("salt", 32),
        "session": filled("session", 16), "content": filled("content", length) if length else "",
        "recipients": recipients or [{"key": filled("key", 32), "label": "backup"}],
    }
    for number, recipient in enumerate(made["recipients"]):
        recipient["salt"] = filled(f"recipient {number}", 32)
    made["file"] = seal(made).hex()
    return made


def name(text):
    key = hashlib.shake_128(f"name {text}".encode()).hexdigest(32)
    return {"key": key, "name": text, "encrypted": seal_name(bytes.fromhex(key), text)}


def keyring(vector, recipients):
    """Another list of recipients for a file, kept beside it."""
    for number, recipient in enumerate(recipients):
        recipient["salt"] = hashlib.shake_128(f"kept {number}".encode()).hexdigest(32)
    return {"file": vector["name"], "recipients": recipients,
            "clientKeyring": client_keyring(vector, recipients)}


def main():
    argon2 = {"password": "pässword", "memoryKib": 64, "passes": 2, "lanes": 2}
    pbkdf2 = {"password": "password", "iterations": 1000, "label": "old machine"}
    files = [
        vector("empty", 0),
        vector("one byte", 1),
        vector("a full frame", 1024),
        vector("a full frame and a byte", 1025),
        vector("several frames", 2500),
        vector("xchacha20-poly1305", 2500, algorithm=2),
        vector("hidden length", 2501, padded=True),
        vector("unknown length", 2048, known=False),
        vector("argon2id", 100, recipients=[argon2]),
        vector("two passwords and a key", 100, recipients=[
            dict(pbkdf2), dict(argon2), {"key": "07" * 32}]),
    ]
    keyrings = [
        keyring(files[3], [{"key": "11" * 32, "label": "her"}]),
        keyring(files[6], [dict(argon2), {"key": "12" * 32}]),
    ]
    # Folders, none, empty segments everywhere, and what is not ASCII.
    names = [name(text) for text in (
        "a", "cat.jpg", "2026/cat.jpg", "2026/", "a/b/c/d", "/a", "a//b", "Füße/ßü/猫.txt",
        "x" * 171)]
    print(json.dumps({"files": files, "keyrings": keyrings, "names": names}, indent=1,
                     ensure_ascii=False))


main()
