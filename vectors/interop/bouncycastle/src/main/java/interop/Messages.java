package interop;

import static interop.Main.demand;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.DefaultCMSSignatureAlgorithmNameGenerator;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSignerInfoVerifierBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/** CMS and PKCS#12. */
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
            demand(signer.verify(verifier(certificate)), "refused");
        }
    }

    /** A verifier that also knows SM2 by the identifier that GB/T 35275 gives its signatures. */
    private static SignerInformationVerifier verifier(X509Certificate certificate) throws Exception {
        var names = new DefaultCMSSignatureAlgorithmNameGenerator() {
            {
                setSigningEncryptionAlgorithmMapping(GMObjectIdentifiers.sm2sign, "SM2");
            }
        };
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        return new JcaSignerInfoVerifierBuilder(digests).setProvider("BC")
                .setSignatureAlgorithmNameGenerator(names).build(certificate);
    }

    static void makeSigned(Folder task, Folder made) throws Exception {
        String[] parts = task.name().split("-");
        demand(parts[0].equals("pkcs7"), "the object identifiers of GB/T 35275 are not offered");
        X509Certificate certificate = Certificates.read(task, "signer");
        var digests = new JcaDigestCalculatorProviderBuilder().setProvider("BC").build();
        var generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSignerInfoGeneratorBuilder(digests)
                .setDirectSignature(parts[2].equals("plain"))
                .build(Certificates.signer(Keys.privateKey(task)), certificate));
        generator.addCertificates(new JcaCertStore(List.of(certificate)));
        var content = new CMSProcessableByteArray(task.read("content"));
        made.write("signed.der", generator.generate(content, parts[1].equals("attached")).getEncoded("DER"));
    }

    static void takeEnveloped(Folder of) throws Exception {
        var enveloped = new CMSEnvelopedData(of.read("enveloped.der"));
        RecipientInformation recipient = enveloped.getRecipientInfos()
                .get(new JceKeyTransRecipientId(Certificates.read(of, "recipient")));
        demand(recipient != null, "no recipient");
        PrivateKey key = Keys.privateKey(of);
        byte[] found = recipient.getContent(new JceKeyTransEnvelopedRecipient(key).setProvider("BC"));
        demand(Arrays.equals(found, of.read("content")), "another content");
    }

    private static final Map<String, ASN1ObjectIdentifier> CIPHERS =
            Map.of("sm4-cbc", GMObjectIdentifiers.sms4_cbc, "sm4-gcm", GMObjectIdentifiers.sms4_gcm);

    static void makeEnveloped(Folder task, Folder made) throws Exception {
        String[] parts = task.name().split("-", 2);
        demand(parts[0].equals("pkcs7"), "the object identifiers of GB/T 35275 are not offered");
        var generator = new CMSEnvelopedDataGenerator();
        generator.addRecipientInfoGenerator(new JceKeyTransRecipientInfoGenerator(
                Certificates.read(task, "recipient"),
                new AlgorithmIdentifier(GMObjectIdentifiers.sm2encrypt)).setProvider("BC"));
        var content = new CMSProcessableByteArray(task.read("content"));
        var encryptor = new JceCMSContentEncryptorBuilder(CIPHERS.get(parts[1])).setProvider("BC").build();
        made.write("enveloped.der", generator.generate(content, encryptor).toASN1Structure().getEncoded("DER"));
    }

    static void takeStore(Folder of) throws Exception {
        char[] password = of.text("password").toCharArray();
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        store.load(new ByteArrayInputStream(of.read("store.p12")), password);
        String alias = store.aliases().nextElement();
        PrivateKey key = (PrivateKey) store.getKey(alias, password);
        demand(Arrays.equals(key.getEncoded(), Keys.privateKey(of).getEncoded()), "another key");
        Certificate certificate = store.getCertificate(alias);
        demand(certificate.equals(Certificates.read(of, "certificate")), "another certificate");
    }

    static void makeStore(Folder task, Folder made) throws Exception {
        boolean standard = task.name().startsWith("default-");
        demand(standard || task.name().startsWith("aes256-sha256-"), "SM4 is not offered");
        char[] password = task.text("password").toCharArray();
        KeyStore store = KeyStore.getInstance(standard ? "PKCS12" : "PKCS12-AES256-AES128", "BC");
        store.load(null, null);
        Certificate[] chain = {Certificates.read(task, "certificate")};
        store.setKeyEntry("key", Keys.privateKey(task), null, chain);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        store.store(bytes, password);
        made.write("store.p12", bytes.toByteArray());
    }

    private Messages() {}
}
