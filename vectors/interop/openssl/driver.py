"""The command line of OpenSSL: `driver.py OPENSSL OURS TASKS OUT`."""

import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
from protocol import Driver, NotOffered, require, until_wanted  # noqa: E402

OPENSSL = sys.argv[1]
DEFAULT_ID = "distid:1234567812345678"
CONFIGURATION = """
[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[ca]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
keyUsage = critical,digitalSignature,nonRepudiation
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[authority]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sm3
default_crl_days = 7
[stamps]
serial = {folder}/serial
signer_digest = sm3
digests = sm3
default_policy = 1.2.3.4.1
ess_cert_id_alg = sha256
"""


# A row of the index of an authority, without the number.
REVOKED = "R\t491231235959Z\t260101000000Z,keyCompromise"


def openssl(*arguments):
    """Runs the command; what it prints on standard output."""
    done = subprocess.run([OPENSSL, *map(str, arguments)], capture_output=True, check=False)
    if done.returncode != 0:
        lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
        # Lines of the error queue: thread, code, library, function, reason, place.
        reasons = [":".join(line.split(":")[3:6]) for line in lines if ":error:" in line]
        raise ValueError("; ".join(reasons or lines)[:200])
    return done.stdout


def openssl_with_errors(*arguments):
    """Runs the command; what it prints, on standard error too."""
    done = subprocess.run([OPENSSL, *map(str, arguments)], capture_output=True, check=False)
    require(done.returncode == 0, (done.stdout + done.stderr).decode(errors="replace").strip())
    return (done.stdout + done.stderr).decode(errors="replace").strip()


driver = Driver(openssl("version").decode().split()[1])


def identifier(case):
    """The option for the identifier of a case; text where hexadecimal could not be empty."""
    dist_id = (case / "id").read_bytes()
    return f"hexdistid:{dist_id.hex()}" if dist_id else "distid:"


@driver.takes("signature")
def verify(case):
    openssl(
        *("pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-pkeyopt", identifier(case)),
        *("-pubin", "-inkey", case / "public.pem", "-sigfile", case / "signature.der"),
        *("-in", case / "message"),
    )


@driver.makes("signature")
def sign(task, out):
    command = (
        *("pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-pkeyopt", identifier(task)),
        *("-inkey", task / "private.pem", "-in", task / "message"),
    )
    (out / "signature.der").write_bytes(until_wanted(task, lambda: openssl(*command)))


@driver.takes("ciphertext")
def decrypt(case):
    command = ("pkeyutl", "-decrypt", "-inkey", case / "private.pem")
    plaintext = openssl(*command, "-in", case / "ciphertext.der")
    require(plaintext == (case / "plaintext").read_bytes(), "another plaintext")


@driver.makes("ciphertext")
def encrypt(task, out):
    openssl(
        *("pkeyutl", "-encrypt", "-pubin", "-inkey", task / "public.pem"),
        *("-in", task / "plaintext", "-out", out / "ciphertext.der"),
    )


def check_private(case, *options):
    """Whether the key in the files is that of the case; SEC1 holds d as its first OCTET STRING."""
    for name in ("key.pem", "key.der"):
        if (case / name).exists():
            sec1 = openssl("ec", "-in", case / name, "-outform", "DER", *options)
            require(sec1[5:39] == b"\x04\x20" + (case / "private.raw").read_bytes(), "another key")
            require((case / "public.raw").read_bytes() in sec1, "another point")


driver.takes("pkcs8")(check_private)
driver.takes("sec1")(check_private)
driver.takes("encrypted-key")(lambda case: check_private(case, "-passin", f"file:{case}/password"))


@driver.takes("spki")
def check_public(case):
    for name in ("key.pem", "key.der"):
        spki = openssl("pkey", "-pubin", "-in", case / name, "-pubout", "-outform", "DER")
        require(spki.endswith((case / "public.raw").read_bytes()), "another key")


def convert(task, out, *command):
    """Writes the key of a task in both encodings."""
    for name, form in (("key.pem", "PEM"), ("key.der", "DER")):
        openssl(*command, "-outform", form, "-in", task / "private.pem", "-out", out / name)


driver.makes("pkcs8")(lambda task, out: convert(task, out, "pkcs8", "-topk8", "-nocrypt"))
driver.makes("sec1")(lambda task, out: convert(task, out, "ec"))
driver.makes("spki")(lambda task, out: convert(task, out, "pkey", "-pubout"))


@driver.makes("encrypted-key")
def encrypt_key(task, out):
    *cipher, derivation, _, _ = task.name.replace("-hmac-", "-").split("-")
    functions = {"sm3": "hmacWithSM3", "sha256": "hmacWithSHA256", "sha1": "hmacWithSHA1"}
    function = ("-scrypt",) if derivation == "scrypt" else ("-v2prf", functions[derivation])
    password = ("-passout", f"file:{task}/password")
    convert(task, out, "pkcs8", "-topk8", "-v2", "-".join(cipher), *function, *password)


@driver.takes("certificate")
def verify_certificate(case):
    between = ("-untrusted", case / "ca.pem") if (case / "ca.pem").exists() else ()
    trusted = ("-CAfile", case / "root.pem", "-no-CApath", "-no-CAstore")
    openssl("verify", *trusted, *between, "-vfyopt", DEFAULT_ID, case / "leaf.pem")


def issue(out, name, key, issuer=None):
    """A certificate `out/name.pem` for `key`, by itself or by (name, key)."""
    settings = out / "settings"
    settings.write_text(CONFIGURATION.format(folder=out))
    subject = ("-utf8", "-subj", f"/C=CN/O=互通 OpenSSL/CN={name} {out.name}")
    request = ("req", "-new", "-sm3", "-sigopt", DEFAULT_ID, "-config", settings, "-key", key)
    made = ("-out", out / f"{name}.pem")
    if issuer is None:
        openssl(*request, *subject, "-x509", "-days", 30, "-extensions", name, *made)
        return
    openssl(*request, *subject, "-out", out / f"{name}.csr")
    openssl(
        *("x509", "-req", "-sm3", "-sigopt", DEFAULT_ID, "-vfyopt", DEFAULT_ID),
        *("-in", out / f"{name}.csr", "-days", 30, "-CA", out / f"{issuer[0]}.pem"),
        *("-CAkey", issuer[1], "-CAcreateserial", "-extfile", settings, "-extensions", name, *made),
    )


def new_key(out, name):
    """A new key in `out/name.key`."""
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", out / name)
    return out / name


@driver.makes("certificate")
def issue_chain(task, out):
    root = new_key(out, "root.key")
    issue(out, "root", root)
    if task.name == "authority-in-between":
        middle = new_key(out, "ca.key")
        issue(out, "ca", middle, ("root", root))
        issue(out, "leaf", task / "private.pem", ("ca", middle))
    else:
        issue(out, "leaf", task / "private.pem", ("root", root))


@driver.takes("csr")
def check_request(case):
    for name, form in (("request.pem", "PEM"), ("request.der", "DER")):
        read = ("req", "-in", case / name, "-inform", form, "-noout")
        command = [OPENSSL, *read, "-verify", "-vfyopt", DEFAULT_ID]
        done = subprocess.run(command, capture_output=True, check=True)
        # Version 3 ends with 0 whatever it found.
        require(b"verify OK" in done.stdout + done.stderr, "refused")
        key = openssl(*read, "-pubkey")
        require(key == (case / "public.pem").read_bytes(), "another key")


@driver.makes("csr")
def make_request(task, out):
    settings = out / "settings"
    settings.write_text(CONFIGURATION.format(folder=out))
    for name, form in (("request.pem", "PEM"), ("request.der", "DER")):
        openssl(
            *("req", "-new", "-sm3", "-sigopt", DEFAULT_ID, "-config", settings, "-utf8"),
            *("-key", task / "private.pem", "-subj", "/C=CN/O=互通 OpenSSL/CN=请求"),
            *("-outform", form, "-out", out / name),
        )


@driver.takes("crl")
def check_list(case):
    command = ("crl", "-in", case / "list.pem", "-CAfile", case / "ca.pem", "-noout", "-text")
    done = subprocess.run([OPENSSL, *command], capture_output=True, check=True)
    # The command ends with 0 whatever it found.
    require(b"verify OK" in done.stderr, done.stderr.decode().strip())
    listed = [line.split(b":")[1] for line in done.stdout.splitlines() if b"Serial Number:" in line]
    listed = {int(serial, 16) for serial in listed}
    numbers = {int(line, 16) for line in (case / "revoked").read_text().split()}
    require(listed == numbers, "other serial numbers")


@driver.makes("crl")
def make_list(task, out):
    issue(out, "root", task / "private.pem")
    (out / "root.pem").rename(out / "ca.pem")
    rows = ""
    for serial in (task / "revoked").read_text().split():
        rows += f"{REVOKED}\t{serial.upper()}\tunknown\t/CN=x\n"
    (out / "index.txt").write_text(rows)
    (out / "crlnumber").write_text("01\n")
    openssl(
        *("ca", "-gencrl", "-config", out / "settings", "-name", "authority", "-sigopt", DEFAULT_ID),
        *("-cert", out / "ca.pem", "-keyfile", task / "private.pem", "-out", out / "list.pem"),
    )


@driver.takes("ocsp-request")
def check_ocsp_request(case):
    shown = openssl("ocsp", "-reqin", case / "request.der", "-req_text").decode()
    serial = f"Serial Number: {(case / 'serial').read_text().upper()}"
    require(serial in shown, "another serial number")
    require(("OCSP Nonce" in shown) == (case.name != "without-nonce"), "the nonce")


@driver.makes("ocsp-request")
def make_ocsp_request(task, out):
    question = ("-issuer", task / "ca.pem", f"-{task.name}", "-cert", task / "leaf.pem")
    openssl("ocsp", *question, "-nonce", "-reqout", out / "request.der")


@driver.takes("ocsp-response")
def check_ocsp_response(case):
    shown = openssl_with_errors(
        *("ocsp", "-reqin", case / "request.der", "-respin", case / "response.der", "-resp_text"),
        *("-CAfile", case / "root.pem", "-no-CApath", "-no-CAstore", "-verify_other", case / "ca.pem"),
    )
    require("Response verify OK" in shown, shown[-200:])
    # That it does not repeat the nonce is only warned of.
    require("WARNING" not in shown and "Nonce Verify error" not in shown, shown[-200:])
    require(f"Serial Number: {(case / 'serial').read_text().upper()}" in shown, "another number")
    require(f"Cert Status: {(case / 'status').read_text()}" in shown, "another status")


@driver.makes("ocsp-response")
def make_ocsp_response(task, out):
    serial = (task / "serial").read_text().upper()
    state = "V\t491231235959Z\t" if (task / "status").read_text() == "good" else REVOKED
    (out / "index.txt").write_text(f"{state}\t{serial}\tunknown\t/CN=x\n")
    openssl(
        *("ocsp", "-index", out / "index.txt", "-CA", task / "ca.pem", "-rsigner", task / "ca.pem"),
        *("-rkey", task / "private.pem", "-rmd", "sm3", "-rsigopt", DEFAULT_ID, "-ndays", 1),
        *("-reqin", task / "request.der", "-respout", out / "response.der"),
    )


@driver.takes("time-stamp-request")
def check_stamp_request(case):
    shown = openssl("ts", "-query", "-in", case / "request.der", "-text").decode().lower()
    require("hash algorithm: sm3" in shown, "another hash function")
    digest = openssl("dgst", "-sm3", "-binary", case / "data").hex()
    rows = [line[11:60].replace("-", " ").split() for line in shown.splitlines() if " - " in line]
    require("".join(sum(rows, [])) == digest, "another imprint")
    bare = case.name == "without-nonce-and-certificate"
    require(("nonce: unspecified" in shown) == bare, "the nonce")
    require(("certificate required: no" in shown) == bare, "the certificate")


@driver.makes("time-stamp-request")
def make_stamp_request(task, out):
    openssl("ts", "-query", "-data", task / "data", "-sm3", "-cert", "-out", out / "request.der")


@driver.takes("time-stamp-response")
def check_stamp(case):
    command = ("ts", "-verify", "-queryfile", case / "request.der", "-in", case / "response.der")
    openssl(*command, "-CAfile", case / "root.pem", "-untrusted", case / "ca.pem")


@driver.makes("time-stamp-response")
def make_stamp(task, out):
    settings = out / "settings"
    settings.write_text(CONFIGURATION.format(folder=out))
    (out / "serial").write_text("01\n")
    openssl(
        *("ts", "-reply", "-queryfile", task / "request.der", "-config", settings, "-section", "stamps"),
        *("-signer", task / "authority.pem", "-inkey", task / "private.pem", "-chain", task / "ca.pem"),
        *("-out", out / "response.der"),
    )


@driver.takes("cms-signed")
def verify_signed(case):
    content = () if "attached" in case.name else ("-content", case / "content")
    with tempfile.NamedTemporaryFile() as found:
        openssl(
            *("cms", "-verify", "-binary", "-inform", "DER", "-in", case / "signed.der", *content),
            *("-CAfile", case / "root.pem", "-certfile", case / "ca.pem", "-purpose", "any"),
            *("-out", found.name),
        )
        content = pathlib.Path(found.name).read_bytes()
        require(content == (case / "content").read_bytes(), "another content")


@driver.makes("cms-signed")
def sign_content(task, out):
    family, place, attributes = task.name.split("-")
    if family == "gm":
        raise NotOffered("the object identifiers of GB/T 35275")
    options = ["-nodetach"] * (place == "attached") + ["-noattr"] * (attributes == "plain")
    openssl(
        *("cms", "-sign", "-binary", "-md", "sm3", "-outform", "DER", "-in", task / "content"),
        *("-signer", task / "signer.pem", "-inkey", task / "private.pem", *options),
        *("-out", out / "signed.der"),
    )


@driver.takes("cms-enveloped")
def open_enveloped(case):
    command = ("cms", "-decrypt", "-binary", "-inform", "DER", "-in", case / "enveloped.der")
    content = openssl(*command, "-recip", case / "recipient.pem", "-inkey", case / "private.pem")
    require(content == (case / "content").read_bytes(), "another content")


@driver.makes("cms-enveloped")
def envelop(task, out):
    family, cipher = task.name.split("-", 1)
    if family == "gm":
        raise NotOffered("the object identifiers of GB/T 35275")
    openssl(
        *("cms", "-encrypt", "-binary", f"-{cipher}", "-outform", "DER", "-in", task / "content"),
        *("-out", out / "enveloped.der", task / "recipient.pem"),
    )


@driver.takes("cms-encrypted")
def open_encrypted(case):
    command = ("cms", "-EncryptedData_decrypt", "-binary", "-inform", "DER")
    key = (case / "key").read_bytes().hex()
    content = openssl(*command, "-in", case / "encrypted.der", "-secretkey", key)
    require(content == (case / "content").read_bytes(), "another content")


@driver.makes("cms-encrypted")
def encrypt_content(task, out):
    if task.name.startswith("gm-"):
        raise NotOffered("the object identifiers of GB/T 35275")
    openssl(
        *("cms", "-EncryptedData_encrypt", "-binary", "-sm4-cbc", "-outform", "DER"),
        *("-secretkey", (task / "key").read_bytes().hex()),
        *("-in", task / "content", "-out", out / "encrypted.der"),
    )


@driver.takes("pkcs12")
def open_store(case):
    command = ("pkcs12", "-in", case / "store.p12", "-passin", f"file:{case}/password", "-nodes")
    with tempfile.TemporaryDirectory() as folder:
        key, certificate = pathlib.Path(folder, "key"), pathlib.Path(folder, "certificate")
        openssl(*command, "-nocerts", "-out", key)
        openssl(*command, "-nokeys", "-out", certificate)
        sec1 = openssl("ec", "-in", key, "-outform", "DER")
        require((case / "private.raw").read_bytes() in sec1, "another key")
        der = openssl("x509", "-in", certificate, "-outform", "DER")
        require(der == (case / "certificate.der").read_bytes(), "another certificate")


@driver.makes("pkcs12")
def make_store(task, out):
    cipher, mac = task.name.split("-")[:2]
    cipher = {"sm4": "sm4-cbc", "aes256": "aes-256-cbc", "default": None}[cipher]
    options = ("-keypbe", cipher, "-certpbe", cipher, "-macalg", mac) if cipher else ()
    if "-pbmac1-" in task.name:
        options += ("-pbmac1_pbkdf2", "-pbmac1_pbkdf2_md", mac)
    openssl(
        *("pkcs12", "-export", "-inkey", task / "private.pem", "-in", task / "certificate.pem"),
        *options,
        *("-passout", f"file:{task}/password", "-out", out / "store.p12"),
    )


driver.run(*sys.argv[2:])
