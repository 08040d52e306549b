//! XTS in the orders of both standards. Key 2 and the tweak are the IV.

use cipher::KeyInit as _;
use xts_mode::Xts128;
use yinxin::primitives::sm4::{
    Backend, Block,
    xts::{Order, Xts},
};

use super::{super::formula, Case, Peer, peer_block};

pub(super) fn compare(case: &Case<'_>) {
    let Case { key, iv, text, .. } = case;
    let both = [*key, *iv].as_flattened().try_into().expect("two keys");
    for (order, expected) in [(Order::Gbt17964, gb(case)), (Order::Ieee1619, ieee(case))] {
        for backend in Backend::runnable() {
            let Ok(xts) = Xts::with_backend(&both, order, backend) else {
                assert_eq!(key, iv, "only equal keys are refused");
                continue;
            };
            let mut data = text.to_vec();
            let made = xts.encrypt_in_place(iv, &mut data);
            assert_eq!(made.is_ok(), text.len() >= 16, "{backend:?} {order:?}");
            if made.is_ok() {
                assert_eq!(data, expected, "{backend:?} {order:?}");
                xts.decrypt_in_place(iv, &mut data).expect("a unit");
                assert_eq!(data, *text, "{backend:?} {order:?} back");
            }
        }
    }
}

/// As in GB/T 17964, which is not among RustCrypto's; libsmx takes whole blocks only.
fn gb(case: &Case<'_>) -> Vec<u8> {
    let expected = of(case, peer_block, formula::double_gb);
    let libsmx = libsmx::sm4::sm4_encrypt_xts(&case.key, &case.iv, &case.iv, case.text);
    let libsmx = libsmx.unwrap_or_else(|_| of(case, formula::libsmx_block, formula::double_gb));
    assert_eq!(expected, libsmx, "the peers differ");
    expected
}

/// As in IEEE 1619, which is not in libsmx.
fn ieee(case: &Case<'_>) -> Vec<u8> {
    let expected = of(case, formula::libsmx_block, formula::double_ieee);
    if case.text.len() >= 16 {
        let [first, second] = [case.key, case.iv].map(|key| Peer::new(&key.into()));
        let mut data = case.text.to_vec();
        Xts128::new(first, second).encrypt_sector(&mut data, case.iv.into());
        assert_eq!(data, expected, "the peers differ");
    }
    expected
}

fn of(case: &Case<'_>, encrypt: fn(&Block, Block) -> Block, double: fn(Block) -> Block) -> Vec<u8> {
    let under = [case.key, case.iv].map(|key| move |block| encrypt(&key, block));
    formula::xts(under, double, &case.iv, case.text)
}
