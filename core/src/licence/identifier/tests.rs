use proptest::prelude::*;
use yinxin_vectors::load;

use super::*;
use crate::report::{Level, Outcome};

const GOOD: &str = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U";

#[test]
fn vectors() {
    for case in load("identifier/identifiers.json") {
        let text = case.text("identifier_text");
        if !case.valid() {
            let error = Identifier::parse(text).expect_err(&case.to_string());
            assert_eq!(error.code().name(), case.text("error"), "{case}");
            assert_eq!(error.field_name(), Some(case.text("field")), "{case}");
            assert_eq!(error.offset(), usize::try_from(case.number("offset")).ok(), "{case}");
            let (none, findings) = examine(text);
            assert!(none.is_none() && findings.len() == 4, "{case}");
            assert_eq!(findings[0].outcome, Outcome::Failed, "{case}");
            assert!(findings[1..].iter().all(|check| check.outcome == Outcome::Skipped), "{case}");
            continue;
        }
        let identifier = Identifier::parse(text).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(identifier.to_string(), text, "{case}");
        let expected = case.text("expected_text").chars().next().unwrap();
        let state = match case.text("check") {
            "right" => CheckCharacter::Right,
            "faulty_variant" => CheckCharacter::FaultyVariant { expected },
            "wrong" => CheckCharacter::Wrong { expected },
            other => panic!("{case}: {other}"),
        };
        assert_eq!(identifier.check_character(), state, "{case}");
        let Identifier { type_code, issuer, serial, version, .. } = &identifier;
        if state == CheckCharacter::Right && issuer.len() == 18 && text.starts_with(ROOT) {
            let built = Identifier::build(type_code, issuer, serial, *version);
            assert_eq!(built.unwrap(), identifier, "{case}");
        }
    }
}

fn outcomes(text: &str) -> Vec<(&'static str, Outcome, Level)> {
    let findings = Identifier::parse(text).unwrap().findings();
    findings.iter().map(|check| (check.id, check.outcome, check.level)).collect()
}

#[test]
fn findings_weigh_what_they_should() {
    let good = outcomes(GOOD);
    let ids: Vec<_> = good.iter().map(|(id, ..)| *id).collect();
    let expected = ["format", "check_character", "type_code", "issuer_code"];
    assert_eq!(ids, expected.map(|name| format!("identifier.{name}")));
    assert!(good.iter().all(|(_, outcome, _)| *outcome == Outcome::Passed), "{good:?}");

    let wrong = outcomes(&GOOD.replace(".U", ".V"));
    assert_eq!(wrong[1], ("identifier.check_character", Outcome::Failed, Level::Required));
    let faulty = outcomes(
        "1.2.156.3005.2.11100000000013661B006.113700000045046442.209FA4E88F9E4C878F3E9BED2CE7EA49.001.M",
    );
    assert_eq!(faulty[1], ("identifier.check_character", Outcome::Failed, Level::Warning));
    let older = outcomes(&GOOD.replace("3005", "3003"));
    assert_eq!(older[0], ("identifier.format", Outcome::Failed, Level::Warning));
    let region = outcomes("1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9");
    assert_eq!(region[3], ("identifier.issuer_code", Outcome::Failed, Level::Warning));
    let bad_codes = outcomes(&GOOD.replace("3338W011", "3338X01A").replace("2244L", "2244M"));
    assert_eq!(bad_codes[2], ("identifier.type_code", Outcome::Failed, Level::Warning));
    assert_eq!(bad_codes[3], ("identifier.issuer_code", Outcome::Failed, Level::Warning));
}

#[test]
fn building_refuses_what_parsing_would_only_remark() {
    let build = |type_code, issuer, serial, version| {
        Identifier::build(type_code, issuer, serial, version).map_err(|error| error.field_name())
    };
    let (kind, issuer) = ("11100000000013338W011", "11430000006122244L");
    assert_eq!(build(kind, issuer, "1", 1).unwrap().version(), 1);
    assert_eq!(build("11100000000013338X011", issuer, "1", 1), Err(Some("type_code")));
    assert_eq!(build("11100000000013338W01A", issuer, "1", 1), Err(Some("type_code")));
    assert_eq!(build("11100000000013338W", issuer, "1", 1), Err(Some("type_code")));
    assert_eq!(build(kind, "340100", "1", 1), Err(Some("issuer")));
    assert_eq!(build(kind, issuer, "", 1), Err(Some("serial")));
    assert_eq!(build(kind, issuer, "a", 1), Err(Some("serial")));
    assert_eq!(build(kind, issuer, "1.1", 1), Err(Some("serial")));
    assert_eq!(build(kind, issuer, "1", 0), Err(Some("version")));
    assert!(build(kind, issuer, "1", 999).is_ok());
    assert_eq!(build(kind, issuer, "1", 1000), Err(Some("version")));
}

#[test]
fn length_is_limited() {
    let (kind, issuer) = ("11100000000013338W011", "11430000006122244L");
    let longest = Identifier::build(kind, issuer, &"7".repeat(66), 1).unwrap();
    assert_eq!(longest.to_string().len(), IDENTIFIER_BYTES_MAX);
    let error = Identifier::build(kind, issuer, &"7".repeat(67), 1).unwrap_err();
    assert_eq!(error.field_name(), Some("IDENTIFIER_BYTES_MAX"));
    let error = Identifier::parse(&"1".repeat(IDENTIFIER_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.code(), Code::LimitReached);
}

#[test]
fn printed_identifiers_are_found() {
    let found = |text: &str| find_in(text).map(|identifier| identifier.to_string());
    assert_eq!(found(&format!("电子证照标识：{GOOD}")).as_deref(), Some(GOOD));
    assert_eq!(found(&format!("{GOOD}. 1.2.156.3005.2.1")).as_deref(), Some(GOOD));
    assert_eq!(found(&format!("1.2.156.3005.2.062301 {GOOD}（副本）")).as_deref(), Some(GOOD));
    assert_eq!(found("1.2.156.3005.2.062301.1101101102.0624_001.001.U"), None);
    assert_eq!(found(""), None);
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,40}|1\\.2\\.156\\.3005\\.2\\.[0-9A-Z.]{0,90}") {
        if let Ok(identifier) = Identifier::parse(&text) {
            prop_assert_eq!(identifier.to_string(), text.as_str());
        }
        let (_, findings) = examine(&text);
        prop_assert_eq!(findings.len(), 4);
        let _ = find_in(&text);
    }

    #[test]
    fn one_changed_character_is_never_right(
        serial in "[0-9A-Z]{1,40}", version in 1u16..1000, place in 0usize..40, other in "[0-9A-Z]",
    ) {
        let (kind, issuer) = ("11100000000013338W011", "11430000006122244L");
        let right = Identifier::build(kind, issuer, &serial, version).unwrap();
        prop_assert_eq!(right.check_character(), CheckCharacter::Right);
        let mut changed = serial.clone();
        let place = place % serial.len();
        changed.replace_range(place..=place, &other);
        // With the issuer before it, as a serial of one or two digits also stands in the root.
        let (old, new) = (format!("{issuer}.{serial}."), format!("{issuer}.{changed}."));
        let text = right.to_string().replace(&old, &new);
        let state = Identifier::parse(&text).unwrap().check_character();
        prop_assert_eq!(state == CheckCharacter::Right, changed == serial);
    }
}
