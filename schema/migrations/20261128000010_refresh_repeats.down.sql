DROP TABLE security_events;
DROP TABLE session_successors;
