#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Whole handshakes with everything fixed, from the whitepaper's section 5.4 alone:

    tests/kmod/vectors/handshake.py >tests/kmod/unit/handshake-vectors.h

It shares nothing with kmod: hashes are Python's, curve and cipher are OpenSSL's
(Debian: python3-cryptography), and HChaCha20 is written down here."""

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def blake(data):
    return hashlib.blake2s(data).digest()


def mac(key, data):
    return hashlib.blake2s(data, key=key, digest_size=16).digest()


def kdf(n, key, data):
    prk = hmac.new(key, data, hashlib.blake2s).digest()
    out = [b""]
    for i in range(1, n + 1):
        out.append(hmac.new(prk, out[-1] + bytes([i]), hashlib.blake2s).digest())
    return out[1:]


def dh(private, public):
    return X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(public))


def public_of(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def aead(key, counter, plain, ad):
    return ChaCha20Poly1305(key).encrypt(bytes(4) + struct.pack("<Q", counter), plain, ad)


def hchacha20(key, nonce):
    v = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))

    def quarter(a, b, c, d):
        for into, other, by in ((a, d, 16), (c, b, 12), (a, d, 8), (c, b, 7)):
            plus = b if into == a else d
            v[into] = (v[into] + v[plus]) & 0xFFFFFFFF
            x = v[other] ^ v[into]
            v[other] = (x << by | x >> (32 - by)) & 0xFFFFFFFF

    for _ in range(10):
        for i in range(4):
            quarter(i, i + 4, i + 8, i + 12)
        for i in range(4):
            quarter(i, (i + 1) % 4 + 4, (i + 2) % 4 + 8, (i + 3) % 4 + 12)
    return struct.pack("<8I", *v[:4], *v[12:])


def xaead(key, nonce, plain, ad):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).encrypt(bytes(4) + nonce[16:], plain, ad)


def fixed(name, n=32):
    return hashlib.sha512(b"wgctl handshake vectors: " + name.encode()).digest()[:n]


def emit(name, data):
    print(f"static const u8 {name}[{len(data)}] = {{")
    for i in range(0, len(data), 16):
        print("\t" + ", ".join(f"0x{b:02x}" for b in data[i : i + 16]) + ",")
    print("};")


SECONDS, NANOSECONDS = 1700000000, 987654321
SENDER, RECEIVER = 0x89ABCDEF, 0x01234567
FROM = bytes([192, 0, 2, 33]) + struct.pack(">H", 51820)

i_private, r_private = fixed("initiator"), fixed("responder")
i_ephemeral, r_ephemeral = fixed("initiator's ephemeral"), fixed("responder's ephemeral")
secret, nonce = fixed("cookie secret"), fixed("cookie nonce", 24)
i_public, r_public = public_of(i_private), public_of(r_private)
# Timestamps move in steps of 2^24 ns, the power of two below a fiftieth of a second.
timestamp = struct.pack(">QI", 2**62 + 10 + SECONDS, NANOSECONDS >> 24 << 24)


class Transcript:
    def __init__(self, responder):
        self.c = blake(b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s")
        self.h = blake(blake(self.c + b"WireGuard v1 zx2c4 Jason@zx2c4.com") + responder)

    def hash(self, data):
        self.h = blake(self.h + data)

    def mix(self, n, data):
        self.c, *rest = kdf(n, self.c, data)
        return rest

    def seal(self, key, plain):
        sealed = aead(key, 0, plain, self.h)
        self.hash(sealed)
        return sealed


def macs(message, responder, cookie=None):
    message += mac(blake(b"mac1----" + responder), message)
    return message + (mac(cookie, message) if cookie else bytes(16))


def initiation_of(t, static, static_static):
    e = public_of(i_ephemeral)
    t.hash(e)
    t.mix(1, e)
    (k,) = t.mix(2, dh(i_ephemeral, r_public))
    sealed_static = t.seal(k, static)
    (k,) = t.mix(2, static_static)
    return struct.pack("<II", 1, SENDER) + e + sealed_static + t.seal(k, timestamp)


def handshake(prefix, psk):
    t = Transcript(r_public)
    initiation = initiation_of(t, i_public, dh(i_private, r_public))
    cookie = mac(secret, FROM)
    complete = macs(initiation, r_public)
    emit(prefix + "_initiation", complete)
    emit(prefix + "_initiation_mac2", macs(initiation, r_public, cookie))
    emit(prefix + "_cookie", struct.pack("<II", 3, SENDER) + nonce
         + xaead(blake(b"cookie--" + r_public), nonce, cookie, complete[-32:-16]))

    e = public_of(r_ephemeral)
    t.hash(e)
    t.mix(1, e)
    t.mix(1, dh(r_ephemeral, public_of(i_ephemeral)))
    t.mix(1, dh(r_ephemeral, i_public))
    tau, k = t.mix(3, psk)
    t.hash(tau)
    response = struct.pack("<III", 2, RECEIVER, SENDER) + e + t.seal(k, b"")
    emit(prefix + "_response", macs(response, i_public))

    to_responder, to_initiator = kdf(2, t.c, b"")
    emit(prefix + "_to_responder", to_responder)
    emit(prefix + "_to_initiator", to_initiator)
    emit(prefix + "_keepalive", struct.pack("<IIQ", 4, RECEIVER, 0) + aead(to_responder, 0, b"", b""))


print("/* SPDX-License-Identifier: GPL-2.0 */")
print("/* Made by tests/kmod/vectors/handshake.py. */")
for name in ("i_private", "i_public", "r_private", "r_public", "i_ephemeral", "r_ephemeral"):
    emit("vec_" + name, globals()[name])
emit("vec_psk", fixed("preshared"))
emit("vec_secret", secret)
emit("vec_nonce", nonce)
emit("vec_from", FROM)
print(f"#define VEC_SECONDS {SECONDS}\n#define VEC_NANOSECONDS {NANOSECONDS}")
print(f"#define VEC_SENDER 0x{SENDER:08x}\n#define VEC_RECEIVER 0x{RECEIVER:08x}")
handshake("vec_plain", bytes(32))
handshake("vec_shared", fixed("preshared"))
# What anybody can make in the name of a peer whose key is the null point.
emit("vec_null_initiation", macs(initiation_of(Transcript(r_public), bytes(32), bytes(32)), r_public))
