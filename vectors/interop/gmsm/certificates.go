package main

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"time"

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
	{"cms-signed-and-enveloped", takeSignedAndEnveloped, makeSignedAndEnveloped},
	{"cms-encrypted", takeEncryptedData, makeEncryptedData},
	{"key-exchange", respond, initiate},
	{"enveloped-key", takeEnvelopedKey, makeEnvelopedKey},
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
