package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/asn1"
	"math/big"
	"strings"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs8"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

func publicKey(f folder) *ecdsa.PublicKey { return need(sm2.NewPublicKey(f.read("public.raw"))) }

func privateKey(f folder) *sm2.PrivateKey { return need(sm2.NewPrivateKey(f.read("private.raw"))) }

func verify(f folder) {
	key, message, id := publicKey(f), f.read("message"), f.read("id")
	demand(sm2.VerifyASN1WithSM2(key, id, message, f.read("signature.der")), "signature.der: refused")
	raw := f.read("signature.raw")
	r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
	demand(sm2.VerifyWithSM2(key, id, message, r, s), "signature.raw: refused")
}

func sign(task, made folder) {
	key := privateKey(task)
	options := sm2.NewSM2SignerOption(true, task.read("id"))
	for {
		der := need(key.Sign(rand.Reader, task.read("message"), options))
		var numbers struct{ R, S *big.Int }
		need(asn1.Unmarshal(der, &numbers))
		wanted := map[string]*big.Int{"r-starts-with-zero": numbers.R, "s-starts-with-zero": numbers.S}
		if number := wanted[task.name()]; number == nil || number.BitLen() <= 248 {
			made.write("signature.der", der)
			return
		}
	}
}

func decrypt(f folder) {
	key, plaintext := privateKey(f), f.read("plaintext")
	for file, options := range map[string]*sm2.DecrypterOpts{
		"ciphertext.der":    sm2.ASN1DecrypterOpts,
		"ciphertext.c1c3c2": sm2.NewPlainDecrypterOpts(sm2.C1C3C2),
		"ciphertext.c1c2c3": sm2.NewPlainDecrypterOpts(sm2.C1C2C3),
	} {
		if f.has(file) {
			found := need(key.Decrypt(rand.Reader, f.read(file), options))
			demand(bytes.Equal(found, plaintext), file+": another plaintext")
		}
	}
}

func encrypt(task, made folder) {
	key, plaintext := publicKey(task), task.read("plaintext")
	for file, options := range map[string]*sm2.EncrypterOpts{
		"ciphertext.der":    sm2.ASN1EncrypterOpts,
		"ciphertext.c1c3c2": sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C3C2),
		"ciphertext.c1c2c3": sm2.NewPlainEncrypterOpts(sm2.MarshalUncompressed, sm2.C1C2C3),
	} {
		made.write(file, need(sm2.Encrypt(rand.Reader, key, plaintext, options)))
	}
}

// same ends the case unless `found` is the SM2 key of the case.
func same(f folder, found any) {
	key, ok := found.(*sm2.PrivateKey)
	demand(ok, "no SM2 key")
	demand(key.D.Cmp(privateKey(f).D) == 0, "another key")
	demand(key.PublicKey.Equal(publicKey(f)), "another point")
}

// each reads the key in every encoding of the case.
func each(f folder, read func(der []byte)) {
	for _, file := range []string{"key.pem", "key.der"} {
		if f.has(file) {
			read(f.der(file))
		}
	}
}

func both(made folder, label string, der []byte) {
	made.write("key.der", der)
	made.writePEM("key.pem", label, der)
}

func takePKCS8(f folder) {
	each(f, func(der []byte) { same(f, need(smx509.ParsePKCS8PrivateKey(der))) })
}

func makePKCS8(task, made folder) {
	both(made, "PRIVATE KEY", need(smx509.MarshalPKCS8PrivateKey(privateKey(task))))
}

func takeSEC1(f folder) {
	each(f, func(der []byte) { same(f, need(smx509.ParseSM2PrivateKey(der))) })
}

func makeSEC1(task, made folder) {
	both(made, "EC PRIVATE KEY", need(smx509.MarshalSM2PrivateKey(privateKey(task))))
}

func takeSPKI(f folder) {
	each(f, func(der []byte) {
		key, ok := need(smx509.ParsePKIXPublicKey(der)).(*ecdsa.PublicKey)
		demand(ok && key.Equal(publicKey(f)), "another key")
	})
}

func makeSPKI(task, made folder) {
	both(made, "PUBLIC KEY", need(smx509.MarshalPKIXPublicKey(publicKey(task))))
}

func takeEncrypted(f folder) {
	each(f, func(der []byte) { same(f, need(pkcs8.ParsePKCS8PrivateKeySM2(der, f.read("password")))) })
}

func makeEncrypted(task, made folder) {
	cipher, rest, _ := strings.Cut(task.name(), "-hmac-")
	hash, _, _ := strings.Cut(rest, "-")
	ciphers := map[string]pkcs.Cipher{
		"sm4-cbc":     pkcs.SM4CBC,
		"aes-128-cbc": pkcs.AES128CBC,
		"aes-256-cbc": pkcs.AES256CBC,
	}
	hashes := map[string]pkcs.Hash{"sm3": pkcs.SM3, "sha256": pkcs.SHA256, "sha1": pkcs.SHA1}
	var derivation pkcs.KDFOpts = pkcs.NewPBKDF2Opts(hashes[hash], 16, 10_000)
	if before, _, scrypt := strings.Cut(cipher, "-scrypt"); scrypt {
		cipher, derivation = before, pkcs.NewScryptOpts(16, 1<<14, 8, 1)
	}
	encrypter := pkcs.NewPBESEncrypter(ciphers[cipher], derivation)
	der := need(pkcs8.MarshalPrivateKey(privateKey(task), task.read("password"), encrypter))
	both(made, "ENCRYPTED PRIVATE KEY", der)
}

func takeEnvelopedKey(f folder) {
	receiver := need(sm2.NewPrivateKey(f.read("receiver.raw")))
	same(f, need(sm2.ParseEnvelopedPrivateKey(receiver, f.read("enveloped.der"))))
}

func makeEnvelopedKey(task, made folder) {
	receiver := need(sm2.NewPublicKey(task.read("receiver-public.raw")))
	sealed := need(sm2.MarshalEnvelopedPrivateKey(rand.Reader, receiver, privateKey(task)))
	made.write("enveloped.der", sealed)
}
