use proptest::prelude::*;
use yinxin_vectors::{Case, load};

use super::{citizen_id::Form, citizen_id::Kind, foreigner_card::Edition, holder::HolderCode, *};

fn assert_error<T: std::fmt::Debug>(case: &Case, result: Result<T, Error>) {
    let error = result.expect_err(&case.to_string());
    assert_eq!(error.code().name(), case.text("error"), "{case}");
    assert_eq!(error.offset(), usize::try_from(case.number("offset")).ok(), "{case}");
    assert_eq!(error.field_name(), Some(case.text("field")), "{case}");
}

#[test]
fn uscc_vectors() {
    for case in load("codes/uscc.json") {
        let text = case.text("code_text");
        if !case.valid() {
            assert_error(&case, Uscc::parse(text));
            continue;
        }
        let code = Uscc::parse(text).unwrap_or_else(|error| panic!("{case}: {error}"));
        assert_eq!(code.to_string(), text, "{case}");
        assert_eq!(Uscc::build(&text[..16]).unwrap(), code, "{case}");
        assert_eq!(uscc::check_character(&text[..17]).unwrap(), text.chars().last().unwrap());
        assert_eq!(
            OrganisationCode::parse(code.organisation_code()).unwrap().as_str(),
            &text[8..17]
        );
        assert_eq!(code.region(), &text[2..8], "{case}");
    }
}

#[test]
fn person_vectors() {
    for case in load("codes/persons.json") {
        let text = case.text("number_text");
        let foreigner = case.text("kind") == "foreigner";
        if !case.valid() {
            if foreigner {
                assert_error(&case, ForeignerCard::parse(text));
            } else {
                assert_error(&case, CitizenId::parse(text));
            }
        } else if foreigner {
            let card = ForeignerCard::parse(text).unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(card.expose(), text);
            if card.edition() == Edition::Since2023 {
                assert_eq!(ForeignerCard::build(&text[..17]).unwrap(), card, "{case}");
            }
        } else {
            let id = CitizenId::parse(text).unwrap_or_else(|error| panic!("{case}: {error}"));
            let kind = match case.text("kind") {
                "hong_kong" => Kind::HongKongResident,
                "macau" => Kind::MacauResident,
                "taiwan" => Kind::TaiwanResident,
                _ => Kind::Citizen,
            };
            assert_eq!(id.kind(), kind, "{case}");
            assert_eq!(id.birth_date().to_string(), case.text("birth"), "{case}");
            let full = case.get("full_text").map_or(text, |full| full.as_str().unwrap());
            assert_eq!(id.expose(), full, "{case}");
            assert_eq!(id.form() == Form::Fifteen, text.len() == 15, "{case}");
            assert_eq!(CitizenId::build(&full[..17]).unwrap().expose(), full, "{case}");
        }
    }
}

#[test]
fn personal_numbers_are_masked() {
    let id = CitizenId::build("99000019800101001").unwrap();
    for shown in [format!("{id}"), format!("{id:?}")] {
        assert!(shown.starts_with("9900**********"), "{shown}");
        assert_eq!(shown.len(), 18);
        assert!(!shown.contains("19800101"));
    }
    let card = ForeignerCard::parse("932682198501010017").unwrap();
    assert_eq!(format!("{card} {card:?}"), "9326**********0017 9326**********0017");
    assert_eq!(masked("330199198001011234"), "3301**********1234");
    assert_eq!(masked("H12345678"), "*********");
    assert_eq!(masked(""), "");
}

#[test]
fn holder_table() {
    let codes: Vec<_> = HolderCodeType::ALL.iter().map(|row| row.code).collect();
    assert!(codes.is_sorted() && codes.len() == 16, "{codes:?}");
    let check = |kind, code| HolderCodeType::find(kind).unwrap().check(code);
    assert!(matches!(check("001", "11100000000013338W"), Ok(HolderCode::Uscc(_))));
    assert!(matches!(check("111", "810000199408230021"), Ok(HolderCode::CitizenId(_))));
    assert!(matches!(check("999", "932682198501010017"), Ok(HolderCode::ForeignerCard(_))));
    assert_eq!(check("414", "E00000000"), Ok(HolderCode::Unchecked));
    assert!(check("001", "810000199408230021").is_err());
    assert!(check("111", "11100000000013338W").is_err());
    assert!(HolderCodeType::find("000").is_none());
    assert!(HolderCodeType::find("111").unwrap().is_person());
    assert!(!HolderCodeType::find("099").unwrap().is_person());
}

proptest! {
    #[test]
    fn any_text_is_answered(text in "\\PC{0,20}|[0-9A-Z]{14,19}") {
        if let Ok(code) = Uscc::parse(&text) { prop_assert_eq!(code.as_str(), &text); }
        if let Ok(code) = OrganisationCode::parse(&text) { prop_assert_eq!(code.as_str(), &text); }
        if let Ok(id) = CitizenId::parse(&text) { prop_assert!(id.expose().len() == 18); }
        if let Ok(card) = ForeignerCard::parse(&text) { prop_assert_eq!(card.expose(), &text); }
    }

    /// Each rule finds every single changed character; the weights of the inner code of a USCC are
    /// not all coprime to its alphabet, but the outer check character covers the same places.
    #[test]
    fn one_changed_character_is_found(
        body in "[159][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{8}",
        place in 0usize..18,
        other in "[0-9A-HJ-NPQRTUWXY]",
    ) {
        let right = Uscc::build(&body).unwrap();
        let mut changed = right.as_str().to_owned();
        changed.replace_range(place..=place, &other);
        prop_assert_eq!(Uscc::parse(&changed).is_ok(), changed == right.as_str());
    }

    #[test]
    fn one_changed_digit_is_found(
        region in "[0-9]{6}", year in 1900u32..2100, month in 1u32..13, day in 1u32..29,
        sequence in "[0-9]{3}", place in 0usize..18, other in "[0-9X]",
    ) {
        let right = CitizenId::build(&format!("{region}{year}{month:02}{day:02}{sequence}")).unwrap();
        let mut changed = right.expose().to_owned();
        changed.replace_range(place..=place, &other);
        prop_assert_eq!(CitizenId::parse(&changed).is_ok(), changed == right.expose());
    }
}
