package main

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"crossband/formats/webhook"
)

// receiver NAME SECRETS starts a receiver of hooks on loopback, which ends with
// the script. It writes its authority to NAME.pem, sets NAME_URL, and adds a
// line to NAME.log for each request: the answer, whether the signature is good
// under the secrets file, and the body. Until "answer" it answers 200.
func hookReceiver(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2, "receiver NAME SECRETS")
	name, secrets := args[0], s.MkAbs(args[1])
	status := new(atomic.Int32)
	status.Store(http.StatusOK)
	file, err := os.OpenFile(s.MkAbs(name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	s.Check(err)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		verdict := "good"
		if err == nil {
			err = verifyHook(secrets, r.Header, body)
		}
		if err != nil {
			verdict = err.Error()
		}
		fmt.Fprintf(file, "%d %s %s\n", status.Load(), verdict, body) // one write a line
		w.WriteHeader(int(status.Load()))
	}))
	s.t.Cleanup(func() { server.Close(); file.Close() })
	s.Check(os.WriteFile(s.MkAbs(name+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600))
	s.Setenv(name+"_URL", server.URL)
	s.answers = map[string]*atomic.Int32{name: status}
}

// answer NAME STATUS changes what a receiver answers.
func hookAnswers(s *script, neg bool, args []string) {
	usage(s, neg || len(args) != 2 || s.answers[args[0]] == nil, "answer NAME STATUS")
	n, err := strconv.Atoi(args[1])
	s.Check(err)
	s.answers[args[0]].Store(int32(n))
}

func verifyHook(secrets string, h http.Header, body []byte) error {
	list, err := readSecrets(secrets)
	if err != nil {
		return err
	}
	if !json.Valid(body) {
		return fmt.Errorf("body is not JSON")
	}
	return webhook.Verify(webhook.Header{
		ID: h.Get(webhook.HeaderID), Timestamp: h.Get(webhook.HeaderTimestamp), Signature: h.Get(webhook.HeaderSignature),
	}, body, time.Now(), list...)
}
