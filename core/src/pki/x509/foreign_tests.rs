//! Paths with algorithms other than SM2: judged with the feature `international`, left open without it.

use yinxin_vectors::load;

use super::*;
use crate::{pki::crl::Crl, report::Indication};

#[test]
fn paths_made_by_openssl_with_other_algorithms() {
    for case in load("x509/foreign_paths.json") {
        let certificate = |field: &str| Certificate::parse_pem_or_der(&case.bytes(field)).unwrap();
        let (leaf, anchor) = (certificate("leaf_pem"), certificate("anchors_pem"));
        let lists = case.get("crls_pem").unwrap().as_array().unwrap();
        let list = |text: &serde_json::Value| {
            Crl::parse_pem_or_der(text.as_str().unwrap().as_bytes()).unwrap()
        };
        let evidence = Evidence::new(Vec::new(), lists.iter().map(list).collect());
        let trust = TrustStore::new(vec![anchor.clone()]);
        let revocation =
            if lists.is_empty() { Revocation::NotChecked } else { Revocation::Required };
        let policy = PathPolicy { role: Role::DocumentSigner, revocation, crl_grace_s: 0 };
        let times = Times::both(UnixTime::parse_rfc3339(case.text("at")).unwrap());
        let judge = |leaf: &Certificate| verify_path(leaf, &evidence, &trust, &policy, times);
        let report = judge(&leaf);
        let json = serde_json::to_value(&report).unwrap();
        if cfg!(feature = "international") {
            assert_eq!(json["indication"], case.text("indication"), "{case} {report:#?}");
            let sub = case.get("sub_indication").unwrap_or(&serde_json::Value::Null);
            assert_eq!(&json["sub_indication"], sub, "{case} {report:#?}");
        } else {
            assert_eq!(report.indication, Indication::Indeterminate, "{case} {report:#?}");
            assert_eq!(json["sub_indication"], "CRYPTO_CONSTRAINTS_FAILURE", "{case}");
            let deciding = report.checks().find(|check| check.counts_against()).unwrap();
            let ids = ["certificate.signature", "certificate.public_key"];
            assert!(ids.contains(&deciding.id), "{case} {deciding:?}");
        }
        if report.passed() {
            let mut changed = leaf.der().to_vec();
            // A byte of the signature, near its end.
            let place = changed.len() - 3;
            changed[place] ^= 1;
            let report = judge(&Certificate::parse(&changed).unwrap());
            assert_eq!(report.indication, Indication::Failed, "{case} {report:#?}");
        }
        if let Some(expected) = case.get("check") {
            let deciding = report.checks().find(|check| check.counts_against()).unwrap();
            assert_eq!(*expected, deciding.id, "{case}");
        }
    }
}
