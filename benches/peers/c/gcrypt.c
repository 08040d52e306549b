// libgcrypt. It knows no Z: its signatures and verifications are of a digest.
#include "row.h"

#include <gcrypt.h>
#include <stdint.h>

static unsigned char data[SIZE_MAX_BYTES], iv[16], tag[16];

static void good(gcry_error_t error) {
    must(error == 0, gcry_strerror(error));
}

// GCM, CCM and XTS begin each message with its IV, the others go on with their stream.
static void seal(gcry_cipher_hd_t cipher, int mode, size_t size) {
    if (mode == GCRY_CIPHER_MODE_GCM || mode == GCRY_CIPHER_MODE_CCM) {
        good(gcry_cipher_setiv(cipher, iv, 12));
    } else if (mode == GCRY_CIPHER_MODE_XTS) {
        good(gcry_cipher_setiv(cipher, iv, 16));
    }
    if (mode == GCRY_CIPHER_MODE_CCM) {
        uint64_t lengths[3] = {size, 0, 16};
        good(gcry_cipher_ctl(cipher, GCRYCTL_SET_CCM_LENGTHS, lengths, sizeof lengths));
    }
    good(gcry_cipher_encrypt(cipher, data, size, NULL, 0));
    if (mode == GCRY_CIPHER_MODE_GCM || mode == GCRY_CIPHER_MODE_CCM) {
        good(gcry_cipher_gettag(cipher, tag, 16));
    }
}

static void sm4(const char *op, int mode) {
    gcry_cipher_hd_t cipher;
    const char keys[33] = "0123456789abcdeffedcba9876543210"; // XTS takes two
    if (!is_wanted(op)) {
        return;
    }
    good(gcry_cipher_open(&cipher, GCRY_CIPHER_SM4, mode, 0));
    good(gcry_cipher_setkey(cipher, keys, mode == GCRY_CIPHER_MODE_XTS ? 32 : 16));
    if (mode == GCRY_CIPHER_MODE_CTR) {
        good(gcry_cipher_setctr(cipher, iv, 16));
    } else if (mode == GCRY_CIPHER_MODE_CBC) {
        good(gcry_cipher_setiv(cipher, iv, 16));
    }
    for (int i = 0; i < SIZE_COUNT; i++) {
        size_t size = (size_t)SIZES[i];
        if (strcmp(op, "sm4-cbc-decrypt") == 0) {
            ROW(op, SIZES[i], good(gcry_cipher_decrypt(cipher, data, size, NULL, 0)));
        } else {
            ROW(op, SIZES[i], seal(cipher, mode, size));
        }
    }
    gcry_cipher_close(cipher);
}

static void sm3(void) {
    unsigned char digest[32];
    for (int i = 0; is_wanted("sm3") && i < SIZE_COUNT; i++) {
        ROW("sm3", SIZES[i], gcry_md_hash_buffer(GCRY_MD_SM3, digest, data, (size_t)SIZES[i]));
    }
}

static gcry_sexp_t new_key(void) {
    gcry_sexp_t parameters, key;
    good(gcry_sexp_build(&parameters, NULL, "(genkey (ecc (curve sm2p256v1) (flags sm2)))"));
    good(gcry_pk_genkey(&key, parameters));
    gcry_sexp_release(parameters);
    return key;
}

static void sm2(void) {
    gcry_sexp_t key = new_key(), private_key = gcry_sexp_find_token(key, "private-key", 0),
                public_key = gcry_sexp_find_token(key, "public-key", 0), digest, message, signature,
                ciphertext, result;
    good(gcry_sexp_build(&digest, NULL, "(data (flags sm2) (hash sm3 %b))", 32, MESSAGE));
    good(gcry_sexp_build(&message, NULL, "(data (flags sm2) (value %b))", 32, MESSAGE));
    good(gcry_pk_sign(&signature, digest, private_key));
    good(gcry_pk_encrypt(&ciphertext, message, public_key));
    if (is_wanted("sm2-sign-digest")) {
        ROW("sm2-sign-digest", 0,
            (good(gcry_pk_sign(&result, digest, private_key)), gcry_sexp_release(result)));
    }
    if (is_wanted("sm2-verify-digest")) {
        ROW("sm2-verify-digest", 0, good(gcry_pk_verify(signature, digest, public_key)));
    }
    if (is_wanted("sm2-keygen")) {
        ROW("sm2-keygen", 0, gcry_sexp_release(new_key()));
    }
    if (is_wanted("sm2-encrypt")) {
        ROW("sm2-encrypt", 0,
            (good(gcry_pk_encrypt(&result, message, public_key)), gcry_sexp_release(result)));
    }
    if (is_wanted("sm2-decrypt")) {
        ROW("sm2-decrypt", 0,
            (good(gcry_pk_decrypt(&result, ciphertext, private_key)), gcry_sexp_release(result)));
    }
}

int main(int count, char **arguments) {
    static char name[64];
    snprintf(name, sizeof name, "libgcrypt %s", gcry_check_version(NULL));
    implementation = name;
    read_arguments(count, arguments);
    good(gcry_control(GCRYCTL_DISABLE_SECMEM, 0));
    good(gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0));
    sm4("sm4-ecb", GCRY_CIPHER_MODE_ECB);
    sm4("sm4-cbc-encrypt", GCRY_CIPHER_MODE_CBC);
    sm4("sm4-cbc-decrypt", GCRY_CIPHER_MODE_CBC);
    sm4("sm4-ctr", GCRY_CIPHER_MODE_CTR);
    sm4("sm4-gcm", GCRY_CIPHER_MODE_GCM);
    sm4("sm4-ccm", GCRY_CIPHER_MODE_CCM);
    sm4("sm4-xts", GCRY_CIPHER_MODE_XTS);
    sm3();
    if (strncmp(wanted, "sm2", 3) == 0) {
        sm2();
    }
    return 0;
}
