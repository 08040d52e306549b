// Botan. Its signer and verifier keep Z, so only the message is hashed each time.
extern "C" {
#include "row.h"
}

#include <memory>

#include <botan/auto_rng.h>
#include <botan/block_cipher.h>
#include <botan/cipher_mode.h>
#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/sm2.h>
#include <botan/stream_cipher.h>
#include <botan/version.h>

using namespace Botan;

static const uint8_t iv[16] = {0};

static void sm3() {
    auto hash = HashFunction::create_or_throw("SM3");
    uint8_t digest[32];
    for (int size : SIZES) {
        std::vector<uint8_t> data(size);
        ROW("sm3", size, (hash->update(data), hash->final(digest)));
    }
}

static void ecb() {
    auto block = BlockCipher::create_or_throw("SM4");
    block->set_key(reinterpret_cast<const uint8_t *>(KEY), 16);
    for (int size : SIZES) {
        std::vector<uint8_t> data(size);
        ROW("sm4-ecb", size, block->encrypt_n(data.data(), data.data(), size / 16));
    }
}

static void ctr() {
    auto stream = StreamCipher::create_or_throw("CTR-BE(SM4)");
    stream->set_key(reinterpret_cast<const uint8_t *>(KEY), 16);
    stream->set_iv(iv, 16);
    for (int size : SIZES) {
        std::vector<uint8_t> data(size);
        ROW("sm4-ctr", size, stream->cipher1(data.data(), size));
    }
}

// CBC goes on with its stream.
static void cbc(Cipher_Dir direction) {
    const char *op = direction == ENCRYPTION ? "sm4-cbc-encrypt" : "sm4-cbc-decrypt";
    auto mode = Cipher_Mode::create_or_throw("SM4/CBC/NoPadding", direction);
    mode->set_key(reinterpret_cast<const uint8_t *>(KEY), 16);
    mode->start(iv, 16);
    for (int size : SIZES) {
        std::vector<uint8_t> data(size);
        ROW(op, size, mode->process(data.data(), size));
    }
}

// The others begin each message with its IV.
static void seal(const char *name, size_t key_length, size_t iv_length) {
    auto mode = Cipher_Mode::create_or_throw(name, ENCRYPTION);
    mode->set_key(reinterpret_cast<const uint8_t *>("0123456789abcdeffedcba9876543210"), key_length);
    for (int size : SIZES) {
        secure_vector<uint8_t> data;
        data.reserve(size + 16);
        ROW(wanted, size, (data.resize(size), mode->start(iv, iv_length), mode->finish(data)));
    }
}

static void sm2() {
    AutoSeeded_RNG rng;
    const auto message = reinterpret_cast<const uint8_t *>(MESSAGE);
    const EC_Group group("sm2p256v1");
    const SM2_PrivateKey key(rng, group);
    const std::string op = wanted;
    if (op == "sm2-sign" || op == "sm2-sign-digest") {
        PK_Signer signer(key, rng, op == "sm2-sign" ? "SM3" : "Raw");
        ROW(wanted, 0, signer.sign_message(message, 32, rng));
    } else if (op == "sm2-verify" || op == "sm2-verify-digest") {
        const std::string hash = op == "sm2-verify" ? "SM3" : "Raw";
        const auto signature = PK_Signer(key, rng, hash).sign_message(message, 32, rng);
        PK_Verifier verifier(key, hash);
        ROW(wanted, 0,
            must(verifier.verify_message(message, 32, signature.data(), signature.size()), "verify"));
    } else if (op == "sm2-keygen") {
        ROW(wanted, 0, SM2_PrivateKey(rng, group).public_point());
    } else if (op == "sm2-encrypt") {
        PK_Encryptor_EME encryptor(key, rng, "SM3");
        ROW(wanted, 0, encryptor.encrypt(message, 32, rng));
    } else if (op == "sm2-decrypt") {
        const auto ciphertext = PK_Encryptor_EME(key, rng, "SM3").encrypt(message, 32, rng);
        PK_Decryptor_EME decryptor(key, rng, "SM3");
        ROW(wanted, 0, decryptor.decrypt(ciphertext));
    }
}

int main(int count, char **arguments) {
    const std::string name = "Botan " + short_version_string();
    implementation = name.c_str();
    read_arguments(count, arguments);
    const std::string op = wanted;
    if (op == "sm3") {
        sm3();
    } else if (op == "sm4-ecb") {
        ecb();
    } else if (op == "sm4-ctr") {
        ctr();
    } else if (op == "sm4-cbc-encrypt") {
        cbc(ENCRYPTION);
    } else if (op == "sm4-cbc-decrypt") {
        cbc(DECRYPTION);
    } else if (op == "sm4-gcm") {
        seal("SM4/GCM", 16, 12);
    } else if (op == "sm4-ccm") {
        seal("SM4/CCM(16,3)", 16, 12);
    } else if (op == "sm4-xts") {
        seal("SM4/XTS", 32, 16);
    } else {
        sm2();
    }
    return 0;
}
