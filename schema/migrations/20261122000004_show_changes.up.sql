-- A show that is cancelled or moved after seats were sold. The workflow that
-- tells every booking works from these rows, so it can be stopped and started
-- again at any point.
CREATE TABLE show_changes (
    id             uuid PRIMARY KEY,
    show_id        uuid NOT NULL REFERENCES shows,
    kind           text NOT NULL CHECK (kind IN ('cancelled', 'rescheduled')),
    reason         text NOT NULL,
    -- of a move
    old_starts_at  timestamptz NOT NULL,
    new_starts_at  timestamptz,
    -- until when a customer may say what they want, and what holds for those who
    -- say nothing
    decide_by      timestamptz,
    default_choice text NOT NULL DEFAULT '' CHECK (default_choice IN ('', 'keep', 'refund')),
    requested_by   uuid NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    CHECK ((kind = 'rescheduled') = (new_starts_at IS NOT NULL)),
    CHECK ((kind = 'rescheduled') = (decide_by IS NOT NULL)),
    CHECK ((kind = 'rescheduled') = (default_choice <> ''))
);
CREATE INDEX show_changes_show ON show_changes (show_id, created_at DESC);

-- What became of each booking. A row is there from the moment the booking was
-- told; the choice is made once.
CREATE TABLE show_change_bookings (
    change_id  uuid NOT NULL REFERENCES show_changes,
    booking_id uuid NOT NULL REFERENCES bookings,
    told_at    timestamptz NOT NULL DEFAULT now(),
    choice     text NOT NULL DEFAULT '' CHECK (choice IN ('', 'keep', 'move', 'refund')),
    chosen_by  text NOT NULL DEFAULT '' CHECK (chosen_by IN ('', 'customer', 'default')),
    chosen_at  timestamptz,
    -- the choice has been carried out, or there was nothing to do
    settled_at timestamptz,
    PRIMARY KEY (change_id, booking_id),
    CHECK ((choice = '') = (chosen_at IS NULL)),
    CHECK ((choice = '') = (chosen_by = ''))
);
CREATE INDEX show_change_bookings_booking ON show_change_bookings (booking_id);
CREATE INDEX show_change_bookings_open ON show_change_bookings (change_id, booking_id) WHERE settled_at IS NULL;
