package interop;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Signature;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

import javax.imageio.ImageIO;

import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1UTCTime;
import org.bouncycastle.asn1.DERBitString;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SES_CertList;
import org.ofdrw.gm.ses.v4.SES_ESPropertyInfo;
import org.ofdrw.gm.ses.v4.SES_SealInfo;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.NumberFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.GBT35275PKCS9DSContainer;
import org.ofdrw.sign.signContainer.SESV1Container;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;
import org.ofdrw.sign.stamppos.RidingStampPos;
import org.ofdrw.sign.stamppos.Side;
import org.ofdrw.sign.stamppos.StampAppearance;

/** Sealed OFD files made by ofdrw with keys, certificates and seals of today. */
final class Issue {
    private static final int PAGES = 3;

    static void into(Path folder) throws Exception {
        Files.createDirectories(folder);
        Pki root = Pki.root("C=CN,O=Interop,CN=Interop Root");
        Pki ca = root.issuingCa("C=CN,O=Interop,CN=Interop CA");
        Pki maker = ca.endEntity("C=CN,O=Interop,CN=Interop Seal Maker");
        Pki signer = ca.endEntity("C=CN,O=Interop,CN=Interop Signer");
        Pki.writePem(folder.resolve("roots.pem"), root.certificate());
        Pki.writePem(folder.resolve("intermediates.pem"), ca.certificate());
        Pki.writePem(folder.resolve("maker.pem"), maker.certificate());
        Pki.writePem(folder.resolve("signer.pem"), signer.certificate());
        Files.write(folder.resolve("root.crl"), root.emptyCrl());
        Files.write(folder.resolve("ca.crl"), ca.emptyCrl());

        SESeal seal = seal(maker, signer);
        Files.write(folder.resolve("seal.esl"), seal.getEncoded("DER"));
        Path unsigned = folder.resolve("unsigned.ofd");
        Files.write(unsigned, unsigned());

        NormalStampPos stamp = new NormalStampPos(1, 30, 40, 40, 40);
        Path whole = folder.resolve("ses4-whole.ofd");
        sign(unsigned, whole, SignMode.WholeProtected, ses4(seal, signer), stamp);
        Path first = folder.resolve("ses4-continue.ofd");
        sign(unsigned, first, SignMode.ContinueSign, ses4(seal, signer), stamp);
        sign(first, folder.resolve("ses4-two.ofd"), SignMode.ContinueSign, ses4(seal, signer),
            new NormalStampPos(2, 100, 120, 40, 40));
        sign(unsigned, folder.resolve("ses4-riding.ofd"), SignMode.WholeProtected,
            ses4(seal, signer), new RidingStampPos(Side.Right, 40, 40));
        sign(unsigned, folder.resolve("ses1-whole.ofd"), SignMode.WholeProtected,
            new SESV1Container(signer.key(), sealV1(maker, signer), signer.certificate()), stamp);
        sign(unsigned, folder.resolve("cms-digest.ofd"), SignMode.WholeProtected,
            new GBT35275DSContainer(signer.certificate(), signer.key()), null);
        sign(unsigned, folder.resolve("cms-attributes.ofd"), SignMode.WholeProtected,
            new GBT35275PKCS9DSContainer(signer.certificate(), signer.key()), null);
    }

    private static ExtendSignatureContainer ses4(SESeal seal, Pki signer) {
        return new SESV4Container(signer.key(), seal, signer.certificate());
    }

    private static void sign(Path in, Path out, SignMode mode, ExtendSignatureContainer container,
            StampAppearance stamp) throws Exception {
        try (OFDReader reader = new OFDReader(in);
                OutputStream stream = Files.newOutputStream(out);
                OFDSigner ofd = new OFDSigner(reader, stream, new NumberFormatAtomicSignID())) {
            ofd.setSignMode(mode).setSignContainer(container);
            if (stamp != null) {
                ofd.addApPos(stamp);
            }
            ofd.exeSign();
        }
    }

    /** A seal of GB/T 38540 (SES v4): the maker signs DER(sealInfo). */
    private static SESeal seal(Pki maker, Pki signer) throws Exception {
        CertInfoList list =
            new CertInfoList().add(new DEROctetString(signer.certificate().getEncoded()));
        SES_ESPropertyInfo property = new SES_ESPropertyInfo()
            .setType(new org.bouncycastle.asn1.ASN1Integer(1))
            .setName(new DERUTF8String("互操作测试专用章"))
            .setCertListType(SES_ESPropertyInfo.CertListType)
            .setCertList(new SES_CertList(list))
            .setCreateDate(new ASN1GeneralizedTime(inDays(0)))
            .setValidStart(new ASN1GeneralizedTime(inDays(-1)))
            .setValidEnd(new ASN1GeneralizedTime(inDays(300)));
        SES_SealInfo info = new SES_SealInfo()
            .setHeader(new SES_Header(SES_Header.V4, new org.bouncycastle.asn1.DERIA5String("Interop")))
            .setEsID("10000000000001")
            .setProperty(property)
            .setPicture(picture());
        return new SESeal()
            .seteSealInfo(info)
            .setCert(maker.certificate())
            .setSignAlgID(GMObjectIdentifiers.sm2sign_with_sm3)
            .setSignedValue(signature(maker, info.getEncoded("DER")));
    }

    /** A seal of GM/T 0031 (SES v1): the maker signs SEQUENCE{sealInfo, certificate, algorithm}. */
    private static org.ofdrw.gm.ses.v1.SESeal sealV1(Pki maker, Pki signer) throws Exception {
        org.ofdrw.gm.ses.v1.SES_ESPropertyInfo property =
            new org.ofdrw.gm.ses.v1.SES_ESPropertyInfo()
                .setType(1)
                .setName("互操作测试专用章")
                .setCertList(new DERSequence(
                    new DEROctetString(signer.certificate().getEncoded())))
                .setCreateDate(new ASN1UTCTime(inDays(0)))
                .setValidStart(new ASN1UTCTime(inDays(-1)))
                .setValidEnd(new ASN1UTCTime(inDays(300)));
        org.ofdrw.gm.ses.v1.SES_SealInfo info = new org.ofdrw.gm.ses.v1.SES_SealInfo()
            .setHeader(new SES_Header().setVersion(1).setVid("Interop"))
            .setEsID("10000000000002")
            .setProperty(property)
            .setPicture(picture());
        DEROctetString certificate = new DEROctetString(maker.certificate().getEncoded());
        ASN1EncodableVector signed = new ASN1EncodableVector(3);
        signed.add(info);
        signed.add(certificate);
        signed.add(GMObjectIdentifiers.sm2sign_with_sm3);
        byte[] value = signature(maker, new DERSequence(signed).getEncoded("DER"));
        return new org.ofdrw.gm.ses.v1.SESeal(info, new org.ofdrw.gm.ses.v1.SES_SignInfo(
            certificate, GMObjectIdentifiers.sm2sign_with_sm3, new DERBitString(value)));
    }

    private static byte[] signature(Pki maker, byte[] message) throws Exception {
        Signature sm2 = Signature.getInstance("SM3withSM2", "BC");
        sm2.initSign(maker.key());
        sm2.update(message);
        return sm2.sign();
    }

    /** A red ring, as a PNG of 40 by 40 mm. */
    private static SES_ESPictrueInfo picture() throws Exception {
        BufferedImage image = new BufferedImage(120, 120, BufferedImage.TYPE_INT_ARGB);
        Graphics2D drawing = image.createGraphics();
        drawing.setColor(Color.RED);
        drawing.setStroke(new BasicStroke(5));
        drawing.drawOval(5, 5, 109, 109);
        drawing.dispose();
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        ImageIO.write(image, "png", png);
        return new SES_ESPictrueInfo()
            .setType("PNG").setData(png.toByteArray()).setWidth(40).setHeight(40);
    }

    /** A document of three pages with a line of text each. */
    private static byte[] unsigned() throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            String ofd = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
            entry(zip, "OFD.xml", "<ofd:OFD " + ofd + " Version=\"1.1\" DocType=\"OFD\">"
                + "<ofd:DocBody><ofd:DocInfo><ofd:DocID>00112233445566778899aabbccddeeff</ofd:DocID>"
                + "<ofd:Title>互操作</ofd:Title></ofd:DocInfo>"
                + "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>");
            StringBuilder pages = new StringBuilder();
            for (int page = 0; page < PAGES; page++) {
                pages.append("<ofd:Page ID=\"").append(10 + page)
                    .append("\" BaseLoc=\"Pages/Page_").append(page).append("/Content.xml\"/>");
            }
            entry(zip, "Doc_0/Document.xml", "<ofd:Document " + ofd + "><ofd:CommonData>"
                + "<ofd:MaxUnitID>100</ofd:MaxUnitID><ofd:PageArea>"
                + "<ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
                + "<ofd:PublicRes>PublicRes.xml</ofd:PublicRes></ofd:CommonData>"
                + "<ofd:Pages>" + pages + "</ofd:Pages></ofd:Document>");
            entry(zip, "Doc_0/PublicRes.xml", "<ofd:Res " + ofd + " BaseLoc=\"Res\"><ofd:Fonts>"
                + "<ofd:Font ID=\"2\" FontName=\"SimSun\" FamilyName=\"SimSun\"/>"
                + "</ofd:Fonts></ofd:Res>");
            for (int page = 0; page < PAGES; page++) {
                entry(zip, "Doc_0/Pages/Page_" + page + "/Content.xml", "<ofd:Page " + ofd + ">"
                    + "<ofd:Content><ofd:Layer ID=\"" + (20 + page) + "\"><ofd:TextObject ID=\""
                    + (30 + page) + "\" Boundary=\"20 20 100 10\" Font=\"2\" Size=\"5\">"
                    + "<ofd:TextCode X=\"0\" Y=\"5\">第" + (page + 1) + "页</ofd:TextCode>"
                    + "</ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>");
            }
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, String xml) throws Exception {
        zip.putNextEntry(new ZipEntry(name));
        String head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        zip.write((head + xml).getBytes(StandardCharsets.UTF_8));
        zip.closeEntry();
    }

    private static Date inDays(int days) {
        return Date.from(Instant.now().plus(Duration.ofDays(days)));
    }

    private Issue() {}
}
