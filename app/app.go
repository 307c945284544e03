package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"kokoroe/app/calendar"
	"kokoroe/app/duty"
	"kokoroe/app/evidence"
	"kokoroe/app/identity"
	"kokoroe/app/job"
	"kokoroe/app/learning"
	"kokoroe/app/locale"
	"kokoroe/app/notify"
	"kokoroe/app/policy"
	"kokoroe/app/report"
	"kokoroe/app/report/pdf"
	"kokoroe/app/retention"
	"kokoroe/app/web"
	"kokoroe/app/web/view"
)

// App is the program, put together and not yet listening.
type App struct {
	*Installation
	Registers *Registers
	Ledger    *duty.Ledger
	Identity  *identity.Service
	Learning  *learning.Service
	Policy    *policy.Service
	Duties    *duty.Service
	Report    *report.Service
	Retention *retention.Service
	Jobs      *job.Runner
	Outbox    *notify.Outbox // nil: no mail
	Reminders *Reminders
	Web       *web.Server

	languages []string
	inForce   atomic.Pointer[inForce] // set before anything asks
	refused   atomic.Pointer[refusal] // nil: the newest edition is in force here
	taking    sync.Mutex              // one edition at a time is taken over
	recorded  int64                   // number of an edition whose publication is recorded, or need not be; taking guards it
	mailing   *mailing                // nil: no mail
}

// New puts the program together: content is checked, the store opened, what was
// never in force published, the log read. Whatever is wrong is said before
// anything listens.
func New(ctx context.Context, cfg Config) (_ *App, err error) {
	cfg = cfg.withDefaults()
	a := &App{Installation: &Installation{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	sender, err := openSender(cfg)
	if err != nil {
		return nil, err
	}
	messages, err := locale.Load(cfg.Locales)
	if err != nil {
		return nil, err
	}
	a.languages = languagesOf(messages)
	own, err := readDrafts(cfg, a.languages)
	if err != nil {
		return nil, err
	}
	in, err := OpenInstallation(ctx, cfg)
	if err != nil {
		return nil, err
	}
	a.Installation = in
	if err := a.OpenLog(ctx); err != nil {
		return nil, err
	}
	if err := a.start(ctx, own); err != nil {
		return nil, err
	}
	if err := a.compareSettings(ctx); err != nil {
		return nil, err
	}
	if err := a.openServices(ctx); err != nil {
		return nil, err
	}
	a.Reminders = &Reminders{app: a, messages: messages, covered: map[calendar.Date]calendar.Period{}}
	if err := a.openMail(ctx, sender, messages); err != nil {
		return nil, err
	}
	a.openJobs()
	return a, a.openWeb(messages)
}

func languagesOf(messages *locale.Catalogue) []string {
	var out []string
	for _, tag := range messages.Languages() {
		out = append(out, string(tag))
	}
	return out
}

// noticing tells the ledger of every append of this instance.
type noticing struct {
	log    *evidence.Log
	ledger *duty.Ledger
}

func (n noticing) Append(ctx context.Context, s evidence.Statement) (evidence.Entry, error) {
	e, err := n.log.Append(ctx, s)
	n.ledger.Noticed()
	return e, err
}

// Staleness is how long what another instance did may go unseen: a record, an
// import of the roster, the end of a session. Two seconds are promised. Editions are
// asked for every second.
const Staleness = 500 * time.Millisecond

func (a *App) openServices(ctx context.Context) error {
	a.Rosters.Staleness = Staleness
	a.Registers = &Registers{inForce: func() *RegisterSet { return a.inForce.Load().registers }, rosters: a.Rosters}
	a.Ledger = duty.NewLedger(duty.Config{
		Rules: duty.Rules{Requirements: a.Catalogue().Requirements, Versions: a.Catalogue().Policies},
		Kinds: map[string]duty.MarkSort{
			learning.KindPassed: duty.Fulfils, policy.KindAcknowledged: duty.Fulfils,
			policy.KindDeclined: duty.Declines, duty.KindExempted: duty.Exempts,
		},
		Log: a.Store, Rosters: a.Rosters, Registers: a.Registers,
		Activities: activities{a.Store}, Now: a.cfg.Now, Staleness: Staleness,
	})
	log := noticing{a.Log, a.Ledger}
	a.Policy = &policy.Service{
		Store: a.Store, Log: log, Catalogue: func() *policy.Catalogue { return a.Catalogue().Policies }, Duties: duties{a.Ledger}, Now: a.cfg.Now,
	}
	a.Duties = &duty.Service{Log: log, Ledger: a.Ledger, Now: a.cfg.Now}
	a.Report = &report.Service{Ledger: a.Ledger, Rosters: a.Rosters, Registers: a.Registers, Now: a.cfg.Now}
	a.Learning = &learning.Service{
		Store: a.Store, Log: log, Records: a.Store, Catalogue: func() *learning.Catalogue { return a.Catalogue().Courses },
		Duties: duties{a.Ledger}, Now: a.cfg.Now,
	}
	var err error
	a.Identity, err = identity.New(identity.Config{
		BaseURL: a.cfg.BaseURL, Providers: a.cfg.Providers, Grants: a.Registers.Grants,
		Idle: a.cfg.Idle, Absolute: a.cfg.Absolute, Clock: a.cfg.Now, Staleness: Staleness,
	}, a.Store, people{a.Rosters})
	if err != nil {
		return err
	}
	return a.Ledger.Refresh(ctx)
}

func (a *App) openWeb(messages *locale.Catalogue) error {
	base, err := url.Parse(a.cfg.BaseURL)
	if err != nil {
		return fmt.Errorf("base URL: %w", err)
	}
	trust, err := evidence.FormatTrustPolicy(a.Keys.TrustPolicy(a.cfg.Witnesses))
	if err != nil {
		return err
	}
	trusted, err := proxies(a.cfg.TrustedProxies)
	if err != nil {
		return err
	}
	assets, err := view.NewAssets(a.cfg.Static)
	if err != nil {
		return err
	}
	fonts, err := fs.Sub(a.cfg.Static, "fonts")
	if err != nil {
		return err
	}
	paper, err := pdf.New(fonts)
	if err != nil {
		return err
	}
	renderer, err := view.New(view.Templates, view.Config{Catalogue: messages, Assets: assets, Organisation: a.organisation})
	if err != nil {
		return err
	}
	var outbox web.Outbox
	if a.Outbox != nil {
		outbox = a.Outbox
	}
	a.Web, err = web.New(web.Config{
		BaseURL: base, Hosts: a.cfg.Hosts, TrustedProxies: trusted, Logger: a.cfg.Logger, Now: a.cfg.Now,
		Locale: messages, View: renderer, Assets: assets,
		Identity: a.Identity, Learning: a.Learning, Policy: a.Policy, Duties: a.Duties, Ledger: a.Ledger,
		Rosters: a.Rosters, Report: a.Report, Log: a.Log, Records: a.Store, Mails: a.Store, Glossary: func() []policy.Term { return a.Catalogue().Glossary },
		Paper: paper, LogKeys: a.Keys.All, TrustPolicy: string(trust),
		Ready: a.ready, Jobs: a.Store, Reminders: a.Reminders, Outbox: outbox,
	})
	return err
}

// organisation is what the city is called on every page: the configured name,
// or the one in the catalogue.
func (a *App) organisation(p *locale.Printer) string {
	if a.cfg.City != "" {
		return a.cfg.City
	}
	return p.T("common.organisation")
}

// ready says why the portal cannot take acknowledgements, or nil.
func (a *App) ready(ctx context.Context) error {
	return errors.Join(a.Store.Ping(ctx), a.Log.Trouble(), a.refused.Load().err())
}

const (
	sweepEvery   = 5 * time.Minute
	shutdownWait = 20 * time.Second
)

// Run serves on ln until ctx ends, then lets what has begun finish.
func (a *App) Run(ctx context.Context, ln net.Listener) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.Web.Serve(ln) })
	group.Go(func() error { return a.sweep(ctx) })
	group.Go(func() error { return a.Jobs.Loop(ctx) })
	group.Go(func() error { return a.follow(ctx) })
	if a.mailing != nil {
		group.Go(func() error { return a.mailing.run(ctx) })
	}
	group.Go(func() error {
		<-ctx.Done()
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
		defer cancel()
		return a.Web.Shutdown(stopping)
	})
	return group.Wait()
}

// sweep removes expired sessions. Nothing but the size of the store depends on
// it.
func (a *App) sweep(ctx context.Context) error {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			if err := a.Identity.Sweep(ctx); err != nil && ctx.Err() == nil {
				a.cfg.Logger.Error("sweeping sessions", "cause", err.Error())
			}
		}
	}
}
