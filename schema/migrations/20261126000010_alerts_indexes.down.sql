DROP INDEX alerts_unresolved, alerts_recent;
