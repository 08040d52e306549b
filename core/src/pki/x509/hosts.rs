//! How names of hosts, mailboxes, URIs and addresses relate to a constraint (RFC 5280, 4.2.1.10).

/// How a name stands to the names that a constraint describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Relation {
    /// The name is one of them.
    Within,
    /// A name with a wildcard, of which some expansions are.
    Overlaps,
    /// It is none of them.
    Outside,
    /// One of the two is not what it should be.
    Unclear,
}

impl Relation {
    pub(super) const fn within_if(within: bool) -> Self {
        if within { Self::Within } else { Self::Outside }
    }
}

/// A domain in labels, the last one first. `None` if it is no domain.
fn labels(domain: &[u8]) -> Option<Vec<&[u8]>> {
    if domain.is_empty() || domain.len() > 253 {
        return None;
    }
    let labels: Vec<_> = domain.rsplit(|&byte| byte == b'.').collect();
    let good = |label: &&[u8]| {
        (1..=63).contains(&label.len())
            && label.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    labels.iter().all(good).then_some(labels)
}

fn is_below(labels: &[&[u8]], base: &[&[u8]]) -> bool {
    labels.len() >= base.len()
        && labels.iter().zip(base).all(|(one, two)| one.eq_ignore_ascii_case(two))
}

/// A name is within `base` if it is `base`, or `base` with labels put before it. A base that begins
/// with a point, as some write, leaves out `base` itself; an empty one is every name.
pub(super) fn dns(base: &[u8], name: &[u8]) -> Relation {
    let (wildcard, host) = match name.strip_prefix(b"*.") {
        Some(host) => (true, host),
        None => (false, name),
    };
    let Some(host) = labels(host) else { return Relation::Unclear };
    if base.is_empty() {
        return Relation::Within;
    }
    let (only_below, base) = match base.strip_prefix(b".") {
        Some(base) => (true, base),
        None => (false, base),
    };
    let Some(base) = labels(base) else { return Relation::Unclear };
    let deep_enough = wildcard || !only_below || host.len() > base.len();
    if is_below(&host, &base) && deep_enough {
        return Relation::Within;
    }
    // `*.example.cn` stands also for `a.example.cn`.
    let expands = wildcard && !only_below && base.len() == host.len() + 1 && is_below(&base, &host);
    if expands { Relation::Overlaps } else { Relation::Outside }
}

/// A host, and no subdomain of it; or with a point before it, subdomains of it alone.
fn host(base: &[u8], name: &[&[u8]]) -> Relation {
    let (below, base) = match base.strip_prefix(b".") {
        Some(base) => (true, base),
        None => (false, base),
    };
    let Some(base) = labels(base) else { return Relation::Unclear };
    let fits = if below { name.len() > base.len() } else { name.len() == base.len() };
    Relation::within_if(fits && is_below(name, &base))
}

/// A base is a mailbox, a host whose mailboxes are meant, or a domain with a point before it.
pub(super) fn email(base: &[u8], name: &[u8]) -> Relation {
    let Some((local, domain)) = mailbox(name) else { return Relation::Unclear };
    if !base.contains(&b'@') {
        return host(base, &domain);
    }
    match mailbox(base) {
        // The part before the @ is compared exactly: only its host may give it a meaning.
        Some((base_local, base_domain)) => Relation::within_if(
            local == base_local
                && domain.len() == base_domain.len()
                && is_below(&domain, &base_domain),
        ),
        None => Relation::Unclear,
    }
}

/// The two parts of a mailbox. Quoted local parts could hide an @: they are not read.
fn mailbox(text: &[u8]) -> Option<(&[u8], Vec<&[u8]>)> {
    let at = text.iter().position(|&byte| byte == b'@')?;
    let (local, domain) = text.split_at_checked(at)?;
    let plain = |byte: &u8| byte.is_ascii_graphic() && !b"\"\\(),:;<>[]".contains(byte);
    let domain = labels(domain.get(1..)?)?;
    (!local.is_empty() && local.iter().all(plain)).then_some((local, domain))
}

/// A base is a host, or a domain with a point before it. RFC 5280: a URI without a host, or with an
/// address in its place, is refused.
pub(super) fn uri(base: &[u8], name: &[u8]) -> Relation {
    let authority = || {
        let colon = name.iter().position(|&byte| byte == b':')?;
        let rest = name.get(colon..)?.strip_prefix(b"://")?;
        let end = rest.iter().position(|byte| b"/?#\\".contains(byte)).unwrap_or(rest.len());
        let authority = rest.get(..end)?;
        let start = authority.iter().rposition(|&byte| byte == b'@').map_or(0, |at| at + 1);
        let host = authority.get(start..)?;
        let end = host.iter().position(|&byte| byte == b':').unwrap_or(host.len());
        let host = labels(host.get(..end)?)?;
        // An IPv4 address reads like a host; no top-level domain is a number.
        let numeric = host.first().is_some_and(|last| last.iter().all(u8::is_ascii_digit));
        (!numeric).then_some(host)
    };
    authority().map_or(Relation::Unclear, |name| host(base, &name))
}

/// A range: an address and as many bytes of mask, whose ones all stand before its zeros.
pub(super) fn is_range(range: &[u8]) -> bool {
    let (_, mask) = range.split_at_checked(range.len() / 2).unwrap_or_default();
    let ones: u32 = mask.iter().map(|byte| byte.leading_ones()).sum();
    let set: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
    let full = mask.iter().take_while(|&&byte| byte == 0xff).count();
    let rest = mask.get(full..).unwrap_or_default();
    let contiguous = rest.iter().skip(1).all(|&byte| byte == 0) && ones == set;
    matches!(range.len(), 8 | 32) && contiguous
}

/// `range` is an address and a mask. Addresses of the other family are outside.
pub(super) fn ip(range: &[u8], address: &[u8]) -> Relation {
    if !is_range(range) || !matches!(address.len(), 4 | 16) {
        return Relation::Unclear;
    }
    let (base, mask) = range.split_at_checked(range.len() / 2).unwrap_or_default();
    let masked = |((one, two), mask): ((&u8, &u8), &u8)| (one ^ two) & mask == 0;
    let same_family = base.len() == address.len();
    Relation::within_if(same_family && address.iter().zip(base).zip(mask).all(masked))
}

#[cfg(test)]
mod tests {
    use super::{
        Relation::{Outside, Overlaps, Unclear, Within},
        *,
    };

    #[test]
    fn domains_hold_everything_below_them() {
        for (base, name, expected) in [
            ("example.cn", "example.cn", Within),
            ("example.cn", "A.Example.CN", Within),
            ("example.cn", "a.b.example.cn", Within),
            ("example.cn", "badexample.cn", Outside),
            ("example.cn", "cn", Outside),
            (".example.cn", "a.example.cn", Within),
            (".example.cn", "example.cn", Outside),
            (".example.cn", "*.example.cn", Within),
            ("", "a.cn", Within),
            ("example.cn", "*.example.cn", Within),
            ("a.example.cn", "*.example.cn", Overlaps),
            ("b.a.example.cn", "*.example.cn", Outside),
            ("example.cn", "example.cn.", Unclear),
            ("example.cn", "", Unclear),
            ("example.cn", "a..example.cn", Unclear),
            ("example.cn", "a*.example.cn", Unclear),
            ("example.cn", "局.example.cn", Unclear),
            ("ex ample.cn", "example.cn", Unclear),
        ] {
            assert_eq!(dns(base.as_bytes(), name.as_bytes()), expected, "{base} {name}");
        }
    }

    #[test]
    fn mailboxes_hosts_and_domains() {
        for (base, name, expected) in [
            ("root@example.cn", "root@EXAMPLE.cn", Within),
            ("root@example.cn", "Root@example.cn", Outside),
            ("root@example.cn", "root@a.example.cn", Outside),
            ("example.cn", "any@example.cn", Within),
            ("example.cn", "any@a.example.cn", Outside),
            (".example.cn", "any@a.example.cn", Within),
            (".example.cn", "any@example.cn", Outside),
            ("example.cn", "example.cn", Unclear),
            ("example.cn", "a@b@example.cn", Unclear),
            ("example.cn", "\"a@b\"@example.cn", Unclear),
            ("example.cn", "@example.cn", Unclear),
            ("@", "a@example.cn", Unclear),
        ] {
            assert_eq!(email(base.as_bytes(), name.as_bytes()), expected, "{base} {name}");
        }
    }

    #[test]
    fn uris_are_judged_by_their_host() {
        for (base, name, expected) in [
            ("example.cn", "https://example.cn/x?y@evil.cn", Within),
            ("example.cn", "https://user:pw@Example.CN:8443", Within),
            ("example.cn", "https://a.example.cn/", Outside),
            (".example.cn", "ldap://a.b.example.cn/", Within),
            (".example.cn", "ldap://example.cn/", Outside),
            ("example.cn", "https://evil.cn\\@example.cn/", Outside),
            ("example.cn", "https://10.0.0.1/", Unclear),
            ("example.cn", "https://[::1]/", Unclear),
            ("example.cn", "urn:example.cn", Unclear),
            ("example.cn", "https:///example.cn", Unclear),
            ("", "https://example.cn/", Unclear),
        ] {
            assert_eq!(uri(base.as_bytes(), name.as_bytes()), expected, "{base} {name}");
        }
    }

    #[test]
    fn addresses_lie_in_ranges() {
        let private = [10, 1, 0, 0, 255, 255, 0, 0];
        assert_eq!(ip(&private, &[10, 1, 2, 3]), Within);
        assert_eq!(ip(&private, &[10, 2, 2, 3]), Outside);
        assert_eq!(ip(&private, &[0; 16]), Outside);
        assert_eq!(ip(&private, &[10, 1, 2]), Unclear);
        let mut six = [0; 32];
        six[..2].copy_from_slice(&[0x20, 1]);
        six[16..19].copy_from_slice(&[0xff, 0xff, 0xf0]);
        let mut address = [0; 16];
        address[..3].copy_from_slice(&[0x20, 1, 0x0f]);
        assert_eq!(ip(&six, &address), Within);
        address[2] = 0x10;
        assert_eq!(ip(&six, &address), Outside);
        for mask in [[255, 0, 255, 0], [0, 255, 0, 0], [0x5f, 0, 0, 0], [0xfe, 0x80, 0, 0]] {
            assert!(!is_range(&[[10, 0, 0, 0], mask].concat()), "{mask:?}");
        }
        for mask in [[255; 4], [0; 4], [255, 255, 0xfe, 0], [0x80, 0, 0, 0]] {
            assert!(is_range(&[[10, 0, 0, 0], mask].concat()), "{mask:?}");
        }
        assert!(!is_range(&[0; 7]) && !is_range(&[0; 16]) && !is_range(&[]));
    }
}
