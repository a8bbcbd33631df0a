package edxl

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// check returns why a message cannot be written, or nil.
func check(m Message) error {
	h, k, items := m.header(), m.kind(), m.items()
	if err := h.check(k); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrMessage, k, err)
	}
	if len(items) == 0 || len(items) > MaxItems {
		return fmt.Errorf("%w: %s: %d items, want 1 to %d", ErrMessage, k, len(items), MaxItems)
	}
	seen := map[ItemID]bool{}
	for n, i := range items {
		err := i.check(k)
		if err == nil && seen[i.ID] {
			err = fmt.Errorf("identifier %q is used twice", i.ID)
		}
		if err != nil {
			return fmt.Errorf("%w: %s: item %d: %w", ErrMessage, k, n+1, err)
		}
		seen[i.ID] = true
	}
	return nil
}

func (h *Header) check(k kind) error {
	if err := first(
		needID("message", string(h.ID)), needID("originating message", string(h.Originating)), checkTime("sent", h.Sent),
		h.checkPreceding(k), checkText("description", h.Description),
		checkText("incident identifier", h.Incident.ID), checkText("incident description", h.Incident.Description),
		h.Recall.check(),
	); err != nil {
		return err
	}
	if !h.Exercise && (strings.HasPrefix(h.Description, ExerciseMark) || strings.HasPrefix(h.Incident.Description, ExerciseMark)) {
		return fmt.Errorf("a text begins with the mark of an exercise, which it is not")
	}
	if len(h.Contacts) == 0 || len(h.Contacts) > MaxContacts {
		return fmt.Errorf("%d contacts, want 1 to %d", len(h.Contacts), MaxContacts)
	}
	for n, c := range h.Contacts {
		if err := c.check(); err != nil {
			return fmt.Errorf("contact %d: %w", n+1, err)
		}
	}
	return nil
}

// checkPreceding: an answer follows a message, a Request follows none.
func (h *Header) checkPreceding(k kind) error {
	switch {
	case k == kindRequest && h.Preceding != "":
		return fmt.Errorf("a request follows no message")
	case (k == kindResponse || k == kindCommitment) && h.Preceding == "":
		return fmt.Errorf("it does not say which message it follows")
	}
	return checkID("preceding message", string(h.Preceding))
}

func (r Recall) check() error {
	if r == (Recall{}) {
		return nil
	}
	if r.Type != RecallUpdate && r.Type != RecallCancel {
		return fmt.Errorf("recall type %q", r.Type)
	}
	return needID("recalled message", string(r.Message))
}

func (c Contact) check() error {
	roles := []Role{"", RoleSender, RoleRequester, RoleExpert, RoleApprover, RoleRespondingOrg, RoleOwner}
	switch {
	case c.Description == "" && c.Role == "":
		return fmt.Errorf("neither a description nor a role")
	case !slices.Contains(roles, c.Role):
		return fmt.Errorf("role %q", c.Role)
	case c.Radio != (Radio{}) && (c.Radio.Type == (Term{}) || c.Radio.Channel == ""):
		return fmt.Errorf("a radio needs a type and a channel")
	}
	return first(checkText("description", c.Description), checkText("place", c.Place),
		c.Radio.Type.check(), checkText("radio channel", c.Radio.Channel))
}

func (t Term) check() error {
	if t == (Term{}) {
		return nil
	}
	if !isURI(t.List) || t.Value == "" {
		return fmt.Errorf("list %q, value %q: want a URI and a value", t.List, t.Value)
	}
	return checkText("value", t.Value)
}

func (i item) check(k kind) error {
	gives := i.Quantity != "" || i.Function != "" || len(i.Schedule) > 0
	accepts := k == kindCommitment || k == kindRelease || i.answer == Accept || i.answer == Provisional
	switch {
	case i.answer == Decline && gives:
		return fmt.Errorf("a declined item gives nothing")
	case i.Resource == (Resource{}) && (k != kindResponse):
		return fmt.Errorf("no resource")
	case k == kindRequest && i.Resource.Owner != "":
		return fmt.Errorf("what is asked for has no owner yet")
	case accepts && i.Quantity == "" && (i.Function != "" || k == kindCommitment):
		return fmt.Errorf("no quantity")
	case k == kindCommitment && len(i.Schedule) == 0:
		return fmt.Errorf("no schedule")
	case len(i.Schedule) > MaxSchedule:
		return fmt.Errorf("%d schedules, want at most %d", len(i.Schedule), MaxSchedule)
	}
	for _, s := range i.Schedule {
		if err := s.check(k); err != nil {
			return err
		}
	}
	return first(needID("item", string(i.ID)), i.checkAnswer(), i.Resource.check(),
		checkText("quantity", i.Quantity), checkText("function", i.Function))
}

func (i item) checkAnswer() error {
	switch {
	case !i.answers:
		return nil
	case i.answer != Accept && i.answer != Decline && i.answer != Provisional:
		return fmt.Errorf("answer %q", i.answer)
	case i.answer == Provisional && i.reason == (Reason{}):
		return fmt.Errorf("a provisional answer needs a reason")
	}
	return first(needID("answered item", string(i.to)), i.reason.Code.check(), checkText("reason", i.reason.Text))
}

func (r Resource) check() error {
	if r != (Resource{}) && r.ID == "" && r.Name == "" && r.Type == (Term{}) {
		return fmt.Errorf("a resource needs an identifier, a name or a type")
	}
	return first(checkText("resource identifier", r.ID), checkText("resource name", r.Name), r.Type.check(),
		checkText("resource description", r.Description), checkText("owner", r.Owner))
}

func (s Schedule) check(k kind) error {
	if !slices.Contains(schedules(k), s.Type) {
		return fmt.Errorf("schedule type %q is not one of %s", s.Type, k)
	}
	if s.At.IsZero() {
		return checkText("place", s.Place)
	}
	return first(checkTime("schedule", s.At), checkText("place", s.Place))
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func needID(what, id string) error {
	if id == "" {
		return fmt.Errorf("no %s identifier", what)
	}
	return checkID(what, id)
}

// checkID wants an identifier that survives every handling: no white space at
// its ends, nothing unprintable.
func checkID(what, id string) error {
	if len(id) > MaxID {
		return fmt.Errorf("%s identifier of %d octets, at most %d", what, len(id), MaxID)
	}
	if id != strings.TrimSpace(id) || id != Visible(id) || strings.ContainsAny(id, "\t\n\r") {
		return fmt.Errorf("%s identifier %q holds what an identifier must not", what, id)
	}
	return nil
}

func checkText(what, s string) error {
	if len(s) > MaxText {
		return fmt.Errorf("%s of %d octets, at most %d", what, len(s), MaxText)
	}
	return nil
}

// checkTime wants a year that the schema's dateTime writes in four digits.
func checkTime(what string, t time.Time) error {
	if y := t.UTC().Year(); t.IsZero() || y < 2 || y > 9998 {
		return fmt.Errorf("%s time %v", what, t)
	}
	return nil
}

// isURI is stricter than the schema's anyURI: a scheme (RFC 3986 section 3.1),
// and only characters that need no escape.
func isURI(s string) bool {
	scheme, rest, _ := strings.Cut(s, ":")
	if scheme == "" || rest == "" || len(s) > MaxID || strings.Count(s, "#") > 1 {
		return false
	}
	return isASCIILetter(rune(scheme[0])) && all(scheme, "+-.") && all(rest, "-._~:/?#@!$&'()*+,;=")
}

// all reports whether s holds ASCII letters, digits and these others only.
func all(s, others string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !isASCIILetter(r) && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

func isASCIILetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
