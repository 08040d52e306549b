package interop;

import static interop.Main.demand;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.math.BigInteger;
import java.security.interfaces.ECPrivateKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.crypto.agreement.SM2KeyExchange;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.params.SM2KeyExchangePrivateParameters;
import org.bouncycastle.crypto.params.SM2KeyExchangePublicParameters;
import org.bouncycastle.jcajce.provider.asymmetric.util.ECUtil;
import org.bouncycastle.util.encoders.Hex;

/** The key exchange of SM2, with our side as another process. */
final class Exchanges {
    /** Our side: lines in hexadecimal. */
    private record OurSide(Process process, BufferedReader out, PrintStream in) {
        static OurSide start(String... arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of(System.getenv("YINXIN"), "exchange"));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
            return new OurSide(process, process.inputReader(), new PrintStream(process.getOutputStream(), true));
        }

        byte[] hear() throws IOException {
            String line = out.readLine();
            return line == null ? new byte[0] : Hex.decode(line);
        }

        void say(byte[] line) {
            in.println(Hex.toHexString(line));
        }

        void end() throws InterruptedException {
            demand(process.waitFor() == 0, "our side failed");
        }
    }

    /** What the peer needs before it knows the point that we sent. */
    private record Peer(Folder of, boolean initiator, ECPrivateKeyParameters own, ECPrivateKeyParameters ephemeral) {
        static Peer of(Folder of, boolean initiator) throws Exception {
            var own = (ECPrivateKeyParameters) ECUtil.generatePrivateKeyParameter(Keys.privateKey(of));
            BigInteger r = ((ECPrivateKey) Keys.generate().getPrivate()).getS();
            return new Peer(of, initiator, own, new ECPrivateKeyParameters(r, own.getParameters()));
        }

        byte[] point() {
            return curve().getG().multiply(ephemeral.getD()).normalize().getEncoded(false);
        }

        private ECDomainParameters curve() {
            return own.getParameters();
        }

        private ECPublicKeyParameters read(byte[] point) {
            return new ECPublicKeyParameters(curve().getCurve().decodePoint(point), curve());
        }

        /** The key, then confirmations; the initiator checks that of the other here. */
        byte[][] agree(byte[] point, byte[] confirmation) throws Exception {
            SM2KeyExchange exchange = new SM2KeyExchange();
            var parameters = new SM2KeyExchangePrivateParameters(initiator, own, ephemeral);
            exchange.init(new ParametersWithID(parameters, of.read("id")));
            var other = new SM2KeyExchangePublicParameters(read(of.read("our-public.raw")), read(point));
            int bits = 8 * Integer.parseInt(of.text("length"));
            return exchange.calculateKeyWithConfirmation(
                    bits, confirmation, new ParametersWithID(other, of.read("our-id")));
        }
    }

    static void respond(Folder of) throws Exception {
        Peer peer = Peer.of(of, false);
        OurSide ours = OurSide.start(of.path().toString(), "initiator");
        byte[][] agreed = peer.agree(ours.hear(), null);
        ours.say(peer.point());
        demand(Arrays.equals(ours.hear(), agreed[2]), "another confirmation");
        ours.say(agreed[1]);
        byte[] found = ours.hear();
        ours.end();
        demand(Arrays.equals(found, agreed[0]), "different keys");
    }

    static void initiate(Folder task, Folder made) throws Exception {
        Peer peer = Peer.of(task, true);
        OurSide ours = OurSide.start(
                task.path().toString(), "responder", made.path().resolve("our-key").toString());
        ours.say(peer.point());
        byte[] point = ours.hear();
        byte[][] agreed = peer.agree(point, ours.hear());
        ours.say(agreed[1]);
        ours.end();
        made.write("key", agreed[0]);
    }

    private Exchanges() {}
}
