//! Many messages over the lanes of a vector: whenever one ends, the next takes its lane.

use super::{
    Block, Digest, Padding, State, digest_of,
    lanes::{States, set_state, state_of},
};

/// With fewer messages left than this, one after the other is faster than lanes that stand empty.
const LANES_MIN: usize = 3;

/// A message on its way, without the state.
struct Message<'m> {
    index: usize,
    body: &'m [Block],
    padding: Padding,
    /// The blocks that are done.
    done: usize,
}

impl<'m> Message<'m> {
    fn new(index: usize, before: u64, message: &'m [u8]) -> Self {
        let (body, tail) = message.as_chunks();
        let padding = Padding::new(tail, before + message.len() as u64);
        Self { index, body, padding, done: 0 }
    }

    fn blocks(&self) -> usize {
        self.body.len() + self.padding.blocks().len()
    }

    fn next(&self) -> &Block {
        match self.body.get(self.done) {
            Some(block) => block,
            None => &self.padding.blocks()[self.done - self.body.len()],
        }
    }
}

/// The digests of messages that go on from `start`, which has taken in `before` bytes, whole blocks.
pub(super) fn hash<const N: usize>(
    start: &State,
    before: u64,
    messages: &[&[u8]],
    compress_lanes: impl Fn(&mut States<N>, &[&Block; N]),
    compress: impl Fn(&mut State, &[Block]),
) -> Vec<Digest> {
    let mut digests = vec![[0; 32]; messages.len()];
    let mut waiting =
        messages.iter().enumerate().map(|(index, message)| Message::new(index, before, message));
    let mut states: States<N> = [[0; N]; 8];
    let mut lanes: [Option<Message<'_>>; N] = [const { None }; N];
    loop {
        for (lane, slot) in lanes.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            *slot = waiting.next();
            if slot.is_some() {
                set_state(&mut states, lane, start);
            }
        }
        let busy = lanes.iter().flatten();
        if busy.clone().count() < LANES_MIN {
            break;
        }
        // Nothing happens to the lanes until the shortest message ends.
        let steps = busy.map(|message| message.blocks() - message.done).min().unwrap_or(0);
        for _ in 0..steps {
            let idle = [0; 64];
            let mut blocks = [&idle; N];
            for (block, message) in blocks.iter_mut().zip(&lanes) {
                if let Some(message) = message {
                    *block = message.next();
                }
            }
            compress_lanes(&mut states, &blocks);
            lanes.iter_mut().flatten().for_each(|message| message.done += 1);
        }
        for (lane, slot) in lanes.iter_mut().enumerate() {
            if let Some(message) = slot.take_if(|message| message.done == message.blocks()) {
                digests[message.index] = digest_of(&state_of(&states, lane));
            }
        }
    }
    for (lane, message) in lanes.iter().enumerate() {
        if let Some(message) = message {
            let mut state = state_of(&states, lane);
            let in_body = message.done.min(message.body.len());
            compress(&mut state, &message.body[in_body..]);
            compress(&mut state, &message.padding.blocks()[message.done - in_body..]);
            digests[message.index] = digest_of(&state);
        }
    }
    digests
}
