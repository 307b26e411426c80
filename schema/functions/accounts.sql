-- Who can be reached, where, and what they want to be told.

-- mail_of gives where an account gets its mail; empty for a guest who has not proved the
-- address yet, and for no account.
CREATE OR REPLACE FUNCTION mail_of(p_account uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    address text;
BEGIN
    SELECT CASE WHEN p.address IS NULL THEN '' ELSE g.email END INTO address
    FROM guests g LEFT JOIN proven_addresses p
        ON p.account_id = g.account_id AND p.channel = 'email' AND p.address = lower(g.email)
    WHERE g.account_id = p_account;
    IF NOT FOUND THEN
        SELECT a.email INTO address FROM accounts a WHERE a.id = p_account;
    END IF;
    RETURN coalesce(address, '');
END $$;

-- phone_of gives an account's number, if its owner has proved it. A number that was not
-- proved gets no message: any person may have written it.
CREATE OR REPLACE FUNCTION phone_of(p_account uuid) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT a.phone FROM accounts a JOIN proven_addresses p
        ON p.account_id = a.id AND p.channel = 'sms' AND p.address = a.phone
        WHERE a.id = p_account AND a.phone <> ''), '');
END $$;

-- account_is_verified tells whether the owner has proved the e-mail address that the
-- account, or the guest, has now.
CREATE OR REPLACE FUNCTION account_is_verified(p_account uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM accounts a
        LEFT JOIN guests g ON g.account_id = a.id
        JOIN proven_addresses p ON p.account_id = a.id AND p.channel = 'email' AND p.address = lower(coalesce(g.email, a.email))
        WHERE a.id = p_account);
END $$;

-- must_confirm tells whether an account is a guest who has not proved the address yet: such
-- a one may hold seats, and cannot pay.
CREATE OR REPLACE FUNCTION must_confirm(p_account uuid) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT FROM guests g WHERE g.account_id = p_account) AND NOT account_is_verified(p_account);
END $$;

-- kind_of_notice groups notices as customers choose them.
CREATE OR REPLACE FUNCTION kind_of_notice(p_notice text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE p_notice WHEN 'confirmed' THEN 'tickets' WHEN 'moved' THEN 'tickets'
        WHEN 'reminder' THEN 'reminders' ELSE 'changes' END
$$;

-- wants tells whether a customer wants a notice by a channel.
CREATE OR REPLACE FUNCTION wants(p_account uuid, p_channel text, p_notice text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM unwanted_messages u
        WHERE u.account_id = p_account AND u.channel = p_channel AND u.kind = kind_of_notice(p_notice));
END $$;

-- let_guest_pay raises the version of the holds of a guest who has just proved the address,
-- so that the pages that show them ask again, and gives their ids.
CREATE OR REPLACE FUNCTION let_guest_pay(p_account uuid) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY UPDATE bookings b SET version = b.version + 1, updated_at = now()
        WHERE b.customer_id = p_account AND b.status = 'held' AND EXISTS (SELECT FROM guests g WHERE g.account_id = p_account)
        RETURNING b.id;
END $$;

-- note_deleted_accounts keeps the ids of accounts that are deleted, by whatever way, until
-- the document store has forgotten them. That store may be another database, or away.
CREATE OR REPLACE FUNCTION note_deleted_accounts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO deleted_accounts (account_id) SELECT id FROM gone ON CONFLICT (account_id) DO NOTHING;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER accounts_deleted AFTER DELETE ON accounts
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION note_deleted_accounts();
