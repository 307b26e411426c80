DROP TABLE session_factors;
DROP TABLE factor_challenges;
DROP TABLE factor_tries;
DROP TABLE recovery_codes;
DROP TABLE totp_factors;
