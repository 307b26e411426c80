DROP TABLE webhook_inbox, ledger, payments;
