//! Many messages over the lanes of a vector: whenever one ends, the next takes its lane.

use zeroize::Zeroize as _;

use super::{
    Block, Digest, State, digest_of,
    lanes::{States, set_state, state_of},
    message::{Input, pad},
};

/// With fewer messages left than this, one after the other is faster than lanes that stand empty.
const LANES_MIN: usize = 3;

/// A message on its way, without the state: blocks of the head, one block where head and body meet,
/// blocks of the body, one or two with the padding.
struct Job<'m> {
    /// Whose digest it will be.
    index: usize,
    busy: bool,
    /// The blocks that are done.
    done: usize,
    head: &'m [Block],
    body: &'m [Block],
    /// The blocks that the message does not hold as they are: where head and body meet, the padding.
    edges: [Block; 3],
    /// How many of them are before the body: 0 or 1.
    joint: usize,
    /// How many there are.
    edges_used: usize,
}

impl<'m> Job<'m> {
    const IDLE: Self = Self {
        index: 0,
        busy: false,
        done: 0,
        head: &[],
        body: &[],
        edges: [[0; 64]; 3],
        joint: 0,
        edges_used: 0,
    };

    fn begin(&mut self, index: usize, input: &Input<'m>) {
        let (head, mut head_rest) = input.head.as_chunks();
        let mut body = input.body;
        self.joint = 0;
        if let Some((first, rest)) = body.split_at_checked(64 - head_rest.len())
            && !head_rest.is_empty()
        {
            let (before, after) = self.edges[0].split_at_mut(head_rest.len());
            before.copy_from_slice(head_rest);
            after.copy_from_slice(first);
            (self.joint, head_rest, body) = (1, &[], rest);
        }
        let (blocks, tail) = body.as_chunks();
        (self.index, self.busy, self.done, self.head, self.body) = (index, true, 0, head, blocks);
        let padding = &mut self.edges[self.joint..];
        self.edges_used = self.joint + pad(padding, &[head_rest, tail], input.length());
    }

    /// The next blocks that lie one after the other; none at the end.
    fn run(&self) -> &[Block] {
        let mut done = self.done;
        for blocks in [self.head, &self.edges[..self.joint], self.body] {
            if done < blocks.len() {
                return &blocks[done..];
            }
            done -= blocks.len();
        }
        &self.edges[self.joint + done..self.edges_used]
    }
}

/// The digests of as many messages as `digests` has places for.
pub(super) fn hash<'m, const N: usize>(
    input: &dyn Fn(usize) -> Input<'m>,
    digests: &mut [Digest],
    compress_lanes: impl Fn(&mut States<N>, &[&Block; N]),
    compress: impl Fn(&mut State, &[Block]),
) {
    let mut waiting = 0..digests.len();
    let mut states: States<N> = [[0; N]; 8];
    let mut jobs = [const { Job::IDLE }; N];
    loop {
        for (lane, job) in jobs.iter_mut().enumerate().filter(|(_, job)| !job.busy) {
            let Some(index) = waiting.next() else { break };
            let input = input(index);
            job.begin(index, &input);
            set_state(&mut states, lane, &input.start.state);
        }
        let busy = || jobs.iter().filter(|job| job.busy);
        let Some(longest) = busy().map(Job::run).max_by_key(|run| run.len()) else { break };
        if busy().count() < LANES_MIN {
            break;
        }
        // Lanes without a message do the work of another one, which nobody looks at.
        let mut runs = [longest; N];
        for (run, job) in runs.iter_mut().zip(&jobs).filter(|(_, job)| job.busy) {
            *run = job.run();
        }
        let steps = runs.iter().map(|run| run.len()).min().unwrap_or(0);
        for step in 0..steps {
            compress_lanes(&mut states, &runs.map(|run| &run[step]));
        }
        for (lane, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.busy) {
            job.done += steps;
            if job.run().is_empty() {
                digests[job.index] = digest_of(&state_of(&states, lane));
                job.busy = false;
            }
        }
    }
    for (lane, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.busy) {
        let mut state = state_of(&states, lane);
        while let run @ [_, ..] = job.run() {
            compress(&mut state, run);
            job.done += run.len();
        }
        digests[job.index] = digest_of(&state);
    }
    jobs.iter_mut().for_each(|job| job.edges.as_flattened_mut().zeroize());
    states.as_flattened_mut().zeroize();
}
