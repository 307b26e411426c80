DROP TABLE claimed_bookings, guests, unwanted_messages, preferences, session_confirmations, email_changes, letters, proven_addresses, proofs;
