package console

import (
	"html/template"
	"net/http"
	"net/netip"

	"crossband/client/phrase"
)

// loginPolicy is for the one page that has a form.
const loginPolicy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxForm bounds a login's body in octets: the longest passphrase, percent-encoded.
const maxForm = 4 << 10

// front answers GET /: the page, or what stands before it.
func (s *Server) front(w http.ResponseWriter, r *http.Request) {
	if key := r.URL.Query().Get("key"); key != "" {
		s.enterByKey(w, r, key)
		return
	}
	if !s.guard.known(r) {
		s.loginPage(w, http.StatusUnauthorized, s.closedDoor())
		return
	}
	s.static.index(w, r)
}

// closedDoor says how one gets in.
func (s *Server) closedDoor() doorWord {
	if s.cfg.Passphrase != nil {
		return doorAsk
	}
	return doorAddress
}

// enterByKey lets in who has the address that was printed, and takes the secret out of
// the address bar.
func (s *Server) enterByKey(w http.ResponseWriter, r *http.Request, key string) {
	if !s.loopback || !s.key.is(key) {
		s.log.Warn("console: wrong key", "from", r.RemoteAddr)
		s.loginPage(w, http.StatusForbidden, s.closedDoor())
		return
	}
	s.guard.let(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// login answers POST /login.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	if s.cfg.Passphrase == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !s.attempts.allowed(from.Addr()) {
		s.log.Warn("console: too many passphrases", "from", r.RemoteAddr)
		s.loginPage(w, http.StatusTooManyRequests, doorWait)
		return
	}
	if !s.opens(r) {
		s.log.Warn("console: wrong passphrase", "from", r.RemoteAddr)
		s.loginPage(w, http.StatusForbidden, doorWrong)
		return
	}
	s.attempts.forgive(from.Addr())
	s.log.Info("console: logged in", "from", r.RemoteAddr)
	s.guard.let(w)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// opens tries a passphrase, one at a time: each costs a tenth of a second of a core
// that voice needs too.
func (s *Server) opens(r *http.Request) bool {
	select {
	case s.trying <- struct{}{}:
		defer func() { <-s.trying }()
		return s.cfg.Passphrase.opens(r.PostForm.Get("passphrase"))
	case <-r.Context().Done():
		return false
	}
}

// logout answers POST /logout.
func (s *Server) logout(w http.ResponseWriter, r *http.Request) {
	s.guard.out(w, r)
	w.WriteHeader(http.StatusNoContent)
}

// doorWord is what the page before the page says.
type doorWord uint8

const (
	doorAsk     doorWord = iota // for the passphrase
	doorWrong                   // it was not it
	doorWait                    // too many were wrong
	doorAddress                 // there is none: the printed address lets in
)

func (d doorWord) says(l phrase.Language) string {
	text := [...][3]string{
		doorAsk:   {"Say who you are.", "Identifíquese.", "Identifiez-vous."},
		doorWrong: {"This is not the passphrase.", "Esta no es la frase de contraseña.", "Ce n'est pas la phrase de passe."},
		doorWait: {"Too many wrong passphrases. Try again in five minutes.", "Demasiadas frases de contraseña equivocadas. Intente de nuevo en cinco minutos.",
			"Trop de phrases de passe erronées. Réessayez dans cinq minutes."},
		doorAddress: {"Open the whole address that was printed when this console began: it holds the key.",
			"Abra la dirección completa que se mostró al iniciar esta consola: contiene la clave.",
			"Ouvrez l'adresse complète affichée au démarrage de cette console : elle contient la clé."},
	}
	return text[d][column(l)]
}

// column is a language's place in a table of three.
func column(l phrase.Language) int {
	switch l {
	case phrase.Spanish, phrase.SpanishUnitedStates:
		return 1
	case phrase.French:
		return 2
	}
	return 0
}

// door is what loginForm shows.
type door struct {
	Language, Says, Label, Button string
	Form                          bool
}

const loginForm = `<!doctype html>
<html lang="{{.Language}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Crossband</title></head>
<body><main><h1>Crossband</h1><p role="status">{{.Says}}</p>
{{if .Form}}<form method="post" action="/login">
<p><label for="passphrase">{{.Label}}</label>
<input id="passphrase" name="passphrase" type="password" autocomplete="current-password" required autofocus></p>
<p><button type="submit">{{.Button}}</button></p></form>{{end}}
</main></body></html>
`

func (s *Server) loginPage(w http.ResponseWriter, status int, d doorWord) {
	l := s.language()
	c := column(l)
	w.Header().Set("Content-Security-Policy", loginPolicy)
	w.Header().Set("Referrer-Policy", "same-origin") // under no-referrer a form's Origin is null (Fetch 3.2)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	err := s.door.Execute(w, door{
		Language: [...]string{"en", "es", "fr"}[c], Says: d.says(l),
		Label:  [...]string{"Passphrase", "Frase de contraseña", "Phrase de passe"}[c],
		Button: [...]string{"Enter", "Entrar", "Entrer"}[c],
		Form:   s.cfg.Passphrase != nil && d != doorAddress,
	})
	if err != nil {
		s.log.Debug("console: login page", "why", err.Error())
	}
}

func newDoor() (*template.Template, error) { return template.New("login").Parse(loginForm) }
