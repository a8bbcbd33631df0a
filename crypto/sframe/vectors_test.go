package sframe

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"crossband/proto"
)

// vectorDir finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectorDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("CROSSBAND_VECTORS"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
	dir = filepath.Join(dir, "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return dir
}

type hexBytes []byte

func (h *hexBytes) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	*h = raw
	return err
}

type headerVector struct {
	KID     uint64   `json:"kid"`
	CTR     uint64   `json:"ctr"`
	Encoded hexBytes `json:"encoded"`
}

type ctrHMACVector struct {
	Suite   Suite    `json:"cipher_suite"`
	Key     hexBytes `json:"key"`
	EncKey  hexBytes `json:"enc_key"`
	AuthKey hexBytes `json:"auth_key"`
	Nonce   hexBytes `json:"nonce"`
	AAD     hexBytes `json:"aad"`
	PT      hexBytes `json:"pt"`
	CT      hexBytes `json:"ct"`
}

type frameVector struct {
	Suite     Suite    `json:"cipher_suite"`
	KID       uint64   `json:"kid"`
	CTR       uint64   `json:"ctr"`
	BaseKey   hexBytes `json:"base_key"`
	KeyLabel  hexBytes `json:"sframe_key_label"`
	SaltLabel hexBytes `json:"sframe_salt_label"`
	Salt      hexBytes `json:"sframe_salt"`
	Metadata  hexBytes `json:"metadata"`
	Nonce     hexBytes `json:"nonce"`
	AAD       hexBytes `json:"aad"`
	PT        hexBytes `json:"pt"`
	CT        hexBytes `json:"ct"`
}

type publicVectors struct {
	Header   []headerVector  `json:"header"`
	CTR128   []ctrHMACVector `json:"aes_ctr_hmac"`
	CTR256   []ctrHMACVector `json:"aes_256_ctr_hmac"`
	Frames   []frameVector   `json:"sframe"`
	Frames25 []frameVector   `json:"sframe_aes_256_ctr_hmac"`
}

type kidExamples struct {
	E, S  uint
	Cases []struct {
		Epoch   uint64 `json:"epoch"`
		Index   uint32 `json:"index"`
		Context uint64 `json:"context"`
		KID     uint64 `json:"kid"`
	} `json:"cases"`
}

type keyedGroup struct {
	Label    string              `json:"label"`
	BaseKeys map[uint64]hexBytes `json:"base_keys"`
	Frames   []keyedFrame        `json:"frames"`
}

type keyedFrame struct {
	Epoch     uint64   `json:"epoch"`
	Leaf      uint32   `json:"sender_index"`
	Context   uint64   `json:"context"`
	E         uint     `json:"E"`
	S         uint     `json:"S"`
	KID       uint64   `json:"kid"`
	CTR       uint64   `json:"ctr"`
	Suite     Suite    `json:"sframe_suite"`
	Metadata  hexBytes `json:"metadata"`
	Plaintext hexBytes `json:"plaintext"`
	Frame     hexBytes `json:"frame"`
}

// TestVectors runs every file of vectors/sframe, whatever its name: a file of
// a form that is not known fails, so that none is passed over in silence.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(vectorDir(t), "sframe", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no vector files: %v", err)
	}
	checked := 0
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(file), func(t *testing.T) {
			n := checkVectorFile(t, raw)
			if n == 0 {
				t.Error("nothing in this file was recognised")
			}
			checked += n
		})
	}
	t.Logf("%d vectors in %d files", checked, len(files))
}

func checkVectorFile(t *testing.T, raw []byte) int {
	var groups []keyedGroup
	if json.Unmarshal(raw, &groups) == nil {
		n := 0
		for _, g := range groups {
			n += checkKeyedGroup(t, g)
		}
		return n
	}
	var kids kidExamples
	if err := json.Unmarshal(raw, &kids); err != nil {
		t.Fatal(err)
	}
	for _, c := range kids.Cases {
		l := proto.KIDLayout{EpochBits: kids.E, SenderBits: kids.S}
		kid, err := l.Compose(proto.KIDParts{Epoch: c.Epoch, Leaf: c.Index, Context: c.Context})
		if err != nil || kid != c.KID {
			t.Errorf("%+v: KID %d, %v", c, kid, err)
		}
	}
	var pub publicVectors
	if err := json.Unmarshal(raw, &pub); err != nil {
		t.Fatal(err)
	}
	for _, v := range pub.Header {
		h := proto.SFrameHeader{KID: v.KID, CTR: v.CTR}
		back, n, err := proto.ParseSFrameHeader(v.Encoded)
		if !bytes.Equal(h.AppendTo(nil), v.Encoded) || err != nil || back != h || n != len(v.Encoded) {
			t.Errorf("header %+v: wrote %x, read %+v %v, want %x", h, h.AppendTo(nil), back, err, v.Encoded)
		}
	}
	macs := append(pub.CTR128, pub.CTR256...)
	for _, v := range macs {
		checkCTRHMAC(t, v)
	}
	frames := append(pub.Frames, pub.Frames25...)
	for _, v := range frames {
		checkFrame(t, v)
	}
	return len(kids.Cases) + len(pub.Header) + len(macs) + len(frames)
}

func checkCTRHMAC(t *testing.T, v ctrHMACVector) {
	p, err := v.Suite.params()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(v.Key, append(v.EncKey[:len(v.EncKey):len(v.EncKey)], v.AuthKey...)) || len(v.EncKey) != p.encLen {
		t.Errorf("suite %d: keys of %d and %d octets", v.Suite, len(v.EncKey), len(v.AuthKey))
	}
	a, err := newCTRHMAC(p, v.Key)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Seal(nil, v.Nonce, v.PT, v.AAD); !bytes.Equal(got, v.CT) {
		t.Errorf("suite %d: sealed %x, want %x", v.Suite, got, v.CT)
	}
	if got, err := a.Open(nil, v.Nonce, v.CT, v.AAD); err != nil || !bytes.Equal(got, v.PT) {
		t.Errorf("suite %d: opened %x, %v", v.Suite, got, err)
	}
	for i := range v.CT {
		bad := bytes.Clone(v.CT)
		bad[i] ^= 1
		if _, err := a.Open(nil, v.Nonce, bad, v.AAD); err == nil {
			t.Errorf("suite %d: octet %d changed, and it opened", v.Suite, i)
		}
	}
}

func checkFrame(t *testing.T, v frameVector) {
	if got := keyLabel(v.Suite, v.KID); got != string(v.KeyLabel) {
		t.Errorf("suite %d: key label %x", v.Suite, got)
	}
	if got := saltLabel(v.Suite, v.KID); got != string(v.SaltLabel) {
		t.Errorf("suite %d: salt label %x", v.Suite, got)
	}
	k, err := newKey(v.Suite, v.KID, v.BaseKey)
	if err != nil {
		t.Fatal(err)
	}
	header := proto.SFrameHeader{KID: v.KID, CTR: v.CTR}.AppendTo(nil)
	got := k.seal(bytes.Clone(header), v.CTR, header, v.Metadata, v.PT)
	if !bytes.Equal(got, v.CT) {
		t.Errorf("suite %d: sealed %x, want %x", v.Suite, got, v.CT)
	}
	if !bytes.Equal(k.salt[:], v.Salt) || !bytes.Equal(k.nonce[:], v.Nonce) || !bytes.Equal(k.aad, v.AAD) {
		t.Errorf("suite %d: salt %x nonce %x aad %x", v.Suite, k.salt, k.nonce, k.aad)
	}
	if pt, err := k.open(nil, v.CTR, header, v.Metadata, v.CT[len(header):]); err != nil || !bytes.Equal(pt, v.PT) {
		t.Errorf("suite %d: opened %x, %v", v.Suite, pt, err)
	}
}

// checkKeyedGroup seals every frame of a group anew, then opens them all with
// one Receiver that lives through the epochs.
func checkKeyedGroup(t *testing.T, g keyedGroup) int {
	now := time.Unix(1_800_000_000, 0)
	var r *Receiver
	last := uint64(0)
	for _, f := range g.Frames {
		layout := proto.KIDLayout{EpochBits: f.E, SenderBits: f.S}
		s, err := NewSender(SenderConfig{Suite: f.Suite, BaseKey: g.BaseKeys[f.Epoch], Epoch: f.Epoch, Leaf: f.Leaf, Context: f.Context, Layout: layout})
		if err != nil {
			t.Fatalf("%s: %v", g.Label, err)
		}
		if s.KID() != f.KID {
			t.Errorf("%s epoch %d leaf %d context %d: KID %d, want %d", g.Label, f.Epoch, f.Leaf, f.Context, s.KID(), f.KID)
		}
		s.next = f.CTR
		if got, err := s.Seal(nil, f.Metadata, f.Plaintext); err != nil || !bytes.Equal(got, f.Frame) {
			t.Errorf("%s: sealed %x, %v, want %x", g.Label, got, err, f.Frame)
		}
		if r == nil {
			if r, err = NewReceiver(f.Suite, layout); err != nil {
				t.Fatal(err)
			}
		}
		if f.Epoch > last {
			if err := r.AddEpoch(f.Epoch, g.BaseKeys[f.Epoch], now); err != nil {
				t.Fatal(err)
			}
			last = f.Epoch
		}
		got, err := r.Open(nil, f.Metadata, f.Frame, now)
		if err != nil || !bytes.Equal(got.Plaintext, f.Plaintext) {
			t.Fatalf("%s epoch %d leaf %d ctr %d: opened %x, %v", g.Label, f.Epoch, f.Leaf, f.CTR, got.Plaintext, err)
		}
		if got.Epoch != f.Epoch || got.Leaf != f.Leaf || got.Context != f.Context || got.CTR != f.CTR {
			t.Errorf("%s: %+v, want %+v", g.Label, got, f)
		}
	}
	return len(g.Frames)
}
