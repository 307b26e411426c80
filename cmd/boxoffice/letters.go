package main

import (
	"context"
	"slices"
	"sync"

	"github.com/boxoffice/boxoffice/booking"
	"github.com/boxoffice/boxoffice/internal/accounts"
	"github.com/boxoffice/boxoffice/internal/codes"
	"github.com/boxoffice/boxoffice/internal/notify"
	"github.com/boxoffice/boxoffice/workflows"
)

// sendLetters sends what accounts have to say, beside the notifications of bookings: a worker
// that serves their queue has the vendors. stop waits for what is under way.
func (p *platform) sendLetters(ctx context.Context, queues []string, senders map[booking.Channel]notify.Sender) (stop func(), err error) {
	if len(queues) > 0 && !slices.Contains(queues, workflows.QueueNotifications) {
		return func() {}, nil
	}
	made, err := codes.New(p.config.TicketKeys)
	if err != nil {
		return nil, err
	}
	guards := map[booking.Channel]notify.LetterVendor{}
	for channel, sender := range senders {
		guards[channel] = p.guard(sender.Name(), p.config.MessagesPerSecond)
	}
	letters := notify.NewLetters(notify.LettersOptions{
		Pool: p.db.Pool, Senders: senders, Vendors: guards, Codes: made,
		PublicURL: p.config.PublicURL, FromName: p.config.MailFromName, Logger: p.log,
	})
	ctx, cancel := context.WithCancel(ctx)
	hints, leave := p.bus.Subscribe(ctx, accounts.LettersTopic)
	var running sync.WaitGroup
	running.Go(func() { letters.Run(ctx, hints) })
	return func() {
		cancel()
		leave()
		running.Wait()
	}, nil
}
