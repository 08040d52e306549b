// gmsm: `gmsm OURS TASKS OUT`; vectors/interop/README.md describes the protocol.
package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
)

// folder is a case's.
type folder string

// read returns the contents of a file. A case without one it needs is a fault of the project.
func (f folder) read(file string) []byte {
	bytes, err := os.ReadFile(filepath.Join(string(f), file))
	must(err)
	return bytes
}

func (f folder) has(file string) bool {
	_, err := os.Stat(filepath.Join(string(f), file))
	return err == nil
}

// der returns the contents of a file, out of its PEM if it has one.
func (f folder) der(file string) []byte {
	bytes := f.read(file)
	if block, _ := pem.Decode(bytes); block != nil {
		return block.Bytes
	}
	return bytes
}

func (f folder) write(file string, bytes []byte) {
	must(os.WriteFile(filepath.Join(string(f), file), bytes, 0o600))
}

func (f folder) writePEM(file, label string, der []byte) {
	f.write(file, pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der}))
}

func (f folder) name() string { return filepath.Base(string(f)) }

// refusal is what the peer said; anything else that panics is a fault of this program.
type refusal struct{ error }

// must ends the case with what the peer said.
func must(err error) {
	if err != nil {
		panic(refusal{err})
	}
}

// need is must for what returns a value.
func need[T any](value T, err error) T {
	must(err)
	return value
}

func demand(condition bool, text string) {
	if !condition {
		panic(refusal{errors.New(text)})
	}
}

type answer struct {
	Direction string `json:"direction"`
	Cell      string `json:"cell"`
	Case      string `json:"case"`
	OK        bool   `json:"ok"`
	Note      string `json:"note,omitempty"`
}

func attempt(direction, cell, name string, work func()) (end answer) {
	end = answer{Direction: direction, Cell: cell, Case: name}
	defer func() {
		switch fault := recover().(type) {
		case nil:
			end.OK = true
		case refusal:
			end.Note = fault.Error()
		default:
			end.Note = fmt.Sprint("panic: ", fault)
		}
	}()
	work()
	return
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/emmansun/gmsm" {
			return module.Version
		}
	}
	return "unknown"
}

func main() {
	ours, tasks, out := os.Args[1], os.Args[2], os.Args[3]
	must(os.MkdirAll(out, 0o700))
	file := need(os.Create(filepath.Join(out, "answers.jsonl")))
	answers := json.NewEncoder(file)
	must(answers.Encode(map[string]string{"version": version()}))
	for _, cell := range cells {
		for _, path := range need(filepath.Glob(filepath.Join(ours, cell.name, "*"))) {
			one := folder(path)
			must(answers.Encode(attempt("to", cell.name, one.name(), func() { cell.take(one) })))
		}
		for _, path := range need(filepath.Glob(filepath.Join(tasks, cell.name, "*"))) {
			task := folder(path)
			made := folder(filepath.Join(out, cell.name, task.name()))
			must(os.MkdirAll(string(made), 0o700))
			must(answers.Encode(attempt("from", cell.name, task.name(), func() { cell.make(task, made) })))
		}
	}
	must(file.Close())
}
