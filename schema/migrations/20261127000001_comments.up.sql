-- The meaning of the tables that no Go model describes, where psql shows it (\d+).
-- A test in schema/ finds a table or column that has neither.

COMMENT ON TABLE booking_events IS 'An entry of a booking''s timeline.';
COMMENT ON COLUMN booking_events.booking_id IS 'The booking it happened to.';
COMMENT ON COLUMN booking_events.seq IS 'Its place in the timeline, from 1.';
COMMENT ON COLUMN booking_events.at IS 'When it happened.';
COMMENT ON COLUMN booking_events.event IS 'What happened.';
COMMENT ON COLUMN booking_events.detail IS 'For the customer, without personal data.';
COMMENT ON COLUMN booking_events.once IS 'Makes a repeat of a step recognizable, for example a payment reference.';

COMMENT ON TABLE tickets IS 'Admits a booking''s seats once.';
COMMENT ON COLUMN tickets.booking_id IS 'The booking whose ticket it is.';
COMMENT ON COLUMN tickets.serial IS 'Printed under the QR code.';
COMMENT ON COLUMN tickets.issued_at IS 'When the booking was confirmed.';
COMMENT ON COLUMN tickets.voided_at IS 'When it stopped admitting; null while it does.';
COMMENT ON COLUMN tickets.scanned_at IS 'When it admitted; null before.';

COMMENT ON TABLE idempotency_keys IS 'The stored answer of a request that carried a key.';
COMMENT ON COLUMN idempotency_keys.customer_id IS 'The customer who sent it. Two customers may use the same key.';
COMMENT ON COLUMN idempotency_keys.key IS 'What the client chose.';
COMMENT ON COLUMN idempotency_keys.request_hash IS 'Tells a repeat from another request under the same key.';
COMMENT ON COLUMN idempotency_keys.status IS 'The HTTP status answered.';
COMMENT ON COLUMN idempotency_keys.body IS 'The answer, byte for byte.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When it was answered; old rows are deleted.';

COMMENT ON TABLE alerts IS 'A problem that a person has to look at.';
COMMENT ON COLUMN alerts.id IS 'The alert''s identity.';
COMMENT ON COLUMN alerts.booking_id IS 'The booking it is about; null when it is about none.';
COMMENT ON COLUMN alerts.kind IS 'Groups alerts, for example payment_mismatch.';
COMMENT ON COLUMN alerts.detail IS 'For staff, without personal data.';
COMMENT ON COLUMN alerts.created_at IS 'When it was raised. If it was resolved and raised again: the last time.';
COMMENT ON COLUMN alerts.openings IS 'How many times it was raised and was open after that.';
COMMENT ON COLUMN alerts.taken_by IS 'The member of staff who works on it; null for none.';
COMMENT ON COLUMN alerts.taken_at IS 'When it was taken.';
COMMENT ON COLUMN alerts.resolved_by IS 'The member of staff who resolved it.';
COMMENT ON COLUMN alerts.resolved_at IS 'When it was resolved; null before.';
COMMENT ON COLUMN alerts.note IS 'What the member of staff did.';

COMMENT ON TABLE catalog_version IS 'One row. Copies of the catalog compare it to know that they are out of date.';
COMMENT ON COLUMN catalog_version.id IS 'Always 1.';
COMMENT ON COLUMN catalog_version.version IS 'Triggers raise it with every statement that writes cities, movies, theaters, screens, layouts or shows.';

COMMENT ON TABLE codec_keys IS 'A key that encrypts, or has encrypted, what Temporal stores.';
COMMENT ON COLUMN codec_keys.id IS 'The key''s name in TEMPORAL_CODEC_KEYS.';
COMMENT ON COLUMN codec_keys.proof IS 'A fixed text that the key encrypted. A process that can read it has the key.';
COMMENT ON COLUMN codec_keys.first_used IS 'When a process first encrypted with it.';
COMMENT ON COLUMN codec_keys.last_used IS 'When a process that encrypts with it was last seen.';
COMMENT ON COLUMN codec_keys.retired_at IS 'When an operator said that no process needs it any more.';

COMMENT ON TABLE codec_key_holders IS 'A running process, with its keys.';
COMMENT ON COLUMN codec_key_holders.process IS 'A random id.';
COMMENT ON COLUMN codec_key_holders.name IS 'Its kind, host and number, for an operator.';
COMMENT ON COLUMN codec_key_holders.keys IS 'The names of its keys, the one that encrypts first.';
COMMENT ON COLUMN codec_key_holders.seen_at IS 'When the process was last seen.';

COMMENT ON TABLE notifications IS 'One message to the customer of a booking. The row exists before the vendor is asked, so that each message is handed over once.';
COMMENT ON COLUMN notifications.id IS 'The id that the vendor gets as the message''s identity.';
COMMENT ON COLUMN notifications.booking_id IS 'The booking it is about.';
COMMENT ON COLUMN notifications.channel IS 'email or sms.';
COMMENT ON COLUMN notifications.notice IS 'What it is about.';
COMMENT ON COLUMN notifications.sequence IS '0 for the first; it rises when the same notice is sent again on purpose. A retry keeps it.';
COMMENT ON COLUMN notifications.status IS 'pending, sending, sent, unconfirmed, failed or skipped.';
COMMENT ON COLUMN notifications.vendor IS 'The vendor that has it; empty before the hand-over.';
COMMENT ON COLUMN notifications.vendor_id IS 'The vendor''s id of it; empty when it gave none.';
COMMENT ON COLUMN notifications.attempts IS 'How many times it was handed over.';
COMMENT ON COLUMN notifications.failure IS 'The vendor''s reason for refusing it, without personal data.';
COMMENT ON COLUMN notifications.offers IS 'The shows it offers, as package notify writes them.';
COMMENT ON COLUMN notifications.created_at IS 'When it was asked for.';
COMMENT ON COLUMN notifications.updated_at IS 'When the row was last changed.';

COMMENT ON TABLE payments IS 'One payment at a provider. A booking may have several: each provider change opens another, and only one is ever captured.';
COMMENT ON COLUMN payments.id IS 'Our own id of it.';
COMMENT ON COLUMN payments.booking_id IS 'What it pays for.';
COMMENT ON COLUMN payments.attempt IS 'The number of the payment of the booking, from 1.';
COMMENT ON COLUMN payments.provider IS 'The vendor''s name, for example "stripe".';
COMMENT ON COLUMN payments.reference IS 'The provider''s own id of it.';
COMMENT ON COLUMN payments.status IS 'How far the money has come. It only moves forward.';
COMMENT ON COLUMN payments.amount IS 'The amount to pay, in minor units.';
COMMENT ON COLUMN payments.currency IS 'The currency of the three amounts, ISO 4217.';
COMMENT ON COLUMN payments.captured IS 'The running total that was captured.';
COMMENT ON COLUMN payments.refunded IS 'The running total that was refunded.';
COMMENT ON COLUMN payments.refunds_failed IS 'The running total of refunds that failed and came back; refunded does not count them.';
COMMENT ON COLUMN payments.client_secret IS 'Lets the customer''s browser pay this payment, and nothing else.';
COMMENT ON COLUMN payments.checkout_url IS 'The page where it is paid; empty when there is none.';
COMMENT ON COLUMN payments.failure IS 'The provider''s reason for the last decline, for the customer.';
COMMENT ON COLUMN payments.created_at IS 'When it was opened.';
COMMENT ON COLUMN payments.updated_at IS 'When the row was last changed.';

COMMENT ON TABLE ledger IS 'One movement of money. Rows are only ever added.';
COMMENT ON COLUMN ledger.id IS 'Orders the entries.';
COMMENT ON COLUMN ledger.booking_id IS 'The booking whose money moved.';
COMMENT ON COLUMN ledger.provider IS 'The payment provider that moved it.';
COMMENT ON COLUMN ledger.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN ledger.movement IS 'The direction: authorize, capture, refund and so on.';
COMMENT ON COLUMN ledger.amount IS 'What moved, in minor units.';
COMMENT ON COLUMN ledger.total IS 'The running total of this movement of this payment after it. A repeated record has the same total.';
COMMENT ON COLUMN ledger.currency IS 'The currency of both amounts, ISO 4217.';
COMMENT ON COLUMN ledger.at IS 'When it was recorded.';

COMMENT ON TABLE webhook_inbox IS 'An event that a provider sent. It is kept so that a repeat has no effect.';
COMMENT ON COLUMN webhook_inbox.provider IS 'The payment provider that sent it.';
COMMENT ON COLUMN webhook_inbox.event_id IS 'The provider''s id of the event.';
COMMENT ON COLUMN webhook_inbox.type IS 'The provider''s name for what happened.';
COMMENT ON COLUMN webhook_inbox.reference IS 'The payment it is about, by the provider''s id.';
COMMENT ON COLUMN webhook_inbox.booking_id IS 'The booking it is about; null when the event names none.';
COMMENT ON COLUMN webhook_inbox.received_at IS 'When it first came.';
COMMENT ON COLUMN webhook_inbox.processed_at IS 'When its effect was passed on; null before. A repeat of a null row is processed again.';
COMMENT ON COLUMN webhook_inbox.outcome IS 'What it led to, for staff.';

COMMENT ON TABLE payment_keys IS 'How many idempotency keys of one step of a payment are spent.';
COMMENT ON COLUMN payment_keys.step IS 'The first key of the step, for example "<booking>-capture-<reference>".';
COMMENT ON COLUMN payment_keys.spent IS 'How many keys have a failure stored at the provider.';
COMMENT ON COLUMN payment_keys.updated_at IS 'When the number last rose. Providers forget keys: after some days the row has no use.';

COMMENT ON TABLE late_payments IS 'What was decided about money that came after its booking had ended.';
COMMENT ON COLUMN late_payments.provider IS 'The vendor of the payment.';
COMMENT ON COLUMN late_payments.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN late_payments.decision IS 'rebook or return.';
COMMENT ON COLUMN late_payments.decided_at IS 'When it was last decided.';

COMMENT ON TABLE disputes IS 'A bank asks for the money of a payment back.';
COMMENT ON COLUMN disputes.provider IS 'The vendor of the payment.';
COMMENT ON COLUMN disputes.dispute IS 'The provider''s id of it.';
COMMENT ON COLUMN disputes.reference IS 'The provider''s id of the payment.';
COMMENT ON COLUMN disputes.status IS 'How far it has come; it only moves forward.';
COMMENT ON COLUMN disputes.amount IS 'The disputed amount, in minor units.';
COMMENT ON COLUMN disputes.currency IS 'The currency of the amount, ISO 4217.';
COMMENT ON COLUMN disputes.reason IS 'The bank''s reason, in the provider''s words.';
COMMENT ON COLUMN disputes.opened_at IS 'When we first knew of it.';
COMMENT ON COLUMN disputes.updated_at IS 'When its status last changed.';

COMMENT ON TABLE reviews IS 'A customer''s review of a movie; one for each customer and movie.';
COMMENT ON COLUMN reviews.movie_id IS 'The movie.';
COMMENT ON COLUMN reviews.account_id IS 'The customer''s account.';
COMMENT ON COLUMN reviews.rating IS '1 to 5 stars.';
COMMENT ON COLUMN reviews.text IS 'Plain text; empty when the customer gave only stars.';
COMMENT ON COLUMN reviews.created_at IS 'When it was first written.';
COMMENT ON COLUMN reviews.updated_at IS 'When it was last changed.';

COMMENT ON TABLE movie_ratings IS 'The sum of a movie''s reviews. A trigger keeps it.';
COMMENT ON COLUMN movie_ratings.movie_id IS 'The movie.';
COMMENT ON COLUMN movie_ratings.sum IS 'The sum of all stars.';
COMMENT ON COLUMN movie_ratings.count IS 'The number of reviews.';

COMMENT ON TABLE show_changes IS 'A show that was cancelled or rescheduled after its sales began.';
COMMENT ON COLUMN show_changes.id IS 'The change''s identity, and that of its workflow.';
COMMENT ON COLUMN show_changes.show_id IS 'The show.';
COMMENT ON COLUMN show_changes.kind IS 'cancelled or rescheduled.';
COMMENT ON COLUMN show_changes.reason IS 'The reason that customers read.';
COMMENT ON COLUMN show_changes.old_starts_at IS 'The start before the change.';
COMMENT ON COLUMN show_changes.new_starts_at IS 'The start after the change; null when the show is cancelled.';
COMMENT ON COLUMN show_changes.decide_by IS 'Customers of a rescheduled show may choose until then.';
COMMENT ON COLUMN show_changes.default_choice IS 'The choice for customers who do not choose.';
COMMENT ON COLUMN show_changes.requested_by IS 'The account of the member of staff.';
COMMENT ON COLUMN show_changes.request_hash IS 'Tells a repeat of the request from another request under the same key.';
COMMENT ON COLUMN show_changes.created_at IS 'When the show was changed.';
COMMENT ON COLUMN show_changes.finished_at IS 'When the last booking was settled.';

COMMENT ON TABLE show_change_bookings IS 'One booking of a changed show. The row is there before the booking''s workflow is told.';
COMMENT ON COLUMN show_change_bookings.change_id IS 'The change.';
COMMENT ON COLUMN show_change_bookings.booking_id IS 'The booking.';
COMMENT ON COLUMN show_change_bookings.told_at IS 'When the booking''s workflow had certainly received the news.';
COMMENT ON COLUMN show_change_bookings.choice IS 'What the customer wants; empty until there is a choice.';
COMMENT ON COLUMN show_change_bookings.chosen_by IS 'customer or default.';
COMMENT ON COLUMN show_change_bookings.chosen_at IS 'When the choice was made.';
COMMENT ON COLUMN show_change_bookings.asked_at IS 'When the booking''s workflow was last asked to carry out the choice.';
COMMENT ON COLUMN show_change_bookings.settled_at IS 'When the choice was carried out.';
COMMENT ON COLUMN show_change_bookings.failure IS 'Why a person has to settle it.';

COMMENT ON TABLE imports IS 'How far the import of a file has come.';
COMMENT ON COLUMN imports.kind IS 'movies, theaters or shows.';
COMMENT ON COLUMN imports.digest IS 'The SHA-256 of the file''s content, in hexadecimal.';
COMMENT ON COLUMN imports.lines_done IS 'How many lines of the file are in the database.';
COMMENT ON COLUMN imports.added IS 'How many rows were new.';
COMMENT ON COLUMN imports.changed IS 'How many rows were there and differed.';
COMMENT ON COLUMN imports.refused IS 'How many lines were not imported.';
COMMENT ON COLUMN imports.finished IS 'True when the file was read to its end.';
COMMENT ON COLUMN imports.created_at IS 'When the import began.';
COMMENT ON COLUMN imports.updated_at IS 'When the last batch was written.';
