//! Where a jump through a table may go: tables are words of 32 bits in read-only data, each the distance of a
//! place from the table.

use std::collections::BTreeSet;

use super::parse::{Function, Instruction, Operand, Program};

/// So far before a jump the address of its table is looked for.
const NEAR: usize = 40;

impl Program {
    /// The places that instruction `at`, a jump to what a register holds, may go to. What stands behind a table
    /// is taken as part of it while it means an instruction of the function. `None` unless the table is plain: its
    /// address is put into a register shortly before, nothing else is on the way, and no jump leads into it.
    pub(crate) fn jump_table(&self, function: &Function, at: usize) -> Option<BTreeSet<u64>> {
        let instructions = &function.instructions;
        let [Operand::Register(to, _)] = *instructions[at].operands.as_slice() else { return None };
        // What the register that is jumped to is found to be: a sum, then the distance, at last with the table.
        let (mut sum, mut base) = (None, None);
        for i in (at.saturating_sub(NEAR)..at).rev() {
            let before = &instructions[i];
            if before.ends() || before.mnemonic == "call" {
                return None;
            }
            let Some(&Operand::Register(written, _)) = before.operands.first() else { continue };
            match (sum, base, before.operands.as_slice()) {
                (None, _, [_, Operand::Register(table, 8)]) if written == to => {
                    sum = Some(*table).filter(|_| before.mnemonic == "add");
                    sum?;
                }
                (Some(table), None, [_, Operand::Memory(memory)]) if written == to => {
                    let fits = before.mnemonic == "movsxd" && memory.scaled;
                    base = memory.base.filter(|&base| fits && base == table);
                    base?;
                }
                (Some(table), None, _) if written == to || written == table => return None,
                (_, Some(base), _) if written == base => {
                    let table = before.target.filter(|_| before.mnemonic == "lea")?;
                    let inside = instructions[i + 1].address..=instructions[at].address;
                    let enters =
                        |other: &Instruction| other.target.is_some_and(|to| inside.contains(&to));
                    let places = self.places(function, table);
                    return (!instructions.iter().any(enters) && !places.is_empty())
                        .then_some(places);
                }
                _ => {}
            }
        }
        None
    }

    fn places(&self, function: &Function, table: u64) -> BTreeSet<u64> {
        let is_place = |to: &u64| {
            function
                .instructions
                .binary_search_by_key(to, |instruction| instruction.address)
                .is_ok()
        };
        let entry = |number: u64| {
            let bytes = self.constants.range(table + 4 * number..).take(4);
            let bytes: Vec<u8> = bytes.map(|(_, byte)| *byte).collect();
            let distance = i32::from_le_bytes(bytes.try_into().ok()?);
            Some(table.wrapping_add_signed(i64::from(distance)))
        };
        (0..).map_while(entry).take_while(is_place).collect()
    }
}
