// Every function of the C interface with good and with bad arguments. Exit status 0: all held.
//
// smoke TRUST.pem GOOD.ofd CHANGED.ofd CRL...: anchors, a licence that passes with the revocation lists,
// one of which a byte was changed after sealing, and the lists.

#include "yinxin.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHECK(condition)                                                                      \
    do {                                                                                      \
        if (!(condition)) {                                                                   \
            const char *last = yinxin_last_error(YINXIN_ENGLISH);                             \
            fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition,   \
                    last ? last : "none");                                                    \
            exit(1);                                                                          \
        }                                                                                     \
    } while (0)

#define TEXT(literal) (const uint8_t *)(literal), sizeof(literal) - 1

// GB/T 32918.5-2017, A.2: public key, and r and s over "message digest" with the default identifier.
static const char KEY[] =
    "04"
    "09f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13";
static const char SIGNATURE[] =
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa";
// GB/T 32905-2016, A.1: the digest of "abc".
static const char DIGEST[] = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0";

static size_t from_hex(const char *text, uint8_t *bytes) {
    size_t count = strlen(text) / 2;
    for (size_t i = 0; i < count; i++) {
        unsigned value;
        CHECK(sscanf(text + 2 * i, "%2x", &value) == 1);
        bytes[i] = (uint8_t)value;
    }
    return count;
}

static void errors(void) {
    CHECK(strlen(yinxin_version()) >= 5);
    CHECK(strcmp(yinxin_status_name(YINXIN_BAD_DER), "BAD_DER") == 0);
    CHECK(strcmp(yinxin_status_name(YINXIN_OK), "OK") == 0);
    CHECK(yinxin_status_name(12345) == NULL);
    CHECK(yinxin_status_text(YINXIN_PANIC, YINXIN_CHINESE) != NULL);
    CHECK(yinxin_status_text(YINXIN_PANIC, 7) == NULL);
    CHECK(yinxin_last_error(YINXIN_ENGLISH) == NULL);
}

static void sm3(void) {
    uint8_t expected[YINXIN_SM3_DIGEST_LEN], digest[YINXIN_SM3_DIGEST_LEN];
    CHECK(from_hex(DIGEST, expected) == sizeof expected);
    CHECK(yinxin_sm3_hash(TEXT("abc"), digest) == YINXIN_OK);
    CHECK(memcmp(digest, expected, sizeof digest) == 0);
    CHECK(yinxin_sm3_hash(NULL, 0, digest) == YINXIN_OK);
    CHECK(yinxin_sm3_hash(NULL, 1, digest) == YINXIN_NULL_POINTER);
    CHECK(strcmp(yinxin_last_error(YINXIN_ENGLISH), "a pointer is NULL (msg)") == 0);
    CHECK(yinxin_sm3_hash(TEXT("abc"), NULL) == YINXIN_NULL_POINTER);
}

// Two threads share one key.
static void *verify_many(void *key) {
    uint8_t signature[64];
    from_hex(SIGNATURE, signature);
    for (int i = 0; i < 4; i++) {
        CHECK(yinxin_sm2_verify(key, TEXT("1234567812345678"), TEXT("message digest"), signature,
                                sizeof signature, YINXIN_SIGNATURE_RAW) == YINXIN_OK);
    }
    return NULL;
}

static void sm2(void) {
    uint8_t sec1[65], raw[64], der[72] = {0x30, 70, 0x02, 33, 0};
    CHECK(from_hex(KEY, sec1) == sizeof sec1 && from_hex(SIGNATURE, raw) == sizeof raw);
    memcpy(der + 5, raw, 32);
    memcpy(der + 37, (uint8_t[]){0x02, 33, 0}, 3);
    memcpy(der + 40, raw + 32, 32);

    yinxin_sm2_public_key *key = NULL;
    CHECK(yinxin_sm2_public_key_new(sec1, 64, &key) == YINXIN_BAD_PUBLIC_KEY && key == NULL);
    CHECK(yinxin_sm2_public_key_new(sec1, sizeof sec1, NULL) == YINXIN_NULL_POINTER);
    CHECK(yinxin_sm2_public_key_new(sec1, sizeof sec1, &key) == YINXIN_OK && key != NULL);

#define VERIFY(id, message, signature, length, form) \
    yinxin_sm2_verify(key, TEXT(id), TEXT(message), signature, length, form)
    CHECK(VERIFY("1234567812345678", "message digest", raw, 64, YINXIN_SIGNATURE_RAW) == YINXIN_OK);
    CHECK(VERIFY("1234567812345678", "message digest", der, 72, YINXIN_SIGNATURE_DER) == YINXIN_OK);
    CHECK(VERIFY("", "message digest", raw, 64, YINXIN_SIGNATURE_RAW) == YINXIN_BAD_SIGNATURE);
    CHECK(VERIFY("1234567812345678", "message", raw, 64, YINXIN_SIGNATURE_RAW)
          == YINXIN_BAD_SIGNATURE);
    CHECK(VERIFY("1234567812345678", "message digest", raw, 63, YINXIN_SIGNATURE_RAW)
          == YINXIN_BAD_SIGNATURE_ENCODING);
    CHECK(VERIFY("1234567812345678", "message digest", raw, 64, YINXIN_SIGNATURE_DER)
          == YINXIN_BAD_SIGNATURE_ENCODING);
    CHECK(VERIFY("1234567812345678", "message digest", raw, 64, 2) == YINXIN_BAD_ARGUMENT);
    CHECK(yinxin_sm2_verify(NULL, NULL, 0, NULL, 0, raw, 64, YINXIN_SIGNATURE_RAW)
          == YINXIN_NULL_POINTER);

    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, verify_many, key) == 0);
    }
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
    yinxin_sm2_public_key_free(key);
    yinxin_sm2_public_key_free(NULL);
}

static void refusals(void) {
    static const char not_pem[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    yinxin_verifier *verifier = NULL;
    CHECK(yinxin_verifier_new(TEXT("no PEM"), &verifier) == YINXIN_BAD_PEM);
    CHECK(yinxin_verifier_new(TEXT(not_pem), &verifier) != YINXIN_OK && verifier == NULL);
    CHECK(yinxin_verifier_new(TEXT(not_pem), NULL) == YINXIN_NULL_POINTER);
    CHECK(yinxin_verifier_add_crl(NULL, TEXT("x")) == YINXIN_NULL_POINTER);
    CHECK(yinxin_verifier_add_certificates(NULL, TEXT("x")) == YINXIN_NULL_POINTER);
    CHECK(yinxin_verifier_add_signer_certificates(NULL, TEXT("x")) == YINXIN_NULL_POINTER);
    CHECK(yinxin_verifier_set_revocation(NULL, 0) == YINXIN_NULL_POINTER);
    yinxin_verifier_free(NULL);

    yinxin_report *report = NULL;
    size_t length = 7;
    CHECK(yinxin_verifier_verify(NULL, TEXT("x"), NULL, 0, &report) == YINXIN_NULL_POINTER);
    CHECK(report == NULL);
    CHECK(yinxin_report_indication(NULL) == YINXIN_NO_INDICATION);
    CHECK(yinxin_report_sub_indication(NULL) == NULL);
    CHECK(yinxin_report_json(NULL, &length) == NULL && length == 7);
    CHECK(yinxin_report_text(NULL, YINXIN_ENGLISH, NULL) == NULL);
    CHECK(yinxin_report_html(NULL, YINXIN_CHINESE, NULL) == NULL);
    yinxin_report_free(NULL);
}

typedef struct {
    uint8_t *bytes;
    size_t length;
} contents;

static contents read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
    contents read = {NULL, (size_t)ftell(file)};
    read.bytes = malloc(read.length);
    CHECK(read.bytes != NULL && fseek(file, 0, SEEK_SET) == 0);
    CHECK(fread(read.bytes, 1, read.length, file) == read.length);
    fclose(file);
    return read;
}

static yinxin_report *verify(const yinxin_verifier *verifier, contents licence) {
    yinxin_report *report = NULL;
    CHECK(yinxin_verifier_verify(verifier, licence.bytes, licence.length, "licence.ofd", time(NULL),
                                 &report) == YINXIN_OK);
    CHECK(report != NULL);
    return report;
}

// Each text is whole, ends with NUL, and stays where it is when it is asked for again.
static void texts(const yinxin_report *report) {
    size_t length = 0;
    const char *json = yinxin_report_json(report, &length);
    CHECK(json != NULL && strlen(json) == length && json[0] == '{' && json[length - 1] == '}');
    CHECK(strstr(json, "licence.ofd") != NULL);
    CHECK(yinxin_report_json(report, NULL) == json);
    const char *english = yinxin_report_text(report, YINXIN_ENGLISH, &length);
    CHECK(english != NULL && strlen(english) == length);
    const char *chinese = yinxin_report_text(report, YINXIN_CHINESE, NULL);
    CHECK(chinese != NULL && strcmp(english, chinese) != 0);
    CHECK(yinxin_report_text(report, 7, &length) == NULL);
    const char *page = yinxin_report_html(report, YINXIN_CHINESE, &length);
    CHECK(page != NULL && strlen(page) == length && strstr(page, "</html>") != NULL);
    CHECK(yinxin_report_html(report, -1, NULL) == NULL);
}

typedef struct {
    const yinxin_verifier *verifier;
    contents licence;
} task;

// Two threads share one verifier, and afterwards each its report with nobody.
static void *verify_in_thread(void *pointer) {
    const task *shared = pointer;
    yinxin_report *report = verify(shared->verifier, shared->licence);
    CHECK(yinxin_report_indication(report) == YINXIN_PASSED);
    texts(report);
    yinxin_report_free(report);
    return NULL;
}

static void licences(contents trust, contents good, contents changed, char **crls) {
    yinxin_verifier *verifier = NULL;
    CHECK(yinxin_verifier_new(trust.bytes, trust.length, &verifier) == YINXIN_OK);
    CHECK(yinxin_verifier_add_certificates(verifier, trust.bytes, trust.length) == YINXIN_OK);
    CHECK(yinxin_verifier_add_signer_certificates(verifier, trust.bytes, trust.length)
          == YINXIN_OK);
    CHECK(yinxin_verifier_add_crl(verifier, TEXT("no list")) != YINXIN_OK);

    // Without revocation lists the answer is open, unless nobody asks for them.
    yinxin_report *report = verify(verifier, good);
    CHECK(yinxin_report_indication(report) == YINXIN_INDETERMINATE);
    CHECK(strcmp(yinxin_report_sub_indication(report), "TRY_LATER") == 0);
    yinxin_report_free(report);
    CHECK(yinxin_verifier_set_revocation(verifier, 7) == YINXIN_BAD_ARGUMENT);
    CHECK(yinxin_verifier_set_revocation(verifier, YINXIN_REVOCATION_NOT_CHECKED) == YINXIN_OK);
    report = verify(verifier, good);
    CHECK(yinxin_report_indication(report) == YINXIN_PASSED);
    yinxin_report_free(report);

    CHECK(yinxin_verifier_set_revocation(verifier, YINXIN_REVOCATION_REQUIRED) == YINXIN_OK);
    for (; *crls != NULL; crls++) {
        contents crl = read_file(*crls);
        CHECK(yinxin_verifier_add_crl(verifier, crl.bytes, crl.length) == YINXIN_OK);
        free(crl.bytes);
    }
    task shared = {verifier, good};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_create(&threads[i], NULL, verify_in_thread, &shared) == 0);
    }
    for (int i = 0; i < 2; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }

    report = NULL;
    CHECK(yinxin_verifier_verify(verifier, TEXT("no package"), NULL, time(NULL), &report)
          == YINXIN_BAD_ZIP);
    CHECK(yinxin_verifier_verify(verifier, good.bytes, good.length, "\xff", 0, &report)
          == YINXIN_BAD_UTF8);
    CHECK(yinxin_verifier_verify(verifier, good.bytes, good.length, NULL, INT64_MAX, &report)
          == YINXIN_BAD_TIME);
    CHECK(yinxin_verifier_verify(verifier, good.bytes, good.length, NULL, 0, NULL)
          == YINXIN_NULL_POINTER);
    CHECK(report == NULL);

    // A report outlives its verifier.
    report = verify(verifier, changed);
    yinxin_verifier_free(verifier);
    CHECK(yinxin_report_indication(report) == YINXIN_FAILED);
    CHECK(strcmp(yinxin_report_sub_indication(report), "HASH_FAILURE") == 0);
    texts(report);
    yinxin_report_free(report);
}

int main(int count, char **arguments) {
    CHECK(count >= 5);
    errors();
    sm3();
    sm2();
    refusals();
    contents trust = read_file(arguments[1]);
    contents good = read_file(arguments[2]);
    contents changed = read_file(arguments[3]);
    licences(trust, good, changed, arguments + 4);
    free(trust.bytes);
    free(good.bytes);
    free(changed.bytes);
    puts("C interface: all held");
    return 0;
}
