"""What every driver of a peer speaks; vectors/interop/README.md describes it."""

import json
import os
import pathlib
import subprocess


class NotOffered(Exception):
    """The peer has no way to do this."""


class Driver:
    """Collects what a peer can do, then does it for every case."""

    def __init__(self, version):
        self.version = version
        self.takers = {}
        self.makers = {}

    def takes(self, cell):
        """Registers a function of a case's folder; it raises unless the peer takes what is in it."""
        return lambda function: self.takers.setdefault(cell, function)

    def makes(self, cell):
        """Registers a function of a task's folder and the folder for what the peer makes."""
        return lambda function: self.makers.setdefault(cell, function)

    def run(self, ours, tasks, out):
        """Runs every case of what is registered and writes the answers."""
        ours, tasks, out = pathlib.Path(ours), pathlib.Path(tasks), pathlib.Path(out)
        out.mkdir(parents=True, exist_ok=True)
        with open(out / "answers.jsonl", "w", encoding="utf-8") as answers:

            def say(**line):
                print(json.dumps(line, ensure_ascii=False), file=answers)

            say(version=self.version)
            for cell, function in self.takers.items():
                for case in sorted((ours / cell).glob("*")):
                    say(direction="to", cell=cell, case=case.name, **attempt(function, case))
            for cell, function in self.makers.items():
                for task in sorted((tasks / cell).glob("*")):
                    made = out / cell / task.name
                    made.mkdir(parents=True, exist_ok=True)
                    end = attempt(function, task, made)
                    say(direction="from", cell=cell, case=task.name, **end)


class OurSide:
    """Our side of an exchange that needs both at once: lines in hexadecimal."""

    def __init__(self, case, *arguments):
        command = [os.environ["YINXIN"], "exchange", case, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True)

    def hear(self):
        """The next line."""
        return bytes.fromhex(self.process.stdout.readline())

    def say(self, line):
        """Sends a line."""
        self.process.stdin.write(line.hex() + "\n")
        self.process.stdin.flush()

    def end(self):
        """The last line, if there is one; raises if our side failed."""
        rest, _ = self.process.communicate()
        require(self.process.returncode == 0, "our side failed")
        return bytes.fromhex(rest)


def attempt(function, *arguments):
    """How a call ended; whatever a peer raises is its refusal."""
    try:
        function(*arguments)
    except Exception as fault:  # noqa: BLE001: every peer has exceptions of its own
        return {"ok": False, "note": f"{type(fault).__name__}: {fault}"[:300]}
    return {"ok": True}


def require(condition, text):
    """Raises unless the condition holds."""
    if not condition:
        raise ValueError(text)


def halves(signature):
    """r and s of a signature in DER, as numbers."""
    require(signature[0] == 0x30 and signature[2] == 2, "no signature in DER")
    end = 4 + signature[3]
    return int.from_bytes(signature[4:end], "big"), int.from_bytes(signature[end + 2 :], "big")


def until_wanted(case, sign):
    """Signs once, or until r or s starts with a zero byte where the case asks for that."""
    while True:
        signature = sign()
        r, s = halves(signature)
        unwanted = {"r-starts-with-zero": r >> 248, "s-starts-with-zero": s >> 248}
        if not unwanted.get(case.name):
            return signature
