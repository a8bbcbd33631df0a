package hook

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"time"
)

// receive reads a body as it was sent, within MaxBody.
func receive(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if r.ContentLength > MaxBody {
		return nil, &refusal{code: http.StatusRequestEntityTooLarge, why: "a body of more than 1 MiB"}
	}
	// A server without deadlines of its own must not be held by a body that
	// comes octet by octet. Where deadlines cannot be set, the caller has none.
	http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyLife))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	var long *http.MaxBytesError
	switch {
	case errors.As(err, &long):
		return nil, &refusal{code: http.StatusRequestEntityTooLarge, why: "a body of more than 1 MiB"}
	case err != nil:
		return nil, &refusal{code: http.StatusBadRequest, why: "the body did not come whole"}
	}
	return b, nil
}

// unpack undoes gzip. The signature was over what was sent, so this is done only
// for who has proved who sends; it stops at MaxBody all the same.
func unpack(b []byte, encodings []string) ([]byte, *refusal) {
	switch {
	case len(encodings) == 0, len(encodings) == 1 && (encodings[0] == "" || encodings[0] == "identity"):
		return b, nil
	case len(encodings) != 1 || encodings[0] != "gzip" && encodings[0] != "x-gzip":
		return nil, &refusal{code: http.StatusUnsupportedMediaType, element: "Content-Encoding", why: "taken are gzip and none"}
	}
	bad := &refusal{code: http.StatusBadRequest, element: "Content-Encoding", why: "the body is not gzip"}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, bad
	}
	out, err := io.ReadAll(io.LimitReader(z, MaxBody+1))
	switch {
	case len(out) > MaxBody:
		return nil, &refusal{code: http.StatusRequestEntityTooLarge, why: "a body of more than 1 MiB, unpacked"}
	case err != nil:
		return nil, bad
	}
	return out, nil
}
