DROP INDEX webhook_inbox_age;
