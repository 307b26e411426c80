package sandbox

import (
	"bytes"
	"embed"
	"html/template"
	"log/slog"
	"net/http"

	"github.com/gorilla/mux"
)

//go:embed templates/*.html
var templateFiles embed.FS

// One set per page: each defines "content" and "title" for the shared layout.
var pages = func() map[string]*template.Template {
	out := map[string]*template.Template{}
	for _, name := range []string{"index", "checkout", "checkout_done", "threeds", "inbox", "message", "notfound", "razorpay", "paypal", "paypal_done"} {
		out[name] = template.Must(template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html"))
	}
	return out
}()

// pagePolicy allows our own inline styles and nothing that runs. Mails are
// shown in frames, which inherit it: their images may come from anywhere.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data: http: https:; font-src data: https:; frame-src 'self'; base-uri 'none'; frame-ancestors 'none'"

func renderPage(w http.ResponseWriter, log *slog.Logger, status int, name string, data any) {
	var body bytes.Buffer
	if err := pages[name].ExecuteTemplate(&body, "layout", data); err != nil {
		log.Error("sandbox: render page", "page", name, "error", err)
		http.Error(w, "The page could not be shown.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	// The address holds a client secret: it must not travel on.
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes())
}

func (s *Server) pageRoutes(r *mux.Router) {
	r.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		renderPage(w, s.log, http.StatusOK, "index", map[string]any{
			"Cards": testCards, "RazorpayCards": razorpayCards, "Accounts": paypalAccounts, "Faults": s.faults.list(), "PublicURL": s.stripe.publicURL,
			"WebhookURL": s.webhooks.to[vendorStripe].url,
		})
	}).Methods("GET")
	r.NotFoundHandler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		writeProblem(w, http.StatusNotFound, "The sandbox has nothing at "+req.URL.Path+". GET / lists what there is.")
	})
}

func (s *Server) pageNotFound(w http.ResponseWriter, what string) {
	renderPage(w, s.log, http.StatusNotFound, "notfound", map[string]any{"What": what})
}
