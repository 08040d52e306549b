// OpenSSL 3 and 4, through EVP. A mode that the version has not gives no row.
#include "row.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

static unsigned char data[SIZE_MAX_BYTES + 16], iv[16], tag[16];

// GCM, CCM and XTS begin each message with its IV, the others go on with their stream.
enum kind { STREAM, GCM, CCM, XTS };

static void seal(EVP_CIPHER_CTX *context, enum kind kind, int size) {
    int length;
    if (kind == CCM) {
        must(EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) == 1, "IV");
        must(EVP_EncryptUpdate(context, NULL, &length, NULL, size) == 1, "length");
    } else if (kind != STREAM) {
        must(EVP_EncryptInit_ex2(context, NULL, NULL, iv, NULL) == 1, "IV");
    }
    must(EVP_CipherUpdate(context, data, &length, data, size) == 1, "update");
    if (kind == GCM || kind == CCM) {
        must(EVP_EncryptFinal_ex(context, data + size, &length) == 1, "final");
        must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1, "tag");
    }
}

static void cipher(const char *op, const char *name, enum kind kind, int encrypts) {
    if (!is_wanted(op)) {
        return;
    }
    EVP_CIPHER *mode = EVP_CIPHER_fetch(NULL, name, NULL);
    if (mode == NULL) {
        return;
    }
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const unsigned char keys[33] = "0123456789abcdeffedcba9876543210"; // XTS takes two
    must(EVP_CipherInit_ex2(context, mode, NULL, NULL, encrypts, NULL) == 1, "init");
    if (kind == CCM) {
        must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) == 1, "IV length");
        must(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, NULL) == 1, "tag length");
    }
    if (kind == XTS) {
        char standard[] = "IEEE"; // as every other peer
        OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_utf8_string("xts_standard", standard, 0), OSSL_PARAM_construct_end()};
        must(EVP_CIPHER_CTX_set_params(context, parameters) == 1, "XTS standard");
    }
    must(EVP_CipherInit_ex2(context, NULL, keys, iv, encrypts, NULL) == 1, "key");
    EVP_CIPHER_CTX_set_padding(context, 0);
    for (int i = 0; i < SIZE_COUNT; i++) {
        ROW(op, SIZES[i], seal(context, kind, SIZES[i]));
    }
    EVP_CIPHER_CTX_free(context);
    EVP_CIPHER_free(mode);
}

static void sm3(void) {
    EVP_MD *hash = EVP_MD_fetch(NULL, "SM3", NULL);
    must(hash != NULL, "SM3");
    unsigned char digest[32];
    for (int i = 0; is_wanted("sm3") && i < SIZE_COUNT; i++) {
        size_t size = (size_t)SIZES[i];
        ROW("sm3", size, must(EVP_Digest(data, size, digest, NULL, hash, NULL) == 1, "SM3"));
    }
    EVP_MD_free(hash);
}

static EVP_PKEY *new_key(void) {
    static EVP_PKEY_CTX *context;
    EVP_PKEY *key = NULL;
    if (context == NULL) {
        context = EVP_PKEY_CTX_new_from_name(NULL, "SM2", NULL);
        must(context != NULL && EVP_PKEY_keygen_init(context) == 1, "SM2");
    }
    must(EVP_PKEY_generate(context, &key) == 1, "key generation");
    return key;
}

// A context that has hashed Z, and is to sign or verify the message.
static EVP_MD_CTX *begin(EVP_PKEY *key, EVP_PKEY_CTX **of_key, int signs) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *of_key = EVP_PKEY_CTX_new(key, NULL);
    must(EVP_PKEY_CTX_set1_id(*of_key, ID, 16) == 1, "ID");
    EVP_MD_CTX_set_pkey_ctx(context, *of_key);
    int good = signs ? EVP_DigestSignInit(context, NULL, EVP_sm3(), NULL, key)
                     : EVP_DigestVerifyInit(context, NULL, EVP_sm3(), NULL, key);
    must(good == 1, "signature init");
    return context;
}

static size_t sign(EVP_PKEY *key, unsigned char signature[80]) {
    EVP_PKEY_CTX *of_key;
    EVP_MD_CTX *context = begin(key, &of_key, 1);
    size_t length = 80;
    must(EVP_DigestSign(context, signature, &length, (const unsigned char *)MESSAGE, 32) == 1, "sign");
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(of_key);
    return length;
}

static void verify(EVP_PKEY *key, const unsigned char *signature, size_t length) {
    EVP_PKEY_CTX *of_key;
    EVP_MD_CTX *context = begin(key, &of_key, 0);
    must(EVP_DigestVerify(context, signature, length, (const unsigned char *)MESSAGE, 32) == 1, "verify");
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(of_key);
}

static void sm2(void) {
    EVP_PKEY *key = new_key();
    unsigned char signature[80], digest_signature[80], ciphertext[256], plaintext[256];
    const unsigned char *message = (const unsigned char *)MESSAGE;
    size_t length = sign(key, signature), sealed = sizeof ciphertext, opened, size;
    if (is_wanted("sm2-sign")) {
        ROW("sm2-sign", 0, sign(key, digest_signature));
    }
    if (is_wanted("sm2-verify")) {
        ROW("sm2-verify", 0, verify(key, signature, length));
    }
    if (is_wanted("sm2-keygen")) {
        ROW("sm2-keygen", 0, EVP_PKEY_free(new_key()));
    }
    EVP_PKEY_CTX *digest = EVP_PKEY_CTX_new(key, NULL), *encrypt = EVP_PKEY_CTX_new(key, NULL),
                 *decrypt = EVP_PKEY_CTX_new(key, NULL);
    must(EVP_PKEY_sign_init(digest) == 1 && EVP_PKEY_encrypt_init(encrypt) == 1, "init");
    must(EVP_PKEY_decrypt_init(decrypt) == 1, "init");
    if (is_wanted("sm2-sign-digest")) {
        ROW("sm2-sign-digest", 0,
            (size = 80, must(EVP_PKEY_sign(digest, digest_signature, &size, message, 32) == 1, "sign")));
    }
    must(EVP_PKEY_encrypt(encrypt, ciphertext, &sealed, message, 32) == 1, "encrypt");
    if (is_wanted("sm2-encrypt")) {
        ROW("sm2-encrypt", 0,
            (size = 256, must(EVP_PKEY_encrypt(encrypt, plaintext, &size, message, 32) == 1, "encrypt")));
    }
    if (is_wanted("sm2-decrypt")) {
        ROW("sm2-decrypt", 0,
            (opened = 256,
             must(EVP_PKEY_decrypt(decrypt, plaintext, &opened, ciphertext, sealed) == 1, "decrypt")));
    }
    EVP_PKEY_CTX_free(digest);
    EVP_PKEY_CTX_free(encrypt);
    EVP_PKEY_CTX_free(decrypt);
    EVP_PKEY_free(key);
}

int main(int count, char **arguments) {
    static char name[64];
    snprintf(name, sizeof name, "OpenSSL %s", OpenSSL_version(OPENSSL_VERSION_STRING));
    implementation = name;
    read_arguments(count, arguments);
    cipher("sm4-ecb", "SM4-ECB", STREAM, 1);
    cipher("sm4-cbc-encrypt", "SM4-CBC", STREAM, 1);
    cipher("sm4-cbc-decrypt", "SM4-CBC", STREAM, 0);
    cipher("sm4-ctr", "SM4-CTR", STREAM, 1);
    cipher("sm4-gcm", "SM4-GCM", GCM, 1);
    cipher("sm4-ccm", "SM4-CCM", CCM, 1);
    cipher("sm4-xts", "SM4-XTS", XTS, 1);
    sm3();
    sm2();
    return 0;
}
