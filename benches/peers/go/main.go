// Measures one operation of github.com/emmansun/gmsm and prints the rows of `make bench`: op,
// implementation, backend, batch, size, operations a second, 10^6 bytes a second.
package main

import (
	"crypto/cipher"
	"crypto/rand"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	gm "github.com/emmansun/gmsm/cipher"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
	"github.com/emmansun/gmsm/sm4"
)

const turns = 11

var (
	implementation = "gmsm " + version()
	turn           time.Duration
	wanted         string
	id             = []byte("1234567812345678")
)

func main() {
	if len(os.Args) != 3 {
		panic("usage: gmsm MILLISECONDS OPERATION")
	}
	milliseconds := result(strconv.Atoi(os.Args[1]))
	turn = time.Duration(milliseconds) * time.Millisecond / turns
	wanted = os.Args[2]
	measureSM2()
	measureSM3()
	measureSM4()
}

func version() string {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if module.Path == "github.com/emmansun/gmsm" {
			return module.Version
		}
	}
	panic("built without gmsm")
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func result[T any](value T, err error) T {
	must(err)
	return value
}

// The median of the turns; how many calls a turn takes is found first.
func row(op string, size int, call func()) {
	if op != wanted {
		return
	}
	calls := 0
	for start := time.Now(); time.Since(start) < turn; calls++ {
		call()
	}
	seconds := make([]float64, turns)
	for i := range seconds {
		start := time.Now()
		for range calls {
			call()
		}
		seconds[i] = time.Since(start).Seconds() / float64(calls)
	}
	slices.Sort(seconds)
	perSecond := 1 / seconds[turns/2]
	fmt.Printf("%s,%s,,1,%d,%.1f,%.1f\n", op, implementation, size, perSecond, perSecond*float64(size)/1e6)
}

func measureSM2() {
	message := []byte("0123456789abcdef0123456789abcdef")
	key := result(sm2.GenerateKey(rand.Reader))
	other := result(sm2.GenerateKey(rand.Reader))
	public := &key.PublicKey

	signature := result(key.SignWithSM2(rand.Reader, id, message))
	row("sm2-sign", 0, func() { result(key.SignWithSM2(rand.Reader, id, message)) })
	row("sm2-sign-digest", 0, func() { result(sm2.SignASN1(rand.Reader, key, message, nil)) })
	row("sm2-verify", 0, func() {
		if !sm2.VerifyASN1WithSM2(public, id, message, signature) {
			panic("a good signature does not verify")
		}
	})
	row("sm2-keygen", 0, func() { result(sm2.GenerateKey(rand.Reader)) })

	ciphertext := result(sm2.Encrypt(rand.Reader, public, message, nil))
	row("sm2-encrypt", 0, func() { result(sm2.Encrypt(rand.Reader, public, message, nil)) })
	row("sm2-decrypt", 0, func() { result(sm2.Decrypt(key, ciphertext)) })

	ours, theirs := result(key.ECDH()), result(sm2.PublicKeyToECDH(&other.PublicKey))
	row("sm2-ecdh", 0, func() { result(ours.ECDH(theirs)) })

	initiator := result(sm2.NewKeyExchange(other, public, id, id, 16, false))
	ephemeral := result(initiator.InitKeyExchange(rand.Reader))
	row("sm2-exchange", 0, func() {
		responder := result(sm2.NewKeyExchange(key, &other.PublicKey, id, id, 16, false))
		_, _, err := responder.RepondKeyExchange(rand.Reader, ephemeral)
		must(err)
		result(responder.ConfirmInitiator(nil))
	})
}

func measureSM3() {
	for _, size := range []int{64, 1024, 16384} {
		message := make([]byte, size)
		row("sm3", size, func() { sm3.Sum(message) })
	}
}

// One key for all. GCM, CCM and XTS begin each message with its IV, the others go on with their stream.
func measureSM4() {
	key, iv := []byte("0123456789abcdef"), make([]byte, 16)
	block := result(sm4.NewCipher(key))
	gcm, ccm := result(cipher.NewGCM(block)), result(gm.NewCCM(block))
	ctr := cipher.NewCTR(block, iv)
	keyed := func([]byte) (cipher.Block, error) { return block, nil }
	modes := []struct {
		op   string
		mode cipher.BlockMode
	}{
		{"sm4-ecb", gm.NewECBEncrypter(block)},
		{"sm4-cbc-encrypt", cipher.NewCBCEncrypter(block, iv)},
		{"sm4-cbc-decrypt", cipher.NewCBCDecrypter(block, iv)},
	}
	for _, size := range []int{64, 1024, 16384} {
		data, sealed := make([]byte, size), make([]byte, 0, size+16)
		for _, m := range modes {
			row(m.op, size, func() { m.mode.CryptBlocks(data, data) })
		}
		row("sm4-ctr", size, func() { ctr.XORKeyStream(data, data) })
		row("sm4-gcm", size, func() { gcm.Seal(sealed, iv[:12], data, nil) })
		row("sm4-ccm", size, func() { ccm.Seal(sealed, iv[:12], data, nil) })
		row("sm4-xts", size, func() {
			result(gm.NewXTSEncrypter(keyed, key, key, iv)).CryptBlocks(data, data)
		})
	}
}
