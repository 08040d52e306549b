//! Key containers: PKCS#8, SEC1, SPKI.
