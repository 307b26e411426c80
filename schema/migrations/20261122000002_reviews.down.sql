DROP TABLE movie_ratings, reviews;
DROP FUNCTION keep_movie_rating;
