//! Messages that begin with the same block, which is taken in once.

use super::{
    Backend, Block, Digest,
    message::{Input, Midstate},
};

/// The block that many messages begin with. Zeroised on drop: it may be a key.
pub(crate) struct Prefix {
    start: Midstate,
    backend: Backend,
}

impl Prefix {
    pub(crate) fn new(block: &Block) -> Self {
        let backend = Backend::default();
        Self { start: Midstate::after(backend, block).0, backend }
    }

    /// SM3(prefix ‖ message). Constant time in the content.
    pub(crate) fn hash(&self, message: &[u8]) -> Digest {
        self.backend.absorb(&self.start, &[message])
    }

    /// The same for each of many messages, in their order.
    pub(crate) fn hash_many(&self, messages: &[&[u8]], digests: &mut [Digest]) {
        let input = |i: usize| Input { start: &self.start, head: &[], body: messages[i] };
        self.backend.absorb_many(&input, digests);
    }
}
