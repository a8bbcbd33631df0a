package webhook_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"crossband/formats/webhook"
)

// vectorDir finds the shared test data: $CROSSBAND_VECTORS, or else
// ../shared/vectors beside the module's root.
func vectorDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("CROSSBAND_VECTORS"); dir != "" {
		return dir
	}
	dir := filepath.Join("..", "..", "..", "shared", "vectors")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no test vectors: set CROSSBAND_VECTORS, or put them in %s", dir)
	}
	return dir
}

type signatureCase struct {
	What      string `json:"what"`
	Secret    string `json:"secret"`
	ID        string `json:"id"`
	Timestamp int64  `json:"timestamp"`
	BodyText  string `json:"body_utf8"`
	BodyFile  string `json:"body_file"`
	Signature string `json:"signature"`
	Now       int64  `json:"now"`
	Expect    string `json:"expect"`
}

func (c signatureCase) body(t *testing.T, dir string) []byte {
	t.Helper()
	if c.BodyFile == "" {
		return []byte(c.BodyText)
	}
	body, err := os.ReadFile(filepath.Join(dir, "hooks", c.BodyFile))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestSharedVectors(t *testing.T) {
	dir := vectorDir(t)
	text, err := os.ReadFile(filepath.Join(dir, "hooks", "signature-cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct{ Cases []signatureCase }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Cases) < 11 {
		t.Fatalf("only %d cases", len(file.Cases))
	}
	for _, c := range file.Cases {
		h := webhook.Header{ID: c.ID, Timestamp: strconv.FormatInt(c.Timestamp, 10), Signature: c.Signature}
		err := webhook.Verify(h, c.body(t, dir), time.Unix(c.Now, 0), secret(t, c.Secret))
		switch c.Expect {
		case "accept":
			if err != nil {
				t.Errorf("%s: %v", c.What, err)
			}
		case "reject":
			if err == nil {
				t.Errorf("%s: accepted", c.What)
			}
		default:
			t.Fatalf("%s: expects %q", c.What, c.Expect)
		}
	}
}
