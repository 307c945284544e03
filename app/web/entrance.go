package web

import (
	"errors"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/locale"
	"kokoroe/app/web/view"
)

// mountEntrance mounts what needs nobody signed in: the front page, sign-in
// and sign-out, the language, help, static files, health.
func (s *Server) mountEntrance() {
	s.get("/", s.welcome)
	s.get("/sign-in", s.welcome)
	s.post("/sign-in/:provider", s.beginSignIn)
	s.get("/sign-in/:provider/callback", s.finishSignIn)
	s.postUnchecked("/sign-in/:provider/back-channel-logout", s.backChannelLogout)
	s.post("/sign-out", s.signOut)
	s.get("/signed-out", s.signedOut)
	s.post("/language", s.language)
	s.get("/help", s.text("home/help", "common.help"))
	s.get("/accessibility", s.text("home/accessibility", "common.accessibility"))
	s.get("/privacy", s.text("home/privacy", "common.privacy"))
	s.app.Get("/static/:version/*", s.static)
	s.get("/healthz", s.health)
	s.get("/readyz", s.readiness)
}

// welcomePage is the front page with a button for each provider.
type welcomePage struct {
	*view.Page
	Providers []welcomeProvider
	ReturnTo  string // where to go after signing in
	Asked     bool   // the reader wanted another page and must sign in first
}

type welcomeProvider struct{ ID, Title string }

// welcome shows the front page, or sends who is signed in on to their tasks.
func (s *Server) welcome(x *exchange) error {
	if x.visitor != nil {
		return x.seeOther(s.homeOf(x))
	}
	page := welcomePage{Page: s.page(x), ReturnTo: localPath(x.query("return"))}
	page.Asked = page.ReturnTo != "" && page.ReturnTo != "/"
	if page.Asked {
		page.Title = page.T("common.sign_in")
	}
	for _, p := range s.cfg.Identity.Providers() {
		title := p.Title[string(x.Tag())]
		if title == "" {
			title = p.Title[string(locale.Prevailing)]
		}
		page.Providers = append(page.Providers, welcomeProvider{ID: p.ID, Title: title})
	}
	return s.render(x, "home/welcome", page)
}

// homeOf is where work begins: an auditor without duties of the day is no
// exception, duties come first.
func (s *Server) homeOf(*exchange) string { return "/tasks" }

// localPath returns p when a browser cannot take it for another host's.
func localPath(p string) string {
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") || strings.ContainsAny(p, "\\\r\n\t") {
		return ""
	}
	u, err := url.Parse(p)
	if err != nil || u.Host != "" || u.IsAbs() {
		return ""
	}
	return p
}

// beginSignIn sends the browser to the provider.
func (s *Server) beginSignIn(x *exchange) error {
	begin := s.cfg.Identity.Begin
	if x.visitor != nil { // who is signed in proves it again
		begin = s.cfg.Identity.BeginFresh
	}
	if x.browser == "" {
		x.browser = identity.NewToken()
		setCookie(x.c, browserCookie, x.browser, 0)
	}
	address, err := begin(x.ctx, x.param("provider"), x.browser, localPath(x.form("return")))
	if err != nil {
		return err
	}
	x.c.Set(fiber.HeaderLocation, address)
	x.c.Status(fiber.StatusSeeOther)
	return nil
}

// againPage asks somebody who is signed in to prove it again.
type againPage struct {
	*view.Page
	Provider, ReturnTo string
}

// signInAgain answers what only somebody freshly signed in may do. Nothing was
// done; the page leads to the provider and back to where the form was.
func (s *Server) signInAgain(x *exchange) error {
	page := againPage{Page: s.titled(x, x.T("sign_in.again.title")), Provider: x.visitor.Session.Provider, ReturnTo: "/tasks"}
	// A form of administration goes to an address below the page that it is on.
	if above := path.Dir(x.c.Path()); above != "/" && localPath(above) != "" {
		page.ReturnTo = above
	}
	s.security(x, "fresh sign-in asked")
	x.c.Status(fiber.StatusUnauthorized)
	return s.render(x, "signin/again", page)
}

// finishSignIn takes the browser back from the provider. It writes although it
// is a GET: the protocol (OpenID Connect Core, 3.1.2.5) has it so, and the
// state makes it good for one time and one browser.
func (s *Server) finishSignIn(x *exchange) error {
	callback, err := identity.ParseCallback(string(x.c.Request().URI().QueryString()))
	if err != nil {
		return err
	}
	signedIn, err := s.cfg.Identity.Finish(x.ctx, x.param("provider"), x.c.Cookies(browserCookie), callback, x.c.Cookies(sessionCookie))
	if err != nil {
		s.security(x, "sign-in refused", "provider", x.param("provider"))
		return err
	}
	setCookie(x.c, sessionCookie, signedIn.Token, 0)
	dropCookie(x.c, browserCookie)
	to := localPath(signedIn.ReturnTo)
	if to == "" || to == "/" {
		to = "/tasks"
	}
	s.security(x, "signed in", "person", string(signedIn.Session.Person), "provider", x.param("provider"))
	return x.seeOther(to)
}

// backChannelLogout is the provider's word that a session is over (OpenID
// Connect Back-Channel Logout 1.0). It answers 400 to what is not valid.
func (s *Server) backChannelLogout(x *exchange) error {
	err := s.cfg.Identity.BackChannelLogout(x.ctx, x.param("provider"), x.posted("logout_token"))
	switch {
	case err == nil:
		x.c.Status(fiber.StatusOK)
		return nil
	case fault.Is(err, fault.Unavailable), fault.Is(err, fault.Internal):
		return err
	}
	s.security(x, "logout token refused", "provider", x.param("provider"), "cause", err.Error())
	x.c.Status(fiber.StatusBadRequest)
	return nil
}

// signOut ends the session here and, when the provider offers it, there.
func (s *Server) signOut(x *exchange) error {
	address, err := s.cfg.Identity.SignOut(x.ctx, x.token)
	if err != nil {
		return err
	}
	dropCookie(x.c, sessionCookie)
	x.c.Set("Clear-Site-Data", `"cache", "storage"`)
	if address == "" {
		return x.seeOther("/signed-out")
	}
	x.c.Set(fiber.HeaderLocation, address)
	x.c.Status(fiber.StatusSeeOther)
	return nil
}

func (s *Server) signedOut(x *exchange) error {
	return s.render(x, "signin/signed_out", s.titled(x, x.T("common.signed_out")))
}

// languageKept is how long a chosen language is remembered.
const languageKept = 365 * 24 * time.Hour

// languageForm is the choice, and where the reader was.
type languageForm struct {
	Lang string `form:"lang" validate:"required,bcp47_language_tag" wrong:"error.language"`
	Back string `form:"back"`
}

// language keeps the chosen language and goes back to where the reader was.
func (s *Server) language(x *exchange) error {
	var form languageForm
	if err := x.decode(&form); err != nil || !s.cfg.Locale.Has(locale.Tag(form.Lang)) {
		return fault.New(fault.Invalid, "error.language", nil)
	}
	setCookie(x.c, languageCookie, form.Lang, languageKept)
	back := localPath(form.Back)
	if back == "" {
		back = "/"
	}
	return x.seeOther(back)
}

// text answers with a page that holds nothing but words.
func (s *Server) text(page, title string) handler {
	return func(x *exchange) error { return s.render(x, page, s.titled(x, x.T(title))) }
}

// static answers with a file under its hashed address; it needs no session and
// may be kept for ever.
func (s *Server) static(c *fiber.Ctx) error {
	asset, ok := s.cfg.Assets.Lookup(c.Path())
	if !ok {
		return fault.NotFoundf("no static file")
	}
	c.Set(fiber.HeaderContentType, asset.ContentType)
	if asset.Immutable {
		c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	}
	return c.Send(asset.Bytes)
}

// health answers whether the process works.
func (s *Server) health(x *exchange) error { return plain(x, fiber.StatusOK, "ok\n") }

// readiness answers whether acknowledgements can be taken: the store works,
// the log trusts it, and the server is not stopping. A word says why not, such
// as "away", "full", "read-only", "no-primary", "store-went-back".
func (s *Server) readiness(x *exchange) error {
	if s.stopping.Load() {
		return plain(x, fiber.StatusServiceUnavailable, "stopping\n")
	}
	if s.cfg.Ready != nil {
		if err := s.cfg.Ready(x.ctx); err != nil {
			s.cfg.Logger.Warn("not ready", "cause", err.Error())
			return plain(x, fiber.StatusServiceUnavailable, "not ready"+inAWord(err)+"\n")
		}
	}
	return plain(x, fiber.StatusOK, "ready\n")
}

// inAWord is the name of the first fault in err without its area, behind a colon.
func inAWord(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return ""
	}
	_, word, _ := strings.Cut(f.MessageID, ".")
	return ": " + strings.ReplaceAll(word, "_", "-")
}

func plain(x *exchange, status int, text string) error {
	x.c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	x.c.Status(status)
	return x.c.SendString(text)
}
