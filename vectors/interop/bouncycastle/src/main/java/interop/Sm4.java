package interop;

import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.modes.CBCBlockCipher;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.jcajce.provider.symmetric.util.BaseBlockCipher;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * SM4 under its object identifiers. The provider knows SM4 by its name alone, so that its classes for PBES2 and
 * CMS, which ask by object identifier, find nothing; an application that enters these lets them find it.
 */
public final class Sm4 {
    static void enter(BouncyCastleProvider provider) {
        String cbc = GMObjectIdentifiers.sms4_cbc.getId(), gcm = GMObjectIdentifiers.sms4_gcm.getId();
        provider.addAlgorithm("Cipher." + cbc, Cbc.class.getName());
        provider.addAlgorithm("Alg.Alias.AlgorithmParameters." + cbc, "SM4");
        provider.addAlgorithm("Cipher." + gcm, Gcm.class.getName());
        provider.addAlgorithm("Alg.Alias.AlgorithmParameters." + gcm, "GCM");
        for (String name : new String[] {cbc, gcm}) {
            provider.addAlgorithm("Alg.Alias.KeyGenerator." + name, "SM4");
            provider.addAlgorithm("Alg.Alias.SecretKeyFactory." + name, "SM4");
        }
    }

    /** CBC with PKCS#7 padding. */
    public static final class Cbc extends BaseBlockCipher {
        public Cbc() {
            super(CBCBlockCipher.newInstance(new SM4Engine()), 128);
        }
    }

    /** GCM. */
    public static final class Gcm extends BaseBlockCipher {
        public Gcm() {
            super(GCMBlockCipher.newInstance(new SM4Engine()), true, 12);
        }
    }

    private Sm4() {}
}
