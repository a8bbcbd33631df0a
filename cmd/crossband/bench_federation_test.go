package main

import (
	"runtime"
	"testing"
)

// TestBenchFederation: every route has its figures, nothing is lost, and a border
// carries one copy however many listen beyond it.
func TestBenchFederation(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds; it runs without -short")
	}
	const frames = 25
	rows := benchRows(t, "federation", "--bursts", "2", "--speech", "500ms", "--listeners", "1,8")
	if len(rows) != 6 {
		t.Fatalf("%d rows", len(rows))
	}
	alone := 0.0 // octets with one listener
	for i, row := range rows {
		n := func(name string) float64 { return number(t, row, name) }
		hops, listeners := float64(i/2), []float64{1, 8}[i%2]
		if n("hops") != hops || n("listeners") != listeners || n("bursts") != 2 || n("frames_per_burst") != frames || n("loss") < 0 || n("loss") > 0.05 {
			t.Errorf("%v", row)
		}
		if n("p50_ms") <= 0 || n("p99_ms") < n("p50_ms") {
			t.Errorf("under way: %v", row)
		}
		if runtime.GOOS == "linux" && n("relay_cpu_us_per_forward") <= 0 {
			t.Errorf("processors: %v", row)
		}
		if n("proxies_p50_ms") < 0 || hops == 0 && n("proxies_p50_ms") > 0 {
			t.Errorf("proxies: %v", row)
		}
		octets, packets := n("border_octets_per_burst"), n("border_packets_per_burst")
		switch {
		case hops == 0:
			if octets != 0 || packets != 0 {
				t.Errorf("no border is crossed: %v", row)
			}
		case octets < 120*frames || packets < frames/4:
			t.Errorf("less crosses than was said: %v", row)
		case listeners == 1:
			alone = octets
		case octets > 1.5*alone:
			t.Errorf("%v octets cross with one listener, %v with %v", alone, octets, listeners)
		}
	}
}
