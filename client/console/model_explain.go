package console

import (
	"context"
	"errors"
	"fmt"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// Explain puts a refusal or an error into the page's language. code is the reason's
// number, the same at both ends; 0 says that nothing was refused: there is no link, no
// microphone, or the time was not enough. What stands behind the colon is what the refusal concerns,
// as whoever refused has written it: a name, a limit, a date.
func Explain(err error, language phrase.Language) (code int, says string) {
	var refusal *proto.Refusal
	switch {
	case err == nil:
		return 0, ""
	case errors.As(err, &refusal):
		return int(refusal.Reason), refused(refusal, language)
	case errors.Is(err, client.ErrWaiting):
		return 0, phrase.Wording{"not sent yet: it waits in the outbox", "aún no se envía: espera en la bandeja de salida", "pas encore envoyé : en attente dans la boîte d'envoi"}.In(language)
	case errors.Is(err, client.ErrNoLink):
		return 0, phrase.Wording{"no link to the relay", "sin enlace con el repetidor", "aucune liaison avec le relais"}.In(language)
	case errors.Is(err, client.ErrBusy):
		return 0, phrase.Wording{"already talking on this channel", "ya está hablando en este canal", "vous parlez déjà sur ce canal"}.In(language)
	case errors.Is(err, ErrNoVoicePage):
		return 0, phrase.Wording{"no page has its microphone connected", "ninguna página tiene su micrófono conectado", "aucune page n'a son micro branché"}.In(language)
	case errors.Is(err, ErrVoiceTaken):
		return 0, phrase.Wording{"another page has taken the microphone over", "otra página tomó el micrófono", "une autre page a pris le micro"}.In(language)
	case errors.Is(err, ErrSilent):
		return 0, phrase.Wording{"nothing comes from the microphone", "no llega nada del micrófono", "rien ne vient du micro"}.In(language)
	case errors.Is(err, ErrPatched):
		return 0, phrase.Wording{"the channel is in a patch", "el canal está en un enlace", "le canal est dans une liaison"}.In(language)
	case errors.Is(err, ErrOffer):
		return 0, phrase.Wording{"the page's voice cannot be connected", "no se puede conectar la voz de la página", "la voix de la page ne peut être branchée"}.In(language)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return 0, phrase.Wording{"no answer in time", "sin respuesta a tiempo", "aucune réponse à temps"}.In(language)
	case errors.Is(err, phrase.ErrSlots), errors.Is(err, phrase.ErrContent):
		return int(proto.ReasonMalformed), refused(proto.Refuse(proto.ReasonMalformed, err.Error()), language)
	}
	return int(proto.ReasonInternal), refused(proto.Refuse(proto.ReasonInternal, ""), language)
}

// refused is a refusal as a sentence with its object and code.
func refused(r *proto.Refusal, l phrase.Language) string {
	says := r.Reason.Sentence(reasonsIn(l))
	if r.Detail != "" {
		says += phrase.Wording{": ", ": ", " : "}.In(l) + inert(r.Detail, maxDetail)
	}
	return fmt.Sprintf("%s (%d)", says, r.Reason)
}

// reason is why something was declined or has failed, without its object.
func reason(r proto.Reason, l phrase.Language) string {
	if r == proto.ReasonNone {
		return ""
	}
	return fmt.Sprintf("%s (%d)", r.Sentence(reasonsIn(l)), r)
}
