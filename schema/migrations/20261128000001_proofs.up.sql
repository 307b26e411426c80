-- Who has proved what: addresses, and the codes and links by which they are proved. All are
-- tables of their own: the release before reads all columns of accounts and sessions, and
-- refuses those that it does not know.

-- A proof is one code or link that was sent. What is sent is derived from its id and a key
-- that the database does not have.
CREATE TABLE proofs (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    -- null: somebody asked for an address that has no account; counted like the others
    account_id  uuid REFERENCES accounts ON DELETE CASCADE,
    purpose     text NOT NULL CHECK (purpose IN ('email', 'phone', 'reset', 'new_email', 'undo_email')),
    recipient   text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- until when the code counts, and the link
    code_until  timestamptz NOT NULL,
    link_until  timestamptz NOT NULL,
    tries       integer NOT NULL DEFAULT 0,
    used_at     timestamptz
);
CREATE INDEX proofs_recipient ON proofs (recipient, created_at);
CREATE INDEX proofs_account ON proofs (account_id, purpose, created_at);
CREATE INDEX proofs_age ON proofs (created_at);

-- An address that its owner has proved. It counts while the account has that address.
CREATE TABLE proven_addresses (
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    channel     text NOT NULL CHECK (channel IN ('email', 'sms')),
    address     text NOT NULL,
    -- proved where the account was logged in, or by its owner's new password: a program that
    -- opens all links of a mail cannot do that
    in_session  boolean NOT NULL,
    proven_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, channel)
);

-- A letter is a message about an account: a code, a link, or news of a change.
CREATE TABLE letters (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id  uuid REFERENCES accounts ON DELETE CASCADE,
    kind        text NOT NULL,
    channel     text NOT NULL CHECK (channel IN ('email', 'sms')),
    recipient   text NOT NULL,
    language    text NOT NULL DEFAULT 'en',
    proof_id    uuid REFERENCES proofs ON DELETE CASCADE,
    facts       jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- waiting: to be sent at try_after or later; dropped: no longer of use, or refused
    status      text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'sent', 'dropped')),
    attempts    integer NOT NULL DEFAULT 0,
    try_after   timestamptz NOT NULL DEFAULT now(),
    failure     text NOT NULL DEFAULT ''
);
CREATE INDEX letters_waiting ON letters (try_after) WHERE status = 'waiting';
CREATE INDEX letters_age ON letters (created_at);
CREATE INDEX letters_account ON letters (account_id);
CREATE INDEX letters_proof ON letters (proof_id);

-- A change of an account's e-mail address that can be undone from the old one.
CREATE TABLE email_changes (
    proof_id    uuid PRIMARY KEY REFERENCES proofs ON DELETE CASCADE,
    account_id  uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    old_email   text NOT NULL,
    new_email   text NOT NULL,
    changed_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX email_changes_account ON email_changes (account_id);

-- A session whose owner wrote the password again.
CREATE TABLE session_confirmations (
    family       uuid PRIMARY KEY,
    account_id   uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    confirmed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX session_confirmations_account ON session_confirmations (account_id);

CREATE TABLE preferences (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    locale     text NOT NULL DEFAULT '',
    time_zone  text NOT NULL DEFAULT '',
    home_city  text NOT NULL DEFAULT ''
);

-- What a customer does not want to be told, by channel and kind. Without a row it is wanted.
CREATE TABLE unwanted_messages (
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    channel    text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    kind       text NOT NULL CHECK (kind IN ('tickets', 'changes', 'reminders')),
    since      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account_id, channel, kind)
);

-- A guest is an account without a password. Several guests may have one address; accounts
-- have an address each, so a guest's account has an invented one.
CREATE TABLE guests (
    account_id uuid PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
    email      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX guests_email ON guests (lower(email));
CREATE INDEX guests_age ON guests (created_at);

-- A guest's booking that its owner's account took over.
CREATE TABLE claimed_bookings (
    booking_id uuid PRIMARY KEY REFERENCES bookings ON DELETE CASCADE,
    guest_id   uuid NOT NULL,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    claimed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX claimed_bookings_account ON claimed_bookings (account_id);

COMMENT ON TABLE guests IS 'Accounts without a password, each made for one booking or a few.';
COMMENT ON COLUMN guests.account_id IS 'The account; its own address is invented.';
COMMENT ON COLUMN guests.email IS 'Where the guest wants the ticket.';
COMMENT ON COLUMN guests.created_at IS 'When the guest began.';
COMMENT ON TABLE claimed_bookings IS 'Bookings of guests that an account with the same proven address took over.';
COMMENT ON COLUMN claimed_bookings.booking_id IS 'The booking.';
COMMENT ON COLUMN claimed_bookings.guest_id IS 'The guest''s account.';
COMMENT ON COLUMN claimed_bookings.account_id IS 'Who has it now.';
COMMENT ON COLUMN claimed_bookings.claimed_at IS 'Since when.';
