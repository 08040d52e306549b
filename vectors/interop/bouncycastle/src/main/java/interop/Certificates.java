package interop;

import static interop.Main.demand;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequest;
import org.bouncycastle.pkcs.jcajce.JcaPKCS10CertificationRequestBuilder;

/** Certificates, requests and revocation lists. */
final class Certificates {
    static X509Certificate read(Folder of, String name) throws Exception {
        var input = new ByteArrayInputStream(of.der(name + ".pem"));
        return (X509Certificate) CertificateFactory.getInstance("X.509", "BC").generateCertificate(input);
    }

    static void take(Folder of) throws Exception {
        List<X509Certificate> path = new ArrayList<>(List.of(read(of, "leaf")));
        if (of.has("ca.pem")) {
            path.add(read(of, "ca"));
        }
        var parameters = new PKIXParameters(Set.of(new TrustAnchor(read(of, "root"), null)));
        parameters.setRevocationEnabled(false);
        var certificates = CertificateFactory.getInstance("X.509", "BC").generateCertPath(path);
        CertPathValidator.getInstance("PKIX", "BC").validate(certificates, parameters);
    }

    private static X500Name name(String title) {
        return new X500Name("C=CN,O=互通 Bouncy Castle,CN=" + title);
    }

    static ContentSigner signer(PrivateKey key) throws Exception {
        return new JcaContentSignerBuilder("SM3withSM2").setProvider("BC").build(key);
    }

    private static Date in(Duration duration) {
        return Date.from(Instant.now().plus(duration));
    }

    /** Writes a certificate; without an issuer it is its own. */
    private static X509Certificate issue(
            Folder made, String title, PublicKey subject, X509Certificate issuer, PrivateKey key) throws Exception {
        boolean authority = !title.equals("leaf");
        var serial = new BigInteger(120, new SecureRandom()).setBit(0);
        X500Name above = issuer == null ? name(title) : X500Name.getInstance(issuer.getSubjectX500Principal().getEncoded());
        var builder = new JcaX509v3CertificateBuilder(
                above, serial, in(Duration.ofHours(-1)), in(Duration.ofDays(30)), name(title), subject);
        int usage = authority ? KeyUsage.keyCertSign | KeyUsage.cRLSign : KeyUsage.digitalSignature | KeyUsage.nonRepudiation;
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
        var identifiers = new JcaX509ExtensionUtils();
        builder.addExtension(Extension.subjectKeyIdentifier, false, identifiers.createSubjectKeyIdentifier(subject));
        if (issuer != null) {
            builder.addExtension(Extension.authorityKeyIdentifier, false,
                    identifiers.createAuthorityKeyIdentifier(issuer.getPublicKey()));
        }
        made.writePem(title + ".pem", "CERTIFICATE", builder.build(signer(key)).getEncoded());
        return read(made, title);
    }

    static void make(Folder task, Folder made) throws Exception {
        KeyPair pair = Keys.generate();
        X509Certificate issuer = issue(made, "root", pair.getPublic(), null, pair.getPrivate());
        if (task.name().equals("authority-in-between")) {
            KeyPair own = Keys.generate();
            issuer = issue(made, "ca", own.getPublic(), issuer, pair.getPrivate());
            pair = own;
        }
        issue(made, "leaf", Keys.publicKey(task), issuer, pair.getPrivate());
    }

    static void takeRequest(Folder of) throws Exception {
        var request = new JcaPKCS10CertificationRequest(of.der("request.pem")).setProvider("BC");
        Keys.point(of, request.getPublicKey());
        var verifier = new JcaContentVerifierProviderBuilder().setProvider("BC").build(request.getPublicKey());
        demand(request.isSignatureValid(verifier), "refused");
    }

    static void makeRequest(Folder task, Folder made) throws Exception {
        var builder = new JcaPKCS10CertificationRequestBuilder(name("请求"), Keys.publicKey(task));
        byte[] der = builder.build(signer(Keys.privateKey(task))).getEncoded();
        made.writePem("request.pem", "CERTIFICATE REQUEST", der);
    }

    static void takeList(Folder of) throws Exception {
        var input = new ByteArrayInputStream(of.der("list.pem"));
        X509CRL list = (X509CRL) CertificateFactory.getInstance("X.509", "BC").generateCRL(input);
        list.verify(read(of, "ca").getPublicKey(), "BC");
        for (String serial : of.text("revoked").lines().toList()) {
            demand(list.getRevokedCertificate(new BigInteger(serial, 16)) != null, serial + " is not revoked");
        }
        for (String serial : of.text("good").lines().toList()) {
            demand(list.getRevokedCertificate(new BigInteger(serial, 16)) == null, serial + " is revoked");
        }
    }

    static void makeList(Folder task, Folder made) throws Exception {
        PrivateKey key = Keys.privateKey(task);
        X509Certificate ca = issue(made, "ca", Keys.publicKey(task), null, key);
        var builder = new JcaX509v2CRLBuilder(ca, in(Duration.ofHours(-1)));
        builder.setNextUpdate(in(Duration.ofDays(7)));
        for (String serial : task.text("revoked").lines().toList()) {
            builder.addCRLEntry(new BigInteger(serial, 16), in(Duration.ofHours(-2)), CRLReason.keyCompromise);
        }
        made.writePem("list.pem", "X509 CRL", builder.build(signer(key)).getEncoded());
    }

    private Certificates() {}
}
