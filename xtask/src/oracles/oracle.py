"""Botan and libmcrypt. The argument says which of them.

Each line of standard input is a job: direction, suite, key, IV, input and output, with tabs in
between. Each is answered with a line.
"""
import ctypes
import sys

# Botan's Python module does not take content of any size for its block modes.
BOTAN = {
    "rc4": "RC4", "rc4:drop=768": "RC4(768)", "chacha": "ChaCha(20)", "xsalsa20": "Salsa20"}


def botan(direction, suite, key, iv, data):
    import botan2
    cipher = botan2.SymmetricCipher(BOTAN[suite], direction == "encrypt")
    cipher.set_key(key)
    cipher.start(iv)
    return bytes(cipher.finish(data))


def padded(data, block):
    missing = block - len(data) % block
    return data + bytes([missing]) * missing


def stripped(data, block):
    count = data[-1]
    if not 1 <= count <= block or data[-count:] != bytes([count]) * count:
        raise ValueError("wrong padding")
    return data[:-count]


def counted(iv, data, encrypt):
    """CTR: a big-endian counter as wide as the block, encrypted and mixed in."""
    block = len(iv)
    first, wrap = int.from_bytes(iv, "big"), 1 << (8 * block)
    numbers = range(first, first + -(-len(data) // block))
    stream = encrypt(b"".join((number % wrap).to_bytes(block, "big") for number in numbers))
    mixed = int.from_bytes(data, "big") ^ int.from_bytes(stream[:len(data)], "big")
    return mixed.to_bytes(len(data), "big")


def mcrypt(direction, suite, key, iv, data):
    name, _, mode = suite.rpartition("-")
    if mode == "ctr":
        # Its own counter mode is not used, but the cipher itself.
        return counted(iv, data, lambda blocks: mcrypted("encrypt", name, b"ecb", key, None, blocks))
    if direction == "encrypt":
        return mcrypted(direction, name, b"cbc", key, iv, padded(data, len(iv)))
    return stripped(mcrypted(direction, name, b"cbc", key, iv, data), len(iv))


def mcrypted(direction, name, mode, key, iv, data):
    library = ctypes.CDLL("libmcrypt.so.4")
    library.mcrypt_module_open.restype = ctypes.c_void_p
    module = ctypes.c_void_p(library.mcrypt_module_open(name.encode(), None, mode, None))
    if not module.value:
        raise ValueError("libmcrypt does not have " + name)
    if library.mcrypt_generic_init(module, key, len(key), iv) < 0:
        raise ValueError("libmcrypt refuses the key")
    buffer = ctypes.create_string_buffer(data, len(data))
    work = library.mcrypt_generic if direction == "encrypt" else library.mdecrypt_generic
    if work(module, buffer, len(data)) != 0:
        raise ValueError("libmcrypt failed")
    library.mcrypt_generic_end(module)
    return buffer.raw


def main():
    work = {"botan": botan, "mcrypt": mcrypt}[sys.argv[1]]
    for line in sys.stdin:
        direction, suite, key, iv, source, target = line.rstrip("\n").split("\t")
        try:
            with open(source, "rb") as file:
                data = file.read()
            done = work(direction, suite, bytes.fromhex(key), bytes.fromhex(iv), data)
            with open(target, "wb") as file:
                file.write(done)
            print("ok", flush=True)
        except Exception as error:  # Whatever it is, it is the answer.
            print("error:", repr(error), flush=True)


main()
