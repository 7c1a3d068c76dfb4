"""Botan, libmcrypt, and TEA as its paper has it. The argument says which of them.

Each line of standard input is a job: direction, suite, key, IV, input and output, with tabs in
between. Each is answered with a line.
"""
import ctypes
import struct
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


M = 0xFFFFFFFF


def tea_block(key, v, direction, cycles):
    y, z = v
    a, b, c, d = key
    if direction == "encrypt":
        s = 0
        for _ in range(cycles):
            s = (s + 0x9E3779B9) & M
            y = (y + ((((z << 4) + a) ^ (z + s) ^ ((z >> 5) + b)) & M)) & M
            z = (z + ((((y << 4) + c) ^ (y + s) ^ ((y >> 5) + d)) & M)) & M
    else:
        s = (0x9E3779B9 * cycles) & M
        for _ in range(cycles):
            z = (z - ((((y << 4) + c) ^ (y + s) ^ ((y >> 5) + d)) & M)) & M
            y = (y - ((((z << 4) + a) ^ (z + s) ^ ((z >> 5) + b)) & M)) & M
            s = (s - 0x9E3779B9) & M
    return y, z


def tea(direction, suite, key, iv, data):
    name, _, options = suite.partition(":")
    order = "<" if "little" in options else ">"
    cycles = 16 if "cycles=16" in options else 32
    words = struct.unpack(order + "4I", key)
    if name == "tea-ctr":
        def encrypt(blocks):
            pairs = struct.iter_unpack(order + "2I", blocks)
            sealed = (tea_block(words, pair, "encrypt", cycles) for pair in pairs)
            return b"".join(struct.pack(order + "2I", *pair) for pair in sealed)
        return counted(iv, data, encrypt)
    before = struct.unpack(order + "2I", iv)
    if direction == "encrypt":
        data = padded(data, 8)
    done = bytearray()
    for at in range(0, len(data), 8):
        block = struct.unpack(order + "2I", data[at:at + 8])
        if direction == "encrypt":
            before = tea_block(words, (block[0] ^ before[0], block[1] ^ before[1]), direction, cycles)
            done += struct.pack(order + "2I", *before)
        else:
            text = tea_block(words, block, direction, cycles)
            done += struct.pack(order + "2I", text[0] ^ before[0], text[1] ^ before[1])
            before = block
    return bytes(done) if direction == "encrypt" else stripped(bytes(done), 8)


def main():
    work = {"botan": botan, "mcrypt": mcrypt, "tea": tea}[sys.argv[1]]
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
