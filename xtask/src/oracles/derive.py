"""Keys from passwords: OpenSSL's EVP_BytesToKey, Office's keys, and rules as their papers have them.

The arguments are who, which rule, the hash, password and salt in hexadecimal, iterations and the
length; the key is printed in hexadecimal. OpenSSL gives at most the 80 bytes that key and IV of
its hungriest cipher take.
"""
import ctypes
import hashlib
import struct
import sys


def openssl(rule, name, password, salt, iterations, length):
    if rule != "openssl":
        raise ValueError("EVP_BytesToKey does not know " + rule)
    library = ctypes.CDLL("libcrypto.so.3")
    for function in ("EVP_get_cipherbyname", "EVP_get_digestbyname"):
        getattr(library, function).restype = ctypes.c_void_p
    cipher = ctypes.c_void_p(library.EVP_get_cipherbyname(b"aes-256-xts"))
    digest = ctypes.c_void_p(library.EVP_get_digestbyname(name.encode()))
    key, iv = ctypes.create_string_buffer(64), ctypes.create_string_buffer(16)
    made = library.EVP_BytesToKey(
        cipher, digest, salt, password, len(password), iterations, key, iv)
    if made != 64:
        raise ValueError("EVP_BytesToKey failed")
    return (key.raw + iv.raw)[:length]


def again(name, data, times):
    for _ in range(times):
        data = hashlib.new(name, data).digest()
    return data


def paper(rule, name, password, salt, iterations, length):
    """No library of Debian's has these, and the first is here to have all of its bytes."""
    made = b""
    if rule == "openssl":
        block = b""
        while len(made) < length:
            block = again(name, block + password + salt, iterations)
            made += block
    elif rule == "dotnet":
        # All iterations but the last, in front of which the counter comes, from the second on.
        # Password and salt are hashed once in any case.
        base = again(name, password + salt, max(iterations - 1, 1))
        counter = 0
        while len(made) < length:
            front = str(counter).encode() if counter else b""
            made += hashlib.new(name, front + base).digest()
            counter += 1
    elif rule == "crypt-derive-key":
        digest = again(name, password + salt, iterations).ljust(64, b"\0")
        for fill in (0x36, 0x5C):
            made += hashlib.new(name, bytes(byte ^ fill for byte in digest)).digest()
    else:
        raise ValueError("there is no paper on " + rule)
    if len(made) < length:
        raise ValueError("the rule gives only %d bytes" % len(made))
    return made[:length]


def msoffcrypto(rule, name, password, salt, iterations, length):
    """The key of a document: its password is hashed first, and then CryptDeriveKey makes it."""
    from msoffcrypto.method.ecma376_standard import ECMA376Standard
    document, document_salt = "correct horse", bytes(range(16))
    spun = hashlib.sha1(document_salt + document.encode("utf-16-le")).digest()
    for number in range(50_000):
        spun = hashlib.sha1(struct.pack("<I", number) + spun).digest()
    asked = (rule, name, password, salt, iterations)
    if asked != ("crypt-derive-key", "sha1", spun, bytes(4), 1):
        raise ValueError("of documents only the key of one is known")
    # AES and SHA-1 by their numbers, which do not matter here.
    return bytes(ECMA376Standard.makekey_from_password(
        password=document, salt=document_salt, saltSize=len(document_salt), keySize=8 * length,
        algId=0x660E, algIdHash=0x8004, providerType=0x18))


who, rule, name, password, salt, iterations, length = sys.argv[1:]
derive = {"openssl": openssl, "the paper": paper, "msoffcrypto": msoffcrypto}[who]
password, salt = bytes.fromhex(password), bytes.fromhex(salt)
print(derive(rule, name, password, salt, int(iterations), int(length)).hex())
