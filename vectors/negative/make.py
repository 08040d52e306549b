"""Writes keys.json and signatures.json: keys, signatures and ciphertexts that must be refused.

Run as `python3 make.py` in this folder; it needs nothing but Python. The arithmetic of SM2 and the
digest SM3 are written here once more from GB/T 32918 and GB/T 32905, so that no case depends on the code
that it tests. Keys and nonces are fixed: the output is always the same.

A case is {id, reason, fields of the input, code}; core/tests/negative.rs says what the fields mean.
"""

import base64
import json

# The curve of GB/T 32918.5-2017, clause 3.
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
DEFAULT_ID = b"1234567812345678"


def add(p, q):
    """The sum of two points; None is the point at infinity."""
    if p is None or q is None:
        return p or q
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return None
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def multiply(k, point):
    """[k]point."""
    total = None
    while k:
        if k & 1:
            total = add(total, point)
        point, k = add(point, point), k >> 1
    return total


def sm3(message):
    """GB/T 32905-2016, clause 5."""

    def rotate(x, bits):
        bits %= 32
        return (x << bits | x >> (32 - bits)) & 0xFFFFFFFF

    state = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    padded = message + b"\x80" + bytes(-(len(message) + 9) % 64) + (8 * len(message)).to_bytes(8, "big")
    for start in range(0, len(padded), 64):
        w = [int.from_bytes(padded[start + 4 * j : start + 4 * j + 4], "big") for j in range(16)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
            w.append(x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = rotate((rotate(a, 12) + e + rotate(t, j)) & 0xFFFFFFFF, 7)
            ss2 = ss1 ^ rotate(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, rotate(b, 9), c
            e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
        state = [x ^ y for x, y in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(x.to_bytes(4, "big") for x in state)


def number(x):
    return x.to_bytes(32, "big")


def sec1_point(point):
    return b"\x04" + number(point[0]) + number(point[1])


def z(point, dist_id):
    """GB/T 32918.2-2016, 5.5."""
    parts = (A, B, *G, *point)
    return sm3((8 * len(dist_id)).to_bytes(2, "big") + dist_id + b"".join(map(number, parts)))


def sign(d, digest, k):
    """GB/T 32918.2-2016, 6.1, from the digest e on."""
    r = (int.from_bytes(digest, "big") + multiply(k, G)[0]) % N
    s = pow(1 + d, -1, N) * (k - r * d) % N
    assert r and s and (r + k) % N
    return r, s


# --- DER ---------------------------------------------------------------------------------------------


def tlv(tag, *parts):
    body = b"".join(parts)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(x):
    return tlv(2, x.to_bytes(x.bit_length() // 8 + 1, "big"))


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    body = bytes([40 * first + second])
    for arc in rest:
        septets = [arc & 0x7F]
        while arc := arc >> 7:
            septets.insert(0, arc & 0x7F | 0x80)
        body += bytes(septets)
    return tlv(6, body)


def sequence(*parts):
    return tlv(0x30, *parts)


def octets(data):
    return tlv(4, data)


def bits(data):
    return tlv(3, b"\0" + data)


EC = oid("1.2.840.10045.2.1")
SM2 = oid("1.2.156.10197.1.301")
P256 = oid("1.2.840.10045.3.1.7")
ED25519 = oid("1.3.101.112")


def spki(point, algorithm=sequence(EC, SM2)):
    return sequence(algorithm, bits(point))


def ec_private_key(d, point=None, curve=None, version=1):
    parts = [integer(version), octets(d)]
    parts += [tlv(0xA0, curve)] if curve else []
    parts += [tlv(0xA1, bits(point))] if point else []
    return sequence(*parts)


def pkcs8(inner, algorithm=sequence(EC, SM2), version=0):
    return sequence(integer(version), algorithm, octets(inner))


# --- the cases ---------------------------------------------------------------------------------------

D = 0x1D2E3F405162738495A6B7C8D9EAFB0C1D2E3F405162738495A6B7C8D9EAFB0C
OTHER_D = 0x0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20
POINT, OTHER = multiply(D, G), multiply(OTHER_D, G)
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
MESSAGE = "message digest"


def key_cases():
    d, point, zero = number(D), sec1_point(POINT), bytes(32)
    x, y = point[1:33], point[33:]
    good = ec_private_key(d, point)

    def private(name, reason, code, data, how="private"):
        return {"id": name, "reason": reason, "read": how, "input": data.hex(), "code": code}

    def public(name, reason, code, data):
        return private(name, reason, code, data, "public")

    def json_key(name, reason, code, text):
        return {"id": name, "reason": reason, "read": "private", "input_text": text, "code": code}

    for what, value in (("zero", 0), ("n-1", N - 1), ("n", N), ("n+1", N + 1), ("all-ones", (1 << 256) - 1)):
        reason = f"d = {what} is outside [1, n-2] (GB/T 32918.1-2016, 6.1)"
        yield private(f"pkcs8-d-{what}", reason, "BAD_PRIVATE_KEY", pkcs8(ec_private_key(number(value))))
        yield private(f"sec1-d-{what}", reason, "BAD_PRIVATE_KEY", ec_private_key(number(value), curve=SM2))
        yield private(f"bare-d-{what}", reason, "BAD_PRIVATE_KEY", number(value))
    foreign = "the public key inside belongs to another private key"
    yield private("pkcs8-foreign-point", foreign, "KEY_MISMATCH", pkcs8(ec_private_key(d, sec1_point(OTHER))))
    yield private("sec1-foreign-point", foreign, "KEY_MISMATCH", ec_private_key(d, sec1_point(OTHER), SM2))
    negated = sec1_point((POINT[0], P - POINT[1]))
    yield private("pkcs8-negated-point", "the public key inside has the right x and the opposite y", "KEY_MISMATCH", pkcs8(ec_private_key(d, negated)))
    yield private("pkcs8-off-curve", "the public key inside is no point of the curve", "KEY_MISMATCH", pkcs8(ec_private_key(d, point[:-1] + b"\0")))
    yield private("pkcs8-version-2", "no version 2 exists (RFC 5958, 2)", "BAD_KEY", pkcs8(good, version=2))
    yield private("sec1-version-2", "the version of ECPrivateKey is 1 (RFC 5915, 3)", "BAD_KEY", ec_private_key(d, point, SM2, version=2))
    yield private("pkcs8-p256", "the curve is P-256, not SM2", "UNSUPPORTED_ALGORITHM", pkcs8(good, sequence(EC, P256)))
    yield private("pkcs8-ed25519", "the algorithm is Ed25519, not SM2", "UNSUPPORTED_ALGORITHM", pkcs8(octets(d), sequence(ED25519)))
    yield private("pkcs8-no-curve", "id-ecPublicKey without a curve says nothing", "UNSUPPORTED_ALGORITHM", pkcs8(good, sequence(EC)))
    yield private("sec1-p256", "the curve is P-256, not SM2", "UNSUPPORTED_ALGORITHM", ec_private_key(d, point, P256))
    yield private("sec1-no-curve", "neither a curve nor a public key tells that it is SM2", "UNSUPPORTED_ALGORITHM", ec_private_key(d))
    yield private("sec1-trailing", "bytes follow the end of the DER", "UNKNOWN_FORM", ec_private_key(d, point, SM2) + b"\0")
    yield private("pkcs8-cut", "the last byte of the DER is missing", "UNKNOWN_FORM", pkcs8(good)[:-1])
    yield private("pkcs8-trailing", "bytes follow the end of the DER", "UNKNOWN_FORM", pkcs8(good) + b"\0")
    long = pkcs8(good)
    yield private("pkcs8-long-length", "a length in more bytes than needed is not DER", "UNKNOWN_FORM", b"\x30\x82\0" + long[2:])
    yield private("pkcs8-d-33-bytes", "d has 33 bytes, and the first is not zero", "BAD_PRIVATE_KEY", pkcs8(ec_private_key(b"\1" + d)))
    yield private("bare-d-31-bytes", "31 bytes may be d without a zero, or cut: nobody can tell", "UNKNOWN_FORM", d[1:])
    yield json_key("hex-d-63-digits", "an odd number of digits: a leading zero was dropped", "UNKNOWN_FORM", d.hex()[1:])
    yield json_key("hex-d-62-digits", "two leading zeros were dropped", "UNKNOWN_FORM", d.hex()[2:])
    yield private("public-for-private", "a public key, where a private one is asked for", "WRONG_KEY_KIND", spki(point))
    yield private("point-for-private", "a point, where a private key is asked for", "WRONG_KEY_KIND", point)
    yield private("blob-bits-512", "a key of SM2 has 256 bits, not 512", "UNKNOWN_FORM", (512).to_bytes(4, "little") + zero + d)
    yield private("blob-long-d", "d is longer than 32 bytes", "BAD_KEY", (256).to_bytes(4, "little") + bytes(31) + b"\1" + d)

    def jwk(**changes):
        text = lambda data: base64.urlsafe_b64encode(data).decode().rstrip("=")
        key = {"kty": "EC", "crv": "sm2p256v1", "x": text(x), "y": text(y), "d": text(d)} | changes
        return json.dumps({name: value for name, value in key.items() if value is not None})

    short = base64.urlsafe_b64encode(d[1:]).decode().rstrip("=")
    yield json_key("jwk-p256", "the curve is P-256, not SM2", "UNSUPPORTED_ALGORITHM", jwk(crv="P-256"))
    yield json_key("jwk-oct", "a symmetric key is no SM2 key", "UNSUPPORTED_ALGORITHM", jwk(kty="oct"))
    yield json_key("jwk-short-d", "d must have 32 bytes (RFC 7518, 6.2.2.1)", "BAD_PRIVATE_KEY", jwk(d=short))
    yield json_key("jwk-short-x", "x must have 32 bytes (RFC 7518, 6.2.1.2)", "BAD_PUBLIC_KEY", jwk(x=short))
    yield json_key("jwk-padding", "base64url in JSON has no padding (RFC 7515, 2)", "BAD_PRIVATE_KEY", jwk(d=base64.urlsafe_b64encode(d).decode()))
    yield json_key("jwk-foreign-point", foreign, "KEY_MISMATCH", jwk(d=base64.urlsafe_b64encode(number(OTHER_D)).decode().rstrip("=")))
    yield json_key("jwk-no-y", "x alone names two points", "BAD_JSON", jwk(y=None))
    yield json_key("jwk-public", "without d it is a public key", "WRONG_KEY_KIND", jwk(d=None))
    yield json_key("jwk-d-twice", "d stands twice: which one counts?", "BAD_JSON", jwk()[:-1] + ', "d": "' + short + '"}')

    yield public("spki-off-curve", "y is changed: no point of the curve", "BAD_PUBLIC_KEY", spki(point[:-1] + bytes([point[-1] ^ 1])))
    yield public("spki-infinity", "the point at infinity is no public key (GB/T 32918.1-2016, 6.2)", "BAD_PUBLIC_KEY", spki(b"\0"))
    yield public("spki-zero-zero", "(0, 0) is no point of the curve", "BAD_PUBLIC_KEY", spki(b"\4" + zero + zero))
    yield public("spki-x-p", "x = p is not below p, though it is 0 modulo p", "BAD_PUBLIC_KEY", spki(b"\4" + number(P) + y))
    yield public("spki-hybrid", "the hybrid form 06/07 is not taken", "BAD_PUBLIC_KEY", spki(bytes([6 + y[-1] % 2]) + x + y))
    yield public("spki-no-04", "x || y without 04 is no point of SEC1", "BAD_PUBLIC_KEY", spki(x + y))
    yield public("spki-cut-point", "the point lacks its last byte", "BAD_PUBLIC_KEY", spki(point[:-1]))
    yield public("spki-p256", "the curve is P-256, not SM2", "UNSUPPORTED_ALGORITHM", spki(point, sequence(EC, P256)))
    yield public("spki-no-curve", "id-ecPublicKey without a curve says nothing", "UNSUPPORTED_ALGORITHM", spki(point, sequence(EC)))
    yield public("spki-sm2-p256", "the algorithm SM2 with the curve P-256 contradicts itself", "UNSUPPORTED_ALGORITHM", spki(point, sequence(SM2, P256)))
    yield public("spki-unused-bits", "a point has whole bytes", "BAD_PUBLIC_KEY", sequence(sequence(EC, SM2), tlv(3, b"\4" + point[:-1] + b"\xf0")))
    yield public("spki-trailing", "bytes follow the end of the DER", "UNKNOWN_FORM", spki(point) + b"\0")
    bad_x = next(x for x in range(5, 100) if pow(x**3 + A * x + B, (P - 1) // 2, P) != 1)
    yield public("compressed-no-root", "no point of the curve has this x", "BAD_PUBLIC_KEY", b"\2" + number(bad_x))
    yield public("coordinates-off-curve", "x || y is no point of the curve", "BAD_PUBLIC_KEY", y + x)
    yield public("private-for-public", "a private key, where a public one is asked for", "WRONG_KEY_KIND", pkcs8(good))
    yield public("d-for-public", "d, where a public key is asked for", "WRONG_KEY_KIND", d)
    yield public("blob-bits-255", "a key of SM2 has 256 bits, not 255", "UNKNOWN_FORM", (255).to_bytes(4, "little") + zero + x + zero + y)


def signature_cases():
    message = MESSAGE.encode()
    default = DEFAULT_ID.decode()
    e = sm3(z(POINT, DEFAULT_ID) + message)
    r, s = sign(D, e, K)

    def case(name, reason, code, data, form="DER", dist_id=default, point=POINT, text=MESSAGE):
        return {
            "id": name,
            "reason": reason,
            "public": sec1_point(point).hex(),
            "dist_id_text": dist_id,
            "message_text": text,
            "form": form,
            "input": data.hex(),
            "code": code,
        }

    def both(name, reason, code, r, s, **changes):
        yield case("der-" + name, reason, code, sequence(integer(r), integer(s)), **changes)
        yield case("raw-" + name, reason, code, number(r) + number(s), "r||s", **changes)

    encoding, wrong = "BAD_SIGNATURE_ENCODING", "BAD_SIGNATURE"
    top = (1 << 256) - 1
    for name, value in (("zero", 0), ("n", N), ("n+1", N + 1), ("all-ones", top)):
        clause = "is outside [1, n-1] (GB/T 32918.2-2016, 7.1, B1 and B2)"
        yield from both(f"r-{name}", f"r = {name} {clause}", encoding, value, s)
        yield from both(f"s-{name}", f"s = {name} {clause}", encoding, r, value)
    yield from both("r+s-n", "t = r + s = 0 modulo n (GB/T 32918.2-2016, 7.1, B5)", wrong, r, N - r)
    yield from both("swapped", "r and s stand in the wrong order", wrong, s, r)
    yield from both("s-negated", "n - s is not another form of s, as in ECDSA it is", wrong, r, N - s)
    yield from both("r+1", "r was made one too large", wrong, r + 1, s)
    little = [int.from_bytes(number(half), "little") for half in (r, s)]
    if max(little) < N:
        yield from both("little-endian", "r and s are written from their lowest byte", wrong, *little)
    yield from both("empty-id", "made for the default identifier, verified for none", wrong, r, s, dist_id="")
    yield from both("other-id", "made for the default identifier, verified for another", wrong, r, s, dist_id="ALICE123@YAHOO.COM")
    yield from both("other-key", "another private key made the signature", wrong, r, s, point=OTHER)
    yield from both("newline", "a newline was added to the message", wrong, r, s, text=MESSAGE + "\n")
    no_id = sm3(z(POINT, b"") + message)
    yield from both("made-for-empty-id", "made for the empty identifier", wrong, *sign(D, no_id, K))
    yield from both("no-z", "made over the digest of the message alone, without Z", wrong, *sign(D, sm3(message), K))
    twice = sm3(z(POINT, DEFAULT_ID) + sm3(message))
    yield from both("digest-twice", "made over the digest in place of the message", wrong, *sign(D, twice, K))
    stranger = sm3(z(OTHER, DEFAULT_ID) + message)
    yield from both("foreign-z", "made with another key's Z", wrong, *sign(D, stranger, K))

    der = sequence(integer(r), integer(s))
    high = next(k for k in range(K, K + 99) if sign(D, e, k)[0] >> 255)
    high_r, high_s = sign(D, e, high)
    low = next(k for k in range(K, K + 999) if sign(D, e, k)[1] < 1 << 248)
    low_r, low_s = sign(D, e, low)
    yield case("der-trailing", "a byte follows the SEQUENCE", encoding, der + b"\0")
    yield case("der-trailing-inside", "an element follows s", encoding, sequence(integer(r), integer(s), tlv(5)))
    yield case("der-long-integer", "r has a zero byte that it does not need", encoding, sequence(tlv(2, b"\0" + integer(low_r)[2:]) if low_r >> 255 == 0 else tlv(2, b"\0\0" + number(low_r)), integer(low_s)))
    yield case("der-negative", "r lacks the zero byte before its high bit: it is negative", encoding, sequence(tlv(2, number(high_r)), integer(high_s)))
    yield case("der-long-length", "a length in more bytes than needed", encoding, b"\x30\x81" + der[1:])
    yield case("der-indefinite", "an indefinite length is BER", encoding, b"\x30\x80" + der[2:] + b"\0\0")
    yield case("der-cut", "the last byte is missing", encoding, der[:-1])
    yield case("der-set", "a SET in place of the SEQUENCE", encoding, b"\x31" + der[1:])
    yield case("der-one-integer", "the second number, s, is missing", encoding, sequence(integer(r)))
    yield case("der-empty", "nothing at all is no signature", encoding, b"")
    yield case("der-raw", "r || s where DER is demanded", encoding, number(r) + number(s))
    yield case("raw-der", "DER where r || s is demanded", encoding, der, "r||s")
    yield case("raw-stripped-zero", "the leading zero of s was dropped", encoding, number(low_r) + number(low_s)[1:], "r||s")
    yield case("raw-65", "there are 64 bytes and one more", encoding, number(r) + number(s) + b"\0", "r||s")
    yield case("raw-empty", "nothing at all is no signature", encoding, b"", "r||s")


def write(name, description, cases):
    tests = list(cases)
    header = {"source": "made by make.py in this folder", "description": description, "count": len(tests)}
    with open(name, "w", encoding="utf-8") as file:
        json.dump({"header": header, "tests": tests}, file, ensure_ascii=False, indent=2)
        file.write("\n")


if __name__ == "__main__":
    assert sm3(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert multiply(N, G) is None
    write("keys.json", "Keys that must be refused, each with its reason and code.", key_cases())
    write("signatures.json", "Signatures that must be refused, each with its reason and code.", signature_cases())
