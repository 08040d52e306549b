use proptest::prelude::*;

use super::*;
use crate::{
    error::Code,
    licence::identifier::Identifier,
    report::{Check, Level, Outcome, SubIndication},
    time::UnixTime,
};

const GOOD: [(&str, &str); 14] = [
    ("ZZMC", "建筑施工特种作业操作资格证"),
    ("ZZLXDM", "11100000000013338W032"),
    ("ZZBH", "2430599"),
    ("ZZBS", "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F"),
    ("ZZBFJG", "示例省住房和城乡建设厅"),
    ("ZZBFJGDM", "11220000013544541J"),
    ("ZZBFRQ", "2024年1月5日"),
    ("CZZT", "测试人甲"),
    ("CZZTDM", "810000199408230021"),
    ("CZZTDMLX", "公民身份号码"),
    ("CZZTDMLXDM", "111"),
    ("ZZYXQQSRQ", "20240105"),
    ("ZZYXQJZRQ", "2026-11-25"),
    ("KZ_ZYLB", "建筑电工"),
];

fn read(pairs: &[(&str, &str)]) -> Metadata {
    let items: Vec<_> =
        pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    Metadata::from_custom_datas(&items).unwrap()
}

/// The good metadata with one text changed.
fn with(name: &str, text: &str) -> Metadata {
    let change = |(old, value): (&'static str, &'static str)| {
        (old.to_owned(), if old == name { text } else { value }.to_owned())
    };
    Metadata::from_custom_datas(&GOOD.map(change)).unwrap()
}

fn noon(day: &str) -> UnixTime {
    UnixTime::parse_rfc3339(&format!("{day}T12:00:00+08:00")).unwrap()
}

fn check(metadata: &Metadata, id: &str, at: &str) -> Check {
    let checks = metadata.checks(noon(at));
    checks.into_iter().find(|check| check.id == id).unwrap_or_else(|| panic!("{id}"))
}

#[test]
fn good_metadata_passes_every_check_and_returns() {
    let metadata = read(&GOOD);
    let checks = metadata.checks(noon("2026-11-25"));
    assert_eq!(checks.len(), 7);
    for check in &checks {
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
    let again = Metadata::from_custom_datas(&metadata.to_custom_datas()).unwrap();
    assert_eq!(again, metadata);
    assert_eq!(metadata.others(), [("KZ_ZYLB".to_owned(), "建筑电工".to_owned())]);
    let date = metadata.date(Element::IssuedOn).unwrap().unwrap();
    assert_eq!(
        (date.to_string(), date.to_exchange()),
        ("2024年1月5日".into(), "2024-01-05".into())
    );
    assert!(!format!("{metadata:?}").contains("19940823"));
    assert!(!format!("{:?}", metadata.holders().unwrap()).contains("19940823"));
}

#[test]
fn no_metadata_is_a_fact_not_a_failure() {
    for pairs in [&[][..], &[("native-producer", "SDK"), ("发票代码", "050001700111")]] {
        let metadata = read(pairs);
        assert!(metadata.is_empty());
        let checks = metadata.checks(noon("2026-11-25"));
        assert_eq!(checks.len(), 1);
        assert_eq!((checks[0].outcome, checks[0].level), (Outcome::Skipped, Level::Information));
    }
}

#[test]
fn every_name_is_understood_once() {
    let mut names = BTreeSet::new();
    for element in Element::ALL {
        for name in [element.short(), element.name_zh()] {
            assert_eq!(Element::find(name), Some(*element));
            assert!(names.insert(name), "{name}");
        }
    }
    assert_eq!(Element::find("certificateidentifier"), Some(Element::Identifier));
    assert_eq!(Element::find("zzbs"), Some(Element::Identifier));
    assert_eq!(Element::find("颁发机构代码"), Some(Element::IssuingAuthorityCode));
    assert_eq!(Element::find("发票代码"), None);
}

#[test]
fn identifier_must_agree() {
    let id = "metadata.identifier_agrees";
    for (name, text) in [("ZZLXDM", "11100000000013338W031"), ("ZZBFJGDM", "11430000006122244L")] {
        let check = check(&with(name, text), id, "2026-11-25");
        assert_eq!((check.outcome, check.level), (Outcome::Failed, Level::Required));
        assert_eq!(check.sub_indication, Some(SubIndication::SigConstraintsFailure));
    }
    for (name, text) in [("ZZBS", ""), ("ZZBS", "1.2.3")] {
        assert_eq!(check(&with(name, text), id, "2026-11-25").outcome, Outcome::Skipped);
    }
    let region =
        Identifier::parse("1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9").unwrap();
    let metadata = |issuer| read(&[("ZZLXDM", "11100000MB03271699022"), ("ZZBFJGDM", issuer)]);
    let agrees = metadata("11340100000000000X").identifier_agrees(&region);
    assert_eq!((agrees.outcome, agrees.level), (Outcome::Passed, Level::Warning));
    let differs = metadata("11340200000000000X").identifier_agrees(&region);
    assert_eq!((differs.outcome, differs.level), (Outcome::Failed, Level::Warning));
    assert_eq!(read(&[("ZZMC", "甲")]).identifier_agrees(&region).outcome, Outcome::Skipped);
}

#[test]
fn faults_that_genuine_licences_have_only_warn() {
    for (name, text, id) in [
        ("ZZBH", "", "metadata.required"),
        ("CZZTDM", "810000199408230022", "metadata.holder_code"),
        ("CZZTDMLXDM", "001", "metadata.holder_code"),
        ("ZZBFJGDM", "11220000013544541K", "metadata.issuer_code"),
        ("ZZBFRQ", "5.1.2024", "metadata.dates"),
        ("ZZYXQQSRQ", "20261126", "metadata.dates"),
    ] {
        let check = check(&with(name, text), id, "2026-11-25");
        assert_eq!((check.outcome, check.level), (Outcome::Failed, Level::Warning), "{name}");
        let shown = serde_json::to_string(&check).unwrap();
        assert!(!shown.contains("1994082"), "{shown}");
    }
    let open = check(&with("CZZTDMLXDM", "414"), "metadata.holder_code", "2026-11-25");
    assert_eq!((open.outcome, open.level), (Outcome::Skipped, Level::Information));
}

#[test]
fn validity_is_judged_by_the_day_in_beijing() {
    let metadata = read(&GOOD);
    let at = |text| {
        let at = UnixTime::parse_rfc3339(text).unwrap();
        let checks = metadata.checks(at);
        let check = checks.last().unwrap();
        assert_eq!((check.id, check.level), ("metadata.validity", Level::Required));
        (check.outcome, check.sub_indication)
    };
    assert_eq!(at("2026-11-25T15:59:59Z"), (Outcome::Passed, None));
    assert_eq!(at("2026-11-25T16:00:00Z"), (Outcome::Failed, Some(SubIndication::Expired)));
    assert_eq!(at("2024-01-04T16:00:00Z"), (Outcome::Passed, None));
    assert_eq!(at("2024-01-04T15:59:59Z"), (Outcome::Failed, Some(SubIndication::NotYetValid)));

    let outcome = |text| check(&with("ZZYXQJZRQ", text), "metadata.validity", "2999-01-01").outcome;
    assert_eq!(outcome("长期"), Outcome::Passed);
    assert_eq!(outcome("永久"), Outcome::Indeterminate);
    assert_eq!(outcome(""), Outcome::Passed, "the beginning alone is judged");
    let none = read(&[("ZZMC", "甲")]);
    assert_eq!(check(&none, "metadata.validity", "2026-11-25").outcome, Outcome::Skipped);
}

#[test]
fn contradictions_are_found_and_repetitions_are_not() {
    let twice = |second| {
        let mut pairs = GOOD.to_vec();
        pairs.push(("certificateNumber", second));
        check(&read(&pairs), "metadata.unambiguous", "2026-11-25")
    };
    assert_eq!(twice("2430599").outcome, Outcome::Passed);
    assert_eq!((twice("2430598").outcome, twice("1").level), (Outcome::Failed, Level::Required));
}

#[test]
fn holders_are_split_by_their_codes() {
    let holders = |pairs| read(pairs).holders().unwrap();
    let two = [("CZZT", "甲,乙"), ("CZZTDM", "A^B"), ("CZZTDMLXDM", "414")];
    let found = holders(&two);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].name.as_deref(), Some("乙"));
    assert_eq!(found[1].code.as_deref(), Some("B"));
    assert_eq!(found[1].code_type.as_deref(), Some("414"));
    let repeated = [("CZZT", "甲"), ("CZZT", "乙"), ("CZZTDM", "A"), ("CZZTDM", "B")];
    assert_eq!(holders(&repeated).len(), 2);
    let two_spellings =
        [("CZZT", "甲"), ("CZZTDM", "A"), ("持证主体", "甲"), ("持证主体代码", "A")];
    assert_eq!(holders(&two_spellings).len(), 1);
    let contradiction = read(&[("CZZT", "甲"), ("持证主体", "乙")]);
    let found = check(&contradiction, "metadata.unambiguous", "2026-11-25");
    assert_eq!(found.outcome, Outcome::Failed);
    let comma = [("CZZT", "Example Co., Ltd."), ("CZZTDM", "A")];
    assert_eq!(holders(&comma)[0].name.as_deref(), Some("Example Co., Ltd."));
    assert!(holders(&[("ZZMC", "甲")]).is_empty());
}

#[test]
fn issuer_and_signer() {
    let code = "11320500014150050B";
    let outcome = |issuer, organisation| {
        let check = issuer_is_signer(issuer, organisation);
        (check.outcome, check.level)
    };
    let passed = (Outcome::Passed, Level::Warning);
    assert_eq!(outcome(Some(code), Some("11320500014150050B示例市民政局")), passed);
    let differs = (Outcome::Failed, Level::Warning);
    assert_eq!(outcome(Some("11430000006122244L"), Some("11320500014150050B甲")), differs);
    let silent = (Outcome::Skipped, Level::Information);
    for (issuer, organisation) in [
        (None, Some(code)),
        (Some(code), None),
        (Some(code), Some("示例市民政局")),
        (Some("320500"), Some(code)),
    ] {
        assert_eq!(outcome(issuer, organisation), silent);
    }
}

#[test]
fn limits_hold() {
    let item = |name: &str, length: usize| (name.to_owned(), "x".repeat(length));
    let read = |items: Vec<_>| Metadata::from_custom_datas(&items).map_err(|error| error.code());
    assert!(read(vec![item("a", 1); CUSTOM_DATAS_MAX]).is_ok());
    assert_eq!(read(vec![item("a", 1); CUSTOM_DATAS_MAX + 1]), Err(Code::LimitReached));
    assert!(read(vec![item("a", METADATA_VALUE_BYTES_MAX)]).is_ok());
    assert_eq!(read(vec![item("a", METADATA_VALUE_BYTES_MAX + 1)]), Err(Code::LimitReached));
    let holders = |count| {
        let codes = ("CZZTDM".to_owned(), vec!["A"; count].join("^"));
        Metadata::from_custom_datas(&[codes]).unwrap().holders()
    };
    assert_eq!(holders(METADATA_HOLDERS_MAX).unwrap().len(), METADATA_HOLDERS_MAX);
    let error = holders(METADATA_HOLDERS_MAX + 1).unwrap_err();
    assert_eq!(error.field_name(), Some("METADATA_HOLDERS_MAX"));
}

#[test]
fn dates_in_their_forms() {
    for text in ["20240105", "2024-01-05", "2024年1月5日", "2024年01月05日"] {
        assert_eq!(LicenceDate::parse(text).unwrap().to_exchange(), "2024-01-05", "{text}");
    }
    assert_eq!(LicenceDate::parse("20240229").unwrap().to_string(), "2024年2月29日");
    for text in [
        "",
        "2024",
        "2024-1-5",
        "20240230",
        "20230229",
        "2024年1月",
        "2024/01/05",
        "+2024-01-05",
        "二〇二四年一月五日",
        "24年1月5日",
        "2024年001月5日",
        "２０２４０１０５",
    ] {
        assert_eq!(LicenceDate::parse(text).unwrap_err().code(), Code::BadTime, "{text}");
    }
    assert!(LicenceDate::parse("长期").unwrap() > LicenceDate::parse("99991231").unwrap());
}

proptest! {
    #[test]
    fn any_items_are_answered(
        items in proptest::collection::vec(
            ("[A-Z]{2,10}|ZZBS|CZZTDM|CZZTDMLXDM|ZZYXQJZRQ|\\PC{0,6}", "\\PC{0,30}|[0-9^,]{0,30}"),
            0..20,
        ),
        at in 0i64..4_000_000_000,
    ) {
        let metadata = Metadata::from_custom_datas(&items).unwrap();
        let checks = metadata.checks(UnixTime::from_unix_s(at).unwrap());
        prop_assert!(checks.len() == 1 || checks.len() == 7);
        if let Some(Ok(date)) = metadata.date(Element::ValidUntil) {
            prop_assert_eq!(LicenceDate::parse(&date.to_string()).unwrap(), date);
            prop_assert_eq!(LicenceDate::parse(&date.to_exchange()).unwrap(), date);
        }
    }
}
