package interop;

import java.io.ByteArrayOutputStream;
import java.io.OutputStreamWriter;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** A holder of an SM2 key with its certificate, made by Bouncy Castle. */
record Pki(PrivateKey key, X509Certificate certificate) {
    private static final SecureRandom RANDOM = new SecureRandom();

    static Pki root(String name) throws Exception {
        KeyPair pair = keyPair();
        return new Pki(pair.getPrivate(), certificate(name, pair, name, pair.getPrivate(), null, true));
    }

    Pki issuingCa(String name) throws Exception {
        return subordinate(name, true);
    }

    Pki endEntity(String name) throws Exception {
        return subordinate(name, false);
    }

    /** A CRL of this issuer, valid for a week, that revokes nothing. */
    byte[] emptyCrl() throws Exception {
        Instant now = Instant.now();
        JcaX509v2CRLBuilder builder =
            new JcaX509v2CRLBuilder(certificate, Date.from(now.minus(Duration.ofHours(1))));
        builder.setNextUpdate(Date.from(now.plus(Duration.ofDays(7))));
        builder.addExtension(Extension.cRLNumber, false,
            new org.bouncycastle.asn1.x509.CRLNumber(BigInteger.ONE));
        builder.addExtension(Extension.authorityKeyIdentifier, false,
            new JcaX509ExtensionUtils().createAuthorityKeyIdentifier(certificate));
        X509CRLHolder crl = builder.build(signer(key));
        return crl.getEncoded();
    }

    static void writePem(Path file, Object... objects) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JcaPEMWriter writer =
                new JcaPEMWriter(new OutputStreamWriter(bytes, StandardCharsets.US_ASCII))) {
            for (Object object : objects) {
                writer.writeObject(object);
            }
        }
        Files.write(file, bytes.toByteArray());
    }

    private Pki subordinate(String name, boolean isCa) throws Exception {
        KeyPair pair = keyPair();
        String issuer = certificate.getSubjectX500Principal().getName();
        return new Pki(pair.getPrivate(), certificate(name, pair, issuer, key, certificate, isCa));
    }

    private static X509Certificate certificate(String subject, KeyPair pair, String issuerName,
            PrivateKey issuerKey, X509Certificate issuer, boolean isCa) throws Exception {
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder = issuer == null
            ? new JcaX509v3CertificateBuilder(new X500Name(issuerName), serial(),
                Date.from(now.minus(Duration.ofDays(1))), Date.from(now.plus(Duration.ofDays(365))),
                new X500Name(subject), pair.getPublic())
            : new JcaX509v3CertificateBuilder(issuer, serial(),
                Date.from(now.minus(Duration.ofDays(1))), Date.from(now.plus(Duration.ofDays(365))),
                new X500Name(subject), pair.getPublic());
        JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(isCa));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(isCa
            ? KeyUsage.keyCertSign | KeyUsage.cRLSign
            : KeyUsage.digitalSignature | KeyUsage.nonRepudiation));
        builder.addExtension(Extension.subjectKeyIdentifier, false,
            extensions.createSubjectKeyIdentifier(pair.getPublic()));
        if (issuer != null) {
            builder.addExtension(Extension.authorityKeyIdentifier, false,
                extensions.createAuthorityKeyIdentifier(issuer));
        }
        return new JcaX509CertificateConverter().setProvider("BC")
            .getCertificate(builder.build(signer(issuerKey)));
    }

    private static ContentSigner signer(PrivateKey key) throws Exception {
        return new JcaContentSignerBuilder("SM3withSM2").setProvider("BC").build(key);
    }

    private static KeyPair keyPair() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("sm2p256v1"), RANDOM);
        return generator.generateKeyPair();
    }

    private static BigInteger serial() {
        return new BigInteger(126, RANDOM).add(BigInteger.ONE);
    }
}
