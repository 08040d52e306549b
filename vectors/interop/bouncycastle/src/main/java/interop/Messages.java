package interop;

import static interop.Main.demand;

import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignatureEncryptionAlgorithmFinder;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.DefaultCMSSignatureAlgorithmNameGenerator;
import org.bouncycastle.cms.DefaultCMSSignatureEncryptionAlgorithmFinder;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoVerifierBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** SignedData. */
final class Messages {
    static void takeSigned(Folder of) throws Exception {
        byte[] content = of.read("content");
        CMSSignedData signed = new CMSSignedData(of.read("signed.der"));
        if (signed.getSignedContent() == null) {
            signed = new CMSSignedData(new CMSProcessableByteArray(content), of.read("signed.der"));
        }
        demand(Arrays.equals((byte[]) signed.getSignedContent().getContent(), content), "another content");
        X509Certificate certificate = Certificates.read(of, "signer");
        demand(signed.getSignerInfos().size() == 1, "no signer");
        for (SignerInformation signer : signed.getSignerInfos()) {
            demand(signer.verify(verifier(certificate, of.name().contains("gm-"))), "refused");
        }
    }

    /** A verifier for the object identifiers of GB/T 35275 where {@code gm}, or as it is. */
    static SignerInformationVerifier verifier(X509Certificate certificate, boolean gm) throws Exception {
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        var builder = new JcaSignerInfoVerifierBuilder(digests).setProvider("BC");
        if (gm) {
            builder.setSignatureAlgorithmNameGenerator(new DefaultCMSSignatureAlgorithmNameGenerator() {
                {
                    setSigningEncryptionAlgorithmMapping(GMObjectIdentifiers.sm2sign, "SM2");
                }
            });
        }
        return builder.build(certificate);
    }

    static void makeSigned(Folder task, Folder made) throws Exception {
        String[] parts = task.name().split("-");
        boolean gm = parts[0].equals("gm");
        X509Certificate certificate = Certificates.read(task, "signer");
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        CMSSignatureEncryptionAlgorithmFinder names = gm
                ? signature -> new AlgorithmIdentifier(GMObjectIdentifiers.sm2sign)
                : new DefaultCMSSignatureEncryptionAlgorithmFinder();
        var generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(digests, names)
                .setDirectSignature(parts[2].equals("plain"))
                .build(Certificates.signer(Keys.privateKey(task)), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        ASN1ObjectIdentifier type = gm ? GM_DATA : PKCSObjectIdentifiers.data;
        var content = new CMSProcessableByteArray(type, task.read("content"));
        ContentInfo signed = generator.generate(content, parts[1].equals("attached")).toASN1Structure();
        made.write("signed.der", (gm ? new ContentInfo(GM_SIGNED, signed.getContent()) : signed).getEncoded("DER"));
    }

    /** The content types of GB/T 35275, for which Bouncy Castle has no names. */
    static final ASN1ObjectIdentifier GM = new ASN1ObjectIdentifier("1.2.156.10197.6.1.4.2");
    static final ASN1ObjectIdentifier GM_DATA = GM.branch("1");
    static final ASN1ObjectIdentifier GM_SIGNED = GM.branch("2");
    static final ASN1ObjectIdentifier GM_ENVELOPED = GM.branch("3");
    static final ASN1ObjectIdentifier GM_ENCRYPTED = GM.branch("5");

    private Messages() {}
}
