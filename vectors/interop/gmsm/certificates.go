package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"time"

	"github.com/emmansun/gmsm/pkcs"
	"github.com/emmansun/gmsm/pkcs7"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/smx509"
)

// cells are the columns of which gmsm has something.
var cells = []struct {
	name string
	take func(folder)
	make func(task, made folder)
}{
	{"signature", verify, sign},
	{"ciphertext", decrypt, encrypt},
	{"pkcs8", takePKCS8, makePKCS8},
	{"sec1", takeSEC1, makeSEC1},
	{"spki", takeSPKI, makeSPKI},
	{"encrypted-key", takeEncrypted, makeEncrypted},
	{"certificate", takeCertificate, makeCertificate},
	{"csr", takeRequest, makeRequest},
	{"crl", takeList, makeList},
	{"cms-signed", takeSigned, makeSigned},
	{"cms-enveloped", takeEnveloped, makeEnveloped},
}

func certificate(f folder, name string) *smx509.Certificate {
	return need(smx509.ParseCertificate(f.der(name + ".pem")))
}

func takeCertificate(f folder) {
	roots, between := smx509.NewCertPool(), smx509.NewCertPool()
	roots.AddCert(certificate(f, "root"))
	if f.has("ca.pem") {
		between.AddCert(certificate(f, "ca"))
	}
	need(certificate(f, "leaf").Verify(smx509.VerifyOptions{
		Roots:         roots,
		Intermediates: between,
		KeyUsages:     []smx509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}))
}

func template(title string, ca bool) *x509.Certificate {
	usage := x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	if ca {
		usage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	return &x509.Certificate{
		SerialNumber:          need(rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))),
		Subject:               subject(title),
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(30 * 24 * time.Hour),
		BasicConstraintsValid: ca,
		IsCA:                  ca,
		KeyUsage:              usage,
	}
}

func subject(title string) pkix.Name {
	return pkix.Name{Country: []string{"CN"}, Organization: []string{"互通 gmsm"}, CommonName: title}
}

// authority issues itself a certificate.
func authority(made folder, name string, key *sm2.PrivateKey) *smx509.Certificate {
	self := template(name, true)
	return issue(made, name, self, (*smx509.Certificate)(self), &key.PublicKey, key)
}

func issue(
	made folder, name string, what *x509.Certificate, issuer *smx509.Certificate, public, key any,
) *smx509.Certificate {
	parent := (*x509.Certificate)(issuer)
	der := need(smx509.CreateCertificate(rand.Reader, what, parent, public, key))
	made.writePEM(name+".pem", "CERTIFICATE", der)
	return need(smx509.ParseCertificate(der))
}

func makeCertificate(task, made folder) {
	key := need(sm2.GenerateKey(rand.Reader))
	issuer := authority(made, "root", key)
	if task.name() == "authority-in-between" {
		own := need(sm2.GenerateKey(rand.Reader))
		issuer = issue(made, "ca", template("ca", true), issuer, &own.PublicKey, key)
		key = own
	}
	issue(made, "leaf", template("leaf", false), issuer, publicKey(task), key)
}

func takeRequest(f folder) {
	request := need(smx509.ParseCertificateRequest(f.der("request.pem")))
	must(request.CheckSignature())
	demand(publicKey(f).Equal(request.PublicKey), "another key")
}

func makeRequest(task, made folder) {
	wanted := &x509.CertificateRequest{Subject: subject("请求")}
	der := need(smx509.CreateCertificateRequest(rand.Reader, wanted, privateKey(task)))
	made.writePEM("request.pem", "CERTIFICATE REQUEST", der)
}

// serials reads numbers, hexadecimal, one a line.
func serials(f folder, file string) (numbers []*big.Int) {
	for _, line := range strings.Fields(string(f.read(file))) {
		number, ok := new(big.Int).SetString(line, 16)
		demand(ok, file+": no number")
		numbers = append(numbers, number)
	}
	return
}

func takeList(f folder) {
	list := need(smx509.ParseRevocationList(f.der("list.pem")))
	must(list.CheckSignatureFrom(certificate(f, "ca")))
	wanted := serials(f, "revoked")
	demand(len(list.RevokedCertificateEntries) == len(wanted), "another number of entries")
	for i, entry := range list.RevokedCertificateEntries {
		demand(entry.SerialNumber.Cmp(wanted[i]) == 0, "another serial number")
	}
}

func makeList(task, made folder) {
	key := privateKey(task)
	ca := authority(made, "ca", key)
	list := &x509.RevocationList{
		Number:     big.NewInt(1),
		ThisUpdate: time.Now(),
		NextUpdate: time.Now().Add(24 * time.Hour),
	}
	for _, serial := range serials(task, "revoked") {
		entry := x509.RevocationListEntry{SerialNumber: serial, RevocationTime: time.Now(), ReasonCode: 1}
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, entry)
	}
	made.writePEM("list.pem", "X509 CRL", need(smx509.CreateRevocationList(rand.Reader, list, ca, key)))
}

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
	cipher := map[string]pkcs.Cipher{"sm4-cbc": pkcs.SM4CBC, "sm4-gcm": pkcs.SM4GCM}[algorithm]
	demand(cipher != nil, "no such cipher")
	encrypt := pkcs7.Encrypt
	if family == "gm" {
		encrypt = pkcs7.EncryptSM
	}
	recipients := []*smx509.Certificate{certificate(task, "recipient")}
	made.write("enveloped.der", need(encrypt(cipher, task.read("content"), recipients)))
}
