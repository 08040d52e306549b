package interop;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.List;
import java.util.stream.Stream;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Bouncy Castle: {@code Main OURS TASKS OUT}; vectors/interop/README.md describes the protocol. */
public final class Main {
    interface Taker {
        void take(Folder of) throws Exception;
    }

    interface Maker {
        void make(Folder task, Folder made) throws Exception;
    }

    record Cell(String name, Taker taker, Maker maker) {}

    private static final List<Cell> CELLS = List.of(
            new Cell("signature", Keys::verify, Keys::sign),
            new Cell("ciphertext", Keys::decrypt, Keys::encrypt),
            new Cell("key-exchange", Exchanges::respond, Exchanges::initiate),
            new Cell("pkcs8", Keys::takePkcs8, Keys::makePkcs8),
            new Cell("sec1", Keys::takeSec1, Keys::makeSec1),
            new Cell("spki", Keys::takeSpki, Keys::makeSpki),
            new Cell("encrypted-key", Keys::takeEncrypted, Keys::makeEncrypted),
            new Cell("certificate", Certificates::take, Certificates::make),
            new Cell("csr", Certificates::takeRequest, Certificates::makeRequest),
            new Cell("crl", Certificates::takeList, Certificates::makeList),
            new Cell("ocsp-request", Ocsp::takeRequest, Ocsp::makeRequest),
            new Cell("ocsp-response", Ocsp::takeResponse, Ocsp::makeResponse),
            new Cell("time-stamp-request", TimeStamps::takeRequest, TimeStamps::makeRequest),
            new Cell("time-stamp-response", TimeStamps::takeResponse, TimeStamps::makeResponse),
            new Cell("cms-signed", Messages::takeSigned, Messages::makeSigned),
            new Cell("cms-enveloped", Envelopes::take, Envelopes::make),
            new Cell("cms-encrypted", Envelopes::takeEncrypted, Envelopes::makeEncrypted),
            new Cell("pkcs12", Stores::take, Stores::make));

    public static void main(String[] arguments) throws IOException {
        BouncyCastleProvider provider = new BouncyCastleProvider();
        Sm4.enter(provider);
        Security.addProvider(provider);
        Path ours = Path.of(arguments[0]), tasks = Path.of(arguments[1]), out = Path.of(arguments[2]);
        Files.createDirectories(out);
        try (PrintWriter answers = new PrintWriter(out.resolve("answers.jsonl").toFile(), "UTF-8")) {
            answers.println("{\"version\": " + quoted(provider.getVersionStr()) + "}");
            for (Cell cell : CELLS) {
                for (Path path : cases(ours.resolve(cell.name))) {
                    Folder one = new Folder(path);
                    answer(answers, "to", cell, one, () -> cell.taker.take(one));
                }
                for (Path path : cases(tasks.resolve(cell.name))) {
                    Folder task = new Folder(path);
                    Path made = Files.createDirectories(out.resolve(cell.name).resolve(task.name()));
                    answer(answers, "from", cell, task, () -> cell.maker.make(task, new Folder(made)));
                }
            }
        }
    }

    interface Work {
        void run() throws Exception;
    }

    private static void answer(PrintWriter answers, String direction, Cell cell, Folder of, Work work) {
        String end;
        try {
            work.run();
            end = "true";
        } catch (Exception fault) {
            end = "false, \"note\": " + quoted(fault.toString());
        }
        answers.printf("{\"direction\": %s, \"cell\": %s, \"case\": %s, \"ok\": %s}%n",
                quoted(direction), quoted(cell.name), quoted(of.name()), end);
    }

    private static List<Path> cases(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> cases = Files.list(folder)) {
            return cases.sorted().toList();
        }
    }

    static void demand(boolean condition, String text) {
        if (!condition) {
            throw new IllegalStateException(text);
        }
    }

    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.chars().limit(300).forEach(letter -> {
            if (letter == '"' || letter == '\\') {
                quoted.append('\\');
            }
            quoted.append(letter < ' ' ? ' ' : (char) letter);
        });
        return quoted.append('"').toString();
    }

    private Main() {}
}
