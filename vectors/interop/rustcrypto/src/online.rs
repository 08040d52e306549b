//! OCSP and time stamps, with the structures of crates `x509-ocsp` and `x509-tsp`.

use std::time::{Duration, SystemTime};

use cmpv2::status::{PkiStatus, PkiStatusInfo};
use cms::{
    cert::x509::{
        Certificate,
        ext::{AsExtension as _, pkix::CrlReason},
        name::Name,
    },
    content_info::ContentInfo,
    signed_data::SignedData,
};
use der_of_messages::{
    Any, Decode, Encode, Tag, Tagged as _,
    asn1::{BitString, GeneralizedTime, Int, Null, ObjectIdentifier, OctetString, OctetStringRef},
};
use sha1::Sha1;
use sha2::Sha256;
use sm3::{Digest as _, Sm3};
use x509_ocsp::{
    BasicOcspResponse, CertId, CertStatus, OcspGeneralizedTime, OcspRequest, OcspResponse, Request,
    ResponderId, ResponseData, RevokedInfo, SingleResponse, TbsRequest, Version, ext::Nonce,
};
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

use crate::{
    End, Folder, Refusal, demand,
    keys::secret,
    messages::{algorithm, attribute, sign, signed_data, verify, verify_signed, wrapped},
};

const SHA1: &str = "1.3.14.3.2.26";
const SHA256: &str = "2.16.840.1.101.3.4.2.1";
const SM3: &str = "1.2.156.10197.1.401";

fn certificate(of: &Folder, name: &str) -> Result<Certificate, Refusal> {
    Ok(Certificate::from_der(&of.bytes(&format!("{name}.der"))?)?)
}

/// How the certificate of the case is named with the digests of that algorithm.
fn id(of: &Folder, hash: &str) -> Result<CertId, Refusal> {
    let (leaf, ca) = (certificate(of, "leaf")?, certificate(of, "ca")?);
    let digest = |bytes: &[u8]| match hash {
        SHA1 => Sha1::digest(bytes).to_vec(),
        SHA256 => Sha256::digest(bytes).to_vec(),
        _ => Sm3::digest(bytes).to_vec(),
    };
    let key = ca.tbs_certificate.subject_public_key_info.subject_public_key.raw_bytes();
    Ok(CertId {
        hash_algorithm: algorithm(hash, Some(Null.into())),
        issuer_name_hash: OctetString::new(digest(&ca.tbs_certificate.subject.to_der()?))?,
        issuer_key_hash: OctetString::new(digest(key))?,
        serial_number: leaf.tbs_certificate.serial_number,
    })
}

/// Whether `found` names the certificate of the case. A NULL as parameter is left open.
fn is_of_case(of: &Folder, found: &CertId) -> End {
    let wanted = id(of, &found.hash_algorithm.oid.to_string())?;
    demand(found.serial_number == wanted.serial_number, "another serial number")?;
    demand(found.issuer_name_hash == wanted.issuer_name_hash, "another issuer")?;
    demand(found.issuer_key_hash == wanted.issuer_key_hash, "another issuer")
}

pub(crate) fn make_ocsp_request(task: &Folder, made: &Folder) -> End {
    let hash = match task.name().as_str() {
        "sha1" => SHA1,
        "sha256" => SHA256,
        _ => SM3,
    };
    let mut nonce = vec![0; 32];
    getrandom::fill(&mut nonce)?;
    let nonce = Nonce(OctetString::new(nonce)?).to_extension(&Name::default(), &[])?;
    let request_list = vec![Request { req_cert: id(task, hash)?, single_request_extensions: None }];
    let request_extensions = Some(vec![nonce]);
    let tbs_request = TbsRequest { request_list, request_extensions, ..TbsRequest::default() };
    made.put("request.der", OcspRequest { tbs_request, optional_signature: None }.to_der()?)
}

pub(crate) fn make_ocsp_response(task: &Folder, made: &Folder) -> End {
    let request = OcspRequest::from_der(&task.bytes("request.der")?)?;
    let [one] = &request.tbs_request.request_list[..] else {
        return Err("not one certificate".into());
    };
    let now = SystemTime::now();
    let time = |seconds: i64| {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let at = if seconds < 0 { now - by } else { now + by };
        GeneralizedTime::from_system_time(at).map(OcspGeneralizedTime)
    };
    let cert_status = match task.text("status")?.as_str() {
        "good" => CertStatus::Good(Null),
        _ => CertStatus::Revoked(RevokedInfo {
            revocation_time: time(-86_400)?,
            revocation_reason: Some(CrlReason::KeyCompromise),
        }),
    };
    let answer = SingleResponse {
        cert_id: one.req_cert.clone(),
        cert_status,
        this_update: time(0)?,
        next_update: Some(time(86_400)?),
        single_extensions: None,
    };
    let data = ResponseData {
        version: Version::V1,
        responder_id: ResponderId::ByName(certificate(task, "ca")?.tbs_certificate.subject),
        produced_at: time(0)?,
        responses: vec![answer],
        response_extensions: request.tbs_request.request_extensions.clone(),
    };
    let basic = BasicOcspResponse {
        signature: BitString::from_bytes(&sign(&secret(task)?, &data.to_der()?)?)?,
        tbs_response_data: data,
        signature_algorithm: algorithm("1.2.156.10197.1.501", None),
        certs: None,
    };
    made.put("response.der", OcspResponse::successful(basic)?.to_der()?)
}

pub(crate) fn take_ocsp_request(of: &Folder) -> End {
    let request = OcspRequest::from_der(&of.bytes("request.der")?)?;
    let [one] = &request.tbs_request.request_list[..] else {
        return Err("not one certificate".into());
    };
    is_of_case(of, &one.req_cert)?;
    demand(request.nonce().is_none() == (of.name() == "without-nonce"), "the nonce")
}

pub(crate) fn take_ocsp_response(of: &Folder) -> End {
    let response = OcspResponse::from_der(&of.bytes("response.der")?)?;
    let bytes = response.response_bytes.ok_or("no response")?;
    let basic = BasicOcspResponse::from_der(bytes.response.as_bytes())?;
    let signer = certificate(of, if of.has("responder.pem") { "responder" } else { "ca" })?;
    let signature = basic.signature.as_bytes().ok_or("no signature")?;
    verify(&signer, &basic.tbs_response_data.to_der()?, signature)?;
    let request = OcspRequest::from_der(&of.bytes("request.der")?)?;
    demand(basic.nonce().is_some() && basic.nonce() == request.nonce(), "another nonce")?;
    let [one] = &basic.tbs_response_data.responses[..] else { return Err("not one answer".into()) };
    is_of_case(of, &one.cert_id)?;
    let found = match one.cert_status {
        CertStatus::Good(_) => "good",
        CertStatus::Revoked(_) => "revoked",
        CertStatus::Unknown(_) => "unknown",
    };
    demand(found == of.text("status")?, "another status")
}

fn imprint(of: &Folder) -> Result<MessageImprint, Refusal> {
    let oid = ObjectIdentifier::new_unwrap(SM3);
    let hashed_message = OctetString::new(Sm3::digest(of.bytes("data")?).to_vec())?;
    let hash_algorithm = cms::cert::x509::spki::AlgorithmIdentifier { oid, parameters: None };
    Ok(MessageImprint { hash_algorithm, hashed_message })
}

/// Whether the imprint is that of the case; whether its algorithm has a NULL is left open.
fn is_imprint_of(of: &Folder, found: &MessageImprint) -> End {
    let wanted = imprint(of)?;
    demand(found.hash_algorithm.oid == wanted.hash_algorithm.oid, "another hash function")?;
    demand(found.hashed_message == wanted.hashed_message, "another imprint")
}

pub(crate) fn take_stamp_request(of: &Folder) -> End {
    let request = TimeStampReq::from_der(&of.bytes("request.der")?)?;
    is_imprint_of(of, &request.message_imprint)?;
    let bare = of.name() == "without-nonce-and-certificate";
    demand(request.nonce.is_none() == bare && request.cert_req != bare, "nonce or certificate")?;
    demand(request.req_policy.is_some() == (of.name() == "policy"), "policy")
}

pub(crate) fn make_stamp_request(task: &Folder, made: &Folder) -> End {
    let mut nonce = [0; 9];
    getrandom::fill(&mut nonce)?;
    nonce[0] = 1;
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: imprint(task)?,
        req_policy: None,
        nonce: Some(Int::new(&nonce)?),
        cert_req: true,
        extensions: None,
    };
    made.put("request.der", request.to_der()?)
}

pub(crate) fn take_stamp(of: &Folder) -> End {
    let response = of.bytes("response.der")?;
    let response = TimeStampResp::from_der(&response)?;
    let token = response.time_stamp_token.ok_or("no token")?;
    let signed: SignedData = token.content.decode_as()?;
    let content: &Any = signed.encap_content_info.econtent.as_ref().ok_or("no content")?;
    demand(content.tag() == Tag::OctetString, "no OCTET STRING")?;
    let content = content.decode_as::<OctetStringRef<'_>>()?.as_bytes().to_vec();
    let info = TstInfo::from_der(&content)?;
    is_imprint_of(of, &info.message_imprint)?;
    let request = TimeStampReq::from_der(&of.bytes("request.der")?)?;
    demand(info.nonce == request.nonce, "another nonce")?;
    verify_signed(&signed, &content, &certificate(of, "authority")?)
}

pub(crate) fn make_stamp(task: &Folder, made: &Folder) -> End {
    let request = TimeStampReq::from_der(&task.bytes("request.der")?)?;
    let mut serial = [1; 9];
    getrandom::fill(&mut serial[1..])?;
    let info = TstInfo {
        version: TspVersion::V1,
        policy: ObjectIdentifier::new_unwrap("1.2.3.4.1"),
        message_imprint: request.message_imprint,
        serial_number: Int::new(&serial)?,
        gen_time: GeneralizedTime::from_system_time(SystemTime::now())?,
        accuracy: None,
        ordering: false,
        nonce: request.nonce,
        tsa: None,
        extensions: None,
    };
    let authority = certificate(task, "authority")?;
    let digest = OctetString::new(Sha256::digest(authority.to_der()?).to_vec())?;
    // SigningCertificateV2 (RFC 5035, 4), a list of lists of one: SHA-256 is the default and left out.
    let named = vec![vec![vec![digest]]];
    let named = attribute("1.2.840.113549.1.9.16.2.47", Any::encode_from(&named)?)?;
    let signed = signed_data(
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4"),
        &info.to_der()?,
        true,
        Some(vec![named]),
        "1.2.156.10197.1.501",
        &authority,
        &secret(task)?,
    )?;
    let token = wrapped(ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2"), &signed)?;
    let response = TimeStampResp {
        status: PkiStatusInfo { status: PkiStatus::Accepted, status_string: None, fail_info: None },
        time_stamp_token: Some(ContentInfo::from_der(&token)?),
    };
    made.put("response.der", response.to_der()?)
}
