/* yinxin: SM2, SM3, and verification of sealed electronic licences, for C and C++.
 *
 * Made from the Rust sources; do not edit.
 *
 * Every function that can fail returns a yinxin_status and writes its out-parameters on success only.
 * A verification that finished and said no is a success: the answer is in the report.
 * Input is copied where it is needed after the call. What a function returns as `const char *` belongs
 * to the library or to the handle it was asked of; handles belong to the caller, who frees each once.
 * All texts are UTF-8.
 *
 * Threads: any function may be called from any thread. A handle passed as a pointer to const may be
 * used by several threads at once; one passed without const, only by one at a time. yinxin_last_error
 * is kept for each thread alone.
 */

#ifndef YINXIN_H
#define YINXIN_H

#include <stddef.h>
#include <stdint.h>

// The errors of the library, as yinxin_status_text tells them.
#define YINXIN_BAD_BASE64 102 // the text is not valid base64
#define YINXIN_BAD_DER 103 // the DER is malformed
#define YINXIN_BAD_PEM 104 // the PEM text is malformed or of another kind
#define YINXIN_BAD_TIME 105 // the time is malformed or out of range
#define YINXIN_BAD_UTF8 106 // the text is not valid UTF-8
#define YINXIN_LIMIT_REACHED 107 // the input needs more than a limit allows
#define YINXIN_NO_RANDOMNESS 108 // the operating system gave no random bytes
#define YINXIN_BAD_ARGUMENT 109 // an argument is out of its range
#define YINXIN_SELF_TEST_FAILED 110 // a self-test failed: no algorithm serves until the process starts anew
#define YINXIN_FAULT_DETECTED 111 // the signature just made does not verify: the computation went wrong
#define YINXIN_BAD_SIGNATURE 201 // the signature does not verify
#define YINXIN_BAD_SIGNATURE_ENCODING 202 // the signature is not encoded as its form demands
#define YINXIN_BAD_PUBLIC_KEY 203 // the bytes are not a point of the SM2 curve
#define YINXIN_BAD_PRIVATE_KEY 204 // the private key is out of range
#define YINXIN_BAD_CIPHERTEXT 205 // the ciphertext does not decrypt
#define YINXIN_BAD_LENGTH 206 // the length is not one that the algorithm takes
#define YINXIN_BAD_PADDING 207 // the padding is wrong
#define YINXIN_BAD_DIST_ID 208 // the distinguishing identifier is longer than 8191 bytes
#define YINXIN_BAD_MAC 209 // the message authentication code is wrong
#define YINXIN_BAD_CERTIFICATE 301 // the certificate is malformed
#define YINXIN_BAD_CRL 302 // the certificate revocation list is malformed
#define YINXIN_BAD_KEY 303 // the key file is malformed
#define YINXIN_WRONG_PASSWORD 304 // the password is wrong or the encrypted key is damaged
#define YINXIN_PASSWORD_NEEDED 305 // the key is encrypted and no password was given
#define YINXIN_UNSUPPORTED_ALGORITHM 306 // the algorithm is not supported here
#define YINXIN_KEY_MISMATCH 307 // the private key does not belong to the public key or certificate
#define YINXIN_BAD_CMS 308 // the signed or enveloped data is malformed
#define YINXIN_UNKNOWN_FORM 309 // the bytes are in no form of a key that is known here
#define YINXIN_WRONG_KEY_KIND 310 // the bytes hold another kind of object than was asked for
#define YINXIN_SIGNING_KEY_NEEDED 311 // the key is enveloped for a signing key, which was not given
#define YINXIN_LEGACY_ENCRYPTION 312 // it is encrypted in a broken way (DES, RC2, Triple DES of PKCS#12): opened only where legacy encryption is allowed
#define YINXIN_BAD_PKCS12 313 // the PKCS#12 file is malformed
#define YINXIN_BAD_CSR 314 // the certification request is malformed
#define YINXIN_BAD_OCSP 315 // the OCSP request or response is malformed
#define YINXIN_BAD_BUNDLE 317 // the bundle of trust anchors is malformed
#define YINXIN_NO_RECIPIENT 320 // the enveloped data is not for this certificate or key
#define YINXIN_NOT_OPENED 321 // the content does not open: another key, or it was changed
#define YINXIN_LENGTH_MISMATCH 322 // the data is not as long as was said beforehand
#define YINXIN_STREAM_FAILED 323 // reading or writing the stream failed
#define YINXIN_DEVICE_FAILED 324 // the device that holds the key reported a failure
#define YINXIN_DEVICE_UNAVAILABLE 325 // no session with the device that holds the key could be had
#define YINXIN_DEVICE_TIMEOUT 326 // the device that holds the key did not answer in time
#define YINXIN_BAD_TIME_STAMP 327 // the time stamp, its request or its response is malformed
#define YINXIN_TIME_STAMP_REFUSED 328 // the time stamp authority refused the request
#define YINXIN_TIME_STAMP_MISMATCH 329 // the time stamp does not answer the request
#define YINXIN_BAD_ZIP 401 // the ZIP container is malformed or ambiguous
#define YINXIN_BAD_XML 402 // the XML is malformed
#define YINXIN_BAD_OFD 403 // the OFD structure is malformed
#define YINXIN_BAD_PATH 404 // the path is not allowed inside the package
#define YINXIN_ENTRY_MISSING 405 // a file that the package names is missing
#define YINXIN_DOCUMENT_LOCKED 406 // an earlier signature covers the signature list: nothing can be added
#define YINXIN_UNSUPPORTED_ZIP 407 // the ZIP container uses a feature that signed packages may not use
#define YINXIN_UNSUPPORTED_ENCODING 408 // the XML is not encoded in UTF-8
#define YINXIN_BAD_SEAL 501 // the electronic seal is malformed
#define YINXIN_BAD_SIGNED_VALUE 502 // the sealed signature is malformed
#define YINXIN_BAD_PICTURE 503 // the seal picture is malformed or of an unknown kind
#define YINXIN_NOT_IN_SEAL 504 // the signer's certificate is not in the seal's list
#define YINXIN_OUTSIDE_VALIDITY 505 // the time lies outside the validity period
#define YINXIN_BAD_IDENTIFIER 601 // the licence identifier is malformed
#define YINXIN_BAD_CHECK_CHARACTER 602 // the check character is wrong
#define YINXIN_BAD_CODE_NUMBER 603 // the code number is malformed
#define YINXIN_BAD_DATA 604 // the licence data is malformed or incomplete
#define YINXIN_BAD_TOKEN 701 // the token is malformed
#define YINXIN_BAD_JSON 702 // the JSON is malformed or has a name twice
#define YINXIN_BAD_CLAIM 703 // a claim is missing or not of the kind demanded


// The length of an SM3 digest.
#define YINXIN_SM3_DIGEST_LEN 32

// What a verification found. Immutable: threads may share it. All texts are its own, UTF-8, end
// with NUL, and are valid until it is freed.
typedef struct yinxin_report yinxin_report;

// An SM2 public key. Immutable: threads may share it.
typedef struct yinxin_sm2_public_key yinxin_sm2_public_key;

// Trust anchors, certificates, revocation lists and policy.
//
// It remembers seals and certificates that it verified, so one should serve many licences. Threads
// may verify with it at once; what changes it (the functions that take it without const) must have
// ended before.
typedef struct yinxin_verifier yinxin_verifier;

// What a call returned: YINXIN_OK or the number of an error. Numbers are stable and never reused.
typedef int32_t yinxin_status;

// The language of a text.
typedef int32_t yinxin_language;

// How an SM2 signature is written.
typedef int32_t yinxin_signature_form;

// Whether revocation lists are demanded.
typedef int32_t yinxin_revocation;

// The overall answer. No value but YINXIN_PASSED means that a licence is good.
typedef int32_t yinxin_indication;

// The call did its work.
#define YINXIN_OK 0

// A pointer that must not be NULL is NULL.
#define YINXIN_NULL_POINTER 901

// The library panicked, which is a bug in it. Nothing was written; handles can be freed, not used.
#define YINXIN_PANIC 902

// English.
#define YINXIN_ENGLISH 0

// 中文。
#define YINXIN_CHINESE 1

// DER SEQUENCE { r INTEGER, s INTEGER } (GM/T 0009-2012, 7.3): 8 to 72 bytes.
#define YINXIN_SIGNATURE_DER 0

// r and s, 32 bytes each, big-endian.
#define YINXIN_SIGNATURE_RAW 1

// Each certificate needs a fresh list; without one the answer is indeterminate. The default.
#define YINXIN_REVOCATION_REQUIRED 0

// Revocation is not looked at; the report shows it as skipped.
#define YINXIN_REVOCATION_NOT_CHECKED 1

// There is no report: the handle is NULL.
#define YINXIN_NO_INDICATION 0

// Every required check passed.
#define YINXIN_PASSED 1

// A required check failed.
#define YINXIN_FAILED 2

// No required check failed, but one could not be decided with what was given.
#define YINXIN_INDETERMINATE 3

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// The version of the library, such as "0.1.0". Static.
const char *yinxin_version(void);

// The stable name of a status, such as "BAD_DER". Static; NULL for a number that no version knows.
const char *yinxin_status_name(yinxin_status status);

// What a status means. Static, UTF-8; NULL for an unknown status or language.
const char *yinxin_status_text(yinxin_status status, yinxin_language language);

// What failed last on this thread, with the place (field, file inside the package, byte offset).
//
// UTF-8; NULL if nothing failed yet or the language is unknown. It is valid until the next failure
// on this thread, or its end; a call that succeeds leaves it alone.
const char *yinxin_last_error(yinxin_language language);

// Writes the SM3 digest (GB/T 32905-2016) of `msg` to the 32 bytes at `digest`.
//
// `msg` has `msg_len` bytes and may be NULL if that is 0. Returns YINXIN_OK or
// YINXIN_NULL_POINTER.
yinxin_status yinxin_sm3_hash(const uint8_t *msg, size_t msg_len, uint8_t *digest);

// Reads a public key: 04 and x and y (65 bytes), or 02 or 03 and x (33 bytes), big-endian.
//
// On success `*key` is a new key, to be freed with yinxin_sm2_public_key_free.
// YINXIN_BAD_PUBLIC_KEY if the bytes are anything else or no point of the curve.
yinxin_status yinxin_sm2_public_key_new(const uint8_t *sec1,
                                        size_t sec1_len,
                                        yinxin_sm2_public_key **key);

// Frees a public key. NULL is fine.
void yinxin_sm2_public_key_free(yinxin_sm2_public_key *key);

// Verifies an SM2 signature (GB/T 32918.2-2016, clause 7) over `msg`, the message itself.
//
// `id` is the signer's distinguishing identifier, almost always the 16 bytes "1234567812345678";
// with `id_len` 0 it is empty, which is another identifier and not the default. `form` says how
// the signature is written; it is never guessed. Variable time: all inputs are public.
//
// YINXIN_OK if the signature is valid, else YINXIN_BAD_SIGNATURE, YINXIN_BAD_SIGNATURE_ENCODING,
// YINXIN_BAD_DIST_ID, YINXIN_BAD_ARGUMENT (unknown form) or YINXIN_NULL_POINTER.
yinxin_status yinxin_sm2_verify(const yinxin_sm2_public_key *key,
                                const uint8_t *id,
                                size_t id_len,
                                const uint8_t *msg,
                                size_t msg_len,
                                const uint8_t *signature,
                                size_t signature_len,
                                yinxin_signature_form form);

// Makes a verifier that trusts the certificates in `roots_pem` (PEM, one or more).
//
// On success `*verifier` is to be freed with yinxin_verifier_free. Otherwise YINXIN_BAD_PEM,
// YINXIN_BAD_CERTIFICATE, YINXIN_LIMIT_REACHED or YINXIN_NULL_POINTER.
yinxin_status yinxin_verifier_new(const uint8_t *roots_pem,
                                  size_t roots_pem_len,
                                  yinxin_verifier **verifier);

// Frees a verifier. NULL is fine. Its reports stay valid.
void yinxin_verifier_free(yinxin_verifier *verifier);

// Adds certificates (PEM, one or more) that may help to build a path. They are not trusted by
// that.
yinxin_status yinxin_verifier_add_certificates(yinxin_verifier *verifier,
                                               const uint8_t *pem,
                                               size_t pem_len);

// Adds a revocation list, PEM or DER. Whether its signature and time are good is told by each
// report.
yinxin_status yinxin_verifier_add_crl(yinxin_verifier *verifier,
                                      const uint8_t *crl,
                                      size_t crl_len);

// Adds certificates (PEM, one or more) of signers whose signatures carry none inside.
yinxin_status yinxin_verifier_add_signer_certificates(yinxin_verifier *verifier,
                                                      const uint8_t *pem,
                                                      size_t pem_len);

// Says whether revocation lists are demanded.
yinxin_status yinxin_verifier_set_revocation(yinxin_verifier *verifier,
                                             yinxin_revocation revocation);

// Verifies a sealed licence, an OFD package of `ofd_len` bytes, as of `at_unix_s`: seconds since
// 1970-01-01T00:00:00Z, as a rule the time now.
//
// `file` is the name that the report carries: UTF-8 up to a NUL, or NULL for none. On success,
// which includes the answers "failed" and "indeterminate", `*report` is to be freed with
// yinxin_report_free. Otherwise the package cannot be read: YINXIN_BAD_ZIP, YINXIN_BAD_XML,
// YINXIN_BAD_OFD, YINXIN_BAD_PATH or YINXIN_LIMIT_REACHED; or an argument is wrong:
// YINXIN_BAD_TIME, YINXIN_BAD_UTF8 or YINXIN_NULL_POINTER.
yinxin_status yinxin_verifier_verify(const yinxin_verifier *verifier,
                                     const uint8_t *ofd,
                                     size_t ofd_len,
                                     const char *file,
                                     int64_t at_unix_s,
                                     yinxin_report **report);

// Frees a report. NULL is fine.
void yinxin_report_free(yinxin_report *report);

// The overall answer; YINXIN_NO_INDICATION if `report` is NULL.
yinxin_indication yinxin_report_indication(const yinxin_report *report);

// Why the answer is not YINXIN_PASSED, in the words of EN 319 102-1, such as "HASH_FAILURE"; NULL
// if it is, or if `report` is NULL.
const char *yinxin_report_sub_indication(const yinxin_report *report);

// Everything, as JSON with both languages. Writes its length in bytes, without the NUL, to `*len`
// unless `len` is NULL. NULL, and `*len` untouched, if `report` is NULL.
const char *yinxin_report_json(const yinxin_report *report, size_t *len);

// As plain text for a reader. Length and NULL as with yinxin_report_json; NULL also if the
// language is unknown.
const char *yinxin_report_text(const yinxin_report *report, yinxin_language language, size_t *len);

// As a whole HTML page without script or outside reference. Length and NULL as with
// yinxin_report_text.
const char *yinxin_report_html(const yinxin_report *report, yinxin_language language, size_t *len);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* YINXIN_H */
