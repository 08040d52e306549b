//! From the text of `objdump -R`, `objdump -s -j .rodata` and `objdump -d -C -M intel --no-show-raw-insn` to
//! functions, instructions and constants.

use std::collections::BTreeMap;

/// A general register: 0 is RAX, in the order of their numbers in machine code.
pub(crate) type Register = usize;
pub(crate) const RAX: Register = 0;
pub(crate) const RCX: Register = 1;
pub(crate) const RDX: Register = 2;
pub(crate) const RSP: Register = 4;
pub(crate) const RBP: Register = 5;
pub(crate) const RSI: Register = 6;
pub(crate) const RDI: Register = 7;

/// Names by size in bytes: 8, 4, 2, 1. The numbered registers are built from theirs.
const NAMES: [[&str; 4]; 8] = [
    ["rax", "eax", "ax", "al"],
    ["rcx", "ecx", "cx", "cl"],
    ["rdx", "edx", "dx", "dl"],
    ["rbx", "ebx", "bx", "bl"],
    ["rsp", "esp", "sp", "spl"],
    ["rbp", "ebp", "bp", "bpl"],
    ["rsi", "esi", "si", "sil"],
    ["rdi", "edi", "di", "dil"],
];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Operand {
    /// A general register and how many of its bytes.
    Register(Register, i64),
    Immediate(i64),
    Memory(Memory),
    /// A vector register by its number, or a mask register without one, and how many bytes a store of it
    /// writes. `masked` keeps a part of what the register held.
    Vector {
        number: Option<usize>,
        size: i64,
        masked: bool,
    },
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) base: Option<Register>,
    pub(crate) index: Option<Register>,
    /// The index is multiplied by 2, 4 or 8.
    pub(crate) scaled: bool,
    /// The number of the vector that is the index, in a gather.
    pub(crate) vector_index: Option<usize>,
    pub(crate) displacement: i64,
    /// In bytes; 0 where the text does not tell.
    pub(crate) size: i64,
    /// Relative to the instruction: a constant or a static.
    pub(crate) fixed: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Instruction {
    pub(crate) address: u64,
    pub(crate) mnemonic: String,
    pub(crate) operands: Vec<Operand>,
    /// Where a jump or call goes, or which address a fixed operand means.
    pub(crate) target: Option<u64>,
    pub(crate) text: String,
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) instructions: Vec<Instruction>,
}

/// A program's functions by their addresses, and what is called through pointers: the addresses of the
/// pointers, with the names of functions elsewhere and the addresses of functions here.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) functions: BTreeMap<u64, Function>,
    pub(crate) imports: BTreeMap<u64, String>,
    pub(crate) pointers: BTreeMap<u64, u64>,
    /// The bytes of read-only data.
    pub(crate) constants: BTreeMap<u64, u8>,
}

impl Program {
    pub(crate) fn parse(text: &str) -> Self {
        let mut program = Self::default();
        let mut current = None;
        for line in text.lines() {
            if let Some((address, to)) = relocation(line) {
                program.pointers.insert(address, to);
            } else if let Some((address, bytes)) = constants(line) {
                program.constants.extend((address..).zip(bytes));
            } else if let Some((address, name)) = heading(line) {
                let function = Function { name, instructions: Vec::new() };
                program.functions.insert(address, function);
                current = Some(address);
            } else if let Some((address, rest)) = line.trim_start().split_once(":\t") {
                let Ok(address) = u64::from_str_radix(address, 16) else { continue };
                let (instruction, import) = instruction(address, rest);
                if let (Some(target), Some(name)) = (instruction.target, import) {
                    program.imports.insert(target, name);
                }
                let function = current.and_then(|at| program.functions.get_mut(&at));
                function.expect("code follows a heading").instructions.push(instruction);
            }
        }
        program
    }

    /// The addresses of the functions with such names: a generic one has several.
    pub(crate) fn named(&self, is_it: impl Fn(&str) -> bool) -> Vec<u64> {
        let named = self.functions.iter().filter(|(_, function)| is_it(&function.name));
        named.map(|(address, _)| *address).collect()
    }
}

/// `0000000000117f38 R_X86_64_RELATIVE  *ABS*+0x00000000000395df`
fn relocation(line: &str) -> Option<(u64, u64)> {
    let (address, to) = line.split_once(" R_X86_64_RELATIVE  *ABS*+0x")?;
    Some((u64::from_str_radix(address, 16).ok()?, u64::from_str_radix(to, 16).ok()?))
}

/// ` 2d9d0 c0023a20 c0002f72 75737463 2f353938  ..: ../rustc/598`
fn constants(line: &str) -> Option<(u64, Vec<u8>)> {
    let (address, rest) = line.strip_prefix(' ')?.split_once(' ')?;
    let (words, _) = rest.split_once("  ")?;
    let digits: String = words.split(' ').collect();
    let byte = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Option<_>>()?;
    Some((u64::from_str_radix(address, 16).ok()?, bytes))
}

/// `000000000004f380 <name>:`
fn heading(line: &str) -> Option<(u64, String)> {
    let (address, name) = line.strip_suffix(">:")?.split_once(" <")?;
    Some((u64::from_str_radix(address, 16).ok()?, name.to_owned()))
}

fn instruction(address: u64, rest: &str) -> (Instruction, Option<String>) {
    let (code, comment) = match rest.split_once(" # ") {
        Some((code, comment)) => (code, Some(comment)),
        None => (rest, None),
    };
    let mut words = code.trim();
    let mut mnemonic = String::new();
    while let Some(prefix) = ["rep ", "repz ", "lock ", "notrack ", "bnd ", "data16 ", "cs "]
        .into_iter()
        .find(|prefix| words.starts_with(prefix))
    {
        if prefix.starts_with("rep") || prefix == "lock " {
            mnemonic.push_str(prefix);
        }
        words = words[prefix.len()..].trim_start();
    }
    let (name, operands) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    mnemonic.push_str(name);
    let jumps = name.starts_with('j') || name == "call";
    let place = comment.map_or(operands, str::trim);
    let hex = place.trim().split(' ').next().unwrap_or_default();
    let target = (comment.is_some() || jumps).then(|| u64::from_str_radix(hex, 16).ok()).flatten();
    let import = comment.and_then(|comment| comment.split_once('<'));
    let import = import.map(|(_, name)| name.trim_end().trim_end_matches('>').to_owned());
    let direct = jumps && comment.is_none() && target.is_some();
    let operands = if direct { Vec::new() } else { split(operands).map(operand).collect() };
    let text = code.split_whitespace().collect::<Vec<_>>().join(" ");
    (Instruction { address, mnemonic, operands, target, text }, import)
}

/// The operands of `a,b,[c+d*4]`.
fn split(operands: &str) -> impl Iterator<Item = &str> {
    operands.split(',').map(str::trim).filter(|operand| !operand.is_empty())
}

fn operand(text: &str) -> Operand {
    if let Some((size, rest)) = text.split_once('[') {
        let size = match size.trim().split(' ').next().unwrap_or_default() {
            "BYTE" => 1,
            "WORD" => 2,
            "DWORD" => 4,
            "QWORD" => 8,
            "XMMWORD" => 16,
            "YMMWORD" => 32,
            "ZMMWORD" => 64,
            _ => 0,
        };
        let inside = rest.split(']').next().unwrap_or_default();
        return Operand::Memory(memory(inside, size));
    }
    if text.contains(':') {
        // `fs:0x0`: memory of the thread, at a fixed place.
        return Operand::Memory(Memory { fixed: true, ..Memory::default() });
    }
    let name = text.split('{').next().unwrap_or_default();
    if let Some((register, size)) = register(name) {
        return Operand::Register(register, size);
    }
    let (negative, digits) = name.strip_prefix('-').map_or((false, name), |digits| (true, digits));
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    if let Ok(value) = u64::from_str_radix(digits, 16) {
        let value = value.cast_signed();
        return Operand::Immediate(if negative { -value } else { value });
    }
    let size = match name.get(..1) {
        Some("z") => 64,
        Some("y") => 32,
        Some("x") => 16,
        _ => 8,
    };
    Operand::Vector { number: vector_number(name), size, masked: text.contains("{k") }
}

/// `xmm3`, `ymm3` and `zmm3` are one register.
fn vector_number(name: &str) -> Option<usize> {
    name.get(1..)?.strip_prefix("mm")?.parse().ok()
}

/// `base+index*scale+displacement`
fn memory(inside: &str, size: i64) -> Memory {
    let mut memory = Memory { size, ..Memory::default() };
    let signed = inside.replace('-', "+-");
    for term in signed.split('+').filter(|term| !term.is_empty()) {
        let name = term.split('*').next().unwrap_or_default();
        if name == "rip" {
            memory.fixed = true;
        } else if let Some((register, _)) = register(name) {
            if term.contains('*') || memory.base.is_some() {
                memory.index = Some(register);
                memory.scaled = term.contains('*') && !term.ends_with("*1");
            } else {
                memory.base = Some(register);
            }
        } else if name.contains("mm") {
            memory.vector_index = Some(vector_number(name).unwrap_or(0));
        } else {
            let (sign, digits) = term.strip_prefix('-').map_or((1, term), |digits| (-1, digits));
            let digits = digits.strip_prefix("0x").unwrap_or(digits);
            let value = u64::from_str_radix(digits, 16).unwrap_or(0).cast_signed();
            memory.displacement = sign * value;
        }
    }
    memory
}

fn register(name: &str) -> Option<(Register, i64)> {
    for (number, names) in NAMES.iter().enumerate() {
        if let Some(at) = names.iter().position(|known| *known == name) {
            return Some((number, 8 >> at));
        }
    }
    if let Some(at) = ["ah", "ch", "dh", "bh"].iter().position(|known| *known == name) {
        return Some((at, 1));
    }
    let digits = name.strip_prefix('r')?;
    let (digits, size) = match digits.trim_start_matches(|c: char| c.is_ascii_digit()) {
        "" => (digits, 8),
        "d" => (digits.trim_end_matches('d'), 4),
        "w" => (digits.trim_end_matches('w'), 2),
        "b" => (digits.trim_end_matches('b'), 1),
        _ => return None,
    };
    let number = digits.parse().ok()?;
    (8..16).contains(&number).then_some((number, size))
}
