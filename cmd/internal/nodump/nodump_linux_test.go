package nodump

import (
	"bytes"
	"crypto/elliptic"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"

	"crossband/crypto/identity"
	"crossband/crypto/sframe"
	"crossband/proto"
)

// role says to a copy of the test's own program what to do instead of testing.
const role = "CROSSBAND_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(role) {
	case "":
		os.Exit(m.Run())
	case "protected":
		protected()
	case "crash":
		crash()
	}
}

// protected shows what the kernel thinks of a process that has protected
// itself.
func protected() {
	if err := errorsOf(Cores(), Memory()); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_CORE, &limit); err != nil {
		fmt.Println(err)
	}
	const prGetDumpable = 3
	dumpable, _, _ := syscall.RawSyscall(syscall.SYS_PRCTL, prGetDumpable, 0, 0)
	fmt.Println("core", limit.Cur, limit.Max, "dumpable", dumpable)
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// crash works with keys and then fails with the largest trace that there is,
// as a fault of ours would, in the midst of it.
func crash() {
	debug.SetTraceback("system")
	key, err := identity.GenerateKey(elliptic.P256())
	if err != nil {
		panic(err)
	}
	private, err := key.Bytes()
	if err != nil {
		panic(err)
	}
	base := bytes.Repeat([]byte{0xc3, 0x5a, 0x96, 0x3c}, 8)
	fmt.Printf("%x\n%x\n", private, base)
	r, err := sframe.NewReceiver(sframe.SuiteAES256GCM, proto.KIDLayout{})
	if err != nil {
		panic(err)
	}
	s, err := sframe.NewSender(sframe.SenderConfig{Suite: sframe.SuiteAES256GCM, BaseKey: base, Epoch: 1})
	if err != nil {
		panic(err)
	}
	fail(key, base, r, s)
}

//go:noinline
func fail(key any, base []byte, r *sframe.Receiver, s *sframe.Sender) {
	go func() { select {} }() // the trace tells of all goroutines; this one ends with the process
	s.Seal(nil, nil, make([]byte, 60))
	var none *sframe.Receiver
	none.Wipe()
	fmt.Fprintln(os.Stderr, key, base, r, s)
}

func self(t *testing.T, as string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), role+"="+as)
	return cmd
}

func TestProtectedProcessLeavesNothing(t *testing.T) {
	out, err := self(t, "protected").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "core 0 0 dumpable 0" {
		t.Errorf("%v: %s", err, out)
	}
}

// TestATraceShowsNoKey: a program that dies says where, and with the most that
// a trace can tell there is still no octet of a key in it: keys are passed by
// reference.
func TestATraceShowsNoKey(t *testing.T) {
	cmd := self(t, "crash")
	var out, trace bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trace
	if err := cmd.Run(); err == nil {
		t.Fatal("it did not crash")
	}
	text := strings.ToLower(trace.String())
	if !strings.Contains(text, "nil pointer") || !strings.Contains(text, "nodump.fail") {
		t.Fatalf("the trace does not say where: %s", text)
	}
	for _, key := range strings.Fields(out.String()) {
		if len(key) != 64 {
			t.Fatalf("no key: %q", key)
		}
		const run = 6 // octets in a row: fewer might be there by chance
		for i := 0; i+2*run <= len(key); i += 2 {
			var together, back, apart string
			for j := range run {
				octet := key[i+2*j : i+2*j+2]
				together, back, apart = together+octet, octet+back, apart+", 0x"+trim(octet)
			}
			for _, form := range []string{together, back, apart} {
				if strings.Contains(text, form) {
					t.Errorf("the trace shows %s of a key:\n%s", form, text)
				}
			}
		}
	}
}

// trim writes an octet as traces do: without a leading zero.
func trim(hex string) string {
	if hex[0] == '0' {
		return hex[1:]
	}
	return hex
}
