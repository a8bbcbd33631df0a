package hook_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"crossband/relay/hook"
	"crossband/relay/store"
)

// TestUpdatesRingNoMoreThanAlerts: news about hails that nobody took rings as often
// as alerts may, and a summary tells of the rest.
func TestUpdatesRingNoMoreThanAlerts(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("0"))
		settle()
		for i := 1; i <= 60; i++ {
			p.radio.expireAll()
			if _, err := p.send(about(alert(fmt.Sprint(i)), hook.KindUpdate, fmt.Sprint(i-1))); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		settle()
		if n := len(p.radio.rang()); n < 2 || n > 10 {
			t.Errorf("%d rang", n)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		ones, told := 0, 0
		for _, r := range p.radio.rang() {
			told += r.Summary
			if r.Summary == 0 {
				ones++
			}
		}
		if told == 0 || ones > 8 {
			t.Errorf("%d by themselves, %d in summaries", ones, told)
		}
	})
}

// TestSummariesCountToo: however many sources send too much, no more hails are made
// than a hub takes of one endpoint, and each alert is in one of them.
func TestSummariesCountToo(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		const sources, each = 20, 15
		start := time.Now()
		for i := range sources * each {
			p.src = &hook.Source{Name: fmt.Sprint("s", i%sources)}
			a := alert(fmt.Sprint(i))
			if i%2 == 0 {
				a.Severity = hook.Severe
			}
			if _, err := p.send(a); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		told := 0
		for i, r := range p.radio.rang() {
			if told += max(r.Summary, 1); float64(i+1) > 30+12*r.at.Sub(start).Minutes()+1 {
				t.Fatalf("%d hails in %v", i+1, r.at.Sub(start))
			}
		}
		if told != sources*each {
			t.Errorf("%d of %d are told of", told, sources*each)
		}
	})
}

// TestNewsIsBounded: a source that sends update after update has some of them said,
// the last among them; and the end does not wait for them.
func TestNewsIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		p.must(hook.Accepted, alert("0"))
		settle()
		for i := range 200 {
			p.must(hook.Accepted, about(alert(fmt.Sprint("u", i)), hook.KindUpdate, "0"))
		}
		settle()
		if n := len(p.radio.heard()); n < 4 || n > 25 { // those that came before the one before was said are out of date
			t.Errorf("%d texts at once", n)
		}
		time.Sleep(30 * time.Second)
		synctest.Wait()
		heard := p.radio.heard()
		if last := p.radio.rang()[0].Incident.String() + ": u199"; len(heard) > 30 || heard[len(heard)-1] != last {
			t.Errorf("%d texts, the last is %s", len(heard), heard[len(heard)-1])
		}
		for i := range 100 {
			p.must(hook.Accepted, about(alert(fmt.Sprint("v", i)), hook.KindUpdate, "0"))
		}
		p.must(hook.Accepted, about(alert("c"), hook.KindCancel, "0"))
		settle()
		if p.radio.rang()[0].cancelled != 1 {
			t.Error("the end waits for news")
		}
	})
}

// TestAFullJournalFillsNoPurse: what has rung has rung, whatever the journal holds.
func TestAFullJournalFillsNoPurse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &stubborn{Memory: store.NewMemory()}
		p := open(t, j, newRadio(), hook.Limits{})
		for i := range 40 {
			if j.fail(nil); i%10 == 9 {
				j.fail(store.ErrFull)
			}
			p.send(alert(fmt.Sprint(i)))
			synctest.Wait()
		}
		if n := len(p.radio.rang()); n != 8 {
			t.Errorf("%d rang", n)
		}
	})
}
