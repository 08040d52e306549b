package interop;

import static interop.Main.demand;

import java.math.BigInteger;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.ocsp.OCSPObjectIdentifiers;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.Extensions;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.cert.ocsp.jcajce.JcaBasicOCSPRespBuilder;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** OCSP requests and responses. */
final class Ocsp {
    private static DigestCalculatorProvider digests() throws Exception {
        return new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
    }

    private static X509CertificateHolder holder(Folder of, String name) throws Exception {
        return new X509CertificateHolder(of.der(name + ".pem"));
    }

    private static BigInteger serial(Folder of) throws Exception {
        return new BigInteger(of.text("serial"), 16);
    }

    private static void isOfCase(Folder of, CertificateID id) throws Exception {
        demand(id.matchesIssuer(holder(of, "ca"), digests()), "another issuer");
        demand(id.getSerialNumber().equals(serial(of)), "another serial number");
    }

    static void takeRequest(Folder of) throws Exception {
        OCSPReq request = new OCSPReq(of.read("request.der"));
        demand(request.getRequestList().length == 1, "not one certificate");
        isOfCase(of, request.getRequestList()[0].getCertID());
        boolean nonce = request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce) != null;
        demand(nonce != of.name().equals("without-nonce"), "the nonce");
    }

    private static final Map<String, ASN1ObjectIdentifier> HASHES = Map.of(
            "sha1", OIWObjectIdentifiers.idSHA1,
            "sha256", NISTObjectIdentifiers.id_sha256,
            "sm3", GMObjectIdentifiers.sm3);

    static void makeRequest(Folder task, Folder made) throws Exception {
        var digest = digests().get(new AlgorithmIdentifier(HASHES.get(task.name())));
        byte[] nonce = new byte[32];
        new SecureRandom().nextBytes(nonce);
        var extension = new Extension(
                OCSPObjectIdentifiers.id_pkix_ocsp_nonce, false, new DEROctetString(nonce).getEncoded());
        OCSPReq request = new OCSPReqBuilder()
                .addRequest(new CertificateID(digest, holder(task, "ca"), serial(task)))
                .setRequestExtensions(new Extensions(extension))
                .build();
        made.write("request.der", request.getEncoded());
    }

    static void takeResponse(Folder of) throws Exception {
        OCSPResp response = new OCSPResp(of.read("response.der"));
        demand(response.getStatus() == OCSPResp.SUCCESSFUL, "not successful");
        BasicOCSPResp basic = (BasicOCSPResp) response.getResponseObject();
        boolean delegated = of.has("responder.pem");
        demand(delegated == (basic.getCerts().length > 0), "certificates");
        PublicKey key = Certificates.read(of, delegated ? "responder" : "ca").getPublicKey();
        if (delegated) {
            demand(basic.getCerts()[0].equals(holder(of, "responder")), "another responder");
        }
        demand(basic.isSignatureValid(new JcaContentVerifierProviderBuilder().setProvider("BC").build(key)), "refused");
        var nonce = new OCSPReq(of.read("request.der")).getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce);
        demand(nonce.equals(basic.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce)), "another nonce");
        demand(basic.getResponses().length == 1, "not one answer");
        SingleResp answer = basic.getResponses()[0];
        isOfCase(of, answer.getCertID());
        CertificateStatus status = answer.getCertStatus();
        String found = status == CertificateStatus.GOOD ? "good"
                : status instanceof RevokedStatus ? "revoked" : status instanceof UnknownStatus ? "unknown" : "other";
        demand(found.equals(of.text("status")), "another status: " + found);
    }

    static void makeResponse(Folder task, Folder made) throws Exception {
        OCSPReq request = new OCSPReq(task.read("request.der"));
        var sha1 = digests().get(CertificateID.HASH_SHA1);
        var builder = new JcaBasicOCSPRespBuilder(Keys.publicKey(task), sha1);
        Date now = new Date();
        CertificateStatus status = task.text("status").equals("good")
                ? CertificateStatus.GOOD
                : new RevokedStatus(Date.from(Instant.now().minus(Duration.ofDays(1))), CRLReason.keyCompromise);
        builder.addResponse(request.getRequestList()[0].getCertID(), status, now,
                Date.from(Instant.now().plus(Duration.ofDays(1))));
        builder.setResponseExtensions(
                new Extensions(request.getExtension(OCSPObjectIdentifiers.id_pkix_ocsp_nonce)));
        BasicOCSPResp basic = builder.build(Certificates.signer(Keys.privateKey(task)), null, now);
        made.write("response.der", new OCSPRespBuilder().build(OCSPRespBuilder.SUCCESSFUL, basic).getEncoded());
    }

    private Ocsp() {}
}
