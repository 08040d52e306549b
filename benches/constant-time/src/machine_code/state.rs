//! What is known of values, registers, flags and the frame at one place of a function.

use std::collections::BTreeMap;

use Value::{Frame, Import, Open, Public, Secret, Word};

use super::parse::{Instruction, Memory, Operand, RCX, RSP};

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Secret,
    /// A whole word read from memory: as a number a secret, as the base of an address a pointer, because a
    /// secret becomes an address only by being added to one.
    Word,
    Public,
    /// A pointer to memory that holds nothing secret, and what is read through it.
    Open,
    /// An address in the frame: which alignment of the stack pointer it counts from, and how far.
    Frame(u64, i64),
    /// The pointer to a function that stands at this address.
    Import(u64),
}

impl Value {
    /// What is computed from both.
    pub(super) fn and(self, other: Self) -> Self {
        if self.is_secret() || other.is_secret() { Secret } else { Public }
    }

    /// Their sum: a pointer and a public number are a pointer; a place of ours and a word of memory are not.
    pub(super) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Word, Open | Frame(..)) | (Open | Frame(..), Word) => Secret,
            (Word, number) | (number, Word) if !number.is_secret() => Word,
            (Open, number) | (number, Open) if !number.is_secret() => Open,
            _ => self.and(other),
        }
    }

    /// One or the other.
    pub(crate) fn meet(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            (Secret, _) | (_, Secret) => Secret,
            (Word, _) | (_, Word) => Word,
            _ => Public,
        }
    }

    pub(crate) fn is_secret(self) -> bool {
        matches!(self, Secret | Word)
    }

    /// Whether it can be where an address starts.
    pub(crate) fn is_pointer(self) -> bool {
        self != Secret
    }

    /// What another function sees of it.
    pub(super) fn as_argument(self) -> Self {
        match self {
            Secret | Word | Open => self,
            Public | Frame(..) | Import(_) => Public,
        }
    }
}

/// What is known before an instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) registers: [Value; 16],
    pub(super) vectors: [Value; 32],
    pub(super) carry: Value,
    /// The other flags.
    pub(super) flags: Value,
    /// Slots that hold something public.
    pub(super) slots: BTreeMap<(u64, i64), Slot>,
    /// A word read through a pointer.
    pub(super) memory: Value,
}

/// Bytes of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) size: i64,
    pub(super) value: Value,
    /// A register was put there, so that it is the home of one and no part of an array.
    pub(super) kept: bool,
}

impl State {
    pub(super) fn meet(&self, other: &Self) -> Self {
        let mut merged = self.clone();
        for (value, other) in merged.registers.iter_mut().zip(other.registers) {
            *value = value.meet(other);
        }
        for (value, other) in merged.vectors.iter_mut().zip(other.vectors) {
            *value = value.meet(other);
        }
        merged.carry = self.carry.meet(other.carry);
        merged.flags = self.flags.meet(other.flags);
        merged.slots.retain(|place, slot| match other.slots.get(place) {
            Some(other) => {
                slot.size = slot.size.min(other.size);
                slot.value = slot.value.meet(other.value);
                slot.kept &= other.kept;
                !slot.value.is_secret()
            }
            None => false,
        });
        merged
    }

    pub(super) fn read(&self, operand: &Operand) -> Value {
        match operand {
            Operand::Register(register, _) => self.registers[*register],
            Operand::Immediate(_) => Public,
            Operand::Memory(memory) => self.load(memory, memory.size.max(1)),
            Operand::Vector { number, .. } => number.map_or(Secret, |number| self.vectors[number]),
        }
    }

    /// What a vector instruction computes.
    pub(super) fn vector_result(&self, at: &Instruction) -> Value {
        let [first, sources @ ..] = &at.operands[..] else { return Secret };
        // Masks are not followed: what one picks tells what it was made of.
        if at.operands.iter().any(|operand| matches!(operand, Operand::Vector { masked: true, .. }))
        {
            return Secret;
        }
        let clears = ["vpxor", "vxorp", "pxor", "xorp"];
        let clears = clears.iter().any(|name| at.mnemonic.starts_with(name));
        if clears
            && sources.iter().all(|source| source == sources.last().unwrap_or(first))
            && (sources.len() > 1 || sources.first() == Some(first))
        {
            return Public;
        }
        // Of these the result holds nothing of what was in its register.
        let anew = [
            "vmov",
            "vpbroadcast",
            "vextract",
            "vpextr",
            "vpor",
            "vpand",
            "vpxor",
            "vpadd",
            "vpsub",
        ];
        let anew = anew.iter().any(|name| at.mnemonic.starts_with(name));
        let old = if anew { Public } else { self.read(first) };
        sources.iter().fold(old, |all, source| all.and(self.read(source)))
    }

    pub(super) fn load(&self, memory: &Memory, size: i64) -> Value {
        if memory.fixed && memory.index.is_none() {
            return Public;
        }
        if memory.base.is_some() && self.address(memory) == Open {
            return Open;
        }
        match self.place(memory).and_then(|place| self.slots.get(&place)) {
            Some(slot) if size <= slot.size => slot.value,
            Some(_) | None if size == 8 || self.memory == Public => self.memory,
            Some(_) | None => Secret,
        }
    }

    pub(super) fn address(&self, memory: &Memory) -> Value {
        let base = memory.base.map_or(Public, |register| self.registers[register]);
        let index = memory.index.map_or(Public, |register| self.registers[register]);
        // What is scaled, or added to an address of ours, is a number.
        let number = memory.scaled || matches!(base, Open | Frame(..));
        if number && index.is_secret() { Secret } else { base.plus(index) }
    }

    /// The place in the frame, if it is one and fixed.
    pub(super) fn place(&self, memory: &Memory) -> Option<(u64, i64)> {
        match (memory.base.map(|register| self.registers[register])?, memory.index) {
            (Frame(base, from), None) => Some((base, from + memory.displacement)),
            _ => None,
        }
    }

    pub(super) fn move_stack(&mut self, by: i64) {
        if let Frame(base, from) = self.registers[RSP] {
            self.registers[RSP] = Frame(base, from + by);
        }
    }

    pub(super) fn flags_if(&self, used: bool) -> Value {
        if used { self.flags } else { Public }
    }

    /// What the condition of a jump, `set` or `cmov` depends on.
    pub(super) fn condition(&self, condition: &str) -> Value {
        match condition {
            "b" | "ae" | "c" | "nc" => self.carry,
            "a" | "be" => self.carry.and(self.flags),
            "rcxz" | "ecxz" => self.registers[RCX],
            _ => self.flags,
        }
    }
}
