package interop;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.bouncycastle.util.io.pem.PemWriter;

/** The files of a case. */
record Folder(Path path) {
    String name() {
        return path.getFileName().toString();
    }

    boolean has(String file) {
        return Files.exists(path.resolve(file));
    }

    byte[] read(String file) throws IOException {
        return Files.readAllBytes(path.resolve(file));
    }

    String text(String file) throws IOException {
        return Files.readString(path.resolve(file));
    }

    /** The contents of a file, out of its PEM if it has one. */
    byte[] der(String file) throws IOException {
        byte[] bytes = read(file);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        return text.startsWith("-----") ? new PemReader(new StringReader(text)).readPemObject().getContent() : bytes;
    }

    void write(String file, byte[] bytes) throws IOException {
        Files.write(path.resolve(file), bytes);
    }

    void writePem(String file, String label, byte[] der) throws IOException {
        StringWriter text = new StringWriter();
        try (PemWriter pem = new PemWriter(text)) {
            pem.writeObject(new PemObject(label, der));
        }
        write(file, text.toString().getBytes(StandardCharsets.US_ASCII));
    }
}
