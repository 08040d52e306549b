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
    d, point = number(D), sec1_point(POINT)

    def private(name, reason, der, code):
        return {"id": name, "reason": reason, "read": "private", "input": der.hex(), "code": code}

    def public(name, reason, der, code):
        return {"id": name, "reason": reason, "read": "public", "input": der.hex(), "code": code}

    good = pkcs8(ec_private_key(d, point))
    yield private("pkcs8-d-zero", "d = 0 is no private key (GB/T 32918.1, 6.1)", pkcs8(ec_private_key(bytes(32))), "BAD_PRIVATE_KEY")


def signature_cases():
    message = MESSAGE.encode()
    e = sm3(z(POINT, DEFAULT_ID) + message)
    r, s = sign(D, e, K)

    def case(name, reason, code, data, form="DER", dist_id=DEFAULT_ID.decode(), point=POINT):
        return {
            "id": name,
            "reason": reason,
            "public": sec1_point(point).hex(),
            "dist_id_text": dist_id,
            "message_text": MESSAGE,
            "form": form,
            "input": data.hex(),
            "code": code,
        }

    yield case("der-r-zero", "r = 0 is outside [1, n-1] (GB/T 32918.2, 7.1 B1)", "BAD_SIGNATURE_ENCODING", sequence(integer(0), integer(s)))


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
