package console

import (
	"context"
	"errors"

	"crossband/client"
	"crossband/client/phrase"
	"crossband/proto"
)

// explain says what an error means in the page's language. The code is the refusal's;
// 0: it is none.
func explain(err error, l phrase.Language) (code int, says string) {
	var r *proto.Refusal
	if errors.As(err, &r) {
		return int(r.Reason), phrase.Inert(r.Text(proto.Language(column(l))))
	}
	text := [3]string{"it did not work; the log of this endpoint says why", "no se logró; el registro de este equipo dice por qué", "échec ; le journal de ce poste dit pourquoi"}
	switch {
	case errors.Is(err, client.ErrWaiting):
		text = [3]string{"not sent yet: it waits in the outbox", "aún no enviado: espera en la bandeja de salida", "pas encore envoyé : en attente dans la boîte d'envoi"}
	case errors.Is(err, client.ErrBusy):
		text = [3]string{"you are talking already", "usted ya está hablando", "vous parlez déjà"}
	case errors.Is(err, client.ErrNoLink):
		text = [3]string{"no link to the relay", "sin enlace con el relevo", "aucune liaison avec le relais"}
	case errors.Is(err, context.DeadlineExceeded):
		text = [3]string{"no answer in time", "sin respuesta a tiempo", "pas de réponse à temps"}
	}
	return 0, text[column(l)]
}
