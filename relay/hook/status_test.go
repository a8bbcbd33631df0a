package hook_test

import (
	"testing"

	"crossband/relay/hook"
)

// practising is a source whose exercises ring.
func practising(p *post) {
	p.src = &hook.Source{Name: "nws", Policy: hook.Policy{Practice: hook.PracticeRings}}
}

// TestAnExerciseSwallowsNothingReal: a thread of an exercise and a real one of the
// same name are two, whichever came first.
func TestAnExerciseSwallowsNothingReal(t *testing.T) {
	on := func(id string, kind hook.Kind, s hook.Status) hook.Alert {
		a := alert(id)
		a.Thread, a.Kind, a.Status = "sensor-4", kind, s
		return a
	}
	for name, order := range map[string][]hook.Status{"exercise first": {hook.Exercise, hook.Actual}, "real first": {hook.Actual, hook.Exercise}} {
		bubble(t, func(t *testing.T, p *post) {
			practising(p)
			for i, s := range order {
				p.must(hook.Accepted, on(string('1'+rune(i)), hook.KindAlert, s))
				settle()
			}
			if res := p.must(hook.Accepted, on("3", hook.KindAlert, hook.Actual)); res.Rings {
				t.Errorf("%s: what is repeated rings: %+v", name, res)
			}
			p.must(hook.Accepted, on("4", hook.KindCancel, hook.Actual))
			settle()
			got := p.radio.rang()
			if len(got) != 2 || got[0].Incident == got[1].Incident {
				t.Fatalf("%s: rang %+v", name, got)
			}
			for _, r := range got {
				if r.Exercise != (r.Alert.Status == hook.Exercise) || (r.cancelled == 1) == r.Exercise {
					t.Errorf("%s: %+v", name, r)
				}
			}
		})
	}
}

// TestATestSilencesNothingReal: an update that is a test, or the end of an
// exercise, says nothing of the real alert that comes after it.
func TestATestSilencesNothingReal(t *testing.T) {
	bubble(t, func(t *testing.T, p *post) {
		u := about(alert("2"), hook.KindUpdate, "1")
		u.Status = hook.Test
		p.must(hook.Logged, u)
		c := about(alert("3"), hook.KindCancel, "9")
		c.Status = hook.Exercise
		p.must(hook.Logged, c)
		p.must(hook.Accepted, alert("1"))
		p.must(hook.Accepted, alert("9"))
		settle()
		if n := len(p.radio.rang()); n != 2 {
			t.Errorf("%d rang", n)
		}
	})
}
