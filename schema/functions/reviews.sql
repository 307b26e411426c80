-- keep_movie_rating keeps a film's sums as its reviews change.
CREATE OR REPLACE FUNCTION keep_movie_rating() RETURNS trigger LANGUAGE plpgsql AS $$
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
