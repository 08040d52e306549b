use std::{collections::BTreeSet, fs, path::Path};

use proptest::prelude::*;

use super::*;
use crate::{
    error::Code,
    licence::{
        metadata::{Element, Metadata},
        ofd::{
            Document, NewSignature, Package, Rectangle, SignatureFile, SignatureKind, SignedParts,
            add_signature, coverage,
        },
    },
    report::Outcome,
    time::UnixTime,
};

const FOOD: [(&str, &str); 16] = [
    ("模板", "food-business"),
    ("证照编号", "JY19900000000001"),
    ("ZZBFJG", "示例市市场监督管理局"),
    ("ZZBFJGDM", "11990000000001011Q"),
    ("证照颁发日期", "20261125"),
    ("持证主体", "示例食品有限公司"),
    ("持证主体代码", "91990000MA0000015Q"),
    ("CZZTDMLXDM", "001"),
    ("有效期起始日期", "2026年11月25日"),
    ("有效期截止日期", "2031-11-24"),
    ("法定代表人", "测试人甲"),
    ("主体业态", "食品销售经营者"),
    ("KZ_JYCS", "示例省示例市示例区虚构路1号"),
    ("经营项目", "散装食品销售；热食类食品制售"),
    ("备注", ""),
    ("内部流水", "不应公开"),
];

fn food(changes: &[(&str, &str)]) -> Result<UnsealedLicence, Error> {
    let kept = FOOD.iter().filter(|(name, _)| !changes.iter().any(|(other, _)| other == name));
    let data = LicenceData::from_fields(kept.chain(changes).map(|(name, text)| (*name, *text)))?;
    let templates = Template::built_in();
    build(&data, Template::choose(&templates, &data).expect("a template"))
}

fn refused(changes: &[(&str, &str)]) -> (Code, Option<&'static str>) {
    let error = food(changes).expect_err(&format!("{changes:?}"));
    (error.code(), error.field_name())
}

fn package(licence: &UnsealedLicence) -> Package {
    Package::open(licence.pack().unwrap()).unwrap()
}

fn file<'a>(licence: &'a UnsealedLicence, path: &str) -> &'a str {
    let (_, bytes) = licence.files.iter().find(|(name, _)| name == path).expect(path);
    std::str::from_utf8(bytes).unwrap()
}

/// The page's text objects: boundary, text.
fn page_texts(licence: &UnsealedLicence) -> Vec<([f64; 4], String)> {
    let xml = roxmltree::Document::parse(file(licence, "Doc_0/Pages/Page_0/Content.xml")).unwrap();
    let objects = xml
        .descendants()
        .filter(|node| node.has_tag_name(("http://www.ofdspec.org/2016", "TextObject")));
    let read = |node: roxmltree::Node<'_, '_>| {
        let numbers: Vec<f64> =
            node.attribute("Boundary").unwrap().split(' ').map(|n| n.parse().unwrap()).collect();
        let code = node.children().find(|child| child.tag_name().name() == "TextCode").unwrap();
        (numbers.try_into().unwrap(), code.text().unwrap().to_owned())
    };
    objects.map(read).collect()
}

/// Every object lies on the page, every ID is unique and at most MaxUnitID, every reference of the data
/// index and every font is there, and each DeltaX has one value for each glyph but the last.
fn assert_sound(licence: &UnsealedLicence) {
    for (path, bytes) in &licence.files {
        let text = std::str::from_utf8(bytes).unwrap();
        roxmltree::Document::parse(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    }
    let content = file(licence, "Doc_0/Pages/Page_0/Content.xml");
    let content = roxmltree::Document::parse(content).unwrap();
    let resources = roxmltree::Document::parse(file(licence, "Doc_0/PublicRes.xml")).unwrap();
    let mut ids = BTreeSet::from([1_u32, 6]);
    for node in content.descendants().chain(resources.descendants()) {
        let Some(id) = node.attribute("ID") else { continue };
        assert!(ids.insert(id.parse().unwrap()), "{id} twice");
        if let Some(boundary) = node.attribute("Boundary") {
            let n: Vec<f64> = boundary.split(' ').map(|n| n.parse().unwrap()).collect();
            assert!(n[0] >= 0.0 && n[1] >= 0.0, "{boundary}");
            assert!(n[0] + n[2] <= 210.0 && n[1] + n[3] <= 297.0, "{boundary}");
        }
    }
    let document = roxmltree::Document::parse(file(licence, "Doc_0/Document.xml")).unwrap();
    let named =
        |name: &'static str| move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
    let most = document.descendants().find(named("MaxUnitID")).unwrap().text().unwrap();
    assert!(ids.last().unwrap() <= &most.parse().unwrap());
    for node in content.descendants().filter(named("TextCode")) {
        let mut count = 0;
        let mut delta = node.attribute("DeltaX").unwrap_or_default().split_whitespace();
        while let Some(value) = delta.next() {
            count += if value == "g" { delta.next().unwrap().parse().unwrap() } else { 1 };
            if value == "g" {
                delta.next().unwrap();
            }
        }
        assert_eq!(count + 1, node.text().unwrap().chars().count());
    }
    let index = roxmltree::Document::parse(file(licence, "Doc_0/Tags/DataIndex.xml")).unwrap();
    let references: Vec<u32> = index
        .descendants()
        .filter(named("ObjectRef"))
        .map(|node| node.text().unwrap().parse().unwrap())
        .collect();
    assert!(references.len() >= 7 && references.iter().all(|id| ids.contains(id)));
}

#[test]
fn a_licence_reads_back_as_it_was_issued() {
    let licence = food(&[]).unwrap();
    assert_sound(&licence);
    let text = licence.identifier.to_string();
    assert!(text.starts_with(
        "1.2.156.3005.2.11990000000000190C001.11990000000001011Q.JY19900000000001.001."
    ));
    let package = package(&licence);
    let document = Document::read(&package).unwrap();
    assert_eq!(document.title(), Some("食品经营许可证"));
    let metadata = Metadata::from_custom_datas(document.custom_datas()).unwrap();
    assert_eq!(metadata.text(Element::Identifier), Some(text.as_str()));
    assert_eq!(metadata.text(Element::IssuedOn), Some("2026-11-25"));
    assert_eq!(metadata.text(Element::HolderCodeTypeName), Some("统一社会信用代码"));
    for check in metadata.checks(UnixTime::parse_rfc3339("2026-12-01T00:00:00Z").unwrap()) {
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
    for check in licence.identifier.findings() {
        assert_eq!(check.outcome, Outcome::Passed, "{check:?}");
    }
    assert!(metadata.others().contains(&("KZ_FDDBR".to_owned(), "测试人甲".to_owned())));
    let page: String = page_texts(&licence).into_iter().map(|(_, text)| text).collect();
    for shown in [
        "食品经营许可证",
        "2026年11月25日 至 2031年11月24日",
        "示例食品有限公司",
        "虚构路1号",
        &text,
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert_eq!(food(&[]).unwrap(), licence, "the same row gives the same bytes");
}

#[test]
fn columns_for_internal_use_stay_inside() {
    let data = LicenceData::from_fields(FOOD).unwrap();
    let templates = Template::built_in();
    let unused: Vec<_> = data.unused_fields(&templates[0]).collect();
    assert_eq!(unused, ["内部流水"]);
    for (path, bytes) in build(&data, &templates[0]).unwrap().files {
        assert!(!String::from_utf8(bytes).unwrap().contains("不应公开"), "{path}");
    }
}

#[test]
fn the_seal_lies_over_authority_and_date() {
    for authority in [
        "示例市市场监督管理局",
        "示例局",
        "示例省示例市示例区示例街道综合行政执法和市场监督管理联合办公室（示例）",
    ] {
        let licence = food(&[("ZZBFJG", authority)]).unwrap();
        let Stamp { page, boundary, clip } = licence.stamp;
        let Rectangle { x: x_mm, y: y_mm, width: width_mm, height: height_mm } = boundary;
        assert_eq!((page, clip, width_mm, height_mm), (1, None, 42.0, 42.0));
        assert!(x_mm > 18.2 && x_mm + width_mm < 191.8 && y_mm + height_mm < 278.8);
        let middle = x_mm + width_mm / 2.0;
        let texts = page_texts(&licence);
        let [x, y, width, height] =
            texts.iter().find(|(_, text)| text == "2026年11月25日").unwrap().0;
        assert!((x + width / 2.0 - middle).abs() < 1.0);
        assert!(y > y_mm && y + height < y_mm + height_mm, "{y} {y_mm}");
    }
}

/// What is sealed is all there is: no file of the package is missing, unused or outside the signature.
#[test]
fn a_seal_covers_the_whole_licence() {
    let licence = food(&[]).unwrap();
    let package = package(&licence);
    let document = Document::read(&package).unwrap();
    let closure = document.closure(&package).unwrap();
    assert!(closure.missing.is_empty(), "{:?}", closure.missing);
    let used: BTreeSet<_> = closure.rendered.union(&closure.referenced).cloned().collect();
    for (path, _) in &licence.files {
        assert!(path == "OFD.xml" || used.contains(path), "{path} is used by nothing");
    }
    let at = UnixTime::parse_rfc3339("2026-11-25T08:00:00Z").unwrap();
    let new = NewSignature { kind: SignatureKind::Sign, stamps: &[licence.stamp], at };
    let mut signed = Vec::new();
    let sealed = add_signature(&package, &document, &new, |bytes, _| {
        signed = bytes.to_vec();
        Ok(SignedParts { signed_value: vec![1], seal: None })
    });
    let sealed = Package::open(sealed.unwrap()).unwrap();
    let signature = SignatureFile::parse(&signed, "Doc_0/Signs/Sign_0/Signature.xml").unwrap();
    let coverage = coverage(&sealed, &closure, &signature);
    for path in &used {
        assert!(coverage.covered.contains(path), "{path} is not covered");
    }
    assert!(coverage.mismatched.is_empty() && coverage.missing.is_empty());
}

#[test]
fn bad_rows_are_refused_by_field() {
    let bad = Code::BadData;
    for (change, code, field) in [
        (("证照编号", ""), bad, "ZZBH"),
        (("ZZBFJG", ""), bad, "ZZBFJG"),
        (("持证主体", " "), bad, "CZZT"),
        (("经营项目", ""), bad, "KZ_JYXM"),
        (("CZZTDMLXDM", "002"), bad, "CZZTDMLXDM"),
        (("有效期截止日期", ""), bad, "ZZYXQJZRQ"),
        (("有效期截止日期", "2026-11-24"), bad, "ZZYXQJZRQ"),
        (("有效期起始日期", "长期"), Code::BadTime, "ZZYXQQSRQ"),
        (("证照颁发日期", "2026-02-30"), Code::BadTime, "ZZBFRQ"),
        (("持证主体代码", "91990000MA0000015R"), Code::BadCheckCharacter, "CZZTDM"),
        (("ZZBFJGDM", "1199000000000101"), Code::BadCodeNumber, "ZZBFJGDM"),
        (
            ("法定代表人", "一二三四五六七八九十一二三四五六七八九十一"),
            Code::LimitReached,
            "KZ_FDDBR",
        ),
        (("法定代表人", "甲\u{202e}乙"), bad, "KZ_FDDBR"),
        (("持证主体", "甲\n乙"), bad, "CZZT"),
        (("持证主体", "甲\u{0}"), bad, "CZZT"),
        (("version", "1000"), bad, "version"),
        (("version", "x"), bad, "version"),
        (("ZZLXDM", "119900000000001900001"), Code::BadCheckCharacter, "type_code"),
        (("ZZBS", "1.2.156.3005.2"), Code::BadIdentifier, "ZZBS"),
        (
            ("ZZBS", "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.V"),
            Code::BadCheckCharacter,
            "ZZBS",
        ),
        (
            ("ZZBS", "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"),
            bad,
            "ZZBS",
        ),
    ] {
        assert_eq!(refused(&[change]), (code, Some(field)), "{change:?}");
    }
    assert_eq!(refused(&[("ZZBH", "1"), ("证照编号", "2")]), (Code::BadData, Some("ZZBH")));
}

#[test]
fn identifiers_are_made_or_kept() {
    let long = "7".repeat(33);
    let made = |number| food(&[("证照编号", number)]).unwrap().identifier;
    assert_eq!(made("JY1").serial(), "JY1");
    for number in ["示例〔2026〕1号", "1-23", "jy1", &long] {
        let identifier = made(number);
        assert_eq!(identifier.serial().len(), 32, "{number}");
        assert_eq!(made(number), identifier);
    }
    assert_ne!(made("1-23").serial(), made("12-3").serial());
    let first = food(&[("证照版本号", "002")]).unwrap().identifier;
    assert_eq!(first.version(), 2);
    let again = food(&[("ZZBS", &first.to_string())]).unwrap();
    assert_eq!(again.identifier, first);
}

#[test]
fn markup_in_data_stays_text() {
    let name = "</ofd:CustomData> & <甲> \"乙\" 'ü'";
    let licence = food(&[("持证主体", name)]).unwrap();
    assert_sound(&licence);
    let package = package(&licence);
    let document = Document::read(&package).unwrap();
    let metadata = Metadata::from_custom_datas(document.custom_datas()).unwrap();
    assert_eq!(metadata.text(Element::HolderName), Some(name));
}

#[test]
fn what_does_not_fit_is_refused_not_clipped() {
    let [mut template, _] = Template::built_in();
    let most = template.fields.iter().map(|field| match &field.source {
        Source::Face(_) => (field.label.to_string(), "字".repeat(field.characters_max)),
        Source::Element(_) | Source::Validity => (field.label.to_string(), String::new()),
    });
    let mut changes: Vec<_> = most.filter(|(_, text)| !text.is_empty()).collect();
    changes.push(("持证主体".to_owned(), "名".repeat(100)));
    let changes: Vec<_> =
        changes.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    assert_sound(&food(&changes).unwrap());

    let field = template.fields[6].clone();
    template.fields = vec![Field { width: Width::Half, ..field }; TEMPLATE_FIELDS_MAX];
    let text = "字".repeat(300);
    let fields =
        FOOD.iter().map(|(name, value)| (*name, if *name == "经营项目" { &text } else { *value }));
    let data = LicenceData::from_fields(fields).unwrap();
    let error = build(&data, &template).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::BadData, Some("page")));
    let short = LicenceData::from_fields(FOOD).unwrap();
    assert_sound(&build(&short, &template).unwrap());
    template.fields.push(template.fields[0].clone());
    let error = build(&short, &template).unwrap_err();
    assert_eq!(error.field_name(), Some("TEMPLATE_FIELDS_MAX"));
}

#[test]
fn a_callers_template_works_with_names_made_at_run_time() {
    let [food, _] = Template::built_in();
    let face = |key: &str| Field {
        label: format!("项目{key}").into(),
        source: Source::Face(key.to_owned().into()),
        presence: Presence::Required,
        width: Width::Half,
        characters_max: 10,
    };
    let template = Template { fields: vec![face("KZ_A"), face("KZ_B")], ..food };
    let fields = |b| FOOD.into_iter().chain([("KZ_A", "一"), ("项目KZ_B", b)]);
    assert_sound(&build(&LicenceData::from_fields(fields("二")).unwrap(), &template).unwrap());
    let error = build(&LicenceData::from_fields(fields("")).unwrap(), &template).unwrap_err();
    assert_eq!((error.code(), error.field_name()), (Code::BadData, Some("face_item")));
    let bad = Template { fields: vec![face("KZ A")], ..template };
    let data = LicenceData::from_fields(FOOD.into_iter().chain([("KZ A", "一")])).unwrap();
    assert_eq!(build(&data, &bad).unwrap_err().field_name(), Some("face_item"));
}

#[test]
fn rows_in_json() {
    let object: serde_json::Map<_, _> =
        FOOD.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())).collect();
    let json = serde_json::to_vec(&object).unwrap();
    let data = LicenceData::from_json(&json).unwrap();
    assert_eq!(build(&data, &Template::built_in()[0]).unwrap(), food(&[]).unwrap());
    for bad in ["", "[]", "{\"ZZBH\": 1}", "{\"ZZBH\": \"1\""] {
        assert_eq!(LicenceData::from_json(bad.as_bytes()).unwrap_err().code(), Code::BadData);
    }
    let padded = |length: usize| [json.clone(), vec![b' '; length - json.len()]].concat();
    assert!(LicenceData::from_json(&padded(crate::limits::LICENCE_ROW_BYTES_MAX)).is_ok());
    let error =
        LicenceData::from_json(&padded(crate::limits::LICENCE_ROW_BYTES_MAX + 1)).unwrap_err();
    assert_eq!(error.field_name(), Some("LICENCE_ROW_BYTES_MAX"));
}

#[test]
fn templates_are_chosen_by_name_or_type() {
    let templates = Template::built_in();
    let chosen = |name, text| {
        let data = LicenceData::from_fields([(name, text)]).unwrap();
        Template::choose(&templates, &data).map(|template| template.name.to_string())
    };
    assert_eq!(chosen("模板", "特种作业操作证").as_deref(), Some("special-operation"));
    assert_eq!(chosen("template", "food-business").as_deref(), Some("food-business"));
    assert_eq!(chosen("ZZLXDM", &templates[1].type_code).as_deref(), Some("special-operation"));
    assert_eq!((chosen("模板", "x"), chosen("ZZBH", "1")), (None, None));
}

/// The demonstration's table: every row is issued, every code in it is right and none can be anybody's.
#[test]
fn every_row_of_the_demonstration_is_issued() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bindings/cli/demo/licences.csv");
    let bytes = fs::read(path).unwrap();
    assert!(bytes.len() < 400_000, "{} bytes", bytes.len());
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let headers = reader.headers().unwrap().clone();
    let templates = Template::built_in();
    let at = UnixTime::parse_rfc3339("2026-11-25T00:00:00Z").unwrap();
    let (mut identifiers, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (number, row) in reader.records().enumerate() {
        let row = row.unwrap();
        let data = LicenceData::from_fields(headers.iter().zip(row.iter())).unwrap();
        let template = Template::choose(&templates, &data).expect("a template");
        assert_eq!(data.unused_fields(template).count(), 0, "row {number}");
        let licence =
            build(&data, template).unwrap_or_else(|error| panic!("row {number}: {error}"));
        assert_sound(&licence);
        assert!(identifiers.insert(licence.identifier.to_string()), "row {number}");
        used.insert(template.name.to_string());
        for check in licence.identifier.findings() {
            assert_eq!(check.outcome, Outcome::Passed, "row {number}: {check:?}");
        }
        let xml = roxmltree::Document::parse(file(&licence, "OFD.xml")).unwrap();
        let items = xml.descendants().filter(|node| node.tag_name().name() == "CustomData");
        let item = |node: roxmltree::Node<'_, '_>| {
            (node.attribute("Name").unwrap().to_owned(), node.text().unwrap().to_owned())
        };
        let metadata = Metadata::from_custom_datas(&items.map(item).collect::<Vec<_>>()).unwrap();
        for check in metadata.checks(at) {
            assert_eq!(check.outcome, Outcome::Passed, "row {number}: {check:?}");
        }
        for holder in metadata.holders().unwrap() {
            let (name, code) = (holder.name.unwrap(), holder.code.unwrap());
            assert!(name.starts_with("示例") || name.starts_with("测试人"), "row {number}");
            assert!(code.starts_with("990000") || code.starts_with("91990000"), "row {number}");
        }
    }
    assert_eq!((identifiers.len(), used.len()), (1000, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_text_is_issued_whole_or_refused(
        name in "\\PC{1,90}", items in "[ -~一-龥；]{1,300}", place in "\\PC{0,20}",
    ) {
        if let Ok(licence) = food(&[("持证主体", &name), ("经营项目", &items), ("住所", &place)]) {
            assert_sound(&licence);
            let shown: String = page_texts(&licence).into_iter().map(|(_, text)| text).collect();
            let dense = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert!(dense(&shown).contains(&dense(&items)));
        }
    }
}
