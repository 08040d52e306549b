use yinxin_vectors::{load_shared, shared};

use super::*;

fn sample(name: &str) -> Option<Vec<u8>> {
    Some(std::fs::read(shared(&format!("samples/ses/{name}"))?).unwrap())
}

#[test]
fn samples_are_read() {
    for (name, version, id) in [
        ("UserV1.esl", Version::V1, "40C8CDD24DEF43388B86E62CCE1D6832"),
        ("UserV4.esl", Version::V4, "51f044b76510434e9bc67a1185c2fba5"),
        ("UserV5.esl", Version::V5, "09aaf39291e049e4b3d71641459093 7e"),
        ("UserV5_ts.esl", Version::V5, "55a4a957189a48f596706fb431e962c5"),
    ] {
        let Some(bytes) = sample(name) else { return };
        let seal = Seal::parse(&bytes).unwrap();
        assert_eq!((seal.version(), seal.id()), (version, &*id.replace(' ', "")), "{name}");
        assert_eq!(seal.raw(), bytes, "{name}");
        assert_eq!((seal.header_id(), seal.picture().format), ("ES", "PNG"), "{name}");
        assert_eq!((seal.picture().width_mm, seal.picture().data.len()), (40, 15693), "{name}");
        assert_eq!(seal.time_stamp().is_some(), name == "UserV5_ts.esl", "{name}");
    }
}

#[test]
fn vectors_are_read() {
    let Some(cases) = load_shared("seal/eseal.json") else { return };
    for case in cases {
        let bytes = case.bytes("der_b64");
        let object = case.get("checks").unwrap()["object"].as_str().unwrap().to_owned();
        if object.starts_with("SES_Signature") {
            let signed = SignedValue::parse(&bytes).unwrap();
            assert!(object.ends_with(&format!("version={})", signed.stated_version())), "{case}");
            assert!(signed.signed_at().is_some(), "{case}");
        } else {
            let seal = Seal::parse(&bytes).unwrap();
            assert!(object.ends_with(&format!("version={}", seal.header_version())), "{case}");
        }
    }
}
