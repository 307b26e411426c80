-- What customers think of a film: one review each. A film's sums are kept as the
-- reviews change, apart from the film, so that a rating is no change of the
-- catalog.
CREATE TABLE reviews (
    movie_id   uuid NOT NULL REFERENCES movies,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    rating     integer NOT NULL CHECK (rating BETWEEN 1 AND 5),
    text       text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (movie_id, account_id)
);
-- for an account that goes with all its reviews, in one order, so that two such do not deadlock over the sums
CREATE INDEX reviews_account ON reviews (account_id, movie_id);
CREATE INDEX reviews_recent ON reviews (movie_id, updated_at DESC, account_id DESC);

CREATE TABLE movie_ratings (
    movie_id uuid PRIMARY KEY REFERENCES movies,
    sum      bigint NOT NULL,
    count    bigint NOT NULL CHECK (count >= 0)
);

CREATE FUNCTION keep_movie_rating() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO movie_ratings AS r (movie_id, sum, count) VALUES (NEW.movie_id, NEW.rating, 1)
        ON CONFLICT (movie_id) DO UPDATE SET sum = r.sum + NEW.rating, count = r.count + 1;
    ELSIF TG_OP = 'UPDATE' THEN
        UPDATE movie_ratings SET sum = sum + NEW.rating - OLD.rating WHERE movie_id = NEW.movie_id;
    ELSE
        UPDATE movie_ratings SET sum = sum - OLD.rating, count = count - 1 WHERE movie_id = OLD.movie_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER reviews_rating AFTER INSERT OR DELETE OR UPDATE OF rating ON reviews
    FOR EACH ROW EXECUTE FUNCTION keep_movie_rating();
