//! How much one diagnosis may cost, whatever it is given.

use crate::limits;

/// What is left of the ceilings, and whether one of them was reached.
pub(super) struct Budget {
    verified: usize,
    hashed_bytes: usize,
    exhausted: bool,
}

impl Budget {
    pub(super) const fn new() -> Self {
        Self { verified: 0, hashed_bytes: 0, exhausted: false }
    }

    /// Takes one verification or decryption, if there is one left.
    pub(super) const fn verify(&mut self) -> bool {
        if self.verified >= limits::DIAGNOSIS_VERIFICATIONS_MAX {
            self.exhaust();
            return false;
        }
        self.verified = self.verified.saturating_add(1);
        true
    }

    /// Takes the hashing of so many bytes, if they are left.
    pub(super) const fn hash(&mut self, bytes: usize) -> bool {
        let hashed = self.hashed_bytes.saturating_add(bytes);
        if hashed > limits::DIAGNOSIS_HASHED_BYTES_MAX {
            self.exhaust();
            return false;
        }
        self.hashed_bytes = hashed;
        true
    }

    /// Something was left out.
    pub(super) const fn exhaust(&mut self) {
        self.exhausted = true;
    }

    /// Verifications and decryptions that were taken.
    pub(super) const fn verified(&self) -> usize {
        self.verified
    }

    /// Whether nothing was left out.
    pub(super) const fn was_enough(&self) -> bool {
        !self.exhausted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verifications_are_bounded() {
        let mut budget = Budget::new();
        for _ in 0..limits::DIAGNOSIS_VERIFICATIONS_MAX {
            assert!(budget.verify());
        }
        assert!(budget.was_enough());
        assert!(!budget.verify() && !budget.was_enough());
        assert_eq!(budget.verified(), limits::DIAGNOSIS_VERIFICATIONS_MAX);
    }

    #[test]
    fn hashed_bytes_are_bounded() {
        let mut budget = Budget::new();
        assert!(budget.hash(limits::DIAGNOSIS_HASHED_BYTES_MAX - 1) && budget.hash(1));
        assert!(budget.was_enough());
        assert!(!budget.hash(1) && !budget.was_enough());
        assert!(!Budget::new().hash(usize::MAX));
        assert!(budget.hash(0));
    }
}
