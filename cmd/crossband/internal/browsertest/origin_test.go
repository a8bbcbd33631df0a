package browsertest

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"time"

	"crossband/client"
	"crossband/cmd/crossband/internal/rig"
)

// TestAnotherOriginIsRefused: a page of another site, open in the same browser beside the
// console's, can neither do a deed nor read anything.
func TestAnotherOriginIsRefused(t *testing.T) {
	s := onStage(t)
	t.Parallel()
	l := free(t)
	done := make(chan string, 1)
	server := &http.Server{ReadHeaderTimeout: time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/done" {
			select {
			case done <- r.URL.RawQuery:
			default:
			}
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>another site</title><form id=f method=post action="http://%[1]s/api/do" enctype="text/plain" target=frame>
			<input name='{"do":"text","channel":"%[2]s","text":"from another site, by a form","x":"' value='"}'></form><iframe name=frame></iframe><script>
			(async () => {
				const deed = JSON.stringify({ do: "text", channel: "%[2]s", text: "from another site" });
				const got = [];
				const options = { method: "POST", credentials: "include", body: deed };
				for (const more of [{ mode: "no-cors" }, { mode: "cors", headers: { "content-type": "application/json" } }]) {
					try { const a = await fetch("http://%[1]s/api/do", { ...options, ...more }); got.push(a.type + a.status); } catch { got.push("refused"); }
				}
				try { const a = await fetch("http://%[1]s/api/events", { credentials: "include" }); got.push("read" + a.status); } catch { got.push("refused"); }
				document.getElementById("f").submit();
				setTimeout(() => fetch("/done?" + got.join(",")), 1500);
			})();
			</script>`, s.console.host(), s.patrol)
	})}
	go server.Serve(l) // ends with the listener
	p := s.watcher(t)
	p.do(order{Do: "aside", URL: "http://" + l.Addr().String() + "/"}) // with the console's cookie in the same browser
	select {
	case got := <-done:
		if got != "refused,refused,refused" {
			t.Errorf("the other site sees %q", got)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the other site's page did not run")
	}
	// The same deed from the page itself is done, so that the others would have been seen.
	status, body := p.fetch("api/do", "POST", "application/json", `{"do":"text","channel":"`+s.patrol.String()+`","text":"from the page itself"}`)
	if status != 200 {
		t.Fatalf("the page's own deed: %d %s", status, body)
	}
	_, _, err := rig.Await(patient(t), s.there, func(e client.TextReceived) bool { return e.Text == "from the page itself" })
	check(t, err)
	for _, e := range rig.Every[client.TextReceived](s.there) {
		if strings.Contains(e.Text, "another site") {
			t.Errorf("another site's deed was done: %q", e.Text)
		}
	}
	s.refusesOrigins(t, "http://"+l.Addr().String())
}

// refusesOrigins asks by hand, with the login of the printed address and all that a page's
// own deed has, so that only who asks makes the difference.
func (s *stage) refusesOrigins(t *testing.T, other string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	check(t, err)
	c := &http.Client{Jar: jar}
	a, err := c.Get(s.console.url)
	check(t, err)
	a.Body.Close()
	own := "http://" + s.console.host()
	for _, from := range []struct {
		headers map[string]string
		want    int
	}{
		{map[string]string{"Origin": own}, 200},
		{map[string]string{"Origin": own, "Sec-Fetch-Site": "same-origin"}, 200},
		{map[string]string{"Origin": other}, 403},
		{map[string]string{"Origin": "null"}, 403},
		{map[string]string{"Origin": own, "Sec-Fetch-Site": "same-site"}, 403},
		{map[string]string{"Sec-Fetch-Site": "cross-site"}, 403},
		{nil, 403},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, own+"/api/do", strings.NewReader(`{"do":"release"}`))
		check(t, err)
		r.Header.Set("Content-Type", "application/json")
		for header, value := range from.headers {
			r.Header.Set(header, value)
		}
		a, err := c.Do(r)
		check(t, err)
		a.Body.Close()
		if a.StatusCode != from.want {
			t.Errorf("a deed from %v is answered %d, want %d", from.headers, a.StatusCode, from.want)
		}
	}
}
