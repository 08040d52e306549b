//! Every ceiling of the crate, each with its reason. Reaching one is an [`Error`](crate::Error) with
//! [`Code::LimitReached`](crate::Code::LimitReached) that names the constant.
//!
//! Whoever adds a loop over input adds its ceiling here and tests it at the limit and one past.

/// Plaintext of one SM2 encryption: 16 MiB. It is meant for keys and short messages; the KDF's counter
/// alone would allow 128 GiB.
pub const SM2_PLAINTEXT_BYTES_MAX: usize = 16 << 20;

/// Files shown in full on one HTML page: 2,000, about 20 MB, which a browser still opens.
pub const HTML_DETAILED_MAX: usize = 2_000;

/// Of these, files that passed: 100, because a reader looks for those that did not.
pub const HTML_DETAILED_PASSED_MAX: usize = 100;

/// An OFD package as a file: 256 MiB. Real licences are below 1 MiB; scanned volumes reach 100 MiB.
pub const PACKAGE_BYTES_MAX: usize = 256 << 20;

/// A token as text: 16 KiB. It travels in an HTTP header, and servers refuse header lines beyond
/// 8 to 16 KiB.
pub const TOKEN_BYTES_MAX: usize = 16 << 10;

/// Values of `aud` in a token: 16. A token for more services than that is for none in particular.
pub const TOKEN_AUDIENCES_MAX: usize = 16;

/// `alg`, `kid` and `typ` in a token's header, each: 128 bytes. Key ids are thumbprints
/// or short names.
pub const TOKEN_HEADER_TEXT_BYTES_MAX: usize = 128;

/// `iss`, `sub`, `jti` and each `aud` of a token: 512 bytes, room for a long address or
/// a directory name.
pub const TOKEN_CLAIM_TEXT_BYTES_MAX: usize = 512;

/// Nesting of arrays and objects in a token's header and claims: 16. Real ones stay below 5.
pub const TOKEN_JSON_DEPTH_MAX: usize = 16;

/// Difference of clocks that a token policy may forgive: 300 s. More would hide a broken clock.
pub const TOKEN_LEEWAY_S_MAX: u32 = 300;

/// An electronic seal: 10 MiB, that is one picture of the largest size with room for its certificates.
pub const SEAL_BYTES_MAX: usize = 10 << 20;

/// A seal's picture: 8 MiB. Pictures in use have 5 to 300 KiB; some are whole OFD packages.
pub const SEAL_PICTURE_BYTES_MAX: usize = 8 << 20;

/// Certificates or digests in a seal's list: 256. A seal shared by an office lists tens.
pub const SEAL_LIST_MAX: usize = 256;

/// Extensions of a seal or of a sealed signature: 64. Four are the most that was met.
pub const SEAL_EXTENSIONS_MAX: usize = 64;

/// One text of a seal (identifier, name, vendor, kind of picture): 4 KiB.
pub const SEAL_TEXT_BYTES_MAX: usize = 4 << 10;

/// One certificate inside a seal, sealed signature or SignedData: 64 KiB. Real ones have 0.5 to 2 KiB.
pub const EMBEDDED_CERTIFICATE_BYTES_MAX: usize = 64 << 10;

/// A sealed signature: 12 MiB, that is the largest seal and what surrounds it.
pub const SIGNED_VALUE_BYTES_MAX: usize = 12 << 20;

/// The property of a sealed signature: 64 KiB. It holds one path, or a path in a little JSON.
pub const SIGNED_VALUE_PROPERTY_BYTES_MAX: usize = 64 << 10;

/// A time stamp inside a seal or sealed signature: 64 KiB, a token with the chain of its authority.
pub const TIME_STAMP_BYTES_MAX: usize = 64 << 10;

/// How far in the future a claimed signing time may lie before it fails: 8 h, for Beijing time written
/// as UTC. Within it, there is a warning.
pub const SIGNING_TIME_SKEW_S_MAX: i64 = 8 * 3600;

/// The width and the height in pixels of a picture put into a new seal. 4096 prints 40 mm at 2600 dpi.
pub const SEAL_PICTURE_PIXELS_MAX: u32 = 4096;

/// A SignedData: 16 MiB. Detached ones have 1 to 4 KiB; one that holds a document is as large as that.
pub const CMS_BYTES_MAX: usize = 16 << 20;

/// Certificates, and likewise revocation lists, inside a SignedData: 64, room for several chains.
pub const CMS_CERTIFICATES_MAX: usize = 64;

/// Signers of a SignedData: 16. One is the rule, and each costs a signature verification.
pub const CMS_SIGNERS_MAX: usize = 16;

/// Certificates among which that of one signer is looked for, where several fit his identifier: 4. One is
/// the rule, and each more costs a signature verification, and without signed attributes a hash of the data.
pub const CMS_NAMESAKES_MAX: usize = 4;

/// Signed attributes of one signer, likewise unsigned ones, and values of one attribute: 64. Three to six
/// are usual.
pub const CMS_ATTRIBUTES_MAX: usize = 64;

/// Counter-signatures that are verified of one signer: 16. They are rare, anybody can add them, and each
/// costs a signature verification.
pub const CMS_COUNTER_SIGNATURES_MAX: usize = 16;

/// Recipients of enveloped data: 1024, a department's list. Each takes about 300 bytes, and an SM2
/// encryption to write.
pub const CMS_RECIPIENTS_MAX: usize = 1024;

/// Seals that a cache remembers: 64. A batch from one region uses a handful.
pub const SEAL_CACHE_ENTRIES_MAX: usize = 64;

/// Bytes of all seals that a cache remembers: 16 MiB, enough for 64 seals with pictures of 256 KiB.
pub const SEAL_CACHE_BYTES_MAX: usize = 16 << 20;

/// Signers' keys that a cache counts and keeps tables for: 64. Tables have up to
/// 169 KiB, all of them 11 MiB.
pub const PREPARED_KEYS_MAX: usize = 64;

/// A licence identifier: 128 bytes, the length of the metadata element ZZBS (GB/T 36903-2018).
pub const IDENTIFIER_BYTES_MAX: usize = 128;

/// The name or the text of one `CustomData`: 4 KiB, a page of Chinese text.
pub const METADATA_VALUE_BYTES_MAX: usize = 4 << 10;

/// Holders of one licence: 64. Property is held jointly by families, not by crowds.
pub const METADATA_HOLDERS_MAX: usize = 64;

/// A licence to be issued, as one row of a table in JSON: 64 KiB, far above what one page can show.
pub const LICENCE_ROW_BYTES_MAX: usize = 64 << 10;

/// Fields on the face of a licence: 40. More rows do not fit the page at a size that can be read.
pub const TEMPLATE_FIELDS_MAX: usize = 40;

/// Width of a seal picture that is drawn here: 2048 pixels, 1200 dpi at 42 mm.
pub const DRAWN_SEAL_PIXELS_MAX: u32 = 2048;

/// Files and folders of one package: 16384. The largest volumes seen have 5000 pages of three files.
pub const PACKAGE_ENTRIES_MAX: usize = 16_384;

/// A file name inside a package: 1024 bytes, four times what common file systems allow for one segment.
pub const PACKAGE_NAME_BYTES_MAX: usize = 1024;

/// Folders and file in one path of a package: 32. Real paths have six, and every one is compared with
/// all names.
pub const PACKAGE_PATH_DEPTH_MAX: usize = 32;

/// One file of a package, unpacked: 128 MiB, above the largest scanned page or embedded font.
pub const ENTRY_UNPACKED_BYTES_MAX: usize = 128 << 20;

/// All files of a package, unpacked: 512 MiB, twice the largest package, as scans hardly shrink.
pub const PACKAGE_UNPACKED_BYTES_MAX: usize = 512 << 20;

/// How many times larger than packed a file, or the whole package, may be. Page XML reaches 20,
/// blank bitmaps more, but those stay below the floors that follow; a bomb is near 1000.
pub const UNPACK_RATIO_MAX: usize = 100;

/// Below this unpacked size a single file may exceed the ratio: 1 MiB costs less than a millisecond.
pub const ENTRY_RATIO_FLOOR_BYTES: usize = 1 << 20;

/// Below this unpacked size the whole package may exceed the ratio: 16 MiB fits a service's budget.
pub const PACKAGE_RATIO_FLOOR_BYTES: usize = 16 << 20;

/// One XML file of a package: 16 MiB. Dense vector pages reach 5 MiB.
pub const XML_BYTES_MAX: usize = 16 << 20;

/// The nodes of one XML file: 500 000, about 60 MiB once parsed. Dense vector pages reach 200 000.
pub const XML_NODES_MAX: u32 = 500_000;

/// Nested elements in one XML file: 128. Page blocks and composite units nest below 20.
pub const XML_DEPTH_MAX: usize = 128;

/// Attributes of one element: 64. The richest graphic object of GB/T 33190-2016 has fewer than 30,
/// and the search for duplicates takes time with the square of their number.
pub const XML_ATTRIBUTES_PER_ELEMENT_MAX: usize = 64;

/// Attributes of one XML file: one million, five for each object of the densest page.
pub const XML_ATTRIBUTES_MAX: usize = 1_000_000;

/// Namespace declarations in one XML file: 256. Files have one or two; prefixes are searched in line.
pub const XML_NAMESPACES_MAX: usize = 256;

/// XML read while following the references of a package, or for the text of a document: 64 MiB, about
/// one second.
pub const CLOSURE_XML_BYTES_MAX: usize = 64 << 20;

/// References followed in one package: 100 000, six for each file that a package may hold.
pub const CLOSURE_REFERENCES_MAX: usize = 100_000;

/// Documents (`DocBody`) of one package: 16. Real packages hold one.
pub const DOCUMENTS_MAX: usize = 16;

/// Versions of one document: 256. Each is a stage kept on purpose; real files have one or two.
pub const DOCUMENT_VERSIONS_MAX: usize = 256;

/// Pages of one document: as many as a package may hold files.
pub const DOCUMENT_PAGES_MAX: usize = PACKAGE_ENTRIES_MAX;

/// `CustomData` items of one document: 1024. Invoices have about ten, licences below 100.
pub const CUSTOM_DATAS_MAX: usize = 1024;

/// Signatures of one document, and of a package that is verified: 256. Contracts sealed by many parties
/// stay below 50.
pub const SIGNATURES_MAX: usize = 256;

/// Bytes of all signed values of a package, counted for each signature that names them: 64 MiB. They are
/// hashed several times; real ones have below 100 KiB each.
pub const SIGNED_VALUES_BYTES_MAX: usize = 64 << 20;

/// Bytes of all file names in the coverage lists of one report: 64 MiB. Each signature lists the files
/// of the package: 50 signatures over 1000 files give 3 MiB.
pub const COVERAGE_NAMES_BYTES_MAX: usize = 64 << 20;

/// References of one signature: as many as a package may hold files.
pub const SIGNATURE_REFERENCES_MAX: usize = PACKAGE_ENTRIES_MAX;

/// Stamp annotations of one signature: a riding seal has one for each page.
pub const SIGNATURE_STAMPS_MAX: usize = DOCUMENT_PAGES_MAX;

/// A certificate as DER: 64 KiB. Real ones are 0.5 to 4 KiB; a logotype may add some.
pub const CERTIFICATE_BYTES_MAX: usize = 64 << 10;

/// Extensions of one certificate: 64. Real ones have 3 to 15.
pub const CERTIFICATE_EXTENSIONS_MAX: usize = 64;

/// Attributes of one distinguished name: 64. Real ones have 2 to 13.
pub const NAME_ATTRIBUTES_MAX: usize = 64;

/// Names in one extension, and subtrees of one list of constraints: 1024. A server has tens of names, an
/// authority for a country some hundred domains.
pub const GENERAL_NAMES_MAX: usize = 1024;

/// Comparisons of names with constraints for one path: 100,000, some milliseconds. A hundred names under
/// a hundred constraints at three depths need 30,000.
pub const NAME_COMPARISONS_MAX: usize = 100_000;

/// Policies of one certificate, and likewise mappings: 256. Real ones state one to ten, bridges map some
/// tens.
pub const CERTIFICATE_POLICIES_MAX: usize = 256;

/// Blocks of one PEM file: 4096. The largest public trust lists hold a few hundred certificates.
pub const PEM_BLOCKS_MAX: usize = 4096;

/// Certificates of one path, leaf and anchor counted: 8. National chains have 3 or 4.
pub const PATH_CERTIFICATES_MAX: usize = 8;

/// Signatures verified while one path is searched: 64, which is some milliseconds. A path of 4 with
/// its revocation lists needs 6; the rest is for authorities with several keys under one name.
pub const PATH_SIGNATURES_MAX: usize = 64;

/// Verified signatures that a trust store remembers: 2 x 4096 entries of about 130 bytes.
pub const TRUST_CACHE_ENTRIES_MAX: usize = 4096;

/// A revocation list as DER: 64 MiB, room for 10^6 entries of the usual 40 to 60 bytes.
pub const CRL_BYTES_MAX: usize = 64 << 20;

/// Entries of a revocation list: 2^20, of which each takes 32 bytes of memory. The largest public
/// lists hold less; authorities with more partition them.
pub const CRL_ENTRIES_MAX: usize = 1 << 20;

/// A certification request as DER: 64 KiB. Real ones have 0.3 to 2 KiB.
pub const CSR_BYTES_MAX: usize = 64 << 10;

/// Attributes of a certification request, and values of one attribute: 64. Real ones have 0 to 4.
pub const CSR_ATTRIBUTES_MAX: usize = 64;

/// An OCSP request or response: 256 KiB, a response with a chain of large certificates. Real ones have
/// 0.1 to 4 KiB.
pub const OCSP_BYTES_MAX: usize = 256 << 10;

/// Certificates asked for in one OCSP request, or answered for in one response: 64. One is the rule.
pub const OCSP_ANSWERS_MAX: usize = 64;

/// Certificates inside an OCSP response: 8, the longest path. Each may cost a signature verification.
pub const OCSP_CERTIFICATES_MAX: usize = PATH_CERTIFICATES_MAX;

/// Extensions in one place of an OCSP request or response: 16. Real ones have one, the nonce.
pub const OCSP_EXTENSIONS_MAX: usize = 16;

/// A nonce of OCSP: 128 bytes. RFC 9654, 2.1, lets nobody write more, and 32 are usual.
pub const OCSP_NONCE_BYTES_MAX: usize = 128;

/// Addresses, policies or identifiers of one kind in a certificate that is issued: 16. One or two are
/// usual.
pub const ISSUED_ITEMS_MAX: usize = 16;

/// Certificates of one bundle of trust: 32,768, as many as its 16 MiB have room for. The largest lists of
/// a country's issuers have 15,000.
pub const BUNDLE_CERTIFICATES_MAX: usize = 1 << 15;

/// Revocation lists of one bundle of trust: 4096. An authority publishes one, or some tens in parts.
pub const BUNDLE_CRLS_MAX: usize = 4096;

/// The name of a set of trust anchors: 128 bytes, 40 Chinese characters. It appears in every report.
pub const BUNDLE_NAME_BYTES_MAX: usize = 128;

/// A private or public key file: 64 KiB. Real ones are below 1 KiB.
pub const KEY_BYTES_MAX: usize = 64 << 10;

/// Data whose signature, or ciphertext, is diagnosed: 16 MiB. It is hashed some hundred times.
pub const DIAGNOSIS_DATA_BYTES_MAX: usize = 16 << 20;

/// A signature or key file that is diagnosed: 64 KiB, many times that of a signature in any form.
pub const DIAGNOSIS_VALUE_BYTES_MAX: usize = 64 << 10;

/// Identifiers, and likewise keys, that a caller may propose for a diagnosis: 16. Each multiplies the
/// pairs of deviations that are tried.
pub const DIAGNOSIS_CANDIDATES_MAX: usize = 16;

/// Signatures that some bytes may mean: 64, in a diagnosis. Sixty come from one hexadecimal text with
/// lost zeros in four orders, of which the probable ones come first.
pub const DIAGNOSIS_READINGS_MAX: usize = 64;

/// Signatures verified, or ciphertexts decrypted, in one diagnosis: 16384, about one second.
pub const DIAGNOSIS_VERIFICATIONS_MAX: usize = 16_384;

/// Bytes hashed in one diagnosis: 1 GiB, a few seconds. The forms of 16 MiB take 800 MiB, so that at
/// least each single deviation is tried.
pub const DIAGNOSIS_HASHED_BYTES_MAX: usize = 1 << 30;

/// A key to be loaded in a form not named, with its certificates: 256 KiB. Real ones are below 16 KiB,
/// also as text.
pub const LOADED_BYTES_MAX: usize = 256 << 10;

/// Iterations of PBKDF2, or of an older function in its place, that a key file may ask for: 4 million,
/// 2 to 4 seconds. Tools write 2048 to 600000; without a ceiling a file could ask for hours.
pub const PBKDF2_ITERATIONS_MAX: u32 = 4_000_000;

/// The fewest iterations of PBKDF2 that are written: 2048, what OpenSSL writes unless told otherwise.
pub const PBKDF2_ITERATIONS_MIN: u32 = 2048;

/// Memory that scrypt may ask for, 128 r (N + p) bytes: 144 MiB, room for N = 2^17 with r = 8, the most
/// that is commonly recommended. OpenSSL writes N = 2^14, 16 MiB.
pub const SCRYPT_MEMORY_BYTES_MAX: u64 = 144 << 20;

/// Work that scrypt may ask for, N r p: 2^21, about as long as four million iterations of PBKDF2.
pub const SCRYPT_WORK_MAX: u64 = 1 << 21;

/// A PKCS#12 file: 4 MiB. One key with its chain has 1 to 8 KiB; a revocation list may be added.
pub const PKCS12_BYTES_MAX: usize = 4 << 20;

/// Bags of a PKCS#12 file, and likewise its parts and the attributes of a bag: 256. A file for one person
/// has two keys and some certificates; a bag costs at most one decryption.
pub const PKCS12_BAGS_MAX: usize = 256;

/// Bags within bags of a PKCS#12 file: 4. Nobody was seen to nest them at all.
pub const PKCS12_DEPTH_MAX: usize = 4;

/// Iterations of a whole PKCS#12 file, its MAC and every key and part: 8 million. Ten keys of 600000 each
/// are below it; without a ceiling on the sum, 256 bags could ask for 256 times the work of one.
pub const PKCS12_ITERATIONS_MAX: u64 = 8_000_000;

/// Elements within elements whose lengths are indefinite: 32. PKCS#12 in the form of Java has 12, CMS as
/// streaming writers make it five; names and extensions in certificates go no deeper than ten.
pub const BER_DEPTH_MAX: usize = 32;

/// The output of the SM3 KDF: (2^32 - 1) * 32 bytes, by GB/T 32918.4-2016, 5.4.3: its counter has 32 bits.
pub const SM3_KDF_BYTES_MAX: u64 = 0xffff_ffff * 32;

/// The text of one SM4-GCM message: 2^36 - 32 bytes (SP 800-38D, 5.2.1.1), the blocks that its counter has.
pub const SM4_GCM_TEXT_BYTES_MAX: u64 = (1 << 36) - 32;

/// Nonce or associated data of SM4-GCM: 2^61 - 1 bytes, since GHASH writes their length in bits in 64 bits.
pub const SM4_GCM_HASHED_BYTES_MAX: u64 = (1 << 61) - 1;

/// One unit of SM4-XTS: 2^20 blocks, 16 MiB (IEEE 1619-2018, 5.1). Beyond it the bound on what an
/// attacker can tell grows with the square.
pub const SM4_XTS_UNIT_BYTES_MAX: usize = 1 << 24;

/// A key that is wrapped with SM4: 64 KiB. Keys have below 1 KiB, and each 8 bytes cost six blocks one
/// after another.
pub const SM4_KEY_WRAP_BYTES_MAX: usize = 64 << 10;

/// Sessions of a pool, and likewise threads of it that were given up: 256. Cards take 64 to 128 sessions,
/// network devices some thousands for all their clients together.
pub const POOL_SESSIONS_MAX: usize = 256;

/// Requests that wait for a session of a pool: 65536. At 1000 signatures a second the last of them waits a
/// minute, which is longer than any caller does.
pub const POOL_WAITING_MAX: usize = 65_536;

/// A request for a time stamp: 4 KiB. A digest, a nonce and a policy take below 150 bytes.
pub const TIME_STAMP_REQUEST_BYTES_MAX: usize = 4 << 10;

/// The answer of an authority: the largest token and 4 KiB for what it says of it.
pub const TIME_STAMP_RESPONSE_BYTES_MAX: usize = TIME_STAMP_BYTES_MAX + (4 << 10);

/// A serial number or a nonce of a time stamp: 32 bytes. RFC 3161 demands that numbers of 20 bytes are
/// taken; nonces have 8 to 16.
pub const TIME_STAMP_NUMBER_BYTES_MAX: usize = 32;

/// Extensions of a request for a time stamp, or of a token: 16. None is in common use.
pub const TIME_STAMP_EXTENSIONS_MAX: usize = 16;

/// Texts in the answer of an authority for time stamps: 16. One is the rule.
pub const TIME_STAMP_TEXTS_MAX: usize = 16;

/// Time stamps of one signer that are judged: 16. One is the rule, a second one is by another authority;
/// each may cost [`PATH_SIGNATURES_MAX`] signature verifications.
pub const SIGNER_TIME_STAMPS_MAX: usize = 16;

/// How much later than the judgement a stamped time may lie: 300 s, by which clocks that are set over a
/// network do not differ.
pub const TIME_STAMP_AHEAD_S_MAX: i64 = 300;
