package interop;

import static interop.Main.demand;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.util.Arrays;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERBMPString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PBMAC1Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.crypto.ExtendedDigest;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.operator.InputDecryptorProvider;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.pkcs.PKCS12MacCalculatorBuilder;
import org.bouncycastle.pkcs.PKCS12MacCalculatorBuilderProvider;
import org.bouncycastle.pkcs.PKCS12PfxPdu;
import org.bouncycastle.pkcs.PKCS12PfxPduBuilder;
import org.bouncycastle.pkcs.PKCS12SafeBag;
import org.bouncycastle.pkcs.PKCS12SafeBagFactory;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.bc.BcPKCS12MacCalculatorBuilder;
import org.bouncycastle.pkcs.bc.BcPKCS12MacCalculatorBuilderProvider;
import org.bouncycastle.pkcs.bc.BcPKCS12PBMac1CalculatorBuilder;
import org.bouncycastle.pkcs.bc.BcPKCS12PBMac1CalculatorBuilderProvider;
import org.bouncycastle.pkcs.jcajce.JcaPKCS12SafeBagBuilder;

/**
 * PKCS#12: with {@link KeyStore} what the provider can do, which is AES, and with the classes of {@code
 * org.bouncycastle.pkcs}, which leave the choice of algorithms to their caller, the rest.
 */
final class Stores {
    static void take(Folder of) throws Exception {
        boolean stock = of.name().contains("aes256-sha256");
        if (stock) {
            takeStore(of);
        }
        // What the provider can do is not asked twice where the other way has a defect.
        if (!stock || !of.name().contains("pbmac1")) {
            takeParts(of);
        }
    }

    private static void takeStore(Folder of) throws Exception {
        char[] password = Keys.password(of);
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        store.load(new ByteArrayInputStream(of.read("store.p12")), password);
        String alias = store.aliases().nextElement();
        PrivateKey key = (PrivateKey) store.getKey(alias, password);
        demand(Arrays.equals(key.getEncoded(), Keys.privateKey(of).getEncoded()), "another key");
        Certificate certificate = store.getCertificate(alias);
        demand(certificate.equals(Certificates.read(of, "certificate")), "another certificate");
    }

    private static void takeParts(Folder of) throws Exception {
        char[] password = Keys.password(of);
        PKCS12PfxPdu file = new PKCS12PfxPdu(of.read("store.p12"));
        demand(file.isMacValid(macs(file), password), "another MAC");
        InputDecryptorProvider opener = Passwords.opener(password);
        boolean key = false, certificate = false;
        for (var part : file.getContentInfos()) {
            boolean sealed = part.getContentType().equals(PKCSObjectIdentifiers.encryptedData);
            var bags = sealed ? new PKCS12SafeBagFactory(part, opener) : new PKCS12SafeBagFactory(part);
            for (PKCS12SafeBag bag : bags.getSafeBags()) {
                if (bag.getBagValue() instanceof PKCS8EncryptedPrivateKeyInfo encrypted) {
                    byte[] found = encrypted.decryptPrivateKeyInfo(opener).getEncoded();
                    demand(Arrays.equals(found, of.der("private.pem")), "another key");
                    key = true;
                } else if (bag.getBagValue() instanceof X509CertificateHolder found) {
                    demand(Arrays.equals(found.getEncoded(), of.der("certificate.pem")), "another certificate");
                    certificate = true;
                }
            }
        }
        demand(key && certificate, "no key or no certificate");
    }

    private static PKCS12MacCalculatorBuilderProvider macs(PKCS12PfxPdu file) {
        return file.getMacAlgorithmID().getAlgorithm().equals(PKCSObjectIdentifiers.id_PBMAC1)
                ? new BcPKCS12PBMac1CalculatorBuilderProvider()
                : new BcPKCS12MacCalculatorBuilderProvider(Stores::digest);
    }

    private static ExtendedDigest digest(AlgorithmIdentifier algorithm) {
        return algorithm.getAlgorithm().equals(GMObjectIdentifiers.sm3) ? new SM3Digest() : new SHA256Digest();
    }

    static void make(Folder task, Folder made) throws Exception {
        char[] password = Keys.password(task);
        if (task.name().startsWith("default-")) {
            made.write("store.p12", byStore(task, password));
            return;
        }
        String[] parts = task.name().split("-");
        OutputEncryptor sealer = parts[0].equals("sm4")
                ? Passwords.sealer("sm4-cbc", parts[1], password)
                : Passwords.sealer("aes-256-cbc", "sha256", password);
        var certificate = new JcaPKCS12SafeBagBuilder(Certificates.read(task, "certificate"));
        var key = new JcaPKCS12SafeBagBuilder(Keys.privateKey(task), sealer);
        for (var bag : new JcaPKCS12SafeBagBuilder[] {certificate, key}) {
            bag.addBagAttribute(PKCSObjectIdentifiers.pkcs_9_at_friendlyName, new DERBMPString("key"));
            bag.addBagAttribute(PKCSObjectIdentifiers.pkcs_9_at_localKeyId, new DEROctetString(new byte[] {1}));
        }
        PKCS12PfxPdu file = new PKCS12PfxPduBuilder()
                .addEncryptedData(sealer, certificate.build())
                .addData(key.build())
                .build(mac(parts[1], parts[2].equals("pbmac1")), password);
        made.write("store.p12", file.getEncoded());
    }

    private static byte[] byStore(Folder task, char[] password) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12", "BC");
        store.load(null, null);
        Certificate[] chain = {Certificates.read(task, "certificate")};
        store.setKeyEntry("key", Keys.privateKey(task), null, chain);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        store.store(bytes, password);
        return bytes.toByteArray();
    }

    private static PKCS12MacCalculatorBuilder mac(String hash, boolean pbmac1) throws Exception {
        if (pbmac1) {
            byte[] salt = new byte[16];
            new SecureRandom().nextBytes(salt);
            AlgorithmIdentifier hmac = Passwords.hmac(hash);
            var derivation = new PBKDF2Params(salt, 10_000, 32, hmac);
            return new BcPKCS12PBMac1CalculatorBuilder(
                    new PBMAC1Params(new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, derivation), hmac));
        }
        ASN1ObjectIdentifier name = hash.equals("sm3") ? GMObjectIdentifiers.sm3 : NISTObjectIdentifiers.id_sha256;
        var algorithm = new AlgorithmIdentifier(name, DERNull.INSTANCE);
        return new BcPKCS12MacCalculatorBuilder(digest(algorithm), algorithm).setIterationCount(10_000);
    }

    private Stores() {}
}
