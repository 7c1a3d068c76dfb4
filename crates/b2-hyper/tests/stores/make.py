#!/usr/bin/env python3
"""Makes the key stores beside it, with the programs whose formats they have.

Needs openssl, ssh-keygen, puttygen and keytool. The password is `secret`.
JSON Web Keys and XML have no program of their own here: they are written from
the numbers that openssl has made.
"""

import base64
import json
import os
import struct
import subprocess
import sys

KINDS = {
    "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "p256": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
    "ed25519": ["ED25519"],
}
CURVES = {"p256": ("P-256", 32), "p384": ("P-384", 48), "p521": ("P-521", 66)}


def run(*words):
    done = subprocess.run(words, capture_output=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(f"{words}: {done.stderr.decode()}")
    return done.stdout


def element(data):
    """Tag, content and rest of the first element."""
    tag, length, at = data[0], data[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, at = int.from_bytes(data[2 : 2 + count], "big"), 2 + count
    return tag, data[at : at + length], data[at + length :]


def elements(data):
    found = []
    while data:
        tag, content, data = element(data)
        found.append((tag, content))
    return found


def private_parts(kind):
    """What is inside the PKCS#8 of a key."""
    pkcs8 = run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", f"{kind}.pem", "-outform", "DER")
    inner = elements(element(pkcs8)[1])[2][1]
    if kind == "ed25519":
        return element(inner)[1]
    return elements(element(inner)[1])


def write(name, data):
    with open(name, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def digits(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwk(kind):
    if kind == "rsa":
        names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"]
        numbers = [content.lstrip(b"\0") for _, content in private_parts(kind)[1:]]
        return {"kty": "RSA", **{name: digits(number) for name, number in zip(names, numbers)}}
    spki = run("openssl", "pkey", "-in", f"{kind}.pem", "-pubout", "-outform", "DER")
    point = elements(element(spki)[1])[1][1][1:]
    if kind == "ed25519":
        seed = private_parts(kind)
        return {"kty": "OKP", "crv": "Ed25519", "x": digits(point), "d": digits(seed)}
    curve, size = CURVES[kind]
    x, y = point[1 : 1 + size], point[1 + size :]
    number = private_parts(kind)[1][1].rjust(size, b"\0")
    return {"kty": "EC", "crv": curve, "x": digits(x), "y": digits(y), "d": digits(number)}


def xml(with_certificate):
    names = ["Modulus", "Exponent", "D", "P", "Q", "DP", "DQ", "InverseQ"]
    numbers = [content.lstrip(b"\0") for _, content in private_parts("rsa")[1:]]
    fields = "".join(
        f"<{name}>{base64.b64encode(number).decode()}</{name}>"
        for name, number in zip(names, numbers)
    )
    value = f"<RSAKeyValue>{fields}</RSAKeyValue>"
    if not with_certificate:
        return value
    der = run("openssl", "x509", "-in", "rsa.cert.pem", "-outform", "DER")
    shown = f"<X509Data><X509Certificate>{base64.b64encode(der).decode()}</X509Certificate></X509Data>"
    space = 'xmlns="http://www.w3.org/2000/09/xmldsig#"'
    return f'<?xml version="1.0"?>\n<KeyInfo {space}><KeyValue>{value}</KeyValue>{shown}</KeyInfo>\n'


def ssh_string(data):
    return struct.pack(">I", len(data)) + data


def openssh_ed25519():
    """ssh-keygen does not read such keys of openssl, so its format is written here."""
    spki = run("openssl", "pkey", "-in", "ed25519.pem", "-pubout", "-outform", "DER")
    seed, public = private_parts("ed25519"), elements(element(spki)[1])[1][1][1:]
    name = ssh_string(b"ssh-ed25519")
    inner = b"\1\2\3\4" * 2 + name + ssh_string(public) + ssh_string(seed + public) + ssh_string(b"")
    inner += bytes(range(1, 1 + -len(inner) % 8))
    none = ssh_string(b"none")
    data = b"openssh-key-v1\0" + none + none + ssh_string(b"") + struct.pack(">I", 1)
    data += ssh_string(name + ssh_string(public)) + ssh_string(inner)
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{text}-----END OPENSSH PRIVATE KEY-----\n"


def openssh(kind):
    plain, locked = f"{kind}.openssh", f"{kind}.locked.openssh"
    write(plain, openssh_ed25519() if kind == "ed25519" else open(f"{kind}.pem").read())
    os.chmod(plain, 0o600)
    run("ssh-keygen", "-q", "-p", "-f", plain, "-P", "", "-N", "")
    write(f"{kind}.pub", run("ssh-keygen", "-y", "-f", plain))
    write(locked, open(plain).read())
    os.chmod(locked, 0o600)
    run("ssh-keygen", "-q", "-p", "-f", locked, "-P", "", "-N", "secret", "-a", "4")


def putty(kind):
    write("password", "secret\n")
    for version in "23":
        for name, lock in (("", []), (".locked", ["-P", "--new-passphrase", "password"])):
            parameters = f"version={version},memory=64,passes=2"
            run("puttygen", f"{kind}.openssh", "-O", "private", "-o",
                f"{kind}{name}.v{version}.ppk", "--ppk-param", parameters, *lock)
    os.remove("password")


def certificate(kind):
    run("openssl", "req", "-x509", "-key", f"{kind}.pem", "-out", f"{kind}.cert.pem",
        "-days", "36500", "-subj", "/CN=ada", "-addext", "basicConstraints=critical,CA:FALSE")


def java():
    run("openssl", "pkcs12", "-export", "-inkey", "rsa.pem", "-in", "rsa.cert.pem", "-name", "ada",
        "-passout", "pass:secret", "-out", "rsa.p12")
    run("keytool", "-importkeystore", "-srckeystore", "rsa.p12", "-srcstorepass", "secret",
        "-destkeystore", "rsa.jks", "-deststoretype", "jks", "-deststorepass", "secret")
    run("keytool", "-importcert", "-noprompt", "-alias", "ada", "-file", "rsa.cert.pem",
        "-keystore", "trusted.jks", "-storetype", "jks", "-storepass", "secret")
    run("keytool", "-importkeystore", "-srckeystore", "rsa.p12", "-srcstorepass", "secret",
        "-destkeystore", "rsa.jceks", "-deststoretype", "jceks", "-deststorepass", "secret")


def main():
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    for old in set(os.listdir()) - {"make.py"}:
        os.remove(old)
    for kind, algorithm in KINDS.items():
        run("openssl", "genpkey", "-out", f"{kind}.pem", "-algorithm", *algorithm)
        write(f"{kind}.spki.pem", run("openssl", "pkey", "-in", f"{kind}.pem", "-pubout"))
        write(f"{kind}.jwk", json.dumps(jwk(kind), indent=1) + "\n")
        certificate(kind)
        openssh(kind)
        putty(kind)
    java()
    run("openssl", "crl2pkcs7", "-nocrl", "-certfile", "rsa.cert.pem", "-outform", "DER",
        "-out", "rsa.p7b")
    write("rsa.xml", xml(False))
    write("rsa.cert.xml", xml(True))
    der = run("openssl", "x509", "-in", "rsa.cert.pem", "-outform", "DER")
    chain = {**jwk("rsa"), "x5c": [base64.b64encode(der).decode()]}
    write("rsa.cert.jwk", json.dumps({"keys": [jwk("p256"), chain]}, indent=1) + "\n")


main()
