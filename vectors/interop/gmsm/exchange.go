package main

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/emmansun/gmsm/sm2"
)

// ourSide is our side of an exchange: lines in hexadecimal.
type ourSide struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
}

func startOurSide(arguments ...string) ourSide {
	command := exec.Command(os.Getenv("YINXIN"), append([]string{"exchange"}, arguments...)...)
	in, out := need(command.StdinPipe()), need(command.StdoutPipe())
	must(command.Start())
	return ourSide{command, in, bufio.NewReader(out)}
}

func (o ourSide) hear() []byte {
	line, _ := o.out.ReadString('\n')
	return need(hex.DecodeString(strings.TrimSpace(line)))
}

func (o ourSide) say(line []byte) { need(fmt.Fprintf(o.in, "%x\n", line)) }

func (o ourSide) end() { must(o.command.Wait()) }

func peer(f folder) *sm2.KeyExchange {
	ours := need(sm2.NewPublicKey(f.read("our-public.raw")))
	length := need(strconv.Atoi(string(f.read("length"))))
	return need(sm2.NewKeyExchange(privateKey(f), ours, f.read("id"), f.read("our-id"), length, true))
}

func point(key *ecdsa.PublicKey) []byte { return elliptic.Marshal(key.Curve, key.X, key.Y) }

func respond(f folder) {
	exchange, ours := peer(f), startOurSide(string(f), "initiator")
	r, confirmation, err := exchange.RepondKeyExchange(rand.Reader, need(sm2.NewPublicKey(ours.hear())))
	must(err)
	ours.say(point(r))
	key, err := exchange.ConfirmInitiator(ours.hear())
	ours.say(confirmation)
	found := ours.hear()
	must(err)
	ours.end()
	demand(bytes.Equal(key, found), "different keys")
}

func initiate(task, made folder) {
	exchange := peer(task)
	ours := startOurSide(string(task), "responder", filepath.Join(string(made), "our-key"))
	ours.say(point(need(exchange.InitKeyExchange(rand.Reader))))
	r := need(sm2.NewPublicKey(ours.hear()))
	key, confirmation, err := exchange.ConfirmResponder(r, ours.hear())
	must(err)
	ours.say(confirmation)
	ours.end()
	made.write("key", key)
}
