//! Many messages over the lanes of a vector: whenever one ends, the next takes its lane.

use std::{ops::Range, ptr};

use zeroize::Zeroize as _;

use super::{
    Block, Digest, LANES_MIN, State, digest_of,
    lanes::{States, set_state, state_of},
    message::{Input, pad},
};

/// A message on its way, without state and edges: blocks of the head, one block where head and body meet,
/// blocks of the body, one or two with the padding.
#[derive(Clone, Copy)]
struct Job<'m> {
    /// Whose digest it will be.
    index: usize,
    busy: bool,
    /// The blocks that are done.
    done: usize,
    head: &'m [Block],
    body: &'m [Block],
    /// How many of the edges are before the body: 0 or 1.
    joint: usize,
    /// How many of them there are.
    edges: usize,
}

/// The blocks that a message does not hold as they are: where head and body meet, the padding.
type Edges = [Block; 3];

impl<'m> Job<'m> {
    const IDLE: Self =
        Self { index: 0, busy: false, done: 0, head: &[], body: &[], joint: 0, edges: 0 };

    fn new(index: usize, input: &Input<'m>, edges: &mut Edges) -> Self {
        let (head, mut head_rest) = input.head.as_chunks();
        let mut body = input.body;
        let mut joint = 0;
        if !head_rest.is_empty()
            && let Some((first, rest)) = body.split_at_checked(64 - head_rest.len())
        {
            let (before, after) = edges[0].split_at_mut(head_rest.len());
            before.copy_from_slice(head_rest);
            after.copy_from_slice(first);
            (joint, head_rest, body) = (1, &[], rest);
        }
        let (body, tail) = body.as_chunks();
        let edges = joint + pad(&mut edges[joint..], &[head_rest, tail], input.length());
        Self { index, busy: true, done: 0, head, body, joint, edges }
    }

    /// The next blocks that lie one after the other; none at the end.
    fn run<'r>(&'r self, edges: &'r Edges) -> &'r [Block] {
        let mut done = self.done;
        for blocks in [self.head, &edges[..self.joint], self.body] {
            if done < blocks.len() {
                return &blocks[done..];
            }
            done -= blocks.len();
        }
        &edges[self.joint + done..self.edges]
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
    let mut edges = [[[0; 64]; 3]; N];
    let mut jobs = [Job::IDLE; N];
    loop {
        fill(&mut jobs, &mut edges, &mut states, &mut waiting, input);
        let busy = jobs.iter().filter(|job| job.busy).count();
        if busy < LANES_MIN {
            break;
        }
        let mut runs: [&[Block]; N] = [&[]; N];
        for ((run, job), edges) in runs.iter_mut().zip(&jobs).zip(&edges) {
            *run = job.run(edges);
        }
        if busy < N {
            // Lanes without a message do the work of another one, which nobody looks at.
            let longest = runs.iter().copied().max_by_key(|run| run.len()).unwrap_or_default();
            runs.iter_mut().filter(|run| run.is_empty()).for_each(|run| *run = longest);
        }
        let steps = runs.iter().map(|run| run.len()).min().unwrap_or(0);
        for step in 0..steps {
            let mut blocks = [&[0; 64]; N];
            for (block, run) in blocks.iter_mut().zip(&runs) {
                *block = &run[step];
            }
            compress_lanes(&mut states, &blocks);
        }
        for (lane, job) in jobs.iter_mut().enumerate().filter(|(_, job)| job.busy) {
            job.done += steps;
            if job.done == job.head.len() + job.body.len() + job.edges {
                digests[job.index] = digest_of(&state_of(&states, lane));
                *job = Job::IDLE;
            }
        }
    }
    for (lane, (job, edges)) in jobs.iter_mut().zip(&edges).enumerate() {
        if job.busy {
            let mut state = state_of(&states, lane);
            while let run @ [_, ..] = job.run(edges) {
                compress(&mut state, run);
                job.done += run.len();
            }
            digests[job.index] = digest_of(&state);
            state.as_mut_slice().zeroize();
        }
    }
    edges.as_flattened_mut().as_flattened_mut().zeroize();
    states.as_flattened_mut().zeroize();
}

/// Gives every lane that has no message the next that waits.
fn fill<'m, const N: usize>(
    jobs: &mut [Job<'m>; N],
    edges: &mut [Edges; N],
    states: &mut States<N>,
    waiting: &mut Range<usize>,
    input: &dyn Fn(usize) -> Input<'m>,
) {
    // Mostly all messages begin alike and end together: then whole rows are written.
    let mut common = None;
    if waiting.start < waiting.end && jobs.iter().all(|job| !job.busy) {
        let start = input(waiting.start).start;
        for (row, word) in states.iter_mut().zip(start.state) {
            *row = [word; N];
        }
        common = Some(start);
    }
    for (lane, (job, edges)) in jobs.iter_mut().zip(edges).enumerate() {
        if job.busy {
            continue;
        }
        let Some(index) = waiting.next() else { break };
        let input = input(index);
        *job = Job::new(index, &input, edges);
        if !common.is_some_and(|start| ptr::eq(start, input.start)) {
            set_state(states, lane, &input.start.state);
        }
    }
}
