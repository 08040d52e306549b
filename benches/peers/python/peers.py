"""`peers.py PEER MILLISECONDS OPERATION`: measures one operation of gmssl (pure Python) or tongsuopy, and
prints rows of `make bench`: op, implementation, backend, batch, size, operations a second, 10^6 bytes a
second. What a package offers not gives no row.
"""

import secrets
import statistics
import sys
import time

TURNS = 5
SIZES = (64, 1024, 16384)
KEY = b"0123456789abcdef"
IV = bytes(16)
MESSAGE = b"0123456789abcdef0123456789abcdef"


def measure(name, turn, op, size, call):
    calls, start = 0, time.perf_counter()
    while time.perf_counter() - start < turn:
        call()
        calls += 1
    seconds = []
    for _ in range(TURNS):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        seconds.append((time.perf_counter() - start) / calls)
    rate = 1 / statistics.median(seconds)
    print(f"{op},{name},,1,{size},{rate:.1f},{rate * size / 1e6:.3f}")


def gmssl():
    """A private key has to be given: the package makes none, so key generation is [d]G of a random d."""
    from gmssl import sm2, sm3, sm4

    curve = sm2.CryptSM2(private_key="", public_key="")
    order = int(curve.ecc_table["n"], 16)

    def new_key():
        secret = secrets.randbelow(order - 2) + 1
        return f"{secret:064x}", curve._kg(secret, curve.ecc_table["g"])

    secret, public = new_key()
    key = sm2.CryptSM2(private_key=secret, public_key=public)
    signature, ciphertext = key.sign_with_sm3(MESSAGE), key.encrypt(MESSAGE)

    def verify():
        assert key.verify_with_sm3(signature, MESSAGE)

    cipher = sm4.CryptSM4()
    cipher.set_key(KEY, sm4.SM4_ENCRYPT)
    return {
        "sm2-sign": lambda: key.sign_with_sm3(MESSAGE),
        "sm2-verify": verify,
        "sm2-keygen": new_key,
        "sm2-encrypt": lambda: key.encrypt(MESSAGE),
        "sm2-decrypt": lambda: key.decrypt(ciphertext),
    }, {
        "sm3": lambda data: sm3.sm3_hash(list(data)),
        "sm4-ecb": cipher.crypt_ecb,
        "sm4-cbc-encrypt": lambda data: cipher.crypt_cbc(IV, data),
    }


def tongsuopy():
    from tongsuopy.crypto import ciphers, hashes
    from tongsuopy.crypto.asymciphers import ec
    from tongsuopy.crypto.ciphers import algorithms, modes
    from tongsuopy.crypto.ciphers.aead import SM4CCM, SM4GCM

    def new_key():
        return ec.generate_private_key(ec.SM2())

    def digest(data):
        sm3 = hashes.Hash(hashes.SM3())
        sm3.update(data)
        return sm3.finalize()

    def stream(mode, direction="encryptor"):
        return getattr(ciphers.Cipher(algorithms.SM4(KEY), mode), direction)().update

    key, algorithm = new_key(), ec.ECDSA(hashes.SM3())
    public, signature = key.public_key(), key.sign(MESSAGE, algorithm)
    gcm, ccm = SM4GCM(KEY), SM4CCM(KEY)
    return {
        "sm2-sign": lambda: key.sign(MESSAGE, algorithm),
        "sm2-verify": lambda: public.verify(signature, MESSAGE, algorithm),
        "sm2-keygen": new_key,
    }, {
        "sm3": digest,
        "sm4-ecb": stream(modes.ECB()),
        "sm4-cbc-encrypt": stream(modes.CBC(IV)),
        "sm4-cbc-decrypt": stream(modes.CBC(IV), "decryptor"),
        "sm4-ctr": stream(modes.CTR(IV)),
        "sm4-gcm": lambda data: gcm.encrypt(IV[:12], data, b""),
        "sm4-ccm": lambda data: ccm.encrypt(IV[:12], data, b""),
    }


def main():
    name, milliseconds, op = sys.argv[1:]
    turn = float(milliseconds) / 1000 / TURNS
    operations, messages = {"gmssl": gmssl, "tongsuopy": tongsuopy}[name]()
    if op in operations:
        measure(name, turn, op, 0, operations[op])
    if op in messages:
        for size in SIZES:
            data = bytes(size)
            measure(name, turn, op, size, lambda: messages[op](data))


main()
