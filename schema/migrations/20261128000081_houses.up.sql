-- Theaters that sell from their own system: houses. Seats that a house has sold or holds
-- itself are rows of seat_claims whose booking_id is the nil UUID.
CREATE TABLE houses (
    theater_id       uuid PRIMARY KEY REFERENCES theaters,
    adapter          text NOT NULL CHECK (adapter ~ '^[a-z][a-z0-9_]{0,31}$'),
    address          text NOT NULL CHECK (address <> ''),
    credentials      bytea,
    settings         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    version          bigint NOT NULL DEFAULT 1,
    paused_at        timestamptz,
    paused_reason    text NOT NULL DEFAULT '',
    program_cursor   text NOT NULL DEFAULT '',
    program_began_at timestamptz,
    program_as_of    timestamptz,
    program_failures integer NOT NULL DEFAULT 0 CHECK (program_failures >= 0),
    program_error    text NOT NULL DEFAULT '',
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE houses IS 'Theaters that sell from their own system, at their counter and through us.';
COMMENT ON COLUMN houses.theater_id IS 'The theater.';
COMMENT ON COLUMN houses.adapter IS 'The manner in which its system is asked, for example session or office.';
COMMENT ON COLUMN houses.address IS 'The URL of its system.';
COMMENT ON COLUMN houses.credentials IS 'What its system wants to see from us, as JSON sealed with THEATER_KEYS for this theater; null without.';
COMMENT ON COLUMN houses.settings IS 'What else the adapter must know, by name, for example how long a hold lasts.';
COMMENT ON COLUMN houses.version IS 'Rises, by a trigger, with the adapter, the address, the credentials and the settings: then its client is made again.';
COMMENT ON COLUMN houses.paused_at IS 'Since when its shows are not sold; null while they are.';
COMMENT ON COLUMN houses.paused_reason IS 'Why not, for staff.';
COMMENT ON COLUMN houses.program_cursor IS 'Where its program goes on; empty: with a full program.';
COMMENT ON COLUMN houses.program_began_at IS 'When the full program began that is being read; null while none is.';
COMMENT ON COLUMN houses.program_as_of IS 'When its program was last read to the end; null before.';
COMMENT ON COLUMN houses.program_failures IS 'How often its program could not be read since then.';
COMMENT ON COLUMN houses.program_error IS 'Why not, the last time; empty after a success.';
COMMENT ON COLUMN houses.created_at IS 'When the theater became a house.';
COMMENT ON COLUMN houses.updated_at IS 'When the row was last changed.';

CREATE TABLE house_shows (
    show_id     uuid PRIMARY KEY REFERENCES shows,
    theater_id  uuid NOT NULL REFERENCES houses,
    external_id text NOT NULL CHECK (external_id <> ''),
    seats       jsonb NOT NULL CHECK (jsonb_typeof(seats) = 'object'),
    categories  jsonb NOT NULL CHECK (jsonb_typeof(categories) = 'object'),
    unsellable  text NOT NULL DEFAULT '',
    digest      bytea,
    listed_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seats_as_of timestamptz,
    seats_exact boolean NOT NULL DEFAULT false,
    UNIQUE (theater_id, external_id)
);
COMMENT ON TABLE house_shows IS 'Shows that a house sells, and how it names what we sell.';
COMMENT ON COLUMN house_shows.show_id IS 'Our show.';
COMMENT ON COLUMN house_shows.theater_id IS 'The house.';
COMMENT ON COLUMN house_shows.external_id IS 'The house''s id of the show.';
COMMENT ON COLUMN house_shows.seats IS 'The house''s address of each seat of the layout, by our name of it: {"C7": "1/3/7"}.';
COMMENT ON COLUMN house_shows.categories IS 'The house''s price category, by ours: {"gold": "0007"}. Its price is that of the show.';
COMMENT ON COLUMN house_shows.unsellable IS 'Why the show is not sold, for staff, for example a seat that the house''s program names twice; empty: it is.';
COMMENT ON COLUMN house_shows.digest IS 'SHA-256 of the program''s row that was applied last; null: apply the next in any case.';
COMMENT ON COLUMN house_shows.listed_at IS 'When a program last had the show.';
COMMENT ON COLUMN house_shows.seats_as_of IS 'When the house last said which seats are taken; null before.';
COMMENT ON COLUMN house_shows.seats_exact IS 'Whether that came from its books; false: from a cache of its own.';

CREATE TABLE house_orders (
    booking_id uuid PRIMARY KEY REFERENCES bookings,
    theater_id uuid NOT NULL REFERENCES houses,
    show_id    uuid NOT NULL REFERENCES shows,
    attempt    integer NOT NULL DEFAULT 1 CHECK (attempt > 0),
    status     text NOT NULL CHECK (status IN ('none', 'held', 'confirming', 'confirmed', 'cancelled', 'lapsed')),
    reference  text NOT NULL DEFAULT '',
    number     text NOT NULL DEFAULT '',
    codes      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(codes) = 'object'),
    total      bigint NOT NULL DEFAULT 0 CHECK (total >= 0),
    currency   text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX house_orders_show ON house_orders (show_id);
CREATE INDEX house_orders_theater ON house_orders (theater_id, created_at);
COMMENT ON TABLE house_orders IS 'The order of a booking at a house, as far as our books know it. The house''s own are the truth.';
COMMENT ON COLUMN house_orders.booking_id IS 'The booking.';
COMMENT ON COLUMN house_orders.theater_id IS 'The house.';
COMMENT ON COLUMN house_orders.show_id IS 'The show.';
COMMENT ON COLUMN house_orders.attempt IS 'Counts the booking''s orders from 1. The row is the last one.';
COMMENT ON COLUMN house_orders.status IS 'Where the order stood when the house last told.';
COMMENT ON COLUMN house_orders.reference IS 'The house''s id of the order; empty before it gave one.';
COMMENT ON COLUMN house_orders.number IS 'What the house calls the sale; empty before.';
COMMENT ON COLUMN house_orders.codes IS 'What opens the house''s doors, by our name of the seat.';
COMMENT ON COLUMN house_orders.total IS 'What the house wants for the seats, in minor units; our fees are not in it.';
COMMENT ON COLUMN house_orders.currency IS 'Of the total, ISO 4217; empty before the house named a total.';
COMMENT ON COLUMN house_orders.created_at IS 'When the row was written.';
COMMENT ON COLUMN house_orders.updated_at IS 'When the row was last changed.';

CREATE TABLE house_allotments (
    show_id  uuid NOT NULL REFERENCES house_shows ON DELETE CASCADE,
    seat     text COLLATE "C" NOT NULL,
    given_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (show_id, seat)
);
COMMENT ON TABLE house_allotments IS 'Seats that a house has given to us: our claims decide about them, and the house is told later.';
COMMENT ON COLUMN house_allotments.show_id IS 'The show.';
COMMENT ON COLUMN house_allotments.seat IS 'Our name of the seat.';
COMMENT ON COLUMN house_allotments.given_at IS 'Since when it is ours to sell.';
