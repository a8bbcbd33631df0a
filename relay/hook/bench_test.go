package hook_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"crossband/formats/webhook"
	"crossband/proto"
	"crossband/relay/hook"
	"crossband/relay/store"
)

// BenchmarkServer: CAP alerts through signature, reader, ledger and a journal on
// disk, many at once.
func BenchmarkServer(b *testing.B) {
	j, err := store.OpenSQLite(filepath.Join(b.TempDir(), "hook.db"), store.Options{Limit: 256 << 20, Reserve: 1 << 20})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	inbox, err := hook.Open(b.Context(), j, hook.Limits{}, nil, nil)
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- inbox.Run(ctx, newRadio()) }() // ends with cancel
	defer func() { cancel(); <-ended }()
	secret, err := webhook.NewSecret(strings.NewReader(strings.Repeat("k", 32)))
	if err != nil {
		b.Fatal(err)
	}
	src := &hook.Source{Name: "nws", Secrets: []webhook.Secret{secret}, Formats: hook.Formats(), Rate: proto.Rate{PerSecond: 1e9, Burst: 1e9}}
	server := hook.NewServer(inbox, []*hook.Source{src}, nil, nil)
	var n atomic.Int64
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			id := fmt.Sprint("a", n.Add(1))
			body := strings.Replace(capAlert, "ID-1", id, 1)
			h, err := webhook.Sign(id, time.Now(), []byte(body), secret)
			if err != nil {
				b.Error(err)
				return
			}
			r := httptest.NewRequest(http.MethodPost, "/in/nws", strings.NewReader(body))
			r.Header.Set("Content-Type", "application/xml")
			r.Header.Set(webhook.HeaderID, h.ID)
			r.Header.Set(webhook.HeaderTimestamp, h.Timestamp)
			r.Header.Set(webhook.HeaderSignature, h.Signature)
			w := httptest.NewRecorder()
			if server.ServeHTTP(w, r); w.Code != http.StatusAccepted {
				b.Errorf("%d %s", w.Code, w.Body)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "alerts/s")
}
