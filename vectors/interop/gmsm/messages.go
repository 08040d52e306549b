package main

import (
	"bytes"
	"crypto"
	"strings"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

func takeSigned(f folder) {
	signed := need(pkcs7.Parse(f.read("signed.der")))
	if len(signed.Content) == 0 {
		signed.Content = f.read("content")
	}
	demand(bytes.Equal(signed.Content, f.read("content")), "another content")
	// The authority between the root and the signer need not be inside.
	signed.Certificates = append(signed.Certificates, certificate(f, "ca"))
	roots := smx509.NewCertPool()
	roots.AddCert(certificate(f, "root"))
	must(signed.VerifyWithChain(roots))
}

func makeSigned(task, made folder) {
	parts := strings.Split(task.name(), "-")
	create := pkcs7.NewSignedData
	if parts[0] == "gm" {
		create = pkcs7.NewSMSignedData
	}
	signed := need(create(task.read("content")))
	signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSM3)
	signed.SetEncryptionAlgorithm(pkcs7.OIDDigestEncryptionAlgorithmSM2)
	add := signed.AddSigner
	if parts[2] == "plain" {
		add = signed.SignWithoutAttr
	}
	must(add(certificate(task, "signer"), privateKey(task), pkcs7.SignerInfoConfig{}))
	if parts[1] == "detached" {
		signed.Detach()
	}
	made.write("signed.der", need(signed.Finish()))
}

func takeEnveloped(f folder) {
	enveloped := need(pkcs7.Parse(f.read("enveloped.der")))
	var key crypto.PrivateKey = privateKey(f)
	found := need(enveloped.Decrypt(certificate(f, "recipient"), key))
	demand(bytes.Equal(found, f.read("content")), "another content")
}

func makeEnveloped(task, made folder) {
	family, algorithm, _ := strings.Cut(task.name(), "-")
	cipher := map[string]pkcs.Cipher{
		"sm4-cbc":     pkcs.SM4CBC,
		"sm4-gcm":     pkcs.SM4GCM,
		"aes-128-cbc": pkcs.AES128CBC,
		"aes-256-cbc": pkcs.AES256CBC,
		"aes-256-gcm": pkcs.AES256GCM,
	}[algorithm]
	encrypt := pkcs7.Encrypt
	if family == "gm" {
		encrypt = pkcs7.EncryptSM
	}
	recipients := []*smx509.Certificate{certificate(task, "recipient")}
	made.write("enveloped.der", need(encrypt(cipher, task.read("content"), recipients)))
}

func takeSignedAndEnveloped(f folder) {
	enveloped := need(pkcs7.Parse(f.read("enveloped.der")))
	found := need(enveloped.DecryptAndVerify(certificate(f, "recipient"), privateKey(f), enveloped.Verify))
	demand(bytes.Equal(found, f.read("content")), "another content")
	demand(enveloped.GetOnlySigner().Equal(certificate(f, "signer")), "another signer")
}

func makeSignedAndEnveloped(task, made folder) {
	create := pkcs7.NewSignedAndEnvelopedData
	if strings.HasPrefix(task.name(), "gm-") {
		create = pkcs7.NewSMSignedAndEnvelopedData
	}
	enveloped := need(create(task.read("content"), pkcs.SM4CBC))
	enveloped.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSM3)
	must(enveloped.AddSigner(certificate(task, "signer"), need(sm2.NewPrivateKey(task.read("signer.raw")))))
	must(enveloped.AddRecipient(certificate(task, "recipient")))
	made.write("enveloped.der", need(enveloped.Finish()))
}

func takeEncryptedData(f folder) {
	encrypted := need(pkcs7.Parse(f.read("encrypted.der")))
	found := need(encrypted.DecryptUsingPSK(f.read("key")))
	demand(bytes.Equal(found, f.read("content")), "another content")
}

func makeEncryptedData(task, made folder) {
	encrypt := pkcs7.EncryptUsingPSK
	if strings.HasPrefix(task.name(), "gm-") {
		encrypt = pkcs7.EncryptSMUsingPSK
	}
	made.write("encrypted.der", need(encrypt(pkcs.SM4CBC, task.read("content"), task.read("key"))))
}
