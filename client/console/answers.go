package console

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"time"

	"crossband/client/phrase"
	"crossband/crypto/record"
	"crossband/proto"
)

// recordTimeout is how long a record may take to be fetched.
const recordTimeout = 45 * time.Second

// do answers POST /api/do.
func (s *Server) do(w http.ResponseWriter, r *http.Request) {
	body, ok := s.body(w, r, "application/json", maxDeed)
	if !ok {
		return
	}
	d, err := ReadDeed(body)
	if err != nil {
		s.outcomeOf(w, s.outcome(Outcome{}, err))
		return
	}
	s.outcomeOf(w, s.perform(d))
}

func (s *Server) outcomeOf(w http.ResponseWriter, o Outcome) {
	b, err := json.Marshal(o)
	if err != nil {
		s.fail(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(b)
}

// body reads a request's body of one media type. It has answered if it was not ok.
func (s *Server) body(w http.ResponseWriter, r *http.Request, kind string, most int64) ([]byte, bool) {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || got != kind {
		http.Error(w, "want "+kind, http.StatusUnsupportedMediaType)
		return nil, false
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		s.fail(w, http.StatusRequestEntityTooLarge, proto.Refusef(proto.ReasonTooLarge, "%d", most))
		return nil, false
	case err != nil:
		s.fail(w, http.StatusBadRequest, proto.Refuse(proto.ReasonMalformed, "body"))
		return nil, false
	}
	return b, true
}

// voice answers POST /api/voice?page=ID: the page's offer (SDP), for our answer. A page
// that had voice until now is told that it is taken, and must not take it back by itself.
func (s *Server) voice(w http.ResponseWriter, r *http.Request) {
	offer, ok := s.body(w, r, "application/sdp", maxOfferLen)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), bodyTimeout) // it says at which address we were reached
	defer cancel()
	answer, err := s.cfg.Sound.Answer(ctx, string(offer))
	if err != nil {
		s.log.Warn("console: offer of voice not answered", "why", err.Error())
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	s.pages.voiceOf(r.URL.Query().Get("page"), s.guard.login(r))
	w.Header().Set("Content-Type", "application/sdp")
	io.WriteString(w, answer)
}

// recall answers GET /api/recall/BURST: a burst that was heard, as WAV.
func (s *Server) recall(w http.ResponseWriter, r *http.Request) {
	octets, err := hex.DecodeString(r.PathValue("burst"))
	if err == nil {
		var id proto.BurstID
		if id, err = proto.BurstIDFrom(octets); err == nil {
			if wav, ok := s.cfg.Sound.Recall(id); ok {
				w.Header().Set("Content-Type", "audio/wav")
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(wav))
				return
			}
		}
	}
	s.fail(w, http.StatusNotFound, proto.Refuse(proto.ReasonLost, phrase.Inert(r.PathValue("burst"))))
}

// record answers GET /api/record/INCIDENT: the record that anybody can verify offline,
// with what this device can show of what was said. One is fetched at a time.
func (s *Server) record(w http.ResponseWriter, r *http.Request) {
	id, err := proto.ParseIncidentID(r.PathValue("incident"))
	if err != nil {
		s.fail(w, http.StatusBadRequest, malformed("incident", err))
		return
	}
	select {
	case s.export <- struct{}{}:
		defer func() { <-s.export }()
	default:
		s.fail(w, http.StatusTooManyRequests, proto.Refuse(proto.ReasonQuota, "1"))
		return
	}
	octets, err := s.exported(id)
	if err != nil {
		s.fail(w, statusOf(err), err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": "incident-" + id.String() + ".record"}))
	w.Write(octets)
}

func (s *Server) exported(id proto.IncidentID) ([]byte, error) {
	ctx, cancel := context.WithTimeout(s.ctx, recordTimeout)
	defer cancel()
	x, err := s.cfg.Session.Record(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Session.Reveal(x); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := record.WriteExport(&b, x); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func statusOf(err error) int {
	switch proto.ReasonOf(err) {
	case proto.ReasonForbidden:
		return http.StatusForbidden
	case proto.ReasonNoRecord:
		return http.StatusNotFound
	}
	return http.StatusBadGateway
}

// fail answers with what an error means, in the page's language.
func (s *Server) fail(w http.ResponseWriter, status int, err error) {
	_, says := Explain(err, s.language())
	http.Error(w, says, status)
}
