-- One row per message, so that each is handed to its vendor once.
CREATE TABLE notifications (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    booking_id  uuid NOT NULL REFERENCES bookings,
    channel     text NOT NULL CHECK (channel IN ('email', 'sms')),
    notice      text NOT NULL,
    sequence    integer NOT NULL DEFAULT 0,
    -- pending: nothing was handed over; sending: handed over, answer not known;
    -- sent: the vendor has it; unconfirmed: it may have it and cannot be asked;
    -- failed: the vendor refused it for good; skipped: nobody to send it to
    status      text NOT NULL DEFAULT 'pending'
                CHECK (status IN ('pending', 'sending', 'sent', 'unconfirmed', 'failed', 'skipped')),
    vendor      text NOT NULL DEFAULT '',
    vendor_id   text NOT NULL DEFAULT '',
    attempts    integer NOT NULL DEFAULT 0,
    failure     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (booking_id, channel, notice, sequence)
);
