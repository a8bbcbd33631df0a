package metrics

import (
	"fmt"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"crossband/proto"
	"crossband/relay"
)

// fixed shows figures that do not change.
type fixed struct{ relay.Figures }

func (f fixed) Describe(out chan<- *prometheus.Desc) {
	for _, d := range newDescs() {
		out <- d
	}
}

func (f fixed) Collect(out chan<- prometheus.Metric) { page{newDescs(), out}.figures(f.Figures) }

// TestNoCounterIsHidden: what a node counts is on the page, or told there in
// another way.
func TestNoCounterIsHidden(t *testing.T) {
	elsewhere := map[string]string{
		"Links":        "links_begun_total, by role",
		"Refused":      "refusals_total, by code",
		"EventsQueued": "queue_depth",
		"FramesRead":   "link_frames_total, by role",
	}
	var f relay.Figures
	numbers := make(map[string]string) // by field, as the page writes them
	stats := reflect.ValueOf(&f.Stats).Elem()
	for i := range stats.NumField() {
		n := 1001 + i
		switch v := stats.Field(i); v.Interface().(type) {
		case uint64:
			v.SetUint(uint64(n))
		case int:
			v.SetInt(int64(n))
		case time.Duration:
			v.SetInt(int64(time.Duration(n) * time.Second))
		default:
			t.Fatalf("a figure of type %s", v.Type())
		}
		numbers[stats.Type().Field(i).Name] = fmt.Sprint(n)
	}
	elsewhere["Dropped"] = "voice_frames_dropped_total, by cause"
	elsewhere["ControlLongest"], elsewhere["VoiceLongest"] = "queue_depth", "queue_depth"
	f.Links = map[relay.LinkKind]relay.LinkTotals{{Role: proto.RoleUnit}: everyLinkTotal(numbers)}
	r := prometheus.NewRegistry()
	r.MustRegister(fixed{f})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for name, n := range numbers {
		shown := strings.Contains(w.Body.String(), " "+n+"\n")
		if where, told := elsewhere[name]; shown == told {
			t.Errorf("%s: shown %t, told elsewhere: %q", name, shown, where)
		}
	}
	for name := range elsewhere {
		if numbers[name] == "" {
			t.Errorf("there is no %s any more", name)
		}
	}
}

// everyLinkTotal fills in what links of one kind count, and notes the numbers.
func everyLinkTotal(numbers map[string]string) (t relay.LinkTotals) {
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		name, n := v.Type().Field(i).Name, 2001+i
		switch f := v.Field(i); f.Kind() {
		case reflect.Uint64:
			f.SetUint(uint64(n))
		case reflect.Int:
			f.SetInt(int64(n))
		}
		numbers[name] = fmt.Sprint(n)
	}
	return t
}
