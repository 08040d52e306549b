//! What is public at each instruction of a function: a data-flow analysis over general registers, flags
//! and the slots of the stack frame where registers are kept.
//!
//! Public are constants, what the function was called with as far as its callers gave it public values,
//! and what is computed from public values alone. Everything read through a pointer is secret, and so is
//! everything that comes out of a vector register. So a jump or an address that depends on a secret
//! cannot pass for one that does not, with two assumptions: the slots that hold a register of the function
//! are not written through pointers, and statics hold no secrets. What is written with an index may be
//! written anywhere from there on, up to such a slot beyond the next place of which the address is taken.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{
    parse::{
        Function, Instruction, Memory, Operand, Program, RAX, RBP, RCX, RDI, RDX, RSI, RSP,
        Register,
    },
    state::{
        Slot, State,
        Value::{self, Frame, Import, Open, Public, Secret, Word},
    },
};

/// The registers in which integers are passed.
pub(crate) const ARGUMENTS: [Register; 6] = [RDI, RSI, RDX, RCX, 8, 9];
/// What a call may overwrite.
const CLOBBERED: [Register; 9] = [RAX, RCX, RDX, RSI, RDI, 8, 9, 10, 11];

/// What one function was found to do.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Instructions that depend on a secret, and why that is a leak.
    pub(crate) leaks: BTreeMap<u64, (&'static str, String)>,
    pub(crate) jumps: usize,
    pub(crate) calls: Vec<Call>,
    /// What is in RAX and RDX at the end.
    pub(crate) returns: Option<[Value; 2]>,
}

impl Findings {
    fn returns(&mut self, [rax, rdx]: [Value; 2]) {
        self.returns = Some(match self.returns {
            Some([a, d]) => [a.meet(rax), d.meet(rdx)],
            None => [rax, rdx],
        });
    }
}

/// A call, or a jump to another function, with what is known of the arguments.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) to: Callee,
    pub(crate) arguments: [Value; 6],
    pub(crate) text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Callee {
    Function(u64),
    Import(String),
    Unknown,
}

/// The bytes of the widest access.
const WIDEST: i64 = 64;

/// What the analysis has to know of other functions.
pub(crate) trait Others {
    fn never_returns(&self, callee: &Callee) -> bool;
    fn returns(&self, callee: &Callee) -> [Value; 2];
}

/// `memory` is what is read through pointers: [`Value::Word`] unless it is known to be public.
pub(crate) fn analyse(
    program: &Program,
    function: &Function,
    arguments: [Value; 6],
    memory: Value,
    others: &impl Others,
) -> Findings {
    let mut places = Places::default();
    loop {
        let before = places.clone();
        let findings =
            Analysis { program, function, others, memory, places: &mut places }.run(arguments);
        if places == before {
            return findings;
        }
    }
}

/// The parts of the frame that are more than the home of a register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Places {
    /// Whose address was taken.
    pointed: BTreeSet<(u64, i64)>,
    /// Written with an index: where they begin and how long they are.
    wide: BTreeSet<(u64, i64, i64)>,
    /// Used otherwise than the home of a register is: where and how long.
    parts: BTreeSet<(u64, i64, i64)>,
}

impl Places {
    /// Whether what is written through pointers or with an index may be written there. To the home of a
    /// register no pointer goes; nor does an index where something else begins before it, as an address
    /// that was taken tells.
    fn cover(&self, (base, at): (u64, i64), size: i64) -> bool {
        let is_home = self.is_home((base, at), size);
        let between =
            |from| from < at && self.pointed.range((base, from + 1)..=(base, at)).next().is_some();
        let wide = self.wide.iter().any(|&(b, from, length)| {
            let reaches = b == base && from < at + size && at < from.saturating_add(length);
            reaches && !(is_home && between(from))
        });
        wide || !is_home && self.pointed.range((base, at)..(base, at + size)).next().is_some()
    }

    /// Whether whole registers alone are moved there, and whole words read.
    fn is_home(&self, (base, at): (u64, i64), size: i64) -> bool {
        let mut near = self.parts.range((base, at - WIDEST, 0)..(base, at + size, 0));
        size == 8 && near.all(|(_, from, length)| from + length <= at)
    }
}

struct Analysis<'a, O> {
    program: &'a Program,
    function: &'a Function,
    others: &'a O,
    memory: Value,
    places: &'a mut Places,
}

/// Where control goes after an instruction.
enum Next {
    On,
    End,
    To(u64),
    Either(u64),
    /// Where a table of jumps decides; if it is not known, to one of the places that nothing runs into.
    Anywhere,
}

impl<O: Others> Analysis<'_, O> {
    fn run(&mut self, arguments: [Value; 6]) -> Findings {
        let mut registers = [Secret; 16];
        registers[RSP] = Frame(0, 0);
        for (register, value) in ARGUMENTS.into_iter().zip(arguments) {
            registers[register] = value;
        }
        let entry = State {
            registers,
            vectors: [Secret; 32],
            carry: Secret,
            flags: Secret,
            slots: BTreeMap::new(),
            memory: self.memory,
        };
        let instructions = &self.function.instructions;
        let index: BTreeMap<u64, usize> =
            instructions.iter().enumerate().map(|(i, at)| (at.address, i)).collect();
        let mut states: Vec<Option<State>> = vec![None; instructions.len()];
        states[0] = Some(entry);
        let mut open = VecDeque::from([0]);
        while let Some(at) = open.pop_front() {
            let mut state = states[at].clone().expect("only reached instructions are open");
            let next = self.step(&instructions[at], &mut state, &mut Findings::default());
            let mut flow = |to: Option<usize>| {
                let Some(to) = to.filter(|&to| to < instructions.len()) else { return };
                let merged =
                    states[to].as_ref().map_or_else(|| state.clone(), |old| old.meet(&state));
                if states[to].as_ref() != Some(&merged) {
                    states[to] = Some(merged);
                    open.push_back(to);
                }
            };
            match next {
                Next::End => {}
                Next::Anywhere => {
                    if let Some(places) = self.jump_table(&instructions[at]) {
                        places.iter().for_each(|place| flow(index.get(place).copied()));
                        continue;
                    }
                    let after_end = |at: &usize| instructions[at - 1].ends();
                    (1..instructions.len()).filter(after_end).for_each(|at| flow(Some(at)));
                }
                Next::On => flow(Some(at + 1)),
                Next::To(target) => flow(index.get(&target).copied()),
                Next::Either(target) => {
                    flow(Some(at + 1));
                    flow(index.get(&target).copied());
                }
            }
        }
        let mut findings = Findings::default();
        for (instruction, state) in instructions.iter().zip(states) {
            if let Some(mut state) = state {
                self.step(instruction, &mut state, &mut findings);
            }
        }
        findings
    }

    /// Applies one instruction to `state`.
    fn step(&mut self, at: &Instruction, state: &mut State, found: &mut Findings) -> Next {
        let mut leak = |why| {
            found.leaks.insert(at.address, (why, at.text.clone()));
        };
        let name = at.mnemonic.as_str();
        if name.contains("nop") || matches!(name, "endbr64" | "vzeroupper" | "pause" | "cld") {
            return Next::On;
        }
        self.note_parts(at, state);
        if name != "lea" {
            for memory in at.operands.iter().filter_map(Operand::memory) {
                let gathered = memory.vector_index.is_some_and(|n| state.vectors[n].is_secret());
                if gathered || !state.address(memory).is_pointer() {
                    leak("its address depends on a secret");
                }
            }
        }
        if name.contains("div")
            && !at.is_vector()
            && at.operands.iter().any(|o| state.read(o).is_secret())
        {
            leak("a division by a secret takes a time of its own");
        }
        match name {
            "jmp" | "call" | "ret" | "ud2" | "hlt" | "int3" => {
                return self.transfer(at, state, found);
            }
            _ if name.starts_with('j') => {
                found.jumps += 1;
                if state.condition(&name[1..]).is_secret() {
                    leak("a jump depends on a secret");
                }
                return at.target.map_or(Next::On, Next::Either);
            }
            _ if name.starts_with("rep") => self.string(state, at, found),
            _ if at.is_vector() => self.vector(at, state),
            _ => self.integer(at, state),
        }
        Next::On
    }

    /// Notes which places of the frame are used otherwise than the home of a register is.
    fn note_parts(&mut self, at: &Instruction, state: &State) {
        for (number, operand) in at.operands.iter().enumerate() {
            let Operand::Memory(memory) = operand else { continue };
            let Some(Frame(base, from)) = memory.base.map(|base| state.registers[base]) else {
                continue;
            };
            let reads =
                number > 0 || matches!(at.mnemonic.as_str(), "cmp" | "test" | "call" | "jmp");
            let moved =
                at.mnemonic == "mov" && matches!(at.operands[..], [_, Operand::Register(_, 8)]);
            let whole = memory.size == 8 && memory.index.is_none() && !at.is_vector();
            // An address that is yet to be added to is that of no place.
            let unfinished = at.mnemonic == "lea" && memory.index.is_some();
            if !unfinished && !(whole && (reads || moved)) {
                let size = if memory.size == 0 { 8 } else { memory.size };
                self.places.parts.insert((base, from + memory.displacement, size));
            }
        }
    }

    /// Instructions after which control goes elsewhere.
    fn transfer(&mut self, at: &Instruction, state: &mut State, found: &mut Findings) -> Next {
        match at.mnemonic.as_str() {
            "ret" => {
                found.returns([RAX, RDX].map(|register| state.registers[register].as_argument()));
                return Next::End;
            }
            "jmp" if self.is_inside(at) => return at.target.map_or(Next::End, Next::To),
            "jmp" if matches!(at.operands[..], [Operand::Register(..)]) => {
                found.jumps += 1;
                if at.operands.iter().any(|to| state.read(to).is_secret()) {
                    let leak = ("a jump depends on a secret", at.text.clone());
                    found.leaks.insert(at.address, leak);
                } else if self.jump_table(at).is_none() {
                    let leak = ("where it goes is not known", at.text.clone());
                    found.leaks.insert(at.address, leak);
                }
                return Next::Anywhere;
            }
            "jmp" | "call" => {}
            _ => return Next::End,
        }
        let to = self.callee(at, state);
        let arguments = ARGUMENTS.map(|register| state.registers[register].as_argument());
        let ends = self.others.never_returns(&to);
        let returns = self.others.returns(&to);
        found.calls.push(Call { to, arguments, text: at.text.clone() });
        if at.mnemonic == "jmp" {
            // The other function returns to our caller.
            found.returns(returns);
            return Next::End;
        }
        if ends {
            return Next::End;
        }
        for register in CLOBBERED {
            state.registers[register] = Secret;
        }
        state.vectors = [Secret; 32];
        [state.registers[RAX], state.registers[RDX]] = returns;
        (state.carry, state.flags) = (Secret, Secret);
        state.slots.retain(|place, slot| slot.kept && !self.places.cover(*place, slot.size));
        Next::On
    }

    fn jump_table(&self, at: &Instruction) -> Option<BTreeSet<u64>> {
        let instructions = &self.function.instructions;
        let number = instructions.binary_search_by_key(&at.address, |other| other.address).ok()?;
        self.program.jump_table(self.function, number)
    }

    fn is_inside(&self, at: &Instruction) -> bool {
        let first = self.function.instructions.first().map(|first| first.address);
        let last = self.function.instructions.last().map(|last| last.address);
        at.operands.is_empty() && at.target >= first && at.target <= last
    }

    fn callee(&self, at: &Instruction, state: &State) -> Callee {
        let pointer = match at.operands.first() {
            None => return at.target.map_or(Callee::Unknown, Callee::Function),
            Some(Operand::Memory(memory)) if memory.fixed => at.target,
            Some(operand) => match state.read(operand) {
                Import(address) => Some(address),
                Secret | Word | Public | Open | Frame(..) => None,
            },
        };
        let Some(pointer) = pointer else { return Callee::Unknown };
        match (self.program.pointers.get(&pointer), self.program.imports.get(&pointer)) {
            (Some(&to), _) => Callee::Function(to),
            (None, Some(name)) => Callee::Import(name.clone()),
            (None, None) => Callee::Unknown,
        }
    }

    /// `rep stos`, `rep movs`.
    fn string(&mut self, state: &mut State, at: &Instruction, found: &mut Findings) {
        let operands = [RDI, RSI, RCX].map(|register| state.registers[register]);
        let used =
            if at.mnemonic.contains("movs") { &operands[..] } else { &[operands[0], operands[2]] };
        if !used[0].is_pointer() || !used[used.len() - 2].is_pointer() || operands[2].is_secret() {
            found.leaks.insert(at.address, ("its address depends on a secret", at.text.clone()));
        }
        if let Frame(base, from) = operands[0] {
            self.places.wide.insert((base, from, i64::MAX - from.max(0)));
        }
        state.registers[RDI] = operands[0].as_argument();
        state.registers[RSI] = operands[1].as_argument();
        state.registers[RCX] = Public;
        state.slots.retain(|place, slot| !self.places.cover(*place, slot.size));
    }

    fn vector(&mut self, at: &Instruction, state: &mut State) {
        let value = state.vector_result(at);
        match at.operands.first() {
            Some(Operand::Register(register, _)) => state.registers[*register] = value,
            Some(Operand::Vector { number: Some(number), .. }) => state.vectors[*number] = value,
            Some(Operand::Memory(memory)) => {
                let widest =
                    at.operands.iter().filter_map(Operand::vector_size).max().unwrap_or(64);
                let size = if memory.size == 0 { widest } else { memory.size };
                self.store(memory, size, Secret, state);
            }
            Some(Operand::Vector { number: None, .. } | Operand::Immediate(_)) | None => {}
        }
        if at.mnemonic.contains("test") || at.mnemonic.contains("comis") {
            (state.carry, state.flags) = (Secret, Secret);
        }
    }

    /// Everything on general registers and flags.
    fn integer(&mut self, at: &Instruction, state: &mut State) {
        let name = at.mnemonic.as_str();
        let operand = |i: usize| at.operands.get(i);
        let read =
            |state: &State, i: usize| operand(i).map_or(Public, |operand| state.read(operand));
        let all = at.operands.iter().fold(Public, |all, operand| all.and(state.read(operand)));
        let later =
            at.operands.iter().skip(1).fold(Public, |all, operand| all.and(state.read(operand)));
        let same = at.operands.len() == 2 && operand(0) == operand(1);
        let set_flags =
            |state: &mut State, value: Value| (state.carry, state.flags) = (value, value);
        match name {
            "mov" | "movabs" => {
                let mut value = read(state, 1);
                if let (Some(Operand::Memory(memory)), Some(target)) = (operand(1), at.target)
                    && memory.fixed
                {
                    let (name, to) =
                        (self.program.imports.get(&target), self.program.pointers.get(&target));
                    // What has no name of its own is in the table of addresses that the linker makes, which
                    // nothing writes to: the place of a function, or of a static.
                    let of_linker = name.is_none_or(|name| name.starts_with("_DYNAMIC"));
                    if to.is_some_and(|to| of_linker && !self.program.functions.contains_key(to)) {
                        value = Open;
                    } else if name.is_some() || to.is_some() {
                        value = Import(target);
                    }
                }
                self.write(operand(0), value, state);
                if matches!(operand(1), Some(Operand::Register(..))) {
                    Self::keep(operand(0), state);
                }
            }
            "movzx" | "movsx" | "movsxd" | "movbe" => self.write(operand(0), later, state),
            "lea" => {
                let Some(Operand::Memory(memory)) = operand(1) else { return };
                let address = state.address(memory);
                if let Some(Frame(base, from)) = memory.base.map(|base| state.registers[base]) {
                    self.places.pointed.insert((base, from + memory.displacement));
                }
                let address = if memory.fixed { Open } else { address };
                let value = state.place(memory).map_or(address, |(base, from)| Frame(base, from));
                self.write(operand(0), value, state);
            }
            "push" => {
                let value = read(state, 0);
                state.move_stack(-8);
                let top = Memory { base: Some(RSP), size: 8, ..Memory::default() };
                self.store(&top, 8, value, state);
            }
            "pop" => {
                let top = Memory { base: Some(RSP), size: 8, ..Memory::default() };
                let value = state.load(&top, 8);
                state.move_stack(8);
                self.write(operand(0), value, state);
            }
            "leave" => {
                state.registers[RSP] = state.registers[RBP];
                let top = Memory { base: Some(RSP), size: 8, ..Memory::default() };
                state.registers[RBP] = state.load(&top, 8);
                state.move_stack(8);
            }
            "cmp" | "test" | "bt" => set_flags(state, all),
            "xor" | "sub" if same => {
                self.write(operand(0), Public, state);
                set_flags(state, Public);
            }
            // It comes out as 0, after what it waits for.
            "and"
                if operand(1) == Some(&Operand::Immediate(0))
                    && matches!(operand(0), Some(Operand::Register(_, 4 | 8))) =>
            {
                self.write(operand(0), Public, state);
                set_flags(state, Public);
            }
            "sbb" if same => {
                let carry = state.carry;
                self.write(operand(0), carry, state);
                set_flags(state, carry);
            }
            "add" | "sub" | "and" => {
                let sum = if name == "add" { read(state, 0).plus(read(state, 1)) } else { all };
                let value = frame_sum(at, state).unwrap_or(sum);
                self.write(operand(0), value, state);
                set_flags(state, all);
            }
            "adc" | "sbb" | "adcx" | "adox" | "rcl" | "rcr" => {
                let value = all.and(state.carry).and(state.flags_if(name == "adox"));
                self.write(operand(0), value, state);
                set_flags(state, value);
            }
            "inc" | "dec" => {
                // The carry stays as it was.
                self.write(operand(0), all, state);
                state.flags = all;
            }
            "not" | "bswap" => self.write(operand(0), all, state),
            "mul" | "imul" if at.operands.len() == 1 => self.wide_result(all, state, &set_flags),
            "div" | "idiv" => {
                let value = all.and(state.registers[RDX]);
                self.wide_result(value, state, &set_flags);
            }
            "imul" if at.operands.len() == 3 => {
                self.write(operand(0), later, state);
                set_flags(state, later);
            }
            "mulx" => {
                let value = read(state, 2).and(state.registers[RDX]);
                self.write(operand(0), value, state);
                self.write(operand(1), value, state);
            }
            "rorx" | "shlx" | "shrx" | "sarx" | "pdep" | "pext" => {
                self.write(operand(0), later, state)
            }
            "andn" | "bextr" | "bzhi" | "blsr" | "blsi" | "blsmsk" | "tzcnt" | "lzcnt"
            | "popcnt" | "bsf" | "bsr" => {
                self.write(operand(0), later, state);
                set_flags(state, later);
            }
            "or" | "xor" | "imul" | "neg" | "rol" | "ror" | "shl" | "shr" | "sar" | "shld"
            | "shrd" | "btr" | "bts" | "btc" => {
                self.write(operand(0), all, state);
                set_flags(state, all);
            }
            "cdq" | "cqo" => state.registers[RDX] = state.registers[RAX].as_argument(),
            "cdqe" | "cwde" => state.registers[RAX] = state.registers[RAX].as_argument(),
            "xchg" => {
                let (first, second) = (read(state, 0), read(state, 1));
                self.write(operand(0), second, state);
                self.write(operand(1), first, state);
            }
            _ if name.starts_with("set") => {
                let value = state.condition(&name[3..]);
                self.write(operand(0), value, state);
            }
            _ if name.starts_with("cmov") => {
                let value = all.and(state.condition(&name[4..]));
                self.write(operand(0), value, state);
            }
            // Whatever else it is: what it may have written is secret.
            _ => {
                for register in [RAX, RCX, RDX] {
                    state.registers[register] = Secret;
                }
                self.write(operand(0), Secret, state);
                set_flags(state, Secret);
            }
        }
    }

    fn wide_result(&self, value: Value, state: &mut State, set_flags: &impl Fn(&mut State, Value)) {
        let value = value.and(state.registers[RAX]);
        state.registers[RAX] = value;
        state.registers[RDX] = value;
        set_flags(state, value);
    }

    fn write(&mut self, to: Option<&Operand>, value: Value, state: &mut State) {
        match to {
            // What is smaller than four bytes leaves the others as they were; a reader of those sees what it
            // read before.
            Some(Operand::Register(register, _)) => state.registers[*register] = value,
            Some(Operand::Memory(memory)) => self.store(memory, memory.size.max(1), value, state),
            Some(Operand::Immediate(_) | Operand::Vector { .. }) | None => {}
        }
    }

    /// A register was put into `to`.
    fn keep(to: Option<&Operand>, state: &mut State) {
        let Some(place) = to.and_then(Operand::memory).and_then(|memory| state.place(memory))
        else {
            return;
        };
        if let Some(slot) = state.slots.get_mut(&place) {
            slot.kept = true;
        }
    }

    fn store(&mut self, memory: &Memory, size: i64, value: Value, state: &mut State) {
        let Some((base, at)) = state.place(memory) else {
            // With an index: anywhere from here on.
            if let Some(Frame(base, from)) = memory.base.map(|register| state.registers[register]) {
                let from = from + memory.displacement;
                self.places.wide.insert((base, from, i64::MAX - from.max(0)));
                state.slots.retain(|place, slot| !self.places.cover(*place, slot.size));
            }
            return;
        };
        // A home stays one when it is written anew.
        let kept = state.slots.get(&(base, at)).is_some_and(|slot| slot.kept && slot.size == size);
        state
            .slots
            .retain(|&(b, from), slot| b != base || from + slot.size <= at || at + size <= from);
        if !value.is_secret() {
            state.slots.insert((base, at), Slot { size, value, kept });
        }
    }
}

/// A sum or alignment of an address in the frame, with a constant.
fn frame_sum(at: &Instruction, state: &State) -> Option<Value> {
    let [Operand::Register(to, 8), Operand::Immediate(constant)] = at.operands[..] else {
        return None;
    };
    let Frame(base, from) = state.registers[to] else { return None };
    match at.mnemonic.as_str() {
        "add" => Some(Frame(base, from + constant)),
        "sub" => Some(Frame(base, from - constant)),
        // The stack pointer aligned: places are counted anew from there.
        _ if to == RSP => Some(Frame(at.address, 0)),
        _ => None,
    }
}

impl Operand {
    fn memory(&self) -> Option<&Memory> {
        match self {
            Self::Memory(memory) => Some(memory),
            Self::Register(..) | Self::Immediate(_) | Self::Vector { .. } => None,
        }
    }

    fn vector_size(&self) -> Option<i64> {
        match self {
            Self::Vector { size, .. } => Some(*size),
            Self::Register(..) | Self::Immediate(_) | Self::Memory(_) => None,
        }
    }
}

impl Instruction {
    /// Whether control never goes on to the next instruction.
    pub(super) fn ends(&self) -> bool {
        matches!(self.mnemonic.as_str(), "jmp" | "ret" | "ud2" | "int3" | "hlt")
    }

    /// Whether it works on vector or mask registers.
    fn is_vector(&self) -> bool {
        self.mnemonic.starts_with('v') || self.operands.iter().any(|o| o.vector_size().is_some())
    }
}
