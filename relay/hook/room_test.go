package hook_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

// feed sends so many alerts as one delivery of a source.
func feed(p *post, src, name string, n int, change func(*hook.Alert)) error {
	list := make([]hook.Alert, n)
	for i := range list {
		list[i] = alert(fmt.Sprint(name, "-", i))
		change(&list[i])
	}
	_, err := p.inbox.Accept(p.t.Context(), &hook.Source{Name: src}, name, [32]byte{1}, list)
	return err
}

// TestOneSourceMakesNobodyElseForgotten: what rings nobody does not push out what
// rang, if another sent it.
func TestOneSourceMakesNobodyElseForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := store.NewMemory()
		p := open(t, j, newRadio(), hook.Limits{Records: 1000})
		p.must(hook.Accepted, alert("1"))
		settle()
		for i := range 30 {
			if err := feed(p, fmt.Sprint("other", i%2), fmt.Sprint(i), 100, func(a *hook.Alert) { a.Status = hook.Test }); err != nil {
				t.Fatal(err)
			}
		}
		settle()
		if n := records(t, j); n > 1100 || n < 900 {
			t.Errorf("%d records, at most 1000 are to be kept", n)
		}
		p.must(hook.Accepted, about(alert("2"), hook.KindCancel, "1"))
		settle()
		if p.radio.rang()[0].cancelled != 1 {
			t.Error("its end is not known")
		}
	})
}

// TestOneSourcesFloodRefusesNobodyElse: a source that has much waiting is refused
// more of it; another is not, and neither is what is severe of its own.
func TestOneSourcesFloodRefusesNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := store.NewMemory()
		p := open(t, j, newRadio(), hook.Limits{Records: 1000})
		minor := func(a *hook.Alert) { a.Severity = hook.Minor }
		refused := 0
		for i := range 100 { // ten feeds a second
			if err := feed(p, "other", fmt.Sprint(i), 100, minor); errors.Is(err, hook.ErrFull) {
				refused++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := records(t, j); refused < 50 || n > 2000 {
			t.Errorf("%d of 100 feeds refused, %d records", refused, n)
		}
		distress := func(a *hook.Alert) { a.Severity, a.Distress = hook.Extreme, true }
		for _, src := range []string{"tak", "other"} {
			from := len(p.radio.rang())
			if err := feed(p, src, "distress", 1, distress); err != nil {
				t.Errorf("distress of %s: %v", src, err)
			}
			settle()
			if n := len(p.radio.rang()); n <= from {
				t.Errorf("distress of %s did not ring", src)
			}
		}
		if err := feed(p, "nws", "n", 20, minor); err != nil {
			t.Errorf("another source: %v", err)
		}
		refused = 0
		for i := range 100 { // all severe
			if err := feed(p, "other", fmt.Sprint("s", i), 100, distress); errors.Is(err, hook.ErrFull) {
				refused++
			}
		}
		if refused < 50 {
			t.Errorf("%d of 100 feeds refused: what is severe has no limit", refused)
		}
		if err := feed(p, "tak", "again", 1, distress); err != nil {
			t.Errorf("distress of another: %v", err)
		}
	})
}

// TestAllSourcesAtOnce: when all that may wait does, who uses little is not refused.
func TestAllSourcesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, store.NewMemory(), newRadio(), hook.Limits{Records: 6400})
		minor := func(a *hook.Alert) { a.Severity = hook.Minor }
		full := false
		for i := range 8 {
			for j := range 20 {
				full = errors.Is(feed(p, fmt.Sprint("s", i), fmt.Sprint(j), 100, minor), hook.ErrFull) || full
			}
		}
		if !full {
			t.Error("there is no limit")
		}
		if err := feed(p, "tak", "t", 50, minor); err != nil {
			t.Errorf("who uses little: %v", err)
		}
	})
}
