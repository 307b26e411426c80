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
    -- of the request that asked for it, so that its repeat is known from another
    -- request under the same key
    request_hash   text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT now(),
    finished_at    timestamptz,
    CHECK ((kind = 'rescheduled') = (new_starts_at IS NOT NULL)),
    CHECK ((kind = 'rescheduled') = (decide_by IS NOT NULL)),
    CHECK ((kind = 'rescheduled') = (default_choice <> ''))
);
CREATE INDEX show_changes_show ON show_changes (show_id, created_at DESC);

-- What became of each booking. A row is there from the moment somebody is about
-- to tell the booking; the choice is made once.
CREATE TABLE show_change_bookings (
    change_id  uuid NOT NULL REFERENCES show_changes,
    booking_id uuid NOT NULL REFERENCES bookings,
    -- null until its workflow has surely heard
    told_at    timestamptz DEFAULT now(),
    choice     text NOT NULL DEFAULT '' CHECK (choice IN ('', 'keep', 'move', 'refund')),
    chosen_by  text NOT NULL DEFAULT '' CHECK (chosen_by IN ('', 'customer', 'default')),
    chosen_at  timestamptz,
    -- when the booking's workflow was last asked to carry the change out, or
    -- looked for
    asked_at   timestamptz,
    -- the choice has been carried out, or there was nothing to do
    settled_at timestamptz,
    -- why a person has to settle it
    failure    text NOT NULL DEFAULT '',
    PRIMARY KEY (change_id, booking_id),
    CHECK ((choice = '') = (chosen_at IS NULL)),
    CHECK ((choice = '') = (chosen_by = ''))
);
CREATE INDEX show_change_bookings_booking ON show_change_bookings (booking_id);
CREATE INDEX show_change_bookings_open ON show_change_bookings (change_id, booking_id) WHERE settled_at IS NULL;

-- A later change of the same show takes the place of one that is under way: its
-- customers choose anew, or have their money back.
CREATE FUNCTION change_is_superseded(p_change uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM show_changes ch JOIN show_changes later
        ON later.show_id = ch.show_id AND later.created_at > ch.created_at WHERE ch.id = p_change);
$$;

-- Nothing of a booking's money is to move any more when none is reserved and the
-- ledger has given back what is owed. A booking that was sold may keep what was
-- not promised back; one that never was keeps nothing.
CREATE FUNCTION booking_owes_nothing(p_booking uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT NOT EXISTS (SELECT FROM payments p WHERE p.booking_id = b.id AND p.status IN ('authorized', 'in_doubt'))
        AND coalesce((SELECT sum(CASE l.movement WHEN 'capture' THEN l.amount ELSE -l.amount END)
                FROM ledger l WHERE l.booking_id = b.id AND l.movement IN ('capture', 'refund')), 0)
            <= CASE WHEN EXISTS (SELECT FROM tickets k WHERE k.booking_id = b.id) THEN b.total - b.refund_due ELSE 0 END
    FROM bookings b WHERE b.id = p_booking;
$$;
