package interop;

import static interop.Main.demand;

import java.io.IOException;
import java.io.StringReader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.params.ParametersWithRandom;
import org.bouncycastle.jcajce.provider.asymmetric.util.ECUtil;
import org.bouncycastle.jcajce.spec.SM2ParameterSpec;
import org.bouncycastle.jce.interfaces.ECPublicKey;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.openssl.jcajce.JcaMiscPEMGenerator;
import org.bouncycastle.openssl.jcajce.JcaPEMKeyConverter;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.jcajce.JcaPKCS8EncryptedPrivateKeyInfoBuilder;
import org.bouncycastle.util.io.pem.PemWriter;

/** Keys, and what they do by themselves. */
final class Keys {
    static PrivateKey privateKey(Folder of) throws Exception {
        return pkcs8(of.der("private.pem"));
    }

    static PublicKey publicKey(Folder of) throws Exception {
        return spki(of.der("public.pem"));
    }

    private static PrivateKey pkcs8(byte[] der) throws Exception {
        return KeyFactory.getInstance("EC", "BC").generatePrivate(new PKCS8EncodedKeySpec(der));
    }

    private static PublicKey spki(byte[] der) throws Exception {
        return KeyFactory.getInstance("EC", "BC").generatePublic(new X509EncodedKeySpec(der));
    }

    private static Signature algorithm(Folder of) throws Exception {
        Signature algorithm = Signature.getInstance("SM3withSM2", "BC");
        algorithm.setParameter(new SM2ParameterSpec(of.read("id")));
        return algorithm;
    }

    static void verify(Folder of) throws Exception {
        Signature algorithm = algorithm(of);
        algorithm.initVerify(publicKey(of));
        algorithm.update(of.read("message"));
        demand(algorithm.verify(of.read("signature.der")), "refused");
    }

    static void sign(Folder task, Folder made) throws Exception {
        Integer wanted = Map.of("r-starts-with-zero", 0, "s-starts-with-zero", 1).get(task.name());
        byte[] signature;
        do {
            Signature algorithm = algorithm(task);
            algorithm.initSign(privateKey(task), new SecureRandom());
            algorithm.update(task.read("message"));
            signature = algorithm.sign();
        } while (wanted != null && number(signature, wanted).bitLength() > 248);
        made.write("signature.der", signature);
    }

    private static BigInteger number(byte[] signature, int index) {
        return ASN1Integer.getInstance(ASN1Sequence.getInstance(signature).getObjectAt(index)).getValue();
    }

    private static final Map<String, SM2Engine.Mode> ORDERS =
            Map.of("ciphertext.c1c3c2", SM2Engine.Mode.C1C3C2, "ciphertext.c1c2c3", SM2Engine.Mode.C1C2C3);

    static void decrypt(Folder of) throws Exception {
        for (var order : ORDERS.entrySet()) {
            SM2Engine engine = new SM2Engine(order.getValue());
            engine.init(false, ECUtil.generatePrivateKeyParameter(privateKey(of)));
            byte[] ciphertext = of.read(order.getKey());
            byte[] found = engine.processBlock(ciphertext, 0, ciphertext.length);
            demand(Arrays.equals(found, of.read("plaintext")), order.getKey() + ": another plaintext");
        }
    }

    static void encrypt(Folder task, Folder made) throws Exception {
        byte[] plaintext = task.read("plaintext");
        for (var order : ORDERS.entrySet()) {
            SM2Engine engine = new SM2Engine(order.getValue());
            engine.init(true, new ParametersWithRandom(ECUtil.generatePublicKeyParameter(publicKey(task))));
            made.write(order.getKey(), engine.processBlock(plaintext, 0, plaintext.length));
        }
    }

    private static void same(Folder of, PrivateKey key) throws IOException {
        byte[] d = of.read("private.raw");
        demand(((ECPrivateKey) key).getS().equals(new BigInteger(1, d)), "another key");
    }

    static void takePkcs8(Folder of) throws Exception {
        same(of, pkcs8(of.der("key.pem")));
        same(of, pkcs8(of.der("key.der")));
    }

    static void makePkcs8(Folder task, Folder made) throws Exception {
        byte[] der = privateKey(task).getEncoded();
        made.write("key.der", der);
        made.writePem("key.pem", "PRIVATE KEY", der);
    }

    static void takeSec1(Folder of) throws Exception {
        try (PEMParser parser = new PEMParser(new StringReader(of.text("key.pem")))) {
            var pair = new JcaPEMKeyConverter().setProvider("BC").getKeyPair((PEMKeyPair) parser.readObject());
            same(of, pair.getPrivate());
            point(of, pair.getPublic());
        }
    }

    static void makeSec1(Folder task, Folder made) throws Exception {
        var text = new java.io.StringWriter();
        try (PemWriter pem = new PemWriter(text)) {
            pem.writeObject(new JcaMiscPEMGenerator(privateKey(task)));
        }
        made.write("key.pem", text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    static void takeSpki(Folder of) throws Exception {
        point(of, spki(of.der("key.pem")));
        point(of, spki(of.der("key.der")));
    }

    static void point(Folder of, PublicKey key) throws IOException {
        byte[] found = ((ECPublicKey) key).getQ().getEncoded(false);
        demand(Arrays.equals(found, of.read("public.raw")), "another point");
    }

    static void makeSpki(Folder task, Folder made) throws Exception {
        byte[] der = publicKey(task).getEncoded();
        made.write("key.der", der);
        made.writePem("key.pem", "PUBLIC KEY", der);
    }

    static char[] password(Folder of) throws IOException {
        return of.text("password").toCharArray();
    }

    static void takeEncrypted(Folder of) throws Exception {
        var sealed = new PKCS8EncryptedPrivateKeyInfo(of.der("key.pem"));
        same(of, pkcs8(sealed.decryptPrivateKeyInfo(Passwords.opener(password(of))).getEncoded()));
    }

    static void makeEncrypted(Folder task, Folder made) throws Exception {
        String[] parts = task.name().split("-hmac-|-scrypt-");
        String function = task.name().contains("-scrypt-") ? "scrypt" : parts[1].split("-")[0];
        OutputEncryptor sealer = Passwords.sealer(parts[0], function, password(task));
        byte[] der = new JcaPKCS8EncryptedPrivateKeyInfoBuilder(privateKey(task)).build(sealer).getEncoded();
        made.writePem("key.pem", "ENCRYPTED PRIVATE KEY", der);
    }

    /** A new key pair. */
    static java.security.KeyPair generate() throws Exception {
        var generator = java.security.KeyPairGenerator.getInstance("EC", "BC");
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        return generator.generateKeyPair();
    }

    private Keys() {}
}
