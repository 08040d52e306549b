//! The machine code of what works on secrets: no jump, no address and no division may depend on one.
//!
//! It starts from the kernels and follows their calls. What a function is called with counts as public
//! as far as every caller gives it public values; what it reads through a pointer counts as secret.

mod flow;
mod parse;
mod state;
mod tables;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    process::ExitCode,
};

use flow::{Callee, Findings, Others};
use parse::Program;
use state::Value;

/// How the names of functions begin where the work on secrets does, in every backend. What is named
/// `_vartime` works on public values.
const ROOTS: &[&str] = &[
    "ghash::GHash::new",
    "polyval::backend::intrinsics::State::proc_block",
    "polyval::backend::intrinsics::intrinsics_impl::expand_key",
    "polyval::backend::intrinsics::intrinsics_impl::proc_",
    "universal_hash::UniversalHash::update_padded",
    "yinxin::primitives::sm2::comb::multiply",
    "yinxin::primitives::sm2::ifma::fixed_lanes",
    "yinxin::primitives::sm2::ifma::fixed_split",
    "yinxin::primitives::sm2::ifma::to_affine",
    "yinxin::primitives::sm2::ifma::variable_lanes",
    "yinxin::primitives::sm2::ifma::variable_split",
    "yinxin::primitives::sm2::inverse::",
    "yinxin::primitives::sm2::multiply::multiply",
    "yinxin::primitives::sm2::scalar::",
    "yinxin::primitives::sm3::Backend::compress",
    "yinxin::primitives::sm3::avx2::compress_lanes",
    "yinxin::primitives::sm3::avx512::compress_lanes",
    "yinxin::primitives::sm4::RoundKeys::",
    "yinxin::primitives::sm4::aes_domain::",
    "yinxin::primitives::sm4::aesni::",
    "yinxin::primitives::sm4::avx512::",
    "yinxin::primitives::sm4::batch::",
    "yinxin::primitives::sm4::gcm::Gcm::with_cipher",
    "yinxin::primitives::sm4::gfni::",
    "yinxin::primitives::sm4::lanes::encrypt_steps",
    "yinxin::primitives::sm4::portable::",
    "yinxin::primitives::sm4::vpclmul::",
];

/// Of the functions whose names begin so, the argument of that number points to a table of public points;
/// number 0 is the place of what is returned. Scalars come before tables: the compiler leaves out a table
/// that is always the same, and nothing that is secret then takes its number.
const TABLES: &[(&str, usize)] = &[
    ("yinxin::primitives::sm2::ifma::fixed_", 2),
    ("yinxin_constant_time::watch::leaky_beside_table", 2),
];

/// What looks like a leak and is none, at most so many times in each function whose name begins so.
const EXPLAINED: &[(&str, usize, &str)] = &[
    ("yinxin::primitives::sm4::RoundKeys::", 3, "the backend is read from memory"),
    (
        "yinxin::primitives::sm4::lanes::encrypt_steps",
        2,
        "the lengths of the chains are read from memory",
    ),
    (
        "yinxin::primitives::sm4::avx512::chains",
        2,
        "the lengths of the chains are read from memory",
    ),
    (
        "yinxin::primitives::sm3::Backend::compress",
        1,
        "the self-test on the first use tells in memory whether it passed",
    ),
    (
        "yinxin::primitives::sm4::avx512::kernel",
        5,
        "the mode, which is read from memory, decides by tables of jumps",
    ),
];

/// Functions of this program that leak on purpose: each must be found.
const CONTROLS: &[&str] = &[
    "yinxin_constant_time::watch::leaky_array",
    "yinxin_constant_time::watch::leaky_beside_table",
    "yinxin_constant_time::watch::leaky_equal",
    "yinxin_constant_time::watch::leaky_lookup",
];

/// Functions of the C library whose time depends on lengths alone.
const COPIES: &[&str] = &["memcpy", "memmove", "memset"];
const ALLOCATIONS: &[&str] = &["calloc", "free", "malloc", "posix_memalign"];

/// Functions that read nothing but places and lengths.
const BOOKKEEPING: &[&str] = &["<core::iter::adapters::"];

/// What is called with public values only, and answers with one: a self-test on the first use, and what
/// the CPU can do.
const NOT_FOLLOWED: &[&str] = &[
    "polyval::backend::intrinsics::intrinsics_impl::clmul::init_get",
    "std_detect::detect::cache::",
    "yinxin::primitives::cpu::full_queues_delay",
    "yinxin::primitives::selftest::first_use",
];

/// Where a program that panics ends up: what led there was decided before.
const NEVER_RETURN: &[&str] = &[
    "_Unwind_Resume",
    "alloc::alloc::handle_alloc_error",
    "core::panicking::",
    "core::slice::",
    "std::alloc::rust_oom",
    "yinxin::primitives::selftest::refuse",
];

/// The whole program, with what is known of each function so far.
struct Analysis<'p> {
    program: &'p Program,
    entries: BTreeMap<u64, [Value; 6]>,
    findings: BTreeMap<u64, Findings>,
}

/// Reads a disassembly and judges it.
pub(crate) fn run(disassembly: &str) -> ExitCode {
    let program = Program::parse(disassembly);
    let mut faults = Vec::new();
    for name in CONTROLS {
        let starts =
            program.named(|function| function.starts_with(name) && !function.contains("_vartime"));
        let found = Analysis::of(&program, &starts).leaks().next().is_some();
        println!("{name}: {}", if found { "found, as it must be" } else { "not found" });
        if !found {
            faults.push(format!("{name}: a leak made on purpose was not found"));
        }
    }
    let mut starts = Vec::new();
    for name in ROOTS {
        let named =
            program.named(|function| function.starts_with(name) && !function.contains("_vartime"));
        if named.is_empty() {
            faults.push(format!("{name}: not in the program"));
        }
        starts.extend(named);
    }
    let analysis = Analysis::of(&program, &starts);
    for (address, findings) in &analysis.findings {
        let function = &program.functions[address];
        let (instructions, jumps) = (function.instructions.len(), findings.jumps);
        println!("{instructions:>6} instructions, {jumps:>3} conditional jumps  {}", function.name);
        let suspicions = analysis.suspicions(*address).len();
        if let (Some((_, reason)), 1..) = (explanation(&function.name), suspicions) {
            println!("       {suspicions} of them, or of addresses, are explained: {reason}");
        }
    }
    faults.extend(analysis.leaks());
    faults.iter().for_each(|fault| eprintln!("{fault}"));
    println!("{} functions, {} faults", analysis.findings.len(), faults.len());
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl<'p> Analysis<'p> {
    /// Analyses the functions at `starts` and all that they call.
    fn of(program: &'p Program, starts: &[u64]) -> Self {
        let entries = starts.iter().map(|&start| {
            let name = &program.functions[&start].name;
            let tables = TABLES.iter().filter(|(begin, _)| name.starts_with(begin));
            let open = |number| tables.clone().any(|(_, of)| *of == number);
            let value = |number| if open(number) { Value::Open } else { Value::Public };
            (start, std::array::from_fn(value))
        });
        let entries = entries.collect();
        let mut analysis = Self { program, entries, findings: BTreeMap::new() };
        let mut open: VecDeque<u64> = starts.iter().copied().collect();
        let mut callers: BTreeMap<u64, BTreeSet<u64>> = BTreeMap::new();
        while let Some(address) = open.pop_front() {
            let arguments = analysis.entries[&address];
            let function = &program.functions[&address];
            let bookkeeping = BOOKKEEPING.iter().any(|start| function.name.starts_with(start));
            let memory = if bookkeeping { Value::Public } else { Value::Word };
            let findings = flow::analyse(program, function, arguments, memory, &analysis);
            for call in &findings.calls {
                let Callee::Function(to) = call.to else { continue };
                if !program.functions.contains_key(&to)
                    || analysis.never_returns(&call.to)
                    || analysis.is_not_followed(&call.to)
                {
                    continue;
                }
                callers.entry(to).or_default().insert(address);
                let old = analysis.entries.get(&to).copied();
                let mut merged = old.unwrap_or(call.arguments);
                for (value, given) in merged.iter_mut().zip(call.arguments) {
                    *value = value.meet(given);
                }
                if old != Some(merged) {
                    analysis.entries.insert(to, merged);
                    open.push_back(to);
                }
            }
            let returned = analysis.findings.get(&address).and_then(|old| old.returns);
            if findings.returns != returned {
                open.extend(callers.get(&address).into_iter().flatten());
            }
            analysis.findings.insert(address, findings);
        }
        analysis
    }

    /// The leaks that nothing explains.
    fn leaks(&self) -> impl Iterator<Item = String> {
        self.findings.keys().flat_map(move |address| {
            let suspicions = self.suspicions(*address);
            let name = &self.program.functions[address].name;
            let explained = explanation(name).map_or(0, |(most, _)| most);
            let leaks = if suspicions.len() > explained { suspicions } else { Vec::new() };
            leaks.into_iter().chain(self.objections(*address))
        })
    }

    /// What looks like a leak in the instructions of one function.
    fn suspicions(&self, address: u64) -> Vec<String> {
        let name = &self.program.functions[&address].name;
        let findings = &self.findings[&address];
        let leaks = findings.leaks.iter();
        leaks.map(|(at, (why, text))| format!("{name}: {at:x}: {text}: {why}")).collect()
    }

    /// What one function calls that it may not.
    fn objections(&self, address: u64) -> impl Iterator<Item = String> {
        let name = &self.program.functions[&address].name;
        self.findings[&address].calls.iter().filter_map(move |call| {
            let why = self.objection(call)?;
            Some(format!("{name}: {} {}: {why}", call.text, self.name(&call.to)))
        })
    }

    fn objection(&self, call: &flow::Call) -> Option<&'static str> {
        if self.never_returns(&call.to) || self.is_not_followed(&call.to) {
            return None;
        }
        match &call.to {
            Callee::Function(to) if self.findings.contains_key(to) => None,
            Callee::Import(name) if is_one_of(name, ALLOCATIONS) => None,
            Callee::Import(name) if is_one_of(name, COPIES) => {
                let [to, from, length, ..] = call.arguments;
                let from = if name.starts_with("memset") { Value::Public } else { from };
                let public = to.is_pointer() && from.is_pointer() && !length.is_secret();
                (!public).then_some("it copies from, to, or as much as a secret says")
            }
            Callee::Function(_) | Callee::Import(_) | Callee::Unknown => {
                Some("nothing is known of what it calls")
            }
        }
    }

    fn is_not_followed(&self, callee: &Callee) -> bool {
        let name = self.name(callee);
        NOT_FOLLOWED.iter().any(|start| name.starts_with(start))
    }

    fn name(&self, callee: &Callee) -> String {
        match callee {
            Callee::Function(to) => {
                self.program.functions.get(to).map(|f| f.name.clone()).unwrap_or_default()
            }
            Callee::Import(name) => name.clone(),
            Callee::Unknown => String::new(),
        }
    }
}

/// How many leaks of a function are explained, and how.
fn explanation(name: &str) -> Option<(usize, &'static str)> {
    let explained = EXPLAINED.iter().find(|(begin, ..)| name.starts_with(begin));
    explained.map(|(_, most, reason)| (*most, *reason))
}

/// Whether the import `name@VERSION` is one of `names`.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.contains(&name.split('@').next().unwrap_or(name))
}

impl Others for Analysis<'_> {
    fn never_returns(&self, callee: &Callee) -> bool {
        let name = self.name(callee);
        NEVER_RETURN.iter().any(|start| name.starts_with(start))
    }

    fn returns(&self, callee: &Callee) -> [Value; 2] {
        if self.is_not_followed(callee) {
            return [Value::Public; 2];
        }
        match callee {
            Callee::Function(to) => {
                let findings = self.findings.get(to);
                findings.and_then(|findings| findings.returns).unwrap_or([Value::Secret; 2])
            }
            Callee::Import(name) if is_one_of(name, COPIES) || is_one_of(name, ALLOCATIONS) => {
                [Value::Public, Value::Secret]
            }
            Callee::Import(_) | Callee::Unknown => [Value::Secret; 2],
        }
    }
}
