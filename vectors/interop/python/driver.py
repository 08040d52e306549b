"""The Python peers: `driver.py gmssl-pyx|gmalglib|tongsuopy OURS TASKS OUT`."""

import importlib.metadata
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from protocol import Driver, NotOffered, OurSide, require, until_wanted  # noqa: E402


def read(case, *names):
    """The contents of files of a case."""
    return [(case / name).read_bytes() for name in names]


def gmssl_pyx():
    """gmssl-pyx, a binding of GmSSL: raw keys, DER."""
    import gmssl_pyx as peer

    driver = Driver(importlib.metadata.version("gmssl_pyx"))

    @driver.takes("signature")
    def verify(case):
        public, message, dist_id, der = read(case, "public.raw", "message", "id", "signature.der")
        require(peer.sm2_verify(public[1:], message, der, dist_id), "refused")

    @driver.makes("signature")
    def sign(task, out):
        private, public, message, dist_id = read(task, "private.raw", "public.raw", "message", "id")
        made = until_wanted(task, lambda: peer.sm2_sign(private, public[1:], message, dist_id))
        (out / "signature.der").write_bytes(made)

    @driver.takes("ciphertext")
    def decrypt(case):
        private, plaintext, der = read(case, "private.raw", "plaintext", "ciphertext.der")
        require(peer.sm2_decrypt(private, der) == plaintext, "another plaintext")

    @driver.makes("ciphertext")
    def encrypt(task, out):
        public, plaintext = read(task, "public.raw", "plaintext")
        (out / "ciphertext.der").write_bytes(peer.sm2_encrypt(public[1:], plaintext))

    return driver


def gmalglib():
    """gmalglib, C of its own: raw keys, r || s, C1 C3 C2."""
    from gmalglib.sm2 import SM2

    driver = Driver(importlib.metadata.version("gmalglib"))

    @driver.takes("signature")
    def verify(case):
        public, message, dist_id, raw = read(case, "public.raw", "message", "id", "signature.raw")
        require(SM2(pk=public, uid=dist_id).verify(message, raw), "refused")

    @driver.makes("signature")
    def sign(task, out):
        private, message, dist_id = read(task, "private.raw", "message", "id")
        peer = SM2(sk=private, uid=dist_id)
        wanted = {"r-starts-with-zero": 0, "s-starts-with-zero": 32}.get(task.name)
        made = peer.sign(message)
        while wanted is not None and made[wanted]:
            made = peer.sign(message)
        (out / "signature.raw").write_bytes(made)

    @driver.takes("ciphertext")
    def decrypt(case):
        private, plaintext, ciphertext = read(case, "private.raw", "plaintext", "ciphertext.c1c3c2")
        require(SM2(sk=private).decrypt(ciphertext) == plaintext, "another plaintext")

    @driver.makes("ciphertext")
    def encrypt(task, out):
        public, plaintext = read(task, "public.raw", "plaintext")
        (out / "ciphertext.c1c3c2").write_bytes(SM2(pk=public).encrypt(plaintext))

    def exchange(case, role, *place):
        """The peer's key, and what our side printed last."""
        private, dist_id, their_id, theirs = read(
            case, "private.raw", "id", "our-id", "our-public.raw"
        )
        peer = SM2(sk=private, uid=dist_id)
        ours = OurSide(case, role, *place)
        secret, point = peer.begin_key_exchange()
        received = ours.hear()
        ours.say(point)
        ours.hear()  # A confirmation, for which this peer has nothing.
        ours.say(b"")
        length = int((case / "length").read_text())
        first = role == "initiator"
        key = peer.end_key_exchange(secret, received, theirs, first, length, their_id)
        return key, ours.end()

    @driver.takes("key-exchange")
    def respond(case):
        key, ours = exchange(case, "initiator")
        require(key == ours, "different keys")

    @driver.makes("key-exchange")
    def initiate(task, out):
        key, _ = exchange(task, "responder", out / "our-key")
        (out / "key").write_bytes(key)

    return driver


def tongsuopy():
    """tongsuopy, a binding of Tongsuo: keys in PEM and DER, and signatures without an identifier."""
    from tongsuopy.crypto import hashes, serialization
    from tongsuopy.crypto.asymciphers import ec

    driver = Driver(importlib.metadata.version("tongsuopy"))
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    forms = serialization.PrivateFormat
    algorithm = ec.ECDSA(hashes.SM3())

    def private_key(case, name="private.pem", password=None):
        return serialization.load_pem_private_key((case / name).read_bytes(), password)

    def default_only(case):
        if (case / "id").read_bytes() != b"1234567812345678":
            raise NotOffered("an identifier of one's own")

    @driver.takes("signature")
    def verify(case):
        public, message, signature = read(case, "public.pem", "message", "signature.der")
        default_only(case)
        serialization.load_pem_public_key(public).verify(signature, message, algorithm)

    @driver.makes("signature")
    def sign(task, out):
        default_only(task)
        key, (message,) = private_key(task), read(task, "message")
        (out / "signature.der").write_bytes(until_wanted(task, lambda: key.sign(message, algorithm)))

    def check(case, key):
        d, public = read(case, "private.raw", "public.raw")
        numbers = key.private_numbers()
        require(numbers.private_value == int.from_bytes(d, "big"), "another key")
        require(numbers.public_numbers.x == int.from_bytes(public[1:33], "big"), "another point")

    @driver.takes("pkcs8")
    def read_private(case):
        check(case, private_key(case, "key.pem"))
        check(case, serialization.load_der_private_key((case / "key.der").read_bytes(), None))

    driver.takes("sec1")(read_private)

    @driver.takes("encrypted-key")
    def read_encrypted(case):
        check(case, private_key(case, "key.pem", (case / "password").read_bytes()))

    @driver.takes("spki")
    def read_public(case):
        raw, text, binary = read(case, "public.raw", "key.pem", "key.der")
        for key in (
            serialization.load_pem_public_key(text),
            serialization.load_der_public_key(binary),
        ):
            require(key.public_numbers().x == int.from_bytes(raw[1:33], "big"), "another key")

    def write(task, out, form):
        key = private_key(task)
        for name, encoding in (("key.pem", pem), ("key.der", der)):
            made = key.private_bytes(encoding, form, serialization.NoEncryption())
            (out / name).write_bytes(made)

    driver.makes("pkcs8")(lambda task, out: write(task, out, forms.PKCS8))
    driver.makes("sec1")(lambda task, out: write(task, out, forms.TraditionalOpenSSL))

    @driver.makes("encrypted-key")
    def write_encrypted(task, out):
        if not task.name.startswith("aes-256-cbc-hmac-sha256"):
            raise NotOffered("a choice of algorithms")
        protection = serialization.BestAvailableEncryption((task / "password").read_bytes())
        (out / "key.pem").write_bytes(private_key(task).private_bytes(pem, forms.PKCS8, protection))

    @driver.makes("spki")
    def write_public(task, out):
        key = private_key(task).public_key()
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        (out / "key.pem").write_bytes(key.public_bytes(pem, form))
        (out / "key.der").write_bytes(key.public_bytes(der, form))

    return driver


PEERS = {"gmssl-pyx": gmssl_pyx, "gmalglib": gmalglib, "tongsuopy": tongsuopy}

if __name__ == "__main__":
    PEERS[sys.argv[1]]().run(*sys.argv[2:])
