package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"crossband/client/voice"
)

// TestDemo runs the demo as it is delivered: everything that it promises is
// measured in its report, and nothing of it is left running.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	dir := t.TempDir() // not in parallel: it measures speech in real time
	report := filepath.Join(dir, "report.json")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(delivered(t), "crossband"), "demo", "--headless", "--report", report, "--dir", filepath.Join(dir, "kept"))
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	ran := c.Run()
	if _, err := os.Stat(report); err != nil {
		t.Fatalf("%v\n%s%s", ran, out.String(), errs.String())
	}
	if whole := checkReport(t, report); whole != (ran == nil) {
		t.Errorf("the report says ok: %v, the exit code: %v\n%s%s", whole, ran, out.String(), errs.String())
	}
	for _, line := range []string{"  founded ", "  hail ", "es-MX: Disparos", "  observer ", "  ladder ", "  notice ", "  record ", "  blind ", "  figures "} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("the timeline lacks %q:\n%s", line, out.String())
		}
	}
	heard, _ := filepath.Glob(filepath.Join(dir, "kept", "audio", "*.wav"))
	if len(heard) < 3 {
		t.Errorf("audio of %v: three agencies listened", heard)
	}
	for _, f := range heard {
		b, err := os.ReadFile(f)
		check(t, err)
		if pcm, err := voice.DecodeWAV(b); err != nil || len(pcm) < voice.SampleRate {
			t.Errorf("%s: %d samples, %v", f, len(pcm), err)
		}
	}
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range lines {
		if b, _ := os.ReadFile(f); bytes.Contains(b, []byte(dir)) {
			t.Errorf("still running: %q", b)
		}
	}
}

// spoiltByLoad are the promises of real-time speech, and of a ladder's steps in time,
// that a machine with other work may break without any fault of the program's.
func spoiltByLoad(broken string) bool {
	return strings.Contains(broken, "likeness") || strings.Contains(broken, "frames were played") || strings.HasSuffix(broken, "ms late")
}

// checkReport looks for every field that the report documents and returns
// whether it says ok.
func checkReport(t *testing.T, path string) (ok bool) {
	t.Helper()
	raw, err := os.ReadFile(path)
	check(t, err)
	var r struct {
		OK       bool
		Broken   []string
		Agencies int
		Hail     map[string]any
		Voice    map[string]float64
		Text     map[string]float64
		Floor    map[string]float64
		Blind    map[string]any
		Record   struct {
			Entries, Bursts, Revealed int
			CosignedBy                int `json:"cosigned_by"`
			Verified                  bool
			TamperFound               bool `json:"tamper_found"`
		}
		RecordFile string `json:"record_file"`
		Ladder     struct {
			Steps      int
			LateMS     *float64 `json:"late_ms"`
			EarlyMS    *float64 `json:"early_ms"`
			After      int      `json:"steps_after"`
			AcceptedBy string   `json:"accepted_by"`
		}
		Notice   struct{ Seen, Acknowledged int }
		Observer struct {
			Shown         int
			Heard, Silent bool
		}
	}
	check(t, json.Unmarshal(raw, &r))
	for _, b := range r.Broken {
		if !spoiltByLoad(b) {
			t.Errorf("broken: %s", b)
		}
		t.Logf("the machine was busy: %s", b)
	}
	if r.OK != (len(r.Broken) == 0) || r.Agencies != 3 || r.Hail["reply"] != "Committed" {
		t.Errorf("%s", raw)
	}
	for field, low := range map[string]float64{
		"bursts": 3, "frames_sent": 100, "frames_played": 100, "access_ms_p95": 0.001, "mouth_to_ear_ms_p95": 0.001, "similarity": 0.5,
	} {
		if got, ok := r.Voice[field]; !ok || got < low {
			t.Errorf("voice.%s is %v, want %v at least", field, got, low)
		}
	}
	if n, ok := r.Voice["frames_rejected"]; !ok || n != 0 {
		t.Errorf("voice.frames_rejected is %v", n)
	}
	if ring, ok := r.Hail["ring_ms"].(float64); !ok || ring <= 0 {
		t.Errorf("hail.ring_ms is %v", r.Hail["ring_ms"])
	}
	if r.Text["sent"] == 0 || r.Text["sent"] != r.Text["delivered"] || r.Text["duplicates"] != 0 {
		t.Errorf("text %v", r.Text)
	}
	if r.Floor["granted"] == 0 || r.Floor["denied"] == 0 || r.Floor["preempted"] == 0 {
		t.Errorf("floor %v", r.Floor)
	}
	if hits, ok := r.Blind["canary_hits"].(float64); !ok || hits != 0 || r.Blind["traffic_octets"].(float64) == 0 {
		t.Errorf("blind %v", r.Blind)
	}
	if r.Blind["memory"] == "searched" && (r.Blind["control_hits"].(float64) == 0 || r.Blind["memory_octets"].(float64) == 0) {
		t.Errorf("the search of memory finds nothing at all: %v", r.Blind)
	}
	if r.Blind["disk_hits"].(float64) != 0 || r.Blind["disk_control_hits"].(float64) == 0 || r.Blind["disk_octets"].(float64) == 0 {
		t.Errorf("the search of disks: %v", r.Blind)
	}
	if l := r.Ladder; l.Steps != 2 || l.After != 0 || l.AcceptedBy != "spiffe://usbp.example/desk/del-rio" || l.LateMS == nil || l.EarlyMS == nil {
		t.Errorf("the ladder: %+v", l)
	}
	if r.Notice.Seen != 3 || r.Notice.Acknowledged != 2 || r.Observer.Shown != 4 || !r.Observer.Heard || !r.Observer.Silent {
		t.Errorf("notice %+v, observer %+v", r.Notice, r.Observer)
	}
	if v := r.Record; v.Entries < 20 || v.Bursts == 0 || v.Revealed == 0 || v.CosignedBy != 3 || !v.Verified || !v.TamperFound {
		t.Errorf("the record: %+v", v)
	}
	if f, err := os.ReadFile(r.RecordFile); err != nil || !bytes.HasPrefix(f, []byte("crossband-record 1\n")) {
		t.Errorf("the record's file %q: %.40q, %v", r.RecordFile, f, err)
	}
	return r.OK
}
