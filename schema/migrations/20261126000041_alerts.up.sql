-- Alerts are taken and resolved by people. What was resolved and happens again is
-- the same row, open again: created_at is when it last opened.
ALTER TABLE alerts
    ADD COLUMN openings    integer NOT NULL DEFAULT 1,
    ADD COLUMN taken_by    uuid,
    ADD COLUMN taken_at    timestamptz,
    -- null for those resolved before there was a place for it
    ADD COLUMN resolved_by uuid,
    ADD COLUMN note        text NOT NULL DEFAULT '';
