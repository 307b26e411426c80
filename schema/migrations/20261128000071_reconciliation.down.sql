DROP TABLE payment_fees, reconciliation_payments, reconciliation_findings;
