package main

import (
	"runtime"
	"testing"
)

func TestBenchChurn(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells what a process costs")
	}
	rows := benchLines(t, "churn", "--endpoints", "8", "--age", "300ms")
	if len(rows) != 2 || rows[0]["fault"] != "kill" || rows[1]["fault"] != "stop" {
		t.Fatalf("%v", rows)
	}
	for _, r := range rows {
		positive(t, r, "endpoints", "down_ms", "back_p50_ms", "back_p99_ms", "all_back_ms", "fault_to_all_back_ms", "handshakes_per_s",
			"relay_cpu_ms_per_handshake", "relay_rss_kb", "rss_kb_per_endpoint", "first_voice_ms")
		for _, name := range []string{"refused_tries", "lost_tries"} {
			if _, ok := r[name].(float64); !ok {
				t.Errorf("no %s in %v", name, r)
			}
		}
		if r["back_p50_ms"].(float64) > r["all_back_ms"].(float64) || r["all_back_ms"].(float64) > r["fault_to_all_back_ms"].(float64) {
			t.Errorf("half are back after all: %v", r)
		}
	}
}
