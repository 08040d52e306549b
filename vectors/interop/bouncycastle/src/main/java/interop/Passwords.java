package interop;

import java.util.Map;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.crypto.util.PBKDF2Config;
import org.bouncycastle.crypto.util.PBKDFConfig;
import org.bouncycastle.crypto.util.ScryptConfig;
import org.bouncycastle.operator.DefaultSecretKeySizeProvider;
import org.bouncycastle.operator.InputDecryptorProvider;
import org.bouncycastle.operator.OutputEncryptor;
import org.bouncycastle.operator.SecretKeySizeProvider;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEInputDecryptorProviderBuilder;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEOutputEncryptorBuilder;

/** Encryption under a password: PBES2. */
final class Passwords {
    /** Bouncy Castle lets a caller say how long the keys of a cipher are that is not in its table. */
    private static final SecretKeySizeProvider SIZES = new SecretKeySizeProvider() {
        @Override
        public int getKeySize(AlgorithmIdentifier algorithm) {
            return getKeySize(algorithm.getAlgorithm());
        }

        @Override
        public int getKeySize(ASN1ObjectIdentifier algorithm) {
            return algorithm.equals(GMObjectIdentifiers.sms4_cbc)
                    ? 128
                    : DefaultSecretKeySizeProvider.INSTANCE.getKeySize(algorithm);
        }
    };

    static final Map<String, ASN1ObjectIdentifier> CIPHERS = Map.of(
            "sm4-cbc", GMObjectIdentifiers.sms4_cbc,
            "aes-128-cbc", NISTObjectIdentifiers.id_aes128_CBC,
            "aes-256-cbc", NISTObjectIdentifiers.id_aes256_CBC);

    private static final Map<String, ASN1ObjectIdentifier> FUNCTIONS = Map.of(
            "sm3", GMObjectIdentifiers.hmac_sm3,
            "sha256", PKCSObjectIdentifiers.id_hmacWithSHA256,
            "sha1", PKCSObjectIdentifiers.id_hmacWithSHA1);

    static AlgorithmIdentifier hmac(String function) {
        return new AlgorithmIdentifier(FUNCTIONS.get(function), DERNull.INSTANCE);
    }

    static InputDecryptorProvider opener(char[] password) {
        return new JcePKCSPBEInputDecryptorProviderBuilder().setProvider("BC")
                .setKeySizeProvider(SIZES).build(password);
    }

    /** Encrypts with PBKDF2 and the HMAC of that hash function, or with scrypt. */
    static OutputEncryptor sealer(String cipher, String function, char[] password) throws Exception {
        PBKDFConfig derivation = function.equals("scrypt")
                ? new ScryptConfig.Builder(1 << 14, 8, 1).withSaltLength(16).build()
                : new PBKDF2Config.Builder().withPRF(hmac(function)).withIterationCount(10_000).withSaltLength(16).build();
        return new JcePKCSPBEOutputEncryptorBuilder(derivation, CIPHERS.get(cipher)).setProvider("BC")
                .setKeySizeProvider(SIZES).build(password);
    }

    private Passwords() {}
}
