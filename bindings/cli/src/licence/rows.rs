//! The rows of data that licences are made from: CSV as spreadsheets save it, or JSON.

use std::path::Path;

use serde_json::Value;
use yinxin::{
    Code, Error,
    licence::{
        issue::{LicenceData, Template},
        metadata::Element,
    },
    limits,
};

use crate::{failure::Failure, output};

/// What `--help` says of the columns.
pub(crate) const COLUMNS: &str = "\
Columns, in any order, in Chinese or as in GB/T 36903 (ZZBH, ...):
  模板 (template)  food-business or special-operation
  证照编号, 证照颁发机构, 证照颁发机构代码, 证照颁发日期, 持证主体, 持证主体代码, 持证主体代码类型代码
  有效期截止日期; optional: 有效期起始日期, 证照标识, 证照版本号 and others of the standard
  food-business: 法定代表人, 主体业态, 经营场所, 经营项目; optional: 住所, 监督管理机构, 投诉举报电话, 备注
  special-operation: 性别, 作业类别, 准操项目, 初领日期; optional: 复审日期, 备注
`yinxin demo` writes an example: demo-out/licences.csv";

/// One row of data, with its number in the file for messages.
pub(crate) struct Row {
    pub(crate) number: usize,
    /// The file with the line (CSV) or the place in the list (JSON): `data.csv:2`, `data.json[0]`.
    pub(crate) name: String,
    fields: Vec<(String, String)>,
}

/// Rows of one data file: 1,000,000, about a city's yearly business; a larger one is split by its user.
const ROWS_MAX: usize = 1_000_000;

/// Reads a file of rows, of which there is at least one.
pub(crate) fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let bytes = output::read(path, limits::PACKAGE_BYTES_MAX)?;
    let name = path.display().to_string();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    let rows = if matches!(first, Some(b'[' | b'{')) {
        rows_of_json(&bytes, &name)?
    } else {
        rows_of_csv(&bytes, &name)?
    };
    if rows.is_empty() {
        return Err(Failure::usage(
            format!("{name}: no row of data"),
            format!("{name}：没有数据行"),
        ));
    }
    Ok(rows)
}

/// Rows of a CSV file with a header line; a byte order mark, which Excel writes, is skipped.
pub(crate) fn rows_of_csv(bytes: &[u8], name: &str) -> Result<Vec<Row>, Failure> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    check_encoding(bytes, name)?;
    let malformed = |error: csv::Error| malformed_csv(&error, name);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(malformed)?.clone();
    if header.len() == 1 && header.iter().any(|text| text.contains([';', '\t', '；', '，'])) {
        return Err(Failure::usage(
            format!("{name}: the header line has one column: separate columns by commas"),
            format!("{name}：表头只有一列，请用英文逗号分隔各列"),
        ));
    }
    let mut rows = Vec::new();
    for (index, record) in reader.records().enumerate() {
        if index >= ROWS_MAX {
            return Err(Failure::core(name, Error::limit("rows of data")));
        }
        let record = record.map_err(malformed)?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields = header.iter().zip(&record).map(|(key, value)| (key.into(), value.into()));
        let (number, name) = (index + 1, format!("{name}:{line}"));
        rows.push(Row { number, name, fields: fields.collect() });
    }
    Ok(rows)
}

/// A table saved by a spreadsheet is often not in UTF-8: says which command saves it so.
fn check_encoding(bytes: &[u8], name: &str) -> Result<(), Failure> {
    let utf16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let Err(error) = std::str::from_utf8(bytes) else {
        return Ok(());
    };
    let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let looks = if utf16 { "UTF-16" } else { "GBK (GB 18030)" };
    Err(Failure::usage(
        format!(
            "{name}:{line}: the text is not UTF-8, it looks like {looks}; in Excel save it as \
             \"CSV UTF-8 (Comma delimited)\""
        ),
        format!(
            "{name}:{line}：文本不是 UTF-8 编码，可能是 {looks}；在 Excel 或 WPS 中请另存为“CSV UTF-8（逗号分隔）”"
        ),
    ))
}

fn malformed_csv(error: &csv::Error, name: &str) -> Failure {
    let line = error.position().map_or(0, csv::Position::line);
    if let csv::ErrorKind::UnequalLengths { expected_len, len, .. } = error.kind() {
        return Failure::usage(
            format!("{name}:{line}: {len} fields, the header line has {expected_len}"),
            format!("{name}:{line}：有 {len} 列，表头有 {expected_len} 列"),
        );
    }
    Failure::usage(format!("{name}: CSV: {error}"), format!("{name}：CSV 有误：{error}"))
}

fn rows_of_json(bytes: &[u8], name: &str) -> Result<Vec<Row>, Failure> {
    let malformed = |why: &str| {
        Failure::usage(format!("{name}: JSON: {why}"), format!("{name}：JSON 有误：{why}"))
    };
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| malformed(&error.to_string()))?;
    let objects = if let Value::Array(objects) = value { objects } else { vec![value] };
    if objects.len() > ROWS_MAX {
        return Err(Failure::core(name, Error::limit("rows of data")));
    }
    let mut rows = Vec::new();
    for (index, object) in objects.into_iter().enumerate() {
        let Value::Object(members) = object else {
            return Err(malformed("a list of objects is expected"));
        };
        let mut fields = Vec::new();
        for (key, value) in members {
            let text = match value {
                Value::String(text) => text,
                Value::Number(number) => number.to_string(),
                Value::Null => continue,
                Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                    return Err(malformed(&format!("{key}: a text or a number is expected")));
                }
            };
            fields.push((key, text));
        }
        rows.push(Row { number: index + 1, name: format!("{name}[{index}]"), fields });
    }
    Ok(rows)
}

impl Row {
    /// The licence data of this row and the built-in template that it names.
    pub(crate) fn data<'a>(
        &self,
        templates: &'a [Template],
    ) -> Result<(LicenceData, &'a Template), Failure> {
        let data = LicenceData::from_fields(self.fields.iter().cloned())
            .map_err(|error| self.refused(error))?;
        let template = Template::choose(templates, &data).ok_or_else(|| {
            let name = &self.name;
            let known = templates.iter().map(|template| &*template.name).collect::<Vec<_>>();
            let known = known.join(", ");
            match data.template_name() {
                Some(wanted) => Failure::usage(
                    format!("{name}: there is no template {wanted}; there are {known}"),
                    format!("{name}：没有名为 {wanted} 的模板，可用模板：{known}"),
                ),
                None => Failure::usage(
                    format!("{name}: the column 模板 (template) is missing; there are {known}"),
                    format!("{name}：缺少“模板”列，可用模板：{known}"),
                ),
            }
        })?;
        Ok((data, template))
    }

    /// Why this row cannot be issued, with the column as people call it.
    pub(crate) fn refused(&self, error: Error) -> Failure {
        let short = error.field_name().unwrap_or_default();
        let element = Element::find(short);
        let templates = Template::built_in();
        let mut face = templates.iter().flat_map(|template| &template.fields);
        let face = face.find(|field| field.source.key() == short).map(|field| &*field.label);
        let column = element.map(Element::name_zh).or(face);
        let Some(column) = column.filter(|_| error.code() == Code::BadData) else {
            return Failure::core(&self.name, error);
        };
        let name = &self.name;
        let named = |key: &str| {
            let found = Element::find(key);
            key == column || key == short || (found.is_some() && found == element)
        };
        if self.fields.iter().any(|(key, text)| named(key.trim()) && !text.is_empty()) {
            Failure::core(&format!("{name}: {column}"), error)
        } else {
            Failure::usage(
                format!("{name}: the column {column} ({short}) is missing or empty"),
                format!("{name}：缺少“{column}”（{short}）或该项为空"),
            )
        }
    }
}
