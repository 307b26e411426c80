DROP TABLE hold_records;
