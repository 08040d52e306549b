//! Object identifiers of keys, certificates and lists (GB/T 33560-2017, Table A.1; RFC 5280).

use const_oid::ObjectIdentifier;

pub(super) const EC_PUBLIC_KEY: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// The algorithm SM2 and the curve of GB/T 32918.5.
pub(super) const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");
/// SM2 signatures over SM3.
pub(super) const SM2_WITH_SM3: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.156.10197.1.501");

pub(super) const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
pub(super) const KEY_USAGE: &str = "2.5.29.15";
pub(super) const PRIVATE_KEY_USAGE_PERIOD: &str = "2.5.29.16";
pub(super) const SUBJECT_ALT_NAME: &str = "2.5.29.17";
pub(super) const BASIC_CONSTRAINTS: &str = "2.5.29.19";
pub(super) const REASON_CODE: &str = "2.5.29.21";
pub(super) const INVALIDITY_DATE: &str = "2.5.29.24";
pub(super) const NAME_CONSTRAINTS: &str = "2.5.29.30";
pub(super) const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
pub(super) const CERTIFICATE_POLICIES: &str = "2.5.29.32";
pub(super) const POLICY_MAPPINGS: &str = "2.5.29.33";
pub(super) const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
pub(super) const POLICY_CONSTRAINTS: &str = "2.5.29.36";
pub(super) const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
pub(super) const INHIBIT_ANY_POLICY: &str = "2.5.29.54";
pub(super) const AUTHORITY_INFO_ACCESS: &str = "1.3.6.1.5.5.7.1.1";
/// id-pkix-ocsp-nocheck: whoever trusts the responder need not ask whether it was revoked.
pub(super) const OCSP_NO_CHECK: &str = "1.3.6.1.5.5.7.48.1.5";
/// id-kp-timeStamping, a purpose of keys.
pub(super) const TIME_STAMPING: &str = "1.3.6.1.5.5.7.3.8";
/// id-kp-OCSPSigning, a purpose of keys.
pub(super) const OCSP_SIGNING: &str = "1.3.6.1.5.5.7.3.9";
