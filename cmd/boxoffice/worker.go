package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/boxoffice/boxoffice/activities"
	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/bookings"
	"github.com/boxoffice/boxoffice/internal/config"
	"github.com/boxoffice/boxoffice/internal/keyring"
	"github.com/boxoffice/boxoffice/internal/links"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/internal/notify/sendgrid"
	"github.com/boxoffice/boxoffice/internal/notify/twilio"
	"github.com/boxoffice/boxoffice/internal/notify/webpush"
	"github.com/boxoffice/boxoffice/internal/payments"
	"github.com/boxoffice/boxoffice/internal/recommendations"
	"github.com/boxoffice/boxoffice/internal/retention"
	"github.com/boxoffice/boxoffice/internal/showchanges"
	"github.com/boxoffice/boxoffice/internal/shows"
	"github.com/boxoffice/boxoffice/internal/temporal"
	"github.com/boxoffice/boxoffice/internal/vendors"
	"github.com/boxoffice/boxoffice/workers"
	"github.com/boxoffice/boxoffice/workflows"
)

const (
	// prepareWithin is how long a worker waits for a Temporal that starts up
	// beside it.
	prepareWithin = time.Minute
	// historiesKept is how long a booking that is over can be read in the Temporal
	// UI. The database keeps its content forever.
	historiesKept = 30 * 24 * time.Hour
)

type workerCommand struct {
	Queues []string `help:"Task queues to serve, by comma: bookings, payments, notifications, reminders, operations, theaters, recommendations. All when left out."`
}

// Run works until it is told to stop.
func (c *workerCommand) Run(ctx context.Context) error {
	p, err := openPlatform(ctx, config.Worker)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.prepareTemporal(ctx); err != nil {
		return err
	}
	deployment, err := deploymentOf(p.config, commit())
	if err != nil {
		return err
	}
	effects, err := p.activities(ctx, c.Queues)
	if err != nil {
		return err
	}
	if err := p.serveMetrics(); err != nil {
		return err
	}
	senders, err := p.senders()
	if err != nil {
		return err
	}
	stopLetters, err := p.sendLetters(ctx, c.Queues, senders)
	if err != nil {
		return err
	}
	defer stopLetters()
	if named(c.Queues, workflows.QueueOperations) {
		if err := p.schedules().Ensure(ctx, p.temporal); err != nil {
			return err
		}
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case err := <-p.misfit:
			stop(err)
		case <-ctx.Done():
		}
	}()
	err = workers.Run(ctx, workers.Options{
		Client: p.temporal, Queues: c.Queues, Activities: effects, Alerts: effects.Seats.Inventory, Logger: p.log, Deployment: deployment,
		Holds:             bookings.New(shows.New(p.db.Pool, p.bus.Publish)),
		PaymentsPerSecond: p.config.PaymentsPerSecond, MessagesPerSecond: p.config.MessagesPerSecond,
	})
	// A worker that lacks the key must not take work from workers that have it. It does not
	// start again either, until it has the key.
	var misfit *keyring.MisfitError
	if errors.As(context.Cause(ctx), &misfit) {
		return errors.Join(misfit, err)
	}
	return err
}

// deploymentOf is the worker deployment that the settings name. A build that no deployment
// named is the commit that the program was built from.
func deploymentOf(cfg config.Config, commit string) (workers.Deployment, error) {
	if cfg.WorkerDeployment == "" {
		return workers.Deployment{}, nil
	}
	build := cmp.Or(cfg.BuildID, commit)
	if build == "" {
		return workers.Deployment{}, errors.New("BUILD_ID: is not set, WORKER_DEPLOYMENT is, and this program does not know its commit " +
			"(it was built outside of git, or from files that are not committed). Give each build a name of its own, for example 2026-12-09.1")
	}
	return workers.Deployment{Name: cfg.WorkerDeployment, BuildID: build}, nil
}

func (p *platform) prepareTemporal(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, prepareWithin)
	defer cancel()
	if err := temporal.Prepare(ctx, p.temporal, p.config.TemporalNamespace, historiesKept,
		workflows.SearchAttributes()...); err != nil {
		return fmt.Errorf("prepare Temporal at %s: %w", p.config.TemporalAddress, err)
	}
	return nil
}

// schedules are what is done regularly.
func (p *platform) schedules() workers.Schedules {
	kept := p.config.Kept()
	s := workers.Schedules{
		SweepEvery: p.config.SweepEvery, Sweep: workflows.SweepInput{Policy: p.config.Policy()},
		HouseProgramEvery: p.config.TheaterProgramEvery, HouseReconcileEvery: p.config.TheaterSalesEvery,
		RecordEvery: p.config.RecommendationsRecordEvery, TrainEvery: p.config.RecommendationsTrainEvery,
	}
	for _, kind := range slices.Sorted(maps.Keys(kept)) {
		s.DeleteOld.Kept = append(s.DeleteOld.Kept, workflows.KeptFor{Kind: kind, For: kept[kind]})
	}
	for _, provider := range slices.Sorted(maps.Keys(p.listers())) {
		s.Reconcile = append(s.Reconcile, p.reconcileInput(provider, ""))
	}
	return s
}

// activities are those of all queues.
func (p *platform) activities(ctx context.Context, queues []string) (workers.Activities, error) {
	cfg := p.config
	known := shows.New(p.db.Pool, p.bus.Publish, shows.WithCharging(charging), shows.WithSystemsOff(p.config.TheaterSystemsOff))
	inventory := bookings.New(known, bookings.WithCardLimit(p.cardSeats()))
	changes := showchanges.New(known, inventory)
	remote, registry, err := p.openHouses(known)
	if err != nil {
		return workers.Activities{}, err
	}
	store, err := p.openDocuments(ctx)
	if err != nil {
		return workers.Activities{}, err
	}
	books := payments.New(p.db.Pool, p.bus.Publish)
	senders, err := p.senders()
	if err != nil {
		return workers.Activities{}, err
	}
	if cfg.Push() {
		senders[booking.ChannelPush] = webpush.New(webpush.Options{
			PublicKey: cfg.VAPIDPublicKey, PrivateKey: cfg.VAPIDPrivateKey, Subject: cfg.VAPIDSubject, SandboxURL: cfg.PushSandboxURL,
		})
	}
	guards := map[booking.Channel]activities.Vendor{}
	for channel, sender := range senders {
		guards[channel] = p.guard(sender.Name(), cfg.MessagesPerSecond)
	}
	opening, err := links.New(cfg.PublicURL, cfg.TicketKeys)
	if err != nil {
		return workers.Activities{}, err
	}
	// Confirmations are sent from these queues alone. Others need no model in memory.
	var more notify.More
	if named(queues, workflows.QueueBookings) || named(queues, workflows.QueueNotifications) {
		more = moreMovies(p.openRecommendations(p.db, store), p.log)
	}
	messages := notify.New(notify.Options{
		Pool: p.db.Pool, Publish: p.bus.Publish, PublicURL: cfg.PublicURL, FromName: cfg.MailFromName, Logger: p.log,
		Senders: senders, Links: opening, More: more,
	})
	told := &activities.Notifications{Messages: messages, Vendors: guards, Reminders: workers.ReminderLane()}
	if cfg.Push() {
		told.Browsers = messages
	}
	asking := p.paymentActivities(books, func(bookingID string) (back, cancel string) {
		page := "/bookings/" + bookingID
		return opening.Address(page+"?paid", links.Read, bookingID), opening.Address(page, links.Read, bookingID)
	})
	return workers.Activities{
		Seats:          &activities.Seats{Inventory: inventory, Choices: changes, Books: books},
		Payments:       asking,
		Reconciliation: p.reconciliation(asking, books),
		Shows:          &activities.Shows{Changes: changes, Sagas: workers.Sagas(p.temporal)},
		Refunds:        &activities.Refunds{Sold: inventory, Aftercare: workers.Aftercare(p.temporal)},
		Sweep:          &activities.Sweep{Standings: inventory, Records: retention.New(p.db.Pool).WithDocuments(store, p.log), Sagas: workers.Sagas(p.temporal), Undecided: remote},
		Notifications:  told,
		Houses:         &activities.Houses{Registry: registry, Orders: inventory},
		HouseSync:      &activities.HouseSync{Registry: registry, Books: remote},
		Recommendations: &activities.Recommendations{
			Learning: recommendations.NewLearner(p.db.Pool, store, p.log),
		},
	}, nil
}

// senders are the vendors of mail and SMS.
func (p *platform) senders() (map[booking.Channel]notify.Sender, error) {
	cfg := p.config
	sms, err := twilio.New(twilio.Options{
		AccountSID: cfg.TwilioAccountSID, AuthToken: cfg.TwilioAuthToken, URL: cfg.TwilioAPIURL, From: cfg.SMSFrom,
	})
	if err != nil {
		return nil, fmt.Errorf("set up Twilio: %w", err)
	}
	mail := sendgrid.New(sendgrid.Options{
		APIKey: cfg.SendGridAPIKey, URL: cfg.SendGridAPIURL, From: cfg.MailFrom, FromName: cfg.MailFromName,
	})
	return map[booking.Channel]notify.Sender{booking.ChannelEmail: mail, booking.ChannelSMS: sms}, nil
}

func (p *platform) guard(vendor string, perSecond float64) *vendors.Guard {
	return vendors.NewGuard(vendor, vendors.Options{PerSecond: perSecond, Burst: int(perSecond), Logger: p.log})
}
