//! Signatures that are verified before they are given out: an explicit choice against faults.
//!
//! A signature that a fault has made wrong can give the private key away, and verifying it first keeps
//! it in. The check takes the path of verification: other sums, though of the same table for the base
//! point. It makes no module safe against an attacker with the hardware in his hands.

use super::{DistId, PreparedPublicKey, PrivateKey, Signature};
use crate::{
    error::{Code, Error},
    primitives::sm3::Digest,
};

impl PrivateKey {
    /// The same key, which from now on verifies each signature before it gives it out: [`Self::sign`],
    /// [`Self::sign_many`] and [`hazmat::sign_digest`](super::hazmat::sign_digest) then return
    /// [`Code::FaultDetected`] in its place if it is wrong. Makes tables as [`PreparedPublicKey`] does.
    #[must_use]
    pub fn with_fault_check(mut self) -> Self {
        let prepared = PreparedPublicKey::new(self.public(), &DistId::DEFAULT);
        self.fault_check = Some(Box::new(prepared));
        self
    }

    /// `signatures` of `digests`, if all are right or this key does not ask.
    pub(super) fn check_for_faults(
        &self,
        digests: &[Digest],
        signatures: &[Signature],
    ) -> Result<(), Error> {
        let Some(prepared) = &self.fault_check else { return Ok(()) };
        let claims: Vec<_> = digests.iter().copied().zip(signatures).collect();
        if prepared.verify_digests(&claims).iter().all(Result::is_ok) {
            return Ok(());
        }
        Err(Error::new(Code::FaultDetected).field("signature"))
    }
}

#[cfg(test)]
pub(super) mod injected {
    //! A fault that tests bring about: a bit of the next s is wrong.

    use std::cell::Cell;

    use super::super::scalar::Scalar;

    thread_local! {
        static AFTER: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Lets the signature after `count` others be wrong, on this thread.
    pub(in super::super) fn after(count: usize) {
        AFTER.set(Some(count));
    }

    pub(in super::super) fn disturb(s: Scalar) -> Scalar {
        match AFTER.take() {
            Some(0) => s.add(&Scalar::ONE),
            Some(count) => {
                AFTER.set(Some(count - 1));
                s
            }
            None => s,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Backend, *};

    const MESSAGE: &[u8] = b"message";

    #[test]
    fn a_wrong_signature_stays_inside_where_the_key_checks() {
        // The self-tests sign, too, and would find the fault.
        Backend::runnable().for_each(|backend| backend.ready().unwrap());
        for backend in Backend::runnable() {
            let id = &DistId::DEFAULT;
            let key = || PrivateKey::from_bytes(&[0x5a; 32]).unwrap().on(backend);
            let verifies = |signature: Signature| key().public().verify(MESSAGE, &signature, id);

            injected::after(0);
            let signature = key().sign(MESSAGE, id).unwrap();
            assert!(verifies(signature).is_err(), "{backend:?}: the fault is there");

            let careful = key().with_fault_check();
            injected::after(0);
            let error = careful.sign(MESSAGE, id).unwrap_err();
            assert_eq!(error.code(), Code::FaultDetected, "{backend:?}");
            verifies(careful.sign(MESSAGE, id).unwrap()).unwrap();

            for index in [0, 1, 8, 69] {
                injected::after(index);
                let error = careful.sign_many(&[MESSAGE; 70], id).unwrap_err();
                assert_eq!(error.code(), Code::FaultDetected, "{backend:?} {index}");
            }
            for signature in careful.sign_many(&[MESSAGE; 70], id).unwrap() {
                verifies(signature).unwrap();
            }
        }
    }
}
