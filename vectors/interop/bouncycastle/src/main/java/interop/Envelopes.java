package interop;

import static interop.Main.demand;

import java.math.BigInteger;
import java.security.Key;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.Arrays;
import java.util.Map;
import javax.crypto.Cipher;
import javax.crypto.CipherInputStream;
import javax.crypto.spec.IvParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cms.ContentInfo;
import org.bouncycastle.asn1.cms.EncryptedContentInfo;
import org.bouncycastle.asn1.cms.EncryptedData;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cms.CMSAuthEnvelopedData;
import org.bouncycastle.cms.CMSAuthEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSEncryptedData;
import org.bouncycastle.cms.CMSEncryptedDataGenerator;
import org.bouncycastle.cms.CMSEnvelopedData;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.KeyTransRecipient;
import org.bouncycastle.cms.RecipientInformation;
import org.bouncycastle.cms.RecipientInformationStore;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyTransAuthEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransEnvelopedRecipient;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientId;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.jcajce.provider.asymmetric.util.ECUtil;
import org.bouncycastle.operator.AsymmetricKeyWrapper;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.InputDecryptor;
import org.bouncycastle.operator.OperatorException;
import org.bouncycastle.operator.OutputAEADEncryptor;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.util.BigIntegers;

/**
 * Enveloped and encrypted data. Bouncy Castle's own key transport knows RSA; what SM2 does with a key is plugged
 * in here where its classes let a caller: a wrapper, and a recipient whose way to the key is overridden.
 */
final class Envelopes {
    /** SM2Cipher of GM/T 0009, which GB/T 35275 puts into recipients; the engine has C1 C3 C2. */
    private static byte[] unwrap(PrivateKey key, byte[] cipher) {
        try {
            ASN1Sequence parts = ASN1Sequence.getInstance(cipher);
            byte[] bytes = new byte[97 + ASN1OctetString.getInstance(parts.getObjectAt(3)).getOctetsLength()];
            bytes[0] = 4;
            for (int i = 0; i < 2; i++) {
                BigInteger number = ASN1Integer.getInstance(parts.getObjectAt(i)).getPositiveValue();
                BigIntegers.asUnsignedByteArray(number, bytes, 1 + 32 * i, 32);
            }
            byte[] digest = ASN1OctetString.getInstance(parts.getObjectAt(2)).getOctets();
            System.arraycopy(digest, 0, bytes, 65, 32);
            byte[] rest = ASN1OctetString.getInstance(parts.getObjectAt(3)).getOctets();
            System.arraycopy(rest, 0, bytes, 97, rest.length);
            SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
            engine.init(false, ECUtil.generatePrivateKeyParameter(key));
            return engine.processBlock(bytes, 0, bytes.length);
        } catch (Exception fault) {
            throw new IllegalStateException("the key is not for us: " + fault.getMessage());
        }
    }

    private static byte[] wrap(PublicKey key, byte[] secret) throws Exception {
        SM2Engine engine = new SM2Engine(SM2Engine.Mode.C1C3C2);
        engine.init(true, new ParametersWithRandom(ECUtil.generatePublicKeyParameter(key)));
        byte[] bytes = engine.processBlock(secret, 0, secret.length);
        ASN1EncodableVector parts = new ASN1EncodableVector();
        parts.add(new ASN1Integer(new BigInteger(1, Arrays.copyOfRange(bytes, 1, 33))));
        parts.add(new ASN1Integer(new BigInteger(1, Arrays.copyOfRange(bytes, 33, 65))));
        parts.add(new DEROctetString(Arrays.copyOfRange(bytes, 65, 97)));
        parts.add(new DEROctetString(Arrays.copyOfRange(bytes, 97, bytes.length)));
        return new DERSequence(parts).getEncoded();
    }

    private static SecretKeySpec secret(PrivateKey key, AlgorithmIdentifier of, byte[] wrapped) {
        boolean sm4 = of.getAlgorithm().on(GMObjectIdentifiers.sm_scheme);
        return new SecretKeySpec(unwrap(key, wrapped), sm4 ? "SM4" : "AES");
    }

    private static KeyTransRecipient recipient(PrivateKey key) {
        return new JceKeyTransEnvelopedRecipient(key) {
            @Override
            protected Key extractSecretKey(AlgorithmIdentifier way, AlgorithmIdentifier content, byte[] wrapped) {
                return secret(key, content, wrapped);
            }
        }.setProvider("BC");
    }

    private static KeyTransRecipient authenticatedRecipient(PrivateKey key) {
        return new JceKeyTransAuthEnvelopedRecipient(key) {
            @Override
            protected Key extractSecretKey(AlgorithmIdentifier way, AlgorithmIdentifier content, byte[] wrapped) {
                return secret(key, content, wrapped);
            }
        }.setProvider("BC");
    }

    static void take(Folder of) throws Exception {
        boolean authenticated = of.name().contains("gcm");
        byte[] bytes = of.read("enveloped.der");
        RecipientInformationStore all = authenticated
                ? new CMSAuthEnvelopedData(bytes).getRecipientInfos()
                : new CMSEnvelopedData(bytes).getRecipientInfos();
        RecipientInformation one = all.get(new JceKeyTransRecipientId(Certificates.read(of, "recipient")));
        demand(one != null, "no recipient");
        PrivateKey key = Keys.privateKey(of);
        byte[] found = one.getContent(authenticated ? authenticatedRecipient(key) : recipient(key));
        demand(Arrays.equals(found, of.read("content")), "another content");
    }

    private static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
            "sm4-cbc", GMObjectIdentifiers.sms4_cbc,
            "sm4-gcm", GMObjectIdentifiers.sms4_gcm,
            "aes-128-cbc", NISTObjectIdentifiers.id_aes128_CBC,
            "aes-256-cbc", NISTObjectIdentifiers.id_aes256_CBC,
            "aes-256-gcm", NISTObjectIdentifiers.id_aes256_GCM);

    private static OutputEncryptor encryptor(String cipher) throws CMSException {
        int bits = cipher.contains("256") ? 256 : 128;
        return new JceCMSContentEncryptorBuilder(CIPHERS.get(cipher), bits).setProvider("BC").build();
    }

    static void make(Folder task, Folder made) throws Exception {
        String[] parts = task.name().split("-", 2);
        var certificate = Certificates.read(task, "recipient");
        var wrapper = new AsymmetricKeyWrapper(new AlgorithmIdentifier(GMObjectIdentifiers.sm2encrypt)) {
            @Override
            public byte[] generateWrappedKey(GenericKey key) throws OperatorException {
                try {
                    byte[] secret = key.getRepresentation() instanceof Key one
                            ? one.getEncoded()
                            : (byte[]) key.getRepresentation();
                    return wrap(certificate.getPublicKey(), secret);
                } catch (Exception fault) {
                    throw new OperatorException(fault.getMessage(), fault);
                }
            }
        };
        var recipient = new JceKeyTransRecipientInfoGenerator(certificate, wrapper);
        var content = new CMSProcessableByteArray(task.read("content"));
        OutputEncryptor encryptor = encryptor(parts[1]);
        ContentInfo enveloped;
        if (parts[1].endsWith("gcm")) {
            demand(encryptor instanceof OutputAEADEncryptor, "this GCM is no cipher for AuthEnvelopedData");
            var generator = new CMSAuthEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            enveloped = generator.generate(content, (OutputAEADEncryptor) encryptor).toASN1Structure();
        } else {
            var generator = new CMSEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(recipient);
            enveloped = generator.generate(content, encryptor).toASN1Structure();
        }
        if (parts[0].equals("gm")) {
            EnvelopedData inner = EnvelopedData.getInstance(enveloped.getContent());
            enveloped = new ContentInfo(Messages.GM_ENVELOPED, new EnvelopedData(null, inner.getRecipientInfos(),
                    renamed(inner.getEncryptedContentInfo()), inner.getUnprotectedAttrs()));
        }
        made.write("enveloped.der", enveloped.getEncoded("DER"));
    }

    private static EncryptedContentInfo renamed(EncryptedContentInfo info) {
        return new EncryptedContentInfo(
                Messages.GM_DATA, info.getContentEncryptionAlgorithm(), info.getEncryptedContent());
    }

    static void takeEncrypted(Folder of) throws Exception {
        var key = new SecretKeySpec(of.read("key"), "SM4");
        var encrypted = new CMSEncryptedData(ContentInfo.getInstance(of.read("encrypted.der")));
        byte[] found = encrypted.getContent(algorithm -> decryptor(key, algorithm));
        demand(Arrays.equals(found, of.read("content")), "another content");
    }

    private static InputDecryptor decryptor(SecretKeySpec key, AlgorithmIdentifier algorithm) {
        try {
            Cipher cipher = Cipher.getInstance(algorithm.getAlgorithm().getId(), "BC");
            byte[] iv = ASN1OctetString.getInstance(algorithm.getParameters()).getOctets();
            cipher.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(iv));
            return new InputDecryptor() {
                @Override
                public AlgorithmIdentifier getAlgorithmIdentifier() {
                    return algorithm;
                }

                @Override
                public java.io.InputStream getInputStream(java.io.InputStream input) {
                    return new CipherInputStream(input, cipher);
                }
            };
        } catch (java.security.GeneralSecurityException fault) {
            throw new IllegalStateException(fault);
        }
    }

    static void makeEncrypted(Folder task, Folder made) throws Exception {
        var encryptor = new JceCMSContentEncryptorBuilder(GMObjectIdentifiers.sms4_cbc, 128).setProvider("BC")
                .build(new SecretKeySpec(task.read("key"), "SM4"));
        var content = new CMSProcessableByteArray(task.read("content"));
        ContentInfo encrypted = new CMSEncryptedDataGenerator().generate(content, encryptor).toASN1Structure();
        if (task.name().startsWith("gm-")) {
            EncryptedData inner = EncryptedData.getInstance(encrypted.getContent());
            encrypted = new ContentInfo(
                    Messages.GM_ENCRYPTED, new EncryptedData(renamed(inner.getEncryptedContentInfo())));
        }
        made.write("encrypted.der", encrypted.getEncoded("DER"));
    }

    private Envelopes() {}
}
