package interop;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.SignedDataValidateContainer;
import org.ofdrw.sign.verify.container.GBT35275ValidateContainer;
import org.ofdrw.sign.verify.container.SESV1ValidateContainer;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/**
 * ofdrw from the command line: {@code verify} checks OFD files, {@code issue} makes sealed ones.
 */
public final class Main {
    private static final String USAGE = """
        verify [--form ses4|ses1|cms] [--repeat N] FILE|FOLDER...
            one line a file: path TAB ok, or path TAB the reason of the refusal; exit status 1 if any.
            --repeat N checks all of them N times more, after warming up, and prints documents per second
        issue FOLDER
            makes a root, a CA, a seal maker, a signer, their CRLs, a seal and sealed OFD files""";

    public static void main(String[] arguments) {
        Security.addProvider(new BouncyCastleProvider());
        try {
            System.exit(run(new ArrayList<>(List.of(arguments))));
        } catch (Exception problem) {
            // The virtual machine would end with 1, which here means a refused document.
            problem.printStackTrace();
            System.exit(2);
        }
    }

    private static int run(List<String> rest) throws Exception {
        String command = rest.isEmpty() ? "" : rest.remove(0);
        switch (command) {
            case "verify":
                return verify(rest);
            case "issue":
                Issue.into(Path.of(rest.get(0)));
                return 0;
            default:
                System.err.println(USAGE);
                return 2;
        }
    }

    private static int verify(List<String> rest) throws Exception {
        String form = "ses4";
        int repeat = 0;
        List<Path> files = new ArrayList<>();
        for (int i = 0; i < rest.size(); i++) {
            switch (rest.get(i)) {
                case "--form" -> form = rest.get(++i);
                case "--repeat" -> repeat = Integer.parseInt(rest.get(++i));
                default -> files.addAll(ofdFiles(Path.of(rest.get(i))));
            }
        }
        int refused = 0;
        for (Path file : files) {
            String reason = refusal(file, form);
            System.out.println(file + "\t" + (reason == null ? "ok" : reason));
            refused += reason == null ? 0 : 1;
        }
        if (files.isEmpty()) {
            System.err.println("no OFD file given");
            return 2;
        }
        if (repeat > 0) {
            measure(files, form, repeat);
        }
        return refused == 0 ? 0 : 1;
    }

    /** The first half of the rounds lets the compiler of the JVM settle; only the second half counts. */
    private static void measure(List<Path> files, String form, int repeat) {
        long start = 0;
        for (int round = 0; round < 2 * repeat; round++) {
            if (round == repeat) {
                start = System.nanoTime();
            }
            for (Path file : files) {
                refusal(file, form);
            }
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        long documents = (long) repeat * files.size();
        System.out.printf("# %d documents in %.3f s: %.1f documents/s, 1 thread%n",
            documents, seconds, documents / seconds);
    }

    /** Why ofdrw refuses the file; null if it accepts it. */
    private static String refusal(Path file, String form) {
        try (OFDReader reader = new OFDReader(file);
                OFDValidator validator = new OFDValidator(reader)) {
            validator.setValidator(container(form));
            validator.exeValidate();
            return null;
        } catch (Exception problem) {
            return (problem.getClass().getSimpleName() + ": " + problem.getMessage())
                .replaceAll("\\s+", " ");
        }
    }

    private static SignedDataValidateContainer container(String form) {
        return switch (form) {
            case "ses4" -> new SESV4ValidateContainer();
            case "ses1" -> new SESV1ValidateContainer();
            case "cms" -> new GBT35275ValidateContainer();
            default -> throw new IllegalArgumentException("no form " + form);
        };
    }

    private static List<Path> ofdFiles(Path place) throws IOException {
        if (!Files.isDirectory(place)) {
            return List.of(place);
        }
        try (Stream<Path> inside = Files.walk(place)) {
            return inside.filter(file -> file.toString().endsWith(".ofd")).sorted().toList();
        }
    }

    private Main() {}
}
