CREATE TABLE hold_records (
    booking_id uuid NOT NULL REFERENCES bookings ON DELETE CASCADE,
    kind       text NOT NULL CHECK (kind IN ('account', 'device', 'network', 'card')),
    key        bytea NOT NULL,
    show_id    uuid NOT NULL,
    seats      integer NOT NULL,
    began_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at   timestamptz,
    outcome    text NOT NULL DEFAULT 'held' CHECK (outcome IN ('held', 'paid', 'unpaid', 'let_go', 'ours', 'returned')),
    declines   integer NOT NULL DEFAULT 0,
    PRIMARY KEY (booking_id, kind, key)
);
CREATE INDEX hold_records_key ON hold_records (key, began_at DESC);
CREATE INDEX hold_records_open ON hold_records (key) WHERE outcome = 'held';
CREATE INDEX hold_records_age ON hold_records (began_at);
COMMENT ON TABLE hold_records IS 'Who held seats and how it ended, for the limits against hoarding. Kept for a day or so.';
COMMENT ON COLUMN hold_records.booking_id IS 'The booking.';
COMMENT ON COLUMN hold_records.kind IS 'What the key names: account, device, network or, of a sale, card.';
COMMENT ON COLUMN hold_records.key IS 'The id of the account; of all others an HMAC, whose secret the database does not have.';
COMMENT ON COLUMN hold_records.show_id IS 'The show of the seats.';
COMMENT ON COLUMN hold_records.seats IS 'How many seats.';
COMMENT ON COLUMN hold_records.began_at IS 'When the seats were held; for a card, sold.';
COMMENT ON COLUMN hold_records.ended_at IS 'When the hold ended; null before.';
COMMENT ON COLUMN hold_records.outcome IS 'held; paid; unpaid; let_go, by the customer soon; ours, ended by the theater or a fault of ours; returned, paid and cancelled since.';
COMMENT ON COLUMN hold_records.declines IS 'How many payments of the booking were declined.';
