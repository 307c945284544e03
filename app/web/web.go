package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"kokoroe/app/calendar"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/fault"
	"kokoroe/app/identity"
	"kokoroe/app/learning"
	"kokoroe/app/locale"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/reminder"
	"kokoroe/app/report"
	"kokoroe/app/report/pdf"
	"kokoroe/app/web/view"
)

// Config is what a Server is made of.
type Config struct {
	BaseURL        *url.URL       // the only source of absolute addresses
	Hosts          []string       // other names that a proxy may ask for, with port
	TrustedProxies []netip.Prefix // may say in X-Forwarded-For whom they speak for
	Logger         *slog.Logger
	Now            calendar.Clock

	Locale    *locale.Catalogue
	View      *view.Renderer
	Assets    *view.Assets
	Identity  *identity.Service
	Learning  *learning.Service
	Policy    *policy.Service
	Duties    *duty.Service
	Ledger    *duty.Ledger
	Rosters   duty.Rosters
	Report    *report.Service
	Log       *evidence.Log
	Records   Records
	Mails     Mails
	Outbox    Outbox // nil: there is no mail server
	Reminders Reminders
	Glossary  func() []policy.Term // the one in force
	Jobs      Jobs                 // nil: nothing runs by itself
	Paper     *pdf.Writer

	LogKeys     []string                        // verifier keys of the log, the present one first
	TrustPolicy string                          // what verifiers are to trust, as their file says it
	Ready       func(ctx context.Context) error // nil: ready
}

// Records reads the evidence log. The store satisfies it.
type Records interface {
	// Entry returns the entry at seq. NotFound.
	Entry(ctx context.Context, seq int64) (evidence.Entry, error)
	// FindEntries returns the entries that match, newest first.
	FindEntries(ctx context.Context, q evidence.Query) ([]evidence.Entry, error)
	// EntriesFrom returns up to limit entries from seq on, in order.
	EntriesFrom(ctx context.Context, seq int64, limit int) ([]evidence.Entry, error)
	// CheckpointCovering returns the smallest checkpoint of at least size.
	// NotFound when none is that large yet.
	CheckpointCovering(ctx context.Context, size int64) (evidence.Checkpoint, error)
	// EntryByKey returns the entry with the idempotency key. NotFound.
	EntryByKey(ctx context.Context, key string) (evidence.Entry, error)
	// LogSize returns the number of entries.
	LogSize(ctx context.Context) (int64, error)
	// LastCheckpoint returns the largest checkpoint. NotFound before the first.
	LastCheckpoint(ctx context.Context) (evidence.Checkpoint, error)

	evidence.AuditStore
}

// Mails reads the log of what was mailed. The store satisfies it.
type Mails interface {
	// FindMessages returns the messages that match, newest first.
	FindMessages(ctx context.Context, q notify.MessageQuery) ([]notify.Message, error)
	// ListMessages returns the messages of a range, in the order of their keys.
	ListMessages(ctx context.Context, r notify.MessageRange) ([]notify.Message, error)
	// Messages returns those of the messages with these keys that there are.
	Messages(ctx context.Context, keys []string) ([]notify.Message, error)
	// CountRange counts the messages whose keys begin with the prefix.
	CountRange(ctx context.Context, prefix string) ([]notify.MessageCount, error)
}

// Outbox says how the mail stands.
type Outbox interface {
	Summary(ctx context.Context) (notify.Summary, error)
}

// Reminders has people reminded. The app satisfies it.
type Reminders interface {
	// Ladder is when people are reminded; nil: nobody is.
	Ladder() *reminder.Ladder
	// Outlook says what Remind would do, and does nothing.
	Outlook(ctx context.Context, actor evidence.Actor, req reminder.Request) (reminder.Outlook, error)
	// Remind puts in a reminder for people of a department, one a person and day.
	Remind(ctx context.Context, actor evidence.Actor, req reminder.Request) (reminder.Answer, error)
}

// Server answers requests.
type Server struct {
	cfg      Config
	app      *fiber.App
	ctx      context.Context // ends at Shutdown; every request's context is below it
	cancel   context.CancelFunc
	hosts    []string
	origin   string // of BaseURL
	instance string // names this one among several
	csp      string
	stopping atomic.Bool
	settled  settledDays
}

// New returns a Server with all routes mounted.
func New(cfg Config) (*Server, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{cfg: cfg, origin: cfg.BaseURL.Scheme + "://" + cfg.BaseURL.Host, instance: rand.Text()}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.hosts = append(s.hosts, strings.ToLower(cfg.BaseURL.Host))
	for _, h := range cfg.Hosts {
		s.hosts = append(s.hosts, strings.ToLower(h))
	}
	s.csp = contentSecurityPolicy(cfg.Identity.Origins())
	s.app = s.newFiber()
	s.app.Use(s.edge)
	s.routes()
	s.app.Use(func(c *fiber.Ctx) error { return s.unrouted(c) })
	return s, nil
}

// routes lists every route. Each has a row in identity's permission table; a
// test walks both.
func (s *Server) routes() {
	s.mountEntrance()
	s.mountTasks()
	s.mountCourses()
	s.mountPolicies()
	s.mountRecord()
	s.mountDepartments()
	s.mountReminders()
	s.mountAccounts()
	s.mountContracts()
	s.mountAudit()
	s.mountVerify()
}

type handler func(x *exchange) error

func (s *Server) get(route string, h handler) {
	s.app.Get(route, s.through(fiber.MethodGet, route, h)) // fiber answers HEAD with it too
}

func (s *Server) post(route string, h handler) {
	s.app.Post(route, s.through(fiber.MethodPost, route, func(x *exchange) error {
		if err := s.checkOrigin(x); err != nil {
			return err
		}
		return h(x)
	}))
}

// postUnchecked is for a POST that no form of ours makes: a provider's
// back-channel logout carries its own proof.
func (s *Server) postUnchecked(route string, h handler) {
	s.app.Post(route, s.through(fiber.MethodPost, route, h))
}

// through finds out who asks and whether they may before h does anything.
func (s *Server) through(method, route string, h handler) fiber.Handler {
	rule, ok := identity.RuleOf(method, route)
	if !ok {
		panic("route without a row in the permission table: " + method + " " + route)
	}
	return func(c *fiber.Ctx) error {
		x := exchangeOf(c)
		if err := s.know(x, rule.Public); err != nil {
			return err
		}
		if err := s.allow(x, method, route); err != nil {
			return err
		}
		if rule.Fresh && !s.cfg.Identity.Fresh(x.visitor.Session) {
			return s.signInAgain(x)
		}
		return h(x)
	}
}

// unrouted answers what no route matches: 405 when another method would.
func (s *Server) unrouted(c *fiber.Ctx) error {
	x := exchangeOf(c)
	if err := s.know(x, true); err != nil {
		return err
	}
	other := fiber.MethodPost
	if c.Method() == fiber.MethodPost {
		other = fiber.MethodGet
	}
	for _, r := range s.app.GetRoutes(true) {
		if r.Method == other && fiber.RoutePatternMatch(c.Path(), r.Path, fiber.Config{StrictRouting: true, CaseSensitive: true}) {
			return errMethod
		}
	}
	return fault.NotFoundf("no route")
}

// Routes returns every mounted route as method and pattern, for the tests that
// walk them.
func (s *Server) Routes() [][2]string {
	var out [][2]string
	for _, r := range s.app.GetRoutes(true) {
		if r.Method == fiber.MethodGet || r.Method == fiber.MethodPost {
			out = append(out, [2]string{r.Method, r.Path})
		}
	}
	return out
}

// render answers with a page. The page is complete before the first byte goes
// out.
func (s *Server) render(x *exchange, page string, data view.Data) error {
	x.c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	return s.cfg.View.Render(x.c.Response().BodyWriter(), page, data)
}
