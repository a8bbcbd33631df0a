package hook_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook"
	"crossband/relay/store"
)

const capAlert = `<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>ID-1</identifier><sender>s@example.gov</sender><sent>2026-08-14T16:42:00-07:00</sent>` +
	`<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>Met</category><event>Storm</event><urgency>Immediate</urgency>` +
	`<severity>Severe</severity><certainty>Likely</certainty><web>http://169.254.169.254/</web><resource><resourceDesc>x</resourceDesc><mimeType>text/plain</mimeType><uri>http://127.0.0.1:1/</uri></resource></info></alert>`

// site is a server with an inbox behind it.
type site struct {
	t      *testing.T
	server *hook.Server
	radio  *radio
	secret webhook.Secret
	clock  atomic.Int64 // the time of day, in seconds
	n      int
}

func (s *site) now() time.Time { return time.Unix(s.clock.Load(), 0) }

func newSite(t *testing.T, change ...func(*hook.Source)) *site {
	t.Helper()
	s := &site{t: t, radio: newRadio()}
	s.clock.Store(time.Date(2026, 8, 14, 23, 43, 0, 0, time.UTC).Unix())
	var err error
	if s.secret, err = webhook.NewSecret(strings.NewReader(strings.Repeat("k", 32))); err != nil {
		t.Fatal(err)
	}
	b, err := hook.Open(t.Context(), store.NewMemory(), hook.Limits{}, nil, s.now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx, s.radio) }() // ends with the test
	t.Cleanup(func() { cancel(); <-ended })
	src := &hook.Source{Name: "nws", Secrets: []webhook.Secret{s.secret}, Formats: hook.Formats()}
	for _, fn := range change {
		fn(src)
	}
	s.server = hook.NewServer(b, []*hook.Source{src}, nil, s.now)
	return s
}

// request makes a signed request under a new delivery id.
func (s *site) request(contentType, body string) *http.Request {
	s.n++
	return s.signed(fmt.Sprintf("msg_%d", s.n), contentType, []byte(body))
}

func (s *site) signed(id, contentType string, body []byte) *http.Request {
	s.t.Helper()
	h, err := webhook.Sign(id, s.now(), body, s.secret)
	if err != nil {
		s.t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/in/nws", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	r.Header.Set(webhook.HeaderID, h.ID)
	r.Header.Set(webhook.HeaderTimestamp, h.Timestamp)
	r.Header.Set(webhook.HeaderSignature, h.Signature)
	return r
}

// reply is what the server answers.
type reply struct {
	code    int
	header  http.Header
	Results []hook.Result
	Error   string
	Element string
}

func (s *site) do(r *http.Request) reply {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.server.ServeHTTP(w, r)
	out := reply{code: w.Code, header: w.Header()}
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		s.t.Fatalf("the answer is not JSON: %v: %s", err, w.Body)
	}
	return out
}

func gzipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestServerTakesIn(t *testing.T) {
	s := newSite(t)
	first := s.do(s.request("application/cap+xml", capAlert))
	if first.code != http.StatusAccepted || len(first.Results) != 1 || first.Results[0].Outcome != hook.Accepted || first.Results[0].Incident == "" {
		t.Fatalf("%+v", first)
	}
	again := s.do(s.request("text/xml; charset=utf-8", capAlert))
	if again.code != http.StatusOK || again.Results[0].Outcome != hook.Duplicate || again.Results[0].Incident != first.Results[0].Incident {
		t.Errorf("%+v", again)
	}
	other := s.do(s.request("application/xml", swap(capAlert, "Storm", "Fire")))
	if other.code != http.StatusConflict || other.Results[0].Outcome != hook.Conflict {
		t.Errorf("the same identifier with another content: %+v", other)
	}
	same := s.signed("msg_1", "application/xml", []byte(swap(capAlert, "ID-1", "ID-2")))
	if out := s.do(same); out.code != http.StatusConflict {
		t.Errorf("the same delivery with another body: %+v", out)
	}
	packed := s.signed("msg_gz", "application/cap+xml", gzipped(t, []byte(swap(capAlert, "ID-1", "ID-3"))))
	packed.Header.Set("Content-Encoding", "gzip")
	if out := s.do(packed); out.code != http.StatusAccepted {
		t.Errorf("packed: %+v", out)
	}
	ping := `<event version="2.0" uid="U" type="t-x-c-t" time="2026-08-14T23:44:00Z" start="2026-08-14T23:44:00Z" stale="2026-08-14T23:54:00Z"><point lat="1" lon="1" hae="0" ce="0" le="0"/></event>`
	if out := s.do(s.request("application/xml", ping)); out.code != http.StatusOK || out.Results[0].Outcome != hook.Ignored {
		t.Errorf("a ping: %+v", out)
	}
	feed := `<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>` + swap(swap(capAlert, "Severe", "Odd"), "ID-1", "ID-4") + `</content></entry><entry><content>` + swap(capAlert, "ID-1", "ID-5") + `</content></entry></feed>`
	if out := s.do(s.request("application/atom+xml", feed)); out.code != http.StatusAccepted || len(out.Results) != 2 || out.Results[1].Element != "alert/info/severity" {
		t.Errorf("a feed: %+v", out)
	}
	refs := strings.Repeat("s@example.gov,1,2026-08-14T16:42:00-07:00 ", 101)
	feed = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><content>` + swap(swap(capAlert, "<info>", "<references>"+refs+"</references><info>"), "ID-1", "ID-6") + `</content></entry><entry><content>` + swap(capAlert, "ID-1", "ID-7") + `</content></entry></feed>`
	if out := s.do(s.request("application/atom+xml", feed)); out.code != http.StatusAccepted || len(out.Results) != 2 || out.Results[1].Outcome != hook.Refused || out.Results[1].ID != "ID-6" || out.Results[1].Element != "references" {
		t.Errorf("a feed with too many references: %+v", out)
	}
}

// TestServerRefuses: what is answered to what is wrong, and that nothing rings.
func TestServerRefuses(t *testing.T) {
	s := newSite(t, func(src *hook.Source) { src.Formats = []hook.Format{hook.FormatCAP, hook.FormatEvent} })
	bomb := s.signed("bomb", "application/xml", gzipped(t, make([]byte, 10<<20)))
	bomb.Header.Set("Content-Encoding", "gzip")
	notGzip := s.request("application/xml", capAlert)
	notGzip.Header.Set("Content-Encoding", "gzip")
	brotli := s.request("application/xml", capAlert)
	brotli.Header.Set("Content-Encoding", "br")
	get := s.request("application/xml", capAlert)
	get.Method = http.MethodGet
	nowhere := s.request("application/xml", capAlert)
	nowhere.URL.Path = "/in/other"
	above := s.request("application/xml", capAlert)
	above.URL.Path = "/in/"
	long := s.request("application/xml", capAlert)
	long.ContentLength = 50 << 20
	endless := s.request("application/xml", capAlert)
	endless.Body, endless.ContentLength = io.NopCloser(io.LimitReader(zeros{}, 50<<20)), -1
	for name, c := range map[string]struct {
		r       *http.Request
		code    int
		element string
	}{
		"another path":            {nowhere, 404, ""},
		"no source":               {above, 404, ""},
		"GET":                     {get, 405, ""},
		"50 MB announced":         {long, 413, ""},
		"50 MB not announced":     {endless, 413, ""},
		"gzip bomb":               {bomb, 413, ""},
		"not gzip":                {notGzip, 400, "Content-Encoding"},
		"another packing":         {brotli, 415, "Content-Encoding"},
		"document type":           {s.request("application/xml", "<!DOCTYPE alert>"+capAlert), 400, ""},
		"entity bomb":             {s.request("application/xml", `<!DOCTYPE a [<!ENTITY a "x"><!ENTITY b "&a;&a;">]><a>&b;</a>`), 400, ""},
		"10,000 deep XML":         {s.request("application/xml", strings.Repeat("<a>", 10_000)), 413, ""},
		"10,000 deep JSON":        {s.request("application/json", strings.Repeat("[", 10_000)), 413, ""},
		"second root":             {s.request("application/xml", capAlert+capAlert), 400, ""},
		"a name twice":            {s.request("application/json", `{"type":"t","type":"u"}`), 400, ""},
		"case twins":              {s.request("application/json", swap(event, `"severity"`, `"Severity":"minor","severity"`)), 400, ""},
		"bad UTF-8":               {s.request("application/json", swap(event, `"T"`, "\"\xff\"")), 400, ""},
		"bad UTF-8 in XML":        {s.request("application/xml", swap(capAlert, "Storm", "\xff")), 400, ""},
		"no status":               {s.request("application/xml", swap(capAlert, "<status>Actual</status>", "")), 422, "alert/status"},
		"an offset of 24 hours":   {s.request("application/xml", swap(capAlert, "00-07:00", "00+24:00")), 422, "alert/sent"},
		"no sender":               {s.request("application/xml", swap(capAlert, "<sender>s@example.gov</sender>", "")), 422, "alert/sender"},
		"unknown severity":        {s.request("application/xml", swap(capAlert, "Severe", "Terrible")), 422, "alert/info/severity"},
		"unknown severity, JSON":  {s.request("application/json", swap(event, "severe", "dreadful")), 422, "data.severity"},
		"no alert":                {s.request("application/xml", "<html/>"), 422, ""},
		"a format not allowed":    {s.request("application/cloudevents+json", `{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{}}`), 415, ""},
		"a type that is not read": {s.request("text/plain", capAlert), 415, ""},
		"no type":                 {s.request("", capAlert), 415, ""},
	} {
		start := time.Now()
		out := s.do(c.r)
		if out.code != c.code || out.Element != c.element || out.Error == "" || len(out.Results) != 0 {
			t.Errorf("%s: %+v, want %d at %q", name, out, c.code, c.element)
		}
		if took := time.Since(start); took > 10*time.Second { // a bound against a hang; 1 s is what is promised
			t.Errorf("%s took %v", name, took)
		}
	}
	if out := s.do(repacked(t, s)); !strings.Contains(out.Error, "unpacked") {
		t.Errorf("a gzip bomb is unpacked before it is refused: %+v", out)
	}
	time.Sleep(20 * time.Millisecond)
	if got := s.radio.rang(); len(got) != 0 {
		t.Errorf("rang %+v", got)
	}
}

func repacked(t *testing.T, s *site) *http.Request {
	r := s.signed("bomb-2", "application/xml", gzipped(t, make([]byte, 10<<20)))
	r.Header.Set("Content-Encoding", "gzip")
	return r
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }

// TestServerProvesWhoSends: nothing of a body is looked at before its signature is
// good.
func TestServerProvesWhoSends(t *testing.T) {
	s := newSite(t)
	other, err := webhook.NewSecret(strings.NewReader(strings.Repeat("o", 32)))
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*http.Request){
		"no signature":        func(r *http.Request) { r.Header.Del(webhook.HeaderSignature) },
		"bad signature":       func(r *http.Request) { r.Header.Set(webhook.HeaderSignature, "v1,AAAA") },
		"another id":          func(r *http.Request) { r.Header.Set(webhook.HeaderID, "other") },
		"another time":        func(r *http.Request) { r.Header.Set(webhook.HeaderTimestamp, fmt.Sprint(s.clock.Load()+1)) },
		"another body":        func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("<a>")) },
		"301 s old":           func(r *http.Request) { resign(t, s, r, s.secret, -301*time.Second) },
		"301 s in the future": func(r *http.Request) { resign(t, s, r, s.secret, 301*time.Second) },
		"another secret":      func(r *http.Request) { resign(t, s, r, other, 0) },
	} {
		r := s.request("application/xml", "<not XML") // it would be 400 if it were looked at
		change(r)
		if out := s.do(r); out.code != http.StatusUnauthorized {
			t.Errorf("%s: %+v", name, out)
		}
	}
	r := s.request("application/xml", capAlert)
	resign(t, s, r, s.secret, -299*time.Second)
	if out := s.do(r); out.code != http.StatusAccepted {
		t.Errorf("299 s old: %+v", out)
	}
	rotated := newSite(t, func(src *hook.Source) { src.Secrets = append([]webhook.Secret{other}, src.Secrets...) })
	if out := rotated.do(rotated.request("application/xml", capAlert)); out.code != http.StatusAccepted {
		t.Errorf("signed with the second of two secrets: %+v", out)
	}
}

func resign(t *testing.T, s *site, r *http.Request, secret webhook.Secret, age time.Duration) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	h, err := webhook.Sign(r.Header.Get(webhook.HeaderID), s.now().Add(age), body, secret)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(webhook.HeaderTimestamp, h.Timestamp)
	r.Header.Set(webhook.HeaderSignature, h.Signature)
}

// TestServerRates: a source is held to its rate; something severe passes.
func TestServerRates(t *testing.T) {
	s := newSite(t, func(src *hook.Source) { src.Rate = proto.Rate{PerSecond: 1, Burst: 5} })
	limited := 0
	for i := range 20 {
		if out := s.do(s.request("application/xml", swap(swap(capAlert, "Severe", "Minor"), "ID-1", fmt.Sprint(i)))); out.code == http.StatusTooManyRequests {
			limited++
			if out.header.Get("Retry-After") == "" {
				t.Error("it is not said when to come again")
			}
		}
	}
	if limited != 15 {
		t.Errorf("%d of 20 refused, want 15", limited)
	}
	if out := s.do(s.request("application/xml", capAlert)); out.code != http.StatusAccepted {
		t.Errorf("a severe one: %+v", out)
	}
	s.clock.Add(2)
	if out := s.do(s.request("application/xml", swap(swap(capAlert, "Severe", "Minor"), "ID-1", "later"))); out.code != http.StatusAccepted {
		t.Errorf("later: %+v", out)
	}
}

// TestRatesCountAlerts: a feed counts as what it holds. One of more than may come at
// once passes when nothing else does; what is severe in it is not held up.
func TestRatesCountAlerts(t *testing.T) {
	s := newSite(t, func(src *hook.Source) { src.Rate = proto.Rate{PerSecond: 1, Burst: 5} })
	n := 0
	send := func(severity string, alerts int) int {
		var feed strings.Builder
		for range alerts {
			n++
			fmt.Fprintf(&feed, "<entry><content>%s</content></entry>", swap(swap(capAlert, "Severe", severity), "ID-1", fmt.Sprint(n)))
		}
		return s.do(s.request("application/atom+xml", `<feed xmlns="http://www.w3.org/2005/Atom">`+feed.String()+"</feed>")).code
	}
	for i, c := range []struct {
		severity     string
		alerts, want int
	}{
		{"Minor", 4, 202}, {"Minor", 2, 429}, {"Minor", 1, 202}, {"Minor", 1, 429}, {"Severe", 4, 202}, {"Severe", 2, 429}, {"Severe", 1, 202},
	} {
		if code := send(c.severity, c.alerts); code != c.want {
			t.Errorf("%d: %d of %s: %d, want %d", i, c.alerts, c.severity, code, c.want)
		}
	}
	s.clock.Add(10)
	if code := send("Minor", 50); code != http.StatusAccepted {
		t.Errorf("a feed of more than may come at once: %d", code)
	}
	if code := send("Minor", 1); code != http.StatusTooManyRequests {
		t.Errorf("one more: %d", code)
	}
}

// TestServerMemory: the worst bodies take a bounded multiple of their size.
func TestServerMemory(t *testing.T) {
	s := newSite(t)
	bomb := gzipped(t, make([]byte, 10<<20))
	for name, r := range map[string]*http.Request{
		"gzip bomb": func() *http.Request {
			r := s.signed("b", "application/xml", bomb)
			r.Header.Set("Content-Encoding", "gzip")
			return r
		}(),
		"many elements": s.request("application/xml", "<a>"+strings.Repeat("<b/>", 1<<18-10)+"</a>"),
		"many values":   s.request("application/json", "["+strings.Repeat("0,", 1<<19-10)+"0]"),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		if out := s.do(r); out.code < 400 {
			t.Errorf("%s: %+v", name, out)
		}
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 96<<20 {
			t.Errorf("%s: %d MiB allocated", name, used>>20)
		}
	}
}

// TestAddressesAreNeverFetched: what an alert points to stays unread. Whatever
// dials would need net or net/http's client: the packages that read formats
// import neither (architecture_test.go), and a hail has no address in it.
func TestAddressesAreNeverFetched(t *testing.T) {
	asked := make(chan string, 8)
	trap := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer trap.Close()
	s := newSite(t)
	body := strings.NewReplacer("http://127.0.0.1:1/", trap.URL+"/uri", "http://169.254.169.254/", trap.URL+"/web").Replace(capAlert)
	if out := s.do(s.request("application/xml", body)); out.code != http.StatusAccepted {
		t.Fatalf("%+v", out)
	}
	for late := time.Now().Add(10 * time.Second); len(s.radio.rang()) == 0 && time.Now().Before(late); time.Sleep(5 * time.Millisecond) {
	}
	if len(s.radio.rang()) != 1 {
		t.Fatal("it did not ring")
	}
	select {
	case path := <-asked:
		t.Errorf("%s was fetched", path)
	case <-time.After(50 * time.Millisecond):
	}
	for _, x := range s.radio.rang()[0].Alert.Texts {
		if strings.Contains(x.Text, "http") {
			t.Errorf("an address in what is said: %s", x.Text)
		}
	}
}
