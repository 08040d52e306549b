//! `yinxin-interop make FOLDER [CELL...]`: makes the files that other implementations read, in
//! `FOLDER/ours`, and the tasks for which they make files, in `FOLDER/tasks`: all, or those of the cells
//! that are named.
//!
//! `yinxin-interop exchange CASE initiator|responder [FILE]`: our side of a key exchange, for drivers.
//!
//! `yinxin-interop compare FOLDER PEER...`: checks what the peers made and what they answered, in
//! `FOLDER/peers/PEER`, against `vectors/interop/expected.json`, and the published table against that
//! too. With `UPDATE=1` the table is written. Fails if any case of any cell ends otherwise than
//! expected, be it well.

mod answers;
mod case;
mod cells;
mod expected;
mod page;
mod samples;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use yinxin::{UnixTime, primitives::sm2::exchange::Role};

use crate::{
    case::{Case, Fault},
    cells::CELLS,
    expected::Expected,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder, ref cells @ ..] => make(Path::new(folder), cells).map(|()| true),
        ["compare", folder, ref peers @ ..] => compare(Path::new(folder), peers),
        ["exchange", case, role] => exchange(case, role, None),
        ["exchange", case, role, place] => exchange(case, role, Some(Path::new(place))),
        _ => Err("usage: yinxin-interop make FOLDER [CELL...] | compare FOLDER PEER...".into()),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            eprintln!("yinxin-interop: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn exchange(case: &str, role: &str, place: Option<&Path>) -> Result<bool, Fault> {
    let role = match role {
        "initiator" => Role::Initiator,
        "responder" => Role::Responder,
        _ => return Err("no such role".into()),
    };
    cells::exchange::run(&Case::at(case.into()), role, place).map(|()| true)
}

fn make(folder: &Path, wanted: &[&str]) -> Result<(), Fault> {
    let (ours, tasks) = (folder.join("ours"), folder.join("tasks"));
    if let Some(strange) = wanted.iter().find(|name| CELLS.iter().all(|it| it.name != **name)) {
        return Err(format!("there is no cell {strange}").into());
    }
    for cell in CELLS.iter().filter(|it| wanted.is_empty() || wanted.contains(&it.name)) {
        (cell.make)(&ours, &tasks).map_err(|fault| format!("{}: {fault}", cell.name))?;
    }
    Ok(())
}

fn compare(folder: &Path, peers: &[&str]) -> Result<bool, Fault> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let expected: Expected = serde_json::from_slice(&fs::read(home.join("expected.json"))?)?;
    let mut differences = Vec::new();
    let mut cases = 0;
    for cell in CELLS.iter().filter(|cell| !expected.rows.contains_key(cell.name)) {
        differences.push(format!("expected.json does not say what {} is", cell.name));
    }
    for name in peers {
        let peer = expected.peer(name)?;
        let found = answers::judge(folder, name).map_err(|fault| format!("{name}: {fault}"))?;
        cases += found.ends.len();
        for difference in peer.differences(&found) {
            differences.push(format!("{name}: {difference}"));
        }
    }
    let shape = answers::shape(folder)?;
    let whole = CELLS.iter().all(|cell| shape.iter().any(|key| key.cell == cell.name));
    let pages = [
        ("interoperability.md", page::english(&expected, &shape)),
        ("interoperability.zh-CN.md", page::chinese(&expected, &shape)),
    ];
    for (file, text) in pages.into_iter().filter(|_| whole) {
        let path = home.join("../../docs").join(file);
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &text)?;
        } else if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
            differences.push(format!("docs/{file} says otherwise than expected.json: UPDATE=1"));
        }
    }
    for difference in &differences {
        println!("{difference}");
    }
    let verdict = if differences.is_empty() { "as expected" } else { "not as expected" };
    println!("{cases} cases with {} implementations: {verdict}", peers.len());
    Ok(differences.is_empty())
}

/// The present, for certificates that others judge by their own clocks.
fn today() -> Result<UnixTime, Fault> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(UnixTime::from_unix_s(i64::try_from(seconds)?)?)
}

/// The folder of a peer.
fn of_peer(folder: &Path, peer: &str) -> PathBuf {
    folder.join("peers").join(peer)
}
