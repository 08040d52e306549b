package interop;

import static interop.Main.demand;

import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Set;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequest;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.TimeStampResponse;
import org.bouncycastle.tsp.TimeStampResponseGenerator;
import org.bouncycastle.tsp.TimeStampTokenGenerator;

/** Time stamps. */
final class TimeStamps {
    private static final ASN1ObjectIdentifier POLICY = new ASN1ObjectIdentifier("1.2.3.4.1");

    private static byte[] digest(Folder of) throws Exception {
        return MessageDigest.getInstance("SM3", "BC").digest(of.read("data"));
    }

    static void takeRequest(Folder of) throws Exception {
        TimeStampRequest request = new TimeStampRequest(of.read("request.der"));
        request.validate(Set.of(GMObjectIdentifiers.sm3), null, null);
        demand(Arrays.equals(request.getMessageImprintDigest(), digest(of)), "another imprint");
        boolean bare = of.name().equals("without-nonce-and-certificate");
        demand((request.getNonce() == null) == bare && request.getCertReq() != bare, "nonce or certificate");
        demand((request.getReqPolicy() != null) == of.name().equals("policy"), "policy");
    }

    static void makeRequest(Folder task, Folder made) throws Exception {
        var generator = new TimeStampRequestGenerator();
        generator.setCertReq(true);
        var nonce = new BigInteger(64, new SecureRandom());
        made.write("request.der", generator.generate(GMObjectIdentifiers.sm3, digest(task), nonce).getEncoded());
    }

    static void takeResponse(Folder of) throws Exception {
        TimeStampResponse response = new TimeStampResponse(of.read("response.der"));
        response.validate(new TimeStampRequest(of.read("request.der")));
        X509Certificate authority = Certificates.read(of, "authority");
        response.getTimeStampToken().validate(Messages.verifier(authority, of.name().contains("gm")));
    }

    static void makeResponse(Folder task, Folder made) throws Exception {
        X509Certificate authority = Certificates.read(task, "authority");
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        var signer = new JcaSignerInfoGeneratorBuilder(digests)
                .build(Certificates.signer(Keys.privateKey(task)), authority);
        var tokens = new TimeStampTokenGenerator(
                signer, digests.get(new AlgorithmIdentifier(GMObjectIdentifiers.sm3)), POLICY);
        tokens.addCertificates(new JcaCertStore(List.of(authority, Certificates.read(task, "ca"))));
        var responses = new TimeStampResponseGenerator(tokens, Set.of(GMObjectIdentifiers.sm3));
        var request = new TimeStampRequest(task.read("request.der"));
        var serial = new BigInteger(120, new SecureRandom()).setBit(0);
        made.write("response.der", responses.generate(request, serial, new Date()).getEncoded());
    }

    private TimeStamps() {}
}
